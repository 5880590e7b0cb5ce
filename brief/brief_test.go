package brief

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aldebaran/attack"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/intel"
	"aldebaran/match"
	"aldebaran/plan"
	"aldebaran/story"
	"aldebaran/verdict"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(hour int) time.Time { return time.Date(2026, 3, 9, hour, 0, 0, 0, time.UTC) }

// record is a synthetic record of a log, inert.
func record(host string, id uint64, when time.Time, command string) *event.Event {
	return &event.Event{
		Computer: host, Channel: "Security", EventID: 4688, RecordID: id, Time: when, Source: event.Source{Path: "evidence/" + host + "/Security.evtx", Offset: int64(id) * 512, Length: 480},
		Shape:  &event.Shape{Fields: []event.Field{{Name: "CommandLine", Part: event.Data}}},
		Values: []event.Value{{Kind: event.Text, Raw: []byte(command)}},
	}
}

// example is a synthetic case: an invented group, an invented ministry, an invented intrusion.
func example() Input {
	text := "The group Lake Heron reads mail of governments in Africa. It is not linked to ransomware. Block 203[.]0[.]113[.]77."
	claim := func(id string, kind story.Kind, quote, name string) story.Claim {
		start := strings.Index(text, quote)
		return story.Claim{ID: id, Kind: kind, Quote: quote, Start: start, End: start + len(quote), Name: name, How: "named", Score: 1, Times: 1}
	}
	claims := []story.Claim{
		claim("c1", story.Actor, "Lake Heron", "Lake Heron"), claim("c2", story.Data, "mail", "mailboxes"), claim("c3", story.Sector, "governments", "government"),
		claim("c4", story.Region, "Africa", "Africa"), claim("c5", story.Relation, "linked to", "linked"), claim("c6", story.Indicator, "203[.]0[.]113[.]77", "203.0.113.77"),
	}
	claims[0].Refs = []string{"pack:lake-heron"}
	claims[3].Role = "victim"
	claims[4].Negated = true
	claims[5].Indicator, claims[5].Defanged = "ip", true
	fact := intel.Fact{Sources: []string{"S1"}}
	pack := &intel.Pack{
		Name: "lake-heron", Title: "Lake Heron: an invented group", Version: "1.0.0", Date: "2026-03-01", Licence: "Apache-2.0",
		Actor: &intel.Actor{
			Name: "Lake Heron", Motive: &intel.Claim{Value: "espionage", Confidence: "high", Fact: fact},
			SystemsTargeted: []intel.Claim{{Value: "mail servers", Confidence: "high", Fact: fact}},
		},
		Contents: intel.Contents{
			Advice: []intel.Advice{
				{ID: "M1", Title: "Watch and close web roots", Text: "Watch the integrity of web roots.", Owner: "server administrators", Effort: "days", Order: 2, Answers: []string{"E1"}, Fact: fact},
				{ID: "M2", Title: "Know the network providers of each host", Text: "Take a baseline.", Owner: "server administrators", Effort: "hours", Order: 1, Fact: fact},
				{ID: "M3", Title: "Nobody has verified this", Text: "It is left out.", Owner: "developers", Effort: "hours", Order: 1, Fact: intel.Fact{Unverified: true}},
			},
			Indicators: []intel.Indicator{
				{Type: intel.Domain, Value: "cdn.lakes.example", Malware: "HeronShell", Source: "S1", TLP: intel.Amber, Pack: "lake-heron"},
				{Type: intel.URL, Value: "https://cdn.lakes.example/a.aspx", Source: "S1", Unverified: true, Pack: "lake-heron"},
			},
		},
	}
	page := &match.Rule{
		Language: "sigma", ID: "r1", Title: "IIS Worker Writes A Script Page", Level: "high", Description: "A web server's process writes a page.",
		Why: "Web servers serve pages, and seldom write them.", FalsePositives: []string{"Updates of Exchange"}, Next: []string{"Look at the page."}, Tags: []string{"attack.t1505.003"},
	}
	known := &match.Rule{Language: "indicator", ID: "indicator:ip:203.0.113.77", Title: "Known address: 203.0.113.77", Level: "medium", Description: "It was seen with an intruder."}
	findings := []finding.Finding{
		{Rule: page, Attack: attack.Parse(page.Tags), Host: "MAIL01.lakes.example", Hosts: []string{"MAIL01.lakes.example"}, First: at(2), Last: at(3), Count: 2, Samples: []finding.Sample{
			{Event: record("MAIL01.lakes.example", 41, at(2), `cmd.exe /c echo synthetic > C:\inetpub\wwwroot\heron.aspx`)},
			{Event: record("MAIL01.lakes.example", 42, at(3), `cmd.exe /c echo "synthetic | inert"`)},
		}},
		{Rule: page, Attack: attack.Parse(page.Tags), Host: "MAIL02", Hosts: []string{"MAIL02"}, First: at(9), Last: at(9), Count: 1},
		{Rule: known, Host: "MAIL01", Hosts: []string{"MAIL01"}, First: at(4), Last: at(4), Count: 7},
	}
	hypotheses := []plan.Hypothesis{
		{ID: "h1", Statement: "Script page written in a web root", Logic: "A script page appears.", Kind: "detection", Claims: []string{"c2"}, Detections: []string{"lake-heron:E1"}, Techniques: []string{"T1505.003"}, Stage: "persistence", Tests: []plan.Test{{Kind: "rule", ID: "r1", Weight: 1}}, Severity: "high"},
		{ID: "h2", Statement: "Mailboxes searched or exported", Kind: "detection", Detections: []string{"lake-heron:E2"}, Stage: "collection", Tests: []plan.Test{{Kind: "rule", ID: "r2", Weight: 1}}, Severity: "high"},
		{ID: "h3", Statement: "DNS tunnel from a server", Kind: "detection", Detections: []string{"lake-heron:N1"}, Stage: "exfiltration", Tests: []plan.Test{{Kind: "rule", ID: "r3", Weight: 1}}, Severity: "medium"},
		{ID: "h4", Statement: "Something nobody has verified", Kind: "detection", Detections: []string{"lake-heron:N2"}, Unverified: true, Severity: "low"},
		{ID: "h5", Statement: "An indicator of the story stands in the logs: ip", Kind: "indicator", Claims: []string{"c6"}, Tests: []plan.Test{{Kind: "indicator", ID: "ip:203.0.113.77", Weight: 1}}, Severity: "high"},
	}
	proof := func(i int) verdict.Proof {
		f := &findings[i]
		return verdict.Proof{Finding: i, Rule: f.Rule.ID, Title: f.Rule.Title, Level: f.Rule.Level, Weight: 1, Hosts: f.Hosts, First: f.First, Last: f.Last, Count: f.Count, Quotes: verdict.QuotesOf(f)}
	}
	security := evidence.Visibility{
		Host: "MAIL01.lakes.example", Format: "evtx", Product: "windows", Channel: "Security", Files: 1, Events: 12345, First: at(0), Last: at(23),
		Gaps: []evidence.Gap{{From: at(10), To: at(12)}}, EventIDs: map[uint32]int{4688: 12345}, Fields: []evidence.FieldSeen{{Name: "CommandLine", Looked: 9, Filled: 9}},
	}
	iis := evidence.Visibility{Host: "MAIL01", Format: "w3c", Category: "webserver", Service: "iis", Files: 2, Events: 900, First: at(0), Last: at(23), Clocks: []event.Clock{{Zone: "UTC", Assumed: true}}}
	answer := &verdict.Report{
		Verdicts: []verdict.Verdict{
			{Hypothesis: hypotheses[3], Value: verdict.NotJudged},
			{Hypothesis: hypotheses[2], Value: verdict.CouldNotSee, Strength: "strong", Missing: []verdict.Missing{{What: "DNS queries: events 22 are not written", TurnOn: "the query log of the resolvers", Collect: []string{"copy the query log"}}}},
			{Hypothesis: hypotheses[1], Value: verdict.NotSeen, Strength: "moderate", Hints: 1, Searched: []verdict.Searched{{Host: "MAIL01.lakes.example", Log: "Security", First: at(0), Last: at(23), Events: 12345, Days: 0.9, Of: 1, Tests: []string{"r2"}, Limits: []string{"silent from 2026-03-09 10:00 to 2026-03-09 12:00"}}}},
			{Hypothesis: hypotheses[0], Value: verdict.Seen, Strength: "strong", Seen: []verdict.Proof{proof(0), proof(1)}},
			{Hypothesis: hypotheses[4], Value: verdict.Seen, Strength: "moderate", Seen: []verdict.Proof{proof(2)}},
		},
		Seen: 2, NotSeen: 1, CouldNotSee: 1, NotJudged: 1, Value: verdict.Seen,
		Relevance: verdict.Relevance{Level: "high", Claims: []string{"c3", "c4"}},
	}
	return Input{
		Plan: &plan.Plan{
			Story: &story.Story{Path: "heron.md", Title: "Herons in the ministry's mail", Text: text, Claims: claims}, Packs: []*intel.Pack{pack}, Hypotheses: hypotheses,
			Context: []plan.Context{{Claim: "c1", Why: "who it was is for attribution; what the actor does is answered by the other hypotheses"}, {Claim: "c5", Why: "the story says that it is not so"}},
		},
		Answer: answer, Findings: findings, Logs: []evidence.Visibility{security, iis},
		Figures: Figures{Files: 3, Events: 13245, Rules: 219, Behaviours: 27, Indicators: 3, Hosts: []string{"MAIL01.lakes.example", "MAIL02"}, First: at(0), Last: at(23), LostRecords: 2},
		Skews:   []evidence.Skew{{A: evidence.ClockOf{Host: "MAIL01", Log: "iis"}, B: evidence.ClockOf{Host: "MAIL01.lakes.example", Log: "Security"}, Median: -3.25, Pairs: 9}},
		Damage:  []Damage{{Path: "evidence/MAIL02/System.evtx", What: "offset 4096: chunk magic: want ElfChnk, found nothing"}},
		Notes:   []string{"duplicates are told among the first 8 only"}, Knowledge: attack.Load(),
		Setting: verdict.Setting{Sector: "government", Region: "Africa"}, Case: "cases/lakes one",
		Feedback:  []Feedback{{When: at(1), Useful: true, Reason: "it named the log we lacked"}, {When: at(2)}},
		Generated: at(23), Version: "aldebaran test",
	}
}

