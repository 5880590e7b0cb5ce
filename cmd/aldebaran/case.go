package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"aldebaran/attack"
	"aldebaran/brief"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/store"
	"aldebaran/story"
	"aldebaran/verdict"
)

// A huntCase is a case that is being hunted.
type huntCase struct {
	db  *store.DB
	run store.Run
	// evidence is all that was ever handed in and is still there.
	evidence []string
}

// startCase opens the case of a hunt, or makes it, and begins a run: the last one, if that was not ended and
// had the same arguments.
func startCase(cmd *cobra.Command, dir string, args []string, now time.Time) (*huntCase, error) {
	args, err := absolutePaths(args)
	if err != nil {
		return nil, err
	}
	db, err := store.Create(dir)
	if err != nil {
		return nil, caseError(err)
	}
	c := &huntCase{db: db}
	if err := c.start(cmd, args, now); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

func (c *huntCase) start(cmd *cobra.Command, args []string, now time.Time) error {
	known, err := c.db.Evidence()
	if err != nil {
		return err
	}
	for _, p := range known {
		if _, err := os.Stat(p); err == nil || !errors.Is(err, os.ErrNotExist) {
			c.evidence = append(c.evidence, p)
		}
	}
	for _, p := range args {
		if !slices.Contains(c.evidence, p) {
			c.evidence = append(c.evidence, p)
		}
	}
	if len(c.evidence) == 0 && len(known) == 0 {
		return &hunt.UsageError{What: "--case: the case has no evidence yet", Hint: "aldebaran hunt EVIDENCE... --case DIR"}
	}
	for _, p := range c.evidence {
		if inside(c.db.Dir(), p) {
			return &hunt.UsageError{What: fmt.Sprintf("--case %s lies in the evidence %s", c.db.Dir(), p), Hint: "name a folder outside: evidence is never changed"}
		}
	}
	var there []string
	for _, p := range args {
		if _, err := os.Stat(p); err == nil { // what is not there will be told, and is not to be told again and again
			there = append(there, p)
		}
	}
	if err := c.db.AddEvidence(there); err != nil {
		return err
	}
	c.run, err = c.db.StartRun(runArguments(cmd, c.evidence), version(), now)
	return err
}

// absolutePaths lets a case be hunted again from any folder.
func absolutePaths(paths []string) ([]string, error) {
	all := make([]string, len(paths))
	for i, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		all[i] = abs
	}
	return all, nil
}

// inside tells whether a path is that of a folder or below it.
func inside(path, folder string) bool {
	path, folder = resolved(path), resolved(folder)
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolved is a path without links, as far as that can be found out.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if p, err := filepath.EvalSymlinks(path); err == nil {
		path = p
	}
	return path
}

