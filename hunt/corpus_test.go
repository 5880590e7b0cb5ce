package hunt_test

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// corpus gives the folder of real test data, and skips the test where there is none.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		tb.Skip("ALDEBARAN_CORPUS is not set")
	}
	return dir
}

// unpack unpacks the event logs of a set of the corpus into a folder of its own.
func unpack(tb testing.TB, set string) string {
	tb.Helper()
	return unpackThose(tb, set, ".evtx")
}

// unpackThose unpacks the files whose names end so.
func unpackThose(tb testing.TB, set, suffix string) string {
	tb.Helper()
	f, err := os.Open(filepath.Join(corpus(tb), filepath.FromSlash(set)))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	dir := tb.TempDir()
	archive := tar.NewReader(z)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			tb.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || !strings.HasSuffix(h.Name, suffix) {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			tb.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			tb.Fatal(err)
		}
	}
}
