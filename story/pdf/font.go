package pdf

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// A font says what the codes of a text mean and how wide they are.
type font struct {
	// wide fonts have codes of two bytes.
	wide    bool
	unicode map[int]string
	// plain gives the letters of codes that unicode does not have, for fonts of one byte.
	plain  [256]string
	widths map[int]float64 // in thousandths of the size
	width  float64         // of codes that widths does not have
	// unknown fonts have no way from codes to letters.
	unknown bool
}

// maxCodes bounds what a map of a font holds: Unicode has that many assigned characters of its first plane.
const maxCodes = 70_000

// font reads a font of the resources of a page.
func (f *file) font(o object) *font {
	r, isRef := o.(ref)
	if isRef {
		if known := f.fonts[r]; known != nil {
			return known
		}
	}
	d, _ := f.dict(o)
	t := &font{unicode: map[int]string{}, widths: map[int]float64{}, width: 500}
	if isRef {
		f.fonts[r] = t
	}
	if d["Subtype"] == name("Type0") {
		f.composite(t, d)
	} else {
		f.simple(t, d)
	}
	if s, ok := f.value(d["ToUnicode"]).(*stream); ok {
		t.readMap(f.unpack(s))
	} else if t.wide {
		t.unknown = true
	}
	return t
}

// composite reads a font of two-byte codes (9.7).
func (f *file) composite(t *font, d dict) {
	t.wide, t.width = true, 1000
	list, _ := f.value(d["DescendantFonts"]).(array)
	if len(list) == 0 {
		return
	}
	descendant, _ := f.dict(list[0])
	if w, ok := f.value(descendant["DW"]).(float64); ok {
		t.width = w
	}
	widths, _ := f.value(descendant["W"]).(array)
	for i := 0; i+1 < len(widths) && len(t.widths) < maxCodes; {
		first, _ := f.value(widths[i]).(float64)
		if list, ok := f.value(widths[i+1]).(array); ok { // c [w1 w2 ...]
			for n, w := range list[:min(len(list), maxCodes)] {
				t.widths[int(first)+n], _ = f.value(w).(float64)
			}
			i += 2
			continue
		}
		if i+2 >= len(widths) { // first last w
			return
		}
		last, _ := f.value(widths[i+1]).(float64)
		w, _ := f.value(widths[i+2]).(float64)
		for c := first; c <= last && c < first+maxCodes && len(t.widths) < maxCodes; c++ {
			t.widths[int(c)] = w
		}
		i += 3
	}
}

// simple reads a font of one-byte codes (9.6).
func (f *file) simple(t *font, d dict) {
	first, _ := f.value(d["FirstChar"]).(float64)
	widths, _ := f.value(d["Widths"]).(array)
	for i, w := range widths[:min(len(widths), 256)] {
		t.widths[int(first)+i], _ = f.value(w).(float64)
	}
	base := charmap.Windows1252
	encoding := f.value(d["Encoding"])
	if n, _ := encoding.(name); n == "MacRomanEncoding" {
		base = charmap.Macintosh
	}
	differences, _ := encoding.(dict)
	if n, _ := f.value(differences["BaseEncoding"]).(name); n == "MacRomanEncoding" {
		base = charmap.Macintosh
	}
	for c := range t.plain {
		if r := base.DecodeByte(byte(c)); c >= ' ' && r != 0xfffd {
			t.plain[c] = string(r)
		}
	}
	list, _ := f.value(differences["Differences"]).(array)
	code := 0
	for _, o := range list[:min(len(list), 1024)] {
		switch v := f.value(o).(type) {
		case float64:
			code = int(v)
		case name:
			if code >= 0 && code < 256 {
				t.plain[code] = glyph(string(v))
			}
			code++
		}
	}
}

