package intel

import (
	"sort"
	"strings"
)

// Refang undoes what reports do to indicators so that nobody clicks on them: hxxp://, [.], (dot),
// [at], [:]//, "evil dot com", \., wide and raised dots, zero-width characters. Text that is not
// defanged stays as it is.
func Refang(s string) string { return refang(s).text }

// A plainText is a text without its defanging, and where each byte of it stood.
type plainText struct {
	text  string
	edits []edit
}

// An edit is a piece that was written otherwise: text[at:at+length] stood at [from, to) of the
// original. Edits are in order and apart.
type edit struct {
	at, length, from, to int
}

// before is the index of the last edit that starts at or before a place; -1 if there is none.
func (p *plainText) before(at int) int {
	return sort.Search(len(p.edits), func(i int) bool { return p.edits[i].at > at }) - 1
}

// origin gives the place in the original of text[start:end], and whether anything in it was defanged.
func (p *plainText) origin(start, end int) (from, to int, defanged bool) {
	first, last := p.before(start), p.before(end-1)
	from = start
	if first >= 0 {
		if e := p.edits[first]; start < e.at+e.length {
			from, defanged = e.from, true
		} else {
			from = e.to + start - e.at - e.length
		}
	}
	to = end
	if last >= 0 {
		to = p.edits[last].to + max(0, end-p.edits[last].at-p.edits[last].length)
	}
	return from, to, defanged || first != last
}

// refang makes the plain text in one pass; each place looks ahead a bounded number of bytes.
func refang(s string) *plainText {
	p := &plainText{}
	var b strings.Builder
	done := 0 // what was copied
	for i := 0; i < len(s); {
		if !maySpell[s[i]] {
			i++
			continue
		}
		n, plain := spelled(s, i)
		if n == 0 {
			i++
			continue
		}
		b.WriteString(s[done:i])
		p.edits = append(p.edits, edit{at: b.Len(), length: len(plain), from: i, to: i + n})
		b.WriteString(plain)
		i += n
		done = i
	}
	if done == 0 {
		p.text = s
		return p
	}
	b.WriteString(s[done:])
	p.text = b.String()
	return p
}

// maySpell are the bytes that something defanged can begin with.
var maySpell = func() (may [256]bool) {
	for _, c := range []byte("[({ \\.:hHmMfFtT\xc2\xe2\xe3\xef") {
		may[c] = true
	}
	return may
}()

// spelled gives the length of what is defanged at a place and what it stands for; 0 if nothing is.
func spelled(s string, i int) (n int, plain string) {
	switch s[i] {
	case '[', '(', '{':
		return spelledBracket(s, i)
	case ' ':
		return spelledWord(s, i)
	case '\\':
		return spelledEscape(s, i)
	case '.':
		// evil.]com
		if strings.HasPrefix(s[i:], ".]") && wordAt(s, i-1) && wordAt(s, i+2) {
			return 2, "."
		}
	case ':':
		// http:\\evil.com
		if strings.HasPrefix(s[i:], `:\\`) && wordAt(s, i+3) && (hasSuffixFold(s[:i], "http") || hasSuffixFold(s[:i], "https")) {
			return 3, "://"
		}
	case 'h', 'H', 'm', 'M', 'f', 'F', 't', 'T':
		return spelledScheme(s, i)
	default:
		return spelledWide(s, i)
	}
	return 0, ""
}

// bracketed are the things that stand in brackets, by what they stand for.
var bracketed = map[string]string{
	".": ".", "dot": ".", "d0t": ".", "punkt": ".", "point": ".", ",": ".", "․": ".",
	"@": "@", "at": "@", "@at": "@",
	":": ":", "://": "://", ":/": ":/", "/": "/", "//": "//",
}

// maxBracketed is the longest text in brackets that can be defanging, blanks included.
const maxBracketed = 9

