package story

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decode gives a text in UTF-8. The content type ("text/html; charset=gb18030") may be "". What is
// not UTF-8 is taken for what a byte order mark, the content type or a declaration in HTML says, else
// for Windows-1252, in which any bytes are a text; a note says so.
func decode(data []byte, contentType string) (text, note string) {
	if enc := wide(data); enc != "" {
		contentType = "text/plain; charset=" + enc
	}
	if contentType == "" && utf8.Valid(data) {
		return strings.TrimPrefix(string(data), "\ufeff"), ""
	}
	e, name, certain := charset.DetermineEncoding(data[:min(len(data), 1024)], contentType)
	if contentType == "" && !certain && name == "windows-1252" {
		if guess := guessEncoding(data); guess != "" {
			e, name = charset.Lookup(guess)
		}
		note = "it does not say how its letters are written; taken for " + name
	}
	decoded, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\ufffd"), "its letters are not written as " + name + ", as it says"
	}
	return strings.TrimPrefix(strings.ToValidUTF8(string(decoded), "\ufffd"), "\ufeff"), note
}

// wide recognises UTF-16 without a byte order mark: every other byte of a text in Latin letters is zero.
func wide(data []byte) string {
	n := min(len(data), 512) &^ 1
	if n < 8 {
		return ""
	}
	var zeros [2]int
	for i := range n {
		if data[i] == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[1] > n/4 && zeros[0] < n/16:
		return "utf-16le"
	case zeros[0] > n/4 && zeros[1] < n/16:
		return "utf-16be"
	}
	return ""
}

// guessEncoding looks at how bytes beyond ASCII follow each other: in pairs (GB18030, Shift_JIS), or
// mostly as letters of Cyrillic (Windows-1251). "" if nothing speaks for any of these.
func guessEncoding(data []byte) string {
	data = data[:min(len(data), 64<<10)]
	var high, chinese, japanese, cyrillic int
	for i := 0; i < len(data); i++ {
		c := data[i]
		if c < utf8.RuneSelf {
			continue
		}
		high++
		if c >= 0xc0 {
			cyrillic++
		}
		if i+1 == len(data) {
			break
		}
		next := data[i+1]
		switch {
		case (c == 0x82 || c == 0x83) && next >= 0x40 && next <= 0xf1: // Hiragana and Katakana
			japanese += 2
			i++
		case c >= 0xa1 && c <= 0xf7 && next >= 0xa1:
			chinese += 2
			high++
			if next >= 0xc0 {
				cyrillic++
			}
			i++
		case c >= 0x81 && c <= 0x9f && next >= 0x40: // a sign of Shift_JIS
			japanese++
			i++
		}
	}
	switch {
	case high < 8:
		return ""
	case japanese > high:
		return "shift_jis"
	case cyrillic > high*9/10 && high > len(data)/3:
		return "windows-1251"
	case chinese > high*9/10:
		return "gb18030"
	}
	return ""
}
