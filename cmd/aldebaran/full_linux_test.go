package main

import (
	"os"
	"strings"
	"testing"
)

// TestStandardOutputFull writes every format to a full disk as standard output.
func TestStandardOutputFull(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("rule.yml", []byte(markerRule), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("log.evtx", processes("HOST", []string{"marker", "other"}), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, format := range formats {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		code := run([]string{"hunt", "log.evtx", "--rules", "rule.yml", "--no-default-rules", "--no-cache", "--format", format}, full, &stderr)
		if code != exitInternal || !strings.Contains(stderr.String(), "no space left") || !strings.Contains(stderr.String(), "hint:") {
			t.Errorf("%s: exit code %d, %q; want %d, and that there is no space left", format, code, stderr.String(), exitInternal)
		}
		if err := full.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
