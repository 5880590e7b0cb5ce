package sigma

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// inCorrelation puts a section into a correlation rule.
func inCorrelation(section string) string {
	return "title: c\nid: c-id\ncorrelation:\n" + indent(section)
}

func TestT28CorrelationParse(t *testing.T) {
	f := func(section, want string) {
		t.Helper()
		c := Parse([]byte(inCorrelation(section)), "f.yml", LoadOptions{})
		if why, ok := strings.CutPrefix(want, "rejected: "); ok {
			if len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Reason, why) {
				t.Errorf("%s\n got %v\nwant a rejection because of %s", section, c.Rejected, why)
			}
			return
		}
		if len(c.Correlations) != 1 {
			t.Errorf("%s: want a correlation, got %v", section, c.Rejected)
			return
		}
		r := c.Correlations[0]
		got := r.Type + " " + fmt.Sprint(r.Rules, r.GroupBy, r.Timespan, r.Ranges, r.Fields, r.Percentile, r.Aliases, r.Generate)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", section, got, want)
		}
	}
	const base = "rules: [a, b]\ngroup-by: [User, Computer Name]\ntimespan: 1h\n"
	f("type: event_count\n"+base+"condition: {gte: 100}", "event_count [a b] [User ComputerName] 1h0m0s [{gte 100}] [] 0 map[] false")
	f("type: event_count\nrules: a\ntimespan: 90m\ncondition: {gt: 100, lte: 200.5}", "event_count [a] [] 1h30m0s [{gt 100} {lte 200.5}] [] 0 map[] false")
	f("type: value_count\n"+base+"condition: {field: User, neq: 3}", "value_count [a b] [User ComputerName] 1h0m0s [{neq 3}] [User] 0 map[] false")
	f("type: value_count\n"+base+"condition: {field: [A, B], eq: 3}", "value_count [a b] [User ComputerName] 1h0m0s [{eq 3}] [A B] 0 map[] false")
	f("type: temporal\n"+base, "temporal [a b] [User ComputerName] 1h0m0s [] [] 0 map[] false")
	f("type: temporal_ordered\n"+base+"generate: true", "temporal_ordered [a b] [User ComputerName] 1h0m0s [] [] 0 map[] true")
	f("type: temporal\n"+base+"condition: {gte: 1}", "temporal [a b] [User ComputerName] 1h0m0s [{gte 1}] [] 0 map[] false")
	f("type: value_sum\n"+base+"condition: {field: n, gt: 1}", "value_sum [a b] [User ComputerName] 1h0m0s [{gt 1}] [n] 0 map[] false")
	f("type: value_avg\n"+base+"condition: {field: n, lt: 1}", "value_avg [a b] [User ComputerName] 1h0m0s [{lt 1}] [n] 0 map[] false")
	f("type: value_median\n"+base+"condition: {field: n, gt: 1}", "value_median [a b] [User ComputerName] 1h0m0s [{gt 1}] [n] 0 map[] false")
	f("type: value_percentile\n"+base+"condition: {field: n, gt: 1, percentile: 99}", "value_percentile [a b] [User ComputerName] 1h0m0s [{gt 1}] [n] 99 map[] false")
	f("type: value_percentile\n"+base+"condition: {field: n, lte: 1}", "value_percentile [a b] [User ComputerName] 1h0m0s [{lte 1}] [n] 50 map[] false")
	f("type: temporal\n"+base+"aliases: {ip: {a: Source Ip, b: DestIp}}", "temporal [a b] [User ComputerName] 1h0m0s [] [] 0 map[ip:map[a:SourceIp b:DestIp]] false")

	f("type: near\n"+base, "rejected: want one of event_count,")
	f("rules: a\ntimespan: 1h", "rejected: want type")
	f("type: temporal\ntimespan: 1h", "rejected: want rules")
	f("type: temporal\nrules: []\ntimespan: 1h", "rejected: rules: want at least one")
	f("type: temporal\nrules: [[a]]\ntimespan: 1h", "rejected: rules: want a text")
	f("type: temporal\nrules: {a: b}\ntimespan: 1h", "rejected: rules: want a text or a list")
	f("type: temporal\nrules: a", "rejected: want timespan")
	f("type: event_count\n"+base, "rejected: want condition for event_count")
	f("type: event_count\n"+base+"condition: {}", "rejected: want gt, gte, lt, lte, eq or neq, found none")
	f("type: event_count\n"+base+"condition: a and b", "rejected: condition: want a map")
	f("type: event_count\n"+base+"condition: {gte: '5'}", "rejected: gte: want a decimal number")
	f("type: event_count\n"+base+"condition: {ge: 5}", "rejected: found \"ge\"")
	f("type: event_count\n"+base+"condition: {gte: 5, field: a}", "rejected: want no field for event_count")
	f("type: event_count\n"+base+"condition: {gte: 5, percentile: 5}", "rejected: want no percentile")
	f("type: value_count\n"+base+"condition: {gte: 5}", "rejected: want field for value_count")
	f("type: value_sum\n"+base+"condition: {gte: 5, field: [a, b]}", "rejected: want one field")
	f("type: value_percentile\n"+base+"condition: {gte: 5, field: a, percentile: 101}", "rejected: want 0 to 100")
	f("type: temporal\n"+base+"aliases: {ip: a}", "rejected: aliases: ip: want a map")
	f("type: temporal\n"+base+"aliases: {ip: {a: ''}}", "rejected: aliases: ip: want the name of a field")
	f("type: temporal\n"+base+"generate: maybe", "rejected: generate: want true or false")
	f("type: temporal\n"+base+"window: 5", `rejected: want an attribute of the specification, found "window"`)

	for text, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "5m": 5 * time.Minute, "24h": 24 * time.Hour, "30d": 30 * 24 * time.Hour,
		"2w": 14 * 24 * time.Hour, "1M": 2629746 * time.Second, "1y": 31556952 * time.Second,
		"": 0, "5": 0, "m": 0, "0s": 0, "-5m": 0, "1.5h": 0, "5H": 0, "1h30m": 0, "99999999999s": 0, "200y": 0, "4000000000d": 0,
	} {
		c := Parse([]byte(inCorrelation("type: temporal\nrules: a\ntimespan: '"+text+"'")), "f.yml", LoadOptions{})
		switch {
		case want == 0 && (len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Reason, "timespan")):
			t.Errorf("timespan %q: want a rejection, got %v", text, c.Correlations)
		case want > 0 && (len(c.Correlations) != 1 || c.Correlations[0].Timespan != want):
			t.Errorf("timespan %q: want %v, got %v", text, want, c.Rejected)
		}
	}
}

