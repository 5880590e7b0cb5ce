package json

import (
	"slices"
	"strconv"
	"strings"

	"aldebaran/event"
)

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
// Names of DNS and HTTP become those that rules of the categories dns, proxy and webserver use.
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
			return "cs-uri", event.Data
		case "http.http_user_agent":
			return "cs-user-agent", event.Data
		case "http.http_method":
			return "cs-method", event.Data
		case "http.http_refer":
			return "cs-referer", event.Data
		case "http.status":
			return "sc-status", event.Data
		case "dest_ip":
			return "dst_ip", event.Data
		case "dest_port":
			return "dst_port", event.Data
		}
		return "", event.Data
	})
	m.splitURI(m.at("http.url"))
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
		return "suricata", "proxy", "access" // which serves rules for web servers too
	case "flow":
		return "suricata", "firewall", "flow"
	case "alert":
		return "suricata", "", "alert"
	}
	return "suricata", "", ""
}

// requestFields are what makers of access logs in JSON call the parts of a request: Caddy, Traefik,
// Cloudflare, and nginx with the names of its variables.
var requestFields = map[string]string{
	"request.uri": "cs-uri", "RequestPath": "cs-uri", "ClientRequestURI": "cs-uri", "request_uri": "cs-uri",
	"request.method": "cs-method", "RequestMethod": "cs-method", "ClientRequestMethod": "cs-method", "request_method": "cs-method",
	"request.host": "cs-host", "RequestHost": "cs-host", "ClientRequestHost": "cs-host", "http_host": "cs-host",
	"request.client_ip": "c-ip", "request.remote_ip": "c-ip", "ClientHost": "c-ip", "ClientIP": "c-ip", "remote_addr": "c-ip",
	"status": "sc-status", "DownstreamStatus": "sc-status", "EdgeResponseStatus": "sc-status",
	"request.headers.User-Agent": "cs-user-agent", "request_User-Agent": "cs-user-agent", "ClientRequestUserAgent": "cs-user-agent", "http_user_agent": "cs-user-agent",
	"request.headers.Referer": "cs-referer", "request_Referer": "cs-referer", "ClientRequestReferer": "cs-referer", "http_referer": "cs-referer",
	"request.headers.Cookie": "cs-cookie", "http_cookie": "cs-cookie",
	"user_id": "cs-username", "ClientUsername": "cs-username", "remote_user": "cs-username",
	"size": "sc-bytes", "DownstreamContentSize": "sc-bytes", "EdgeResponseBytes": "sc-bytes", "body_bytes_sent": "sc-bytes",
}

func isAccessLog(m *maker) bool {
	return m.any("request.uri", "RequestPath", "ClientRequestURI", "request_uri") &&
		m.any("request.method", "RequestMethod", "ClientRequestMethod", "request_method") &&
		m.any("status", "DownstreamStatus", "EdgeResponseStatus")
}

// accessLog is the access log of a web server, with the names that the reader of NCSA logs gives.
func (m *maker) accessLog() {
	m.label("", "webserver", "access")
	m.rename(func(path string, _ leaf) (string, event.Part) { return requestFields[path], event.Data })
	m.splitURI(m.at("request.uri", "RequestPath", "ClientRequestURI", "request_uri"))
	m.time("StartUTC", "ts", "time", "EdgeStartTimestamp", "time_iso8601", "@timestamp", "timestamp", "time_local")
}

// azureFields are the columns of IIS in lower case, as Log Analytics (W3CIISLog) and App Service
// (AppServiceHTTPLogs) write them, without the hyphens of the log:
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/w3ciislog, .../appservicehttplogs
var azureFields = map[string]string{
	"csmethod": "cs-method", "csuristem": "cs-uri-stem", "csuriquery": "cs-uri-query", "csusername": "cs-username", "cshost": "cs-host",
	"csuseragent": "cs-user-agent", "useragent": "cs-user-agent", "csreferer": "cs-referer", "referer": "cs-referer",
	"cscookie": "cs-cookie", "cookie": "cs-cookie", "csversion": "cs-version", "protocol": "cs-version", "csbytes": "cs-bytes", "cip": "c-ip",
	"sip": "s-ip", "sport": "s-port", "ssitename": "s-sitename", "scomputername": "s-computername", "computername": "s-computername",
	"scstatus": "sc-status", "scsubstatus": "sc-substatus", "scwin32status": "sc-win32-status", "scbytes": "sc-bytes", "timetaken": "time-taken",
}

