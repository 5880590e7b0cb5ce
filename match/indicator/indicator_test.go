package indicator

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"aldebaran/event"
	"aldebaran/intel"
)

// one makes a set of a single indicator, normalised as readers of lists do.
func one(tb testing.TB, t intel.IndicatorType, value string) *Set {
	tb.Helper()
	v, err := intel.Normalize(t, value)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Compile([]intel.Indicator{{Type: t, Value: v}}, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if s.Stats().Active() != 1 {
		tb.Fatalf("%s %s is not active: %+v", t, value, s.Stats())
	}
	return s
}

// textEvent is an event of names and values in turn, in UTF-8.
func textEvent(pairs ...string) *event.Event { return made(event.Text, pairs) }

// wideEvent is the same in UTF-16, as EVTX has it.
func wideEvent(pairs ...string) *event.Event { return made(event.UTF16, pairs) }

func made(kind event.Kind, pairs []string) *event.Event {
	e := &event.Event{Shape: &event.Shape{}}
	for i := 0; i < len(pairs); i += 2 {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: pairs[i]})
		raw := []byte(pairs[i+1])
		if kind == event.UTF16 {
			raw = nil
			for _, u := range utf16.Encode([]rune(pairs[i+1])) {
				raw = append(raw, byte(u), byte(u>>8))
			}
		}
		e.Values = append(e.Values, event.Value{Kind: kind, Raw: raw})
	}
	return e
}

