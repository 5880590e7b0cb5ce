package syslog

import (
	"bytes"

	"aldebaran/evidence/record"
)

// A header is what stands in front of a message.
type header struct {
	stamp record.Stamp
	// pri is the number in front of the line, facility*8+severity; -1 if there is none.
	pri int
	// version is 1 for RFC 5424 with its version number.
	version int
	host    []byte
	// program is the name that the line gives its writer, without what stands in brackets behind it.
	program, pid []byte
	// msgid and data are the MSGID and the structured data of RFC 5424, nil where they are "-".
	msgid, data []byte
	// level is the word that Dovecot's own log has instead of a host: "Info".
	level   []byte
	message []byte
	// fortinet says that the message is a line of Fortinet's systems, time and all.
	fortinet bool
	// own is the program whose own log this is: its lines do not name it.
	own string
	// tagged says that the program is marked as such, by a colon or a process id; else it is the
	// first word of the message, as RFC 3164 4.1.3 has it.
	tagged bool
	// kiwi says that the line is one of Kiwi Syslog Server's files.
	kiwi bool
}

// begins tells whether a line begins with a priority, a time, or both.
func begins(line []byte) bool {
	pri, rest := readPRI(line)
	if len(rest) > 2 && rest[0] == '1' && rest[1] == ' ' {
		rest = rest[2:]
		if pri >= 0 && rest[0] == '-' && len(rest) > 1 && rest[1] == ' ' {
			return true
		}
	}
	if _, ok := readFortinet(rest); ok {
		return true
	}
	if _, ok := readKiwi(rest); ok {
		return true
	}
	s, ok := record.ReadStamp(rest)
	return ok && (s.Length == len(rest) || rest[s.Length] == ' ' || rest[s.Length] == ':' || rest[s.Length] == '\t')
}

// readPRI reads "<34>". Numbers above 191 are none (RFC 3164 4.1.1).
func readPRI(line []byte) (pri int, rest []byte) {
	if len(line) < 3 || line[0] != '<' {
		return -1, line
	}
	n, end := 0, 1
	for end < len(line) && end < 4 && line[end] >= '0' && line[end] <= '9' {
		n = n*10 + int(line[end]-'0')
		end++
	}
	if end == 1 || n > 191 || end >= len(line) || line[end] != '>' {
		return -1, line
	}
	return n, line[end+1:]
}

// readHeader takes a line apart.
func readHeader(line []byte) (h header, ok bool) {
	h.pri, line = readPRI(line)
	if len(line) > 2 && line[0] == '1' && line[1] == ' ' {
		h.version, line = 1, line[2:]
	}
	if h.version == 1 && h.pri >= 0 && len(line) > 1 && line[0] == '-' && line[1] == ' ' {
		// RFC 5424 6.2.3: no clock.
		h.stamp = record.Stamp{Style: record.ISO, Length: 1}
	} else if h.stamp, ok = readFortinet(line); ok {
		h.fortinet, h.message = true, line
		return h, true
	} else if kiwi, ok := readKiwi(line); ok {
		return kiwi, true
	} else if h.stamp, ok = record.ReadStamp(line); !ok {
		return h, false
	}
	rest := line[h.stamp.Length:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:] // "Mar 11 09:39:39: --- last message repeated 5 times ---"
	} else if len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
		return h, false
	}
	rest = trimLeft(rest)
	switch {
	case h.stamp.Style == record.Ctime:
		h.vsftpd(rest)
	case bytes.HasPrefix(rest, []byte("--- ")):
		h.message = rest
	case h.version == 1 || h.stamp.Style == record.ISO && is5424(rest):
		h.read5424(rest)
	default:
		h.read3164(rest)
	}
	h.fortinet = bytes.HasPrefix(h.message, []byte("date="))
	return h, true
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// cutWord gives the text up to the next blank, and what follows it.
func cutWord(b []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(b, []byte{' '})
	return word, rest
}

// read3164 reads HOSTNAME TAG[PID]: MESSAGE (RFC 3164 4.1.2 and 4.1.3).
func (h *header) read3164(rest []byte) {
	word, after := cutWord(rest)
	if isTag(word) {
		// No host: macOS ("secd[1] <Error>"), and Dovecot's own log ("Info: imap-login: Login").
		if level := bytes.TrimSuffix(word, []byte{':'}); isLevel(level) {
			h.level, h.message = level, trimLeft(after)
			h.own, h.tagged = "dovecot", true
			return
		}
		// Since 2.0: "imap-login: Info: Login".
		if level, _, ok := bytes.Cut(trimLeft(after), []byte(": ")); ok && isLevel(level) && isDovecot(until(word, ":(<")) {
			h.level, h.message = level, rest
			h.own, h.tagged = "dovecot", true
			return
		}
	} else if !isCEF(word) && !bytes.HasPrefix(word, []byte{'%'}) {
		h.host, rest = word, trimLeft(after)
		// A relay that is the sender itself writes its name twice.
		if again, after := cutWord(rest); len(word) > 0 && bytes.Equal(again, word) && len(after) > 0 {
			rest = trimLeft(after)
		}
	}
	rest = bytes.TrimPrefix(rest, []byte(": ")) // ASA: "fw1 : %ASA-6-..."
	program, pid, length, ok := readTag(rest)
	if !ok {
		h.message = rest
		word, _ := cutWord(rest)
		if isName(word) {
			h.program = word
		}
		return
	}
	h.program, h.pid, h.tagged = program, pid, true
	h.message = trimLeft(rest[length:])
}

