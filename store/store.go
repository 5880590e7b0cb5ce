// Package store keeps cases: what was handed in, what was read of it, what was found and answered, and
// what people said about it. In go the pieces and the outcome of hunts; out comes a case that can be hunted
// again, shown, briefed and attributed without reading all of it again.
//
// A case is a folder with one SQLite database, case.db; docs/formats/case.md says what is in it. Whatever is
// written is there as a whole or not at all, at whatever moment the program ends.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// FileName is the name of the database in a case's folder.
const FileName = "case.db"

var (
	// ErrNoCase is a folder that holds no case.
	ErrNoCase = errors.New("no case")
	// ErrBusy is a case that another hunt is writing at the moment.
	ErrBusy = errors.New("another hunt is at work on this case")
	// ErrNewer is a case that a newer version of the program has made.
	ErrNewer = errors.New("the case was made by a newer version of this program")
)

// A DB is an open case. One goroutine writes at a time; others may read meanwhile.
type DB struct {
	dir   string
	write *sql.DB // one connection, which holds the lock of the case
	read  *sql.DB
	tx    *sql.Tx // what was written and not synced; nil if nothing was
	stmts map[string]*sql.Stmt
	files map[string]int64
	terms []byte
	lock  *os.File
}

// Create opens the case in a folder, and makes both if they are not there. It is for one process at a time.
func Create(dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { // what is in it is confidential
		return nil, fmt.Errorf("making the folder of the case: %w", err)
	}
	return open(dir, true)
}

// Open opens the case in a folder. The error is [ErrNoCase] if there is none.
func Open(dir string) (*DB, error) {
	if info, err := os.Stat(filepath.Join(dir, FileName)); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: want a folder with %s", dir, ErrNoCase, FileName)
	}
	return open(dir, false)
}

func open(dir string, exclusive bool) (*DB, error) {
	path := filepath.Join(dir, FileName)
	d := &DB{dir: dir, files: map[string]int64{}, stmts: map[string]*sql.Stmt{}}
	var err error
	if exclusive {
		if d.lock, err = lock(filepath.Join(dir, lockName)); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		// Nobody else may read what is in a case.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making the case: %w", err), d.unlock())
		}
		if err := f.Close(); err != nil {
			return nil, errors.Join(err, d.unlock())
		}
	}
	if d.write, err = connect(path, "immediate"); err == nil {
		d.write.SetMaxOpenConns(1)
		d.read, err = connect(path, "deferred")
	}
	if err == nil {
		err = d.migrate()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.Close())
	}
	return d, nil
}

// connect opens a database. Other programs may look at a case while a hunt writes it (write-ahead log).
// After a power cut the last transactions may be missing, never parts of one; they are read again.
func connect(path, lock string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // C:/x: else C: is taken for a host (RFC 8089, appendix E.2)
	}
	name := url.URL{Scheme: "file", Path: abs}
	name.RawQuery = url.Values{"_txlock": {lock}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(ON)", "cache_size(-16000)", "trusted_schema(OFF)",
	}}.Encode()
	return sql.Open("sqlite", name.String())
}

// Dir is the case's folder.
func (d *DB) Dir() string { return d.dir }

// Close drops what was not synced.
func (d *DB) Close() error {
	var errs []error
	if d.tx != nil {
		errs = append(errs, d.tx.Rollback())
		d.tx = nil
	}
	for _, db := range []*sql.DB{d.read, d.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, d.unlock())...)
}

func (d *DB) unlock() error {
	if d.lock == nil {
		return nil
	}
	f := d.lock
	d.lock = nil
	return f.Close() // which gives the lock back
}

// begin starts a transaction, or goes on with the one at hand.
func (d *DB) begin() (*sql.Tx, error) {
	if d.tx == nil {
		tx, err := d.write.BeginTx(context.Background(), nil)
		if err != nil {
			return nil, err
		}
		d.tx = tx
	}
	return d.tx, nil
}

// exec changes something; it lasts once Sync was called. Statements are parsed once.
func (d *DB) exec(query string, args ...any) (sql.Result, error) {
	tx, err := d.begin()
	if err != nil {
		return nil, err
	}
	s := d.stmts[query]
	if s == nil {
		if s, err = tx.Prepare(query); err != nil {
			return nil, err
		}
		d.stmts[query] = s
	}
	return s.Exec(args...)
}

// Sync makes all that was written last.
func (d *DB) Sync() error {
	if d.tx == nil {
		return nil
	}
	err := d.tx.Commit()
	d.tx = nil
	clear(d.stmts) // they end with it
	return err
}

// newSecret is a number that nobody can guess.
func newSecret() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand.Read)
	return b
}
