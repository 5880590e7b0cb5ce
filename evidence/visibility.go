package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// A Visibility says what one log of one host can show: what it is, which time it covers, where it
// is silent, and which fields it fills. Without it "not found" means nothing: a log that was not
// handed in, or does not write the field that would show it, cannot clear anybody.
type Visibility struct {
	Host string `json:"host"`
	// Format is the reader's name; Product, Category, Service and Channel are what routes the log's
	// events to rules.
	Format   string `json:"format"`
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
	Channel  string `json:"channel,omitempty"`
	// Files is the number of sources that hold a part of it.
	Files  int `json:"files"`
	Events int `json:"events"`
	// First and Last are the times of the first and the last event; zero if none has a time.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// NoTime counts events without a time.
	NoTime int `json:"no_time,omitempty"`
	// Gaps are the long silences between First and Last, at most maxGaps, the longest first.
	Gaps []Gap `json:"gaps"`
	// Clocks are the ways in which its files tell time, each once.
	Clocks []event.Clock `json:"clocks"`
	// EventIDs counts the events of a Windows log by EventID; at most maxEventIDs.
	EventIDs map[uint32]int `json:"event_ids,omitempty"`
	// Fields are those of the log, by name.
	Fields []FieldSeen `json:"fields"`
	// Omitted counts fields and EventIDs that were not told apart because there were too many.
	Omitted int `json:"omitted,omitempty"`
}

// A Gap is a time in which a log that otherwise speaks is silent.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A FieldSeen says how often a field was there and how often it held something, of those events
// that were looked at: the first of each layout, and every sampled one after them.
type FieldSeen struct {
	Name   string `json:"name"`
	Looked int    `json:"looked"`
	Filled int    `json:"filled"`
}

const (
	maxGaps     = 20
	maxEventIDs = 2048
	maxFields   = 1024
	maxShapes   = 4096    // that are told apart in one log
	maxHours    = 1 << 17 // 15 years; hours beyond are not looked at for gaps
	firstLooked = 64      // events of a layout that are looked at whole
	sampled     = 32      // one of this many after them
)

// A Watch collects visibility of logs while their events are read. The zero value is ready. It
// costs a few nanoseconds an event; it is used by one goroutine, and watches are joined.
type Watch struct {
	logs map[logKey]*watched
	last *watched
	key  logKey
}

type logKey struct{ host, format, product, category, service, channel string }

type watched struct {
	events, noTime int
	period         event.Period
	hours          map[int32]struct{}
	hour           int32 // the last one, so that the map is rarely asked
	ids            map[uint32]int
	id             uint32 // the last one and its count, which are not in ids yet
	idCount        int
	shapes         map[*event.Shape]*shapeSeen
	shape          *event.Shape
	seen           *shapeSeen
	fields         map[string]*FieldSeen
	clocks         []event.Clock
	files          int
	omitted        int
}

type shapeSeen struct {
	events int
	fields []*FieldSeen // by index of the shape's fields; nil if it was omitted
}

// See takes note of an event of a source of that format.
func (w *Watch) See(format string, e *event.Event) {
	k := logKey{e.Computer, format, e.Product, e.Category, e.Service, e.Channel}
	if w.last == nil || w.key != k {
		w.key, w.last = k, w.log(k)
	}
	l := w.last
	l.events++
	l.time(e.Time)
	if e.EventID != l.id || l.idCount == 0 {
		l.countID()
		l.id = e.EventID
	}
	l.idCount++
	if e.Shape != l.shape {
		l.shape, l.seen = e.Shape, l.layout(e.Shape)
	}
	if s := l.seen; s != nil {
		s.events++
		if s.events <= firstLooked || s.events%sampled == 0 {
			s.look(e)
		}
	}
}

func (w *Watch) log(k logKey) *watched {
	if w.logs == nil {
		w.logs = map[logKey]*watched{}
	}
	l := w.logs[k]
	if l == nil {
		l = newWatched()
		w.logs[k] = l
	}
	return l
}

func newWatched() *watched {
	return &watched{
		hours: map[int32]struct{}{}, ids: map[uint32]int{},
		shapes: map[*event.Shape]*shapeSeen{}, fields: map[string]*FieldSeen{},
	}
}

func (l *watched) time(t time.Time) {
	if t.IsZero() {
		l.noTime++
		return
	}
	l.period.Add(t)
	// Years from 1 to 9999 are hours that fit 32 bits.
	if h := int32(t.Unix() / 3600); h != l.hour || len(l.hours) == 0 {
		l.hour = h
		if len(l.hours) < maxHours {
			l.hours[h] = struct{}{}
		}
	}
}

