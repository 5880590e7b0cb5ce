package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"

	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/plan"
	"aldebaran/story"
	"aldebaran/verdict"
)

// A State says how a run ended.
type State string

// The states of a run. One that was killed is running until it is gone on with.
const (
	Running     State = "running"
	Interrupted State = "interrupted"
	Done        State = "done"
)

// A Run is one hunt of a case.
type Run struct {
	ID int64
	// Arguments are those of the command line, Version is that of the program.
	Arguments []string
	Version   string
	// Started is when it began first, Ended when it ended; zero if it has not. Resumed is how often it
	// was gone on with.
	Started, Ended time.Time
	Resumed        int
	State          State
}

// An Outcome is what a hunt came to: everything that later stages need.
type Outcome struct {
	// Findings are in the order of the hunt: proofs of verdicts name them by their number.
	Findings []finding.Finding `json:"findings"`
	// Story is what was asked, Plan what it was taken to mean (without its packs, whose names are in Packs),
	// Answer the verdicts; nil without a question.
	Story  *story.Story    `json:"story,omitempty"`
	Plan   *plan.Plan      `json:"plan,omitempty"`
	Packs  []string        `json:"packs,omitempty"`
	Answer *verdict.Report `json:"answer,omitempty"`
	// Setting is what the user said of himself.
	Setting verdict.Setting `json:"setting"`
	// Logs is what each log can show.
	Logs []evidence.Visibility `json:"logs"`
	// Brief is what else a brief is made of, as package brief has it; nil without a question.
	Brief json.RawMessage `json:"brief,omitempty"`
	// Document is the hunt as hunt --format json writes it (docs/formats/findings.md).
	Document []byte `json:"-"`
}

// A Case is what later stages read: the last hunt that has an outcome, and what people said.
type Case struct {
	Dir string
	// Run is that of Outcome; Runs are all, the oldest first. Outcome is nil if no hunt has ended yet.
	Run     Run
	Outcome *Outcome
	Runs    []Run
	// Evidence is what was handed in, Files is the number of files that were read of it.
	Evidence   []string
	Files      int
	Feedback   []Feedback
	Overrides  []Override
	Remediated []Remediated
	// Briefs are those that were kept, without their contents.
	Briefs []Brief
}

// Load reads the case in a folder. The error is [ErrNoCase] if there is none.
func Load(dir string) (*Case, error) {
	d, err := Open(dir)
	if err != nil {
		return nil, err
	}
	c, err := d.load()
	return c, errors.Join(err, d.Close())
}

func (d *DB) load() (*Case, error) {
	c := &Case{Dir: d.dir}
	var err error
	if c.Runs, err = d.Runs(); err != nil {
		return nil, err
	}
	for _, r := range slices.Backward(c.Runs) {
		if c.Outcome, err = d.Outcome(r.ID); err != nil {
			return nil, err
		}
		if c.Outcome != nil {
			c.Run = r
			break
		}
	}
	if c.Evidence, err = d.Evidence(); err != nil {
		return nil, err
	}
	if err := d.read.QueryRow(`SELECT count(*) FROM files WHERE complete`).Scan(&c.Files); err != nil {
		return nil, fmt.Errorf("counting what was read: %w", err)
	}
	if c.Feedback, err = d.Feedback(); err != nil {
		return nil, err
	}
	if c.Overrides, err = d.Overrides(); err != nil {
		return nil, err
	}
	if c.Remediated, err = d.Remediated(); err != nil {
		return nil, err
	}
	c.Briefs, err = list(d, `SELECT run, at, format, language FROM briefs ORDER BY id`, func(scan func(...any) error) (b Brief, err error) {
		var at int64
		err = scan(&b.Run, &at, &b.Format, &b.Language)
		b.At = timeOf(at)
		return b, err
	})
	return c, err
}

// StartRun begins a run, or goes on with the last one if that was not ended and is the same: then its
// Started is when it began first.
func (d *DB) StartRun(arguments []string, version string, now time.Time) (Run, error) {
	runs, err := d.Runs()
	if err != nil {
		return Run{}, err
	}
	if n := len(runs); n > 0 {
		r := runs[n-1]
		if r.State != Done && r.Version == version && slices.Equal(r.Arguments, arguments) {
			r.State, r.Ended = Running, time.Time{}
			r.Resumed++
			_, err := d.exec(`UPDATE runs SET state = ?, ended = 0, resumed = ? WHERE id = ?`, r.State, r.Resumed, r.ID)
			return r, errors.Join(err, d.Sync())
		}
	}
	r := Run{Arguments: arguments, Version: version, Started: now, State: Running}
	doc, err := json.Marshal(arguments)
	if err != nil {
		return Run{}, err
	}
	res, err := d.exec(`INSERT INTO runs (arguments, version, started, resumed, ended, state) VALUES (?, ?, ?, 0, 0, ?)`,
		string(doc), version, nanos(now), r.State)
	if err != nil {
		return Run{}, fmt.Errorf("beginning a run: %w", err)
	}
	if r.ID, err = res.LastInsertId(); err != nil {
		return Run{}, err
	}
	return r, d.Sync()
}

