package packs_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

// TestCorpusQuiet hunts in logs of ordinary and laboratory machines that nobody broke into with
// the means of these rules. The aim is at most one finding of level high or above, a finding being
// a rule on a host, in 100,000 events; the sets here have some 14,000.
func TestCorpusQuiet(t *testing.T) {
	corpus := corpusFolder(t)
	h := newHunter(t)
	h.folder(filepath.Join(corpus, "evtx", "parser"))
	h.archives(filepath.Join(corpus, "evtx", "host-collection"))
	if h.events < 10_000 {
		t.Errorf("%d events read, want 10,000 at least", h.events)
	}
	for _, f := range h.findings() {
		if f.level == "high" || f.level == "critical" {
			t.Errorf("%s: %s on %s", f.level, f.title, f.host)
		}
	}
}

// TestCorpusAttacks hunts in recorded attacks. Every file whose name says that it shows something
// the pack is for must raise a finding of medium level or above.
func TestCorpusAttacks(t *testing.T) {
	corpus := corpusFolder(t)
	h := newHunter(t)
	h.archives(filepath.Join(corpus, "evtx", "attack-samples"))
	h.archives(filepath.Join(corpus, "evtx", "evtx-to-mitre"))
	// What the names of such recordings say, by cause.
	subject := regexp.MustCompile(`(?i)sql|_iis_|webshell|wmiexec|smbexec|efspotato|roguepotato|juicypotato|comsvcs|lsass.*(mimikatz|dump)|mimikatz.*lsass|stick(e)?y|ifm created|transport agent|exchange.*group|clear event log`)
	// What a name may say without the pack's having a rule for it, and why.
	without := []struct{ name, why string }{
		{"sqlcmd tool abuse", "an interactive sign-in with sqlcmd is everyday work"},
		{"failed login because only Windows auth", "single failures of unknown logins are everyday noise"},
		{"privexchange", "the relayed sign-in leaves nothing in these logs that is odd by itself"},
		{"SSP clear text password", "a text file in System32 is outside of the pack's subject"},
		{"LsassSilentProcessExit", "the events have no values"},
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
		t.Errorf("%d recordings of the pack's subject, want 20 at least", subjects)
	}
}

func corpusFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	return dir
}

// A hunter runs the default rules over logs and notes what they match.
type hunter struct {
	t          *testing.T
	matcher    *sigma.Matcher
	correlator *sigma.Correlator
	reader     *evtx.Reader
	events     int
	files      []string
	hits       []hit
}

type hit struct{ level, title, host, file string }

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
	return &hunter{t: t, matcher: set.NewMatcher(), correlator: correlator, reader: evtx.NewReader(evtx.Options{})}
}

// folder reads all logs below a folder.
func (h *hunter) folder(dir string) {
	h.t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(p) != ".evtx" {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		h.log(p, data)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// archives reads all logs in the .tar.zst files of a folder, in memory.
func (h *hunter) archives(dir string) {
	h.t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.tar.zst"))
	if err != nil || len(names) == 0 {
		h.t.Fatalf("%s: want archives, found %v, %v", dir, names, err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			h.t.Fatal(err)
		}
		z, err := zstd.NewReader(f)
		if err != nil {
			h.t.Fatal(err)
		}
		for r := tar.NewReader(z); ; {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				h.t.Fatalf("%s: %v", name, err)
			}
			if filepath.Ext(header.Name) != ".evtx" {
				continue
			}
			data, err := io.ReadAll(r)
			if err != nil {
				h.t.Fatalf("%s: %s: %v", name, header.Name, err)
			}
			h.log(header.Name, data)
		}
		z.Close()
		f.Close()
	}
}

func (h *hunter) log(name string, data []byte) {
	h.t.Helper()
	f, err := evtx.Open(bytes.NewReader(data), int64(len(data)), name, evtx.Options{})
	if err != nil {
		return // damaged beyond recognition: the reader's own tests look at those
	}
	h.files = append(h.files, name)
	for _, u := range f.Units() {
		_, err := h.reader.Read(f, u, func(e *event.Event) bool {
			h.events++
			for _, r := range h.matcher.Match(e) {
				if h.correlator.Wants(r) {
					if err := h.correlator.Add(h.correlator.Observe(r, e)); err != nil {
						h.t.Fatal(err)
					}
				}
				if !r.Silent {
					h.hits = append(h.hits, hit{r.Level, r.Title, e.Computer, name})
				}
			}
			return true
		})
		if err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
	}
}

// findings are the distinct rules on hosts, correlations included.
func (h *hunter) findings() []hit {
	h.t.Helper()
	var found []hit
	add := func(f hit) {
		f.file = ""
		if !slices.Contains(found, f) {
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
