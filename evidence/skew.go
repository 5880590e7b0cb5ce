package evidence

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// A Skew is how far the clocks of two logs are apart, measured by what both of them show.
type Skew struct {
	// A and B are the clocks; A's host and log come before B's.
	A ClockOf `json:"a"`
	B ClockOf `json:"b"`
	// Method says which events of the two logs were taken for the same.
	Method string `json:"method"`
	// Pairs is the number of such events.
	Pairs int `json:"pairs"`
	// Median is the time of B minus that of A, in seconds; half of the pairs are from Low to High.
	Median float64 `json:"median_seconds"`
	Low    float64 `json:"low_seconds"`
	High   float64 `json:"high_seconds"`
}

// A ClockOf names a clock: that of the host which wrote a log. Hosts that do not name themselves go
// by their address, or have no name.
type ClockOf struct {
	Host string `json:"host"`
	Log  string `json:"log"`
}

// The ways in which two logs show the same event.
const (
	sameRequest    = "web requests of the same client, method, path, status and user agent"
	sameConnection = "network connections of the same addresses and ports"
	sameLogon      = "network logons (4624) and connections (Sysmon 3) of the same client address and port"
)

const (
	// pairWindow is how far the two times of the same event may be apart, and how long neither log
	// may show another like it. Clocks that differ by more are not found out.
	pairWindow = 5 * time.Minute
	// minPairs and maxSpread are what makes a measurement: fewer pairs say nothing, and if the
	// middle half of them differs by more, they were not the same events. IIS writes whole seconds.
	minPairs  = 5
	maxSpread = 2 * time.Second

	maxSightings    = 1 << 16 // in all evidence, 40 bytes each
	maxUnitSighting = 1 << 11 // in one piece of it
	maxAlike        = 64      // events that look the same; of more than that, none is unique
	maxClocks       = 256
	maxKnownShapes  = 1024
)

// Skews measures how far clocks are apart while events are read. The zero value is ready. It is used
// by one goroutine, and joined. When there are more events than it keeps, it keeps those whose
// identity has the smallest hash: the same ones in every log.
type Skews struct {
	clocks    []ClockOf
	sightings []sighting
	// limit is the largest hash that is kept, 0 stands for all.
	limit uint64
	max   int // 0 stands for maxUnitSighting

	shape *event.Shape
	at    indexes
	known map[*event.Shape]indexes
	// agent and host are scratch.
	agent, host []byte
}

// A role tells the two sides of an event apart: of two logs of servers, neither shows the client's.
type role uint8

const (
	serverRole role = iota
	clientRole
	sensorRole
	formatRole // and those after it, by format: web logs of the same format are of different servers
)

// A sighting is an event as one log shows it.
type sighting struct {
	key    uint64 // identifies the event, without its time
	time   int64  // nanoseconds since 1970
	clock  uint16 // index in clocks
	method method
	role   role
}

type method uint8

const (
	request method = iota
	connection
	logon
)

var methods = [...]string{request: sameRequest, connection: sameConnection, logon: sameLogon}

// indexes are where a shape has the fields of a web request, of a connection or of a logon; -1 if
// it has not.
type indexes struct {
	client, method, path, status, agent, server int
	clientPort, serverPort, initiated, kind     int
}

// See takes note of an event of a source of that format.
func (s *Skews) See(format string, e *event.Event) {
	switch {
	case e.Category == "webserver" || e.Category == "proxy":
		s.request(format, e)
	case e.EventID == 3 && strings.EqualFold(e.Channel, "Microsoft-Windows-Sysmon/Operational"):
		s.sysmon(e)
	case e.EventID == 4624 && strings.EqualFold(e.Channel, "Security"):
		s.logon(e)
	case e.Product == "zeek" && e.Service == "conn":
		s.zeek(e)
	}
}

func (s *Skews) request(name string, e *event.Event) {
	at := s.fields(e.Shape, func() indexes {
		return indexes{
			client: field(e.Shape, "c-ip"), method: field(e.Shape, "cs-method"), path: field(e.Shape, "cs-uri-stem"),
			status: field(e.Shape, "sc-status"), agent: field(e.Shape, "cs-user-agent"), server: field(e.Shape, "s-ip"),
		}
	})
	if at.client < 0 || at.method < 0 || at.path < 0 || at.status < 0 || at.agent < 0 || e.Time.IsZero() {
		return
	}
	client, path := e.Values[at.client], e.Values[at.path]
	if !filled(client) || !filled(path) {
		return
	}
	key := hashBytes(hashBytes(uint64(request)+1, client.Raw), path.Raw)
	if s.leaveOut(key) {
		return
	}
	// IIS writes a plus for a blank, and so may the client: both are taken for a blank. What decides
	// what is kept is the first half only, so that the rest need not be looked at.
	s.agent = append(s.agent[:0], e.Values[at.agent].Raw...)
	for i, c := range s.agent {
		if c == '+' {
			s.agent[i] = ' '
		}
	}
	rest := hashBytes(hashBytes(hashBytes(0, s.agent), e.Values[at.method].Raw), e.Values[at.status].Raw)
	s.host = append(s.host[:0], e.Computer...)
	if e.Computer == "" && at.server >= 0 && filled(e.Values[at.server]) {
		s.host = e.Values[at.server].AppendText(s.host)
	}
	r := role(slices.IndexFunc(formats[:], func(f format) bool { return f.name == name }) + 1)
	s.add(key&^0xffffffff|rest>>32, s.clock(s.host, name), e.Time, request, formatRole+r)
}

