package behaviour

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"aldebaran/event"
)

func TestNumbered(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tab := numbered[int]{max: 3000}
	want := map[twoNumbers]int{}
	var order []twoNumbers
	for i := range 20_000 {
		key := twoNumbers{r.Uint64N(80) << 32, r.Uint64N(80)}
		if _, known := want[key]; !known && len(want) == tab.max {
			if v := tab.get(key); v != nil || !tab.full {
				t.Fatalf("get of a new key in a full table = %v, full %t", v, tab.full)
			}
			continue
		} else if !known {
			if tab.find(key) != nil {
				t.Fatalf("find(%v) gives a key that is not there", key)
			}
			order = append(order, key)
		}
		want[key] += i
		*tab.get(key) += i
	}
	if len(want) != tab.max {
		t.Fatalf("%d keys: the table was not filled", len(want))
	}
	var got []twoNumbers
	for e := range tab.list.each() {
		got = append(got, e.key)
		if e.value != want[e.key] || *tab.find(e.key) != e.value {
			t.Errorf("%v = %d, want %d", e.key, e.value, want[e.key])
		}
	}
	if !slices.Equal(got, order) {
		t.Error("keys are not in the order in which they came")
	}
}

func TestTexts(t *testing.T) {
	a, b := texts{max: 100}, texts{max: 100}
	for i := range 90 {
		if n, ok := a.number(fmt.Appendf(nil, "text%d", i)); !ok || n != uint32(i) {
			t.Fatalf("number of text %d = %d, %t", i, n, ok)
		}
	}
	for i := range 50 {
		b.number(fmt.Appendf(nil, "text%d", 60+i))
	}
	for i, n := range a.join(&b) {
		if i >= 40 {
			if n != noNumber {
				t.Errorf("text %d, that found no room, has number %d", 60+i, n)
			}
		} else if got := string(a.text(n)); got != fmt.Sprintf("text%d", 60+i) {
			t.Errorf("text %d is %q after joining", 60+i, got)
		}
	}
	if _, ok := a.find([]byte("text200")); ok || !a.full {
		t.Errorf("a text that is not there is found, or %d are not full", len(a.ends))
	}
}

func TestOrigins(t *testing.T) {
	var a, b origins
	kept := map[*origins][]recordAt{}
	want := map[*origins][]Ref{}
	for i := range 40 {
		o := []*origins{&a, &b}[i/20]
		e := event.Event{
			Time: time.Date(1+250*i, 1, 2, 3, 4, 5, 600+i, time.UTC), Computer: fmt.Sprint("HOST", i%3), Channel: "System", EventID: uint32(i % 2), RecordID: uint64(i),
			Source: event.Source{Path: fmt.Sprint("log", i/10), Offset: int64(i) << 33, Length: 100, Chunk: i - 1, Recovered: i%5 == 0},
		}
		r := Record{View: Network, Event: &e}
		kept[o] = append(kept[o], o.keep(&r))
		want[o] = append(want[o], r.Ref("x"))
	}
	numbers := a.join(&b)
	for i, at := range kept[&b] {
		at.origin = numbers[at.origin]
		kept[&a], want[&a] = append(kept[&a], at), append(want[&a], want[&b][i])
	}
	for i, at := range kept[&a] {
		if got := a.ref(&at, "x"); got != want[&a][i] {
			t.Errorf("record %d is %+v, want %+v", i, got, want[&a][i])
		}
	}
}

func TestPortOf(t *testing.T) {
	for text, want := range map[string]uint16{"": 0, "0": 0, "1": 1, "445": 445, "65535": 65535, "65536": 0, "655350": 0, "99999999999": 0, "0445": 0, "44x": 0, "-1": 0} {
		if got := portOf([]byte(text)); got != want {
			t.Errorf("portOf(%q) = %d, want %d", text, got, want)
		}
	}
	if _, err := newPortSet([]string{"445", "smb"}); err == nil {
		t.Error("a port that is a word is taken")
	}
	if set, err := newPortSet([]string{"445", "65535"}); err != nil || !set.has(445) || !set.has(65535) || set.has(444) || set.has(0) {
		t.Errorf("ports: %v", err)
	}
}
