package brief

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"aldebaran/evidence"
)

// coverage says what was looked at, and what limits the answer.
func (m *maker) coverage() {
	c := &m.b.Coverage
	c.Logs, c.Damage, c.Notes = []Log{}, []Damage{}, []Sentence{}
	for i := range m.in.Logs {
		v := &m.in.Logs[i]
		if v.Events == 0 {
			continue
		}
		if len(c.Logs) == maxLogs {
			c.LogsOmitted++
			continue
		}
		l := m.log(v, "l"+strconv.Itoa(len(c.Logs)+1))
		if key := (logKey{v.Host, logName(v)}); m.logs[key] == "" {
			m.logs[key] = l.ID
		}
		c.Logs = append(c.Logs, l)
	}
	for _, d := range m.in.Damage[:min(len(m.in.Damage), maxDamage)] {
		c.Damage = append(c.Damage, Damage{clean(d.Path), clean(d.What)})
	}
	c.DamageOmitted = omitted(len(m.in.Damage), maxDamage)
	c.Sentences = m.figures()
	for _, s := range m.in.Skews {
		c.Notes = append(c.Notes, m.skew(s))
	}
	for _, n := range m.in.Notes[:min(len(m.in.Notes), maxNotes)] {
		c.Notes = append(c.Notes, m.quoted(n, allLogs()))
	}
	if n := omitted(len(m.in.Notes), maxNotes); n > 0 {
		c.Notes = append(c.Notes, Sentence{Text: m.count("notes-more", n), From: []Ref{allLogs()}})
	}
}

// allLogs refers to the table of logs.
func allLogs() Ref { return Ref{FromLog, "all"} }

func (m *maker) log(v *evidence.Visibility, id string) Log {
	l := Log{
		ID: id, Host: clean(v.Host), Name: clean(logName(v)), Format: v.Format, First: v.First, Last: v.Last,
		Events: v.Events, Files: v.Files, Gaps: []Gap{}, Clocks: []string{}, Blind: []Blind{},
	}
	for _, g := range v.Gaps {
		l.Gaps = append(l.Gaps, Gap{g.From, g.To})
	}
	for _, c := range v.Clocks {
		if c.Assumed {
			l.Clocks = append(l.Clocks, clean(c.Zone))
		}
	}
	for _, b := range v.Blind() {
		l.Blind = append(l.Blind, Blind{b.What, b.Fix})
	}
	return l
}

// figures say in sentences what was read, and what was not.
func (m *maker) figures() []Sentence {
	f := &m.in.Figures
	all := []Sentence{}
	say := func(key string, with args) { all = append(all, m.sentence(key, with, allLogs())) }
	if f.Events == 0 {
		say("coverage.nothing", nil)
	} else {
		say("coverage.read", args{"events": m.count("events", f.Events), "files": m.count("files", f.Files), "hosts": m.hosts(f.Hosts)})
		if !f.First.IsZero() {
			say("coverage.period", args{"first": minute(f.First), "last": minute(f.Last)})
		}
	}
	say("coverage.with", args{"rules": m.count("rules", f.Rules), "behaviours": m.count("behaviours", f.Behaviours), "indicators": m.count("indicators", f.Indicators)})
	if f.Partial {
		say("coverage.partial", nil)
	}
	if f.Unreadable > 0 {
		say("coverage.unreadable", args{"files": m.count("files", f.Unreadable)})
	}
	if f.LostRecords > 0 {
		say("coverage.lost", args{"records": m.count("records", f.LostRecords)})
	}
	if f.LostUnknown > 0 {
		say("coverage.unknown", args{"places": m.count("places", f.LostUnknown)})
	}
	if !f.Partial && f.Unreadable+f.LostRecords+f.LostUnknown == 0 && f.Events > 0 {
		say("coverage.complete", nil)
	}
	return all
}

// hosts names hosts.
func (m *maker) hosts(all []string) Text {
	var named []string
	for _, h := range all {
		if h != "" {
			named = append(named, shortHost(h))
		}
	}
	if len(named) == 0 {
		return m.label("hosts.unnamed")
	}
	return m.list(terms(named), maxHosts)
}

// shortHost is the first label of a computer's name: people call it so. Addresses stay whole.
func shortHost(h string) string {
	first, _, dotted := strings.Cut(h, ".")
	if !dotted || first == "" || strings.Trim(first, "0123456789") == "" {
		return h
	}
	return first
}

func (m *maker) skew(s evidence.Skew) Sentence {
	seconds := math.Abs(s.Median)
	return m.sentence("coverage.skew", args{
		"a": term(s.A.Host + " · " + s.A.Log), "b": term(s.B.Host + " · " + s.B.Log), "seconds": term(fmt.Sprintf("%.1f s", seconds)),
	}, m.logRef(s.A.Host, s.A.Log), m.logRef(s.B.Host, s.B.Log))
}

// logRef refers to a log in the table, or to the table.
func (m *maker) logRef(host, log string) Ref {
	if id := m.logs[logKey{host, log}]; id != "" {
		return Ref{FromLog, id}
	}
	return allLogs()
}
