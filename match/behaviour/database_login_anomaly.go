package behaviour

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
)

// databaseLoginAnomaly finds sign-ins to databases that hint at a stolen or guessed password: many
// refused and then one that succeeds; an administrator's account from the internet, from a client
// that is new for it, or on the server itself by a console.
//
// The actor of Phantom Taurus signs in as "sa" with a password that it has, by a script on the database
// server that WMI starts (Unit 42, "Phantom Taurus", September 2025), which shows as a local console.
// Five refusals are what one who does not know a password needs at least and one who mistypes it rarely
// has; the same number is that of SQL Server's own advice for its lock-out policy. An application whose
// password was changed fails many times too: it had signed in before, from the same client.
func databaseLoginAnomaly() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "db-login-anomaly",
			Title: "Odd Sign-in to a Database",
			Level: "high",
			Description: "A client was refused by a database several times and then signed in, or an account of administrators signed in from the internet, " +
				"from a client that is new for it, or by a console on the server itself.",
			Why: "Accounts such as sa, root or SYS are not bound to a person and often have one password for years. Whoever has it has all the data, " +
				"and on most systems the server.",
			Benign: "An application whose password was changed, an administrator's new computer, a maintenance job on the server: they go on from then, " +
				"from the same client; ask the owner of the database.",
			Next: []string{
				"Look what the session did: features switched on, tables read, files written, accounts made.",
				"Find out what ran on the client at that time, and what else it connected to.",
				"Change the password, and look where else it is used.",
			},
			Tags:       []string{"attack.initial-access", "attack.credential-access", "attack.t1078.003", "attack.t1110.001", "attack.t1110.003"},
			References: []string{"https://unit42.paloaltonetworks.com/phantom-taurus/", "https://learn.microsoft.com/sql/relational-databases/errors-events/mssqlserver-18456-database-engine-error"},
		},
		Views: []View{Database},
		Params: []Param{
			{"failures", 5, "sign-ins", "that an account must have been refused in an hour before one that succeeds counts"},
			{"accounts", 5, "accounts", "that one client must have been refused for in an hour to be guessing"},
			{"many", 20, "sign-ins", "that one client must have been refused in an hour to be guessing; fewer are one level lower"},
			{"minutes", 60, "minutes", "longest time from the last refusal to the sign-in"},
			{"days", 7, "days", "how long an administrator's account must have been used in the evidence before a client is called new for it"},
			{"clients", 8, "clients", "an administrator's account that is used from more has no usual ones"},
		},
		Lists: []List{{"administrators", []string{
			"sa", "root", "sys", "system", "postgres", "sysdba", "sysadmin", "dba", "admin", "administrator", "mysql", "dbadmin", "rdsadmin",
		}, "accounts of administrators, without their domain"}},
		New: func(s Settings) (func() State, error) {
			state := loginState{
				failures: int64(s.Int("failures")), accounts: s.Int("accounts"), many: int64(s.Int("many")), clients: s.Int("clients"),
				within: s.Minutes("minutes"), known: s.Days("days"),
				administrators: s.List("administrators"),
			}
			return func() State {
				one := state
				one.signed.who.max, one.refused.who.max = maxActive, maxActive
				one.signed.always, one.refused.always = true, true
				return &one
			}, nil
		},
	}
}

// fromConsole is the flag of an hour in which a console signed in.
const fromConsole uint8 = 1

type loginState struct {
	failures, many    int64
	accounts, clients int
	within, known     time.Duration
	administrators    []string

	// signed and refused are by server, account and client.
	signed, refused hourly
	room            []byte
}

// See counts a sign-in.
func (s *loginState) See(r *Record) {
	kind := signInOf(r)
	if kind == noSignIn {
		return
	}
	user, client := r.Text(DBUser), r.Text(DBClient)
	if user == nil || len(user) > maxPrincipal || len(client) > maxPrincipal {
		return
	}
	s.room = accountKey(s.room[:0], r, user)
	s.room = appendLower(append(s.room, 0), client)
	in, verb := &s.signed, "signed in"
	if kind == refused {
		in, verb = &s.refused, "was refused"
	}
	h := in.of(s.room, r.Time())
	if h == nil {
		return
	}
	application := r.Text(DBApplication)
	if isConsole(application) {
		h.flags |= fromConsole
	}
	if hash, wanted := in.thing(h, application); wanted {
		what := fmt.Sprintf("%s %s from %s", user, verb, orNothing(client, "an unknown client"))
		if application != nil {
			what += " by " + string(application)
		}
		in.keep(h, hash, r, what)
	}
}