// aRule is a small rule with that name.
func aRule(name string) string {
	return fmt.Sprintf("title: %s\nid: id-%s\nname: %s\nlogsource: {product: windows, service: security}\ndetection: {sel: {F: %s}, condition: sel}\n", name, name, name, name)
}

// aCorrelation is a correlation of that name over others.
func aCorrelation(name string, generate bool, rules ...string) string {
	return fmt.Sprintf("title: %s\nid: id-%s\nname: %s\ncorrelation: {type: temporal, rules: [%s], timespan: 1m, generate: %t}\n",
		name, name, name, strings.Join(rules, ", "), generate)
}

func documents(docs ...string) string { return strings.Join(docs, "---\n") }

// resolved parses and resolves, and writes who is silent and who is rejected.
func resolved(text string) string {
	c := Parse([]byte(text), "f.yml", LoadOptions{})
	c.Resolve()
	return outcome(c)
}

func outcome(c *Collection) string {
	var got []string
	say := func(name string, silent bool) {
		if silent {
			name += " silent"
		}
		got = append(got, name)
	}
	for _, r := range c.Rules {
		say(r.Title, r.Silent)
	}
	for _, r := range c.Correlations {
		say(r.Title, r.Silent)
	}
	for _, r := range c.Rejected {
		got = append(got, r.Rule+" rejected")
	}
	return strings.Join(got, ", ")
}

func TestT28Silence(t *testing.T) {
	f := func(want string, docs ...string) {
		t.Helper()
		if got := resolved(documents(docs...)); got != want {
			t.Errorf("%s\n got %s\nwant %s", documents(docs...), got, want)
		}
	}
	f("a, b", aRule("a"), aRule("b"))
	f("a silent, b, c", aRule("a"), aRule("b"), aCorrelation("c", false, "a"))
	f("a silent, c", aRule("a"), aCorrelation("c", false, "id-a"))
	f("a, c", aRule("a"), aCorrelation("c", true, "a"))
	// One that wants it to speak is enough, by whatever name.
	f("a, c, d", aRule("a"), aCorrelation("c", true, "a"), aCorrelation("d", false, "id-a"))
	// Chains, in any order of the documents.
	f("a silent, d, c silent", aCorrelation("d", false, "c"), aCorrelation("c", false, "a"), aRule("a"))
	f("a, c rejected", aRule("a"), aCorrelation("c", false, "a", "nobody"))
	f("a, c rejected, d rejected", aRule("a"), aCorrelation("c", false, "nobody"), aCorrelation("d", false, "c", "a"))
	f("c rejected, d rejected", aCorrelation("c", false, "d"), aCorrelation("d", false, "c"))
	f("c rejected", aCorrelation("c", false, "c"))
	f("a silent, c silent, d", aRule("a"), aCorrelation("c", false, "a"), aCorrelation("d", false, "c", "a"))
}

func TestChainIsBounded(t *testing.T) {
	chain := []string{aRule("r0")}
	for i := range 2 * maxRounds {
		chain = append(chain, aCorrelation(fmt.Sprintf("r%d", i+1), false, fmt.Sprintf("r%d", i)))
	}
	c := Parse([]byte(documents(chain...)), "f.yml", LoadOptions{})
	c.Resolve()
	if len(c.Correlations) != maxRounds || len(c.Rejected) != maxRounds || !strings.Contains(c.Rejected[0].Reason, "chain of at most 64") {
		t.Errorf("want %d correlations and as many rejections, got %d and %d: %.1v", maxRounds, len(c.Correlations), len(c.Rejected), c.Rejected)
	}
}

