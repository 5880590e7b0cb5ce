// Package exchange reads the text logs of Microsoft Exchange Server: HttpProxy of all protocols, EWS,
// ECP, message tracking, CmdletInfra, SMTP, POP3, IMAP4, connectivity, agents, OAB generator and what
// else it writes in the same way. In goes a file; out comes an event for each record.
//
// They are values separated by commas behind directives as W3C extended logs have them:
//
//	#Software: Microsoft Exchange Server
//	#Version: 15.01.2375.007
//	#Log-type: Message Tracking Log
//	#Date: 2026-01-11T16:00:11.478Z
//	#Fields: date-time,client-ip,client-hostname,...
//	2026-01-11T16:00:11.478Z,192.0.2.1,"a ""quoted"" value, that may go on
//	over lines",...
//
// The columns differ with the version and are taken from #Fields. Microsoft documents those of
// message tracking (https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking)
// and of protocol logs (https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging);
// docs/formats/exchange.md has the rest.
package exchange

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A File is one opened log. Immutable, safe for concurrent use.
type File struct{ log *lines.Log }

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, err := lines.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	return &File{log}, nil
}

// Units gives the file as one piece: a record means what the last #Fields before it says.
func (f *File) Units() []event.Unit { return f.log.Units(0) }

// Damage is nil: whatever is wrong with a log is found while its records are read.
func (f *File) Damage() []event.Damage { return nil }

// Sniff tells whether a file that begins with head is such a log. It needs the directives, the line
// of names that some logs have before them, or a first record whose columns leave no doubt.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	const looked = 4 // lines: names, then the first directives; or what is left of a line that was cut
	for range looked {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case bytes.HasPrefix(line, []byte("#Software: Microsoft Exchange")):
			return true
		case bytes.HasPrefix(line, []byte("#Software:")):
			return false
		case bytes.HasPrefix(line, []byte("#Fields:")):
			return whole && isHeader(bytes.TrimLeft(line[len("#Fields:"):], " "))
		case len(line) > 0 && line[0] != '#':
			if !whole && len(rest) == 0 && len(head) >= firstLook {
				return false // the line goes on; there will be a second look
			}
			if guess(line, &splitter{}) != nil {
				return true
			}
		}
		if !whole {
			return false
		}
		text = rest
	}
	return false
}

// firstLook is how much package evidence looks at first.
const firstLook = 4 << 10
