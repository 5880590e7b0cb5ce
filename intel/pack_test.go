package intel

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// smallPack is a pack with one of each; its actor is invented.
const smallPack = `name: paper-crane
title: Paper Crane, an invented actor
version: 0.1.0
date: 2026-01
licence: Apache-2.0
description: Made for tests.
sources:
  - {id: R1, name: A report, publisher: Somebody, date: 2025-11-03, reliability: B, url: "https://example.com/report"}
  - {id: R2, name: A report that nobody read, date: 2024, reliability: A, unread: true}
  - {id: OWN, name: Ourselves, reliability: F}
actor:
  id: paper-crane
  name: Paper Crane
  sources: [R1]
  grade: B2
  aliases:
    - {name: TGR-0001, by: Somebody, kind: temporary-group, confidence: high, sources: [R1], grade: B2}
  not_aliases:
    - {name: Paper Tiger, why: another one, sources: [OWN], generic: true}
  country: {value: "NO", confidence: low, sources: [R2], grade: A6, unverified: true}
  sectors:
    - {value: government, confidence: high, sources: [R1], grade: B1, date: 2025-10}
malware:
  - name: CRANE
    kind: backdoor
    description: Calls home.
    techniques: [T1071.004]
    sources: [R1]
    grade: B2
    artefacts:
      - {kind: filename, value: crane.dll}
      - {kind: mutex, value: crane, sources: [R2], grade: A6, unverified: true}
techniques:
  - {id: T1562.001, new_id: T1685, confidence: high, observed: Off., shows: Sysmon 13, sources: [R1], grade: B2}
timeline:
  - {when: 2024, text: Began., sources: [R1], grade: B2}
  - {when: 2024-05, text: Went on., sources: [R1], grade: B2}
detections:
  - id: E01
    title: A page appears
    logic: A page is written.
    severity: high
    techniques: [T1505.003]
    rules: [651cf562-18a5-462e-9f13-0cda85535f65]
    behaviours: [web-rare-page]
    needs:
      - {log: Sysmon, product: windows, category: file_event, events: [11], fields: [TargetFilename]}
    false_positives: Deployments.
    sources: [OWN]
    generic: true
`

const smallAdvice = `advice:
  - id: M1
    title: Patch
    text: Soon.
    owner: administrators
    effort: days
    order: 1
    mitigations: [M1051]
    d3fend: [D3-SU]
    techniques: [T1190]
    answers: [E01]
    sources: [OWN]
    generic: true
`

const smallIndicators = `type,value,malware,actor,note,source,grade,tlp,first,last,expires,verified
domain,crane.example.net,CRANE,Paper Crane,,R1,B2,clear,,2025-11-03,,true
filename,crane.dll,CRANE,Paper Crane,recalled,R2,A6,clear,,,,false
`

func smallFiles() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"paper-crane/pack.yml":         file(smallPack),
		"paper-crane/advice.yml":       file(smallAdvice),
		"paper-crane/indicators.csv":   file(smallIndicators),
		"paper-crane/behaviours.yml":   file("words: []\n"),
		"paper-crane/README.md":        file("# Paper Crane\n"),
		"paper-crane/sigma/page.yml":   file("title: Page\n"),
		"paper-crane/sigma/README.md":  file("# Rules\n"),
		"paper-crane/tests/page.yml":   file("match: []\n"),
		"paper-crane/yara/crane.yar":   file("rule crane { condition: false }\n"),
		"paper-crane/sigma/b/more.yml": file("title: More\n"),
	}
}

