package sigma

import (
	"strings"
	"testing"

	"aldebaran/event"
)

// listText is a list of texts, as the classic event logs hold Data without names.
func listText(name string, elements ...string) routedField {
	var raw []byte
	for _, s := range elements {
		for _, c := range s {
			raw = append(raw, byte(c), 0) // ASCII is enough here
		}
		raw = append(raw, 0, 0)
	}
	return routedField{name, event.Data, event.Value{Kind: event.UTF16 | event.Array, Raw: raw}}
}

// managementData are the first twelve Data of an event of "MSExchange CmdletLogs", made up.
func managementData(cmdlet, parameters, exception string) []string {
	return []string{
		cmdlet, parameters, "lakes.example/Users/admin", "S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-501",
		"Remote-ManagementShell-Unknown", "5668 w3wp#MSExchangePowerShellAppPool", "", "54", "00:00:26.0389557",
		"View Entire Forest: 'False'", exception, "", "", "", "", "", "False", "", "0 objects", "", "", "0",
		"ActivityId: a3591746-a27b-447a-b8be-ff54ae3a46f1", "ServicePlan:;IsAdmin:True;", "", "en-US",
	}
}

func TestManagementFields(t *testing.T) {
	const channel = "MSExchange Management"
	data := managementData("Set-Mailbox", `-Identity "admin" -ForwardingSmtpAddress "smtp:a@b.example"`, "System.ArgumentException: none")
	var each, params []routedField
	for i, s := range data {
		each = append(each, dataText("Data", s))
		params = append(params, dataText("param"+strings.TrimLeft(string([]byte{byte('0' + (i+1)/10), byte('0' + (i+1)%10)}), "0"), s))
	}
	for name, fields := range map[string][]routedField{"list": {listText("Data", data...)}, "each": each, "params": params} {
		t.Run(name, func(t *testing.T) {
			f := resolves(t, windowsService("msexchange-management"), channelEvent(channel, 6, fields...))
			f("CmdletName", "Set-Mailbox")
			f("Cmdlet", "Set-Mailbox")
			f("CmdletParameters", `-Identity "admin" -ForwardingSmtpAddress "smtp:a@b.example"`)
			f("User", "lakes.example/Users/admin")
			f("UserSid", "S-1-5-21-1-2-3-500")
			f("ExecutingUserSid", "S-1-5-21-1-2-3-501")
			f("ClientApplication", "Remote-ManagementShell-Unknown")
			f("Process", "5668 w3wp#MSExchangePowerShellAppPool")
			f("ThreadId", "54")
			f("Duration", "00:00:26.0389557")
			f("ADServerSettings", "View Entire Forest: 'False'")
			f("Exception", "System.ArgumentException: none")
			f("ActivityId", "a3591746-a27b-447a-b8be-ff54ae3a46f1")
			f("CultureInfo", "en-US")
			f("Message", `Cmdlet failed. Cmdlet Set-Mailbox, parameters -Identity "admin" -ForwardingSmtpAddress "smtp:a@b.example".`+
				"\n"+strings.Join(data, "\n"))
		})
	}
	// The positions are those of these events only, and a list may end early.
	f := resolves(t, windowsService("msexchange-management"), channelEvent(channel, 4, listText("Data", data...)))
	f("CmdletName", "absent")
	f = resolves(t, windowsService("msexchange-management"), channelEvent(channel, 1, listText("Data", "Get-Mailbox")))
	f("CmdletName", "Get-Mailbox")
	f("CmdletParameters", "absent")
	f = resolves(t, windowsService("msexchange-management"), channelEvent(channel, 8, listText("Data", "12460", "9", "Get-App", "System.InvalidCastException: x")))
	f("CmdletName", "Get-App")
	f("Exception", "System.InvalidCastException: x")
	f("Message", "(PID 12460, Thread 9) Task Get-App throwing unhandled exception: System.InvalidCastException: x\n"+
		"12460\n9\nGet-App\nSystem.InvalidCastException: x")
	f("UserSid", "absent")
}

// managementRules are SigmaHQ's seven for this service and that for CVE-2021-42321, cut to what
// they look for.
var managementRules = map[string]string{
	"oab":       "  a:\n    '|all': [OabVirtualDirectory, ' -ExternalUrl ']\n  b: ['eval(request', 'http://f/<script', 'function Page_Load()']\n  condition: a and b",
	"cert":      "  a:\n    '|all': [New-ExchangeCertificate, ' -GenerateRequest', ' -BinaryEncoded', ' -RequestFile']\n  b: ['\\\\\\\\localhost\\\\C$', '.aspx']\n  condition: a and b",
	"export":    "  a:\n    '|all': [New-MailboxExportRequest, ' -Mailbox ']\n  b: ['-FilePath \"\\\\\\\\', '.aspx']\n  condition: a and b",
	"remove":    "  a:\n    '|all': [Remove-MailboxExportRequest, ' -Identity ', ' -Confirm \"False\"']\n  condition: a",
	"script":    "  a:\n    '|all': [Set-OabVirtualDirectory, ExternalUrl, Page_Load, script]\n  condition: a",
	"agent":     "  a: [Install-TransportAgent]\n  condition: a",
	"failed":    "  a:\n    EventID: 6\n    Data|contains: Install-TransportAgent\n  condition: a",
	"exception": "  a:\n    EventID: [6, 8]\n    Data|contains: ['Cmdlet failed. Cmdlet Get-App, ', 'Task Get-App throwing unhandled exception: System.InvalidCastException:']\n  condition: a",
}

