package technique

import (
	"iter"
	"strings"
)

// Bounds of what is looked at. Sentences of reports are 20 words long; one that is longer than
// maxSentence bytes is a table or worse, and looked at piece by piece.
const (
	maxSentence = 4 << 10
	maxWord     = 30 // bytes; longer ones are hashes, keys, paths run together
)

// words cuts a text into words, calls word for each in lower case, and for each end of a sentence
// with "". Words are runs of ASCII letters and digits and of anything beyond ASCII. The slice is
// only valid during the call.
func words(text string, word func(w []byte)) {
	var buf [maxWord]byte
	for i := 0; i < len(text); {
		if !inWord(text[i]) {
			if ends(text, i) {
				word(nil)
			}
			i++
			continue
		}
		from := i
		digits := true
		for ; i < len(text) && inWord(text[i]); i++ {
			c := text[i]
			digits = digits && c >= '0' && c <= '9'
			if i-from < maxWord {
				if c >= 'A' && c <= 'Z' {
					c += 'a' - 'A'
				}
				buf[i-from] = c
			}
		}
		switch n := i - from; {
		case n > maxWord:
		case digits && n > 4: // ports and years mean something, longer numbers do not
			word(append(buf[:0], '0'))
		default:
			word(buf[:n])
		}
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// ends says that a sentence or a part of it ends at i.
func ends(text string, i int) bool {
	switch text[i] {
	case '.', ';', ':':
		return i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n'
	}
	return false
}

// stopWords say nothing by themselves; in pairs they do.
func stopWord(w []byte) bool {
	switch string(w) {
	case "the", "a", "an", "of", "and", "to", "in", "is", "has", "have", "it", "its", "that", "this", "with", "for", "on", "as",
		"by", "be", "can", "are", "was", "were", "or", "from", "at", "which", "been", "will", "also", "their", "they":
		return true
	}
	return false
}

// minClause is the number of words that a clause has at least; "and then" says nothing.
const minClause = 3

// clauses goes over the parts of a sentence that punctuation and connecting words set apart, each
// with the word that leads it; over none if there is only one part.
func clauses(sentence string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := 0
		for i := 0; i < len(sentence); i++ {
			cut := 0
			switch sentence[i] {
			case ',', ';', ':', '(', ')':
				cut = 1
			case ' ':
				cut = connective(sentence[i+1:])
			}
			if cut == 0 {
				continue
			}
			if clause := strings.TrimSpace(sentence[from:i]); longEnough(clause) && !yield(clause) {
				return
			}
			from = i
			i += cut - 1
		}
		if clause := strings.TrimSpace(sentence[from:]); from > 0 && longEnough(clause) {
			yield(clause)
		}
	}
}

// connective is the length of the word that starts a new clause, if text starts with one.
func connective(text string) int {
	n := strings.IndexByte(text, ' ')
	if n < 0 {
		return 0
	}
	switch text[:n] {
	case "and", "which", "by", "then", "or", "while", "using", "via", "before", "after":
		return n
	}
	return 0
}

func longEnough(clause string) bool {
	n := 0
	for range strings.FieldsSeq(clause) {
		if n++; n == minClause {
			return true
		}
	}
	return false
}