// bare is the least that a brief can be made of: nothing was asked for, nothing was there.
func bare() Input {
	return Input{Plan: &plan.Plan{}, Answer: &verdict.Report{Value: verdict.NotJudged, Relevance: verdict.Relevance{Level: "unknown"}}}
}

var forms = []struct {
	name  string
	write func(io.Writer, *Brief) error
}{{"html", HTML}, {"md", Markdown}, {"json", JSON}}

func TestGolden(t *testing.T) {
	inputs := map[string]Input{"case": example(), "bare": bare()}
	for _, name := range []string{"case", "bare"} {
		for _, language := range Languages() {
			in := inputs[name]
			in.Language = language
			b := Make(in)
			for _, f := range forms {
				var out bytes.Buffer
				if err := f.write(&out, b); err != nil {
					t.Fatalf("%s.%s.%s: %v", name, language, f.name, err)
				}
				// The style is in its own file; its hash would change the golden file with each change of it.
				got := strings.Replace(out.String(), pageStyle, "", 1)
				got = regexp.MustCompile(`sha256-[^&]*&#39;`).ReplaceAllString(got, "sha256-...&#39;")
				golden(t, fmt.Sprintf("%s.%s.%s", name, language, f.name), got)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s:%d: got\n%s\nwant\n%s\n(-update rewrites it)", path, i+1, g[i], w[i])
			return
		}
	}
	t.Errorf("%s: got %d lines, want %d (-update rewrites it)", path, len(g), len(w))
}

// sentences gives every sentence of a brief with its place.
func sentences(v reflect.Value, place string, yield func(place string, s Sentence)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			sentences(v.Elem(), place, yield)
		}
	case reflect.Slice:
		for i := range v.Len() {
			sentences(v.Index(i), fmt.Sprintf("%s[%d]", place, i), yield)
		}
	case reflect.Struct:
		if s, ok := reflect.TypeAssert[Sentence](v); ok {
			yield(place, s)
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				sentences(v.Field(i), place+"."+f.Name, yield)
			}
		}
	}
}

