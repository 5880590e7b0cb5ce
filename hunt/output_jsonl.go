package hunt

import (
	"bufio"
	"io"
	"strconv"

	"aldebaran/attack"
	"aldebaran/escape"
	"aldebaran/event"
	"aldebaran/match"
)

// writeSize is the buffer before an output's file.
const writeSize = 128 << 10

// A JSONL writes one match a line; see docs/formats/findings.md for the fields.
type JSONL struct {
	w      *bufio.Writer
	line   []byte
	fields fieldEncoder
	rules  map[*match.Rule][]byte // what is the same in all lines of a rule
}

// NewJSONL makes an output that writes JSON lines.
func NewJSONL(w io.Writer) *JSONL {
	return &JSONL{w: bufio.NewWriterSize(w, writeSize), rules: map[*match.Rule][]byte{}}
}

// Match writes one line.
func (j *JSONL) Match(m *Match) error {
	b := append(j.line[:0], `{"type":"match","time":`...)
	b = appendTime(b, m.Event)
	b = append(b, j.rule(m.Rule, m.Refs)...)
	b = append(b, `,"host":`...)
	b = escape.AppendJSON(b, m.Event.Computer)
	b = append(b, `,"channel":`...)
	b = escape.AppendJSON(b, m.Event.Channel)
	b = append(b, `,"provider":`...)
	b = escape.AppendJSON(b, m.Event.Provider)
	b = append(b, `,"event_id":`...)
	b = strconv.AppendUint(b, uint64(m.Event.EventID), 10)
	b = append(b, `,"record_id":`...)
	b = strconv.AppendUint(b, m.Event.RecordID, 10)
	b = append(b, `,"source":`...)
	b = appendSource(b, m.Event.Source)
	if m.Route != "" {
		b = append(b, `,"weak_route":`...)
		b = escape.AppendJSON(b, m.Route)
	}
	if f := m.Found; f != nil {
		b = append(b, `,"indicator":{"field":`...)
		b = escape.AppendJSON(b, f.Field)
		b = append(b, `,"value":`...)
		b = escape.AppendJSON(b, f.Value)
		b = append(b, `,"warning_list":`...)
		b = escape.AppendJSON(b, f.Warning)
		b = append(b, '}')
	}
	b = append(b, `,"fields":`...)
	b = j.fields.append(b, m.Event)
	b = append(b, "}\n"...)
	j.line = b
	_, err := j.w.Write(b)
	return err
}

// Correlation writes one line.
func (j *JSONL) Correlation(c *Correlation) error {
	b := append(j.line[:0], `{"type":"correlation","time":"`...)
	b = append(appendStamp(b, c.Last), '"')
	b = append(b, j.rule(c.Rule, c.Refs)...)
	b = append(b, `,"host":`...)
	b = escape.AppendJSON(b, onlyHost(c.Hosts))
	b = append(b, `,"correlation":`...)
	b = appendCorrelation(b, &c.Correlation)
	b = append(b, "}\n"...)
	j.line = b
	_, err := j.w.Write(b)
	return err
}

// Finish writes what is left in the buffer. A file of JSON lines has no summary.
func (j *JSONL) Finish(*Result) error { return j.w.Flush() }

// rule gives the part of a line that all matches of a rule share.
func (j *JSONL) rule(r *match.Rule, refs attack.Refs) []byte {
	if b, ok := j.rules[r]; ok {
		return b
	}
	b := append([]byte(nil), `,"level":`...)
	b = escape.AppendJSON(b, r.Level)
	b = append(b, `,"rule":{"id":`...)
	b = escape.AppendJSON(b, r.ID)
	b = append(b, `,"title":`...)
	b = escape.AppendJSON(b, r.Title)
	b = append(b, `,"file":`...)
	b = escape.AppendJSON(b, r.File)
	b = append(b, `,"line":`...)
	b = strconv.AppendInt(b, int64(r.Line), 10)
	b = append(b, `,"status":`...)
	b = escape.AppendJSON(b, r.Status)
	b = append(b, `},"attack":`...)
	b = appendList(b, refs.Techniques)
	b = append(b, `,"tactics":`...)
	b = appendList(b, refs.Tactics)
	b = append(b, `,"tags":`...)
	b = appendList(b, r.Tags)
	j.rules[r] = b
	return b
}

