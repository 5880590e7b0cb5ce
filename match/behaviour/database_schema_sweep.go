package behaviour

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
)

// databaseSchemaSweep finds an account that searches a database for what might be in it: the catalogue for
// columns called like '%phone%', or table after table for a word.
//
// An application knows its tables. Who does not know them asks the catalogue, with patterns that begin
// with a wildcard because he does not know how the names begin either. The actor of Phantom Taurus searches
// databases of ministries for documents and for information about particular countries with such
// queries and saves what comes back as CSV (Unit 42, "Phantom Taurus", September 2025). Only patterns
// that begin with a wildcard count: an application that looks for names with a prefix knows it.
func databaseSchemaSweep() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "db-schema-sweep",
			Title: "Database Searched for Tables or Words",
			Level: "high",
			Description: "An account searched the catalogue of a database with patterns, or many tables, or for words of intelligence interest, " +
				"within minutes.",
			Why: "Who owns a database knows its tables. Who got in asks for columns that sound like what he wants, and searches all tables for a word.",
			Benign: "Developers' tools and reports that are being built, searches of a web site's visitors (always by the site's own account), " +
				"and inventories of personal data: look at the program and ask the account's owner.",
			Next: []string{
				"Look what the account read afterwards, and how many rows.",
				"Find out from which computer and by which program it was signed in, and what ran there.",
				"Look for files with results on the database server: .csv, .txt, .rpt.",
			},
			Tags:       []string{"attack.collection", "attack.discovery", "attack.t1213.006", "attack.t1082"},
			References: []string{"https://unit42.paloaltonetworks.com/phantom-taurus/"},
		},
		Views: []View{Database},
		Params: []Param{
			{"minutes", 10, "minutes", "longest time between two searches of one sweep"},
			{"patterns", 3, "patterns", "different patterns in the catalogue that make a sweep"},
			{"databases", 3, "databases", "databases whose catalogue is searched"},
			{"tables", 20, "tables", "different tables that are searched with a pattern"},
			{"words", 3, "words", "different words of the built-in list; one of the configuration's is enough"},
		},
		New: func(s Settings) (func() State, error) {
			state := sweepState{
				words: newWatchWords(s.Words), within: s.Minutes("minutes"),
				patterns: s.Int("patterns"), databases: s.Int("databases"), tables: s.Int("tables"), many: s.Int("words"),
			}
			return func() State {
				one := state
				one.seen.max = maxSweepSteps
				return &one
			}, nil
		},
	}
}

// maxSweepSteps is how many searches with a wildcard in front are kept, about 30 MB: busy sites with a
// search of their own have more, and those have it every day.
const maxSweepSteps = 50_000

type sweepState struct {
	words                             *watchWords
	within                            time.Duration
	patterns, databases, tables, many int
	seen                              bag[sweepStep]
	room                              []byte
}

type sweepStep struct {
	account string
	// catalogue is set if the catalogue was searched, not data.
	catalogue                bool
	pattern, table, database string
	found                    []int
	Ref
}

// catalogues are the names by which databases call their own tables of tables, in lower case.
func catalogues() []string {
	return []string{
		"information_schema.", "sys.tables", "sys.columns", "sys.all_columns", "sys.objects", "sys.all_objects", "sys.databases", "sysobjects", "syscolumns", "sysdatabases",
		"all_tables", "all_tab_columns", "dba_tables", "dba_tab_columns", "user_tables", "user_tab_columns", "pg_catalog.", "pg_class", "pg_tables", "pg_attribute",
	}
}

// See keeps searches with a pattern that begins with a wildcard.
func (s *sweepState) See(r *Record) {
	statement := r.Text(DBStatement)
	statement = statement[:min(len(statement), maxReadStatement)]
	user := r.Text(DBUser)
	if user == nil || len(user) > maxPrincipal || r.Time().IsZero() {
		return
	}
	pattern, rest := likePattern(statement)
	if pattern == nil {
		return
	}
	s.room = accountKey(s.room[:0], r, user)
	step := sweepStep{
		account: string(s.room), catalogue: slices.ContainsFunc(catalogues(), func(c string) bool { return containsFold(statement, c) }),
		table: string(appendLower(nil, tableOf(statement))), database: string(appendLower(nil, r.Text(DBDatabase))),
	}
	if database, _, ok := strings.Cut(step.table, "."); ok && step.catalogue && database != "information_schema" && database != "sys" && database != "pg_catalog" {
		step.database = database // other.sys.tables
	}
	for ; pattern != nil; pattern, rest = likePattern(rest) {
		step.pattern = string(appendLower(nil, pattern))
		step.found = s.words.find(pattern)
		if !s.seen.add(step.with(r, user, statement)) {
			return
		}
	}
}

func (step sweepStep) with(r *Record, user, statement []byte) sweepStep {
	step.Ref = r.Ref(fmt.Sprintf("%s: %s", user, bytes.TrimSpace(statement[:min(len(statement), maxWhat)])))
	return step
}

