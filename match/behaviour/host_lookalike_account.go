package behaviour

import (
	"fmt"
	"strings"
	"time"
)

// hostLookalikeAccount finds an account that was made with a name that is nearly one that belongs
// there: of an account of Windows or of Exchange, of a service, of a computer.
//
// Near is a Damerau-Levenshtein distance of 1 or 2 without regard to case (one letter other, too
// many, missing, or two exchanged; Damerau 1964), 1 only for names of less than six letters. Names
// that differ in digits alone are members of a series (svc_web1, svc_web2) and not told, but for
// built-in names. An account of a person whose name ends in "$", which only names of computers do,
// is told in any case: it is not listed by "net user".
//
// Sources: packs/phantom-taurus H09 (SUPPORT_388945c0 beside SUPPORT_388945a0);
// https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-default-user-accounts
func hostLookalikeAccount() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-lookalike-account",
			Title: "Account Made With a Name Nearly Like One That Belongs There",
			Level: "medium",
			Description: "An account was made whose name differs in one or two letters from that of a built-in account, a service's or a computer's, or that " +
				"ends in \"$\" as only computers' names do.",
			Why: "Nobody looks twice at an account that is called like one that has always been there. Intruders make such accounts to come back by, and put " +
				"them among the administrators.",
			Benign: "A typing error that was corrected later, and accounts of a series: ask whoever made it, and see whether it was deleted or renamed soon.",
			Next: []string{
				"Look where the account signed in since, and from which addresses.",
				"Look what else was done in the session that made it.",
				"Look for the same name on other servers.",
			},
			Tags:       []string{"attack.persistence", "attack.t1136.001", "attack.t1136.002", "attack.t1036.010"},
			References: []string{"https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-default-user-accounts"},
		},
		Views:          []View{Security, Process},
		SecurityEvents: []uint32{4624, 4648, 4720, 4728, 4732, 4756, 4769, 4776},
		Params:         []Param{{"hours", 24, "hours", "time after which putting the account into a group counts no more"}},
		Lists: []List{{"names", []string{
			"SUPPORT_388945a0", "Administrator", "Guest", "krbtgt", "DefaultAccount", "WDAGUtilityAccount", "HelpAssistant", "ASPNET", "IUSR", "IWAM",
			"HealthMailbox*", "SystemMailbox*", "DiscoverySearchMailbox*", "FederatedEmail*", "Migration*", "MSOL_*", "AAD_*", "SQLServer*", "MSSQLSERVER", "SQLSERVERAGENT",
			"NetworkService", "LocalService", "LocalSystem", "DefaultAppPool", "postgres", "oracle",
		}, "names that are imitated; with a * at the end, names that begin so"}},
		New: func(s Settings) (func() State, error) {
			within, names := s.Hours("hours"), s.List("names")
			return func() State {
				return &lookalikeState{
					within: within, names: names, seen: table[bool]{max: maxAccountNames},
					servers: table[string]{max: maxAccountHosts}, steps: bag[accountStep]{max: maxAccountSteps},
				}
			}, nil
		},
	}
}

const (
	maxAccountNames = 10_000 // names of services and computers: a domain has some thousand
	maxAccountHosts = 20_000 // servers whose role is known
	maxAccountSteps = 20_000 // accounts made and put into groups
	maxAccountsMade = 2_000  // of them, those whose names are compared with all others: that takes time
	maxNameLength   = 64     // bytes of a name: Windows has 20 for people, longer ones are compared by their beginning
	longName        = 6      // bytes from which on two letters may differ
)

// accountStep is an account that was made, or put into a group of administrators.
type accountStep struct {
	made      bool
	name, sid string
	by        string
	byMachine bool
	Ref
}

type lookalikeState struct {
	within  time.Duration
	names   []string
	seen    table[bool]   // names of services and computers, in lower case
	servers table[string] // what a host is: "Exchange", "IIS", "SQL Server"
	steps   bag[accountStep]
}

