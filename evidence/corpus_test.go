package evidence_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
)

var update = flag.Bool("update", false, "write the golden files and the tables of docs/formats/README.md anew")

// corpusSets are the folders of real evidence.
var corpusSets = [...]string{"logs", "mordor", "evtx"}

// notEvidence are files of the corpus that say what should come out, or where the others are from.
// Wazuh's .ini files hold raw lines of many logs between words of their own: the readers of those
// logs are held against them.
var notEvidence = [...]string{
	"SOURCE.md", "LICENSE.*", "README.*", "MANIFEST.*", "index.csv", "manifest.csv", "*.manifest.csv", "rules_index.csv", "counts.csv",
	"expected.json", "expected_counts.json", "*.assert", "*.yaml", "*.snap", "*.ini", "binxml.dat",
}

func isEvidence(path string) bool {
	if strings.Contains(path, "/expected/") {
		return false
	}
	return !slices.ContainsFunc(notEvidence[:], func(glob string) bool {
		ok, err := filepath.Match(glob, filepath.Base(path))
		return ok && err == nil
	})
}

// A corpusRow is what one file, or one member of a container, came to.
type corpusRow struct {
	path, format   string // format is "" if it is unknown
	events, noTime int
	damage, lost   int
	unknown        bool // how many were lost
}

func (r corpusRow) String() string {
	lost := fmt.Sprint(r.lost)
	if r.unknown {
		lost += "+?"
	}
	return fmt.Sprintf("%s\t%s\t%d\t%d\t%d\t%s", r.path, cmp.Or(r.format, "-"), r.events, r.noTime, r.damage, lost)
}

// A corpusKind is how a reader labels events, and the channel of Windows events: anyChannel for
// formats that carry event logs of all kinds.
type corpusKind struct{ format, product, category, service, channel string }

const anyChannel = "any channel"

func kindOf(format string, e *event.Event) corpusKind {
	k := corpusKind{format, e.Product, e.Category, e.Service, e.Channel}
	if e.Channel != "" && slices.Contains([]string{"evtx", "json", "csv", "xml"}, format) {
		k.channel = anyChannel
	}
	return k
}

// TestCorpus reads every file of the corpus under a name that says nothing, and compares what each
// was recognised as, its events and its damage with testdata/corpus.golden, and the tables of
// docs/formats/README.md with what comes of it.
func TestCorpus(t *testing.T) {
	rows, kinds := readCorpus(t)
	t.Run("files", func(t *testing.T) {
		var golden strings.Builder
		golden.WriteString("# path\tformat\tevents\twithout a time\tdamaged places\trecords lost\n")
		for _, r := range rows {
			fmt.Fprintln(&golden, r)
		}
		compareGolden(t, "corpus.golden", golden.String())
	})
	t.Run("kinds", func(t *testing.T) {
		var golden strings.Builder
		golden.WriteString("# format\tproduct\tcategory\tservice\tchannel\tevents\n")
		for _, k := range slices.SortedFunc(maps.Keys(kinds), compareKinds) {
			fmt.Fprintf(&golden, "%s\t%d\n", k, kinds[k])
		}
		compareGolden(t, "kinds.golden", golden.String())
	})
	t.Run("figures", func(t *testing.T) { checkFigures(t, rows) })
	t.Run("rules", func(t *testing.T) { checkRules(t, kinds) })
}

func compareKinds(a, b corpusKind) int { return strings.Compare(a.String(), b.String()) }

func (k corpusKind) String() string {
	return strings.Join([]string{k.format, cmp.Or(k.product, "-"), cmp.Or(k.category, "-"), cmp.Or(k.service, "-"), cmp.Or(k.channel, "-")}, "\t")
}

// compareGolden compares line by line, so that a difference names the file that changed.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(golden), "\n")
	for line := range strings.SplitSeq(got, "\n") {
		if i := slices.Index(want, line); i >= 0 {
			want = slices.Delete(want, i, i+1)
			continue
		}
		t.Errorf("%s: + %s", name, line)
	}
	for _, line := range want {
		t.Errorf("%s: - %s", name, line)
	}
}

// readCorpus reads all evidence of the corpus, sorted by path.
func readCorpus(t *testing.T) ([]corpusRow, map[corpusKind]int) {
	t.Helper()
	root := corpustest.Path(t, "")
	nameless := t.TempDir()
	var paths []string
	for _, set := range corpusSets {
		err := filepath.WalkDir(filepath.Join(root, set), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && isEvidence(path) {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var (
		rows   []corpusRow
		kinds  = map[corpusKind]int{}
		reader = evidence.NewReader(evidence.Options{})
		opener = evidence.NewOpener(evidence.Options{})
	)
	for i, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = unwrapped(t, data)
		name := filepath.Join(nameless, fmt.Sprintf("f%04d", i))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		// The year of dates without one must not depend on when the test runs.
		written := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(name, written, written); err != nil {
			t.Fatal(err)
		}
		shown, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		opener.Each(context.Background(), evidence.File{Path: name, Size: int64(len(data))}, func(f evidence.Found) bool {
			r := corpusRow{path: filepath.ToSlash(shown) + strings.TrimPrefix(f.File.Path, name)}
			if strings.HasSuffix(r.path, "!"+filepath.Base(name)) { // a packed file has the name of what is packed
				r.path = filepath.ToSlash(shown) + "!"
			}
			if f.Err != nil {
				if !errors.Is(f.Err, evidence.ErrUnknown) && !errors.Is(f.Err, evidence.ErrEmpty) {
					t.Errorf("%s: %v", r.path, f.Err)
				}
				rows = append(rows, r)
				return true
			}
			r.read(t, reader, f.Source, kinds)
			rows = append(rows, r)
			return true
		})
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(rows, func(a, b corpusRow) int { return strings.Compare(a.path, b.path) })
	return rows, kinds
}

// unwrapped takes the records out of Panther's tests, one on a line; anything else stays as it is.
func unwrapped(t *testing.T, data []byte) []byte {
	t.Helper()
	var test struct {
		Rule  string
		Tests []struct{ Log json.RawMessage }
	}
	if !bytes.HasPrefix(data, []byte("{")) || json.Unmarshal(data, &test) != nil || test.Rule == "" || len(test.Tests) == 0 {
		return data
	}
	var out bytes.Buffer
	for _, c := range test.Tests {
		if err := json.Compact(&out, c.Log); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func (r *corpusRow) read(t *testing.T, reader *evidence.Reader, s *evidence.Source, kinds map[corpusKind]int) {
	t.Helper()
	defer s.Close()
	r.format = s.Format
	r.note(s.Damage())
	for _, u := range s.Units() {
		report, err := reader.Read(s, u, func(e *event.Event) bool {
			r.events++
			if e.Time.IsZero() {
				r.noTime++
			}
			kinds[kindOf(s.Format, e)]++
			return true
		})
		if err != nil {
			t.Errorf("%s: %v", r.path, err)
		}
		r.note(report.Damage)
	}
}

func (r *corpusRow) note(damage []event.Damage) {
	for _, d := range damage {
		r.damage++
		r.lost += max(d.Lost, 0)
		r.unknown = r.unknown || d.Lost < 0
	}
}
