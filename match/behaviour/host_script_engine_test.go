package behaviour

import (
	"testing"
	"time"
)

func TestHostScriptEngine(t *testing.T) {
	const hour = time.Hour
	const w3wp = `C:\Windows\System32\inetsrv\w3wp.exe`
	load := func(after time.Duration, guid, image, library, user string) made {
		return sysmonEvent(after, "MAIL01", 7, "Image", image, "ImageLoaded", library, "User", user, "ProcessGuid", guid)
	}
	started := func(after time.Duration, guid, pool string) made {
		return sysmonEvent(after, "MAIL01", 1, "Image", w3wp, "CommandLine", `w3wp.exe -ap "`+pool+`" -v "v4.0"`, "User", `NT AUTHORITY\SYSTEM`, "ProcessGuid", guid)
	}
	const ntdll, vbs, files = `C:\Windows\System32\ntdll.dll`, `C:\Windows\System32\vbscript.dll`, `C:\Windows\System32\scrrun.dll`
	const site = `IIS APPPOOL\Intranet`
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"a pool that never did", []made{load(0, "{p1-guid}", w3wp, ntdll, site), load(30*hour, "{p1-guid}", w3wp, vbs, site), load(30*hour, "{p1-guid}", w3wp, files, site)},
			"high: w3wp.exe (pool Intranet) loaded scrrun.dll, vbscript.dll, first after 30 hours of loads on the host\n"},
		{"a pool of Exchange, by its command", []made{started(0, "{p1-guid}", "MSExchangeOWAAppPool"), load(hour, "{p1-guid}", w3wp, vbs, "")},
			"critical: w3wp.exe (pool MSExchangeOWAAppPool) loaded vbscript.dll, first after 0 seconds of loads on the host\n"},
		{"the pool's name is read later", []made{load(hour, "{p1-guid}", w3wp, vbs, ""), started(0, "{p1-guid}", "MSExchangeOWAAppPool")},
			"critical: w3wp.exe (pool MSExchangeOWAAppPool) loaded vbscript.dll, first after 0 seconds of loads on the host\n"},
		{"little evidence before", []made{load(0, "{p1-guid}", w3wp, ntdll, site), load(hour, "{p1-guid}", w3wp, vbs, site)},
			"medium: w3wp.exe (pool Intranet) loaded vbscript.dll, first after 60 minutes of loads on the host\n"},
		{"two processes of one pool", []made{load(0, "{p1-guid}", w3wp, vbs, site), load(30*hour, "{p2-guid}", w3wp, vbs, site)},
			"medium: w3wp.exe (pool Intranet) loaded vbscript.dll, first after 0 seconds of loads on the host\n"},
		{"a site in classic ASP", []made{load(0, "{p1-guid}", w3wp, ntdll, site), load(30*hour, "{p1-guid}", w3wp, `C:\Windows\System32\inetsrv\asp.dll`, site), load(30*hour, "{p1-guid}", w3wp, vbs, site)},
			"low: w3wp.exe (pool Intranet) loaded vbscript.dll, first after 30 hours of loads on the host\n"},
		{"a script of an administrator", []made{load(0, "{s-guid}", `C:\Windows\System32\cscript.exe`, vbs, `CORP\admin`)}, ""},
		{"ordinary libraries", []made{load(0, "{p1-guid}", w3wp, ntdll, site), load(30*hour, "{p1-guid}", w3wp, `C:\site\bin\vbscript.dll.config`, site)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-script-engine", c.events, c.want) })
	}
}
