package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"aldebaran/packs/demo"
)

// TestBriefOfCase: a brief that is written from a case says what the brief of the hunt itself says.
func TestBriefOfCase(t *testing.T) {
	dir := t.TempDir()
	files, err := demo.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		path := filepath.Join(dir, "evidence", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("story.md"), demo.Story(), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"hunt", at("evidence"), "--case", at("case"), "--story", at("story.md"), "--sector", "government", "--quiet", "--brief", at("hunt.json"), "--brief", at("hunt.md"), "--cache", at("rules")},
		{"brief", at("case"), "--brief", at("case.json"), "--brief", at("case.md")},
	} {
		var out bytes.Buffer
		if code := run(args, &out, &out); code > exitFindings {
			t.Fatalf("%q: exit code %d: %s", args, code, out.String())
		}
	}
	if hunt, kept := briefDoc(t, at("hunt.json")), briefDoc(t, at("case.json")); !bytes.Equal(hunt, kept) {
		t.Errorf("the briefs differ:\n%s", firstLineThatDiffers(hunt, kept))
	}
}

// briefDoc is a brief without what says when and for which case it was written.
func briefDoc(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc) < 5 {
		t.Fatalf("%s is no brief: %.200s", path, data)
	}
	strip(doc, "generated", "case")
	out, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// strip takes names out of a document at any depth.
func strip(v any, names ...string) {
	switch v := v.(type) {
	case map[string]any:
		for _, n := range names {
			delete(v, n)
		}
		for _, e := range v {
			strip(e, names...)
		}
	case []any:
		for _, e := range v {
			strip(e, names...)
		}
	}
}

func firstLineThatDiffers(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return string(x[i]) + "\n" + string(y[i])
		}
	}
	return "one is longer"
}
