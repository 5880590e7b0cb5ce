package sigma

import (
	"maps"
	"strconv"

	"aldebaran/event"
)

// windowsFields are the fields of all Windows events that go by more than one name.
var windowsFields = Mapping{
	// The reader calls it Computer; JSON exports and some rules say ComputerName (T21). A payload
	// may have a field of that name of its own, which goes first.
	"Computer":     otherName("Computer", "ComputerName"),
	"ComputerName": otherName("ComputerName", "Computer"),
	"Message":      {Make: message, OwnFirst: true},
}

// with gives a mapping that has the entries of both, those of more going first.
func (m Mapping) with(more Mapping) Mapping {
	both := maps.Clone(m)
	maps.Copy(both, more)
	return both
}

// firstOf is the value of the first of those fields that the event has and that is not null.
func firstOf(names ...string) Derivation {
	return Derivation{From: names, FirstOf: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		for _, name := range names {
			if text, ok := appendField(dst, e, name); ok {
				return text, true
			}
		}
		return dst, false
	}}
}

// otherName is a field's own value, or else that of another one.
func otherName(name, other string) Derivation {
	d := firstOf(name, other)
	d.OwnFirst = true
	return d
}

// appendField appends the text of an event's own field; false if it is absent or null.
func appendField(dst []byte, e *event.Event, name string) ([]byte, bool) {
	v, ok := e.Get(name)
	if !ok || v.IsNull() {
		return dst, false
	}
	return v.AppendText(dst), true
}

// decimalOf is the number in the first of those fields in decimal: Security events show process
// ids as 0x1a2c where Sysmon shows 6700. A text that is no hexadecimal number stays as it is.
func decimalOf(names ...string) Derivation {
	first := firstOf(names...).Make
	return Derivation{From: names, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		text, ok := first(dst, e)
		if !ok {
			return dst, false
		}
		if n, ok := parseHex(text[len(dst):]); ok {
			return strconv.AppendUint(text[:len(dst)], n, 10), true
		}
		return text, true
	}}
}

// parseHex reads a number written as 0x and 1 to 16 hexadecimal digits.
func parseHex(text []byte) (n uint64, ok bool) {
	const maxDigits = 16
	if len(text) < 3 || len(text) > 2+maxDigits || text[0] != '0' || text[1]|0x20 != 'x' {
		return 0, false
	}
	for _, c := range text[2:] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | uint64(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | uint64(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// equalASCII compares a text without case with one that is ASCII.
func equalASCII(text []byte, s string) bool {
	return len(text) == len(s) && hasPrefixASCII(text, s)
}

func hasPrefixASCII(text []byte, prefix string) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		a, b := text[i], prefix[i]
		if a != b && (a|0x20 != b|0x20 || a|0x20 < 'a' || a|0x20 > 'z') {
			return false
		}
	}
	return true
}

// message is the event's own Message if it has one, as JSON exports do, else all values of its
// payload, one a line. Event logs do not hold the sentence that people see: it stands in a library
// of the machine that wrote them. The values are what such rules look for ("Message|contains:
// AteraAgent"); words of the sentence around them cannot be found.
func message(dst []byte, e *event.Event) ([]byte, bool) {
	if text, ok := appendField(dst, e, "Message"); ok {
		return text, true
	}
	start := len(dst)
	for i, f := range e.Shape.Fields {
		v := e.Values[i]
		if f.Part != event.Data || v.IsNull() {
			continue
		}
		v.Each(func(v event.Value) bool {
			if len(dst) > start {
				dst = append(dst, '\n')
			}
			dst = v.AppendText(dst)
			return true
		})
	}
	return dst, len(dst) > start
}
