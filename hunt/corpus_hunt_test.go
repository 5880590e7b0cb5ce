package hunt_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/hunt"
)

// TestCorpus hunts in real logs of attacks with all of SigmaHQ's rules, with one worker and with
// several: no record is lost, and every output is the same.
func TestCorpus(t *testing.T) {
	for _, set := range []struct{ archive, manifest string }{
		{"evtx/attack-samples/evtx-attack-samples.tar.zst", "evtx/attack-samples/manifest.csv"},
		{"evtx/evtx-to-mitre/evtx-to-mitre.tar.zst", "evtx/evtx-to-mitre/manifest.csv"},
	} {
		t.Run(filepath.Base(set.archive), func(t *testing.T) {
			opt := hunt.Options{
				Evidence: []string{unpack(t, set.archive)},
				Rules:    []string{corpustest.Path(t, "sigma/rules/rules")}, Samples: 2, Workers: 1,
			}
			opt.Load.CacheDir = t.TempDir()
			var want [4]bytes.Buffer
			r, err := hunt.Run(t.Context(), opt, hunt.NewJSONL(&want[0]), hunt.NewJSON(&want[1]), hunt.NewCSV(&want[2]), hunt.NewTable(&want[3], hunt.TableOptions{}))
			if err != nil {
				t.Fatal(err)
			}
			s := r.Summary
			if records := recordsOf(t, set.manifest); s.Events+s.DuplicateEvents != records {
				t.Errorf("%d events and %d duplicates, want %d records", s.Events, s.DuplicateEvents, records)
			}
			if s.Matches == 0 || s.Matches+s.Correlations != bytes.Count(want[0].Bytes(), []byte("\n")) {
				t.Errorf("%d matches, %d correlations, %d lines", s.Matches, s.Correlations, bytes.Count(want[0].Bytes(), []byte("\n")))
			}
			whole(t, want[0].String())
			if !json.Valid(want[1].Bytes()) {
				t.Error("the document is no JSON")
			}

			opt.Workers = 4
			var got [4]bytes.Buffer
			if _, err := hunt.Run(t.Context(), opt, hunt.NewJSONL(&got[0]), hunt.NewJSON(&got[1]), hunt.NewCSV(&got[2]), hunt.NewTable(&got[3], hunt.TableOptions{})); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if !bytes.Equal(want[i].Bytes(), got[i].Bytes()) {
					t.Errorf("output %d differs with 4 workers", i)
				}
			}
		})
	}
}

// whole checks every line: JSON, with the fields that are promised, whose source has the record.
func whole(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var m struct {
			Type, Time, Level, Host, Channel string
			Rule                             struct{ ID, Title, File string }
			Attack                           []string
			EventID                          *int    `json:"event_id"`
			RecordID                         *uint64 `json:"record_id"`
			Source                           struct {
				Path   string
				Offset int64
			}
			Fields      map[string]any
			Correlation map[string]any
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if m.Time == "" || m.Level == "" || m.Rule.Title == "" || m.Rule.File == "" || m.Attack == nil {
			t.Fatalf("a line lacks a field: %s", line)
		}
		if m.Type == "correlation" {
			if m.Correlation == nil {
				t.Fatalf("a line lacks its correlation: %s", line)
			}
			continue
		}
		if m.EventID == nil || m.RecordID == nil || m.Fields == nil || m.Host == "" || m.Channel == "" {
			t.Fatalf("a line lacks a field: %s", line)
		}
		f, err := os.Open(m.Source.Path)
		if err != nil {
			t.Fatal(err)
		}
		var head [16]byte
		_, err = f.ReadAt(head[:], m.Source.Offset)
		if err != nil || !bytes.HasPrefix(head[:], []byte{0x2a, 0x2a, 0, 0}) {
			t.Fatalf("%s at %#x: no record stands there (%x, %v)", m.Source.Path, m.Source.Offset, head, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func recordsOf(t *testing.T, manifest string) int {
	t.Helper()
	f, err := os.Open(corpustest.Path(t, manifest))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := -1
	for i, name := range rows[0] {
		if name == "records_walked" {
			column = i
		}
	}
	n := 0
	for _, row := range rows[1:] {
		k, err := strconv.Atoi(row[column])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	return n
}

// TestCorpusTwice hands the same real logs in twice: matches and findings are those of once.
func TestCorpusTwice(t *testing.T) {
	dir := unpack(t, "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst")
	again := unpack(t, "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst")
	opt := hunt.Options{Evidence: []string{dir}, Rules: []string{corpustest.Path(t, "sigma/rules/rules")}}
	opt.Load.CacheDir = t.TempDir()
	want, once := outcome(t, opt)
	opt.Evidence = []string{dir, again}
	got, twice := outcome(t, opt)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-once +twice):\n%s", diff)
	}
	a, b := once.Summary, twice.Summary
	if a.Events != b.Events || a.Matches != b.Matches || a.FindingsByLevel != b.FindingsByLevel || b.DuplicateEvents != a.Events+2*a.DuplicateEvents {
		t.Errorf("once: %d events, %d copies, %d matches; twice: %d, %d, %d",
			a.Events, a.DuplicateEvents, a.Matches, b.Events, b.DuplicateEvents, b.Matches)
	}
}
