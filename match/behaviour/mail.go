package behaviour

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// What analytics of mail share: accounts, the commands by which mailboxes are opened, searched and
// exported, and their parameters.

// A mailAccess is what analytics want to know of a record of the view Mailbox: it is made once for all of them.
type mailAccess struct {
	user, mailbox, address, agent, app []byte
	// reads says that the contents of a mailbox were read, signIn that somebody opened his own.
	reads, signIn bool
	// box is what is remembered of who opened what, visit tells from where and by what.
	box   *recentBox
	visit uint64
}

// mailMemory is what a matcher remembers of accesses to mailboxes, so that what comes again and again is
// looked up once.
type mailMemory struct {
	access mailAccess
	// command is what a record of the view Cmdlet does.
	command mailCommand
	seed    maphash.Seed
	boxes   recents[recentBox]
	key     []byte
}

const (
	// recentBoxes is how many are remembered: those of two thousand people, so that few have to make room
	// for others.
	recentBoxes = 4096
	// recentVisits is how many visits of each: those of three programs from two places.
	recentVisits = 6
)

// A recentBox is a mailbox that somebody opens.
type recentBox struct {
	// hour is the one in which he was counted last, thing the hash of the mailbox's name, see [mailBulkAccess].
	hour  *hour
	thing uint64
	// since is the second since 1970 from whose beginning on all visits are known: from where and by what he
	// opens it. See [mailNewClient].
	since  int64
	visits [recentVisits]uint64
	next   uint32 // of visits
	// number is the mailbox's plus 1.
	number uint32
}

// knows tells whether a visit was seen at that time or earlier.
func (b *recentBox) knows(visit uint64, t time.Time) bool {
	return t.Unix() >= b.since && slices.Contains(b.visits[:], visit)
}

// learn notes a visit.
func (b *recentBox) learn(visit uint64, t time.Time) {
	if slices.Contains(b.visits[:], visit) {
		return // it is known from a later time on: so records that are out of order cost no more than themselves
	}
	b.visits[b.next] = visit
	b.next = (b.next + 1) % recentVisits
	since := t.Unix()
	if t.Nanosecond() > 0 {
		since++
	}
	b.since = max(b.since, since)
}

func newMailMemory() *mailMemory {
	return &mailMemory{seed: maphash.MakeSeed(), boxes: newRecents[recentBox](recentBoxes)}
}

// forget forgets what belongs to a piece of evidence.
func (m *mailMemory) forget() { m.boxes.forget() }

// access gives what is known of an access, of a record of the view Mailbox.
func (r *Record) access() *mailAccess { return &r.mail.access }

// command tells what a command does, of a record of the view Cmdlet.
func (r *Record) command() mailCommand { return r.mail.command }

// wants takes from a record what analytics of mail want to know of it; false if it is about a mailbox, or of a
// command, and nothing to them.
func (m *mailMemory) wants(r *Record) bool {
	switch r.View {
	case Mailbox:
		return m.readAccess(r)
	case Cmdlet:
		m.command = mailCommandOf(r.Text(CmdName), func() []byte { return r.Text(CmdParameters) })
		return m.command != otherCommand
	}
	return true
}

// readAccess is wants for an access to a mailbox.
func (m *mailMemory) readAccess(r *Record) bool {
	a := &m.access
	a.reads, a.signIn = isMailAccess(r), isMailSignIn(r)
	if !a.reads && !a.signIn {
		return false
	}
	a.user, a.mailbox, a.address, a.agent, a.app = r.Text(BoxUser), r.Text(BoxMailbox), r.Text(BoxClient), r.Text(BoxAgent), r.Text(BoxAppID)
	m.key = appendPart(appendPart(m.key[:0], a.user), a.mailbox)
	a.box = m.boxes.find(maphash.Bytes(m.seed, m.key))
	m.key = appendPart(appendPart(appendPart(m.key[:0], a.address), a.agent), a.app)
	a.visit = maphash.Bytes(m.seed, m.key) | 1 // 0 is none
	return true
}

