package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aldebaran/attack"
	"aldebaran/attribution"
	"aldebaran/brief"
	"aldebaran/escape"
	"aldebaran/finding"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/store"
	"aldebaran/verdict"
)

// attributeFlags are those of attribute.
type attributeFlags struct {
	packs     []string
	overrides string
	clusters  string
	graph     string
	stix      string
	sector    string
	region    string
	asJSON    bool
}

func attributeCommand() *cobra.Command {
	var f attributeFlags
	cmd := &cobra.Command{
		Use:   "attribute CASE|HUNT.json...",
		Short: "Say who an intrusion looks like, how sure that is, and what is missing to be surer",
		Long: `Attribute reads cases, or what hunt --format json wrote, and ranks the actors of ATT&CK and of the packs, with
reasons for and against, what would decide between the first two, and the level that the evidence
allows: activity cluster, temporary group or named actor. Several hunts are compared with each other
as well. Probabilities always leave room for an unknown or new actor.`,
		Example: `  aldebaran attribute cases/ministry
  aldebaran attribute spring.json autumn.json --graph links.svg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	packFlag(cmd, &f.packs)
	flags := cmd.Flags()
	flags.StringVar(&f.overrides, "overrides", "", "changes by an analyst, as JSON in this `file`: docs/formats/attribution.md")
	flags.StringVar(&f.clusters, "clusters", "", "clusters that an analyst merges or splits, as JSON in this `file`: docs/formats/attribution.md")
	flags.StringVar(&f.graph, "graph", "", "draw how several hunts are linked into this `file` (.svg)")
	flags.StringVar(&f.stix, "stix", "", "write how several hunts are linked into this `file`, as STIX 2.1")
	flags.StringVar(&f.sector, "sector", "", "the victim's `sector` (government, telecommunications...)")
	flags.StringVar(&f.region, "region", "", "the victim's `region` (Middle East, Africa...)")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

// An attributed hunt is what attribute prints of each.
type attributed struct {
	Hunt     string                `json:"hunt"`
	Incident *attribution.Incident `json:"incident"`
	*attribution.Explanation
	Assessment *attribution.Assessment `json:"assessment"`
}

// shownActors is how many actors of a ranking are printed.
const shownActors = 10

func (f *attributeFlags) run(cmd *cobra.Command, names []string) error {
	list, err := loadPacks(cmd.ErrOrStderr(), f.packs)
	if err != nil {
		return err
	}
	overrides, err := readOverrides(f.overrides)
	if err != nil {
		return err
	}
	who := newAttributing(list)
	var all []attributed
	var incidents []*attribution.Incident
	for _, name := range names {
		in, err := who.incident(name)
		if err != nil {
			return err
		}
		if f.sector != "" || f.region != "" {
			in.Victim = attribution.Victim{Sectors: words(f.sector), Regions: words(f.region)}
		}
		incidents = append(incidents, in)
		all = append(all, who.attribute(name, in, overrides))
	}
	clusters, err := f.clustersOf(who.model, incidents)
	if err != nil {
		return err
	}
	if err := f.writeLinks(clusters); err != nil {
		return err
	}
	if f.asJSON {
		return writeJSON(cmd.OutOrStdout(), struct {
			Hunts    []attributed          `json:"hunts"`
			Clusters *attribution.Clusters `json:"clusters,omitempty"`
		}{all, clusters})
	}
	w := packText{Writer: bufio.NewWriter(cmd.OutOrStdout())}
	for i := range all {
		w.attributed(&all[i])
	}
	w.clusters(clusters)
	return w.Flush()
}

// writeJSON writes a value for machines, with what deceives people who look at it escaped.
func writeJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escape.JSON(b), '\n'))
	return err
}

// words are values of flags as victims have them; none for none.
func words(values ...string) []string {
	var all []string
	for _, s := range values {
		if s != "" {
			all = append(all, strings.ToLower(s))
		}
	}
	return all
}

// attributing is what all hunts are held against.
type attributing struct {
	packs     []*intel.Pack
	knowledge *attack.Knowledge
	profiles  []attribution.Profile
	model     *attribution.Model
}

func newAttributing(packs []*intel.Pack) *attributing {
	a := &attributing{packs: packs, knowledge: attack.Load()}
	a.profiles = attribution.Profiles(a.knowledge, packs)
	a.model = attribution.New(a.profiles, attribution.Newest())
	return a
}

// incident reads a case or a hunt's document.
func (a *attributing) incident(name string) (*attribution.Incident, error) {
	if isFolder(name) {
		c, err := store.Load(name)
		if err != nil {
			return nil, caseError(err)
		}
		if c.Outcome == nil {
			return nil, &hunt.UsageError{What: name + ": no hunt of this case has ended", Hint: "go on with aldebaran hunt --case " + name}
		}
		in := attribution.FromFindings(c.Outcome.Findings, a.packs, a.profiles, a.knowledge)
		in.Name, in.Victim, in.Visible = filepath.Base(name), victimOf(c.Outcome.Setting), visibleIn(c.Outcome.Answer)
		return in, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	seen, err := attribution.ReadDocument(file)
	if err != nil {
		return nil, &hunt.UsageError{What: fmt.Sprintf("%s: %v", name, err), Hint: "write one with aldebaran hunt EVIDENCE --output FILE.json"}
	}
	in := attribution.FromSeen(seen, a.packs, a.profiles, a.knowledge)
	in.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	return in, nil
}

// howVisible is how likely a technique would have been seen by the strength of a "not seen".
var howVisible = map[string]float64{"strong": .8, "moderate": .5, "weak": .2}

// visibleIn says how likely the evidence would have shown techniques, as far as the answer to a question
// about them knows; nil without one. Questions about one detection say nothing of a technique as a whole.
func visibleIn(answer *verdict.Report) map[string]float64 {
	if answer == nil {
		return nil
	}
	visible := map[string]float64{}
	for _, v := range answer.Verdicts {
		if v.Hypothesis.Kind != "technique" {
			continue
		}
		for _, t := range v.Hypothesis.Techniques {
			switch v.Value {
			case verdict.NotSeen:
				visible[t] = max(visible[t], howVisible[v.Strength])
			case verdict.CouldNotSee:
				visible[t] = max(visible[t], 0)
			}
		}
	}
	return visible
}

// victimOf is what users say of themselves.
func victimOf(s verdict.Setting) attribution.Victim {
	return attribution.Victim{Sectors: words(s.Sector), Regions: words(s.Region, s.Country)}
}

// attribute explains and assesses one incident.
func (a *attributing) attribute(name string, in *attribution.Incident, overrides []attribution.Override) attributed {
	e := a.model.Explain(in, a.knowledge)
	out := attributed{Hunt: name, Incident: in, Explanation: e, Assessment: a.model.Assess(in, e.Ranking, a.reports(e.Ranking), overrides)}
	e.Ranking.Candidates = e.Ranking.Candidates[:min(shownActors, len(e.Ranking.Candidates))]
	return out
}

// reports is what is published about the first candidate: packs know, ATT&CK's facts do not say.
func (a *attributing) reports(r *attribution.Ranking) attribution.Reports {
	if len(r.Candidates) == 0 {
		return attribution.Reports{}
	}
	for _, p := range a.packs {
		if profile, ok := attribution.FromPack(p, a.knowledge); ok && profile.ID == r.Candidates[0].ID {
			return attribution.ReportsOf(p)
		}
	}
	return attribution.Reports{}
}

// briefed is how many candidates a brief tells of, and reasons of each.
const (
	briefedCandidates = 3
	briefedReasons    = 5
)

// briefAttribution is who it may have been, as briefs have it.
func briefAttribution(findings []finding.Finding, answer *verdict.Report, packs []*intel.Pack, setting verdict.Setting) *brief.Attribution {
	who := newAttributing(packs)
	in := attribution.FromFindings(findings, packs, who.profiles, who.knowledge)
	in.Victim, in.Visible = victimOf(setting), visibleIn(answer)
	a := who.attribute("", in, nil)
	out := &brief.Attribution{Level: string(a.Assessment.Level)}
	for _, c := range a.Assessment.Missing() {
		out.Missing = append(out.Missing, fmt.Sprintf("%s: %s", c.Level, c.Text))
	}
	if a.Ranking.Answer == attribution.AnswerNotEnough {
		return out
	}
	for _, c := range a.Candidates[:min(briefedCandidates, len(a.Candidates))] {
		out.Candidates = append(out.Candidates, brief.AttributionCandidate{
			Name: c.Name, Probability: c.Probability, Why: reasonTexts(c.For), Against: reasonTexts(c.Against),
		})
	}
	for _, s := range a.Decide {
		out.Missing = append(out.Missing, s.Text+inLogs(s.Where))
	}
	return out
}

func reasonTexts(list []attribution.Reason) []string {
	var texts []string
	for _, r := range list[:min(briefedReasons, len(list))] {
		texts = append(texts, r.Text+sharedWith(r.Shared))
	}
	return texts
}

// maxOverrides bounds a file of an analyst's changes.
const maxOverrides = 1 << 20

// clustersOf links several hunts, and applies what an analyst decided of their clusters; nil for one hunt.
func (f *attributeFlags) clustersOf(m *attribution.Model, incidents []*attribution.Incident) (*attribution.Clusters, error) {
	if len(incidents) < 2 {
		if f.clusters != "" {
			return nil, &hunt.UsageError{What: "--clusters: want several hunts, found one", Hint: "name two or more cases or documents of hunts"}
		}
		return nil, nil
	}
	c, err := m.Cluster(incidents)
	if err != nil {
		return nil, &hunt.UsageError{What: err.Error(), Hint: "compare fewer at once"}
	}
	if f.clusters == "" {
		return c, nil
	}
	_, err = readChanges("--clusters", f.clusters, func(d *attribution.Decision) error { return c.Apply(*d) })
	return c, err
}

// readOverrides reads an analyst's changes to objects of evidence.
func readOverrides(name string) ([]attribution.Override, error) {
	if name == "" {
		return nil, nil
	}
	return readChanges("--overrides", name, func(o *attribution.Override) error {
		if o.Object == "" || o.By == "" || o.Reason == "" {
			return errors.New("want object, by and reason, found one of them empty")
		}
		return nil
	})
}

// readChanges reads the list of an analyst's changes in a file, and makes each of them; what is wrong with one
// is told with its number.
func readChanges[T any](flag, name string, do func(*T) error) ([]T, error) {
	var list []T
	data, err := readBounded(name, maxOverrides)
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	for i := 0; i < len(list) && err == nil; i++ {
		if err = do(&list[i]); err != nil {
			err = fmt.Errorf("change %d: %w", i+1, err)
		}
	}
	if err != nil {
		return nil, &hunt.UsageError{What: fmt.Sprintf("%s: %s: %v", flag, name, err), Hint: "docs/formats/attribution.md says what stands in it"}
	}
	return list, nil
}

// writeLinks writes how hunts are linked, in the forms that were asked for.
func (f *attributeFlags) writeLinks(c *attribution.Clusters) error {
	for _, form := range []struct {
		flag, name string
		write      func(io.Writer) error
	}{
		{"--graph", f.graph, func(w io.Writer) error { return c.WriteSVG(w) }},
		{"--stix", f.stix, func(w io.Writer) error { return c.WriteSTIX(w, time.Now()) }},
	} {
		if form.name == "" {
			continue
		}
		if c == nil {
			return &hunt.UsageError{What: form.flag + ": want several hunts, found one", Hint: "name two or more cases or documents of hunts"}
		}
		if err := writeTo(form.name, form.write); err != nil {
			return err
		}
	}
	return nil
}

func writeTo(name string, write func(io.Writer) error) error {
	out, err := openOutput(name, nil)
	if err != nil {
		return err
	}
	return out.close(write(out))
}

// attributed prints one hunt's attribution.
func (w packText) attributed(a *attributed) {
	r := a.Ranking
	w.heading(hunt.Terminal(a.Hunt))
	w.line("answer", "%s", answerText(r))
	w.line("level", "%s", a.Assessment.Sentence)
	w.heading("How likely")
	for _, c := range a.Candidates {
		w.line(percent(c.Probability), "%s (%s)", c.Name, c.ID)
	}
	w.line(percent(r.Unknown), "%s", attribution.AnswerUnknown)
	w.line(percent(r.NotEnough), "%s", attribution.AnswerNotEnough)
	if r.Answer != attribution.AnswerNotEnough {
		w.reasons(a)
	}
	w.heading("What the next levels ask for")
	for _, c := range a.Assessment.Criteria {
		w.line(map[bool]string{true: "met", false: "missing"}[c.Met], "%s: %s", c.Level, c.Text)
	}
}

// reasons prints those of the first two candidates, and what would decide between the first two
// hypotheses. Without enough evidence they would only look like some.
func (w packText) reasons(a *attributed) {
	for i, c := range a.Candidates[:min(2, len(a.Candidates))] {
		w.heading(fmt.Sprintf("%d. %s: reasons, in logarithms of odds", i+1, hunt.Terminal(c.Name)))
		for _, reason := range c.For {
			w.line(fmt.Sprintf("%+.2f", reason.Points), "%s%s", reason.Text, sharedWith(reason.Shared))
		}
		for _, reason := range c.Against[:min(3, len(c.Against))] {
			w.line(fmt.Sprintf("%+.2f", reason.Points), "%s", reason.Text)
		}
	}
	if len(a.Decide) > 0 {
		w.heading("What would decide")
	}
	for _, s := range a.Decide {
		w.line(fmt.Sprintf("%.3f bits", s.Bits), "%s%s", s.Text, inLogs(s.Where))
	}
}

// answerText is a ranking's answer for people.
func answerText(r *attribution.Ranking) string {
	switch r.Answer {
	case attribution.AnswerActor:
		return "more likely than not " + r.Candidates[0].Name
	case attribution.AnswerNotEnough:
		return fmt.Sprintf("%s: random techniques look as much like somebody in %.0f of 100 draws", r.Answer, 100*r.Chance)
	}
	return string(r.Answer)
}

func percent(p float64) string { return fmt.Sprintf("%5.1f %%", 100*p) }

func sharedWith(rivals []string) string {
	if len(rivals) == 0 {
		return ""
	}
	return "; also of " + strings.Join(rivals, ", ")
}

func inLogs(logs []string) string {
	if len(logs) == 0 {
		return ""
	}
	return "; in " + strings.Join(logs, ", ")
}

// clusters prints how several hunts are linked; nil prints nothing.
func (w packText) clusters(c *attribution.Clusters) {
	if c == nil {
		return
	}
	w.heading("Clusters")
	for _, x := range c.Current {
		var names []string
		for _, i := range x.Incidents {
			names = append(names, c.Incidents[i])
		}
		w.line(x.ID, "%s", strings.Join(names, ", "))
	}
	for i := range c.History {
		w.line(c.History[i].Kind, "%s", c.History[i].String())
	}
	for _, l := range c.Links {
		w.line(fmt.Sprintf("%+.2f", l.Weight), "%s and %s: %s", c.Incidents[l.A], c.Incidents[l.B], strings.Join(l.Reasons, "; "))
	}
}
