package behaviour

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// watchWords find words and phrases in what somebody searched for, however he wrote them: in capitals,
// with or without accents and vowel marks, in letters of another keyboard, in full-width forms, with
// wildcards around them. Words are found as a whole, in scripts without blanks (Chinese, Japanese,
// Thai) anywhere. Immutable, safe for concurrent use.
type watchWords struct {
	words []watchWord
	// byFirst are words by their first token, open those that end with "*", by the token before it.
	byFirst, open map[string][]int
	// byRune are words of scripts without blanks, by their first character.
	byRune map[rune][]int
	// singles are words of one token, in order, for what is searched for with a wildcard behind it.
	singles []singleWord
}

type watchWord struct {
	text, subject string
	// listed words are those of the configuration that are not common: somebody has reason to watch for them.
	listed bool
	tokens []string
}

type singleWord struct {
	token string
	word  int
}

// Bounds of words.
const (
	maxWatchedText  = 16 << 10 // bytes of a text that are looked at
	maxTokens       = 4096     // words of a text
	maxFound        = 64       // watch-words found in a text
	minOpen         = 4        // characters of a text's word before a wildcard: fewer would be found in half of the list
	minOpenSemitic  = 3        // the same in Arabic script, which leaves vowels out
	maxPrefixTokens = 40       // characters of a word that are tried as the beginning of one
)

// newWatchWords prepares the words that every installation watches for and those of a configuration.
func newWatchWords(configured []Words) *watchWords {
	w := &watchWords{byFirst: map[string][]int{}, open: map[string][]int{}, byRune: map[rune][]int{}}
	for _, list := range slices.Concat(defaultWords(), configured) {
		w.add(list, !list.Common)
	}
	slices.SortFunc(w.singles, func(a, b singleWord) int {
		return cmp.Or(strings.Compare(a.token, b.token), cmp.Compare(a.word, b.word))
	})
	return w
}

func (w *watchWords) add(list Words, listed bool) {
	for _, text := range list.Words {
		stem, open := strings.CutSuffix(text, "*")
		folded := foldWords([]byte(stem))
		if len(folded.tokens) == 0 && len(folded.dense) == 0 {
			continue
		}
		n := len(w.words)
		word := watchWord{text: text, subject: list.Subject, listed: listed}
		switch {
		case len(folded.tokens) == 0:
			word.tokens = []string{string(folded.dense)}
			w.byRune[folded.dense[0]] = append(w.byRune[folded.dense[0]], n)
		default:
			for _, t := range folded.tokens {
				word.tokens = append(word.tokens, t.text)
			}
			first := word.tokens[0]
			if open && len(word.tokens) == 1 {
				w.open[first] = append(w.open[first], n)
			} else {
				w.byFirst[first] = append(w.byFirst[first], n)
			}
			if len(word.tokens) == 1 {
				w.singles = append(w.singles, singleWord{first, n})
			}
		}
		w.words = append(w.words, word)
	}
}

