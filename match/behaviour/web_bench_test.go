package behaviour

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
)

// onlyThese switches all analytics off but some.
func onlyThese(ids ...string) Config {
	c := Config{Behaviours: map[string]Setting{}}
	for _, name := range Names() {
		c.Behaviours[name] = Setting{Off: !strings.Contains(" "+strings.Join(ids, " ")+" ", " "+name+" ")}
	}
	return c
}

// benchmarkSee looks at events again and again, as one worker does. They are few, so that they are as near
// to the processor as those that a reader has just made.
func benchmarkSee(b *testing.B, c Config, events []made) {
	b.Helper()
	set, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	in := shapes{}
	var all []*event.Event
	size := 0
	for i, m := range events {
		e := m.event(i, in)
		all = append(all, e)
		for _, v := range e.Values {
			size += len(v.Raw) + 1
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	m := set.NewMatcher()
	for b.Loop() {
		for _, e := range all {
			m.See(e)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/record")
}

// officeHour is an hour of a mail server: people with browsers and phones, a scanner, and cookies if
// the log has them.
func officeHour(cookies bool) []made {
	targets := []string{
		"/owa/service.svc?action=FindItem&EP=1&ID=-%d", "/Microsoft-Server-ActiveSync/default.eas?Cmd=Ping&User=u%d&DeviceId=A1", "/owa/prem/15.1.2375.7/resources/images/0/sprite%d.png",
		"/mapi/emsmdb/?MailboxId=%d", "/owa/auth/logon.aspx?replaceCurrent=1&n=%d", "/EWS/Exchange.asmx?n=%d", "/ecp/default.aspx?n=%d", "/autodiscover/autodiscover.xml?n=%d", "/scan%d.php", "/owa/prem/15.1.2375.7/scripts/boot.js?n=%d",
	}
	var events []made
	for i := range 2_000 {
		more := []string{"cs-referer", "https://mail.example.org/owa/", "sc-bytes", "5000", "cs-bytes", "900"}
		if cookies {
			more = append(more, "cs-cookie", "ClientId=0123456789ABCDEF; X-BackEndCookie="+strings.Repeat("rJqNiZqNgZ", 20)+"; cadata="+strings.Repeat("hU8xA/d3", 40))
		}
		target := targets[i%len(targets)]
		status := 200
		if strings.HasPrefix(target, "/scan") {
			status = 404
		}
		events = append(events, asked(time.Duration(i)*180*time.Millisecond, fmt.Sprintf("198.51.%d.%d", i/7%4, i/3%200), "GET", fmt.Sprintf(target, i%997), status, more...))
	}
	return events
}

func BenchmarkWeb(b *testing.B) {
	web := []string{"web-rare-page", "web-path-confusion", "web-forwarded-by-cookie", "web-path-parameter", "web-cookie-session", "web-static-pickup", "web-new-page"}
	for _, cookies := range []bool{false, true} {
		log := map[bool]string{false: "default fields", true: "with cookies"}[cookies]
		events := officeHour(cookies)
		b.Run(log+"/none", func(b *testing.B) { benchmarkSee(b, onlyThese(), events) })
		b.Run(log+"/all", func(b *testing.B) { benchmarkSee(b, onlyThese(web...), events) })
		for _, id := range web {
			b.Run(log+"/"+id, func(b *testing.B) { benchmarkSee(b, onlyThese(id), events) })
		}
	}
}

func BenchmarkDNS(b *testing.B) {
	var events []made
	for i := range 2_000 {
		name := []string{"www.example%d.org", "outlook.office365.com", "e%d.dscb.akamaiedge.net", "host-%d.department.example.org", "_ldap._tcp.dc%d._msdcs.example.org"}[i%5]
		if strings.Contains(name, "%") {
			name = fmt.Sprintf(name, i%1000)
		}
		events = append(events, resolved(time.Duration(i)*time.Second, fmt.Sprintf("10.0.0.%d", i%200), name, "A", "NOERROR"))
	}
	b.Run("none", func(b *testing.B) { benchmarkSee(b, onlyThese(), events) })
	b.Run("dns-tunnel", func(b *testing.B) { benchmarkSee(b, onlyThese("dns-tunnel"), events) })
}

func BenchmarkNetwork(b *testing.B) {
	var events []made
	for i := range 2_000 {
		events = append(events, flow(time.Duration(i)*time.Second, fmt.Sprintf("10.0.0.%d", i%200), fmt.Sprintf("198.51.100.%d", i%97), []string{"443", "80", "53", "445"}[i%4]))
	}
	net := []string{"net-server-egress", "net-sweep", "net-admin-first-seen"}
	b.Run("none", func(b *testing.B) { benchmarkSee(b, onlyThese(), events) })
	b.Run("all", func(b *testing.B) { benchmarkSee(b, onlyThese(net...), events) })
	for _, id := range net {
		b.Run(id, func(b *testing.B) { benchmarkSee(b, onlyThese(id), events) })
	}
}
