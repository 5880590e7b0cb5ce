package plan

import (
	"slices"
	"strings"

	"aldebaran/intel"
	"aldebaran/match/sigma"
)

// A Log is a kind of log as administrators know it: what it is called, how to collect it, how to
// switch it on, and how long it is usually kept.
type Log struct {
	Name    string
	Collect []string
	TurnOn  string
	Kept    string
	// Systems are the kinds of servers that have it: "mail", "web", "database", "host", "network".
	Systems []string

	channels []string // in lower case
	sources  []sigma.Logsource
}

// logs are the kinds of logs that hunts read, the particular before the general. Commands are those
// of the makers' documentation: wevtutil and robocopy of Windows, Search-UnifiedAuditLog of
// Microsoft 365, journalctl and tar of Linux.
var logs = []Log{
	{Name: "Sysmon", channels: []string{"microsoft-windows-sysmon/operational"}, Systems: []string{"host"},
		sources: windowsCategories("process_creation", "file_event", "file_change", "file_delete", "image_load", "pipe_created", "registry_set", "registry_event",
			"registry_add", "network_connection", "process_access", "create_remote_thread", "create_stream_hash", "dns_query", "wmi_event", "driver_load"),
		Collect: []string{`wevtutil epl Microsoft-Windows-Sysmon/Operational C:\collect\%COMPUTERNAME%-Sysmon.evtx`},
		TurnOn:  "install Sysmon with a configuration that logs events 1, 2, 3, 7, 11, 13, 17, 18, 22 and 23", Kept: "64 MB: days on a busy server"},
	{Name: "PowerShell script blocks", channels: []string{"microsoft-windows-powershell/operational"}, Systems: []string{"host"},
		sources: append(windowsCategories("ps_script", "ps_module"), windowsServices("powershell")...),
		Collect: []string{`wevtutil epl Microsoft-Windows-PowerShell/Operational C:\collect\%COMPUTERNAME%-PowerShell.evtx`},
		TurnOn:  "group policy: Windows PowerShell > Turn on PowerShell Script Block Logging", Kept: "15 MB: days"},
	{Name: "MSExchange Management", channels: []string{"msexchange management"}, Systems: []string{"mail"},
		sources: windowsServices("msexchange-management"),
		Collect: []string{`wevtutil epl "MSExchange Management" C:\collect\%COMPUTERNAME%-MSExchange.evtx`, `robocopy "%ExchangeInstallPath%Logging\CmdletInfra" C:\collect\CmdletInfra /E`},
		TurnOn:  "it is on where Exchange is installed", Kept: "weeks"},
	{Name: "IIS configuration", channels: []string{"microsoft-iis-configuration/operational"}, Systems: []string{"web", "mail"},
		sources: windowsServices("iis-configuration"),
		Collect: []string{`wevtutil epl Microsoft-IIS-Configuration/Operational C:\collect\%COMPUTERNAME%-IIS-Configuration.evtx`},
		TurnOn:  "wevtutil sl Microsoft-IIS-Configuration/Operational /e:true", Kept: "off unless it was switched on"},
	{Name: "WMI activity", channels: []string{"microsoft-windows-wmi-activity/operational"}, Systems: []string{"host"}, sources: windowsServices("wmi"),
		Collect: []string{`wevtutil epl Microsoft-Windows-WMI-Activity/Operational C:\collect\%COMPUTERNAME%-WMI.evtx`}, TurnOn: "it is on by default", Kept: "1 MB: days"},
	{Name: "Scheduled tasks", channels: []string{"microsoft-windows-taskscheduler/operational"}, Systems: []string{"host"}, sources: windowsServices("taskscheduler"),
		Collect: []string{`wevtutil epl Microsoft-Windows-TaskScheduler/Operational C:\collect\%COMPUTERNAME%-Tasks.evtx`},
		TurnOn:  "wevtutil sl Microsoft-Windows-TaskScheduler/Operational /e:true", Kept: "10 MB: weeks"},
	{Name: "Defender", channels: []string{"microsoft-windows-windows defender/operational"}, Systems: []string{"host"},
		sources: append(windowsServices("windefend"), sigma.Logsource{Category: "antivirus"}),
		Collect: []string{`wevtutil epl "Microsoft-Windows-Windows Defender/Operational" C:\collect\%COMPUTERNAME%-Defender.evtx`}, TurnOn: "it is on where Defender is", Kept: "16 MB: months"},
	{Name: "SQL Server", Systems: []string{"database"},
		sources: append(windowsServices("mssqlserver"), sigma.Logsource{Product: "mssql"}, sigma.Logsource{Product: "mssql", Category: "database"}),
		Collect: []string{`wevtutil epl Application C:\collect\%COMPUTERNAME%-Application.evtx`, `robocopy "C:\Program Files\Microsoft SQL Server" C:\collect\sql ERRORLOG* SQLAGENT* /S`},
		TurnOn:  "CREATE SERVER AUDIT ... TO APPLICATION_LOG with SUCCESSFUL_LOGIN_GROUP, FAILED_LOGIN_GROUP, SCHEMA_OBJECT_ACCESS_GROUP and AUDIT_CHANGE_GROUP", Kept: "ERRORLOG: 6 restarts; the audit as long as the event log"},
	{Name: "Security log", channels: []string{"security"}, Systems: []string{"host"}, sources: windowsServices("security"),
		Collect: []string{`wevtutil epl Security C:\collect\%COMPUTERNAME%-Security.evtx`},
		TurnOn:  "audit policy: Process Creation with command lines, Logon, User Account Management, Detailed File Share, File System on web roots", Kept: "20 MB: hours to days on a busy server"},
	{Name: "System log", channels: []string{"system"}, Systems: []string{"host"}, sources: windowsServices("system"),
		Collect: []string{`wevtutil epl System C:\collect\%COMPUTERNAME%-System.evtx`}, TurnOn: "it is on by default", Kept: "20 MB: months"},
	{Name: "Application log", channels: []string{"application"}, Systems: []string{"host"}, sources: windowsServices("application"),
		Collect: []string{`wevtutil epl Application C:\collect\%COMPUTERNAME%-Application.evtx`}, TurnOn: "it is on by default", Kept: "20 MB: weeks"},
	{Name: "Exchange front-end log (HttpProxy)", Systems: []string{"mail"}, sources: []sigma.Logsource{{Product: "exchange", Service: "msexchange-httpproxy"}},
		Collect: []string{`robocopy "%ExchangeInstallPath%Logging\HttpProxy" C:\collect\HttpProxy /E`}, TurnOn: "it is on where Exchange is installed; raise its age and size in web.config of HttpProxy", Kept: "30 days or 10 GB"},
	{Name: "Exchange text logs", Systems: []string{"mail"}, sources: []sigma.Logsource{
		{Product: "exchange", Service: "msexchange-ews"}, {Product: "exchange", Service: "msexchange-ecp"}, {Product: "exchange", Service: "msexchange-rps"},
		{Product: "exchange", Service: "msexchange-management"}, {Product: "exchange", Service: "msexchange-messagetracking"}, {Product: "exchange"}},
		Collect: []string{`robocopy "%ExchangeInstallPath%Logging" C:\collect\Logging /E`, `robocopy "%ExchangeInstallPath%TransportRoles\Logs" C:\collect\TransportRoles /E`},
		TurnOn:  "they are on where Exchange is installed", Kept: "30 days"},
	{Name: "IIS request log", Systems: []string{"web", "mail"}, sources: []sigma.Logsource{
		{Category: "webserver", Service: "iis"}, {Product: "windows", Category: "webserver", Service: "iis"}, {Product: "windows", Service: "iis"}, {Product: "iis"}},
		Collect: []string{`robocopy C:\inetpub\logs\LogFiles C:\collect\LogFiles /E`},
		TurnOn:  "IIS Manager > Logging: W3C with cs(Cookie), cs(Referer), cs-bytes and sc-bytes", Kept: "until somebody deletes it"},
	{Name: "Web server access log", Systems: []string{"web", "mail"}, sources: []sigma.Logsource{{Category: "webserver"}, {Product: "apache", Service: "access"}, {Product: "nginx", Service: "access"}},
		Collect: []string{`robocopy C:\inetpub\logs\LogFiles C:\collect\LogFiles /E`, "tar czf collect-web.tgz /var/log/nginx /var/log/apache2 /var/log/httpd"},
		TurnOn:  "the access log of the web server, or of the proxy before it", Kept: "14 to 90 days"},
	{Name: "Proxy log", Systems: []string{"network"}, sources: []sigma.Logsource{{Category: "proxy"}},
		Collect: []string{"the access log of the proxy"}, TurnOn: "the access log of the proxy, with user agents and bytes", Kept: "as rotated"},
	{Name: "Microsoft 365 audit log", Systems: []string{"mail"}, sources: []sigma.Logsource{{Product: "m365", Service: "audit"}, {Product: "m365", Service: "exchange"}, {Product: "m365"}},
		Collect: []string{"Search-UnifiedAuditLog -StartDate ... -EndDate ... -SessionCommand ReturnLargeSet | Export-Csv audit.csv"},
		TurnOn:  "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true; MailItemsAccessed needs a licence with Audit", Kept: "180 days, a year with E5"},
	{Name: "Entra sign-in and audit logs", Systems: []string{"mail"}, sources: []sigma.Logsource{{Product: "azure"}, {Product: "azure", Service: "signinlogs"}, {Product: "azure", Service: "auditlogs"}},
		Collect: []string{"Entra admin centre > Sign-in logs > Download JSON"}, TurnOn: "it is on", Kept: "30 days"},
	{Name: "DNS queries", Systems: []string{"network"}, channels: []string{"dns server", "microsoft-windows-dnsserver/analytical"}, sources: []sigma.Logsource{
		{Category: "dns"}, {Product: "zeek", Service: "dns"}, {Product: "windows", Service: "dns-server"}, {Product: "windows", Service: "dns-server-analytic"}, {Category: "network", Service: "dns"}},
		Collect: []string{`copy C:\Windows\System32\dns\dns.log C:\collect\`, "tar czf collect-dns.tgz /var/log/named /opt/zeek/logs"},
		TurnOn:  "Set-DnsServerDiagnostics -All $true, or query logging of the resolver, or Zeek on its wire", Kept: "days, if it is on at all"},
	{Name: "Zeek", Systems: []string{"network"}, sources: []sigma.Logsource{{Product: "zeek"}, {Product: "zeek", Service: "conn"}, {Product: "zeek", Service: "dce_rpc"}, {Product: "zeek", Service: "smb_files"}, {Product: "zeek", Service: "http"}, {Product: "zeek", Service: "ssl"}},
		Collect: []string{"tar czf collect-zeek.tgz /opt/zeek/logs"}, TurnOn: "a Zeek sensor before the servers", Kept: "as its disk allows"},
	{Name: "Firewall and flow records", Systems: []string{"network"}, sources: []sigma.Logsource{{Category: "firewall"}, {Category: "network", Service: "connection"}, {Category: "network"}, {Service: "netflow"}},
		Collect: []string{"export of the firewall's traffic log, as CSV or syslog"}, TurnOn: "log allowed connections of the server networks", Kept: "days to months"},
	{Name: "MySQL or MariaDB log", Systems: []string{"database"}, sources: []sigma.Logsource{{Product: "mysql"}, {Product: "mysql", Category: "database"}, {Product: "mariadb"}},
		Collect: []string{"tar czf collect-mysql.tgz /var/log/mysql /var/lib/mysql/*.log"}, TurnOn: "the audit plugin (server_audit, audit_log), or the general log for a while", Kept: "as rotated"},
	{Name: "PostgreSQL log", Systems: []string{"database"}, sources: []sigma.Logsource{{Product: "postgresql"}, {Product: "postgresql", Category: "database"}},
		Collect: []string{"tar czf collect-postgresql.tgz /var/log/postgresql /var/lib/pgsql/data/log"}, TurnOn: "log_connections = on, pgaudit.log = 'all'", Kept: "as rotated"},
	{Name: "Oracle audit trail", Systems: []string{"database"}, sources: []sigma.Logsource{{Product: "oracle"}, {Product: "oracle", Category: "database"}, {Product: "oracle", Service: "audit"}},
		Collect: []string{"tar czf collect-oracle.tgz $ORACLE_BASE/admin/*/adump", "SELECT * FROM unified_audit_trail, exported as CSV"}, TurnOn: "unified auditing with ORA_SECURECONFIG and policies on sensitive tables", Kept: "until it is purged"},
	{Name: "Database log or audit", Systems: []string{"database"}, sources: []sigma.Logsource{{Category: "database"}, {Product: "sql", Category: "application"}},
		Collect: []string{"the audit or error log of the database server"}, TurnOn: "the audit of the database: sign-ins, statements on sensitive tables, changes of the audit", Kept: "as rotated"},
	{Name: "Zimbra logs", Systems: []string{"mail"}, sources: []sigma.Logsource{{Product: "zimbra"}, {Product: "zimbra", Category: "mail"}},
		Collect: []string{"tar czf collect-zimbra.tgz /opt/zimbra/log /opt/zimbra/access_log*"}, TurnOn: "they are on", Kept: "30 days"},
	{Name: "Mail log (Postfix, Dovecot, Exim)", Systems: []string{"mail"}, sources: []sigma.Logsource{{Product: "postfix"}, {Product: "dovecot"}, {Product: "exim"}, {Category: "mail"}, {Product: "postfix", Category: "mail"}, {Product: "dovecot", Category: "mail"}},
		Collect: []string{"tar czf collect-mail.tgz /var/log/mail* /var/log/maillog* /var/log/exim*"}, TurnOn: "they are on", Kept: "4 weeks"},
	{Name: "Linux audit log", Systems: []string{"host"}, sources: []sigma.Logsource{{Product: "linux", Service: "auditd"}, {Product: "linux", Category: "process_creation"}, {Product: "linux", Category: "file_event"}},
		Collect: []string{"tar czf collect-audit.tgz /var/log/audit"}, TurnOn: "auditd with rules for execve and for the folders of mail and web", Kept: "5 files of 8 MB: hours to days"},
	{Name: "Linux system log", Systems: []string{"host"}, sources: []sigma.Logsource{{Product: "linux", Service: "syslog"}, {Product: "linux", Service: "auth"}, {Product: "linux", Service: "sshd"}, {Product: "linux"}},
		Collect: []string{"tar czf collect-log.tgz /var/log", "journalctl -o json > journal.json"}, TurnOn: "it is on", Kept: "4 weeks"},
}

func windowsCategories(names ...string) []sigma.Logsource {
	var all []sigma.Logsource
	for _, n := range names {
		all = append(all, sigma.Logsource{Product: "windows", Category: n})
	}
	return all
}

func windowsServices(names ...string) []sigma.Logsource {
	var all []sigma.Logsource
	for _, n := range names {
		all = append(all, sigma.Logsource{Product: "windows", Service: n})
	}
	return all
}

// Source is the log source of a need.
func Source(n intel.Need) sigma.Logsource {
	return sigma.Logsource{Product: n.Product, Category: n.Category, Service: n.Service}
}

// LogFor finds the kind of log that a channel or a log source is; false if none is known.
func LogFor(channel string, ls sigma.Logsource) (Log, bool) {
	ls.Definition = ""
	if channel != "" {
		for _, l := range logs {
			if slices.Contains(l.channels, strings.ToLower(channel)) {
				return l, true
			}
		}
	}
	for _, l := range logs {
		if slices.Contains(l.sources, ls) {
			return l, true
		}
	}
	// By the part that says most of it.
	for _, part := range []sigma.Logsource{{Product: ls.Product, Category: ls.Category}, {Product: ls.Product, Service: ls.Service}, {Category: ls.Category}, {Product: ls.Product}} {
		if part == (sigma.Logsource{}) {
			continue
		}
		for _, l := range logs {
			if slices.Contains(l.sources, part) {
				return l, true
			}
		}
	}
	return Log{}, false
}

// needOf is the need for a log source.
func needOf(ls sigma.Logsource) Need {
	return Need{Need: intel.Need{Product: ls.Product, Category: ls.Category, Service: ls.Service}}.described()
}

// described fills in what people need to know of the log.
func (n Need) described() Need {
	l, ok := LogFor(n.Channel, Source(n.Need))
	if !ok {
		var words []string
		for _, w := range []string{n.Product, n.Category, n.Service} {
			if w != "" {
				words = append(words, w)
			}
		}
		if n.Log == "" {
			n.Log = strings.Join(words, " ")
		}
		return n
	}
	if n.Log == "" {
		n.Log = l.Name
	}
	n.Collect, n.TurnOn, n.Kept = l.Collect, l.TurnOn, l.Kept
	return n
}
