package behaviour

import (
	"bytes"
	"cmp"
	"strings"
)

// What analytics of databases share: sign-ins whoever logged them, accounts and programs of
// administrators, and where statements look.

// A signIn is what a record says about somebody who signs in to a database.
type signIn uint8

const (
	noSignIn signIn = iota
	signedIn
	refused
)

// signInOf tells whether a record is a sign-in, and how it ended:
//
//	SQL Server   events 18453 to 18455 succeeded, 18456 and its neighbours failed; audit LGIS, LGIF, DBAS, DBAF
//	MySQL        Connect of the general log; "Access denied" of it and of the error log; CONNECT, FAILED_CONNECT of audits
//	PostgreSQL   "connection authorized: ...", "password authentication failed ..." and its like
//	Oracle       LOGON with its return code
//
// https://learn.microsoft.com/sql/relational-databases/security/auditing/sql-server-audit-action-groups-and-actions
func signInOf(r *Record) signIn {
	if id := r.Event.EventID; id >= 18450 && id <= 18499 {
		if id >= 18453 && id <= 18455 {
			return signedIn
		}
		return refused
	}
	action := r.Text(DBAction)
	switch {
	case len(action) > len("failed_connect"):
	case equalText(action, "lgis"), equalText(action, "dbas"):
		return signedIn
	case equalText(action, "lgif"), equalText(action, "dbaf"), equalText(action, "failed_connect"):
		return refused
	case equalText(action, "connect"), equalText(action, "logon"):
		return connectOutcome(r)
	}
	message := r.Text(DBMessage)
	switch {
	case len(message) == 0:
	case hasPrefixFold(message, "connection authorized:"):
		return signedIn
	case hasPrefixFold(message, "access denied for user"), hasPrefixFold(message, "no pg_hba.conf entry for host"),
		bytes.Contains(message[:min(len(message), 64)], []byte(" authentication failed for user")):
		return refused
	}
	return noSignIn
}

// connectOutcome tells how a connection ended, by its status, or by what stands where a statement would.
func connectOutcome(r *Record) signIn {
	if hasPrefixFold(r.Text(DBStatement), "access denied") {
		return refused
	}
	status := r.Text(DBSucceeded)
	if status == nil || equalText(status, "0") || equalText(status, "true") || equalText(status, "success") {
		return signedIn
	}
	return refused
}

// isLocalClient tells whether a client is on the same computer, as SQL Server and others write that.
func isLocalClient(client []byte) bool {
	return isLoopback(client) || bytes.Equal(client, []byte("<local machine>")) || bytes.Equal(client, []byte("local machine")) ||
		bytes.Equal(client, []byte("<named pipe>")) || bytes.Equal(client, []byte("localhost"))
}

// isConsole tells programs by which people, not applications, use a database from a command line.
func isConsole(application []byte) bool {
	if len(application) == 0 || strings.IndexByte("sobipmeg", application[0]|0x20) < 0 {
		return false // none of these begins so
	}
	for _, name := range [...]string{"sqlcmd", "osql", "bcp", "isql", "psql", "pg_dump", "mysqldump", "mariadb-dump", "mysql", "sqlplus", "sql*plus", "expdp", "exp@", "go-mssqldb", "mssqlclient"} {
		if hasPrefixFold(application, name) {
			return true
		}
	}
	return false
}

// accountKey tells the accounts of one database server apart: the server's name, a zero, the account's.
func accountKey(dst []byte, r *Record, principal []byte) []byte {
	host := r.Event.Computer
	if host == "" {
		dst = appendLower(dst, r.Text(DBHost))
	} else {
		dst = appendLower(dst, []byte(host))
	}
	return appendLower(append(dst, 0), principal)
}

// cutAccount gives the parts of a key again.
func cutAccount(key string) (server, principal string) {
	server, principal, _ = strings.Cut(key, "\x00")
	return server, principal
}

// serverName is how people read a server that logs need not name.
func serverName(server string) string { return cmp.Or(server, "not named in the log") }

// maxPrincipal is how many bytes tell accounts, programs and addresses apart: databases allow 128
// characters.
const maxPrincipal = 256

// maxReadStatement is how much of a statement is looked at for tables and patterns: it stands at the
// beginning, and some statements are megabytes of values.
const maxReadStatement = 8 << 10

// tableOf gives the table that a statement reads first, without brackets and quotes, nil if it does not say.
func tableOf(statement []byte) []byte {
	statement = statement[:min(len(statement), maxReadStatement)]
	at := indexByRareIf(statement, "from", 0, isWordAt)
	if at < 0 {
		if !hasPrefixFold(statement, "copy ") { // PostgreSQL: COPY t (a, b) TO ...
			return nil
		}
		at = len("copy") - len("from")
	}
	from := at + len("from")
	for from < len(statement) && isBlank(statement[from]) {
		from++
	}
	end := from
	for end < len(statement) && !isBlank(statement[end]) && strings.IndexByte(";,()", statement[end]) < 0 {
		end++
	}
	return bytes.Trim(statement[from:end], "[]\"`")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isWordAt tells whether what stands from a place to another one is a word by itself.
func isWordAt(text []byte, from, to int) bool {
	return (from == 0 || !isNameByte(text[from-1])) && (to == len(text) || !isNameByte(text[to]))
}

func isNameByte(c byte) bool {
	return isLetterOrDigit(c) || c == '_' || c == '$' || c == '@' || c >= 0x80
}

// statementOf gives the statement of a record, nil if it has none.
func statementOf(r *Record) []byte {
	s := r.Text(DBStatement)
	if len(s) > 0 && !isASCIILetter(s[0]) { // as hardly any is
		s = bytes.TrimLeft(s, " \t\r\n(")
	}
	return s[:min(len(s), maxReadStatement)]
}

// isRead tells whether a record is about data that were read: by the audit's own word for it, or by
// how the statement begins.
func isRead(r *Record, statement []byte) bool {
	action := r.Text(DBAction)
	if r.Event.EventID == auditRecord {
		return equalText(action, "sl")
	}
	return hasPrefixFold(statement, "select") || hasPrefixFold(statement, "copy ") || len(statement) == 0 && equalText(action, "select")
}

// auditRecord is the event of SQL Server's audit.
const auditRecord = 33205

// indexByRare finds a text in lower case without regard to case, by one of its characters, of which
// statements have few: at is its place in the text.
func indexByRare(text []byte, lower string, at int) int {
	return indexByRareIf(text, lower, at, func([]byte, int, int) bool { return true })
}

// indexByRareIf is indexByRare for the first place at which the text may stand, as is says of where it begins
// and ends.
func indexByRareIf(text []byte, lower string, at int, is func(text []byte, from, to int) bool) int {
	const none = 1 << 30
	small := lower[at]
	capital := small
	if isASCIILetter(small) {
		capital -= 'a' - 'A'
	}
	nextSmall, nextCapital := -1, none
	if capital != small {
		nextCapital = -1
	}
	for from := 0; from < len(text); {
		if nextSmall < from {
			nextSmall = indexFrom(text, from, small, none)
		}
		if nextCapital < from {
			nextCapital = indexFrom(text, from, capital, none)
		}
		if from = min(nextSmall, nextCapital); from == none {
			return -1
		}
		if begin := from - at; begin >= 0 && hasPrefixFold(text[begin:], lower) && is(text, begin, begin+len(lower)) {
			return begin
		}
		from++
	}
	return -1
}

// indexFrom finds a byte at a place or behind it, none if it is not there.
func indexFrom(text []byte, at int, c byte, none int) int {
	if n := bytes.IndexByte(text[at:], c); n >= 0 {
		return at + n
	}
	return none
}
