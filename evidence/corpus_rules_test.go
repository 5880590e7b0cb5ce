package evidence_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/sigma"
)

// ruleFolders are the rules of SigmaHQ that are meant to be used.
var ruleFolders = [...]string{"rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting"}

// wantedFolders are those whose rules must all be served.
var wantedFolders = [...]string{
	"web", "web/webserver_generic", "web/proxy_generic", "web/product", "windows/builtin/msexchange", "windows/builtin/application/mssqlserver",
	"cloud/m365", "linux", "network/zeek", "network/dns", "category",
}

// unserved are the log sources that no format serves, and why.
var unserved = map[sigma.Logsource]string{
	{Service: "netflow"}: "NetFlow is no log but a binary protocol; what collectors make of it is not labelled",

	{Product: "fortios", Service: "sslvpnd"}:                                applianceLog,
	{Product: "paloalto", Category: "appliance", Service: "globalprotect"}:  applianceLog,
	{Product: "paloalto", Category: "file_event", Service: "globalprotect"}: applianceLog,

	{Product: "django", Category: "application"}:        applicationLog,
	{Product: "jvm", Category: "application"}:           applicationLog,
	{Product: "nodejs", Category: "application"}:        applicationLog,
	{Product: "python", Category: "application"}:        applicationLog,
	{Product: "ruby_on_rails", Category: "application"}: applicationLog,
	{Product: "spring", Category: "application"}:        applicationLog,
	{Product: "velocity", Category: "application"}:      applicationLog,

	{Product: "macos", Category: "file_event"}:       macOS,
	{Product: "macos", Category: "process_creation"}: macOS,

	{Product: "cisco", Service: "duo"}:                 serviceExport,
	{Product: "onelogin", Service: "onelogin.events"}:  serviceExport,
	{Product: "qualys"}:                                serviceExport,
	{Product: "rpc_firewall", Category: "application"}: "its events are read from event logs; no route knows their channel and their unnamed values",
}

const (
	applianceLog   = "records of these appliances are read (cef, syslog); they do not say that they are of this service"
	applicationLog = "logs of applications have no common form; what they write to syslog is read as syslog"
	macOS          = "macOS writes no file about this; the rules are for what an agent collected"
	serviceExport  = "its JSON is read as JSON, but not told from that of others"
)

// syntheticLogs are records of kinds of which the corpus has none, in the form of each maker, with
// names and addresses that are made up. What they are read as is checked by the readers' own tests.
var syntheticLogs = [...]string{
	`Mar  1 08:00:30 mx1 sysmon: <Event><System><Provider Name="Linux-Sysmon"/><EventID>3</EventID><Computer>mx1</Computer></System><EventData><Data Name="Image">/synthetic</Data></EventData></Event>
Mar  1 08:00:31 mx1 sysmon: <Event><System><Provider Name="Linux-Sysmon"/><EventID>11</EventID><Computer>mx1</Computer></System><EventData><Data Name="Image">/synthetic</Data></EventData></Event>
Mar  1 08:00:32 mx1 guacd[7]: Creating new client for protocol "rdp" (synthetic)
`,
	`{"id":{"time":"2026-01-02T03:04:05Z","applicationName":"admin"},"events":[{"name":"SYNTHETIC"}]}
{"auditType":{"action":"Synthetic","category":"Repositories"},"timestamp":"2026-01-02T03:04:05Z"}
`,
	"#Software: SGOS 6.7\n#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query sc-status\n" +
		"2026-01-02 03:04:05 192.0.2.7 GET http synthetic.example / - 200\n",
	"#Software: Microsoft Exchange Server\r\n#Version: 15.02.0986.005\r\n#Log-type: PowerShell-Proxy Cmdlet Logs\r\n#Date: 2026-01-02T03:00:00.000Z\r\n" +
		"#Fields: DateTime,StartTime,RequestId,ClientRequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ServerHostName,ProcessId,Cmdlet,Parameters\r\n" +
		"2026-01-02T03:04:05.678Z,2026-01-02T03:04:05.678Z,,,15,2,986,5,MAIL01,1,Get-Synthetic,-Identity x\r\n",
}