// TestEverySentenceHasSources holds what a brief promises: each sentence names what it rests on, and that is there.
func TestEverySentenceHasSources(t *testing.T) {
	for name, in := range map[string]Input{"case": example(), "bare": bare(), "packs alone": withoutStory(example()), "no packs": withoutPacks(example()), "unseen": unseen(example())} {
		for _, language := range Languages() {
			in.Language = language
			b := Make(in)
			there := places(b)
			n := 0
			sentences(reflect.ValueOf(*b), "brief", func(place string, s Sentence) {
				n++
				if s.Text.Plain() == "" || strings.Contains(string(s.Text), "⟦") {
					t.Errorf("%s, %s: %s says %q", name, language, place, s.Text)
				}
				if len(s.From) == 0 {
					t.Errorf("%s, %s: %s has no source: %q", name, language, place, s.Text.Plain())
				}
				for _, r := range s.From {
					if r.ID != "all" && !there[r] {
						t.Errorf("%s, %s: %s rests on %v, which is not in the brief", name, language, place, r)
					}
				}
			})
			if n < 15 {
				t.Errorf("%s, %s: %d sentences: want all parts to be there", name, language, n)
			}
			links(t, b)
		}
	}
}

func withoutStory(in Input) Input {
	in.Plan.Story, in.Plan.Context = nil, nil
	in.Answer.Relevance.Claims = nil
	for i := range in.Answer.Verdicts {
		in.Answer.Verdicts[i].Hypothesis.Claims = nil
	}
	return in
}