// find gives the words that stand in a text, by their index, in order; of words that are the same once
// folded the one of the configuration.
func (w *watchWords) find(text []byte) []int {
	folded := foldWords(text[:min(len(text), maxWatchedText)])
	var found []int
	take := func(n int) {
		if len(found) < maxFound && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	for i := range folded.tokens {
		w.findAt(folded.tokens[i:], take)
	}
	for i, c := range folded.dense {
		for _, n := range w.byRune[c] {
			if hasRunes(folded.dense[i:], w.words[n].tokens[0]) {
				take(n)
			}
		}
	}
	slices.Sort(found)
	return w.withoutTwins(found)
}

// findAt finds the words that begin with the first of the tokens.
func (w *watchWords) findAt(tokens []token, take func(int)) {
	first := tokens[0]
	exact := false
	for _, n := range w.byFirst[first.text] {
		if w.isAt(n, tokens) {
			take(n)
			exact = exact || len(w.words[n].tokens) == 1
		}
	}
	for end, count := 0, 0; end < len(first.text) && count < maxPrefixTokens; count++ {
		_, size := utf8.DecodeRuneInString(first.text[end:])
		end += size
		for _, n := range w.open[first.text[:end]] {
			take(n)
		}
	}
	if !first.open || exact || utf8.RuneCountInString(first.text) < shortestOpen(first.text) {
		return
	}
	at, _ := slices.BinarySearchFunc(w.singles, first.text, func(s singleWord, t string) int { return strings.Compare(s.token, t) })
	for ; at < len(w.singles) && strings.HasPrefix(w.singles[at].token, first.text); at++ {
		take(w.singles[at].word)
	}
}

func shortestOpen(word string) int {
	if c, _ := utf8.DecodeRuneInString(word); unicode.Is(unicode.Arabic, c) {
		return minOpenSemitic
	}
	return minOpen
}

func (w *watchWords) isAt(n int, tokens []token) bool {
	words := w.words[n].tokens
	if len(words) > len(tokens) {
		return false
	}
	for i, t := range words {
		if tokens[i].text != t {
			return false
		}
	}
	return true
}

// withoutTwins leaves out words that are in several lists, or written otherwise in another language: those
// of the configuration stay, else the first.
func (w *watchWords) withoutTwins(found []int) []int {
	return slices.DeleteFunc(found, func(n int) bool {
		return slices.ContainsFunc(found, func(m int) bool {
			goesBefore := w.words[m].listed && !w.words[n].listed || w.words[m].listed == w.words[n].listed && m < n
			return goesBefore && slices.Equal(w.words[m].tokens, w.words[n].tokens)
		})
	})
}

// names gives words as they are written in the lists, and whether one of them is of the configuration.
func (w *watchWords) names(found []int) (names []string, listed bool) {
	for _, n := range found {
		names = append(names, w.words[n].text)
		listed = listed || w.words[n].listed
	}
	return names, listed
}

func hasRunes(text []rune, want string) bool {
	i := 0
	for _, c := range want {
		if i >= len(text) || text[i] != c {
			return false
		}
		i++
	}
	return true
}

// A token is a word of a text, folded; open if a wildcard stands behind it.
type token struct {
	text string
	open bool
}

// foldedText is a text as watch-words are compared with it: its words, and the characters of scripts
// without blanks one behind the other, with a zero where something else was between them.
type foldedText struct {
	tokens []token
	dense  []rune
}

// foldWords cuts a text into words: letters, digits and marks; everything else is between them.
func foldWords(text []byte) foldedText {
	var out foldedText
	var word []byte
	end := func(open bool) {
		if len(word) > 0 && len(out.tokens) < maxTokens {
			out.tokens = append(out.tokens, token{withoutArticle(string(word)), open})
		}
		word = word[:0]
	}
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		text = text[size:]
		c, second := foldRune(c)
		switch {
		case c == 0: // a mark or a sign of format: nothing
		case isDense(c):
			end(false)
			out.dense = append(out.dense, c)
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			word = utf8.AppendRune(word, c)
			if second != 0 {
				word = utf8.AppendRune(word, second)
			}
			out.dense = apart(out.dense)
		default:
			end(c == '*' || c == '%')
			if !unicode.IsSpace(c) {
				out.dense = apart(out.dense)
			}
		}
	}
	end(false)
	if n := len(out.dense); n > 0 && out.dense[n-1] == 0 {
		out.dense = out.dense[:n-1]
	}
	return out
}

// apart ends a run of characters, once.
func apart(dense []rune) []rune {
	if n := len(dense); n > 0 && dense[n-1] != 0 {
		return append(dense, 0)
	}
	return dense
}

// isDense tells the characters of scripts that have no blanks between words.
func isDense(c rune) bool {
	return c >= 0x0e00 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// articles stand before a word in Arabic and are written with it: "the", "and the", "for the" ...
var articles = [...]string{"وال", "بال", "كال", "فال", "لل", "ال"}

// withoutArticle takes Arabic's article off a word, if three letters remain: less would make another
// word of it.
func withoutArticle(word string) string {
	for _, a := range articles {
		if rest, ok := strings.CutPrefix(word, a); ok && utf8.RuneCountInString(rest) >= 3 {
			return rest
		}
	}
	return word
}
