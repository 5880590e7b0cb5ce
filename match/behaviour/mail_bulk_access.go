package behaviour

import (
	"bytes"
	"fmt"
	"strconv"

	"aldebaran/english"
)

// mailBulkAccess finds an account that reads far more mailboxes, or far more mail, in an hour than it
// does otherwise.
//
// The account is compared with itself: with the median of its other hours in the evidence, and with
// its other days. An archive that reads everything each night is quiet, and so is a backup each week.
// 20 mailboxes in an hour are more than people have who work with shared ones; five times the usual is
// beyond a busy day. Microsoft's audit stops to list messages one by one beyond 1,000 a day and mailbox
// ("throttled"), which is what it takes to be much; 1 GB is a mailbox fetched whole.
//
// https://learn.microsoft.com/purview/audit-log-investigate-accounts (MailItemsAccessed, bind and sync)
func mailBulkAccess() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "mail-bulk-access",
			Title:       "Bulk Access to Mailboxes",
			Level:       "high",
			Description: "An account read many mailboxes, or very much mail, within an hour: several times what it does otherwise.",
			Why: "Who has stolen an account with rights over mailboxes, or forged its token, fetches what he can while it works. " +
				"Services that read for everybody do it all the time; this one did not.",
			Benign: "A migration, a new archive or backup, and a device or an Outlook profile that is set up anew (one mailbox, much data): " +
				"ask who set up what that day, and compare the client's program and address with those of the account's other days.",
			Next: []string{
				"Look at the addresses and programs of that hour, and whether the account was used from them before.",
				"Look how the account got its rights: roles, impersonation, application permissions, and by whom.",
				"List the mailboxes and tell their owners; look for the same address in sign-ins of others.",
			},
			Tags: []string{"attack.collection", "attack.t1114.002"},
			References: []string{
				"https://learn.microsoft.com/purview/audit-log-investigate-accounts",
				"https://learn.microsoft.com/exchange/client-developer/exchange-web-services/impersonation-and-ews-in-exchange",
			},
		},
		Views: []View{Mailbox},
		Params: []Param{
			{"mailboxes", 20, "mailboxes", "different mailboxes that an account must have read in an hour"},
			{"items", 1000, "messages", "messages that an account must have read in an hour (Microsoft 365)"},
			{"megabytes", 1000, "MB", "what an account must have been sent in an hour (Exchange Server)"},
			{"factor", 5, "times", "how many times the median of the account's other hours that must be"},
			{"history", 8, "hours", "other hours with access that make a history; with less the level is one step lower"},
		},
		New: func(s Settings) (func() State, error) {
			compare := func(param string, unit int64, of func(*hour) int64) usual {
				return usual{of, int64(s.Int(param)) * unit, s.Param("factor"), s.Int("history")}
			}
			state := bulkMailState{
				mailboxes: compare("mailboxes", 1, func(h *hour) int64 { return int64(len(h.things)) }),
				items:     compare("items", 1, func(h *hour) int64 { return h.amounts[mailItems] }),
				bytes:     compare("megabytes", 1e6, func(h *hour) int64 { return h.amounts[mailBytes] }),
			}
			return func() State {
				one := state
				one.seen.who.max, one.seen.idle = maxActive, ownMailbox
				return &one
			}, nil
		},
	}
}

// What of an hour is counted, and what else is noted.
const (
	mailItems = 0
	mailBytes = 1

	syncAccess uint8 = 1 // a folder was fetched whole
)

// ownMailbox tells hours in which somebody read little of one mailbox: his own, nearly always.
func ownMailbox(h *hour) bool { return len(h.things) <= 1 && h.amounts[mailItems] < busyAmount }

type bulkMailState struct {
	mailboxes, items, bytes usual
	seen                    hourly
	room                    []byte
}

// See counts an access for its account.
func (s *bulkMailState) See(r *Record) {
	a := r.access()
	if !a.reads || a.user == nil {
		return
	}
	before := a.box.hour
	h := s.seen.again(before, a.user, r.Time())
	if h == nil {
		return
	}
	a.box.hour = h
	items := int64(1)
	if n, ok := r.Int(BoxItems); ok && n > 0 {
		items = min(n, maxAmount)
	}
	h.amounts[mailItems] += items
	if n, ok := r.Int(BoxSent); ok && n > 0 {
		h.amounts[mailBytes] += min(n, maxAmount)
	}
	if equalText(r.Text(BoxAccess), "sync") {
		h.flags |= syncAccess
	}
	box := mailboxOf(a.mailbox)
	if a.box.thing == 0 {
		a.box.thing = hashOf(box)
	}
	if s.seen.hashed(h, a.box.thing, len(box) > 0) {
		s.seen.keep(h, a.box.thing, r, s.what(a, box, before))
	}
}

