package story

import (
	"regexp"
	"strings"

	"aldebaran/intel"
)

// isSTIX tells a bundle of STIX 2.0 or 2.1, a list of its objects, or one object.
func isSTIX(v *value) bool { return len(stixObjects(v)) > 0 }

// stixObjects are the objects of a bundle.
func stixObjects(v *value) []value {
	switch {
	case v.get("type").text == "bundle" || len(v.get("objects").list) > 0:
		return v.get("objects").list
	case strings.Contains(v.get("id").text, "--") && v.get("type").text != "":
		return []value{*v}
	case len(v.list) > 0 && strings.Contains(v.list[0].get("id").text, "--"):
		return v.list
	}
	return nil
}

// readSTIX reads a bundle of STIX (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, 4 to 6).
func readSTIX(data []byte, v *value) *document {
	s := &stix{structured: newStructured("stix", data), names: map[string]string{}, targeted: map[string]bool{}}
	objects := stixObjects(v)
	for i := range objects {
		o := &objects[i]
		s.names[o.get("id").text] = o.get("name").text
		if o.get("relationship_type").text == "targets" {
			s.targeted[o.get("target_ref").text] = true
		}
	}
	for i := range objects {
		s.object(&objects[i])
	}
	return s.finish()
}

type stix struct {
	*structured
	names    map[string]string // of objects, by id
	targeted map[string]bool   // what is said to be a target
}

func (s *stix) object(o *value) {
	name := o.get("name")
	switch o.get("type").text {
	case "threat-actor", "intrusion-set", "campaign":
		s.all(o, Actor, "")
	case "malware":
		s.all(o, Malware, "used")
	case "tool":
		s.all(o, Tool, "used")
	case "attack-pattern":
		s.technique(o)
	case "vulnerability":
		s.state(name, Claim{Kind: Vulnerability, Name: strings.ToUpper(name.text), Role: "used"})
	case "identity":
		for i := range o.get("sectors").list {
			sector := &o.get("sectors").list[i]
			s.state(sector, Claim{Kind: Sector, Name: sector.text, Role: s.role(o)})
		}
	case "location":
		s.place(o)
	case "indicator":
		s.pattern(o.get("pattern"))
	case "relationship":
		s.relationship(o)
	case "course-of-action":
		s.state(name, Claim{Kind: Advice, Name: name.text})
	case "report", "grouping":
		if s.title == "" {
			s.title = firstLine(name.text)
			s.published = dateOf(o.get("published").text)
		}
	case "domain-name", "ipv4-addr", "ipv6-addr", "url", "email-addr", "file", "mutex", "windows-registry-key":
		s.observable(o)
	case "observed-data":
		for i := range o.get("objects").fields { // STIX 2.0
			s.observable(&o.get("objects").fields[i].value)
		}
	}
	for _, text := range [...]string{"description", "content", "abstract", "opinion", "explanation"} {
		s.read(o.get(text))
	}
}

// all states a thing with its aliases, and when it was seen.
func (s *stix) all(o *value, kind Kind, role string) {
	name := o.get("name")
	s.state(name, Claim{Kind: kind, Name: name.text, Role: role})
	for i := range o.get("aliases").list {
		a := &o.get("aliases").list[i]
		s.state(a, Claim{Kind: kind, Name: a.text, Role: role})
		if kind == Actor {
			s.state(a, Claim{Kind: Relation, Name: "also known as", Subject: name.text, Object: a.text})
		}
	}
	first, last := o.get("first_seen"), o.get("last_seen")
	at := first
	if at.text == "" {
		at = last
	}
	s.period(at, dateOf(first.text), dateOf(last.text))
}

func (s *stix) role(o *value) string {
	if s.targeted[o.get("id").text] {
		return "victim"
	}
	return ""
}

// technique states a technique by its identifier of ATT&CK, or by its name.
func (s *stix) technique(o *value) {
	for i := range o.get("external_references").list {
		id := o.get("external_references").list[i].get("external_id")
		if techniqueID.MatchString(id.text) {
			s.state(id, Claim{Kind: Technique, Name: id.text, Refs: []string{id.text}})
			return
		}
	}
	s.state(o.get("name"), Claim{Kind: Technique, Name: o.get("name").text})
}

