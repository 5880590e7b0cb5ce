package sigma

import (
	"encoding/binary"
	"strings"
	"testing"

	"aldebaran/event"
)

// resolveField gives a rule's field on the one route of its log source that the event takes: "" and
// false if it has none there.
func resolveField(t *testing.T, ls Logsource, e *event.Event, field string) (string, bool) {
	t.Helper()
	routes, _ := Routes(ls)
	for _, r := range routes {
		if !fitsRoute(r, e) {
			continue
		}
		d, ok := r.Fields[field]
		switch {
		case ok && d.Make != nil:
			text, ok := d.Make([]byte("before"), e)
			rest, kept := strings.CutPrefix(string(text), "before")
			if !kept || !ok && rest != "" {
				t.Errorf("%s: %s of %+v gives %q, %v: what dst held is gone", r.Name, field, e.Values, text, ok)
			}
			return rest, ok
		case ok:
			field = d.From[0]
		}
		v, ok := e.Get(field)
		return v.String(), ok && !v.IsNull()
	}
	t.Fatalf("%s %d takes no route of %+v", e.Channel, e.EventID, ls)
	return "", false
}

// resolves returns a closure that wants a field to have a value; "absent" for none.
func resolves(t *testing.T, ls Logsource, e *event.Event) func(field, want string) {
	t.Helper()
	return func(field, want string) {
		t.Helper()
		got, ok := resolveField(t, ls, e, field)
		if !ok {
			got = "absent"
		}
		if got != want {
			t.Errorf("%s %d: %s = %q, want %q", e.Channel, e.EventID, field, got, want)
		}
	}
}

func dataHex(name string, n uint64) routedField {
	return routedField{name, event.Data, event.Value{Kind: event.Hex64, Raw: binary.LittleEndian.AppendUint64(nil, n)}}
}

func dataSID(name string, authority byte, sub ...uint32) routedField {
	raw := []byte{1, byte(len(sub)), 0, 0, 0, 0, 0, authority}
	for _, s := range sub {
		raw = binary.LittleEndian.AppendUint32(raw, s)
	}
	return routedField{name, event.Data, event.Value{Kind: event.SID, Raw: raw}}
}

func TestT21ComputerAlias(t *testing.T) {
	all := Logsource{Product: "windows"}
	f := resolves(t, all, channelEvent("System", 7, systemText("Computer", "srv1")))
	f("Computer", "srv1")
	f("ComputerName", "srv1")
	f = resolves(t, all, channelEvent("System", 7, systemText("Computer", "srv1"), dataText("ComputerName", "peer")))
	f("ComputerName", "peer")
	f("Computer", "srv1")
	f = resolves(t, all, channelEvent("System", 7, dataText("ComputerName", "srv2")))
	f("Computer", "srv2")
	f("Provider_Name", "absent")
	f = resolves(t, all, channelEvent("System", 7, systemText("Provider_Name", "Service Control Manager")))
	f("Provider_Name", "Service Control Manager")
}

func TestT22DefenderFields(t *testing.T) {
	e := channelEvent("Microsoft-Windows-Windows Defender/Operational", 1116,
		dataText("ThreatName", "Synthetic:Test"), dataText("Path", `file:_C:\inetpub\a.aspx`))
	f := resolves(t, Logsource{Category: "antivirus"}, e)
	f("Signature", "Synthetic:Test")
	f("Filename", `file:_C:\inetpub\a.aspx`)
	f("ThreatName", "Synthetic:Test")
}

