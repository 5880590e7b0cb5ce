package sigma

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"aldebaran/corpustest"
)

// agrees holds a matcher against package regexp, twice: with a table that is new and one that is not.
func agrees(t *testing.T, r *Regexp, m *RegexpMatcher, text string) {
	t.Helper()
	want := regexp.MustCompile(r.String()).MatchString(text)
	for range 2 {
		if got := m.Match([]byte(text)); got != want {
			t.Errorf("%q matches %q: %v, package regexp says %v", r, text, got, want)
		}
	}
	literals, folded := r.Literals()
	if folded != (literals != nil) {
		t.Errorf("%q: literals %q, folded %v", r, literals, folded)
	}
	if want && literals != nil {
		have := foldString(strings.ToValidUTF8(text, "\ufffd"))
		if !slices.ContainsFunc(literals, func(l string) bool { return strings.Contains(have, l) }) {
			t.Errorf("%q matches %q, which has none of %q", r, text, literals)
		}
	}
}

// regexpCases are expressions, each with texts on either side of its edges.
var regexpCases = []struct {
	expr  string
	texts []string
}{
	{``, []string{"", "a"}},
	{`a`, []string{"", "a", "ba", "b", "A"}},
	{`abc`, []string{"abc", "ababc", "aabbcc", "abcabc", "ab"}},
	{`aab`, []string{"aaab", "aab", "aaa", "ab", "aaaaaaab"}},
	{`^abc$`, []string{"abc", "abc\n", "\nabc", "xabc", "abcx"}},
	{`(?m)^abc$`, []string{"abc", "abc\n", "\nabc", "x\nabc\ny", "xabc", "abcx", "abc\r\n"}},
	{`\Aabc\z`, []string{"abc", "abc\n"}},
	{`(?m)\Aabc\z`, []string{"abc", "x\nabc"}},
	{`$`, []string{"", "a", "a\n"}},
	{`^$`, []string{"", "\n", "a"}},
	{`(?m)^$`, []string{"", "\n", "a", "a\n", "a\n\nb"}},
	{`a$b`, []string{"ab", "a\nb"}},
	{`(?m)a$\nb`, []string{"ab", "a\nb"}},
	{`(?m)a$\n^b`, []string{"ab", "a\nb", "a\n\nb"}},
	{`\bfoo\b`, []string{"foo", "a foo b", "afoo", "foob", "foo_", "-foo-", "éfoo", "fooé", "foo\n"}},
	{`\Bfoo\B`, []string{"foo", "xfooy", "xfoo", "fooy", "éfooé"}},
	{`\b`, []string{"", " ", "a", " a", "é"}},
	{`\B`, []string{"", " ", "a", "aa", "é"}},
	{`\b\B`, []string{"", "a"}},
	{`\b^foo`, []string{"foo", " foo"}},
	{`^\bfoo|\Bbar$`, []string{"foo", "xbar", "bar", " bar"}},
	{`(?m)\b$`, []string{"a", "a\n", " ", " \n", " \na"}},
	{`(\b|^)(a|\B)+$`, []string{"", "a", "aa", "ba", "b a"}},
	{`(?i)straße`, []string{"STRAßE", "strase", "STRAẞE"}},
	{`(?i)kiss`, []string{"KISS", "\u212aiss", "ki\u017fs", "kis"}},
	{`k`, []string{"k", "K", "\u212a"}},
	{`[^k]`, []string{"k", "K", "\u212a"}},
	{`(?i)[^k]`, []string{"k", "K", "\u212a", "x"}},
	{`.`, []string{"", "\n", "a", "é", "\xff"}},
	{`(?s).`, []string{"", "\n"}},
	{`a.c`, []string{"abc", "aéc", "a\nc", "a\xffc", "a\xc3c", "a\xe4\xb8c", "a世c", "a😀c", "ac", "a\xf0\x9f\x98c"}},
	{`a..c`, []string{"aéc", "a\xe4\xb8c"}},
	{`\x{fffd}`, []string{"\xff", "\ufffd", "a\xc3", "é"}},
	{`[^\x{fffd}]`, []string{"\xff", "\ufffd", "a"}},
	{`\pL+\d`, []string{"é1", "世1", "😀1", "1"}},
	{`\p{Greek}`, []string{"α", "a"}},
	{`[[:^alpha:]]`, []string{"a", "1", "é"}},
	{`\C?x|y`, nil},
	{`(a*)*b`, []string{"aaaa", "aaab", "b"}},
	{`(a|aa)*$`, []string{"aaa", "aab", "b"}},
	{`(?:)*x`, []string{"", "x"}},
	{`x{0}y{2,3}z`, []string{"yyz", "yz", "yyyyz"}},
	{`(.){20,}`, []string{strings.Repeat("é", 19), strings.Repeat("é", 20), strings.Repeat("a", 19) + "\n" + strings.Repeat("b", 19)}},
	{`[a-z]{3}\.tmp$`, []string{"abc.tmp", "ab.tmp", "abcd.tmp", "abc.tmpx", "ABC.tmp"}},
	{`net\s+user`, []string{"net  user", "netuser", "net\tuser /add", "net use"}},
	{`[Rr][Uu][Nn][Dd][Ll][Ll]32(?:\.[Ee][Xx][Ee])? \S+?\w:\S+?:`, []string{`rundll32.exe C:\a:b`, `RUNDLL32 xx:yy:`}},
	{`(?i)(?:set).*&&\s?set.*(?:environment|invoke|\$\{?input).*&&.*"`, []string{`SET a && set b ENVIRONMENT && "`, `set a && set b && "`}},
	{`\((?:'[\w.-]+'\+)+'`, []string{`('a'+'b'+'c')`, `('a' + 'b')`}},
	{`a\nb|cd`, []string{"a\nb", "cd", "ab"}},
	{`[\n\r]x`, []string{"\nx", "\rx", "x"}},
	{`(abc|)d`, []string{"d", "abcd", "abc"}},
	{`(foo|bar|baz)(qux|quux)?!`, []string{"foo!", "barqux!", "bazquux!", "qux!"}},
	{`[^\x00-\x{10ffff}]`, []string{"", "a"}},
	{`a[^\x00-\x{10ffff}]|b`, []string{"a", "b"}},
}

