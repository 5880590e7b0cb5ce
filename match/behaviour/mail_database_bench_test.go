package behaviour

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
)

// BenchmarkMailAndDatabase is what the analytics of mail and databases cost for a record, with no others
// on; "none" has them off too. Bytes are those of the values.
func BenchmarkMailAndDatabase(b *testing.B) {
	mailAndDatabase, none := Config{Behaviours: map[string]Setting{}}, Config{Behaviours: map[string]Setting{}}
	for _, id := range Names() {
		none.Behaviours[id] = Setting{Off: true}
		if !strings.HasPrefix(id, "mail-") && !strings.HasPrefix(id, "db-") {
			mailAndDatabase.Behaviours[id] = Setting{Off: true}
		}
	}
	for _, c := range []struct {
		name string
		make func(i int) made
	}{
		{"httpproxy", func(i int) made {
			return boxRequest(time.Duration(i)*time.Second, fmt.Sprintf(`CORP\u%d`, i%500), fmt.Sprintf("SMTP~u%d@corp.example", i%500), "Microsoft Office/16.0 (Microsoft Outlook 16.0.10730)", "10.0.0.5", "Mapi", "200", "5000")
		}},
		{"m365", func(i int) made {
			u := fmt.Sprintf("u%d@corp.example", i%500)
			return opened(time.Duration(i)*time.Second, u, u, "Bind", "203.0.113.7", "Client=OWA;", "3")
		}},
		{"sqlserver-audit", func(i int) made {
			return auditedRead(time.Duration(i)*time.Second, "app", "Portal", fmt.Sprint("t", i%40), 10)
		}},
		{"mysql-audit", func(i int) made {
			return made{after: time.Duration(i) * time.Second, product: "mysql", category: "database", service: "audit", host: "db1",
				fields: []string{"user", "app", "client_ip", "10.0.0.5", "db", "shop", "query", fmt.Sprintf("SELECT a, b, c FROM orders_%d WHERE customer = %d AND kept = 1 ORDER BY d", i%40, i), "command", "QUERY", "retcode", "0"}}
		}},
		{"sysmon-processes", func(i int) made {
			return sysmonEvent(time.Duration(i)*time.Second, "WS1", 1, "Image", `C:\Windows\System32\svchost.exe`, "CommandLine", `C:\Windows\System32\svchost.exe -k netsvcs`, "ParentImage", `C:\Windows\System32\services.exe`, "User", `NT AUTHORITY\SYSTEM`)
		}},
		{"security-5145", func(i int) made {
			return securityEvent(time.Duration(i)*time.Second, "FS1", 5145, "SubjectUserName", "u", "ShareName", `\\*\docs`, "RelativeTargetName", `a\b.docx`, "IpAddress", "10.0.0.5")
		}},
	} {
		in := shapes{}
		var events []*event.Event
		size := 0
		for i := range 20_000 {
			e := c.make(i).event(i, in)
			for _, v := range e.Values {
				size += len(v.Raw)
			}
			events = append(events, e)
		}
		for name, config := range map[string]Config{"on": mailAndDatabase, "none": none} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				set, err := New(config)
				if err != nil {
					b.Fatal(err)
				}
				m := set.NewMatcher()
				b.SetBytes(int64(size / len(events)))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					m.See(events[i%len(events)])
				}
			})
		}
	}
}