// Join adds a later piece of evidence.
func (s *loginState) Join(later State) {
	o := later.(*loginState)
	s.signed.join(&o.signed)
	s.refused.join(&o.refused)
}

// A login is what one account did from one client.
type login struct {
	server, user, client string
	*activity
}

func (h *hourly) logins() []login {
	var out []login
	for key, a := range h.who.each() {
		server, rest := cutAccount(key)
		user, client, _ := strings.Cut(rest, "\x00")
		out = append(out, login{server, user, client, a})
	}
	slices.SortFunc(out, func(a, b login) int {
		return cmp.Or(strings.Compare(a.server, b.server), strings.Compare(a.client, b.client), strings.Compare(a.user, b.user))
	})
	return out
}

// Finish looks at what was refused, client by client, and at the sign-ins of administrators.
func (s *loginState) Finish(f *Finishing) {
	if n := s.signed.dropped + s.refused.dropped; n > 0 {
		f.Note("%d sign-ins were not counted: there are more than %d accounts with their clients, or %d hours of them", n, maxActive, maxHours)
	}
	byClient := s.refused.logins()
	for refused := range runsOf(byClient, func(first, _, next *login) bool {
		return next.server == first.server && next.client == first.client
	}) {
		s.guessing(f, refused)
	}
	s.administratorsOf(f)
}

// guessing looks at what one client was refused for on one server.
func (s *loginState) guessing(f *Finishing, refused []login) {
	type hourOf struct {
		failures int64
		users    int
	}
	hours := map[int64]hourOf{}
	for _, l := range refused {
		for _, h := range l.hours {
			hours[h.at] = hourOf{hours[h.at].failures + h.records, hours[h.at].users + 1}
		}
	}
	var most hourOf
	for _, h := range hours {
		most = hourOf{max(most.failures, h.failures), max(most.users, h.users)}
	}
	var all event.Period
	var refs []Ref
	var total int64
	var guessed []string
	level := f.rule.Level
	before := true
	for _, l := range refused {
		signed := s.signedHours(l)
		for _, h := range l.sortedHours() {
			all.Join(h.period())
			total += h.records
			for i := range h.examples {
				refs = append(refs, h.examples[i].ref())
			}
			if h.records < s.failures && hours[h.at].users < s.accounts {
				continue
			}
			if win, knownBefore, ok := s.after(signed, h); ok && !slices.Contains(guessed, l.user) {
				guessed = append(guessed, l.user)
				refs = append(refs, win)
				all.Add(win.Time)
				before = before && knownBefore
				if slices.Contains(s.administrators, accountName(l.user)) && !knownBefore {
					level = levelAbove(f.rule.Level)
				}
			}
		}
	}
	if len(guessed) == 0 && most.users < s.accounts && most.failures < s.failures {
		return
	}
	first := refused[0]
	client := cmp.Or(first.client, "an unknown client")
	e := Episode{
		Level: level, First: all.First, Last: all.Last, Refs: refs, Count: int(total) + len(guessed),
		Group: []NamedValue{{"server", serverName(first.server)}, {"client", client}},
		Facts: []NamedValue{
			{"refused sign-ins", fmt.Sprintf("%d, in one hour at most %d (%d are many)", total, most.failures, s.many)},
			{"accounts in one hour", fmt.Sprintf("%d (guessing from %d)", most.users, s.accounts)},
			{"then signed in", yesNo(len(guessed) > 0)},
		},
	}
	if len(guessed) == 0 {
		e.Level = levelBelow(f.rule.Level)
		if most.users < s.accounts && most.failures < s.many {
			e.Level = levelBelow(e.Level)
		}
		e.Summary = fmt.Sprintf("%s was refused %d times for %s and did not get in, as far as this evidence shows", client, total, english.Count(len(refused), "account"))
		e.Caveats = []string{"no sign-in that succeeded is in the evidence; servers can be set to log refusals only"}
		f.Emit(e)
		return
	}
	e.Summary = fmt.Sprintf("%s was refused %d times and then signed in as %s", client, total, strings.Join(guessed[:min(len(guessed), 5)], ", "))
	if before {
		e.Level = levelBelow(f.rule.Level)
		e.Caveats = []string{"the same account had signed in from the same client before: its password may have been changed"}
	}
	f.Emit(e)
}