func (s *Skews) sysmon(e *event.Event) {
	at := s.fields(e.Shape, func() indexes {
		return indexes{
			client: field(e.Shape, "SourceIp"), clientPort: field(e.Shape, "SourcePort"), server: field(e.Shape, "DestinationIp"),
			serverPort: field(e.Shape, "DestinationPort"), initiated: field(e.Shape, "Initiated"),
		}
	})
	if at.client < 0 || at.clientPort < 0 || at.server < 0 || at.serverPort < 0 || at.initiated < 0 {
		return
	}
	client, ok := endpoint(e.Values[at.client], e.Values[at.clientPort])
	server, ok2 := endpoint(e.Values[at.server], e.Values[at.serverPort])
	if !ok || !ok2 {
		return
	}
	r := serverRole
	if strings.EqualFold(e.Values[at.initiated].String(), "true") {
		r = clientRole
		s.add(hashText(uint64(logon)+1, client), s.windows(e), e.Time, logon, r)
	}
	s.add(hashText(hashText(uint64(connection)+1, client), server), s.windows(e), e.Time, connection, r)
}

func (s *Skews) logon(e *event.Event) {
	at := s.fields(e.Shape, func() indexes {
		return indexes{client: field(e.Shape, "IpAddress"), clientPort: field(e.Shape, "IpPort"), kind: field(e.Shape, "LogonType")}
	})
	if at.client < 0 || at.clientPort < 0 || at.kind < 0 || e.Values[at.kind].String() != "3" {
		return
	}
	if client, ok := endpoint(e.Values[at.client], e.Values[at.clientPort]); ok {
		s.add(hashText(uint64(logon)+1, client), s.windows(e), e.Time, logon, serverRole)
	}
}

// windows is the clock of all logs of a Windows host.
func (s *Skews) windows(e *event.Event) int {
	s.host = append(s.host[:0], e.Computer...)
	return s.clock(s.host, "Windows")
}

// clock gives the index of a clock, -1 if there are too many.
func (s *Skews) clock(host []byte, log string) int {
	for i := range s.clocks {
		if s.clocks[i].Log == log && s.clocks[i].Host == string(host) {
			return i
		}
	}
	if len(s.clocks) == maxClocks {
		return -1
	}
	s.clocks = append(s.clocks, ClockOf{string(host), log})
	return len(s.clocks) - 1
}

func (s *Skews) zeek(e *event.Event) {
	at := s.fields(e.Shape, func() indexes {
		return indexes{
			client: field(e.Shape, "id.orig_h"), clientPort: field(e.Shape, "id.orig_p"), server: field(e.Shape, "id.resp_h"),
			serverPort: field(e.Shape, "id.resp_p"),
		}
	})
	if at.client < 0 || at.clientPort < 0 || at.server < 0 || at.serverPort < 0 {
		return
	}
	client, ok := endpoint(e.Values[at.client], e.Values[at.clientPort])
	server, ok2 := endpoint(e.Values[at.server], e.Values[at.serverPort])
	if ok && ok2 {
		s.add(hashText(hashText(uint64(connection)+1, client), server), s.clock([]byte(e.Computer), "zeek"), e.Time, connection, sensorRole)
	}
}

// endpoint is an address and a port, written alike for all logs; ok is false if there is none, or if
// every host has one of that address.
func endpoint(address, port event.Value) (text string, ok bool) {
	a, err := netip.ParseAddr(address.String())
	p := port.String()
	if err != nil || a.IsLoopback() || a.IsUnspecified() || p == "" || p == "0" || p == "-" {
		return "", false
	}
	return a.Unmap().WithZone("").String() + " " + p, true
}

func field(s *event.Shape, name string) int {
	if at := s.Lookup(name); len(at) > 0 {
		return at[0]
	}
	return -1
}

// fields finds the fields of a shape, once.
func (s *Skews) fields(shape *event.Shape, find func() indexes) indexes {
	if shape == s.shape {
		return s.at
	}
	at, ok := s.known[shape]
	if !ok {
		if s.known == nil || len(s.known) >= maxKnownShapes {
			s.known = map[*event.Shape]indexes{}
		}
		at = find()
		s.known[shape] = at
	}
	s.shape, s.at = shape, at
	return at
}

// leaveOut tells by its hash that an event is not among those that are kept.
func (s *Skews) leaveOut(key uint64) bool { return s.limit != 0 && key > s.limit }

func (s *Skews) add(key uint64, clock int, t time.Time, m method, r role) {
	if t.IsZero() || clock < 0 || s.leaveOut(key) {
		return
	}
	s.sightings = append(s.sightings, sighting{key, t.UnixNano(), uint16(clock), m, r})
	if len(s.sightings) >= cmp.Or(s.max, maxUnitSighting) {
		s.shrink()
	}
}

