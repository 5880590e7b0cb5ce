package oracle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/evidence/lines"
)

// TestPublicForms: forms that public samples of trails have beside those of Oracle's manuals.
func TestPublicForms(t *testing.T) {
	newest := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"the number of the action of SYS", "Fri Jan  2 03:04:05 2026 +01:00\nLENGTH : '160'\nACTION :[21] 'select 'a',\n 1 from b'\nDATABASE USER:[1] '/'\nACTION NUMBER:[1] '3'\n", []string{
			"2026-01-02T02:04:05Z audit |event_timestamp=Fri Jan  2 03:04:05 2026 +01:00|sql_text=select 'a',\n 1 from b|dbusername=/|action_name=SELECT|action=3"}},
		{"a length that another quote happens to stand at", "Fri Jan  2 03:04:05 2026 +01:00\nLENGTH: \"99\"\nUSERHOST:[25] \"synth.test\" TERMINAL:[7] \"unknown\" ACTION:[3] \"100\"\n", []string{
			"2026-01-02T02:04:05Z audit |event_timestamp=Fri Jan  2 03:04:05 2026 +01:00|userhost=synth.test|terminal=unknown|action_name=LOGON|action=100"}},
		{"a statement that was shortened, with quotes", "Fri Jan  2 03:04:05 2026 +01:00\nLENGTH : '99'\nACTION :[2192] 'begin f('x' , 'y' ); end;'\nDATABASE USER:[1] '/'\n", []string{
			"2026-01-02T02:04:05Z audit |event_timestamp=Fri Jan  2 03:04:05 2026 +01:00|sql_text=begin f('x' , 'y' ); end;|dbusername=/"}},
		{"syslog: with the priority, without a host", "<142>May 23 15:48:22 Oracle Unified Audit[634]: LENGTH: '21' TYPE:\"4\" DBUSER:\"SYNTH\" ACTION:\"1\"\n", []string{
			"2026-05-23T15:48:22Z audit |audit_type=4|dbusername=SYNTH|action_name=CREATE TABLE|action=1"}},
		{"syslog of last year, AIX", "Dec 16 14:03:54 Message forwarded from synth01: Oracle Audit[138]: LENGTH: \"29\" USERID:[5] \"SYNTH\"\n", []string{
			"2025-12-16T14:03:54Z audit synth01|dbusername=SYNTH"}},
		{"syslog of Solaris", "Jan  7 16:05:45 synth01 Oracle Audit[119]: [ID 748625 local7.warning] LENGTH: \"35\" USERID:[5] \"SYNTH\"\n", []string{
			"2026-01-07T16:05:45Z audit synth01|dbusername=SYNTH"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, report := format().With(lines.Options{Newest: newest}).Read(t, []byte(c.in))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			if len(report.Damage) > 0 {
				t.Errorf("damage %+v", report.Damage)
			}
		})
	}
}

// TestNoYear: without the time of a file nobody knows the year of what syslog wrote.
func TestNoYear(t *testing.T) {
	got, _ := format().With(lines.Options{}).Read(t, []byte("May 23 15:48:22 synth01 Oracle Audit[6]: LENGTH: \"20\" USERID:[5] \"SYNTH\"\n"))
	if want := []string{" audit synth01|dbusername=SYNTH"}; !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
