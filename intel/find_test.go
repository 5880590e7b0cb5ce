package intel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefang(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Refang(in); got != want {
			t.Errorf("Refang(%q) = %q, want %q", in, got, want)
		}
	}
	f("hxxp://evil[.]example/a", "http://evil.example/a")
	f("hXXps[:]//evil(.)example", "https://evil.example")
	f("h**p://evil{.}example", "http://evil.example")
	f("hxxps[://]evil.example", "https://evil.example")
	f("http[:]//evil.example", "http://evil.example")
	f("[http]://evil.example", "http://evil.example")
	f("meow://evil.example", "http://evil.example")
	f("fxp://evil.example", "ftp://evil.example")
	f(`http:\\evil.example`, "http://evil.example")
	f(`http:\/\/evil.example\/a`, "http://evil.example/a")
	f("evil[dot]example", "evil.example")
	f("evil(DOT)example", "evil.example")
	f("evil [.] example", "evil.example")
	f("evil[ . ]example", "evil.example")
	f("evil dot com", "evil.com")
	f("www dot evil dot com", "www.evil.com")
	f("evil[.com", "evil.com")
	f("evil.]com", "evil.com")
	f(`evil\.com`, "evil.com")
	f("evil．com", "evil.com")
	f("evil。com", "evil.com")
	f("e\u200bvil.com", "evil.com")
	f("a[@]evil.com", "a@evil.com")
	f("a(at)evil[.]com", "a@evil.com")
	f("a [at] evil [dot] com", "a@evil.com")
	f("1.2.3[.]4[:]80", "1.2.3.4:80")
	f("2001[:]db8[:]:1", "2001:db8::1")
	f("1[.]2[.]3[.]4", "1.2.3.4")
	// What is no defanging stays.
	f("the dot in the middle", "the dot in the middle")
	f("name[.dll]", "name[.dll]")
	f("see [1] and (a)", "see [1] and (a)")
	f(`C:\Users\x\.ssh\id`, `C:\Users\x\.ssh\id`)
	f("meow, said the cat", "meow, said the cat")
	f("他来了。我走了", "他来了。我走了")
	f("a[:5]", "a[:5]")
}

func TestFindIndicators(t *testing.T) {
	const sha256 = "7d1d7d196b3932e4e3e7cc1159f0e3ebab252f6a5f1ed6000f78d2133052a0de"
	for _, test := range []struct{ text, want string }{
		{"C2: hxxp://evil[.]example/a.php, then", "url http://evil.example/a.php; domain evil.example"},
		{"(https://evil.com/a_(b)).", "url https://evil.com/a_(b); domain evil.com"},
		{"http://1.2.3.4:8080/x", "url http://1.2.3.4:8080/x; ip 1.2.3.4"},
		{"evil[.]com/gate.php and 10.1.2[.]3/24", "url http://evil.com/gate.php; domain evil.com; cidr 10.1.2.0/24"},
		{"mail bad@evil[.]com.", "email bad@evil.com"},
		{"`evil.com`, ++evil[.]org++ |`+x.evil.net+`|", "domain evil.com; domain evil.org; domain x.evil.net"},
		{"report.doc update.dll README.md run.sh", "filename report.doc; filename update.dll; filename run.sh"},
		{"run[.]sh", "domain run.sh"},
		{"OpenSSL version 1.0.2.1, v1.2.3.4 and 1.2.3.4.5", ""},
		{"to 198.51.100.7.", "ip 198.51.100.7"},
		{"Win32/Agent.AE PHP/Kryptik.SH Trojan.Agent.AI System.Net.Sockets ASP.NET os.system(x)", ""},
		{"at 12:34:56, std::string, a::b, 00:11:22:33:44:55", ""},
		{"2001:db8:1::7 and [fe80::1]:80", "ip 2001:db8:1::7; ip fe80::1"},
		{"SHA256 " + sha256 + ".", "sha256 " + sha256},
		{sha256[:32] + "x", ""},
		{"hash: " + sha256[:50] + "\n      " + sha256[50:] + "\n", "sha256 " + sha256},
		{sha256[:32] + "\n" + sha256[32:], "md5 " + sha256[:32] + "; md5 " + sha256[32:]},
		{sha256[:32] + "[.]evil[.]com", "domain " + sha256[:32] + ".evil.com"},
		{"Thumbprint: " + sha256[:40], "certificate " + sha256[:40]},
		{"=== RC4 key\n\n" + sha256[:32], ""},
		{`wrote C:\Program Files\My App\x.dll to disk`, `filepath c:\program files\my app\x.dll`},
		{`%APPDATA%\Micro\a.exe, "C:\a b\c d"`, `filepath %appdata%\micro\a.exe; filepath c:\a b\c d`},
		{"dropped /tmp/.x/run; and/or ~/Library/a.plist", "filepath /tmp/.x/run; filepath ~/Library/a.plist"},
		{`HKEY_CURRENT_USER\Software\Bad App\x is set`, `registry HKCU\software\bad app\x`},
		{"访问evil.com下载", "domain evil.com"},
		{"пример.рф and xn--e1afmkfd.xn--p1ai", "domain xn--e1afmkfd.xn--p1ai; domain xn--e1afmkfd.xn--p1ai"},
		{"url=https%3A%2F%2Fwww.evil[.]org%2F", "domain www.evil.org"},
		{"end of a sentence.The next one.In it", ""},
	} {
		var got []string
		for _, f := range FindIndicators(test.text) {
			got = append(got, string(f.Type)+" "+f.Value)
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("FindIndicators(%q) (-want +got)\n%s", test.text, diff)
		}
	}
}

