package sigma

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"aldebaran/corpustest"
	"aldebaran/event"
)

// routedField is a field of a synthetic event with its value.
type routedField struct {
	name  string
	part  event.Part
	value event.Value
}

func dataText(name, text string) routedField {
	return routedField{name, event.Data, event.Value{Kind: event.Text, Raw: []byte(text)}}
}

func systemText(name, text string) routedField {
	return routedField{name, event.System, event.Value{Kind: event.Text, Raw: []byte(text)}}
}

// channelEvent makes a synthetic Windows event.
func channelEvent(channel string, id uint32, fields ...routedField) *event.Event {
	e := &event.Event{Shape: &event.Shape{}, Product: "windows", Channel: channel, EventID: id}
	for _, f := range fields {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: f.name, Part: f.part})
		e.Values = append(e.Values, f.value)
	}
	return e
}

// fitsRoute tells by the words of Route alone whether an event takes it.
func fitsRoute(r Route, e *event.Event) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	if !same(r.Product, e.Product) || !same(r.Category, e.Category) || !same(r.Service, e.Service) {
		return false
	}
	if len(r.Channels) > 0 && !slices.Contains(r.Channels, strings.ToLower(e.Channel)) {
		return false
	}
	if len(r.EventIDs) > 0 && !slices.Contains(r.EventIDs, e.EventID) {
		return false
	}
	for _, w := range r.Where {
		if !slices.ContainsFunc(w.Values, func(v string) bool { return strings.EqualFold(v, e.Text(w.Field)) }) &&
			!slices.ContainsFunc(w.Prefixes, func(p string) bool {
				return strings.HasPrefix(strings.ToLower(e.Text(w.Field)), strings.ToLower(p))
			}) {
			return false
		}
	}
	return true
}

// taken are the names of the routes of a log source that an event takes.
func taken(ls Logsource, e *event.Event) []string {
	var names []string
	routes, _ := Routes(ls)
	for _, r := range routes {
		if fitsRoute(r, e) {
			names = append(names, r.Name)
		}
	}
	return names
}

func windowsCategory(c string) Logsource { return Logsource{Product: "windows", Category: c} }
func windowsService(s string) Logsource  { return Logsource{Product: "windows", Service: s} }

