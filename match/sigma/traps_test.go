package sigma_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// Each trap of sigma-traps.md has a test here, from the text of a rule to the rules that match an
// event. Every case goes through the engine and through the reference, and both must say what the
// case says.

// A judge checks rules against events.
type judge struct {
	*testing.T
	table   *refTable
	options refOptions
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	return &judge{T: t, table: refNewTable(t)}
}

// ruleOf writes a rule around a detection; logsource is "product: windows" if it is "".
func ruleOf(logsource, detection string) string {
	if logsource == "" {
		logsource = "product: windows"
	}
	return "title: trap\nlogsource:\n" + indent(logsource) + "detection:\n" + indent(detection)
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(s, "\n") + "\n") {
		b.WriteString("    " + line)
	}
	return b.String()
}

// engineMatch compiles rules and gives the titles of those that match an event.
func engineMatch(rules string, opt refOptions, e *event.Event) (titles []string, rejected []sigma.Rejection, err error) {
	defer func() {
		if r := recover(); r != nil { // one case must not hide the others
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	c := sigma.Parse([]byte(rules), "trap.yml", sigma.LoadOptions{
		Placeholders: opt.placeholders, IncludeDeprecated: opt.deprecated,
	})
	c.Resolve()
	set, err := sigma.Compile(c)
	if err != nil {
		return nil, c.Rejected, err
	}
	for _, r := range set.NewMatcher().Match(e) {
		titles = append(titles, r.Title)
	}
	return titles, c.Rejected, nil
}

// want checks that a rule matches an event, or does not.
func (j *judge) want(want bool, rule string, e *event.Event) {
	j.Helper()
	for i, e := range []*event.Event{e, asText(e)} {
		titles, rejected := refMatch(rule, j.table, j.options, refOf(e))
		if len(rejected) > 0 {
			j.Errorf("reference rejects: %v\n%s", rejected, rule)
			return
		}
		if got := len(titles) > 0; got != want {
			j.Errorf("reference: matches = %v, want %v\n%s%s", got, want, rule, showEvent(e))
		}
		titles, engineRejected, err := engineMatch(rule, j.options, e)
		if err != nil || len(engineRejected) > 0 {
			j.Errorf("engine rejects: %v %v\n%s", engineRejected, err, rule)
			return
		}
		if got := len(titles) > 0; got != want {
			j.Errorf("engine: matches = %v, want %v (form %d of the event)\n%s%s", got, want, i, rule, showEvent(e))
		}
	}
}

// rejected checks that a rule is refused, and that it is told where and why (T32).
func (j *judge) rejected(rule string) {
	j.Helper()
	if _, rejected := refParse(rule, j.table, j.options); len(rejected) == 0 {
		j.Errorf("reference accepts\n%s", rule)
	}
	c := sigma.Parse([]byte(rule), "trap.yml", sigma.LoadOptions{Placeholders: j.options.placeholders})
	c.Resolve()
	if len(c.Rejected) == 0 {
		j.Errorf("engine accepts\n%s", rule)
	}
	if len(c.Rules) > 0 {
		j.Errorf("engine keeps a rule of what it rejects\n%s", rule)
	}
	for _, r := range c.Rejected {
		if r.Reason == "" || r.File != "trap.yml" || r.Line < 1 {
			j.Errorf("rejection without reason or place: %+v\n%s", r, rule)
		}
	}
}

// absent is the value of a field that the event does not have.
type absent struct{}

// item checks one line of a map ("Field|contains: 'x'") against a value of Field.
func (j *judge) item(line string, value any, want bool) {
	j.Helper()
	data := []any{"Other", "filler", "Field", value}
	if _, no := value.(absent); no {
		data = data[:2]
	}
	j.want(want, ruleOf("", "sel:\n    "+line+"\ncondition: sel\n"), winEvent("Application", 7, data...))
}

func (j *judge) refused(line string) {
	j.Helper()
	j.rejected(ruleOf("", "sel:\n    "+line+"\ncondition: sel\n"))
}

func TestT01_Case(t *testing.T) {
	f := newJudge(t).item
	f(`Field: 'C:\Windows\WHOAMI.exe'`, `c:\wINDOWS\whoami.EXE`, true)
	f(`Field|cased: 'C:\Windows\WHOAMI.exe'`, `c:\windows\whoami.exe`, false)
	f(`Field|cased: 'C:\Windows\WHOAMI.exe'`, `C:\Windows\WHOAMI.exe`, true)
	f(`Field|contains|cased: 'Whoami'`, `c:\whoami.exe`, false)
	f(`Field|contains|cased: 'Whoami'`, `c:\Whoami.exe`, true)
	f(`Field|cased|contains: 'Whoami'`, `c:\whoami.exe`, false)
	f(`Field|startswith|cased: 'Wh'`, `who`, false)
	f(`Field|startswith|cased: 'Wh'`, `Who`, true)
	f(`Field|endswith|cased: 'EXE'`, `a.exe`, false)
	f(`Field|endswith|cased: 'EXE'`, `a.EXE`, true)
	f(`Field|cased: 'a*Z'`, `aBCZ`, true)
	f(`Field|cased: 'a*Z'`, `aBCz`, false)
	f(`Field|cased: 'a?Z'`, `AbZ`, false)
	f(`Field|cased:
        - 'One'
        - 'Two'`, `two`, false)
	f(`Field|re: 'Whoami'`, `whoami`, false)
	f(`Field|re: 'Whoami'`, `a Whoami b`, true)
	f(`Field: 'w*AMI.ex?'`, `WHOami.EXE`, true)
	// Unicode, not ASCII.
	f(`Field: 'ÄRGER'`, `ärger`, true)
	f(`Field|contains: 'адміністратор'`, `Група АДМІНІСТРАТОР X`, true)
	f(`Field|contains: 'ΣΊΣΥΦΟΣ'`, `ο σίσυφος x`, true) // final sigma folds too
	f(`Field|endswith: 'K'`, `3 K`, true)               // Kelvin sign
	f(`Field|endswith: 'k'`, `3 K`, true)
	f(`Field|contains: 'server'`, `ſERVER`, true) // long s
	f(`Field: 'straße'`, `STRASSE`, false)        // simple folding keeps the length
	f(`Field: 'İ'`, `i`, false)
	f(`Field: 'Ǆ'`, `ǅ`, true) // three cases
	f(`Field|contains: '😀X'`, `a😀x`, true)
}

func TestT02_Anchors(t *testing.T) {
	f := newJudge(t).item
	f(`Field: 'a*b'`, `axxb`, true)
	f(`Field: 'a*b'`, `ab`, true)
	f(`Field: 'a*b'`, `xaxb`, false)
	f(`Field: 'a*b'`, `axbx`, false)
	f(`Field: 'a*b'`, "a\r\nx\nb", true)
	f(`Field: 'a?b'`, "a\nb", true)
	f(`Field: 'a?b'`, "ab", false)
	f(`Field: 'a?b'`, "axxb", false)
	f(`Field: 'a?b'`, "a😀b", true) // one character, not one byte or half of a pair
	f(`Field: '?'`, "é", true)
	f(`Field: '?'`, "", false)
	f(`Field: '*'`, "", true)
	f(`Field: '*'`, absent{}, false)
	f(`Field: '*'`, nil, false)
	f(`Field: '?*'`, "", false)
	f(`Field: '*?'`, "x", true)
	f(`Field: '*a*b*c*'`, "1c2b3a4b5c6", true)
	f(`Field: '*a*b*c*'`, "1c2b3a4b5", false)
	f(`Field: 'a*a'`, "a", false)
	f(`Field: 'ab*ba'`, "aba", false)
	f(`Field|contains: 'line1*line3'`, "x line1\nline2\nline3 y", true)
	f(`Field: 'plain'`, "xplain", false)
	f(`Field: 'plain'`, "plainx", false)
	f(`Field: 'plain'`, "plain\n", false)
}

func TestT03_Escapes(t *testing.T) {
	f := newJudge(t).item
	f(`Field: 'a\*b'`, `a*b`, true)
	f(`Field: 'a\*b'`, `axb`, false)
	f(`Field: 'a\*b'`, `a\xb`, false)
	f(`Field: 'a\?b'`, `a?b`, true)
	f(`Field: 'a\?b'`, `axb`, false)
	f(`Field: 'a\\b'`, `a\b`, true)
	f(`Field: 'a\\b'`, `a\\b`, false)
	f(`Field: 'a\b'`, `a\b`, true)
	f(`Field: 'a\'`, `a\`, true)
	f(`Field: 'a\\'`, `a\`, true)
	f(`Field: 'C:\\*'`, `C:\dir`, true)
	f(`Field: 'C:\\*'`, `C:*`, false)
	f(`Field: 'C:\\*'`, `C:dir`, false)
	f(`Field: 'C:\*'`, `C:*`, true)
	f(`Field: 'C:\*'`, `C:\dir`, false)
	f(`Field: 'C:\\\*'`, `C:\*`, true)
	f(`Field: 'C:\\\*'`, `C:\dir`, false)
	f(`Field: '\\\\host\share'`, `\\host\share`, true)
	f(`Field: '\\\\host\share'`, `\host\share`, false)
	f(`Field: '\\\host'`, `\\host`, true) // three are handled as two
	f(`Field: '\\host'`, `\host`, true)
	f(`Field|contains: '\*x'`, `a*xb`, true)
	f(`Field|contains: '\*x'`, `axb`, false)
	f(`Field|endswith: '\\cmd.exe'`, `C:\cmd.exe`, true)
	f(`Field|endswith: '\cmd.exe'`, `C:\cmd.exe`, true)
	f(`Field|endswith: '\'`, `C:\`, true)
	f(`Field|startswith: '\\\\'`, `\\host`, true)
	f(`Field|startswith: '\\\\'`, `\host`, false)
	f(`Field|contains: '\"'`, `say \"x\"`, true)
	f(`Field|contains: '\"'`, `say "x"`, false)
}

func TestT04_WildcardsInModifiers(t *testing.T) {
	f := newJudge(t).item
	f(`Field|contains: 'a*b'`, `xxaYYbxx`, true)
	f(`Field|contains: 'a*b'`, `xxbYYaxx`, false)
	f(`Field|contains: '*a*'`, `xax`, true)
	f(`Field|contains: '*a'`, `xax`, true)
	f(`Field|contains: 'a?c'`, `xabcx`, true)
	f(`Field|contains: 'a?c'`, `xacx`, false)
	f(`Field|startswith: 'a*b'`, `aXXb and more`, true)
	f(`Field|startswith: 'a*b'`, `xaXXb`, false)
	f(`Field|startswith: '*b'`, `xxb and more`, true)
	f(`Field|endswith: 'a*b'`, `more and aXXb`, true)
	f(`Field|endswith: 'a*b'`, `more aXXbx`, false)
	f(`Field|endswith: 'a*'`, `xay`, true)
	f(`Field|contains: ''`, `x`, true)
	f(`Field|contains: ''`, ``, true)
	f(`Field|contains: ''`, absent{}, false)
	f(`Field|contains: '\*'`, `a*`, true)
	f(`Field|contains: '\*'`, `a`, false)
	f(`Field|endswith: 'a\*'`, `xa*`, true)
	f(`Field|endswith: 'a\*'`, `xab`, false)
}

func TestT05_Keywords(t *testing.T) {
	j := newJudge(t)
	f := func(keywords string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("", "keywords:\n"+indent(keywords)+"condition: keywords\n"), winEvent("MSExchange Management", 1, data...))
	}
	f(`- 'EVILSERVICE'`, true, "Data", "an evilservice was here")
	f(`- 'EVILSERVICE'`, true, "A", "x", "B", several{"y", "EvilService"})
	f(`- 'EVILSERVICE'`, false, "EvilService", "a name is no value")
	f(`- 'none'
- 'second'`, true, "Data", "the second one")
	f(`- 'a*z'`, true, "Data", "x a--z x")
	f(`- 'a*z'`, false, "D1", "x a-", "D2", "-z x") // one value, not the record
	f(`- 'a?z'`, false, "Data", "az")
	f(`- 'ÄRGER'`, true, "Data", "großer ärger")
	f(`- 'HOST1.example'`, true, "Data", "the header is searched too")
	f(`'|all':
    - 'New-MailboxExportRequest'
    - '.aspx'`, true, "Data", several{"New-MailboxExportRequest", `-FilePath "\\host\c$\x.aspx"`})
	f(`'|all':
    - 'New-MailboxExportRequest'
    - '.aspx'`, false, "Data", several{"New-MailboxExportRequest", "nothing"})
	// Never the text of an encoding: quotes and backslashes are single.
	f(`'|all':
    - ' -FilePath "\\'
    - 'New-MailboxExportRequest'`, true, "Data", `New-MailboxExportRequest -Mailbox x -FilePath "\\127.0.0.1\C$\x"`)
	f(`- '\\\\127'`, true, "Data", `-FilePath "\\127.0.0.1\C$"`)
	f(`- '\\\\127'`, false, "Data", `-FilePath "\127.0.0.1\C$"`)
	f(`- '\"'`, false, "Data", `a "quote"`)
	f(`- '\"'`, true, "Data", `an escaped \"quote\"`)
	f(`- 4624`, true, "Data", "id 4624 x")
	f(`- 'only'`, false, "Data", nil)
	f(`- 'x'`, true, "Data", []string{"a", "x"})
	// A single value is a keyword too.
	j.want(true, ruleOf("", "keywords: 'needle'\ncondition: keywords\n"), winEvent("Application", 1, "Data", "a needle b"))
	// Keywords and maps in one list are alternatives.
	f(`- 'needle'
- Field: 'x'`, true, "Field", "x")
	f(`- 'needle'
- Field: 'x'`, true, "Other", "needle")
	f(`- 'needle'
- Field: 'x'`, false, "Other", "x")
}

func TestT06_Lists(t *testing.T) {
	j := newJudge(t)
	f := func(detection string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("", detection), winEvent("Application", 1, data...))
	}
	maps := `sel:
    - A: 'x'
      B: 'y'
    - C: 'z'
condition: sel
`
	f(maps, true, "A", "x", "B", "y")
	f(maps, false, "A", "x", "B", "n")
	f(maps, true, "A", "n", "C", "z")
	f(maps, false, "A", "n")
	values := `sel:
    A:
        - 'x'
        - 'y'
    B: 'z'
condition: sel
`
	f(values, true, "A", "y", "B", "z")
	f(values, false, "A", "y", "B", "x")
	all := `sel:
    A|contains|all:
        - 'x'
        - 'y'
condition: sel
`
	f(all, true, "A", "yes x")
	f(all, false, "A", "just x")
	f("sel:\n    A|contains|all: 'x'\ncondition: sel\n", true, "A", "one x")
	f("sel:\n    A|all|contains:\n        - 'x'\n        - 'y'\ncondition: sel\n", true, "A", "yx")
	// What one value expands to stays an OR under all.
	dashes := `sel:
    A|contains|all|windash:
        - ' -x'
        - ' -y'
condition: sel
`
	f(dashes, true, "A", "cmd /x –y")
	f(dashes, false, "A", "cmd /x /z")
	for offset := range 3 {
		blob := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", offset) + "synthetic one, synthetic two"))
		f("sel:\n    A|base64offset|contains|all:\n        - 'synthetic one'\n        - 'synthetic two'\ncondition: sel\n", true, "A", blob)
		f("sel:\n    A|base64offset|contains|all:\n        - 'synthetic one'\n        - 'synthetic six'\ncondition: sel\n", false, "A", blob)
	}
	// The same map in a list of one.
	f("sel:\n    - A: 'x'\ncondition: sel\n", true, "A", "x")
	j.rejected(ruleOf("", "sel: []\ncondition: sel\n"))
	j.rejected(ruleOf("", "sel: {}\ncondition: sel\n"))
	j.rejected(ruleOf("", "sel:\n    A: []\ncondition: sel\n"))
	j.rejected(ruleOf("", "sel:\n    A: {B: 'x'}\ncondition: sel\n"))
	j.rejected(ruleOf("", "sel:\n    A: [['x']]\ncondition: sel\n"))
}

func TestT07_AnchorsOfModifiers(t *testing.T) {
	f := newJudge(t).item
	f(`Field|endswith: 'password*.txt'`, `notepad C:\my password list.txt`, true)
	f(`Field|endswith: 'password*.txt'`, `notepad C:\my password list.txt.bak`, false)
	f(`Field|endswith: 'password*.txt'`, `password.txt`, true)
	f(`Field|startswith: 'pass*word'`, `pass and word and more`, true)
	f(`Field|startswith: 'pass*word'`, `a pass and word`, false)
	f(`Field|startswith: 'pass?ord'`, `passWORD and more`, true)
	f(`Field|endswith: 'pass?ord'`, `my passWORD`, true)
	f(`Field|endswith: 'pass?ord'`, `my password.`, false)
}

func TestT08_Windash(t *testing.T) {
	j := newJudge(t)
	f := j.item
	for _, dash := range []string{"-", "/", "–", "—", "―"} {
		f(`Field|contains|windash: ' -x'`, "cmd "+dash+"x 1", true)
		f(`Field|windash|contains: ' -x'`, "cmd "+dash+"X 1", true)
		f(`Field|contains|windash: ' /x'`, "cmd "+dash+"x 1", true)
		f(`Field|endswith|windash: '/all'`, "ipconfig "+dash+"all", true)
		f(`Field|windash|endswith: '-all'`, "ipconfig "+dash+"all", true)
		f(`Field|windash: '-a*z'`, dash+"a b z", true)
		for _, second := range []string{"-", "/", "–"} {
			f(`Field|contains|windash: '-a 1 -b'`, "x "+dash+"a 1 "+second+"b", true)
		}
	}
	f(`Field|contains|windash: ' -x'`, "cmd _x 1", false)
	f(`Field|contains|windash: ' -x'`, "cmd +x 1", false)
	// Dashes inside words stay what they are.
	f(`Field|contains|windash: 'sub-word -x'`, "sub-word /x", true)
	f(`Field|contains|windash: 'sub-word -x'`, "sub/word /x", false)
	f(`Field|contains|windash: 'a/b'`, "a-b", false)
	f(`Field|contains|windash: 'é-b'`, "é/b", false) // é is a letter
	f(`Field|contains|windash: ' - b'`, "a / b", false)
	f(`Field|contains|windash: '--long'`, "-/long", true) // the dash that stands before the word
	f(`Field|contains|windash: '--long'`, "/-long", false)
	f(`Field|contains|windash: '-Encoded*-x'`, "/EncodedCommand abc –x", true)
	f(`Field|contains|windash: '-'`, "/", false)
	f(`Field|windash|contains|all:
        - '-a'
        - '-b'`, "/a –b", true)
	f(`Field|windash|contains:
        - '-a'
        - '-b'`, "/b", true)
}

func TestT09_Base64Offset(t *testing.T) {
	j := newJudge(t)
	f := j.item
	for _, needle := range []string{"foo", "http", "/bin/", "ärger", "日本", "a longer text"} {
		for before := range 4 {
			for after := range 4 {
				// Random-looking neighbours: no character that depends on them may be asked for.
				for _, neighbour := range []string{"\x00", "\xff", "Z"} {
					blob := strings.Repeat(neighbour, before) + needle + strings.Repeat(neighbour, after)
					value := "echo " + base64.StdEncoding.EncodeToString([]byte(blob)) + " |"
					f(fmt.Sprintf("Field|base64offset|contains: '%s'", needle), value, true)
				}
			}
		}
		f(fmt.Sprintf("Field|base64offset|contains: '%s'", needle), base64.StdEncoding.EncodeToString([]byte("nothing of the kind here")), false)
	}
	f(`Field|base64offset|contains: 'foo'`, "xZm9vx", true)
	f(`Field|base64offset|contains: 'foo'`, "Zvb", true) // not "Zvbw", of which the end depends on what follows
	f(`Field|base64offset|contains: 'foo'`, "mb", false)
	f(`Field|base64offset: 'foo'`, "Zm9v", true)
	f(`Field|base64offset: 'foo'`, "xZm9vx", false) // substring only with contains
	f(`Field|base64: 'foobar'`, "Zm9vYmFy", true)
	f(`Field|base64: 'foobar'`, "xZm9vYmFyx", false)
	f(`Field|base64|contains: 'foobar'`, "xZm9vYmFyx", true)
	f(`Field|base64: 'foo\*'`, base64.StdEncoding.EncodeToString([]byte("foo*")), true)
	f(`Field|base64: 'a\b'`, base64.StdEncoding.EncodeToString([]byte(`a\b`)), true)
	f(`Field|base64offset|contains: 'a\?bc'`, base64.StdEncoding.EncodeToString([]byte("a?bc")), true)
	j.refused(`Field|base64: 'foo*'`)
	j.refused(`Field|base64offset|contains: 'f?o'`)
	j.refused(`Field|base64: 5`)
}

func TestT10_Wide(t *testing.T) {
	j := newJudge(t)
	f := j.item
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	f(`Field|wide|base64: 'cmd'`, b64("c\x00m\x00d\x00"), true)
	f(`Field|utf16le|base64: 'cmd'`, b64("c\x00m\x00d\x00"), true)
	f(`Field|utf16be|base64: 'cmd'`, b64("\x00c\x00m\x00d"), true)
	f(`Field|utf16|base64: 'cmd'`, b64("\xff\xfec\x00m\x00d\x00"), true)
	f(`Field|utf16|base64: 'cmd'`, b64("c\x00m\x00d\x00"), false)
	f(`Field|utf16be|base64: 'cmd'`, b64("c\x00m\x00d\x00"), false)
	f(`Field|wide|base64offset|contains: 'cmd'`, b64("xc\x00m\x00d\x00y"), true)
	f(`Field|wide|base64offset|contains: 'é😀'`, b64("x\xe9\x00\x3d\xd8\x00\xdey"), true)
	f(`Field|wide|base64offset|contains: 'cmd'`, b64("xcmdy"), false)
	f(`Field|wide|contains: 'cmd'`, "x c\x00m\x00d\x00 y", true)
	f(`Field|wide|contains: 'cmd'`, "x cmd y", false)
}

func TestT11_NullAndEmpty(t *testing.T) {
	j := newJudge(t)
	f := j.item
	f(`Field: null`, absent{}, true)
	f(`Field: null`, nil, true)
	f(`Field: null`, "", false)
	f(`Field: null`, "null", false)
	f(`Field: null`, "x", false)
	f(`Field: `, absent{}, true) // YAML's other way to write null
	f(`Field: ~`, absent{}, true)
	f(`Field: ''`, "", true)
	f(`Field: ''`, absent{}, false)
	f(`Field: ''`, nil, false)
	f(`Field: ''`, " ", false)
	f(`Field: 'null'`, nil, false)
	f(`Field: 'null'`, "null", true)
	f(`Field|exists: true`, "x", true)
	f(`Field|exists: true`, "", true)
	f(`Field|exists: true`, nil, true)
	f(`Field|exists: true`, absent{}, false)
	f(`Field|exists: false`, absent{}, true)
	f(`Field|exists: false`, nil, false)
	f(`Field|exists: false`, "", false)
	j.refused("Field:\n        - 'x'\n        - null")
	j.refused(`Field|exists: 'maybe'`)
	j.want(true, ruleOf("", "sel:\n    Other: '*'\nfilter:\n    Field: null\ncondition: sel and not filter\n"), winEvent("Application", 1, "Other", "o", "Field", "x"))
	j.want(false, ruleOf("", "sel:\n    Other: '*'\nfilter:\n    Field: null\ncondition: sel and not filter\n"), winEvent("Application", 1, "Other", "o"))
}

func TestT12_NotOverMissing(t *testing.T) {
	j := newJudge(t)
	e := winEvent("Application", 1, "Other", "o", "Null", nil)
	for _, filter := range []string{
		`Field: 'x'`, `Field|contains: 'x'`, `Field|re: 'x'`, `Field: 5`, `Field|gt: 5`, `Field|cidr: '10.0.0.0/8'`,
		`Field|fieldref: Other`, `Field|contains|all: ['x', 'y']`, `Field|exists: true`,
		`Null: 'x'`, `Null: ''`, `Null|contains: ''`, `Null|lt: 5`, `Null|re: '.*'`,
	} {
		j.want(true, ruleOf("", "sel:\n    Other: 'o'\nfilter:\n    "+filter+"\ncondition: sel and not filter\n"), e)
		j.want(true, ruleOf("", "filter:\n    "+filter+"\ncondition: not filter\n"), e)
		j.want(false, ruleOf("", "filter:\n    "+filter+"\ncondition: not not filter\n"), e)
	}
	j.want(true, ruleOf("", "sel:\n    Other: 'o'\nf1:\n    A: '1'\n    B: '2'\nf2:\n    Other: 'p'\ncondition: sel and not 1 of f*\n"), e)
	j.want(true, ruleOf("", "sel:\n    Other: 'o'\nf1:\n    A: '1'\n    Other: 'o'\ncondition: sel and not f1\n"), e)
}

func TestT13_Conditions(t *testing.T) {
	j := newJudge(t)
	// Searches named for what they say of this event.
	searches := `yes:
    A: '1'
no:
    A: '2'
_no:
    A: '3'
_yes:
    A: '1'
sel_yes_1:
    B: '1'
sel_no_2:
    B: '2'
all_yes_a:
    A: '1'
all_yes_b:
    B: '1'
`
	e := winEvent("Application", 1, "A", "1", "B", "1")
	f := func(condition string, want bool) {
		t.Helper()
		j.want(want, ruleOf("", searches+"condition: "+condition+"\n"), e)
	}
	f("yes", true)
	f("no", false)
	f("not no", true)
	f("no and no or yes", true)
	f("yes or no and no", true) // and binds closer
	f("(yes or no) and no", false)
	f("not no and no", false) // not binds closest
	f("not (no and no)", true)
	f("not yes or yes", true)
	f("no or not no", true)
	f("not not yes", true)
	f("not(no)", true)
	f("((yes))", true)
	f("yes AND NOT no", true)
	f("1 OF sel_*", true)
	f("1 of sel_*", true)
	f("any of sel_*", true)
	f("all of sel_*", false)
	f("all of all_yes*", true)
	f("all of *yes*", true)
	f("1 of *_no_*", false)
	f("1 of sel*1", true)
	f("all of sel*2", false)
	f("1 of s*l*y*1", true)
	f("1 of them", true)
	f("any of them", true)
	f("all of them", false)
	f("1 of _*", true)
	f("all of _*", false)
	f("1 of _no*", false)
	f("not 1 of sel_*", false)
	f("yes and not 1 of *no*", true)
	f("yes and not all of sel_*", true)
	f("\n        - no\n        - yes", true)
	f("\n        - no\n        - no and yes", false)
	// _no would be the only one that is false or true.
	under := "yes:\n    A: '1'\n_no:\n    A: '2'\ncondition: "
	j.want(true, ruleOf("", under+"all of them\n"), e)
	j.want(true, ruleOf("", under+"all of *\n"), e)
	under = "no:\n    A: '2'\n_yes:\n    A: '1'\ncondition: "
	j.want(false, ruleOf("", under+"1 of them\n"), e)
	j.want(false, ruleOf("", under+"1 of *\n"), e)
	for _, wrong := range []string{
		"unknown", "yes and unknown", "1 of unknown*", "all of unknown*", "yes and", "and yes", "yes yes", "(yes", "yes)",
		"not", "1 of", "all of", "()", "yes | count() > 5", "yes or or no", "2 of sel_*", "''", "1 of *nothing",
	} {
		j.rejected(ruleOf("", searches+"condition: "+wrong+"\n"))
	}
	j.rejected(ruleOf("", "sel:\n    A: '1'\n"))
	// Matches none that may be meant: only an underscored identifier fits.
	j.rejected(ruleOf("", "sel:\n    A: '1'\n_hidden:\n    A: '1'\ncondition: all of *hidden\n"))
}

func TestT14_Numbers(t *testing.T) {
	j := newJudge(t)
	f := j.item
	for _, value := range []any{4624, uint32(4624), uint64(4624), "4624", "4624.0", "+4624", "04624", 4624.0} {
		f(`Field: 4624`, value, true)
	}
	for _, value := range []any{4625, "46240", "x4624", "4624x", "", nil, absent{}, "0x1210", hex(4624), "4624 ", " 4624"} {
		f(`Field: 4624`, value, false)
	}
	f(`Field: '4624'`, 4624, true)
	f(`Field: '4624'`, "4624.0", false)
	f(`Field: '0x40810000'`, hex(0x40810000), true)
	f(`Field: '0x40810000'`, 0x40810000, false)
	f(`Field: -5`, -5, true)
	f(`Field: -5`, "-5", true)
	f(`Field: -5`, 5, false)
	f(`Field: 0`, "-0", true)
	f(`Field: 1.5`, "1.5", true)
	f(`Field: 1.5`, "1.50", true)
	f(`Field: 1.5`, "15", false)
	f(`Field: 1.5`, 1.5, true)
	f(`Field|contains: 46`, 4624, true)
	f(`Field|contains: 46`, 1246, true)
	f(`Field|contains: 47`, 4624, false)
	f(`Field|startswith: 46`, "4624", true)
	f(`Field|endswith: 24`, 4624, true)
	f("Field:\n        - 1\n        - 4624", "4624", true)
	f(`Field|gt: 5`, 6, true)
	f(`Field|gt: 5`, 5, false)
	f(`Field|gt: 5`, "6.5", true)
	f(`Field|gt: 5`, "10", true) // not as texts
	f(`Field|gte: 5`, "5", true)
	f(`Field|gte: 5`, 4, false)
	f(`Field|lt: 5`, "-7", true)
	f(`Field|lt: 5`, 5, false)
	f(`Field|lt: -5`, -6, true)
	f(`Field|lt: -5`, -4, false)
	f(`Field|lte: 0.5`, "0.5", true)
	f(`Field|lte: 0.5`, "0.51", false)
	f(`Field|lt: 5`, "text", false)
	f(`Field|lt: 5`, "", false)
	f(`Field|lt: 5`, absent{}, false)
	f(`Field|gt: 4294967296`, uint64(1<<40), true)
	f(`Field: 'true'`, true, true)
	f(`Field: 'True'`, true, true)
	f(`Field: true`, true, true)
	f(`Field: true`, "True", true)
	f(`Field: 'false'`, false, true)
	f(`Field: false`, true, false)
	f(`Field: 'true'`, 1, false)
	f(`Field: true`, "1", false)
	// Beyond what a float64 tells apart.
	f(`Field: 9232379236109516800`, uint64(9232379236109516800), true)
	f(`Field: 9232379236109516800`, uint64(9232379236109516801), false)
}

func TestT15_CIDR(t *testing.T) {
	j := newJudge(t)
	f := j.item
	f(`Field|cidr: '10.0.0.0/8'`, "10.1.2.3", true)
	f(`Field|cidr: '10.0.0.0/8'`, "11.1.2.3", false)
	f(`Field|cidr: '192.168.0.0/23'`, "192.168.1.255", true)
	f(`Field|cidr: '192.168.0.0/23'`, "192.168.2.0", false)
	f(`Field|cidr: '10.0.0.0/8'`, "::ffff:10.1.2.3", true)
	f(`Field|cidr: '10.0.0.0/8'`, "::FFFF:10.1.2.3", true)
	f(`Field|cidr: '2001:db8::/32'`, "2001:DB8:0:1::5", true)
	f(`Field|cidr: '2001:db8::/32'`, "2001:db9::5", false)
	f(`Field|cidr: 'fe80::/10'`, "fe80::1", true)
	f(`Field|cidr: '::1/128'`, "0:0:0:0:0:0:0:1", true)
	f(`Field|cidr: '127.0.0.1/32'`, "127.0.0.1", true)
	for _, value := range []any{"10.", "10.1.2", "10.1.2.3.4", "10.1.2.256", "host", "-", "", nil, absent{}, "10.1.2.3/8", "10.1.2.3:80"} {
		f(`Field|cidr: '10.0.0.0/8'`, value, false)
	}
	f("Field|cidr:\n        - '10.0.0.0/8'\n        - '172.16.0.0/12'", "172.31.0.1", true)
	for _, wrong := range []string{"10.0.0.0/33", "10.0.0/8", "x", "2001:db8::/129", "", "10.0.0.*"} {
		j.refused(fmt.Sprintf("Field|cidr: '%s'", wrong))
	}
}

func TestT16_FieldRef(t *testing.T) {
	j := newJudge(t)
	f := func(line string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("", "sel:\n    "+line+"\ncondition: sel\n"), winEvent("Application", 1, data...))
	}
	f(`A|fieldref: B`, true, "A", "Same", "B", "sAME")
	f(`A|fieldref: B`, false, "A", "same", "B", "other")
	f(`A|fieldref: B`, false, "A", "same")
	f(`A|fieldref: B`, false, "B", "same")
	f(`A|fieldref: B`, false, "C", "same")
	f(`A|fieldref: B`, false, "A", nil, "B", nil)
	f(`A|fieldref: B`, true, "A", "", "B", "")
	f(`A|fieldref: B`, true, "A", 5, "B", "5")
	f(`A|fieldref: b`, false, "A", "same", "B", "same") // names of fields have a case
	f(`A|fieldref|startswith: B`, true, "A", "prefix and", "B", "PREFIX")
	f(`A|fieldref|startswith: B`, false, "A", "a prefix", "B", "prefix")
	f(`A|fieldref|endswith: B`, true, "A", "the suffix", "B", "SUFFIX")
	f(`A|fieldref|endswith: B`, false, "A", "suffix.", "B", "suffix")
	f(`A|fieldref|contains: B`, true, "A", "in the middle", "B", "THE")
	f(`A|fieldref|contains: B`, false, "A", "THE", "B", "in the middle")
	f(`A|fieldref|contains: B`, true, "A", "a*b", "B", "*") // a value is no pattern
	f(`A|fieldref|contains: B`, false, "A", "ab", "B", "*")
	f(`A|fieldref|neq: B`, false, "A", "same", "B", "SAME")
	f(`A|fieldref|neq: B`, true, "A", "one", "B", "two")
	f(`A|neq|fieldref: B`, true, "A", "one", "B", "two")
	// The EventID of a Windows event stands in its header; here it is 1.
	f(`EventID|fieldref: B`, true, "B", "1")
	f(`EventID|fieldref: B`, false, "B", "2")
	f(`EventID|fieldref|startswith: B`, false)
	f(`B|fieldref|endswith: EventID`, true, "B", "x1")
}

