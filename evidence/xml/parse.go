package xml

import (
	"bytes"
	"strconv"
	"time"

	"aldebaran/evidence/lines"
)

// maxDepth is how deep elements may nest; real ones nest six deep.
const maxDepth = 32

// parse reads one event.
func (r *Reader) parse(l lines.Line) string {
	const want = "an event: <Event><System>...<EventID>...</System>...</Event>"
	rec, b := r.rec, l.Text
	at := eventStart(b)
	if at < 0 {
		return want
	}
	rec.Event.Product = "windows"
	r.iis = false
	depth, leaf, ended := 0, 0, false // leaf is where the text of the innermost element begins; 0: it has elements
	var dataName []byte
	for !ended {
		lt := bytes.IndexByte(b[at:], '<')
		if lt < 0 {
			break
		}
		lt += at
		const end = "</Event" // its last byte was read as the end of the line, see ender
		if rest := b[lt:]; depth == 1 && bytes.HasPrefix(rest, []byte(end)) && (len(rest) == len(end) || rest[len(end)] == '\n') {
			ended = true
			break
		}
		gt := bytes.IndexByte(b[lt:], '>')
		if gt < 0 {
			break
		}
		gt += lt
		tag := b[lt+1 : gt]
		at = gt + 1
		switch {
		case len(tag) == 0 || tag[0] == '?' || tag[0] == '!':
		case tag[0] == '/':
			if depth == 0 || !bytes.Equal(bytes.TrimSpace(tag[1:]), r.path[depth-1]) {
				return want
			}
			if leaf > 0 {
				r.leaf(depth, dataName, b[leaf:lt])
			}
			depth--
			leaf, dataName = 0, nil
			ended = depth == 0
		default:
			closed := tag[len(tag)-1] == '/'
			if closed {
				tag = tag[:len(tag)-1]
			}
			name := tag
			if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
				name = tag[:i]
			}
			if depth > 0 && string(name) == "Event" {
				rec.Damage("event", "its end: "+endTag, "another event, which is not read", 1)
				return r.complete(want)
			}
			if depth == maxDepth {
				return want
			}
			r.path[depth] = name
			depth++
			var attributes bool
			if dataName, attributes = r.attributes(depth, tag[len(name):]); closed {
				if !attributes && depth > 2 {
					r.leaf(depth, dataName, nil)
				}
				depth--
				leaf, dataName = 0, nil
			} else {
				leaf = at
			}
		}
	}
	if !ended {
		rec.Damage("event", "its end: "+endTag, "the next event, or the end of the file", 0)
	}
	return r.complete(want)
}

// complete gives want if what was read is no event.
func (r *Reader) complete(want string) string {
	if e := &r.rec.Event; e.EventID == 0 && e.Channel == "" && e.Provider == "" {
		return want
	}
	return ""
}

// attributes adds those of the innermost element. What Data is called is given back instead; added
// tells whether others were, so that an element without text says something all the same.
func (r *Reader) attributes(depth int, b []byte) (dataName []byte, added bool) {
	element := r.path[depth-1]
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		eq := bytes.IndexByte(b, '=')
		if eq < 0 || eq+1 >= len(b) || b[eq+1] != '"' && b[eq+1] != '\'' {
			return dataName, added
		}
		end := bytes.IndexByte(b[eq+2:], b[eq+1])
		if end < 0 {
			return dataName, added
		}
		name, value := bytes.TrimSpace(b[:eq]), r.text(b[eq+2:eq+2+end])
		b = b[eq+2+end+1:]
		switch {
		case depth < 3 || bytes.HasPrefix(name, []byte("xmlns")):
		case r.in("System"):
			added = true
			r.system(element, name, value)
		case string(element) == "Data" && string(name) == "Name":
			dataName = r.withoutBlanks(value)
		default:
			added = true
			r.rec.AddNamed(r.joined(element, name), value)
		}
	}
}

// in tells whether the innermost element stands in a part of the event.
func (r *Reader) in(part string) bool { return string(r.path[1]) == part }

