package brief

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Languages lists the languages of briefs, by their codes; the first is the one for "".
func Languages() []string { return []string{"en", "fr", "ar"} }

//go:embed messages_*.yml
var catalogues embed.FS

// messages are the words of one language.
type messages struct {
	Language  string `yaml:"language"`
	Direction string `yaml:"direction"`
	// Thousands stands between groups of three digits.
	Thousands string `yaml:"thousands"`
	// Messages are sentences and labels with {names} in them; Counts have a form for each plural
	// category of the language (CLDR), with {n} for the number.
	Messages map[string]string            `yaml:"messages"`
	Counts   map[string]map[string]string `yaml:"counts"`
	// Texts translate English words and sentences that packs, plans and rules have.
	Texts map[string]string `yaml:"texts"`

	tag language.Tag
}

var loaded = sync.OnceValues(func() (map[string]*messages, error) {
	all := map[string]*messages{}
	for _, code := range Languages() {
		text, err := catalogues.ReadFile("messages_" + code + ".yml")
		if err != nil {
			return nil, err
		}
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		m := &messages{tag: language.Make(code)}
		if err := d.Decode(m); err != nil {
			return nil, fmt.Errorf("messages_%s.yml: %w", code, err)
		}
		all[code] = m
	}
	return all, nil
})

// speak gives the messages of a language; English for one that there is none of. The catalogues are
// part of the program, and a test reads them: an error is a fault of ours.
func speak(code string) *messages {
	all, err := loaded()
	if err != nil {
		panic("brief: " + err.Error())
	}
	if m := all[strings.ToLower(code)]; m != nil {
		return m
	}
	return all[Languages()[0]]
}

// args are what is put into a message, by name.
type args map[string]Text

// say is a message with its arguments. One that is not in the catalogue is shown by its key: the test of
// the catalogues finds all of those.
func (m *messages) say(key string, with args) Text {
	text, ok := m.Messages[key]
	if !ok {
		return Text("⟦" + key + "⟧")
	}
	return fill(text, with)
}

// label is a message without arguments.
func (m *messages) label(key string) Text { return m.say(key, nil) }

// count is a number of things.
func (m *messages) count(key string, n int) Text {
	forms, ok := m.Counts[key]
	if !ok {
		return Text("⟦" + key + "⟧")
	}
	form := "other"
	if name := pluralNames[plural.Cardinal.MatchPlural(m.tag, min(n, maxPlural), 0, 0, 0, 0)]; forms[name] != "" {
		form = name
	}
	return fill(forms[form], args{"n": m.number(n)})
}

// maxPlural is the largest number that is looked at for its plural; beyond, all languages that we
// have take the same form as for this one.
const maxPlural = 1_000_000

var pluralNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// number groups digits by thousands.
func (m *messages) number(n int) Text {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + m.Thousands + s[i:]
	}
	return Text(isolateLTR) + Text(s) + Text(isolateEnd)
}

// known is a text of packs or rules in this language, and whether the catalogue has it.
func (m *messages) known(english string) (Text, bool) {
	if t, ok := m.Texts[english]; ok {
		return Text(t), true
	}
	return words(english), m.Language == "en"
}

// word is known for what is put into a sentence.
func (m *messages) word(english string) Text {
	t, _ := m.known(english)
	return t
}

func (m *messages) wordsOf(all []string) []Text {
	out := make([]Text, len(all))
	for i, s := range all {
		out[i] = m.word(s)
	}
	return out
}

// list names the first of several, and counts the others.
func (m *messages) list(all []Text, most int) Text {
	if len(all) == 0 {
		return ""
	}
	if len(all) > most {
		all = append(slices.Clone(all[:most]), m.count("more", len(all)-most))
	}
	var b strings.Builder
	for i, t := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(m.Messages["list.last"])
		default:
			b.WriteString(m.Messages["list.between"])
		}
		b.WriteString(string(t))
	}
	return Text(b.String())
}

// fill puts arguments where their {names} stand.
func fill(text string, with args) Text {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return Text(b.String())
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return Text(b.String())
		}
		b.WriteString(string(with[name]))
		text = after
	}
}
