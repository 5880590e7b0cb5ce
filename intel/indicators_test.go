package intel

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
)

func TestReadIndicators(t *testing.T) {
	const md5 = "0c2674c3a97c53082187d930efb645c2"
	for _, test := range []struct {
		name, text string
		want       []string // type, value and what else is known
		problems   []string
	}{
		{"indicators.csv", strings.Join([]string{
			"# ours", "type,value,malware,actor,note,source,grade,tlp,first,last,expires,verified,hosting",
			`domain,evil[.]example,NET-STAR,Phantom Taurus,"a, b",Unit 42,B2,amber,2025-01,2025-02-03,2026-01-01,no,Rented`,
			"ip,10.1.2.0/24", "domain,nothing", "colour,red", "md5," + md5 + ",,,,,Z9", "ip,1.2.3.4,,,,,,,,,,,bulletproof", `sha1,"` + md5,
		}, "\n"), []string{
			"domain evil.example NET-STAR/Phantom Taurus/a, b/Unit 42 B2 amber 2025-01-01 2025-02-03 2026-01-01 true 3 rented",
			"cidr 10.1.2.0/24 /// F6 clear - - - false 4",
		}, []string{
			`indicators.csv:5: want a value of type domain, found "nothing"`,
			`indicators.csv:6: want a type of indicator, found "colour"`,
			`indicators.csv:7: grade: grade: want A1 to F6, found "Z9"`,
			`indicators.csv:8: hosting: want dedicated, rented, compromised or shared, found "bulletproof"`,
			`indicators.csv:9: extraneous or missing " in quoted-field`,
		}},
		{"list.txt", "# a report\nevil[.]com\n\n1.2.3.4;c2\n" + md5 + " ; dropper\n0.0.0.0 bad.example\nupdate.dll,note\n1.2.3.4:443\n???\n", []string{
			"domain evil.com //a report/ F6 clear - - - false 2", "ip 1.2.3.4 //c2/ F6 clear - - - false 4",
			"md5 " + md5 + " //dropper/ F6 clear - - - false 5", "domain bad.example /// F6 clear - - - false 6",
			"filename update.dll //note/ F6 clear - - - false 7", "ip 1.2.3.4 /// F6 clear - - - false 8",
		}, []string{`list.txt:9: want a value of a known type, found "???"`}},
		{"c2-iocs.txt", "evil.sh\n", []string{"domain evil.sh /// F6 clear - - - false 1"}, nil},
		{"filename-iocs.txt", `# tool` + "\n" + `\\usbclass\.sys;80` + "\n" + `C:\\Temp\\(a|b)\.exe$;50` + "\n" + `\\[Ss]ystem32\\x.dll` + "\n" + `\\x[0-9]+\.exe;1` + "\n" + `\\y\.exe;1;ok`,
			[]string{
				"filename usbclass.sys //tool (score 80)/ F6 clear - - - false 2",
				`filepath c:\temp\a.exe //tool (score 50)/ F6 clear - - - false 3`, `filepath c:\temp\b.exe //tool (score 50)/ F6 clear - - - false 3`,
				`filepath system32\x.dll //tool/ F6 clear - - - false 4`,
			}, []string{
				`filename-iocs.txt:5: want an expression of a few fixed names of files from a separator on, found "\\\\x[0-9]+\\.exe"`,
				`filename-iocs.txt:6: the exception "ok" cannot be kept`,
			}},
		{"event.json", `{"Event":{"info":"I","Orgc":{"name":"O"},"Tag":[{"name":"tlp:amber"},{"name":"misp-galaxy:threat-actor=\"X\""}],
			"Attribute":[{"type":"domain|ip","value":"evil.example|1.2.3.4","to_ids":true,"comment":"c"},{"type":"text","value":"t"},
			{"type":"ip-dst|port","value":"1.2.3.5|80","to_ids":false},{"type":"md5","value":"x","to_ids":true}],
			"Object":[{"Attribute":[{"type":"filename","value":"C:\\x\\y.exe","to_ids":"1","Tag":[{"name":"tlp:what"}]}]}]}}`, []string{
			"domain evil.example /X/c/O: I F6 amber - - - false 0", "ip 1.2.3.4 /X/c/O: I F6 amber - - - false 0",
			"ip 1.2.3.5 /X//O: I F6 amber - - - true 0", `filepath c:\x\y.exe /X//O: I F6 red - - - false 0`,
		}, []string{
			`event.json: want a value of type md5, found "x"`,
			`event.json: tlp: want clear, green, amber, amber+strict or red, found "tlp:what"; red is assumed`,
			`event.json: 1 attributes of type "text" are none that are hunted for`,
		}},
		{"bundle.json", `{"type":"bundle","objects":[
			{"type":"indicator","id":"indicator--1","name":"N","pattern":"[domain-name:value = 'evil.example' OR ipv4-addr:value IN ('1.2.3.4', '10.0.0.0/8')] OR [file:hashes.'MD5' = '` + md5 + `']","valid_from":"2024-01-02T00:00:00Z","valid_until":"2025-01-02T00:00:00Z","object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82","marking-definition--5"]},
			{"type":"marking-definition","id":"marking-definition--5","definition_type":"statement"},
			{"type":"indicator","id":"indicator--2","pattern":"[file:name = 'a.exe' AND file:size = 3]"},
			{"type":"indicator","id":"indicator--4","pattern":"[domain-name:value = 'b.example']","object_marking_refs":["marking-definition--6"]},
			{"type":"indicator","id":"indicator--3","pattern":"rule x {}","pattern_type":"yara"},
			{"type":"malware","id":"malware--1","name":"M"},{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"}]}`, []string{
			"domain evil.example M//N/ F6 amber 2024-01-02 - 2025-01-02 false 0", "ip 1.2.3.4 M//N/ F6 amber 2024-01-02 - 2025-01-02 false 0",
			"cidr 10.0.0.0/8 M//N/ F6 amber 2024-01-02 - 2025-01-02 false 0", "md5 " + md5 + " M//N/ F6 amber 2024-01-02 - 2025-01-02 false 0",
			"domain b.example /// F6 red - - - false 0",
		}, []string{
			`bundle.json: indicator--2: pattern: want OR or ], found "AND file:size = 3]"`,
			`bundle.json: indicator--4: marking marking-definition--6 is not known; red is assumed`,
			`bundle.json: indicator--3: want a pattern of type stix, found "yara"`,
			`bundle.json: 1 objects of type "malware" are no indicators`, `bundle.json: 1 objects of type "marking-definition" are no indicators`, `bundle.json: 1 objects of type "relationship" are no indicators`,
		}},
		{"other.json", `{"a":1}`, nil, []string{"other.json: want a MISP event (with Event or response) or a STIX bundle, found neither"}},
		{"empty", "", nil, nil},
		{"long", strings.Repeat("a", maxIndicatorLine+1) + "\n1.2.3.4\n", []string{"ip 1.2.3.4 /// F6 clear - - - false 2"}, []string{"long:1: want at most 65536 bytes in a line, found more"}},
	} {
		list, problems, err := ReadIndicators(strings.NewReader(test.text), test.name)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var got, told []string
		for _, i := range list {
			got = append(got, summary(&i))
		}
		for _, p := range problems {
			told = append(told, p.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.problems, told); diff != "" {
			t.Errorf("%s: problems (-want +got)\n%s", test.name, diff)
		}
	}
}

// summary is all of an indicator on one line.
func summary(i *Indicator) string {
	s := fmt.Sprintf("%s %s %s/%s/%s/%s %s %s", i.Type, i.Value, i.Malware, i.Actor, i.Note, i.Source, i.Grade, i.TLP)
	for _, when := range []fmt.Stringer{&i.First, &i.Last, &i.Expires} {
		if d := strings.Fields(when.String())[0]; d != "0001-01-01" {
			s += " " + d
		} else {
			s += " -"
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%s %t %d %s", s, i.Unverified, i.Line, i.Hosting), " ")
}

// All lines of signature-base's lists load, or are refused one by one.
func TestCorpusLists(t *testing.T) {
	for name, want := range map[string]struct{ least, lines int }{"c2-iocs.txt": {1840, 1844}, "hash-iocs.txt": {3224, 3224}, "filename-iocs.txt": {2790, 4113}} {
		data, err := os.ReadFile(corpustest.Path(t, "intel/ioc/signature-base/"+name))
		if err != nil {
			t.Fatal(err)
		}
		list, problems, err := ReadIndicators(bytes.NewReader(data), name)
		if err != nil {
			t.Fatal(err)
		}
		lines := map[int]bool{}
		for _, i := range list {
			lines[i.Line] = true
		}
		untold := 0
		for _, p := range problems {
			if p.Line == 0 {
				fmt.Sscan(p.Reason, &untold)
			} else if lines[p.Line] {
				t.Errorf("%s: read, and a problem", p)
			}
			lines[p.Line] = true
		}
		delete(lines, 0)
		t.Logf("%s: %d indicators, %d lines refused, %d of them without their line", name, len(list), len(problems)+untold, untold)
		filled := 0
		for line := range strings.Lines(string(data)) {
			if l := strings.TrimSpace(line); l != "" && l[0] != '#' {
				filled++
			}
		}
		if filled != len(lines)+untold {
			t.Errorf("%s: %d lines of %d are neither read nor refused", name, filled-len(lines)-untold, filled)
		}
		if len(list) < want.least {
			t.Errorf("%s: %d indicators, want %d", name, len(list), want.least)
		}
	}
}

// What MISP events hold for detection is read, attribute by attribute, or counted by its type.
func TestCorpusMISPEvents(t *testing.T) {
	events := 0
	for name, data := range corpustest.Each(t, "intel/ioc/eset-malware-ioc.tar.zst", ".json") {
		events++
		list, problems, err := ReadIndicators(bytes.NewReader(data), name)
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %d indicators, %v", name, len(list), err)
		}
		for _, p := range problems {
			if !strings.Contains(p.Reason, "are none that are hunted for") {
				t.Errorf("%s", p)
			}
		}
	}
	if events < 10 {
		t.Errorf("want MISP events, found %d", events)
	}
}

func TestWarningLists(t *testing.T) {
	own, err := BuiltinWarnings()
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{
		"a/list.json": {Data: []byte(`{"name":"A","type":"regex","list":["/^(noc|abuse)\\@.*$/i","/(/"],"matching_attributes":["email-src"]}`)},
		"b/list.json": {Data: []byte(`{"name":"B","type":"substring","list":["sandbox"],"matching_attributes":["domain"]}`)},
		"c/list.json": {Data: []byte(`{"name":"C","type":"cidr","list":["203.0.112.0/20","nothing"],"matching_attributes":["ip-dst"]}`)},
		"d/list.json": {Data: []byte(`{`)},
		"e/list.json": {Data: []byte(`{"name":"E","type":"string","list":[".short.example"],"matching_attributes":["hostname"]}`)},
		"f/list.json": {Data: []byte(`{"name":"F","type":"regex","list":["x"],"matching_attributes":["phone-number"]}`)},
	}
	all, problems, err := ReadWarningLists(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 3 {
		t.Errorf("problems %v, want 3", problems)
	}
	f := func(w *WarningLists, kind IndicatorType, value, want string) {
		t.Helper()
		list, hit := w.Check(&Indicator{Type: kind, Value: value})
		if hit != (want != "") || !strings.HasPrefix(list, want) {
			t.Errorf("Check(%s %s) = %q, %t, want %q", kind, value, list, hit, want)
		}
	}
	f(own, IP, "10.1.2.3", "Private")
	f(own, CIDR, "10.1.0.0/16", "Private")
	f(own, CIDR, "0.0.0.0/0", "")
	f(own, IP, "8.8.8.8", "Public name")
	f(own, IP, "2001:db8::1", "Networks for doc")
	f(own, IP, "185.1.2.3", "")
	f(own, MD5, "d41d8cd98f00b204e9800998ecf8427e", "Hashes of nothing")
	f(own, Domain, "www.microsoft.com", "Sites of")
	f(own, Domain, "notmicrosoft.com", "")
	f(own, Domain, "blob.core.windows.net", "")
	f(own, Domain, "windows.net", "Platforms")
	f(own, URL, "https://www.google.com/", "Sites of")
	f(own, URL, "https://docs.google.com/bad", "")
	f(own, Email, "bad@gmail.com", "")
	f(own, FileName, "svchost.exe", "Programs")
	f(all, Email, "ABUSE@x.example", "A")
	f(all, Domain, "x.sandbox.test.net", "B")
	f(all, IP, "203.0.112.1", "C")
	f(all, Domain, "a.short.example", "Names for doc")
	f(nil, IP, "10.1.2.3", "")
	f(&WarningLists{}, IP, "10.1.2.3", "")
}

// MISP's lists load, but for entries that are told one by one, and hold what they say.
func TestCorpusWarningLists(t *testing.T) {
	w, problems, err := ReadWarningLists(os.DirFS(corpustest.Path(t, "intel/misp-warninglists")), ".")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lists, %d exact values, %d hosts, %d networks, %d problems", len(w.names), len(w.exact), len(w.hosts), len(w.networks), len(problems))
	for _, p := range problems {
		t.Log(p)
	}
	for _, i := range []Indicator{
		{Type: IP, Value: "172.16.1.1"}, {Type: MD5, Value: "44d88612fea8a8f36de82e1278abb02f"}, {Type: Domain, Value: "bit.ly"},
		{Type: Domain, Value: "www.google.ad"}, {Type: Email, Value: "abuse@evil.example"},
	} {
		if _, hit := w.Check(&i); !hit {
			t.Errorf("%s %s is on no list", i.Type, i.Value)
		}
	}
	if list, hit := w.Check(&Indicator{Type: Domain, Value: "suroot.com"}); hit {
		t.Errorf("suroot.com is on %s", list)
	}
}

// Whatever a file holds, what is read of it is in its normal form, and problems name the file.
func FuzzReadIndicators(f *testing.F) {
	f.Add("x.csv", "type,value,tlp\ndomain,evil[.]com,red\n")
	f.Add("filename-iocs.txt", "# c\n\\\\(a|b)\\.exe;80;x\n")
	f.Add("c2.txt", "evil[.]com;x\n0.0.0.0 a.b.c\n")
	f.Add("e.json", `{"response":[{"Event":{"Attribute":[{"type":"domain|ip","value":"a.b|1.2.3.4","to_ids":1}]}}]}`)
	f.Add("s.json", `{"type":"bundle","objects":[{"type":"indicator","pattern":"[url:value = 'http://a.bc/\\'' OR file:name IN ('a.b')]"}]}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		list, problems, err := ReadIndicators(strings.NewReader(text), name)
		if err != nil {
			return
		}
		for _, i := range list {
			if _, err := Normalize(i.Type, i.Value); err != nil {
				t.Fatalf("%+v: %v", i, err)
			}
			if strings.ContainsAny(i.Note, "\n\x00") && strings.Contains(i.Note, "\n") {
				t.Fatalf("note %q", i.Note)
			}
		}
		for _, p := range problems {
			if p.File != name || p.Reason == "" {
				t.Fatalf("problem %+v", p)
			}
		}
	})
}

func FuzzReadWarningLists(f *testing.F) {
	f.Add([]byte(`{"name":"A","type":"regex","list":["/a/i"],"matching_attributes":["domain"]}`))
	f.Add([]byte(`{"name":"A","type":"cidr","list":["10.0.0.0/8","::/0"],"matching_attributes":["ip-src"]}`))
	f.Add([]byte(`{"name":"A","type":"hostname","list":["a.b"],"matching_attributes":["url"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, _, err := ReadWarningLists(fs.FS(fstest.MapFS{"x.json": {Data: data}}), ".")
		if err != nil {
			t.Fatal(err)
		}
		// The built-in lists are there whatever the others are.
		if _, hit := w.Check(&Indicator{Type: IP, Value: "127.0.0.1"}); !hit {
			t.Fatal("127.0.0.1 is on no list")
		}
	})
}

// What is read is put behind what there is, and room is made for what the rest of a file will have if it goes on as it
// began: never for more than a few times what was read.
func TestAppendIndicators(t *testing.T) {
	var text strings.Builder
	const rows = 5000
	for i := range rows {
		fmt.Fprintf(&text, "host%d.example\n", i)
	}
	before := []Indicator{{Type: Domain, Value: "first.example"}}
	list, problems, err := AppendIndicators(before, strings.NewReader(text.String()), "domains.txt")
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if len(list) != 1+rows || list[0] != before[0] || list[1].Value != "host0.example" || list[rows].Value != "host4999.example" {
		t.Errorf("%d indicators, %q to %q", len(list), list[0].Value, list[len(list)-1].Value)
	}
	for _, test := range []struct {
		have       int
		size, read int64
		want       int
	}{
		{0, 0, 0, 64},
		{1000, 0, 5000, 1000}, // a size that is not known
		{1000, 5000, 5000, 1000},
		{1000, 10_000, 5000, 1164},
		{1000, 1 << 40, 5000, 16_000},
		{10, 1 << 40, 5000, 160},
		{1000, 5100, 5000, 86},
	} {
		in := indicatorReader{list: make([]Indicator, test.have+7), before: 7, size: test.size, read: test.read}
		if got := in.more(); got != test.want {
			t.Errorf("%d indicators in %d of %d bytes: room for %d more, want %d", test.have, test.read, test.size, got, test.want)
		}
	}
}