func TestRegexp(t *testing.T) {
	for _, c := range regexpCases {
		r, err := CompileRegexp(c.expr)
		if _, want := regexp.Compile(c.expr); (err == nil) != (want == nil) {
			t.Errorf("CompileRegexp(%q): error %v, package regexp says %v", c.expr, err, want)
		}
		if err != nil {
			continue
		}
		m := r.NewMatcher()
		for _, text := range c.texts {
			agrees(t, r, m, text)
			agrees(t, r, m, strings.Repeat("x -\n", 40)+text)
			agrees(t, r, m, text+strings.Repeat("\n- x", 40))
		}
		if m.spent {
			t.Errorf("%q: left to package regexp", c.expr)
		}
	}
}

// TestRegexpLimits: what does not fit is answered all the same, within the maxima.
func TestRegexpLimits(t *testing.T) {
	many := strings.Builder{} // more classes than there may be
	for i := range 2 * maxRegexpClasses {
		fmt.Fprintf(&many, "[%c]x{%d}|", rune(0x4e00+2*i), i%7+1)
	}
	texts := []string{"", "世x", "一x", strings.Repeat("ab", 40), "b" + strings.Repeat("a", 18) + "c!"}
	for _, expr := range []string{many.String() + "y", `[\pL\d]{40}!`, `(?:x{1,30}y?){1,30}z`} {
		r, err := CompileRegexp(expr)
		if err != nil {
			t.Fatal(err)
		}
		m := r.NewMatcher()
		for _, text := range texts {
			agrees(t, r, m, text)
		}
	}

	// 2^18 states: the place that decides is 19 runes before the end.
	const before = 19
	r, err := CompileRegexp(`(?:a|b)*a(?:a|b){18}$`)
	if err != nil {
		t.Fatal(err)
	}
	m := r.NewMatcher()
	text := make([]byte, 20_000)
	seed := uint32(1)
	for range 40 {
		for i := range text {
			seed = seed*1664525 + 1013904223
			text[i] = 'a' + byte(seed>>31)
		}
		if got, want := m.Match(text), text[len(text)-before] == 'a'; got != want {
			t.Errorf("a at %d before the end: %v, want %v", before, got, want)
		}
		if len(m.next) > maxRegexpTable || len(m.sets) > maxRegexpSets {
			t.Fatalf("table of %d entries, %d instructions", len(m.next), len(m.sets))
		}
		if m.spent {
			return
		}
	}
	t.Errorf("%q: not left to package regexp", r)
}