func TestT24ProcessCreation(t *testing.T) {
	processCreation := windowsCategory("process_creation")
	e := channelEvent("Security", 4688,
		dataSID("SubjectUserSid", 5, 21, 1, 2, 3, 1104), dataText("SubjectUserName", "pgustavo"), dataText("SubjectDomainName", "MORDOR"),
		dataHex("SubjectLogonId", 0x24579A8), dataHex("NewProcessId", 0x24a8), dataText("NewProcessName", `C:\Windows\System32\regsvr32.exe`),
		dataText("TokenElevationType", "%%1937"), dataHex("ProcessId", 0x21c8), dataText("CommandLine", "regsvr32 /s x"),
		dataSID("TargetUserSid", 0, 0), dataText("TargetUserName", "-"), dataText("TargetDomainName", "-"), dataHex("TargetLogonId", 0),
		dataText("ParentProcessName", `C:\Windows\explorer.exe`), dataSID("MandatoryLabel", 16, 12288))
	f := resolves(t, processCreation, e)
	f("Image", `C:\Windows\System32\regsvr32.exe`)
	f("ParentImage", `C:\Windows\explorer.exe`)
	f("CommandLine", "regsvr32 /s x")
	f("ProcessId", "9384")
	f("ParentProcessId", "8648")
	f("LogonId", "0x24579a8")
	f("IntegrityLevel", "High")
	f("User", `MORDOR\pgustavo`)
	f("ParentUser", `MORDOR\pgustavo`)
	f("OriginalFileName", "absent")
	f("ParentCommandLine", "absent")
	f("Hashes", "absent")

	// The process runs as another account than its creator's.
	e = channelEvent("Security", 4688,
		dataSID("SubjectUserSid", 5, 18), dataText("SubjectUserName", "WORKSTATION5$"), dataText("SubjectDomainName", "WORKGROUP"),
		dataHex("SubjectLogonId", 0x3e7), dataSID("TargetUserSid", 0, 0), dataText("TargetUserName", "wardog"),
		dataText("TargetDomainName", "WORKSTATION5"), dataHex("TargetLogonId", 0xc61d9))
	f = resolves(t, processCreation, e)
	f("User", `WORKSTATION5\wardog`)
	f("ParentUser", `NT AUTHORITY\SYSTEM`)
	f("LogonId", "0xc61d9")
	f("Image", "absent")
	f("ProcessId", "absent")

	// Version 0 of the event, and texts as other writers have them.
	e = channelEvent("Security", 4688, dataText("SubjectUserName", "bob"), dataText("SubjectDomainName", ""),
		dataText("SubjectLogonId", "0x00000000000003E7"), dataText("NewProcessId", "704"), dataText("ProcessId", "0xZZ"), dataText("MandatoryLabel", "S-1-16-8448"))
	f = resolves(t, processCreation, e)
	f("User", "bob")
	f("LogonId", "0x3e7")
	f("ProcessId", "704")
	f("ParentProcessId", "0xZZ")
	f("IntegrityLevel", "S-1-16-8448")

	// On Sysmon 1 nothing is changed.
	e = channelEvent("Microsoft-Windows-Sysmon/Operational", 1, dataText("Image", "a"), dataText("User", "b"), dataText("ProcessId", "7"))
	f = resolves(t, processCreation, e)
	f("Image", "a")
	f("User", "b")
	f("ProcessId", "7")
}

func TestT24IntegrityLevels(t *testing.T) {
	for level, want := range map[uint32]string{0: "Untrusted", 4096: "Low", 8192: "Medium", 12288: "High", 16384: "System", 20480: "S-1-16-20480"} {
		resolves(t, windowsCategory("process_creation"), channelEvent("Security", 4688, dataSID("MandatoryLabel", 16, level)))("IntegrityLevel", want)
	}
}

