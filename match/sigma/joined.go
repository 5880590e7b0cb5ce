package sigma

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"aldebaran/event"
)

// joinedParts are what is looked for in a text that is made of two fields (see Derivation.Joins) and in
// those fields by themselves. Their texts stand in the whole, so that one pass over it finds the
// literals of all three:
//
//	whole    /owa/auth/logon.aspx?url=https%3a%2f%2fmail
//	first    /owa/auth/logon.aspx
//	second                        url=https%3a%2f%2fmail
//
// What is found there counts at once for rules that look at the whole; for those that look at a
// field it is looked for again in that field alone, which is seldom. Only where a text must begin or
// end with a literal each of the three is looked at. Immutable but for found.
type joinedParts struct {
	// parts are the scanners of the whole, the first and the second; nil where no rule looks there.
	parts [3]*scanner
	// ends are the literals that a part must begin or end with.
	ends     [3]*literalIndex
	grams    gramTable
	short    shortTable
	literals []joinedLiteral
	// found has the literals that the whole holds, by index.
	found hitList
}

// A joinedLiteral is what hangs on a literal, by part. Of a field that is looked for in the whole, the
// parts have only what the whole does not answer for them.
type joinedLiteral struct {
	lit string
	// atoms are true if it stands in the part.
	atoms [3][]uint32
	// checks are patterns that the part may match if it does.
	checks [3][]check
}

// joinedSeparator stands between the fields. A first field that holds one is not looked at as part of
// the whole: the whole must say what it was made of, since the cache knows it by its text.
const joinedSeparator = '?'

// newJoined merges the indexes of the scanners.
func (s *Set) newJoined(parts [3]*scanner) *joinedParts {
	j := &joinedParts{parts: parts}
	numbers := map[string]uint32{}
	var lits []literal
	for part, sc := range parts {
		if sc == nil {
			continue
		}
		var ends literalBuilder
		for i, x := range sc.indexes {
			inWhole := part > 0 && slices.Contains(parts[0].fields, sc.fields[i])
			x.literals(func(own literal) {
				if !s.wanted(sc.group, own.atom) {
					return
				}
				if own.at != litAnywhere {
					ends.add(own.lit, own.at, own.atom)
					return
				}
				n, ok := numbers[own.lit]
				if !ok {
					n = uint32(len(j.literals))
					numbers[own.lit] = n
					lits = append(lits, literal{own.lit, litAnywhere, n})
					j.literals = append(j.literals, joinedLiteral{lit: own.lit})
				}
				l := &j.literals[n]
				if !inWhole {
					l.atoms[part] = append(l.atoms[part], own.atom)
				}
				for _, c := range s.checks[own.atom] {
					if p := c.pattern; !inWhole || p[0].Wildcard != AnyRun || p[len(p)-1].Wildcard != AnyRun {
						l.checks[part] = append(l.checks[part], c)
					}
				}
			})
		}
		j.ends[part] = ends.build(s.common)
	}
	j.grams.build(lits, s.common)
	j.short.build(lits)
	j.found.bits = make([]uint64, (len(j.literals)+63)/64)
	return j
}

// lookJoined looks at the joined text of an event and its fields; false if they must be looked at
// one by one, because one is a list or the whole would not say what it was made of.
func (m *Matcher) lookJoined(s *joinedSlot) bool {
	first, second := m.event.Values[s.first], m.event.Values[s.second]
	if first.Kind != event.Text || bytes.IndexByte(first.Raw, joinedSeparator) >= 0 || second.Kind != event.Text && second.Kind != event.Null {
		return false
	}
	text := append(m.joined[:0], first.Raw...)
	if second.Kind != event.Null {
		text = append(append(text, joinedSeparator), second.Raw...)
	}
	m.joined = text
	m.value(s.scanner, event.Value{Raw: text, Kind: event.Text}, &s.memo)
	return true
}

// scanJoined finds the atoms of a joined text and its parts.
func (m *Matcher) scanJoined(j *joinedParts, whole []byte) {
	if !utf8.Valid(whole) {
		m.plain = event.Value{Raw: whole, Kind: event.Text}.AppendText(m.plain[:0])
		whole = m.plain
	}
	first, second, both := bytes.Cut(whole, []byte{joinedSeparator})
	m.folded = appendFoldUTF8(m.folded[:0], first, true)
	split := len(m.folded)
	texts := [3][]byte{nil, m.folded}
	if both {
		m.folded = appendFoldUTF8(append(m.folded, joinedSeparator), second, true)
		texts[1], texts[2] = m.folded[:split], m.folded[split+1:]
	}
	texts[0] = m.folded
	raw := [3][]byte{whole, first, second}
	for part, sc := range j.parts {
		if sc == nil || part == 2 && !both {
			continue
		}
		j.ends[part].scanEnds(texts[part], &m.hits)
		for _, x := range sc.indexes {
			m.scanNumber(x, texts[part])
		}
	}
	j.found.reset()
	j.grams.scan(m.folded, &j.found)
	j.short.scan(m.folded, &j.found)
	for _, n := range j.found.atoms {
		l := &j.literals[n]
		for part, text := range texts {
			if len(l.atoms[part]) == 0 && len(l.checks[part]) == 0 {
				continue
			}
			// A text as long as the whole is the whole: most requests have no query.
			if len(text) < len(m.folded) && !bytes.Contains(text, []byte(l.lit)) {
				continue
			}
			for _, a := range l.atoms[part] {
				m.hits.add(a)
			}
			for i := range l.checks[part] {
				m.check(&l.checks[part][i], text, raw[part])
			}
		}
	}
}