// likePattern finds the next pattern that begins with a wildcard and has three characters besides:
// LIKE '%x%'. rest is what stands behind it; pattern is nil if there is none.
func likePattern(text []byte) (pattern, rest []byte) {
	for {
		at := indexByRare(text, "like", 2)
		if at < 0 {
			return nil, nil
		}
		text = text[at+len("like"):]
		value := bytes.TrimLeft(text, " \t\r\n(")
		if len(value) > 1 && (value[0]|0x20 == 'n' || value[0]|0x20 == 'e') { // N'...' and E'...'
			value = value[1:]
		}
		if len(value) < 2 || value[0] != '\'' && value[0] != '"' || value[1] != '%' {
			continue
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 {
			end = len(value) - 1
		}
		if pattern = value[1 : 1+end]; len(bytes.Trim(pattern, "%_")) >= 3 {
			return pattern, value[1+end:]
		}
	}
}

// Join adds a later piece of evidence.
func (s *sweepState) Join(later State) { s.seen.join(&later.(*sweepState).seen) }

// Finish puts together what an account searched for in a short time.
func (s *sweepState) Finish(f *Finishing) {
	s.seen.noteDropped(f, "searches in databases")
	steps := s.seen.sorted(func(a, b sweepStep) int {
		return cmp.Or(strings.Compare(a.account, b.account), compareRefs(a.Ref, b.Ref), strings.Compare(a.pattern, b.pattern))
	})
	var sweeps []sweep
	for one := range runsOf(steps, func(first, last, next *sweepStep) bool {
		return next.account == first.account && next.Time.Sub(last.Time) <= s.within
	}) {
		sweeps = append(sweeps, s.sweep(one))
	}
	for own := range runsOf(sweeps, func(first, _, next *sweep) bool { return next.account == first.account }) {
		for i := range own {
			if own[i].level > 0 && !isUsualSweep(own, i) {
				s.emit(f, &own[i])
			}
		}
	}
}

// A sweep is what an account searched for without a pause.
type sweep struct {
	account                     string
	steps                       []sweepStep
	patterns, tables, databases map[string]bool // of databases those whose catalogue was searched
	found                       []int
	listed                      bool
	// level is 2 for high, 1 for one below, 0 for nothing.
	level int
}

func (s *sweepState) sweep(steps []sweepStep) sweep {
	w := sweep{account: steps[0].account, steps: steps, patterns: map[string]bool{}, tables: map[string]bool{}, databases: map[string]bool{}}
	catalogued := map[string]bool{}
	for i := range steps {
		step := &steps[i]
		w.patterns[step.pattern] = true
		w.tables[step.database+"."+step.table] = true
		if step.catalogue {
			catalogued[step.pattern] = true
			w.databases[step.database] = true
		}
		for _, n := range step.found {
			if !slices.Contains(w.found, n) {
				w.found = append(w.found, n)
			}
		}
	}
	slices.Sort(w.found)
	_, w.listed = s.words.names(w.found)
	switch {
	case w.listed, len(w.found) >= s.many, len(w.found) > 0 && (len(catalogued) > 0 || len(w.tables) >= s.tables),
		len(catalogued) >= 3*s.patterns, len(catalogued) >= s.patterns && len(w.databases) >= s.databases:
		w.level = 2
	case len(catalogued) >= s.patterns, len(w.databases) >= s.databases, len(w.tables) >= s.tables:
		w.level = 1
	}
	return w
}

// isUsualSweep tells whether the account, of which all are, did the like on some other days: a site with
// a search of its own.
func isUsualSweep(all []sweep, at int) bool {
	own := all[at].day()
	days, last := 0, time.Time{}
	for i := range all {
		if day := all[i].day(); all[i].level > 0 && !day.Equal(last) && !day.Equal(own) {
			days++
			last = day
		}
		if days == regularDays {
			return true
		}
	}
	return false
}

func (w *sweep) day() time.Time { return w.steps[0].Time.Truncate(24 * time.Hour) }

func (s *sweepState) emit(f *Finishing, w *sweep) {
	server, account := cutAccount(w.account)
	names, _ := s.words.names(w.found)
	e := Episode{
		Level: f.rule.Level,
		Group: []NamedValue{{"server", serverName(server)}, {"account", account}},
		Facts: []NamedValue{
			{"different patterns", fmt.Sprint(len(w.patterns))}, {"different tables", fmt.Sprintf("%d (many from %d)", len(w.tables), s.tables)},
			{"databases whose catalogue was searched", fmt.Sprintf("%d (many from %d)", len(w.databases), s.databases)},
		},
	}
	if len(names) > 0 {
		e.Facts = append(e.Facts, NamedValue{"watch-words", Short(strings.Join(names, ", "), maxWhat)})
	}
	for i := range w.steps {
		e.Refs = append(e.Refs, w.steps[i].Ref)
	}
	where := "data"
	if len(w.databases) > 0 {
		where = "the catalogue"
	}
	var patterns []string
	for i := range w.steps {
		if p := w.steps[i].pattern; w.patterns[p] {
			w.patterns[p] = false
			patterns = append(patterns, p)
		}
	}
	e.Summary = fmt.Sprintf("%s searched %s for %s in %s within %s", account, where, Short(quoted(patterns), maxWhat),
		english.Count(len(w.tables), "table"), duration(w.steps[len(w.steps)-1].Time.Sub(w.steps[0].Time)))
	if w.level < 2 {
		e.Level = levelBelow(e.Level)
	}
	f.Emit(e)
}