// isTag tells whether a word can only be a tag: "sudo:", "sshd[12]:", "secd[1]".
func isTag(word []byte) bool {
	if len(word) < 2 {
		return false
	}
	_, pid, length, ok := readTag(word)
	if !ok || length != len(word) {
		return false
	}
	// An address of IPv6 ends in a colon at times, as "fe80::".
	return pid != nil || bytes.Count(word, []byte{':'}) == 1
}

// readTag reads "sudo:", "sshd[12]:", "su(pam_unix)[3]:", "proftpd[12]", and gives its length.
func readTag(b []byte) (program, pid []byte, length int, ok bool) {
	const longest = 100 // RFC 3164 allows 32; containers and macOS use more
	at := 0
	for at < len(b) && at < longest && b[at] > ' ' && b[at] != ':' && b[at] != '[' {
		at++
	}
	if at == 0 || at >= len(b) || !isNameStart(b[0]) {
		return nil, nil, 0, false
	}
	program = b[:at]
	if i := bytes.IndexByte(program, '('); i > 0 {
		program = program[:i] // "su(pam_unix)"
	}
	if b[at] == '[' {
		end := bytes.IndexByte(b[at:min(len(b), at+longest)], ']')
		if end < 2 || bytes.IndexByte(b[at:at+end], ' ') >= 0 {
			return nil, nil, 0, false
		}
		pid = b[at+1 : at+end]
		at += end + 1
		if at < len(b) && b[at] == ':' {
			at++
		}
		return program, pid, at, at == len(b) || b[at] == ' ' || b[at-1] == ':'
	}
	if b[at] != ':' {
		return nil, nil, 0, false
	}
	at++
	// "ASM:CEF:0|" is one; "lookup(file): " too; an address or a time is none.
	if at < len(b) && b[at] != ' ' && !isCEF(b[at:]) {
		return nil, nil, 0, false
	}
	return program, nil, at, true
}

// isCEF tells whether a text is a record of CEF or LEEF.
func isCEF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("CEF:")) || bytes.HasPrefix(b, []byte("LEEF:"))
}

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '/' || c == '('
}

// isName tells whether a word without a colon may be the name of a program.
func isName(word []byte) bool {
	for _, c := range word {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/') {
			return false
		}
	}
	return len(word) > 0
}

// isLevel tells whether a word is one by which Dovecot's own log says how bad something is.
func isLevel(word []byte) bool {
	switch string(word) {
	case "Debug", "Info", "Warning", "Error", "Fatal", "Panic":
		return true
	}
	return false
}

// isDovecot tells whether a word is the name of one of Dovecot's processes.
func isDovecot(word []byte) bool {
	switch string(word) {
	case "imap-login", "pop3-login", "submission-login", "managesieve-login", "imap", "pop3", "submission", "managesieve", "lmtp", "lda",
		"auth", "auth-worker", "master", "anvil", "config", "dict", "doveadm", "dsync", "dsync-server", "imap-hibernate", "indexer",
		"indexer-worker", "log", "ssl-params", "stats", "old-stats", "replicator":
		return true
	}
	return false
}

// is5424 tells whether what follows a time is HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA, as
// syslog-ng and others write without the priority in front.
func is5424(rest []byte) bool {
	for i := range 4 {
		word, after := cutWord(rest)
		if len(word) == 0 || after == nil {
			return false
		}
		switch {
		case i == 1 && word[len(word)-1] == ':', i == 2 && !digits(word) && string(word) != "-":
			return false
		}
		rest = after
	}
	return bytes.HasPrefix(rest, []byte{'['}) || string(rest) == "-" || bytes.HasPrefix(rest, []byte("- "))
}

// read5424 reads HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG (RFC 5424 6).
func (h *header) read5424(rest []byte) {
	h.tagged = true
	for _, field := range [...]*[]byte{&h.host, &h.program, &h.pid, &h.msgid} {
		var word []byte
		word, rest = cutWord(rest)
		if len(word) > 0 && string(word) != "-" {
			*field = word
		}
	}
	switch {
	case len(rest) > 0 && rest[0] == '[':
		end := endOfData(rest)
		h.data, rest = rest[:end], rest[end:]
	case len(rest) > 0 && rest[0] == '-':
		rest = rest[1:]
	}
	h.message = bytes.TrimPrefix(trimLeft(rest), []byte("\xef\xbb\xbf"))
}

// endOfData gives where structured data ends: [id name="value" ...][id ...].
func endOfData(b []byte) int {
	at := 0
	for at < len(b) && b[at] == '[' {
		quoted := false
		end := -1
		for i := at + 1; i < len(b); i++ {
			switch c := b[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case c == ']' && !quoted:
				end = i + 1
			}
			if end > 0 {
				break
			}
		}
		if end < 0 {
			return at // not closed: it is part of the message
		}
		at = end
	}
	return at
}

// vsftpd reads [pid 2] [user] MESSAGE, as vsftpd's own log has it.
func (h *header) vsftpd(rest []byte) {
	h.message = rest
	if !bytes.HasPrefix(rest, []byte("[pid ")) {
		return
	}
	end := bytes.IndexByte(rest, ']')
	if end < 0 || !digits(rest[5:end]) {
		return
	}
	h.own, h.pid, h.tagged = "vsftpd", rest[5:end], true
	h.message = trimLeft(rest[end+1:])
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