func TestT23Gate(t *testing.T) {
	const sysmon, security = "Microsoft-Windows-Sysmon/Operational", "Security"
	f := func(ls Logsource, e *event.Event, want ...string) {
		t.Helper()
		if got := taken(ls, e); !slices.Equal(got, want) {
			t.Errorf("%s %d takes %q of %+v, want %q", e.Channel, e.EventID, got, ls, want)
		}
	}
	eventType := func(s string) routedField { return dataText("EventType", s) }

	f(windowsCategory("process_creation"), channelEvent(sysmon, 1), "Sysmon 1")
	f(windowsCategory("process_creation"), channelEvent("MICROSOFT-WINDOWS-SYSMON/Operational", 1), "Sysmon 1")
	f(windowsCategory("process_creation"), channelEvent(security, 4688), "Security 4688")
	// Never by the number alone: 1 and 11 are events of many providers.
	f(windowsCategory("process_creation"), channelEvent("System", 1))
	f(windowsCategory("process_creation"), channelEvent(security, 1))
	f(windowsCategory("process_creation"), channelEvent(sysmon, 4688))
	f(windowsCategory("file_event"), channelEvent("Microsoft-Windows-Kernel-General", 11))
	f(windowsCategory("file_event"), channelEvent(sysmon, 11), "Sysmon 11")

	f(windowsCategory("registry_add"), channelEvent(sysmon, 12, eventType("CreateKey")), "Sysmon 12 CreateKey")
	f(windowsCategory("registry_add"), channelEvent(sysmon, 12, eventType("DeleteKey")))
	f(windowsCategory("registry_delete"), channelEvent(sysmon, 12, eventType("CreateKey")))
	f(windowsCategory("registry_delete"), channelEvent(sysmon, 12, eventType("DeleteKey")), "Sysmon 12 DeleteKey/DeleteValue")
	f(windowsCategory("registry_delete"), channelEvent(sysmon, 12, eventType("DeleteValue")), "Sysmon 12 DeleteKey/DeleteValue")
	f(windowsCategory("registry_set"), channelEvent(sysmon, 12, eventType("CreateKey")))
	f(windowsCategory("registry_set"), channelEvent(sysmon, 13, eventType("SetValue")), "Sysmon 13")
	f(windowsCategory("registry_rename"), channelEvent(sysmon, 14), "Sysmon 14")
	for _, id := range []uint32{12, 13, 14} {
		f(windowsCategory("registry_event"), channelEvent(sysmon, id), "Sysmon 12/13/14")
	}
	f(windowsCategory("pipe_created"), channelEvent(sysmon, 17), "Sysmon 17/18")
	f(windowsCategory("pipe_created"), channelEvent(sysmon, 18), "Sysmon 17/18")
	f(windowsCategory("wmi_event"), channelEvent(sysmon, 21), "Sysmon 19/20/21")
	f(windowsCategory("wmi_event"), channelEvent(sysmon, 22))
	f(windowsCategory("sysmon_status"), channelEvent(sysmon, 4), "Sysmon 4/16")
	f(windowsCategory("sysmon_status"), channelEvent(sysmon, 16), "Sysmon 4/16")
	f(windowsCategory("dns_query"), channelEvent(sysmon, 22), "Sysmon 22")
	f(windowsCategory("driver_load"), channelEvent(sysmon, 6), "Sysmon 6")

	f(windowsCategory("ps_script"), channelEvent("Microsoft-Windows-PowerShell/Operational", 4104), "PowerShell 4104")
	f(windowsCategory("ps_script"), channelEvent("PowerShellCore/Operational", 4104), "PowerShell 4104")
	f(windowsCategory("ps_module"), channelEvent("PowerShellCore/Operational", 4104))
	f(windowsCategory("ps_classic_start"), channelEvent("Windows PowerShell", 400), "Windows PowerShell 400")
	f(windowsCategory("ps_classic_provider_start"), channelEvent("Windows PowerShell", 600), "Windows PowerShell 600")
	f(windowsCategory("ps_classic_script"), channelEvent("Windows PowerShell", 800), "Windows PowerShell 800")

	f(windowsService("powershell"), channelEvent("PowerShellCore/Operational", 53504), "Windows powershell")
	f(windowsService("applocker"), channelEvent("Microsoft-Windows-AppLocker/EXE and DLL", 8004), "Windows applocker")
	f(windowsService("applocker"), channelEvent("Microsoft-Windows-AppLocker/Packaged app-Execution", 8022), "Windows applocker")
	f(windowsService("security"), channelEvent(security, 4624), "Windows security")
	f(windowsService("security"), channelEvent("System", 4624))
	// A collected event says its own channel, whichever log it was forwarded to.
	forwarded := channelEvent(security, 4624)
	forwarded.Source.Path = "ForwardedEvents.evtx"
	f(windowsService("security"), forwarded, "Windows security")

	// Category and service are joined with AND.
	both := Logsource{Product: "windows", Category: "process_creation", Service: "sysmon"}
	f(both, channelEvent(sysmon, 1), "Sysmon 1")
	f(both, channelEvent(security, 4688))

	f(Logsource{Product: "windows"}, channelEvent("Anything/Operational", 7), "Windows")
	linux := &event.Event{Shape: &event.Shape{}, Product: "linux", Category: "process_creation"}
	f(Logsource{Product: "windows"}, linux)
	f(windowsCategory("process_creation"), linux)
	f(Logsource{Category: "process_creation"}, linux, "process_creation")
	f(Logsource{Category: "process_creation"}, channelEvent(sysmon, 1), "Sysmon 1")
	f(Logsource{Product: "linux", Category: "process_creation"}, linux, "linux process_creation")
	f(Logsource{Category: "webserver"}, &event.Event{Shape: &event.Shape{}, Product: "windows", Category: "webserver", Service: "iis"}, "webserver")
	f(Logsource{Category: "webserver"}, channelEvent(sysmon, 1))

	antivirus := Logsource{Category: "antivirus"}
	for id := range uint32(2000) {
		want := id >= 1006 && id <= 1012 || id >= 1017 && id <= 1019 || id == 1115 || id == 1116
		got := slices.Equal(taken(antivirus, channelEvent("Microsoft-Windows-Windows Defender/Operational", id)), []string{"Defender"})
		if got != want {
			t.Errorf("Defender %d is antivirus: %v, want %v", id, got, want)
		}
	}
}

