package syslog

import (
	"bytes"
	"strconv"
	"time"

	"aldebaran/evidence/lines"
)

// sysmon reads an event of Sysmon for Linux (https://github.com/Sysinternals/SysmonForLinux), which
// it writes as XML into syslog on one line:
//
//	<Event><System><Provider Name="Linux-Sysmon" .../><EventID>1</EventID>...</System>
//	<EventData><Data Name="Image">/bin/id</Data>...</EventData></Event>
//
// It is no XML parser: Sysmon writes these elements in this form only. What is not in it stays a
// message: ok is false, and nothing was added.
func (r *Reader) sysmon(m []byte) (ok bool) {
	rec, e := r.rec, &r.rec.Event
	m = bytes.TrimSpace(m)
	if !bytes.HasPrefix(m, []byte("<Event>")) || !bytes.Contains(m, []byte(`Name="Linux-Sysmon"`)) {
		return false
	}
	system, data, ok := bytes.Cut(m, []byte("</System>"))
	if !ok {
		return false
	}
	id, err := strconv.ParseUint(string(element(system, "EventID")), 10, 32)
	if err != nil {
		return false
	}
	e.Product, e.Service = "linux", "sysmon"
	e.Channel, e.Provider = "Linux-Sysmon/Operational", "Linux-Sysmon"
	e.EventID = uint32(id)
	e.Category = sysmonCategory(e.EventID)
	if n, err := strconv.ParseUint(string(element(system, "EventRecordID")), 10, 64); err == nil {
		e.RecordID = n
	}
	if host := element(system, "Computer"); len(host) > 0 {
		e.Computer = rec.String(host)
	}
	if at, ok := after(system, `SystemTime="`); ok {
		if t, err := time.Parse(time.RFC3339Nano, string(until(at, `"`))); err == nil {
			e.Time = t.UTC()
		}
	}
	rec.AddSystem("EventID", element(system, "EventID"))
	for {
		name, ok := after(data, `<Data Name="`)
		if !ok {
			return true
		}
		end := bytes.IndexByte(name, '"')
		if end < 0 {
			return true
		}
		data = name[end+1:]
		name = name[:end]
		switch {
		case bytes.HasPrefix(data, []byte("/>")):
			rec.AddNamed(name, nil)
			continue
		case !bytes.HasPrefix(data, []byte{'>'}):
			return true
		}
		value, rest, ok := bytes.Cut(data[1:], []byte("</Data>"))
		if !ok {
			return true
		}
		rec.AddNamed(name, r.unescape(value))
		data = rest
	}
}

// sysmonCategory is the Sigma category of an event, "" where rules have none.
func sysmonCategory(id uint32) string {
	switch id {
	case 1:
		return "process_creation"
	case 3:
		return "network_connection"
	case 4, 16:
		return "sysmon_status"
	case 5:
		return "process_termination"
	case 9:
		return "raw_access_read"
	case 11:
		return "file_event"
	case 23:
		return "file_delete"
	}
	return ""
}

// element gives the text of <name>text</name> or <name attribute="">text</name>.
func element(b []byte, name string) []byte {
	for {
		i := bytes.Index(b, []byte(name))
		if i < 0 {
			return nil
		}
		before := i > 0 && b[i-1] == '<'
		b = b[i+len(name):]
		if !before || len(b) == 0 || b[0] != '>' && b[0] != ' ' {
			continue
		}
		_, text, ok := bytes.Cut(b, []byte{'>'})
		if !ok {
			return nil
		}
		return until(text, "<")
	}
}

// unescape puts characters for the five entities of XML and for numbers.
func (r *Reader) unescape(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	at := len(r.rec.Scratch)
	r.rec.Scratch = lines.AppendXML(r.rec.Scratch, b)
	return r.rec.Scratch[at:]
}
