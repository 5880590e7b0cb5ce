package sigma

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"aldebaran/event"
)

// makeTest evaluates an item that is no atom on the event at hand.
func (m *Matcher) makeTest(t *test) bool {
	it := t.item
	if t.constant && isWindows(m.event) {
		return t.number == m.event.EventID
	}
	switch it.Kind {
	case ItemNull:
		return m.isNull(t)
	case ItemExists:
		return m.exists(t) == it.Want
	case ItemMatch:
		return m.anyText(t, func(text []byte) bool {
			if !it.Cased {
				m.folded = appendFoldUTF8(m.folded[:0], text, true)
				text = m.folded
			}
			return matchPattern(t.pattern, text)
		})
	case ItemRegexp:
		if t.literals != nil && !m.oneTrue(t.literals) {
			return false
		}
		re := m.regexps[t.re]
		if re == nil {
			re = t.re.NewMatcher()
			m.regexps[t.re] = re
		}
		return m.anyText(t, re.Match)
	case ItemCIDR:
		return m.anyText(t, func(text []byte) bool { return inPrefix(t.prefix, text) })
	case ItemNumber, ItemCompare:
		return m.anyText(t, func(text []byte) bool { return compareNumber(it, text) })
	case ItemFieldRef:
		return m.anyText(t, func(text []byte) bool { return m.refers(t, text) })
	}
	return false
}

func (m *Matcher) oneTrue(atoms []uint32) bool {
	for _, a := range atoms {
		if m.truth.has(a) {
			return true
		}
	}
	return false
}

// isNull: the field is absent, or one of its elements is null, or it is a list without elements.
func (m *Matcher) isNull(t *test) bool {
	if t.eventID && isWindows(m.event) {
		return false
	}
	null, elements := false, 0
	for _, s := range m.fieldSources(t.field) {
		m.each(s, func(v event.Value) bool {
			elements++
			null = null || v.Kind == event.Null
			return true
		})
	}
	return null || elements == 0
}

func (m *Matcher) exists(t *test) bool {
	if t.eventID && isWindows(m.event) {
		return true
	}
	for _, s := range m.fieldSources(t.field) {
		if s.at >= 0 {
			return true
		}
		there := false
		m.each(s, func(event.Value) bool { there = true; return false })
		if there {
			return true
		}
	}
	return false
}

// inPrefix tells whether a text is an IP address inside a network. IPv4 addresses mapped into IPv6
// (::ffff:10.0.0.1) count as IPv4 (T15); zones are dropped.
func inPrefix(p netip.Prefix, text []byte) bool {
	if len(text) > 64 { // no address is that long; ParseAddr wants a string
		return false
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return false
	}
	a = a.WithZone("").Unmap()
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Contains(a)
}

// compareNumber holds a number, or a part of a date, against the item's.
func compareNumber(it *Item, text []byte) bool {
	var n float64
	if it.Part != WholeValue {
		when, ok := parseDate(string(text))
		if !ok {
			return false
		}
		n = float64(timePart(when, it.Part))
	} else {
		normal, ok := normalDecimal(nil, text)
		if !ok {
			return false
		}
		var err error
		if n, err = strconv.ParseFloat(string(normal), 64); err != nil {
			return false
		}
	}
	if it.Kind == ItemNumber {
		return n == it.Number
	}
	switch it.Cmp {
	case Less:
		return n < it.Number
	case LessEqual:
		return n <= it.Number
	case Greater:
		return n > it.Number
	}
	return n >= it.Number
}

// dateLayouts are the dates that logs of Windows, Sysmon and the usual converters write. Time
// modifiers are "not designed to handle timezone or format conversions": the clock of the text counts.
var dateLayouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02",
}

func parseDate(text string) (t time.Time, ok bool) {
	if len(text) < len("2006-01-02") || len(text) > 40 {
		return t, false
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return t, false
}

func timePart(t time.Time, part TimePart) int {
	switch part {
	case Minute:
		return t.Minute()
	case Hour:
		return t.Hour()
	case Day:
		return t.Day()
	case Week:
		_, week := t.ISOWeek()
		return week
	case Month:
		return int(t.Month())
	}
	return t.Year()
}

// refers holds a text against each element of the field that the item refers to.
func (m *Matcher) refers(t *test, text []byte) bool {
	// The text is m.plain or m.joined, which the other field's text would overwrite.
	mine := append([]byte(nil), text...)
	if !t.item.Cased {
		mine = appendFoldUTF8(nil, mine, true)
	}
	other := test{field: t.ref, item: t.item, eventID: t.item.RefField == "EventID"}
	return m.anyText(&other, func(theirs []byte) bool {
		if !t.item.Cased {
			theirs = appendFoldUTF8(nil, theirs, true)
		}
		switch t.item.Ref {
		case RefStartsWith:
			return bytes.HasPrefix(mine, theirs)
		case RefEndsWith:
			return bytes.HasSuffix(mine, theirs)
		case RefContains:
			return bytes.Contains(mine, theirs)
		}
		return bytes.Equal(mine, theirs)
	})
}
