package syslog

import (
	"bytes"

	"aldebaran/evidence/lines"
)

// snareMark begins what Snare's agents, and collectors that write as they do, send of Windows events.
var snareMark = []byte("MSWinEventLog")

// snare reads a Windows event in Snare's form, with tabs between the columns, or what rsyslog makes of
// tabs (https://docs.snare-solutions.com, "Log Data Format"):
//
//	MSWinEventLog 1 Security 722 Wed Sep 06 17:59:08 2026 4726 Microsoft-Windows-Security-Auditing user SID-type type computer category data message counter
//
// The values of the event stand in the message only, in the language of the machine.
func (r *Reader) snare(message []byte) bool {
	rest, ok := bytes.CutPrefix(message, snareMark)
	if !ok {
		return false
	}
	tab := []byte{'\t'}
	if bytes.HasPrefix(rest, []byte("#011")) {
		tab = []byte("#011")
	}
	const columns = 13 // behind the mark, to the message
	var c [columns + 1][]byte
	for i := range c {
		if i == columns {
			c[i] = rest
			break
		}
		if c[i], rest, ok = bytes.Cut(rest, tab); !ok {
			return false
		}
	}
	channel, id, provider, user, kind, computer, category, said := c[2], c[5], c[6], c[7], c[9], c[10], c[11], c[13]
	if !lines.IsNumber(id) || len(id) > 6 || len(channel) == 0 {
		return false
	}
	if at := bytes.LastIndex(said, tab); at >= 0 && lines.IsNumber(bytes.TrimRight(said[at+len(tab):], " ")) {
		said = said[:at] // a counter
	}
	e := &r.rec.Event
	e.Product = "windows"
	e.Channel, e.Provider, e.EventID = r.rec.String(channel), r.rec.String(provider), uint32(lines.Number(id))
	e.Computer = r.rec.String(computer)
	r.rec.AddSystem("Channel", channel)
	r.rec.AddSystem("Provider_Name", provider)
	r.rec.AddSystem("EventID", id)
	r.rec.AddSystem("Computer", computer)
	r.rec.AddSystem("Keywords", kind)
	r.rec.AddSystem("TaskCategory", category)
	r.rec.AddSystem("Security_User", user)
	r.rec.AddSystem("Message", said)
	return true
}