func withoutPacks(in Input) Input {
	in.Plan.Packs = nil
	for i := range in.Answer.Verdicts {
		in.Answer.Verdicts[i].Hypothesis.Detections = nil
	}
	return in
}

// unseen is the example without its findings.
func unseen(in Input) Input {
	in.Findings = nil
	in.Answer.Verdicts = in.Answer.Verdicts[:3]
	in.Answer.Seen, in.Answer.Value = 0, verdict.NotSeen
	in.Setting = verdict.Setting{}
	in.Answer.Relevance = verdict.Relevance{Level: "unknown"}
	return in
}

// places are what references can name.
func places(b *Brief) map[Ref]bool {
	there := map[Ref]bool{}
	for _, c := range b.Claims {
		there[Ref{FromClaim, c.ID}] = true
	}
	for _, f := range b.Findings {
		there[Ref{FromFinding, f.ID}] = true
	}
	for _, v := range b.Verdicts {
		there[Ref{FromVerdict, v.ID}] = true
	}
	for _, a := range b.Actions {
		for _, id := range a.Advice {
			there[Ref{FromAdvice, id}] = true
		}
	}
	for _, l := range b.Coverage.Logs {
		there[Ref{FromLog, l.ID}] = true
	}
	for _, p := range b.Packs {
		there[Ref{FromPack, p.Name}] = true
	}
	return there
}

// links checks that every link of the page leads somewhere in it.
func links(t *testing.T, b *Brief) {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, b); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(out.String(), -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(out.String(), -1) {
		if to, inside := strings.CutPrefix(m[1], "#"); !inside || !ids[to] {
			t.Errorf("a link leads to %q, which is not in the page", m[1])
		}
	}
}

func TestAttribution(t *testing.T) {
	f := func(a *Attribution, sentence, page string) {
		t.Helper()
		in := example()
		in.Attribution = a
		b := Make(in)
		if got := b.Who.Sentence.Text.Plain(); !strings.HasPrefix(got, sentence) {
			t.Errorf("%+v: %q, want %q", a, got, sentence)
		}
		if got := b.Matters[2].Text.Plain(); got != page {
			t.Errorf("%+v: the first page says %q, want %q", a, got, page)
		}
	}
	const motive = "The purpose of Lake Heron is taken to be espionage (confidence: high)."
	candidates := []AttributionCandidate{{Name: "Lake Heron", Probability: 0.984, Why: []string{"its page"}, Against: []string{"not its hours"}}, {Name: "Other", Probability: 0.001}}
	f(nil, "Attribution was not asked for.", motive)
	f(&Attribution{Level: "none", Candidates: candidates}, "The evidence is not enough", motive)
	f(&Attribution{Level: "activity cluster", Missing: []string{"half a year"}}, "The evidence is enough to speak of: activity cluster. No known actor fits.", motive)
	f(&Attribution{Level: "activity cluster", Candidates: candidates}, "The evidence is enough to speak of: activity cluster.",
		"Of all known actors it resembles Lake Heron most (98 %); certain is only that these events belong together.")
	var out bytes.Buffer
	in := example()
	in.Attribution = &Attribution{Level: "activity cluster", Candidates: candidates}
	if err := Markdown(&out, Make(in)); err != nil || !strings.Contains(out.String(), "**Other** \\< 1 %") {
		t.Errorf("%v: want a small probability told as small", err)
	}
}

