package story

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"aldebaran/intel"
)

// A value is a value of a JSON text with its place there: that of a string is within its quotes.
type value struct {
	text   string // of a string
	start  int
	end    int
	list   []value
	fields []field
}

type field struct {
	name string
	value
}

// maxJSONDepth bounds how deep values nest that are looked at; those of STIX and MISP nest ten deep.
const maxJSONDepth = 40

// maxValues bounds how many values a JSON text has that is read: a bundle of a large report has ten thousand.
const maxValues = 1 << 20

// parseJSON reads a JSON text. The decoder bounds the nesting and holds the syntax.
func parseJSON(data []byte) (*value, error) {
	p := jsonParser{data: data, d: json.NewDecoder(bytes.NewReader(data))}
	p.d.UseNumber()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

type jsonParser struct {
	data   []byte
	d      *json.Decoder
	values int
}

func (p *jsonParser) value(depth int) (v value, err error) {
	if p.values++; p.values > maxValues {
		return value{}, fmt.Errorf("want at most %d values, found more", maxValues)
	}
	from := int(p.d.InputOffset())
	token, err := p.d.Token()
	if err != nil {
		return value{}, err
	}
	v.end = int(p.d.InputOffset())
	v.start = v.end - len(bytes.TrimLeft(p.data[from:v.end], " \t\r\n,:"))
	switch t := token.(type) {
	case string:
		v.text = t
		v.start++ // the quotes
		v.end--
	case json.Delim:
		err = p.inside(&v, t, depth)
	case json.Number:
		v.text = t.String()
	}
	return v, err
}

// inside reads what is between brackets. What is nested too deep is passed over.
func (p *jsonParser) inside(v *value, open json.Delim, depth int) error {
	for p.d.More() {
		name := ""
		if open == '{' {
			key, err := p.d.Token()
			if err != nil {
				return err
			}
			name, _ = key.(string)
		}
		if depth == maxJSONDepth {
			var skipped json.RawMessage
			if err := p.d.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		child, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if open == '{' {
			v.fields = append(v.fields, field{name, child})
		} else {
			v.list = append(v.list, child)
		}
	}
	_, err := p.d.Token()
	v.end = int(p.d.InputOffset())
	return err
}

// noValue is what is not there.
var noValue = &value{}

// get gives a field; an empty value if there is none.
func (v *value) get(name string) *value {
	for i := range v.fields {
		if v.fields[i].name == name {
			return &v.fields[i].value
		}
	}
	return noValue
}

// A structured report is a document while it is made of JSON. Its text is the JSON text as it stands there:
// claims quote the values that state them.
type structured struct {
	*document
	// prose are the values that are running text.
	prose []*value
}

// newStructured starts a document of a JSON text.
func newStructured(format string, data []byte) *structured {
	s := &structured{document: &document{format: format}}
	s.add(string(data))
	return s
}

// state adds a claim that the value v makes. An empty or far-away value makes none.
func (s *structured) state(v *value, c Claim) {
	if v.start >= v.end || v.end > s.text.Len() || c.Name == "" {
		return
	}
	c.How, c.Start, c.End = stated, v.start, v.end
	s.stated = append(s.stated, c)
}

// indicator states an indicator of a type, if the value has its form.
func (s *structured) indicator(t intel.IndicatorType, text string, v *value) {
	plain, err := intel.Normalize(t, intel.Refang(text))
	if err != nil {
		return
	}
	s.state(v, Claim{Kind: Indicator, Indicator: string(t), Name: plain, Defanged: intel.Refang(text) != text})
}

// period states when something was seen first and last, quoting the value that says it.
func (s *structured) period(v *value, first, last time.Time) {
	if first.IsZero() && last.IsZero() || !last.IsZero() && last.Before(first) {
		return
	}
	s.state(v, Claim{Kind: Period, Name: periodName(first, last), From: first, To: last})
}

// read marks a value as running text.
func (s *structured) read(v *value) {
	if len(v.text) > 0 {
		s.prose = append(s.prose, v)
	}
}

// finish makes the running text readable in place: what is no part of it is blank, and escapes are what
// they stand for.
func (s *structured) finish() *document {
	text := s.text.String()
	plain := bytes.Repeat([]byte{' '}, len(text))
	for _, v := range s.prose {
		if v.end > len(text) {
			continue
		}
		unescape(plain[v.start:v.end], text[v.start:v.end])
		s.ends = append(s.ends, v.start, v.end)
	}
	slices.Sort(s.ends) // fields may stand in any order
	s.plain = string(plain)
	return s.document
}

// unescape writes a JSON string without its escapes, each with blanks behind it, so that places stay.
func unescape(dst []byte, raw string) {
	copy(dst, raw)
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		switch raw[i+1] {
		case '"', '/':
			dst[i], dst[i+1] = ' ', raw[i+1]
		case 'n', 'r', 't', 'b', 'f':
			dst[i], dst[i+1] = ' ', '\n'
		case 'u':
			if i+6 <= len(raw) {
				var s string
				if json.Unmarshal([]byte(`"`+raw[i:i+6]+`"`), &s) == nil && len(s) <= 6 {
					copy(dst[i:i+6], s+"      "[:6-len(s)])
				}
				i += 4
			}
		}
		i++
	}
}

// looksLikeJSON tells whether a text is one JSON object or list.
func looksLikeJSON(data []byte) bool {
	trimmed := bytes.TrimLeft(data, " \t\r\n\ufeff")
	return len(trimmed) > 1 && (trimmed[0] == '{' || trimmed[0] == '[') && bytes.IndexByte(trimmed[:min(len(trimmed), 4096)], '"') > 0
}

// readJSON reads a STIX bundle or an event of MISP; any other JSON is text.
func readJSON(data []byte) (*document, error) {
	if !utf8.Valid(data) {
		data = []byte(strings.ToValidUTF8(string(data), "?"))
	}
	v, err := parseJSON(data)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("want JSON: %w", err)
	}
	switch {
	case isSTIX(v):
		return readSTIX(data, v), nil
	case len(mispEvents(v)) > 0:
		return readMISP(data, v), nil
	}
	return nil, nil
}
