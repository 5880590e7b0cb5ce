package sigma

import (
	"slices"
	"strconv"
	"strings"
)

// windowsRoutes gives the routes of Windows event logs for a category and a service, either of
// which may be empty; none if one of them is unknown or no event can be both.
func windowsRoutes(category, service string) []Route {
	switch {
	case category == "" && service == "":
		return windowsAny
	case category == "":
		return windowsServices[service]
	case service == "":
		return windowsCategories[category]
	}
	var both []Route
	for _, r := range windowsCategories[category] {
		for _, s := range windowsServices[service] {
			if slices.ContainsFunc(r.Channels, func(c string) bool { return slices.Contains(s.Channels, c) }) {
				both = append(both, r)
				break
			}
		}
	}
	return both
}

// The channels of which only some events belong to a category, in lower case.
const (
	channelSysmon     = "microsoft-windows-sysmon/operational"
	channelSecurity   = "security"
	channelPowerShell = "microsoft-windows-powershell/operational"
	channelPwsh       = "powershellcore/operational" // PowerShell 6 and later
	channelClassic    = "windows powershell"
	channelDefender   = "microsoft-windows-windows defender/operational"
)

// windowsAny serves "product: windows" without more: every Windows event.
var windowsAny = []Route{{Product: "windows", Fields: serverFields, Name: "Windows"}}