func TestFirstPage(t *testing.T) {
	b := Make(example())
	says := func(part []Sentence) string {
		var all []string
		for _, s := range part {
			all = append(all, s.Text.Plain())
		}
		return strings.Join(all, "\n")
	}
	f := func(part []Sentence, want string) {
		t.Helper()
		if got := says(part); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	f(b.Happening, `The report “Herons in the ministry's mail” is about the group Lake Heron.
Its targets are said to be government in Africa; there it goes for mail servers.
Of 4 things that are described, 2 were seen in our logs, 2 of them clearly; 1 could not be seen with these logs.
It was seen on 2 machines (MAIL01 and MAIL02) on 2026-03-09.
What was seen fits these steps of an intrusion: making sure to stay.`)
	// What was found besides is told in its place: behind what was seen, or right behind a no.
	besides := func(in Input, value verdict.Value, want string) {
		t.Helper()
		in.Answer.Value, in.Answer.Besides, in.Answer.BesidesHosts = value, []int{0}, []string{"SQL01.lakes.example"}
		if got := says(Make(in).Happening); !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant in it\n%s", got, want)
		}
	}
	besides(example(), verdict.Seen, "making sure to stay.\nBesides, there is 1 critical finding on SQL01 that this does not explain; look at them, too.")
	besides(unseen(example()), verdict.NotSeen, "\nWhatever the answer to the question: there is 1 critical finding on SQL01 that it does not explain; look at them first.\n")
	f(b.Matters, `It concerns us closely: organisations of our sector and our region are named as victims.
They are said to want mailboxes.
The purpose of Lake Heron is taken to be espionage (confidence: high).
2 of the things that were clearly seen would do serious harm.
For 1 thing no sufficient log was there: that it was not seen says nothing.`)
	f(b.Next, `Have a specialist check what was seen today, and keep the logs of these machines safe.
Watch and close web roots (server administrators; takes days).
To see what could not be seen, collect or turn on: DNS queries.`)
	f(Make(unseen(example())).Next, `Know the network providers of each host (server administrators; takes hours).
Watch and close web roots (server administrators; takes days).
To see what could not be seen, collect or turn on: DNS queries.
The answer holds until 2026-03-09, when our logs end: ask again with newer ones.`)
}

// TestOrder holds that sightings come first, and that what answers them does.
func TestOrder(t *testing.T) {
	b := Make(example())
	var verdicts, actions []string
	for _, v := range b.Verdicts {
		verdicts = append(verdicts, v.ID)
	}
	for _, a := range b.Actions {
		actions = append(actions, a.Group+" "+strings.Join(a.Answers, ","))
	}
	if want := []string{"h1", "h5", "h2", "h3", "h4"}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts %v, want %v", verdicts, want)
	}
	if want := []string{"seen h1", "blind h3", "more "}; !slices.Equal(actions, want) {
		t.Errorf("actions %q, want %q: advice that nobody verified is left out", actions, want)
	}
	if got := b.TLP; got != "TLP:AMBER" {
		t.Errorf("TLP %s, want that of the most restricted indicator", got)
	}
	if f := b.Findings; f[1].Like != "f1" || len(f[1].Why) > 0 || len(f[0].Why) != 1 {
		t.Errorf("findings %+v: want the rule explained once", f[:2])
	}
	if h := b.Timeline.Hosts; len(h) != 2 || h[0].Host != "MAIL01.lakes.example" || h[0].Levels != [5]int{0, 0, 1, 1, 0} {
		t.Errorf("hosts of the timeline %+v: want MAIL01 once, with the finding that leaves out its domain", h)
	}
	var seen []string
	for _, i := range b.Indicators.List {
		if i.Seen {
			seen = append(seen, i.Defanged)
		}
	}
	if want := []string{"203[.]0[.]113[.]77"}; !slices.Equal(seen, want) {
		t.Errorf("indicators seen %q, want %q", seen, want)
	}
}

