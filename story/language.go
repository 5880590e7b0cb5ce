package story

import (
	"unicode"
)

// smallWords are words that only occur in one of the languages, or mostly.
var smallWords = []struct{ tag, words string }{
	{"en", ` the and of that with was were from this which `},
	{"fr", ` le les des du et est dans une pour par sur qui `},
	{"es", ` el los las y que una por para con del se `},
	{"de", ` der die das und ist nicht mit von den eine auf `},
	{"pt", ` os um uma e que não para com do da em `},
	{"it", ` il gli e di che una per con della sono `},
	{"nl", ` de het een en van dat niet met op zijn `},
}

// language guesses the language of a text: by its script, or by its small words.
func (r *reading) language() string {
	const sample = 4000
	var latin, arabic, cyrillic, han, kana, hangul, hebrew int
	counts := make([]int, len(smallWords))
	for i := range r.tokens[:min(len(r.tokens), sample)] {
		w := r.word(i)
		for _, c := range w {
			switch {
			case c < 0x250:
				latin++
			case unicode.Is(unicode.Arabic, c):
				arabic++
			case unicode.Is(unicode.Cyrillic, c):
				cyrillic++
			case unicode.Is(unicode.Han, c):
				han += 3
			case unicode.Is(unicode.Hiragana, c), unicode.Is(unicode.Katakana, c):
				kana += 3
			case unicode.Is(unicode.Hangul, c):
				hangul += 3
			case unicode.Is(unicode.Hebrew, c):
				hebrew++
			}
		}
		for l := range smallWords {
			if isOneOfWords(smallWords[l].words, w) {
				counts[l]++
			}
		}
	}
	most := max(latin, arabic, cyrillic, han+kana, hangul, hebrew)
	switch {
	case most == 0:
		return "und"
	case most == arabic:
		return "ar"
	case most == cyrillic:
		return "ru"
	case most == hangul:
		return "ko"
	case most == hebrew:
		return "he"
	case most == han+kana && kana > han/4:
		return "ja"
	case most == han+kana:
		return "zh"
	}
	best := 0
	for l := range counts {
		if counts[l] > counts[best] {
			best = l
		}
	}
	if counts[best] == 0 {
		return "und"
	}
	return smallWords[best].tag
}
