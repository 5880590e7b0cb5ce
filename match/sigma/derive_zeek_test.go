package sigma

import (
	"testing"

	"aldebaran/event"
)

// zeekEvent makes a synthetic event of a log of Zeek.
func zeekEvent(service string, fields ...routedField) *event.Event {
	e := channelEvent("", 0, fields...)
	e.Product, e.Service = "zeek", service
	return e
}

func TestNetworkRoutes(t *testing.T) {
	dnsServer := channelEvent("", 0)
	dnsServer.Category = "dns"
	f := func(ls Logsource, e *event.Event, want ...string) {
		t.Helper()
		got := taken(ls, e)
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s/%s/%s takes %q of %+v, want %q", e.Product, e.Category, e.Service, got, ls, want)
		}
	}
	f(Logsource{Product: "zeek", Service: "dns"}, zeekEvent("dns"), "zeek dns")
	f(Logsource{Product: "zeek", Service: "dns"}, zeekEvent("conn"))
	f(Logsource{Product: "zeek", Service: "conn"}, zeekEvent("conn"), "Zeek conn")
	f(Logsource{Product: "zeek", Service: "conn"}, zeekEvent("dns"))
	f(Logsource{Product: "zeek", Category: "dns"}, zeekEvent("dns"), "Zeek dns")
	f(Logsource{Product: "zeek"}, zeekEvent("smb_mapping"), "zeek")
	f(Logsource{Category: "dns"}, zeekEvent("dns"), "Zeek dns")
	f(Logsource{Category: "dns"}, zeekEvent("http"))
	f(Logsource{Category: "dns"}, dnsServer, "dns")
	f(Logsource{Category: "firewall"}, zeekEvent("conn"), "Zeek conn")
	f(Logsource{Category: "proxy"}, zeekEvent("http"), "Zeek http")
	f(Logsource{Category: "network_connection"}, zeekEvent("conn"), "Zeek conn")
	f(Logsource{Category: "network_connection", Product: "windows"}, zeekEvent("conn"))
	f(Logsource{Category: "network", Service: "dns"}, zeekEvent("dns"), "Zeek dns")
	f(Logsource{Category: "network", Service: "dns"}, dnsServer, "log of a name server")
	f(Logsource{Category: "network", Service: "connection"}, zeekEvent("conn"), "Zeek conn")
	if _, known := Routes(Logsource{Product: "zeek", Service: "no-such-log"}); known {
		t.Error("a log that Zeek does not have is known")
	}
}

func TestZeekFields(t *testing.T) {
	null := func(name string) routedField { return routedField{name, event.Data, event.Value{Raw: []byte("-")}} }

	e := zeekEvent("dns", dataText("id.orig_h", "192.0.2.1"), dataText("query", "a.b.example.co.uk"), dataText("qtype_name", "TXT"),
		routedField{"answers", event.Data, event.Value{Kind: event.Text | event.Array, Raw: []byte("TXT 5 one\x00TXT 5 two\x00")}},
		dataText("AA", "true"), dataText("RD", "false"), dataText("RA", "true"))
	f := resolves(t, Logsource{Category: "dns"}, e)
	f("query", "a.b.example.co.uk")
	f("record_type", "TXT")
	f("src_ip", "192.0.2.1")
	f("query_length", "17")
	f("parent_domain", "example.co.uk")
	f("dns.header.flags", "AA RA")
	f("dst_ip", "absent")

	for state, want := range map[string]string{"SF": "accept", "S0": "absent", "REJ": "denied", "RSTR": "accept", "OTH": "absent"} {
		f = resolves(t, Logsource{Category: "firewall"}, zeekEvent("conn", dataText("id.resp_p", "23"), dataText("conn_state", state)))
		f("action", want)
		f("dst_port", "23")
	}
	f = resolves(t, Logsource{Category: "firewall"}, zeekEvent("conn", null("conn_state")))
	f("blocked", "absent")

	f = resolves(t, Logsource{Category: "proxy"}, zeekEvent("http", dataText("host", "www.example.org"), dataText("uri", "/a/b.PHP?x=1&y=%2e%2e"),
		dataText("user_agent", "curl/8"), dataText("method", "GET"), dataText("status_code", "200"), null("referrer")))
	f("c-uri", "http://www.example.org/a/b.PHP?x=1&y=%2e%2e")
	f("c-uri-query", "x=1&y=%2e%2e")
	f("c-uri-stem", "/a/b.PHP")
	f("c-uri-extension", "PHP")
	f("c-useragent", "curl/8")
	f("cs-method", "GET")
	f("cs-host", "www.example.org")
	f("sc-status", "200")
	f = resolves(t, Logsource{Category: "proxy"}, zeekEvent("http", dataText("host", "h"), dataText("uri", "http://www.example.org/")))
	f("c-uri", "http://www.example.org/")
	f("c-uri-extension", "absent")
	f("c-uri-query", "absent")
	f = resolves(t, Logsource{Category: "proxy"}, zeekEvent("http", null("host"), dataText("uri", "/x")))
	f("c-uri", "/x")
	f = resolves(t, Logsource{Category: "proxy"}, zeekEvent("http", null("uri")))
	f("c-uri", "absent")
}