// spelledBracket reads "[.]", "(dot)", "{at}", "[://]" and the half "evil[.com".
func spelledBracket(s string, i int) (int, string) {
	closing := byte(']')
	switch s[i] {
	case '(':
		closing = ')'
	case '{':
		closing = '}'
	}
	end := strings.IndexByte(s[i:min(len(s), i+maxBracketed)], closing)
	if end < 0 {
		if strings.HasPrefix(s[i:], "[.") && wordAt(s, i-1) && wordAt(s, i+2) && !closesAfterWord(s, i+2) {
			return 2, "."
		}
		return 0, ""
	}
	inside := strings.ToLower(strings.TrimSpace(s[i+1 : i+end]))
	plain, ok := bracketed[inside]
	after := i + end + 1
	switch {
	case !ok && (inside == "http" || inside == "https") && strings.HasPrefix(s[after:], "://"):
		return end + 1, inside
	case !ok:
		return 0, ""
	case plain == "." || plain == "@":
		if !wordAt(s, i-1) && !closedAt(s, i-1) || !wordAt(s, after) {
			return 0, ""
		}
	case !wordAt(s, i-1) && !closedAt(s, i-1) && !isAt(s, i-1, ':') && !isAt(s, i-1, '/'):
		return 0, ""
	}
	return end + 1, plain
}

// spelledWord reads " dot " between words that make a domain, and dots in brackets with blanks
// around them.
func spelledWord(s string, i int) (int, string) {
	if !wordAt(s, i-1) || i+3 >= len(s) {
		return 0, ""
	}
	switch s[i+1] {
	case '[', '(', '{':
		// evil [.] com
		closing := strings.IndexAny(s[i+1:min(len(s), i+1+maxBracketed)], "])}")
		if closing < 0 {
			return 0, ""
		}
		after := i + 1 + closing + 1
		plain := bracketed[strings.ToLower(strings.TrimSpace(s[i+2:after-1]))]
		if plain != "." && plain != "@" || !isAt(s, after, ' ') || !wordAt(s, after+1) {
			return 0, ""
		}
		return after + 1 - i, plain
	case 'd', 'D':
		if dotWord(s, i) && endsInTLD(s, i+len(" dot ")) {
			return len(" dot "), "."
		}
	}
	return 0, ""
}

func dotWord(s string, i int) bool {
	const word = " dot "
	return len(s) >= i+len(word) && strings.EqualFold(s[i:i+len(word)], word) && wordAt(s, i+len(word))
}

// maxSpelledLabels is how many labels "www dot evil dot com" may have.
const maxSpelledLabels = 8

// endsInTLD follows labels joined by " dot " to the last one, which must be a name that domains
// end in and that is no word of English.
func endsInTLD(s string, i int) bool {
	for range maxSpelledLabels {
		end := i
		for end < len(s) && end-i <= maxLabel && (isWord(s[end]) || s[end] == '-') {
			end++
		}
		if dotWord(s, end) {
			i = end + len(" dot ")
			continue
		}
		label := strings.ToLower(s[i:end])
		return isTLD(label) && !englishTLDs[label]
	}
	return false
}

// englishTLDs are names that domains end in and that stand in sentences: "the dot in the middle".
var englishTLDs = map[string]bool{
	"in": true, "is": true, "it": true, "at": true, "to": true, "be": true, "so": true, "as": true,
	"by": true, "do": true, "my": true, "me": true, "no": true, "us": true, "am": true, "an": true,
	"and": true, "for": true, "on": true, "has": true, "are": true, "the": true, "or": true,
	"matrix": true, "notation": true, "new": true, "one": true, "like": true, "will": true, "you": true,
}

// spelledEscape reads "evil\.com" as regular expressions have it, and "http:\/\/" of JSON.
func spelledEscape(s string, i int) (int, string) {
	switch {
	case isAt(s, i+1, '/') && (isAt(s, i-1, ':') || isAt(s, i-1, '/') || wordAt(s, i-1)):
		return 2, "/"
	case isAt(s, i+1, '.') && wordAt(s, i-1) && wordAt(s, i+2) && !inPath(s, i):
		return 2, "."
	}
	return 0, ""
}

