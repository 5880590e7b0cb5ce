package behaviour

import (
	"testing"
	"time"
)

func TestHostNetworkProvider(t *testing.T) {
	const hour = time.Hour
	const services, order = `HKLM\System\CurrentControlSet\Services\`, `HKLM\System\CurrentControlSet\Control\NetworkProvider\Order\ProviderOrder`
	const reg, installer = `C:\Windows\System32\reg.exe`, `C:\Windows\System32\msiexec.exe`
	set := func(after time.Duration, target, details, image string) made {
		return sysmonEvent(after, "DC01", 13, "TargetObject", target, "Details", details, "Image", image, "EventType", "SetValue")
	}
	load := func(after time.Duration, library, signed string) made {
		return sysmonEvent(after, "DC01", 7, "Image", `C:\Windows\System32\mpnotify.exe`, "ImageLoaded", library, "Signed", signed)
	}
	write := func(after time.Duration, target, image string) made {
		return sysmonEvent(after, "DC01", 11, "TargetFilename", target, "Image", image)
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"registered, and a store", []made{
			set(0, services+`credman\NetworkProvider\ProviderPath`, `%SystemRoot%\System32\abc.dll`, reg),
			set(0, order, "RDPNP,LanmanWorkstation,credman", reg),
			write(20*hour, `C:\ProgramData\Package Cache\windows10.0-kb0000000-x64.msu`, `C:\Windows\System32\mpnotify.exe`),
		}, "critical: network provider credman (%SystemRoot%\\System32\\abc.dll) was registered, and what is given passwords wrote C:\\ProgramData\\Package Cache\\windows10.0-kb0000000-x64.msu\n"},
		{"registered, and a file like an update", []made{
			set(0, order, "RDPNP,other", reg), write(hour, `C:\ProgramData\x.msu`, `C:\Windows\System32\winlogon.exe`),
		}, "critical: network provider other was registered, and a file called like an update written: C:\\ProgramData\\x.msu\n"},
		{"a library called like the kernel", []made{set(0, services+`net\NetworkProvider\ProviderPath`, `C:\Windows\System32\ntoskrnl.dll`, reg)},
			"critical: network provider net (C:\\Windows\\System32\\ntoskrnl.dll) was registered, whose library is outside of System32 or called like a part of Windows\n"},
		{"a library in Temp, by 4657", []made{securityEvent(0, "DC01", 4657, "ObjectName", `\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\abc\NetworkProvider`, "ObjectValueName", "ProviderPath",
			"OperationType", "%%1904", "NewValueType", "%%1874", "NewValue", `C:\Windows\Temp\a.dll`, "ProcessName", reg)},
			"critical: network provider abc (C:\\Windows\\Temp\\a.dll) was registered, whose library is outside of System32 or called like a part of Windows\n"},
		{"only the order", []made{set(0, order, "RDPNP,LanmanWorkstation,webclient,abc", reg)}, "high: network provider abc was added\n"},
		{"an unsigned library is loaded", []made{load(0, `C:\Windows\System32\abc.dll`, "false")}, "high: mpnotify.exe, which hands on passwords, loaded C:\\Windows\\System32\\abc.dll\n"},
		{"a product's installation", []made{set(0, services+`Vendor\NetworkProvider\ProviderPath`, `%SystemRoot%\System32\vendornp.dll`, installer), set(0, order, "RDPNP,Vendor", installer)},
			"low: network provider Vendor (%SystemRoot%\\System32\\vendornp.dll) was added by an installer\n"},
		{"only a file", []made{write(0, `C:\Deploy\kb1.msu`, `C:\Program Files\Deploy\agent.exe`)},
			"low: a file called like an update was written by what does not update: C:\\Deploy\\kb1.msu\n"},
		{"known providers", []made{set(0, services+`RDPNP\NetworkProvider\ProviderPath`, `%SystemRoot%\System32\drprov.dll`, reg), set(0, order, "RDPNP, lanmanworkstation ,WEBCLIENT,P9NP", reg)}, ""},
		{"a name, not a path", []made{set(0, services+`x\NetworkProvider\Name`, "X network", reg)}, ""},
		{"Windows' own libraries", []made{load(0, `C:\Windows\System32\ntdll.dll`, "true"), load(0, `C:\Windows\WinSxS\a\b.dll`, "true")}, ""},
		{"Windows Update", []made{write(0, `C:\Windows\SoftwareDistribution\Download\x.msu`, `C:\Windows\System32\svchost.exe`), write(0, `C:\Users\a\Downloads\kb.msu`, `C:\Program Files\Mozilla Firefox\firefox.exe`)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-network-provider", c.events, c.want) })
	}
}
