package evidence

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// All events here are synthetic.

var skewBegin = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// fieldEvent is an event of text fields: name, value, name, value.
func fieldEvent(at time.Duration, fields ...string) *event.Event {
	e := &event.Event{Time: skewBegin.Add(at), Shape: &event.Shape{}}
	for i := 0; i < len(fields); i += 2 {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: fields[i]})
		e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: []byte(fields[i+1])})
	}
	return e
}

// iisRequest and proxyRequest are the same request as IIS and HttpProxy of Exchange log it.
func iisRequest(at time.Duration, path string) *event.Event {
	e := fieldEvent(at, "s-ip", "192.0.2.1", "cs-method", "POST", "cs-uri-stem", path, "c-ip", "198.51.100.7", "cs-user-agent", "Synthetic+Agent/1.0", "sc-status", "200")
	e.Category = "webserver"
	return e
}

func proxyRequest(at time.Duration, path string) *event.Event {
	e := fieldEvent(at, "c-ip", "198.51.100.7", "cs-user-agent", "Synthetic Agent/1.0", "cs-method", "POST", "cs-uri-stem", path, "sc-status", "200")
	e.Category, e.Product, e.Computer = "webserver", "exchange", "MAIL01"
	return e
}

func logonEvent(at time.Duration, ip, port string) *event.Event {
	e := fieldEvent(at, "LogonType", "3", "IpAddress", ip, "IpPort", port)
	e.Product, e.Channel, e.EventID, e.Computer = "windows", "Security", 4624, "DC01"
	return e
}

func connectionEvent(at time.Duration, host, initiated, ip, port, toIP, toPort string) *event.Event {
	e := fieldEvent(at, "Initiated", initiated, "SourceIp", ip, "SourcePort", port, "DestinationIp", toIP, "DestinationPort", toPort)
	e.Product, e.Channel, e.EventID, e.Computer = "windows", "Microsoft-Windows-Sysmon/Operational", 3, host
	return e
}

func zeekConnection(at time.Duration, ip, port, toIP, toPort string) *event.Event {
	e := fieldEvent(at, "id.orig_h", ip, "id.orig_p", port, "id.resp_h", toIP, "id.resp_p", toPort)
	e.Product, e.Service = "zeek", "conn"
	return e
}