func TestT25Registry(t *testing.T) {
	e := func(operation, object, name, kind, value string) *event.Event {
		return channelEvent("Security", 4657, dataText("SubjectUserName", "bob"), dataText("SubjectDomainName", "CORP"),
			dataText("ObjectName", object), dataText("ObjectValueName", name), dataText("OperationType", operation),
			dataText("NewValueType", kind), dataText("NewValue", value), dataHex("ProcessId", 0x10), dataText("ProcessName", `C:\Windows\regedit.exe`))
	}
	const run = `\REGISTRY\MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`
	set := resolves(t, windowsCategory("registry_set"), e("%%1904", run, "x", "%%1873", `C:\a.exe`))
	set("TargetObject", `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\x`)
	set("EventType", "SetValue")
	set("Details", `C:\a.exe`)
	set("Image", `C:\Windows\regedit.exe`)
	set("ProcessId", "16")
	set("User", `CORP\bob`)

	object := func(object, name, want string) {
		t.Helper()
		resolves(t, windowsCategory("registry_event"), e("%%1905", object, name, "%%1873", ""))("TargetObject", want)
	}
	object(`\REGISTRY\USER\S-1-5-21-1-2-3-1001\Software\X`, "y", `HKU\S-1-5-21-1-2-3-1001\Software\X\y`)
	object(`\registry\machine\Software\X`, "", `HKLM\Software\X\(Default)`)
	object(`\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\abc`, "ImagePath", `HKLM\System\CurrentControlSet\Services\abc\ImagePath`)
	object(`\REGISTRY\MACHINE\SYSTEM\ControlSet001`, "v", `HKLM\System\CurrentControlSet\v`)
	object(`\REGISTRY\MACHINE\SYSTEM\ControlSetX\a`, "v", `HKLM\SYSTEM\ControlSetX\a\v`)
	object(`\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Control`, "v", `HKLM\SYSTEM\CurrentControlSet\Control\v`)
	object(`\REGISTRY\MACHINE\SOFTWARE\Classes\ms-msdt\shell`, "v", `HKCR\ms-msdt\shell\v`)
	object(`\REGISTRY\MACHINE\SOFTWARE\ClassesOf`, "v", `HKLM\SOFTWARE\ClassesOf\v`)
	object(`\REGISTRY\A\{x}\Root`, "v", `\REGISTRY\A\{x}\Root\v`)
	object(`\REGISTRY\MACHINERY`, "v", `\REGISTRY\MACHINERY\v`)

	details := func(kind, value, want string) {
		t.Helper()
		resolves(t, windowsCategory("registry_set"), e("%%1905", run, "x", kind, value))("Details", want)
	}
	details("%%1876", "1", "DWORD (0x00000001)")
	details("%%1876", "0x1", "DWORD (0x00000001)")
	details("%%1876", "0", "DWORD (0x00000000)")
	details("REG_DWORD", "4294967295", "DWORD (0xffffffff)")
	details("%%1876", "no number", "no number")
	details("%%1883", "4294967298", "QWORD (0x00000001-0x00000002)")
	details("%%1875", "00 01", "Binary Data")
	details("%%1873", "", "(Empty)")
	details("%%1874", `%SystemRoot%\x`, `%SystemRoot%\x`)

	for _, operation := range []string{"%%1904", "%%1905", "%%1906", "Registry value deleted", "%%9999"} {
		removed := operation == "%%1906" || operation == "Registry value deleted"
		for category, want := range map[string]bool{
			"registry_event":  operation != "%%9999",
			"registry_set":    operation == "%%1904" || operation == "%%1905",
			"registry_add":    operation == "%%1904",
			"registry_delete": removed,
			"registry_rename": false,
		} {
			if got := len(taken(windowsCategory(category), e(operation, run, "x", "", ""))) > 0; got != want {
				t.Errorf("4657 with %s serves %s: %v, want %v", operation, category, got, want)
			}
		}
	}
	deleted := resolves(t, windowsCategory("registry_delete"), e("%%1906", run, "x", "%%1872", "-"))
	deleted("EventType", "DeleteValue")
	deleted("Details", "absent")
	resolves(t, windowsCategory("registry_add"), e("%%1904", run, "x", "%%1873", "v"))("EventType", "CreateKey")
}

func TestT25Network(t *testing.T) {
	e := func(application, direction, protocol string) *event.Event {
		return channelEvent("Security", 5156, dataText("ProcessID", "976"), dataText("Application", application), dataText("Direction", direction),
			dataText("SourceAddress", "10.0.0.1"), dataText("SourcePort", "58029"), dataText("DestAddress", "fe80::1"), dataText("DestPort", "135"), dataText("Protocol", protocol))
	}
	f := resolves(t, windowsCategory("network_connection"), e(`\device\harddiskvolume4\windows\system32\svchost.exe`, "%%14593", "6"))
	f("Image", `C:\windows\system32\svchost.exe`)
	f("Initiated", "true")
	f("Protocol", "tcp")
	f("SourceIp", "10.0.0.1")
	f("SourcePort", "58029")
	f("DestinationIp", "fe80::1")
	f("DestinationPort", "135")
	f("SourceIsIpv6", "false")
	f("DestinationIsIpv6", "true")
	f("ProcessId", "976")
	f("User", "absent")
	f = resolves(t, windowsCategory("network_connection"), e("System", "%%14592", "17"))
	f("Image", "System")
	f("Initiated", "false")
	f("Protocol", "udp")
	f = resolves(t, windowsCategory("network_connection"), e(`\device\harddiskvolume`, "?", "1"))
	f("Image", `\device\harddiskvolume`)
	f("Initiated", "absent")
	f("Protocol", "1")
}

