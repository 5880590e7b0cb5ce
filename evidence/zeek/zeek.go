// Package zeek reads logs of Zeek (once Bro) in their own format, values between tabs. In goes a file;
// out come events with Zeek's field names, as Sigma's rules for zeek write them.
//
// The format: https://docs.zeek.org/en/current/log-formats.html and the ASCII writer's options,
// https://docs.zeek.org/en/current/scripts/base/frameworks/logging/writers/ascii.zeek.html. Lines that
// begin with # say how the lines that follow are written; #path names the log:
//
//	#separator \x09
//	#set_separator	,
//	#empty_field	(empty)
//	#unset_field	-
//	#path	conn
//	#open	2026-03-01-08-00-00
//	#fields	ts	uid	id.orig_h	...	tunnel_parents
//	#types	time	string	addr	...	set[string]
//	1772352001.250000	CHhAvVGS1DHFjwGM9	192.0.2.1	...	(empty)
//	#close	2026-03-01-09-00-00
//
// The JSON form of the same logs is package json's; both give the same values.
package zeek

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// Sniff tells whether a file that begins with head is a log in Zeek's own format: one of its first
// directives is #separator, or it names columns and their types.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	const most = 64 // directives before the first columns; Zeek writes eight
	fields := false
	for range most {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case len(line) == 0:
			if len(rest) == 0 {
				return false
			}
		case line[0] != '#':
			return false // columns without names: nothing says that this is Zeek
		case bytes.HasPrefix(line, []byte(`#separator \x`)):
			return true
		case bytes.HasPrefix(line, []byte("#fields\t")):
			fields = true
		case bytes.HasPrefix(line, []byte("#types\t")) && fields:
			return true
		}
		text = rest
	}
	return false
}

// A File is one log, or several one after the other. Immutable, safe for concurrent use.
type File struct{ log *lines.Log }

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, err := lines.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	return &File{log}, nil
}

// Units gives the whole file as one unit: what a line means depends on the directives before it.
func (f *File) Units() []event.Unit { return f.log.Units(0) }

// Damage is always empty: what is wrong is found while the lines are read.
func (f *File) Damage() []event.Damage { return nil }
