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

// databaseBulkRead finds an account that reads far more of a database than it does otherwise, by a
// program that it did not use before, or by hand out of tables that nobody reads by hand.
//
// What an account reads is counted by its program (or its client, where logs do not name the program)
// and hour, and compared with its own other hours and days; a program that is new for an account is
// compared with the account's others. So nightly dumps and reports are quiet, and a web server's account
// that suddenly reads tables by sqlcmd is not: a web shell that uses the site's own connection, or
// somebody who found its password in the configuration, as the actor of Phantom Taurus does (Unit 42,
// September 2025; the script saves whole tables as CSV).
//
// In telecoms the tables of calls, subscribers and lawful interception are what such actors come for
// (CISA AA25-239A, August 2025, on Salt Typhoon); applications read them, people do not.
func databaseBulkRead() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "db-bulk-read",
			Title:       "Bulk Read of a Database",
			Level:       "high",
			Description: "An account read far more rows or tables in an hour than it does otherwise, or read telecom tables by hand.",
			Why:         "Applications read the same tables in the same amounts every day. Who copies a database reads what no screen could show.",
			Benign: "A dump before an upgrade, a migration, a new report or a new backup program: ask the database's owner for the change, " +
				"and look whether it goes on each day.",
			Next: []string{
				"Look where the rows went: the program, its computer, files written there or on the server.",
				"Look at the sign-in before it: is the client one that the account uses?",
				"For a web server's account: look for a page on that server that takes statements.",
			},
			Tags: []string{"attack.collection", "attack.t1213.006", "attack.t1005"},
			References: []string{
				"https://unit42.paloaltonetworks.com/phantom-taurus/",
				"https://www.cisa.gov/news-events/cybersecurity-advisories/aa25-239a",
			},
		},
		Views: []View{Database},
		Params: []Param{
			{"rows", 100_000, "rows", "that must have been read in an hour, where logs tell (SQL Server 2022, MySQL's slow log, pgAudit)"},
			{"tables", 50, "tables", "different tables that must have been read in an hour"},
			{"factor", 5, "times", "how many times the median of its other hours that must be"},
			{"history", 8, "hours", "other hours that make a history; with less the level is one step lower"},
			{"days", 3, "days", "how long an account must have been used in the evidence before a program is called new for it"},
		},
		Lists: []List{{"sensitive", []string{
			"cdr", "cdrs", "call_detail", "call_records", "subscriber", "subscribers", "imsi", "msisdn", "hlr", "hss", "udr", "intercept", "lawful_intercept", "li_target", "li_targets",
		}, "tables that nobody reads by hand: names, or parts of names between underscores"}},
		New: func(s Settings) (func() State, error) {
			state := bulkReadState{
				rows:      usual{func(h *hour) int64 { return h.amounts[readRows] }, int64(s.Int("rows")), s.Param("factor"), s.Int("history")},
				tables:    usual{func(h *hour) int64 { return int64(len(h.things)) }, int64(s.Int("tables")), s.Param("factor"), s.Int("history")},
				known:     s.Days("days"),
				sensitive: s.List("sensitive"),
			}
			return func() State {
				one := state
				one.seen.who.max = maxActive
				one.tablesOfList = map[uint64]bool{}
				return &one
			}, nil
		},
	}
}

const readRows = 0 // what of an hour is counted

// What else is noted of an hour; fromConsole is another.
const (
	readSensitive uint8 = 2 // a telecom table
	readByHand    uint8 = 4 // one of them by a console
)

type bulkReadState struct {
	rows, tables usual
	known        time.Duration
	sensitive    []string
	// seen is by server, account and program or client.
	seen hourly
	// tablesOfList says of tables whether they are sensitive, by the hash of their name.
	tablesOfList map[uint64]bool
	room         []byte
}

