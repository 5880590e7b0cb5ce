package dns

import (
	"bytes"
	"fmt"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// A Reader reads logs, one unit after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	records *record.Reader
	entry   entry
	file    *File
	times   record.Times
}

// NewReader makes a reader. Its files know the options.
func NewReader(lines.Options) *Reader {
	return &Reader{records: record.NewReader()}
}

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.file = f
	r.times = record.NewTimes(f.opt)
	format := record.Format{Parse: r.unix, Clock: f.opt.Clock()}
	if f.zoned {
		format.Clock = event.Clock{Zone: "UTC", How: "the lines say their zone"}
	}
	if f.kind == windows {
		format.Begins, format.Parse = begins, r.windows
		if f.order.how != "" {
			format.Clock.How += "; " + f.order.how
		}
	}
	report, err := r.records.Read(f.log, u, format, emit)
	r.file = nil
	return report, err
}

// windows reads a record of a debug log.
func (r *Reader) windows(l lines.Line) (want string) {
	e, out := &r.entry, &r.records.Event
	out.Product, out.Category, out.Service = "windows", "dns", "dns-server"
	scratch, ok := e.readWindows(l.Text, r.file.order, r.records.Scratch)
	r.records.Scratch = scratch
	if !ok {
		head := bytes.TrimLeft(l.Text, "\r\n")
		if !bytes.HasPrefix(head, []byte("DNS Server log file")) && !bytes.HasPrefix(head, []byte("Message logging key")) {
			return "date and time as the server's region writes them"
		}
		// The head of the log: who wrote it when.
		e.message = l.Text
		e.creation(l.Text, r.file.order)
	}
	if !e.at.have {
		r.records.Damage("date", "a day and a month", fmt.Sprintf("%.20q", l.Text), 0)
	}
	r.fill()
	return ""
}

// unix reads a line of BIND, dnsmasq or Unbound.
func (r *Reader) unix(l lines.Line) (want string) {
	e, out := &r.entry, &r.records.Event
	ok := e.readUnix(l.Text)
	switch {
	case ok:
		out.Product, out.Category = e.server, "dns"
	case e.program != nil:
		// Another program that logs to the same file.
		out.Product, out.Service = "linux", "syslog"
	case e.at.have || !e.at.epoch.IsZero():
		out.Category = "dns"
	default:
		return "a line of BIND, dnsmasq or Unbound"
	}
	out.Computer = r.records.String(e.host)
	r.fill()
	return ""
}

// fill adds the values of the entry to the record.
func (r *Reader) fill() {
	e, rec := &r.entry, r.records
	switch {
	case !e.at.epoch.IsZero():
		rec.Event.Time = e.at.epoch
	case e.at.have:
		rec.Event.Time = r.times.Time(&e.at.stamp)
	default:
		rec.Event.Time = time.Time{}
	}
	r.add("query", e.query)
	r.add("record_type", e.recordType)
	r.add("query_class", e.class)
	r.add("response", e.response)
	r.add("action", e.action)
	r.add("src_ip", e.source)
	r.add("src_port", e.sourcePort)
	r.add("dst_ip", e.destination)
	r.add("flags", e.flags)
	r.add("transaction_id", e.id)
	r.add("protocol", e.protocol)
	r.add("direction", e.direction)
	r.add("opcode", e.opcode)
	r.add("context", e.context)
	r.add("thread", e.thread)
	r.add("view", e.view)
	r.add("verb", e.verb)
	r.add("program", e.program)
	r.add("host", e.host)
	if len(e.query) > 0 {
		rec.Add("query_response", kindOfMessage(e.isResponse))
	}
	for _, a := range e.answers {
		rec.Add("answer", a)
	}
	if e.more {
		rec.Damage("answers", fmt.Sprintf("at most %d", maxAnswers), "more", 0)
	}
	rec.Add("message", e.message)
}

// add adds a value that is there.
func (r *Reader) add(name string, value []byte) {
	if len(value) > 0 {
		r.records.Add(name, value)
	}
}

func kindOfMessage(response bool) []byte {
	if response {
		return wordResponse
	}
	return wordQuery
}
