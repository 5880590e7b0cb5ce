package dns

import "bytes"

// maxAnswers bounds the answers of one message that are handed out; a message of 64 KB may hold
// thousands of addresses, rules look for texts in the first.
const maxAnswers = 64

// An entry is what one record says, as slices of it.
type entry struct {
	server  string // "bind", "dnsmasq", "unbound"; "" for Windows and for other programs
	host    []byte // of a syslog header
	program []byte
	at      moment
	// message is what stands behind times and names of programs.
	message []byte

	query, recordType, class, response, action []byte
	source, sourcePort, destination            []byte
	flags, id, protocol, direction, opcode     []byte
	context, thread, view, verb                []byte
	isResponse                                 bool

	answers [][]byte
	more    bool
}

func (e *entry) answer(b []byte) {
	if len(e.answers) == maxAnswers {
		e.more = true
		return
	}
	e.answers = append(e.answers, b)
}

// reset empties an entry.
func (e *entry) reset() { *e = entry{answers: e.answers[:0]} }

// What entries are called by us, where the log has no word for it.
var (
	wordQuery    = []byte("query")
	wordResponse = []byte("response")
	wordReply    = []byte("reply")
	wordBlocked  = []byte("blocked")
)

// word cuts the first word off a text.
func word(b []byte) (w, rest []byte) {
	b = bytes.TrimLeft(b, " \t")
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil
	}
	return b[:i], bytes.TrimLeft(b[i:], " \t")
}

// between gives what stands between two marks, and what follows.
func between(b []byte, open, shut string) (inner, rest []byte, ok bool) {
	_, b, ok = bytes.Cut(b, []byte(open))
	if !ok {
		return nil, nil, false
	}
	return bytes.Cut(b, []byte(shut))
}

// isName tells whether a text may be a name that was asked for: names hold nearly any byte, but
// neither blanks nor quotes stand in them without an escape.
func isName(b []byte) bool {
	const longest = 1024 // 255 bytes, each escaped as \ddd
	if len(b) == 0 || len(b) > longest {
		return false
	}
	return !bytes.ContainsAny(b, " \t'\"()")
}

// isAddress tells whether a text may be an IP address.
func isAddress(b []byte) bool {
	const longest = 64 // IPv6 with a zone
	if len(b) < 2 || len(b) > longest {
		return false
	}
	marks := 0
	for i, c := range b {
		switch {
		case c == '.' || c == ':':
			marks++
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f':
		case c == '%' && i > 0:
			return marks > 1
		default:
			return false
		}
	}
	return marks > 1
}

// isWord tells whether a text is of letters and digits only, as types, classes and codes are.
func isWord(b []byte) bool {
	const longest = 24
	if len(b) == 0 || len(b) > longest {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isClass(b []byte) bool {
	switch string(b) {
	case "IN", "CH", "HS", "NONE", "CHAOS", "HESIOD":
		return true
	}
	return bytes.HasPrefix(b, []byte("CLASS")) && isWord(b)
}

// withoutDot takes off the dot that ends a name in full; that of the root stays.
func withoutDot(b []byte) []byte {
	if len(b) > 1 && b[len(b)-1] == '.' {
		return b[:len(b)-1]
	}
	return b
}
