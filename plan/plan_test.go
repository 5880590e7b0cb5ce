package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
	"aldebaran/story"
)

// pack is a synthetic pack of an invented actor.
func pack() *intel.Pack {
	return &intel.Pack{
		Name: "lake-heron", Title: "Lake Heron",
		Actor:    &intel.Actor{ID: "lake-heron", Name: "Lake Heron"},
		Malware:  []intel.Software{{Name: "REEDNET", Aliases: []string{"ReedNet"}, Techniques: []string{"T1505.003"}, Artefacts: []intel.Artefact{{Kind: "filename", Value: "reed.aspx"}}}},
		Exploits: []intel.Vulnerability{{ID: "CVE-2021-26855", Name: "ProxyLogon"}},
		Detections: []intel.Detection{
			{ID: "E1", Title: "Page written", Severity: "high", Techniques: []string{"T1505.003"}, Rules: []string{"page"}, Behaviours: []string{"host-page-written"},
				Needs: []intel.Need{{Log: "Sysmon, files", Product: "windows", Category: "file_event", Channel: "Microsoft-Windows-Sysmon/Operational", Events: []int{11}}}},
			{ID: "D1", Title: "Batch over WMI", Severity: "critical", Techniques: []string{"T1047", "T1213.006"}, Rules: []string{"batch", "gone"},
				Needs: []intel.Need{{Log: "SQL Server's audit", Product: "windows", Service: "mssqlserver"}}},
			{ID: "X1", Title: "Recalled only", Severity: "low", Techniques: []string{"T1136.001"}, Rules: []string{"page"}, Fact: intel.Fact{Unverified: true}},
		},
	}
}

var atHand = []Rule{
	{Kind: "rule", ID: "page", Title: "Page Written", Level: "high", Tags: []string{"attack.t1505.003"}, Sources: []sigma.Logsource{{Product: "windows", Category: "file_event"}}},
	{Kind: "rule", ID: "batch", Title: "Batch", Level: "high", Tags: []string{"attack.t1047"}, Sources: []sigma.Logsource{{Product: "windows", Category: "process_creation"}}},
	{Kind: "rule", ID: "reed", Title: "Page reed.aspx Asked For", Level: "high", Sources: []sigma.Logsource{{Category: "webserver"}}},
	{Kind: "rule", ID: "proxylogon", Title: "A Request", Level: "critical", Tags: []string{"cve.2021-26855"}, Sources: []sigma.Logsource{{Category: "webserver"}}},
	{Kind: "rule", ID: "shell", Title: "Shell", Level: "medium", Tags: []string{"attack.t1059.003"}, Sources: []sigma.Logsource{{Product: "windows", Category: "process_creation"}}},
	{Kind: "behaviour", ID: "host-page-written", Title: "Page by anybody", Level: "high", Tags: []string{"attack.t1505.003"}, Sources: []sigma.Logsource{{Product: "windows", Category: "file_event"}}},
}

func claims(all ...story.Claim) *story.Story {
	for i := range all {
		all[i].ID = fmt.Sprintf("c%d", i+1)
		if all[i].Score == 0 {
			all[i].Score = 1
		}
	}
	return &story.Story{Claims: all}
}

// text writes a plan shortly: kind "statement" [claims] {detections} tests(weight) needs.
func text(p *Plan) string {
	var b strings.Builder
	for _, h := range p.Hypotheses {
		fmt.Fprintf(&b, "%s %s %q", h.ID, h.Kind, h.Statement)
		if len(h.Claims) > 0 {
			fmt.Fprintf(&b, " of %s", strings.Join(h.Claims, " "))
		}
		for _, t := range h.Tests {
			fmt.Fprintf(&b, " %s:%.1f", t.ID, t.Weight)
		}
		for _, n := range h.Needs {
			fmt.Fprintf(&b, " <%s: %s>", n.Log, strings.Join(n.Serves, " "))
		}
		if h.Unverified {
			b.WriteString(" unverified")
		}
		b.WriteByte('\n')
	}
	for _, c := range p.Context {
		fmt.Fprintf(&b, "context %s: %s\n", c.Claim, c.Why)
	}
	return b.String()
}

