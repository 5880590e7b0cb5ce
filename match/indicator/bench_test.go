package indicator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"aldebaran/event"
	"aldebaran/intel"
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

// BenchmarkMatch looks for indicators in the events of the corpus, which are in memory; events/cpu-s can
// be compared with those of the rules.
func BenchmarkMatch(b *testing.B) {
	sets := map[int]*Set{}
	for _, n := range []int{0, 1000, 1_000_000} {
		s, err := Compile(feed(n), Options{})
		if err != nil {
			b.Fatal(err)
		}
		sets[n] = s
	}
	for _, log := range []string{"evtx/host-collection", "evtx/attack-samples", "evtx/evtx-to-mitre", "w3c"} {
		events := corpusEvents(b, log)
		size := 0
		for _, e := range events {
			for _, v := range e.Values {
				size += len(v.Raw)
			}
		}
		for _, n := range []int{0, 1000, 1_000_000} {
			for _, warm := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%d/warm=%t", log, n, warm), func(b *testing.B) {
					b.SetBytes(int64(size))
					b.ReportAllocs()
					m := sets[n].NewMatcher()
					var hits []Hit
					pass := func() {
						for _, e := range events {
							hits = m.Match(hits[:0], e)
						}
					}
					pass()
					for b.Loop() {
						if !warm {
							b.StopTimer()
							clear(m.seen[:])
							b.StartTimer()
						}
						pass()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/event")
				})
			}
		}
	}
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

var _ = event.Text
