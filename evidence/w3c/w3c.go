// Package w3c reads logs in the W3C extended format: IIS 6 to 10, HTTPERR, IIS FTP, Windows Firewall,
// CloudFront, and proxies. In goes a file; out come events with the field names of Sigma's
// webserver, proxy and firewall rules.
//
// The format: https://www.w3.org/TR/WD-logfile.html. IIS's fields and what they mean:
// https://learn.microsoft.com/windows/win32/http/w3c-logging. A line that begins with # is a
// directive; #Fields names the columns of the lines that follow, and may change mid-file:
//
//	#Software: Microsoft Internet Information Services 10.0
//	#Date: 2026-03-01 08:00:00
//	#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port ... time-taken
//	2026-03-01 08:00:01 192.0.2.1 GET /owa/auth.aspx id=1 443 ... 15
//
// Exchange's logs have #Fields too, but separate columns by commas; they are another package's.
package w3c

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// Sniff tells whether a file that begins with head is a W3C extended log: it has a #Fields
// directive with names as the format has them, or lines as IIS writes them.
func Sniff(head []byte) bool {
	if enc, _ := lines.Detect(head); enc == lines.UTF8 {
		// IIS reserves room with zero bytes behind the last line of a log in use, and leaves it when
		// it crashes.
		head = bytes.ReplaceAll(head, []byte{0}, nil)
	}
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	data, other := 0, 0
	var before guess
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		switch name, value, directive := cutDirective(line); {
		case len(line) == 0:
		case directive && name == "fields":
			return isFields(value)
		case line[0] == '#':
		default:
			if g := guessColumns(line, before); g.names != nil {
				before = g
				data++
			} else if len(text) > 0 { // the last line of a head may be cut off
				if other++; other > 1+data/10 {
					return false
				}
			}
		}
	}
	return data > 0 && data > other
}

// cutLine gives the first line of a text without its end, and the rest.
func cutLine(text []byte) (line, rest []byte) {
	i := bytes.IndexByte(text, '\n')
	if i < 0 {
		return text, nil
	}
	return bytes.TrimSuffix(text[:i], []byte{'\r'}), text[i+1:]
}

// cutDirective takes "#Name: value" apart; the name is given in lower case.
func cutDirective(line []byte) (name string, value []byte, ok bool) {
	if len(line) == 0 || line[0] != '#' {
		return "", nil, false
	}
	before, value, ok := bytes.Cut(line[1:], []byte{':'})
	const longest = 40 // "Start-Date" and the like; more is no directive
	if !ok || len(before) > longest {
		return "", nil, false
	}
	return string(bytes.ToLower(bytes.TrimSpace(before))), bytes.TrimSpace(value), true
}

// isFields tells whether the value of #Fields is that of the format: names without commas, one of
// which has a prefix that says whose it is ("cs-method", "c-ip", "sc-status", "src-ip").
func isFields(value []byte) bool {
	if bytes.IndexByte(value, ',') >= 0 {
		return false
	}
	for name := range bytes.FieldsSeq(value) {
		name = bytes.ToLower(name)
		for _, prefix := range [...]string{"c-", "s-", "r-", "cs-", "sc-", "sr-", "rs-", "x-", "src-", "dst-", "cs(", "sc(", "rs("} {
			if bytes.HasPrefix(name, []byte(prefix)) {
				return true
			}
		}
	}
	return false
}

// A File is one log. Immutable, safe for concurrent use.
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
