package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// hit is a match of a made rule; every one is a record of its own.
func hit(after time.Duration, host, rule, level string, tags ...string) Hit {
	return Hit{Rule: rule, Title: "Rule " + rule, Level: level, Tags: tags, Ref: Ref{Time: start.Add(after), Host: host, RecordID: uint64(after) + uint64(len(rule+host))}}
}

// hunted gives the episodes of one analytic over made events and matches of rules, and checks that
// the order of the matches and cutting the evidence make no difference.
func hunted(t *testing.T, c Config, id string, events []made, hits []Hit) []Episode {
	t.Helper()
	set, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	run := func(cut int, backwards bool) []Episode {
		in := shapes{}
		collector := set.NewCollector()
		m := set.NewMatcher()
		for i, e := range events {
			if i == cut {
				collector.Join(m.Take())
			}
			m.See(e.event(i, in))
		}
		collector.Join(m.Take())
		order := slices.Clone(hits)
		if backwards {
			slices.Reverse(order)
		}
		for _, h := range order {
			if set.Wants(h.Rule, h.Tags) {
				collector.Hit(h)
			}
		}
		var found []Episode
		if err := collector.Finish(func(e Episode) error {
			if e.Rule.ID == id {
				found = append(found, e)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	whole := run(-1, false)
	for cut := range len(events) {
		if got := lines(run(cut, true)); got != lines(whole) {
			t.Errorf("cut at %d:\n%swant:\n%s", cut, got, lines(whole))
		}
	}
	return whole
}

func chainOf(level string, across, anyOrder bool, atLeast int, stages ...string) Config {
	c := Chain{Name: "test", Title: "Test", Level: level, Within: "24h", Across: across, AnyOrder: anyOrder, AtLeast: atLeast}
	for _, s := range stages {
		c.Stages = append(c.Stages, Stage{Name: s, Any: []string{s, "attack." + s}})
	}
	return Config{Chains: []Chain{c}, Behaviours: map[string]Setting{stageChainID: {Params: map[string]float64{"tactics": 0}}}}
}

func TestStageChain(t *testing.T) {
	const h = time.Hour
	signIn := func(after time.Duration, from, address, to string) made {
		return securityEvent(after, to, 4624, "LogonType", "3", "TargetUserName", "admin", "WorkstationName", from, "IpAddress", address)
	}
	ordered := chainOf("critical", false, false, 2, "page", "session", "memory")
	across := chainOf("critical", true, false, 2, "page", "session", "memory")
	free := chainOf("high", false, true, 2, "page", "tunnel")
	a, b := "MAIL01.corp.example", "SQL01.corp.example"
	for _, c := range []struct {
		name   string
		config Config
		events []made
		hits   []Hit
		want   string
	}{
		{"all stages in order", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(h, a, "session", "high"), hit(5*h, a, "memory", "high")},
			"critical: Test: 3 of 3 stages on mail01 within 5 hours: page; session; memory\n"},
		{"two of three are high", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(20*h, a, "memory", "medium")},
			"high: Test: 2 of 3 stages on mail01 within 20 hours: page; memory\n"},
		{"by tags", ordered, nil, []Hit{hit(0, a, "r1", "high", "attack.page"), hit(h, a, "r2", "high", "attack.Session")},
			"high: Test: 2 of 3 stages on mail01 within 60 minutes: page; session\n"},
		{"no stage is high", ordered, nil, []Hit{hit(0, a, "page", "medium"), hit(h, a, "session", "medium")},
			"medium: Test: 2 of 3 stages on mail01 within 60 minutes: page; session\n"},
		{"one stage alone tells something", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(h, a, "session", "low")},
			"medium: Test: 2 of 3 stages on mail01 within 60 minutes: page; session\n"},
		{"a weighty stage is not forgotten for a later slight one", ordered, nil, []Hit{hit(0, a, "page", "critical"), hit(h, a, "page2", "medium", "attack.page"), hit(2*h, a, "session", "medium")},
			"high: Test: 2 of 3 stages on mail01 within 2 hours: page; session\n"},
		{"each within the time of the one before", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(20*h, a, "session", "high"), hit(40*h, a, "memory", "high")},
			"critical: Test: 3 of 3 stages on mail01 within 40 hours: page; session; memory\n"},
		{"the stage comes again before the next one", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(30*h, a, "page", "high"), hit(40*h, a, "session", "high")},
			"high: Test: 2 of 3 stages on mail01 within 10 hours: page; session\n"},
		{"on the host that was reached", across, []made{signIn(2*h, "MAIL01", "10.0.0.5", b)}, []Hit{hit(0, a, "page", "high"), hit(h, a, "session", "high"), hit(3*h, b, "memory", "high")},
			"critical: Test: 3 of 3 stages on mail01, sql01 within 3 hours: page; session; memory\n"},
		{"by an address whose name is known", across, []made{signIn(0, "MAIL01", "10.0.0.5", "DC01.corp.example"), signIn(2*h, "", "10.0.0.5", b)},
			[]Hit{hit(h, "MAIL01", "page", "high"), hit(3*h, "SQL01", "memory", "high")},
			"high: Test: 2 of 3 stages on mail01, sql01 within 2 hours: page; memory\n"},
		{"by a command that names it", across, []made{sysmonEvent(2*h, "MAIL01", 1, "Image", `C:\Windows\System32\wbem\WMIC.exe`, "CommandLine", `wmic /node:"SQL01" process call create x`)},
			[]Hit{hit(h, "MAIL01", "page", "high"), hit(3*h, "SQL01", "memory", "high")},
			"high: Test: 2 of 3 stages on mail01, sql01 within 2 hours: page; memory\n"},
		{"an address that the other host has told", across, []made{sysmonEvent(0, b, 3, "SourceIp", "10.0.0.7", "DestinationIp", "10.0.0.2", "DestinationPort", "53", "Initiated", "true"),
			sysmonEvent(2*h, "MAIL01", 3, "SourceIp", "10.0.0.5", "DestinationIp", "10.0.0.7", "DestinationPort", "1433", "Initiated", "true")},
			[]Hit{hit(h, "MAIL01", "page", "high"), hit(3*h, "SQL01", "memory", "high")},
			"high: Test: 2 of 3 stages on mail01, sql01 within 2 hours: page; memory\n"},
		{"by a connection", across, []made{sysmonEvent(2*h, "MAIL01", 3, "SourceIp", "10.0.0.5", "DestinationIp", "10.0.0.7", "DestinationPort", "445", "DestinationHostname", b, "Initiated", "true")},
			[]Hit{hit(h, "10.0.0.5", "page", "high"), hit(3*h, "10.0.0.7", "memory", "high")},
			"high: Test: 2 of 3 stages on mail01, sql01 within 2 hours: page; memory\n"},
		{"hosts that only share their domain", across, nil, []Hit{hit(0, a, "page", "high"), hit(h, b, "session", "high")},
			"medium: Test: 2 of 3 stages on mail01, sql01 within 60 minutes: page; session\n"},
		{"in any order", free, nil, []Hit{hit(0, a, "tunnel", "medium"), hit(h, a, "page", "high")},
			"high: Test: 2 of 2 stages on mail01 within 60 minutes: tunnel; page\n"},

		{"one host each", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(h, b, "session", "high")}, ""},
		{"the way leads back", across, []made{signIn(2*h, "SQL01", "10.0.0.7", "MAIL01")}, []Hit{hit(0, "MAIL01", "page", "high"), hit(3*h, "SQL01", "session", "high")}, ""},
		{"the way was opened the day after", across, []made{signIn(30*h, "MAIL01", "10.0.0.5", "SQL01")}, []Hit{hit(0, "MAIL01", "page", "high"), hit(3*h, "SQL01", "session", "high")}, ""},
		{"the computer's own account", across, []made{securityEvent(h, "SQL01", 4624, "LogonType", "3", "TargetUserName", "MAIL01$", "WorkstationName", "MAIL01", "IpAddress", "10.0.0.5")},
			[]Hit{hit(0, "MAIL01", "page", "high"), hit(3*h, "SQL01", "session", "high")}, ""},
		{"in the wrong order", ordered, nil, []Hit{hit(h, a, "page", "high"), hit(0, a, "session", "high")}, ""},
		{"too far apart", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(25*h, a, "session", "high")}, ""},
		{"one stage, again and again", ordered, nil, []Hit{hit(0, a, "page", "high"), hit(h, a, "page", "high"), hit(2*h, a, "page", "high")}, ""},
		{"one rule that is two stages", ordered, nil, []Hit{hit(0, a, "r", "high", "attack.page", "attack.session"), hit(h, a, "r", "high", "attack.page", "attack.session")}, ""},
		{"one record that two rules know", ordered, nil, func() []Hit {
			x, y := hit(h, a, "page", "high"), hit(h, a, "session", "high")
			y.RecordID = x.RecordID
			return []Hit{x, y}
		}(), ""},
		{"rules that are no stage", ordered, nil, []Hit{hit(0, a, "x", "critical"), hit(h, a, "y", "critical")}, ""},
		{"matches without a host", ordered, nil, []Hit{hit(0, "", "page", "high"), hit(h, "", "session", "high")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(hunted(t, c.config, stageChainID, c.events, c.hits)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// TestStageChainBest: of one intrusion over two hosts, the part on one of them is not told again.
func TestStageChainBest(t *testing.T) {
	const h = time.Hour
	c := chainOf("critical", true, false, 2, "page", "session", "memory")
	c.Behaviours[stageChainID].Params["office_zone"] = 8
	way := securityEvent(2*h, "SQL01", 4624, "LogonType", "10", "TargetUserName", "admin", "WorkstationName", "MAIL01", "IpAddress", "10.0.0.5")
	hits := []Hit{hit(-7*h, "MAIL01", "page", "high"), hit(h, "MAIL01", "session", "critical"), hit(3*h, "SQL01", "memory", "high"), hit(0, "WEB09", "page", "high"), hit(h, "WEB09", "memory", "high")}
	got := hunted(t, c, stageChainID, []made{way}, hits)
	if len(got) != 2 {
		t.Fatalf("episodes:\n%swant two", lines(got))
	}
	e := got[0]
	var what []string
	for _, r := range e.Refs {
		what = append(what, r.What)
	}
	want := "page: Rule page|session: Rule session|on the way: mail01 signed in over the network to sql01|memory: Rule memory"
	if s := strings.Join(what, "|"); s != want {
		t.Errorf("records: %s, want %s", s, want)
	}
	if s := fmt.Sprint(e.Facts); !strings.Contains(s, "98 of 100") || !strings.Contains(s, "2 of 3 (adds 3") {
		t.Errorf("facts: %s: want a score of 95 at most, and 3 for office hours", s)
	}
	if fmt.Sprint(e.Hosts) != "[MAIL01 SQL01]" {
		t.Errorf("hosts: %v", e.Hosts)
	}
}

func TestTacticChain(t *testing.T) {
	const h = time.Hour
	host := "SRV01"
	f := func(name, want string, hits ...Hit) {
		t.Helper()
		if got := lines(hunted(t, Config{}, stageChainID, nil, hits)); got != want {
			t.Errorf("%s: episodes:\n%swant:\n%s", name, got, want)
		}
	}
	f("four tactics by four rules", "high: 4 tactics of an intrusion on srv01 within 4 hours, by as many rules: initial-access; execution; credential-access; exfiltration\n",
		hit(0, host, "a", "medium", "attack.initial-access"), hit(h, host, "b", "high", "attack.execution"),
		hit(2*h, host, "c", "medium", "attack.credential_access"), hit(4*h, host, "d", "medium", "attack.exfiltration"))
	f("rules with several tactics stand for one each", "high: 4 tactics of an intrusion on srv01 within 3 hours, by as many rules: persistence; execution; discovery; collection\n",
		hit(0, host, "a", "high", "attack.execution", "attack.persistence"), hit(h, host, "b", "medium", "attack.execution"),
		hit(2*h, host, "c", "medium", "attack.discovery", "attack.execution"), hit(3*h, host, "d", "medium", "attack.collection"))
	f("many and high", "critical: 5 tactics of an intrusion on srv01 within 4 hours, by as many rules: initial-access; execution; credential-access; collection; exfiltration\n",
		hit(0, host, "a", "high", "attack.initial-access"), hit(h, host, "b", "high", "attack.execution"), hit(2*h, host, "c", "critical", "attack.credential-access"),
		hit(3*h, host, "e", "medium", "attack.collection"), hit(4*h, host, "d", "medium", "attack.exfiltration"))
	f("one rule with all tactics", "",
		hit(0, host, "a", "critical", "attack.execution", "attack.persistence", "attack.discovery", "attack.collection"))
	f("three rules", "",
		hit(0, host, "a", "high", "attack.execution", "attack.persistence"), hit(h, host, "b", "high", "attack.discovery", "attack.collection"), hit(h, host, "c", "high", "attack.exfiltration"))
	f("nothing is high", "",
		hit(0, host, "a", "medium", "attack.initial-access"), hit(h, host, "b", "medium", "attack.execution"), hit(2*h, host, "c", "medium", "attack.discovery"), hit(3*h, host, "d", "medium", "attack.collection"))
	f("below medium", "",
		hit(0, host, "a", "high", "attack.initial-access"), hit(h, host, "b", "low", "attack.execution"), hit(2*h, host, "c", "low", "attack.discovery"), hit(3*h, host, "d", "low", "attack.collection"))
	f("over two hosts", "",
		hit(0, host, "a", "high", "attack.initial-access"), hit(h, host, "b", "high", "attack.execution"), hit(2*h, "SRV02", "c", "high", "attack.discovery"), hit(3*h, "SRV02", "d", "high", "attack.collection"))
	f("over a week", "",
		hit(0, host, "a", "high", "attack.initial-access"), hit(40*h, host, "b", "high", "attack.execution"), hit(80*h, host, "c", "high", "attack.discovery"), hit(120*h, host, "d", "high", "attack.collection"))
	f("hiding does not count", "",
		hit(0, host, "a", "high", "attack.defense-evasion"), hit(h, host, "b", "high", "attack.execution"), hit(2*h, host, "c", "high", "attack.discovery"), hit(3*h, host, "d", "high", "attack.stealth"))
}

// TestHitBook: of a noisy rule the first and the last of an hour are kept, whatever the order.
func TestHitBook(t *testing.T) {
	set, err := New(chainOf("high", false, false, 2, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	var hits []Hit
	for i := range 120 {
		hits = append(hits, hit(time.Duration(i)*time.Minute, "H", "a", "high"), hit(time.Duration(i)*time.Minute, "H", "unwanted", "high"))
	}
	want := "08:00 08:59 09:00 09:59"
	for range 2 {
		b := newHitBook(set)
		for i := range hits {
			b.add(&hits[i])
		}
		var got []string
		for _, h := range b.all() {
			got = append(got, h.Time.Format("15:04"))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("kept %s, want %s", s, want)
		}
		slices.Reverse(hits)
	}
}

func TestRemoteHosts(t *testing.T) {
	for command, want := range map[string]string{
		`copy a.bat \\SQL01\C$\Temp\`:                          "[sql01]",
		`wmic /node:"10.0.0.7" /user:x process list`:           "[10.0.0.7]",
		`Invoke-Command -ComputerName DC01.corp.example { x }`: "[dc01.corp.example]",
		`cmd /c dir 1> \\127.0.0.1\ADMIN$\__1`:                 "[]",
		`cmd /c echo \\.\pipe\x \\localhost\c$`:                "[]",
		`a \\h1\x \\h2\x \\h3\x \\h4\x \\h5\x`:                 "[h1 h2 h3 h4]",
		`net use`:                                              "[]",
	} {
		if got := fmt.Sprint(remoteHosts(command)); got != want {
			t.Errorf("remoteHosts(%q) = %s, want %s", command, got, want)
		}
	}
}

// TestStagesOf: what a stage takes: ids, whole tags and globs over tags, without regard to case.
func TestStagesOf(t *testing.T) {
	c := Chain{Name: "n", Title: "T", Level: "high", Within: "1h", Stages: []Stage{{Any: []string{"ABC-1", "attack.t1059"}}, {Any: []string{"attack.T1505*", "abc-1"}}}}
	p, err := c.prepare()
	if err != nil {
		t.Fatal(err)
	}
	f := func(id string, want stageSet, tags ...string) {
		t.Helper()
		if got := p.stagesOf(id, tags); got != want {
			t.Errorf("stagesOf(%s, %v) = %b, want %b", id, tags, got, want)
		}
	}
	f("abc-1", 0b11)
	f("x", 0b01, "attack.t1059")
	f("x", 0b10, "attack.t1505.003")
	f("x", 0b11, "attack.execution", "ATTACK.T1059", "attack.t1505")
	f("x", 0, "attack.t1059.001")
	f("abc", 0)

	c.Stages[0].Any = []string{"attack.[t"}
	if _, err := c.prepare(); err == nil {
		t.Error("a glob that is none is taken")
	}
}