func TestT17_Neq(t *testing.T) {
	f := newJudge(t).item
	f(`Field|neq: 'x'`, "y", true)
	f(`Field|neq: 'x'`, "X", false)
	f(`Field|neq: 'x'`, absent{}, true)
	f(`Field|neq: 'x'`, nil, true)
	f("Field|neq:\n        - 'x'\n        - 'y'", "x", false)
	f("Field|neq:\n        - 'x'\n        - 'y'", "y", false)
	f("Field|neq:\n        - 'x'\n        - 'y'", "z", true)
	f(`Field|neq: 5`, "5", false)
	f(`Field|neq: 5`, 6, true)
	f(`Field|contains|neq: 'x'`, "axb", false)
	f(`Field|contains|neq: 'x'`, "ab", true)
	f(`Field|neq|contains: 'x'`, "axb", false)
	f(`Field|startswith|neq: 'x'`, "ax", true)
	f(`Field|neq: ''`, "", false)
	f(`Field|neq: ''`, "x", true)
	f(`Field|neq: 'a*'`, "abc", false)
}

func TestT18_Regexp(t *testing.T) {
	j := newJudge(t)
	f := j.item
	f(`Field|re: 'b+c'`, "abbcd", true) // not anchored
	f(`Field|re: '^b+c$'`, "abbcd", false)
	f(`Field|re: '^b+c$'`, "bbc", true)
	f(`Field|re: '^b'`, "a\nb", false)
	f(`Field|re|m: '^b'`, "a\nb", true)
	f(`Field|re|multiline: '^b'`, "a\nb", true)
	f(`Field|re: 'a.b'`, "a\nb", false)
	f(`Field|re|s: 'a.b'`, "a\nb", true)
	f(`Field|re|dotall: 'a.b'`, "a\nb", true)
	f(`Field|re|i: 'ABC'`, "xabcx", true)
	f(`Field|re|ignorecase: 'ABC'`, "xabcx", true)
	f(`Field|re|i|m: '^B'`, "a\nb", true)
	f(`Field|re|i|s: 'A.B'`, "a\nb", true)
	f(`Field|re: 'ABC'`, "abc", false)
	f(`Field|re: '\\w+\.exe'`, `C:\tool.exe`, false) // two backslashes, as a regular expression reads them
	f(`Field|re: '\\\w+\.exe'`, `C:\tool.exe`, true)
	f(`Field|re: 'a\*b'`, "a*b", true)
	f(`Field|re: 'a*b'`, "b", true)
	f(`Field|re: '\d{3}'`, 4624, true)
	f(`Field|re: '^$'`, "", true)
	f(`Field|re: '.*'`, absent{}, false)
	f("Field|re:\n        - 'x'\n        - '^a'", "abc", true)
	f("Field|re|all:\n        - 'c$'\n        - '^a'", "abc", true)
	f(`Field|re: '(?i)straße'`, "STRASSE", false)
	f(`Field|re: '(?i)ärger'`, "ÄRGER", true)
	f(`Field|re|i: 'k'`, "K", true) // Kelvin sign
	f(`Field|re: '^.$'`, "😀", true)
	f(`Field|re: '\bword\b'`, "a word.", true)
	f(`Field|re: '\bword\b'`, "swords", false)
	f(`EventID|re: '^[6-8]$'`, "x", true) // an item has event id 7
	f(`EventID|re: '^[1-3]'`, "x", false)
	f(`EventID|re|i: 'K'`, "x", false)
	f(`EventID|startswith: '7'`, "x", true)
	f(`EventID|lt: 7`, "x", false)
	f(`EventID|cidr: '10.0.0.0/8'`, "x", false)
	j.refused(`Field|re: 'a('`)
	j.refused(`Field|re: '(?=x)'`)
	j.refused(`Field|re: '(a)\1'`)
	j.refused(`Field|contains|re: 'a'`)
	j.refused(`Field|i: 'a'`)
	j.refused(`Field|re|contains|re: 'a'`)
}