// TestMergeResolvesAnew: what one collection misses another may have, and nothing is joined twice.
func TestMergeResolvesAnew(t *testing.T) {
	parse := func(file string, docs ...string) *Collection {
		c := Parse([]byte(documents(docs...)), file, LoadOptions{})
		c.Resolve()
		return c
	}
	filter := "title: f\nlogsource: {product: windows}\nfilter: {rules: any, own: {User: me}, condition: not own}\n"
	rules := parse("a.yml", aRule("a"), filter)
	correlations := parse("b.yml", aCorrelation("c", false, "a"), aRule("b"))
	if got, want := outcome(correlations), "b, c rejected"; got != want {
		t.Fatalf("alone: got %s, want %s", got, want)
	}
	both := Merge(rules, nil, correlations)
	if got, want := outcome(both), "a silent, b, c"; got != want {
		t.Errorf("merged: got %s, want %s", got, want)
	}
	again := Merge(both, parse("c.yml", aRule("d")))
	again.Resolve()
	if got, want := outcome(again), "a silent, b, d, c"; got != want {
		t.Errorf("merged again: got %s, want %s", got, want)
	}
	for _, r := range again.Rules {
		if got, want := show(r.Condition), "(F='"+r.Title+"' & !User='me')"; got != want || !slices.Equal(r.Filters, []string{"f"}) {
			t.Errorf("rule %s: got %s by %v, want %s once", r.Title, got, r.Filters, want)
		}
	}
	if rules.Rules[0].Silent || correlations.Rejected == nil {
		t.Error("Merge changed the collections that it joined")
	}
	if both.Files != 2 {
		t.Errorf("Files = %d, want 2", both.Files)
	}
}

func TestT29FiltersParse(t *testing.T) {
	rules := documents(
		"title: r1\nid: id-1\nname: n1\nlogsource: {product: windows, category: process_creation}\ndetection: {sel: {F: a}, condition: sel}\n",
		"title: r2\nid: id-2\nlogsource: {product: windows, service: security}\ndetection: {sel: {F: b}, condition: sel}\n",
		"title: c\nid: id-c\ncorrelation: {type: event_count, rules: id-2, timespan: 1m, condition: {gt: 1}, generate: true}\n",
	)
	f := func(filter, want string) {
		t.Helper()
		c := Parse([]byte(documents(rules, "title: f\n"+filter)), "f.yml", LoadOptions{})
		c.Resolve()
		var got []string
		for _, r := range c.Rules {
			got = append(got, show(r.Condition)+strings.Join(r.Filters, "+"))
		}
		for _, r := range c.Rejected {
			got = append(got, "rejected "+r.Reason)
		}
		for _, r := range c.Warnings {
			got = append(got, "warning "+r.Reason)
		}
		if s := strings.Join(got, "; "); !strings.HasPrefix(s, want) || strings.Contains(s, "warning") != strings.Contains(want, "warning") {
			t.Errorf("%s\n got %s\nwant %s", filter, s, want)
		}
	}
	const windows = "logsource: {product: windows}\nfilter:\n  adm: {User|startswith: adm_}\n"
	f(windows+"  rules: [id-1]\n  condition: not adm", `(F='a' & !User='adm_*')f; F='b'`)
	f(windows+"  rules: n1\n  condition: not adm", `(F='a' & !User='adm_*')f; F='b'`)
	f(windows+"  rules: any\n  condition: not adm", `(F='a' & !User='adm_*')f; (F='b' & !User='adm_*')f`)
	f(windows+"  rules: [id-1, id-2, id-c]\n  condition: not adm", `(F='a' & !User='adm_*')f; (F='b' & !User='adm_*')f`)
	// Joined as it is written, with a warning, as pySigma does; not turned round.
	f(windows+"  rules: [id-1]\n  condition: adm", `(F='a' & User='adm_*')f; F='b'; warning filter without "not"`)
	f(windows+"  rules: [nobody]\n  condition: not adm", `F='a'; F='b'; warning filter applies to no rule`)
	f("logsource: {product: windows, service: security}\nfilter: {rules: any, adm: {U: x}, condition: not adm}", `F='a'; (F='b' & !U='x')f`)
	f("logsource: {product: linux}\nfilter: {rules: any, adm: {U: x}, condition: not adm}", `F='a'; F='b'; warning filter applies to no rule`)
	f("logsource: {product: windows}\nfilter: {adm: {U: x}, condition: not adm}", `F='a'; F='b'; rejected filter: want rules, found none`)
	f("filter: {rules: any, adm: {U: x}, condition: not adm}", `F='a'; F='b'; rejected want logsource, found none`)
	f("logsource: {product: windows}\nfilter: {rules: any, adm: {U: x}}", `F='a'; F='b'; rejected filter: want condition, found none`)
	f("logsource: {product: windows}\nfilter: [a]", `F='a'; F='b'; rejected filter: want a map`)
	f("logsource: {product: windows}\nfilter: {rules: any, adm: {U|bad: x}, condition: not adm}", `F='a'; F='b'; rejected U|bad`)
}
