package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aldebaran/event"
)

// A Correlator joins matches of single rules into matches of correlation rules.
//
//	Observe: rule, event -> Observation   what the correlations need of it; safe for concurrent use
//	Add:     Observation ->               kept, in sorted temporary files when there are many
//	Finish:  -> CorrelationMatch          group by group, windows slide over the events by time
//
// What the types and conditions mean, and what was decided where the specification leaves room, is
// in docs/formats/correlations.md.
type Correlator struct {
	joints []*joint
	feeds  []feed
	// sources are the rules that correlations refer to, directly or through others.
	sources map[*Rule]*ruleSource
	// levels[n] gathers what the correlations with n correlations below them are fed with.
	levels []*sorter
	found  *sorter // matches
	stats  CorrelationStats
	done   bool
}

// CorrelatorOptions are the choices of a [Correlator]; the zero value is right.
type CorrelatorOptions struct {
	// MemoryLimit is the number of bytes of observations that are kept in memory before they are
	// written to a temporary file; 0 means DefaultMemoryLimit. The windows of the one group that is
	// being looked at come on top, bounded by maxWindow and maxWindowBytes.
	MemoryLimit int64
	// TempDir is where those files go; "" means [os.TempDir].
	TempDir string
}

const (
	// DefaultMemoryLimit is 32 MiB: some hundred thousand observations.
	DefaultMemoryLimit = 32 << 20
	// MaxHosts is how many computers a match names.
	MaxHosts = 64
	// maxEvents is how many events a match lists: the first and the last half of so many.
	maxEvents = 10
	// maxWindow is how many events one window holds; beyond it the oldest are forgotten, and told.
	// Thresholds beyond it can't be met, so they are refused.
	maxWindow = 1 << 17
	// maxWindowBytes bounds the same in bytes.
	maxWindowBytes = 24 << 20
	// maxFeeds is how many ways there are from rules to correlations. A few documents that refer
	// to each other can have 2^n ways.
	maxFeeds = 1 << 16
	// maxChain is how deep correlations refer to correlations; real ones go two deep.
	maxChain = 16
	// maxNeed is how many fields of one rule's events correlations may ask for.
	maxNeed = 128
	// maxSteps is how many rules an ordered correlation may have: each event costs its square.
	maxSteps = 64
)

// NewCorrelator prepares the correlations of a collection. References that name no rule, cycles of
// references and conditions that make no sense are errors that name the correlation;
// [Collection.Resolve] has rejected those.
func NewCorrelator(c *Collection, opt CorrelatorOptions) (*Correlator, error) {
	b := newJointBuilder(c)
	if err := b.build(); err != nil {
		return nil, err
	}
	k := &Correlator{joints: b.joints, feeds: b.feeds, sources: b.sources}
	limit := opt.MemoryLimit
	if limit <= 0 {
		limit = DefaultMemoryLimit
	}
	levels := 0
	for _, j := range b.joints {
		levels = max(levels, j.level+1)
	}
	for range levels {
		k.levels = append(k.levels, &sorter{limit: limit / int64(levels+1), dir: opt.TempDir})
	}
	k.found = &sorter{limit: limit / int64(levels+1), dir: opt.TempDir}
	return k, nil
}

// Wants tells whether a correlation refers to that rule, directly or through other correlations.
func (c *Correlator) Wants(r *Rule) bool { return c.sources[r] != nil }

// An Observation is what the correlations need of one event that one rule matched. It holds
// copies: it outlives the event.
type Observation struct {
	recs                     []levelRecord
	noTime, noGroup, noValue int
}

// A levelRecord is a record for the correlations of one level.
type levelRecord struct {
	rec   []byte
	level int
}

// Observe takes out of an event what the correlations of that rule need. Safe for concurrent use.
func (c *Correlator) Observe(r *Rule, e *event.Event) Observation {
	s := c.sources[r]
	if s == nil {
		return Observation{}
	}
	ns, ok := usableTime(e.Time)
	if !ok {
		return Observation{noTime: 1}
	}
	values := make([]fieldValue, len(s.need))
	for i, name := range s.need {
		if text, ok := fieldText(e, s.routes, name); ok {
			values[i] = fieldValue{cutText(text, maxValueText), true}
		}
	}
	identity := appendIdentity(nil, e)
	body := appendBody(nil, e, ns, values)
	var o Observation
	for _, n := range s.feeds {
		group, why := c.admit(n, values)
		switch why {
		case noGroup:
			o.noGroup++
		case noValue:
			o.noValue++
		case admitted:
			rec := make([]byte, 0, atPath+len(identity)+4+len(body))
			rec = appendKey(rec, uint32(c.feeds[n].joint), group, ns, 0, identity, uint32(n))
			o.recs = append(o.recs, levelRecord{append(rec, body...), c.joints[c.feeds[n].joint].level})
		}
	}
	return o
}

