package json

import (
	"strings"

	"aldebaran/event"
)

// m365 is the Unified Audit Log of Microsoft 365: the Management Activity API, Search-UnifiedAuditLog
// and the AuditData column of exports. One record serves all of SigmaHQ's services (audit, exchange,
// threat_management, threat_detection): which it is, the rules themselves ask (Workload, Operation).
//
// https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
func (m *maker) m365() {
	m.label("m365", "", "audit")
	m.time("=CreationTime", "=CreationDate") // "in UTC", says the schema
}

// isSignIn knows the sign-ins of Entra as Microsoft Graph gives them.
func isSignIn(m *maker) bool {
	return m.any("createdDateTime") && m.any("userPrincipalName", "servicePrincipalName", "servicePrincipalId") &&
		m.any("appDisplayName", "appId", "resourceDisplayName") && m.any("ipAddress", "status.errorCode", "clientAppUsed") ||
		m.any("CreatedDateTime") && m.any("UserPrincipalName") && m.any("AppDisplayName") && m.any("IpAddress", "IPAddress")
}

func (m *maker) signIn() {
	m.label("azure", "", "signinlogs")
	m.time("createdDateTime", "CreatedDateTime", "TimeGenerated")
}

func (m *maker) risk() {
	m.label("azure", "", "riskdetection")
	m.time("activityDateTime", "detectedDateTime", "properties.activityDateTime", "time", "TimeGenerated")
}

// isEntraAudit knows directory audits as Microsoft Graph gives them.
func isEntraAudit(m *maker) bool {
	return m.any("activityDisplayName", "ActivityDisplayName") && m.any("activityDateTime", "loggedByService", "LoggedByService", "ActivityDateTime")
}

func (m *maker) entraAudit() {
	m.label("azure", "", "auditlogs")
	m.time("activityDateTime", "ActivityDateTime", "TimeGenerated", "time")
}

// azure is what Azure Monitor exports (to an event hub, a storage account, Log Analytics) and what the
// activity log's API gives. Sign-ins, directory audits and the activity log have the same frame; the
// category tells them apart.
func (m *maker) azure() {
	m.label("azure", "", "activitylogs")
	m.l.by.at = m.at("category", "Category", "category.value", "CategoryValue")
	m.l.choose = azureByCategory
	m.time("time", "eventTimestamp", "event_timestamp", "TimeGenerated", "properties.createdDateTime")
	if m.l.times[0].at < 0 {
		m.time("submissionTimestamp", "=p_event_time")
	}
}

func azureByCategory(category string) (product, cat, service string) {
	switch {
	case strings.Contains(category, "SignIn"):
		return "azure", "", "signinlogs"
	case category == "AuditLogs", category == "ProvisioningLogs":
		return "azure", "", "auditlogs"
	case strings.Contains(category, "Risk"):
		return "azure", "", "riskdetection"
	}
	return "azure", "", "activitylogs"
}

// cloudTrail is AWS CloudTrail:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func (m *maker) cloudTrail() {
	m.label("aws", "", "cloudtrail")
	m.time("eventTime")
}

// googleCloud is an AuditLog within a LogEntry: https://cloud.google.com/logging/docs/audit/understanding-audit-logs
func (m *maker) googleCloud() {
	m.label("gcp", "", "gcp.audit")
	m.l.by.at = m.at("protoPayload.serviceName")
	m.l.choose = googleByService
	m.time("timestamp", "receiveTimestamp")
}

func googleByService(name string) (product, category, service string) {
	switch name {
	case "admin.googleapis.com":
		return "gcp", "", "google_workspace.admin"
	case "login.googleapis.com":
		return "gcp", "", "google_workspace.login"
	}
	return "gcp", "", "gcp.audit"
}

// workspace is an activity of the Reports API of Google Workspace.
func (m *maker) workspace() {
	m.label("gcp", "", "google_workspace.admin")
	m.l.by.at = m.at("id.applicationName")
	m.l.choose = func(name string) (product, category, service string) {
		if name == "login" {
			return "gcp", "", "google_workspace.login"
		}
		return "gcp", "", "google_workspace.admin"
	}
	m.time("id.time")
}

// okta is the System Log of Okta: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
func (m *maker) okta() {
	m.label("okta", "", "okta")
	m.time("published")
}

// kubernetes is the audit log of an API server: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
func (m *maker) kubernetes() {
	m.label("kubernetes", "application", "audit")
	m.time("requestReceivedTimestamp", "stageTimestamp")
}

func (m *maker) gitHub() {
	m.label("github", "", "audit")
	m.time("@timestamp", "created_at")
}

func (m *maker) bitbucket() {
	m.label("bitbucket", "", "audit")
	m.time("timestamp", "createdDate")
}

// isZeek knows Zeek by the name that its writers add, or by the connection that nearly all logs have.
func isZeek(m *maker) bool {
	return m.any("_path") && m.any("ts", "_write_ts", "uid") || m.all("@stream", "@proc") ||
		m.all("ts") && m.any("uid", "fuid", "uids", "cert_chain_fuids") && (m.any("id.orig_h", "id_orig_h", "tx_hosts", "id"))
}

