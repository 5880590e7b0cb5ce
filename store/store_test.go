package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aldebaran/store"
	"aldebaran/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() (storetest.Store, error) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "a case? with #odd% name")
		return func() (storetest.Store, error) { return store.Create(dir) }
	})
}

func create(t *testing.T, dir string) *store.DB {
	t.Helper()
	db, err := store.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closed(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.Open(dir); !errors.Is(err, store.ErrNoCase) {
		t.Errorf("Open of an empty folder: %v, want %v", err, store.ErrNoCase)
	}
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err == nil {
		t.Error("Open has made a case")
	}
	if _, err := store.Load(filepath.Join(dir, "nothing")); !errors.Is(err, store.ErrNoCase) {
		t.Errorf("Load of no folder: %v, want %v", err, store.ErrNoCase)
	}
	if err := os.WriteFile(filepath.Join(dir, store.FileName), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open of what is no database: %v, want an error that names it", err)
	}
}

// TestOneAtATime: two hunts of one case would write pieces of one file.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	db := create(t, dir)
	if _, err := store.Create(dir); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Create of a case that is at work: %v, want %v", err, store.ErrBusy)
	}
	// Others may look, and say what they think of it.
	other, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.AddFeedback(store.Feedback{Reason: "x"}); err != nil {
		t.Error(err)
	}
	closed(t, other)
	closed(t, db)
	closed(t, create(t, dir))
}

func TestNewerCase(t *testing.T) {
	dir := t.TempDir()
	closed(t, create(t, dir))
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 1000`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Create(dir); !errors.Is(err, store.ErrNewer) {
		t.Errorf("Create: %v, want %v", err, store.ErrNewer)
	}
	if _, err := store.Open(dir); !errors.Is(err, store.ErrNewer) {
		t.Errorf("Open: %v, want %v", err, store.ErrNewer)
	}
}

// TestConfidential: nobody but the owner may read a case.
func TestConfidential(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := filepath.Join(t.TempDir(), "case")
	db := create(t, dir)
	if err := db.AddEvidence([]string{"/x"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range append(entries, nil) {
		path := dir
		if e != nil {
			path = filepath.Join(dir, e.Name())
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has permissions %o, want none for others", path, info.Mode().Perm())
		}
	}
	closed(t, db)
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	db := create(t, dir)
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r, err := db.StartRun([]string{"x"}, "v1", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.EndRun(r, store.Done, at, &store.Outcome{Packs: []string{"first"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.StartRun([]string{"y"}, "v1", at); err != nil { // and is killed
		t.Fatal(err)
	}
	closed(t, db)
	c, err := store.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Runs) != 2 || c.Run.ID != r.ID || c.Outcome == nil || c.Outcome.Packs[0] != "first" {
		t.Errorf("Load = %+v, want two runs and the outcome of the first", c)
	}
}
