package readertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
)

// Plaso holds a reader against those of plaso's test logs that are its own: the number of events, and
// of the events of which plaso tells the values, those that get gives for plaso's field and value,
// false if there is nothing to compare. Times it gives as plaso writes them.
func (f Format[F, R]) Plaso(t *testing.T, mine func(file string) bool, get func(e *event.Event, field, want string) (got string, ok bool)) {
	t.Helper()
	var tests map[string][]struct {
		Count    int `json:"number_of_event_data"`
		Warnings int `json:"number_of_extraction_warning"`
		Events   []struct {
			Index  int
			Values map[string]any
		}
	}
	d := json.NewDecoder(bytes.NewReader(corpustest.Read(t, "logs/plaso/expected.json")))
	d.UseNumber()
	if err := d.Decode(&tests); err != nil {
		t.Fatal(err)
	}
	logs, compared := 0, 0
	for file, sets := range tests {
		if !mine(file) {
			continue
		}
		logs++
		data := corpustest.Read(t, "logs/plaso/"+file)
		events, report := f.Events(t, data)
		f.Check(t, data)
		for _, set := range sets {
			if len(events) != set.Count || len(report.Damage) != set.Warnings {
				t.Fatalf("%s: %d events, damage %+v; want %d, %d", file, len(events), report.Damage, set.Count, set.Warnings)
			}
			for _, chosen := range set.Events {
				for field, value := range chosen.Values {
					want := ""
					if value != nil {
						want = fmt.Sprint(value)
					}
					got, ok := get(events[chosen.Index], field, want)
					if ok && got != want {
						t.Errorf("%s: event %d: %s = %q, want %q", file, chosen.Index, field, got, want)
					}
					if ok {
						compared++
					}
				}
			}
		}
	}
	if logs == 0 || compared == 0 {
		t.Errorf("%d logs and %d values compared, want some", logs, compared)
	}
	t.Logf("%d logs, %d values compared", logs, compared)
}

// TimeAs gives a time as another text writes the same moment, for get of [Format.Plaso].
func TimeAs(at time.Time, want string) string {
	if when, err := time.Parse(time.RFC3339, want); err == nil && when.Equal(at) {
		return want
	}
	return at.Format(time.RFC3339Nano)
}

// An Assertion is a line of CrowdSec's parser.assert: what a parser made of a line of the log.
type Assertion struct {
	// Stage and Parser are whose result it is: "s01-parse", "crowdsecurity/sshd-logs".
	Stage, Parser string
	// Line counts the lines that reached the parser, from 0.
	Line int
	// Kind is Parsed or Meta, for a value, or Success.
	Kind         string
	Field, Value string
}

// Assertions reads the assertions beside a log of CrowdSec's tests; a log may have none.
func Assertions(t testing.TB, log string) (all []Assertion) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(log), "parser.assert"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	result := regexp.MustCompile(`(?m)^results\["([^"]+)"\]\["([^"]+)"\]\[(\d+)\]\.(?:(Success) == true|Evt\.(Parsed|Meta)\["([^"]+)"\] == (".*"))\s*$`)
	for _, m := range result.FindAllStringSubmatch(string(text), -1) {
		a := Assertion{Stage: m[1], Parser: m[2], Kind: m[4] + m[5], Field: m[6]}
		if a.Line, err = strconv.Atoi(m[3]); err != nil {
			t.Fatalf("%s: %v", log, err)
		}
		if m[7] != "" {
			if a.Value, err = strconv.Unquote(m[7]); err != nil {
				t.Fatalf("%s: %s: %v", log, m[7], err)
			}
		}
		all = append(all, a)
	}
	return all
}

// Wazuh gives the lines of Wazuh's rule tests in the files that match a pattern.
func Wazuh(t testing.TB, pattern string) (all [][]byte) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^log \d+ (?:pass|fail) = (.*)$`)
	for _, file := range corpustest.Glob(t, "logs/wazuh/tests/"+pattern) {
		for _, m := range line.FindAllSubmatch(corpustest.Load(t, file), -1) {
			all = append(all, bytes.TrimSpace(m[1]))
		}
	}
	return all
}
