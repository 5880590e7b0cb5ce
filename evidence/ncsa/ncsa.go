// Package ncsa reads access logs of web servers with one request a line: the NCSA common and
// combined formats with what Apache, nginx, Tomcat, Traefik, LiteSpeed and BunkerWeb add to them,
// Atlassian's access logs, and IIS's own comma-separated format; and the error logs of Apache and
// nginx, which often stand in the same file. In goes a file; out come events with the field names
// of Sigma's webserver rules.
//
// The formats: https://httpd.apache.org/docs/2.4/logs.html#accesslog ("common", "combined"),
// https://nginx.org/en/docs/http/ngx_http_log_module.html,
// https://tomcat.apache.org/tomcat-9.0-doc/config/valve.html#Access_Logging,
// https://learn.microsoft.com/windows/win32/http/iis-logging (IIS and NCSA). What is in brackets
// may be missing:
//
//	[syslog header: ][vhost[:port] ]client ident [id ][user ][time] "request" status bytes["referer" "user agent"][ more]
package ncsa

import (
	"bytes"
	"io"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// unitSize is what a worker reads at once.
const unitSize = 16 << 20

// Sniff tells whether a file that begins with head is such a log: most of its lines are.
func Sniff(head []byte) bool {
	if enc, _ := lines.Detect(head); enc == lines.UTF8 {
		head = bytes.Trim(head, "\x00")
	}
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	var p parser
	p.loc = time.UTC
	good, bad := 0, 0
	const enough = 50 // lines tell what a file is
	for len(text) > 0 && good+bad < enough {
		i := bytes.IndexByte(text, '\n')
		whole := i >= 0
		line := text
		if whole {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		line = bytes.TrimRight(line, "\r \x00")
		switch {
		case len(line) == 0 || line[0] == '#':
		case p.parse(line) && !p.unclosed:
			good++
		case whole || good+bad == 0:
			bad++
		}
	}
	return good > bad
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

// Units cuts the file into pieces: no line needs another.
func (f *File) Units() []event.Unit { return f.log.Units(unitSize) }

// Damage is always empty: what is wrong is found while the lines are read.
func (f *File) Damage() []event.Damage { return nil }