func TestReadPack(t *testing.T) {
	p, problems, err := ReadPack(smallFiles(), "paper-crane")
	if err != nil || len(problems) > 0 {
		t.Fatalf("ReadPack = %v, %v, want neither problems nor an error", problems, err)
	}
	if got, want := p.Actor.Aliases[0], (Name{
		Name: "TGR-0001", By: "Somebody", Kind: "temporary-group", Confidence: "high",
		Fact: Fact{Sources: []string{"R1"}, Grade: Grade{'B', '2'}, Date: "2025-11-03", Line: 17},
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("alias (-want +got):\n%s", cmp.Diff(want, got))
	}
	if got := p.Actor.Country.Value; got != "NO" {
		t.Errorf("country = %q, want the text NO", got)
	}
	first, second := p.Malware[0].Artefacts[0].Fact, p.Malware[0].Artefacts[1].Fact
	if got, want := first, (Fact{Sources: []string{"R1"}, Grade: Grade{'B', '2'}, Date: "2025-11-03", Line: 31}); !reflect.DeepEqual(got, want) {
		t.Errorf("an artefact without sources has %+v, want that of its software: %+v", got, want)
	}
	if !second.Unverified || second.Date != "2024" {
		t.Errorf("an artefact with sources has %+v, want its own", second)
	}
	if d := p.Detections[0]; !d.Enabled() || d.Needs[0].Events[0] != 11 || d.Line != 39 {
		t.Errorf("detection = %+v", d)
	}
	if a := p.Advice[0]; a.Order != 1 || !slices.Equal(a.Answers, []string{"E01"}) {
		t.Errorf("advice = %+v", a)
	}
	for _, f := range []struct {
		what      string
		got, want []string
	}{
		{"sigma", p.Sigma, []string{"sigma/b/more.yml", "sigma/page.yml"}},
		{"yara", p.YARA, []string{"yara/crane.yar"}},
		{"tests", p.Tests, []string{"tests/page.yml"}},
	} {
		if !slices.Equal(f.got, f.want) {
			t.Errorf("%s = %q, want %q", f.what, f.got, f.want)
		}
	}
	if string(p.Behaviours) != "words: []\n" {
		t.Errorf("behaviours = %q", p.Behaviours)
	}
	if len(p.Indicators) != 2 || p.Indicators[0].Pack != "paper-crane" || p.Indicators[0].Unverified || !p.Indicators[1].Unverified {
		t.Errorf("indicators = %+v", p.Indicators)
	}
}

func TestReadPackRoot(t *testing.T) {
	sub, err := fs.Sub(smallFiles(), "paper-crane")
	if err != nil {
		t.Fatal(err)
	}
	p, problems, err := ReadPack(sub, ".")
	if err != nil || len(problems) > 0 || p.Name != "paper-crane" || len(p.Sigma) != 2 {
		t.Errorf("ReadPack(.) = %+v, %v, %v", p, problems, err)
	}
}

// TestReadPackProblems changes one thing in the small pack and wants a problem with its line.
func TestReadPackProblems(t *testing.T) {
	f := func(file, old, new, want string) {
		t.Helper()
		files := smallFiles()
		name := "paper-crane/" + file
		text := string(files[name].Data)
		if strings.Count(text, old) != 1 {
			t.Fatalf("%s: want %q once", file, old)
		}
		files[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
		_, problems, err := ReadPack(files, "paper-crane")
		if err != nil {
			t.Errorf("%q: %v", new, err)
			return
		}
		// Others may follow from it.
		if len(problems) == 0 || problems[0].String() != "paper-crane/"+want {
			t.Errorf("%q:\ngot  %q\nwant %q", new, problems, "paper-crane/"+want)
		}
	}
	f(PackFile, "title: Paper", "titel: x\ntitle: Paper", `pack.yml:2: the document: key "titel" is not known`)
	f(PackFile, "licence: Apache-2.0", "licence: Apache-2.0\nlicence: MIT", `pack.yml:6: the document: want each key once, found "licence" again (first on line 5)`)
	f(PackFile, "date: 2026-01\n", "date: soon\n", `pack.yml:4: date: want a day, month or year as in 2023-06-14, 2023-06 or 2023, found "soon"`)
	f(PackFile, "name: paper-crane\ntitle", "name: Paper\ntitle", `pack.yml:1: name: want that of the folder, "paper-crane", found "Paper"`)
	f(PackFile, "version: 0.1.0", "version: [1]", `pack.yml:3: version: want a text, found a list`)
	f(PackFile, "kind: temporary-group", "kind: gang", `pack.yml:17: kind: want one of alias, campaign, cluster, former, temporary-group, found "gang"`)
	f(PackFile, "{id: OWN, name: Ourselves", "{id: R1, name: Ourselves", `pack.yml:10: id of a source: want each once, found "R1" again`)
	f(PackFile, "unread: true}", "unread: yes}", `pack.yml:9: unread: want true or false, found "yes"`)
	f(PackFile, "{name: Paper Tiger", "{name: tgr-0001", `pack.yml:19: not_aliases: "tgr-0001" is among the aliases too`)
	f(PackFile, "grade: A6, unverified: true}\n  sectors", "grade: A6}\n  sectors", `pack.yml:20: country "NO": want unverified: true, as nobody read its sources, found none`)
	f(PackFile, "sources: [R1], grade: B1, date: 2025-10", "sources: [], grade: B1", `pack.yml:22: sectors "government": want a source, found none`)
	f(PackFile, "sources: [R1], grade: B1, date: 2025-10", "sources: [R9, R1], grade: B1", `pack.yml:22: sectors "government": source "R9" is not in the list of sources`)
	f(PackFile, "sources: [R1], grade: B1, date: 2025-10", "sources: [R1]", `pack.yml:22: sectors "government": want a grade, or generic: true, found neither`)
	f(PackFile, "grade: B1", "grade: B7", `pack.yml:22: grade: want A1 to F6, found "B7"`)
	f(PackFile, "techniques: [T1071.004]", "techniques: [T10]", `pack.yml:24: technique: want one like T1059.001, found "T10"`)
	f(PackFile, "{when: 2024, text", "{when: 2025, text", `pack.yml:37: timeline: want dates in order, found 2024-05 after 2025`)
	f(PackFile, "severity: high", "severity: loud", `pack.yml:39: severity: want one of informational, low, medium, high, critical, found "loud"`)
	f(PackFile, "    rules: [651cf562-18a5-462e-9f13-0cda85535f65]\n    behaviours: [web-rare-page]\n", "", `pack.yml:39: E01: want rules, behaviours or indicators that state it, or lacks: why not, found none`)
	f(PackFile, "events: [11]", "events: [eleven]", `pack.yml:47: events: want a whole number, found "eleven"`)
	f(PackFile, "behaviours: [web-rare-page]", "behaviours: &all [web-rare-page]", `pack.yml:45: behaviours: want plain values, found an anchor or alias`)
	f(AdviceFile, "answers: [E01]", "answers: [E99]", `advice.yml:2: answers: no detection "E99" in this pack`)
	f(AdviceFile, "order: 1", "order: 0", `advice.yml:2: order: want a number from 1 on that no other advice has, found 0`)
	f(AdviceFile, "mitigations: [M1051]", "mitigations: [M51]", `advice.yml:2: mitigation: want one like M1051, found "M51"`)
	f(IndicatorsFile, ",R1,B2", ",R9,B2", `indicators.csv:2: domain "crane.example.net": source "R9" is not in the list of sources`)
	f(IndicatorsFile, "A6,clear,,,,false", "A6,clear,,,,true", `indicators.csv:3: filename "crane.dll": want unverified: true, as nobody read its sources, found none`)
}

func TestReadPackOddFiles(t *testing.T) {
	files := smallFiles()
	files["paper-crane/sigma/run.exe"] = &fstest.MapFile{}
	_, problems, err := ReadPack(files, "paper-crane")
	if err != nil || len(problems) != 1 || problems[0].String() != "paper-crane/sigma/run.exe: want a file that ends in .yml or .yaml, found another" {
		t.Errorf("ReadPack = %q, %v", problems, err)
	}
}

func TestReadPackErrors(t *testing.T) {
	if _, _, err := ReadPack(fstest.MapFS{}, "nobody"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want fs.ErrNotExist", err)
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"a comment":     "# nothing\n",
		"a list":        "- a\n",
		"broken":        "a: [b\n",
		"two documents": smallPack + "---\na: b\n",
		"too long":      "title: " + strings.Repeat("x", maxPackFile),
		"long text":     "title: " + strings.Repeat("x", maxPackText+1),
		"deep":          "title: " + strings.Repeat("[", 20_000),
	} {
		_, problems, err := ReadPack(fstest.MapFS{"x/pack.yml": {Data: []byte(text)}}, "x")
		if err != nil || len(problems) == 0 {
			t.Errorf("%s: ReadPack = %v, %v, want problems", name, problems, err)
		}
	}
}

// TestManyProblems holds what is told of one file against its maximum.
func TestManyProblems(t *testing.T) {
	problems := decodeYAML("x", []byte("sources:\n"+strings.Repeat("  - {id: [], name: []}\n", maxProblems)), new(Pack))
	if got, want := len(problems), maxProblems+1; got != want {
		t.Errorf("%d problems are told, want %d", got, want)
	}
	if got, want := problems[maxProblems].Reason, "1000 more problems are not listed"; got != want {
		t.Errorf("the last one = %q, want %q", got, want)
	}
}

// TestFacts finds every embedded fact of the types of a pack, by filling one of each.
func TestFacts(t *testing.T) {
	p, _, err := ReadPack(smallFiles(), "paper-crane")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for what := range p.Facts() {
		got = append(got, what)
	}
	want := []string{
		`actor "paper-crane"`, `aliases "TGR-0001"`, `not_aliases "Paper Tiger"`, `country "NO"`, `sectors "government"`,
		`malware "CRANE"`, `artefacts "filename"`, `artefacts "mutex"`, `techniques "T1562.001"`, `timeline "2024"`, `timeline "2024-05"`,
		`detections "E01"`, `advice "M1"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("facts (-want +got):\n%s", cmp.Diff(want, got))
	}
	n := 0
	for range p.Facts() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("a broken loop went on to %d", n)
	}
}

func TestDate(t *testing.T) {
	f := func(text, from, to string, ok bool) {
		t.Helper()
		d, err := ParseDate(text)
		if (err == nil) != ok {
			t.Errorf("ParseDate(%q) = %q, %v", text, d, err)
		}
		first, last, known := d.Span()
		if known != (ok && text != "") {
			t.Errorf("%q: known = %v", text, known)
		}
		if known && (first.Format("2006-01-02") != from || last.Format("2006-01-02") != to) {
			t.Errorf("%q spans %s to %s, want %s to %s", text, first, last, from, to)
		}
	}
	f("", "", "", true)
	f("2023", "2023-01-01", "2024-01-01", true)
	f("2023-12", "2023-12-01", "2024-01-01", true)
	f("2024-02-29", "2024-02-29", "2024-03-01", true)
	f("2023-02-29", "", "", false)
	f("2023-13", "", "", false)
	f("23", "", "", false)
	f("2023-1-1", "", "", false)
	f("2023-01-01T00:00:00Z", "", "", false)
}

// FuzzReadPack holds any pack.yml, advice.yml and indicators.csv against what users of a pack rely
// on: it can be walked, problems have places inside of their files, and it is read the same twice.
func FuzzReadPack(f *testing.F) {
	f.Add([]byte(smallPack), []byte(smallAdvice), []byte(smallIndicators))
	f.Add([]byte("name: x\nactor: {id: a, aliases: [{name: &a b}, *a]}\n"), []byte("advice: [{}]\n"), []byte("type,value\n"))
	f.Add([]byte("{{{"), []byte("- - -\n"), []byte(","))
	f.Fuzz(func(t *testing.T, pack, advice, indicators []byte) {
		files := fstest.MapFS{
			"p/pack.yml":       {Data: pack},
			"p/advice.yml":     {Data: advice},
			"p/indicators.csv": {Data: indicators},
		}
		p, problems, err := ReadPack(files, "p")
		if err != nil {
			return // the text itself cannot be read as a table
		}
		known := map[string]bool{}
		for _, s := range p.Sources {
			known[s.ID] = true
		}
		clean := len(problems) == 0
		for what, fact := range p.Facts() {
			if clean && (len(fact.Sources) == 0 || !known[fact.Sources[0]]) {
				t.Errorf("%s has the sources %q, which nobody complained of", what, fact.Sources)
			}
		}
		for _, x := range problems {
			text, ok := files[x.File]
			if !ok || x.Line < 0 || x.Line > countLines(text.Data) {
				t.Errorf("%s: want a place in a file of the pack", x)
			}
		}
		again, same, err := ReadPack(files, "p")
		if err != nil || !reflect.DeepEqual(p, again) || !slices.Equal(problems, same) {
			t.Errorf("read twice: %v, %v", err, cmp.Diff(problems, same))
		}
	})
}

// countLines counts lines as the most generous of the readers does: YAML 1.1 has five line ends. A
// syntax error may be a line behind the end.
func countLines(text []byte) int {
	n := 2
	for _, r := range string(text) {
		if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
			n++
		}
	}
	return n
}
