//go:build unix

package sigma_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/ncsa"
	"aldebaran/evidence/w3c"
	"aldebaran/match/sigma"
)

func webRules(t testing.TB) (*sigma.Collection, *sigma.Set) {
	t.Helper()
	dir := corpustest.Path(t, "sigma/rules")
	c, err := sigma.Load([]string{filepath.Join(dir, "rules"), filepath.Join(dir, "rules-emerging-threats"), filepath.Join(dir, "rules-threat-hunting")}, sigma.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return c, set
}

// readWeb hands the requests of an access log to f; false if it is none.
func readWeb(t *testing.T, path string, f func(*event.Event)) bool {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := log[:min(len(log), 4<<10)]
	emit := func(e *event.Event) bool { f(e); return true }
	switch {
	case w3c.Sniff(head):
		file, err := w3c.Open(bytes.NewReader(log), int64(len(log)), path, lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range file.Units() {
			if _, err := w3c.NewReader(lines.Options{}).Read(file, u, emit); err != nil {
				t.Fatal(err)
			}
		}
	case ncsa.Sniff(head):
		file, err := ncsa.Open(bytes.NewReader(log), int64(len(log)), path, lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range file.Units() {
			if _, err := ncsa.NewReader(lines.Options{}).Read(file, u, emit); err != nil {
				t.Fatal(err)
			}
		}
	default:
		return false
	}
	return true
}

// TestWebRulesFindAttacks: which of SigmaHQ's rules match how many requests of the corpus's access
// logs; and the explanation of each match agrees.
func TestWebRulesFindAttacks(t *testing.T) {
	_, set := webRules(t)
	m := set.NewMatcher()
	for _, c := range []struct {
		pattern string
		want    map[string]int
	}{
		{"web/webshell-jsp/*.txt", map[string]int{
			"Cross Site Scripting Strings": 4, "Path Traversal Exploitation Attempts": 46,
		}},
		{"crowdsec/web/*/*.log", map[string]int{
			"CVE-2020-5902 F5 BIG-IP Exploitation Attempt": 4, "Fortinet CVE-2018-13379 Exploitation": 1, "Java Payload Strings": 2,
			"Path Traversal Exploitation Attempts": 4, "Pulse Secure Attack CVE-2019-11510": 2, "Source Code Enumeration Detection by Keyword": 1,
			"Suspicious User-Agents Related To Recon Tools": 1, "Windows Webshell Strings": 2,
		}},
		// Both requests hold %40%40version: keywords are looked for decoded too.
		{"plaso/iis/*.log", map[string]int{"SQL Injection Strings In URI": 2}},
		{"lnav/logfile_w3c*", map[string]int{}},
	} {
		got := map[string]int{}
		for _, path := range corpustest.Glob(t, "logs/"+c.pattern) {
			readWeb(t, path, func(e *event.Event) {
				for _, r := range m.Match(e) {
					got[r.Title]++
					if x := sigma.Explain(r, e); !x.Match {
						t.Errorf("%s: %q matches at %d, the explanation says no", path, r.Title, e.Source.Offset)
					}
				}
			})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.pattern, diff)
		}
	}
}

// notLogged are fields of SigmaHQ's web rules that access logs do not have, and why a rule can be
// reached all the same or not.
var notLogged = map[string]string{
	"cs-content-type": "a custom field of IIS and Apache; found where it is logged",
	"cs-cookie":       "IIS logs it if told to",
	"dst_ip":          "proxies log it (r-ip)",
}

// TestWebRulesAreReachable: every field that a rule for web servers or proxies asks for is one that
// the readers of access logs give or that is made from them.
func TestWebRulesAreReachable(t *testing.T) {
	c, _ := webRules(t)
	offered := map[string]bool{}
	routes, _ := sigma.Routes(sigma.Logsource{Category: "webserver"})
	for name := range routes[0].Fields {
		offered[name] = true
	}
	for _, name := range [...]string{"", "c-ip", "cs-method", "sc-status", "sc-bytes", "cs-version", "s-ip", "s-port", "date", "time", "time-taken"} {
		offered[name] = true
	}
	rules := map[string]int{}
	for _, r := range c.Rules {
		ls := r.Logsource
		if ls.Category != "webserver" && ls.Category != "proxy" && ls.Service != "apache" && ls.Service != "nginx" {
			continue
		}
		rules[ls.Category+ls.Service]++
		if _, known := sigma.Routes(ls); !known {
			t.Errorf("%s: no route", r.File)
		}
		var visit func(n *sigma.Node)
		visit = func(n *sigma.Node) {
			if n.Item != nil && !offered[n.Item.Field] && notLogged[n.Item.Field] == "" {
				t.Errorf("%s: nothing gives %s", r.File, n.Item.Field)
			}
			for i := range n.Kids {
				visit(&n.Kids[i])
			}
		}
		visit(&r.Condition)
	}
	t.Logf("rules: %v", rules)
	for _, source := range slices.Sorted(maps.Keys(map[string]bool{"webserver": true, "proxy": true, "apache": true, "nginx": true})) {
		if rules[source] == 0 {
			t.Errorf("no rules for %s", source)
		}
	}
}