func TestMake(t *testing.T) {
	for _, c := range []struct {
		name   string
		story  *story.Story
		wanted []string
		want   string
	}{
		{"nothing", nil, nil, ""},
		{"a pack that the user asks for", nil, []string{"lake-heron"}, `
h1 detection "Batch over WMI" batch:1.0 <SQL Server's audit: >
h2 detection "Page written" page:1.0 host-page-written:1.0 <Sysmon, files: page host-page-written>
h3 detection "Recalled only" page:1.0 unverified
`},
		{"a story names the actor, and a technique in numbers",
			claims(story.Claim{Kind: story.Actor, Name: "Lake Heron", Refs: []string{"pack:lake-heron"}}, story.Claim{Kind: story.Technique, Name: "T1505.003", How: "numbered"}), nil, `
h1 detection "Batch over WMI" batch:1.0 <SQL Server's audit: >
h2 detection "Page written" of c2 page:1.0 host-page-written:1.0 <Sysmon, files: page host-page-written>
h3 detection "Recalled only" page:1.0 unverified
h4 technique "Server Software Component: Web Shell (T1505.003)" of c2 page:1.0 host-page-written:1.0 <Sysmon, files: page host-page-written>
context c1: who it was is for attribution; what the actor does is answered by the other hypotheses
`},
		{"an actor that is denied calls for no pack", claims(story.Claim{Kind: story.Actor, Name: "Lake Heron", Refs: []string{"pack:lake-heron"}, Negated: true}), nil, `
context c1: the story says that it is not so
`},
		{"malware, by its artefacts and techniques", claims(story.Claim{Kind: story.Malware, Name: "REEDNET", Refs: []string{"pack:lake-heron"}}), nil, `
h1 detection "Batch over WMI" batch:1.0 <SQL Server's audit: >
h2 detection "Page written" page:1.0 host-page-written:1.0 <Sysmon, files: page host-page-written>
h3 detection "Recalled only" page:1.0 unverified
h4 malware "REEDNET was here" of c1 reed:0.8 page:0.3 host-page-written:0.3 <Sysmon, files: page host-page-written> <Web server access log: reed>
`},
		{"a vulnerability, by its tag", claims(story.Claim{Kind: story.Vulnerability, Name: "CVE-2021-26855"}), nil, `
h1 vulnerability "CVE-2021-26855 was used here" of c1 proxylogon:1.0 <Web server access log: proxylogon>
`},
		{"a technique that is described, and one too vaguely", claims(
			story.Claim{Kind: story.Technique, Name: "T1059", How: "described", Score: 0.7}, story.Claim{Kind: story.Technique, Name: "T1003", How: "described", Score: 0.2}), nil, `
h1 technique "Command and Scripting Interpreter (T1059)" of c1 shell:0.3
context c2: is described too vaguely to be tested (20 % sure that it is T1003)
`},
		{"a technique of the intruder's side", claims(story.Claim{Kind: story.Technique, Name: "T1588.002", How: "numbered"}), nil, `
context c1: is done on the intruder's side, where no log of yours is
`},
		{"indicators, each type once", claims(
			story.Claim{Kind: story.Indicator, Indicator: "domain", Name: "a.example"}, story.Claim{Kind: story.Indicator, Indicator: "domain", Name: "b.example"}), nil, `
h1 indicator "An indicator of the story stands in the logs: domain" of c1 c2 domain:a.example:1.0 domain:b.example:1.0 <DNS queries: domain:a.example domain:b.example> <Proxy log: domain:a.example domain:b.example> <Web server access log: domain:a.example domain:b.example> <Sysmon: domain:a.example domain:b.example>
`},
		{"what logs cannot answer", claims(story.Claim{Kind: story.Sector, Name: "government"}, story.Claim{Kind: story.Assessment, Name: "state-backed"}), nil, `
context c1: says who is concerned: it counts for relevance
context c2: is about the actor, and not about these servers
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Make(c.story, Options{Packs: []*intel.Pack{pack()}, Wanted: c.wanted, Knowledge: attack.Load(), Rules: atHand})
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), text(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMakeHasRoom(t *testing.T) {
	var many []story.Claim
	for i := range maxHypotheses + 1 {
		many = append(many, story.Claim{Kind: story.Vulnerability, Name: fmt.Sprintf("CVE-2021-%d", 10000+i)})
	}
	for i := range maxTests + 5 {
		many = append(many, story.Claim{Kind: story.Indicator, Indicator: "domain", Name: fmt.Sprintf("h%d.example", i)})
	}
	p := Make(claims(many...), Options{Knowledge: attack.Load(), Rules: atHand})
	if len(p.Context) != 1 || p.Context[0].Why != tooMany {
		t.Errorf("context %+v, want one claim that found no room", p.Context)
	}
	last := p.Hypotheses[slices.IndexFunc(p.Hypotheses, func(h Hypothesis) bool { return h.Kind == "indicator" })]
	if len(last.Tests) != maxTests || last.Untested != 5 {
		t.Errorf("%d tests and %d left out, want %d and 5", len(last.Tests), last.Untested, maxTests)
	}
}

// Every log that a behaviour or a category of rules reads has a name, and a command that collects it.
func TestLogsAreKnown(t *testing.T) {
	for _, r := range Behaviours(behaviour.Config{}) {
		for _, ls := range r.Sources {
			if l, ok := LogFor("", ls); !ok && ls != (sigma.Logsource{Product: "windows"}) || ok && (len(l.Collect) == 0 || l.TurnOn == "" || l.Kept == "" || len(l.Systems) == 0) {
				t.Errorf("%s reads %+v: no kind of log is known for it", r.ID, ls)
			}
		}
	}
}

func TestRulesOf(t *testing.T) {
	c := sigma.Parse([]byte(`title: A
id: 00000000-0000-4000-8000-00000000000a
name: first
logsource: {product: windows, category: process_creation}
detection: {s: {Image: a}, condition: s}
---
title: B
id: 00000000-0000-4000-8000-00000000000b
correlation: {type: event_count, rules: [first], group-by: [Computer], timespan: 1h, condition: {gte: 2}}
---
title: C
id: 00000000-0000-4000-8000-00000000000c
correlation: {type: event_count, rules: [00000000-0000-4000-8000-00000000000b], group-by: [Computer], timespan: 1h, condition: {gte: 2}}
`), "r.yml", sigma.LoadOptions{})
	c.Resolve()
	all := RulesOf(c)
	at := slices.IndexFunc(all, func(r Rule) bool { return r.Title == "C" })
	want := []sigma.Logsource{{Product: "windows", Category: "process_creation"}}
	if at < 0 || !slices.Equal(all[at].Sources, want) {
		t.Errorf("rules %+v: want C to read what A reads", all)
	}
}

func TestHasWord(t *testing.T) {
	f := func(text, name string, want bool) {
		t.Helper()
		if got := hasWord(text, name); got != want {
			t.Errorf("hasWord(%q, %q) = %v", text, name, got)
		}
	}
	f("finds net-star pages", "net-star", true)
	f("finds net-stars pages", "net-star", false)
	f("mimikatzx mimikatz", "mimikatz", true)
	f("", "x", false)
}

// Lists are lists in JSON, also where there is nothing in them.
func TestDocumentHasNoNull(t *testing.T) {
	untested := pack()
	untested.Detections = append(untested.Detections, intel.Detection{ID: "N1", Title: "Nothing finds it", Severity: "low"})
	for _, p := range []*Plan{
		Make(nil, Options{Knowledge: attack.Load()}),
		Make(nil, Options{Knowledge: attack.Load(), Packs: []*intel.Pack{untested}, Wanted: []string{untested.Name}, Rules: atHand}),
	} {
		b, err := json.Marshal(p.Document())
		if err != nil || bytes.Contains(b, []byte("null")) {
			t.Errorf("%s, %v: want no null", b, err)
		}
	}
}

// A story that only says which servers were broken into, or what was taken, asks for whatever rules find there; the
// order of its sentences does not matter.
func TestGathersFromAll(t *testing.T) {
	rules := []Rule{
		{Kind: "rule", ID: "1", Title: "Exchange Mailbox Exported", Level: "high", Tags: []string{"attack.t1114.002"}, Sources: []sigma.Logsource{{Product: "windows", Service: "msexchange-management"}}},
		{Kind: "rule", ID: "2", Title: "Zimbra Page Written", Level: "critical", Tags: []string{"attack.t1505.003"}, Sources: []sigma.Logsource{{Product: "linux", Service: "auditd"}}},
		{Kind: "rule", ID: "3", Title: "Program Started", Level: "high", Tags: []string{"attack.t1059"}, Sources: []sigma.Logsource{{Product: "windows", Category: "process_creation"}}},
		{Kind: "rule", ID: "4", Title: "Exchange Searched", Level: "low", Sources: []sigma.Logsource{{Product: "windows", Service: "msexchange-management"}}},
		{Kind: "rule", ID: "5", Title: "Transport Agent Installed", Level: "low", Tags: []string{"attack.t1505.002"}, Sources: []sigma.Logsource{{Product: "windows", Service: "msexchange-management"}}},
	}
	f := func(text, statement string, want ...string) {
		t.Helper()
		knowledge := attack.Load()
		s, err := story.Read(strings.NewReader(text), "x.txt", story.Options{Lexicon: story.NewLexicon(knowledge, nil)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range Make(s, Options{Rules: rules, Knowledge: knowledge}).Hypotheses {
			if strings.HasPrefix(h.Statement, statement) {
				for _, test := range h.Tests {
					got = append(got, test.ID)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q, %s (-want +got):\n%s", text, statement, diff)
		}
	}
	const servers, data = "Servers of this kind were a target here: mail", "Data of this kind was collected here: "
	f("Hackers broke into email servers.", servers, "1", "2")
	f("Hackers stole government emails.", data, "1")
	f("They attacked mail servers. T1114.002 was seen.", servers, "1")
	f("T1114.002 was seen. They attacked mail servers.", servers, "1")
	f("LightNeuron was seen.", "Transport Agent (T1505.002)", "5")
}
