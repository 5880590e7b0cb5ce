package story

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"aldebaran/story/technique"
)

// corpus gives a folder of the test data, which is not part of the repository.
func corpus(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("ALDEBARAN_CORPUS")
	if root == "" {
		tb.Skip("ALDEBARAN_CORPUS is not set")
	}
	return filepath.Join(root, name)
}

// packed calls f with the files of a .tar.zst.
func packed(tb testing.TB, name string, f func(name string, data []byte)) {
	tb.Helper()
	file, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	z, err := zstd.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		f(h.Name, data)
	}
}

// Every claim of every report quotes what stands at its place; and the same report gives the same story.
func TestCorpusQuotes(t *testing.T) {
	opt := known()
	if !testing.Short() {
		m, err := technique.Load()
		if err != nil {
			t.Fatal(err)
		}
		opt.Model = m
	}
	stories, claims := 0, map[string]int{}
	one := func(name string, data []byte) {
		s, err := Read(bytes.NewReader(data), name, opt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		check(t, s)
		stories++
		claims[s.Format] += len(s.Claims)
		if stories%10 == 0 {
			again, err := Read(bytes.NewReader(data), name, opt)
			if err != nil {
				t.Fatal(err)
			}
			first, _ := json.Marshal(s)
			second, _ := json.Marshal(again)
			if !bytes.Equal(first, second) {
				t.Errorf("%s: read twice, it is two stories", name)
			}
		}
	}
	err := filepath.WalkDir(corpus(t, "reports"), func(name string, d fs.DirEntry, err error) error {
		ext := filepath.Ext(name)
		if err != nil || d.IsDir() || ext == ".zst" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		// Tables of sentences are no reports; their quotes hold without the model, too.
		model := opt.Model
		if ext != ".txt" && ext != ".md" || strings.Contains(name, "LICENSE") {
			opt.Model = nil
		}
		one(name, data)
		opt.Model = model
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	opt.Model = nil // of which the reports above have seen enough
	packed(t, corpus(t, "reports/tram/reports.mjson.tar.zst"), func(name string, data []byte) {
		var report struct {
			Signal string `json:"signal"`
		}
		if json.Unmarshal(data, &report) == nil && report.Signal != "" {
			one(name+".txt", []byte(report.Signal))
		}
	})
	packed(t, corpus(t, "intel/ioc/eset-malware-ioc.tar.zst"), func(name string, data []byte) {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".adoc") {
			one(name, data)
		}
	})
	examples, err := filepath.Glob(corpus(t, "intel/stix/examples") + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(corpus(t, "intel/stix/examples") + "/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(examples, more...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		one(name, data)
	}
	t.Logf("%d stories, claims by format: %v", stories, claims)
	if stories < 150 {
		t.Errorf("%d stories, want at least 150", stories)
	}
}
