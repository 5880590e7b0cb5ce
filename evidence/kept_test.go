package evidence

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// webEvent is a SYNTHETIC request.
func webEvent(host string, i int) *event.Event {
	fields := []string{"c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs-user-agent"}
	e := &event.Event{
		Shape: &event.Shape{}, Category: "webserver", Computer: host, Channel: "iis", EventID: uint32(i % 3),
		Time: time.Date(2026, 11, 23, 10, 0, 7*i, 0, time.UTC),
	}
	for n, v := range []string{fmt.Sprintf("192.0.2.%d", i), "GET", fmt.Sprintf("/%d", i), "200", "x"} {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: fields[n]})
		e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: []byte(v)})
	}
	return e
}

// TestKeptIsWhatItWas joins watches and sightings that were kept: they come to what those come to that
// were not.
func TestKeptIsWhatItWas(t *testing.T) {
	var (
		plainWatch, keptWatch Watch
		plainSkews, keptSkews Skews
	)
	for piece := range 3 {
		var w Watch
		var s Skews
		for i := range 20 {
			e := webEvent("WEB", i)
			e.Time = e.Time.Add(time.Duration(piece) * time.Hour)
			w.See("w3c", e)
			s.See("w3c", e)
			e.Computer, e.Time = "PROXY", e.Time.Add(3*time.Second)
			s.See("ncsa", e)
		}
		w.Source(event.Clock{Zone: "UTC", How: "it says so", Assumed: piece == 1})
		var back struct {
			Watch *Watch
			Skews *Skews
		}
		doc, err := json.Marshal(map[string]any{"Watch": &w, "Skews": &s})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(doc, &back); err != nil {
			t.Fatal(err)
		}
		plainWatch.Join(&w)
		keptWatch.Join(back.Watch)
		plainSkews.Join(&s)
		keptSkews.Join(back.Skews)
	}
	if len(plainWatch.Logs()) == 0 || len(plainSkews.Measured()) == 0 {
		t.Fatal("nothing was seen: the test shows nothing")
	}
	if diff := cmp.Diff(plainWatch.Logs(), keptWatch.Logs()); diff != "" {
		t.Errorf("watch (-plain +kept):\n%s", diff)
	}
	if diff := cmp.Diff(plainSkews.Measured(), keptSkews.Measured()); diff != "" {
		t.Errorf("skews (-plain +kept):\n%s", diff)
	}
}

func TestKeptSkewsRefuses(t *testing.T) {
	for _, doc := range []string{
		`{"sightings":"AAAA"}`,                                       // not 20 bytes each
		`{"sightings":"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}`,               // the number of no clock
		`{"clocks":[{}],"sightings":"AAAAAAAAAAAAAAAAAAAAAAAA/wA="}`, // of no method
		`[]`,
	} {
		if err := json.Unmarshal([]byte(doc), new(Skews)); err == nil {
			t.Errorf("%s is taken for sightings", doc)
		}
	}
}

func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	content := []byte("one line\n")
	write := func(b []byte, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	write(content, at)
	s, err := Open(writeLog(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if sum, err := s.Check(t.Context()); err != nil || len(sum) != 16 {
		t.Errorf("Check = %q, %v, want 16 digits", sum, err)
	}
	sum := checkOf(t, path)
	kept := Kept{Path: path, Size: int64(len(content)), Modified: at, Check: sum, Complete: true}
	for _, test := range []struct {
		name    string
		content string
		at      time.Time
		kept    Kept
		want    bool
	}{
		{"nothing", "one line\n", at, kept, true},
		{"contents", "one lime\n", at, kept, false},
		{"size", "one line\ntwo\n", at, kept, false},
		{"date", "one line\n", at.Add(time.Second), kept, false},
		{"complete without a check", "one line\n", at, Kept{Path: path, Size: 9, Modified: at, Complete: true}, false},
		{"part without a check", "one line\n", at, Kept{Path: path, Size: 9, Modified: at}, true},
	} {
		write([]byte(test.content), test.at)
		if got := test.kept.Unchanged(t.Context()); got != test.want {
			t.Errorf("%s changed: Unchanged = %t, want %t", test.name, got, test.want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if kept.Unchanged(t.Context()) {
		t.Error("a file that is gone is unchanged")
	}
}

func checkOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum, err := check(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// writeLog writes a small SYNTHETIC log and gives its path.
func writeLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "u_ex.log")
	text := "#Software: Microsoft Internet Information Services 10.0\n#Remark: SYNTHETIC\n#Version: 1.0\n#Fields: date time cs-method cs-uri-stem\n2026-11-01 00:00:00 GET /\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