// what is an access in short. Of most it is what it was in the hour before, if there was one.
func (s *bulkMailState) what(a *mailAccess, box []byte, before *hour) string {
	s.room = append(append(s.room[:0], a.user...), " read "...)
	s.room = appendOr(s.room, box, "a mailbox")
	s.room = appendOr(append(s.room, " from "...), a.address, "an unknown address")
	s.room = appendOr(append(s.room, " with "...), a.agent, "an unknown program")
	if before != nil && before.shown && before.examples[0].what == string(s.room) {
		return before.examples[0].what
	}
	return Short(string(s.room), maxWhat)
}

func appendOr(dst, text []byte, nothing string) []byte {
	if len(text) == 0 {
		return append(dst, nothing...)
	}
	return append(dst, text...)
}

// maxAmount is what one record can count for: what a log says may be anything.
const maxAmount = 1 << 36

// mailboxOf takes what says how a mailbox was found off its name: "SMTP~a@corp.example" and
// "Sid~S-1-5-..." of Exchange's front end; nil if it is the name of a server.
func mailboxOf(anchor []byte) []byte {
	if hasPrefixFold(anchor, "servercookie") || hasPrefixFold(anchor, "url~") {
		return nil
	}
	anchor = anchor[bytes.LastIndexByte(anchor, '~')+1:]
	if hasPrefixFold(anchor, "smtp:") {
		anchor = anchor[len("smtp:"):]
	}
	return anchor
}

// equalText compares without regard to the case of ASCII letters; lower is in lower case.
func equalText(text []byte, lower string) bool {
	return len(text) == len(lower) && hasPrefixFold(text, lower)
}

func orNothing(text []byte, nothing string) string {
	if len(text) == 0 {
		return nothing
	}
	return string(text)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// Join adds a later piece of evidence.
func (s *bulkMailState) Join(later State) { s.seen.join(&later.(*bulkMailState).seen) }

// Finish compares every account with itself: mailboxes first, and how much only if they were few.
func (s *bulkMailState) Finish(f *Finishing) {
	if n := s.seen.who.forgotten; n > 0 {
		f.Note("%s accounts that had read little of one mailbox were forgotten to make room for others", english.Number(n))
	}
	if s.seen.dropped > 0 {
		f.Note("%d accesses were not counted: there are more than %d accounts or %d hours of them", s.seen.dropped, maxActive, maxHours)
	}
	for user, a := range s.seen.who.each() {
		peaks := a.peaks(s.mailboxes)
		for _, p := range peaks {
			e := bulkEpisode(f, user, p, s.mailboxes, "mailboxes", many)
			f.Emit(e)
		}
		if len(peaks) > 0 {
			continue
		}
		for _, p := range a.peaks(s.items) {
			f.Emit(lessGrave(bulkEpisode(f, user, p, s.items, "messages", decimal)))
		}
		for _, p := range a.peaks(s.bytes) {
			f.Emit(lessGrave(bulkEpisode(f, user, p, s.bytes, "bytes", decimal)))
		}
	}
}

// bulkEpisode says that somebody read many of something in an hour.
func bulkEpisode(f *Finishing, user string, p peak, u usual, what string, write func(int64) string) Episode {
	when := p.period()
	e := Episode{
		Level: f.rule.Level,
		First: when.First, Last: when.Last,
		Group: []NamedValue{{"account", user}},
		Facts: []NamedValue{
			{what + " in an hour", fmt.Sprintf("%s (at least %d)", write(p.most), u.least)},
			{"median of its other hours", fmt.Sprintf("%s (at most a %sth)", write(p.median), strconv.FormatFloat(u.factor, 'g', 3, 64))},
			{"its other hours in the evidence", fmt.Sprint(p.history)},
			{"lasted", duration(when.Length())},
		},
		Refs:    p.refs(),
		Count:   p.records(),
		Summary: fmt.Sprintf("%s read %s %s in one hour; in its %d other hours of the evidence the median is %s", user, write(p.most), what, p.history, write(p.median)),
	}
	if p.flags()&syncAccess != 0 {
		e.Facts = append(e.Facts, NamedValue{"whole folders", "fetched (sync)"})
	}
	if p.short {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("the account has only %s in the evidence, less than %d: this may be what it always does", english.Count(p.history, "other hour"), u.known))
	}
	return e
}

// lessGrave lowers the level of what is about one's own mailbox: a device that is set up anew fetches all of it.
func lessGrave(e Episode) Episode {
	e.Level = levelBelow(e.Level)
	e.Caveats = append(e.Caveats, "few mailboxes were read: a program that is set up anew fetches a mailbox whole")
	return e
}