// runArguments are what decides what a run comes to, in a fixed order: a run that has the same goes on.
func runArguments(cmd *cobra.Command, evidence []string) []string {
	var all []string
	cmd.Flags().Visit(func(f *pflag.Flag) { // sorted by name
		switch f.Name {
		case "output", "format", "quiet", "no-color", "workers", "brief", "lang", "fail-on", "cache", "no-cache", "case":
		default:
			all = append(all, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(all, evidence...)
}

// thisProgram identifies the program: another build may read the same evidence otherwise.
func thisProgram() string {
	name, err := os.Executable()
	if err != nil {
		return version()
	}
	f, err := os.Open(name)
	if err != nil {
		return version()
	}
	defer f.Close() // opened for reading only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return version()
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A question is what a case asks, as the case keeps it.
type question struct {
	Story   *story.Story    `json:"story,omitempty"`
	Wanted  []string        `json:"wanted,omitempty"`
	Setting verdict.Setting `json:"setting"`
}

// prepare lets a hunt use the case: its journal, the hosts that were cleaned, and its question, if no other
// is asked. It gives what keeps the outcome.
func (c *huntCase) prepare(opt *hunt.Options, all []*intel.Pack) (*keeper, error) {
	if err := c.know(opt, all); err != nil {
		return nil, err
	}
	k := &keeper{huntCase: c}
	if opt.Question != nil {
		k.setting = opt.Question.Setting
	}
	return k, nil
}

func (c *huntCase) know(opt *hunt.Options, all []*intel.Pack) error {
	opt.Journal, opt.Build, opt.Watch = c.db, thisProgram(), true
	if opt.Behaviours != nil {
		cleaned, err := c.db.Remediated()
		if err != nil {
			return err
		}
		for _, r := range cleaned {
			opt.Behaviours.Remediated = append(opt.Behaviours.Remediated, behaviour.Remediated{Host: r.Host, At: r.At, Case: c.db.Dir()})
		}
	}
	if q := opt.Question; q != nil {
		doc, err := json.Marshal(question{q.Story, q.Wanted, q.Setting})
		if err != nil {
			return err
		}
		return c.db.SetQuestion(doc)
	}
	doc, err := c.db.Question()
	if err != nil || doc == nil {
		return err
	}
	var q question
	if err := json.Unmarshal(doc, &q); err != nil {
		return fmt.Errorf("reading what the case asks: %w", err)
	}
	q.Wanted = slices.DeleteFunc(q.Wanted, func(name string) bool { return packNamed(all, name) == nil })
	if q.Story == nil && len(q.Wanted) == 0 {
		return nil
	}
	opt.Question = &hunt.Question{Packs: all, Wanted: q.Wanted, Knowledge: attack.Load(), Setting: q.Setting}
	if q.Story != nil {
		askAbout(opt, q.Story)
	}
	return nil
}

// keeper keeps what a hunt comes to in its case.
type keeper struct {
	*huntCase
	setting verdict.Setting
}

// Match does nothing: the journal has it.
func (k *keeper) Match(*hunt.Match) error { return nil }

// Correlation does nothing: the findings have it.
func (k *keeper) Correlation(*hunt.Correlation) error { return nil }

// Finish keeps the outcome, at once.
func (k *keeper) Finish(r *hunt.Result) error {
	var doc bytes.Buffer
	if err := hunt.NewJSON(&doc).Finish(r); err != nil {
		return err
	}
	o := &store.Outcome{Findings: r.Findings, Answer: r.Answer, Setting: k.setting, Document: doc.Bytes()}
	if in, asked := r.Brief(); asked {
		p := *in.Plan
		o.Story = p.Story
		for _, pack := range p.Packs {
			o.Packs = append(o.Packs, pack.Name)
		}
		p.Story, p.Packs = nil, nil
		o.Plan, o.Logs = &p, in.Logs
		in.Plan, in.Answer, in.Findings, in.Logs, in.Knowledge = nil, nil, nil, nil, nil
		var err error
		if o.Brief, err = json.Marshal(in); err != nil {
			return err
		}
	} else {
		for _, l := range r.Surveyed {
			o.Logs = append(o.Logs, l.Visibility)
		}
	}
	state := store.Done
	if r.Summary.Partial {
		state = store.Interrupted
	}
	return k.db.EndRun(k.run, state, time.Now(), o)
}

// keepBriefs keeps briefs that were written to files.
func keepBriefs(db *store.DB, run int64, f *briefFlags, at time.Time) error {
	for _, name := range f.files {
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("keeping the brief: %w", err)
		}
		form := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
		if err := db.AddBrief(store.Brief{Run: run, At: at, Format: form, Language: f.language, Content: content}); err != nil {
			return err
		}
	}
	return nil
}

// briefInput is what a brief of a case is made of; packs are those that are at hand now.
func briefInput(c *store.Case, all []*intel.Pack) (brief.Input, error) {
	var in brief.Input
	o := c.Outcome
	if o == nil || o.Plan == nil || o.Answer == nil {
		return in, &hunt.UsageError{What: fmt.Sprintf("%s: nothing was asked that a brief could answer", c.Dir), Hint: "hunt again with --case and --story FILE or --about PACK"}
	}
	if err := json.Unmarshal(o.Brief, &in); err != nil {
		return in, fmt.Errorf("%s: reading the figures of the hunt: %w", c.Dir, err)
	}
	p := *o.Plan
	p.Story = o.Story
	for _, name := range o.Packs {
		if pack := packNamed(all, name); pack != nil {
			p.Packs = append(p.Packs, pack)
		}
	}
	in.Plan, in.Answer, in.Findings, in.Logs, in.Knowledge = &p, o.Answer, o.Findings, o.Logs, attack.Load()
	in.Setting, in.Version, in.Case, in.Generated = o.Setting, version(), c.Dir, time.Now()
	in.Feedback = feedbackOnBriefs(c.Feedback)
	return in, nil
}

// feedbackOnBriefs are the answers about the whole, not about single rules.
func feedbackOnBriefs(all []store.Feedback) []brief.Feedback {
	var on []brief.Feedback
	for _, f := range all {
		if f.Rule == "" {
			on = append(on, brief.Feedback{When: f.At, Useful: f.Useful, Reason: f.Reason})
		}
	}
	return on
}

// caseError says what to do about a case that cannot be opened.
func caseError(err error) error {
	switch {
	case errors.Is(err, store.ErrNoCase):
		return &hunt.UsageError{What: err.Error(), Hint: "aldebaran hunt EVIDENCE... --case DIR makes one"}
	case errors.Is(err, store.ErrBusy):
		return &hunt.UsageError{What: err.Error(), Hint: "wait for it, or end it: nothing is lost"}
	case errors.Is(err, store.ErrNewer):
		return &hunt.UsageError{What: err.Error(), Hint: "use the newer version"}
	}
	return err
}

var (
	_ hunt.Journal = (*store.DB)(nil)
	_ hunt.Output  = (*keeper)(nil)
)