func TestSkews(t *testing.T) {
	var (
		iis   = ClockOf{"192.0.2.1", "w3c"}
		proxy = ClockOf{"MAIL01", "exchange"}
		dc    = ClockOf{"DC01", "Windows"}
		ws    = ClockOf{"WS1", "Windows"}
		zeek  = ClockOf{"", "zeek"}
	)
	for _, c := range []struct {
		name string
		see  func(s *Skews)
		want []Skew
	}{
		{"nothing", func(*Skews) {}, []Skew{}},
		{"a web server and the proxy on it", func(s *Skews) {
			for i := range 6 {
				at := time.Duration(i) * time.Minute
				s.See("w3c", iisRequest(at, fmt.Sprint("/", i)))
				s.See("exchange", proxyRequest(at+4500*time.Millisecond, fmt.Sprint("/", i)))
			}
		}, []Skew{{A: iis, B: proxy, Method: sameRequest, Pairs: 6, Median: 4.5, Low: 4.5, High: 4.5}}},
		{"four pairs say nothing", func(s *Skews) {
			for i := range 4 {
				s.See("w3c", iisRequest(0, fmt.Sprint("/", i)))
				s.See("exchange", proxyRequest(0, fmt.Sprint("/", i)))
			}
		}, []Skew{}},
		{"the same request every minute is not unique", func(s *Skews) {
			for i := range 20 {
				at := time.Duration(i) * time.Minute
				s.See("w3c", iisRequest(at, "/"))
				s.See("exchange", proxyRequest(at, "/"))
			}
		}, []Skew{}},
		{"the same request every hour is", func(s *Skews) {
			for i := range 20 {
				at := time.Duration(i) * time.Hour
				s.See("w3c", iisRequest(at, "/"))
				s.See("exchange", proxyRequest(at-time.Second, "/"))
			}
		}, []Skew{{A: iis, B: proxy, Method: sameRequest, Pairs: 20, Median: -1, Low: -1, High: -1}}},
		{"more alike than are compared", func(s *Skews) {
			for i := range 40 {
				at := time.Duration(i) * time.Hour
				s.See("w3c", iisRequest(at, "/"))
				s.See("exchange", proxyRequest(at-time.Second, "/"))
			}
		}, []Skew{}},
		{"a log that is there twice", func(s *Skews) {
			for range 2 {
				for i := range 6 {
					s.See("w3c", iisRequest(0, fmt.Sprint("/", i)))
					s.See("exchange", proxyRequest(3*time.Second, fmt.Sprint("/", i)))
				}
			}
		}, []Skew{{A: iis, B: proxy, Method: sameRequest, Pairs: 6, Median: 3, Low: 3, High: 3}}},
		{"times that do not agree", func(s *Skews) {
			for i := range 9 {
				s.See("w3c", iisRequest(0, fmt.Sprint("/", i)))
				s.See("exchange", proxyRequest(time.Duration(i*20)*time.Second, fmt.Sprint("/", i)))
			}
		}, []Skew{}},
		{"too far apart", func(s *Skews) {
			for i := range 9 {
				s.See("w3c", iisRequest(0, fmt.Sprint("/", i)))
				s.See("exchange", proxyRequest(6*time.Minute, fmt.Sprint("/", i)))
			}
		}, []Skew{}},
		{"two web servers of one farm", func(s *Skews) {
			for i := range 9 {
				s.See("w3c", iisRequest(0, fmt.Sprint("/", i)))
				other := iisRequest(time.Second, fmt.Sprint("/", i))
				other.Values[0].Raw = []byte("192.0.2.2")
				s.See("w3c", other)
			}
		}, []Skew{}},
		{"a client's connections and the server's logons", func(s *Skews) {
			for i := range 7 {
				at, port := time.Duration(i)*time.Second, fmt.Sprint(50000+i)
				s.See("evtx", connectionEvent(at, "WS1", "true", "192.0.2.7", port, "192.0.2.3", "445"))
				s.See("evtx", logonEvent(at+90*time.Second, "::ffff:192.0.2.7", port))
			}
		}, []Skew{{A: dc, B: ws, Method: sameLogon, Pairs: 7, Median: -90, Low: -90, High: -90}}},
		{"both ends of connections, and a sensor", func(s *Skews) {
			for i := range 5 {
				port := fmt.Sprint(50000 + i)
				s.See("evtx", connectionEvent(0, "WS1", "true", "fe80::7", port, "fe80::3", "445"))
				s.See("evtx", connectionEvent(time.Second, "DC01", "false", "fe80:0:0:0:0:0:0:7", port, "fe80:0:0:0:0:0:0:3", "445"))
				s.See("zeek", zeekConnection(3*time.Second, "fe80::7", port, "fe80::3", "445"))
			}
		}, []Skew{
			{A: zeek, B: dc, Method: sameConnection, Pairs: 5, Median: -2, Low: -2, High: -2},
			{A: zeek, B: ws, Method: sameConnection, Pairs: 5, Median: -3, Low: -3, High: -3},
			{A: dc, B: ws, Method: sameConnection, Pairs: 5, Median: -1, Low: -1, High: -1},
		}},
		{"one host, and addresses that all hosts have", func(s *Skews) {
			for i := range 9 {
				port := fmt.Sprint(50000 + i)
				s.See("evtx", connectionEvent(0, "DC01", "true", "192.0.2.3", port, "192.0.2.3", "445"))
				s.See("evtx", logonEvent(time.Second, "192.0.2.3", port))
				s.See("evtx", connectionEvent(0, "WS1", "true", "127.0.0.1", port, "127.0.0.1", "445"))
				s.See("evtx", logonEvent(time.Second, "127.0.0.1", port))
				s.See("evtx", logonEvent(time.Second, "-", "-"))
			}
		}, []Skew{}},
		{"events without what is needed", func(s *Skews) {
			for _, e := range []*event.Event{fieldEvent(0), fieldEvent(0, "c-ip", "-", "cs-uri-stem", "-", "cs-method", "", "sc-status", "", "cs-user-agent", "")} {
				for range 9 {
					e.Category, e.Product, e.Service = "webserver", "zeek", "conn"
					s.See("w3c", e)
					e.Category, e.Channel, e.EventID = "", "Security", 4624
					s.See("evtx", e)
					e.Channel, e.EventID = "Microsoft-Windows-Sysmon/Operational", 3
					s.See("evtx", e)
					e.Channel = ""
					s.See("evtx", e)
				}
			}
		}, []Skew{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Skews
			c.see(&s)
			if diff := cmp.Diff(c.want, s.Measured()); diff != "" {
				t.Errorf("Measured (-want +got):\n%s", diff)
			}
		})
	}
}