// See learns names and roles, and keeps accounts that are made.
func (s *lookalikeState) See(r *Record) {
	if r.View == Process {
		s.role(r)
		return
	}
	switch r.Event.EventID {
	case 4624, 4648, 4769, 4776:
		s.learn(r.Text(SecTargetUser))
	case 4720:
		s.keep(r, true, r.String(SecTargetUser), r.String(SecTargetSid), "account "+r.String(SecTargetUser)+" made by "+r.String(SecSubjectUser))
	case 4732, 4728, 4756:
		if group := r.Text(SecTargetSid); isAdministrators(group) {
			s.keep(r, false, "", r.String(SecMember), fmt.Sprintf("account %s put into %s", r.Text(SecMember), r.Text(SecTargetUser)))
		}
	}
}

// role learns what a server is by the programs that run on it.
func (s *lookalikeState) role(r *Record) {
	role := ""
	switch image := lastPart(r.Text(ProcImage)); {
	case len(image) < len("w3wp.exe"):
	case strings.EqualFold(string(image), "w3wp.exe"):
		role = "IIS"
	case strings.EqualFold(string(image), "sqlservr.exe"):
		role = "SQL Server"
	case hasPrefixFold(image, "msexchange") || strings.EqualFold(string(image), "edgetransport.exe"):
		role = "Exchange"
	}
	if role == "" {
		return
	}
	if have := s.servers.get([]byte(r.Host())); have != nil {
		*have = telling(*have, role)
	}
}

// telling is of two roles the one that says more: Exchange has IIS too.
func telling(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// learn keeps the names of computers and of services.
func (s *lookalikeState) learn(name []byte) {
	if len(name) < 4 || len(name) > maxNameLength || !isMachine(name) && !isServiceName(name) {
		return
	}
	var room [maxNameLength]byte
	lower := room[:0]
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower = append(lower, c)
	}
	s.seen.get(lower)
}

func isMachine[T string | []byte](name T) bool { return len(name) > 0 && name[len(name)-1] == '$' }

// isServiceName tells whether an account is called as those of services are.
func isServiceName(name []byte) bool {
	for _, part := range [...]string{"svc", "service", "sql", "backup", "exchange", "scan"} {
		if containsFold(name, part) {
			return true
		}
	}
	return false
}

// isAdministrators tells whether a group is that of administrators: of the computer, of the domain,
// of the forest, and those who sign in over Remote Desktop.
func isAdministrators(sid []byte) bool {
	s := string(sid)
	return s == "S-1-5-32-544" || s == "S-1-5-32-555" || strings.HasPrefix(s, "S-1-5-21-") && (strings.HasSuffix(s, "-512") || strings.HasSuffix(s, "-519"))
}

func (s *lookalikeState) keep(r *Record, made bool, name, sid, what string) {
	by := r.String(SecSubjectUser)
	s.steps.add(accountStep{made, name, sid, by, isMachine(by), r.Ref(what)})
}

func (s *lookalikeState) empty() bool { return s.seen.empty() && s.servers.empty() && s.steps.empty() }

// Join adds a later piece of evidence.
func (s *lookalikeState) Join(later State) {
	o := later.(*lookalikeState)
	s.seen.join(&o.seen, func(_, _ *bool) {})
	s.servers.join(&o.servers, func(into, from *string) { *into = telling(*into, *from) })
	s.steps.join(&o.steps)
}

// Finish compares the names of accounts that were made with those that are imitated.
func (s *lookalikeState) Finish(f *Finishing) {
	s.steps.noteDropped(f, "accounts made and put into groups")
	if s.seen.full {
		f.Note("there are more than %d names of services and computers: accounts made are not compared with the others", maxAccountNames)
	}
	steps := s.steps.sorted(func(a, b accountStep) int { return compareRefs(a.Ref, b.Ref) })
	made := map[string]bool{} // in lower case: what was made itself is nothing that belongs there
	for _, st := range steps {
		if st.made {
			made[strings.ToLower(st.name)] = true
		}
	}
	bySid := map[string][]accountStep{}
	for _, st := range steps {
		if !st.made && st.sid != "" {
			bySid[st.sid] = append(bySid[st.sid], st)
		}
	}
	compared := 0
	for _, st := range steps {
		if !st.made || st.name == "" {
			continue
		}
		if compared++; compared > maxAccountsMade {
			f.Note("more than %d accounts were made: the later ones were not looked at", maxAccountsMade)
			return
		}
		like, distance := s.imitated(st, made)
		hidden := isMachine(st.name)
		if like == "" && !hidden {
			continue
		}
		s.emit(f, st, like, distance, bySid[st.sid])
	}
}