func TestT26Hashes(t *testing.T) {
	const list = "SHA1=AA11,MD5=bb22, SHA256=CC33,IMPHASH=00"
	for category, e := range map[string]*event.Event{
		"image_load":         channelEvent("Microsoft-Windows-Sysmon/Operational", 7, dataText("Hashes", list)),
		"create_stream_hash": channelEvent("Microsoft-Windows-Sysmon/Operational", 15, dataText("Hash", list)),
	} {
		f := resolves(t, windowsCategory(category), e)
		f("Hashes", list)
		f("SHA1", "AA11")
		f("md5", "bb22")
		f("SHA256", "CC33")
		f("Imphash", "00")
		f("imphash", "00")
	}
	f := resolves(t, windowsService("sysmon"), channelEvent("Microsoft-Windows-Sysmon/Operational", 1, dataText("Hashes", "md5=1,NOSHA1=2,=,SHA256=,")))
	f("MD5", "1")
	f("SHA1", "absent")
	f("SHA256", "")
	f("IMPHASH", "absent")
	f = resolves(t, windowsService("sysmon"), channelEvent("Microsoft-Windows-Sysmon/Operational", 1, dataText("MD5", "own"), dataText("Hashes", "MD5=1")))
	f("MD5", "own")
}

func TestT27User(t *testing.T) {
	for _, c := range []struct {
		sub          uint32
		name, domain string
		want         string
	}{
		{18, "HOST$", "CORP", `NT AUTHORITY\SYSTEM`},
		{18, "-", "-", `NT AUTHORITY\SYSTEM`},
		{18, "", "", `NT AUTHORITY\SYSTEM`},
		{19, "HOST$", "CORP", `NT AUTHORITY\LOCAL SERVICE`},
		{20, "HOST$", "CORP", `NT AUTHORITY\NETWORK SERVICE`},
		{18, "SYSTEM", "AUTORITE NT", `AUTORITE NT\SYSTEM`}, // localised: as it is
		{7, "HOST$", "CORP", `CORP\HOST$`},
		{7, "bob", "CORP", `CORP\bob`},
		{7, "bob", "-", `bob`},
		{7, "-", "-", "absent"},
	} {
		e := channelEvent("Security", 4688, dataSID("SubjectUserSid", 5, c.sub), dataText("SubjectUserName", c.name), dataText("SubjectDomainName", c.domain))
		resolves(t, windowsCategory("process_creation"), e)("User", c.want)
	}
}

func TestClassicPowerShellFields(t *testing.T) {
	const details = "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n" +
		"\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\tHostId=8d\r\n\tHostApplication=powershell -c $a=1\nWrite-Host $a\r\n" +
		"\tEngineVersion=5.1.1\r\n\tRunspaceId=\r\n\tCommandLine="
	e := channelEvent("Windows PowerShell", 400, dataText("Data", "Available"), dataText("Data", "None"), dataText("Data", details))
	// Most logs have one <Data> that is a list of texts, each of which ends with NUL.
	list := routedField{"Data", event.Data, event.Value{Kind: event.ANSI | event.Array, Raw: []byte("Available\x00None\x00" + details)}}
	for i, e := range []*event.Event{e, channelEvent("Windows PowerShell", 400, list), e} {
		ls := windowsCategory("ps_classic_start")
		if i > 1 {
			ls = windowsService("powershell-classic")
		}
		f := resolves(t, ls, e)
		f("NewEngineState", "Available")
		f("HostName", "ConsoleHost")
		f("HostApplication", "powershell -c $a=1\nWrite-Host $a")
		f("EngineVersion", "5.1.1")
		f("RunspaceId", "")
		f("CommandLine", "")
		f("ScriptName", "absent")
		f("Message", "Available\nNone\n"+details)
	}
}

