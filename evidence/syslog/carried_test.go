package syslog_test

import (
	"strings"
	"testing"

	"aldebaran/event"
)

// TestCarried: records in JSON that a collector or a sensor sent over syslog are those of their maker.
func TestCarried(t *testing.T) {
	for _, c := range []struct {
		name, line, want string
		field, value     string
	}{
		{"NXLog", `<14>Dec 13 17:45:03 relay nxWinEvt: {"EventTime":"2026-03-01 17:45:03","Hostname":"SYNTH01","EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","CommandLine":"cmd /c x"}`,
			"2026-03-01T17:45:03 windows// Security 4688 SYNTH01", "CommandLine", "cmd /c x"},
		{"Suricata", `Mar  1 17:45:03 sensor suricata[7]: {"timestamp":"2026-03-01T17:45:03.5+0000","flow_id":1,"event_type":"dns","src_ip":"192.0.2.7","dns":{"rrname":"a.example"}}`,
			"2026-03-01T17:45:03.5 suricata/dns/dns  0 sensor", "program", "suricata"},
		{"Snare", "<14>Feb 11 17:32:26 relay MSWinEventLog\t1\tSecurity\t65493\tWed Feb 11 17:32:26 2026\t4726\tMicrosoft-Windows-Security-Auditing\tN/A\tN/A\tSuccess Audit\tSYNTH01\tUser Account Management\t\tA user account was deleted.  Subject:  x\t65493",
			"2026-02-11T17:32:26 windows// Security 4726 SYNTH01", "Message", "A user account was deleted.  Subject:  x"},
		{"Snare, through rsyslog", "<14>Feb 11 17:32:26 relay MSWinEventLog#0111#011Security#01165493#011Wed Feb 11 17:32:26 2026#0114726#011Microsoft-Windows-Security-Auditing#011N/A#011N/A#011Success Audit#011SYNTH01#011User Account Management#011#011A user account was deleted.",
			"2026-02-11T17:32:26 windows// Security 4726 SYNTH01", "Message", "A user account was deleted."},
		{"an application's own JSON stays its message", `Mar  1 17:45:03 synth01 app[7]: {"level":"info","text":"started"}`,
			"2026-03-01T17:45:03 linux//syslog  0 synth01", "message", `{"level":"info","text":"started"}`},
		{"half a record stays the message", `Mar  1 17:45:03 synth01 app[7]: {"EventID":1,"Channel":"Security","x":"`,
			"2026-03-01T17:45:03 linux//syslog  0 synth01", "message", `{"EventID":1,"Channel":"Security","x":"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, report := format().Events(t, []byte(c.line+"\n"))
			if len(events) != 1 || len(report.Damage) > 0 {
				t.Fatalf("%d events, damage %v; want 1, none", len(events), report.Damage)
			}
			e := events[0]
			if got := shortly(e); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := e.Text(c.field); got != c.value {
				t.Errorf("%s = %q, want %q", c.field, got, c.value)
			}
		})
	}
}

func shortly(e *event.Event) string {
	labels := strings.Join([]string{e.Product, e.Category, e.Service}, "/")
	number := "0"
	if e.EventID > 0 {
		number = e.Text("EventID")
	}
	return strings.Join([]string{e.Time.Format("2006-01-02T15:04:05.999"), labels, e.Channel, number, e.Computer}, " ")
}
