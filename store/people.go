package store

import (
	"fmt"
	"time"
)

// Feedback is what somebody said of a brief or of a rule's findings.
type Feedback struct {
	At     time.Time
	Who    string
	Useful bool
	// Rule is the id of the rule that it is about; "" if it is about the whole.
	Rule   string
	Reason string
}

// AddFeedback keeps an answer.
func (d *DB) AddFeedback(f Feedback) error {
	if _, err := d.exec(`INSERT INTO feedback (at, who, useful, rule, reason) VALUES (?, ?, ?, ?, ?)`,
		nanos(f.At), f.Who, f.Useful, f.Rule, f.Reason); err != nil {
		return fmt.Errorf("keeping feedback: %w", err)
	}
	return d.Sync()
}

// Feedback is all that was said, the oldest first.
func (d *DB) Feedback() ([]Feedback, error) {
	return list(d, `SELECT at, who, useful, rule, reason FROM feedback ORDER BY id`, func(scan func(...any) error) (f Feedback, err error) {
		var at int64
		err = scan(&at, &f.Who, &f.Useful, &f.Rule, &f.Reason)
		f.At = timeOf(at)
		return f, err
	})
}

// An Override is an analyst's word against a verdict.
type Override struct {
	// Hypothesis is the id of that in the plan; Value is what the verdict is by this word.
	Hypothesis, Value, Reason, Who string
	At                             time.Time
}

// SetOverride keeps an analyst's word; a later one about the same hypothesis takes its place.
func (d *DB) SetOverride(o Override) error {
	if _, err := d.exec(`INSERT OR REPLACE INTO overrides (hypothesis, value, reason, who, at) VALUES (?, ?, ?, ?, ?)`,
		o.Hypothesis, o.Value, o.Reason, o.Who, nanos(o.At)); err != nil {
		return fmt.Errorf("keeping a word against a verdict: %w", err)
	}
	return d.Sync()
}

// Overrides are all, by hypothesis.
func (d *DB) Overrides() ([]Override, error) {
	return list(d, `SELECT hypothesis, value, reason, who, at FROM overrides ORDER BY hypothesis`, func(scan func(...any) error) (o Override, err error) {
		var at int64
		err = scan(&o.Hypothesis, &o.Value, &o.Reason, &o.Who, &at)
		o.At = timeOf(at)
		return o, err
	})
}

// A Remediated host was cleaned: what is found on it after that weighs more.
type Remediated struct {
	Host string // a glob
	At   time.Time
	Who  string
}

// AddRemediated keeps that a host was cleaned.
func (d *DB) AddRemediated(r Remediated) error {
	if _, err := d.exec(`INSERT OR REPLACE INTO remediated (host, at, who) VALUES (?, ?, ?)`, r.Host, nanos(r.At), r.Who); err != nil {
		return fmt.Errorf("keeping a cleaned host: %w", err)
	}
	return d.Sync()
}

// Remediated are all hosts that were cleaned, by name and time.
func (d *DB) Remediated() ([]Remediated, error) {
	return list(d, `SELECT host, at, who FROM remediated ORDER BY host, at`, func(scan func(...any) error) (r Remediated, err error) {
		var at int64
		err = scan(&r.Host, &at, &r.Who)
		r.At = timeOf(at)
		return r, err
	})
}

// A Brief is one that was written.
type Brief struct {
	Run              int64
	At               time.Time
	Format, Language string
	Content          []byte
}

// AddBrief keeps a brief.
func (d *DB) AddBrief(b Brief) error {
	if _, err := d.exec(`INSERT INTO briefs (run, at, format, language, content) VALUES (?, ?, ?, ?, ?)`,
		b.Run, nanos(b.At), b.Format, b.Language, b.Content); err != nil {
		return fmt.Errorf("keeping a brief: %w", err)
	}
	return d.Sync()
}

// Briefs are all that were written, the oldest first.
func (d *DB) Briefs() ([]Brief, error) {
	return list(d, `SELECT run, at, format, language, content FROM briefs ORDER BY id`, func(scan func(...any) error) (b Brief, err error) {
		var at int64
		err = scan(&b.Run, &at, &b.Format, &b.Language, &b.Content)
		b.At = timeOf(at)
		return b, err
	})
}
