package sigma

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

func TestExplainItem(t *testing.T) {
	one := func(texts ...string) (els []element) {
		for _, s := range texts {
			els = append(els, element{text: s})
		}
		return els
	}
	match := func(s string) *Item { return &Item{Field: "F", Kind: ItemMatch, Pattern: ParsePattern(s)} }
	cased := func(s string) *Item { it := match(s); it.Cased = true; return it }
	number := func(s string, n float64) *Item {
		return &Item{Field: "F", Kind: ItemNumber, Number: n, Pattern: Pattern{{Literal: s}}}
	}
	compare := func(c Cmp, n float64) *Item { return &Item{Field: "F", Kind: ItemCompare, Cmp: c, Number: n} }
	part := func(p TimePart, n float64) *Item { it := number("", n); it.Part = p; return it }
	ref := func(r Ref) *Item { return &Item{Field: "F", Kind: ItemFieldRef, RefField: "G", Ref: r} }
	null := []element{{null: true}}
	f := func(name string, it *Item, els []element, want bool, other ...[]element) {
		t.Helper()
		if got := evalItem(it, els, els != nil, other...); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f("whole value", match("abc"), one("xabc"), false)
	f("without case", match("STRASSE\u212A"), one("ſtraßek"), false) // ß is not ss under simple folding
	f("Unicode without case", match("ΣÉK"), one("ςék"), true)
	f("cased", cased("abc"), one("abC"), false)
	f("star crosses newlines", match("a*c"), one("a\n\nc"), true)
	f("star is anchored", match("a*c"), one("abcd"), false)
	f("one", match("a?c"), one("aéc"), true)
	f("one is not none", match("a?c"), one("ac"), false)
	f("escaped star", match(`a\*c`), one("abc"), false)
	f("backtracking", match("*ab*ab"), one("ababcab"), true)
	f("absent", match("*"), nil, false)
	f("empty", match(""), one(""), true)
	f("any element", match("b"), one("a", "b"), true)
	f("joined", match("a*b"), one("a", "b"), true)
	f("number as number", number("4624", 4624), one("04624.0"), true)
	f("number as text", number("4624", 4624), one("0x1210"), false)
	f("large numbers are exact", number("9007199254740993", 9007199254740992), one("9007199254740992"), false)
	f("minus nought", number("0", 0), one("-0.00"), true)
	f("no digits", number("0", 0), one("."), false)
	f("less", compare(Less, 5), one("-7.5"), true)
	f("no number", compare(GreaterEqual, 0), one("five"), false)
	f("hour", part(Hour, 23), one("2026-03-01T23:59:59.1234567Z"), true)
	f("ISO week", part(Week, 9), one("2026-03-01 00:00:00"), true)
	f("no date", part(Year, 2026), one("2026"), false)
	f("regexp is part and cased", &Item{Kind: ItemRegexp, Regexp: "b+C"}, one("abbCd"), true)
	f("regexp has its own case", &Item{Kind: ItemRegexp, Regexp: "b+C"}, one("abbcd"), false)
	f("cidr", &Item{Kind: ItemCIDR, CIDR: "10.0.0.0/8"}, one("::ffff:10.2.3.4"), true)
	f("cidr v6", &Item{Kind: ItemCIDR, CIDR: "fe80::/10"}, one("fe80::1%eth0"), true)
	f("cidr of a text", &Item{Kind: ItemCIDR, CIDR: "0.0.0.0/0"}, one("localhost"), false)
	f("null of null", &Item{Kind: ItemNull}, null, true)
	f("null of absent", &Item{Kind: ItemNull}, nil, true)
	f("null of empty", &Item{Kind: ItemNull}, one(""), false)
	f("exists of null", &Item{Kind: ItemExists, Want: true}, null, true)
	f("exists of absent", &Item{Kind: ItemExists, Want: true}, nil, false)
	f("exists: false", &Item{Kind: ItemExists}, nil, true)
	f("equal field", ref(RefEquals), one("Abc"), true, one("aBC"))
	f("field that ends so", ref(RefEndsWith), one("Abc"), true, one("C"))
	f("field that is not there", ref(RefContains), one("Abc"), false, nil)
}

// explained is a synthetic process creation.
func explained() *event.Event {
	e := &event.Event{
		Shape: &event.Shape{}, Product: "windows", Channel: "Microsoft-Windows-Sysmon/Operational", EventID: 1, Computer: "host",
	}
	for _, f := range []struct {
		name, text string
		null       bool
	}{
		{"Image", `C:\Windows\System32\cmd.exe`, false},
		{"CommandLine", "cmd \x1b[31m/c \u202egnp.exe", false},
		{"User", "", true},
		{"Hashes", "MD5=00,SHA256=11", false},
	} {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: f.name})
		v := event.Value{Kind: event.Text, Raw: []byte(f.text)}
		if f.null {
			v = event.Value{}
		}
		e.Values = append(e.Values, v)
	}
	return e
}

const explainRule = `title: "Shell \e[2J of somebody"
id: 6e1b6cf0-9cf2-4ad4-9d3c-7f2c5f8f3f11
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\cmd.exe'
    CommandLine|contains: '/c '
  other:
    - ParentImage: 'C:\x.exe'
    - User: null
  filter:
    User|contains: SYSTEM
  keyword: [gnp, zzz]
  condition: selection and other and keyword and not filter
`

func TestExplain(t *testing.T) {
	c := Parse([]byte(explainRule), "rule.yml", LoadOptions{})
	if len(c.Rules) != 1 {
		t.Fatalf("rule: %v", c.Rejected)
	}
	x := Explain(c.Rules[0], explained())
	if !x.Match || !x.LogsourceFits {
		t.Errorf("match %v, log source %v, want both", x.Match, x.LogsourceFits)
	}
	var text strings.Builder
	if err := x.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"match       yes\n",
		"✓ Sysmon 1\n",
		"✗ Security 4688: want channel security, found Microsoft-Windows-Sysmon/Operational\n",
		`Image|endswith: '\cmd.exe': found "C:\Windows\System32\cmd.exe"`,
		`found "cmd \u001b[31m/c \u202egnp.exe"`,
		"User: null: null\n",
		`ParentImage: 'C:\x.exe': absent`,
		`'gnp': found "CommandLine: cmd`,
		`'zzz': in no field`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	for _, r := range text.String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U in the text", r)
		}
	}
	out, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var back Explanation
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(x, back); diff != "" {
		t.Errorf("through JSON (-want +got)\n%s", diff)
	}
}

// An event of another channel: the reason is the log source, and the condition is shown all the same.
func TestExplainOtherLogsource(t *testing.T) {
	c := Parse([]byte(explainRule), "rule.yml", LoadOptions{})
	e := explained()
	e.Channel = "Application"
	x := Explain(c.Rules[0], e)
	if x.Match || x.LogsourceFits || !x.Condition.Result {
		t.Errorf("match %v, log source %v, condition %v, want false, false, true", x.Match, x.LogsourceFits, x.Condition.Result)
	}
	for _, r := range x.Routes {
		if r.Fits || r.Why == "" {
			t.Errorf("route %s fits or has no reason", r.Name)
		}
	}
}

func TestExplainDerived(t *testing.T) {
	c := Parse([]byte(strings.Replace(explainRule, "User|contains: SYSTEM", "SHA256: '11'", 1)), "rule.yml", LoadOptions{})
	if x := Explain(c.Rules[0], explained()); x.Match {
		t.Error("match, though the filter's derived field SHA256 is true")
	} else {
		var text strings.Builder
		if err := x.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if want := `SHA256: '11': found "11" (from SHA256, Hash`; !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}
