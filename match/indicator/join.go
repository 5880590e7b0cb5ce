package indicator

import (
	"aldebaran/event"
	"aldebaran/intel"
)

// join looks for what two or three values make together.
func (m *Matcher) join(j *join) {
	m.field = j.name
	first := m.event.Values[j.parts[0]]
	if len(first.Raw) == 0 || first.Kind&event.Array != 0 {
		return
	}
	if j.kind == accountKey {
		m.joinAccount(first, m.event.Values[j.parts[1]])
		return
	}
	// Hosts repeat: most have no URL in the table, and nothing else is to be done for them.
	h := m.hash(first, hostField)
	if m.seen.has(h) {
		return
	}
	m.whole = append(m.whole[:0], "http://"...)
	m.whole = first.AppendText(m.whole)
	u, ok := intel.ParseURL(string(m.whole))
	if !ok || !m.set.table.may(hostKey, hostKey.of(hashBack([]byte(u.Host)))) {
		m.seen.add(h)
		return
	}
	path := m.event.Values[j.parts[1]]
	start := len(m.whole)
	if m.whole = path.AppendText(m.whole); start < len(m.whole) && m.whole[start] != '/' {
		return // "-", or a whole address, which is found by itself
	}
	if j.parts[2] >= 0 {
		query := len(m.whole)
		m.whole = m.event.Values[j.parts[2]].AppendText(append(m.whole, '?'))
		if q := m.whole[query+1:]; len(q) == 0 || len(q) == 1 && q[0] == '-' {
			m.whole = m.whole[:query]
		}
	}
	if u, ok := intel.ParseURL(string(m.whole)); ok {
		m.text = m.whole[len("http://"):]
		m.urlParts(u, 0, len(m.text))
	}
}

func (m *Matcher) joinAccount(domain, name event.Value) {
	if name.Kind&event.Array != 0 {
		return
	}
	m.whole = append(domain.AppendText(m.whole[:0]), '\\')
	m.whole = name.AppendText(m.whole)
	m.text = m.whole
	m.key = m.key[:0]
	for _, c := range m.whole {
		m.key = append(m.key, lowerOf[c])
	}
	lowerHigh(m.key)
	m.exact(accountKey, m.key, 0, len(m.text))
}

// urlParts looks up an address with its query, without it, and its host alone: an indicator without
// a path stands for all that its host serves.
func (m *Matcher) urlParts(u intel.URLParts, start, end int) (found bool) {
	m.key = appendURLKey(m.key[:0], u, u.HasQuery)
	found = m.exact(urlKey, m.key, start, end)
	if u.HasQuery {
		m.key = appendURLKey(m.key[:0], u, false)
		found = m.exact(urlKey, m.key, start, end) || found
	}
	if u.Path != "/" {
		u.Path = "/"
		m.key = appendURLKey(m.key[:0], u, false)
		found = m.exact(urlKey, m.key, start, end) || found
	}
	return found
}
