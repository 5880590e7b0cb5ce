package zeek

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/json"
	"aldebaran/evidence/readertest"
)

// canon writes an event so that both forms of a log give the same: what the JSON form leaves out
// because it is unset, what it adds (_path, _write_ts), and how it writes numbers and times do not count.
func canon(e *event.Event) string {
	var all []string
	for i, f := range e.Shape.Fields {
		v := e.Values[i]
		if v.IsNull() || f.Name == "_path" || f.Name == "_write_ts" {
			continue
		}
		var texts []string
		v.Each(func(v event.Value) bool { texts = append(texts, canonText(v.String())); return true })
		if v.Kind&event.Array != 0 && len(texts) == 0 {
			texts = []string{""} // (empty) is the empty set, and the set of one empty text
		}
		all = append(all, fmt.Sprintf("%s=%q", f.Name, texts))
	}
	slices.Sort(all)
	return fmt.Sprint(e.Product, " ", e.Service, " ", e.Time.UnixNano(), " ", strings.Join(all, " "))
}

func canonText(s string) string {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return strconv.FormatInt(t.UnixMicro(), 10)
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && strings.HasSuffix(s, "e+09") { // a time after 2038
		return strconv.FormatInt(int64(n)*1e6, 10)
	}
	whole, decimals, ok := strings.Cut(s, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && ok && len(decimals) == 6 {
		if d, err := strconv.ParseInt(decimals, 10, 64); err == nil {
			if n > 1e8 { // a time
				return strconv.FormatInt(n*1e6+d, 10)
			}
			return strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
	}
	return s
}

// TestCorpusForms holds the two forms of the same logs against each other, value by value.
func TestCorpusForms(t *testing.T) {
	const dir = "logs/zeek/zed/"
	rows, err := csv.NewReader(bytes.NewReader(corpustest.Read(t, dir+"counts.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			want, err := strconv.Atoi(row[1])
			if err != nil {
				t.Fatal(err)
			}
			data := corpustest.Read(t, dir+"zeek-default/"+row[0]+".log.gz")
			events, report := format().Events(t, data)
			if len(report.Damage) > 0 {
				t.Errorf("damage %+v", report.Damage)
			}
			if len(events) != want || report.Events != want {
				t.Errorf("%d events, want %d", len(events), want)
			}
			var got, other []string
			for _, e := range events {
				if string(data[e.Source.Offset-1]) != "\n" || string(data[e.Source.Offset+e.Source.Length-1]) != "\n" {
					t.Fatalf("source %+v is no line", e.Source)
				}
				got = append(got, canon(e))
			}
			asJSON := readertest.Format[*json.File, *json.Reader]{Open: json.Open, NewReader: json.NewReader}
			asJSON.Each(t, corpustest.Read(t, dir+"zeek-json/"+row[0]+".json.gz"), func(e *event.Event) { other = append(other, canon(e)) })
			slices.Sort(got)
			slices.Sort(other)
			wrong := 0
			for i := range max(len(got), len(other)) {
				if i >= len(got) || i >= len(other) || got[i] != other[i] {
					if wrong++; wrong <= 3 && i < len(got) && i < len(other) {
						t.Errorf("TSV:  %s\nJSON: %s", got[i], other[i])
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d records differ", wrong, want)
			}
		})
	}
}

// TestCorpusOthers reads the logs that have no oracle: every line that is no directive is an event
// with a time.
func TestCorpusOthers(t *testing.T) {
	logs := map[string][]byte{}
	logs["lnav"] = corpustest.Read(t, "logs/lnav/logfile_bro_conn.log.0")
	err := filepath.WalkDir(corpustest.Path(t, "mordor"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "zeek_logs.zip") {
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
			if len(data) > 0 && data[0] != '{' {
				logs[filepath.Base(path)+"!"+m.Name] = data
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(logs) < 20 {
		t.Errorf("%d logs, want more", len(logs))
	}
	for name, data := range logs {
		want := 0
		for line := range bytes.Lines(data) {
			if line[0] != '#' {
				want++
			}
		}
		events, report := format().Events(t, data)
		for _, e := range events {
			if e.Time.Year() < 2010 || e.Time.Year() > 2030 || e.Service == "" {
				t.Errorf("%s: an event of %q at %v", name, e.Service, e.Time)
			}
		}
		if report.Events != want || len(report.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; damage %+v", name, report.Events, want, report.Damage)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"weird", "rdp", "x509"} {
		b.Run(name, func(b *testing.B) {
			format().Bench(b, corpustest.Read(b, "logs/zeek/zed/zeek-default/"+name+".log.gz"))
		})
	}
}
