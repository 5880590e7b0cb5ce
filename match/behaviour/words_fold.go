package behaviour

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// foldRune gives the character that stands for all forms of a letter: small, without marks, in the
// letters of one keyboard. second is the other half of a letter that stands for two; c is 0 for what
// is no letter of its own. It covers what people type in searches, not the whole of Unicode's
// compatibility forms (UAX 15): precomposed and combining marks of Latin, Greek and Cyrillic,
// full-width forms, and Arabic script with its variants and presentation forms.
func foldRune(c rune) (folded, second rune) {
	switch {
	case c < 0x80:
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A', 0
		}
		return c, 0
	case 0xff01 <= c && c <= 0xff5e: // full-width ASCII
		return foldRune(c - 0xff01 + '!')
	case c == 0x3000: // a blank as wide as a character
		return ' ', 0
	case 0x0600 <= c && c <= 0x06ff:
		return foldArabic(c), 0
	case 0xfb50 <= c && c <= 0xfefc:
		return foldPresented(c)
	case unicode.Is(unicode.Mn, c), unicode.Is(unicode.Cf, c):
		return 0, 0
	}
	c = unicode.ToLower(c)
	if c > 0x0500 && (c < 0x1e00 || c > 0x1eff) {
		return c, 0
	}
	switch c {
	case 'ß':
		return 's', 's'
	case 'æ':
		return 'a', 'e'
	case 'œ':
		return 'o', 'e'
	}
	for _, set := range accented {
		if first := rune(set[0]); first < 0x80 {
			if strings.ContainsRune(set[1:], c) {
				return first, 0
			}
		} else if strings.ContainsRune(set, c) {
			for _, base := range set {
				return base, 0
			}
		}
	}
	return c, 0
}

// accented are a letter and its precomposed forms.
var accented = [...]string{
	"aàáâãäåāăąǎảạấầẩẫậắằẳẵặ", "cçćĉċč", "dďđð", "eèéêëēĕėęěẻẽẹếềểễệ", "gĝğġģ", "hĥħ", "iìíîïĩīĭįıǐỉị", "jĵ", "kķ", "lĺļľŀł",
	"nñńņňŉ", "oòóôõöøōŏőơǒỏọốồổỗộớờởỡợ", "rŕŗř", "sśŝşšș", "tţťŧț", "uùúûüũūŭůűųưǔủụứừửữự", "wŵ", "yýÿŷỳỷỹỵ", "zźżž",
	"αά", "εέ", "ηή", "ιίϊΐ", "οό", "υύϋΰ", "ωώ", "σς", "еёѐ", "иѝй", "іїѓ",
}

// foldArabic folds letters that keyboards of Arabic and Persian have twice, and those that people
// write without their hamza; vowel marks and the stretching tatweel are nothing.
func foldArabic(c rune) rune {
	switch c {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی', 'ې', 'ئ':
		return 'ي'
	case 'ة', 'ۀ', 'ہ', 'ۂ', 'ە':
		return 'ه'
	case 'ک', 'ڪ':
		return 'ك'
	case 'ؤ':
		return 'و'
	case 'ـ', 'ء':
		return 0
	}
	switch {
	case 0x0660 <= c && c <= 0x0669:
		return c - 0x0660 + '0'
	case 0x06f0 <= c && c <= 0x06f9:
		return c - 0x06f0 + '0'
	case unicode.Is(unicode.Mn, c), unicode.Is(unicode.Cf, c):
		return 0
	}
	return c
}

// presented are the letters of Arabic's presentation forms, from U+FE80 on, each as often as it has
// forms (Unicode, chart "Arabic Presentation Forms-B"); two bytes a letter.
const presented = "ءآآأأؤؤإإئئئئااببببةةتتتتثثثثججججححححخخخخددذذررززسسسسششششصصصصضضضضططططظظظظععععغغغغففففققققككككللللممممننننههههووىىيييي"

// foldPresented folds a form that a letter takes within a word; U+FEF5 to U+FEFC are lam with alef.
func foldPresented(c rune) (folded, second rune) {
	switch {
	case c >= 0xfef5:
		return 'ل', 'ا'
	case c >= 0xfe80:
		base, _ := utf8.DecodeRuneInString(presented[2*(c-0xfe80):])
		return foldArabic(base), 0
	case 0xfb56 <= c && c <= 0xfb59:
		return 'پ', 0
	case 0xfb7a <= c && c <= 0xfb7d:
		return 'چ', 0
	case c == 0xfb8a, c == 0xfb8b:
		return 'ژ', 0
	case 0xfb8e <= c && c <= 0xfb91:
		return 'ك', 0
	case 0xfb92 <= c && c <= 0xfb95:
		return 'گ', 0
	case 0xfbfc <= c && c <= 0xfbff:
		return 'ي', 0
	}
	if unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Cf, c) || unicode.IsMark(c) {
		return 0, 0
	}
	return c, 0
}
