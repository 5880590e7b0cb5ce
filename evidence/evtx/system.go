package evtx

import (
	"bytes"
	"encoding/binary"
	"time"

	"aldebaran/event"
)

// systemFields says which values of a layout fill the fields of an [event.Event], -1 for none, and
// remembers the texts that they held last: the logs of a machine say the same few again and again.
type systemFields struct {
	channel, provider, computer  memo
	eventID, recordID, timeStamp int
}

// A memo is a value that becomes a string, and the string that it became last.
type memo struct {
	at   int
	kind event.Kind
	raw  []byte
	text string
}

func findSystem(s *event.Shape) systemFields {
	find := func(name string) int {
		for i, f := range s.Fields {
			if f.Part == event.System && f.Name == name {
				return i
			}
		}
		return -1
	}
	return systemFields{
		channel:   memo{at: find("Channel")},
		provider:  memo{at: find("Provider_Name")},
		computer:  memo{at: find("Computer")},
		eventID:   find("EventID"),
		recordID:  find("EventRecordID"),
		timeStamp: find("TimeCreated_SystemTime"),
	}
}

const maxTexts = 1024 // different channels, providers and hosts that are kept; a domain's collector has fewer

// text gives the value as a string, the same string for the same bytes.
func (r *Reader) text(m *memo) string {
	if m.at < 0 {
		return ""
	}
	v := r.values[m.at]
	if v.Kind == m.kind && bytes.Equal(v.Raw, m.raw) {
		return m.text
	}
	if len(v.Raw) > 2*maxNameChars { // no name of a channel or host is that long, but a hostile one may be
		v.Raw = v.Raw[:2*maxNameChars]
	}
	start := len(r.scratch)
	r.scratch = v.AppendText(r.scratch)
	raw := r.scratch[start:]
	text, ok := r.texts[string(raw)]
	if !ok {
		if len(r.texts) >= maxTexts {
			clear(r.texts)
		}
		text = string(raw)
		r.texts[text] = text
	}
	r.scratch = r.scratch[:start]
	m.kind, m.raw, m.text = v.Kind, append(m.raw[:0], v.Raw...), text
	return text
}

// number gives a value that is a number or is written like one, 0 for anything else.
func number(v event.Value) uint64 {
	b := v.Raw
	switch v.Kind {
	case event.UTF16, event.ANSI, event.Text:
		step := 1
		if v.Kind == event.UTF16 {
			step = 2
		}
		n := uint64(0)
		for i := 0; i+step <= len(b) && i < 20*step; i += step {
			if b[i] < '0' || b[i] > '9' || step == 2 && b[i+1] != 0 {
				break
			}
			n = 10*n + uint64(b[i]-'0')
		}
		return n
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// timeOf gives a value that is a time, or is written like one in ISO 8601; ok is false for
// anything else.
func timeOf(v event.Value) (t time.Time, ok bool) {
	switch v.Kind {
	case event.FileTime:
		if len(v.Raw) < 8 {
			return t, false
		}
		return event.FileTimeToTime(binary.LittleEndian.Uint64(v.Raw)), true
	case event.SystemTime:
		if len(v.Raw) < 16 {
			return t, false
		}
		w := func(i int) int { return int(binary.LittleEndian.Uint16(v.Raw[2*i:])) }
		return time.Date(w(0), time.Month(w(1)), w(3), w(4), w(5), w(6), w(7)*1e6, time.UTC), true
	case event.UTF16, event.ANSI, event.Text:
		if len(v.Raw) > 80 {
			return t, false
		}
		var buf [160]byte
		t, err := time.Parse(time.RFC3339Nano, string(v.AppendText(buf[:0])))
		return t.UTC(), err == nil
	}
	return t, false
}