// shrink takes out copies, and then what has the largest hashes until half of the space is free.
func (s *Skews) shrink() {
	s.sort()
	limit := cmp.Or(s.limit, ^uint64(0))
	n := len(s.sightings)
	for n > cmp.Or(s.max, maxUnitSighting)/2 {
		limit >>= 1 // 0 at the end, which keeps nothing
		n, _ = slices.BinarySearchFunc(s.sightings, limit, func(a sighting, limit uint64) int {
			if a.key <= limit {
				return -1
			}
			return 1
		})
		s.limit = max(limit, 1)
	}
	s.sightings = s.sightings[:n]
}

// sort orders by event, clock and time, and takes out copies: the same log may be there twice.
func (s *Skews) sort() {
	slices.SortFunc(s.sightings, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.method, b.method), cmp.Compare(a.clock, b.clock), cmp.Compare(a.role, b.role), cmp.Compare(a.time, b.time))
	})
	s.sightings = slices.Compact(s.sightings)
}

// Join adds what was seen in another piece of evidence. Pieces are joined in the order of the evidence.
func (s *Skews) Join(other *Skews) {
	s.max = maxSightings
	for _, o := range other.sightings {
		c := other.clocks[o.clock]
		s.host = append(s.host[:0], c.Host...)
		s.add(o.key, s.clock(s.host, c.Log), time.Unix(0, o.time), o.method, o.role)
	}
}

// Reset forgets what was seen, and keeps the buffers.
func (s *Skews) Reset() {
	s.clocks, s.sightings, s.limit = s.clocks[:0], s.sightings[:0], 0
}

// A pairing is two clocks and how events that both show are told.
type pairing struct {
	a, b   uint16
	method method
}

// Measured gives what could be measured, sorted by clocks.
func (s *Skews) Measured() []Skew {
	s.sort()
	deltas := map[pairing][]int64{}
	for rest := s.sightings; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].key == rest[0].key && rest[n].method == rest[0].method {
			n++
		}
		if n <= maxAlike {
			s.pairs(rest[:n], deltas)
		}
		rest = rest[n:]
	}
	all := []Skew{}
	for p, d := range deltas {
		slices.Sort(d)
		low, median, high := d[len(d)/4], d[len(d)/2], d[len(d)-1-len(d)/4]
		if len(d) < minPairs || high-low > int64(maxSpread) {
			continue
		}
		k := Skew{
			A: s.clocks[p.a], B: s.clocks[p.b], Method: methods[p.method], Pairs: len(d),
			Median: seconds(median), Low: seconds(low), High: seconds(high),
		}
		if compareClocks(k.A, k.B) > 0 {
			k.A, k.B, k.Median, k.Low, k.High = k.B, k.A, -k.Median, -k.High, -k.Low
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Skew) int {
		return cmp.Or(compareClocks(a.A, b.A), compareClocks(a.B, b.B), strings.Compare(a.Method, b.Method))
	})
	return all
}

func compareClocks(a, b ClockOf) int {
	return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Log, b.Log))
}

// seconds rounds to milliseconds: no log that we pair is more exact.
func seconds(ns int64) float64 {
	return float64(time.Duration(ns).Round(time.Millisecond).Milliseconds()) / 1000
}

// pairs finds those of sightings of alike events that are the same one: each is the only one of
// its log near the other.
func (s *Skews) pairs(alike []sighting, deltas map[pairing][]int64) {
	near := func(one sighting, clock uint16, r role) (sighting, bool) {
		var found sighting
		n := 0
		for _, o := range alike {
			if o.clock == clock && o.role == r && abs(o.time-one.time) <= int64(pairWindow) {
				found = o
				n++
			}
		}
		return found, n == 1
	}
	for i, a := range alike {
		for _, b := range alike[i+1:] {
			if a.clock >= b.clock || a.role == b.role || abs(a.time-b.time) > int64(pairWindow) {
				continue
			}
			onlyB, ok := near(a, b.clock, b.role)
			onlyA, ok2 := near(b, a.clock, a.role)
			if ok && ok2 && onlyA == a && onlyB == b {
				p := pairing{a.clock, b.clock, a.method}
				deltas[p] = append(deltas[p], b.time-a.time)
			}
		}
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// hashBytes is a quick hash that is the same in every run: which events are kept must be. Whoever
// writes a log could make events that are kept or are not; he could as well write wrong times.
func hashBytes(h uint64, b []byte) uint64 {
	const k = 0x9e3779b97f4a7c15
	step := func(h, x uint64) uint64 {
		hi, lo := bits.Mul64(h^x^k, 0xd6e8feb86659fd93)
		return hi ^ lo
	}
	n := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = step(h, binary.LittleEndian.Uint64(b))
	}
	var last [8]byte
	copy(last[:], b)
	return step(step(h, binary.LittleEndian.Uint64(last[:])), n)
}

func hashText(h uint64, s string) uint64 {
	var buf [96]byte
	return hashBytes(h, append(buf[:0], s...))
}
