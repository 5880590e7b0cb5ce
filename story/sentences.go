package story

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSentence is how long a sentence can be, in bytes: what goes on is a table, or made to slow us down.
const maxSentence = 2000

// sentences cuts text[from:to], which is one block of a document, into sentences without the blanks
// around them. A block is a paragraph, an entry of a list, a heading, a cell of a table.
func sentences(text string, from, to int, all []Span) []Span {
	start := from
	for i := from; i < to; i++ {
		c := text[i]
		if i-start >= maxSentence && (c == ' ' || c == '\n' || i-start >= 2*maxSentence && utf8.RuneStart(c)) {
			all = appendTrimmed(all, text, start, i)
			start = i
		}
		if c != '.' && c != '!' && c != '?' && c < utf8.RuneSelf {
			continue
		}
		end := i + 1
		if c >= utf8.RuneSelf {
			// The full stops of East Asian and Arabic texts need no blank behind them.
			r, n := utf8.DecodeRuneInString(text[i:to])
			if !strings.ContainsRune("。！？؟۔।", r) {
				i += n - 1
				continue
			}
			end = i + n
		} else if !endsSentence(text[:to], start, i) {
			continue
		}
		for end < to && strings.IndexByte(`"')]`, text[end]) >= 0 || strings.HasPrefix(text[end:to], "”") {
			if text[end] >= utf8.RuneSelf {
				end += len("”")
				continue
			}
			end++
		}
		all = appendTrimmed(all, text, start, end)
		start, i = end, end-1
	}
	return appendTrimmed(all, text, start, to)
}

func appendTrimmed(all []Span, text string, from, to int) []Span {
	s := trimSpan(text, from, to)
	if s.Start == s.End {
		return all
	}
	return append(all, s)
}

// trimSpan takes the blanks off both ends.
func trimSpan(text string, from, to int) Span {
	left := strings.TrimLeftFunc(text[from:to], unicode.IsSpace)
	from = to - len(left)
	return Span{from, from + len(strings.TrimRightFunc(left, unicode.IsSpace))}
}

// endsSentence tells whether the stop at i ends a sentence that started at start: something that can
// begin a sentence follows it, and the word before it is no abbreviation.
func endsSentence(text string, start, i int) bool {
	rest := text[i+1:]
	rest = strings.TrimLeft(rest, `"')]”`)
	if rest == "" {
		return true
	}
	if c := rest[0]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
		return false
	}
	rest = strings.TrimLeft(rest, " \n\t\r\"'“‘([")
	next, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsLower(next) || text[i] == '.' && strings.ContainsRune(",;:)", next) {
		// mssq.bat and the like begin sentences, but far more words follow an abbreviation
		return false
	}
	if text[i] != '.' {
		return true
	}
	word := text[start:i]
	word = word[strings.LastIndexAny(word, " \n\t(\"")+1:]
	switch strings.ToLower(word) {
	case "e.g", "i.e", "vs", "cf", "mr", "mrs", "ms", "dr", "prof", "st", "no", "inc", "corp", "ltd", "fig", "approx", "al", "u.s", "u.k", "d.c", "a.k.a", "co", "gen", "col", "lt", "rev", "sen", "vol", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec":
		return unicode.IsUpper(next) && isOneOfWords(" U.S U.K D.C Ltd Inc Corp Co ", word) && startsSentence(rest)
	}
	// "J. Smith", "1. Patch"
	return len(word) != 1 || !isUpper(word[0]) && !isDigit(word[0])
}

// startsSentence tells whether a text begins with a word that hardly is the second part of a name.
func startsSentence(text string) bool {
	for _, w := range [...]string{"The ", "This ", "In ", "It ", "They ", "These ", "On ", "A ", "An ", "We ", "For ", "Since "} {
		if strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}
