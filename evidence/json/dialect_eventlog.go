package json

import (
	"strings"

	"aldebaran/event"
)

// windows says where the System part of a Windows event stands; -1 for what it lacks.
func (m *maker) windows(channel, provider, eventID, computer, recordID int) {
	m.l.product = "windows"
	m.l.channel.at, m.l.provider.at, m.l.computer.at = channel, provider, computer
	m.l.eventID, m.l.recordID = eventID, recordID
	for i, name := range map[int]string{channel: "Channel", provider: "Provider_Name", eventID: "EventID", computer: "Computer", recordID: "EventRecordID"} {
		if i >= 0 {
			m.fields[i].Name, m.fields[i].Part = name, event.System
		}
	}
	m.l.channelOf = channel < 0
}

// mend says that all values below a path are written otherwise than Windows does.
func (m *maker) mend(path string, how mending) {
	for i, l := range m.leaves {
		if !l.list && strings.HasPrefix(l.path, m.prefix+path) {
			m.l.mends = append(m.l.mends, mend{i, how})
		}
	}
}

// evtxDump is evtx_dump (omerbenamram/evtx), and XML of events that became JSON or stands in it:
//
//	{"Event":{"System":{"EventID":1,"Provider":{"#attributes":{"Name":...}},...},"EventData":{"Image":...}}}
func (m *maker) evtxDump() {
	m.rename(func(path string, l leaf) (string, event.Part) {
		path, ok := strings.CutPrefix(path, "Event.")
		if !ok {
			return "", event.Data
		}
		part := event.Data
		if strings.HasPrefix(path, "System.") || strings.HasPrefix(path, "RenderingInfo.") || strings.Contains(path, "xmlns") {
			part = event.System
		}
		return m.element(path, l), part
	})
	m.mend("Event.", mendGUID)
	m.windows(
		m.at("Event.System.Channel"),
		m.at("Event.System.Provider.#attributes.Name", "Event.System.Provider_attributes.Name", "Event.System.Provider.@Name"),
		m.at("Event.System.EventID", "Event.System.EventID.#text"),
		m.at("Event.System.Computer"),
		m.at("Event.System.EventRecordID"))
	m.time("Event.System.TimeCreated.#attributes.SystemTime", "Event.System.TimeCreated_attributes.SystemTime", "Event.System.TimeCreated.@SystemTime", "timestamp")
}

// element gives the name of an element, or of an attribute of one, in the form of the EVTX reader.
func (m *maker) element(path string, l leaf) string {
	section, rest, ok := strings.Cut(path, ".")
	if !ok {
		return path
	}
	if section == "EventData" || section == "Payload" {
		// Names in EventData may hold dots.
		if l.named != "" {
			return l.named
		}
		rest = strings.TrimPrefix(rest, "EventData.")
		name, attr, ok := cutAttribute(rest)
		name = strings.TrimSuffix(strings.TrimSuffix(name, "#text"), ".")
		switch {
		case ok && name == "":
			return section + "_" + attr
		case ok:
			return name + "_" + attr
		case name == "":
			return "Data"
		}
		return name
	}
	name, attr, ok := cutAttribute(rest)
	name = strings.TrimSuffix(name, ".#text")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	if name == "" {
		name = section
	}
	if ok {
		name += "_" + attr
	}
	return name
}

// cutAttribute cuts "Provider.#attributes.Name", "Provider_attributes.Name" and "Provider.@Name".
func cutAttribute(path string) (name, attr string, ok bool) {
	for _, sep := range [...]string{"#attributes.", "_attributes.", "@"} {
		if name, attr, ok = strings.Cut(path, sep); ok {
			return strings.TrimSuffix(name, "."), attr, true
		}
	}
	return path, "", false
}

