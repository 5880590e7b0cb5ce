package evidence

import (
	"errors"
	"fmt"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/cef"
	"aldebaran/evidence/csv"
	"aldebaran/evidence/dns"
	"aldebaran/evidence/evtx"
	"aldebaran/evidence/exchange"
	"aldebaran/evidence/json"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/mail"
	"aldebaran/evidence/mssql"
	"aldebaran/evidence/mysql"
	"aldebaran/evidence/ncsa"
	"aldebaran/evidence/netlogon"
	"aldebaran/evidence/oracle"
	"aldebaran/evidence/postgresql"
	"aldebaran/evidence/snort"
	"aldebaran/evidence/syslog"
	"aldebaran/evidence/w3c"
	"aldebaran/evidence/xml"
	"aldebaran/evidence/zeek"
)

// A log is one opened file of some format. Safe for concurrent use.
type log interface {
	Units() []event.Unit
	Damage() []event.Damage
}

// A reader reads units of logs of one format; it is used by one goroutine.
type reader interface {
	Read(l log, u event.Unit, emit func(*event.Event) bool) (event.Report, error)
}

// A format is one kind of log and how it is read.
type format struct {
	name string
	// extensions are those that such files have by custom, in lower case; see [NamedAsLog].
	extensions []string
	// sniff tells whether a file that begins with head (at most headSize bytes) has the format.
	sniff     func(head []byte) bool
	open      func(r io.ReaderAt, size int64, path string, opt Options) (log, error)
	newReader func(opt Options) reader
	// random says that a file is not read from front to back.
	random bool
}

// formats lists the readers. The first whose sniff says yes reads the file: strict ones stand
// before lax ones.
var formats = [...]format{
	{
		name:       "evtx",
		extensions: []string{".evtx"},
		sniff:      evtx.Sniff,
		open: func(r io.ReaderAt, size int64, path string, opt Options) (log, error) {
			return evtx.Open(r, size, path, evtx.Options{Recover: opt.Recover})
		},
		newReader: func(opt Options) reader {
			return typed[*evtx.File, *evtx.Reader]{evtx.NewReader(evtx.Options{Recover: opt.Recover})}
		},
		random: true,
	},
	text("exchange", exchange.Sniff, exchange.Open, exchange.NewReader),
	text("postgresql", postgresql.Sniff, postgresql.Open, postgresql.NewReader),
	text("mssql", mssql.Sniff, mssql.Open, mssql.NewReader),
	text("mysql", mysql.Sniff, mysql.Open, mysql.NewReader),
	text("oracle", oracle.Sniff, oracle.Open, oracle.NewReader),
	text("w3c", w3c.Sniff, w3c.Open, w3c.NewReader),
	text("ncsa", ncsa.Sniff, ncsa.Open, ncsa.NewReader),
	text("zeek", zeek.Sniff, zeek.Open, zeek.NewReader),
	text("json", json.Sniff, json.Open, json.NewReader),
	text("xml", xml.Sniff, xml.Open, xml.NewReader),
	text("dns", dns.Sniff, dns.Open, dns.NewReader),
	text("auditd", auditd.Sniff, auditd.Open, auditd.NewReader),
	text("cef", cef.Sniff, cef.Open, cef.NewReader),
	text("mail", mail.Sniff, mail.Open, mail.NewReader),
	text("netlogon", netlogon.Sniff, netlogon.Open, netlogon.NewReader),
	text("snort", snort.Sniff, snort.Open, snort.NewReader),
	text("syslog", syslog.Sniff, syslog.Open, syslog.NewReader),
	text("csv", csv.Sniff, csv.Open, csv.NewReader),
}

// text is the entry of a format whose reader builds on package lines.
func text[F log, R unitReader[F]](
	name string, sniff func([]byte) bool,
	open func(io.ReaderAt, int64, string, lines.Options) (F, error),
	newReader func(lines.Options) R,
) format {
	return format{
		name:  name,
		sniff: sniff,
		open: func(r io.ReaderAt, size int64, path string, opt Options) (log, error) {
			file, err := open(r, size, path, opt.lines())
			if errors.Is(err, json.ErrNoEvents) {
				return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
			}
			return file, err
		},
		newReader: func(opt Options) reader { return typed[F, R]{newReader(opt.lines())} },
	}
}

// A unitReader is the reader of one format, which takes that format's own files.
type unitReader[F log] interface {
	Read(f F, u event.Unit, emit func(*event.Event) bool) (event.Report, error)
}

// typed takes the format's own file out of the interface.
type typed[F log, R unitReader[F]] struct{ r R }

func (t typed[F, R]) Read(l log, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	return t.r.Read(l.(F), u, emit)
}
