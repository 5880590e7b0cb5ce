package behaviour

import (
	"testing"
	"time"
)

func TestMailGrantExportCleanup(t *testing.T) {
	min := time.Minute
	const adm = "corp.example/Users/adm"
	grant := func(after time.Duration) made {
		return cmdlet(after, adm, "New-ManagementRoleAssignment", `-Role "Mailbox Import Export" -User "adm"`)
	}
	export := func(after time.Duration, path string) made {
		return cmdlet(after, adm, "New-MailboxExportRequest", `-Mailbox "x" -FilePath "`+path+`"`)
	}
	remove := func(after time.Duration) made {
		return cmdlet(after, adm, "Remove-MailboxExportRequest", `-Identity "x\MailboxExport" -Confirm "False"`)
	}
	const share, odd = `\\files\pst\x.pst`, `\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x.aspx`
	work := []made{grant(0)}
	for d := range 10 {
		work = append(work, cmdlet(time.Duration(d)*24*60*min+min, adm, "Search-Mailbox", `-Identity "x" -SearchQuery "contract"`))
	}
	work = append(work, cmdlet(10*24*60*min, adm, "Remove-ManagementRoleAssignment", `-Identity "x"`))
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"all three", []made{grant(0), export(5*min, share), export(6*min, share), remove(20 * min)},
			"high: adm: New-ManagementRoleAssignment, New-MailboxExportRequest, Remove-MailboxExportRequest within 20 minutes\n"},
		{"to the web server's folder", []made{grant(0), export(5*min, odd), remove(20 * min)},
			"critical: adm: New-ManagementRoleAssignment, New-MailboxExportRequest, Remove-MailboxExportRequest within 20 minutes\n"},
		{"nothing removed", []made{grant(0), export(5*min, share)}, "medium: adm: New-ManagementRoleAssignment, New-MailboxExportRequest within 5 minutes\n"},
		{"a request that is done is removed", []made{export(0, share), remove(5 * min)}, "low: adm: New-MailboxExportRequest, Remove-MailboxExportRequest within 5 minutes\n"},
		{"exported to an odd place and removed", []made{export(0, odd), remove(5 * min)}, "high: adm: New-MailboxExportRequest, Remove-MailboxExportRequest within 5 minutes\n"},
		{"out of order in the evidence", []made{remove(20 * min), export(5*min, share), grant(0)},
			"high: adm: New-ManagementRoleAssignment, New-MailboxExportRequest, Remove-MailboxExportRequest within 20 minutes\n"},
		{"another writes the account otherwise", []made{grant(0), audit(5*min, "adm@corp.example", "New-ComplianceSearch", "Parameters", `-Name "x"`), audit(6*min, "adm@corp.example", "Remove-ComplianceSearch", "Parameters", `-Name "x"`)},
			"high: adm: New-ManagementRoleAssignment, New-ComplianceSearch, Remove-ComplianceSearch within 6 minutes\n"},
		{"an application gets mail", []made{audit(0, "adm@corp.example", "Add app role assignment to service principal.", "ModifiedProperties", `[{"Name":"AppRole.Value","NewValue":"full_access_as_app"}]`),
			audit(5*min, "adm@corp.example", "SearchExported")},
			"medium: adm: Add app role assignment to service principal., SearchExported within 5 minutes\n"},
		{"the audit is switched off for somebody", []made{audit(0, "adm@corp.example", "Set-MailboxAuditBypassAssociation", "Parameters.Name", "AuditBypassEnabled", "Parameters.Value", "True"),
			audit(5*min, "adm@corp.example", "SearchExported")},
			"medium: adm: Set-MailboxAuditBypassAssociation, SearchExported within 5 minutes\n"},
		{"twice, days apart", []made{grant(0), export(min, share), remove(2 * min), grant(7 * 24 * 60 * min), export(7*24*60*min+min, share)},
			"high: adm: New-ManagementRoleAssignment, New-MailboxExportRequest, Remove-MailboxExportRequest within 2 minutes\n" +
				"medium: adm: New-ManagementRoleAssignment, New-MailboxExportRequest within 60 seconds\n"},
		{"somebody's work", work, "medium: adm: New-ManagementRoleAssignment, Search-Mailbox, Remove-ManagementRoleAssignment within 10 days\n"},
		{"the grant failed", []made{failed(grant(0)), export(5*min, share)}, ""},
		{"another role", []made{cmdlet(0, adm, "New-ManagementRoleAssignment", `-Role "Help Desk" -User "adm"`), export(5*min, share)}, ""},
		{"another account", []made{grant(0), cmdlet(5*min, `CORP\bob`, "New-MailboxExportRequest", `-Mailbox "x"`)}, ""},
		{"a week later", []made{grant(0), export(7*24*60*min, share)}, ""},
		{"a role taken back", []made{grant(0), cmdlet(5*min, adm, "Remove-ManagementRoleAssignment", `-Identity "x"`)}, ""},
		{"mailboxes are given to colleagues", []made{cmdlet(0, adm, "Add-MailboxPermission", `-Identity "a" -AccessRights "FullAccess" -User "b"`), cmdlet(min, adm, "Remove-MailboxPermission", `-Identity "c"`)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "mail-grant-export-cleanup", c.events, c.want) })
	}
}
