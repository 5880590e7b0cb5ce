// Package packs is the knowledge that ships inside the program: what goes in are the folders of
// this directory, what comes out are packs ([All]), a file system of rules for [sigma.LoadFS], and
// whether a pack holds together ([Check]).
//
// A pack is a folder of data (docs/formats/pack.md):
//
//	windows-servers/            intrusions into IIS, Exchange and SQL Server, whoever the intruder is
//	mail-and-database-servers/  the same for Microsoft 365, Zimbra, Postfix, MySQL, PostgreSQL, Oracle
//	web-shells/                 web shells that many intruders use, on any web server
//	phantom-taurus/             one actor: what is his alone
//	    pack.yml                what is known, each fact with its source
//	    advice.yml, indicators.csv, behaviours.yml
//	    sigma/<name>.yml        Sigma rules, one subject a file
//	    tests/<name>.yml        synthetic events that they must and must not match
//
// Only packs of actors name one; all others look for behaviour that any intruder into such servers
// shows. The tests are not part of the program. To add a pack is to add a folder.
//
// [sigma.LoadFS]: https://pkg.go.dev/aldebaran/match/sigma#LoadFS
package packs

import (
	"embed"
	"io/fs"
)

// files holds the rules of all packs. The pattern takes every folder: to add a pack is to add one.
//
//go:embed */sigma/*.yml
var files embed.FS

// Default is the name of the pack that has what most others build on.
const Default = "windows-servers"

// Names are the names of all packs that have rules, sorted.
func Names() []string {
	names, _ := fs.Glob(files, "*") // an error would be one of the pattern
	return names
}

// Rules are the rule files of all packs, by pack: windows-servers/sigma/<name>.yml. All of them are
// hunted with unless the user says otherwise.
func Rules() fs.FS { return files }
