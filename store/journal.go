package store

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"aldebaran/evidence"
)

// batchBytes is about how much of the pieces of a file is read at a time.
const batchBytes = 4 << 20

// Recorded gives the files of which pieces are kept that were made on these terms, sorted by path, and the
// secret of the case. What is written from now on is on these terms.
func (d *DB) Recorded(terms [sha256.Size]byte) (secret []byte, files []evidence.Kept, err error) {
	d.terms = bytes.Clone(terms[:])
	if err := d.read.QueryRow(`SELECT value FROM settings WHERE name = 'secret'`).Scan(&secret); err != nil {
		return nil, nil, fmt.Errorf("looking for the secret of the case: %w", err)
	}
	rows, err := d.read.Query(`
		SELECT id, path, size, modified, contents, complete, reread, (SELECT count(*) FROM pieces WHERE file = files.id)
		FROM files WHERE terms = ? ORDER BY path`, d.terms)
	if err != nil {
		return nil, nil, fmt.Errorf("listing what was read: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			f            evidence.Kept
			id, modified int64
		)
		if err := rows.Scan(&id, &f.Path, &f.Size, &modified, &f.Check, &f.Complete, &f.Reread, &f.Pieces); err != nil {
			return nil, nil, fmt.Errorf("listing what was read: %w", err)
		}
		f.Modified = time.Unix(0, modified)
		files = append(files, f)
	}
	return secret, files, rows.Err()
}

// Pieces gives some of the pieces of a file, from the n-th on and in their order. Another goroutine than the
// one that writes may call it.
func (d *DB) Pieces(path string, n int) ([][]byte, error) {
	rows, err := d.read.Query(`SELECT n, record FROM pieces WHERE file = (SELECT id FROM files WHERE path = ?) AND n >= ? ORDER BY n`, path, n)
	if err != nil {
		return nil, fmt.Errorf("%s: reading its pieces: %w", path, err)
	}
	defer rows.Close()
	var all [][]byte
	for size := 0; size < batchBytes && rows.Next(); n++ {
		var (
			at     int
			record []byte
		)
		if err := rows.Scan(&at, &record); err != nil {
			return nil, fmt.Errorf("%s: reading its pieces: %w", path, err)
		}
		if at != n {
			return nil, fmt.Errorf("%s: want piece %d, found %d", path, n, at)
		}
		all = append(all, record)
		size += len(record)
	}
	return all, rows.Err()
}

// Begin forgets what is kept of a file, and says that it is read from its beginning.
func (d *DB) Begin(f evidence.Kept) error {
	if _, err := d.exec(`DELETE FROM files WHERE path = ?`, f.Path); err != nil {
		return fmt.Errorf("%s: forgetting it: %w", f.Path, err)
	}
	r, err := d.exec(`INSERT INTO files (path, size, modified, contents, complete, reread, terms) VALUES (?, ?, ?, ?, 0, ?, ?)`,
		f.Path, f.Size, f.Modified.UnixNano(), f.Check, f.Reread, d.terms)
	if err != nil {
		return fmt.Errorf("%s: beginning with it: %w", f.Path, err)
	}
	d.files[f.Path], err = r.LastInsertId()
	return err
}

// Add keeps the n-th piece of a file that was begun.
func (d *DB) Add(path string, n int, piece []byte) error {
	id, err := d.file(path)
	if err != nil {
		return err
	}
	if _, err := d.exec(`INSERT INTO pieces (file, n, record) VALUES (?, ?, ?)`, id, n, piece); err != nil {
		return fmt.Errorf("%s: keeping piece %d: %w", path, n, err)
	}
	return nil
}

// End says that a file was read to its end.
func (d *DB) End(f evidence.Kept) error {
	id, err := d.file(f.Path)
	if err != nil {
		return err
	}
	if _, err := d.exec(`UPDATE files SET complete = 1, contents = ?, reread = ? WHERE id = ?`, f.Check, f.Reread, id); err != nil {
		return fmt.Errorf("%s: ending it: %w", f.Path, err)
	}
	delete(d.files, f.Path) // there may be millions
	return nil
}

// file gives the number of a file that was begun.
func (d *DB) file(path string) (int64, error) {
	if id, ok := d.files[path]; ok {
		return id, nil
	}
	tx, err := d.begin()
	if err != nil {
		return 0, err
	}
	var id int64
	if err := tx.QueryRow(`SELECT id FROM files WHERE path = ?`, path).Scan(&id); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = errors.New("it was not begun")
		}
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	d.files[path] = id
	return id, nil
}

// CountPieces gives the number of all pieces that are kept.
func (d *DB) CountPieces() (n int, err error) {
	if err := d.read.QueryRow(`SELECT count(*) FROM pieces`).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting what was read: %w", err)
	}
	return n, nil
}
