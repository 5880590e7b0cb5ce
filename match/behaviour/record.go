package behaviour

import (
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// A Record is an event seen through a view: its fields go by one name, whoever wrote the
// log (see [specs]). It is valid until See returns.
type Record struct {
	// View is the one that it is seen through.
	View View
	// Event is the record itself.
	Event  *event.Event
	ends   connectionMemory // see [Record.connection]
	reader *sigma.ViewReader
	// memory is what the matcher remembers of requests: see [Record.web].
	memory *webMemory
	// mail is what it remembers of mailboxes: see [Record.access].
	mail *mailMemory
}

// Text gives a field, nil if it is absent or holds nothing. It is valid until See returns; who
// keeps it copies it.
func (r *Record) Text(f Field) []byte { return r.reader.Text(int(r.View), int(f)) }

// String gives a field as a text of its own.
func (r *Record) String(f Field) string { return string(r.Text(f)) }

// Has tells whether logs of this layout have the field at all.
func (r *Record) Has(f Field) bool { return r.reader.Has(int(r.View), int(f)) }

// Int gives a field that is a whole number in decimal; false if it is not one.
func (r *Record) Int(f Field) (int64, bool) {
	t := r.Text(f)
	if len(t) == 0 || len(t) > 20 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	return n, err == nil
}

// Time is when it happened, in UTC; zero if the record does not say.
func (r *Record) Time() time.Time { return r.Event.Time }

// Host is the computer that it happened on: the one that the record names, else what the view has
// for one (a web server's own name or address), else "".
func (r *Record) Host() string {
	if r.Event.Computer != "" {
		return r.Event.Computer
	}
	for _, f := range hostFields[r.View] {
		if t := r.Text(f); t != nil {
			return string(t)
		}
	}
	return ""
}

// HostOf is the computer that an event happened on: the one that it names, else what a log of
// requests has for one, the server's own name or address; "" if it has none.
func HostOf(e *event.Event) string {
	if e.Computer != "" {
		return e.Computer
	}
	for _, name := range [...]string{"s-computername", "s-ip"} {
		if t := e.Text(name); t != "" && t != "-" {
			return t
		}
	}
	return ""
}

// Ref says where it stands; what is the record in short.
func (r *Record) Ref(what string) Ref {
	e := r.Event
	return Ref{
		Time: e.Time, Source: e.Source, Host: r.Host(), Channel: e.Channel,
		EventID: e.EventID, RecordID: e.RecordID, What: Short(what, maxWhat),
	}
}

// maxWhat is how many bytes a record in short may have: a line or two.
const maxWhat = 240

// Short cuts a text to at most limit bytes, at a character, and marks that it did.
func Short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xc0 == 0x80 {
		limit--
	}
	return s[:limit] + "…"
}
