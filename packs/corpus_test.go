package packs_test

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/sigma"
)

// TestCorpusQuiet hunts in logs of ordinary and laboratory machines that nobody broke into with
// the means of these rules. The aim is at most one finding of level high or above, a finding being
// a rule on a host, in 100,000 events; there is none in the 370,000 events here.
func TestCorpusQuiet(t *testing.T) {
	h := newHunter(t)
	for _, set := range []string{
		"evtx/parser", "evtx/host-collection", "logs/lnav", "logs/mysql", "logs/netlogon", "logs/plaso", "logs/postgresql", "logs/zeek",
		// Guessed passwords, scans and spam, about which the packs have nothing of that level.
		"logs/crowdsec/auth", "logs/crowdsec/db", "logs/crowdsec/mail", "logs/crowdsec/other",
	} {
		h.hunt(corpustest.Path(t, set))
	}
	if h.events < 300_000 {
		t.Errorf("%d events read, want 300,000 at least", h.events)
	}
	for _, f := range h.findings() {
		if f.isHigh() {
			t.Errorf("%s: %s on %s", f.level, f.title, f.host)
		}
	}
}

// TestCorpusQuietCases hunts in single lines that Wazuh calls ordinary (level 3 and less) or odd
// but harmless (4 to 6).
func TestCorpusQuietCases(t *testing.T) {
	h := newHunter(t)
	for _, log := range wazuhCases(t, func(level int) bool { return level < 7 }) {
		h.hunt(log)
	}
	if h.events < 200 {
		t.Errorf("%d events read, want 200 at least", h.events)
	}
	for _, f := range h.findings() {
		if f.isHigh() {
			t.Errorf("%s: %s on %s", f.level, f.title, f.host)
		}
	}
}

// TestCorpusAttacks hunts in recorded attacks. Every file whose name says that it shows something
// the packs are for must raise a finding of medium level or above.
func TestCorpusAttacks(t *testing.T) {
	h := newHunter(t)
	h.hunt(corpustest.Path(t, "evtx/attack-samples"))
	h.hunt(corpustest.Path(t, "evtx/evtx-to-mitre"))
	// What the names of such recordings say, by cause.
	subject := regexp.MustCompile(`(?i)sql|_iis_|webshell|wmiexec|smbexec|efspotato|roguepotato|juicypotato|comsvcs|lsass.*(mimikatz|dump)|mimikatz.*lsass|stick(e)?y|ifm created|transport agent|exchange.*group|clear event log|sideloading|remote_filecopy`)
	// What a name may say without the packs' having a rule for it, and why.
	without := []struct{ name, why string }{
		{"sqlcmd tool abuse", "an interactive sign-in with sqlcmd is everyday work"},
		{"failed login because only Windows auth", "single failures of unknown logins are everyday noise"},
		{"privexchange", "the relayed sign-in leaves nothing in these logs that is odd by itself"},
		{"SSP clear text password", "a text file in System32 is outside of the packs' subject"},
		{"LsassSilentProcessExit", "the events have no values"},
		{"Runas_4624_4648_Webshell", "the sign-ins of a service account with another one's password: a page calls that by design, too"},
	}
	matched := map[string]bool{}
	for _, f := range h.hits {
		if f.level != "low" && f.level != "informational" {
			matched[f.file] = true
		}
	}
	subjects := 0
	for _, file := range h.files {
		if !subject.MatchString(filepath.Base(file)) {
			continue
		}
		subjects++
		excused := false
		for _, w := range without {
			excused = excused || strings.Contains(file, w.name)
		}
		if !matched[file] && !excused {
			t.Errorf("%s: raises nothing", file)
		}
	}
	if subjects < 20 {
		t.Errorf("%d recordings of the packs' subject, want 20 at least", subjects)
	}
}

