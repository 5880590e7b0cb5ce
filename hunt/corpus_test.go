package hunt_test

import (
	"os"
	"path/filepath"
	"testing"

	"aldebaran/corpustest"
)

// unpack unpacks the event logs of a set of the corpus into a folder of its own.
func unpack(tb testing.TB, set string) string {
	tb.Helper()
	return unpackThose(tb, set, ".evtx")
}

// unpackThose unpacks the files whose names end so.
func unpackThose(tb testing.TB, set, suffix string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, data := range corpustest.Each(tb, set, suffix) {
		if !filepath.IsLocal(name) {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}