// inPath tells whether a backslash stands in a path, where it is a separator: C:\Users\x\.ssh.
func inPath(s string, i int) bool {
	for k := i - 1; k >= max(0, i-maxLabel); k-- {
		switch c := s[k]; {
		case c == ' ' || c == '\n' || c == '\t':
			return false
		case c == '\\' && !isAt(s, k+1, '.'), c == ':' || c == '%':
			return true
		}
	}
	return false
}

// schemes are how the names of protocols are written so that they are none.
var schemes = [...]struct{ written, plain string }{
	{"hxxps", "https"}, {"hxxp", "http"}, {"h**ps", "https"}, {"h**p", "http"}, {"hxtps", "https"},
	{"hxtp", "http"}, {"htxps", "https"}, {"htxp", "http"}, {"hzzps", "https"}, {"hzzp", "http"},
	{"hxxxs", "https"}, {"hxxx", "http"}, {"hxxtps", "https"}, {"hxxtp", "http"},
	{"meows", "https"}, {"meow", "http"}, {"fxps", "ftps"}, {"fxp", "ftp"}, {"ttps", "https"}, {"ttp", "http"},
}

func spelledScheme(s string, i int) (int, string) {
	if wordAt(s, i-1) {
		return 0, ""
	}
	for _, scheme := range schemes {
		n := len(scheme.written)
		if len(s) < i+n || !strings.EqualFold(s[i:i+n], scheme.written) {
			continue
		}
		rest := s[i+n:]
		for _, after := range [...]string{"://", ":\\\\", ":\\/", "[:", "(:", "{:", ":[/", "[//"} {
			if strings.HasPrefix(rest, after) {
				return n, scheme.plain
			}
		}
	}
	return 0, ""
}

// wide are characters that look like those of addresses.
var wide = [...]struct{ written, plain string }{
	{"．", "."}, {"。", "."}, {"｡", "."}, {"․", "."}, {"﹒", "."},
	{"＠", "@"}, {"﹫", "@"}, {"：", ":"}, {"／", "/"},
	{"\u200b", ""}, {"\u200c", ""}, {"\u200d", ""}, {"\u2060", ""}, {"\ufeff", ""}, {"\u00ad", ""},
}

func spelledWide(s string, i int) (int, string) {
	for _, w := range wide {
		if !strings.HasPrefix(s[i:], w.written) {
			continue
		}
		after := i + len(w.written)
		switch w.plain {
		case "":
			return len(w.written), ""
		case ".", "@":
			if !wordAt(s, i-1) || !wordAt(s, after) {
				return 0, ""
			}
		case ":":
			if !wordAt(s, i-1) || !isAt(s, after, '/') && !strings.HasPrefix(s[after:], "／") {
				return 0, ""
			}
		case "/":
			if !isAt(s, i-1, '/') && !wordAt(s, i-1) && !strings.HasSuffix(s[:i], "／") && !strings.HasSuffix(s[:i], "：") && !isAt(s, i-1, ':') {
				return 0, ""
			}
		}
		return len(w.written), w.plain
	}
	return 0, ""
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func wordAt(s string, i int) bool { return i >= 0 && i < len(s) && isWord(s[i]) }

func isAt(s string, i int, c byte) bool { return i >= 0 && i < len(s) && s[i] == c }

func closedAt(s string, i int) bool { return isAt(s, i, ']') || isAt(s, i, ')') || isAt(s, i, '}') }

// closesAfterWord tells "name[.dll]", where the bracket is what it is, from "evil[.com".
func closesAfterWord(s string, i int) bool {
	for i < len(s) && isWord(s[i]) {
		i++
	}
	return isAt(s, i, ']')
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