func TestT19_Expand(t *testing.T) {
	j := newJudge(t)
	j.refused(`Field|expand: '%servers%'`)
	j.refused(`Field|expand|contains: 'x %servers% y'`)
	j.item(`Field: '%servers%'`, "%SERVERS%", true) // plain without the modifier
	j.item(`Field: '%servers%'`, "srv1", false)
	j.options.placeholders = map[string][]string{"servers": {"srv1", "srv2*"}, "other": {"x"}}
	f := j.item
	f(`Field|expand: '%servers%'`, "SRV1", true)
	f(`Field|expand: '%servers%'`, "srv2.example", true) // a value may be a pattern
	f(`Field|expand: '%servers%'`, "srv3", false)
	f(`Field|expand: '%servers%'`, "%servers%", false)
	f(`Field|expand|contains: '-%other%-'`, "a -x- b", true)
	f(`Field|contains|expand: '-%other%-'`, "a -x- b", true)
	f(`Field|expand: '%other%%other%'`, "xx", true)
	f(`Field|expand: '\%plain%other%'`, "%plainx", true)
	j.refused(`Field|expand: '%unknown%'`)
}

func TestT20_SeveralValues(t *testing.T) {
	j := newJudge(t)
	f := func(line string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("", "sel:\n    "+line+"\ncondition: sel\n"), winEvent("Application", 33205, data...))
	}
	for _, list := range []any{several{"first one", "second two"}, []string{"first one", "second two"}} {
		f(`Data|contains: 'two'`, true, "Data", list)
		f(`Data|contains: 'one'`, true, "Data", list)
		f(`Data|contains: 'three'`, false, "Data", list)
		f(`Data: 'second two'`, true, "Data", list)
		f(`Data|startswith: 'second'`, true, "Data", list)
		f(`Data|endswith: 'one'`, true, "Data", list)
		f("Data|contains|all:\n        - 'one'\n        - 'two'", true, "Data", list)
		f("Data|contains|all:\n        - 'one'\n        - 'three'", false, "Data", list)
		f("Data|contains|all:\n        - 'second'\n        - 'two'", true, "Data", list)
		f(`Data|re: '^second'`, true, "Data", list)
		f(`Data|re: 'one\nsecond'`, true, "Data", list)
		f(`Data: 'first*two'`, true, "Data", list) // over the joined text
		f(`Data: null`, false, "Data", list)
		f(`Data|exists: true`, true, "Data", list)
		f(`Data: ''`, false, "Data", list)
	}
	f(`Data|contains: 'x'`, true, "Data", several{nil, "x"})
	f(`Data: 5`, true, "Data", several{4, 5})
	f(`Data|gt: 4`, true, "Data", several{4, 5})
	f(`Data|cidr: '10.0.0.0/8'`, true, "Data", several{"host", "10.0.0.1"})
	f(`Computer: 'two'`, true, "Computer", several{"one", "two"}) // though it may also be derived
	f(`Message|contains: 'two'`, true, "Message", several{"one", "two"})
	f(`Message|exists: true`, true, "Message", nil)
	f(`A: 'one'`, true, "A", "one", "B", "x", "A", "two") // a name twice
	f(`A: 'two'`, true, "A", "one", "B", "x", "A", "two")
	// Events of one shape may hold one value now and a list then.
	one := winEvent("Application", 33205, "Data", "first")
	list := winEvent("Application", 33205, "Data", []string{"first", "second"})
	list.Shape = one.Shape
	c := sigma.Parse([]byte(ruleOf("", "sel:\n    Data: 'first*second'\ncondition: sel\n")), "trap.yml", sigma.LoadOptions{})
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range [][]*event.Event{{one, list, one}, {list, one, list}} {
		m := set.NewMatcher()
		for i, e := range order {
			if got := len(m.Match(e)) == 1; got != (e == list) {
				t.Errorf("event %d: matches = %v, want %v", i, got, e == list)
			}
		}
	}
	// MSSQL 33205 is one element of many lines.
	audit := "audit_schema_version:1\nclass_type:U\nstatement:EXEC xp_cmdshell 'synthetic'\nadditional:"
	f("Data|contains|all:\n        - 'statement:EXEC'\n        - 'xp_cmdshell'", true, "Data", audit)
	f("Data|contains: 'object_name:sysadmin'", false, "Data", audit)
}

