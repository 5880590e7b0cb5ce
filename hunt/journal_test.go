package hunt_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aldebaran/evidence"
	"aldebaran/hunt"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
	"aldebaran/packs"
	"aldebaran/packs/demo"
)

// A memory is a journal that can be cut off: after so many pieces it says stop.
type memory struct {
	mu     sync.Mutex // Pieces is called by another goroutine than the rest
	terms  [sha256.Size]byte
	files  map[string]*kept
	limit  int // -1 for none
	stop   func()
	added  int
	served int
}

type kept struct {
	evidence.Kept
	terms  [sha256.Size]byte
	pieces [][]byte
}

func newMemory() *memory { return &memory{files: map[string]*kept{}, limit: -1} }

func (m *memory) Recorded(terms [sha256.Size]byte) (secret []byte, files []evidence.Kept, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.terms = terms
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		f := m.files[path]
		if f.terms == terms {
			f.Pieces = len(f.pieces)
			files = append(files, f.Kept)
		}
	}
	return []byte("secret of the test"), files, nil
}

// Pieces gives one at a time: that is allowed.
func (m *memory) Pieces(path string, n int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.served++
	return m.files[path].pieces[n : n+1], nil
}

func (m *memory) Begin(f evidence.Kept) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[f.Path] = &kept{Kept: f, terms: m.terms}
	return nil
}

func (m *memory) Add(path string, n int, piece []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[path]
	if f == nil || len(f.pieces) != n {
		return fmt.Errorf("piece %d of %s is not the next one", n, path)
	}
	f.pieces = append(f.pieces, bytes.Clone(piece))
	if m.added++; m.added == m.limit {
		m.stop()
	}
	return nil
}

func (m *memory) End(f evidence.Kept) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.files[f.Path]
	old.Kept = f
	return nil
}

func (m *memory) Sync() error { return nil }

// journalEvidence is synthetic: the demo's, as files and in an archive, some that is no log, and an empty log.
func journalEvidence(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := demo.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		put(t, filepath.Join(dir, "files", name), files[name])
		for member, data := range map[string][]byte{"a/" + name: append(bytes.Clone(files[name]), '\n'), "a/" + name + ".txt": []byte("no log")} {
			w, err := z.Create(member)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "collected.zip"), packed.Bytes())
	put(t, filepath.Join(dir, "damaged.zip"), packed.Bytes()[:packed.Len()/2])
	put(t, filepath.Join(dir, "empty.evtx"), nil)
	put(t, filepath.Join(dir, "notes.txt"), []byte("no log\n"))
	return dir
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func journalOptions(dir string, j hunt.Journal) hunt.Options {
	return hunt.Options{
		Load:     sigma.LoadOptions{CacheDir: filepath.Join(filepath.Dir(dir), "rules")}, // dir is a folder of the test's own
		Evidence: []string{dir}, DefaultRules: packs.Rules(), Behaviours: new(behaviour.Config), Samples: 3, Workers: 2, Watch: true, Journal: j,
	}
}

// everything hunts and gives all that it tells.
func everything(ctx context.Context, t *testing.T, opt hunt.Options) string {
	t.Helper()
	var doc, lines, survey bytes.Buffer
	if _, err := hunt.Run(ctx, opt, hunt.NewJSON(&doc), hunt.NewJSONL(&lines), hunt.NewSurveyJSON(&survey)); err != nil {
		t.Fatal(err)
	}
	return doc.String() + lines.String() + survey.String()
}

// TestJournal interrupts a hunt after some of its pieces: what it comes to when it goes on is what it
// comes to without a journal.
func TestJournal(t *testing.T) {
	dir := journalEvidence(t)
	want := everything(t.Context(), t, journalOptions(dir, nil))
	for _, what := range []string{`"language": "behaviour"`, `"language": "sigma"`, "collected.zip!a/"} {
		if !strings.Contains(want, what) {
			t.Fatalf("the hunt has no %s: the test shows little", what)
		}
	}
	whole := newMemory()
	if got := everything(t.Context(), t, journalOptions(dir, whole)); got != want {
		t.Fatalf("with a journal: %s", unlike(want, got))
	}
	step := max(whole.added/6, 1)
	for cut := 1; cut <= whole.added; cut += step {
		ctx, cancel := context.WithCancel(t.Context())
		m := newMemory()
		m.limit, m.stop = cut, cancel
		everything(ctx, t, journalOptions(dir, m))
		cancel()
		if m.added != cut {
			t.Fatalf("cut after %d pieces, and %d were added", cut, m.added)
		}
		m.limit = -1
		if got := everything(t.Context(), t, journalOptions(dir, m)); got != want {
			t.Fatalf("going on after %d of %d pieces: %s", cut, whole.added, unlike(want, got))
		}
		if m.added != whole.added {
			t.Fatalf("going on after %d pieces: %d added in all, want %d: nothing is to be read twice", cut, m.added, whole.added)
		}
	}
}

func unlike(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\nwant %.300s\ngot  %.300s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(b), len(a))
}