func (l *watched) countID() {
	if l.idCount == 0 {
		return
	}
	if _, known := l.ids[l.id]; known || len(l.ids) < maxEventIDs {
		l.ids[l.id] += l.idCount
	} else {
		l.omitted++
	}
	l.idCount = 0
}

func (l *watched) layout(shape *event.Shape) *shapeSeen {
	if s, ok := l.shapes[shape]; ok {
		return s
	}
	if len(l.shapes) >= maxShapes {
		return nil
	}
	s := &shapeSeen{fields: make([]*FieldSeen, len(shape.Fields))}
	for i, f := range shape.Fields {
		s.fields[i] = l.field(f.Name)
	}
	l.shapes[shape] = s
	return s
}

func (l *watched) field(name string) *FieldSeen {
	f := l.fields[name]
	if f == nil {
		if len(l.fields) >= maxFields {
			l.omitted++
			return nil
		}
		f = &FieldSeen{Name: strings.Clone(name)}
		l.fields[f.Name] = f
	}
	return f
}

func (s *shapeSeen) look(e *event.Event) {
	for i, f := range s.fields {
		if f != nil {
			f.Looked++
			if filled(e.Values[i]) {
				f.Filled++
			}
		}
	}
}

// filled tells whether a value says something: text logs write "-" for nothing, and so does Sysmon.
func filled(v event.Value) bool {
	switch v.Kind {
	case event.Null:
		return false
	case event.UTF16:
		return len(v.Raw) > 2 || len(v.Raw) == 2 && (v.Raw[0] != '-' || v.Raw[1] != 0) && (v.Raw[0] != 0 || v.Raw[1] != 0)
	case event.Text, event.ANSI:
		return len(v.Raw) > 1 || len(v.Raw) == 1 && v.Raw[0] != '-'
	}
	return len(v.Raw) > 0
}

// Source says that the events seen in this watch all come from one source, which tells time so.
// It is called once, after the source's last event.
func (w *Watch) Source(clock event.Clock) {
	for _, l := range w.logs {
		l.files = 1
		if clock != (event.Clock{}) && !slices.Contains(l.clocks, clock) {
			l.clocks = append(l.clocks, clock)
		}
	}
}

// Join adds what another watch has seen. Joined in any order they come to the same.
func (w *Watch) Join(other *Watch) {
	for k, o := range other.logs {
		l := w.log(k)
		o.countID()
		l.countID()
		l.events += o.events
		l.noTime += o.noTime
		l.files += o.files
		l.omitted += o.omitted
		l.period.Join(o.period)
		for h := range o.hours {
			if len(l.hours) < maxHours {
				l.hours[h] = struct{}{}
			}
		}
		for id, n := range o.ids {
			if _, known := l.ids[id]; known || len(l.ids) < maxEventIDs {
				l.ids[id] += n
			} else {
				l.omitted++
			}
		}
		for name, f := range o.fields {
			if to := l.field(name); to != nil {
				to.Looked += f.Looked
				to.Filled += f.Filled
			}
		}
		for _, c := range o.clocks {
			if !slices.Contains(l.clocks, c) {
				l.clocks = append(l.clocks, c)
			}
		}
	}
}

// Logs gives what was seen, sorted by host and log.
func (w *Watch) Logs() []Visibility {
	all := make([]Visibility, 0, len(w.logs))
	for _, k := range slices.SortedFunc(maps.Keys(w.logs), compareLogKeys) {
		l := w.logs[k]
		l.countID()
		v := Visibility{
			Host: k.host, Format: k.format, Product: k.product, Category: k.category, Service: k.service, Channel: k.channel,
			Files: l.files, Events: l.events, NoTime: l.noTime, First: l.period.First, Last: l.period.Last,
			Gaps: l.gaps(), Clocks: slices.Clone(l.clocks), Omitted: l.omitted,
		}
		if k.channel != "" {
			v.EventIDs = l.ids
		}
		slices.SortFunc(v.Clocks, func(a, b event.Clock) int {
			return cmp.Or(strings.Compare(a.Zone, b.Zone), strings.Compare(a.How, b.How))
		})
		for _, f := range l.fields {
			v.Fields = append(v.Fields, *f)
		}
		slices.SortFunc(v.Fields, func(a, b FieldSeen) int { return strings.Compare(a.Name, b.Name) })
		all = append(all, v)
	}
	return all
}

