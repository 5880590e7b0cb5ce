package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

func BenchmarkRead(b *testing.B) {
	repeat := func(head string, line func(i int) string) []byte {
		var s strings.Builder
		s.WriteString(head)
		for i := range 20000 {
			s.WriteString(line(i))
		}
		return []byte(s.String())
	}
	for name, data := range map[string][]byte{
		"httpproxy": repeat(head("HttpProxy Logs", proxyFields), func(i int) string {
			return proxyLine(fmt.Sprintf("2026-01-02T03:%02d:%02d.%03dZ", i/60%60, i%60, i%1000), "MAIL01", fmt.Sprintf("/owa/%d.aspx", i), "?a=b", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", `LAKES\user`, "GET", "200")
		}),
		"tracking": repeat(head("Message Tracking Log", trackingNames), func(i int) string {
			return fmt.Sprintf("2026-01-02T03:04:05.%03dZ,192.0.2.1,client,192.0.2.2,MAIL01,\"MDB:1, Mailbox:2\",MAIL01\\Default,SMTP,RECEIVE,%d,<a@b.example>,9,to@b.example,,4242,1,,,\"A \"\"quoted\"\" subject\",from@b.example,from@b.example,,Incoming,,192.0.2.9,192.0.2.2,S:x=y,Email,id,15\r\n", i%1000, i)
		}),
		"smtp": repeat(head("SMTP Receive Protocol Log", smtpNames), func(i int) string {
			return fmt.Sprintf("2026-01-02T03:04:05.%03dZ,MAIL01\\Default Frontend MAIL01,08DA4F7C11473A60,%d,192.0.2.2:25,192.0.2.7:53722,<,EHLO [192.0.2.7],\r\n", i%1000, i)
		}),
		"ecp": repeat(head("ECP Server Log", ecpNames), func(i int) string {
			return fmt.Sprintf("2026-01-02T03:04:05.%03dZ,MAIL01,ECP.Request,S:TIME=%d;S:SID=666655678-1234-1234-1234-56789987654;S:CMD=Get-InboxRule;S:REQID=;S:URL=/ecp/RulesEditor/InboxRules.svc/GetList?msExchEcpCanary=C;S:REFERRER=;S:EX=;S:ACTID=77;S:RS=0;S:BLD=15.1.2375.7\r\n", i%1000, i)
		}),
	} {
		b.Run(name, func(b *testing.B) {
			f, err := Open(bytes.NewReader(data), int64(len(data)), "x", lines.Options{})
			if err != nil {
				b.Fatal(err)
			}
			r := NewReader(lines.Options{})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				report, err := r.Read(f, f.Units()[0], func(*event.Event) bool { return true })
				if err != nil || report.Events != 20000 || len(report.Damage) != 0 {
					b.Fatalf("%+v, %v", report, err)
				}
			}
		})
	}
}
