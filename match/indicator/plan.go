package indicator

import (
	"strings"

	"aldebaran/event"
)

// A plan says for events of one layout which values to look at, and which belong together.
type plan struct {
	slots []slot
	joins []join
}

type slot struct {
	at   int
	use  use
	name string
	// twin is the index of an earlier field whose value was this one's too, of the same bytes: readers give
	// some values a second name; -1 if there is none.
	twin int
	// last is the hash of the value that it had last, if nothing was found in it: in many logs it
	// is the next one's too.
	last uint64
}

// A use is what a value is besides a text in which anything can stand.
type use uint8

const (
	anything use = iota
	agentField
	objectField
	accountField
	hostField
	nothing // can be in it
)

// A join is values of one event that make a value together.
type join struct {
	kind kind // urlKey or accountKey
	// Of an URL: host, path, query; of an account: its domain and its name. -1 where there is none.
	parts [3]int
	name  string
}

func (m *Matcher) newPlan(e *event.Event) *plan {
	s := e.Shape
	p, log := &plan{slots: make([]slot, 0, len(s.Fields))}, logOf(s)
	for at, f := range s.Fields {
		// What is in the header of a record is about the log and its host, and who wrote it.
		if f.Part == event.System {
			continue
		}
		if u := m.useOf(f.Name); u != nothing && !log.leavesOut(f.Name, m.set.hasIP) {
			p.slots = append(p.slots, slot{at: at, use: m.set.useFor(u), name: f.Name, twin: -1})
		}
	}
	p.pair(e.Values)
	if m.set.has[urlKey] {
		p.joinURL(s)
	}
	if m.set.has[accountKey] {
		p.joinAccounts(s)
	}
	return p
}

// pair finds fields that are names of the same value.
func (p *plan) pair(values []event.Value) {
	const most = 64 // fields; one layout in each line is no reason for more work
	if len(p.slots) > most {
		return
	}
	for i := range p.slots {
		for k := range i {
			if p.slots[i].use == p.slots[k].use && isSame(values[p.slots[i].at], values[p.slots[k].at]) {
				p.slots[i].twin = p.slots[k].at
				break
			}
		}
	}
}

// isSame tells whether two values are the same bytes of the evidence.
func isSame(a, b event.Value) bool {
	return len(a.Raw) == len(b.Raw) && len(a.Raw) > 0 && &a.Raw[0] == &b.Raw[0] && a.Kind == b.Kind
}

// useFor is the use of a field if the set has what it is good for.
func (s *Set) useFor(u use) use {
	if u == agentField && !s.has[agentKey] || u == objectField && !s.has[objectKey] || u == accountField && !s.has[accountKey] {
		return anything
	}
	return u
}

// useOf remembers the uses of names: layouts are many, and names few.
func (m *Matcher) useOf(name string) use {
	u, ok := m.uses[name]
	if !ok {
		if len(m.uses) >= maxUses {
			clear(m.uses)
		}
		u = useOf(name)
		m.uses[name] = u
	}
	return u
}

// identifiers are fields of which the values are times, numbers and identifiers, by the ends of their names.
var identifiers = [...]string{
	"guid", "utctime", "pid", "processid", "threadid", "logonid", "timestamp", "recordid", "eventid",
	"date", "sc-status", "sc-bytes", "cs-bytes", "time-taken", "sc-substatus", "sc-win32-status", "s-port", "cs-method",
}

// enumerations are fields with a few values that their makers chose, or with identifiers that they make: Sysmon's manifest,
// PowerShell's, Windows' security auditing, Zeek's and W3C's definitions.
var enumerations = func() map[string]bool {
	names := map[string]bool{}
	for n := range strings.FieldsSeq(`time ts datetime date-time rulename integritylevel fileversion signaturestatus signed eventtype
		logontype logonprocessname authenticationpackagename lmpackagename impersonationlevel privilegelist
		enabledprivilegelist disabledprivilegelist accesslist accessmask accessreason grantedaccess tokenelevationtype
		restrictedadminmode elevatedtoken virtualaccount transmittedservices keylength initiated protocol sourceisipv6
		destinationisipv6 status substatus failurereason tickettype ticketoptions ticketencryptiontype preauthtype
		scriptblockid runspaceid handleid keywords opcode level severity conn_state history proto qtype_name qclass_name rcode_name cs-version`) {
		names[n] = true
	}
	return names
}()

func cannotHold(lowerName string) bool {
	if enumerations[lowerName] {
		return true
	}
	for _, end := range identifiers {
		if strings.HasSuffix(lowerName, end) {
			return true
		}
	}
	return false
}

func useOf(name string) use {
	n := strings.ToLower(name)
	switch {
	case cannotHold(n):
		return nothing
	case strings.Contains(n, "agent") || strings.Contains(n, "clientinfo"):
		return agentField
	case strings.Contains(n, "pipe") || strings.Contains(n, "mutex") || strings.Contains(n, "mutant") || n == "objectname" || n == "relativetargetname":
		return objectField
	case strings.Contains(n, "user") || strings.Contains(n, "account") || strings.Contains(n, "login") ||
		strings.Contains(n, "principal") || strings.Contains(n, "logonname") || strings.Contains(n, "mailbox") || n == "actor" || n == "acct":
		return accountField
	}
	return anything
}

// urlFields are the names under which requests have their host, path and query.
var urlFields = [...][]string{
	{"cs-host", "cs(Host)", "r-dns", "r-host", "host", "Host", "http.hostname", "hostname", "http_host", "HostName"},
	{"cs-uri-stem", "c-uri-stem", "uri", "http.url", "cs-uri", "c-uri", "url", "uri_path", "UrlStem"},
	{"cs-uri-query", "c-uri-query", "uri_query", "UrlQuery"},
}

func (p *plan) joinURL(s *event.Shape) {
	j := join{kind: urlKey}
	for i, names := range urlFields {
		j.parts[i] = -1
		for _, n := range names {
			if at := s.Lookup(n); len(at) > 0 {
				j.parts[i] = at[0]
				break
			}
		}
	}
	if j.parts[0] < 0 || j.parts[1] < 0 {
		return
	}
	j.name = s.Fields[j.parts[1]].Name
	p.joins = append(p.joins, j)
}

// joinAccounts pairs TargetUserName with TargetDomainName, and whatever is named like them.
func (p *plan) joinAccounts(s *event.Shape) {
	for at, f := range s.Fields {
		for _, end := range [...][2]string{{"UserName", "DomainName"}, {"AccountName", "DomainName"}, {"AccountName", "AccountDomain"}} {
			stem, ok := strings.CutSuffix(f.Name, end[0])
			if !ok {
				continue
			}
			if domain := s.Lookup(stem + end[1]); len(domain) > 0 {
				p.joins = append(p.joins, join{accountKey, [3]int{domain[0], at, -1}, f.Name})
				break
			}
		}
	}
}
