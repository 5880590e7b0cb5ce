// Package packs is the knowledge that ships inside the program: what goes in are the folders of
// this directory, what comes out is a file system of rules for [sigma.LoadFS].
//
// A pack is a folder of data:
//
//	windows-servers/          the default pack: intrusions into IIS, Exchange and SQL Server
//	    sigma/<name>.yml      Sigma rules, one subject a file
//	    tests/<name>.yml      synthetic events that they must and must not match
//
// The default pack names no actor: it looks for behaviour that any intruder into such servers
// shows. The tests are not part of the program.
//
// [sigma.LoadFS]: https://pkg.go.dev/aldebaran/match/sigma#LoadFS
package packs

import (
	"embed"
	"io/fs"
)

// files holds the rules of all packs. A pattern a pack, so that a folder without rules does not
// compile.
//
//go:embed windows-servers/sigma/*.yml
var files embed.FS

// Default is the name of the pack that is hunted with unless the user says otherwise.
const Default = "windows-servers"

// Names are the names of all packs, sorted.
func Names() []string { return []string{Default} }

// Rules are the rule files of all default packs, by pack: windows-servers/sigma/<name>.yml.
func Rules() fs.FS { return files }
