package behaviour

import (
	"fmt"
	"testing"
	"time"
)

// boxRequest is a request through Exchange's front end.
func boxRequest(after time.Duration, user, mailbox, agent, client, protocol, status, sent string) made {
	return made{after: after, product: "exchange", category: "webserver", service: "msexchange-httpproxy", host: "MAIL01", fields: []string{
		"AuthenticatedUser", user, "AnchorMailbox", mailbox, "UserAgent", agent, "ClientIpAddress", client, "Protocol", protocol, "HttpStatus", status, "ResponseBytes", sent,
	}}
}

// opened is a record of messages read in Microsoft 365.
func opened(after time.Duration, user, mailbox, kind, client, program, items string) made {
	return audit(after, user, "MailItemsAccessed", "MailboxOwnerUPN", mailbox, "OperationProperties.Name", "MailAccessType", "OperationProperties.Value", kind,
		"ClientIPAddress", client, "ClientInfoString", program, "OperationCount", items)
}

func TestMailBulkAccess(t *testing.T) {
	hour := time.Hour
	// days of an account that reads its own mailbox.
	usually := func(days int) (out []made) {
		for d := range days {
			for h := range 4 {
				out = append(out, boxRequest(time.Duration(d*24+h)*hour, `CORP\u`, "SMTP~u@corp.example", "Outlook", "10.0.0.5", "Mapi", "200", "50000"))
			}
		}
		return out
	}
	sweep := func(after time.Duration, boxes int, user, protocol, status string) (out []made) {
		for i := range boxes {
			out = append(out, boxRequest(after+time.Duration(i)*time.Minute, user, fmt.Sprintf("SMTP~box%d@corp.example", i), "ExchangeServicesClient/0.0.0.0", "203.0.113.7", protocol, status, "90000"))
		}
		return out
	}
	join := func(parts ...[]made) (out []made) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	var nightly []made
	for d := range 6 {
		nightly = append(nightly, sweep(time.Duration(d*24+18)*hour, 30, `CORP\archive`, "Ews", "200")...)
	}
	var synced []made
	for d := range 10 {
		synced = append(synced, opened(time.Duration(d)*24*hour, "u@corp.example", "u@corp.example", "Bind", "203.0.113.7", "Client=OWA", "5"))
	}
	synced = append(synced, opened(11*24*hour, "u@corp.example", "u@corp.example", "Sync", "203.0.113.7", "Client=REST", "4000"))
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"30 mailboxes in an hour, once", join(usually(5), sweep(5*24*hour, 30, `CORP\u`, "Ews", "200")),
			"high: CORP\\u read 30 mailboxes in one hour; in its 20 other hours of the evidence the median is 1\n"},
		{"without a history", sweep(0, 30, `CORP\u`, "Ews", "200"), "medium: CORP\\u read 30 mailboxes in one hour; in its 0 other hours of the evidence the median is 0\n"},
		{"much mail of one mailbox", synced, "medium: u@corp.example read 4000 messages in one hour; in its 10 other hours of the evidence the median is 5\n"},
		{"an archive, each night", nightly, ""},
		{"few mailboxes", join(usually(5), sweep(5*24*hour, 10, `CORP\u`, "Ews", "200")), ""},
		{"refused", join(usually(5), sweep(5*24*hour, 30, `CORP\u`, "Ews", "401")), ""},
		{"no mail is read", join(usually(5), sweep(5*24*hour, 30, `CORP\u`, "Autodiscover", "200")), ""},
		{"sent, not read", []made{audit(0, "u@corp.example", "Send", "OperationCount", "9000")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "mail-bulk-access", c.events, c.want) })
	}
}

// An installation has more people than there is room for. Who reads many mailboxes after all of them were seen is
// seen all the same.
func TestMailBulkAccessAmongMany(t *testing.T) {
	var events []made
	for n := range maxActive * 3 / 2 {
		events = append(events, boxRequest(time.Duration(n)*time.Second, fmt.Sprintf(`CORP\u%d`, n), fmt.Sprintf("SMTP~u%d@corp.example", n), "Outlook", "10.0.0.1", "Mapi", "200", "9000"))
	}
	for n := range 30 {
		events = append(events, boxRequest(12*time.Hour+time.Duration(n)*time.Minute, `CORP\svc`, fmt.Sprintf("SMTP~box%d@corp.example", n), "ExchangeServicesClient/0.0.0.0", "203.0.113.7", "Ews", "200", "9000"))
	}
	const want = "medium: CORP\\svc read 30 mailboxes in one hour; in its 0 other hours of the evidence the median is 0\n"
	for _, cuts := range [][]int{nil, {len(events) / 2}} {
		if got := lines(finish(t, Config{}, "mail-bulk-access", events, cuts...)); got != want {
			t.Errorf("cut at %v: found %swant %s", cuts, got, want)
		}
	}
}

func TestMailboxOf(t *testing.T) {
	f := func(anchor, want string) {
		t.Helper()
		if got := string(mailboxOf([]byte(anchor))); got != want {
			t.Errorf("mailboxOf(%q) = %q, want %q", anchor, got, want)
		}
	}
	f("SMTP~a@corp.example", "a@corp.example")
	f("AnchorMailboxHeader-SMTP~a@corp.example", "a@corp.example")
	f("smtp:a@corp.example", "a@corp.example")
	f("Sid~S-1-5-21-1", "S-1-5-21-1")
	f("ServerCookie~server~1", "")
	f("a@corp.example", "a@corp.example")
	f("", "")
}