// glyphNames are the names of letters that are not their own (Adobe Glyph List, the part that Latin fonts have).
const glyphNames = `space=  exclam=! quotedbl=" numbersign=# dollar=$ percent=% ampersand=& quotesingle=' parenleft=( parenright=) asterisk=* plus=+ comma=, hyphen=- period=. slash=/ ` +
	`zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 colon=: semicolon=; less=< equal== greater=> question=? at=@ bracketleft=[ backslash=\ bracketright=] ` +
	`asciicircum=^ underscore=_ grave=` + "`" + ` braceleft={ bar=| braceright=} asciitilde=~ quoteleft=‘ quoteright=’ quotedblleft=“ quotedblright=” endash=– emdash=— bullet=• ellipsis=… ` +
	`fi=fi fl=fl ff=ff ffi=ffi ffl=ffl eacute=é egrave=è agrave=à ccedilla=ç udieresis=ü odieresis=ö adieresis=ä Udieresis=Ü Odieresis=Ö Adieresis=Ä germandbls=ß ntilde=ñ ` +
	`aacute=á iacute=í oacute=ó uacute=ú ecircumflex=ê acircumflex=â ocircumflex=ô icircumflex=î ucircumflex=û copyright=© registered=® trademark=™ degree=° minus=− nbspace=  sfthyphen=- `

// glyph gives the letters that a glyph of a font stands for, by its name.
func glyph(n string) string {
	n, _, _ = strings.Cut(n, ".")
	if len(n) == 1 {
		return n
	}
	if i := strings.Index(glyphNames, " "+n+"="); i >= 0 || strings.HasPrefix(glyphNames, n+"=") {
		rest := glyphNames[i+len(" ")+len(n)+len("="):]
		if i < 0 {
			rest = glyphNames[len(n)+len("="):]
		}
		if strings.HasPrefix(rest, " ") {
			return " "
		}
		letters, _, _ := strings.Cut(rest, " ")
		return letters
	}
	if hex, ok := strings.CutPrefix(n, "uni"); ok && len(hex) == 4 {
		v := 0
		for i := range len(hex) {
			d, ok := hexDigit(hex[i])
			if !ok {
				return ""
			}
			v = v<<4 | d
		}
		return string(rune(v))
	}
	return ""
}

// readMap reads a map from codes to Unicode (9.10.3).
func (t *font) readMap(data []byte) {
	l := lexer{data: data, content: true}
	for op, stack := range l.operations(3 * maxCodes) {
		switch op {
		case "endcodespacerange":
			if len(stack) > 0 {
				last, _ := stack[len(stack)-1].(text)
				t.wide = len(last) == 2
			}
		case "endbfchar":
			for i := 0; i+1 < len(stack) && len(t.unicode) < maxCodes; i += 2 {
				from, ok1 := stack[i].(text)
				to, ok2 := stack[i+1].(text)
				if ok1 && ok2 {
					t.unicode[code(from)] = fromUTF16(to)
				}
			}
		case "endbfrange":
			t.ranges(stack)
		}
	}
}

// ranges reads "<first> <last> <to>" and "<first> <last> [<to> ...]".
func (t *font) ranges(stack array) {
	for i := 0; i+2 < len(stack) && len(t.unicode) < maxCodes; i += 3 {
		first, ok1 := stack[i].(text)
		last, ok2 := stack[i+1].(text)
		if !ok1 || !ok2 {
			continue
		}
		from, to := code(first), code(last)
		switch target := stack[i+2].(type) {
		case text:
			runes := []rune(fromUTF16(target))
			if len(runes) == 0 {
				continue
			}
			for c := from; c <= to && c-from < 65536 && len(t.unicode) < maxCodes; c++ {
				t.unicode[c] = string(runes)
				runes[len(runes)-1]++
			}
		case array:
			for n, o := range target {
				if s, ok := o.(text); ok && from+n <= to && len(t.unicode) < maxCodes {
					t.unicode[from+n] = fromUTF16(s)
				}
			}
		}
	}
}

// code is a code of one to four bytes.
func code(s text) int {
	c := 0
	for i := range min(len(s), 4) {
		c = c<<8 | int(s[i])
	}
	return c
}

func fromUTF16(s text) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	var units []uint16
	for i := 0; i+1 < len(s) && len(units) < 64; i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}

// plainText reads a text outside of pages: UTF-16 with a mark, UTF-8 with a mark, or Latin letters.
func plainText(s text) string {
	switch {
	case strings.HasPrefix(string(s), "\xfe\xff"):
		var units []uint16
		for i := 2; i+1 < min(len(s), maxToken); i += 2 {
			units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
		}
		return string(utf16.Decode(units))
	case strings.HasPrefix(string(s), "\xef\xbb\xbf"):
		return strings.ToValidUTF8(string(s[3:min(len(s), maxToken)]), "\ufffd")
	}
	var b strings.Builder
	for i := range min(len(s), maxToken) {
		b.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return b.String()
}
