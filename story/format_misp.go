package story

import (
	"strings"

	"aldebaran/intel"
)

// mispEvents are the events of what MISP exports: one event, a response with several, a list.
func mispEvents(v *value) []*value {
	var events []*value
	switch {
	case len(v.get("Event").fields) > 0:
		events = append(events, v.get("Event"))
	case v.get("info").text != "" && (len(v.get("Attribute").list) > 0 || len(v.get("Object").list) > 0 || v.get("uuid").text != ""):
		events = append(events, v)
	}
	for _, list := range [][]value{v.get("response").list, v.list} {
		for i := range list {
			if e := list[i].get("Event"); len(e.fields) > 0 {
				events = append(events, e)
			}
		}
	}
	return events
}

// readMISP reads events of MISP (https://github.com/MISP/misp-rfc, misp-core-format).
func readMISP(data []byte, v *value) *document {
	m := misp{newStructured("misp", data)}
	for _, e := range mispEvents(v) {
		if m.title == "" {
			m.title = firstLine(e.get("info").text)
			m.published = dateOf(e.get("date").text)
		}
		m.read(e.get("info"))
		m.tags(e)
		m.attributes(e)
		for i := range e.get("Object").list {
			o := &e.get("Object").list[i]
			m.attributes(o)
		}
	}
	return m.finish()
}

type misp struct{ *structured }

// tags states what the galaxies and tags of an event, object or attribute name.
func (m misp) tags(of *value) {
	galaxies := of.get("Galaxy").list
	for i := range galaxies {
		for j := range galaxies[i].get("GalaxyCluster").list {
			c := &galaxies[i].get("GalaxyCluster").list[j]
			m.cluster(c.get("type").text, c.get("value"), c.get("value").text)
		}
	}
	if len(galaxies) > 0 {
		return // the tags say the same
	}
	for i := range of.get("Tag").list {
		name := of.get("Tag").list[i].get("name")
		if galaxy, ok := strings.CutPrefix(name.text, "misp-galaxy:"); ok {
			kind, quoted, _ := strings.Cut(galaxy, "=")
			m.cluster(kind, name, strings.Trim(quoted, `"`))
		}
	}
}

// cluster states what a cluster of a galaxy is about.
func (m misp) cluster(galaxy string, at *value, name string) {
	// "Gh0st RAT - S0032", "Web Shell - T1505.003"
	id := ""
	if i := strings.LastIndex(name, " - "); i > 0 && len(name)-i < 16 {
		name, id = name[:i], name[i+len(" - "):]
	}
	c := Claim{Name: name}
	if id != "" {
		c.Refs = []string{id}
	}
	switch {
	case strings.Contains(galaxy, "attack-pattern"):
		c.Kind = Technique
		if techniqueID.MatchString(id) {
			c.Name = id
		}
	case strings.HasSuffix(galaxy, "threat-actor"), strings.HasSuffix(galaxy, "intrusion-set"), strings.HasSuffix(galaxy, "activity-group"):
		c.Kind = Actor
	case strings.Contains(galaxy, "malware"), galaxy == "malpedia", galaxy == "ransomware", galaxy == "rat", galaxy == "backdoor", galaxy == "banker", galaxy == "botnet", galaxy == "stealer":
		c.Kind, c.Role = Malware, "used"
	case strings.HasSuffix(galaxy, "tool"):
		c.Kind, c.Role = Tool, "used"
	case galaxy == "sector":
		c.Kind, c.Role = Sector, "victim"
	case galaxy == "country", galaxy == "target-information":
		c.Kind, c.Role, c.Name = Country, "victim", placeName(name)
	case galaxy == "region":
		c.Kind, c.Role = Region, "victim"
	default:
		return
	}
	m.state(at, c)
}

// mispTypes are the types of attributes whose values are indicators; "|" is between the parts of a value.
var mispTypes = map[string]intel.IndicatorType{
	"ip-src": intel.IP, "ip-dst": intel.IP, "ip": intel.IP, "domain": intel.Domain, "hostname": intel.Domain, "url": intel.URL, "uri": intel.URL,
	"md5": intel.MD5, "sha1": intel.SHA1, "sha256": intel.SHA256, "sha512": intel.SHA512, "imphash": intel.Imphash,
	"filename": intel.FileName, "regkey": intel.RegistryKey, "mutex": intel.Mutex, "named pipe": intel.Mutex, "user-agent": intel.UserAgent,
	"email": intel.Email, "email-src": intel.Email, "email-dst": intel.Email, "email-reply-to": intel.Email,
	"ja3-fingerprint-md5": intel.JA3, "x509-fingerprint-sha1": intel.Certificate, "x509-fingerprint-sha256": intel.Certificate,
}

func (m misp) attributes(of *value) {
	for i := range of.get("Attribute").list {
		a := &of.get("Attribute").list[i]
		m.attribute(a.get("type").text, a.get("value"))
		m.tags(a)
		m.read(a.get("comment"))
	}
}

func (m misp) attribute(kind string, v *value) {
	switch kind {
	case "vulnerability":
		m.state(v, Claim{Kind: Vulnerability, Name: strings.ToUpper(v.text), Role: "used"})
		return
	case "threat-actor", "campaign-name":
		m.state(v, Claim{Kind: Actor, Name: v.text})
		return
	case "text", "comment", "other":
		m.read(v)
		return
	}
	// "filename|sha256": values of two types, with the second at the end.
	first, second, both := strings.Cut(kind, "|")
	if !both {
		m.part(first, v.text, v)
		return
	}
	raw := v.start + strings.LastIndexByte(m.text.String()[min(v.start, m.text.Len()):min(v.end, m.text.Len())], '|')
	left, right, ok := cutLast(v.text, "|")
	if !ok || raw <= v.start {
		return
	}
	m.part(first, left, &value{start: v.start, end: raw})
	m.part(second, right, &value{start: raw + 1, end: v.end})
}

func (m misp) part(kind, text string, v *value) {
	if t, ok := mispTypes[kind]; ok {
		m.indicator(t, text, v)
	}
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
