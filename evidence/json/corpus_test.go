package json

import (
	"archive/zip"
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A sample is one log of the corpus.
type sample struct {
	name string
	data []byte
}

// mordor gives the JSON logs of Security-Datasets.
func mordor(t testing.TB) []sample {
	t.Helper()
	var all []sample
	err := filepath.WalkDir(corpustest.Path(t, "mordor"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".zip") {
			return err
		}
		z, err := zip.OpenReader(path)
		if err != nil {
			return err
		}
		defer z.Close()
		for _, m := range z.File {
			f, err := m.Open()
			if err != nil {
				return err
			}
			data, err := io.ReadAll(f)
			if err != nil {
				return err
			}
			if len(data) > 0 && data[0] == '{' {
				all = append(all, sample{filepath.Base(path) + "!" + m.Name, data})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// zeekJSON gives the Zeek logs in JSON by the name of the log.
func zeekJSON(t testing.TB) []sample {
	t.Helper()
	var all []sample
	for _, p := range corpustest.Glob(t, "logs/zeek/zed/zeek-json/*.gz") {
		data := corpustest.Load(t, p)
		all = append(all, sample{strings.TrimSuffix(filepath.Base(p), ".json.gz"), data})
	}
	return all
}

// readAll reads a log in all its units and gives copies of its events.
func readAll(t testing.TB, r *Reader, data []byte) ([]*event.Event, event.Report) {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var events []*event.Event
	var all event.Report
	for _, u := range f.Units() {
		rep, err := r.Read(f, u, func(e *event.Event) bool {
			events = append(events, e.Clone())
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		all.Events += rep.Events
		all.Bytes += rep.Bytes
		all.Damage = append(all.Damage, rep.Damage...)
		all.Digest ^= rep.Digest
		all.Clock = rep.Clock
	}
	return events, all
}

// flatten gives all values of a JSON record by the standard library: paths with their values, each
// pair once, in order.
func flatten(t testing.TB, record []byte) []string {
	t.Helper()
	d := stdjson.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, v := range v {
				if path != "" && k != "" {
					k = "." + k
				}
				walk(path+k, v)
			}
		case []any:
			for _, v := range v {
				walk(path, v)
			}
		case nil:
			out = append(out, path+"=<null>")
		default:
			out = append(out, path+"="+fmt.Sprint(v))
		}
	}
	walk("", v)
	slices.Sort(out)
	return slices.Compact(out)
}

// flattenEvent gives the same of an event, without what the reader has added: the parts of a URI, the types of audit records, and
// the text of objects that rules look into as a whole.
func flattenEvent(e *event.Event) []string {
	var out []string
	for i, f := range e.Shape.Fields {
		if f.Name == "cs-uri-stem" || f.Name == "cs-uri-query" || f.Name == "type" && f.Path == e.Values[i].String() {
			continue
		}
		if isWhole([]byte(f.Path[strings.LastIndexByte(f.Path, '.')+1:])) && len(e.Values[i].Raw) > 0 && stdjson.Valid(e.Values[i].Raw) {
			continue
		}
		e.Values[i].Each(func(v event.Value) bool {
			text := v.String()
			if v.IsNull() {
				text = "<null>"
			}
			out = append(out, f.Path+"="+text)
			return true
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestMordor reads Security-Datasets and compares every value of every event with what the standard
// library reads.
func TestMordor(t *testing.T) {
	r := NewReader(lines.Options{})
	files, records, windows := 0, 0, 0
	for _, s := range mordor(t) {
		if !Sniff(s.data[:min(len(s.data), 4096)]) {
			t.Errorf("%s: not recognised", s.name)
			continue
		}
		files++
		events, rep := readAll(t, r, s.data)
		var want [][]byte
		for l := range bytes.SplitSeq(s.data, []byte{'\n'}) {
			if l = bytes.TrimSpace(l); len(l) > 0 {
				want = append(want, l)
			}
		}
		if len(events) != len(want) || len(rep.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; damage %v", s.name, len(events), len(want), rep.Damage)
			continue
		}
		for i, e := range events {
			records++
			compareRecord(t, s, e, want[i])
			if e.Time.IsZero() && !strings.HasSuffix(s.name, "loaded_scripts.log") {
				t.Errorf("%s: event %d has no time", s.name, i)
			}
			switch {
			case strings.Contains(s.name, "zeek_logs"):
				if service := strings.TrimSuffix(filepath.Base(strings.ReplaceAll(s.name, "!", "/")), ".log"); e.Product != "zeek" || e.Service != service {
					t.Errorf("%s: labels %s %s", s.name, e.Product, e.Service)
				}
			case strings.Contains(s.name, "vminsights"):
				if e.Product != "" {
					t.Errorf("%s: product %q", s.name, e.Product)
				}
			default:
				windows++
				if e.Product != "windows" || e.Channel == "" || e.EventID == 0 || e.Computer == "" {
					t.Errorf("%s: event %d: %s %s %s %d %s", s.name, i, e.Product, e.Channel, e.Provider, e.EventID, e.Computer)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d files, %d events, %d of them of Windows", files, records, windows)
	if files < 60 || windows < 30000 {
		t.Errorf("%d files and %d Windows events are too few", files, windows)
	}
}

// TestAllocations holds that events of known layouts cost no memory.
func TestAllocations(t *testing.T) {
	var data []byte
	for _, s := range mordor(t)[:8] {
		data = append(data, s.data...)
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(lines.Options{})
	events := 0
	read := func() {
		events = 0
		for _, u := range f.Units() {
			rep, err := r.Read(f, u, func(*event.Event) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			events += rep.Events
		}
	}
	read()
	if n := testing.AllocsPerRun(3, read); n > float64(events)/100 {
		t.Errorf("%v allocations for %d events", n, events)
	}
}

func compareRecord(t *testing.T, s sample, e *event.Event, record []byte) {
	t.Helper()
	got, want := flattenEvent(e), flatten(t, record)
	if slices.Equal(got, want) {
		return
	}
	for _, w := range want {
		if !slices.Contains(got, w) && !strings.HasPrefix(w, "EventData=<") && !strings.HasPrefix(w, "EventType=INFO") {
			t.Errorf("%s: missing %q", s.name, w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) && !strings.HasPrefix(g, "EventData") && !strings.HasPrefix(g, "EventType=") {
			t.Errorf("%s: too much: %q", s.name, g)
		}
	}
}

// TestZeek reads the logs of Zed's sample data and counts them against the ones in TSV.
func TestZeek(t *testing.T) {
	counts := map[string]string{}
	table, err := os.ReadFile(corpustest.Path(t, "logs/zeek/zed/counts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ",")
		_, counts[name], _ = strings.Cut(rest, ",")
	}
	r := NewReader(lines.Options{})
	for _, s := range zeekJSON(t) {
		if !Sniff(s.data[:min(len(s.data), 4096)]) {
			t.Errorf("%s: not recognised", s.name)
		}
		events, rep := readAll(t, r, s.data)
		if got := fmt.Sprint(len(events)); got != counts[s.name] || len(rep.Damage) > 0 {
			t.Errorf("%s: %s events, want %s; damage %v", s.name, got, counts[s.name], rep.Damage)
		}
		for i, line := range bytes.Split(bytes.TrimSpace(s.data), []byte{'\n'}) {
			if i%50 == 0 {
				compareRecord(t, s, events[i], line)
			}
			if e := events[i]; e.Product != "zeek" || e.Service != s.name || e.Time.IsZero() {
				t.Fatalf("%s: event %d: %s %s %s", s.name, i, e.Product, e.Service, e.Time)
			}
		}
	}
}
