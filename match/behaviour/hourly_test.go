package behaviour

import (
	"maps"
	"slices"
	"testing"
	"time"

	"aldebaran/event"
)

// recordsIn is a usual that looks at the number of records alone.
func recordsIn(least int64, factor float64, known int) usual {
	return usual{of: func(h *hour) int64 { return h.records }, least: least, factor: factor, known: known}
}

func TestHourlyPeaks(t *testing.T) {
	f := func(name string, counts map[int]int, wantPeaks int, wantMost int64, wantShort bool) {
		t.Helper()
		h := hourly{who: table[activity]{max: 10}}
		for at, n := range counts {
			for range n {
				h.thing(h.of([]byte("a"), start.Add(time.Duration(at)*time.Hour)), nil)
			}
		}
		got := h.who.named("a").peaks(recordsIn(100, 5, 8))
		if len(got) != wantPeaks || wantPeaks > 0 && (got[0].most != wantMost || got[0].short != wantShort) {
			t.Errorf("%s: %d peaks %+v, want %d, the first of %d, short %t", name, len(got), got, wantPeaks, wantMost, wantShort)
		}
	}
	steady := func(n, hours int, more map[int]int) map[int]int {
		out := map[int]int{}
		for i := range hours {
			out[i*3] = n
		}
		maps.Copy(out, more)
		return out
	}
	f("much more than ever", steady(10, 30, map[int]int{301: 200}), 1, 200, false)
	f("an hour after the other is one", steady(10, 30, map[int]int{301: 200, 302: 250, 303: 180}), 1, 250, false)
	f("always as much", steady(200, 30, map[int]int{301: 300}), 0, 0, false)
	f("less than anybody would notice", steady(1, 30, map[int]int{301: 99}), 0, 0, false)
	f("each night", steady(1, 100, map[int]int{302: 200, 326: 200, 350: 210, 374: 190, 398: 200}), 0, 0, false)
	f("no history", map[int]int{0: 200}, 1, 200, true)
	f("a short history of the same", map[int]int{0: 200, 5: 180}, 0, 0, false)
}

// What was counted in pieces is what was counted at once.
func TestHourlyJoin(t *testing.T) {
	whole, first, second := hourly{who: table[activity]{max: 10}}, hourly{who: table[activity]{max: 10}}, hourly{who: table[activity]{max: 10}}
	for i := range 100 {
		at, who, thing := start.Add(time.Duration(i)*10*time.Minute), []byte{'a' + byte(i%3)}, []byte{byte(i % 7)}
		part := &first
		if i >= 40 {
			part = &second
		}
		for _, h := range []*hourly{&whole, part} {
			one := h.of(who, at)
			if hash, wanted := h.thing(one, thing); wanted {
				h.keep(one, hash, &Record{Event: &event.Event{Time: at, RecordID: uint64(i), Computer: "h"}}, "")
			}
		}
	}
	first.join(&second)
	if first.hours != whole.hours {
		t.Errorf("%d hours, want %d", first.hours, whole.hours)
	}
	for who, a := range whole.who.each() {
		for i, h := range a.hours {
			got := first.who.named(who).hours[i]
			if got.at != h.at || got.records != h.records || len(got.things) != len(h.things) || !slices.EqualFunc(got.examples, h.examples, sameExample) {
				t.Errorf("%s at %d: %+v, want %+v", who, h.at, got, h)
			}
		}
	}
}

func sameExample(a, b example) bool { return a.thing == b.thing && a.ref() == b.ref() }
