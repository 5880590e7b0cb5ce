package auditd

import (
	"bytes"
	"strconv"
	"time"

	"aldebaran/evidence/record"
)

// A prefix is what every record begins with.
type prefix struct {
	node, kind, serial []byte
	time               time.Time
	body               []byte
}

// want is what a record looks like, for messages about those that do not.
const want = "type=NAME msg=audit(SECONDS.MILLISECONDS:SERIAL):"

// Find gives where a record begins in a message of syslog, -1 if there is none.
func Find(message []byte) int {
	before, _, ok := bytes.Cut(message, []byte("audit("))
	if !ok {
		return -1
	}
	start := bytes.Index(before, []byte("type="))
	if start < 0 {
		return -1
	}
	if node := bytes.Index(message[:start], []byte("node=")); node >= 0 {
		return node
	}
	return start
}

// readPrefix reads [node=HOST ]type=NAME [msg=]audit(SECONDS.MILLISECONDS:SERIAL):
func readPrefix(b []byte) (p prefix, ok bool) {
	b = bytes.TrimLeft(b, " \t")
	if rest, ok := bytes.CutPrefix(b, []byte("node=")); ok {
		p.node, b, ok = bytes.Cut(rest, []byte{' '})
		if !ok {
			return p, false
		}
	}
	if b, ok = bytes.CutPrefix(b, []byte("type=")); !ok {
		return p, false
	}
	if p.kind, b, ok = bytes.Cut(b, []byte{' '}); !ok || len(p.kind) == 0 {
		return p, false
	}
	b = bytes.TrimPrefix(b, []byte("msg="))
	if b, ok = bytes.CutPrefix(b, []byte("audit(")); !ok {
		return p, false
	}
	stamp, body, ok := bytes.Cut(b, []byte{')'})
	if !ok {
		return p, false
	}
	dot, colon := bytes.IndexByte(stamp, '.'), bytes.LastIndexByte(stamp, ':')
	if dot < 1 || colon < dot+2 || colon == len(stamp)-1 {
		return p, false
	}
	const (
		maxSeconds  = 11 // digits: until the year 5138
		maxDecimals = 9
	)
	sec, ok := readNumber(stamp[:dot], maxSeconds)
	if !ok {
		return p, false
	}
	nsec, ok := readNumber(stamp[dot+1:colon], maxDecimals)
	if !ok {
		return p, false
	}
	for range maxDecimals - (colon - dot - 1) {
		nsec *= 10
	}
	p.serial = stamp[colon+1:]
	for _, c := range p.serial {
		if c < '0' || c > '9' {
			return p, false
		}
	}
	p.time = time.Unix(sec, nsec).UTC()
	p.body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte{':'}), " ")
	return p, true
}

