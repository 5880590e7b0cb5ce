package verdict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/intel"
	"aldebaran/match"
	"aldebaran/match/sigma"
	"aldebaran/plan"
	"aldebaran/story"
)

var start = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

func at(days float64) time.Time { return start.Add(time.Duration(days * 24 * float64(time.Hour))) }

const sysmon = "Microsoft-Windows-Sysmon/Operational"

// logOf is a log of a host that covers some days.
func logOf(channel string, from, to float64, ids ...uint32) evidence.Visibility {
	v := evidence.Visibility{Host: "MAIL01", Format: "evtx", Product: "windows", Channel: channel, Events: 1000, First: at(from), Last: at(to), EventIDs: map[uint32]int{}}
	for _, id := range ids {
		v.EventIDs[id] = 10
	}
	return v
}

func webLog(from, to float64, fields ...string) evidence.Visibility {
	v := evidence.Visibility{Host: "MAIL01", Format: "w3c", Product: "windows", Category: "webserver", Service: "iis", Events: 5000, First: at(from), Last: at(to)}
	for _, f := range fields {
		name, empty := strings.CutSuffix(f, "?")
		seen := evidence.FieldSeen{Name: name, Looked: 100, Filled: 100}
		if empty {
			seen.Filled = 0
		}
		v.Fields = append(v.Fields, seen)
	}
	return v
}

var rules = []plan.Rule{
	{Kind: "rule", ID: "page", Title: "Page Written", Level: "high", Sources: []sigma.Logsource{{Product: "windows", Category: "file_event"}}},
	{Kind: "rule", ID: "low", Title: "Shell", Level: "low", Sources: []sigma.Logsource{{Product: "windows", Category: "process_creation"}}},
	{Kind: "rule", ID: "cleared", Title: "Log cleared", Level: "high", Sources: []sigma.Logsource{{Product: "windows", Service: "security"}}},
	{Kind: "rule", ID: "sql", Title: "Sign-in", Level: "high", Sources: []sigma.Logsource{{Product: "windows", Service: "mssqlserver"}}},
	{Kind: "behaviour", ID: "cookie", Title: "Cookie session", Level: "high", Sources: []sigma.Logsource{{Category: "webserver"}}},
}

func test(id string, weight float64) plan.Test {
	return plan.Test{Kind: "rule", ID: id, Weight: weight}
}

// page is a hypothesis that Sysmon's event 11 answers.
func page() plan.Hypothesis {
	return plan.Hypothesis{ID: "h1", Statement: "Page written", Severity: "high", Tests: []plan.Test{test("page", 1)},
		Needs: []plan.Need{{Need: intel.Need{Log: "Sysmon, files", Product: "windows", Category: "file_event", Channel: sysmon, Events: []int{11}}, TurnOn: "install Sysmon"}}}
}

func cookie() plan.Hypothesis {
	return plan.Hypothesis{ID: "h2", Statement: "Cookie session", Severity: "high", Tests: []plan.Test{{Kind: "behaviour", ID: "cookie", Weight: 1}},
		Needs: []plan.Need{{Need: intel.Need{Log: "IIS with cookies", Category: "webserver", Fields: []string{"cs-cookie"}}}}}
}

func found(rule, level string, days float64) finding.Finding {
	e := &event.Event{Shape: &event.Shape{Fields: []event.Field{{Name: "TargetFilename"}}}, Values: []event.Value{{Raw: []byte(`C:\x.aspx`), Kind: event.Text}},
		Channel: sysmon, EventID: 11, Computer: "MAIL01", RecordID: 7, Time: at(days), Source: event.Source{Path: "s.evtx", Offset: 4096, Length: 512}}
	return finding.Finding{
		Rule: &match.Rule{ID: rule, Title: "Rule " + rule, Level: level}, Hosts: []string{"MAIL01"}, First: at(days), Last: at(days), Count: 1,
		Samples: []finding.Sample{{Event: e}},
	}
}

