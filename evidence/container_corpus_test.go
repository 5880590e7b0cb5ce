package evidence

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
)

// TestCorpusStream reads real logs of every text format while they pass by, as from an archive, and
// directly: the events are the same.
func TestCorpusStream(t *testing.T) {
	seed := maphash.MakeSeed()
	r := NewReader(Options{})
	events := func(s *Source) (sum uint64, n int, err error) {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, u := range s.Units() {
			_, err := r.Read(s, u, func(e *event.Event) bool {
				n++
				fmt.Fprint(&h, e.Time.UnixNano(), e.Source.Offset, e.Source.Length)
				for i := range e.Values {
					h.WriteString(e.Shape.Fields[i].Name)
					h.Write(e.Values[i].Raw)
				}
				return true
			})
			if err != nil {
				return 0, n, err
			}
		}
		return h.Sum64(), n, nil
	}
	files := map[string]int{}
	err := filepath.WalkDir(corpustest.Path(t, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		direct, err := Open(path, Options{})
		if err != nil {
			return nil //nolint:nilerr // no log: there is nothing to compare
		}
		defer direct.Close()
		if formats[direct.format].random {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files[direct.Format]++
		want, n, err := events(direct)
		if err != nil {
			return err
		}
		x := &expansion{ctx: t.Context(), opener: NewOpener(Options{})}
		s := &Source{Path: path, Format: direct.Format, format: direct.format}
		b := &blob{path: path, size: int64(len(data))}
		if err := x.passing(b, bufio.NewReaderSize(bytes.NewReader(data), headSize), s); err != nil {
			return err
		}
		opt := Options{newest: info.ModTime()}
		if s.log, err = formats[s.format].open(s.at, s.Size, path, opt); err != nil {
			return err
		}
		got, m, err := events(s)
		if err != nil || m != n || got != want || s.stream.err != nil {
			t.Errorf("%s (%s): %d events, %v, %v; read directly %d, the same: %v", path, s.Format, m, err, s.stream.err, n, got == want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 3 {
		t.Errorf("logs of %v, want more formats", files)
	}
	t.Log(files)
}