// appendPart appends one of several texts: where each ends can be told.
func appendPart(key, part []byte) []byte {
	return append(binary.NativeEndian.AppendUint32(key, uint32(len(part))), part...)
}

// isMailAccess tells whether a record of a mailbox is about its contents being read.
func isMailAccess(r *Record) bool {
	switch r.Event.Product {
	case "dovecot", "zimbra":
		return false
	case "m365":
		switch string(r.Text(BoxOperation)) {
		case "MailItemsAccessed", "MessageBind", "FolderBind":
			return true
		}
		return false
	}
	if status := r.Text(BoxStatus); len(status) == 3 && status[0] != '2' {
		return false
	}
	// What finds mailboxes, lists addresses or administers reads no mail.
	protocol := r.Text(BoxProtocol)
	return !hasPrefixFold(protocol, "autodiscover") && !equalText(protocol, "oab") && !equalText(protocol, "powershell") && !equalText(protocol, "ecp")
}

// isMailSignIn tells whether a record of Dovecot or Zimbra says that somebody opened his mailbox.
func isMailSignIn(r *Record) bool {
	product := r.Event.Product
	return (product == "dovecot" || product == "zimbra") && equalText(r.Text(BoxOperation), "login") && equalText(r.Text(BoxStatus), "success")
}

// A mailCommand is what a command of Exchange or of Microsoft 365 does to mailboxes.
type mailCommand uint8

const (
	otherCommand  mailCommand = iota
	grantCommand              // gives somebody a role over mailboxes, or access to one
	searchCommand             // searches mailboxes of others
	exportCommand             // copies them out
	cleanCommand              // takes back a grant, or removes a search or an export
	ruleCommand               // a standing order about mail with certain words
	traceCommand              // asks who sent what to whom
	ownSearch                 // a user searches, perhaps his own mailbox
)

// mailCommandOf tells what a command does, by its name and by those of its parameters that change
// it, which are asked for only then. The names are those of Exchange's cmdlets and of the operations of the
// Unified Audit Log.
//
// https://learn.microsoft.com/powershell/module/exchange, https://learn.microsoft.com/purview/audit-log-activities
func mailCommandOf(name []byte, parameters func() []byte) mailCommand {
	var room [48]byte
	if len(name) > len(room) {
		return otherCommand
	}
	switch string(appendLower(room[:0], name)) {
	case "new-managementroleassignment", "add-rolegroupmember", "update-rolegroupmember", "new-rolegroup", "add-managementroleentry",
		"add-ediscoverycaseadmin", "caseadminadded", "add member to role.", "add app role assignment to service principal.",
		"add delegated permission grant.", "consent to application.":
		return grantCommand
	case "add-mailboxpermission":
		if containsFold(parameters(), "fullaccess") || containsFold(parameters(), "readpermission") {
			return grantCommand
		}
	case "set-mailboxauditbypassassociation":
		if containsFold(parameters(), "true") {
			return grantCommand
		}
	case "search-mailbox":
		switch {
		case containsFold(parameters(), "-deletecontent"):
			return cleanCommand
		case containsFold(parameters(), "-targetmailbox"):
			return exportCommand
		}
		return searchCommand
	case "new-mailboxsearch", "set-mailboxsearch":
		if containsFold(parameters(), "-targetmailbox") {
			return exportCommand
		}
		return searchCommand
	case "start-mailboxsearch", "new-compliancesearch", "set-compliancesearch", "start-compliancesearch", "searchcreated", "searchupdated", "searchstarted",
		"new-ediscoverysearch", "start-historicalsearch":
		return searchCommand
	case "new-compliancesearchaction":
		if containsFold(parameters(), "-purge") {
			return cleanCommand
		}
		if containsFold(parameters(), "-export") {
			return exportCommand
		}
		return searchCommand
	case "new-mailboxexportrequest", "export-mailbox", "searchexported", "searchexportdownloaded":
		return exportCommand
	case "remove-mailboxexportrequest", "remove-managementroleassignment", "remove-rolegroupmember", "remove-mailboxsearch", "remove-mailboxpermission",
		"remove-compliancesearch", "remove-compliancesearchaction", "searchremoved", "remove-ediscoverycaseadmin", "caseadminremoved", "remove member from role.",
		"remove app role assignment from service principal.", "remove delegated permission grant.":
		return cleanCommand
	case "new-inboxrule", "set-inboxrule", "new-transportrule", "set-transportrule", "updateinboxrules":
		return ruleCommand
	case "get-messagetrackinglog", "get-messagetrace", "get-messagetracev2":
		return traceCommand
	case "searchqueryinitiatedexchange":
		return ownSearch
	}
	return otherCommand
}

