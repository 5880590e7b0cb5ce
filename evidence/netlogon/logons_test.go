package netlogon_test

import (
	"strings"
	"testing"
)

// TestLogons: lines of domain controllers, of other servers, and of several versions.
func TestLogons(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`03/01 08:00:00 [LOGON] [4321] CORP: SamLogon: Transitive Network logon of CORP\amal from WS1 (via SRV2) Returns 0x0 `, `type=LOGON thread=4321 domain=CORP call=SamLogon logon_type=Transitive Network user=CORP\amal status=0x0 action=login result=success workstation=WS1 via=SRV2`},
		{`03/01 08:00:00 [LOGON] [4321] CORP: SamLogon: Transitive Network logon of CORP\amal from  (via RADIUS) Returns 0xC000006A`, `type=LOGON thread=4321 domain=CORP call=SamLogon logon_type=Transitive Network user=CORP\amal status=0xC000006A action=login result=failure via=RADIUS`},
		{`03/01 08:00:00 [LOGON] SamLogon: Network logon of CORP\amal from \\WS1 Entered  `, `type=LOGON call=SamLogon logon_type=Network user=CORP\amal workstation=WS1`},
		{`03/01 08:00:00 [LOGON] [4321] SamLogon: Generic logon of CORP\(null) from (null) Package: Kerberos Entered`, `type=LOGON thread=4321 call=SamLogon logon_type=Generic user=CORP\(null) package=Kerberos`},
		{`03/01 08:00:00 [4321] CORP: NO_CLIENT_SITE: WS1 192.0.2.7`, `thread=4321 domain=CORP call=NO_CLIENT_SITE workstation=WS1 client_ip=192.0.2.7`},
		{`03/01 08:00:00 CORP: NO_CLIENT_SITE: WS1 2001:db8::7`, `domain=CORP call=NO_CLIENT_SITE workstation=WS1 client_ip=2001:db8::7`},
		{`03/01 08:00:00 [CRITICAL] CORP: NlAllocateClientApi timed out: 0 258`, `type=CRITICAL`},
	} {
		format().Sniffs(t, true, c.line+"\n")
		events, _ := format().Events(t, []byte(c.line+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.line, len(events))
		}
		var got []string
		for i, f := range events[0].Shape.Fields {
			if f.Name != "message" {
				got = append(got, f.Name+"="+events[0].Values[i].String())
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, strings.Join(got, " "), c.want)
		}
	}
}