func TestT21_SystemFields(t *testing.T) {
	j := newJudge(t)
	f := func(line string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("", "sel:\n    "+line+"\ncondition: sel\n"), winEvent("System", 104, data...))
	}
	header := []any{
		"SubjectUserName", "synthetic", "Channel", "Application", inSystem{},
		"EventID_Qualifiers", 16384, "Execution_ProcessID", 788, "Security_UserID", "S-1-5-18",
		"TimeCreated_SystemTime", "2026-11-23T01:02:03.0000000Z",
	}
	f(`EventID: 104`, true, header...)
	f(`EventID: '104'`, true, header...)
	f(`EventID: 1`, false, header...)
	f(`Provider_Name: 'synthetic-provider'`, true, header...)
	f(`Execution_ProcessID: 788`, true, header...)
	f(`EventID_Qualifiers: 16384`, true, header...)
	f(`Security_UserID: 'S-1-5-18'`, true, header...)
	f(`TimeCreated_SystemTime|startswith: '2026-11-23'`, true, header...)
	f(`SubjectUserName: 'synthetic'`, true, header...)
	f(`Computer: 'host1.EXAMPLE'`, true, header...)
	f(`ComputerName: 'host1.example'`, true, header...)
	f(`ComputerName|startswith: 'other'`, false, header...)
	// Log cleared (104): the channel that is meant stands in the payload; the header's routes.
	f(`Channel: 'Application'`, true, header...)
	f(`Channel: 'System'`, false, header...)
	j.want(true, ruleOf("product: windows\nservice: system", "sel:\n    EventID: 104\ncondition: sel\n"), winEvent("System", 104, header...))
	j.want(false, ruleOf("product: windows\nservice: application", "sel:\n    EventID: 104\ncondition: sel\n"), winEvent("System", 104, header...))
	// Event 1108 has a second EventID in its payload, which must not route it.
	lost := winEvent("Security", 1108, "EventID", 4688, "NewProcessName", `C:\synthetic.exe`)
	j.want(false, ruleOf("product: windows\ncategory: process_creation", "sel:\n    Image|endswith: '.exe'\ncondition: sel\n"), lost)
	// ComputerName of the payload goes first.
	j.want(true, ruleOf("", "sel:\n    ComputerName: 'own'\ncondition: sel\n"), winEvent("System", 1, "ComputerName", "own"))
}