// leaf adds an element without elements in it.
func (r *Reader) leaf(depth int, dataName, text []byte) {
	if depth < 3 {
		return
	}
	rec, element := r.rec, r.path[depth-1]
	value := r.text(text)
	switch {
	case r.in("System"):
		if value = bytes.TrimSpace(value); len(value) > 0 {
			r.system(element, nil, value)
		}
	case r.in("RenderingInfo"):
		if string(element) == "Message" {
			rec.AddSystem("Message", value)
		}
	case string(element) != "Data":
		rec.AddNamed(element, value)
	case dataName == nil:
		rec.Add("Data", value)
	default:
		if r.iis {
			dataName = iisName(dataName)
		}
		rec.AddNamed(dataName, value)
	}
}

// iisName is the name that rules for web servers use for a value of Microsoft-Windows-IIS-Logging.
func iisName(name []byte) []byte {
	switch string(name) {
	case "csUser-Agent":
		return []byte("cs-user-agent")
	case "csCookie":
		return []byte("cs-cookie")
	case "csReferer":
		return []byte("cs-referer")
	}
	return name
}

// system adds a value of the header.
func (r *Reader) system(element, attribute, value []byte) {
	rec, e := r.rec, &r.rec.Event
	if attribute != nil {
		element = r.joined(element, attribute)
	}
	name := ""
	switch string(element) {
	case "Provider_Name":
		name, e.Provider = "Provider_Name", rec.String(value)
		if e.Provider == "Microsoft-Windows-IIS-Logging" {
			e.Category, e.Service, r.iis = "webserver", "iis", true
		}
	case "EventID":
		name = "EventID"
		if n, err := strconv.ParseUint(string(value), 10, 32); err == nil {
			e.EventID = uint32(n)
		} else {
			rec.Damage("EventID", "a number", strconv.Quote(rec.String(value)), 0)
		}
	case "TimeCreated_SystemTime":
		name = "TimeCreated_SystemTime"
		if t, err := time.Parse(time.RFC3339Nano, string(value)); err == nil {
			e.Time = t.UTC()
		} else {
			rec.Damage("time", "2026-03-01T08:00:00.0000000Z", strconv.Quote(rec.String(value)), 0)
		}
	case "EventRecordID":
		name = "EventRecordID"
		if n, err := strconv.ParseUint(string(value), 10, 64); err == nil {
			e.RecordID = n
		}
	case "Channel":
		name, e.Channel = "Channel", rec.String(value)
	case "Computer":
		name, e.Computer = "Computer", rec.String(value)
	default:
		for _, n := range systemNames {
			if string(element) == n {
				name = n
			}
		}
		if name == "" {
			rec.AddNamed(element, value)
			return
		}
	}
	rec.AddSystem(name, value)
}

// systemNames are the other values of the header (event schema, SystemPropertiesType).
var systemNames = [...]string{
	"Provider_Guid", "Provider_EventSourceName", "EventID_Qualifiers", "Version", "Level", "Task", "Opcode", "Keywords",
	"Correlation_ActivityID", "Correlation_RelatedActivityID", "Execution_ProcessID", "Execution_ThreadID",
	"Execution_ProcessorID", "Execution_SessionID", "Execution_KernelTime", "Execution_UserTime", "Security_UserID",
}

// joined gives the name of an attribute as rules have it.
func (r *Reader) joined(element, attribute []byte) []byte {
	at := len(r.rec.Scratch)
	r.rec.Scratch = append(append(append(r.rec.Scratch, element...), '_'), attribute...)
	return r.rec.Scratch[at:]
}

// withoutBlanks gives the name of a Data as rules have it: "Threat Name" is ThreatName.
func (r *Reader) withoutBlanks(name []byte) []byte {
	if bytes.IndexByte(name, ' ') < 0 {
		return name
	}
	at := len(r.rec.Scratch)
	for _, c := range name {
		if c != ' ' {
			r.rec.Scratch = append(r.rec.Scratch, c)
		}
	}
	return r.rec.Scratch[at:]
}

// text replaces entities.
func (r *Reader) text(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	at := len(r.rec.Scratch)
	r.rec.Scratch = lines.AppendXML(r.rec.Scratch, b)
	return r.rec.Scratch[at:]
}