// signedHours are the hours in which an account signed in from that client, in order of time.
func (s *loginState) signedHours(l login) []*hour {
	if a := s.signed.who.named(l.server + "\x00" + l.user + "\x00" + l.client); a != nil {
		return a.sortedHours()
	}
	return nil
}

// after finds a sign-in behind the refusals of an hour, and tells whether there had been one before them.
func (s *loginState) after(signed []*hour, refusals *hour) (at Ref, before, ok bool) {
	if len(signed) == 0 {
		return Ref{}, false, false
	}
	refused := refusals.period()
	before = signed[0].period().First.Before(refused.First)
	from, _ := slices.BinarySearchFunc(signed, refusals.at, func(h *hour, at int64) int { return cmp.Compare(h.at, at) })
	for _, h := range signed[from:] {
		when := h.period()
		if when.First.Sub(refused.Last) > s.within {
			break
		}
		for _, t := range [...]time.Time{when.First, when.Last} {
			if since := t.Sub(refused.Last); since >= 0 && since <= s.within {
				return h.examples[0].ref(), before, true
			}
		}
	}
	return Ref{}, before, false
}

// administratorsOf looks at the sign-ins of accounts of administrators.
func (s *loginState) administratorsOf(f *Finishing) {
	all := slices.DeleteFunc(s.signed.logins(), func(l login) bool { return !slices.Contains(s.administrators, accountName(l.user)) })
	slices.SortStableFunc(all, func(a, b login) int {
		return cmp.Or(strings.Compare(a.server, b.server), strings.Compare(a.user, b.user))
	})
	for clients := range runsOf(all, func(first, _, next *login) bool {
		return next.server == first.server && next.user == first.user
	}) {
		s.administrator(f, clients)
	}
}

// administrator looks at all clients of one account.
func (s *loginState) administrator(f *Finishing, clients []login) {
	var since time.Time
	for _, l := range clients {
		if first := l.sortedHours()[0].period().First; since.IsZero() || first.Before(since) {
			since = first
		}
	}
	for _, l := range clients {
		hours := l.sortedHours()
		var reasons []string
		level := "medium"
		newcomer := hours[0].period().First.Sub(since) >= s.known && len(clients) <= s.clients
		if newcomer {
			reasons = append(reasons, fmt.Sprintf("from a client that was not seen for it in %s", duration(hours[0].period().First.Sub(since))))
		}
		local := isLocalClient([]byte(l.client))
		if isOutside(l.client) {
			reasons = append(reasons, "from the internet")
			level = f.rule.Level
		}
		console := slices.ContainsFunc(hours, func(h *hour) bool { return h.flags&fromConsole != 0 })
		if console && (local || newcomer) {
			reasons = append(reasons, "by a console")
			if newcomer {
				level = f.rule.Level
			}
		}
		if len(reasons) == 0 {
			continue
		}
		f.Emit(s.administratorEpisode(l, hours, level, reasons))
	}
}

func (s *loginState) administratorEpisode(l login, hours []*hour, level string, reasons []string) Episode {
	p := peak{hours: hours}
	when := p.period()
	client := cmp.Or(l.client, "an unknown client")
	e := Episode{
		Level: level, First: when.First, Last: when.Last, Refs: p.refs(), Count: p.records(),
		Group:   []NamedValue{{"server", serverName(l.server)}, {"account", l.user}, {"client", client}},
		Facts:   []NamedValue{{"sign-ins", fmt.Sprint(p.records())}, {"hours with sign-ins", fmt.Sprint(len(hours))}},
		Summary: fmt.Sprintf("%s signed in %s, %s (%s)", l.user, strings.Join(reasons, ", "), english.Count(p.records(), "time"), client),
	}
	if days := daysOf(hours); days >= regularDays && level != "medium" {
		e.Level = levelBelow(level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("it did so on %d days: perhaps it always does", days))
	}
	return e
}

// daysOf counts the days of hours in order.
func daysOf(hours []*hour) (days int) {
	last := int64(-1)
	for _, h := range hours {
		if day := h.at / 24; day != last {
			days++
			last = day
		}
	}
	return days
}