// See counts what is read.
func (s *bulkReadState) See(r *Record) {
	statement := statementOf(r)
	if !isRead(r, statement) {
		return
	}
	user := r.Text(DBUser)
	if user == nil || len(user) > maxPrincipal {
		return
	}
	application := r.Text(DBApplication)
	by := application
	if by == nil {
		by = r.Text(DBClient)
	}
	s.room = accountKey(s.room[:0], r, user)
	s.room = append(append(s.room, 0), by[:min(len(by), maxPrincipal)]...)
	h := s.seen.of(s.room, r.Time())
	if h == nil {
		return
	}
	table := r.Text(DBObject)
	if table == nil {
		table = tableOf(statement)
	}
	if n, ok := r.Int(DBRows); ok && n > 0 {
		h.amounts[readRows] += min(n, maxAmount)
	}
	hash, wanted := s.seen.thing(h, table)
	console := isConsole(application) || isDump(statement)
	if console {
		h.flags |= fromConsole
	}
	if h.flags&readByHand == 0 && s.isSensitive(hash, table) {
		h.flags |= readSensitive
		if console {
			h.flags |= readByHand
		}
	}
	if wanted {
		s.seen.keep(h, hash, r, fmt.Sprintf("%s by %s: %s", user, orNothing(by, "an unknown program"), cmp.Or(string(statement[:min(len(statement), maxWhat)]), "read of "+string(table))))
	}
}

// isDump tells the statements of programs that copy whole tables.
func isDump(statement []byte) bool {
	if hasPrefixFold(statement, "copy ") {
		return true
	}
	statement = statement[:min(len(statement), 64)]
	return bytes.IndexByte(statement, '/') >= 0 && bytes.Contains(statement, []byte("SQL_NO_CACHE */ *"))
}

// maxTables is how many tables are remembered to be of the list or not; of more the name is looked at
// again each time.
const maxTables = 10_000

// isSensitive tells whether a table is one of the list.
func (s *bulkReadState) isSensitive(hash uint64, table []byte) bool {
	is, known := s.tablesOfList[hash]
	if !known {
		if is = s.isListed(table); len(s.tablesOfList) < maxTables {
			s.tablesOfList[hash] = is
		}
	}
	return is
}

// isListed looks at a table's name and the parts of it.
func (s *bulkReadState) isListed(table []byte) bool {
	if at := bytes.LastIndexByte(table, '.'); at >= 0 {
		table = bytes.Trim(table[at+1:], "[]\"`")
	}
	return slices.ContainsFunc(s.sensitive, func(name string) bool { return indexPart(table, name) >= 0 })
}

// indexPart finds a name, in lower case, that is a whole part of another between underscores and digits.
func indexPart(table []byte, lower string) int {
	for at := 0; at+len(lower) <= len(table); at++ {
		end := at + len(lower)
		if hasPrefixFold(table[at:], lower) && (at == 0 || !isASCIILetter(table[at-1])) && (end == len(table) || !isASCIILetter(table[end])) {
			return at
		}
	}
	return -1
}

func isASCIILetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// Join adds a later piece of evidence.
func (s *bulkReadState) Join(later State) { s.seen.join(&later.(*bulkReadState).seen) }

// A reader is an account with one of its programs.
type reader struct {
	server, account, program string
	*activity
}

// Finish compares every account with itself.
func (s *bulkReadState) Finish(f *Finishing) {
	if s.seen.dropped > 0 {
		f.Note("%d reads were not counted: there are more than %d accounts with their programs, or %d hours of them", s.seen.dropped, maxActive, maxHours)
	}
	var all []reader
	for key, a := range s.seen.who.each() {
		server, rest := cutAccount(key)
		account, program, _ := strings.Cut(rest, "\x00")
		all = append(all, reader{server, account, program, a})
	}
	slices.SortFunc(all, func(a, b reader) int {
		return cmp.Or(strings.Compare(a.server, b.server), strings.Compare(a.account, b.account), strings.Compare(a.program, b.program))
	})
	for programs := range runsOf(all, func(first, _, next *reader) bool {
		return next.server == first.server && next.account == first.account
	}) {
		s.account(f, programs)
	}
}

