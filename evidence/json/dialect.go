package json

import (
	"slices"
	"strings"

	"aldebaran/event"
)

// A maker makes the layout of records that have the same names in the same order.
type maker struct {
	leaves []leaf
	index  map[string]int // of the first leaf of each path
	// prefix is what a shipper or a search engine has put around the record.
	prefix string
	fields []event.Field
	l      *layout
}

// wrappers are what stands around a record when it was exported from a search engine (Elasticsearch,
// Splunk), passed on by Wazuh, or kept as a text in a column of an export (AuditData).
var wrappers = [...]string{
	"", "_source.", "result.", "AuditData.", "auditData.", "_raw.", "result._raw.", "data.", "office365.", "data.office365.", "gcp.",
	"data.gcp.", "aws.", "data.aws.", "github.", "data.github.", "ms-graph.", "data.ms-graph.", "_source.data.", "event.original.",
	"RenderedXml.", "EventXml.", "EventXML.", "Xml.", "XML.", "AuditRecord.",
}

// A dialect is how one maker writes its events.
type dialect struct {
	name string
	is   func(m *maker) bool
	make func(m *maker)
}

// dialects are tried in this order: the more a maker's names are its own, the further in front.
var dialects = [...]dialect{
	{"evtx_dump", func(m *maker) bool {
		return m.any("Event.System.EventID", "Event.System.EventID.#text") && m.any("Event.System.Channel", "Event.System.Provider.#attributes.Name", "Event.System.Provider_attributes.Name", "Event.System.Provider.@Name")
	}, (*maker).evtxDump},
	{"Velociraptor", func(m *maker) bool {
		return m.any("System.EventID.Value", "System.EventID") && m.any("System.Channel", "System.Provider.Name")
	}, (*maker).velociraptor},
	{"winlogbeat", func(m *maker) bool {
		return m.any("winlog.event_id", "winlog.channel", "winlog.provider_name", "winlog.event_data")
	}, (*maker).winlogbeat},
	{"winlogbeat 6", func(m *maker) bool {
		return m.any("event_id") && m.any("log_name", "source_name") && m.any("computer_name", "record_number")
	}, (*maker).winlogbeat6},
	{"Wazuh", func(m *maker) bool { return m.any("win.system.eventID") }, (*maker).wazuh},
	{"EvtxECmd", func(m *maker) bool { return m.any("EventId") && m.any("Channel") && m.any("Provider") }, (*maker).evtxECmd},
	{"Get-WinEvent", func(m *maker) bool { return m.any("Id") && m.any("LogName") && m.any("ProviderName") }, (*maker).getWinEvent},
	{"Windows", func(m *maker) bool {
		return m.any("EventID", "EventCode", "event_id") && m.any("Channel", "SourceName", "EventSourceName", "ProviderName", "Provider_Name", "provider_name", "channel", "LogName") || m.all("EventID", "EventLog")
	}, (*maker).flatWindows},

	{"Microsoft 365", func(m *maker) bool {
		return m.all("CreationTime", "Workload") && m.any("Operation", "RecordType") || m.all("Operation", "RecordType", "CreationTime")
	}, (*maker).m365},
	{"Entra sign-ins", isSignIn, (*maker).signIn},
	{"Entra risk", func(m *maker) bool {
		return m.any("riskEventType", "properties.riskEventType", "RiskEventType")
	}, (*maker).risk},
	{"Entra audit", isEntraAudit, (*maker).entraAudit},
	{"Azure", func(m *maker) bool {
		return m.any("operationName", "operationname", "operationName.value", "operation_name.value", "OperationNameValue", "OperationName") &&
			m.any("resourceId", "resourceid", "resource_id", "_ResourceId", "ResourceId", "authorization.action", "Authorization")
	}, (*maker).azure},

	{"CloudTrail", func(m *maker) bool { return m.all("eventSource", "eventName") && m.any("awsRegion", "eventVersion") }, (*maker).cloudTrail},
	{"Google Cloud", func(m *maker) bool {
		return m.any("protoPayload.methodName", "protoPayload.serviceName", "protoPayload.@type") || m.all("logName", "insertId")
	}, (*maker).googleCloud},
	{"Google Workspace", func(m *maker) bool { return m.all("id.applicationName", "id.time") }, (*maker).workspace},
	{"Okta", func(m *maker) bool {
		return m.all("eventType", "published") && m.any("legacyEventType", "actor.alternateId", "actor.id", "outcome.result")
	}, (*maker).okta},
	{"Kubernetes", func(m *maker) bool { return m.any("auditID") && m.any("verb", "requestURI", "stage") }, (*maker).kubernetes},
	{"GitHub", func(m *maker) bool {
		return m.all("action", "actor") && m.any("org", "org_id", "repo", "_document_id", "business", "actor_id")
	}, (*maker).gitHub},
	{"Bitbucket", func(m *maker) bool { return m.all("auditType.action") && m.any("auditType.category") }, (*maker).bitbucket},
	{"OpenCanary", func(m *maker) bool { return m.all("logtype", "node_id") && m.any("dst_host", "src_host") }, (*maker).openCanary},
	{"Zeek", isZeek, (*maker).zeek},
	{"Suricata", func(m *maker) bool {
		return m.all("event_type", "timestamp") && m.any("flow_id", "src_ip", "stats.uptime")
	}, (*maker).suricata},
	{"Laurel", isLaurel, (*maker).laurel},
	{"access log", isAccessLog, (*maker).accessLog},
	{"IIS in Azure", func(m *maker) bool {
		return m.any("csUriStem", "properties.CsUriStem", "CsUriStem") && m.any("csMethod", "properties.CsMethod", "CsMethod")
	}, (*maker).azureIIS},
	{"syslog in Azure", func(m *maker) bool { return m.all("SyslogMessage") && m.any("ProcessName", "Facility") }, (*maker).azureSyslog},
	{"journald", func(m *maker) bool { return m.any("__REALTIME_TIMESTAMP") && m.any("__CURSOR", "MESSAGE") }, (*maker).journald},
}