func TestT22_SpacesInNames(t *testing.T) {
	j := newJudge(t)
	e := winEvent("Microsoft-Windows-Windows Defender/Operational", 1116, "Threat Name", "Synthetic:Test", "Source Name", "x")
	for _, line := range []string{`ThreatName: 'Synthetic:Test'`, `'Threat Name': 'Synthetic:Test'`, `'Threat Name|startswith': 'Synth'`} {
		j.want(true, ruleOf("product: windows\nservice: windefend", "sel:\n    "+line+"\ncondition: sel\n"), e)
	}
	j.want(false, ruleOf("product: windows\nservice: windefend", "sel:\n    Threatname: 'Synthetic:Test'\ncondition: sel\n"), e)
}

func TestT23_Logsource(t *testing.T) {
	j := newJudge(t)
	f := func(logsource, channel string, id uint32, want bool, data ...any) {
		t.Helper()
		data = append(data, "Marker", "m")
		j.want(want, ruleOf(logsource, "sel:\n    Marker: 'm'\ncondition: sel\n"), winEvent(channel, id, data...))
	}
	const sysmon = "Microsoft-Windows-Sysmon/Operational"
	service := func(s string) string { return "product: windows\nservice: " + s }
	category := func(s string) string { return "product: windows\ncategory: " + s }
	f(service("security"), "Security", 1, true)
	f(service("security"), "SECURITY", 1, true)
	f(service("security"), "System", 1, false)
	f(service("powershell"), "Microsoft-Windows-PowerShell/Operational", 4104, true)
	f(service("powershell"), "PowerShellCore/Operational", 4104, true)
	f(service("powershell"), "Windows PowerShell", 400, false)
	f(service("powershell-classic"), "Windows PowerShell", 400, true)
	for _, channel := range []string{"MSI and Script", "EXE and DLL", "Packaged app-Deployment", "Packaged app-Execution"} {
		f(service("applocker"), "Microsoft-Windows-AppLocker/"+channel, 8004, true)
	}
	f(service("security-mitigations"), "Microsoft-Windows-Security-Mitigations/Kernel Mode", 1, true)
	f(service("security-mitigations"), "Microsoft-Windows-Security-Mitigations/User Mode", 1, true)
	f(service("firewall-as"), "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", 2004, true)
	f(service("msexchange-management"), "MSExchange Management", 1, true)
	// Never by event id alone, nor by the file or the log it was forwarded to.
	f(category("process_creation"), sysmon, 1, true)
	f(category("process_creation"), "Application", 1, false)
	f(category("process_creation"), sysmon, 5, false)
	f(category("process_creation"), "Security", 4688, true)
	f(category("process_creation"), "Security", 1, false)
	f(category("process_creation"), sysmon, 4688, false)
	f("category: process_creation", sysmon, 1, true)
	f("category: process_creation\nproduct: linux", sysmon, 1, false)
	f("product: windows", "Any/Channel", 99, true)
	f("product: linux", "Any/Channel", 99, false)
	f("category: process_creation\nproduct: windows\nservice: security", "Security", 4688, true)
	f("category: process_creation\nproduct: windows\nservice: security", sysmon, 1, false)
	f("category: process_creation\nproduct: windows\nservice: application", sysmon, 1, false)
	for id, types := range map[uint32][]string{12: {"CreateKey", "DeleteKey", "DeleteValue"}} {
		for _, eventType := range types {
			f(category("registry_delete"), sysmon, id, eventType != "CreateKey", "EventType", eventType)
			f(category("registry_add"), sysmon, id, eventType == "CreateKey", "EventType", eventType)
			f(category("registry_event"), sysmon, id, true, "EventType", eventType)
			f(category("registry_set"), sysmon, id, false, "EventType", eventType)
		}
	}
	f(category("registry_set"), sysmon, 13, true, "EventType", "SetValue")
	f(category("registry_rename"), sysmon, 14, true, "EventType", "RenameKey")
	for c, ids := range map[string][]uint32{
		"pipe_created": {17, 18}, "wmi_event": {19, 20, 21}, "sysmon_status": {4, 16}, "file_event": {11}, "image_load": {7},
		"dns_query": {22}, "network_connection": {3}, "process_access": {10}, "create_remote_thread": {8}, "driver_load": {6},
		"file_delete": {23}, "create_stream_hash": {15}, "process_tampering": {25}, "file_executable_detected": {29}, "file_change": {2},
	} {
		if _, known := j.table.categories[c]; !known {
			continue // the reference knows of it only with the corpus at hand
		}
		for id := uint32(1); id <= 30; id++ {
			want := false
			for _, have := range ids {
				want = want || have == id
			}
			f(category(c), sysmon, id, want)
		}
	}
	for c, id := range map[string]uint32{"ps_classic_start": 400, "ps_classic_provider_start": 600, "ps_classic_script": 800} {
		f(category(c), "Windows PowerShell", id, true)
		f(category(c), "Windows PowerShell", id+1, false)
		f(category(c), "Application", id, false)
	}
	for c, id := range map[string]uint32{"ps_module": 4103, "ps_script": 4104} {
		f(category(c), "Microsoft-Windows-PowerShell/Operational", id, true)
		f(category(c), "PowerShellCore/Operational", id, true)
		f(category(c), "Microsoft-Windows-PowerShell/Operational", id+2, false)
	}
	const defender = "Microsoft-Windows-Windows Defender/Operational"
	for _, id := range []uint32{1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116} {
		f("category: antivirus", defender, id, true)
	}
	f("category: antivirus", defender, 5001, false)
	f("category: antivirus", "Application", 1116, false)
	j.want(true, ruleOf("category: antivirus", "sel:\n    Signature|contains: 'synth'\n    Filename|endswith: '.aspx'\ncondition: sel\n"),
		winEvent(defender, 1116, "Threat Name", "Synthetic", "Path", `C:\x.aspx`))
	// Unknown is nothing, not everything.
	f("product: windows\nservice: no-such-service", "Security", 1, false)
	f("category: no_such_category", sysmon, 1, false)
	f("product: no_such_product", sysmon, 1, false)
	// Other products take the label that their reader gives them.
	web := winEvent("", 0, "cs-uri-query", "m", "Marker", "m")
	web.Product, web.Category, web.Service = "", "webserver", ""
	j.want(true, ruleOf("category: webserver", "sel:\n    cs-uri-query: 'm'\ncondition: sel\n"), web)
	j.want(false, ruleOf("product: windows", "sel:\n    cs-uri-query: 'm'\ncondition: sel\n"), web)
	j.want(false, ruleOf("category: proxy", "sel:\n    cs-uri-query: 'm'\ncondition: sel\n"), web)
}

