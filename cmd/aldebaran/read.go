package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aldebaran/attack"
	"aldebaran/escape"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/story"
)

func readCommand() *cobra.Command {
	var (
		dirs   []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "read STORY",
		Short: "Show what a threat report claims: actors, malware, techniques, targets, indicators",
		Long: `Read reads a report (text, Markdown, HTML, PDF, e-mail, a STIX bundle, an event of MISP) and shows what it
claims, each claim with the words that make it and where they stand. What the report denies, doubts or
has somebody else say is marked. Nothing leaves this machine.

A dash reads standard input. What the claims mean for your servers: aldebaran plan STORY.`,
		Example: `  aldebaran read report.pdf
  aldebaran read article.html --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := loadPacks(cmd.ErrOrStderr(), dirs)
			if err != nil {
				return err
			}
			know := knowledgeFlags{story: args[0]}
			file, err := know.openStory(cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer file.Close()
			return showStory(cmd.OutOrStdout(), file, args[0], all, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&dirs, "pack", nil, "know the names in the pack in this `folder` too (repeatable)")
	flags.BoolVar(&asJSON, "json", false, "print JSON, with the text that the offsets count in")
	return cmd
}

// showStory reads a story and prints its claims.
func showStory(w io.Writer, r io.Reader, path string, all []*intel.Pack, asJSON bool) error {
	s, err := readStory(r, path, all)
	if err != nil {
		return &hunt.UsageError{What: err.Error(), Hint: "text, Markdown, HTML, PDF, e-mail, STIX or MISP: see aldebaran read --help"}
	}
	if asJSON {
		return storyJSON(w, s)
	}
	out := storyText{Writer: bufio.NewWriter(w), story: s, knowledge: attack.Load()}
	out.head()
	for _, k := range storyKinds {
		out.kind(k.kind, k.heading)
	}
	return out.Flush()
}

// storyJSON prints a story as one document.
func storyJSON(w io.Writer, s *story.Story) error {
	b, err := json.MarshalIndent(struct {
		Path      string        `json:"path"`
		Format    string        `json:"format"`
		Title     string        `json:"title"`
		Published time.Time     `json:"published,omitzero"`
		Language  string        `json:"language"`
		Claims    []story.Claim `json:"claims"`
		Notes     []string      `json:"notes"`
		Text      string        `json:"text"`
	}{s.Path, s.Format, s.Title, s.Published, s.Language, some(s.Claims), some(s.Notes), s.Text}, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escape.JSON(b), '\n'))
	return err
}

// storyKinds are the kinds of claims in the order in which they are shown.
var storyKinds = [...]struct {
	kind    story.Kind
	heading string
}{
	{story.Actor, "ACTORS"}, {story.Malware, "MALWARE"}, {story.Tool, "TOOLS"}, {story.Vulnerability, "VULNERABILITIES"}, {story.Technique, "TECHNIQUES"},
	{story.Sector, "SECTORS"}, {story.Region, "REGIONS"}, {story.Country, "COUNTRIES"}, {story.System, "SYSTEMS"}, {story.Data, "DATA SOUGHT"},
	{story.Period, "PERIODS"}, {story.Relation, "RELATIONS"}, {story.Assessment, "ASSESSMENTS"}, {story.Indicator, "INDICATORS"}, {story.Advice, "ADVICE"},
}

// A storyText prints claims for people.
type storyText struct {
	*bufio.Writer // remembers the first error, and Flush tells it
	story         *story.Story
	knowledge     *attack.Knowledge
}

// line prints one line; texts of the report are made safe for the terminal.
func (t *storyText) line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = hunt.Terminal(s)
		}
	}
	_, _ = fmt.Fprintf(t, format+"\n", args...)
}

func (t *storyText) head() {
	s := t.story
	if s.Title != "" {
		t.line("%s", s.Title)
	}
	t.line("%s: %s, language %s, %d sentences, %d claims", s.Path, s.Format, s.Language, len(s.Sentences), len(s.Claims))
	if !s.Published.IsZero() {
		t.line("published %s", s.Published.Format(time.DateOnly))
	}
	for _, n := range s.Notes {
		t.line("note: %s", n)
	}
}

// kind prints the claims of one kind.
func (t *storyText) kind(kind story.Kind, heading string) {
	first := true
	for i := range t.story.Claims {
		c := &t.story.Claims[i]
		if c.Kind != kind {
			continue
		}
		if first {
			t.line("\n%s", heading)
			first = false
		}
		t.claim(c)
	}
}

// maxQuoteShown is how much of a quote is shown; the rest is in the JSON.
const maxQuoteShown = 160

func (t *storyText) claim(c *story.Claim) {
	if c.Kind != story.Advice {
		t.line("  %-6s%s%s", c.ID, t.name(c), marks(c))
	}
	quote := strings.Join(strings.Fields(c.Quote), " ")
	if len(quote) > maxQuoteShown {
		quote = strings.ToValidUTF8(quote[:maxQuoteShown], "") + "…"
	}
	if c.Kind == story.Advice {
		t.line("  %-6s%s", c.ID, quote)
		return
	}
	t.line("        “%s” at %d", quote, c.Start)
}

// name is what a claim says, in words.
func (t *storyText) name(c *story.Claim) string {
	name := c.Name
	switch c.Kind {
	case story.Technique:
		if known := t.knowledge.TechniqueByID(c.Name); known != nil {
			name += " " + known.Name
		}
	case story.Relation:
		name = c.Subject + ": " + c.Name + " " + c.Object
	case story.Indicator:
		name = c.Indicator + " " + c.Name
	}
	var other []string
	for _, ref := range c.Refs {
		if ref != c.Name {
			other = append(other, ref)
		}
	}
	if len(other) > 0 {
		name += " [" + strings.Join(other, ", ") + "]"
	}
	return name
}

// marks say how a claim is made.
func marks(c *story.Claim) string {
	var m []string
	add := func(is bool, mark string) {
		if is {
			m = append(m, mark)
		}
	}
	add(c.Negated, "DENIED")
	add(c.Hedged, "in doubt")
	add(c.New, "new name")
	add(c.How == "described", fmt.Sprintf("described, %.0f %% sure", c.Score*100))
	add(c.Role == "origin" || c.Role == "victim", c.Role)
	add(c.Role == "aside", "of something else")
	add(c.Defanged, "defanged")
	add(c.Speaker != "", "says "+c.Speaker)
	add(c.Times > 1, fmt.Sprintf("%d times", c.Times))
	if len(m) == 0 {
		return ""
	}
	return " (" + strings.Join(m, ", ") + ")"
}