func TestRegexpLiterals(t *testing.T) {
	f := func(expr string, want ...string) {
		t.Helper()
		r, err := CompileRegexp(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := r.Literals(); !slices.Equal(got, want) {
			t.Errorf("literals of %q = %q, want %q", expr, got, want)
		}
	}
	f(`net\s+user`, "user")
	f(`(?i)NET\s+USER`, "user")
	f(`\x{212a}elvin`, "kelvin") // the Kelvin sign folds to k
	f(`https?://[0-9]{1,3}\.`, "http://", "https://")
	f(`(foo|Bar)+\d`, "bar", "foo")
	f(`(foo|b)`)
	f(`(foo|)bar`, "bar")
	f(`.*`)
	f(`:[^\\]`)
	f(`a\nbcd`, "bcd")
	f(`[Ii][Ee][Xx]\b`, "iex")
	f(`\\[a-zA-Z]{8}\.tmp$`, ".tmp")
	f(`(?:x{3}|yyy)`, "xxx", "yyy")
	f(`x{0,3}abc?`, "ab")
	f(`É+tat`, foldString("état"))
	f(`\.(php\d?|phtml|aspx?)$`, ".asp", ".php", ".phtml")
	f(`/(c99|wso\d?|cmd(asp|jsp)?)\.(php|asp)`, "/c99", "/cmd", "/wso")
	f(`a\d(bcd|xyz)\de`, "bcd", "xyz")
	f("(\\$\\(|`[^`]+`)", "$(", "`")
	f(`(to|from)=<[^>]*\|\s*sh`, "|")
	f(`(?i)État`, foldString("état"))
}

// TestRegexpCorpus takes every expression of SigmaHQ's rules over the values of those rules, which
// are much like what the events hold.
func TestRegexpCorpus(t *testing.T) {
	exprs, texts := corpusRegexps(t)
	withLiterals, spent := 0, 0
	for n, expr := range exprs {
		r, err := CompileRegexp(expr)
		if err != nil {
			t.Errorf("%q: %v", expr, err)
			continue
		}
		if l, _ := r.Literals(); l != nil {
			withLiterals++
		}
		std := regexp.MustCompile(expr)
		m := r.NewMatcher()
		const part = 10 // package regexp takes its time
		for i := n % part; i < len(texts); i += part {
			text := texts[i]
			if got, want := m.Match([]byte(text)), std.MatchString(text); got != want {
				t.Errorf("%q matches %q: %v, package regexp says %v", expr, text, got, want)
			} else if want {
				agrees(t, r, m, text)
			}
		}
		if m.spent {
			spent++
			t.Logf("%q: left to package regexp", expr)
		}
	}
	t.Logf("%d expressions, %d with literals, %d texts", len(exprs), withLiterals, len(texts))
	if spent > len(exprs)/50 {
		t.Errorf("%d of %d expressions were left to package regexp", spent, len(exprs))
	}
	if len(exprs) < 150 || len(texts) < 500 {
		t.Errorf("%d expressions, %d texts: too few for SigmaHQ", len(exprs), len(texts))
	}
}

// corpusRegexps collects the values of |re items, and the values of all others, joined into
// texts of some length.
func corpusRegexps(tb testing.TB) (exprs, texts []string) {
	tb.Helper()
	var text strings.Builder
	var walk func(n *yaml.Node, modifiers []string)
	walk = func(n *yaml.Node, modifiers []string) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], strings.Split(n.Content[i].Value, "|")[1:])
			}
		case yaml.ScalarNode:
			if slices.Contains(modifiers, "re") {
				expr := n.Value
				for _, flag := range []string{"i", "m", "s"} {
					if slices.Contains(modifiers, flag) {
						expr = "(?" + flag + ")" + expr
					}
				}
				exprs = append(exprs, expr)
			} else if text.WriteString(n.Value + " "); text.Len() > 400 {
				texts = append(texts, text.String())
				text.Reset()
			}
		default:
			for _, kid := range n.Content {
				walk(kid, modifiers)
			}
		}
	}
	for _, b := range corpustest.Each(tb, "sigma/rules", ".yml") {
		var rule struct{ Detection yaml.Node }
		if yaml.Unmarshal(b, &rule) == nil {
			walk(&rule.Detection, nil)
		}
	}
	slices.Sort(exprs)
	return slices.Compact(exprs), texts
}

