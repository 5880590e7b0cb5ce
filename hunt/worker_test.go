package hunt

import (
	"hash/maphash"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match"
	"aldebaran/match/sigma"
)

func testEngine(t *testing.T) *match.Engine {
	t.Helper()
	e, err := match.Compile(&sigma.Collection{}, match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPanicCostsOneUnit lets a reader crash: it is damage, and the worker goes on.
func TestPanicCostsOneUnit(t *testing.T) {
	w := newWorker(Options{}, testEngine(t), maphash.MakeSeed(), nil)
	before := w.reader
	r := new(result)
	r.reset(task{file: evidence.File{Path: "log.evtx"}, src: &openSource{}, unit: event.Unit{Start: 4096}})
	w.task(t.Context(), r) // there is no source to read from
	d := r.report.Damage
	if len(d) != 1 || d[0].Path != "log.evtx" || d[0].Offset != 4096 || d[0].Lost != -1 {
		t.Errorf("damage = %+v, want one place in log.evtx at 4096", d)
	}
	if w.reader == before {
		t.Error("the worker keeps the reader that crashed")
	}
}

func TestIdentity(t *testing.T) {
	w := newWorker(Options{}, testEngine(t), maphash.MakeSeed(), nil)
	base := func() *event.Event {
		return &event.Event{
			Time: time.Unix(1, 2), RecordID: 1, EventID: 2, Computer: "HOST", Channel: "Security", Provider: "P",
			Values: []event.Value{{Raw: []byte("ab"), Kind: event.Text}, {Raw: []byte("c"), Kind: event.Text}},
			Source: event.Source{Path: "a", Offset: 1},
		}
	}
	same := base()
	same.Source = event.Source{Path: "b", Offset: 2, Chunk: 3}
	if w.identity(base()) != w.identity(same) {
		t.Error("the same event at another place has another identity")
	}
	for name, change := range map[string]func(e *event.Event){
		"time":     func(e *event.Event) { e.Time = e.Time.Add(1) },
		"record":   func(e *event.Event) { e.RecordID++ },
		"event id": func(e *event.Event) { e.EventID++ },
		"host":     func(e *event.Event) { e.Computer = "HOST2" },
		"channel":  func(e *event.Event) { e.Channel = "Securit"; e.Provider = "yP" },
		"value":    func(e *event.Event) { e.Values[1].Raw = []byte("d") },
		"cut":      func(e *event.Event) { e.Values[0].Raw, e.Values[1].Raw = []byte("a"), []byte("bc") },
		"kind":     func(e *event.Event) { e.Values[1].Kind = event.ANSI },
	} {
		e := base()
		change(e)
		if w.identity(e) == w.identity(base()) {
			t.Errorf("%s: another event has the same identity", name)
		}
	}
	unnumbered := base()
	unnumbered.RecordID = 0
	if w.identity(unnumbered) != 0 {
		t.Error("an event without a number has an identity: equal lines of a text log would be one")
	}
}

func TestSeenSet(t *testing.T) {
	var s seenSet
	seen := map[uint64]bool{}
	h := uint64(1)
	for range 100_000 {
		h = mix(h, 7)
		x := max(h%50_000, 1)
		if got := s.add(x); got != seen[x] {
			t.Fatalf("add(%d) = %v, want %v", x, got, seen[x])
		}
		seen[x] = true
	}
	if s.used != len(seen) || s.full {
		t.Errorf("%d used, full %v; want %d", s.used, s.full, len(seen))
	}
}

func TestSeenSetIsBounded(t *testing.T) {
	var s seenSet
	for i := range uint64(maxSeen) + 10 {
		s.add(i + 1)
	}
	if s.used != maxSeen || !s.full || len(s.slots)*8 > 32<<20 {
		t.Errorf("%d used, full %v, %d slots", s.used, s.full, len(s.slots))
	}
	if !s.add(1) || s.add(maxSeen+5) {
		t.Error("a full set must know what it has and take nothing more")
	}
}

func TestLogsAreBounded(t *testing.T) {
	var l logs
	for i := range maxLogs + 100 {
		l.add(&event.Event{Computer: string(rune('A' + i%7)), Channel: string(rune(1000 + i)), Time: time.Unix(int64(i), 0)})
	}
	if len(l.stats) > maxLogs+1 || !l.over || l.events() != maxLogs+100 {
		t.Errorf("%d logs, %d events, over %v", len(l.stats), l.events(), l.over)
	}
}

// TestLogsDoNotAllocate keeps what a hunt does for every event free of allocations.
func TestLogsDoNotAllocate(t *testing.T) {
	var l logs
	e := &event.Event{Computer: "HOST", Channel: "Security", Time: time.Unix(1, 0)}
	l.add(e)
	if n := testing.AllocsPerRun(100, func() { l.add(e) }); n != 0 {
		t.Errorf("%v allocations for an event, want none", n)
	}
}

func TestPage(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(Bytes(1023), "1023 B")
	f(Bytes(1536), "1.5 KiB")
	f(Bytes(200<<20), "200 MiB")
	f(Bytes(1<<62), "4.0 EiB")
	f(seconds(1), "1 second")
	f(seconds(90*60), "90 minutes")
	f(seconds(36*3600), "36 hours")
	f(seconds(3*86400), "3 days")
	f(seconds(9*86400+43200), "9.5 days")
	f(seconds(1<<40), "34,842 years")
	f(period("2026-03-01T10:00:00.0000000Z", "2026-03-01T11:30:00.0000000Z"), "2026-03-01 10:00 – 11:30")
	f(period("2026-03-01T10:00:00.0000000Z", "2026-03-01T10:00:59.0000000Z"), "2026-03-01 10:00")
	f(days("2026-03-01T10:00:00.0000000Z", "2026-03-05T10:00:59.0000000Z"), "2026-03-01 – 2026-03-05")
	f(stamp(event.FileTimeToTime(1<<64-1)), "60056-05-28T05:36:10.9551615Z")
	f(span(stamp(time.Unix(0, 0)), stamp(event.FileTimeToTime(1<<64-1))), "more than 8,000 years")
	f(stamp(time.Time{}), "")
	f(cut("日本語", 4), "日…")
	f(left("\x1b[1mab\x1b[0m", 4), "\x1b[1mab\x1b[0m  ")
	f(string(bar(0, 9)), " ")
	f(string(bar(1, 1000)), "▁")
	f(string(bar(250, 1000)), "▅")
	f(string(bar(1000, 1000)), "█")
}
