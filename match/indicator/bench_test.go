//go:build unix

package indicator

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/intel"
	"aldebaran/match/sigma"
)

// feed makes indicators of all types as large feeds have them: mostly hashes, domains and addresses.
func feed(n int) []intel.Indicator {
	r := rand.New(rand.NewPCG(1, 2))
	hex := func(digits int) string {
		b := make([]byte, digits)
		for i := range b {
			b[i] = "0123456789abcdef"[r.IntN(16)]
		}
		return string(b)
	}
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz0123456789-"[r.IntN(36)]
		}
		return string(b)
	}
	tlds := [...]string{"com", "net", "org", "info", "top", "xyz", "ru", "cn", "co.uk"}
	domain := func() string { return word(4+r.IntN(12)) + "." + tlds[r.IntN(len(tlds))] }
	list := make([]intel.Indicator, 0, n)
	for i := range n {
		var t intel.IndicatorType
		var v string
		switch k := i % 100; {
		case k < 25:
			t, v = intel.SHA256, hex(64)
		case k < 35:
			t, v = intel.MD5, hex(32)
		case k < 40:
			t, v = intel.SHA1, hex(40)
		case k < 65:
			t, v = intel.Domain, domain()
		case k < 80:
			t, v = intel.IP, fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(150), r.IntN(256), r.IntN(256), r.IntN(256))
		case k < 90:
			t, v = intel.URL, "http://"+domain()+"/"+word(8)+".php"
		case k < 92:
			t, v = intel.CIDR, fmt.Sprintf("%d.%d.%d.0/24", 11+r.IntN(150), r.IntN(256), r.IntN(256))
		case k < 94:
			t, v = intel.Email, word(6)+"@"+domain()
		case k < 96:
			t, v = intel.FileName, word(7)+".exe"
		case k < 97:
			t, v = intel.FilePath, `c:\windows\temp\`+word(7)+".dll"
		case k < 98:
			t, v = intel.RegistryKey, `HKLM\software\`+word(8)
		case k < 99:
			t, v = intel.Mutex, "Global\\"+word(9)
		default:
			t, v = intel.UserAgent, "Mozilla/5.0 ("+word(9)+")"
		}
		list = append(list, intel.Indicator{Type: t, Value: v})
	}
	return list
}

// BenchmarkHunt reads logs of the corpus and matches their events as they come: with nothing, with all
// of SigmaHQ's rules, with the rules and indicators. What indicators cost is to be told in parts of a
// hunt, and in time of the processor: the machine is shared. Values of "new" logs were not seen before,
// those of "filled" ones were, as in a large log that repeats itself.
func BenchmarkHunt(b *testing.B) {
	c, err := sigma.Load([]string{corpustest.Path(b, "sigma/rules/rules")}, sigma.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	rules, err := sigma.Compile(c)
	if err != nil {
		b.Fatal(err)
	}
	sets := map[int]*Set{}
	for _, n := range []int{1000, 1_000_000} {
		if sets[n], err = Compile(feed(n), Options{}); err != nil {
			b.Fatal(err)
		}
	}
	for _, log := range []string{"evtx/host-collection", "evtx/attack-samples", "evtx/evtx-to-mitre", "w3c"} {
		files := corpusLogs(b, log)
		for _, what := range []string{"read", "rules", "rules and 1000", "rules and 1000000"} {
			n := 0
			fmt.Sscanf(what, "rules and %d", &n)
			for _, state := range []string{"new", "filled"} {
				b.Run(log+"/"+what+"/"+state, func(b *testing.B) {
					events, size := 0, int64(0)
					var m *Matcher
					var rm *sigma.Matcher
					var hits []Hit
					fresh := func() {
						m, rm = nil, nil
						if what != "read" {
							rm = rules.NewMatcher()
						}
						if n > 0 {
							m = sets[n].NewMatcher()
						}
					}
					pass := func() {
						for _, f := range files {
							size += f.read(func(e *event.Event) bool {
								events++
								if rm != nil {
									rm.Match(e)
								}
								if m != nil {
									hits = m.Match(hits[:0], e)
								}
								return true
							})
						}
					}
					fresh()
					pass()
					b.SetBytes(size)
					b.ReportAllocs()
					events = 0
					before := cpuTime(b)
					for b.Loop() {
						if state == "new" {
							fresh()
						}
						pass()
					}
					b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(events), "cpu-ns/event")
				})
			}
		}
	}
}

// cpuTime is the processor time of this process.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCompile makes sets.
func BenchmarkCompile(b *testing.B) {
	list := feed(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(list, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
