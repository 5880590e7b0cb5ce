package sigma_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// Rules and events made at random, on which engine and reference must agree. Both come out of the
// same small stock of texts, and the values of rules are mostly cut out of those of the events, so
// that matches and near misses are common. All of it is synthetic.

// A genCase is a set of rules and the events that one matcher sees one after the other.
type genCase struct {
	rules  []genRule
	events []genEvent
}

type genRule struct {
	logsource string
	searches  []genSearch
	condition string
}

// A genSearch is a list of maps, of which one must hold, or a list of keywords.
type genSearch struct {
	name     string
	maps     [][]genItem
	keywords *genItem
}

type genItem struct {
	key    string   // field and modifiers
	values []string // as YAML
	list   bool     // written as a list even if there is one
}

type genEvent struct {
	source int // index in genSources
	shape  int // events of the same shape share one event.Shape
	fields []genField
}

type genField struct {
	name   string
	system bool
	value  any
}

// genSources are the kinds of event, with the fields that belong to them; of those the log sources
// below derive others.
var genSources = []struct {
	product, category, service, channel string
	id                                  uint32
	fields                              string
}{
	{"windows", "", "", "Application", 1, "Message ThreatName"},
	{"windows", "", "", "Microsoft-Windows-Sysmon/Operational", 1, "Image CommandLine Hashes Hash ProcessId User"},
	{"windows", "", "", "Security", 4688, `NewProcessName ParentProcessName NewProcessId ProcessId CommandLine MandatoryLabel SubjectUserName
		SubjectDomainName SubjectUserSid SubjectLogonId TargetUserName TargetDomainName TargetUserSid TargetLogonId`},
	{"windows", "", "", "Security", 4624, "Image TargetUserName"},
	{"windows", "", "", "security", 4657, "ObjectName ObjectValueName OperationType NewValueType NewValue ProcessName ProcessId SubjectUserName SubjectDomainName"},
	{"windows", "", "", "Microsoft-Windows-Sysmon/Operational", 12, "EventType TargetObject Details"},
	{"windows", "", "", "Windows PowerShell", 400, "Data Data HostName"},
	{"windows", "", "", "Security", 5156, "Application Direction Protocol ProcessID SourceAddress DestAddress DestPort"},
	{"windows", "", "", "Microsoft-Windows-Windows Defender/Operational", 1116, "ThreatName Path"},
	{"", "webserver", "", "", 0, "cs-uri-query Message"},
}

// genLogsources are those of rules, with the fields that rules of it look at.
var genLogsources = []struct{ yaml, fields string }{
	{"product: windows", "Message ComputerName Computer"},
	{"product: windows", ""},
	{"product: windows", ""},
	{"product: windows\n    service: security", "NewProcessName ProcessId SubjectUserName"},
	{"category: process_creation", "Image CommandLine User IntegrityLevel"},
	{"product: windows\n    category: process_creation", "Image ParentImage ProcessId ParentProcessId LogonId User ParentUser IntegrityLevel MD5 Hashes"},
	{"product: windows\n    service: sysmon", "MD5 SHA1 Imphash Hashes Image"},
	{"product: windows\n    category: registry_set", "TargetObject Details EventType Image User ProcessId"},
	{"product: windows\n    category: registry_event", "TargetObject Details EventType"},
	{"product: windows\n    category: registry_add", "TargetObject EventType"},
	{"product: windows\n    category: registry_delete", "TargetObject Details EventType"},
	{"product: windows\n    category: ps_classic_start", "HostName HostApplication CommandLine Data"},
	{"product: windows\n    category: network_connection", "Image Initiated Protocol DestinationIp DestinationPort SourceIp ProcessId DestinationIsIpv6"},
	{"category: antivirus", "Signature Filename"},
	{"product: windows\n    service: application", ""},
	{"category: webserver", "cs-uri-query Message"},
}

// genNames are the names of fields that any rule and any event may have.
var genNames = []string{"A", "B", "Data", "Image", "CommandLine", "EventType", "Channel", "EventID", "Computer"}