// velociraptor is parse_evtx() of Velociraptor: {"System":{"EventID":{"Value":1},...},"EventData":{...}}.
func (m *maker) velociraptor() {
	m.rename(func(path string, l leaf) (string, event.Part) {
		switch {
		case strings.HasPrefix(path, "System."):
			return strings.ReplaceAll(strings.TrimSuffix(path[len("System."):], ".Value"), ".", "_"), event.System
		case strings.HasPrefix(path, "EventData."), strings.HasPrefix(path, "UserData."):
			return m.element(path, l), event.Data
		case path == "Message":
			return path, event.System
		}
		return "", event.Data
	})
	m.mend("", mendGUID)
	m.windows(m.at("System.Channel"), m.at("System.Provider.Name"), m.at("System.EventID.Value", "System.EventID"), m.at("System.Computer"), m.at("System.EventRecordID"))
	m.time("System.TimeCreated.SystemTime", "EventTime", "Timestamp")
}

// winlogbeat is winlogbeat 7 and later, and what else writes the Elastic Common Schema for Windows:
// https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog.
func (m *maker) winlogbeat() {
	m.beat("winlog.", map[string]string{
		"message": "Message", "winlog.provider_guid": "Provider_Guid", "winlog.process.pid": "Execution_ProcessID",
		"winlog.process.thread.id": "Execution_ThreadID", "winlog.user.identifier": "Security_UserID", "winlog.version": "Version",
	})
	m.windows(m.at("winlog.channel"), m.at("winlog.provider_name", "event.provider"), m.at("winlog.event_id", "event.code"),
		m.at("winlog.computer_name", "host.name", "host.hostname"), m.at("winlog.record_id"))
	m.time("@timestamp", "event.created")
}

// winlogbeat6 is winlogbeat before 7.
func (m *maker) winlogbeat6() {
	m.beat("", map[string]string{"message": "Message", "provider_guid": "Provider_Guid"})
	m.windows(m.at("log_name"), m.at("source_name"), m.at("event_id"), m.at("computer_name"), m.at("record_number"))
	m.time("@timestamp")
}

// beat names the values of an event that stand below a prefix, and those of its System part.
func (m *maker) beat(prefix string, system map[string]string) {
	m.rename(func(path string, _ leaf) (string, event.Part) {
		if at, ok := strings.CutPrefix(path, prefix); ok {
			for _, part := range [...]string{"event_data.", "user_data."} {
				if name, ok := strings.CutPrefix(at, part); ok {
					return name, event.Data
				}
			}
		}
		if name := system[path]; name != "" {
			return name, event.System
		}
		return "", event.Data
	})
}

// wazuh is what Wazuh passes on of Windows events; it writes names of EventData in camel case and
// escapes their values twice.
func (m *maker) wazuh() {
	m.rename(func(path string, _ leaf) (string, event.Part) {
		if name, ok := strings.CutPrefix(path, "win.eventdata."); ok {
			return wazuhName(name), event.Data
		}
		if name, ok := strings.CutPrefix(path, "win.system."); ok {
			switch name {
			case "providerGuid":
				return "Provider_Guid", event.System
			case "systemTime":
				return "TimeCreated_SystemTime", event.System
			case "processID", "threadID":
				return "Execution_" + wazuhName(name), event.System
			}
			return wazuhName(name), event.System
		}
		return "", event.Data
	})
	m.mend("win.eventdata.", mendEscapes)
	m.windows(m.at("win.system.channel"), m.at("win.system.providerName"), m.at("win.system.eventID"), m.at("win.system.computer"), m.at("win.system.eventRecordID"))
	m.time("win.system.systemTime")
}

// wazuhName undoes Wazuh's camel case. Names that Windows itself begins in lower case are param1 and
// its like.
func wazuhName(name string) string {
	if name == "" || strings.HasPrefix(name, "param") || name[0] < 'a' || name[0] > 'z' {
		return name
	}
	return string(name[0]-'a'+'A') + name[1:]
}

// evtxECmd is EvtxECmd of Eric Zimmerman's tools, whose Payload is the event's data as JSON.
func (m *maker) evtxECmd() {
	m.rename(func(path string, l leaf) (string, event.Part) {
		switch {
		case strings.HasPrefix(path, "Payload."):
			return m.element(path, l), event.Data
		case path == "Keywords" || path == "Level" || path == "TimeCreated":
			return path, event.System
		case path == "ProcessId" || path == "ThreadId":
			return "Execution_" + path[:len(path)-2] + "ID", event.System
		}
		return "", event.Data
	})
	m.windows(m.at("Channel"), m.at("Provider"), m.at("EventId"), m.at("Computer"), m.at("EventRecordId", "RecordNumber"))
	m.time("=TimeCreated")
}