func TestT24_ProcessCreationTwice(t *testing.T) {
	j := newJudge(t)
	f := func(line string, want bool) {
		t.Helper()
		created := winEvent("Security", 4688,
			"SubjectUserSid", "S-1-5-21-1-2-3-1001", "SubjectUserName", "mira", "SubjectDomainName", "LAKES", "SubjectLogonId", hex(0x3E7A),
			"NewProcessId", hex(0x1a4), "NewProcessName", `C:\Windows\System32\whoami.exe`, "ProcessId", hex(0x2b0),
			"CommandLine", "whoami /all", "TargetUserName", "-", "TargetDomainName", "-", "TargetLogonId", hex(0),
			"ParentProcessName", `C:\inetpub\w3wp.exe`, "MandatoryLabel", "S-1-16-12288")
		j.want(want, ruleOf("category: process_creation\nproduct: windows", "sel:\n    "+line+"\ncondition: sel\n"), created)
	}
	f(`Image|endswith: '\WHOAMI.exe'`, true)
	f(`ParentImage|endswith: '\w3wp.exe'`, true)
	f(`NewProcessName|endswith: '\whoami.exe'`, true)
	f(`CommandLine|contains: '/all'`, true)
	f(`ProcessId: 420`, true) // Sysmon writes decimal
	f(`ProcessId: '420'`, true)
	f(`ProcessId: 688`, false)
	f(`ParentProcessId: 688`, true)
	f(`LogonId: '0x3e7a'`, true)
	f(`LogonId: '0x3E7A'`, true)
	f(`IntegrityLevel: 'High'`, true)
	f(`IntegrityLevel: 'System'`, false)
	f(`User: 'LAKES\mira'`, true)
	f(`User|contains: 'AUTHORI'`, false)
	f(`OriginalFileName: 'whoami.exe'`, false)
	f(`OriginalFileName: null`, true)
	f(`Hashes|contains: 'SHA256='`, false)
	j.want(true, ruleOf("category: process_creation\nproduct: windows", `sel:
    - Image|endswith: '\whoami.exe'
    - OriginalFileName: 'whoami.exe'
filter:
    ParentCommandLine|contains: 'setup'
condition: sel and not filter
`), winEvent("Security", 4688, "NewProcessName", `C:\Windows\System32\whoami.exe`))
	for sid, level := range map[string]string{
		"S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-12288": "High", "S-1-16-16384": "System",
	} {
		j.want(true, ruleOf("category: process_creation\nproduct: windows", "sel:\n    IntegrityLevel: "+level+"\ncondition: sel\n"),
			winEvent("Security", 4688, "MandatoryLabel", sid))
	}
	// Sysmon's own event has its own names, and no others.
	sysmon := winEvent("Microsoft-Windows-Sysmon/Operational", 1, "Image", `C:\a.exe`, "ProcessId", 420, "User", `LAKES\mira`)
	j.want(true, ruleOf("category: process_creation\nproduct: windows", "sel:\n    ProcessId: 420\n    User: 'lakes\\mira'\ncondition: sel\n"), sysmon)
	j.want(false, ruleOf("category: process_creation\nproduct: windows", "sel:\n    NewProcessName|endswith: 'a.exe'\ncondition: sel\n"), sysmon)
	// Rules for the service itself see the names of the event.
	j.want(true, ruleOf("service: security\nproduct: windows", "sel:\n    ProcessId: '0x2b0'\ncondition: sel\n"), winEvent("Security", 4688, "ProcessId", hex(0x2b0)))
}

