package story

import "strings"

// phrases finds names in a text, whatever stands between their parts: "NET-STAR", "Net Star" and
// "NetStar" are the same, and so are "APT28" and "APT-28".
type phrases struct {
	// entries are by name; what the number means is up to who added it.
	entries map[string]int
	// prefixes are the beginnings of names at which a word of a text may end.
	prefixes map[string]struct{}
}

// maxPhraseWords bounds the words of a name: "Ministry of State Security of the People's Republic of China".
const maxPhraseWords = 12

func newPhrases() phrases { return phrases{map[string]int{}, map[string]struct{}{}} }

// key is a name without what stands between its words, in lower case.
func key(name string) string {
	var b strings.Builder
	for _, t := range tokens(name) {
		b.WriteString(lowerASCII(name[t.start:t.end]))
	}
	return b.String()
}

func (p *phrases) add(name string, v int) {
	k := key(name)
	p.entries[k] = v
	// A word of a text can end wherever the kind of character changes in the name.
	n := 0
	for _, t := range tokens(name) {
		word := name[t.start:t.end]
		for i := 1; i < len(word); i++ {
			if isDigit(word[i]) != isDigit(word[i-1]) || isUpper(word[i]) && !isUpper(word[i-1]) || isUpper(word[i-1]) && isLower(word[i]) && i > 1 {
				p.prefixes[k[:n+i]] = struct{}{}
				p.prefixes[k[:max(n+i-1, 1)]] = struct{}{}
			}
		}
		n += len(word)
		p.prefixes[k[:n]] = struct{}{}
	}
}

// find gives the longest name that starts with the word at, and the number of its words; 0 if there is
// none. No more words than limit are looked at.
func (r *reading) find(p *phrases, at, limit int) (entry, words int) {
	r.key = r.key[:0]
	for i := at; i < len(r.tokens) && i-at < min(maxPhraseWords, limit); i++ {
		t := r.tokens[i]
		if i > at && !joins(r.between(i)) {
			break
		}
		r.key = append(r.key, r.lower[t.start:t.end]...)
		if e, ok := p.entries[string(r.key)]; ok {
			entry, words = e, i-at+1
		}
		if _, ok := p.prefixes[string(r.key)]; !ok {
			break
		}
	}
	return entry, words
}

// joins tells whether what stands between two words can stand within a name.
func joins(between string) bool {
	switch between {
	case "", " ", "-", "_", ".", ". ", "'", "’", "/", " & ", "‑", "–", "@":
		return true
	}
	return false
}