func TestMatch(t *testing.T) {
	const sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856"
	const md5 = "0c2674c3a97c53082187d930efb645c2"
	type pair = []string
	for _, test := range []struct {
		kind  intel.IndicatorType
		value string
		yes   []pair
		no    []pair
	}{
		{intel.Domain, "evil.example", []pair{
			{"QueryName", "evil.example"}, {"QueryName", "a.b.EVIL.example."}, {"CommandLine", "ping -n 1 www.evil.example>nul"},
			{"Referer", "https://x.evil.example:8443/a"}, {"Message", "mail from <a@evil.example>"}, {"Query", "u=http%3A%2F%2Fevil.example%2Fa"},
			{"Script", "访问evil.example下载"}, {"Path", `\\evil.example\share\x`}, {"c-dns", "_ldap._tcp.evil.example"},
		}, []pair{
			{"QueryName", "notevil.example"}, {"QueryName", "evil.example.test"}, {"QueryName", "evil-example"}, {"QueryName", "evil.examples"},
			{"Path", `C:\evil.example`}, {"Path", `C:\\evil.example\\x`}, {"QueryName", "not-evil.example"}, {"QueryName", "evil"},
		}},
		{intel.Domain, "bücher.example", []pair{{"q", "www.BÜCHER.example"}, {"q", "xn--bcher-kva.example"}, {"q", "bücher。example"}}, []pair{{"q", "bucher.example"}}},
		{intel.Domain, "xn--bcher-kva.example", []pair{{"q", "http://bücher.example/x"}}, []pair{{"q", "xn--bcher-kva.example.org"}}},
		{intel.IP, "1.2.3.4", []pair{
			{"DestinationIp", "1.2.3.4"}, {"c-ip", "1.2.3.4:443"}, {"Message", "from [1.2.3.4] by"}, {"ip", "::ffff:1.2.3.4"}, {"ip", "[::ffff:102:304]:80"},
			{"url", "http://1.2.3.4/x"}, {"m", "1.2.3.4, 5.6.7.8"}, {"m", "sent to 1.2.3.4."}, {"m", "0:0:0:0:0:ffff:1.2.3.4"},
		}, []pair{{"ip", "11.2.3.4"}, {"ip", "1.2.3.45"}, {"ip", "1.2.3.4.5"}, {"ip", "1.2.3"}, {"ip", "v1.2.3.4"}, {"ip", "1.2.3.4.example.org"}}},
		{intel.IP, "2001:db8::1", []pair{
			{"ip", "2001:0DB8:0:0:0:0:0:1"}, {"ip", "[2001:db8::1]:443"}, {"m", "to 2001:db8::1."}, {"ip", "2001:db8::1%eth0"}, {"m", "(2001:db8::1)"},
		}, []pair{{"ip", "2001:db8::10"}, {"ip", "2001:db8::2"}, {"ip", "12001:db8::1"}}},
		{intel.CIDR, "10.1.0.0/16", []pair{{"ip", "10.1.255.3"}, {"ip", "::ffff:10.1.2.3"}}, []pair{{"ip", "10.2.0.1"}, {"v", "10.1"}}},
		{intel.CIDR, "2001:db8::/33", []pair{{"ip", "2001:db8:7fff::1"}}, []pair{{"ip", "2001:db8:8000::1"}}},
		{intel.URL, "http://evil.example:8080/a/b.php", []pair{
			{"cs-uri", "http://EVIL.example:8080/a/b.php"}, {"m", "see https://evil.example:8080/a/b.php?x=1 now"}, {"m", "(http://evil.example:8080/a/b.php)."},
			{"cs-host", "evil.example:8080", "cs-uri-stem", "/a/b.php", "cs-uri-query", "q=1"}, {"m", "evil.example:8080/a/%62.php"},
		}, []pair{
			{"cs-uri", "http://evil.example/a/b.php"}, {"cs-uri", "http://evil.example:8080/A/b.php"}, {"cs-uri", "http://evil.example:8080/a/b.php5"},
			{"cs-host", "evil.example", "cs-uri-stem", "/a/b.php"},
		}},
		{intel.URL, "https://evil.example/?id=7", []pair{{"host", "evil.example", "uri", "/?id=7"}, {"u", "evil.example/?id=7"}}, []pair{{"host", "evil.example", "uri", "/"}, {"u", "evil.example/?id=77"}}},
		{intel.URL, "http://[2001:db8::1]:8080/a", []pair{{"u", "http://[2001:DB8:0::1]:8080/a?b"}}, []pair{{"u", "http://[2001:db8::1]/a"}}},
		{intel.URL, "http://evil.example", []pair{{"u", "https://evil.example/deep/er"}}, []pair{{"u", "https://good.example/?evil.examples"}}},
		{intel.Email, "Bad.Guy@evil.example", []pair{{"Recipients", "a@b.c;bad.guy@evil.example"}, {"m", "From: <BAD.GUY@EVIL.EXAMPLE>"}},
			[]pair{{"m", "notbad.guy@evil.example"}, {"m", "bad.guy@evil.example.org"}, {"m", "guy@evil.example"}}},
		{intel.MD5, md5, []pair{{"Hashes", "SHA1=0000000000000000000000000000000000000001,MD5=" + strings.ToUpper(md5) + ",IMPHASH=0"}, {"fuid", md5}, {"f", `C:\q\` + md5 + ".vir"}},
			[]pair{{"Hashes", "MD5=" + md5 + "0"}, {"Hashes", "a" + md5}}},
		{intel.SHA256, sha256, []pair{{"sha256", sha256}}, []pair{{"sha256", sha256[:63]}}},
		{intel.FileName, "evil tool.exe", []pair{{"Image", `C:\x\Evil Tool.exe`}, {"CommandLine", `"C:\x\evil tool.exe" -a`}, {"CommandLine", `C:\x\evil tool.exe -a`}}, []pair{{"Image", `C:\x\tool.exe`}, {"Image", `C:\evil tool.exe\x`}}},
		{intel.FileName, "notepad.exe", []pair{{"Image", `C:\Windows\NOTEPAD.EXE`}, {"CommandLine", "cmd /c notepad.exe a.txt"}, {"u", "/a/b/notepad.exe?x"}, {"m", "ran notepad.exe."}, {"o", "/out=notepad.exe"}},
			[]pair{{"Image", `C:\notepad.exe\evil.txt`}, {"Image", `C:\mynotepad.exe`}, {"Image", `C:\my notepad.exe.mui`}, {"Image", `C:\my$notepad.exe`}}},
		{intel.FileName, "implant", []pair{{"exe", "/usr/bin/implant"}, {"exe", "implant"}}, []pair{{"m", "an implant was found"}, {"exe", "/usr/implant/x"}}},
		{intel.FilePath, `C:\Windows\Temp\x.dll`, []pair{
			{"Image", `c:\windows\temp\X.DLL`}, {"Image", `\??\C:\Windows\Temp\x.dll`}, {"Image", `\Device\HarddiskVolume3\Windows\Temp\x.dll`},
			{"CommandLine", `rundll32 C:\Windows\Temp\x.dll,Start`}, {"p", `\\host\c$\windows\temp\x.dll`}, {"j", `C:\\Windows\\Temp\\x.dll`}, {"p", `C:/Windows/Temp/x.dll`},
		}, []pair{{"Image", `D:\Windows\Temp\x.dll`}, {"Image", `C:\Windows\Temp\ax.dll`}, {"Image", `C:\aWindows\Temp\x.dll`}, {"Image", `C:\Windows\Temp\x.dll.bak`}, {"i", `E:\c\Windows\Temp\x.dll`}}},
		{intel.FilePath, `%APPDATA%\Micro\set.exe`, []pair{{"Image", `C:\Users\a b\AppData\Roaming\Micro\set.exe`}, {"CommandLine", `start %AppData%\micro\set.exe`}}, []pair{{"i", `C:\Micro\set.exe`}}},
		{intel.FilePath, `C:\Users\<user>\evil\a.dat`, []pair{{"Image", `C:\Users\bob\evil\a.dat`}}, []pair{{"Image", `C:\Users\bob\a.dat`}}},
		{intel.FilePath, `/tmp/.X/Run`, []pair{{"exe", "/tmp/.X/Run"}, {"cmd", "sh -c '/tmp/.X/Run -d'"}}, []pair{{"exe", "/tmp/.x/run"}, {"exe", "/tmp/.X/Runner"}}},
		{intel.FilePath, `/owa/auth/evil.aspx`, []pair{{"cs-uri-stem", "/owa/auth/evil.aspx"}, {"m", "POST /owa/auth/evil.aspx?x=1 HTTP/1.1"}}, []pair{{"cs-uri-stem", "/owa/auth/devil.aspx"}}},
		{intel.RegistryKey, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\Evil`, []pair{
			{"TargetObject", `HKLM\System\CurrentControlSet\Services\evil\ImagePath`}, {"ObjectName", `\REGISTRY\MACHINE\SYSTEM\ControlSet002\Services\Evil`},
			{"CommandLine", `reg add "HKLM\SYSTEM\CurrentControlSet\Services\Evil" /v x`}, {"CommandLine", `reg add HKLM\SYSTEM\CurrentControlSet\Services\Evil /v x`},
			{"ps", `Set-Item HKLM:\System\CurrentControlSet\Services\Evil`},
		}, []pair{{"TargetObject", `HKLM\System\CurrentControlSet\Services\EvilTwin`}, {"TargetObject", `HKCU\System\CurrentControlSet\Services\Evil`}}},
		{intel.RegistryKey, `HKCU\Software\My App`, []pair{{"TargetObject", `HKU\S-1-5-21-1-2-3-500\Software\My App\x`}, {"o", `\REGISTRY\USER\S-1-5-21-1-2-3-500\SOFTWARE\My App`}}, []pair{{"TargetObject", `HKU\S-1-5-18\Software\My App`}}},
		{intel.Mutex, `Global\EvilMutex`, []pair{{"ObjectName", `\Sessions\1\BaseNamedObjects\EvilMutex`}, {"Script", `New-Object Threading.Mutex($true,'Global\evilmutex')`}}, []pair{{"ObjectName", `\BaseNamedObjects\EvilMutex2`}, {"m", "EvilMutex"}}},
		{intel.Mutex, `\\.\pipe\evil-1`, []pair{{"PipeName", `\evil-1`}, {"CommandLine", `echo x > \\.\pipe\evil-1`}, {"RelativeTargetName", "evil-1"}}, []pair{{"PipeName", `\evil-11`}}},
		{intel.UserAgent, "Evil Agent/1.0 (x)", []pair{{"cs-user-agent", "Evil+Agent/1.0+(x)"}, {"UserAgent", "Evil Agent/1.0 (x)"}}, []pair{{"cs-user-agent", "Evil+Agent/1.0+(x)+y"}, {"m", "Evil Agent/1.0 (x)"}, {"cs-user-agent", "evil+agent/1.0+(x)"}}},
		{intel.Certificate, "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", []pair{{"fp", "aabbccddeeff00112233445566778899aabbccdd"}, {"m", "sha1 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD ok"}},
			[]pair{{"m", "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DE"}}},
		{intel.JA3, md5, []pair{{"ja3", md5}, {"tls.ja3s.hash", md5}}, []pair{{"ja3", md5[:31]}}},
		{intel.Account, "svc_evil", []pair{{"TargetUserName", "SVC_evil"}, {"User", `CORP\svc_evil`}, {"UserId", "svc_evil@corp.example"}}, []pair{{"User", `svc_evil\bob`}, {"Message", "svc_evil"}, {"User", "svc_evil2"}}},
		{intel.Account, `CORP\adm`, []pair{{"User", `corp\ADM`}, {"TargetUserName", "adm", "TargetDomainName", "CORP"}}, []pair{{"User", "adm"}, {"TargetUserName", "adm", "TargetDomainName", "OTHER"}}},
	} {
		s := one(t, test.kind, test.value)
		for _, wide := range []bool{false, true} {
			check := func(p pair, want bool) {
				e := textEvent(p...)
				if wide {
					e = wideEvent(p...)
				}
				m := s.NewMatcher()
				for round := range 2 { // the second time it may have been seen
					if got := len(m.Match(nil, e)) > 0; got != want {
						t.Errorf("%s %s in %q (wide %t, round %d) = %t, want %t", test.kind, test.value, p, wide, round, got, want)
					}
				}
			}
			for _, p := range test.yes {
				check(p, true)
			}
			for _, p := range test.no {
				check(p, false)
			}
		}
	}
}

func TestStats(t *testing.T) {
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	list := []intel.Indicator{
		{Type: intel.IP, Value: "10.0.0.1"},
		{Type: intel.IP, Value: "198.18.0.9", Expires: at},
		{Type: intel.Domain, Value: "evil.example", Unverified: true},
		{Type: intel.MD5, Value: "zz"},
	}
	for range maxSame + 3 {
		list = append(list, intel.Indicator{Type: intel.Domain, Value: "bad.example"})
	}
	w, err := intel.BuiltinWarnings()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Compile(list, Options{At: at, Warnings: w})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{domain 12 8 8 0 1 3 0} {ip 2 1 1 1 0 0 0} {md5 1 0 0 0 0 0 1}]"
	if got := fmt.Sprint(s.Stats().Types); got != want {
		t.Errorf("Stats() = %s, want %s", got, want)
	}
	hits := s.NewMatcher().Match(nil, textEvent("a", "10.0.0.1 bad.example"))
	if len(hits) != 1+maxSame || !hits[0].Low || hits[0].Warning == "" {
		t.Errorf("hits %+v, want %d, on warning lists", hits, 1+maxSame)
	}
}