// windowsServices are the channels of each service. Facts from the specification's taxonomy
// appendix ("Windows Folder", "Service") and SigmaHQ's tests/thor.yml, completed with the names
// under which Windows really registers channels that those two write differently.
var windowsServices = windowsServiceRoutes(map[string][]string{
	"application":            {"Application"},
	"application-experience": {"Microsoft-Windows-Application-Experience/Program-Telemetry", "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"},
	"applocker": {
		"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
		"Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution",
	},
	"appmodel-runtime":      {"Microsoft-Windows-AppModel-Runtime/Admin"},
	"appxdeployment-server": {"Microsoft-Windows-AppXDeploymentServer/Operational"},
	"appxpackaging-om":      {"Microsoft-Windows-AppxPackaging/Operational"},
	"bitlocker":             {"Microsoft-Windows-BitLocker/BitLocker Management"},
	"bits-client":           {"Microsoft-Windows-Bits-Client/Operational"},
	"capi2":                 {"Microsoft-Windows-CAPI2/Operational"},
	"certificateservicesclient-lifecycle-system": {"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"},
	"codeintegrity-operational":                  {"Microsoft-Windows-CodeIntegrity/Operational"},
	"dhcp":                                       {"Microsoft-Windows-DHCP-Server/Operational", "Microsoft-Windows-Dhcp-Server/FilterNotifications", "DhcpAdminEvents"},
	"diagnosis-scripted":                         {"Microsoft-Windows-Diagnosis-Scripted/Operational"},
	"dns-client":                                 {"Microsoft-Windows-DNS Client Events/Operational", "Microsoft-Windows-DNS-Client/Operational"},
	"dns-server":                                 {"DNS Server"},
	"dns-server-analytic":                        {"Microsoft-Windows-DNS-Server/Analytical", "Microsoft-Windows-DNSServer/Analytical"},
	"dns-server-audit":                           {"Microsoft-Windows-DNS-Server/Audit", "Microsoft-Windows-DNSServer/Audit"},
	"driver-framework":                           {"Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
	"firewall-as":                                {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
	"hyper-v-worker":                             {"Microsoft-Windows-Hyper-V-Worker", "Microsoft-Windows-Hyper-V-Worker-Admin", "Microsoft-Windows-Hyper-V-Worker-Operational"},
	"iis-configuration":                          {"Microsoft-IIS-Configuration/Operational"},
	"kernel-event-tracing":                       {"Microsoft-Windows-Kernel-EventTracing", "Microsoft-Windows-Kernel-EventTracing/Admin", "Microsoft-Windows-Kernel-EventTracing/Analytic"},
	"kernel-shimengine":                          {"Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"},
	"ldap":                                       {"Microsoft-Windows-LDAP-Client/Debug"},
	"lsa-server":                                 {"Microsoft-Windows-LSA/Operational"},
	"microsoft-servicebus-client":                {"Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"},
	"ntfs":                                       {"Microsoft-Windows-Ntfs/Operational"},
	"ntlm":                                       {"Microsoft-Windows-NTLM/Operational"},
	"openssh":                                    {"OpenSSH/Operational"},
	"powershell":                                 {channelPowerShell, channelPwsh},
	"powershell-classic":                         {channelClassic},
	"printservice-admin":                         {"Microsoft-Windows-PrintService/Admin"},
	"printservice-operational":                   {"Microsoft-Windows-PrintService/Operational"},
	"security":                                   {channelSecurity},
	"security-mitigations":                       {"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode", "Microsoft-Windows-Security-Mitigations/KernelMode", "Microsoft-Windows-Security-Mitigations/UserMode"},
	"sense":                                      {"Microsoft-Windows-SENSE/Operational"},
	"servicebus-client":                          {"Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"},
	"shell-core":                                 {"Microsoft-Windows-Shell-Core/Operational"},
	"smbclient-connectivity":                     {"Microsoft-Windows-SmbClient/Connectivity"},
	"smbclient-security":                         {"Microsoft-Windows-SmbClient/Security"},
	"smbserver-connectivity":                     {"Microsoft-Windows-SMBServer/Connectivity"},
	"sysmon":                                     {channelSysmon},
	"system":                                     {"System"},
	"taskscheduler":                              {"Microsoft-Windows-TaskScheduler/Operational"},
	"terminalservices-localsessionmanager":       {"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
	"vhdmp":                                      {"Microsoft-Windows-VHDMP/Operational", "Microsoft-Windows-VHDMP-Operational"},
	"windefend":                                  {channelDefender},
	"wmi":                                        {"Microsoft-Windows-WMI-Activity/Operational"},
})

func windowsServiceRoutes(channels map[string][]string) map[string][]Route {
	routes := make(map[string][]Route, len(channels))
	for service, list := range channels {
		r := Route{Product: "windows", Fields: windowsFields, Name: "Windows " + service}
		for _, c := range list {
			r.Channels = append(r.Channels, strings.ToLower(c))
		}
		switch service {
		case "sysmon":
			r.Fields = sysmonFields
		case "powershell-classic":
			r.Fields = classicFields
		case "application", "security":
			r.Fields = serverFields
		}
		routes[service] = []Route{r}
	}
	routes["msexchange-management"] = managementRoutes
	routes["mssqlserver"] = mssqlRoutes
	return routes
}

// windowsCategories are the events of each category. Facts from the specification's taxonomy
// appendix ("Windows Folder", "Category"), SigmaHQ's tests/thor.yml and logsource.json, and for
// Security 4657, 4688 and 5156 from what those events hold (T24, T25).
var windowsCategories = map[string][]Route{
	"process_creation":         {sysmon(1), process4688},
	"file_change":              {sysmon(2)},
	"network_connection":       {sysmon(3), network5156},
	"sysmon_status":            {sysmon(4, 16)},
	"process_termination":      {sysmon(5)},
	"driver_load":              {sysmon(6)},
	"image_load":               {sysmon(7)},
	"create_remote_thread":     {sysmon(8)},
	"raw_access_thread":        {sysmon(9)},
	"raw_access_read":          {sysmon(9)},
	"process_access":           {sysmon(10)},
	"file_event":               {sysmon(11)},
	"registry_event":           {sysmon(12, 13, 14), registry4657("", registryEventType, valueCreated, valueModified, valueDeleted)},
	"registry_add":             {sysmonType(12, "CreateKey"), registry4657("CreateKey", registryAddType, valueCreated)},
	"registry_delete":          {sysmonType(12, "DeleteKey", "DeleteValue"), registry4657("DeleteValue", registryEventType, valueDeleted)},
	"registry_set":             {sysmon(13), registry4657("SetValue", registryEventType, valueCreated, valueModified)},
	"registry_rename":          {sysmon(14)},
	"create_stream_hash":       {sysmonStreamHash()},
	"pipe_created":             {sysmon(17, 18)},
	"wmi_event":                {sysmon(19, 20, 21)},
	"dns_query":                {sysmon(22)},
	"file_delete":              {sysmon(23)},
	"clipboard_capture":        {sysmon(24)},
	"clipboard_change":         {sysmon(24)},
	"process_tampering":        {sysmon(25)},
	"file_delete_detected":     {sysmon(26)},
	"file_block":               {sysmon(27)},
	"file_block_executable":    {sysmon(27)},
	"file_block_shredding":     {sysmon(28)},
	"file_executable_detected": {sysmon(29)},
	"sysmon_error":             {sysmon(255)},

	"ps_module":                 {powershell(4103)},
	"ps_script":                 {powershell(4104)},
	"ps_classic_start":          {classic(400)},
	"ps_classic_provider_start": {classic(600)},
	"ps_classic_script":         {classic(800)},

	// The provider's Create and CreateNewFile, and RenamePath: the events that have the fields
	// which logsource.json lists. It does not say where Image comes from; they have none.
	"file_access": {kernelFile(12, 30)},
	"file_rename": {kernelFile(27)},

	// All that have a threat name or a path, by Microsoft's "Review event logs and error codes to
	// troubleshoot issues with Microsoft Defender Antivirus"; the list is that of thor.yml.
	"antivirus": {{
		Product:  "windows",
		Channels: []string{channelDefender},
		EventIDs: []uint32{1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116},
		Fields: windowsFields.with(Mapping{
			"Signature": {From: []string{"ThreatName"}},
			"Filename":  {From: []string{"Path"}},
		}),
		Name: "Defender",
	}},
}

func sysmon(ids ...uint32) Route {
	return Route{
		Product: "windows", Channels: []string{channelSysmon}, EventIDs: ids, Fields: sysmonFields,
		Name: "Sysmon " + joinIDs(ids),
	}
}

func sysmonType(id uint32, types ...string) Route {
	r := sysmon(id)
	r.Where = []Where{{Field: "EventType", Values: types}}
	r.Name += " " + strings.Join(types, "/")
	return r
}

func sysmonStreamHash() Route {
	r := sysmon(15)
	r.Fields = streamHashFields
	return r
}

func powershell(id uint32) Route {
	return Route{
		Product: "windows", Channels: []string{channelPowerShell, channelPwsh}, EventIDs: []uint32{id},
		Fields: windowsFields, Name: "PowerShell " + joinIDs([]uint32{id}),
	}
}

func classic(id uint32) Route {
	return Route{
		Product: "windows", Channels: []string{channelClassic}, EventIDs: []uint32{id},
		Fields: classicFields, Name: "Windows PowerShell " + joinIDs([]uint32{id}),
	}
}

// kernelFile is for traces that were saved as an event log: this provider has no channel of its own.
func kernelFile(ids ...uint32) Route {
	return Route{
		Product: "windows", EventIDs: ids,
		Where:  []Where{{Field: "Provider_Name", Values: []string{"Microsoft-Windows-Kernel-File"}}},
		Fields: windowsFields, Weak: true, Name: "Kernel-File " + joinIDs(ids),
	}
}

func joinIDs(ids []uint32) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(id), 10)
	}
	return string(b)
}
