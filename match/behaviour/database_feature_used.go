package behaviour

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// databaseFeatureUsed finds a feature of SQL Server that runs programs and was switched on, used and
// switched off again: who needs it for his work leaves it on.
//
// Switching shows as event 15457 of the Application log and as sp_configure in the audit (33205);
// use as a statement that calls it, or as 15281, which the server writes when it refuses.
// https://learn.microsoft.com/sql/database-engine/configure-windows/xp-cmdshell-server-configuration-option
func databaseFeatureUsed() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "db-feature-used",
			Title: "Command Feature of a Database Switched On, Used and Switched Off",
			Level: "high",
			Description: "A feature of SQL Server that runs programs or loads code (xp_cmdshell, OLE automation, CLR) was switched on and " +
				"within a short time used or switched off again.",
			Why: "Administrators who need such a feature leave it on. Intruders switch it on through a stolen or guessed login, run a few " +
				"commands as the service's account, and hide the change.",
			Benign: "Old maintenance jobs do the same at the same hour of each day: look whether this is one, and who owns it.",
			Next: []string{
				"Look for programs that the database server started in that time (parent sqlservr.exe).",
				"Find out from which computer and with which login the sign-in came.",
				"Look for tables read, files written and accounts made by the same session.",
			},
			Tags:       []string{"attack.execution", "attack.persistence", "attack.t1505.001", "attack.t1059.003"},
			References: []string{"https://learn.microsoft.com/sql/database-engine/configure-windows/xp-cmdshell-server-configuration-option"},
		},
		Views:  []View{Database},
		Params: []Param{{"minutes", 60, "minutes", "longest time from switching on to the last use or switching off"}},
		New: func(s Settings) (func() State, error) {
			within := s.Minutes("minutes")
			return func() State { return &featureState{within: within, seen: bag[featureStep]{max: maxFeatureSteps}} }, nil
		},
	}
}

// maxFeatureSteps is how many changes and uses are kept: a server that has more has had the feature
// in use all along.
const maxFeatureSteps = 20_000

// features that run programs or load code, as sp_configure calls them, with what calls them.
var features = [...]struct{ option, call string }{
	{"xp_cmdshell", "xp_cmdshell"},
	{"ole automation procedures", "sp_oacreate"},
	{"clr enabled", "create assembly"},
	{"external scripts enabled", "sp_execute_external_script"},
}

type featureStep struct {
	feature int
	kind    featureKind
	Ref
}

type featureKind uint8

const (
	featureOn featureKind = iota
	featureOff
	featureUse
)

type featureState struct {
	within time.Duration
	seen   bag[featureStep]
}

// See keeps what switches or uses a feature.
func (s *featureState) See(r *Record) {
	if r.Time().IsZero() {
		return
	}
	if option := r.Text(DBOption); option != nil {
		for i, f := range features {
			if strings.EqualFold(string(option), f.option) {
				s.change(r, i, string(r.Text(DBOld)), string(r.Text(DBNew)))
				return
			}
		}
	}
	statement := r.Text(DBStatement)
	statement = statement[:min(len(statement), maxStatement)]
	if !mentionsFeature(statement) {
		return
	}
	lower := strings.ToLower(string(statement))
	for i, f := range features {
		switch {
		case strings.Contains(lower, "sp_configure") && strings.Contains(lower, f.option):
			value := strings.TrimRight(lower[strings.Index(lower, f.option)+len(f.option):], " ;\r\n\t)")
			if strings.HasSuffix(value, "1") {
				s.keep(r, i, featureOn, "switched on by sp_configure")
			} else if strings.HasSuffix(value, "0") {
				s.keep(r, i, featureOff, "switched off by sp_configure")
			}
		case strings.Contains(lower, f.call):
			s.keep(r, i, featureUse, "used: "+Short(string(statement), maxWhat))
		}
	}
}

// mentionsFeature tells whether a statement has one of the words that matter at all; most have not. All
// but one of them have "p_", which is quickly looked for.
func mentionsFeature(statement []byte) bool {
	for at := 1; at < len(statement); at++ {
		n := bytes.IndexByte(statement[at:], '_')
		if n < 0 {
			break
		}
		if at += n; at < len("sp") || statement[at-1]|0x20 != 'p' {
			continue
		}
		for _, call := range [...]string{"sp_configure", "xp_cmdshell", "sp_oacreate", "sp_execute_external_script"} {
			if hasPrefixFold(statement[at-len("sp"):], call) {
				return true
			}
		}
	}
	return indexByRare(statement, "create assembly", 14) >= 0
}

// maxStatement is how much of a statement is looked at.
const maxStatement = 16 << 10

func (s *featureState) change(r *Record, feature int, before, now string) {
	switch {
	case before == now:
	case now == "1":
		s.keep(r, feature, featureOn, "switched on: "+features[feature].option+" from "+before+" to 1")
	case now == "0":
		s.keep(r, feature, featureOff, "switched off: "+features[feature].option+" from "+before+" to 0")
	}
}

func (s *featureState) keep(r *Record, feature int, kind featureKind, what string) {
	s.seen.add(featureStep{feature, kind, r.Ref(what)})
}

func (s *featureState) empty() bool { return s.seen.empty() }

// Join adds a later piece of evidence.
func (s *featureState) Join(later State) { s.seen.join(&later.(*featureState).seen) }

// Finish looks, from each switching on, for what follows within the time.
func (s *featureState) Finish(f *Finishing) {
	if s.seen.dropped > 0 {
		f.Note("%d changes and uses were not looked at: there are more than %d", s.seen.dropped, maxFeatureSteps)
	}
	steps := s.seen.sorted(func(a, b featureStep) int { return compareRefs(a.Ref, b.Ref) })
	done := make([]bool, len(steps))
	for i, on := range steps {
		if on.kind != featureOn || done[i] {
			continue
		}
		refs := []Ref{on.Ref}
		uses, off := 0, false
		for j := i + 1; j < len(steps) && steps[j].Time.Sub(on.Time) <= s.within && !off; j++ {
			next := steps[j]
			if next.feature != on.feature || next.Host != on.Host {
				continue
			}
			done[j] = true
			refs = append(refs, next.Ref)
			switch next.kind {
			case featureUse:
				uses++
			case featureOff:
				off = true
			}
		}
		if len(refs) > 1 && (uses > 0 || off) {
			f.Emit(featureEpisode(on, refs, uses, off))
		}
	}
}

func featureEpisode(on featureStep, refs []Ref, uses int, off bool) Episode {
	name := features[on.feature].option
	e := Episode{
		Group: []NamedValue{{"server", on.Host}, {"feature", name}},
		Facts: []NamedValue{{"uses", fmt.Sprint(uses)}, {"switched off again", yesNo(off)}},
		Refs:  refs,
	}
	took := duration(refs[len(refs)-1].Time.Sub(on.Time))
	switch {
	case uses > 0 && off:
		e.Level = "critical"
		e.Summary = fmt.Sprintf("%s was switched on, used %d times and switched off again within %s", name, uses, took)
	case uses > 0:
		e.Summary = fmt.Sprintf("%s was switched on and used %d times within %s", name, uses, took)
	default:
		e.Level = "medium"
		e.Summary = fmt.Sprintf("%s was switched on and off again within %s", name, took)
	}
	return e
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
