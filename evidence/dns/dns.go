// Package dns reads what servers of names log of queries and answers: the debug log of Windows DNS
// servers, BIND, dnsmasq (with it Pi-hole) and Unbound. In goes a file; out come events of Sigma's
// category dns.
//
// The formats:
//   - Windows: the key at the head of the log itself, and
//     https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2012-R2-and-2012/dn800669(v=ws.11)
//   - BIND: https://bind9.readthedocs.io/en/latest/reference.html#query-logging
//   - dnsmasq: https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html, --log-queries
//   - Unbound: https://unbound.docs.nlnetlabs.nl/en/latest/manpages/unbound.conf.html, log-queries, log-replies
//
// One line of each:
//
//	6/3/2026 6:33:00 AM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1  5a26 R Q [8081   DR  NOERROR] A  (3)www(7)example(3)org(0)
//	03-Jun-2026 06:33:00.425 queries: info: client @0x7f65100ee4d8 192.0.2.1#3076 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)
//	Jun  3 06:33:00 dnsmasq[417]: query[A] www.example.org from 192.0.2.1
//	[1780468380] unbound[417:0] info: 192.0.2.1 www.example.org. A IN
//
// The last three may come through syslog, with a time and a host in front.
package dns

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// headSize is how much of a log decides how it writes dates. A busy server fills it within minutes,
// an idle one in days, which show the order.
const headSize = 256 << 10

// Sniff tells whether a file that begins with head is a log of a name server. A log of syslog in
// which other programs stand too is none.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && kindOf(text) != none
}

// A kind is whose log it is.
type kind uint8

const (
	none kind = iota
	windows
	unix // BIND, dnsmasq and Unbound: each line says whose it is
)

// kindOf looks at the first lines of a log.
func kindOf(text []byte) kind {
	const enough = 60 // lines that are looked at
	yes, no := 0, 0
	var e entry
	for range enough {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole && yes+no > 0 {
			break // it may be cut off
		}
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case len(line) == 0:
		case bytes.HasPrefix(line, []byte("DNS Server log file creation at ")):
			return windows
		case isPacket(line, &e):
			return windows
		default:
			ok := e.readUnix(line)
			switch {
			case ok && len(e.query) > 0:
				yes++
			case ok && e.program != nil: // its other messages
			case e.program != nil:
				return none // syslog of other programs
			default:
				no++
			}
		}
		text = rest
		if !whole {
			break
		}
	}
	if yes > 0 && yes >= no {
		return unix
	}
	return none
}

// A File is one log. Immutable, safe for concurrent use.
type File struct {
	log   *lines.Log
	opt   lines.Options
	kind  kind
	order order
	// zoned says that times say their zone.
	zoned bool
}

// Open opens a log and looks at its beginning: the debug log of Windows writes dates as the server's
// region does. Lines that leave out the year are of the latest one in which they are not after
// opt.Newest. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	log, text, err := lines.OpenHead(r, size, path, headSize)
	if err != nil {
		return nil, err
	}
	f := &File{log: log, opt: opt, kind: kindOf(text)}
	if f.kind == windows {
		f.order = orderOf(text)
	} else {
		f.zoned = saysZone(text)
	}
	return f, nil
}

// saysZone tells whether the first line that has a time says its zone.
func saysZone(text []byte) bool {
	var e entry
	for line := range bytes.Lines(text) {
		e.readUnix(bytes.TrimRight(line, "\r\n"))
		switch {
		case !e.at.epoch.IsZero():
			return true
		case e.at.have:
			return e.at.stamp.Zoned
		}
	}
	return false
}

// Units gives the pieces of the file that can be read by themselves.
func (f *File) Units() []event.Unit { return f.log.Units(record.UnitSize) }

// Damage is always empty: what is wrong is found while the lines are read.
func (f *File) Damage() []event.Damage { return nil }
