package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDerive(t *testing.T) {
	name := filepath.Join(t.TempDir(), "galaxy.json")
	text := `{"values": [{"value": "Paper\tCrane", "uuid": "2", "meta": {"synonyms": ["CL-STA-9999", "Torn\nSheet"]}}, {"value": "Ash Owl", "uuid": "1"}]}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := derive(&out, []string{name}); err != nil {
		t.Fatal(err)
	}
	if want := header + "Ash Owl\t1\nPaper Crane\t2\tCL-STA-9999\tTorn Sheet\n"; out.String() != want {
		t.Errorf("derive wrote %q, want %q", out.String(), want)
	}
	if err := derive(&out, []string{filepath.Join(t.TempDir(), "nothing.json")}); err == nil {
		t.Error("a file that is not there is no error")
	}
}
