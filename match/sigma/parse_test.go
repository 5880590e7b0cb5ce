package sigma

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// inRule puts a detection into a rule; the detection is written from the left edge.
func inRule(detection string) string {
	return "title: a rule\nlogsource: {category: test}\ndetection:\n" + indent(detection)
}

func indent(s string) string {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// parsed gives the condition of a rule with that detection, written by [show].
func parsed(t *testing.T, detection string) string {
	t.Helper()
	return parsedWith(t, detection, LoadOptions{})
}

func parsedWith(t *testing.T, detection string, opt LoadOptions) string {
	t.Helper()
	c := Parse([]byte(inRule(detection)), "test.yml", opt)
	if len(c.Rejected) > 0 {
		return "rejected: " + c.Rejected[0].Reason
	}
	if len(c.Rules) != 1 {
		t.Fatalf("Parse(%s): want one rule, got %d", detection, len(c.Rules))
	}
	return show(c.Rules[0].Condition)
}

// selection gives the meaning of one selection of that map or list.
func selected(t *testing.T, sel string) string {
	t.Helper()
	return parsed(t, "s:\n"+indent(sel)+"condition: s\n")
}

// show writes a condition so that a test can be read: F='*x' | !(G=1 & "kw").
func show(n Node) string {
	switch n.Op {
	case OpItem:
		return showItem(n.Item)
	case OpNot:
		return "!" + show(n.Kids[0])
	}
	sign := " & "
	if n.Op == OpOr {
		sign = " | "
	}
	kids := make([]string, len(n.Kids))
	for i, kid := range n.Kids {
		kids[i] = show(kid)
	}
	return "(" + strings.Join(kids, sign) + ")"
}

func showItem(it *Item) string {
	number := strconv.FormatFloat(it.Number, 'g', -1, 64)
	part := [...]string{"", ".minute", ".hour", ".day", ".week", ".month", ".year"}[it.Part]
	cased := ""
	if it.Cased {
		cased = "="
	}
	switch it.Kind {
	case ItemMatch:
		return it.Field + cased + "='" + it.Pattern.String() + "'"
	case ItemNumber:
		return it.Field + part + "=" + number + "/" + it.Pattern.String()
	case ItemCompare:
		return it.Field + part + [...]string{"<", "<=", ">", ">="}[it.Cmp] + number
	case ItemRegexp:
		return it.Field + "~" + it.Regexp
	case ItemCIDR:
		return it.Field + " in " + it.CIDR
	case ItemNull:
		return it.Field + " null"
	case ItemExists:
		return fmt.Sprintf("%s exists %t", it.Field, it.Want)
	case ItemFieldRef:
		return it.Field + cased + [...]string{"=", "=^", "=$", "=~"}[it.Ref] + it.RefField
	}
	return "?"
}

// table checks selections against what they mean. The second of each two is a whole meaning, or
// "rejected: " and a part of the reason.
func table(t *testing.T, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		got := selected(t, c[0])
		if why, ok := strings.CutPrefix(c[1], "rejected: "); ok {
			if !strings.HasPrefix(got, "rejected: ") || !strings.Contains(got, why) {
				t.Errorf("%s\n got %s\nwant rejected: ...%s...", c[0], got, why)
			}
		} else if got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

func TestT01CaseParse(t *testing.T) {
	table(t, [][2]string{
		{`F: Who`, `F='Who'`},
		{`F|cased: Who`, `F=='Who'`},
		{`F|contains|cased: Who`, `F=='*Who*'`},
		{`F|cased|contains: Who`, `F=='*Who*'`},
		{`'|cased': [Who]`, `=='*Who*'`},
		{`F|cased|cased: Who`, `rejected: once`},
		{`F|re|cased: Who`, `rejected: cased does not go`},
	})
}

func TestT03Escapes(t *testing.T) {
	lit := func(s string) PatternPart { return PatternPart{Literal: s} }
	star, one := PatternPart{Wildcard: AnyRun}, PatternPart{Wildcard: AnyOne}
	f := func(in string, want ...PatternPart) {
		t.Helper()
		if got := ParsePattern(in); !slices.Equal(got, Pattern(want)) {
			t.Errorf("ParsePattern(%s) = %q, want %q", in, got, want)
		}
	}
	f(``)
	f(`a`, lit(`a`))
	f(`\*`, lit(`*`))
	f(`\?`, lit(`?`))
	f(`\\`, lit(`\`))
	f(`C:\Windows\cmd.exe`, lit(`C:\Windows\cmd.exe`))
	f(`a\`, lit(`a\`))
	f(`\\*`, lit(`\`), star)
	f(`\\?`, lit(`\`), one)
	f(`\\\*`, lit(`\*`))
	f(`\\\`, lit(`\\`))
	f(`\\\\`, lit(`\\`))
	f(`\\\\*`, lit(`\\`), star)
	f(`\\server\share`, lit(`\server\share`))
	f(`*\cmd?exe`, star, lit(`\cmd`), one, lit(`exe`))
	f(`**`, star)
	f(`a**b`, lit(`a`), star, lit(`b`))
	f(`*?*`, star, one, star)
	f(`%x%`, lit(`%x%`))
	f(`ä\*ö`, lit(`ä*ö`))
}

func TestT04WildcardsInModifiedValues(t *testing.T) {
	table(t, [][2]string{
		{`F|contains: 'a*b'`, `F='*a*b*'`},
		{`F|contains: '*ab*'`, `F='*ab*'`},
		{`F|contains: '*ab'`, `F='*ab*'`},
		{`F|contains: 'a\*'`, `F='*a\**'`},
		{`F|contains: '\'`, `F='*\\*'`},
		{`F|contains: '*'`, `F='*'`},
		{`F|contains: ''`, `F='*'`},
		{`F|contains: '?'`, `F='*?*'`},
		{`F|contains: 'a\\*'`, `F='*a\\*'`},
	})
}

func TestT05KeywordsParse(t *testing.T) {
	table(t, [][2]string{
		{`- EVIL`, `='*EVIL*'`},
		{"- EVIL\n- svchost.exe -n evil", `(='*EVIL*' | ='*svchost.exe -n evil*')`},
		{`'|all': [a, b]`, `(='*a*' & ='*b*')`},
		{`'|all': a`, `='*a*'`},
		{`- 'a*b\*'`, `='*a*b\**'`},
		{`- 4624`, `='*4624*'`},
		{`- true`, `='*true*'`},
		{`'|re': 'a.b'`, `~a.b`},
		{`'|contains|all': [a, b]`, `(='*a*' & ='*b*')`},
		{`'|startswith': a`, `='a*'`},
		{"- a\n- F: b", `(='*a*' | F='b')`},
		{`- ''`, `rejected: want a keyword`},
		{`- null`, `rejected: want a keyword`},
		{`'|exists': true`, `rejected: want the name of a field`},
		{`'|gt': 1`, `rejected: want the name of a field`},
		{`'|cidr': 10.0.0.0/8`, `rejected: want the name of a field`},
		{`'|hour': 1`, `rejected: want the name of a field`},
		{`'|fieldref': A`, `rejected: want the name of a field`},
	})
	// A text without a list is a keyword too.
	if got, want := parsed(t, "k: evil\ncondition: k"), `='*evil*'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestT06Lists(t *testing.T) {
	table(t, [][2]string{
		{"A: 1\nB: x", `(A=1/1 & B='x')`},
		{`A: [x, y]`, `(A='x' | A='y')`},
		{"- A: x\n  B: y\n- A: z", `((A='x' & B='y') | A='z')`},
		{`A|contains|all: [x, y]`, `(A='*x*' & A='*y*')`},
		{`A|all|contains: [x, y]`, `(A='*x*' & A='*y*')`},
		{`A|contains|all: x`, `A='*x*'`},
		// The forms of one value stay alternatives under all.
		{`A|base64offset|contains|all: [foo, bar]`,
			`((A='*Zm9v*' | A='*Zvb*' | A='*mb2*') & (A='*YmFy*' | A='*Jhc*' | A='*iYX*'))`},
		{"- - A: x\n  - B: y\n- C: z", `((A='x' | B='y') | C='z')`},
		{`A: []`, `rejected: found an empty list`},
		{`A: {B: c}`, `rejected: found a map`},
		{`A: [[x]]`, `rejected: found a list in it`},
		{`{}`, `rejected: want fields, found an empty map`},
		{`[]`, `rejected: want keywords or maps, found an empty list`},
	})
}

func TestT07Anchors(t *testing.T) {
	table(t, [][2]string{
		{`F|startswith: 'a*b'`, `F='a*b*'`},
		{`F|endswith: 'password*.txt'`, `F='*password*.txt'`},
		{`F|endswith: '*\cmd.exe'`, `F='*\\cmd.exe'`},
		{`F|startswith|endswith: a`, `rejected: want one of contains, startswith and endswith`},
		{`F|contains|contains: a`, `rejected: want one of contains, startswith and endswith`},
	})
}

func TestT08Windash(t *testing.T) {
	forms := func(format string) string {
		var all []string
		for _, d := range []string{"-", "/", "–", "—", "―"} {
			all = append(all, strings.ReplaceAll(format, "#", d))
		}
		return "(" + strings.Join(all, " | ") + ")"
	}
	table(t, [][2]string{
		{`F|windash: '-x'`, forms(`F='#x'`)},
		{`F|windash: '/x'`, forms(`F='#x'`)},
		{`F|windash|contains: ' -enc '`, forms(`F='* #enc *'`)},
		{`F|contains|windash: ' -enc '`, forms(`F='* #enc *'`)},
		{`F|endswith|windash: '*-x'`, forms(`F='*#x'`)},
		// Inside a word, before no word, and after a dash is no sign of an option... but the last is.
		{`F|windash: a-b`, `F='a-b'`},
		{`F|windash: 'a - b'`, `F='a - b'`},
		{`F|windash: '--x'`, forms(`F='-#x'`)},
		{`F|windash: 'http://x'`, forms(`F='http:/#x'`)},
		{`F|windash: 'é-b'`, `F='é-b'`},
		{`F|windash: '-é'`, forms(`F='#é'`)},
		{`F|windash: '–x'`, `F='–x'`},
		{`F|windash: 'a*-b'`, forms(`F='a*#b'`)},
		{`F|windash: '-*'`, `F='-*'`},
		{`F|windash: x`, `F='x'`},
		{`F|windash: 5`, `rejected: want a text for windash, found the number 5`},
		{`F|wide|windash: '-x'`, `rejected: windash does not go`},
		{`F|base64|windash: '-x'`, `rejected: windash does not go`},
		{`F|re|windash: '-x'`, `rejected: windash does not go`},
		{`F|windash: '-a -b -c -d -e -f'`, `rejected: at most 3125 forms`},
	})
	got := selected(t, `F|windash|contains: ' -a /b '`)
	if n := strings.Count(got, "F="); n != 25 || !strings.Contains(got, "F='* /a –b *'") {
		t.Errorf("two dashes: want 25 forms with ' /a –b ' among them, got %d: %s", n, got)
	}
	if got := selected(t, `F|windash|contains|all: [' -a', ' -b']`); !strings.Contains(got, "*') & (F=") {
		t.Errorf("windash under all: want the forms of each value alternatives, got %s", got)
	}
}

func TestT09Base64(t *testing.T) {
	table(t, [][2]string{
		{`F|base64: foobar`, `F='Zm9vYmFy'`},
		{`F|base64|contains: 'http:'`, `F='*aHR0cDo=*'`},
		{`F|base64: 'a\*'`, `F='YSo='`},
		{`F|base64offset|contains: foo`, `(F='*Zm9v*' | F='*Zvb*' | F='*mb2*')`},
		{`F|base64offset|contains: foobar`, `(F='*Zm9vYmFy*' | F='*Zvb2Jhc*' | F='*mb29iYX*')`},
		{`F|base64offset|contains: fooba`, `(F='*Zm9vYm*' | F='*Zvb2Jh*' | F='*mb29iY*')`},
		// Bytes count, not characters: ü has two.
		{`F|base64offset: ü`, `(F='w7' | F='O8' | F='Dv')`},
		{`F|base64: 'a*'`, `rejected: without wildcards`},
		{`F|base64offset: 'a?'`, `rejected: without wildcards`},
		{`F|contains|base64offset: a`, `rejected: without wildcards`},
		{`F|base64offset: a`, `rejected: long enough`},
		{`F|base64: 5`, `rejected: want a text for base64, found the number 5`},
		{`F|base64offset: ''`, `rejected: long enough`},
	})
}

func TestT10Wide(t *testing.T) {
	table(t, [][2]string{
		{`F|wide: cmd`, "F='c\x00m\x00d\x00'"},
		{`F|utf16le: cmd`, "F='c\x00m\x00d\x00'"},
		{`F|utf16be: cmd`, "F='\x00c\x00m\x00d'"},
		{`F|utf16: cmd`, "F='\xff\xfec\x00m\x00d\x00'"},
		{`F|wide: '😀'`, "F='\x3d\xd8\x00\xde'"},
		{`F|wide|contains: a`, "F='*a\x00*'"},
		{`F|wide: 'a*b'`, "F='a\x00*b\x00'"},
		// Left to right: UTF-16 first, then Base64 of it, then anywhere.
		{`F|wide|base64offset|contains: ping`, "(F='*cABpAG4AZw*' | F='*AAaQBuAGcA*' | F='*wAGkAbgBnA*')"},
		{`F|utf16|base64: a`, `F='//5hAA=='`},
		{`F|base64|wide: a`, "F='Y\x00Q\x00=\x00=\x00'"},
		{`F|utf16: 'a*'`, `rejected: without wildcards`},
		{`F|wide: 5`, `rejected: want a text for wide`},
		{`F|utf16|wide: a`, `rejected: encoded already`},
	})
}

func TestT11NullAndEmpty(t *testing.T) {
	table(t, [][2]string{
		{`F: null`, `F null`},
		{`F:`, `F null`},
		{`F: ~`, `F null`},
		{`F: ''`, `F=''`},
		{`F: ['', x]`, `(F='' | F='x')`},
		{`F: 'null'`, `F='null'`},
		{`F|neq: null`, `!F null`},
		{`F: [null]`, `F null`},
		{`F: ['', null]`, `rejected: want no null in a list`},
		{`F|contains: null`, `rejected: found null`},
		{`F|re: null`, `rejected: found null`},
		{`F|exists: true`, `F exists true`},
		{`F|exists: False`, `F exists false`},
		{`F|exists: yes`, `rejected: want true or false, found the text "yes"`},
		{`F|exists: 'true'`, `rejected: want true or false`},
		{`F|exists: 1`, `rejected: want true or false`},
		{`F|contains|exists: true`, `rejected: exists does not go`},
		{`F|exists|contains: true`, `rejected: contains does not go`},
	})
}

func TestT13Conditions(t *testing.T) {
	const selections = "a: {F: a}\nb: {F: b}\nc: {F: c}\nsel_1: {F: s1}\nsel_2_x: {F: s2}\n_hidden: {F: h}\n_hidden_2: {F: h2}\n"
	f := func(condition, want string) {
		t.Helper()
		got := parsed(t, selections+"condition: "+condition)
		got = regexp.MustCompile(`F='(\w+)'`).ReplaceAllString(got, "$1")
		if why, ok := strings.CutPrefix(want, "rejected: "); ok {
			if !strings.HasPrefix(got, "rejected: ") || !strings.Contains(got, why) {
				t.Errorf("condition: %s\n got %s\nwant rejected: ...%s...", condition, got, why)
			}
		} else if got != want {
			t.Errorf("condition: %s\n got %s\nwant %s", condition, got, want)
		}
	}
	f("a", "a")
	f("a or b and not c", "(a | (b & !c))")
	f("not a and b", "(!a & b)")
	f("not (a and b)", "!(a & b)")
	f("(a or b) and c", "((a | b) & c)")
	f("a and b and c", "(a & b & c)")
	f("not not a", "a")
	f("NOT a AND b Or c", "((!a & b) | c)")
	f("1 of them", "(a | b | c | s1 | s2)")
	f("any of them", "(a | b | c | s1 | s2)")
	f("All Of THEM", "(a & b & c & s1 & s2)")
	f("all of sel*", "(s1 & s2)")
	f("1 of sel_*_x", "s2")
	f("1 of *_*", "(s1 | s2)")
	f("1 of *1", "s1")
	f("1 of _hid*", "(h | h2)")
	f("not 1 of sel*", "!(s1 | s2)")
	f("1 of sel_1", "s1")
	f("_hidden", "h")
	f("(((a)))", "a")
	f("[a, b and c]", "(a | (b & c))")
	f("unknown", `rejected: want a search identifier of this rule at word 1, found "unknown"`)
	f("A", `rejected: want a search identifier of this rule`)
	f("1 of nothing*", `rejected: want a pattern of this rule's search identifiers`)
	f("1 of sel", `rejected: want a pattern`)
	f("2 of sel*", `rejected: want 1, any or all before "of"`)
	f("a b", `rejected: want and, or or the end at word 2, found "b"`)
	f("a and", `rejected: want a search identifier at word 3, found "the end"`)
	f("(a", `rejected: closing parenthesis`)
	f("a)", `rejected: want and, or or the end`)
	f("1 of", `rejected: found "the end"`)
	f("1 of (sel*)", `rejected: want them or a pattern`)
	f("''", `rejected: condition: want a text`)
	f("[]", `rejected: condition: want a text, found an empty list`)
	f("{a: b}", `rejected: condition: want a text, found a map`)
	f("a | count() by b > 3", `rejected: the aggregation "| count() by b > 3" of Sigma 1.0`)
	f("a | near b", `rejected: aggregation`)
	f(strings.Repeat("(", 65)+"a"+strings.Repeat(")", 65), "rejected: at most 64 parentheses")
	f(strings.Repeat("not ", 5000)+"a", "rejected: at most 4096 words")

	if got := parsed(t, "a: {F: a}"); !strings.Contains(got, "want condition, found none") {
		t.Errorf("no condition: got %s", got)
	}
	if got := parsed(t, "condition: a"); !strings.Contains(got, "want at least one search identifier") {
		t.Errorf("no selection: got %s", got)
	}
}

// TestConditionGrowth: naming a large selection many times must not grow beyond measure.
func TestConditionGrowth(t *testing.T) {
	values := strings.Repeat("x, ", 5000)
	got := parsed(t, "a: {F: ["+values+"]}\ncondition: a"+strings.Repeat(" or a", 1000))
	if !strings.Contains(got, "comparisons in all") {
		t.Errorf("got %.200s, want a rejection", got)
	}
}

func TestSelectionNames(t *testing.T) {
	c := Parse([]byte(inRule("one: {A: x}\nmany: {A: x, B: y}\ncondition: one or many")), "test.yml", LoadOptions{})
	kids := c.Rules[0].Condition.Kids
	if len(kids) != 2 || kids[0].Name != "one" || kids[1].Name != "many" || kids[1].Kids[0].Name != "" {
		t.Errorf("want the names one and many at the roots of the selections, got %+v", kids)
	}
	if it := kids[1].Kids[1].Item; it.Line != 5 || it.Text != "B: 'y'" {
		t.Errorf("item: want line 5 and text B: 'y', got %d and %s", it.Line, it.Text)
	}
}

func TestT14Numbers(t *testing.T) {
	table(t, [][2]string{
		{`F: 4624`, `F=4624/4624`},
		{`F: '4624'`, `F='4624'`},
		{`F: -1`, `F=-1/-1`},
		{`F: 2.50`, `F=2.5/2.50`},
		// YAML would make something else of each of these.
		{`F: 0x10`, `F='0x10'`},
		{`F: 0o10`, `F='0o10'`},
		{`F: 010`, `F='010'`},
		{`F: 1_000`, `F='1_000'`},
		{`F: 1e3`, `F='1e3'`},
		{`F: .5`, `F='.5'`},
		{`F: .inf`, `F='.inf'`},
		{`F: 12:30:45`, `F='12:30:45'`},
		{`F: 2020-01-01`, `F='2020-01-01'`},
		{`F: yes`, `F='yes'`},
		{`F: off`, `F='off'`},
		{`F: true`, `F='true'`},
		{`F: False`, `F='False'`},
		{`F|contains: 46`, `F='*46*'`},
		{`F|startswith: 46`, `F='46*'`},
		{`F|endswith: true`, `F='*true'`},
		{`F|gt: 5`, `F>5`},
		{`F|gte: -5`, `F>=-5`},
		{`F|lt: 1.5`, `F<1.5`},
		{`F|lte: [1, 2]`, `(F<=1 | F<=2)`},
		{`F|gt: '5'`, `rejected: want a decimal number without quotes, found the text "5"`},
		{`F|gt: 0x10`, `rejected: want a decimal number`},
		{`F|gt: x`, `rejected: want a decimal number`},
		{`F|gt|lt: 5`, `rejected: lt does not go`},
		{`F|contains|gt: 5`, `rejected: gt does not go`},
		{`F|gt|contains: 5`, `rejected: contains does not go`},
	})
	// Larger than a float64 can tell apart: the text is kept beside it.
	if got, want := selected(t, `F: 18446744073709551615`), `F=1.8446744073709552e+19/18446744073709551615`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTimeParts(t *testing.T) {
	table(t, [][2]string{
		{`F|minute: 5`, `F.minute=5/5`},
		{`F|hour|gte: 8`, `F.hour>=8`},
		{`F|gte|hour: 8`, `F.hour>=8`},
		{`F|day: [1, 2]`, `(F.day=1/1 | F.day=2/2)`},
		{`F|week|lt: 10`, `F.week<10`},
		{`F|month|neq: 12`, `!F.month=12/12`},
		{`F|year: 2026`, `F.year=2026/2026`},
		{`F|hour: 8.5`, `rejected: want a whole number`},
		{`F|hour: x`, `rejected: want a whole number`},
		{`F|hour: null`, `rejected: found null`},
		{`F|hour|minute: 1`, `rejected: minute does not go`},
		{`F|hour|contains: 1`, `rejected: contains does not go`},
		{`F|hour|cased: 1`, `rejected: cased does not go`},
		{`F|hour|windash: 1`, `rejected: windash does not go`},
	})
}

func TestT15CIDRParse(t *testing.T) {
	table(t, [][2]string{
		{`F|cidr: 10.0.0.0/8`, `F in 10.0.0.0/8`},
		{`F|cidr: ['fe80::/10', '2001:DB8::/32']`, `(F in fe80::/10 | F in 2001:db8::/32)`},
		{`F|cidr: 192.168.1.1`, `F in 192.168.1.1/32`},
		{`F|cidr: '::1'`, `F in ::1/128`},
		{`F|cidr: 10.1.2.3/8`, `F in 10.0.0.0/8`},
		{`F|cidr: '::ffff:10.0.0.0/104'`, `F in 10.0.0.0/8`},
		{`F|cidr: 10.0.0.0/33`, `rejected: want an IP network`},
		{`F|cidr: 10.0.0`, `rejected: want an IP network`},
		{`F|cidr: 'fe80::1%eth0/64'`, `rejected: want an IP network`},
		{`F|cidr: 10`, `rejected: want an IP network`},
		{`F|cidr: 10.0.0.0/*`, `rejected: want an IP network`},
		{`F|contains|cidr: 10.0.0.0/8`, `rejected: cidr does not go`},
		{`F|cidr|cased: 10.0.0.0/8`, `rejected: cased does not go`},
	})
}

func TestT16FieldRefParse(t *testing.T) {
	table(t, [][2]string{
		{`F|fieldref: Other Field`, `F=OtherField`},
		{`F|fieldref|startswith: G`, `F=^G`},
		{`F|startswith|fieldref: G`, `F=^G`},
		{`F|fieldref|endswith: G`, `F=$G`},
		{`F|fieldref|contains: G`, `F=~G`},
		{`F|fieldref|neq: G`, `!F=G`},
		{`F|fieldref|cased: G`, `F==G`},
		{`F|fieldref: [G, H]`, `(F=G | F=H)`},
		{`F|fieldref: null`, `rejected: want the name of a field`},
		{`F|base64|fieldref: G`, `rejected: fieldref does not go`},
	})
}

func TestT17Neq(t *testing.T) {
	table(t, [][2]string{
		{`F|neq: x`, `!F='x'`},
		{`F|neq: [x, y]`, `!(F='x' | F='y')`},
		{`F|contains|neq: [x, y]`, `!(F='*x*' | F='*y*')`},
		{`F|neq|contains: x`, `!F='*x*'`},
		{`F|contains|all|neq: [x, y]`, `!(F='*x*' & F='*y*')`},
		{`F|neq: 5`, `!F=5/5`},
		{`F|gt|neq: 5`, `!F>5`},
		{`F|re|neq: x`, `!F~x`},
		{`F|neq|neq: x`, `rejected: once`},
	})
}

func TestT18Regexp(t *testing.T) {
	table(t, [][2]string{
		{`F|re: 'a.*\d\\'`, `F~a.*\d\\`},
		{`F|re|i: a`, `F~(?i)a`},
		{`F|re|i|m|s: a`, `F~(?ims)a`},
		{`F|re|ignorecase|multiline|dotall: a`, `F~(?ims)a`},
		{`F|re|i|i: a`, `F~(?i)a`},
		{`F|re|all: [a, b]`, `(F~a & F~b)`},
		{`F|re: 5`, `F~5`},
		{`F|re: '(a'`, `rejected: want a regular expression in RE2 syntax`},
		{`F|re: 'a(?=b)'`, `rejected: lookaround`},
		{`F|re: '(a)\1'`, `rejected: lookaround and backreferences`},
		{`F|re: ''`, `rejected: want a regular expression`},
		{`F|i: a`, `rejected: want re before modifier i`},
		{`F|contains|re: a`, `rejected: re does not go`},
		{`F|re|contains: a`, `rejected: contains does not go`},
		{`F|re|re: a`, `rejected: re does not go`},
		{`F|re: '` + strings.Repeat("a", 9000) + `'`, `rejected: at most 8192 bytes`},
	})
}

func TestT19Expand(t *testing.T) {
	opt := LoadOptions{Placeholders: map[string][]string{
		"one": {"x"}, "two": {"srv*", `a\*`}, "none": {}, "Case": {"c"},
	}}
	f := func(sel, want string) {
		t.Helper()
		got := parsedWith(t, "s:\n"+indent(sel)+"condition: s", opt)
		if why, ok := strings.CutPrefix(want, "rejected: "); ok && strings.Contains(got, why) && strings.HasPrefix(got, "rejected: ") {
			return
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", sel, got, want)
		}
	}
	f(`F|expand: '%one%'`, `F='x'`)
	f(`F|expand: '%two%'`, `(F='srv*' | F='a\*')`)
	f(`F|expand: '%one%-%two%!'`, `(F='x-srv*!' | F='x-a\*!')`)
	f(`F|contains|expand: '%one%'`, `F='*x*'`)
	f(`F|expand|contains: '%two%'`, `(F='*srv*' | F='*a\**')`)
	f(`F|expand|contains|all: ['%two%', y]`, `((F='*srv*' | F='*a\**') & F='*y*')`)
	f(`F|expand|base64: '%one%'`, `F='eA=='`)
	f(`F: '%one%'`, `F='%one%'`)
	f(`F: '\%one%'`, `F='\\%one%'`)
	f(`F|expand: '\%plain%one%'`, `F='%plainx'`)
	f(`F|expand: '100%'`, `F='100%'`)
	f(`F|expand: '%%'`, `F='%%'`)
	f(`F|expand: '%missing%'`, `rejected: want values for the placeholder %missing%, found none`)
	f(`F|expand: '%none%'`, `rejected: %none%`)
	f(`F|expand: '%case%'`, `rejected: %case%`)
	f(`F|base64|expand: '%one%'`, `rejected: expand does not go`)
	f(`F|re|expand: '%one%'`, `rejected: expand does not go`)
}

func TestT22SpacesInFields(t *testing.T) {
	table(t, [][2]string{
		{`'Threat Name|contains': x`, `ThreatName='*x*'`},
		{`SAM User Account: x`, `SAMUserAccount='x'`},
	})
}

func TestT30StatusAndDocuments(t *testing.T) {
	rule := func(id, more string) string {
		return "title: t" + id + "\nid: " + id + "\nlogsource: {product: windows}\ndetection: {s: {F: x}, condition: s}\n" + more
	}
	f := func(text string, opt LoadOptions, want string) {
		t.Helper()
		c := Parse([]byte(text), "f.yml", opt)
		c.Resolve()
		var got []string
		for _, r := range c.Rules {
			got = append(got, fmt.Sprintf("%s:%d:%s", r.ID, r.Line, show(r.Condition)))
		}
		for _, r := range c.Rejected {
			got = append(got, fmt.Sprintf("rejected %d %s", r.Line, r.Reason))
		}
		for _, r := range []string{"deprecated", "unsupported"} {
			if n := c.Skipped[r]; n > 0 {
				got = append(got, fmt.Sprintf("%s %d", r, n))
			}
		}
		for _, r := range c.Warnings {
			got = append(got, fmt.Sprintf("warning %d %s", r.Line, r.Reason))
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s\n got %s\nwant %s", text, s, want)
		}
	}
	f(rule("1", "status: deprecated\n"), LoadOptions{}, "deprecated 1")
	f(rule("1", "status: Unsupported\n"), LoadOptions{}, "unsupported 1")
	f(rule("1", "status: deprecated\n"), LoadOptions{IncludeDeprecated: true}, "1:1:F='x'")
	f(rule("1", "")+"---\n"+rule("2", ""), LoadOptions{}, "1:1:F='x'; 2:6:F='x'")
	f("# nothing\n---\n"+rule("1", "")+"---\n---\n# no more\n", LoadOptions{}, "1:3:F='x'")
	f(rule("1", "")+"--- \na: [\n---\n"+rule("2", ""), LoadOptions{},
		"1:1:F='x'; 2:8:F='x'; rejected 6 YAML: did not find expected node content")
	// However a document ends, the next one is read.
	f(rule("1", "")+"...\n"+rule("2", ""), LoadOptions{}, "1:1:F='x'; 2:6:F='x'")
	f(rule("1", "")+"... # end\n# and\n--- # next\n"+rule("2", ""), LoadOptions{}, "1:1:F='x'; 2:8:F='x'")
	f(rule("1", "")+"x: |\n  text\n  --- no marker\n", LoadOptions{}, "1:1:F='x'")
	f(strings.ReplaceAll(rule("1", "")+"---\n"+rule("2", ""), "\n", "\r"), LoadOptions{}, "1:1:F='x'; 2:6:F='x'")
	f(strings.ReplaceAll(rule("1", "")+"---\n"+rule("2", ""), "\n", "\r\n"), LoadOptions{}, "1:1:F='x'; 2:6:F='x'")
	f("%YAML 1.2\n---\n"+rule("1", ""), LoadOptions{}, "1:3:F='x'")
	f("\ufeff"+rule("1", ""), LoadOptions{}, "1:1:F='x'")
	f(rule("1", "level: severe\nstatus: old\n"), LoadOptions{},
		`1:1:F='x'; warning 5 level: want one of informational, low, medium, high, critical, found "severe"; `+
			`warning 6 status: want one of stable, test, experimental, deprecated, unsupported, found "old"`)
	f(rule("1", "")+"---\n"+rule("1", ""), LoadOptions{}, "1:1:F='x'; warning 6 the same rule stands at f.yml:1: it counts once")
	f(rule("1", "")+"---\n"+rule("1", "level: low\n"), LoadOptions{},
		"1:1:F='x'; 1:6:F='x'; warning 6 id 1 is that of another rule too, at f.yml:1: both are kept")

	f("title: t\nid: 1\nlogsource: {product: p, service: s}\ndetection: {s: {F: x}, condition: s}\n", LoadOptions{},
		`1:1:F='x'; warning 1 log source is unknown, no event will match: product "p", category "", service "s"`)

	// Templates of Sigma 1.0.
	f("action: global\ntitle: g\nlogsource: {product: windows}\ndetection: {condition: s}\n"+
		"---\nid: 1\ndetection: {s: {F: x}}\n---\nid: 2\ndetection: {s: {F: y}}\n", LoadOptions{}, "1:6:F='x'; 2:9:F='y'")
	f(rule("1", "")+"---\naction: repeat\nid: 2\ndetection: {s: {F: z}}\n", LoadOptions{}, "1:1:F='x'; 2:6:F='z'")
	f("action: global\ntitle: g\nlogsource: {product: windows}\n---\naction: reset\n---\nid: 2\nlogsource: {product: p}\n", LoadOptions{},
		"rejected 7 want title, found none")
	f("action: repeat\n", LoadOptions{}, "rejected 1 action: repeat wants a rule before it, found none")
	f("action: dance\n", LoadOptions{}, `rejected 1 action: want global, reset or repeat, found "dance"`)
}

func TestT32Rejected(t *testing.T) {
	table(t, [][2]string{
		{`F|unknown: x`, `rejected: want a modifier of the specification, found "unknown"`},
		{`F|Contains: x`, `rejected: found "Contains"`},
		{`F|: x`, `rejected: found ""`},
		{`F||contains: x`, `rejected: found ""`},
		{"F: x\nF: y", `rejected: want each key once, found "F" again (first on line 5)`},
		{`? [a]` + "\n" + `: b`, `rejected: want a text as key`},
		{"<<: {F: x}", `rejected: want no merge key`},
	})
	f := func(text string, line int, want string) {
		t.Helper()
		c := Parse([]byte(text), "f.yml", LoadOptions{})
		if len(c.Rules)+len(c.Correlations)+len(c.Filters) > 0 || len(c.Rejected) != 1 {
			t.Errorf("%s: want one rejection, got %v", text, c.Rejected)
			return
		}
		if r := c.Rejected[0]; r.Line != line || !strings.Contains(r.Reason, want) {
			t.Errorf("%s\n got line %d: %s\nwant line %d: ...%s...", text, r.Line, r.Reason, line, want)
		}
	}
	f("", 1, "want a Sigma document, found none")
	f("# only a comment\n", 1, "found none")
	f("\xff\xfet\x00", 1, "found UTF-16")
	f("title: a\nid: \xc3\x28\n", 2, "found the byte 0xc3")
	f("- a\n- b\n", 1, "want a map with title and detection, found a list")
	f("hello", 1, `found "hello"`)
	f("name: CI\non: push\njobs: {}\n", 1, "no Sigma document: want detection, correlation or filter, found the keys name, on, jobs")
	f("title: a\n\tb: c\n", 2, "YAML: ")
	f("id: a\nlogsource: {product: p}\ndetection: {}\n", 1, "want title, found none")
	f("title: {}\nlogsource: {product: p}\ndetection: {}\n", 1, "title: want a text, found an empty map")
	f("title: a\ndetection: {}\n", 1, "want logsource, found none")
	f("title: a\nlogsource: windows\ndetection: {}\n", 2, `logsource: want a map with category, product or service, found "windows"`)
	f("title: a\nlogsource: {definition: x}\ndetection: {}\n", 2, "found none of them")
	f("title: a\nlogsource: {product: [a]}\ndetection: {}\n", 2, "product: want a text, found a list")
	f("title: a\nlogsource: {product: p}\n", 1, "want detection, found none")
	f("title: a\nlogsource: {product: p}\ndetection: [a]\n", 3, "detection: want a map")
	f("title: a\ntitle: b\n", 2, `want each key once, found "title" again (first on line 1)`)
	f(inRule("s:\n  F: x\n  G|bad: y\ncondition: s"), 6, `found "bad"`)
	f(inRule("s:\n  F:\n    - x\n    - [y]\ncondition: s"), 7, "want a list of texts and numbers")
	f(inRule("s: {F: x}\ntimeframe: 5m\ncondition: s"), 5, "timeframe belongs to the aggregations")
	f(strings.Repeat("#", maxFileSize+1), 0, "at most 1048576 bytes")
	f(strings.Repeat("---\n", maxDocuments+2), 1, "at most 4096 documents")
}

// TestWarningsOfRejected: remarks are about what is loaded.
func TestWarningsOfRejected(t *testing.T) {
	c := Parse([]byte(inRule("s: {F|bad: x}\ncondition: s")+"level: odd\n"), "f.yml", LoadOptions{})
	if len(c.Rejected) != 1 || len(c.Warnings) != 0 {
		t.Errorf("want one rejection and no warnings, got %v and %v", c.Rejected, c.Warnings)
	}
}

// TestHostileTemplates: a large template is not copied for each of thousands of documents.
func TestHostileTemplates(t *testing.T) {
	text := "action: global\n"
	for i := range 20000 {
		text += fmt.Sprintf("k%d: x\n", i)
	}
	text += strings.Repeat("---\na: b\n", 4000)
	c := Parse([]byte(text), "f.yml", LoadOptions{})
	if len(c.Rejected) != 4000 || !strings.Contains(c.Rejected[3999].Reason, "templates that put at most") {
		t.Errorf("want 4000 rejections, the last because of the templates, got %d: %.1v", len(c.Rejected), c.Rejected)
	}
}

// TestWarningsAreBounded: a document of nothing but small faults.
func TestWarningsAreBounded(t *testing.T) {
	c := Parse([]byte(inRule("s: {F: x}\ncondition: s")+"tags: ["+strings.Repeat("{}, ", 1000)+"]\n"), "f.yml", LoadOptions{})
	if len(c.Rules) != 1 || len(c.Warnings) != maxWarnings || !strings.Contains(c.Warnings[maxWarnings-1].Reason, "more is wrong") {
		t.Errorf("want a rule and %d warnings, got %d and %d", maxWarnings, len(c.Rules), len(c.Warnings))
	}
}

// TestHostileYAML: what is written to exhaust a reader is refused, quickly.
func TestHostileYAML(t *testing.T) {
	bomb := "title: a\nlogsource: {product: p}\na: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 8), c-1)
	}
	f := func(name, text, want string) {
		t.Helper()
		c := Parse([]byte(text), "f.yml", LoadOptions{})
		if len(c.Rules) > 0 || len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Reason, want) {
			t.Errorf("%s: want one rejection because of %q, got %d rules, %v", name, want, len(c.Rules), c.Rejected)
		}
	}
	f("aliases of aliases in a selection", bomb+"detection: {s: *i, condition: s}\n", "at most")
	f("alias of itself", "title: a\nlogsource: {product: p}\ndetection: {s: &s [*s], condition: s}\n", "nested at most 16")
	f("map of itself", "title: a\nlogsource: {product: p}\ndetection: &d {s: *d, condition: s}\n", "found a map")
	f("document of itself", "&d {title: a, logsource: {product: p}, detection: *d}\n", "want condition")
	f("deep lists", inRule("s: "+strings.Repeat("[", 2000)+"x"+strings.Repeat("]", 2000)+"\ncondition: s"), "nested at most 16")
	f("very deep lists", "a: "+strings.Repeat("[", 20000), "YAML")
	f("deep maps", "title: a\nlogsource: {product: p}\ndetection: "+strings.Repeat("{a: ", 5000)+"b"+strings.Repeat("}", 5000), "want condition")
	f("global of itself", "action: global\na: &a {b: *a}\n---\na: &x {b: *x}\n", "nested at most 16")
	f("long values repeated", "title: a\nlogsource: {product: p}\nx: &x "+strings.Repeat("x", 300000)+"\ndetection: {s: {F: ["+
		strings.Repeat("*x, ", 5000)+"]}, condition: s}\n", "bytes of values")
	f("long values multiplied", inRule("s: {F|windash: '"+strings.Repeat("x", 300000)+" -a -b -c -d -e'}\ncondition: s"), "bytes of values")
	f("long keywords repeated", "title: a\nlogsource: {product: p}\nx: &x "+strings.Repeat("x", 300000)+"\ndetection: {s: ["+
		strings.Repeat("*x, ", 5000)+"], condition: s}\n", "bytes of values")
	f("encodings of encodings", inRule("s: {F"+strings.Repeat("|wide", 15)+": "+strings.Repeat("x", 3000)+"}\ncondition: s"), "bytes of values")
	f("many modifiers", inRule("s: {F"+strings.Repeat("|wide", 17)+": x}\ncondition: s"), "at most 16 modifiers")
	f("many wildcards", inRule("s: {F: '"+strings.Repeat("*a", 1000)+"'}\ncondition: s"), "at most 512 wildcards")
	f("many keyword wildcards", inRule("s: ['"+strings.Repeat("*a", 1000)+"']\ncondition: s"), "at most 512 wildcards")
	many := ""
	for i := range 2 * maxSelections {
		many += fmt.Sprintf("s%d: {F: x}\n", i)
	}
	f("many selections", inRule(many+"condition: all of them"), "at most 1024 search identifiers")
	f("junk", strings.Repeat("\x01\x02", 100), "YAML")
}

func TestMetadata(t *testing.T) {
	text := `title: ' Whoami '
id: 1
name: who
description: |
  two
  lines
author: [a, b]
date: 2020-01-02
modified: 2020/01/03
references: one
tags: [attack.T1059.001, cve.2020-1]
falsepositives: []
fields: [A, B]
related:
  - {id: x, type: derived}
  - {id: y, type: cousin}
logsource: {product: Windows, category: Process_Creation, definition: all of it}
detection: {s: {F: x}, condition: s}
`
	c := Parse([]byte(text), "f.yml", LoadOptions{})
	if len(c.Rules) != 1 {
		t.Fatalf("want a rule, got %v", c.Rejected)
	}
	r := c.Rules[0]
	got := fmt.Sprintf("%q %q %q %q %q %q %q %q %q %q %q %v %v %v", r.Title, r.ID, r.Name, r.Description, r.Author, r.Date, r.Modified,
		r.References, r.Tags, r.FalsePositives, r.Fields, r.Related, r.Logsource, r.Level)
	want := `"Whoami" "1" "who" "two\nlines" "a, b" "2020-01-02" "2020/01/03" ["one"] ["attack.T1059.001" "cve.2020-1"] [] ["A" "B"] ` +
		`[{x derived} {y cousin}] {windows process_creation  all of it} medium`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Reason, "cousin") {
		t.Errorf("want a warning of the relation cousin, got %v", c.Warnings)
	}
}

