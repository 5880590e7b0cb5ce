package match

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"aldebaran/intel"
	"aldebaran/match/indicator"
)

// A Found is the text in an event that is an indicator.
type Found struct {
	// Field is the name of the field, Value the text in it.
	Field, Value string
	// Warning is the list of benign values that it is on; "" for none.
	Warning string
}

// known makes and keeps the rules of the indicators that were found: few of a million are.
type known struct {
	// chained tells whether sequences over several rules want to know of a rule's matches.
	chained func(*Rule) bool
	mu      sync.Mutex // workers find them at the same time
	rules   map[*intel.Indicator]*Rule
	// cut says that values were too long to be looked at as a whole, crowded that events had more
	// indicators than are reported. How often depends on what each worker has seen before.
	cut, crowded atomic.Bool
}

// left takes note of what a matcher left out.
func (k *known) left(s indicator.MatcherStats) {
	if s.Cut > 0 {
		k.cut.Store(true)
	}
	if s.Dropped > 0 {
		k.crowded.Store(true)
	}
}

// Left says what indicators left out of a piece of evidence, see [Engine.Notes].
type Left struct {
	// Cut: of long values. Crowded: of events with many indicators.
	Cut, Crowded bool
}

// Left gives what was left out since the last call.
func (m *Matcher) Left() Left {
	if m.indicators == nil {
		return Left{}
	}
	now := m.indicators.Stats()
	l := Left{Cut: now.Cut > m.before.Cut, Crowded: now.Dropped > m.before.Dropped}
	m.before = now
	return l
}

// Leave takes note of what was left out of a piece of evidence that no matcher of this engine has read.
func (e *Engine) Leave(l Left) {
	if l.Cut {
		e.known.cut.Store(true)
	}
	if l.Crowded {
		e.known.crowded.Store(true)
	}
}

// notes says what was left out, in sentences for people.
func (k *known) notes() (notes []string) {
	if k.cut.Load() {
		notes = append(notes, "some values are so long that indicators were looked for in their beginning only")
	}
	if k.crowded.Load() {
		notes = append(notes, "some events have so many indicators that not all of them are told")
	}
	return notes
}

func (k *known) rule(h *indicator.Hit) *Rule {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rules[h.Indicator]
	if r == nil {
		r = indicatorRuleOf(h)
		r.chained = k.chained(r)
		k.rules[h.Indicator] = r
	}
	return r
}

// indicatorRuleOf says what a rule would: what it is, whose, who says so, and what to make of it.
func indicatorRuleOf(h *indicator.Hit) *Rule {
	i := h.Indicator
	whose := cmp.Or(i.Malware, i.Actor)
	r := &Rule{
		Language: "indicator", File: i.Pack, Line: i.Line, Status: "stable", Level: indicatorLevel(h),
		ID:     "indicator:" + string(i.Type) + ":" + i.Value,
		Title:  fmt.Sprintf("Known %s: %s", indicatorNames[i.Type], i.Value),
		Author: i.Source,
		Why:    "It was seen with an intruder before. Addresses and names change hands: the older the sighting, the less it says.",
		FalsePositives: []string{
			"Shared hosting, sinkholes, scanners and research: look who asked for it, and whether anything else on the host is odd.",
		},
		Next: []string{"Look at what the same host and account did in the hour before and after.", "Look for the same value in the logs of other hosts."},
	}
	if whose != "" {
		r.Title += " (" + whose + ")"
	}
	said := []string{"Graded " + i.Grade.String()}
	if i.Source != "" {
		said = append(said, "by "+i.Source)
	}
	if !i.Last.IsZero() {
		said = append(said, "last seen "+i.Last.UTC().Format("2006-01-02"))
	}
	r.Description = strings.Join(said, ", ") + "."
	if i.Note != "" {
		r.Description += " " + i.Note
	}
	if h.Low {
		r.FalsePositives = append([]string{"The value is on a list of common benign ones: " + h.Warning}, r.FalsePositives...)
	}
	return r
}

var indicatorNames = map[intel.IndicatorType]string{
	intel.Domain: "domain", intel.IP: "address", intel.CIDR: "network", intel.URL: "URL", intel.Email: "e-mail address", intel.MD5: "file (MD5)",
	intel.SHA1: "file (SHA-1)", intel.SHA256: "file (SHA-256)", intel.SHA512: "file (SHA-512)", intel.Imphash: "program (imphash)",
	intel.FileName: "file name", intel.FilePath: "file path", intel.RegistryKey: "registry key", intel.Mutex: "mutex or pipe", intel.UserAgent: "user agent",
	intel.Certificate: "certificate", intel.JA3: "TLS fingerprint", intel.Account: "account name",
}

// indicatorLevel says how much a hit means: a hash is a file and nothing else, an address may
// have had ten owners since, a name may be chosen by anybody. What its source or a list of benign values
// takes from it, it loses.
func indicatorLevel(h *indicator.Hit) string {
	if h.Low {
		return "informational"
	}
	rank := 2 // medium
	switch h.Indicator.Type {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.Domain, intel.URL, intel.Email, intel.Certificate:
		rank = 3
	}
	g := h.Indicator.Grade
	if g.Reliability >= 'D' && g.Reliability <= 'E' || g.Credibility >= '4' && g.Credibility <= '5' {
		rank--
	}
	return [...]string{"informational", "low", "medium", "high"}[rank]
}
