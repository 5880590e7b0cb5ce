// Package packs is the knowledge that ships inside the program: what goes in are the folders of
// this directory, what comes out is a file system of rules for [sigma.LoadFS].
//
// A pack is a folder of data:
//
//	windows-servers/            intrusions into IIS, Exchange and SQL Server, whoever the intruder is
//	mail-and-database-servers/  the same for Microsoft 365, Zimbra, Postfix, MySQL, PostgreSQL, Oracle
//	web-shells/                 web shells that many intruders use, on any web server
//	phantom-taurus/             one actor: what is his alone
//	    sigma/<name>.yml        Sigma rules, one subject a file
//	    tests/<name>.yml        synthetic events that they must and must not match
//
// Only packs of actors name one; all others look for behaviour that any intruder into such servers
// shows. The tests are not part of the program.
//
// [sigma.LoadFS]: https://pkg.go.dev/aldebaran/match/sigma#LoadFS
package packs

import (
	"embed"
	"io/fs"
	"slices"
)

// files holds the rules of all packs. A pattern a pack, so that a folder without rules does not
// compile.
//
//go:embed mail-and-database-servers/sigma/*.yml
//go:embed phantom-taurus/sigma/*.yml
//go:embed web-shells/sigma/*.yml
//go:embed windows-servers/sigma/*.yml
var files embed.FS

// Default is the name of the pack that has what most others build on.
const Default = "windows-servers"

// names are the folders of the packs, sorted.
var names = [...]string{"mail-and-database-servers", "phantom-taurus", "web-shells", Default}

// Names are the names of all packs, sorted.
func Names() []string { return slices.Clone(names[:]) }

// Rules are the rule files of all packs, by pack: windows-servers/sigma/<name>.yml. All of them are
// hunted with unless the user says otherwise.
func Rules() fs.FS { return files }