// zeek is Zeek with LogAscii::use_json, the packages that add _path, and the Kafka writer, which
// has underscores for dots: https://docs.zeek.org/en/current/log-formats.html
func (m *maker) zeek() {
	m.l.product = "zeek"
	m.rename(func(path string, _ leaf) (string, event.Part) {
		for _, record := range [...]string{"id_", "certificate_", "san_", "basic_constraints_"} {
			if rest, ok := strings.CutPrefix(path, record); ok && rest != "" {
				return record[:len(record)-1] + "." + rest, event.Data
			}
		}
		return "", event.Data
	})
	m.l.by.at = m.at("_path", "@stream")
	m.l.choose = func(path string) (product, category, service string) {
		const longest = 40 // ntlm, dce_rpc, software; the value is a stranger's
		if len(path) > longest {
			path = ""
		}
		return "zeek", "", path
	}
	if m.l.by.at < 0 {
		m.l.service = m.zeekLog()
		m.l.choose = nil
	}
	m.time("ts", "_write_ts")
}

// zeekLog tells the log by the columns that it alone has.
func (m *maker) zeekLog() string {
	for _, k := range [...]struct {
		service string
		columns []string
	}{
		{"conn", []string{"conn_state"}},
		{"dns", []string{"query", "trans_id"}},
		{"dns", []string{"query", "qtype_name"}},
		{"http", []string{"trans_depth", "method"}},
		{"http", []string{"host", "uri"}},
		{"smtp", []string{"trans_depth", "helo"}},
		{"dce_rpc", []string{"endpoint", "operation"}},
		{"kerberos", []string{"request_type", "client"}},
		{"rdp", []string{"cookie"}},
		{"rdp", []string{"security_protocol"}},
		{"smb_files", []string{"action", "name"}},
		{"smb_mapping", []string{"share_type"}},
		{"ntlm", []string{"server_nb_computer_name"}},
		{"ssl", []string{"cipher"}},
		{"ssl", []string{"established"}},
		{"ssh", []string{"host_key_alg"}},
		{"x509", []string{"certificate.serial"}},
		{"x509", []string{"certificate_serial"}},
		{"files", []string{"fuid", "seen_bytes"}},
		{"pe", []string{"machine", "compile_ts"}},
		{"notice", []string{"note"}},
		{"weird", []string{"name", "notice"}},
		{"ftp", []string{"command", "reply_code"}},
	} {
		if m.all(k.columns...) {
			return k.service
		}
	}
	return ""
}

// suricata is eve.json: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
// Names of DNS and HTTP become those of the taxonomy's categories dns and proxy.
func (m *maker) suricata() {
	m.l.product = "suricata"
	m.rename(func(path string, _ leaf) (string, event.Part) {
		switch path {
		case "dns.rrname":
			return "query", event.Data
		case "dns.rrtype":
			return "record_type", event.Data
		case "dns.rdata", "dns.answers.rdata":
			return "answer", event.Data
		case "http.hostname":
			return "cs-host", event.Data
		case "http.url":
			return "c-uri", event.Data
		case "http.http_user_agent":
			return "c-useragent", event.Data
		case "http.http_method":
			return "cs-method", event.Data
		case "http.http_refer":
			return "cs-referrer", event.Data
		case "http.status":
			return "sc-status", event.Data
		case "dest_ip":
			return "dst_ip", event.Data
		case "dest_port":
			return "dst_port", event.Data
		}
		return "", event.Data
	})
	m.l.by.at = m.at("event_type")
	m.l.choose = suricataByType
	m.host("host")
	m.time("timestamp")
}

func suricataByType(kind string) (product, category, service string) {
	switch kind {
	case "dns":
		return "suricata", "dns", "dns"
	case "http":
		return "suricata", "proxy", "http"
	case "flow":
		return "suricata", "firewall", "flow"
	case "alert":
		return "suricata", "", "alert"
	}
	return "suricata", "", ""
}

// journald is journalctl -o json: https://systemd.io/JOURNAL_EXPORT_FORMATS/
func (m *maker) journald() {
	m.l.product = "linux"
	m.l.service = "syslog"
	m.rename(func(path string, _ leaf) (string, event.Part) {
		switch path {
		case "MESSAGE":
			return "message", event.Data
		case "SYSLOG_IDENTIFIER":
			return "program", event.Data
		case "_HOSTNAME":
			return "host", event.System
		case "_PID":
			return "pid", event.Data
		}
		if strings.HasPrefix(path, "_") {
			return path, event.System
		}
		return "", event.Data
	})
	m.l.by.at = m.at("SYSLOG_IDENTIFIER", "_COMM")
	m.l.choose = linuxByProgram
	m.host("_HOSTNAME")
	m.time("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP")
}

func linuxByProgram(program string) (product, category, service string) {
	switch program {
	case "sshd", "sudo", "vsftpd", "auditd":
		return "linux", "", program
	case "CRON", "cron", "crond", "anacron":
		return "linux", "", "cron"
	case "clamd", "freshclam", "clamav":
		return "linux", "", "clamav"
	case "audit":
		return "linux", "", "auditd"
	case "su", "login", "systemd-logind", "polkitd", "useradd", "usermod", "groupadd", "passwd":
		return "linux", "", "auth"
	}
	return "linux", "", "syslog"
}
