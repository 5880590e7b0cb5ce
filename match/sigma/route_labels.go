package sigma

import "slices"

// isLabelled tells whether a log source is one that readers can label events with: its category
// and its service are both known for its product, or for some product if it has none.
func isLabelled(ls Logsource) bool {
	if ls.Product != "" {
		return isLabelledBy(ls.Product, ls)
	}
	return slices.ContainsFunc(labelled[:], func(k Logsource) bool { return isLabelledBy(k.Product, ls) })
}

func isLabelledBy(product string, ls Logsource) bool {
	known := false
	category := ls.Category == "" || slices.Contains(anyCategories[:], ls.Category)
	service := ls.Service == ""
	for _, k := range labelled {
		if k.Product == product {
			known = true
			category = category || ls.Category == k.Category
			service = service || ls.Service == k.Service
		}
	}
	return known && category && service
}

// anyCategories may go with any product: the specification's taxonomy gives them none.
var anyCategories = [...]string{"antivirus", "application", "authentication", "database", "dns", "firewall", "network", "proxy", "webserver"}

// labelled are the log sources of other systems than Windows event logs. Facts from the
// specification's taxonomy appendix, SigmaHQ's logsource.json and SigmaHQ's rules.
var labelled = [...]Logsource{
	{Service: "apache"},
	{Service: "netflow"},
	{Service: "nginx"},
	{Category: "appliance"},
	{Category: "logfile"},
	{Category: "network", Service: "connection"},
	{Category: "network", Service: "dns"},

	{Product: "antivirus"},
	{Product: "apache", Service: "access"},
	{Product: "apache", Service: "error"},
	{Product: "aws", Service: "cloudtrail"},
	{Product: "azure", Service: "activitylogs"},
	{Product: "azure", Service: "auditlogs"},
	{Product: "azure", Service: "pim"},
	{Product: "azure", Service: "riskdetection"},
	{Product: "azure", Service: "signinlogs"},
	{Product: "bitbucket", Service: "audit"},
	{Product: "cisco", Service: "aaa"},
	{Product: "cisco", Service: "bgp"},
	{Product: "cisco", Service: "duo"},
	{Product: "cisco", Service: "ldp"},
	{Product: "cisco", Service: "syslog"},
	{Product: "django", Category: "application"},
	{Product: "dns"},
	{Product: "exchange", Service: "msexchange"},
	{Product: "exchange", Service: "msexchange-agent"},
	{Product: "exchange", Service: "msexchange-audit"},
	{Product: "exchange", Service: "msexchange-connectivity"},
	{Product: "exchange", Service: "msexchange-ecp"},
	{Product: "exchange", Service: "msexchange-ews"},
	{Product: "exchange", Service: "msexchange-httpproxy"},
	{Product: "exchange", Service: "msexchange-httprequestfiltering"},
	{Product: "exchange", Service: "msexchange-imap4"},
	{Product: "exchange", Service: "msexchange-management"},
	{Product: "exchange", Service: "msexchange-messagetracking"},
	{Product: "exchange", Service: "msexchange-oab"},
	{Product: "exchange", Service: "msexchange-pop3"},
	{Product: "exchange", Service: "msexchange-rps"},
	{Product: "exchange", Service: "msexchange-smtp"},
	{Product: "dovecot", Category: "mail"},
	{Product: "exim", Category: "mail"},
	{Product: "mssql", Category: "database", Service: "agent"},
	{Product: "mysql", Category: "database", Service: "audit"},
	{Product: "mysql", Category: "database", Service: "error"},
	{Product: "mysql", Category: "database", Service: "general"},
	{Product: "mysql", Category: "database", Service: "slow"},
	{Product: "oracle", Category: "database", Service: "audit"},
	{Product: "postfix", Category: "mail"},
	{Product: "postgresql", Category: "database", Service: "audit"},
	{Product: "postgresql", Category: "database", Service: "error"},
	{Product: "postgresql", Category: "database", Service: "general"},
	{Product: "postgresql", Category: "database", Service: "pgbouncer"},
	{Product: "zimbra", Category: "mail"},
	{Product: "fortigate", Service: "event"},
	{Product: "fortios", Service: "sslvpnd"},
	{Product: "gcp", Service: "gcp.audit"},
	{Product: "gcp", Service: "google_workspace.admin"},
	{Product: "gcp", Service: "google_workspace.login"},
	{Product: "github", Service: "audit"},
	{Product: "huawei", Service: "bgp"},
	{Product: "huawei", Service: "ldp"},
	{Product: "juniper", Service: "bgp"},
	{Product: "juniper", Service: "ldp"},
	{Product: "jvm", Category: "application"},
	{Product: "kubernetes", Category: "application", Service: "audit"},
	{Product: "linux", Category: "file_delete"},
	{Product: "linux", Category: "file_event"},
	{Product: "linux", Category: "network_connection"},
	{Product: "linux", Category: "process_creation"},
	{Product: "linux", Category: "process_termination"},
	{Product: "linux", Category: "raw_access_read"},
	{Product: "linux", Category: "sysmon_status"},
	{Product: "linux", Service: "auditd"},
	{Product: "linux", Service: "auth"},
	{Product: "linux", Service: "clamav"},
	{Product: "linux", Service: "cron"},
	{Product: "linux", Service: "guacamole"},
	{Product: "linux", Service: "modsecurity"},
	{Product: "linux", Service: "sshd"},
	{Product: "linux", Service: "sudo"},
	{Product: "linux", Service: "sysmon"},
	{Product: "linux", Service: "syslog"},
	{Product: "linux", Service: "vsftpd"},
	{Product: "m365", Service: "audit"},
	{Product: "m365", Service: "exchange"},
	{Product: "m365", Service: "threat_detection"},
	{Product: "m365", Service: "threat_management"},
	{Product: "macos", Category: "file_delete"},
	{Product: "macos", Category: "file_event"},
	{Product: "macos", Category: "network_connection"},
	{Product: "macos", Category: "process_creation"},
	{Product: "macos", Category: "process_termination"},
	{Product: "macos", Category: "raw_access_read"},
	{Product: "macos", Category: "sysmon_status"},
	{Product: "modsecurity"},
	{Product: "nodejs", Category: "application"},
	{Product: "okta", Service: "okta"},
	{Product: "onelogin", Service: "onelogin.events"},
	{Product: "opencanary", Category: "application"},
	{Product: "paloalto", Category: "appliance", Service: "globalprotect"},
	{Product: "paloalto", Category: "file_event", Service: "globalprotect"},
	{Product: "python", Category: "application"},
	{Product: "qualys"},
	{Product: "rpc_firewall", Category: "application"},
	{Product: "ruby_on_rails", Category: "application"},
	{Product: "spring", Category: "application"},
	{Product: "sql", Category: "application"},
	{Product: "velocity", Category: "application"},
	{Product: "windows", Category: "webserver", Service: "iis"},
	{Product: "windows", Service: "netlogon"},
	{Product: "zeek", Service: "dce_rpc"},
	{Product: "zeek", Service: "dns"},
	{Product: "zeek", Service: "http"},
	{Product: "zeek", Service: "kerberos"},
	{Product: "zeek", Service: "rdp"},
	{Product: "zeek", Service: "smb_files"},
	{Product: "zeek", Service: "x509"},
}
