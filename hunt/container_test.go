package hunt_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/hunt"
)

// TestCorpusPacked hunts in archives as they are, and in zips of them: the findings are those of
// the files unpacked.
func TestCorpusPacked(t *testing.T) {
	for _, set := range []string{
		"evtx/attack-samples/evtx-attack-samples.tar.zst", "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst",
		"evtx/host-collection/hh_decompile_t1218.001_capattack.tar.zst",
	} {
		t.Run(filepath.Base(set), func(t *testing.T) {
			packed := corpustest.Path(t, set)
			data, err := os.ReadFile(packed)
			if err != nil {
				t.Fatal(err)
			}
			nested := filepath.Join(t.TempDir(), "collection.zip")
			if err := os.WriteFile(nested, zipped(t, "inner.zip", zipped(t, "set.tar.zst", data)), 0o666); err != nil {
				t.Fatal(err)
			}
			opt := hunt.Options{Rules: []string{corpustest.Path(t, "sigma/rules/rules")}, Samples: 3, Hash: true}
			opt.Load.CacheDir = t.TempDir()
			run := func(path string) *hunt.Result {
				o := opt
				o.Evidence = []string{path}
				r, err := hunt.Run(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			want := run(unpackThose(t, set, ""))
			for _, path := range []string{packed, nested} {
				got := run(path)
				if diff := cmp.Diff(findingLines(want), findingLines(got)); diff != "" {
					t.Errorf("%s (-unpacked +packed):\n%s", path, diff)
				}
				a, b := want.Summary, got.Summary
				if a.Events != b.Events || a.Matches != b.Matches || a.DuplicateEvents != b.DuplicateEvents || b.DamageCount != a.DamageCount || b.Unreadable != 0 {
					t.Errorf("%s: %+v, want %+v", path, b, a)
				}
				for _, s := range got.Sources {
					if s.Events > 0 && (!strings.HasPrefix(s.Path, path+"!") || len(s.SHA256) != 64) {
						t.Errorf("source %q, SHA-256 %q", s.Path, s.SHA256)
					}
					if s.Path == path && len(s.SHA256) != 64 {
						t.Errorf("the container has the SHA-256 %q", s.SHA256)
					}
				}
			}
		})
	}
}

// findingLines says what was found, without where the files are.
func findingLines(r *hunt.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		line := fmt.Sprintf("%s %s %s %s-%s %d", f.Rule.Title, f.Attack, f.Host, f.First, f.Last, f.Count)
		for _, s := range f.Samples {
			line += fmt.Sprintf(" %s:%d:%d:%s", s.Event.Channel, s.Event.EventID, s.Event.RecordID, s.Route)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestPackedWorkers hunts in archives with any number of workers: every output is the same, and
// that of the files unpacked but for the paths.
func TestPackedWorkers(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	var files []any
	for i := range 40 {
		data := log(t, started(fmt.Sprintf("HOST%d", i%3), uint64(1+1000*i), 100+100*(i%3)))
		write(t, fmt.Sprintf("unpacked/%02d.evtx", i), data)
		files = append(files, fmt.Sprintf("%02d.evtx", i), data)
	}
	write(t, "packed/a.zip", zipped(t, files[:40]...))
	write(t, "packed/b.zip", zipped(t, "c.zip", zipped(t, files[40:]...), "copy.zip", zipped(t, files[70:]...)))
	opt := hunt.Options{Evidence: []string{"packed"}, Rules: []string{"rules"}, Samples: 3, Workers: 1}
	for _, format := range []string{"jsonl", "json", "csv", "txt"} {
		opt.Workers = 1
		want := huntAs(t, opt, format)
		for _, n := range []int{2, 7} {
			opt.Workers = n
			if got := huntAs(t, opt, format); !bytes.Equal(want, got) {
				t.Errorf("%s: another output with %d workers", format, n)
			}
		}
	}
	got, packed := outcome(t, opt)
	opt.Evidence = []string{"unpacked"}
	want, unpacked := outcome(t, opt)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-unpacked +packed):\n%s", diff)
	}
	if a, b := unpacked.Summary, packed.Summary; a.Events != b.Events || b.DuplicateEvents == 0 || b.Files != 45 {
		t.Errorf("%d events in %d files, %d copies; want %d, 45, some", b.Events, b.Files, b.DuplicateEvents, a.Events)
	}
}

// TestPackedTold says what could not be read of archives: that evidence is missing.
func TestPackedTold(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	data := log(t, started("HOST", 1, 100))
	locked := zipped(t, "a.evtx", data)
	for magic, at := range map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8} {
		locked[bytes.Index(locked, []byte(magic))+at] |= 1 // encrypted
	}
	whole := zipped(t, "a.evtx", data, "../b.evtx", data)
	write(t, "locked.zip", locked)
	write(t, "cut.zip", whole[:len(whole)-100])
	write(t, "whole.zip", whole)
	for path, want := range map[string]struct {
		events, damage, unreadable int
		complete                   bool
	}{
		"locked.zip": {0, 0, 1, false}, "cut.zip": {100, 2, 0, false}, "whole.zip": {100, 1, 0, true},
	} {
		_, r := outcome(t, hunt.Options{Evidence: []string{path}, Rules: []string{"rules"}})
		s := r.Summary
		if s.Events != want.events || s.DamageCount != want.damage || s.Unreadable != want.unreadable || s.Complete() != want.complete {
			t.Errorf("%s: %d events, %d damaged places, %d unreadable, complete %v; want %+v", path, s.Events, s.DamageCount, s.Unreadable, s.Complete(), want)
		}
	}
}

// zipped is a zip of files, each a name and its bytes.
func zipped(t *testing.T, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	err := z.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