// genValues are what some fields really hold.
var genValues = map[string][]any{
	"Hashes":          {"MD5=ab,SHA1=cd,IMPHASH=ef", "SHA1=cd", "md5=AB, sha1=1", "MD5", "=,=", "MD5=,SHA1=a=b"},
	"Hash":            {"SHA1=cd,MD5=ab"},
	"ProcessId":       {hex(0x1a4), 420, "0x1A4", "0x", "420"},
	"NewProcessId":    {hex(0x1a4), "0x1a4", "420", ""},
	"MandatoryLabel":  {"S-1-16-4096", "S-1-16-8192", "S-1-16-12288", "S-1-16-16384", "S-1-16-20480"},
	"SubjectUserName": {"mira", "MAIL01$", "-", ""},
	"SubjectUserSid":  {"S-1-5-18", "S-1-5-19", "S-1-5-21-1-2-3-1001"},
	"TargetUserName":  {"-", "-", "ada"},
	"SubjectLogonId":  {hex(0x3e7), "0x3E7", "0x0003e7"},
	"TargetLogonId":   {hex(0), hex(0x55), "0x0", "-"},
	"ObjectName":      {`\REGISTRY\MACHINE\SOFTWARE\X`, `\registry\user\S-1-5-18\Y`, `\REGISTRY\MACHINE`, `\REGISTRY\MACHINES\Z`, `\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services`, `\REGISTRY\MACHINE\SYSTEM\ControlSet0012\Services`, `\Registry\Machine\Software\Classes\.x`, `\REGISTRY\A\b`},
	"ObjectValueName": {"Start", "", "-", "a\\b"},
	"OperationType":   {"%%1904", "%%1905", "%%1906", "%%1904", "%%1905", "%%1907", "Registry value deleted"},
	"NewValueType":    {"%%1873", "%%1875", "%%1876", "%%1883", "REG_DWORD"},
	"NewValue":        {"1", "0x10", "", "text", "4294967297", uint32(5)},
	"EventType":       {"CreateKey", "DeleteKey", "DeleteValue", "SETVALUE"},
	"Data":            {"\tHostName=ConsoleHost\r\n\tHostApplication=a\r\nb\r\n\tHostVersion=1", "HostName=", "x HostName=y", "HostApplication=p -c HostName=z\nHostName=2"},
	"Application":     {`\device\harddiskvolume3\windows\a.exe`, `\Device\HarddiskVolume12\b`, `\device\harddiskvolume\c`, "System", `\device\harddiskvolume3`},
	"Direction":       {"%%14592", "%%14593", "Inbound", "x"},
	"Protocol":        {6, 17, "6", "58"},
	"DestAddress":     {"192.0.2.7", "2001:db8::7"},
	"cs-uri-query":    {"a=b&cmd=whoami"},
}

// A chooser makes the decisions: from the bytes of a fuzzer, or at random.
type chooser struct {
	bytes  []byte
	random *rand.Rand
}

// n chooses a number from 0 to below max.
func (c *chooser) n(max int) int {
	if c.random != nil {
		return c.random.IntN(max)
	}
	if len(c.bytes) == 0 {
		return 0
	}
	b := int(c.bytes[0])
	c.bytes = c.bytes[1:]
	return b % max
}

// one in so many.
func (c *chooser) chance(in int) bool { return c.n(in) == in-1 }

func pick[T any](c *chooser, from []T) T { return from[c.n(len(from))] }

var genPieces = []string{
	"a", "b", "A", "B", "ab", "aab", "k", "K", "\u212a", "s", "ſ", "é", "É", "σ", "ς", "Σ", "ß", "😀", "日", "İ", "i",
	"-", "/", "–", "―", " ", "  ", `\`, `\\`, "*", "?", "\n", "\r\n", "\t", ".", "0", "1", "5", "10", "4624", "0x1", "%", `"`, "'", "cmd", ".exe",
	"powershell", "-enc", " /c ", "x", "_", "=", ",", "MD5=", "\x00", "\u00a0", "ǆ", "ǅ", "Ǆ", "ﬀ", "Ω", "Ω", "ø", "Ø",
}

func (c *chooser) text() string {
	var b strings.Builder
	for range c.n(6) {
		b.WriteString(pick(c, genPieces))
	}
	return b.String()
}

