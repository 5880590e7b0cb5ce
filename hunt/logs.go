package hunt

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// maxLogs bounds the number of different logs (host and channel) that are told apart; a domain's
// servers have some hundred. What goes beyond is counted in one entry without names.
const maxLogs = 4096

// A logStat is how much of one log of one host was read.
type logStat struct {
	host, channel string
	events        int
	period        event.Period
}

// logs counts events by log. The last one is remembered, because events of a file are nearly all
// of the same log.
type logs struct {
	stats []logStat
	index map[[2]string]int
	last  int
	over  bool // there were more than maxLogs
}

func (l *logs) reset() {
	clear(l.stats)
	clear(l.index)
	*l = logs{stats: l.stats[:0], index: l.index}
}

func (l *logs) add(e *event.Event) {
	if l.last >= len(l.stats) || l.stats[l.last].channel != e.Channel || l.stats[l.last].host != e.Computer {
		l.last = l.find(e.Computer, e.Channel)
	}
	s := &l.stats[l.last]
	s.events++
	s.period.Add(e.Time)
}

func (l *logs) join(s logStat) {
	to := &l.stats[l.find(s.host, s.channel)]
	to.events += s.events
	to.period.Join(s.period)
}

func (l *logs) find(host, channel string) int {
	key := [2]string{host, channel}
	if i, ok := l.index[key]; ok {
		return i
	}
	if l.index == nil {
		l.index = map[[2]string]int{}
	}
	if len(l.stats) >= maxLogs {
		l.over = true
		key = [2]string{}
		if i, ok := l.index[key]; ok {
			return i
		}
	}
	l.stats = append(l.stats, logStat{host: key[0], channel: key[1]})
	l.index[key] = len(l.stats) - 1
	return len(l.stats) - 1
}

// sorted gives the logs by host and channel.
func (l *logs) sorted() []logStat {
	all := slices.Clone(l.stats)
	slices.SortFunc(all, func(a, b logStat) int {
		return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.channel, b.channel))
	})
	return all
}

// names gives what the logs have of one part of their name, sorted, each once, without "".
func (l *logs) names(part func(logStat) string) []string {
	var all []string
	for _, s := range l.stats {
		if n := part(s); n != "" {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// oneHost leaves out names of hosts that stand there with their domain, too: one log writes MAIL01,
// another MAIL01.example.org. If several have the first part in common, nobody knows which is meant.
func oneHost(names []string) []string {
	whole := map[string]int{}
	for _, n := range names {
		if first, _, ok := strings.Cut(strings.ToLower(n), "."); ok {
			whole[first]++
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return whole[strings.ToLower(n)] == 1 })
}

func hostOf(s logStat) string    { return s.host }
func channelOf(s logStat) string { return s.channel }

// events is the number of all events.
func (l *logs) events() int {
	n := 0
	for _, s := range l.stats {
		n += s.events
	}
	return n
}

// period is the time from the first to the last event.
func (l *logs) period() (all event.Period) {
	for _, s := range l.stats {
		all.Join(s.period)
	}
	return all
}

// stamp is how outputs write times: RFC 3339 in UTC with all seven decimals that Windows keeps, so
// that they sort as text; "" for no time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return string(appendStamp(nil, t))
}

func appendStamp(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.0000000Z")
}