func (m *maker) layout() *layout {
	m.l = &layout{channel: memo{at: -1}, provider: memo{at: -1}, computer: memo{at: -1}, by: memo{at: -1}, eventID: -1, recordID: -1, uri: -1}
	for i := range m.l.times {
		m.l.times[i].at = -1
	}
	m.fields = make([]event.Field, len(m.leaves))
	for _, m.prefix = range wrappers {
		if !m.wrapped() {
			continue
		}
		for _, d := range dialects {
			if d.is(m) {
				m.nested()
				d.make(m)
				m.l.known = true
				return m.l
			}
		}
	}
	m.prefix = ""
	m.nested()
	m.generic()
	return m.l
}

func (m *maker) wrapped() bool {
	for _, l := range m.leaves {
		if strings.HasPrefix(l.path, m.prefix) {
			return true
		}
	}
	return false
}

// all tells whether there are values of all those paths.
func (m *maker) all(paths ...string) bool {
	for _, p := range paths {
		if _, ok := m.index[m.prefix+p]; !ok {
			return false
		}
	}
	return true
}

// any tells whether there is a value of one of those paths.
func (m *maker) any(paths ...string) bool { return m.at(paths...) >= 0 }

// at gives the place of the first of those paths that there is, -1 if there is none.
func (m *maker) at(paths ...string) int {
	for _, p := range paths {
		if i, ok := m.index[m.prefix+p]; ok {
			return i
		}
	}
	return -1
}

// nested names every value by the names down to it, joined with dots, as most rules for JSON do.
func (m *maker) nested() {
	for i, l := range m.leaves {
		m.fields[i] = event.Field{Name: strings.TrimPrefix(l.path, m.prefix), Path: l.path}
		if l.named != "" {
			m.fields[i].Path += "[" + l.named + "]"
		}
	}
}

// rename gives names by path, without the prefix; "" keeps the one it has.
func (m *maker) rename(f func(path string, l leaf) (name string, part event.Part)) {
	for i, l := range m.leaves {
		path, ok := strings.CutPrefix(l.path, m.prefix)
		if !ok {
			continue
		}
		if name, part := f(path, l); name != "" {
			m.fields[i].Name, m.fields[i].Part = strings.ReplaceAll(name, " ", ""), part
		}
	}
}

// time says which values may be the time of the event. The first that says its zone is taken, else
// the first that is a time at all. A path that begins with "=" is in UTC although it does not say so.
func (m *maker) time(paths ...string) {
	n := 0
	for _, p := range paths {
		p, utc := strings.CutPrefix(p, "=")
		i := m.at(p)
		if i < 0 {
			i = m.indexOf(p)
		}
		if i >= 0 && n < maxTimes {
			m.l.times[n] = timeAt{i, utc}
			n++
		}
	}
}

// indexOf is like at without the prefix: what a shipper adds stands outside.
func (m *maker) indexOf(path string) int {
	if i, ok := m.index[path]; ok {
		return i
	}
	return -1
}

func (m *maker) label(product, category, service string) {
	m.l.product, m.l.category, m.l.service = product, category, service
}

func (m *maker) host(paths ...string) { m.l.computer.at = m.at(paths...) }

// generic is JSON of a maker that we do not know. Its time is the first value of a usual name, on the
// outside if there is one there.
func (m *maker) generic() {
	names := [...]string{
		"@timestamp", "timestamp", "time", "ts", "eventTime", "event_time", "TimeGenerated", "createdDateTime", "created_at", "date", "datetime",
		"Timestamp", "start_time", "Time", "t.$date", "eventtime", "CreationTime", "firstActivityDateTime", "CreatedAt", "timestampOccured",
	}
	m.time(names[:]...)
	if m.l.times[0].at < 0 {
		for i, l := range m.leaves {
			last := l.path[strings.LastIndexByte(l.path, '.')+1:]
			if slices.Contains(names[:], last) {
				m.l.times[0] = timeAt{at: i}
				break
			}
		}
	}
	m.host("host.name", "host.hostname", "hostname", "Computer", "computer", "agent.hostname", "host", "agent.name")
}