func TestLastLabels(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		got, _ := lastLabels("query")([]byte("before"), zeekEvent("dns", dataText("query", query)))
		if string(got) != "before"+want {
			t.Errorf("lastLabels(%q) = %q, want %q", query, got, want)
		}
	}
	f("", "")
	f(".", "")
	f("localhost", "localhost")
	f("example.org", "example.org")
	f("www.example.org.", "example.org")
	f("a.b.example.com.au", "example.com.au")
	f("a.b.example.de", "example.de")
	f("t.co", "t.co")
	f("..", ".")
}

// TestZeekRules matches rules of other log sources on events of Zeek.
func TestZeekRules(t *testing.T) {
	rule := func(title, logsource, detection string) string {
		return "title: " + title + "\nlogsource:\n  " + logsource + "\ndetection:\n  a:\n    " + detection + "\n  condition: a\n"
	}
	var all []*Rule
	for _, text := range []string{
		rule("txt", "category: dns", "record_type: TXT\n    answer|contains: IEX"),
		rule("plain", "category: firewall", "dst_port: 23\n    action: [forward, accept]"),
		rule("encoded", "category: proxy", "c-uri|contains: '/../../etc/passwd'"),
		rule("rejected", "product: zeek\n  service: dns", "rejected: 'true'"),
	} {
		c := Parse([]byte(text), "r", LoadOptions{})
		if len(c.Rules) != 1 {
			t.Fatalf("%s: %v", text, c.Rejected)
		}
		all = append(all, c.Rules...)
	}
	set, err := Compile(&Collection{Rules: all})
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	f := func(e *event.Event, want string) {
		t.Helper()
		got := ""
		for _, r := range m.Match(e) {
			got += r.Title
		}
		if got != want {
			t.Errorf("%s: %q, want %q", e.Service, got, want)
		}
	}
	list := event.Value{Kind: event.Text | event.Array, Raw: []byte("x\x00TXT 5 IEX (y)\x00")}
	f(zeekEvent("dns", dataText("qtype_name", "TXT"), routedField{"answers", event.Data, list}), "txt")
	f(zeekEvent("dns", dataText("qtype_name", "A"), routedField{"answers", event.Data, list}), "")
	f(zeekEvent("dns", dataText("rejected", "true")), "rejected")
	f(zeekEvent("conn", dataText("id.resp_p", "23"), dataText("conn_state", "SF")), "plain")
	f(zeekEvent("conn", dataText("id.resp_p", "23"), dataText("conn_state", "S0")), "")
	f(zeekEvent("http", dataText("host", "h"), dataText("uri", "/a/..%2f..%2fetc/passwd")), "encoded")
	f(zeekEvent("http", dataText("host", "h"), dataText("uri", "/a/..%252f..%252fetc/passwd")), "encoded")
	f(zeekEvent("http", dataText("host", "h"), dataText("uri", "/etc/passwd")), "")
}