// EndRun keeps what a run came to, all at once.
func (d *DB) EndRun(r Run, state State, ended time.Time, o *Outcome) error {
	doc, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("keeping the outcome of a hunt: %w", err)
	}
	if _, err := d.exec(`UPDATE runs SET state = ?, ended = ?, outcome = ?, document = ? WHERE id = ?`,
		state, nanos(ended), s2.Encode(nil, doc), s2.Encode(nil, o.Document), r.ID); err != nil {
		return fmt.Errorf("ending a run: %w", err)
	}
	for _, table := range []string{"findings", "verdicts"} {
		if _, err := d.exec(`DELETE FROM `+table+` WHERE run = ?`, r.ID); err != nil {
			return fmt.Errorf("ending a run: %w", err)
		}
	}
	for i, f := range o.Findings {
		_, err := d.exec(`INSERT INTO findings (run, n, rule, title, level, host, first, last, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, i, f.Rule.ID, f.Rule.Title, f.Rule.Level, f.Host, stamp(f.First), stamp(f.Last), f.Count)
		if err != nil {
			return fmt.Errorf("keeping finding %d: %w", i, err)
		}
	}
	if o.Answer != nil {
		for i, v := range o.Answer.Verdicts {
			_, err := d.exec(`INSERT INTO verdicts (run, n, hypothesis, statement, value, because) VALUES (?, ?, ?, ?, ?, ?)`,
				r.ID, i, v.Hypothesis.ID, v.Hypothesis.Statement, string(v.Value), v.Because)
			if err != nil {
				return fmt.Errorf("keeping verdict %d: %w", i, err)
			}
		}
	}
	return d.Sync()
}

// Runs are all runs, the oldest first.
func (d *DB) Runs() ([]Run, error) {
	return list(d, `SELECT id, arguments, version, started, resumed, ended, state FROM runs ORDER BY id`, func(scan func(...any) error) (r Run, err error) {
		var (
			arguments      string
			started, ended int64
		)
		if err := scan(&r.ID, &arguments, &r.Version, &started, &r.Resumed, &ended, &r.State); err != nil {
			return r, err
		}
		r.Started, r.Ended = timeOf(started), timeOf(ended)
		return r, json.Unmarshal([]byte(arguments), &r.Arguments)
	})
}

// Outcome gives what a run came to; nil if it has not ended.
func (d *DB) Outcome(run int64) (*Outcome, error) {
	var packed, document []byte
	if err := d.read.QueryRow(`SELECT outcome, document FROM runs WHERE id = ?`, run).Scan(&packed, &document); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = errors.New("no such run")
		}
		return nil, fmt.Errorf("run %d: %w", run, err)
	}
	if packed == nil {
		return nil, nil
	}
	o := new(Outcome)
	doc, err := unpack(packed)
	if err == nil {
		err = json.Unmarshal(doc, o)
	}
	if err == nil {
		o.Document, err = unpack(document)
	}
	if err != nil {
		return nil, fmt.Errorf("run %d: reading its outcome: %w", run, err)
	}
	return o, nil
}

// maxOutcome bounds what a hunt came to: 20,000 findings with their samples.
const maxOutcome = 512 << 20

func unpack(packed []byte) ([]byte, error) {
	n, err := s2.DecodedLen(packed)
	if err != nil {
		return nil, err
	}
	if n > maxOutcome {
		return nil, fmt.Errorf("want at most %d bytes, found %d", maxOutcome, n)
	}
	return s2.Decode(nil, packed)
}

// SetQuestion keeps what the case asks, as the caller writes it.
func (d *DB) SetQuestion(doc []byte) error {
	if _, err := d.exec(`INSERT OR REPLACE INTO settings (name, value) VALUES ('question', ?)`, doc); err != nil {
		return fmt.Errorf("keeping what the case asks: %w", err)
	}
	return d.Sync()
}

// Question gives what SetQuestion was told; nil if it never was.
func (d *DB) Question() (doc []byte, err error) {
	err = d.read.QueryRow(`SELECT value FROM settings WHERE name = 'question'`).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the case asks: %w", err)
	}
	return doc, nil
}

// AddEvidence keeps what was handed in.
func (d *DB) AddEvidence(paths []string) error {
	for _, p := range paths {
		if _, err := d.exec(`INSERT OR IGNORE INTO evidence (path) VALUES (?)`, p); err != nil {
			return fmt.Errorf("keeping the path of evidence: %w", err)
		}
	}
	return d.Sync()
}

// Evidence is what was handed in, sorted.
func (d *DB) Evidence() ([]string, error) {
	return list(d, `SELECT path FROM evidence ORDER BY path`, func(scan func(...any) error) (s string, err error) {
		return s, scan(&s)
	})
}

// list reads all rows of a query.
func list[T any](d *DB, query string, read func(scan func(...any) error) (T, error)) (all []T, err error) {
	rows, err := d.read.Query(query)
	if err != nil {
		return nil, fmt.Errorf("reading the case: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		one, err := read(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading the case: %w", err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// nanos is a time as the database has it: nanoseconds since 1970, 0 for none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// stamp is how the database has times of events, which need not be near ours: RFC 3339, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
