package behaviour

import (
	"testing"
	"time"
)

func TestReinfectionWatch(t *testing.T) {
	const day = 24 * time.Hour
	watch := Config{Remediated: []Remediated{{Host: "mail*", At: start, Case: "2026-7"}}}
	f := func(name string, c Config, want string, hits ...Hit) {
		t.Helper()
		if got := lines(hunted(t, c, "reinfection-watch", nil, hits)); got != want {
			t.Errorf("%s: episodes:\n%swant:\n%s", name, got, want)
		}
	}
	f("back within hours", watch, "critical: 2 rules found something on mail01 again, the first of them 5 hours after it was cleaned, the gravest: Rule shell\n",
		hit(5*time.Hour, "MAIL01.corp.example", "recon", "medium"), hit(day, "MAIL01", "shell", "high"))
	f("two hosts", watch, "high: 1 rules found something on mail01 again, the first of them 24 hours after it was cleaned, the gravest: Rule a\n"+
		"high: 1 rules found something on mail02 again, the first of them 2 days after it was cleaned, the gravest: Rule a\n",
		hit(day, "MAIL01", "a", "medium"), hit(2*day, "MAIL02", "a", "medium"))
	f("the same as before", watch, "high: 1 rules found something on mail01 again, the first of them 24 hours after it was cleaned, the gravest: Rule a\n",
		hit(-day, "MAIL01", "a", "medium"), hit(day, "MAIL01", "a", "medium"))
	f("before the cleaning", watch, "", hit(-day, "MAIL01", "a", "high"))
	f("after the watch", watch, "", hit(15*day, "MAIL01", "a", "high"))
	f("another host", watch, "", hit(day, "SQL01", "a", "high"))
	f("of little weight", watch, "", hit(day, "MAIL01", "a", "low"))
	f("nobody was cleaned", Config{}, "", hit(day, "MAIL01", "a", "high"))

	if _, err := New(Config{Remediated: []Remediated{{Host: "[", At: start}}}); err == nil {
		t.Error("a glob that is none is taken")
	}
}