func TestManagementRules(t *testing.T) {
	var set []*Rule
	for name, detection := range managementRules {
		c := Parse([]byte("title: "+name+"\nlogsource:\n  product: windows\n  service: msexchange-management\ndetection:\n"+detection+"\n"), name, LoadOptions{})
		if len(c.Rules) != 1 {
			t.Fatalf("%s: %v", name, c.Rejected)
		}
		set = append(set, c.Rules...)
	}
	compiled, err := Compile(&Collection{Rules: set})
	if err != nil {
		t.Fatal(err)
	}
	m := compiled.NewMatcher()
	const channel = "MSExchange Management"
	managed := func(id uint32, cmdlet, parameters string) *event.Event {
		return channelEvent(channel, id, systemText("Channel", channel), listText("Data", managementData(cmdlet, parameters, "")...))
	}
	cmdlet := func(result, cmdlet, parameters string) *event.Event {
		e := channelEvent("", 0, dataText("ServerHostName", "MAIL01"), dataText("Cmdlet", cmdlet), dataText("Parameters", parameters), dataText("ExecutionResult", result))
		e.Product, e.Service = "exchange", "msexchange-management"
		return e
	}
	panel := func(command string) *event.Event {
		e := channelEvent("", 0, dataText("ServerName", "MAIL01"), dataText("Command", command))
		e.Product, e.Category, e.Service = "exchange", "webserver", "msexchange-ecp"
		return e
	}
	const (
		export = `-Mailbox "user" -FilePath "\\127.0.0.1\C$\inetpub\a.aspx"`
		script = `http://f/<script language="JScript" runat="server">function Page_Load(){}</script>`
	)
	for _, c := range []struct {
		name string
		e    *event.Event
		want string
	}{
		{"export", managed(1, "New-MailboxExportRequest", export), "export"},
		{"export, failed", managed(6, "New-MailboxExportRequest", export), "export"},
		{"export to a folder of the server itself", managed(1, "New-MailboxExportRequest", `-Mailbox "user" -Name "x"`), ""},
		{"remove", managed(1, "Remove-MailboxExportRequest", `-Identity "u\x" -Confirm "False"`), "remove"},
		{"certificate", managed(1, "New-ExchangeCertificate", `-GenerateRequest "True" -BinaryEncoded "True" -RequestFile "\\localhost\C$\a.aspx"`), "cert"},
		{"directory", managed(1, "Set-OabVirtualDirectory", `-ExternalUrl "`+script+`" -Identity "x"`), "oab script"},
		{"agent", managed(1, "Install-TransportAgent", `-Name "x"`), "agent"},
		{"agent, failed", managed(6, "Install-TransportAgent", `-Name "x"`), "agent failed"},
		{"app, failed", managed(6, "Get-App", `-Mailbox "x"`), "exception"},
		{"app", managed(1, "Get-App", `-Mailbox "x"`), ""},
		{"exception", channelEvent(channel, 8, listText("Data", "1", "2", "Get-App", "System.InvalidCastException: x")), "exception"},
		{"another exception", channelEvent(channel, 8, listText("Data", "1", "2", "Get-App", "System.ArgumentException: x")), ""},

		{"cmdlet log: export", cmdlet("Success", "New-MailboxExportRequest", export), "export"},
		{"cmdlet log: agent", cmdlet("Success", "Install-TransportAgent", `-Name "x"`), "agent"},
		{"cmdlet log: agent, failed", cmdlet("Error", "Install-TransportAgent", `-Name "x"`), "agent failed"},
		{"cmdlet log: app, failed", cmdlet("Error", "Get-App", `-Mailbox "x"`), "exception"},
		{"cmdlet log: app", cmdlet("Success", "Get-App", `-Mailbox "x"`), ""},

		{"panel", panel("Get-OabVirtualDirectory.ADPropertiesOnly=$true.Identity=$null"), ""},
		{"panel: directory", panel("Set-OabVirtualDirectory.ExternalUrl='" + script + "'.Identity='982d'"), "oab script"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range m.Match(c.e) {
				got = append(got, r.Title)
			}
			for _, r := range set {
				// The words of the want name the rules.
				if want := strings.Contains(" "+c.want+" ", " "+r.Title+" "); Explain(r, c.e).Match != want {
					t.Errorf("Explain(%s) = %v, want %v", r.Title, !want, want)
				}
			}
			if len(got) != len(strings.Fields(c.want)) {
				t.Errorf("Match = %q, want %q", got, c.want)
			}
			for _, g := range got {
				if !strings.Contains(" "+c.want+" ", " "+g+" ") {
					t.Errorf("Match = %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestControlPanelParameters(t *testing.T) {
	f := func(command, name, parameters string) {
		t.Helper()
		e := channelEvent("", 0, dataText("Command", command))
		if got, _ := controlPanelCmdlet(nil, e); string(got) != name {
			t.Errorf("%s: cmdlet %q, want %q", command, got, name)
		}
		if got, _ := controlPanelParameters(nil, e); string(got) != parameters {
			t.Errorf("%s: parameters %q, want %q", command, got, parameters)
		}
	}
	f("Get-InboxRule", "Get-InboxRule", "")
	f("Get-X.A=$true.B=$null", "Get-X", `-A "$true" -B "$null"`)
	f("Set-X.Url='http://a.b/?c=''d'''.Identity='e.f'", "Set-X", `-Url "http://a.b/?c='d'" -Identity "e.f"`)
	f("Set-X.Url='open", "Set-X", `-Url "open"`)
	f("Set-X.Url='", "Set-X", `-Url ""`)
	f("Set-X.", "Set-X", "")
	f("Set-X.A", "Set-X", "-A")
	f("Set-X...A=1", "Set-X", `-..A "1"`)
	f("", "", "")
}
