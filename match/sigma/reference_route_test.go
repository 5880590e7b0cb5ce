package sigma_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"aldebaran/corpustest"
)

// A refRoute is one kind of event that a log source means.
type refRoute struct {
	name                       string
	product, category, service string
	channels                   []string
	ids                        []uint32
	where                      map[string][]string
	fields                     map[string]refDerive
}

// A refDerive gives what a field of a rule is in an event that calls it otherwise.
type refDerive func(*refEvent) (elements []refElement, present bool)

// A refTable says which channels and events the log sources of Windows are.
type refTable struct {
	services   map[string][]string // channels
	categories map[string][]refRoute
	made       map[refLogsource][]refRoute
}

const (
	refSysmonChannel   = "Microsoft-Windows-Sysmon/Operational"
	refSecurityChannel = "Security"
)

// refNewTable makes the table: what sigma-traps T23 to T25 say, and, where the corpus is at hand,
// SigmaHQ's own mapping for the rest. Where the two differ the traps win.
func refNewTable(t testing.TB) *refTable {
	t.Helper()
	table := &refTable{
		services:   map[string][]string{},
		categories: map[string][]refRoute{},
		made:       map[refLogsource][]refRoute{},
	}
	if corpustest.Root() != "" {
		table.readThor(t, corpustest.Read(t, "sigma/thor-logsource-mapping.yml"))
	}
	maps.Copy(table.services, map[string][]string{
		"sysmon":                {refSysmonChannel},
		"security":              {refSecurityChannel},
		"system":                {"System"},
		"application":           {"Application"},
		"powershell":            {"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"},
		"powershell-classic":    {"Windows PowerShell"},
		"windefend":             {"Microsoft-Windows-Windows Defender/Operational"},
		"firewall-as":           {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
		"wmi":                   {"Microsoft-Windows-WMI-Activity/Operational"},
		"msexchange-management": {"MSExchange Management"},
		"applocker": {
			"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
			"Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution",
		},
		"security-mitigations": {
			"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode",
		},
		// In the taxonomy appendix, not in the mapping of THOR:
		"dns-server":                  {"DNS Server"},
		"dns-server-analytic":         {"Microsoft-Windows-DNS-Server/Analytical"},
		"dns-server-audit":            {"Microsoft-Windows-DNS-Server/Audit"},
		"driver-framework":            {"Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
		"microsoft-servicebus-client": {"Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"},
	})
	// Channels that Windows registers under other names than the two sources write.
	for service, channels := range map[string][]string{
		"dhcp":                 {"Microsoft-Windows-Dhcp-Server/FilterNotifications", "DhcpAdminEvents"},
		"dns-client":           {"Microsoft-Windows-DNS-Client/Operational"},
		"dns-server-analytic":  {"Microsoft-Windows-DNSServer/Analytical"},
		"dns-server-audit":     {"Microsoft-Windows-DNSServer/Audit"},
		"hyper-v-worker":       {"Microsoft-Windows-Hyper-V-Worker-Admin", "Microsoft-Windows-Hyper-V-Worker-Operational"},
		"kernel-event-tracing": {"Microsoft-Windows-Kernel-EventTracing/Admin", "Microsoft-Windows-Kernel-EventTracing/Analytic"},
		"security-mitigations": {"Microsoft-Windows-Security-Mitigations/KernelMode", "Microsoft-Windows-Security-Mitigations/UserMode"},
		"vhdmp":                {"Microsoft-Windows-VHDMP-Operational"},
	} {
		table.services[service] = append(table.services[service], channels...)
	}
	sysmon := func(ids ...uint32) refRoute {
		return refRoute{name: fmt.Sprint("Sysmon ", ids), channels: []string{refSysmonChannel}, ids: ids, fields: refFieldsSysmon()}
	}
	eventType := func(r refRoute, types ...string) refRoute {
		r.where = map[string][]string{"EventType": types}
		return r
	}
	operation := func(codes ...string) refRoute {
		words := map[string]string{
			"%%1904": "New registry value created", "%%1905": "Existing registry value modified", "%%1906": "Registry value deleted",
		}
		for _, c := range codes {
			codes = append(codes, words[c]) // exports to JSON have resolved the codes
		}
		return refRoute{
			name: "Security 4657", channels: []string{refSecurityChannel}, ids: []uint32{4657}, fields: refFields4657(),
			where: map[string][]string{"OperationType": codes},
		}
	}
	// What is a new key in Sysmon is a new value here.
	added := operation("%%1904")
	added.fields["EventType"] = refMade(func(*refEvent) (string, bool) { return "CreateKey", true })
	stream := sysmon(15) // calls the list of its hashes otherwise
	stream.fields["Hashes"] = refFrom("Hash")
	kernelFile := func(ids ...uint32) refRoute {
		return refRoute{name: "Kernel-File", ids: ids, where: map[string][]string{"Provider_Name": {"Microsoft-Windows-Kernel-File"}}}
	}
	channel := func(service string, ids ...uint32) []refRoute {
		return []refRoute{{name: service, channels: table.services[service], ids: ids, fields: refFieldsOf(service)}}
	}
	maps.Copy(table.categories, map[string][]refRoute{
		"process_creation": {sysmon(1), {
			name: "Security 4688", channels: []string{refSecurityChannel}, ids: []uint32{4688}, fields: refFields4688(),
		}},
		"network_connection": {sysmon(3), {
			name: "Security 5156", channels: []string{refSecurityChannel}, ids: []uint32{5156}, fields: refFields5156(),
		}},
		"registry_event":            {sysmon(12, 13, 14), operation("%%1904", "%%1905", "%%1906")},
		"registry_set":              {sysmon(13), operation("%%1904", "%%1905")},
		"registry_add":              {eventType(sysmon(12), "CreateKey"), added},
		"registry_delete":           {eventType(sysmon(12), "DeleteKey", "DeleteValue"), operation("%%1906")},
		"registry_rename":           {sysmon(14)},
		"pipe_created":              {sysmon(17, 18)},
		"wmi_event":                 {sysmon(19, 20, 21)},
		"sysmon_status":             {sysmon(4, 16)},
		"image_load":                {sysmon(7)},
		"file_event":                {sysmon(11)},
		"dns_query":                 {sysmon(22)},
		"create_stream_hash":        {stream},
		"file_access":               {kernelFile(12, 30)},
		"file_rename":               {kernelFile(27)},
		"ps_classic_start":          channel("powershell-classic", 400),
		"ps_classic_provider_start": channel("powershell-classic", 600),
		"ps_classic_script":         channel("powershell-classic", 800),
		"ps_module":                 channel("powershell", 4103),
		"ps_script":                 channel("powershell", 4104),
		"antivirus": {{
			name: "Defender", channels: table.services["windefend"],
			ids:    []uint32{1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116},
			fields: map[string]refDerive{"Signature": refFrom("ThreatName"), "Filename": refFrom("Path")},
		}},
	})
	return table
}

// readThor takes over SigmaHQ's mapping: services with their channels, categories with the events
// of a service.
func (table *refTable) readThor(t testing.TB, b []byte) {
	t.Helper()
	var doc struct {
		Logsources map[string]struct {
			Category, Product, Service string
			Conditions                 map[string]yaml.Node
			Sources                    []string
			Rewrite                    struct{ Product, Service string }
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Logsources {
		if s.Service == "" || s.Product != "windows" {
			continue
		}
		for _, source := range s.Sources {
			if channel, ok := strings.CutPrefix(source, "WinEventLog:"); ok {
				table.services[s.Service] = append(table.services[s.Service], channel)
			}
		}
	}
	for name, s := range doc.Logsources {
		if s.Category == "" || s.Rewrite.Service == "" {
			continue
		}
		r := refRoute{name: name, channels: table.services[s.Rewrite.Service], fields: refFieldsOf(s.Rewrite.Service)}
		for field, n := range s.Conditions {
			values := []*yaml.Node{&n}
			if n.Kind == yaml.SequenceNode {
				values = n.Content
			}
			for _, v := range values {
				if field != "EventID" {
					if r.where == nil {
						r.where = map[string][]string{}
					}
					r.where[field] = append(r.where[field], v.Value)
					continue
				}
				id, err := strconv.ParseUint(v.Value, 10, 32)
				if err != nil {
					t.Fatal(err)
				}
				r.ids = append(r.ids, uint32(id))
			}
		}
		table.categories[s.Category] = append(table.categories[s.Category], r)
	}
}

// routes gives the kinds of event that a log source means; none if nothing is known of it. Events
// of other products take the log source that their reader gave them.
func (table *refTable) routes(ls refLogsource) []refRoute {
	if have, ok := table.made[ls]; ok {
		return have
	}
	var routes []refRoute
	if ls.product == "windows" || ls.product == "" {
		channels, service := table.services[ls.service]
		switch {
		case ls.category != "":
			for _, r := range table.categories[ls.category] {
				if ls.service != "" {
					r.channels = slices.DeleteFunc(slices.Clone(r.channels), func(c string) bool { return !slices.Contains(channels, c) })
					if len(r.channels) == 0 {
						continue
					}
				}
				routes = append(routes, r)
			}
		case service:
			routes = append(routes, refRoute{name: ls.service, channels: channels, fields: refFieldsOf(ls.service)})
		case ls.service == "" && ls.product == "windows":
			routes = append(routes, refRoute{name: "Windows"})
		}
		for i := range routes {
			routes[i].product = "windows"
		}
	}
	if len(routes) == 0 && ls.product == "windows" || ls.product != "windows" && ls != (refLogsource{}) {
		r := refRoute{name: "labelled", product: ls.product, category: ls.category, service: ls.service}
		if ls.category == "webserver" || ls.category == "proxy" {
			r.fields = refWebFields()
		} else if ls.product == "zeek" {
			r.fields = refZeekFields(ls.service)
		} else if ls.category == "dns" {
			r.fields = refNetworkFields("dns")
		}
		routes = append(routes, r)
	}
	routes = append(routes, refLinuxRoutes(ls)...)
	routes = append(routes, refNetworkRoutes(ls)...)
	routes = append(routes, refDefenderRoutes(ls)...)
	routes = append(routes, refDatabaseRoutes(ls)...)
	table.made[ls] = routes
	return routes
}