func appendTime(b []byte, e *event.Event) []byte {
	if e.Time.IsZero() {
		return append(b, "null"...)
	}
	return append(appendStamp(append(b, '"'), e.Time), '"')
}

func appendSource(b []byte, s event.Source) []byte {
	b = append(b, `{"path":`...)
	b = escape.AppendJSON(b, s.Path)
	b = append(b, `,"offset":`...)
	b = strconv.AppendInt(b, s.Offset, 10)
	b = append(b, `,"length":`...)
	b = strconv.AppendInt(b, s.Length, 10)
	if s.Chunk >= 0 {
		b = append(b, `,"chunk":`...)
		b = strconv.AppendInt(b, int64(s.Chunk), 10)
	}
	if s.Recovered {
		b = append(b, `,"recovered":true`...)
	}
	return append(b, '}')
}

// appendCorrelation appends what a correlation joined.
func appendCorrelation(b []byte, c *match.Correlation) []byte {
	b = append(b, `{"type":`...)
	b = escape.AppendJSON(b, c.Type)
	b = append(b, `,"first":"`...)
	b = append(appendStamp(b, c.First), '"')
	b = append(b, `,"last":"`...)
	b = append(appendStamp(b, c.Last), '"')
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, int64(c.Count), 10)
	b = append(b, `,"value":`...)
	b = strconv.AppendFloat(b, c.Value, 'f', -1, 64)
	b = append(b, `,"group":`...)
	b = appendNamed(b, c.Group)
	b = append(b, `,"hosts":`...)
	b = appendList(b, c.Hosts)
	b = append(b, `,"events":[`...)
	for i, e := range c.Events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"time":"`...)
		b = append(appendStamp(b, e.Time), '"')
		b = append(b, `,"rule":{"id":`...)
		b = escape.AppendJSON(b, e.RuleID)
		b = append(b, `,"title":`...)
		b = escape.AppendJSON(b, e.RuleTitle)
		b = append(b, `},"host":`...)
		b = escape.AppendJSON(b, e.Host)
		b = append(b, `,"channel":`...)
		b = escape.AppendJSON(b, e.Channel)
		b = append(b, `,"event_id":`...)
		b = strconv.AppendUint(b, uint64(e.EventID), 10)
		b = append(b, `,"record_id":`...)
		b = strconv.AppendUint(b, e.RecordID, 10)
		b = append(b, `,"source":`...)
		b = appendSource(b, e.Source)
		if e.What != "" {
			b = append(b, `,"what":`...)
			b = escape.AppendJSON(b, e.What)
		}
		b = append(b, '}')
	}
	b = append(b, `],"events_omitted":`...)
	b = strconv.AppendInt(b, int64(c.Omitted), 10)
	if c.Summary != "" {
		b = append(b, `,"summary":`...)
		b = escape.AppendJSON(b, c.Summary)
		b = append(b, `,"facts":`...)
		b = appendNamed(b, c.Facts)
		b = append(b, `,"caveats":`...)
		b = appendList(b, c.Caveats)
	}
	return append(b, '}')
}

func appendList(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = escape.AppendJSON(b, s)
	}
	return append(b, ']')
}

// onlyHost gives the host if there is just one.
func onlyHost(hosts []string) string {
	if len(hosts) == 1 {
		return hosts[0]
	}
	return ""
}

// appendNamed appends an object of names and values.
func appendNamed(b []byte, list []match.NamedValue) []byte {
	b = append(b, '{')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(escape.AppendJSON(b, v.Name), ':')
		b = escape.AppendJSON(b, v.Value)
	}
	return append(b, '}')
}