// getWinEvent is Get-WinEvent | ConvertTo-Json of PowerShell. The values of Properties have no names.
func (m *maker) getWinEvent() {
	m.rename(func(path string, _ leaf) (string, event.Part) {
		switch {
		case path == "Properties.Value":
			return "Data", event.Data
		case !strings.HasPrefix(path, "Properties"):
			return path, event.System
		}
		return "", event.Data
	})
	m.windows(m.at("LogName"), m.at("ProviderName"), m.at("Id"), m.at("MachineName"), m.at("RecordId"))
	m.time("TimeCreated.DateTime", "TimeCreated")
}

// flatWindows is nxlog (im_msvistalog), what Security-Datasets made of it, Splunk's and Sentinel's
// tables: the fields of the event and of its header stand beside each other.
func (m *maker) flatWindows() {
	m.rename(func(path string, l leaf) (string, event.Part) {
		if strings.HasPrefix(path, "EventData.") {
			return m.element(path, l), event.Data
		}
		switch path {
		case "EventTime", "EventReceivedTime", "SourceModuleName", "SourceModuleType", "Severity", "SeverityValue", "Version", "Task",
			"Opcode", "OpcodeValue", "Keywords", "Level", "RecordNumber", "AccountType", "UserID", "EventTypeOrignal", "EventTypeOriginal",
			"@timestamp", "@version", "host", "port", "tags", "type", "TimeCreated", "Message", "TimeGenerated", "TenantId", "SourceSystem",
			"MG", "ManagementGroupName", "EventOriginId", "SourceComputerId", "_ResourceId", "Activity":
			return path, event.System
		case "ProviderGuid":
			return "Provider_Guid", event.System
		case "ExecutionProcessID":
			return "Execution_ProcessID", event.System
		case "ThreadID":
			return "Execution_ThreadID", event.System
		}
		for _, element := range [...]string{"Provider_", "TimeCreated_", "Correlation_", "Execution_", "Security_", "EventID_"} {
			if strings.HasPrefix(path, element) {
				return path, event.System
			}
		}
		return "", event.Data
	})
	m.windows(
		m.at("Channel", "LogName", "channel", "EventLog"),
		m.at("SourceName", "EventSourceName", "ProviderName", "Provider_Name", "provider_name", "Provider", "Source"),
		m.at("EventID", "EventCode", "event_id"),
		m.at("Hostname", "Computer", "ComputerName", "host_name", "hostname", "MachineName"),
		m.at("EventRecordID", "RecordNumber", "RecordID", "RecordId"))
	m.l.flat = true
	if i, message := m.at("EventType"), m.at("Message"); i >= 0 && message >= 0 {
		m.l.mends = append(m.l.mends, mend{i, mendEventType})
	}
	// TimeCreated of some exports is local, @timestamp is when a collector received the event: the
	// first that says its zone is taken.
	m.time("TimeCreated_SystemTime", "TimeCreated", "SystemTime", "TimeGenerated", "EventTime", "=UtcTime", "@timestamp", "_time", "Timestamp")
}

// channelByProvider is where events go that do not say their channel.
func channelByProvider(provider string) string {
	switch provider {
	case "Microsoft-Windows-Sysmon":
		return "Microsoft-Windows-Sysmon/Operational"
	case "Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog":
		return "Security"
	case "Microsoft-Windows-PowerShell":
		return "Microsoft-Windows-PowerShell/Operational"
	case "PowerShell":
		return "Windows PowerShell"
	case "Service Control Manager":
		return "System"
	case "Microsoft-Windows-Windows Defender":
		return "Microsoft-Windows-Windows Defender/Operational"
	case "Microsoft-Windows-TaskScheduler":
		return "Microsoft-Windows-TaskScheduler/Operational"
	case "Microsoft-Windows-WMI-Activity":
		return "Microsoft-Windows-WMI-Activity/Operational"
	}
	return ""
}
