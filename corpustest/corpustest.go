// Package corpustest finds the test data beside the repository for tests: its files, unpacked, and the
// members of its archives. It is for tests only, and those of every package may import it.
//
// The environment variable ALDEBARAN_CORPUS names the folder. It cannot be part of the repository; a test
// that wants it is skipped where the variable is not set, and only there.
package corpustest

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Root is the folder of the test data, "" where there is none.
func Root() string { return os.Getenv("ALDEBARAN_CORPUS") }

// Path gives the place of a file or folder by its path in the test data, with slashes; "" is all of it.
func Path(t testing.TB, path string) string {
	t.Helper()
	if Root() == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	return filepath.Join(Root(), filepath.FromSlash(path))
}

// Glob gives the places of the files that match a pattern (see [filepath.Glob]), at least one.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(Path(t, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: want files, found %d (%v)", pattern, len(files), err)
	}
	return files
}

// Read reads a file by its path in the test data, and unpacks it as [Load] does.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	return Load(t, Path(t, path))
}

// Load reads a file, and unpacks it if its name ends in .gz, .bz2 or .zst.
func Load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := io.Reader(bytes.NewReader(data))
	switch filepath.Ext(name) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".bz2":
		r = bzip2.NewReader(r)
	case ".zst":
		var z *zstd.Decoder
		z, err = zstd.NewReader(r)
		if err == nil {
			defer z.Close()
			r = z
		}
	default:
		return data
	}
	if err == nil {
		data, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

// Each gives the files at a path of the test data, or below it, whose names end in a suffix, by their
// names below it, with slashes; of archives (.tar.zst) the members, as ARCHIVE!MEMBER, or MEMBER if the
// path is that of the archive. They come in the order of names, members in that of their archive. That
// there is none fails the test.
func Each(t testing.TB, path, suffix string) iter.Seq2[string, []byte] {
	t.Helper()
	return func(yield func(name string, data []byte) bool) {
		t.Helper()
		found := 0
		see := func(name string, data func() ([]byte, error)) error {
			if !strings.HasSuffix(name, suffix) {
				return nil
			}
			content, err := data()
			if err != nil {
				return err
			}
			found++
			if !yield(name, content) {
				return fs.SkipAll
			}
			return nil
		}
		root := Path(t, path)
		err := filepath.WalkDir(root, func(place string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, place)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			switch packed := strings.HasSuffix(place, ".tar.zst"); {
			case packed && place == root:
				return members(place, "", see)
			case packed:
				return members(place, name+"!", see)
			case place == root:
				name = filepath.Base(root)
			}
			return see(name, func() ([]byte, error) { return os.ReadFile(place) })
		})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if found == 0 {
			t.Fatalf("%s: want files whose names end in %q, found none", path, suffix)
		}
	}
}

// members shows the files of an archive to see, until that returns an error.
func members(place, prefix string, see func(name string, data func() ([]byte, error)) error) error {
	f, err := os.Open(place)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := see(prefix+path.Clean(h.Name), func() ([]byte, error) { return io.ReadAll(r) }); err != nil {
			return err
		}
	}
}
