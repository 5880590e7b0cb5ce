package brief

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/match/sigma"
	"aldebaran/story"
)

var placeholders = regexp.MustCompile(`\{[a-z]+\}`)

// TestCatalogues holds that all languages say the same: the same messages, with the same names in them.
func TestCatalogues(t *testing.T) {
	english := speak("en")
	forms := map[string][]string{"en": {"one", "other"}, "fr": {"one", "other"}, "ar": {"few", "many", "one", "other", "two", "zero"}}
	for _, code := range Languages() {
		m := speak(code)
		if m.Language != code {
			t.Errorf("messages_%s.yml is in %q", code, m.Language)
		}
		for _, key := range slices.Sorted(maps.Keys(english.Messages)) {
			if got, want := names(m.Messages[key]), names(english.Messages[key]); !slices.Equal(got, want) || m.Messages[key] == "" {
				t.Errorf("%s: %s: names %v, want %v", code, key, got, want)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(english.Counts)) {
			if got := slices.Sorted(maps.Keys(m.Counts[key])); !slices.Equal(got, forms[code]) {
				t.Errorf("%s: count %s has forms %v, want %v", code, key, got, forms[code])
			}
			for form, text := range m.Counts[key] {
				if !slices.Equal(names(text), []string{"{n}"}) {
					t.Errorf("%s: count %s, %s: want one {n}, found %q", code, key, form, text)
				}
			}
		}
		if len(m.Messages) != len(english.Messages) || len(m.Counts) != len(english.Counts) {
			t.Errorf("%s: %d messages and %d counts, want %d and %d", code, len(m.Messages), len(m.Counts), len(english.Messages), len(english.Counts))
		}
	}
	if french, arabic := speak("fr").Texts, speak("ar").Texts; !maps.EqualFunc(french, arabic, func(string, string) bool { return true }) {
		t.Error("want French and Arabic to translate the same texts")
	}
	if got := speak("de").Language; got != "en" {
		t.Errorf("a language that there is none of is %q, want English", got)
	}
}

func names(text string) []string {
	all := placeholders.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

// TestMessagesAreThere holds that what is asked for by a name that is put together exists, and that
// nothing is in the catalogue that nobody asks for.
func TestMessagesAreThere(t *testing.T) {
	var keys []string
	add := func(prefix string, names ...string) {
		for _, n := range names {
			keys = append(keys, prefix+n)
		}
	}
	for _, v := range values {
		add("value.", key(v))
		add("overall.", key(v))
		add("answer.", key(v))
	}
	add("answer.", "could-not-see-none")
	add("strength.", "strong", "moderate", "weak")
	add("level.", sigma.Levels[:]...)
	add("confidence.", intel.Confidences()...)
	add("relevance.", "high", "medium", "low", "unknown")
	add("heading.", (&page{}).Sections()...)
	add("heading.", "happening", "matters", "next", "actions-seen", "actions-blind", "actions-more")
	add("because.seen", "", "-more", "-timeless", "-timeless-more")
	add("kind.", string(story.Actor), string(story.Malware), string(story.Tool), string(story.Technique), string(story.Vulnerability), string(story.Sector),
		string(story.Region), string(story.Country), string(story.System), string(story.Data), string(story.Period), string(story.Relation), string(story.Assessment), string(story.Advice), string(story.Indicator))
	for _, tactic := range attack.Tactics() {
		add("stage.", tactic.Short)
	}
	m := speak("en")
	for _, k := range keys {
		if m.Messages[k] == "" {
			t.Errorf("want a message %s", k)
		}
	}
	var source strings.Builder
	for _, pattern := range []string{"make", "make_actions", "make_coverage", "make_findings", "make_page", "make_sources", "make_timeline", "make_verdicts", "messages", "picture", "render_html", "render_markdown"} {
		text, err := os.ReadFile(pattern + ".go")
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	source.WriteString(pageSource)
	for _, k := range slices.Concat(slices.Sorted(maps.Keys(m.Messages)), slices.Sorted(maps.Keys(m.Counts))) {
		if !slices.Contains(keys, k) && !strings.Contains(source.String(), `"`+k+`"`) {
			t.Errorf("nobody asks for the message %s", k)
		}
	}
}

func TestCount(t *testing.T) {
	f := func(language, key string, n int, want string) {
		t.Helper()
		if got := speak(language).count(key, n).Plain(); got != want {
			t.Errorf("%s: %d %s: %q, want %q", language, n, key, got, want)
		}
	}
	f("en", "logs", 0, "0 logs")
	f("en", "logs", 1, "1 log")
	f("en", "logs", 2, "2 logs")
	f("en", "events", 1234567, "1,234,567 events")
	f("fr", "logs", 0, "0 journal")
	f("fr", "logs", 1, "1 journal")
	f("fr", "logs", 2, "2 journaux")
	f("fr", "logs", 1000000, "1\u202f000\u202f000 journaux")
	f("ar", "logs", 0, "0 سجل")
	f("ar", "logs", 1, "سجل واحد (1)")
	f("ar", "logs", 2, "سجلين (2)")
	f("ar", "logs", 3, "3 سجلات")
	f("ar", "logs", 11, "11 سجلًا")
	f("ar", "logs", 99, "99 سجلًا")
	f("ar", "logs", 100, "100 سجل")
	f("ar", "logs", 103, "103 سجلات")
	f("ar", "logs", 2000003, "2,000,003 سجل") // beyond maxPlural all are taken for a million
}

func TestList(t *testing.T) {
	f := func(language string, most int, want string, all ...string) {
		t.Helper()
		if got := speak(language).list(terms(all), most).Plain(); got != want {
			t.Errorf("%s: %v: %q, want %q", language, all, got, want)
		}
	}
	f("en", 3, "")
	f("en", 3, "a", "a")
	f("en", 3, "a and b", "a", "b")
	f("en", 3, "a, b and c", "a", "b", "c")
	f("en", 2, "a, b and 2 more", "a", "b", "c", "d")
	f("fr", 3, "a et b", "a", "b")
	f("ar", 3, "a، b وc", "a", "b", "c")
}

func TestFill(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := fill(text, args{"a": "{b}", "b": "x"}); string(got) != want {
			t.Errorf("fill(%q) = %q, want %q", text, got, want)
		}
	}
	f("", "")
	f("plain", "plain")
	f("{a} and {b}", "{b} and x") // what is put in is not filled in turn
	f("{c}", "")
	f("open {", "open {")
}
