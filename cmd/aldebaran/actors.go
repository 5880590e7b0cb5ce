package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"aldebaran/attack"
	"aldebaran/attribution"
	"aldebaran/hunt"
)

func actorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "actors",
		Short: "List, show and compare the actors that are known: those of ATT&CK and of packs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		actorsSubcommand("list", "Show which actors there are", 0, listActors),
		actorsSubcommand("show ACTOR", "Show what is known of an actor, by name, alias or number", 1, showActor),
		actorsSubcommand("compare ACTOR ACTOR", "Show what two actors have in common and what tells them apart", 2, compareActors),
	)
	return cmd
}

// knownActors are the profiles that the commands look into.
type knownActors struct {
	profiles  []attribution.Profile
	knowledge *attack.Knowledge
	asJSON    bool
}

// actorsSubcommand makes one of the commands, all of which take the same flags.
func actorsSubcommand(use, short string, args int, show func(*cobra.Command, *knownActors, []string) error) *cobra.Command {
	var (
		dirs   []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(args),
		RunE: func(cmd *cobra.Command, names []string) error {
			list, err := loadPacks(cmd.ErrOrStderr(), dirs)
			if err != nil {
				return err
			}
			k := attack.Load()
			return show(cmd, &knownActors{attribution.Profiles(k, list), k, asJSON}, names)
		},
	}
	packFlag(cmd, &dirs)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// find gives the actor of a name, alias or number; an alias of several is an error that lists them.
func (a *knownActors) find(name string) (*attribution.Profile, error) {
	var found []*attribution.Profile
	for i := range a.profiles {
		p := &a.profiles[i]
		if strings.EqualFold(p.ID, name) || strings.EqualFold(p.Name, name) {
			return p, nil
		}
		if slices.ContainsFunc(p.Aliases, func(alias string) bool { return strings.EqualFold(alias, name) }) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, &hunt.UsageError{What: fmt.Sprintf("no actor %q is known", name), Hint: "see aldebaran actors list"}
	case 1:
		return found[0], nil
	}
	var names []string
	for _, p := range found {
		names = append(names, p.Name+" ("+p.ID+")")
	}
	return nil, &hunt.UsageError{What: fmt.Sprintf("%q is a name of several actors: %s", name, strings.Join(names, ", ")), Hint: "use the number"}
}

// print writes JSON if it was asked for, else what text writes.
func (a *knownActors) print(cmd *cobra.Command, v any, text func(packText)) error {
	if a.asJSON {
		return writeJSON(cmd.OutOrStdout(), v)
	}
	w := packText{Writer: bufio.NewWriter(cmd.OutOrStdout())}
	text(w)
	return w.Flush()
}

// An actorLine is an actor in the list.
type actorLine struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Aliases    []string `json:"aliases"`
	Techniques int      `json:"techniques"`
	Software   int      `json:"software"`
}

func lineOf(p *attribution.Profile) actorLine {
	l := actorLine{ID: p.ID, Name: p.Name, Aliases: some(p.Aliases)}
	for _, u := range p.Uses {
		if attribution.IsTechnique(u.Target) {
			l.Techniques++
		} else {
			l.Software++
		}
	}
	return l
}

func listActors(cmd *cobra.Command, a *knownActors, _ []string) error {
	list := []actorLine{}
	for i := range a.profiles {
		list = append(list, lineOf(&a.profiles[i]))
	}
	return a.print(cmd, list, func(w packText) {
		for _, l := range list {
			w.line(l.ID, "%s: %d techniques, %d programs%s", l.Name, l.Techniques, l.Software, alsoCalled(l.Aliases))
		}
	})
}

func alsoCalled(aliases []string) string {
	if len(aliases) == 0 {
		return ""
	}
	return "; also " + strings.Join(aliases, ", ")
}

// An actorShown is an actor as actors show has it.
type actorShown struct {
	actorLine
	Origin     []string            `json:"origin"`
	Sectors    []string            `json:"sectors"`
	Regions    []string            `json:"regions"`
	Rarest     []attribution.Trait `json:"rarest"`
	Techniques []string            `json:"technique_ids"`
	Software   []string            `json:"software_ids"`
}

// shownTraits is how many of what sets an actor apart are shown.
const shownTraits = 12

func showActor(cmd *cobra.Command, a *knownActors, names []string) error {
	p, err := a.find(names[0])
	if err != nil {
		return err
	}
	m := attribution.New(a.profiles, attribution.Newest())
	s := actorShown{actorLine: lineOf(p), Origin: some(p.Origin), Sectors: some(p.Sectors), Regions: some(p.Regions), Rarest: m.Traits(p, a.knowledge)}
	s.Rarest = s.Rarest[:min(shownTraits, len(s.Rarest))]
	for _, u := range p.Uses {
		if attribution.IsTechnique(u.Target) {
			s.Techniques = append(s.Techniques, u.Target)
		} else {
			s.Software = append(s.Software, u.Target)
		}
	}
	return a.print(cmd, s, func(w packText) {
		w.line(s.ID, "%s%s", s.Name, alsoCalled(s.Aliases))
		w.list("from", s.Origin)
		w.list("targets", slices.Concat(s.Sectors, s.Regions))
		w.heading("What sets it apart: used by few others")
		for _, t := range s.Rarest {
			w.line(fmt.Sprintf("%d others", t.Users-1), "%s", t.Name)
		}
		w.heading("All that it uses")
		w.list("techniques", s.Techniques)
		w.list("software", s.Software)
	})
}

// list prints a word and a list, or nothing for none.
func (w packText) list(word string, list []string) {
	if len(list) > 0 {
		w.line(word, "%s", strings.Join(list, ", "))
	}
}

func compareActors(cmd *cobra.Command, a *knownActors, names []string) error {
	first, err := a.find(names[0])
	if err != nil {
		return err
	}
	second, err := a.find(names[1])
	if err != nil {
		return err
	}
	m := attribution.New(a.profiles, attribution.Newest())
	c := m.Compare(first, second, a.knowledge)
	return a.print(cmd, c, func(w packText) {
		w.line("alike", "%.2f of 1, rare techniques and software weigh more", c.Similarity)
		for _, part := range []struct {
			title  string
			traits []attribution.Trait
		}{{"Both", c.Both}, {first.Name + " only", c.First}, {second.Name + " only", c.Second}} {
			w.heading(fmt.Sprintf("%s (%d)", hunt.Terminal(part.title), len(part.traits)))
			for _, t := range part.traits[:min(shownTraits, len(part.traits))] {
				w.line(fmt.Sprintf("%d actors", t.Users), "%s", t.Name)
			}
		}
	})
}
