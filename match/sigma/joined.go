package sigma

import (
	"bytes"

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
	parts    [3]*scanner
	grams    gramTable
	short    shortTable
	literals []joinedLiteral
	// found has the numbers of literals that the whole holds.
	found hitList
}

// A joinedLiteral has the atoms that are true if it stands in a part, by part.
type joinedLiteral struct {
	lit   string
	atoms [3][]uint32
}

// joinedSeparator stands between the fields. A first field that holds one is not looked at as part of
// the whole: the whole must say what it was made of, since the cache knows it by its text.
const joinedSeparator = '?'

// newJoined merges the indexes of the scanners.
func (s *Set) newJoined(parts [3]*scanner) *joinedParts {
	j := &joinedParts{parts: parts}
	numbers := map[string]uint32{}
	for part, sc := range parts {
		if sc == nil {
			continue
		}
		for _, x := range sc.indexes {
			x.anywhere(func(lit string, atom uint32) {
				n, ok := numbers[lit]
				if !ok {
					n = uint32(len(j.literals))
					numbers[lit] = n
					j.literals = append(j.literals, joinedLiteral{lit: lit})
				}
				j.literals[n].atoms[part] = append(j.literals[n].atoms[part], atom)
			})
		}
	}
	j.grams.build(numbers, s.common)
	j.short.build(numbers)
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
	text := first.AppendText(m.joined[:0])
	if second.Kind != event.Null {
		text = second.AppendText(append(text, joinedSeparator))
	}
	m.joined = text
	m.value(s.scanner, event.Value{Raw: text, Kind: event.Text}, &s.memo)
	return true
}

// scanJoined finds the atoms of a joined text and its parts.
func (m *Matcher) scanJoined(j *joinedParts, whole []byte) {
	first, second, both := bytes.Cut(whole, []byte{joinedSeparator})
	m.folded = appendFoldUTF8(m.folded[:0], first, true)
	split := len(m.folded)
	texts := [3][]byte{nil, m.folded}
	if both {
		m.folded = appendFoldUTF8(append(m.folded, joinedSeparator), second, true)
		texts[1], texts[2] = m.folded[:split], m.folded[split+1:]
	}
	texts[0] = m.folded
	j.found.reset()
	j.grams.scan(m.folded, &j.found)
	j.short.scan(m.folded, &j.found)
	for _, n := range j.found.atoms {
		l := &j.literals[n]
		for part, atoms := range l.atoms {
			if len(atoms) > 0 && (part == 0 || bytes.Contains(texts[part], []byte(l.lit))) {
				for _, a := range atoms {
					m.hits.add(a)
				}
			}
		}
	}
	raw := [3][]byte{whole, first, second}
	anywhere := len(m.hits.atoms)
	for part, sc := range j.parts {
		if sc == nil || part == 2 && !both {
			continue
		}
		for _, x := range sc.indexes {
			x.scanEnds(texts[part], &m.hits)
			m.scanNumber(x, texts[part])
		}
		m.check(m.hits.atoms[:anywhere], sc.fields, texts[part], event.Value{Raw: raw[part], Kind: event.Text})
	}
}
