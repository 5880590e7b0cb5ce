package json

import (
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// BeginRows makes the reader ready for records that do not stand in JSON but in columns: exports of
// the same makers to CSV, with the same names. [Reader.Row] takes them, [Reader.EndRows] ends.
func (r *Reader) BeginRows(log *lines.Log, emit func(*event.Event) bool) {
	r.file, r.emit = &File{log: log}, emit
	r.tally.Start(log, event.Clock{})
	r.stopped, r.assumed = false, false
}

// Row hands out the event of one record; false if emit said so. The names are those of the columns,
// with quotes and backslashes escaped as in JSON, and the same for all records of a layout. A text
// that is itself a record in JSON or XML, as in AuditData, is read as such. The values must last
// until the next call; raw is what stands in the file, for the digest. timed says that the caller
// knows the time of the event: emit gets it without one.
func (r *Reader) Row(names [][]byte, values []event.Value, offset, length int64, raw []byte, timed bool) bool {
	r.timed = timed
	defer func() { r.timed = false }()
	r.begin(raw)
	for i, v := range values {
		if i >= len(names) {
			break
		}
		if v.Kind == event.Text && len(v.Raw) > 0 && (v.Raw[0] == '{' || v.Raw[0] == '<') && isEmbedded(names[i]) && r.embedded(v.Raw, 1, names[i]) {
			continue
		}
		r.field(names[i], tokValue, v)
	}
	r.step(nil, tokClose)
	r.record(offset, length, raw)
	return !r.stopped
}

// EndRows gives the report of the rows since [Reader.BeginRows].
func (r *Reader) EndRows() event.Report {
	if r.assumed {
		r.tally.Report.Clock = r.opt.Clock()
	}
	r.emit, r.file, r.b = nil, nil, nil
	return r.tally.End()
}

// ParseTime reads a time as makers of JSON and CSV write it; see parseTime. certain says that the
// zone is known; else loc was taken.
func ParseTime(b []byte, loc *time.Location) (t time.Time, certain, ok bool) {
	return parseTime(b, loc)
}
