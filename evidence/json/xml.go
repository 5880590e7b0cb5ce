package json

import (
	"bytes"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// maxElements is how deep elements of an event's XML may nest; real ones nest six deep.
const maxElements = 16

// xml reads the XML of an event, or of its EventData, that stands as a text in a JSON record. The
// fields are named as in the JSON that evtx_dump writes: "Event.System.Provider.#attributes.Name".
// It is no XML parser in general: event logs write elements, attributes, texts and entities only.
func (r *Reader) xml(b []byte) bool {
	p := 0
	for {
		if p = skip(b, p); p+1 >= len(b) || b[p] != '<' {
			return false
		}
		if b[p+1] != '?' && b[p+1] != '!' {
			break
		}
		end := bytes.IndexByte(b[p:], '>')
		if end < 0 {
			return false
		}
		p += end + 1
	}
	p = r.element(b, p, 0)
	if p < 0 || skip(b, p) != len(b) {
		return false
	}
	r.step(nil, tokClose)
	return true
}

// element reads one from its < on.
func (r *Reader) element(b []byte, p, depth int) int {
	if depth > maxElements {
		return -1
	}
	p++
	start := p
	for p < len(b) && b[p] > ' ' && b[p] != '>' && b[p] != '/' && b[p] != '<' {
		p++
	}
	name := b[start:p]
	if len(name) == 0 {
		return -1
	}
	key, opened, attributes := name, false, false
	// What stands around the data says nothing.
	plain := depth == 0 && (string(name) == "DataItem" || string(name) == "EventData") || depth == 1 && string(name) == "EventData" && r.at.key == "EventData"
	open := func() {
		if !opened && !plain {
			r.step(key, tokOpen)
		}
		opened = true
	}
	for {
		if p = skip(b, p); p >= len(b) {
			return -1
		}
		if b[p] == '>' || b[p] == '/' {
			break
		}
		at := p
		for p < len(b) && b[p] != '=' && b[p] != '>' {
			p++
		}
		if p+1 >= len(b) || b[p] != '=' || b[p+1] != '"' && b[p+1] != '\'' {
			return -1
		}
		attr := bytes.TrimSpace(b[at:p])
		quote := b[p+1]
		p += 2
		end := bytes.IndexByte(b[p:], quote)
		if end < 0 {
			return -1
		}
		value := b[p : p+end]
		p += end + 1
		switch {
		case plain || bytes.HasPrefix(attr, []byte("xmlns")):
		case string(name) == "Data" && string(attr) == "Name":
			key = value
		default:
			open()
			if !attributes {
				attributes = true
				r.step([]byte("#attributes"), tokOpen)
			}
			r.field(attr, tokValue, event.Value{Raw: r.entities(value), Kind: event.Text})
		}
	}
	if attributes {
		r.step(nil, tokClose)
	}
	if b[p] == '/' {
		if p+1 >= len(b) || b[p+1] != '>' {
			return -1
		}
		if !opened {
			r.field(key, tokValue, event.Value{})
		} else if !plain {
			r.step(nil, tokClose)
		}
		return p + 2
	}
	p++
	for {
		at := p
		end := bytes.IndexByte(b[p:], '<')
		if end < 0 {
			return -1
		}
		p += end
		text := b[at:p]
		if p+1 >= len(b) {
			return -1
		}
		if b[p+1] != '/' {
			open()
			if p = r.element(b, p, depth+1); p < 0 {
				return -1
			}
			continue
		}
		if !opened {
			r.field(key, tokValue, event.Value{Raw: r.entities(text), Kind: event.Text})
		} else if len(bytes.TrimSpace(text)) > 0 {
			r.field([]byte("#text"), tokValue, event.Value{Raw: r.entities(text), Kind: event.Text})
		}
		if !bytes.HasPrefix(b[p+2:], name) {
			return -1
		}
		p = skip(b, p+2+len(name))
		if p >= len(b) || b[p] != '>' {
			return -1
		}
		if opened && !plain {
			r.step(nil, tokClose)
		}
		return p + 1
	}
}

// entities gives a text without its references (XML 1.0 section 4.1).
func (r *Reader) entities(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b[:len(b):len(b)]
	}
	start := len(r.scratch)
	r.scratch = lines.AppendXML(r.scratch, b)
	return r.scratch[start:len(r.scratch):len(r.scratch)]
}