// azureIIS is the log of IIS in a table of Azure.
func (m *maker) azureIIS() {
	m.label("", "webserver", "iis")
	m.rename(func(path string, _ leaf) (string, event.Part) {
		return azureFields[strings.ToLower(strings.TrimPrefix(path, "properties."))], event.Data
	})
	m.host("sComputerName", "Computer", "properties.ComputerName", "ComputerName")
	m.time("TimeGenerated", "time", "Time")
}

// azureSyslog is syslog in a table of Log Analytics:
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/syslog
func (m *maker) azureSyslog() {
	m.rename(func(path string, _ leaf) (string, event.Part) {
		switch path {
		case "SyslogMessage":
			return "message", event.Data
		case "ProcessName":
			return "program", event.System
		case "ProcessID":
			return "pid", event.System
		case "HostName":
			return "host", event.System
		case "Facility":
			return "facility", event.System
		case "SeverityLevel":
			return "severity", event.System
		}
		return "", event.System
	})
	m.l.product, m.l.service = "linux", "syslog"
	if m.l.by.at = m.at("ProcessName"); m.l.by.at >= 0 {
		m.l.choose = linuxByProgram
	}
	m.host("HostName", "Computer")
	m.time("EventTime", "TimeGenerated")
}

// splitURI adds the path and the query of a request's URI as fields.
func (m *maker) splitURI(at int) {
	if at < 0 || m.leaves[at].list {
		return
	}
	m.l.uri = at
	m.fields = append(m.fields, event.Field{Name: "cs-uri-stem", Path: m.fields[at].Path}, event.Field{Name: "cs-uri-query", Path: m.fields[at].Path})
}

// isLaurel knows Laurel by its serial number and a record that has a name in capitals.
func isLaurel(m *maker) bool {
	return m.any("ID") && slices.ContainsFunc(m.leaves, func(l leaf) bool {
		kind, name, _ := strings.Cut(l.path, ".")
		return kind == strings.ToUpper(kind) && (name == "syscall" || name == "argc" || name == "auid")
	})
}

// laurel is Laurel, which writes all records of one auditd event as one: {"SYSCALL":{...},"EXECVE":{...}}.
// Fields get the names that they have in audit.log: https://github.com/threathunters-io/laurel
func (m *maker) laurel() {
	m.label("linux", "", "auditd")
	argument := 0
	seen := map[string]bool{}
	var types []string
	m.rename(func(path string, _ leaf) (string, event.Part) {
		kind, name, ok := strings.Cut(path, ".")
		if !ok || kind != strings.ToUpper(kind) {
			return "", event.Data
		}
		if !seen[kind] {
			seen[kind] = true
			types = append(types, kind)
		}
		switch {
		case path == "EXECVE.ARGV":
			argument++
			return "a" + strconv.Itoa(argument-1), event.Data
		case strings.Contains(name, ".") || name == strings.ToUpper(name):
			return "", event.Data // what Laurel adds
		}
		return name, event.Data
	})
	for _, kind := range types {
		if kind != "NODE" {
			m.l.constants = append(m.l.constants, event.Value{Raw: []byte(kind), Kind: event.Text})
			m.fields = append(m.fields, event.Field{Name: "type", Path: kind})
		}
	}
	m.host("NODE")
	m.time("ID")
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
	case "su", "login", "systemd-logind", "polkitd", "useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "gpasswd", "passwd", "chage":
		return "linux", "", "auth"
	}
	return "linux", "", "syslog"
}

// openCanary is what a decoy of Thinkst logs: https://opencanary.readthedocs.io. Its node is a name that
// its owner gave it.
func (m *maker) openCanary() {
	m.label("opencanary", "application", "")
	m.host("node_id")
	m.time("=utc_time", "local_time_adjusted", "local_time")
}
