package intel

import "testing"

func TestNormalize(t *testing.T) {
	f := func(kind IndicatorType, in, want string) {
		t.Helper()
		got, err := Normalize(kind, in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Normalize(%s, %q) = %q, %v, want %q", kind, in, got, err, want)
		}
		if want == "" {
			return
		}
		if again, err := Normalize(kind, got); again != got || err != nil {
			t.Errorf("Normalize(%s, %q) = %q, %v: it is no normal form", kind, got, again, err)
		}
	}
	f(MD5, " 0C2674C3A97C53082187D930EFB645C2 ", "0c2674c3a97c53082187d930efb645c2")
	f(MD5, "0C2674C3A97C53082187D930EFB645C", "")
	f(SHA1, "zz2674c3a97c53082187d930efb645c2zz2674c3", "")
	f(Domain, "*.EVIL.Example.", "evil.example")
	f(Domain, "bücher.example", "xn--bcher-kva.example")
	f(Domain, "_dmarc.evil.example", "_dmarc.evil.example")
	f(Domain, "evil", "")
	f(Domain, "-evil.example", "")
	f(Domain, "1.2.3.4", "")
	f(IP, "[2001:0DB8::0:1]", "2001:db8::1")
	f(IP, "::ffff:1.2.3.4", "1.2.3.4")
	f(IP, "fe80::1%eth0", "fe80::1")
	f(IP, "1.2.3", "")
	f(CIDR, "10.1.2.3/8", "10.0.0.0/8")
	f(CIDR, "::ffff:10.0.0.0/104", "10.0.0.0/8")
	f(CIDR, "10.0.0.0/33", "")
	f(URL, "HTTP://user:pw@Evil.Example:80#x", "http://evil.example/")
	f(URL, "https://evil.example:8443/%7ea?B=%3d", "https://evil.example:8443/~a?B=%3D")
	f(URL, "evil.example/a", "http://evil.example/a")
	f(URL, "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/")
	f(URL, "http://nothing/", "")
	f(Email, "A.B@Evil.Example", "a.b@evil.example")
	f(Email, "a b@evil.example", "")
	f(FileName, "Evil.EXE", "evil.exe")
	f(FileName, `a\b`, "")
	f(FilePath, `C:/Windows\X.dll\`, `c:\windows\x.dll`)
	f(FilePath, "/tmp/X/", "/tmp/X")
	f(FilePath, "x.dll", "")
	f(RegistryKey, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\X\`, `HKLM\system\currentcontrolset\services\x`)
	f(RegistryKey, `\REGISTRY\USER\S-1-5-21-1-2-3-4_Classes\X`, `HKCU\software\classes\x`)
	f(RegistryKey, `HKU\S-1-5-18\X`, `HKU\s-1-5-18\x`)
	f(RegistryKey, `HKLM:\Software\X`, `HKLM\software\x`)
	f(RegistryKey, `Software\X`, "")
	f(Certificate, "AA:BB:CC:DD EE-FF", "aabbccddeeff")
	f(Certificate, "1234", "")
	f(Mutex, `Global\X`, `Global\X`)
	f(UserAgent, "  A/1.0 ", "A/1.0")
	f(Account, `CORP\Adm`, `corp\adm`)
	f("colour", "red", "")
	f(Mutex, "a\nb", "")
}

func TestRecognize(t *testing.T) {
	f := func(in string, want IndicatorType) {
		t.Helper()
		if got, _, ok := Recognize(in); got != want || ok != (want != "") {
			t.Errorf("Recognize(%q) = %q, %t, want %q", in, got, ok, want)
		}
	}
	f("0c2674c3a97c53082187d930efb645c2", MD5)
	f("1[.]2.3.4", IP)
	f("1.2.3.0/24", CIDR)
	f("2001:db8::1", IP)
	f("evil.example.com", Domain)
	f("update.dll", FileName)
	f("update[.]zzz", Domain)
	f("hxxp://evil.com", URL)
	f("a@evil.com", Email)
	f(`HKLM\Software\X`, RegistryKey)
	f(`C:\x\y`, FilePath)
	f("/usr/bin/x", FilePath)
	f("hello", "")
	f("", "")
	f(`C:\x\y.exe -k z`, "")
}

// The samples of RFC 3492 section 7.1 that are in lower case.
func TestPunycode(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got, ok := AppendASCIILabel(nil, in); ok && string(got) != want || ok != (want != "") {
			t.Errorf("AppendASCIILabel(%q) = %q, %t, want %q", in, got, ok, want)
		}
	}
	f("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn")
	f("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye")
	f("почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l")
	f("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b")
	f("maji"+"で"+"koi"+"する"+"5"+"秒前", "xn--majikoi5-783gue6qz075azm5e")
	f("BÜCHER", "xn--bcher-kva")
	f("plain-1", "plain-1")
	f("", "")
	f("\xff", "")
	f("éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé", "")
}

// A normal form is its own normal form, whatever was written: lists of indicators are compared by it.
func FuzzNormalize(f *testing.F) {
	types := Types()
	for i := range types {
		f.Add(i, "*.EVIL.Example.")
		f.Add(i, "http://[2001:db8::1]:8080/%7e?%3d#x")
		f.Add(i, `\REGISTRY\USER\S-1-5-21-1-2-3-4_Classes\X\ \`)
		f.Add(i, `0\\\ \`)
		f.Add(i, "AA:BB:CC:DD EE-FF")
		f.Add(i, "::ffff:10.0.0.0/104")
		f.Add(i, "A.B@Bücher.Example")
	}
	f.Fuzz(func(t *testing.T, i int, v string) {
		if i < 0 || i >= len(types) {
			return
		}
		plain, err := Normalize(types[i], v)
		if err != nil {
			return
		}
		if again, err := Normalize(types[i], plain); again != plain || err != nil {
			t.Fatalf("Normalize(%s, %q) = %q, of which it makes %q, %v", types[i], v, plain, again, err)
		}
	})
}
