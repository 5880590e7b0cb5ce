package indicator

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/w3c"
)

func corpusRoot(tb testing.TB) string {
	tb.Helper()
	root := os.Getenv("ALDEBARAN_CORPUS")
	if root == "" {
		tb.Skip("ALDEBARAN_CORPUS is not set")
	}
	return root
}

// A corpusLog is a log in memory.
type corpusLog struct {
	// read hands out its events and gives the bytes of its records.
	read func(emit func(*event.Event) bool) int64
}

// corpusLogs gives the event logs of a folder of the corpus, or all its W3C logs.
func corpusLogs(tb testing.TB, name string) (logs []corpusLog) {
	tb.Helper()
	root, folder := corpusRoot(tb), name
	if name == "w3c" {
		folder = "logs"
	}
	er, wr := evtx.NewReader(evtx.Options{}), w3c.NewReader(lines.Options{})
	eachFile(tb, filepath.Join(root, folder), func(path string, data []byte) {
		size := int64(len(data))
		switch head := data[:min(len(data), 4096)]; {
		case name == "w3c" && w3c.Sniff(head):
			f, err := w3c.Open(bytes.NewReader(data), size, path, lines.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			logs = append(logs, corpusLog{func(emit func(*event.Event) bool) (n int64) {
				for _, u := range f.Units() {
					r, err := wr.Read(f, u, emit)
					if err != nil {
						tb.Fatal(err)
					}
					n += r.Bytes
				}
				return n
			}})
		case name != "w3c" && evtx.Sniff(head):
			f, err := evtx.Open(bytes.NewReader(data), size, path, evtx.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			logs = append(logs, corpusLog{func(emit func(*event.Event) bool) (n int64) {
				for _, u := range f.Units() {
					r, err := er.Read(f, u, emit)
					if err != nil {
						tb.Fatal(err)
					}
					n += r.Bytes
				}
				return n
			}})
		}
	})
	if len(logs) == 0 {
		tb.Fatalf("%s: want logs, found none", name)
	}
	return logs
}

// eachFile hands out all files below a folder, those in .tar.zst archives too, in order.
func eachFile(tb testing.TB, root string, use func(path string, data []byte)) {
	tb.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil || !strings.HasSuffix(p, ".tar.zst") {
			use(p, data)
			return err
		}
		z, err := zstd.NewReader(bytes.NewReader(data))
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
			if h.Typeflag == tar.TypeReg {
				content, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				use(p+"!"+h.Name, content)
			}
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
}
