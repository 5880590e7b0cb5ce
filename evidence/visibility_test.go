package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

func seen(host, channel string, id uint32, at time.Time, shape *event.Shape, texts ...string) *event.Event {
	e := &event.Event{Computer: host, Product: "windows", Channel: channel, EventID: id, Time: at, Shape: shape}
	for _, t := range texts {
		e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: []byte(t)})
	}
	return e
}

// start is when the synthetic logs of these tests begin.
var start = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

func TestWatch(t *testing.T) {
	shape := &event.Shape{Fields: []event.Field{{Name: "CommandLine"}, {Name: "User"}}}
	other := &event.Shape{Fields: []event.Field{{Name: "User"}}}
	var whole Watch
	parts := make([]Watch, 4)
	see := func(i int, e *event.Event) {
		whole.See("evtx", e)
		parts[i%len(parts)].See("evtx", e)
	}
	n := 0
	for h := range 24 * 5 {
		if h >= 48 && h < 75 {
			continue // somebody cut 27 hours out
		}
		for range 3 {
			see(n, seen("MAIL01", "Security", 4688, start.Add(time.Duration(h)*time.Hour), shape, "-", "u"))
			n++
		}
	}
	see(1, seen("MAIL01", "Security", 1102, time.Time{}, other, "admin"))
	see(2, seen("SQL01", "Security", 4624, start, other, ""))
	clock := event.Clock{Zone: "UTC", How: "the format writes UTC"}
	whole.Source(clock)
	var joined Watch
	for i := range parts {
		if i == 0 {
			parts[i].Source(clock)
		}
	}
	for _, i := range []int{2, 0, 3, 1} {
		joined.Join(&parts[i])
	}
	got := whole.Logs()
	if len(got) != 2 {
		t.Fatalf("%d logs, want 2", len(got))
	}
	mail := got[0]
	want := Visibility{
		Host: "MAIL01", Format: "evtx", Product: "windows", Channel: "Security", Files: 1, Events: n + 1, NoTime: 1,
		First: start, Last: start.Add(119 * time.Hour),
		Gaps:     []Gap{{start.Add(48 * time.Hour), start.Add(75 * time.Hour)}},
		Clocks:   []event.Clock{clock},
		EventIDs: map[uint32]int{4688: n, 1102: 1},
		Fields:   mail.Fields,
	}
	if diff := cmp.Diff(want, mail); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if f, _ := mail.Field("CommandLine"); f.Looked == 0 || f.Filled != 0 {
		t.Errorf("CommandLine %+v: want it looked at and never filled", f)
	}
	if f, _ := mail.Field("User"); f.Looked == 0 || f.Filled != f.Looked {
		t.Errorf("User %+v: want it filled each time", f)
	}
	j := joined.Logs()
	for i := range j {
		j[i].Files, j[i].Clocks, j[i].Fields = got[i].Files, got[i].Clocks, got[i].Fields // sampled by file
	}
	if diff := cmp.Diff(got, j); diff != "" {
		t.Errorf("joined differs (-whole +joined)\n%s", diff)
	}
	blind := fmt.Sprint(mail.Blind())
	if want := "[{command lines of processes (4688) group policy: Administrative Templates > System > Audit Process Creation > Include command line}]"; blind != want {
		t.Errorf("Blind() = %s, want %s", blind, want)
	}
	if blind := got[1].Blind(); len(blind) != 1 || blind[0].What != "process creation (4688)" {
		t.Errorf("SQL01: Blind() = %v, want the want of 4688", blind)
	}
}

func TestGaps(t *testing.T) {
	f := func(want int, hours ...int) {
		t.Helper()
		l := newWatched()
		for _, h := range hours {
			l.time(start.Add(time.Duration(h) * time.Hour))
		}
		if got := l.gaps(); len(got) != want {
			t.Errorf("hours %v: gaps %v, want %d", hours, got, want)
		}
	}
	f(0)
	f(0, 0, 1, 2, 26)
	f(1, 0, 1, 2, 27)
	f(0, 0, 168, 336, 504, 700) // it speaks once a week
	f(2, 0, 1, 2, 3, 4, 100, 101, 102, 103, 200, 201, 202)
}

func BenchmarkWatch(b *testing.B) {
	shape := &event.Shape{Fields: make([]event.Field, 30)}
	for i := range shape.Fields {
		shape.Fields[i].Name = fmt.Sprint("Field", i)
	}
	e := seen("MAIL01", "Security", 4688, start, shape, make([]string, 30)...)
	var w Watch
	b.ReportAllocs()
	for b.Loop() {
		e.Time = e.Time.Add(time.Second)
		w.See("evtx", e)
	}
}