func TestRegexpDoesNotAllocate(t *testing.T) {
	r, err := CompileRegexp(`(?i)\bnet\s+(user|group)\b.*/add$`)
	if err != nil {
		t.Fatal(err)
	}
	m := r.NewMatcher()
	text := []byte(strings.Repeat("net user é ", 100) + "/add")
	m.Match(text)
	if n := testing.AllocsPerRun(10, func() { m.Match(text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzRegexp holds the matcher against package regexp, and literals against texts that match.
func FuzzRegexp(f *testing.F) {
	for _, c := range regexpCases {
		for _, text := range c.texts {
			f.Add(c.expr, text, text+"\n")
		}
	}
	f.Fuzz(func(t *testing.T, expr, a, b string) {
		const maxExpr = 200 // longer ones only take longer
		if len(expr) > maxExpr {
			return
		}
		_, want := regexp.Compile(expr)
		r, err := CompileRegexp(expr)
		if (err == nil) != (want == nil) {
			t.Fatalf("%q: error %v, package regexp says %v", expr, err, want)
		}
		if err != nil {
			return
		}
		m := r.NewMatcher()
		for _, text := range []string{a, b, a + b, a + "\n" + b, b + expr + a} {
			agrees(t, r, m, text)
		}
	})
}

// scriptText is a synthetic script block as a log holds it: long, harmless, and without a match.
func scriptText() []byte {
	const block = "function Get-Inventory {\r\n    param([string]$ComputerName = 'srv-mail-01', [int]$Limit = 250)\r\n" +
		"    $items = Get-ChildItem -Path \"C:\\Program Files\\Example\" -Recurse | Where-Object { $_.Length -gt 1024 }\r\n" +
		"    foreach ($i in $items) { Write-Output ('{0} {1}' -f $i.Name, $i.LastWriteTime) } # über alles\r\n}\r\n"
	return []byte(strings.Repeat(block, 25))
}

func BenchmarkRegexp(b *testing.B) {
	text := scriptText()
	for _, c := range []struct{ name, expr string }{
		{"literal", `DownloadString\(`},
		{"spaces", `net\s+user`},
		{"folded", `(?i)(?:set).*&&\s?set.*(?:environment|invoke|\$\{?input).*&&.*"`},
		{"class", `\w+` + "`" + `(?:\w+|-|.)` + "`" + `[\w+|\s]`},
		{"address", `://[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}`},
		{"boundary", `\b(?:iex|icm)\b.*\bhttps?\b`},
	} {
		r, err := CompileRegexp(c.expr)
		if err != nil {
			b.Fatal(err)
		}
		std := regexp.MustCompile(c.expr)
		m := r.NewMatcher()
		if m.Match(text) || std.Match(text) {
			b.Fatalf("%q matches: the benchmark would end early", c.expr)
		}
		b.Run(c.name+"/dfa", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				m.Match(text)
			}
		})
		b.Run(c.name+"/std", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				std.Match(text)
			}
		})
	}
}

// BenchmarkCompileRegexp compiles all expressions of SigmaHQ's rules.
func BenchmarkCompileRegexp(b *testing.B) {
	exprs, _ := corpusRegexps(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, expr := range exprs {
			if _, err := CompileRegexp(expr); err != nil {
				b.Fatal(err)
			}
		}
	}
}