// TestJournalWhatChanged says which files are read again.
func TestJournalWhatChanged(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string, opt *hunt.Options)
		again  int // files that are read again; -1 for all
	}{
		{"nothing", func(*testing.T, string, *hunt.Options) {}, 0},
		{"a new file", func(t *testing.T, dir string, _ *hunt.Options) {
			t.Helper()
			put(t, filepath.Join(dir, "new.log"), lineLog("/new", 3))
		}, 1},
		{"a file has grown", func(t *testing.T, dir string, _ *hunt.Options) {
			t.Helper()
			put(t, filepath.Join(dir, "a.log"), lineLog("/a", 9))
		}, 1},
		{"the same size and date", func(t *testing.T, dir string, _ *hunt.Options) {
			t.Helper()
			path := filepath.Join(dir, "a.log")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			put(t, path, lineLog("/z", 5))
			if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"another date", func(t *testing.T, dir string, _ *hunt.Options) {
			t.Helper()
			if err := os.Chtimes(filepath.Join(dir, "a.log"), time.Time{}, later); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"a file is gone", func(t *testing.T, dir string, _ *hunt.Options) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, "a.log")); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"other rules", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Selection.MinLevel = "high" }, -1},
		{"another time", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Since = later }, -1},
		{"another host", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Hosts = []string{"X*"} }, -1},
		{"another zone", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Read.Zone = time.FixedZone("X", 3600) }, -1},
		{"no behaviours", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Behaviours = nil }, -1},
		{"another program", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Build = "x" }, -1},
		{"settings of behaviours", func(_ *testing.T, _ string, opt *hunt.Options) {
			opt.Behaviours = &behaviour.Config{Behaviours: map[string]behaviour.Setting{"web-rare-page": {Off: true}}}
		}, 0},
		{"more samples", func(_ *testing.T, _ string, opt *hunt.Options) { opt.Samples = 1 }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"a", "b", "c"} {
				put(t, filepath.Join(dir, name+".log"), lineLog("/"+name, 5))
			}
			m := newMemory()
			everything(t.Context(), t, journalOptions(dir, m))
			m.added = 0
			opt := journalOptions(dir, m)
			test.change(t, dir, &opt)
			gone := test.name == "a file is gone"
			want := ""
			if !gone {
				plain := opt
				plain.Journal = nil
				want = everything(t.Context(), t, plain)
			}
			got := everything(t.Context(), t, opt)
			if !gone && got != want {
				t.Errorf("the hunt comes to something else: %s", unlike(want, got))
			}
			if gone && (!strings.Contains(got, "/a0") && !strings.Contains(got, "a.log") || !strings.Contains(got, "not there any more")) {
				t.Error("what was read of the file that is gone does not count, or that it is gone is not told")
			}
			again := test.again
			if again < 0 {
				again = 3
			}
			if m.added != again {
				t.Errorf("%d files were read, want %d", m.added, again)
			}
		})
	}
}

// lineLog is a small web server's log. It is SYNTHETIC.
func lineLog(page string, requests int) []byte {
	var b bytes.Buffer
	b.WriteString("#Software: Microsoft Internet Information Services 10.0\n#Remark: SYNTHETIC\n#Version: 1.0\n" +
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\n")
	for i := range requests {
		fmt.Fprintf(&b, "2026-11-01 00:00:%02d 198.51.100.1 GET %s%d - 443 - 192.0.2.1 x 200\n", i, page, i)
	}
	return b.Bytes()
}

// A broken is a journal that fails at something.
type broken struct {
	*memory
	at string
}

var errBroken = errors.New("the disk is full")

func (b *broken) fail(at string) error {
	if b.at == at {
		return errBroken
	}
	return nil
}

func (b *broken) Recorded(terms [sha256.Size]byte) (secret []byte, files []evidence.Kept, err error) {
	secret, files, _ = b.memory.Recorded(terms)
	return secret, files, b.fail("Recorded")
}

func (b *broken) Pieces(path string, n int) ([][]byte, error) {
	pieces, _ := b.memory.Pieces(path, n)
	if b.at == "garbage" {
		return [][]byte{[]byte("garbage")}, nil
	}
	if b.at == "too few" {
		return nil, nil
	}
	return pieces, b.fail("Pieces")
}

func (b *broken) Begin(f evidence.Kept) error { return errors.Join(b.fail("Begin"), b.memory.Begin(f)) }
func (b *broken) Add(path string, n int, piece []byte) error {
	return errors.Join(b.fail("Add"), b.memory.Add(path, n, piece))
}
func (b *broken) End(f evidence.Kept) error { return errors.Join(b.fail("End"), b.memory.End(f)) }
func (b *broken) Sync() error               { return b.fail("Sync") }

// TestBrokenJournal: a hunt whose case cannot be kept stops and says so.
func TestBrokenJournal(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.log"), lineLog("/a", 5))
	for _, at := range []string{"Recorded", "Begin", "Add", "End", "Sync", "Pieces", "garbage", "too few"} {
		m := newMemory()
		if at == "Pieces" || at == "garbage" || at == "too few" {
			everything(t.Context(), t, journalOptions(dir, m))
		}
		_, err := hunt.Run(t.Context(), journalOptions(dir, &broken{m, at}))
		if _, ok := errors.AsType[*hunt.JournalError](err); !ok {
			t.Errorf("%s fails: Run = %v, want a JournalError", at, err)
		}
	}
}
