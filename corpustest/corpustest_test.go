package corpustest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// made makes a small folder of test data for a test: SYNTHETIC.
func made(t *testing.T) {
	t.Helper()
	t.Setenv("ALDEBARAN_CORPUS", t.TempDir())
	write := func(path string, pack func(w io.Writer) io.WriteCloser, content []byte) {
		t.Helper()
		var b bytes.Buffer
		w := pack(&b)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		place := Path(t, path)
		if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "./inner/"},
		{Typeflag: tar.TypeReg, Name: "./inner/z.log", Size: 1, Mode: 0o600},
		{Typeflag: tar.TypeReg, Name: "./inner/a.txt", Size: 1, Mode: 0o600},
		{Typeflag: tar.TypeReg, Name: "a.log", Size: 1, Mode: 0o600},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte{h.Name[len(h.Name)-5]}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write("set/b.tar.zst", zstded, archive.Bytes())
	write("set/a.log", plain, []byte("plain"))
	write("set/deep/c.log", plain, []byte("deep"))
	write("set/packed.gz", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, []byte("gzip"))
	write("set/packed.zst", zstded, []byte("zstd"))
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func plain(w io.Writer) io.WriteCloser { return nopCloser{w} }

func zstded(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

func TestEach(t *testing.T) {
	made(t)
	f := func(path, suffix string, want ...string) {
		t.Helper()
		var got []string
		for name, data := range Each(t, path, suffix) {
			got = append(got, name+"="+string(data))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %q (-want +got):\n%s", path, suffix, diff)
		}
	}
	f("set", ".log", "a.log=plain", "b.tar.zst!inner/z.log=z", "b.tar.zst!a.log=a", "deep/c.log=deep")
	f("set/b.tar.zst", "", "inner/z.log=z", "inner/a.txt=a", "a.log=a")
	f("set/a.log", "", "a.log=plain")
	for suffix, first := range map[string]string{"": "a.log", "z.log": "b.tar.zst!inner/z.log"} {
		for name := range Each(t, "set", suffix) {
			if name != first {
				t.Errorf("%q: %s, want only %s before the loop ends", suffix, name, first)
			}
			break
		}
	}
}

func TestRead(t *testing.T) {
	made(t)
	for path, want := range map[string]string{"set/a.log": "plain", "set/packed.gz": "gzip", "set/packed.zst": "zstd"} {
		if got := string(Read(t, path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := Glob(t, "set/*.log"); len(got) != 1 || got[0] != Path(t, "set/a.log") {
		t.Errorf("Glob = %q, want set/a.log", got)
	}
}

// A skipping notes that it was skipped, without being a test that was.
type skipping struct {
	testing.TB
	skipped bool
}

func (s *skipping) Helper()     {}
func (s *skipping) Skip(...any) { s.skipped = true }

func TestSkipped(t *testing.T) {
	t.Setenv("ALDEBARAN_CORPUS", "")
	s := &skipping{TB: t}
	if Path(s, "set"); !s.skipped {
		t.Error("a test without its data is not skipped")
	}
}
