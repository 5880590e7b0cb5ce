package mssql

import (
	"bytes"

	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// header reads "Error: 18456, Severity: 14, State: 8.", in any language of the server: three numbers,
// each behind a word and a colon.
func header(text []byte) (number, severity, state []byte, ok bool) {
	text = bytes.TrimRight(text, " \t\r\n")
	const longest = 120 // with the longest words of any language
	if len(text) == 0 || len(text) > longest || text[len(text)-1] != '.' {
		return nil, nil, nil, false
	}
	rest := text[:len(text)-1]
	var values [3][]byte
	for i := range values {
		part := rest
		if i < 2 {
			if part, rest, ok = bytes.Cut(rest, []byte(", ")); !ok {
				return nil, nil, nil, false
			}
		}
		colon := bytes.LastIndexByte(part, ':')
		if colon <= 0 {
			return nil, nil, nil, false
		}
		values[i] = bytes.TrimLeft(part[colon+1:], " \u00a0")
		if !lines.IsNumber(values[i]) || bytes.IndexByte(part[:colon], '\'') >= 0 {
			return nil, nil, nil, false
		}
	}
	return values[0], values[1], values[2], len(values[0]) <= 9
}

// A message is what the text of a message says, by the values that the server put into it.
type message struct {
	// id is the number of the message, 0 if it is not known.
	id uint32
	// data are the values as the Windows event has them; none if the message is not known.
	data [3][]byte
	n    int

	login, reason, client      []byte
	option, oldValue, newValue []byte
	object, database, library  []byte
}

// parse recognises the messages that detections look for. The numbers and texts are those of
// sys.messages, in English.
func parse(text []byte) (m message) {
	text = text[:entries.LineEnd(text)]
	m.client = client(text)
	switch {
	case bytes.HasPrefix(text, []byte("Login failed for user '")):
		m.id = 18456
		m.loginFailed(text[len("Login failed for user '"):])
	case bytes.HasPrefix(text, []byte("Login succeeded for user '")):
		m.id = 18454
		if bytes.Contains(text, []byte("'. Connection made using Windows authentication.")) {
			m.id = 18453
		}
		m.login, _ = cutLast(text[len("Login succeeded for user '"):], "'. Connection")
		m.add(m.login)
		m.add(clientPart(text))
	case bytes.HasPrefix(text, []byte("Configuration option '")):
		if option, rest, ok := bytes.Cut(text[len("Configuration option '"):], []byte("' changed from ")); ok {
			was, rest, _ := bytes.Cut(rest, []byte(" to "))
			is, _, _ := bytes.Cut(rest, []byte(". "))
			m.id, m.option, m.oldValue, m.newValue = 15457, option, was, bytes.TrimRight(is, ".")
			m.add(option)
			m.add(was)
			m.add(m.newValue)
		}
	case bytes.HasPrefix(text, []byte("SQL Server blocked access to ")):
		what, rest, _ := bytes.Cut(text[len("SQL Server blocked access to "):], []byte(" '"))
		object, rest, ok := bytes.Cut(rest, []byte("' of component '"))
		if component, _, closed := bytes.Cut(rest, []byte("' because")); ok && closed {
			m.id, m.object, m.option = 15281, object, component
			m.add(what)
			m.add(object)
			m.add(component)
		}
	case bytes.HasPrefix(text, []byte("Using '")):
		library, rest, ok := bytes.Cut(text[len("Using '"):], []byte("' version '"))
		version, rest, closed := bytes.Cut(rest, []byte("' to execute extended stored procedure '"))
		if ok && closed {
			m.id, m.library = 8128, library
			m.object, _ = cutLast(rest, "'.")
			m.add(library)
			m.add(version)
			m.add(m.object)
		}
	case bytes.HasPrefix(text, []byte("Attempting to load library '")):
		m.id = 33090
		m.library, _ = cutLast(text[len("Attempting to load library '"):], "' into memory")
		m.add(m.library)
	case bytes.HasPrefix(text, []byte("Starting up database '")):
		m.id = 17137
		m.database, _ = cutLast(text[len("Starting up database '"):], "'.")
		m.add(m.database)
	case bytes.HasPrefix(text, []byte("Setting database option ")):
		if option, rest, ok := bytes.Cut(text[len("Setting database option "):], []byte(" to ")); ok {
			value, name, _ := bytes.Cut(rest, []byte(" for database '"))
			m.id, m.option, m.newValue = 5084, option, value
			m.database, _ = cutLast(name, "'.")
			m.add(option)
			m.add(value)
			m.add(m.database)
		}
	case bytes.HasPrefix(text, []byte("Database backed up. Database: ")):
		m.id = 18264
		m.database, _, _ = bytes.Cut(text[len("Database backed up. Database: "):], []byte(", creation date"))
	case bytes.HasPrefix(text, []byte("Log was backed up. Database: ")):
		m.id = 18265
		m.database, _, _ = bytes.Cut(text[len("Log was backed up. Database: "):], []byte(", creation date"))
	case bytes.HasPrefix(text, []byte("Database was restored: Database: ")):
		m.id = 18267
		m.database, _, _ = bytes.Cut(text[len("Database was restored: Database: "):], []byte(", creation date"))
	case bytes.HasPrefix(text, []byte("SQL Trace ID ")) && bytes.Contains(text, []byte(" was started by login ")):
		m.id = 19030
	case bytes.HasPrefix(text, []byte("SQL Trace stopped. ")):
		m.id = 19031
	}
	return m
}

func (m *message) add(value []byte) {
	if m.n < len(m.data) {
		m.data[m.n] = value
		m.n++
	}
}

// loginFailed reads what follows "Login failed for user '". The name is what the client sent: it can
// hold quotes, a reason and an address of its own. What the server itself wrote stands behind it, so
// the last one of each counts.
func (m *message) loginFailed(rest []byte) {
	end := rest
	if at := bytes.LastIndex(rest, []byte("[CLIENT: ")); at >= 0 {
		end = rest[:at]
	}
	login, reason := cutLast(end, "'. Reason: ")
	if reason == nil {
		login, _ = cutLast(end, "'")
	} else {
		m.reason = bytes.TrimRight(reason, " ")
	}
	m.login = login
	m.add(login)
	if reason != nil {
		m.add(bytes.TrimRight(end[len(login)+len("'."):], " "))
	}
	if c := rest[len(end):]; len(c) > 0 {
		at := len(end)
		if at > 0 && rest[at-1] == ' ' {
			at--
		}
		m.add(rest[at:])
	}
}

// clientPart is " [CLIENT: address]" as a value of the Windows event has it.
func clientPart(text []byte) []byte {
	if at := bytes.LastIndex(text, []byte(" [CLIENT: ")); at >= 0 {
		return text[at:]
	}
	return nil
}

// client is the address that stands in brackets at the end of a message about a client, in any
// language: [CLIENT: 10.0.0.9], [CLIENT: <local machine>], [CLIENTE: 10.0.0.9].
func client(text []byte) []byte {
	text = bytes.TrimRight(text, " .")
	if len(text) == 0 || text[len(text)-1] != ']' {
		return nil
	}
	open := bytes.LastIndexByte(text, '[')
	if open < 0 {
		return nil
	}
	word, address, ok := bytes.Cut(text[open+1:len(text)-1], []byte{':'})
	if !ok || len(word) < 3 || len(word) > 20 || len(address) == 0 || address[0] != ' ' {
		return nil
	}
	for _, c := range word {
		if c < 'A' && c != ' ' || c > 'Z' && c < 'a' {
			return nil
		}
	}
	return bytes.TrimLeft(address, " ")
}

func cutLast(text []byte, sep string) (before, after []byte) {
	if i := bytes.LastIndex(text, []byte(sep)); i >= 0 {
		return text[:i], text[i+len(sep):]
	}
	return text, nil
}
