package story

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word: letters and digits of any script without anything between, text[start:end].
type token struct {
	start, end int
}

// tokens cuts a text into words.
func tokens(text string) []token {
	all := make([]token, 0, len(text)/5)
	for i := 0; i < len(text); {
		n := wordRune(text[i:])
		if n == 0 {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		start := i
		for ; n > 0 && i < len(text); n = wordRune(text[i:]) {
			i += n
		}
		all = append(all, token{start, i})
	}
	return all
}

// wordRune is the length of the character that text starts with if it belongs to a word, else 0.
func wordRune(text string) int {
	if text == "" {
		return 0
	}
	c := text[0]
	if c < utf8.RuneSelf {
		if isLetterOrDigit(c) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(text)
	if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
		return n
	}
	return 0
}

func isLetterOrDigit(c byte) bool { return isLower(c) || isUpper(c) || isDigit(c) }
func isLower(c byte) bool         { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool         { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool         { return c >= '0' && c <= '9' }

// lowerASCII gives text with A to Z in lower case: places in it are places in text.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if isUpper(c) {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// capitalised tells whether a word begins with a capital letter, or with a digit before one ("3CX").
func capitalised(word string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(word, "0123456789"))
	return unicode.IsUpper(r)
}

// allCaps tells whether a word has capital letters, and no small ones.
func allCaps(word string) bool {
	upper := false
	for _, r := range word {
		if unicode.IsLower(r) {
			return false
		}
		upper = upper || unicode.IsUpper(r)
	}
	return upper
}

// innerCapital tells whether a capital follows a small letter or a digit, or a digit stands within:
// such words are names ("PlugX", "Gh0st").
func innerCapital(word string) bool {
	for i := 1; i < len(word); i++ {
		if isUpper(word[i]) && !isUpper(word[i-1]) || isDigit(word[i]) && i+1 < len(word) && isLower(word[i+1]) {
			return true
		}
	}
	return false
}