// TestCorpusLogAttacks hunts in logs of other forms that show an attack: what must be found there,
// and that nothing else of level high or above is.
func TestCorpusLogAttacks(t *testing.T) {
	for _, c := range []struct {
		set  string // "wazuh:NAME" is the alarming cases of a file of Wazuh
		want []string
	}{
		// Scans, a guessed manager, applications laid on the server and POSTs to /error/cmd.jsp.
		{"logs/web/webshell-jsp", []string{"Application Laid On Tomcat Through Its Manager", "Page Named Like A Known Web Shell Answered"}},
		// CVE-2020-5902: a page of the appliance runs commands.
		{"logs/crowdsec/web", []string{"System Command In A Request That Was Answered"}},
		// CVE-2021-26855: one line of an HttpProxy log.
		{"wazuh:exchange", []string{"Exchange Forwarded A Request By A Cookie", "POST To A Static File Of Exchange"}},
		{"mordor/atomic", []string{"LSASS Memory Read By A Shell Or Script", "LSASS Read By Unusual Code", "Memory Of LSASS Dumped With A Command"}},
		{"mordor/compound", nil},
	} {
		t.Run(c.set, func(t *testing.T) {
			h := newHunter(t)
			if name, ok := strings.CutPrefix(c.set, "wazuh:"); ok {
				for _, log := range wazuhCases(t, func(level int) bool { return level >= 7 }) {
					if filepath.Base(log) == name+".log" {
						h.hunt(log)
					}
				}
			} else {
				h.hunt(corpustest.Path(t, c.set))
			}
			if h.events == 0 {
				t.Fatal("no events")
			}
			var got []string
			for _, f := range h.findings() {
				if f.isHigh() || slices.Contains(c.want, f.title) {
					got = append(got, f.title)
				}
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// wazuhCases writes the log lines of Wazuh's test cases whose alert has such a level to files, one
// for each file of cases, and gives their paths.
//
//	[name of the case]
//	log 1 pass = the line
//	alert = 12
func wazuhCases(t *testing.T, keep func(level int) bool) []string {
	t.Helper()
	names := corpustest.Glob(t, "logs/wazuh/tests/*.ini")
	line := regexp.MustCompile(`^log \d+ pass = (.*)$`)
	dir := t.TempDir()
	var logs []string
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		var cases []string
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if m := line.FindStringSubmatch(s.Text()); m != nil {
				cases = append(cases, m[1])
			}
			level, ok := strings.CutPrefix(s.Text(), "alert = ")
			if !ok {
				continue
			}
			if n, err := strconv.Atoi(strings.TrimSpace(level)); err == nil && keep(n) && len(cases) > 0 {
				kept.WriteString(strings.Join(cases, "\n") + "\n")
			}
			cases = nil
		}
		f.Close()
		if s.Err() != nil {
			t.Fatalf("%s: %v", name, s.Err())
		}
		log := filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), ".ini")+".log")
		if kept.Len() == 0 {
			continue
		}
		if err := os.WriteFile(log, []byte(kept.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, log)
	}
	return logs
}

// A hunter runs the rules over evidence and notes what they match.
type hunter struct {
	t          *testing.T
	matcher    *sigma.Matcher
	correlator *sigma.Correlator
	reader     *evidence.Reader
	events     int
	files      []string
	hits       []hit
}

type hit struct{ level, title, host, file string }

func (h hit) isHigh() bool { return h.level == "high" || h.level == "critical" }

func newHunter(t *testing.T) *hunter {
	t.Helper()
	c := load(t)
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	correlator, err := sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { correlator.Close() })
	return &hunter{t: t, matcher: set.NewMatcher(), correlator: correlator, reader: evidence.NewReader(evidence.Options{})}
}

// hunt reads a file or all that is in a folder, archives included.
func (h *hunter) hunt(path string) {
	h.t.Helper()
	listing, err := evidence.Walk([]string{path})
	if err != nil {
		h.t.Fatal(err)
	}
	opener := evidence.NewOpener(evidence.Options{TempDir: h.t.TempDir()})
	for _, f := range listing.Files {
		opener.Each(context.Background(), f, func(found evidence.Found) bool {
			if found.Source == nil {
				return true // no log, or damaged beyond recognition: the readers' own tests look at those
			}
			defer found.Source.Close()
			h.source(found.Source)
			return true
		})
	}
}

func (h *hunter) source(s *evidence.Source) {
	h.t.Helper()
	for _, u := range s.Units() {
		_, err := h.reader.Read(s, u, func(e *event.Event) bool {
			h.events++
			if n := len(h.files); n == 0 || h.files[n-1] != e.Source.Path {
				h.files = append(h.files, e.Source.Path)
			}
			h.match(e)
			return true
		})
		if err != nil {
			h.t.Fatalf("%s: %v", s.Path, err)
		}
	}
}

func (h *hunter) match(e *event.Event) {
	h.t.Helper()
	for _, r := range h.matcher.Match(e) {
		if h.correlator.Wants(r) {
			if err := h.correlator.Add(h.correlator.Observe(r, e)); err != nil {
				h.t.Fatal(err)
			}
		}
		if !r.Silent {
			h.hits = append(h.hits, hit{r.Level, r.Title, e.Computer, e.Source.Path})
		}
	}
}

// findings are the distinct rules on hosts, correlations included.
func (h *hunter) findings() []hit {
	h.t.Helper()
	var found []hit
	seen := map[hit]bool{}
	add := func(f hit) {
		f.file = ""
		if !seen[f] {
			seen[f] = true
			found = append(found, f)
		}
	}
	for _, f := range h.hits {
		add(f)
	}
	err := h.correlator.Finish(func(m sigma.CorrelationMatch) error {
		add(hit{m.Correlation.Level, m.Correlation.Title, strings.Join(m.Hosts, " "), ""})
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}