var techniqueID = regexp.MustCompile(`^T\d{4}(?:\.\d{3})?$`)

func (s *stix) place(o *value) {
	if c := o.get("country"); c.text != "" {
		s.state(c, Claim{Kind: Country, Name: placeName(c.text), Role: s.role(o)})
		return
	}
	if r := o.get("region"); r.text != "" {
		s.state(r, Claim{Kind: Region, Name: placeName(strings.ReplaceAll(r.text, "-", " ")), Role: s.role(o)})
	}
}

// placeName is what claims call a place: its code or its usual name.
func placeName(s string) string {
	g := englishNames().places
	if e, ok := g.entries[key(s)]; ok {
		return g.names[e]
	}
	return s
}

// relations of STIX that say who did what; others are about the objects themselves.
func (s *stix) relationship(o *value) {
	kind := o.get("relationship_type")
	subject, object := s.names[o.get("source_ref").text], s.names[o.get("target_ref").text]
	if subject == "" || object == "" || kind.text == "indicates" || kind.text == "derived-from" || kind.text == "duplicate-of" {
		return
	}
	s.state(kind, Claim{Kind: Relation, Name: kind.text, Subject: subject, Object: object})
}

// comparison is one of a pattern: [file:hashes.'SHA-256' = 'aec0…'], with quotes as JSON has them.
var comparison = regexp.MustCompile(`([a-z0-9-]+):([\w.'"\\-]+)\s*(=|IN|LIKE|MATCHES|ISSUBSET)\s*(?:\(\s*)?'((?:[^'\\]|\\.)*)'`)

// pattern states the indicators of a pattern (STIX 2.1, 9). Those that it excludes are none.
func (s *stix) pattern(v *value) {
	if v.end > s.text.Len() || v.start >= v.end {
		return
	}
	raw := s.text.String()[v.start:v.end]
	for _, m := range comparison.FindAllStringSubmatchIndex(raw, -1) {
		if strings.HasSuffix(strings.TrimRight(raw[:m[0]], " "), "NOT") {
			continue
		}
		operator := raw[m[6]:m[7]]
		t := observableType(raw[m[2]:m[3]], raw[m[4]:m[5]])
		if t == "" || operator == "LIKE" || operator == "MATCHES" {
			continue
		}
		text := strings.ReplaceAll(raw[m[8]:m[9]], `\\`, `\`)
		text = strings.ReplaceAll(text, `\\`, `\`) // escaped once for the pattern, once for JSON
		s.indicator(t, text, &value{start: v.start + m[8], end: v.start + m[9]})
	}
}

// observableType is the type of indicator that a property of an observable is.
func observableType(object, property string) intel.IndicatorType {
	p := strings.ToUpper(strings.NewReplacer("'", "", `"`, "", `\`, "", "-", "").Replace(property))
	switch object {
	case "domain-name":
		return intel.Domain
	case "ipv4-addr", "ipv6-addr":
		return intel.IP
	case "url":
		return intel.URL
	case "email-addr":
		return intel.Email
	case "mutex":
		return intel.Mutex
	case "windows-registry-key":
		return intel.RegistryKey
	case "file":
		switch {
		case strings.HasSuffix(p, "SHA256"):
			return intel.SHA256
		case strings.HasSuffix(p, "SHA1"):
			return intel.SHA1
		case strings.HasSuffix(p, "SHA512"):
			return intel.SHA512
		case strings.HasSuffix(p, "MD5"):
			return intel.MD5
		case p == "NAME":
			return intel.FileName
		}
	}
	return ""
}

// observable states what an observable object is, outside of a pattern.
func (s *stix) observable(o *value) {
	kind := o.get("type").text
	for _, property := range [...]string{"value", "name", "key"} {
		if v := o.get(property); v.text != "" {
			if t := observableType(kind, property); t != "" {
				if t == intel.IP && strings.Contains(v.text, "/") {
					t = intel.CIDR
				}
				s.indicator(t, v.text, v)
			}
		}
	}
	for i := range o.get("hashes").fields {
		h := &o.get("hashes").fields[i]
		if t := observableType("file", h.name); t != "" {
			s.indicator(t, h.text, &h.value)
		}
	}
}