func TestMessage(t *testing.T) {
	f := resolves(t, windowsService("application"), channelEvent("Application", 1033, systemText("Computer", "srv1"),
		dataText("Data", "AteraAgent"), routedField{"Null", event.Data, event.Value{}}, dataText("Data", "1.8")))
	f("Message", "AteraAgent\n1.8")
	f = resolves(t, windowsService("application"), channelEvent("Application", 1033, dataText("Data", "a"), dataText("Message", "as it was shown")))
	f("Message", "as it was shown")
	f = resolves(t, windowsService("application"), channelEvent("Application", 1033, systemText("Computer", "srv1")))
	f("Message", "absent")
}

// TestDerivedDoesNotAllocate holds that with room behind dst.
func TestDerivedDoesNotAllocate(t *testing.T) {
	e := channelEvent("Security", 4688, dataSID("SubjectUserSid", 5, 18), dataText("SubjectUserName", "HOST$"), dataText("SubjectDomainName", "CORP"),
		dataHex("ProcessId", 77), dataHex("SubjectLogonId", 77), dataSID("MandatoryLabel", 16, 12288),
		dataText("ObjectName", `\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\abc`), dataText("OperationType", "%%1905"),
		dataText("NewValueType", "%%1876"), dataText("NewValue", "1"), dataText("Application", `\device\harddiskvolume4\a`),
		dataText("Direction", "%%14593"), dataText("Protocol", "6"), dataText("SourceAddress", "::1"), dataText("Hashes", "MD5=1,IMPHASH=2"),
		routedField{"Data", event.Data, event.Value{Kind: event.ANSI | event.Array, Raw: []byte("Available\x00\tHostApplication=a\r\n\tEngineVersion=2\r\n")}})
	buf := make([]byte, 0, 4096)
	for category := range windowsCategories {
		routes, _ := Routes(windowsCategory(category))
		for _, r := range routes {
			for name, d := range r.Fields {
				if d.Make == nil {
					continue
				}
				if n := testing.AllocsPerRun(3, func() { d.Make(buf, e) }); n > 0 {
					t.Errorf("%s: %s: %v allocations", r.Name, name, n)
				}
			}
		}
	}
}

// FuzzDerived: whatever the values, what dst held stays, what is not there leaves nothing behind,
// and the same event gives the same text.
func FuzzDerived(f *testing.F) {
	f.Add(`\REGISTRY\MACHINE\SYSTEM\ControlSet001\a`, "%%1876", "18446744073709551616", byte(event.Text))
	f.Add("\tHostName=a\r\nHostName=", "MD5=,SHA1", "0xfffffffffffffffff", byte(event.UTF16))
	f.Add(`\device\harddiskvolume4\a`, "", "-", byte(event.SID))
	f.Fuzz(func(t *testing.T, a, b, c string, kind byte) {
		values := [...]string{a, b, c}
		for id, list := range windowsCategories {
			for _, r := range list {
				for name, d := range r.Fields {
					if d.Make == nil {
						continue
					}
					e := channelEvent("", 0)
					for i, from := range append(d.From[:len(d.From):len(d.From)], "Other") {
						e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: from})
						e.Values = append(e.Values, event.Value{Kind: event.Kind(kind), Raw: []byte(values[i%len(values)])})
					}
					long, ok := d.Make([]byte("before"), e)
					rest, kept := strings.CutPrefix(string(long), "before")
					if !kept || !ok && rest != "" {
						t.Fatalf("%s: %s: %q, %v", id, name, long, ok)
					}
					short, again := d.Make(nil, e)
					if again != ok || string(short) != rest {
						t.Fatalf("%s: %s: %q, %v then %q, %v", id, name, rest, ok, short, again)
					}
				}
			}
		}
	})
}