// Places are those of the original text, whatever was defanged before them.
func TestFoundPlaces(t *testing.T) {
	text := "a hxxp://x[.]evil[.]com/p b\u200b 1[.]2.3.4 evil.net"
	var got []string
	for _, f := range FindIndicators(text) {
		got = append(got, fmt.Sprint(text[f.Start:f.End], " ", f.Defanged))
	}
	want := []string{"hxxp://x[.]evil[.]com/p true", "x[.]evil[.]com true", "1[.]2.3.4 true", "evil.net false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got)\n%s", diff)
	}
}

// The time grows as the text does: texts made to be tried again and again are read at once.
func TestFindIndicatorsHostile(t *testing.T) {
	for _, piece := range []string{"[.", "a.", "é", "éa", "a@", "http://", "C:\\a ", "((((", "a dot ", ")", "0", ":", "%4", "/tmp/", "HKLM\\ ", "\\.", "hxxp[", "1.1.1.1."} {
		FindIndicators(strings.Repeat(piece, 400_000/len(piece)))
	}
}

// What is found is what stands there, in order.
func FuzzFindIndicators(f *testing.F) {
	f.Add("hxxp://evil[.]com/a and 1[.]2.3.4, a [at] b dot com")
	f.Add("C:\\a b\\c.exe é。com 访问evil.com下载 [.]")
	f.Add("7d1d7d196b3932e4e3e7cc1159f0e3eb\n ab252f6a5f1ed6000f78d2133052a0de")
	f.Add("evil\u200b[.]com ++x.evil.net++ [2001:db8::1]/64 https://[::1]:80/?a=b#c")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, found := range FindIndicators(text) {
			if found.Start < last || found.End <= found.Start || found.End > len(text) {
				t.Fatalf("%+v behind %d in %d bytes", found, last, len(text))
			}
			last = found.Start
			piece := text[found.Start:found.End]
			if strings.Contains(piece, "\n") {
				piece = strings.Join(strings.Fields(piece), "") // a wrapped hash
			}
			value, err := Normalize(found.Type, Refang(piece))
			if err != nil || value != found.Value {
				t.Fatalf("%+v: %q is %q, %v", found, piece, value, err)
			}
		}
	})
}
