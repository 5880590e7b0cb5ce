package story

import (
	"embed"
	"strings"
	"sync"
)

//go:embed places*.txt trades*.txt systems*.txt
var gazetteerFiles embed.FS

// A gazetteer gives each of many phrases one name.
type gazetteer struct {
	phrases
	names []string
	// caps are the entries that must be written in capitals: "US".
	caps map[int]bool
	// small tells that names are written in small letters, too, as adjectives are in most languages.
	small bool
}

// gazetteers are the places, sectors and systems in the words of one language.
type gazetteers struct {
	places, trades, systems *gazetteer
}

// gazetteersOf gives those of a language by its tag; of a language that has none the English ones.
func gazetteersOf(language string) *gazetteers {
	for i := range otherLanguages {
		if otherLanguages[i].tag == language {
			return otherLanguages[i].read()
		}
	}
	return englishNames()
}

var englishNames = sync.OnceValue(func() *gazetteers { return readGazetteers("", nil) })

// otherLanguages are those whose words are known besides English.
var otherLanguages = [...]struct {
	tag  string
	read func() *gazetteers
}{
	{"fr", sync.OnceValue(func() *gazetteers { return readGazetteers("_fr", nil) })},
	{"ar", sync.OnceValue(func() *gazetteers { return readGazetteers("_ar", proclitics) })},
}

// proclitics gives an Arabic word with what may be written together with it: "and", "in", "to", "as".
func proclitics(phrase string) []string {
	all := []string{phrase}
	for _, p := range [...]string{"و", "ب", "ل", "ف", "ك"} {
		all = append(all, p+phrase)
	}
	if rest, ok := strings.CutPrefix(phrase, "ال"); ok {
		all = append(all, "لل"+rest)
	}
	return all
}

func readGazetteers(suffix string, forms func(string) []string) *gazetteers {
	read := func(name string) *gazetteer {
		file, err := gazetteerFiles.ReadFile(name + suffix + ".txt")
		if err != nil {
			panic(err) // it is embedded
		}
		g := readGazetteer(string(file), forms)
		g.small = suffix != ""
		return g
	}
	return &gazetteers{read("places"), read("trades"), read("systems")}
}

// readGazetteer reads lines of "name: phrase, phrase"; # begins a comment. forms gives the forms of a phrase; nil is
// the phrase alone.
func readGazetteer(file string, forms func(string) []string) *gazetteer {
	g := &gazetteer{phrases: newPhrases(), caps: map[int]bool{}}
	for line := range strings.Lines(file) {
		name, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for phrase := range strings.SplitSeq(list, ", ") {
			phrase, caps := strings.CutPrefix(phrase, "=")
			all := []string{phrase}
			if forms != nil {
				all = forms(phrase)
			}
			for _, form := range all {
				if caps {
					g.caps[len(g.names)] = true
				}
				g.add(form, len(g.names))
				g.names = append(g.names, name)
			}
		}
	}
	return g
}
