package hunt

import (
	"fmt"

	"aldebaran/attack"
	"aldebaran/english"
	"aldebaran/intel"
	"aldebaran/match/sigma"
	"aldebaran/plan"
	"aldebaran/story"
	"aldebaran/verdict"
)

// A Question is what the hunt is to answer: has what a story tells, or what packs know, happened here?
type Question struct {
	// Story is nil if packs alone are asked.
	Story *story.Story
	// Packs are all that are at hand; Wanted are names of those that are asked for whatever the
	// story names.
	Packs     []*intel.Pack
	Wanted    []string
	Knowledge *attack.Knowledge
	// Setting is what the user says of himself.
	Setting verdict.Setting
}

// An asked question is what is looked for because of it, and with what.
type asked struct {
	plan  *plan.Plan
	rules []plan.Rule // behaviours too
}

// ask makes the plan: what the rules, behaviours and indicators at hand test. It is empty without a question.
func (o Options) ask(rules *sigma.Collection) asked {
	q := o.Question
	if q == nil {
		return asked{}
	}
	all := o.testable(rules)
	return asked{rules: all, plan: plan.Make(q.Story, plan.Options{
		Packs: q.Packs, Wanted: q.Wanted, Knowledge: q.Knowledge, Rules: all, Indicators: o.Indicators,
	})}
}

// Plan says what a hunt with these options would look for, without reading evidence.
func Plan(opt Options) (*plan.Plan, error) {
	rules, err := opt.loadRules()
	if err != nil {
		return nil, err
	}
	return opt.ask(opt.Selection.Apply(rules)).plan, nil
}

// testable are the rules and behaviours that the hunt looks for.
func (o Options) testable(rules *sigma.Collection) []plan.Rule {
	all := plan.RulesOf(rules)
	if o.Behaviours != nil {
		all = append(all, plan.Behaviours(*o.Behaviours)...)
	}
	return all
}

// answer judges the plan by what was found and by what could have been.
func (o Options) answer(a asked, r *Result) *verdict.Report {
	if a.plan == nil {
		return nil
	}
	e := &verdict.Evidence{
		Findings: r.Findings, Rules: a.rules, Indicators: len(o.Indicators) > 0,
		From: o.Since, To: o.Until, Incomplete: incomplete(&r.Summary),
	}
	for _, l := range r.Surveyed {
		e.Logs = append(e.Logs, l.Visibility)
	}
	return verdict.Judge(a.plan, e, o.Question.Setting)
}

// answerJSON is the answer to a question as JSON has it; see docs/formats/findings.md.
type answerJSON struct {
	Story     *storyJSON        `json:"story"`
	Packs     []string          `json:"packs"`
	Value     verdict.Value     `json:"value"`
	Overall   string            `json:"overall"`
	Relevance verdict.Relevance `json:"relevance"`
	Counts    map[string]int    `json:"counts"`
	Verdicts  []verdict.Verdict `json:"verdicts"`
	Context   []plan.Context    `json:"context"`
	// Besides are the critical findings, by index, that no verdict accounts for.
	Besides []int `json:"besides"`
}

type storyJSON struct {
	Path   string        `json:"path"`
	Title  string        `json:"title"`
	Claims []story.Claim `json:"claims"`
}

func answerDoc(r *Result) answerJSON {
	a := r.Answer
	doc := answerJSON{
		Packs: []string{}, Value: a.Value, Overall: a.Overall, Relevance: a.Relevance,
		Counts:   map[string]int{"seen": a.Seen, "not_seen": a.NotSeen, "could_not_see": a.CouldNotSee, "not_judged": a.NotJudged},
		Verdicts: some(a.Verdicts), Context: some(a.Context), Besides: some(a.Besides),
	}
	if s := r.Plan.Story; s != nil {
		doc.Story = &storyJSON{s.Path, s.Title, some(s.Claims)}
	}
	for _, p := range r.Plan.Packs {
		doc.Packs = append(doc.Packs, p.Name)
	}
	return doc
}

// incomplete says what of the evidence was not read.
func incomplete(s *Summary) []string {
	var all []string
	if s.Partial {
		all = append(all, "the hunt was interrupted")
	}
	if s.Unreadable > 0 {
		all = append(all, english.Count(s.Unreadable, "file")+" could not be read")
	}
	if s.LostRecords > 0 {
		all = append(all, english.Count(s.LostRecords, "record")+" could not be read")
	}
	if s.LostUnknown > 0 {
		all = append(all, fmt.Sprintf("at %s it is not known how many records were lost", english.Count(s.LostUnknown, "place")))
	}
	return all
}