func TestT25_RegistryAndNetwork(t *testing.T) {
	j := newJudge(t)
	registry := func(category, line string, want bool, data ...any) {
		t.Helper()
		j.want(want, ruleOf("category: "+category+"\nproduct: windows", "sel:\n    "+line+"\ncondition: sel\n"), winEvent("Security", 4657, data...))
	}
	set := []any{
		"ObjectName", `\REGISTRY\MACHINE\SOFTWARE\Synthetic\Run`, "ObjectValueName", "Start", "OperationType", "%%1905",
		"NewValueType", "%%1876", "NewValue", "1", "ProcessName", `C:\reg.exe`,
	}
	registry("registry_set", `TargetObject: 'HKLM\Software\Synthetic\Run\Start'`, true, set...)
	registry("registry_set", `TargetObject|contains: '\Run\'`, true, set...)
	registry("registry_set", `TargetObject|endswith: '\Start'`, true, set...)
	registry("registry_set", `TargetObject|startswith: 'HKU\'`, false, set...)
	registry("registry_set", `Details: 'DWORD (0x00000001)'`, true, set...)
	registry("registry_set", `Image|endswith: '\reg.exe'`, true, set...)
	registry("registry_event", `TargetObject|startswith: 'HKLM\'`, true, set...)
	registry("registry_event", `EventType: 'SetValue'`, true, set...)
	registry("registry_delete", `TargetObject|contains: 'Run'`, false, set...)
	registry("registry_set", `TargetObject: 'HKU\S-1-5-21-1\Environment\x'`, true,
		"ObjectName", `\REGISTRY\USER\S-1-5-21-1\Environment`, "ObjectValueName", "x", "OperationType", "%%1904", "NewValue", "v")
	registry("registry_set", `Details: 'v'`, true,
		"ObjectName", `\REGISTRY\USER\S-1-5-21-1\Environment`, "ObjectValueName", "x", "OperationType", "%%1904", "NewValueType", "%%1873", "NewValue", "v")
	registry("registry_set", `TargetObject|contains: 'Environment'`, false,
		"ObjectName", `\REGISTRY\USER\S-1-5-21-1\Environment`, "ObjectValueName", "x", "OperationType", "%%1906")
	registry("registry_delete", `TargetObject|contains: 'Environment'`, true,
		"ObjectName", `\REGISTRY\USER\S-1-5-21-1\Environment`, "ObjectValueName", "x", "OperationType", "%%1906")
	registry("registry_add", `TargetObject|contains: 'Environment'`, true,
		"ObjectName", `\REGISTRY\USER\S-1-5-21-1\Environment`, "ObjectValueName", "x", "OperationType", "%%1904")

	connected := func(line string, want bool) {
		t.Helper()
		j.want(want, ruleOf("category: network_connection\nproduct: windows", "sel:\n    "+line+"\ncondition: sel\n"),
			winEvent("Security", 5156, "Application", `\device\harddiskvolume3\windows\w3wp.exe`, "Direction", "%%14593",
				"SourceAddress", "10.0.0.5", "SourcePort", "50000", "DestAddress", "192.0.2.7", "DestPort", "443", "Protocol", 6))
	}
	connected(`Image: 'C:\Windows\w3wp.exe'`, true)
	connected(`Image|startswith: '\device'`, false)
	connected(`Initiated: 'true'`, true)
	connected(`Initiated: 'false'`, false)
	connected(`Protocol: tcp`, true)
	connected(`Protocol: udp`, false)
	connected(`DestinationIp|cidr: '192.0.2.0/24'`, true)
	connected(`DestinationPort: 443`, true)
	connected(`SourceIp: '10.0.0.5'`, true)
	connected(`SourcePort: 50000`, true)
}

func TestT26_Hashes(t *testing.T) {
	j := newJudge(t)
	sums := "SHA1=AA11,MD5=bb22,SHA256=CC33,IMPHASH=DD44"
	for _, channelData := range [][]any{{"Hashes", sums}, {"Hash", sums}} {
		f := func(line string, want bool) {
			t.Helper()
			j.want(want, ruleOf("category: image_load\nproduct: windows", "sel:\n    "+line+"\ncondition: sel\n"),
				winEvent("Microsoft-Windows-Sysmon/Operational", 7, channelData...))
		}
		f(`MD5: 'BB22'`, true)
		f(`MD5: 'AA11'`, false)
		f(`SHA1: 'aa11'`, true)
		f(`SHA256: 'cc33'`, true)
		f(`Imphash: 'dd44'`, true)
		f(`IMPHASH: 'dd44'`, true)
		f(channelData[0].(string)+`|contains: 'sha256=cc33'`, true)
		f(channelData[0].(string)+"|contains:\n        - 'MD5=00'\n        - 'IMPHASH=dd44'", true)
		f(channelData[0].(string)+`|contains: 'MD5=00'`, false)
	}
	// Another order, some left out.
	j.want(false, ruleOf("category: image_load\nproduct: windows", "sel:\n    SHA256: 'cc33'\ncondition: sel\n"),
		winEvent("Microsoft-Windows-Sysmon/Operational", 7, "Hashes", "MD5=bb22"))
	j.want(true, ruleOf("category: image_load\nproduct: windows", "sel:\n    SHA256: null\ncondition: sel\n"),
		winEvent("Microsoft-Windows-Sysmon/Operational", 7, "Hashes", "MD5=bb22"))
}

func TestT27_User(t *testing.T) {
	j := newJudge(t)
	f := func(want bool, line, channel string, id uint32, data ...any) {
		t.Helper()
		j.want(want, ruleOf("category: process_creation\nproduct: windows", "sel:\n    "+line+"\ncondition: sel\n"), winEvent(channel, id, data...))
	}
	system := "User|contains:\n        - 'AUTHORI'\n        - 'AUTORI'"
	f(true, system, "Microsoft-Windows-Sysmon/Operational", 1, "User", `NT AUTHORITY\SYSTEM`)
	f(true, system, "Microsoft-Windows-Sysmon/Operational", 1, "User", `AUTORITE NT\Système`)
	f(true, system, "Microsoft-Windows-Sysmon/Operational", 1, "User", `nt-autorität\system`)
	f(false, system, "Microsoft-Windows-Sysmon/Operational", 1, "User", `LAKES\mira`)
	f(true, system, "Security", 4688, "SubjectDomainName", "NT AUTHORITY", "SubjectUserName", "SYSTEM")
	f(true, system, "Security", 4688, "SubjectUserSid", "S-1-5-18", "SubjectDomainName", "LAKES", "SubjectUserName", "MAIL01$")
	f(true, `User: 'LAKES\mira'`, "Security", 4688, "SubjectDomainName", "LAKES", "SubjectUserName", "mira")
	f(false, `User: 'mira'`, "Security", 4688, "SubjectDomainName", "LAKES", "SubjectUserName", "mira")
}