func TestJudge(t *testing.T) {
	rare := plan.Hypothesis{ID: "h3", Statement: "Log cleared", Severity: "high", Tests: []plan.Test{test("cleared", 1)},
		Needs: []plan.Need{{Need: intel.Need{Log: "Security", Channel: "Security", Product: "windows", Service: "security", Events: []int{1102}}}}}
	weak := plan.Hypothesis{ID: "h4", Statement: "Shell", Severity: "medium", Tests: []plan.Test{test("low", 0.6)},
		Needs: []plan.Need{{Need: intel.Need{Log: "Sysmon, processes", Product: "windows", Category: "process_creation", Channel: sysmon, Events: []int{1}}}}}
	onMail := page()
	onMail.Systems = []string{"mail"}
	other := logOf(sysmon, 0, 10, 11)
	other.Host = "DC01"
	mailRole := logOf("MSExchange Management", 0, 10)
	mailRole.Host = "mail01.lakes.example"
	sqlLogin := plan.Hypothesis{ID: "h5", Statement: "Sign-in", Severity: "high", Tests: []plan.Test{test("sql", 1)},
		Needs: []plan.Need{{Need: intel.Need{Log: "SQL Server", Channel: "Application", Product: "windows", Service: "mssqlserver", Events: []int{18454}}}}}
	unverified := page()
	unverified.Unverified = true
	untested := page()
	untested.Tests = nil
	tooMany := page()
	tooMany.Untested = 3
	gap := logOf(sysmon, 0, 10, 1, 11)
	gap.Gaps = []evidence.Gap{{From: at(2), To: at(9)}}
	for _, c := range []struct {
		name     string
		h        plan.Hypothesis
		logs     []evidence.Visibility
		findings []finding.Finding
		plan     plan.Plan
		want     string
	}{
		{"seen, with its proof", page(), []evidence.Visibility{logOf(sysmon, 0, 10, 11)}, []finding.Finding{found("page", "high", 3)}, plan.Plan{},
			"seen, strong: Rule page: 1 record on MAIL01, first 2026-03-04 00:00 [s.evtx+4096 Microsoft-Windows-Sysmon/Operational 11: TargetFilename=C:\\x.aspx]"},
		{"a finding of another rule proves nothing", page(), []evidence.Visibility{logOf(sysmon, 0, 10, 11)}, []finding.Finding{found("other", "high", 3)}, plan.Plan{},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"no such log", page(), []evidence.Visibility{webLog(0, 10)}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: Sysmon, files | missing Sysmon, files (install Sysmon)"},
		{"the log is there and does not write such events", page(), []evidence.Visibility{logOf(sysmon, 0, 10, 1, 3)}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: Sysmon, files: events 11 are not written | missing Sysmon, files: events 11 are not written (install Sysmon)"},
		{"an event that is rare need not have happened", rare, []evidence.Visibility{logOf("Security", 0, 10, 4624)}, nil, plan.Plan{},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"a field that is not logged", cookie(), []evidence.Visibility{webLog(0, 10, "c-ip", "cs-uri-stem")}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: IIS with cookies: the field cs-cookie is not logged | missing IIS with cookies: the field cs-cookie is not logged ()"},
		{"a field that is always empty", cookie(), []evidence.Visibility{webLog(0, 10, "c-ip", "cs-cookie?")}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: IIS with cookies: the field cs-cookie is not logged | missing IIS with cookies: the field cs-cookie is not logged ()"},
		{"a field that is logged", cookie(), []evidence.Visibility{webLog(0, 10, "c-ip", "cs-cookie")}, nil, plan.Plan{},
			"not seen, strong: searched 5,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"a log of too short a time", page(), []evidence.Visibility{logOf(sysmon, 8, 10, 11), webLog(0, 10)}, nil, plan.Plan{},
			"could not see, moderate: the logs that would show it cover 2.0 of 10 days | missing the rest of the time from 2026-03-01 to 2026-03-11 ()"},
		{"a log of most of the time", page(), []evidence.Visibility{logOf(sysmon, 3, 10, 11), webLog(0, 10)}, nil, plan.Plan{},
			"not seen, weak: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"a log that was silent for most of the time", page(), []evidence.Visibility{gap}, nil, plan.Plan{},
			"could not see, moderate: the logs that would show it cover 3.0 of 10 days | missing the rest of the time from 2026-03-01 to 2026-03-11 ()"},
		{"the story closes the time", page(), []evidence.Visibility{logOf(sysmon, 3, 5, 11), webLog(0, 10)}, nil, plan.Plan{From: at(3), To: at(5)},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-04 to 2026-03-06 with 1 test, and found nothing"},
		{"a match of a low rule is a hint", weak, []evidence.Visibility{logOf(sysmon, 0, 10, 1)}, []finding.Finding{found("low", "low", 3)}, plan.Plan{},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing but 1 hint of a low level or of other techniques nearby"},
		{"the log of another kind of server says nothing", onMail, []evidence.Visibility{other, mailRole}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: Sysmon, files | missing Sysmon, files (install Sysmon)"},
		{"the log of a mail server does", onMail, []evidence.Visibility{other, logOf(sysmon, 0, 10, 11), mailRole}, nil, plan.Plan{},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"nobody knows what the hosts are", onMail, []evidence.Visibility{other}, nil, plan.Plan{},
			"not seen, weak: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"an Application log into which SQL Server writes nothing", sqlLogin, []evidence.Visibility{logOf("Application", 0, 10, 1000)}, nil, plan.Plan{},
			"could not see, strong: what would show it is not in the evidence: SQL Server: SQL Server writes nothing into it | missing SQL Server: SQL Server writes nothing into it ()"},
		{"one into which it does", sqlLogin, []evidence.Visibility{logOf("Application", 0, 10, 17137)}, nil, plan.Plan{},
			"not seen, strong: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"what nobody verified is not judged", unverified, []evidence.Visibility{logOf(sysmon, 0, 10, 11)}, []finding.Finding{found("page", "high", 3)}, plan.Plan{},
			"not judged, : it rests on facts that nobody has verified, so nothing is looked for"},
		{"not everything that would find it was looked for", tooMany, []evidence.Visibility{logOf(sysmon, 0, 10, 11)}, nil, plan.Plan{},
			"not seen, moderate: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing"},
		{"nothing would find it", untested, []evidence.Visibility{logOf(sysmon, 0, 10, 11)}, nil, plan.Plan{},
			"could not see, strong: no rule, behaviour or indicator at hand would find it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.plan.Hypotheses = []plan.Hypothesis{c.h}
			r := Judge(&c.plan, &Evidence{Logs: c.logs, Findings: c.findings, Rules: rules}, Setting{})
			if got := short(&r.Verdicts[0]); got != c.want {
				t.Errorf("verdict:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func short(v *Verdict) string {
	s := fmt.Sprintf("%s, %s: %s", v.Value, v.Strength, v.Because)
	for _, p := range v.Seen {
		for _, q := range p.Quotes {
			s += fmt.Sprintf(" [%s+%d %s]", q.Path, q.Offset, q.Text)
		}
	}
	for _, m := range v.Missing {
		s += fmt.Sprintf(" | missing %s (%s)", m.What, m.TurnOn)
	}
	return s
}

// A negative without visibility is never reported as clean: whatever the logs are, "not seen" names
// a log that was searched with a test of the hypothesis.
func TestNotSeenIsProven(t *testing.T) {
	for _, logs := range [][]evidence.Visibility{nil, {}, {{}}, {logOf("", 0, 1)}, {logOf(sysmon, 0, 10, 11)}, {webLog(0, 10, "cs-cookie")}} {
		p := &plan.Plan{Hypotheses: []plan.Hypothesis{page(), cookie(), {ID: "h9", Tests: []plan.Test{test("unknown", 1)}}}}
		for _, v := range Judge(p, &Evidence{Logs: logs, Rules: rules}, Setting{}).Verdicts {
			if v.Value == NotSeen && (len(v.Searched) == 0 || len(v.Searched[0].Tests) == 0 || v.Searched[0].Events == 0) {
				t.Errorf("%d logs: %s is not seen, and nothing was searched: %+v", len(logs), v.Hypothesis.ID, v)
			}
			if v.Value == CouldNotSee && v.Because == "" {
				t.Errorf("%s could not be seen, and nobody says why", v.Hypothesis.ID)
			}
		}
	}
}

func TestOverall(t *testing.T) {
	verdict := func(value Value, strength, severity string) Verdict {
		return Verdict{Value: value, Strength: strength, Hypothesis: plan.Hypothesis{Severity: severity}}
	}
	by := func(v Verdict, rule string) Verdict {
		v.Seen = []Proof{{Rule: rule}}
		return v
	}
	f := func(want Value, all ...Verdict) {
		t.Helper()
		r := &Report{Verdicts: all}
		for _, v := range all {
			switch v.Value {
			case Seen:
				r.Seen++
			case NotSeen:
				r.NotSeen++
			case CouldNotSee:
				r.CouldNotSee++
			}
		}
		if r.overall(); r.Value != want || r.Overall == "" {
			t.Errorf("overall %s (%s), want %s", r.Value, r.Overall, want)
		}
	}
	f(NotJudged)
	f(Seen, verdict(Seen, "strong", "low"), verdict(CouldNotSee, "strong", "critical"))
	f(Seen, by(verdict(Seen, "moderate", "low"), "a"), by(verdict(Seen, "moderate", "low"), "b"))
	f(NotSeen, by(verdict(Seen, "moderate", "low"), "a"), by(verdict(Seen, "moderate", "low"), "a"), verdict(NotSeen, "strong", "high"))
	f(NotSeen, by(verdict(Seen, "moderate", "low"), "a"), verdict(NotSeen, "strong", "high"), verdict(NotSeen, "strong", "high"))
	f(NotSeen, verdict(NotSeen, "strong", "high"), verdict(CouldNotSee, "strong", "medium"))
	f(CouldNotSee, verdict(NotSeen, "strong", "low"), verdict(CouldNotSee, "strong", "critical"))
	// Further proofs of one hypothesis count if they are severe.
	with := func(level string) Verdict {
		v := by(verdict(Seen, "moderate", "low"), "a")
		v.Seen = append(v.Seen, Proof{Rule: "b", Level: level})
		return v
	}
	f(Seen, with("high"), verdict(NotSeen, "strong", "high"))
	f(NotSeen, with("medium"), verdict(NotSeen, "strong", "high"))
}

// Critical findings that no hypothesis accounts for are told with every answer.
func TestBesides(t *testing.T) {
	at := func(level, host string) finding.Finding {
		return finding.Finding{Rule: &match.Rule{Level: level}, Hosts: []string{host}}
	}
	r := &Report{Verdicts: []Verdict{{Value: Seen, Strength: "moderate", Seen: []Proof{{Finding: 1, Rule: "a"}}}}, Seen: 1}
	r.besides([]finding.Finding{at("critical", "MAIL01.lakes.example"), at("critical", "SQL01"), at("high", "DC01"), at("critical", "MAIL01")})
	r.overall()
	if diff := cmp.Diff([]int{0, 3}, r.Besides); diff != "" {
		t.Errorf("besides (-want +got):\n%s", diff)
	}
	const want = " Besides, 2 critical findings are there that nothing of it accounts for, on "
	if !strings.Contains(r.Overall, want) || !strings.HasSuffix(r.Overall, ": look at them first.") || strings.Contains(r.Overall, "SQL01") {
		t.Errorf("the answer is %q, want %q in it", r.Overall, want)
	}
}

func TestRelevance(t *testing.T) {
	p := &plan.Plan{Story: &story.Story{Claims: []story.Claim{
		{ID: "c1", Kind: story.Sector, Name: "foreign ministries"}, {ID: "c2", Kind: story.Region, Name: "Middle East"},
		{ID: "c3", Kind: story.Country, Name: "CN", Role: "origin"}, {ID: "c4", Kind: story.Sector, Name: "retail", Negated: true},
	}}}
	f := func(who Setting, want string) {
		t.Helper()
		if got := relevance(p, who); got.Level != want {
			t.Errorf("relevance to %+v: %s (%s), want %s", who, got.Level, got.Because, want)
		}
	}
	f(Setting{}, "unknown")
	f(Setting{Sector: "government", Region: "Middle East"}, "high")
	f(Setting{Sector: "ministry", Country: "Jordan"}, "high")
	f(Setting{Sector: "embassy", Country: "EG"}, "high")
	f(Setting{Sector: "government", Country: "BR"}, "medium")
	f(Setting{Sector: "bank", Country: "SA"}, "medium")
	f(Setting{Sector: "retail", Country: "China"}, "low")
	f(Setting{Sector: "govarnment"}, "unknown")
	f(Setting{Sector: "govarnment", Country: "Jordan"}, "medium")
	f(Setting{Sector: "retail", Region: "Midle East"}, "unknown")
	f(Setting{Sector: "legal"}, "low")
	for _, who := range []Setting{{Sector: "govarnment", Country: "Jordan"}, {Sector: "government", Region: "Midle East"}} {
		if got := relevance(p, who); got.Level != "medium" || !strings.Contains(got.Because, "that is known, and nobody uses the word") {
			t.Errorf("relevance to %+v: %s (%s), want medium and the word that is not known", who, got.Level, got.Because)
		}
	}
	// Where the story says whose places are those of victims, the others do not count.
	p.Story.Claims = append(p.Story.Claims, story.Claim{ID: "c5", Kind: story.Country, Name: "TG", Role: "victim"})
	f(Setting{Sector: "bank", Country: "SA"}, "low")
	f(Setting{Sector: "bank", Country: "TG"}, "medium")
	// What a pack knows of the actor's victims counts, unless nobody has verified it.
	p.Packs = []*intel.Pack{{Actor: &intel.Actor{
		Sectors: []intel.Claim{{Value: "legal"}, {Value: "retail", Fact: intel.Fact{Unverified: true}}}, Countries: []intel.Claim{{Value: "BR"}},
	}}}
	f(Setting{Sector: "legal"}, "medium")
	f(Setting{Sector: "retail"}, "low")
	f(Setting{Sector: "legal services", Country: "Brazil"}, "high")
}