// However many events there are, memory is bounded, the same events of both logs are kept, and the
// outcome is the same whichever log is read first.
func TestSkewsOfManyEvents(t *testing.T) {
	var outcomes [][]Skew
	for _, iisFirst := range []bool{true, false} {
		var all Skews
		unit := func(name string, make func(time.Duration, string) *event.Event, by time.Duration) {
			for u := range 4 {
				var s Skews
				for i := range 40_000 {
					s.See(name, make(by+time.Duration(i)*time.Millisecond, fmt.Sprint("/", u, "/", i)))
				}
				if len(s.sightings) > maxUnitSighting {
					t.Fatalf("%d sightings of one unit", len(s.sightings))
				}
				all.Join(&s)
				if len(all.sightings) > maxSightings {
					t.Fatalf("%d sightings", len(all.sightings))
				}
			}
		}
		if iisFirst {
			unit("w3c", iisRequest, 0)
		}
		unit("exchange", proxyRequest, 7*time.Second)
		if !iisFirst {
			unit("w3c", iisRequest, 0)
		}
		got := all.Measured()
		if len(got) != 1 || got[0].Median != 7 || got[0].Pairs < 1000 {
			t.Fatalf("Measured() = %+v, want one of 7 seconds and more than 1000 pairs", got)
		}
		outcomes = append(outcomes, got)
	}
	if !slices.Equal(outcomes[0], outcomes[1]) {
		t.Errorf("the order of the logs makes a difference: %+v", outcomes)
	}
}

// Hosts and endless copies of one event must not take memory either.
func TestSkewsOfHostileEvents(t *testing.T) {
	var s Skews
	for i := range 20_000 {
		e := proxyRequest(time.Duration(i)*time.Second, "/")
		e.Computer = fmt.Sprint("HOST", i)
		s.See("exchange", e)
		s.See("w3c", iisRequest(time.Duration(i)*time.Second, "/"))
	}
	if len(s.sightings) > maxUnitSighting || len(s.clocks) > maxClocks {
		t.Errorf("%d sightings, %d clocks", len(s.sightings), len(s.clocks))
	}
	s.Measured()
	s.Reset()
	if got := s.Measured(); len(got) != 0 {
		t.Errorf("after Reset: %+v", got)
	}
}

// One piece of an IIS log has some 60,000 requests.
func BenchmarkSkews(b *testing.B) {
	const requests = 60_000
	var s Skews
	e := iisRequest(0, "/owa/0000000000")
	path := e.Values[2].Raw
	b.ReportAllocs()
	for b.Loop() {
		s.Reset()
		for i := range requests {
			strconv.AppendInt(path[:5], int64(1_000_000_000+i), 10)
			s.See("w3c", e)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*requests), "ns/event")
}
