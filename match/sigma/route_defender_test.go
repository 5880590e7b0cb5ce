package sigma

import (
	"testing"

	"aldebaran/event"
)

func TestDefenderRoutes(t *testing.T) {
	device := func(action string, fields ...routedField) *event.Event {
		e := channelEvent("", 0, append([]routedField{dataText("ActionType", action), dataText("DeviceName", "srv1")}, fields...)...)
		e.Service = serviceDefender
		return e
	}
	f := func(ls Logsource, e *event.Event, want string) {
		t.Helper()
		got := taken(ls, e)
		if (want == "") != (len(got) == 0) || want != "" && got[0] != want {
			t.Errorf("takes %q of %+v, want %q", got, ls, want)
		}
	}
	f(windowsCategory("process_creation"), device("ProcessCreated"), "Defender XDR process_creation")
	f(windowsCategory("process_creation"), device("FileCreated"), "")
	f(windowsCategory("file_event"), device("FileCreated"), "Defender XDR file_event")
	f(windowsCategory("registry_event"), device("RegistryValueSet"), "Defender XDR registry_event")
	f(windowsCategory("registry_set"), device("RegistryKeyCreated"), "")
	f(Logsource{Category: "network_connection"}, device("ConnectionSuccess"), "Defender XDR network_connection")
	f(Logsource{Product: "linux", Category: "network_connection"}, device("ConnectionSuccess"), "")
	f(windowsService("sysmon"), device("ProcessCreated"), "")

	r := resolves(t, windowsCategory("process_creation"), device("ProcessCreated", dataText("FolderPath", `C:\a\b.exe`), dataText("ProcessCommandLine", "b -x"),
		dataText("InitiatingProcessFolderPath", `c:\p.exe`), dataText("InitiatingProcessCommandLine", "p"), dataText("SHA256", "aa")))
	r("Image", `C:\a\b.exe`)
	r("CommandLine", "b -x")
	r("ParentImage", `c:\p.exe`)
	r("ParentCommandLine", "p")
	r("sha256", "aa")
	r("Computer", "srv1")
	r = resolves(t, windowsCategory("registry_set"), device("RegistryValueSet", dataText("RegistryKey", `HKEY_LOCAL_MACHINE\SOFTWARE\Run`), dataText("RegistryValueName", "x"), dataText("RegistryValueData", "y")))
	r("TargetObject", `HKLM\SOFTWARE\Run\x`)
	r("Details", "y")
	r = resolves(t, windowsCategory("registry_set"), device("RegistryValueSet", dataText("RegistryKey", `HKEY_USERS\S-1\Run`), dataText("RegistryValueName", "")))
	r("TargetObject", `HKU\S-1\Run`)
}