func TestT23Unknown(t *testing.T) {
	f := func(ls Logsource, want bool) {
		t.Helper()
		routes, known := Routes(ls)
		if known != want || known != (len(routes) > 0) {
			t.Errorf("Routes(%+v) = %d routes, %v, want known %v", ls, len(routes), known, want)
		}
	}
	f(Logsource{}, false)
	f(Logsource{Definition: "anything"}, false)
	f(Logsource{Product: "windows", Category: "process_creatoin"}, false)
	f(Logsource{Product: "windows", Service: "no-such-service"}, false)
	f(Logsource{Product: "windows", Service: "auditd"}, false)
	f(Logsource{Product: "solaris"}, false)
	f(Logsource{Category: "no_such_category"}, false)
	f(Logsource{Service: "no-such-service"}, false)
	// No event can be both.
	f(Logsource{Product: "windows", Category: "process_creation", Service: "powershell"}, false)
	f(Logsource{Category: "process_creation", Service: "cloudtrail"}, false)
	f(Logsource{Product: "aws", Service: "auditlogs"}, false)

	f(Logsource{Product: "aws", Service: "cloudtrail"}, true)
	f(Logsource{Product: "linux"}, true)
	f(Logsource{Product: "paloalto", Category: "appliance", Service: "globalprotect"}, true)
	f(Logsource{Product: "cisco", Category: "firewall"}, true)
	f(Logsource{Service: "sysmon"}, true)
	f(Logsource{Service: "apache"}, true)
	f(Logsource{Product: "windows", Category: "webserver", Service: "iis"}, true)
}

// TestRoutesShape holds what Route promises of every route there is.
func TestRoutesShape(t *testing.T) {
	var all []Route
	for _, list := range windowsCategories {
		all = append(all, list...)
	}
	for _, list := range windowsServices {
		all = append(all, list...)
	}
	for _, r := range all {
		if r.Name == "" || r.Product == "windows" && len(r.Channels)+len(r.Where) == 0 || r.Product != "windows" && r.Service == "" {
			t.Errorf("route %+v is too wide or has no name", r)
		}
		for _, c := range r.Channels {
			if c != strings.ToLower(c) {
				t.Errorf("route %s: channel %q is not in lower case", r.Name, c)
			}
		}
		weak := strings.HasPrefix(r.Name, "Security 4") || strings.HasPrefix(r.Name, "Security 5") || strings.HasPrefix(r.Name, "Kernel-File") || strings.HasPrefix(r.Name, "Exchange")
		if r.Weak != weak {
			t.Errorf("route %s: weak is %v", r.Name, r.Weak)
		}
		for name, d := range r.Fields {
			if strings.Contains(name, " ") || d.Make == nil && len(d.From) != 1 {
				t.Errorf("route %s: field %q: %v", r.Name, name, d.From)
			}
		}
	}
}

// TestRoutesOfCorpus reads the log source of every rule that SigmaHQ ships.
func TestRoutesOfCorpus(t *testing.T) {
	files, windows, reached := 0, 0, 0
	for path, text := range corpustest.Each(t, "sigma/rules", ".yml") {
		var rule struct {
			Action    string // "global" in the first of several documents, which have log sources of their own
			Logsource Logsource
			Detection yaml.Node
		}
		if err := yaml.Unmarshal(text, &rule); err != nil || rule.Detection.IsZero() || rule.Action != "" {
			continue // correlations and filters; the parser's own test counts the rejected
		}
		files++
		ls := rule.Logsource
		ls.Product, ls.Category, ls.Service = strings.ToLower(ls.Product), strings.ToLower(ls.Category), strings.ToLower(ls.Service)
		ls.Definition = ""
		routes, known := Routes(ls)
		if !known || len(routes) == 0 {
			t.Errorf("%s: log source %+v is unknown", path, ls)
		}
		if ls.Product == "windows" {
			windows++
			// What EVTX can serve: not by a label that only other readers give.
			if slices.ContainsFunc(routes, func(r Route) bool { return r.Category == "" && r.Service == "" }) {
				reached++
			} else {
				t.Errorf("%s: no Windows event serves %+v", path, ls)
			}
		}
	}
	t.Logf("%d rules, %d for Windows, %d of them reachable from event logs", files, windows, reached)
	if files < 3000 || windows < 2000 {
		t.Errorf("read %d rules, %d for Windows: too few for SigmaHQ", files, windows)
	}
}
