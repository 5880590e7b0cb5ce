package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"aldebaran/english"
)

// A report is written as Markdown. The first error stays in err.
type report struct {
	w   io.Writer
	err error
}

func (r *report) line(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format+"\n", args...)
	}
}

// header says when, where and with what was measured.
func (r *report) header(opt options) {
	r.line("# Benchmark of %s\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	r.line("- machine: %s, %d CPUs for this process, %s/%s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	r.line("- load of the machine at the start (1, 5, 15 minutes): %s", load())
	r.line("- %s, commit %s, `CGO_ENABLED=0`", runtime.Version(), commit())
	r.line("- rules: `%s` of the test data; evidence sets: %s", lastParts(opt.rules, 3), opt.sets)
	r.line("- how it measures: `bench/README.md`\n")
}

// table writes rows, the first of which is the head.
func (r *report) table(rows [][]string) {
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(c)
		}
		r.line("| %s |", strings.Join(cells, " | "))
		if i == 0 {
			r.line("|%s", strings.Repeat("---|", len(row)))
		}
	}
	r.line("")
}

// comparison lists the rules of which two tools have different numbers of matches.
func (r *report) comparison(nameA, nameB string, a, b counts) {
	diffs, both := compare(a, b)
	r.line("%s: %s matches of %d rules; %s: %s matches of %d rules; in both: %s. Rules with equal counts: %d, with others: %d.\n",
		nameA, english.Number(a.total()), len(a), nameB, english.Number(b.total()), len(b), english.Number(both), union(a, b)-len(diffs), len(diffs))
	if len(diffs) == 0 {
		return
	}
	rows := [][]string{{"rule", "title", nameA, nameB, "difference", "why"}}
	for _, d := range diffs {
		rows = append(rows, []string{"`" + d.id + "`", d.title, english.Number(d.a), english.Number(d.b), fmt.Sprintf("%+d", d.b-d.a), whyDifferent(d.id)})
	}
	r.table(rows)
}

// whyDifferent is what looking into a rule's difference has shown, for rsigma 0.23.0.
func whyDifferent(id string) string {
	switch id {
	case "ab6bffca-beff-4baa-af11-6733f296d57a":
		return "rsigma anchors the wildcard value of `endswith: '1?'` at the start (`^1.`, see `rsigma engine explain`), so that 0x100 does not end with it; the specification has endswith as `*1?`"
	case "4a0b2c7e-7cb2-495d-8b63-5f268e7bfd67":
		return "rsigma does not turn ` /accepteula` into ` -accepteula` under windash; the specification has all dashes stand for each other"
	}
	return "not looked into"
}

func union(a, b counts) int {
	n := len(a)
	for id := range b {
		if a[id] == nil {
			n++
		}
	}
	return n
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

func lastParts(path string, n int) string {
	parts := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	return strings.Join(parts[max(0, len(parts)-n):], "/")
}

// cpuModel is the processor's name where Linux tells it.
func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}

func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