// account looks at all programs of one account.
func (s *bulkReadState) account(f *Finishing, programs []reader) {
	since := time.Time{}
	for _, p := range programs {
		if first := p.sortedHours()[0].period().First; since.IsZero() || first.Before(since) {
			since = first
		}
	}
	for i, p := range programs {
		hours := p.sortedHours()
		isNew := len(programs) > 1 && hours[0].period().First.Sub(since) >= s.known
		found := s.compare(f, p, s.rows, "rows", isNew, programs, i) || s.compare(f, p, s.tables, "tables", isNew, programs, i)
		if !found {
			s.byHand(f, p, hours)
		}
	}
}

// compare looks for hours with much more than usual: than the program's other hours, or if it is new for
// the account, than those of the account's other programs.
func (s *bulkReadState) compare(f *Finishing, p reader, u usual, what string, isNew bool, programs []reader, at int) bool {
	peaks := p.peaks(u)
	for _, k := range peaks {
		if isNew {
			var others []int64
			for i, o := range programs {
				if i != at {
					for _, h := range o.sortedHours() {
						others = append(others, u.of(h))
					}
				}
			}
			slices.Sort(others)
			k.short, k.history, k.median = len(others) < u.known, len(others), others[len(others)/2]
			if float64(k.most) < u.factor*float64(k.median) {
				continue // the same application under another name
			}
		}
		s.emit(f, p, k, u, what, isNew)
	}
	return len(peaks) > 0
}

func (s *bulkReadState) emit(f *Finishing, p reader, k peak, u usual, what string, isNew bool) {
	when := k.period()
	program := cmp.Or(p.program, "an unknown program")
	write := decimal
	if what == "tables" {
		write = many
	}
	console := k.flags()&fromConsole != 0
	e := Episode{
		Level: f.rule.Level, First: when.First, Last: when.Last, Refs: k.refs(), Count: k.records(),
		Group: []NamedValue{{"server", serverName(p.server)}, {"account", p.account}, {"program", program}},
		Facts: []NamedValue{
			{what + " in an hour", fmt.Sprintf("%s (at least %d)", write(k.most), u.least)},
			{"median of the other hours", fmt.Sprintf("%s (at most a %gth)", write(k.median), u.factor)},
			{"other hours in the evidence", fmt.Sprint(k.history)},
			{"new for the account", yesNo(isNew)},
			{"a program of the command line", yesNo(console)},
			{"telecom tables", yesNo(k.flags()&readSensitive != 0)},
		},
		Summary: fmt.Sprintf("%s read %s %s in one hour by %s; in %s the median is %s", p.account, write(k.most), what, program, english.Count(k.history, "other hour"), write(k.median)),
	}
	if !isNew && !console {
		e.Level = levelBelow(e.Level)
	}
	if k.short {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("there are only %s of it in the evidence, less than %d: this may be what it always does", english.Count(k.history, "other hour"), u.known))
	}
	if k.flags()&readSensitive != 0 {
		e.Level = levelAbove(e.Level)
	}
	f.Emit(e)
}

// byHand looks for telecom tables that were read by a console.
func (s *bulkReadState) byHand(f *Finishing, p reader, hours []*hour) {
	hours = slices.DeleteFunc(hours, func(h *hour) bool { return h.flags&readByHand == 0 })
	if len(hours) == 0 {
		return
	}
	k := peak{hours: hours}
	when := k.period()
	e := Episode{
		Level: f.rule.Level, First: when.First, Last: when.Last, Refs: k.refs(), Count: k.records(),
		Group:   []NamedValue{{"server", serverName(p.server)}, {"account", p.account}, {"program", cmp.Or(p.program, "an unknown program")}},
		Facts:   []NamedValue{{"reads in those hours", fmt.Sprint(k.records())}, {"hours", fmt.Sprint(len(hours))}},
		Summary: fmt.Sprintf("%s read telecom tables by hand with %s in %s", p.account, cmp.Or(p.program, "a program of the command line"), english.Count(len(hours), "hour")),
	}
	if days := daysOf(hours); days >= regularDays {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("it did so on %d days: perhaps it always does", days))
	}
	f.Emit(e)
}
