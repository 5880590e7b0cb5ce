// Package demo makes up the evidence of an intrusion that never happened, for the command
// "aldebaran demo" and for whoever wants to see what a hunt finds. Nothing goes in; event logs of
// an invented ministry's servers come out, the same bytes every time.
//
// The Ministry of Lakes does not exist. Its hosts are called *.lakes.example and its domain
// SYNTHETIC-LAKES, Sysmon's events carry the rule name "synthetic-demo", and addresses outside are
// of the ranges kept for documentation (RFC 5737). The events show what a defender's logs would
// show; they hold no exploit, no code, and no password. Cookies and labels that look encrypted are
// random numbers.
package demo

import (
	"bytes"
	_ "embed" // the story
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"aldebaran/evidence/evtx"
)

// story is an article in the manner of the press about the actor whose ways the intrusion follows.
//
//go:embed story.md
var story []byte

// Story is that article, in Markdown. What it says of the actor was published; the rest is made up.
func Story() []byte { return bytes.Clone(story) }

// Evidence gives the logs, by names as they have below a folder for each host:
// "MAIL01/Security.evtx", "MAIL01/LogFiles/W3SVC1/u_ex260309.log", "SENSOR/dns.log". About 6,000
// events of three days, of which six hundred belong to the intrusion.
func Evidence() (map[string][]byte, error) {
	s := newScene()
	s.background()
	s.intrusion()
	return s.logs()
}

// Ordinary gives the same logs without the intrusion: what clean servers write.
func Ordinary() (map[string][]byte, error) {
	s := newScene()
	s.background()
	return s.logs()
}

// A scene gathers the events of all logs before they are put in order and written.
type scene struct {
	// random is seeded with constants: it makes the background look uneven, not unpredictable.
	random  *rand.Rand
	records map[logName][]evtx.Record
	// cleared is when a log was emptied: what was in it before is gone.
	cleared map[logName]time.Time
	// requests are those to the mail server's web site, queries those for names on the wire.
	requests []line
	queries  []line
}

// A line of a text log.
type line struct {
	time time.Time
	text string
}

// logName says which log of which host.
type logName struct{ host, channel string }

func newScene() *scene {
	return &scene{
		random:  rand.New(rand.NewPCG(0xa1de, 0xba2a)),
		records: map[logName][]evtx.Record{},
		cleared: map[logName]time.Time{},
	}
}

// begin is when the scene begins: a Monday, at midnight UTC. It lasts for three days.
var begin = time.Date(2026, time.March, 9, 0, 0, 0, 0, time.UTC)

const days = 3

// at is a time of the scene: day 0 is Monday, clock is "15:04:05".
func at(day int, clock string) time.Time {
	c, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err) // our own constants
	}
	return begin.AddDate(0, 0, day).Add(time.Duration(c.Hour())*time.Hour + time.Duration(c.Minute())*time.Minute + time.Duration(c.Second())*time.Second)
}

// logs writes all logs. Windows numbers the records of a log on and on, also after it was cleared.
func (s *scene) logs() (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, records := range s.records {
		slices.SortStableFunc(records, func(a, b evtx.Record) int { return a.Time.Compare(b.Time) })
		var b bytes.Buffer
		w := evtx.NewWriter(&b)
		for i, r := range records {
			if r.Time.Before(s.cleared[name]) {
				continue
			}
			r.ID = firstRecord + uint64(i)
			if err := w.Add(r); err != nil {
				return nil, fmt.Errorf("%s of %s: %w", name.channel, name.host, err)
			}
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name.channel, name.host, err)
		}
		// Windows names a log's file so, as a slash is none of a file name's characters.
		file := strings.ReplaceAll(name.channel, "/", "%4") + ".evtx"
		files[name.host+"/"+file] = b.Bytes()
	}
	s.webLogs(files)
	s.dnsLog(files)
	return files, nil
}

// firstRecord is the number of the first record: the servers have been running for a while.
const firstRecord = 48_001