func readNumber(b []byte, most int) (n int64, ok bool) {
	if len(b) == 0 || len(b) > most {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// Parse adds the fields of a record to rec and fills its event. If the text is no record it says
// what it wanted, and adds nothing.
func Parse(rec *record.Reader, text []byte) string {
	p, ok := readPrefix(text)
	if !ok {
		return want
	}
	e := &rec.Event
	e.Product, e.Service, e.Time = "linux", "auditd", p.time
	if p.node != nil {
		e.Computer = rec.String(p.node)
		rec.AddSystem("node", p.node)
	}
	if name := kindName(p.kind); name != "" {
		rec.AddText("type", name)
	} else {
		rec.Add("type", p.kind)
	}
	rec.AddSystem("serial", p.serial)
	s := scanner{rec: rec, execve: string(p.kind) == "EXECVE" || string(p.kind) == "1309"}
	if s.pairs(p.body) {
		// Words that are no pairs: "avc:  denied  { getattr } for  pid=1". Keywords look for them.
		rec.Add("message", p.body)
	}
	return ""
}

// A scanner takes the pairs of a record apart.
type scanner struct {
	rec    *record.Reader
	execve bool
	// nested is true inside msg='...', where programs put their own pairs.
	nested bool
	// enriched is true behind the byte 0x1d.
	enriched bool
}

const separator = 0x1d

// pairs adds all name=value of b. It says whether there were words that are no pairs.
func (s *scanner) pairs(b []byte) (words bool) {
	old := false
	for {
		for len(b) > 0 && (b[0] == ' ' || b[0] == separator || b[0] == '\'' || b[0] == ',' || b[0] == '(' || b[0] == ')') {
			if b[0] == separator {
				s.enriched = true
			}
			if b[0] == '\'' || b[0] == separator {
				s.nested = false
			}
			b = b[1:]
		}
		if rest, ok := bytes.CutPrefix(b, []byte(`\u001D`)); ok {
			b, s.enriched, s.nested = rest, true, false // it went through JSON
			continue
		}
		if len(b) == 0 {
			return words
		}
		n := 0
		for n < len(b) && b[n] != '=' && b[n] != ' ' && b[n] != separator {
			n++
		}
		name := b[:n]
		if n == len(b) || b[n] != '=' || n == 0 {
			b = b[max(n, 1):]
			if len(name) > 1 || n > 0 && name[0] != '{' && name[0] != '}' {
				words = true
			}
			old = string(name) == "old"
			continue
		}
		b = b[n+1:]
		if string(name) == "msg" && len(b) > 0 && b[0] == '\'' {
			s.nested, b = true, b[1:]
			continue
		}
		if len(b) > 1 && b[0] == '{' && b[1] == ' ' {
			b = b[2:] // SADDR={ saddr_fam=inet laddr=192.0.2.1 lport=53 }
			continue
		}
		var value []byte
		value, b = s.value(name, b)
		if old {
			// Kernels before 3.10 write "old auid=1 new auid=2"; later ones "old-auid=1 auid=2".
			at := len(s.rec.Scratch)
			s.rec.Scratch = append(append(s.rec.Scratch, "old-"...), name...)
			name = s.rec.Scratch[at:]
			old = false
		}
		s.rec.AddNamed(name, value)
		if string(name) == "saddr" {
			s.address(value)
		}
	}
}

// value reads a value, decoded, and gives what follows it.
func (s *scanner) value(name, b []byte) (value, rest []byte) {
	if len(b) > 0 && b[0] == '"' {
		end := bytes.IndexByte(b[1:], '"')
		if end < 0 {
			return b[1:], nil
		}
		return b[1 : end+1], b[end+2:]
	}
	n := 0
	for n < len(b) && b[n] != ' ' && b[n] != separator && (!s.nested || b[n] != '\'') {
		// The separator is lost in some copies of logs: "key=(null)ARCH=x86_64", "res=1UID="root"".
		if b[n] == '=' {
			if k := upperRun(b[:n]); k > 0 {
				return b[:k], b[k:]
			}
		}
		n++
	}
	value, rest = b[:n], b[n:]
	if i := bytes.Index(value, []byte(`\u001D`)); i >= 0 {
		value, rest = b[:i], b[i:]
	}
	value = bytes.TrimRight(value, ",")
	if s.nested {
		value = bytes.TrimSuffix(value, []byte{')'})
	}
	if s.encoded(name) {
		value = s.decode(name, value)
	}
	return value, rest
}

// upperRun gives where the name of capital letters begins that b ends with; 0 if there is none, or
// nothing in front of it.
func upperRun(b []byte) int {
	k := len(b)
	for k > 0 && (b[k-1] >= 'A' && b[k-1] <= 'Z' || b[k-1] == '_' || b[k-1] == '-') {
		k--
	}
	if k == len(b) {
		return 0
	}
	return k
}

// encoded tells whether a field holds what somebody outside gave, so that the kernel and the audit
// library write it in hexadecimal digits if it has blanks, quotes or control characters in it
// (audit_log_untrustedstring; auparse/typetab.h, AUPARSE_TYPE_ESCAPED).
func (s *scanner) encoded(name []byte) bool {
	switch string(name) {
	case "acct", "cmd", "comm", "cwd", "data", "dir", "exe", "file", "grp", "new_group", "icmptype_name",
		"name", "new-disk", "new-fs", "new-rng", "nargs", "ocomm", "old-disk", "path", "proctitle", "sw",
		"unit", "vm", "watch", "key", "root_dir", "tty_data", "op_data", "profile", "device":
		return true
	}
	// a0, a1[0] of EXECVE; those of SYSCALL are numbers.
	return s.execve && len(name) > 1 && name[0] == 'a' && name[1] >= '0' && name[1] <= '9' && !bytes.HasSuffix(name, []byte("_len"))
}

// decode reads hexadecimal digits; anything else stays as it is. Arguments of a process title are
// separated by NUL, which is shown as a blank, as ausearch does.
func (s *scanner) decode(name, value []byte) []byte {
	if len(value) < 2 || len(value)%2 != 0 {
		return value
	}
	for _, c := range value {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return value
		}
	}
	title := string(name) == "proctitle"
	at := len(s.rec.Scratch)
	out := s.rec.Scratch
	for i := 0; i < len(value); i += 2 {
		c := nibble(value[i])<<4 | nibble(value[i+1])
		if c == 0 && title {
			c = ' '
		}
		out = append(out, c)
	}
	s.rec.Scratch = out
	return out[at:]
}

func nibble(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// address adds what a socket address says, by the names of enriched logs: family, address and port
// of IPv4, and the path of a local socket.
func (s *scanner) address(saddr []byte) {
	if len(saddr) < 16 || len(saddr)%2 != 0 {
		return
	}
	for _, c := range saddr[:16] {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return
		}
	}
	octet := func(i int) uint64 { return uint64(nibble(saddr[2*i])<<4 | nibble(saddr[2*i+1])) }
	const inet = 2 // AF_INET, in the order of the host's bytes: little endian on all that matter
	if octet(0) != inet || octet(1) != 0 {
		return
	}
	s.rec.AddText("saddr_fam", "inet")
	at := len(s.rec.Scratch)
	out := s.rec.Scratch
	for i := range 4 {
		if i > 0 {
			out = append(out, '.')
		}
		out = strconv.AppendUint(out, octet(4+i), 10)
	}
	s.rec.Scratch = out
	s.rec.Add("laddr", out[at:])
	at = len(out)
	out = strconv.AppendUint(out, octet(2)<<8|octet(3), 10)
	s.rec.Scratch = out
	s.rec.Add("lport", out[at:])
}

// kindName gives the name of a record's type that is written as a number, as the kernel does where
// no auditd runs (linux/audit.h); "" if it is none of those that matter.
func kindName(kind []byte) string {
	if len(kind) != 4 || kind[0] != '1' {
		return ""
	}
	switch string(kind) {
	case "1100":
		return "USER_AUTH"
	case "1101":
		return "USER_ACCT"
	case "1103":
		return "CRED_ACQ"
	case "1104":
		return "CRED_DISP"
	case "1105":
		return "USER_START"
	case "1106":
		return "USER_END"
	case "1112":
		return "USER_LOGIN"
	case "1114":
		return "ADD_USER"
	case "1123":
		return "USER_CMD"
	case "1130":
		return "SERVICE_START"
	case "1131":
		return "SERVICE_STOP"
	case "1300":
		return "SYSCALL"
	case "1302":
		return "PATH"
	case "1305":
		return "CONFIG_CHANGE"
	case "1306":
		return "SOCKADDR"
	case "1307":
		return "CWD"
	case "1309":
		return "EXECVE"
	case "1319":
		return "TTY"
	case "1326":
		return "SECCOMP"
	case "1327":
		return "PROCTITLE"
	case "1400":
		return "AVC"
	case "1401":
		return "SELINUX_ERR"
	case "1701":
		return "ANOM_ABEND"
	case "1006":
		return "LOGIN"
	}
	return ""
}