func TestT28_Correlation(t *testing.T) {
	rules := `title: Failed
id: 11111111-1111-4111-8111-111111111111
name: failed
logsource: {product: windows, service: security}
detection: {sel: {EventID: 4625}, condition: sel}
---
title: Success
id: 22222222-2222-4222-8222-222222222222
name: success
logsource: {product: windows, service: security}
detection: {sel: {EventID: 4624}, condition: sel}
---
title: Many failed
id: 33333333-3333-4333-8333-333333333333
name: many
correlation: {type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 60s, condition: {gte: 3}}
---
title: Then success
id: 44444444-4444-4444-8444-444444444444
correlation: {type: temporal_ordered, rules: [many, success], group-by: [TargetUserName], timespan: 10m}
`
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	logon := func(id uint32, user string, seconds int) *event.Event {
		e := winEvent("Security", id, "TargetUserName", user)
		e.Time = start.Add(time.Duration(seconds) * time.Second)
		return e
	}
	for _, test := range []struct {
		name   string
		events []*event.Event
		want   []string
	}{
		{"in time", []*event.Event{logon(4625, "sa", 0), logon(4625, "sa", 30), logon(4625, "SA", 59), logon(4624, "sa", 100)}, []string{"Then success"}},
		{"too few", []*event.Event{logon(4625, "sa", 0), logon(4625, "sa", 30), logon(4624, "sa", 100)}, nil},
		{"too slow", []*event.Event{logon(4625, "sa", 0), logon(4625, "sa", 30), logon(4625, "sa", 95), logon(4624, "sa", 100)}, nil},
		{"two users", []*event.Event{logon(4625, "sa", 0), logon(4625, "sa", 30), logon(4625, "sb", 40), logon(4624, "sa", 100)}, nil},
		{"success of another", []*event.Event{logon(4625, "sa", 0), logon(4625, "sa", 30), logon(4625, "sa", 40), logon(4624, "sb", 100)}, nil},
		{"success before", []*event.Event{logon(4624, "sa", 0), logon(4625, "sa", 10), logon(4625, "sa", 30), logon(4625, "sa", 40)}, nil},
		{"out of order in the files", []*event.Event{logon(4624, "sa", 100), logon(4625, "sa", 59), logon(4625, "sa", 0), logon(4625, "sa", 30)}, []string{"Then success"}},
		{"no such field", []*event.Event{logonless(4625, start, 0), logonless(4625, start, 1), logonless(4625, start, 2), logonless(4624, start, 3)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := sigma.Parse([]byte(rules), "trap.yml", sigma.LoadOptions{})
			c.Resolve()
			if len(c.Rejected) > 0 {
				t.Fatal(c.Rejected)
			}
			set, err := sigma.Compile(c)
			if err != nil {
				t.Fatal(err)
			}
			k, err := sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			m := set.NewMatcher()
			for _, e := range test.events {
				for _, r := range m.Match(e) {
					if !r.Silent {
						t.Errorf("%s reports by itself, want it silent", r.Title)
					}
					if k.Wants(r) {
						if err := k.Add(k.Observe(r, e)); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			var got []string
			if err := k.Finish(func(m sigma.CorrelationMatch) error {
				if !m.Correlation.Silent {
					got = append(got, m.Correlation.Title)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("matches = %q, want %q", got, test.want)
			}
		})
	}
}

func logonless(id uint32, start time.Time, seconds int) *event.Event {
	e := winEvent("Security", id, "Other", "x")
	e.Time = start.Add(time.Duration(seconds) * time.Second)
	return e
}

func TestT29_Filters(t *testing.T) {
	j := newJudge(t)
	rule := `title: Rule
id: 11111111-1111-4111-8111-111111111111
name: the_rule
logsource: {category: process_creation, product: windows}
detection: {sel: {Image|endswith: 'tool.exe'}, condition: sel}
`
	filter := func(logsource, rules, condition string) string {
		return rule + `---
title: Filter
id: 22222222-2222-4222-8222-222222222222
logsource: ` + logsource + `
filter:
    rules: ` + rules + `
    selection:
        User|startswith: 'adm_'
    condition: ` + condition + "\n"
	}
	admin := winEvent("Microsoft-Windows-Sysmon/Operational", 1, "Image", `C:\tool.exe`, "User", "adm_mira")
	other := winEvent("Microsoft-Windows-Sysmon/Operational", 1, "Image", `C:\tool.exe`, "User", "mira")
	const (
		same = "{category: process_creation, product: windows}"
		id   = "[11111111-1111-4111-8111-111111111111]"
	)
	// Joined as it is written: (rule) and (filter).
	j.want(false, filter(same, id, "not selection"), admin)
	j.want(true, filter(same, id, "not selection"), other)
	j.want(true, filter(same, id, "selection"), admin)
	j.want(false, filter(same, id, "selection"), other)
	j.want(false, filter(same, "[the_rule]", "not selection"), admin)
	j.want(false, filter(same, "any", "not selection"), admin)
	j.want(false, filter("{product: windows}", "any", "not selection"), admin)
	// Not contained in the rule's log source, or not meant.
	j.want(true, filter("{product: linux}", id, "not selection"), admin)
	j.want(true, filter("{category: process_creation, product: windows, service: sysmon}", "any", "not selection"), admin)
	j.want(true, filter(same, "[33333333-3333-4333-8333-333333333333]", "not selection"), admin)
	// The example of the specification would keep only administrators: it is warned of.
	c := sigma.Parse([]byte(filter(same, id, "selection")), "trap.yml", sigma.LoadOptions{})
	c.Resolve()
	if len(c.Warnings) == 0 {
		t.Error("a filter without \"not\" gives no warning")
	}
}

func TestT30_StatusAndDocuments(t *testing.T) {
	j := newJudge(t)
	e := winEvent("Application", 1, "A", "1")
	rule := func(status string) string {
		return "title: t\nstatus: " + status + "\nlogsource: {product: windows}\ndetection: {sel: {A: '1'}, condition: sel}\n"
	}
	for _, status := range []string{"stable", "test", "experimental"} {
		j.want(true, rule(status), e)
	}
	for _, status := range []string{"deprecated", "unsupported"} {
		j.want(false, rule(status), e)
		c := sigma.Parse([]byte(rule(status)), "trap.yml", sigma.LoadOptions{})
		if c.Skipped[status] != 1 {
			t.Errorf("%s: skipped %v, want it counted", status, c.Skipped)
		}
	}
	j.options.deprecated = true
	j.want(true, rule("deprecated"), e)
	j.options.deprecated = false
	global := `action: global
title: shared
logsource: {product: windows}
detection: {condition: sel}
---
detection: {sel: {A: '1'}}
---
detection: {sel: {A: '2'}}
`
	j.want(true, global, e)
	j.want(true, global, winEvent("Application", 1, "A", "2"))
	j.want(false, global, winEvent("Application", 1, "A", "3"))
	if c := sigma.Parse([]byte(global), "trap.yml", sigma.LoadOptions{}); len(c.Rules) != 2 {
		t.Errorf("action: global: %d rules, want 2", len(c.Rules))
	}
	for _, level := range []string{"informational", "low", "medium", "high", "critical"} {
		c := sigma.Parse([]byte(rule("test")+"level: "+level+"\n"), "trap.yml", sigma.LoadOptions{})
		if len(c.Rules) != 1 || c.Rules[0].Level != level {
			t.Errorf("level %s: %+v", level, c)
		}
	}
	twice := "title: a\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {product: windows}\ndetection: {sel: {A: '1'}, condition: sel}\n---\n" +
		"title: b\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {product: windows}\ndetection: {sel: {A: '2'}, condition: sel}\n"
	c := sigma.Parse([]byte(twice), "trap.yml", sigma.LoadOptions{})
	c.Resolve()
	if len(c.Warnings)+len(c.Rejected) == 0 {
		t.Error("a duplicate id is not told")
	}
}

func TestT31_Placeholders(t *testing.T) {
	f := newJudge(t).item
	f(`Field: '-'`, "-", true)
	f(`Field: '-'`, absent{}, false)
	f(`Field: null`, "-", false)
	f(`Field: ''`, "-", false)
	f(`Field: '\?'`, "?", true)
	f(`Field: null`, "?", false)
	f(`Field|exists: true`, "-", true)
	f(`Field: '%%1904'`, "%%1904", true)
	f(`Field|contains: '%%1904'`, "%%1904", true)
	f(`Field|contains: 'New registry value created'`, "%%1904", false)
}

func TestT32_UnknownIsRejected(t *testing.T) {
	j := newJudge(t)
	for _, line := range []string{
		`Field|nosuch: 'x'`, `Field|contains|nosuch: 'x'`, `Field|: 'x'`, `Field||contains: 'x'`, `Field|Contains2: 'x'`,
		`Field|exists: 'x'`, `Field|lt: 'x'`, `Field|cidr: 5`, `Field|wide: 5`, `Field|windash: 5`, `Field|base64offset: null`,
		`Field|contains: null`, `Field|near: 'x'`,
	} {
		j.refused(line)
	}
	for _, rule := range []string{
		"title: t\ndetection: {sel: {A: '1'}, condition: sel}\n",
		"title: t\nlogsource: {product: windows}\n",
		"title: t\nlogsource: {product: windows}\ndetection: {condition: sel}\n",
		"title: t\nlogsource: {product: windows}\ndetection: {sel: {A: '1'}}\n",
		"title: t\nlogsource: {product: windows}\ndetection: 'sel'\n",
		"- just\n- a list\n",
		"title: t\nlogsource: {product: windows\n",
		"title: t\nlogsource: {product: windows}\ndetection: {sel: {A: '1', A: '2'}, condition: sel}\n",
		"title: t\nlogsource: {product: windows}\ndetection: {sel: {A: '1'}, sel: {A: '2'}, condition: sel}\n",
	} {
		j.rejected(rule)
	}
	// One bad document does not take the others with it.
	two := ruleOf("", "sel:\n    A|nosuch: '1'\ncondition: sel\n") + "---\n" + ruleOf("", "sel:\n    A: '1'\ncondition: sel\n")
	c := sigma.Parse([]byte(two), "trap.yml", sigma.LoadOptions{})
	if len(c.Rules) != 1 || len(c.Rejected) != 1 {
		t.Errorf("%d rules and %d rejected, want 1 and 1", len(c.Rules), len(c.Rejected))
	}
}
