package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// synthetic is an EVTX file of n synthetic events.
func synthetic(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := evtx.NewWriter(&b)
	for i := range n {
		err := w.Add(evtx.Record{
			ID: uint64(i + 1), Time: time.Date(2026, 3, 1, 0, 0, i, 0, time.UTC), Provider: "Synthetic", EventID: 1,
			Channel: "Synthetic", Computer: "HOST", Data: []evtx.Data{{Name: "Text", Value: evtx.Text("synthetic")}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	whole := synthetic(t, 10)
	noHeader := append(make([]byte, 4096), whole[4096:]...)
	for _, c := range []struct {
		name string
		data []byte
		err  error
	}{
		{"a log", whole, nil},
		{"a log of another name", whole, nil},
		{"a log whose header was overwritten with zeros", noHeader, nil},
		{"nothing", nil, ErrEmpty},
		{"a text", []byte("This is no event log.\n"), ErrUnknown},
		{"settings in JSON", []byte("{\"name\": \"synthetic\"}\n"), ErrUnknown},
		{"a long text", bytes.Repeat([]byte("This is no event log.\n"), 20_000), ErrUnknown},
		{"zeros", make([]byte, 300_000), ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("file", c.data, 0o666); err != nil {
				t.Fatal(err)
			}
			s, err := Open("file", Options{})
			if c.err != nil {
				if !errors.Is(err, c.err) {
					t.Fatalf("Open = %v, want %v", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.Format != "evtx" || s.Size != int64(len(c.data)) {
				t.Errorf("format %q, size %d", s.Format, s.Size)
			}
			n, r := 0, NewReader(Options{})
			for _, u := range s.Units() {
				_, err := r.Read(s, u, func(e *event.Event) bool {
					if e.Source.Path != "file" || e.Text("Text") != "synthetic" {
						t.Errorf("event %d: path %q, Text %q", n, e.Source.Path, e.Text("Text"))
					}
					n++
					return true
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if n != 10 {
				t.Errorf("%d events, want 10", n)
			}
		})
	}
}

// TestOpenTorn opens a log of which only the magic is left: it is one, and damaged.
func TestOpenTorn(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("torn.evtx", []byte("ElfFile\x00"), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := Open("torn.evtx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.Damage()) == 0 {
		t.Error("no damage, want some")
	}
}

// TestOpenGone opens a file that went away after it was listed: it is told, not skipped.
func TestOpenGone(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Open("gone.evtx", Options{})
	if !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrUnknown) || strings.Count(err.Error(), "gone.evtx") != 0 {
		t.Errorf("Open = %v, want that it does not exist, without the path", err)
	}
}

func TestSHA256(t *testing.T) {
	t.Chdir(t.TempDir())
	data := synthetic(t, 3000)
	if err := os.WriteFile("a.evtx", data, 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := Open("a.evtx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := sha256.Sum256(data)
	if got, err := s.SHA256(t.Context()); err != nil || got != hex.EncodeToString(want[:]) {
		t.Errorf("SHA256 = %s, %v; want %x", got, err, want)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.SHA256(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("SHA256 after the end: %v, want %v", err, context.Canceled)
	}
}

func TestNamedAsLog(t *testing.T) {
	for name, want := range map[string]bool{"Security.evtx": true, "a/B.EVTX": true, "evtx": false, "a.evtx.txt": false, "": false} {
		if got := NamedAsLog(name); got != want {
			t.Errorf("NamedAsLog(%q) = %v, want %v", name, got, want)
		}
	}
}

func ExampleWalk() {
	dir, err := os.MkdirTemp("", "evidence")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(dir+"/notes.txt", []byte("synthetic"), 0o666); err != nil {
		panic(err)
	}
	listing, err := Walk([]string{dir})
	if err != nil {
		panic(err)
	}
	for _, f := range listing.Files {
		_, err := Open(f.Path, Options{})
		fmt.Println(strings.TrimPrefix(f.Path, dir), err)
	}
	// Output: /notes.txt unknown format
}