// checkRules checks which format serves which rules of SigmaHQ: against what the readers made of the
// corpus, of their own synthetic logs, and of syntheticLogs. The result is a table in
// docs/formats/README.md.
func checkRules(t *testing.T, found map[corpusKind]int) {
	t.Helper()
	kinds := synthetic(t)
	for k := range kinds {
		kinds[k] = false // known, but not in the corpus
	}
	for k := range found {
		kinds[k] = true
	}
	type served struct {
		rules   int
		formats []string
	}
	table := map[sigma.Logsource]*served{}
	folders := map[string][2]int{} // all, served
	for _, set := range ruleFolders {
		root := corpustest.Path(t, "sigma/rules/"+set)
		all, err := sigma.Load([]string{root}, sigma.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all.Rules {
			ls := r.Logsource
			ls.Definition = ""
			s := table[ls]
			if s == nil {
				s = &served{formats: formatsOf(ls, kinds)}
				table[ls] = s
			}
			s.rules++
			rel, err := filepath.Rel(root, r.File)
			if err != nil {
				t.Fatal(err)
			}
			for _, folder := range wantedFolders {
				if set == "rules" && strings.HasPrefix(filepath.ToSlash(rel), folder+"/") {
					n := folders[folder]
					n[0]++
					if len(s.formats) > 0 {
						n[1]++
					}
					folders[folder] = n
				}
			}
		}
	}
	var b strings.Builder
	b.WriteString("| folder of SigmaHQ | rules | served |\n|---|---|---|\n")
	for _, f := range wantedFolders {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", f, folders[f][0], folders[f][1])
	}
	b.WriteString("\n| product | category | service | rules | formats |\n|---|---|---|---|---|\n")
	for _, ls := range slices.SortedFunc(maps.Keys(table), compareLogsources) {
		s := table[ls]
		formats := strings.Join(s.formats, ", ")
		if len(s.formats) == 0 {
			reason, ok := unserved[ls]
			if !ok {
				t.Errorf("%+v: %d rules that no format serves, and no reason why", ls, s.rules)
			}
			formats = "none: " + reason
		} else if _, ok := unserved[ls]; ok {
			t.Errorf("%+v: served by %s, but unserved says why not", ls, formats)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", ls.Product, ls.Category, ls.Service, s.rules, formats)
	}
	for ls := range unserved {
		if table[ls] == nil {
			t.Errorf("unserved has %+v, which no rule is for", ls)
		}
	}
	compareSection(t, "rules", b.String())
}

func compareLogsources(a, b sigma.Logsource) int {
	return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Service, b.Service))
}

// formatsOf gives the formats that serve a log source; those of which the corpus has no such events
// are marked with a star.
func formatsOf(ls sigma.Logsource, kinds map[corpusKind]bool) []string {
	seen := map[string]bool{}
	routes, _ := sigma.Routes(ls)
	for _, r := range routes {
		for k, real := range kinds {
			if k.takes(r) {
				seen[k.format] = seen[k.format] || real
			}
		}
	}
	var out []string
	for _, f := range slices.Sorted(maps.Keys(seen)) {
		if !seen[f] {
			f += "*"
		}
		out = append(out, f)
	}
	return out
}

func (k corpusKind) takes(r sigma.Route) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	if !fits(r.Product, k.product) || !fits(r.Category, k.category) || !fits(r.Service, k.service) {
		return false
	}
	if k.channel == anyChannel {
		return true
	}
	if r.Product == "windows" && len(r.Where) > 0 {
		return false // events of one provider, which this format does not carry
	}
	return len(r.Channels) == 0 || slices.Contains(r.Channels, strings.ToLower(k.channel))
}

var labelled = regexp.MustCompile(`(?m)^labels "([^"]*)" "([^"]*)" "([^"]*)";(?: channel "([^"]*)")?`)

// synthetic gives the kinds of events in the readers' own synthetic logs, in syntheticLogs, and in
// the golden file of the records of all makers of JSON.
func synthetic(t *testing.T) map[corpusKind]bool {
	t.Helper()
	kinds := map[corpusKind]bool{}
	paths, err := filepath.Glob(filepath.Join("*", "testdata", "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range syntheticLogs {
		p := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	reader := evidence.NewReader(evidence.Options{})
	for _, p := range paths {
		s, err := evidence.Open(p, evidence.Options{})
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		for _, u := range s.Units() {
			if _, err := reader.Read(s, u, func(e *event.Event) bool {
				kinds[kindOf(s.Format, e)] = true
				return true
			}); err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	makers, err := os.ReadFile(filepath.Join("json", "testdata", "dialects.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range labelled.FindAllStringSubmatch(string(makers), -1) {
		kinds[kindOf("json", &event.Event{Product: m[1], Category: m[2], Service: m[3], Channel: m[4]})] = true
	}
	return kinds
}

// compareSection compares a part of docs/formats/README.md, between two remarks, with what it
// should be.
func compareSection(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "docs", "formats", "README.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin := "<!-- " + name + ": written by go test ./evidence -update -->\n"
	before, rest, ok := strings.Cut(string(page), begin)
	have, after, ended := strings.Cut(rest, "<!-- end -->")
	if !ok || !ended {
		t.Fatalf("%s: want a section %q up to <!-- end -->", path, strings.TrimSpace(begin))
	}
	if have == want {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+"<!-- end -->"+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	lines := strings.Split(have, "\n")
	for line := range strings.SplitSeq(want, "\n") {
		if !slices.Contains(lines, line) {
			t.Errorf("%s: want %s", path, line)
		}
	}
	t.Errorf("%s: section %s is not what it should be: go test ./evidence -update", path, name)
}