// TestBounds makes a brief of far more than anybody reads.
func TestBounds(t *testing.T) {
	in := example()
	long := strings.Repeat("a very long title ", 1000)
	rule := *in.Findings[0].Rule
	rule.Title = long
	for i := range 5000 {
		f := in.Findings[0]
		f.Rule, f.First, f.Last = &rule, at(i), at(i+1)
		f.Hosts = []string{fmt.Sprintf("HOST%d", i%700)}
		in.Findings = append(in.Findings, f)
		in.Damage = append(in.Damage, Damage{long, long})
		in.Notes = append(in.Notes, long)
		in.Logs = append(in.Logs, evidence.Visibility{Host: fmt.Sprintf("HOST%d", i), Channel: "Security", Events: 1})
		in.Plan.Packs[0].Indicators = append(in.Plan.Packs[0].Indicators, intel.Indicator{Type: intel.Domain, Value: fmt.Sprintf("h%d.example", i)})
		in.Answer.Verdicts[1].Missing = append(in.Answer.Verdicts[1].Missing, verdict.Missing{What: fmt.Sprint("log ", i)})
		in.Plan.Story.Claims = append(in.Plan.Story.Claims, story.Claim{ID: fmt.Sprint("c", i+10), Kind: story.Tool, Name: long, Quote: long})
	}
	in.Findings[7].First = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	b := Make(in)
	for _, f := range forms {
		var out bytes.Buffer
		if err := f.write(&out, b); err != nil || out.Len() > 2<<20 {
			t.Errorf("%s: %d bytes, %v: want at most 2 MiB", f.name, out.Len(), err)
		}
	}
	if b.FindingsMore == nil || b.Coverage.LogsOmitted == 0 || b.Coverage.DamageOmitted == 0 || b.ActionsMore == nil || b.Indicators.Omitted == 0 || b.Timeline.HostsOmitted == 0 {
		t.Error("want what was left out to be told")
	}
	if b.Timeline.StraysOmitted != 1 || b.Timeline.First.Year() != 2026 {
		t.Errorf("timeline from %v, %d strays: want the time of 1601 left out", b.Timeline.First, b.Timeline.StraysOmitted)
	}
}

func TestJSONIsKnown(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, Make(example())); err != nil {
		t.Fatal(err)
	}
	if !IsJSON(out.Bytes()[:64]) || IsJSON([]byte(`{"aldebaran": 1}`)) {
		t.Error("want a brief, and nothing else, to be known by its beginning")
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(out.String(), isIsolate) {
		t.Error("want plain text in JSON")
	}
}

func TestMakeIsRepeatable(t *testing.T) {
	write := func() string {
		var out bytes.Buffer
		for _, f := range forms {
			if err := f.write(&out, Make(example())); err != nil {
				t.Fatal(err)
			}
		}
		return out.String()
	}
	first := write()
	for range 5 {
		if write() != first {
			t.Fatal("the same input gave another brief")
		}
	}
}

func TestDefang(t *testing.T) {
	f := func(kind intel.IndicatorType, value, want string) {
		t.Helper()
		got := Defang(kind, value)
		if got != want {
			t.Errorf("Defang(%s, %q) = %q, want %q", kind, value, got, want)
		}
		if back := intel.Refang(got); back != value && kind != intel.SHA256 {
			t.Errorf("Refang(%q) = %q, want %q", got, back, value)
		}
	}
	f(intel.Domain, "evil.example", "evil[.]example")
	f(intel.IP, "203.0.113.7", "203[.]0[.]113[.]7")
	f(intel.URL, "https://evil.example/a.aspx?b=1.2", "hxxps://evil[.]example/a.aspx?b=1.2")
	f(intel.URL, "http://203.0.113.7", "hxxp://203[.]0[.]113[.]7")
	f(intel.Email, "a.b@evil.example", "a[.]b[@]evil[.]example")
	f(intel.SHA256, "abc", "abc")
}

func TestTicks(t *testing.T) {
	f := func(span time.Duration, want ...string) {
		t.Helper()
		var got []string
		for _, k := range ticks(at(2).Add(time.Minute), span) {
			got = append(got, k.label)
		}
		if !slices.Equal(got, want) {
			t.Errorf("ticks over %v: %q, want %q", span, got, want)
		}
	}
	f(time.Minute, "03-09 02:01", "03-09 02:02")
	f(5*time.Hour, "03-09 03:00", "03-09 04:00", "03-09 05:00", "03-09 06:00", "03-09 07:00")
	f(60*time.Hour, "03-09 12:00", "03-10 00:00", "03-10 12:00", "03-11 00:00", "03-11 12:00")
	f(20*24*time.Hour, "2026-03-16", "2026-03-23")
}

func ExampleMake() {
	b := Make(Input{
		Plan:   &plan.Plan{Story: &story.Story{Title: "Herons in the mail"}},
		Answer: &verdict.Report{Value: verdict.CouldNotSee, CouldNotSee: 3},
	})
	fmt.Println(b.Answer.Word.Plain())
	fmt.Println(b.Answer.Sentence.Text.Plain())
	// Output:
	// Cannot be told from these logs
	// Of 3 things that are described, none could have been seen in our logs: they cannot answer the question.
}

func BenchmarkMake(b *testing.B) {
	in := example()
	b.ReportAllocs()
	for b.Loop() {
		if err := HTML(io.Discard, Make(in)); err != nil {
			b.Fatal(err)
		}
	}
}
