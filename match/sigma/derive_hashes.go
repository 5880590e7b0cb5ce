package sigma

import "aldebaran/event"

// sysmonFields are those of all Sysmon events: each hash of Hashes ("MD5=...,SHA256=...") by itself
// beside the whole (T26). Event 15 calls the list Hash.
var sysmonFields = windowsFields.with(Mapping{
	"MD5":     hashOf("MD5"),
	"md5":     hashOf("md5"),
	"SHA1":    hashOf("SHA1"),
	"sha1":    hashOf("sha1"),
	"SHA256":  hashOf("SHA256"),
	"sha256":  hashOf("sha256"),
	"IMPHASH": hashOf("IMPHASH"),
	"Imphash": hashOf("Imphash"),
	"imphash": hashOf("imphash"),
})

// streamHashFields are those of Sysmon 15.
var streamHashFields = sysmonFields.with(Mapping{"Hashes": {From: []string{"Hash"}}})

// hashOf is the event's own field of that name if it has one, as exports to JSON do, else the part
// of Hashes or Hash by that name. Producers order the parts as they like and leave some out.
func hashOf(name string) Derivation {
	lists := [...]string{"Hashes", "Hash"}
	return Derivation{From: []string{name, lists[0], lists[1]}, OwnFirst: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		if text, ok := appendField(dst, e, name); ok {
			return text, true
		}
		for _, list := range lists {
			text, ok := appendField(dst, e, list)
			if !ok {
				continue
			}
			if hash, ok := hashPart(text[len(dst):], name); ok {
				n := copy(text[len(dst):], hash)
				return text[:len(dst)+n], true
			}
		}
		return dst, false
	}}
}

// hashPart finds NAME=value in a list that is separated by commas.
func hashPart(list []byte, name string) (value []byte, ok bool) {
	for len(list) > 0 {
		end := 0
		for end < len(list) && list[end] != ',' {
			end++
		}
		part := list[:end]
		list = list[min(end+1, len(list)):]
		for len(part) > 0 && part[0] == ' ' {
			part = part[1:]
		}
		if hasPrefixASCII(part, name) && len(part) > len(name) && part[len(name)] == '=' {
			return part[len(name)+1:], true
		}
	}
	return nil, false
}