// value makes a value of an event.
func (c *chooser) value() any {
	switch c.n(20) {
	case 0:
		return nil
	case 1:
		return ""
	case 2:
		return pick(c, []int{0, 1, 5, 10, -5, 4624, 1 << 40, 8192})
	case 3:
		return hex(pick(c, []int{0, 1, 0x1a4, 4624}))
	case 4:
		return c.chance(2)
	case 5:
		return pick(c, []float64{0, 1.5, -0.25, 10})
	case 6, 13, 14:
		list := make([]string, c.n(4))
		for i := range list {
			list[i] = c.text()
		}
		return list
	case 7:
		return pick(c, []string{"10.0.0.5", "10.1.2.3", "::ffff:10.0.0.5", "2001:db8::1", "fe80::1%eth0", "1.5", "+5", "005", "5.0", "-0", "5.", ".5"})
	case 8:
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("z", c.n(3)) + pick(c, []string{"needle", "néedle", "n\x00e\x00e\x00d\x00l\x00e\x00", "\x00n\x00e\x00e\x00d\x00l\x00e"}) + c.text()))
	case 9:
		return pick(c, []string{"2026-11-23 04:05:06.789", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.9999999Z", "2025-02-30 01:01:01"})
	case 10:
		return several{c.text(), c.text()}
	case 11:
		return text(c.text())
	case 12:
		return pick(c, []string{`C:\Windows\System32\cmd.exe`, `"C:\Program Files\x.exe" -enc abc /c`, "CreateKey", "SetValue", "MD5=ab,SHA1=cd", "HostName=a\nx", "S-1-16-8192"})
	}
	return c.text()
}

func (c *chooser) event(shapes [][]string, source int) genEvent {
	e := genEvent{source: source, shape: c.n(len(shapes))}
	if c.chance(4) {
		e.source = c.n(len(genSources))
	}
	for _, name := range shapes[e.shape] {
		v := c.value()
		if some := genValues[name]; some != nil && !c.chance(3) {
			v = pick(c, some)
		}
		if list, ok := v.(several); ok { // would be a layout of its own
			v = list[0]
		}
		bare, system := strings.CutPrefix(name, "System/")
		e.fields = append(e.fields, genField{bare, system, v})
	}
	return e
}

// pool gives the texts of the events, to cut the values of rules from; those of derived fields too.
func (g genCase) pool(table *refTable) []string {
	texts := []string{"", "needle"}
	for _, e := range g.makeEvents() {
		re := refOf(e)
		for _, routes := range [][]refRoute{table.routes(refLogsource{category: "process_creation"}), table.routes(refLogsource{category: "registry_event"})} {
			for i := range routes {
				if !re.takes(&routes[i]) {
					continue
				}
				v := re.view(&routes[i])
				for _, name := range slices.Sorted(maps.Keys(routes[i].fields)) {
					for _, seen := range v.look(name).texts {
						texts = append(texts, seen.text)
					}
				}
			}
		}
	}
	for _, e := range g.events {
		for _, f := range e.fields {
			var elements []string
			winValue(f.value).Each(func(v event.Value) bool {
				elements = append(elements, v.String())
				return true
			})
			if texts = append(texts, elements...); len(elements) > 1 {
				texts = append(texts, strings.Join(elements, "\n"))
			}
		}
	}
	return texts
}

// cut takes a piece of a text, at the ends of which the text often ends too.
func (c *chooser) cut(s string) string {
	runes := []rune(s)
	if len(runes) == 0 || c.chance(3) {
		return s
	}
	from, to := c.n(len(runes)), len(runes)
	if c.chance(2) {
		from = 0
	}
	if n := to - from; n > 0 && c.chance(2) {
		to = from + c.n(n) + 1
	}
	return string(runes[from:to])
}

