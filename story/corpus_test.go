package story

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/story/technique"
)

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
	err := filepath.WalkDir(corpustest.Path(t, "reports"), func(name string, d fs.DirEntry, err error) error {
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
	for name, data := range corpustest.Each(t, "reports/tram/reports.mjson.tar.zst", "") {
		var report struct {
			Signal string `json:"signal"`
		}
		if json.Unmarshal(data, &report) == nil && report.Signal != "" {
			one(name+".txt", []byte(report.Signal))
		}
	}
	for name, data := range corpustest.Each(t, "intel/ioc/eset-malware-ioc.tar.zst", "") {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".adoc") {
			one(name, data)
		}
	}
	for name, data := range corpustest.Each(t, "intel/stix/examples", ".json") {
		one(name, data)
	}
	t.Logf("%d stories, claims by format: %v", stories, claims)
	if stories < 150 {
		t.Errorf("%d stories, want at least 150", stories)
	}
}