// Add takes an observation in. Order does not matter; one goroutine at a time. Whoever removes
// duplicate events does so before.
func (c *Correlator) Add(o Observation) error {
	if c.done {
		return errFinished
	}
	if len(o.recs)+o.noTime+o.noGroup+o.noValue == 0 {
		return nil
	}
	c.stats.Observations++
	c.stats.NoTime += int64(o.noTime)
	c.stats.NoGroup += int64(o.noGroup)
	c.stats.NoValue += int64(o.noValue)
	for _, r := range o.recs {
		if err := c.levels[r.level].add(r.rec); err != nil {
			return err
		}
	}
	return nil
}

var errFinished = errors.New("correlation: Add or Finish after Finish")

// Finish calls emit for every match of a correlation that reports by itself, in the order of their
// first events (ties: last event, then place of the first event, then order of the rules), and ends
// at emit's first error. It is called once.
func (c *Correlator) Finish(emit func(CorrelationMatch) error) error {
	if c.done {
		return errFinished
	}
	c.done = true
	for _, level := range c.levels {
		if err := c.slide(level); err != nil {
			return err
		}
		if err := level.close(); err != nil {
			return err
		}
	}
	return c.found.each(func(rec []byte) error {
		n, m, feeds, err := readMatch(rec)
		if err != nil {
			return err
		}
		if int64(n) >= int64(len(c.joints)) || len(m.Group) != len(c.joints[n].rule.GroupBy) {
			return errRecord(len(rec))
		}
		m.Correlation = c.joints[n].rule
		for i, name := range m.Correlation.GroupBy {
			m.Group[i].Name = name
		}
		for i, f := range feeds {
			if int64(f) >= int64(len(c.feeds)) {
				return errRecord(len(rec))
			}
			m.Events[i].Rule = c.feeds[f].rule
		}
		m.Omitted = m.Count - len(m.Events)
		return emit(m)
	})
}

// slide runs the windows of all groups of one level over its records.
func (c *Correlator) slide(level *sorter) error {
	var w *window
	keep := level.inMemory()
	err := level.each(func(rec []byte) error {
		if len(rec) < atPath {
			return errRecord(len(rec))
		}
		if w == nil || !w.owns(rec) {
			if w != nil {
				if err := w.finish(); err != nil {
					return err
				}
			}
			var err error
			if w, err = c.openWindow(w, rec); err != nil {
				return err
			}
		}
		if !keep {
			rec = append([]byte(nil), rec...)
		}
		return w.add(rec)
	})
	if err == nil && w != nil {
		err = w.finish()
	}
	return err
}

// Stats says what was and what was not taken into account, complete after Finish.
func (c *Correlator) Stats() CorrelationStats {
	s := c.stats
	for _, level := range c.levels {
		s.Spilled += level.spilled
	}
	s.Spilled += c.found.spilled
	return s
}

// Close removes the temporary files. The Correlator can't be used after it.
func (c *Correlator) Close() error {
	c.done = true
	errs := []error{c.found.close()}
	for _, level := range c.levels {
		errs = append(errs, level.close())
	}
	return errors.Join(errs...)
}

// A CorrelationMatch is one episode: windows in which the condition of a correlation held for one
// group, joined as long as they share events.
type CorrelationMatch struct {
	Correlation *Correlation
	// Group are the values of the fields of group-by, in the order of the rule, as the first event
	// writes them.
	Group []NamedValue
	// First and Last are the times of the first and the last event that it is made of, in UTC.
	First, Last time.Time
	// Count is the number of events that it is made of, those below chained correlations included.
	Count int
	// Value is what the condition was held against: the number of events, of distinct values, of
	// rules seen, the sum, ... Of several windows it is the greatest, but the least if the condition
	// asks only for lt or lte, and the first if it asks for eq or neq.
	Value float64
	// Events are the first and the last of the events, at most ten, in order of time.
	Events []EventRef
	// Omitted is the number of events that are not listed.
	Omitted int
	// Hosts are the computers of the events, sorted; at most MaxHosts of them.
	Hosts []string
	// HostsOmitted is the number of events whose computer is not in Hosts.
	HostsOmitted int
}