// ruleText writes a value of a rule that matches such a text, or nearly.
func (c *chooser) ruleText(texts []string) string {
	s := pick(c, texts)
	if c.chance(4) {
		s = c.text()
	}
	s = c.cut(s)
	var b strings.Builder
	for _, r := range s {
		switch c.n(14) {
		case 0:
			b.WriteByte('*')
			if c.chance(2) {
				continue
			}
		case 1:
			b.WriteByte('?')
			continue
		case 2, 3:
			r = unicode.SimpleFold(r)
		case 4:
			if c.chance(3) {
				r = 'q'
			}
		}
		if r == '*' || r == '?' || r == '\\' {
			if !c.chance(4) {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(r)
	}
	if c.chance(12) {
		b.WriteByte('*')
	}
	return b.String()
}

// quoteYAML writes a text as a YAML scalar in double quotes.
func quoteYAML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r >= 0x80 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (c *chooser) texts(texts []string, max int) []string {
	var out []string
	for range c.n(max) + 1 {
		out = append(out, quoteYAML(c.ruleText(texts)))
	}
	return out
}

// plain writes values without * and ?, as the codes of Base64 want them.
func (c *chooser) plainText() string {
	return quoteYAML(strings.NewReplacer("*", "", "?", "", `\`, "").Replace(c.text()) + pick(c, []string{"needle", "néedle", "abc"}))
}

// item makes one line of a map, or a list of keywords if the field is "".
func (c *chooser) item(field string, texts []string) genItem {
	numbers := []string{"0", "1", "5", "10", "-5", "1.5", "4624", "420", "-0.25", "1099511627776", "8192"}
	key := field
	add := func(modifiers ...string) {
		for _, m := range modifiers {
			if m != "" {
				key += "|" + m
			}
		}
	}
	some := func(m string, in int) string {
		if c.chance(in) {
			return m
		}
		return ""
	}
	kind := c.n(22)
	if field == "" && (kind == 15 || kind == 16 || kind == 17) {
		kind = 0
	}
	var it genItem
	switch kind {
	case 7: // windash
		place := pick(c, []string{"", "contains", "startswith", "endswith"})
		if c.chance(2) {
			add("windash", place)
		} else {
			add(place, "windash")
		}
		add(some("cased", 6), some("all", 4))
		for range c.n(2) + 1 {
			v := c.ruleText(texts)
			if tokens := refUnescape(v); refFlagDashes(tokens) > 2 { // each makes five times as many forms
				v = strings.NewReplacer("-", "", "/", "").Replace(v)
			}
			it.values = append(it.values, quoteYAML(v))
		}
	case 8, 9:
		add(some("all", 6), "re", some("i", 3), some("m", 4), some("s", 4))
		for range c.n(2) + 1 {
			it.values = append(it.values, quoteYAML(c.regexp(texts)))
		}
	case 10:
		add(pick(c, []string{"", "contains", "startswith", "endswith", ""}), some("neq", 5))
		for range c.n(3) + 1 {
			it.values = append(it.values, pick(c, numbers))
		}
	case 11:
		add(pick(c, []string{"lt", "lte", "gt", "gte"}), some("neq", 6))
		it.values = []string{pick(c, numbers)}
	case 12:
		add("cidr")
		it.values = []string{quoteYAML(pick(c, []string{"10.0.0.0/8", "10.0.0.4/31", "2001:db8::/32", "fe80::/10", "::/0", "0.0.0.0/0", "::ffff:10.0.0.0/104"}))}
	case 13:
		add(pick(c, []string{"base64", "base64offset"}), some("contains", 2), some("all", 5))
		for range c.n(2) + 1 {
			it.values = append(it.values, c.plainText())
		}
	case 14:
		add(pick(c, []string{"wide", "utf16le", "utf16be", "utf16"}), pick(c, []string{"base64offset", "base64", ""}), "contains")
		it.values = []string{c.plainText()}
	case 15:
		add(some("neq", 4))
		it.values = []string{"null"}
	case 16:
		add("exists")
		it.values = []string{pick(c, []string{"true", "false"})}
	case 17:
		place := pick(c, []string{"", "", "contains", "startswith", "endswith"})
		add("fieldref", place, some("cased", 6), some("neq", 5))
		it.values = []string{quoteYAML(pick(c, genNames))}
	case 18:
		add(pick(c, []string{"minute", "hour", "day", "week", "month", "year"}), pick(c, []string{"", "gte", "lt"}))
		it.values = []string{pick(c, []string{"1", "5", "4", "2026", "0", "12", "48"})}
	case 19:
		it.values = []string{pick(c, []string{"true", "false"})}
	default:
		place := pick(c, []string{"", "contains", "contains", "startswith", "endswith"})
		add(some("cased", 8), place, some("all", 4), some("neq", 8))
		it.values = c.texts(texts, 4)
	}
	it.key = key
	it.list = c.chance(5)
	if kind == 15 {
		it.list = false
	}
	return it
}

// regexp makes a regular expression that RE2 and the specification both know.
func (c *chooser) regexp(texts []string) string {
	var b strings.Builder
	if c.chance(4) {
		b.WriteByte('^')
	}
	piece := regexp.QuoteMeta(c.cut(pick(c, texts)))
	if c.chance(3) {
		piece = ""
	}
	b.WriteString(piece)
	for range c.n(4) {
		b.WriteString(pick(c, []string{
			`.`, `.*`, `a+`, `[a-z]`, `[^a]{1,3}`, `\d`, `\w+`, `\s?`, `(a|b|cmd)`, `\b`, `k`, `(?:é|É)`, `.{0,5}`, `\\`, `$`, `^`, `(x|)`, `[A-Z0-9]*`, `s`,
		}))
	}
	if c.chance(4) {
		b.WriteByte('$')
	}
	return b.String()
}

func (c *chooser) rule(texts []string) genRule {
	source := pick(c, genLogsources)
	r := genRule{logsource: source.yaml}
	fields := append(strings.Fields(source.fields), strings.Fields(source.fields)...)
	fields = append(fields, genNames...)
	names := []string{"sel", "sel_b", "filter_x", "_under", "other"}
	for i := range c.n(3) + 1 {
		s := genSearch{name: names[i]}
		if c.chance(8) {
			it := c.item("", texts)
			if !strings.Contains(it.key, "|") {
				it.list = true
			}
			if !slices.Contains(it.values, `""`) {
				s.keywords = &it
			}
		}
		if s.keywords == nil {
			for range c.n(2) + 1 {
				var m []genItem
				for range c.n(3) + 1 {
					it := c.item(pick(c, fields), texts)
					if !slices.ContainsFunc(m, func(o genItem) bool { return o.key == it.key }) {
						m = append(m, it)
					}
				}
				s.maps = append(s.maps, m)
			}
		}
		r.searches = append(r.searches, s)
	}
	r.condition = c.condition(r.searches, 3)
	return r
}

func (c *chooser) condition(searches []genSearch, depth int) string {
	if depth == 0 || c.chance(3) {
		return pick(c, searches).name
	}
	sub := func() string { return c.condition(searches, depth-1) }
	switch c.n(7) {
	case 0:
		return sub() + " and " + sub()
	case 1:
		return sub() + " or " + sub()
	case 2:
		return "not " + sub()
	case 3:
		return "(" + sub() + ")"
	case 4:
		return sub() + " and not " + sub()
	case 5:
		return pick(c, []string{"1 of them", "all of them", "any of sel*", "all of sel*", "1 of s*l*"})
	}
	return "not (" + sub() + " or " + sub() + ")"
}

func newGenCase(c *chooser, table *refTable) genCase {
	var g genCase
	shapes := make([][]string, c.n(3)/2+1)
	source := c.n(len(genSources))
	for i := range shapes {
		for range c.n(6) + 1 {
			name := pick(c, genNames)
			if own := strings.Fields(genSources[source].fields); !c.chance(3) {
				name = pick(c, own)
			}
			if (name == "Channel" || name == "Computer" || name == "EventID") && c.chance(2) {
				name = "System/" + name
			}
			shapes[i] = append(shapes[i], name)
		}
	}
	for range c.n(7) + 1 {
		g.events = append(g.events, c.event(shapes, source))
	}
	texts := g.pool(table)
	rules := c.n(6) + 1
	if c.chance(40) {
		rules *= 10 // for the indexes to have something to do
	}
	for range rules {
		g.rules = append(g.rules, c.rule(texts))
	}
	return g
}

// yaml writes all rules as documents of one file.
func (g genCase) yaml() string {
	var b strings.Builder
	for i, r := range g.rules {
		if i > 0 {
			b.WriteString("---\n")
		}
		fmt.Fprintf(&b, "title: rule %d\nlogsource:\n    %s\ndetection:\n", i, r.logsource)
		for _, s := range r.searches {
			fmt.Fprintf(&b, "    %s:\n", s.name)
			if k := s.keywords; k != nil {
				indent := "        "
				if k.key != "" {
					fmt.Fprintf(&b, "        %s:\n", quoteYAML(k.key))
					indent += "    "
				}
				for _, v := range k.values {
					fmt.Fprintf(&b, "%s- %s\n", indent, v)
				}
				continue
			}
			for _, m := range s.maps {
				for j, it := range m {
					start := "          "
					if j == 0 {
						start = "        - "
					}
					fmt.Fprintf(&b, "%s%s:", start, quoteYAML(it.key))
					if len(it.values) == 1 && !it.list {
						fmt.Fprintf(&b, " %s\n", it.values[0])
						continue
					}
					b.WriteByte('\n')
					for _, v := range it.values {
						fmt.Fprintf(&b, "            - %s\n", v)
					}
				}
			}
		}
		fmt.Fprintf(&b, "    condition: %s\n", r.condition)
	}
	return b.String()
}

// makeEvents builds the events; those with the same fields share a shape, as readers promise.
func (g genCase) makeEvents() []*event.Event {
	shapes := map[string]*event.Shape{}
	var out []*event.Event
	for _, ge := range g.events {
		src := genSources[ge.source]
		e := &event.Event{Product: src.product, Category: src.category, Service: src.service, Channel: src.channel, EventID: src.id}
		key := ""
		for _, f := range ge.fields {
			part := event.Data
			if f.system {
				part = event.System
			}
			fields, values := winFields(part, []any{f.name, f.value})
			key += fmt.Sprint(f.system, f.name, "|")
			e.Values = append(e.Values, values...)
			if e.Shape == nil {
				e.Shape = &event.Shape{}
			}
			e.Shape.Fields = append(e.Shape.Fields, fields...)
		}
		if e.Shape == nil {
			e.Shape = &event.Shape{}
		}
		if have := shapes[key]; have != nil {
			e.Shape = have
		}
		shapes[key] = e.Shape
		out = append(out, e)
	}
	return out
}

// differ runs both and says how their answers differ, "" if they do not.
func (g genCase) differ(table *refTable) (difference string) {
	defer func() {
		if r := recover(); r != nil { // so that a crash shrinks too
			difference = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	rules := g.yaml()
	reference, refRejected := refParse(rules, table, refOptions{})
	c := sigma.Parse([]byte(rules), "random.yml", sigma.LoadOptions{})
	c.Resolve()
	if len(reference)+len(refRejected) != len(g.rules) || len(c.Rules)+len(c.Rejected) != len(g.rules) {
		return fmt.Sprintf("of %d rules the reference loads %d and rejects %d (%v), the engine %d and %d (%v)",
			len(g.rules), len(reference), len(refRejected), refRejected, len(c.Rules), len(c.Rejected), c.Rejected)
	}
	var refTitles, titles []string
	for _, r := range reference {
		refTitles = append(refTitles, r.title)
	}
	for _, r := range c.Rules {
		titles = append(titles, r.Title)
	}
	if !slices.Equal(refTitles, titles) {
		return fmt.Sprintf("the reference loads %q (%v),\nthe engine %q (%v)", refTitles, refRejected, titles, c.Rejected)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		return "compile: " + err.Error()
	}
	m := set.NewMatcher()
	for i, e := range g.makeEvents() {
		var got, want []string
		for _, r := range m.Match(e) {
			got = append(got, r.Title)
		}
		re := refOf(e)
		for _, r := range reference {
			if r.matches(re) {
				want = append(want, r.title)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("event %d: engine %q, reference %q\n%s", i, got, want, showEvent(e))
		}
	}
	return ""
}

// shrink takes away what the difference does not need.
func (g genCase) shrink(table *refTable) genCase {
	differs := func(c genCase) bool { return c.differ(table) != "" }
	for changed := true; changed; {
		changed = false
		try := func(c genCase) bool {
			if differs(c) {
				g, changed = c, true
				return true
			}
			return false
		}
		for i := 0; i < len(g.rules) && len(g.rules) > 1; i++ {
			if try(genCase{slices.Delete(slices.Clone(g.rules), i, i+1), g.events}) {
				i--
			}
		}
		for i := 0; i < len(g.events) && len(g.events) > 1; i++ {
			if try(genCase{g.rules, slices.Delete(slices.Clone(g.events), i, i+1)}) {
				i--
			}
		}
		withRule := func(i int, change func(r *genRule)) bool {
			rules := slices.Clone(g.rules)
			r := rules[i]
			r.searches = slices.Clone(r.searches)
			for j := range r.searches {
				s := &r.searches[j]
				s.maps = slices.Clone(s.maps)
				for k := range s.maps {
					s.maps[k] = slices.Clone(s.maps[k])
				}
				if s.keywords != nil {
					k := *s.keywords
					s.keywords = &k
				}
			}
			change(&r)
			rules[i] = r
			return try(genCase{rules, g.events})
		}
		for i := range g.rules {
			for _, condition := range []string{"sel", "sel_b", "filter_x", "not sel", "not sel_b", "not filter_x"} {
				if len(g.rules[i].condition) > len(condition) && withRule(i, func(r *genRule) { r.condition = condition }) {
					break
				}
			}
			for j := 0; j < len(g.rules[i].searches) && len(g.rules[i].searches) > 1; j++ {
				withRule(i, func(r *genRule) { r.searches = slices.Delete(r.searches, j, j+1) })
			}
			for j := range g.rules[i].searches {
				for k := 0; k < len(g.rules[i].searches[j].maps) && len(g.rules[i].searches[j].maps) > 1; k++ {
					withRule(i, func(r *genRule) { r.searches[j].maps = slices.Delete(r.searches[j].maps, k, k+1) })
				}
				for k := range g.rules[i].searches[j].maps {
					for l := 0; l < len(g.rules[i].searches[j].maps[k]) && len(g.rules[i].searches[j].maps[k]) > 1; l++ {
						withRule(i, func(r *genRule) {
							r.searches[j].maps[k] = slices.Delete(r.searches[j].maps[k], l, l+1)
						})
					}
					for l := range g.rules[i].searches[j].maps[k] {
						for v := 0; v < len(g.rules[i].searches[j].maps[k][l].values) && len(g.rules[i].searches[j].maps[k][l].values) > 1; v++ {
							withRule(i, func(r *genRule) {
								it := &r.searches[j].maps[k][l]
								it.values = slices.Delete(slices.Clone(it.values), v, v+1)
							})
						}
					}
				}
			}
		}
		for i := range g.events {
			for j := 0; j < len(g.events[i].fields); j++ {
				events := slices.Clone(g.events)
				events[i].fields = slices.Delete(slices.Clone(events[i].fields), j, j+1)
				if try(genCase{g.rules, events}) {
					j--
				}
			}
			for j, f := range g.events[i].fields {
				s, ok := f.value.(string)
				if !ok {
					continue
				}
				for at := 0; at < len(s); {
					_, n := utf8.DecodeRuneInString(s[at:])
					events := slices.Clone(g.events)
					events[i].fields = slices.Clone(events[i].fields)
					events[i].fields[j].value = s[:at] + s[at+n:]
					if try(genCase{g.rules, events}) {
						s = s[:at] + s[at+n:]
					} else {
						at += n
					}
				}
			}
		}
	}
	return g
}

// TestDifferentialRandom compares engine and reference on sets of rules and events made at random,
// the same ones each time.
func TestDifferentialRandom(t *testing.T) {
	const sets = 3000
	table := refNewTable(t)
	told := 0
	for seed := range uint64(sets) {
		g := newGenCase(&chooser{random: rand.New(rand.NewPCG(seed, 17))}, table)
		if g.differ(table) == "" {
			continue
		}
		g = g.shrink(table)
		t.Errorf("seed %d: %s\n%s", seed, g.differ(table), g.yaml())
		if told++; told == 5 {
			t.Fatal("and perhaps more")
		}
	}
}

// FuzzDifferential lets the fuzzer make the choices of TestDifferentialRandom.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 23))
		b := make([]byte, 400)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	table := refNewTable(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			b = b[:4096]
		}
		g := newGenCase(&chooser{bytes: bytes.Clone(b)}, table)
		if g.differ(table) != "" {
			g = g.shrink(table)
			t.Errorf("%s\n%s", g.differ(table), g.yaml())
		}
	})
}

// TestReferencePattern holds the two ways of the reference to match wildcards against each other:
// the one that follows their meaning, and the one that is fast enough for a corpus.
func TestReferencePattern(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []refToken{'a', 'b', 'é', '😀', refMany, refMany, refOne, refByte + 0xff}
	matched := 0
	for range 200000 {
		var p, s []refToken
		for range r.IntN(8) {
			p = append(p, alphabet[r.IntN(len(alphabet))])
		}
		for range r.IntN(10) {
			s = append(s, alphabet[r.IntN(3)])
			if r.IntN(20) == 0 {
				s = append(s, refByte+0xff)
			}
		}
		text := refTokenText(s)
		want := refMatchNaive(p, s)
		if got := refNewPattern(p).match(text); got != want {
			t.Fatalf("pattern %d on %q = %v, want %v", p, text, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches: nothing was tested", matched)
	}
}

// TestReferenceFold holds the folding against that of the standard library.
func TestReferenceFold(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded := refFoldRune(r)
		if !strings.EqualFold(string(r), string(folded)) {
			t.Errorf("%U folds to %U, which is another letter", r, folded)
		}
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if refFoldRune(o) != folded {
				t.Errorf("%U and %U are one letter, folded %U and %U", r, o, folded, refFoldRune(o))
			}
		}
	}
	if got := refFold("A\xffß" + strconv.Itoa(5)); got != "A\xffß5" {
		t.Errorf("refFold = %q", got)
	}
}
