package store

import (
	"database/sql"
	"fmt"
)

// migrations make a database what this version of the program needs, one after the other. What was
// released is never changed: a change is a new one at the end.
var migrations = [...]string{
	// 1
	`CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

	CREATE TABLE evidence (path TEXT PRIMARY KEY) WITHOUT ROWID;

	-- What was read: a file, and its pieces in their order.
	CREATE TABLE files (
		id INTEGER PRIMARY KEY,
		path TEXT NOT NULL UNIQUE,
		size INTEGER NOT NULL,
		modified INTEGER NOT NULL, -- nanoseconds since 1970
		contents TEXT NOT NULL,    -- a check of them, '' if it is not known yet
		complete INTEGER NOT NULL,
		reread INTEGER NOT NULL,
		terms BLOB NOT NULL
	);
	CREATE TABLE pieces (
		file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
		n INTEGER NOT NULL,
		record BLOB NOT NULL,
		UNIQUE (file, n)
	);

	CREATE TABLE runs (
		id INTEGER PRIMARY KEY,
		arguments TEXT NOT NULL,   -- JSON
		version TEXT NOT NULL,
		started INTEGER NOT NULL,  -- nanoseconds since 1970
		resumed INTEGER NOT NULL,  -- how often
		ended INTEGER NOT NULL,    -- 0 until then
		state TEXT NOT NULL,       -- 'running', 'interrupted', 'done'
		outcome BLOB,              -- JSON, packed with S2: see Outcome
		document BLOB              -- the same as hunt --format json writes it, packed with S2
	);
	CREATE TABLE findings (
		run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
		n INTEGER NOT NULL,
		rule TEXT NOT NULL,
		title TEXT NOT NULL,
		level TEXT NOT NULL,
		host TEXT NOT NULL,
		first TEXT NOT NULL,
		last TEXT NOT NULL,
		count INTEGER NOT NULL,
		PRIMARY KEY (run, n)
	) WITHOUT ROWID;
	CREATE TABLE verdicts (
		run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
		n INTEGER NOT NULL,
		hypothesis TEXT NOT NULL,
		statement TEXT NOT NULL,
		value TEXT NOT NULL,
		because TEXT NOT NULL,
		PRIMARY KEY (run, n)
	) WITHOUT ROWID;

	-- What people said.
	CREATE TABLE feedback (
		id INTEGER PRIMARY KEY,
		at INTEGER NOT NULL, -- nanoseconds since 1970
		who TEXT NOT NULL,
		useful INTEGER NOT NULL,
		rule TEXT NOT NULL,
		reason TEXT NOT NULL
	);
	CREATE TABLE overrides (
		hypothesis TEXT PRIMARY KEY,
		value TEXT NOT NULL,
		reason TEXT NOT NULL,
		who TEXT NOT NULL,
		at INTEGER NOT NULL
	) WITHOUT ROWID;
	CREATE TABLE remediated (
		host TEXT NOT NULL,
		at INTEGER NOT NULL,
		who TEXT NOT NULL,
		PRIMARY KEY (host, at)
	) WITHOUT ROWID;
	CREATE TABLE briefs (
		id INTEGER PRIMARY KEY,
		run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
		at INTEGER NOT NULL,
		format TEXT NOT NULL,
		language TEXT NOT NULL,
		content BLOB NOT NULL
	);`,
}

// migrate brings the database to the newest layout, in one transaction.
func (d *DB) migrate() error {
	if version, err := versionOf(d.read); err != nil || version == len(migrations) {
		return err
	}
	tx, err := d.write.Begin()
	if err != nil {
		return fmt.Errorf("changing the layout of the case: %w", err)
	}
	if err := migrate(tx); err != nil {
		_ = tx.Rollback() // the error before it is the one to tell
		return err
	}
	return tx.Commit()
}

// versionOf is the number of migrations that a database has behind it.
func versionOf(db interface {
	QueryRow(query string, args ...any) *sql.Row
}) (version int, err error) {
	if err := db.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("looking for the version of the case: %w", err)
	}
	if version < 0 || version > len(migrations) {
		return 0, fmt.Errorf("%w: want version %d or less, found %d", ErrNewer, len(migrations), version)
	}
	return version, nil
}

func migrate(tx *sql.Tx) error {
	version, err := versionOf(tx)
	if err != nil {
		return err
	}
	for i := version; i < len(migrations); i++ {
		if _, err := tx.Exec(migrations[i]); err != nil {
			return fmt.Errorf("bringing the case to version %d: %w", i+1, err)
		}
	}
	if version == 0 {
		if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('secret', ?)`, newSecret()); err != nil {
			return err
		}
	}
	_, err = tx.Exec(fmt.Sprintf(`PRAGMA user_version = %d`, len(migrations)))
	return err
}
