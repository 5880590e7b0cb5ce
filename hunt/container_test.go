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
			packed := filepath.Join(corpus(t), filepath.FromSlash(set))
			data, err := os.ReadFile(packed)
			if err != nil {
				t.Fatal(err)
			}
			nested := filepath.Join(t.TempDir(), "collection.zip")
			if err := os.WriteFile(nested, zipped(t, "inner.zip", zipped(t, "set.tar.zst", data)), 0o666); err != nil {
				t.Fatal(err)
			}
			opt := hunt.Options{Rules: []string{filepath.Join(corpus(t), "sigma/rules/rules")}, Samples: 3, Hash: true}
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

// zipped is a zip of one file.
func zipped(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
