package behaviour

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWatchWords(t *testing.T) {
	w := newWatchWords([]Words{{"", "", []string{"Nimbus Accord", "كأس الصداقة", "星云协议", "zephyr*"}, false}})
	f := func(text, want string) {
		t.Helper()
		names, _ := w.names(w.find([]byte(text)))
		if got := strings.Join(names, "|"); got != want {
			t.Errorf("find(%q) = %q, want %q", text, got, want)
		}
	}
	f("", "")
	f("lunch and holidays", "")
	f("Summit", "summit")
	f(`subject:(SUMMIT OR visit) AND from:"x"`, "summit")
	f("summitry is another word", "")
	f("SELECT * FROM t WHERE c LIKE '%embassy%'", "embassy")
	f("*embas*", "embassy|embassies")
	f("LIKE '%a%'", "")
	f("mil*", "") // too short to mean one of the words
	f("ambassadors", "ambassador*")
	f("ambassad", "")
	f("ministry of  foreign\taffairs", "ministry of foreign affairs")
	f("ministry of internal affairs", "")
	f("ＥＭＢＡＳＳＹ", "embassy")
	// French: composed, decomposed, without accents, with the elided article.
	f("traité", "traité")
	f("traite\u0301", "traité")
	f("TRAITE", "traité")
	f("L'AMBASSADE de X", "ambassade*")
	f("visite d’État", "visite d'état")
	// Arabic: vowel marks, tatweel, article, hamza, ta marbuta; presentation forms.
	f("قِمَّة", "قمة")
	f("القمــة", "قمة")
	f("والقمه", "قمة")
	f("وزاره الخارجيه", "وزارة الخارجية")
	f("كاس الصداقه", "كأس الصداقة")
	f("\ufed7\ufee4\ufe94", "قمة")
	f("قمم", "")
	f("سفار*", "سفارة|السفارات|سفارت")
	// Persian, typed on an Arabic keyboard.
	f("وزارت امور خارجه", "وزارت امور خارجه")
	f("سفير", "سفير")
	f("كنسولگري", "کنسولگری")
	// Chinese has no blanks.
	f("二零二六年中阿峰会议程", "峰会")
	f("关于星云协议的邮件", "星云协议")
	f("峰 会", "峰会")
	f("峰x会", "")
	f("посольства", "посольств*")
	f("ВООРУЖЁННЫЕ СИЛЫ", "вооруженные силы")
	f("nimbus accord", "Nimbus Accord")
	f("Nimbus-Accord", "Nimbus Accord")
	f("zephyrus", "zephyr*")
	f("tbl_embassy_2026", "embassy")
	f(string([]byte{0xff, 0xfe, 's'}), "")
}

// What is listed goes before the same word of the built-in list, and says so.
func TestWatchWordsListed(t *testing.T) {
	w := newWatchWords([]Words{{"en", "", []string{"SUMMIT"}, false}})
	names, listed := w.names(w.find([]byte("summit")))
	if len(names) != 1 || names[0] != "SUMMIT" || !listed {
		t.Errorf("found %q, listed %t", names, listed)
	}
	if names, listed := w.names(w.find([]byte("embassy"))); len(names) != 1 || listed {
		t.Errorf("found %q, listed %t", names, listed)
	}
}

// Common words of a configuration weigh as those that are built in do, and count once with them.
func TestWatchWordsCommon(t *testing.T) {
	w := newWatchWords([]Words{{"tr", "", []string{"zirve", "SUMMIT"}, true}})
	names, listed := w.names(w.find([]byte("zirve summit")))
	if len(names) != 2 || listed {
		t.Errorf("found %q, listed %t, want two common words", names, listed)
	}
}

// FuzzWatchWords: a word that is put into a text with something between them is found there.
func FuzzWatchWords(f *testing.F) {
	f.Add("subject:x", "summit")
	f.Add("٪", "قمة")
	f.Add("峰", "峰会")
	f.Fuzz(func(t *testing.T, text, word string) {
		if !utf8.ValidString(word) || strings.ContainsAny(word, "*") || len(text)+len(word) > maxWatchedText/2 {
			return
		}
		w := newWatchWords([]Words{{"", "", []string{word}, false}})
		if !w.words[len(w.words)-1].listed {
			return // nothing of it is a letter
		}
		if len(foldWords([]byte(text)).tokens) > maxTokens/2 || len(w.find([]byte(text))) > maxFound/2 {
			return
		}
		names, _ := w.names(w.find([]byte(text + " | " + word)))
		for _, n := range names {
			if n == word {
				return
			}
		}
		t.Errorf("%q is not found behind %q, found %q", word, text, names)
	})
}