// NamedValue is a field and its value.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// EventRef says which event took part in a correlation, and for which rule.
type EventRef struct {
	Rule     *Rule // that matched it
	Time     time.Time
	Source   event.Source
	Host     string
	Channel  string
	EventID  uint32
	RecordID uint64
}

// CorrelationStats counts what a [Correlator] took in and what it had to leave out. An event that
// two correlations leave out counts twice, but for Observations and NoTime.
type CorrelationStats struct {
	Observations int64 // handed in: pairs of an event and a rule that matched it
	NoTime       int64 // left out: the event has no time between the years 1678 and 2261
	NoGroup      int64 // left out of one correlation: a field of group-by is missing or null
	NoValue      int64 // left out of one correlation: the field that it looks at is missing or null
	NotNumeric   int64 // left out of one correlation: the value is no decimal number
	Dropped      int64 // dropped from a window that was full, the oldest first; see maxWindow
	Spilled      int64 // bytes written to temporary files
}

// fieldText gives the text of a field of an event under the name that a rule uses: from the first
// of the rule's routes that the event takes and that knows it, else as it stands. Several values
// are joined with newlines; ok is false if there is none, or only nulls.
func fieldText(e *event.Event, routes []Route, name string) (text string, ok bool) {
	name = strings.ReplaceAll(name, " ", "")
	if name == "EventID" && isWindows(e) {
		return strconv.FormatUint(uint64(e.EventID), 10), true
	}
	for i := range routes {
		d, mapped := routes[i].Fields[name]
		if !mapped || d.OwnFirst && e.Shape.Lookup(name) != nil || routeMismatch(&routes[i], e) != "" {
			continue
		}
		if d.Make != nil {
			if text, ok := d.Make(nil, e); ok {
				return string(text), true
			}
			continue
		}
		if len(d.From) > 0 {
			if text, ok := joinedText(e, d.From[0]); ok {
				return text, true
			}
		}
	}
	return joinedText(e, name)
}

func joinedText(e *event.Event, name string) (text string, ok bool) {
	var b []byte
	for _, i := range e.Shape.Lookup(name) {
		e.Values[i].Each(func(v event.Value) bool {
			if !v.IsNull() {
				if ok {
					b = append(b, '\n')
				}
				b = v.AppendText(b)
				ok = true
			}
			return true
		})
	}
	return string(b), ok
}

// routeMismatch says why an event does not take a route; "" if it does.
func routeMismatch(r *Route, e *event.Event) string {
	for _, label := range []struct{ name, want, found string }{
		{"product", r.Product, e.Product},
		{"category", r.Category, e.Category},
		{"service", r.Service, e.Service},
	} {
		if label.want != "" && !strings.EqualFold(label.want, label.found) {
			return fmt.Sprintf("want %s %s, found %s", label.name, label.want, orNone(label.found))
		}
	}
	if len(r.Channels) > 0 && !containsFold(r.Channels, e.Channel) {
		return fmt.Sprintf("want channel %s, found %s", strings.Join(r.Channels, " or "), orNone(e.Channel))
	}
	if len(r.EventIDs) > 0 {
		fits := false
		for _, id := range r.EventIDs {
			fits = fits || id == e.EventID
		}
		if !fits {
			ids := strings.Trim(fmt.Sprint(r.EventIDs), "[]")
			return fmt.Sprintf("want EventID %s, found %d", strings.ReplaceAll(ids, " ", ", "), e.EventID)
		}
	}
	for _, w := range r.Where {
		fits := false
		elements, _ := view{event: e}.own(w.Field)
		for _, el := range elements {
			fits = fits || !el.null && (containsFold(w.Values, el.text) || beginsFold(w.Prefixes, el.text))
		}
		if !fits {
			text, _ := joinedText(e, w.Field)
			want := slices.Clone(w.Values)
			for _, p := range w.Prefixes {
				want = append(want, p+"*")
			}
			return fmt.Sprintf("want %s %s, found %s", w.Field, strings.Join(want, " or "), orNone(text))
		}
	}
	return ""
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

func beginsFold(prefixes []string, s string) bool {
	for _, p := range prefixes {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