// failedCommand tells whether a command is known not to have been carried out.
func failedCommand(r *Record) bool {
	outcome := r.Text(CmdStatus)
	return hasPrefixFold(outcome, "fail") || hasPrefixFold(outcome, "false") || hasPrefixFold(outcome, "error") || hasPrefixFold(outcome, "partiallyfail")
}

// accountName is what tells an account apart in logs that write it differently: "adm" for
// corp.example/Users/adm, CORP\adm and adm@corp.example.
func accountName(user string) string {
	user = strings.ToLower(user)
	if at := strings.LastIndexAny(user, `/\`); at >= 0 {
		user = user[at+1:]
	}
	if name, _, ok := strings.Cut(user, "@"); ok && name != "" {
		user = name
	}
	return strings.TrimSpace(user)
}

// commandActor is who ran a command, or where if the log does not say who.
func commandActor(r *Record) string {
	if user := accountName(r.String(CmdUser)); user != "" {
		return user
	}
	return ShortHost(r.Host())
}

// parameter gives the value of a parameter of a command, as event logs have them: -Name "value". The
// name is in lower case. A value may hold quotes of its own; it ends at one that is the last, or
// behind which another parameter begins: parameters have capitals, operators of filters have not.
func parameter(parameters []byte, name string) []byte {
	for at := 0; at < len(parameters); {
		n := bytes.IndexByte(parameters[at:], '-')
		if n < 0 {
			return nil
		}
		at += n + 1
		rest := parameters[at:]
		if !hasPrefixFold(rest, name) || len(rest) == len(name) || isLetterOrDigit(rest[len(name)]) {
			continue
		}
		return parameterValue(bytes.TrimLeft(rest[len(name):], " :"))
	}
	return nil
}

func parameterValue(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	quote := text[0]
	if quote != '"' && quote != '\'' && quote != '{' {
		end := bytes.IndexByte(text, ' ')
		if end < 0 {
			end = len(text)
		}
		return text[:end]
	}
	if quote == '{' {
		quote = '}'
	}
	text = text[1:]
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], quote)
		if n < 0 {
			return text
		}
		at += n + 1
		behind := bytes.TrimLeft(text[at:], " ;|)\r\n")
		if len(behind) == 0 || len(behind) > 1 && behind[0] == '-' && 'A' <= behind[1] && behind[1] <= 'Z' {
			return text[:at-1]
		}
	}
}

// oddTarget tells why the place that an export goes to is odd, "" if it is not: exports are files of
// Outlook on a share for them.
func oddTarget(path string) string {
	lower := strings.ToLower(path)
	switch {
	case path == "":
		return ""
	case strings.Contains(lower, `\inetpub\`), strings.Contains(lower, `\wwwroot\`), strings.Contains(lower, `\httpproxy\`), strings.Contains(lower, `\aspnet_client\`),
		strings.Contains(lower, `\owa\`), strings.Contains(lower, `\ecp\`):
		return "it is below a folder that the web server hands out"
	case !strings.HasSuffix(lower, ".pst"):
		return "it is no file of Outlook (.pst)"
	case strings.HasPrefix(lower, `\\127.`), strings.HasPrefix(lower, `\\localhost\`), strings.HasPrefix(lower, `\\[::1]\`):
		return "it is the server's own disk, by way of a share"
	case slices.ContainsFunc([]string{`\admin$\`, `\c$\`, `\d$\`, `\e$\`}, func(s string) bool { return strings.Contains(lower, s) }):
		return "it is a share for administration"
	}
	return ""
}