// gaps finds the silences of at least a day that are also ten times as long as the log is usually
// silent: a mail server's log that skips a day was cut, a log that speaks once a week was not.
func (l *watched) gaps() []Gap {
	hours := make([]int32, 0, len(l.hours))
	for h := range l.hours {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	if len(hours) < 3 {
		return nil
	}
	distances := make([]int32, 0, len(hours)-1)
	for i := 1; i < len(hours); i++ {
		distances = append(distances, hours[i]-hours[i-1])
	}
	slices.Sort(distances)
	usual := distances[len(distances)/2]
	var gaps []Gap
	for i := 1; i < len(hours); i++ {
		if d := hours[i] - hours[i-1]; d > 24 && d >= 10*usual {
			gaps = append(gaps, Gap{From: hour(hours[i-1] + 1), To: hour(hours[i])})
		}
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	return gaps[:min(len(gaps), maxGaps)]
}

func hour(h int32) time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// Field gives what was seen of a field; false if the log does not have it.
func (v *Visibility) Field(name string) (FieldSeen, bool) {
	i, ok := slices.BinarySearchFunc(v.Fields, name, func(f FieldSeen, name string) int { return strings.Compare(f.Name, name) })
	if !ok {
		return FieldSeen{}, false
	}
	return v.Fields[i], true
}

// A Blindness is something that a log could show and does not, because the machine was not told to
// write it.
type Blindness struct {
	// What cannot be seen, and how to turn it on, in words for an administrator.
	What string `json:"what"`
	Fix  string `json:"fix"`
}

// Blind says what the log does not show though logs of its kind can. The list is what intrusions
// into web, mail and database servers are found by; sources are Microsoft's documents of the logs.
func (v *Visibility) Blind() []Blindness {
	var out []Blindness
	for _, c := range blindChecks {
		if c.format != "" && c.format != v.Format || c.channel != "" && !strings.EqualFold(c.channel, v.Channel) {
			continue
		}
		if c.eventID != 0 && v.EventIDs[c.eventID] > 0 && c.field == "" {
			continue
		}
		if c.field != "" {
			if c.eventID != 0 && v.EventIDs[c.eventID] == 0 {
				continue // the events themselves are missing: another check says so
			}
			if slices.ContainsFunc(strings.Split(c.field, " "), func(name string) bool { f, ok := v.Field(name); return ok && f.Filled > 0 }) {
				continue
			}
		}
		out = append(out, Blindness{c.what, c.fix})
	}
	return out
}

var blindChecks = []struct {
	format, channel string
	eventID         uint32 // must occur
	field           string // one of these must be filled
	what, fix       string
}{
	{format: "w3c", field: "cs-cookie cs(Cookie)", what: "cookies of requests: sessions hidden in them cannot be found", fix: "IIS Manager > Logging > Select Fields: Cookie ( cs(Cookie) )"},
	{format: "w3c", field: "cs-bytes", what: "bytes received: uploads cannot be told from requests", fix: "IIS Manager > Logging > Select Fields: Bytes Received ( cs-bytes )"},
	{format: "w3c", field: "sc-bytes", what: "bytes sent: what was taken away cannot be measured", fix: "IIS Manager > Logging > Select Fields: Bytes Sent ( sc-bytes )"},
	{format: "w3c", field: "cs-referer cs(Referer)", what: "referrers: a page called directly looks like one that was followed to", fix: "IIS Manager > Logging > Select Fields: Referer ( cs(Referer) )"},
	{format: "w3c", field: "cs-user-agent cs(User-Agent)", what: "user agents of requests", fix: "IIS Manager > Logging > Select Fields: User Agent ( cs(User-Agent) )"},
	{channel: "Security", eventID: 4688, what: "process creation (4688)", fix: "audit policy: Detailed Tracking > Process Creation; or install Sysmon"},
	{channel: "Security", eventID: 4688, field: "CommandLine ProcessCommandLine", what: "command lines of processes (4688)", fix: "group policy: Administrative Templates > System > Audit Process Creation > Include command line"},
	{channel: "Microsoft-Windows-PowerShell/Operational", eventID: 4104, what: "PowerShell scripts (4104)", fix: "group policy: Windows PowerShell > Turn on PowerShell Script Block Logging"},
	{channel: "Microsoft-Windows-Sysmon/Operational", eventID: 11, what: "files written (Sysmon 11)", fix: "Sysmon configuration: FileCreate for web and temporary folders"},
	{channel: "Microsoft-Windows-Sysmon/Operational", eventID: 1, what: "process creation (Sysmon 1)", fix: "Sysmon configuration: ProcessCreate"},
}
