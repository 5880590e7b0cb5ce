package json

import "bytes"

// isIntelligence tells whether a text begins a document of threat intelligence: a bundle of STIX (2.1
// section 8: its identifier begins with "bundle--", beside a list of objects) or an event of MISP (its core
// format: "info", "uuid" and more in "Event"). Its objects have times and names of files, but nothing of it
// happened here. Both want more than one member, so that who writes one field of a log cannot hide it.
func isIntelligence(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	bundle, objects, misp := false, false, false
	members(text, func(key, value []byte) bool {
		switch string(key) {
		case "id":
			bundle = bytes.HasPrefix(value, []byte(`"bundle--`))
		case "objects":
			objects = value[0] == '['
		case "Event":
			misp = isEventOfMISP(value)
		}
		return !(bundle && objects) && !misp
	})
	return bundle && objects || misp
}

func isEventOfMISP(event []byte) bool {
	if event[0] != '{' {
		return false
	}
	found := 0
	members(event, func(key, _ []byte) bool {
		switch string(key) {
		case "info", "uuid", "threat_level_id", "analysis", "orgc_id", "Orgc":
			found++
		}
		return found < mispMembers
	})
	return found >= mispMembers
}

const (
	// mispMembers is how many of the names of MISP make an event one of MISP.
	mispMembers = 3
	// maxMembersSeen is how many members are looked at: both formats have fewer before their lists.
	maxMembersSeen = 32
)

// members calls see with the name and the text from the value on of each member of the object that b
// begins with, until it gives false or b ends.
func members(b []byte, see func(key, value []byte) bool) {
	p := 1
	for range maxMembersSeen {
		key, at, _ := member(b, p)
		if at < 0 || !see(key, b[at:]) {
			return
		}
		if p, _ = valueEnd(b, at); p < 0 {
			return
		}
	}
}
