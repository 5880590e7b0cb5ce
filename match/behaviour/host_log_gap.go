package behaviour

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// hostLogGap finds logs that were cleared, removed, thinned or silenced.
//
// Four traces:
//
//   - cleared: Security 1102 and System 104 say so themselves;
//   - removed: a file deleted (Sysmon 23) in a folder of logs. Servers delete their own old logs, so
//     what counts is how old the log was by the date in its name, and which program did it;
//   - missing: numbers of records that are not there although time goes on before and after. Logs
//     that were filtered when they were saved have such holes everywhere and are left out;
//   - silent: a log that spoke every hour says nothing for hours, while others of the same host go on,
//     and speaks again. A host that is off is silent in all of its logs.
//
// Sources: packs/phantom-taurus H15; https://learn.microsoft.com/windows/security/threat-protection/auditing/event-1102
func hostLogGap() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-log-gap",
			Title: "Log Cleared, Removed, Thinned or Silenced",
			Level: "medium",
			Description: "A log of the host was cleared or its file deleted, records are missing in it although time goes on, or it says nothing for hours " +
				"while other logs of the host go on.",
			Why: "Logs are the first thing that an intruder with rights of an administrator does away with. What they would have shown lies in the gap: look " +
				"at other sources for that time.",
			Benign: "Jobs that delete old logs do so at a fixed hour and delete old ones; damaged files lack records too (see the list of what could not be " +
				"read); logs are cleared when a machine is prepared.",
			Next: []string{
				"Look at other logs for the time of the gap: of domain controllers, of the firewall, of the servers beside.",
				"Look who was signed in when the gap begins, and what was started last.",
				"Look for copies of the log: forwarded events, backups, shadow copies.",
			},
			Tags:       []string{"attack.defense-evasion", "attack.stealth", "attack.t1070.001", "attack.t1685.005", "attack.t1070.004", "attack.t1562.002"},
			References: []string{"https://learn.microsoft.com/windows/security/threat-protection/auditing/event-1102"},
		},
		Views:    []View{AnyWindows, FileGone, Web},
		Requests: hourlyRequests,
		Params: []Param{
			{"silent_hours", 6, "hours", "least silence that counts"},
			{"baseline_hours", 48, "hours", "time before a silence in which the log must have spoken nearly every hour"},
			{"recent_days", 3, "days", "age up to which a log that is deleted is recent, by the date in its name"},
			{"hours", 24, "hours", "longest time from one trace to the next of the same doing"},
		},
		Lists: []List{{"folders", []string{
			`\inetpub\logs\`, `\logging\httpproxy\`, `\logging\cmdletinfra\`, `\logging\ecp\`, `\logging\ews\`, `\logging\owa\`, `\logging\autodiscover\`, `\logging\mapihttp\`,
			`\logging\rpchttp\`, `\transportroles\logs\`, `\winevt\logs\`, `\system32\logfiles\`, `\mssql\log\`, `/var/log/`, `\apache2\logs\`, `\apache\logs\`,
		}, "parts of paths of folders of logs, in lower case"}},
		New: func(s Settings) (func() State, error) {
			o := &gapOptions{
				silence: s.Int("silent_hours"), baseline: s.Int("baseline_hours"), recent: s.Days("recent_days"),
				within: s.Hours("hours"),
			}
			for _, folder := range s.List("folders") {
				o.folders = append(o.folders, strings.ToLower(folder))
			}
			return func() State {
				return &gapState{gapOptions: o, logs: table[logTrack]{max: maxLogs}, steps: bag[step]{max: maxGapSteps}}
			}, nil
		},
	}
}

const (
	maxLogs       = 5_000  // logs of hosts: a Windows host has some hundred, of which few speak often
	maxGapSteps   = 50_000 // logs cleared and files removed
	maxHourBlocks = 256    // of 64 hours: two years of one log
	maxSegments   = 512    // runs of numbers without a hole: more, and the log was filtered
	maxPauses     = 128    // pauses of one log whose records are kept
	maxSilence    = 60 * 24
	leastRecords  = 500 // of a log, for holes to mean something
	mostHoles     = 3   // a log with more was filtered
	mostSilences  = 2   // a log with more is silent by habit
)

// The traces.
const (
	logCleared uint8 = iota
	logRemoved       // a recent one
	logDeleted       // by an odd program; how old it was is not known
	logMissing
	logSilent
	logSilentAudit // of a log that intruders silence
)

type gapOptions struct {
	silence, baseline int
	recent, within    time.Duration
	folders           []string
}

// logTrack is what is known of one log of a host: in which hours it spoke, and which numbers it has.
type logTrack struct {
	host, name  string
	channel     string
	hour        int64 // the last one that was noted
	hours       hourBlocks
	first, last gapRecord
	segments    []segment
	scattered   bool
	pauses      []pause
}

// hourBlocks say in which hours something spoke, of 64 hours each.
type hourBlocks []hourBlock

// An hourBlock is 64 hours: bit i is hour 64*block+i since 1970.
type hourBlock struct {
	block int64
	bits  uint64
}

// A gapRecord is where a record of a log stands; its origin is a file's number.
type gapRecord struct {
	recordAt
	event     uint32
	recovered bool
}

// segment is a run of numbers without a hole; of its last record only the time matters.
type segment struct {
	from, to uint64
	first    gapRecord
	last     moment
}

// pause is a longer time between two records.
type pause struct{ last, next gapRecord }

type gapState struct {
	*gapOptions
	logs  table[logTrack]
	steps bag[step]
	files []string // in the order of the evidence, by their numbers
	// current is the log that the last record was of: most files are one log.
	current          *logTrack
	source, computer string
	channel          string
	key              []byte
}

// See notes that a log speaks, and keeps what says that one was cleared or removed.
func (s *gapState) See(r *Record) {
	switch r.View {
	case FileGone:
		s.gone(r)
		return
	case AnyWindows:
		switch {
		case r.Event.EventID == 1102 && strings.EqualFold(r.Event.Channel, "Security"):
			s.cleared(r, "Security")
		case r.Event.EventID == 104 && strings.EqualFold(r.Event.Channel, "System"):
			s.cleared(r, r.String(AnyCleared))
		}
	}
	if r.Time().IsZero() {
		return
	}
	if log := s.log(r); log != nil {
		s.speak(log, r.Event)
	}
}

func (s *gapState) cleared(r *Record, log string) {
	by := r.String(AnySubject)
	if by == "" {
		by = "somebody"
	}
	s.steps.add(step{kind: logCleared, text: log, Ref: r.Ref(fmt.Sprintf("log %s cleared by %s", log, by))})
}

// log is the one that a record stands in, nil if there is no room or the host is not known.
func (s *gapState) log(r *Record) *logTrack {
	e := r.Event
	if s.source == e.Source.Path && s.computer == e.Computer && s.channel == e.Channel {
		return s.current
	}
	s.source, s.computer, s.channel, s.current = e.Source.Path, e.Computer, e.Channel, nil
	host, name := e.Computer, e.Channel
	if r.View == Web {
		host, name = string(r.web().server), "requests"
		if e.Service != "" {
			name += " of " + e.Service
		}
	}
	if host == "" || name == "" {
		return nil
	}
	s.key = append(append(appendShortHost(s.key[:0], host), 0), name...)
	if s.current = s.logs.get(s.key); s.current != nil && s.current.name == "" {
		*s.current = logTrack{host: host, name: name, channel: e.Channel, hour: math.MinInt64}
	}
	return s.current
}

// speak notes a record.
func (s *gapState) speak(l *logTrack, e *event.Event) {
	first := l.hour == math.MinInt64
	if hour := e.Time.Unix() / 3600; hour != l.hour {
		l.hour = hour
		l.note(hour/64, 1<<(hour&63))
	} else if e.RecordID == 0 {
		return // of records without numbers the first of an hour says all
	}
	at := gapRecord{recordAtOf(e, s.file(e.Source.Path)), e.EventID, e.Source.Recovered}
	if first {
		l.first = at
	} else {
		l.pause(&l.last, &at, s.silence)
	}
	l.last = at
	l.number(&at)
}

// file gives the number of a file. Those of one file come one after the other.
func (s *gapState) file(path string) uint32 {
	if n := len(s.files); n == 0 || s.files[n-1] != path {
		s.files = append(s.files, path)
	}
	return uint32(len(s.files) - 1)
}

// note sets hours of a block of 64. The latest blocks are looked at first: most records are of the same
// hours as the one before.
func (l *logTrack) note(block int64, bits uint64) {
	for i := len(l.hours) - 1; i >= 0; i-- {
		if l.hours[i].block == block {
			l.hours[i].bits |= bits
			return
		}
	}
	if len(l.hours) < maxHourBlocks {
		l.hours = append(l.hours, hourBlock{block, bits})
	}
}

// pause keeps a longer time between two records that follow each other.
func (l *logTrack) pause(last, next *gapRecord, hours int) {
	long := moment{last.sec + int64(hours)*3600, last.nsec}
	if !next.moment().before(long) && len(l.pauses) < maxPauses {
		l.pauses = append(l.pauses, pause{*last, *next})
	}
}

// number adds the number of a record to the runs.
func (l *logTrack) number(at *gapRecord) {
	id := at.record
	if l.scattered || id == 0 || at.recovered {
		return
	}
	if n := len(l.segments); n > 0 {
		if s := &l.segments[n-1]; id == s.to+1 {
			s.to, s.last = id, at.moment()
			return
		} else if id >= s.from && id <= s.to {
			return
		}
	}
	l.segments = append(l.segments, segment{id, id, *at, at.moment()})
	l.compact()
}

// compact joins runs once there are many, and gives up if that does not help.
func (l *logTrack) compact() {
	if len(l.segments) <= maxSegments {
		return
	}
	l.segments = joinSegments(l.segments)
	if len(l.segments) > maxSegments/2 {
		l.scattered, l.segments = true, nil
	}
}

// joinSegments puts runs in order, and those together that overlap or touch.
func joinSegments(all []segment) []segment {
	slices.SortStableFunc(all, func(a, b segment) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	var out []segment
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to+1 {
			if s.to > out[n-1].to {
				out[n-1].to, out[n-1].last = s.to, s.last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// gone keeps files of logs that were deleted.
func (s *gapState) gone(r *Record) {
	target := r.Text(FileTarget)
	if len(target) > maxPath || !slices.ContainsFunc(s.folders, func(folder string) bool { return containsFold(target, folder) }) {
		return
	}
	image := lastPart(r.Text(FileImage))
	who := strings.ToLower(string(image)) + "\x00" + r.String(FileUser)
	what := fmt.Sprintf("%s deleted by %s", target, image)
	switch age, known := logAge(lastPart(target), r.Time()); {
	case known && age <= s.recent:
		s.steps.add(step{kind: logRemoved, key: who, text: string(target), Ref: r.Ref(what)})
	case !known && namedOneOf(image, oddWriters[:]):
		s.steps.add(step{kind: logDeleted, key: who, text: string(target), Ref: r.Ref(what)})
	}
}

// logAge is how old a log is by the date in its name: u_ex260309.log and u_ex26030914.log of IIS,
// HttpProxy_2026030908-1.LOG of Exchange, 2026-03-09 of others.
func logAge(name []byte, now time.Time) (age time.Duration, known bool) {
	if now.IsZero() {
		return 0, false
	}
	digits := make([]byte, 0, len(name))
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] >= '0' && name[i] <= '9' {
			digits = append(digits, name[i])
			continue
		}
		if i < len(name) && name[i] == '-' && (len(digits) == 4 || len(digits) == 6) && digits[0] == '2' {
			continue // 2026-03-09
		}
		for _, layout := range [...]string{"20060102", "2006010215", "060102", "06010215"} {
			if day, err := time.Parse(layout, string(digits)); err == nil && day.Year() > 2000 && !day.After(now.Add(48*time.Hour)) {
				return now.Sub(day), true
			}
		}
		digits = digits[:0]
	}
	return 0, false
}

// Join adds a later piece of evidence.
func (s *gapState) Join(later State) {
	o := later.(*gapState)
	s.current, s.source, s.computer, s.channel = nil, "", "", ""
	s.steps.join(&o.steps)
	numbers := make([]uint32, len(o.files))
	for i, path := range o.files {
		numbers[i] = s.file(path)
	}
	for _, l := range o.logs.each() {
		l.renumber(numbers)
	}
	s.logs.join(&o.logs, func(into, from *logTrack) { into.join(from, s.silence) })
}

// renumber gives all records other numbers of files, by those that they have.
func (l *logTrack) renumber(files []uint32) {
	l.first.origin, l.last.origin = files[l.first.origin], files[l.last.origin]
	for i := range l.segments {
		l.segments[i].first.origin = files[l.segments[i].first.origin]
	}
	for i := range l.pauses {
		p := &l.pauses[i]
		p.last.origin, p.next.origin = files[p.last.origin], files[p.next.origin]
	}
}

func (l *logTrack) join(o *logTrack, silence int) {
	for _, h := range o.hours {
		l.note(h.block, h.bits)
	}
	l.pause(&l.last, &o.first, silence)
	l.pauses = append(l.pauses, o.pauses[:min(len(o.pauses), maxPauses-len(l.pauses))]...)
	l.last, l.hour = o.last, o.hour
	l.scattered = l.scattered || o.scattered
	if l.scattered {
		l.segments = nil
		return
	}
	l.segments = append(l.segments, o.segments...)
	l.compact()
}

// Finish looks for holes and silences, and puts traces of a host together.
func (s *gapState) Finish(f *Finishing) {
	s.steps.noteDropped(f, "logs cleared and removed")
	if s.logs.full {
		f.Note("there are more than %d logs of hosts: holes and silences were not looked for in the others", maxLogs)
	}
	s.withoutHabits()
	s.missing()
	s.silences()
	episodesOnHosts(&s.steps, s.within, func(together []step) { f.Emit(gapEpisode(together)) })
}

// habitDays is on how many days a program must delete logs at the same hour to be a job that does so.
const habitDays = 3

// withoutHabits leaves out what a program of one account deletes at the same hour of several days.
func (s *gapState) withoutHabits() {
	type habit struct {
		host, who string
		hour      int
	}
	days := map[habit]map[int]bool{}
	of := func(st *step) habit { return habit{st.Host, st.key, st.Time.Hour()} }
	for i := range s.steps.items {
		if st := &s.steps.items[i]; st.key != "" {
			h := of(st)
			if days[h] == nil {
				days[h] = map[int]bool{}
			}
			days[h][int(st.Time.Unix()/86400)] = true
		}
	}
	s.steps.items = slices.DeleteFunc(s.steps.items, func(st step) bool { return st.key != "" && len(days[of(&st)]) >= habitDays })
	for i := range s.steps.items {
		s.steps.items[i].key = "" // whoever it was: traces of one host belong together
	}
}

// missing finds holes in the numbers of logs that have hardly any.
func (s *gapState) missing() {
	for _, l := range s.logs.each() {
		runs := joinSegments(l.segments)
		present := uint64(0)
		for _, r := range runs {
			present += r.to - r.from + 1
		}
		if l.scattered || present < leastRecords || len(runs)-1 > mostHoles {
			continue
		}
		for i := 1; i < len(runs); i++ {
			before, after := runs[i-1], runs[i]
			n := after.from - before.to - 1
			if n > present/10 || after.first.moment().before(before.last) {
				continue // a file that was not handed in; or a log that began anew
			}
			s.add(l, logMissing, &after.first, fmt.Sprintf("%d records of %s", n, l.name),
				fmt.Sprintf("records %d to %d of %s are missing, between %s and %s", before.to+1, after.from-1, l.name, clock(before.last), clock(after.first.moment())))
		}
	}
}

func clock(at moment) string { return at.time().Format("2006-01-02 15:04:05") }

func (s *gapState) add(l *logTrack, kind uint8, at *gapRecord, text, what string) {
	from := origin{s.files[at.origin], l.host, l.channel, at.event, at.recovered}
	s.steps.add(step{kind: kind, text: text, Ref: at.ref(&from, what)})
}

// silences finds logs that say nothing for hours in which others of the host go on.
func (s *gapState) silences() {
	byHost := map[string][]*logTrack{}
	var hosts []string
	for _, l := range s.logs.each() {
		host := ShortHost(l.host)
		if byHost[host] == nil {
			hosts = append(hosts, host)
		}
		byHost[host] = append(byHost[host], l)
	}
	for _, host := range hosts {
		logs := byHost[host]
		if len(logs) < 2 {
			continue
		}
		var spoken hourBlocks
		for _, l := range logs {
			spoken = append(spoken, l.hours...)
		}
		spoken = spoken.sorted()
		for _, l := range logs {
			s.silencesOf(l, spoken)
		}
	}
}

// silencesOf finds those of one log; spoken are the hours in which any log of the host spoke. In a
// silence of this one, those are of others.
func (s *gapState) silencesOf(l *logTrack, spoken hourBlocks) {
	own := l.hours.sorted()
	hours := own.hours()
	type found struct {
		from, to int64
		at       pause
	}
	var silences []found
	for i := 1; i < len(hours); i++ {
		from, to := hours[i-1], hours[i]
		gap := to - from - 1
		if gap < int64(s.silence) || gap > maxSilence {
			continue
		}
		if share(spoken, from+1, to) < 90 || s.usual(own, spoken, from-int64(s.baseline)+1, from+1) < 95 || s.usual(own, spoken, to, to+int64(s.baseline)/2) < 90 {
			continue
		}
		silences = append(silences, found{from, to, l.pauseAt(from, to)})
	}
	if len(silences) > mostSilences {
		return
	}
	for _, q := range silences {
		kind, lost := logSilent, ""
		if last, next := q.at.last.record, q.at.next.record; last > 0 && next > last+1 {
			lost = fmt.Sprintf(" (%d numbers of records are missing: they were written, and are not in the evidence)", next-last-1)
		} else if isAuditLog(l.name) {
			kind = logSilentAudit // nothing was written at all
		}
		s.add(l, kind, &q.at.last, fmt.Sprintf("%s, for %d hours%s", l.name, q.to-q.from-1, lost),
			fmt.Sprintf("%s says nothing from %s to %s, while others of the host go on", l.name, clock(q.at.last.moment()), clock(q.at.next.moment())))
	}
}

// isAuditLog tells whether a log is one that shows what intruders do.
func isAuditLog(name string) bool {
	return strings.EqualFold(name, "Security") || containsFold(name, "sysmon") || containsFold(name, "powershell")
}

// pauseAt gives the records around a silence; if they were not kept, their hours.
func (l *logTrack) pauseAt(from, to int64) pause {
	for _, p := range l.pauses {
		if p.last.sec/3600 == from && p.next.sec/3600 == to {
			return p
		}
	}
	at := func(hour int64) (at gapRecord) {
		at.recordAt, at.recovered = l.first.recordAt, l.first.recovered
		at.sec, at.nsec, at.record = hour*3600, 0, 0
		return at
	}
	return pause{at(from), at(to)}
}

// sorted puts blocks in order, and those together that are of the same hours.
func (b hourBlocks) sorted() hourBlocks {
	slices.SortFunc(b, func(x, y hourBlock) int { return cmp.Compare(x.block, y.block) })
	out := b[:0]
	for _, h := range b {
		if n := len(out); n > 0 && out[n-1].block == h.block {
			out[n-1].bits |= h.bits
		} else {
			out = append(out, h)
		}
	}
	return out
}

// hours lists the hours of sorted blocks.
func (b hourBlocks) hours() []int64 {
	var hours []int64
	for _, h := range b {
		for i := range int64(64) {
			if h.bits>>i&1 != 0 {
				hours = append(hours, h.block*64+i)
			}
		}
	}
	return hours
}

// spoke tells whether an hour is in sorted blocks.
func (b hourBlocks) spoke(hour int64) bool {
	i, there := slices.BinarySearchFunc(b, hour/64, func(h hourBlock, block int64) int { return cmp.Compare(h.block, block) })
	return there && b[i].bits>>(hour&63)&1 != 0
}

// share is the part of hours in which something was said, in percent.
func share(blocks hourBlocks, from, to int64) int {
	n := 0
	for h := from; h < to; h++ {
		if blocks.spoke(h) {
			n++
		}
	}
	return percent(n, int(to-from))
}

// usual is in how many percent of the hours in which the host spoke a log did; 0 if the host spoke in
// less than three quarters of them: too little to tell what is usual.
func (s *gapState) usual(log, host hourBlocks, from, to int64) int {
	both, any := 0, 0
	for h := from; h < to; h++ {
		if host.spoke(h) {
			any++
			if log.spoke(h) {
				both++
			}
		}
	}
	if any*4 < int(to-from)*3 {
		return 0
	}
	return percent(both, any)
}

func gapEpisode(steps []step) Episode {
	n := kindsOf(steps)
	cleared := map[string]bool{}
	for _, st := range steps {
		if st.kind == logCleared {
			cleared[st.text] = true
		}
	}
	kinds := 0
	var parts []string
	tell := func(kind uint8, format string) {
		if n[kind] > 0 {
			kinds++
			parts = append(parts, fmt.Sprintf(format, textOf(steps, kind)))
		}
	}
	if len(cleared) > 1 {
		kinds++
		parts = append(parts, fmt.Sprintf("%d logs were cleared", len(cleared)))
	} else {
		tell(logCleared, "log %s was cleared")
	}
	tell(logRemoved, "%s, a recent log, was deleted")
	tell(logDeleted, "%s was deleted by a program that does not look after logs")
	tell(logMissing, "%s are missing")
	tell(logSilentAudit, "nothing was said in %s")
	tell(logSilent, "nothing was said in %s")
	e := Episode{
		Summary: strings.Join(parts, "; "),
		Group:   []NamedValue{{"host", steps[0].Host}},
		Facts: []NamedValue{
			{"logs cleared", fmt.Sprint(len(cleared))}, {"recent logs deleted", fmt.Sprint(n[logRemoved])}, {"logs deleted by odd programs", fmt.Sprint(n[logDeleted])},
			{"holes in the numbers of records", fmt.Sprint(n[logMissing])}, {"silences", fmt.Sprint(n[logSilent] + n[logSilentAudit])},
		},
		Refs: refsOf(steps),
	}
	weight := mediumSeverity
	if n[logRemoved] > 0 || n[logSilentAudit] > 0 {
		weight++
	}
	if kinds > 1 {
		weight++
	}
	// Builders of images and laboratories clear one log or all of them, which is the same command: how many
	// they were says nothing. With another trace, or as a stage of a chain, it does.
	e.Level = levelOf(weight)
	if n[logMissing] > 0 {
		e.Caveats = append(e.Caveats, "files that are damaged lack records too: see the list of what could not be read")
	}
	return e
}