func TestLoad(t *testing.T) {
	rule := func(id string) []byte {
		return []byte("title: t\nid: " + id + "\nlogsource: {product: p}\ndetection: {s: {F: " + id + "}, condition: s}\n")
	}
	fsys := fstest.MapFS{
		"rules/b.yml":         {Data: rule("b")},
		"rules/a/z.YAML":      {Data: rule("z")},
		"rules/a/broken.yml":  {Data: []byte("title: [")},
		"rules/a/notes.md":    {Data: []byte("no rule")},
		"rules/.git/x.yml":    {Data: rule("hidden")},
		"rules/c/a.yml":       {Data: rule("a")},
		"empty/readme.txt":    {Data: []byte("nothing")},
		"rules/d/nothing.yml": {Data: nil},
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	check := func(c *Collection, err error, prefix string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var ids, rejected []string
		for _, r := range c.Rules {
			ids = append(ids, r.ID+"@"+strings.TrimPrefix(filepath.ToSlash(r.File), prefix))
		}
		for _, r := range c.Rejected {
			rejected = append(rejected, strings.TrimPrefix(filepath.ToSlash(r.File), prefix))
		}
		if got, want := fmt.Sprint(ids, rejected, c.Files, c.Skipped),
			"[z@rules/a/z.YAML b@rules/b.yml a@rules/c/a.yml] [rules/a/broken.yml rules/d/nothing.yml] 5 map[hidden folder:1]"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	prefix := filepath.ToSlash(dir) + "/"
	for _, workers := range []int{0, 1, 7} {
		c, err := Load([]string{filepath.Join(dir, "rules")}, LoadOptions{Workers: workers})
		check(c, err, prefix)
		c, err = LoadFS(fsys, "rules", LoadOptions{Workers: workers})
		check(c, err, "")
	}
	// The order of the paths does not matter, nor does naming a file twice.
	c, err := Load([]string{filepath.Join(dir, "rules", "b.yml"), filepath.Join(dir, "rules"), filepath.Join(dir, "rules", "a") + "/"}, LoadOptions{})
	check(c, err, prefix)

	if _, err := Load([]string{filepath.Join(dir, "empty")}, LoadOptions{}); err == nil || !strings.Contains(err.Error(), ErrNoRules.Error()) {
		t.Errorf("Load(empty) = %v, want ErrNoRules", err)
	}
	if _, err := Load([]string{filepath.Join(dir, "nowhere")}, LoadOptions{}); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("Load(nowhere) = %v, want that it does not exist", err)
	}
	// A file that is named is read, whatever its name.
	if err := os.WriteFile(filepath.Join(dir, "rule.txt"), rule("n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load([]string{filepath.Join(dir, "rule.txt")}, LoadOptions{}); err != nil || len(c.Rules) != 1 {
		t.Errorf("Load(rule.txt) = %v, %v, want one rule", c, err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "rules", "dangling.yml")); err == nil {
		c, err := Load([]string{filepath.Join(dir, "rules")}, LoadOptions{})
		if err != nil || len(c.Rules) != 3 || len(c.Rejected) != 3 {
			t.Errorf("with a dangling link: %v, want 3 rules and 3 rejections, got %d and %v", err, len(c.Rules), c.Rejected)
		}
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}
