package behaviour

import (
	"testing"
	"time"
)

// anchored is a request as Exchange's HttpProxy logs it.
func anchored(after time.Duration, client, method, stem, anchor string, status string) made {
	return made{after: after, product: "exchange", service: "msexchange-httpproxy", category: "webserver", host: "MAIL01",
		fields: []string{"c-ip", client, "cs-method", method, "cs-uri-stem", stem, "cs-uri-query", "", "sc-status", status, "AnchorMailbox", anchor, "Protocol", "Ecp"}}
}

func TestWebPathConfusion(t *testing.T) {
	const outside = "203.0.113.7"
	s := time.Second
	for _, c := range []struct {
		name   string
		events []made
		want   string // of all three, with the id where it is not web-path-confusion
	}{
		{"Autodiscover: probe, then PowerShell", []made{
			asked(0, outside, "GET", "/autodiscover/autodiscover.json?@evil.example/mapi/nspi/?&Email=autodiscover/autodiscover.json%3f@evil.example", 401),
			asked(s, outside, "GET", "/autodiscover/autodiscover.json?@evil.example/mapi/nspi/?&Email=autodiscover/autodiscover.json%3f@evil.example", 200),
			asked(2*s, outside, "POST", "/Autodiscover/Autodiscover.json?a=%61%2540evil.example/PowerShell/?X-Rps-CAT=AAAA", 200),
		}, "critical: 203.0.113.7 reached mailboxes by MAPI and remote PowerShell by an address before Autodiscover's @: 2 of 3 requests within 2 seconds were answered\n"},
		{"OWA", []made{asked(0, outside, "POST", "/owa/x%40evil.example/powershell", 200)},
			"critical: 203.0.113.7 reached remote PowerShell by an address before OWA's @: 1 of 1 requests within 0 seconds were answered\n"},
		{"ProxyLogon", []made{
			anchored(0, outside, "POST", "/ecp/y.js", "ServerInfo~a]@mail01.example.org:444/autodiscover/autodiscover.xml?#", "200"),
			anchored(s, outside, "POST", "/ecp/y.js", "ServerInfo~a]@mail01.example.org:444/ecp/DDI/DDIService.svc/SetObject?#", "200"),
		}, "web-forwarded-by-cookie critical: 203.0.113.7 reached Exchange's front end and administration (ECP) by data sent to a static file and a back end named by a cookie: 2 of 2 requests within 1 second were answered\n"},
		{"a cookie that names the back end", []made{asked(0, outside, "POST", "/ecp/main.css", 200, "cs-cookie", "X-BEResource=a]@mail01:444/ecp/proxyLogon.ecp?#~1;x=y")},
			"web-forwarded-by-cookie critical: 203.0.113.7 reached administration (ECP) by a back end named by a cookie: 1 of 1 requests within 0 seconds were answered\n"},
		{"tried only", []made{asked(0, outside, "GET", "/autodiscover/autodiscover.json?@evil.example/powershell/", 404)},
			"medium: 203.0.113.7 tried to reach remote PowerShell by an address before Autodiscover's @: 1 requests within 0 seconds, none answered\n"},
		{"sent to https", []made{asked(0, outside, "GET", "/autodiscover/autodiscover.json?@evil.example/powershell/", 301)},
			"medium: 203.0.113.7 tried to reach remote PowerShell by an address before Autodiscover's @: 1 requests within 0 seconds, none answered\n"},
		{"a manager behind a proxy", []made{asked(0, outside, "GET", "/app/..;/manager/html", 401), asked(s, outside, "GET", "/app/..;/manager/html", 200)},
			"web-path-parameter critical: 203.0.113.7 reached /manager by a parameter after two dots: 1 of 2 requests within 1 second were answered\n"},
		{"Autodiscover as Outlook asks", []made{
			asked(0, outside, "GET", "/autodiscover/autodiscover.json?Email=user%40example.org&Protocol=EWS&RedirectCount=1", 200),
			asked(s, outside, "GET", "/autodiscover/autodiscover.json/v1.0/user@example.org?Protocol=ActiveSync", 200),
			asked(2*s, outside, "POST", "/autodiscover/autodiscover.xml", 200),
		}, ""},
		{"another user's mailbox", []made{asked(0, outside, "GET", "/owa/user@example.org/", 200)}, ""},
		{"anchors that are usual", []made{
			anchored(0, outside, "GET", "/ecp/", "ServerInfo~localhost/ecp", "200"),
			anchored(0, outside, "GET", "/ecp/", "Sid~S-1-5-21-1", "200"),
			anchored(0, outside, "GET", "/autodiscover/", "ServerInfo~mail01.example.org/autodiscover/x", "200"),
			anchored(0, outside, "GET", "/ecp/x.js", "ServerInfo~mail01.example.org", "200"),
		}, ""},
		{"codes and parameters", []made{asked(0, outside, "GET", "/my%20docs/a;jsessionid=1/b@2x.png", 200), asked(0, outside, "GET", "/ecp/main.js", 200)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			for _, id := range [...]string{"web-path-confusion", "web-forwarded-by-cookie", "web-path-parameter"} {
				found := lines(episodesOf(t, Config{}, id, c.events))
				if found != "" && id != "web-path-confusion" {
					found = id + " " + found
				}
				got += found
			}
			if got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}
