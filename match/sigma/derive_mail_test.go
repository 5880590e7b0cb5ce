package sigma

import "testing"

// The same command reads the same whoever logged it: Exchange's event log, Microsoft 365's list of
// objects, and the text of its compliance center. The events are synthetic.
func TestMailAudit(t *testing.T) {
	views, err := NewViews([]ViewSpec{{
		Name:    "cmdlet",
		Sources: []Logsource{{Product: "windows", Service: "msexchange-management"}, {Product: "m365", Service: "audit"}},
		Fields:  []string{"CmdletName|Operation", "CmdletParameters", "User|UserId", "Outcome|ResultStatus", "MailAccessType"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := views.NewReader()
	m365 := func(fields ...string) []string {
		r.See(viewEvent("m365", "", "audit", "", 0, fields...))
		return readAll(r, 5)
	}
	event := func(id uint32, fields ...string) []string {
		r.See(viewEvent("windows", "", "", "MSExchange Management", id, fields...))
		return readAll(r, 5)
	}
	for _, c := range []struct {
		name string
		got  []string
		want [5]string
	}{
		{"event log", event(1, "Data", "Set-Mailbox", "Data", `-Identity "a"`, "Data", "corp/Users/adm"), [5]string{"Set-Mailbox", `-Identity "a"`, "corp/Users/adm", "Success", ""}},
		{"event log, failed", event(6, "Data", "Set-Mailbox", "Data", `-Identity "a"`, "Data", "corp/Users/adm"), [5]string{"Set-Mailbox", `-Identity "a"`, "corp/Users/adm", "Failed", ""}},
		{"a list", m365("Operation", "Set-Mailbox", "UserId", "adm@corp", "ResultStatus", "True", "Parameters", "[...]", "Parameters.Name", "Identity", "Parameters.Value", "a",
			"Parameters.Name", "Force", "Parameters.Value", ""), [5]string{"Set-Mailbox", `-Identity "a" -Force ""`, "adm@corp", "True", ""}},
		{"a text", m365("Operation", "New-ComplianceSearch", "UserId", "adm@corp", "Parameters", `-Name "x"`), [5]string{"New-ComplianceSearch", `-Name "x"`, "adm@corp", "", ""}},
		{"access", m365("Operation", "MailItemsAccessed", "UserId", "a@corp", "OperationProperties.Name", "IsThrottled", "OperationProperties.Value", "False",
			"OperationProperties.Name", "MailAccessType", "OperationProperties.Value", "Sync"), [5]string{"MailItemsAccessed", "", "a@corp", "", "Sync"}},
	} {
		if [5]string(c.got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func readAll(r *ViewReader, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = string(r.Text(0, i))
	}
	return out
}