// imitated is the name that an account's is near to, "" if none is.
func (s *lookalikeState) imitated(st accountStep, made map[string]bool) (like string, distance int) {
	name := strings.ToLower(st.name)
	best := far
	for _, known := range s.names {
		k, begins := strings.CutSuffix(strings.ToLower(known), "*")
		part := name
		if begins {
			part = name[:min(len(name), len(k))]
		}
		if part == k {
			if k == "support_388945a0" && !begins {
				return known, 0 // no Windows of this century makes it
			}
			return "", 0
		}
		if d := nearness(part, k); d < best {
			like, best = known, d
		}
	}
	for known := range s.seen.each() {
		if known == name || known == name+"$" || made[known] {
			continue
		}
		k := strings.TrimSuffix(known, "$")
		if d := nearness(strings.TrimSuffix(name, "$"), k); d < best && d > 0 && withoutDigits(k) != withoutDigits(name) {
			like, best = known, d
		}
	}
	return like, best
}

// far is the distance of names that nobody takes for each other.
const far = 3

// nearness is the distance of two names if they are near enough to be taken for each other, else far.
func nearness(a, b string) int {
	a, b = a[:min(len(a), maxNameLength)], b[:min(len(b), maxNameLength)]
	if len(a) < 4 || len(b) < 4 {
		return far
	}
	allowed := far - 1
	if min(len(a), len(b)) < longName {
		allowed = 1
	}
	if len(a)-len(b) > allowed || len(b)-len(a) > allowed {
		return far
	}
	if d := editDistance(a, b); d <= allowed {
		return d
	}
	return far
}

// editDistance is the least number of bytes to change, add, take out or exchange with their
// neighbour (the restricted Damerau-Levenshtein distance) to make one name of the other; far if it
// is more. Names that are near never stand apart by as many places: only those are looked at.
func editDistance(a, b string) int {
	if len(a)-len(b) >= far || len(b)-len(a) >= far {
		return far
	}
	var rows [3][maxNameLength + 2]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, last, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		from, to := max(1, i-far+1), min(len(b), i+far-1)
		row[from-1], row[to+1] = far, far
		if from == 1 {
			row[0] = i
		}
		for j := from; j <= to; j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return min(rows[len(a)%3][len(b)], far)
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' || r == '$' {
			return -1
		}
		return r
	}, s)
}

func (s *lookalikeState) emit(f *Finishing, st accountStep, like string, distance int, groups []accountStep) {
	e := Episode{
		Group: []NamedValue{{"account", st.name}, {"host", st.Host}},
		Refs:  []Ref{st.Ref},
		Facts: []NamedValue{{"made by", st.by}},
	}
	e.Summary = fmt.Sprintf("account %s was made", st.name)
	if like != "" {
		e.Summary += fmt.Sprintf(", which is nearly %s", like)
		e.Facts = append(e.Facts, NamedValue{"letters that differ", fmt.Sprint(distance) + " (at most 2)"})
	}
	raise := severity(f.rule.Level)
	if isMachine(st.name) {
		e.Summary += ", an account of a person called like a computer's"
		raise++
	}
	admin := false
	for _, g := range groups {
		if after := g.Time.Sub(st.Time); after >= 0 && after <= s.within {
			e.Refs = append(e.Refs, g.Ref)
			admin = true
		}
	}
	if admin {
		e.Summary += ", and put among the administrators"
		raise++
	}
	if role := s.servers.named(st.Host); role != nil {
		e.Summary += ", on a server with " + *role
		e.Facts = append(e.Facts, NamedValue{"the host runs", *role})
		raise++
	}
	if distance == 0 && like != "" {
		raise++
	}
	if st.byMachine && !admin && !isMachine(st.name) {
		raise--
		e.Caveats = append(e.Caveats, "a computer made the account, as products do for themselves")
	}
	e.Level = levelOf(raise)
	f.Emit(e)
}
