package intel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// readJSON reads a MISP event, a list of them as the API and exports have it, or a STIX bundle.
func (in *indicatorReader) readJSON(b *bufio.Reader) error {
	data, err := io.ReadAll(io.LimitReader(b, maxIndicatorJSON+1))
	if err != nil {
		return err
	}
	if len(data) > maxIndicatorJSON {
		in.problem(0, "want at most %d bytes of JSON, found more", maxIndicatorJSON)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var outer struct {
		Type     string          `json:"type"`
		Response json.RawMessage `json:"response"`
		Event    *mispEvent      `json:"Event"`
	}
	if data[firstByte(data)] == '[' {
		outer.Response = data
	} else if err := json.Unmarshal(data, &outer); err != nil {
		in.problem(0, "want JSON: %v", err)
		return nil
	}
	switch {
	case outer.Type == "bundle":
		in.readSTIX(data)
	case outer.Event != nil:
		in.addEvent(outer.Event)
	case len(outer.Response) > 0:
		in.readEvents(outer.Response)
	default:
		in.problem(0, "want a MISP event (with Event or response) or a STIX bundle, found neither")
	}
	return nil
}

// firstByte is the place of the first byte that is no blank; the head was seen to have one.
func firstByte(data []byte) int {
	return len(data) - len(bytes.TrimLeft(data, " \t\r\n"))
}

func (in *indicatorReader) readEvents(data json.RawMessage) {
	var events []struct {
		Event *mispEvent `json:"Event"`
	}
	if data[firstByte(data)] == '{' {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	if err := json.Unmarshal(data, &events); err != nil {
		in.problem(0, "want MISP events: %v", err)
		return
	}
	for n, e := range events {
		if e.Event == nil {
			in.problem(0, "event %d: want Event, found none", n+1)
			continue
		}
		in.addEvent(e.Event)
	}
}

// The parts of a MISP event that we use: MISP standard, core format, draft-22 section 2.
type mispEvent struct {
	Info string `json:"info"`
	Orgc struct {
		Name string `json:"name"`
	} `json:"Orgc"`
	Tags       []mispTag       `json:"Tag"`
	Attributes []mispAttribute `json:"Attribute"`
	Objects    []struct {
		Name       string          `json:"name"`
		Attributes []mispAttribute `json:"Attribute"`
	} `json:"Object"`
}

type mispAttribute struct {
	Type      string          `json:"type"`
	Value     string          `json:"value"`
	Comment   string          `json:"comment"`
	ToIDs     json.RawMessage `json:"to_ids"` // true, "1"
	Deleted   json.RawMessage `json:"deleted"`
	FirstSeen string          `json:"first_seen"`
	LastSeen  string          `json:"last_seen"`
	Tags      []mispTag       `json:"Tag"`
}

type mispTag struct {
	Name string `json:"name"`
}

func (in *indicatorReader) addEvent(e *mispEvent) {
	common := Indicator{Source: oneLine(strings.Trim(e.Orgc.Name+": "+e.Info, ": "))}
	in.applyTags(&common, e.Tags)
	other := map[string]int{}
	for i := range e.Attributes {
		in.addAttribute(&e.Attributes[i], common, other)
	}
	for i := range e.Objects {
		for k := range e.Objects[i].Attributes {
			in.addAttribute(&e.Objects[i].Attributes[k], common, other)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(other)) {
		in.problem(0, "%d attributes of type %q are none that are hunted for", other[kind], cut(kind))
	}
}

// applyTags takes the TLP, the actor and the malware from the tags of an event or an attribute.
func (in *indicatorReader) applyTags(i *Indicator, tags []mispTag) {
	for _, tag := range tags {
		if strings.HasPrefix(strings.ToLower(tag.Name), "tlp:") {
			if tlp, err := ParseTLP(tag.Name); err == nil {
				i.TLP = max(i.TLP, tlp)
			} else {
				// What cannot be read may be stricter than anything that we know.
				i.TLP = Red
				in.problem(0, "%v; red is assumed", err)
			}
			continue
		}
		kind, name, ok := strings.Cut(tag.Name, "=")
		if !ok {
			continue
		}
		name = strings.Trim(name, `"`)
		switch kind {
		case "misp-galaxy:threat-actor", "misp-galaxy:mitre-intrusion-set", "misp-galaxy:microsoft-activity-group":
			i.Actor = oneLine(name)
		case "misp-galaxy:malpedia", "misp-galaxy:tool", "misp-galaxy:mitre-malware", "misp-galaxy:rat", "misp-galaxy:ransomware":
			i.Malware = oneLine(name)
		}
	}
}

// addAttribute adds an attribute, or both parts of one whose type has two.
func (in *indicatorReader) addAttribute(a *mispAttribute, i Indicator, other map[string]int) {
	if isTrue(a.Deleted) {
		return
	}
	in.applyTags(&i, a.Tags)
	i.Note = a.Comment
	i.Unverified = !isTrue(a.ToIDs) // MISP: not meant for detection
	var err error
	if i.First, err = parseTime(a.FirstSeen); err == nil {
		i.Last, err = parseTime(a.LastSeen)
	}
	if err != nil {
		in.problem(0, "attribute %q: %v", cut(a.Value), err)
	}
	kinds, values := strings.Split(a.Type, "|"), strings.SplitN(a.Value, "|", 2)
	if len(kinds) == 1 {
		values = []string{a.Value}
	}
	for at, kind := range kinds {
		t := typeNames[strings.ToLower(kind)]
		if kind == "uri" && !strings.Contains(a.Value, "://") {
			t = "" // a path without its host
		}
		switch {
		case at > 0 && (kind == "port" || kinds[0] == "regkey"):
		case t == "":
			other[kind]++
		case at >= len(values):
			in.problem(0, "attribute of type %q: want %d parts, found %q", cut(a.Type), len(kinds), cut(a.Value))
		default:
			i.Type, i.Value = typed(t, values[at]), values[at]
			in.add(i)
		}
	}
}

func isTrue(raw json.RawMessage) bool {
	s := strings.Trim(string(raw), `"`)
	return s == "true" || s == "1"
}

// readSTIX reads the indicators of a bundle of STIX 2.0 or 2.1 whose patterns are simple.
func (in *indicatorReader) readSTIX(data []byte) {
	var bundle struct {
		Objects []stixObject `json:"objects"`
	}
	if err := json.Unmarshal(data, &bundle); err != nil {
		in.problem(0, "want a STIX bundle: %v", err)
		return
	}
	byID := make(map[string]*stixObject, len(bundle.Objects))
	indicates := map[string][]*stixObject{}
	for k := range bundle.Objects {
		byID[bundle.Objects[k].ID] = &bundle.Objects[k]
	}
	for k := range bundle.Objects {
		if o := &bundle.Objects[k]; o.Type == "relationship" && o.Kind == "indicates" && byID[o.Target] != nil {
			indicates[o.From] = append(indicates[o.From], byID[o.Target])
		}
	}
	others := map[string]int{}
	for k := range bundle.Objects {
		o := &bundle.Objects[k]
		if o.Type != "indicator" {
			others[o.Type]++
			continue
		}
		in.addSTIX(o, byID, indicates[o.ID])
	}
	for _, kind := range slices.Sorted(maps.Keys(others)) {
		in.problem(0, "%d objects of type %q are no indicators", others[kind], cut(kind))
	}
}

// A stixObject has the properties that we use of all types of objects.
type stixObject struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Pattern     string   `json:"pattern"`
	PatternType string   `json:"pattern_type"`
	ValidFrom   string   `json:"valid_from"`
	ValidUntil  string   `json:"valid_until"`
	Revoked     bool     `json:"revoked"`
	CreatedBy   string   `json:"created_by_ref"`
	Markings    []string `json:"object_marking_refs"`
	Kind        string   `json:"relationship_type"`
	From        string   `json:"source_ref"`
	Target      string   `json:"target_ref"`
	Marks       string   `json:"definition_type"` // of a marking: "tlp", "statement"
}

// stixTLP are the markings with fixed ids: STIX 2.1 section 7.2.1.4 and OASIS's TLP 2.0 extension.
var stixTLP = map[string]TLP{
	"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Clear,
	"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Green,
	"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Amber,
	"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Red,
	"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Clear,
	"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Green,
	"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Amber,
	"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": AmberStrict,
	"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Red,
}

func (in *indicatorReader) addSTIX(o *stixObject, byID map[string]*stixObject, indicated []*stixObject) {
	if o.Revoked {
		in.problem(0, "%s: it was revoked", cut(o.ID))
		return
	}
	if o.PatternType != "" && o.PatternType != "stix" {
		in.problem(0, "%s: want a pattern of type stix, found %q", cut(o.ID), cut(o.PatternType))
		return
	}
	values, err := simplePattern(o.Pattern)
	if err != nil {
		in.problem(0, "%s: %v", cut(o.ID), err)
		return
	}
	i := Indicator{Note: strings.Trim(o.Name+": "+o.Description, ": ")}
	if by := byID[o.CreatedBy]; by != nil {
		i.Source = oneLine(by.Name)
	}
	for _, m := range o.Markings {
		tlp, known := stixTLP[m]
		if by := byID[m]; !known && (by == nil || by.Marks != "statement") {
			// What cannot be read may be stricter than anything that we know.
			tlp = Red
			in.problem(0, "%s: marking %s is not known; red is assumed", cut(o.ID), cut(m))
		}
		i.TLP = max(i.TLP, tlp)
	}
	for _, what := range indicated {
		switch what.Type {
		case "malware", "tool":
			i.Malware = oneLine(what.Name)
		case "threat-actor", "intrusion-set", "campaign":
			i.Actor = oneLine(what.Name)
		}
	}
	if i.First, err = parseTime(o.ValidFrom); err == nil {
		i.Expires, err = parseTime(o.ValidUntil)
	}
	if err != nil {
		in.problem(0, "%s: %v", cut(o.ID), err)
	}
	for _, v := range values {
		i.Type, i.Value = v.Type, v.Value
		in.add(i)
	}
}

// stixPaths are the object paths whose values we can look for.
var stixPaths = map[string]IndicatorType{
	"ipv4-addr:value": IP, "ipv6-addr:value": IP, "domain-name:value": Domain, "url:value": URL,
	"network-traffic:dst_ref.value": IP, "network-traffic:src_ref.value": IP,
	"email-addr:value": Email, "email-message:from_ref.value": Email, "email-message:sender_ref.value": Email,
	"file:hashes.md5": MD5, "file:hashes.sha-1": SHA1, "file:hashes.sha1": SHA1, "file:hashes.sha-256": SHA256,
	"file:hashes.sha256": SHA256, "file:hashes.sha-512": SHA512, "file:hashes.sha512": SHA512,
	"file:name": FileName, "directory:path": FilePath, "windows-registry-key:key": RegistryKey, "mutex:name": Mutex,
	"user-account:user_id": Account, "user-account:account_login": Account,
	"x509-certificate:hashes.sha-1": Certificate, "x509-certificate:hashes.sha-256": Certificate, "x509-certificate:serial_number": Certificate,
	"network-traffic:extensions.http-request-ext.request_header.user-agent": UserAgent,
}

// maxPatternValues is how many values one pattern may list.
const maxPatternValues = 10_000

// simplePattern reads a pattern that is true as soon as one value is seen: comparisons with = or
// IN of paths that we know, joined by OR, in one observation or several (STIX 2.1 section 9).
// Whatever else it says, AND, FOLLOWEDBY, LIKE, would be lost, so it is an error.
func simplePattern(pattern string) (values []Indicator, err error) {
	p := stixPattern{s: pattern}
	for {
		if !p.take("[") {
			return nil, p.unexpected("[")
		}
		for {
			if values, err = p.comparison(values); err != nil {
				return nil, err
			}
			if !p.takeWord("OR") {
				break
			}
		}
		if !p.take("]") {
			return nil, p.unexpected("OR or ]")
		}
		if !p.takeWord("OR") {
			break
		}
	}
	if p.skip(); p.s != "" {
		return nil, p.unexpected("OR or the end")
	}
	return values, nil
}

type stixPattern struct{ s string }

func (p *stixPattern) skip() { p.s = strings.TrimLeft(p.s, " \t\r\n") }

func (p *stixPattern) unexpected(want string) error {
	p.skip()
	return fmt.Errorf("pattern: want %s, found %q", want, cut(p.s))
}

func (p *stixPattern) take(token string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.s, token)
	if ok {
		p.s = rest
	}
	return ok
}

func (p *stixPattern) takeWord(word string) bool {
	p.skip()
	if len(p.s) <= len(word) || !strings.EqualFold(p.s[:len(word)], word) || isWord(p.s[len(word)]) {
		return false
	}
	p.s = p.s[len(word):]
	return true
}

func (p *stixPattern) comparison(values []Indicator) ([]Indicator, error) {
	p.skip()
	end := strings.IndexAny(p.s, " \t\r\n=!<>")
	if end <= 0 {
		return nil, p.unexpected("a path")
	}
	name := p.s[:end]
	t := stixPaths[strings.ToLower(strings.ReplaceAll(name, "'", ""))]
	p.s = p.s[end:]
	if t == "" {
		return nil, fmt.Errorf("pattern: want a path of a value that is hunted for, found %q", cut(name))
	}
	list := false
	switch {
	case p.take("="):
	case p.takeWord("IN"):
		if list = true; !p.take("(") {
			return nil, p.unexpected("(")
		}
	default:
		return nil, p.unexpected("= or IN")
	}
	for {
		value, ok := p.text()
		if !ok {
			return nil, p.unexpected("a text in quotes")
		}
		if len(values) >= maxPatternValues {
			return nil, fmt.Errorf("pattern: want at most %d values, found more", maxPatternValues)
		}
		values = append(values, Indicator{Type: typed(t, value), Value: value})
		if list && p.take(",") {
			continue
		}
		if list && !p.take(")") {
			return nil, p.unexpected(", or )")
		}
		return values, nil
	}
}

// text reads a text in single quotes, in which a backslash keeps the next character from meaning
// anything.
func (p *stixPattern) text() (string, bool) {
	if !p.take("'") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '\'':
			p.s = p.s[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.s):
			i++
			b.WriteByte(p.s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
