package behaviour

import (
	"fmt"
	"testing"
	"time"
)

func TestMailNewClient(t *testing.T) {
	day := 24 * time.Hour
	// usually is how mailboxes are read in the office, for some days.
	usually := func(boxes, days int) (out []made) {
		for d := range days {
			for b := range boxes {
				out = append(out, boxRequest(time.Duration(d)*day+time.Duration(b)*time.Minute, fmt.Sprintf(`CORP\u%d`, b), fmt.Sprintf("SMTP~u%d@corp.example", b),
					"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.10730; Pro)", fmt.Sprintf("10.0.0.%d", b), "Mapi", "200", "5000"))
			}
		}
		return out
	}
	read := func(after time.Duration, boxes int, agent, client string) (out []made) {
		for b := range boxes {
			out = append(out, boxRequest(after+time.Duration(b)*time.Minute, `CORP\svc`, fmt.Sprintf("SMTP~u%d@corp.example", b), agent, client, "Ews", "200", "90000"))
		}
		return out
	}
	fetchedByIMAP := func(after time.Duration, boxes int) (out []made) {
		for b := range boxes {
			out = append(out, made{after: after + time.Duration(b)*time.Minute, product: "dovecot", category: "mail", host: "imap1",
				fields: []string{"user", fmt.Sprintf("u%d@corp.example", b), "client_ip", "203.0.113.7", "component", "imap-login", "action", "login", "result", "success"}})
		}
		return out
	}
	with := func(a, b []made) []made { return append(append([]made(nil), a...), b...) }
	const script, office = "python-requests/2.31.0", "Microsoft Office/16.0 (Microsoft Outlook 16.0.17000)"
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"a script at four mailboxes", with(usually(20, 9), read(9*day, 4, script, "203.0.113.7")),
			"high: python-requests from 203.0.113.0/24 read 4 mailboxes that neither had been seen for in 3 days before: u0@corp.example, u1@corp.example, u2@corp.example, u3@corp.example\n"},
		{"a script at one", with(usually(20, 9), read(9*day, 1, script, "203.0.113.7")),
			"medium: python-requests from 203.0.113.0/24 read 1 mailbox that neither had been seen for in 3 days before: u0@corp.example\n"},
		{"a short history", with(usually(20, 5), read(5*day, 4, script, "203.0.113.7")),
			"medium: python-requests from 203.0.113.0/24 read 4 mailboxes that neither had been seen for in 3 days before: u0@corp.example, u1@corp.example, u2@corp.example, u3@corp.example\n"},
		{"Microsoft 365", []made{
			opened(0, "a@corp.example", "a@corp.example", "Bind", "198.51.100.1", "Client=OWA;", "1"), opened(0, "b@corp.example", "b@corp.example", "Bind", "198.51.100.1", "Client=OWA;", "1"),
			opened(8*day, "a@corp.example", "a@corp.example", "Bind", "[2001:db8:7::1]:443", "Client=WebServices;Python-urllib/3.9;", "1"),
		}, "medium: webservices python-urllib from 2001:db8:7::/48 read 1 mailbox that neither had been seen for in 3 days before: a@corp.example\n"},
		{"mail fetched by IMAP that never was", with(usually(20, 9), fetchedByIMAP(9*day, 3)),
			"high: imap-login from 203.0.113.0/24 read 3 mailboxes that neither had been seen for in 3 days before: u0@corp.example, u1@corp.example, u2@corp.example\n"},
		{"a service that is new for all", with(usually(30, 9), read(9*day, 30, "ArchiveService/3.1", "203.0.113.7")),
			"medium: archiveservice from 203.0.113.0/24 read 30 mailboxes that neither had been seen for in 3 days before: u0@corp.example, u1@corp.example, u2@corp.example, u3@corp.example, u4@corp.example\n"},
		{"a new address alone", with(usually(20, 9), read(9*day, 20, office, "203.0.113.7")), ""},
		{"a new program alone", with(usually(20, 9), read(9*day, 20, script, "10.0.0.77")), ""},
		{"a new phone", with(usually(20, 9), read(9*day, 1, "Apple-iPhone14C5/2001.101", "203.0.113.7")), ""},
		{"there from the start", with(read(0, 4, script, "203.0.113.7"), usually(20, 9)), ""},
		{"no history", read(0, 10, script, "203.0.113.7"), ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "mail-new-client", c.events, c.want) })
	}
}

func TestClientFamily(t *testing.T) {
	f := func(agent, want string) {
		t.Helper()
		if got := clientFamily(agent); got != want {
			t.Errorf("clientFamily(%q) = %q, want %q", agent, got, want)
		}
	}
	f("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.10730; Pro)", "outlook")
	f("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "chrome")
	f("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0.0.0 Safari/537.36 Edg/120.0", "edg")
	f("Apple-iPhone14C5/2001.101", "apple-iphone14c")
	f("Client=REST;Client=RESTSystem;;", "rest")
	f("Client=ActiveSync;User-Agent=Apple-iPad3C6/1101.501", "activesync apple-ipad3c")
	f("curl/8.1", "curl")
	f("", "")
}

func TestNetwork(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		got := ""
		if network := appendNetwork(nil, []byte(address)); network != nil {
			got = networkText(network)
		}
		if got != want {
			t.Errorf("network of %q: %q, want %q", address, got, want)
		}
	}
	f("203.0.113.7", "203.0.113.0/24")
	f("203.0.113.7:443", "203.0.113.0/24")
	f("[2001:db8::1]:443", "2001:db8::/48")
	f("[2001:db8::1]", "2001:db8::/48")
	f("fe80::1%eth0", "fe80::/48")
	f("::ffff:203.0.113.7", "203.0.113.0/24")
	f("::1", "::/48")
	f("192.0.2.01", "")
	f("mail01", "")
	f("", "")
}
