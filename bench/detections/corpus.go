package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// A recording is evidence that belongs together, with what its makers say that it shows.
type recording struct {
	set, name string // "evtx/attack-samples", the path below it
	label     string // the maker's: a tactic, techniques, a title
	paths     []string
}

// A corpus is the test data.
type corpus struct{ root, temp string }

// sets are those that hold evidence, each with how it falls into recordings.
func (c corpus) sets() []set {
	return []set{
		{"evtx/attack-samples", c.archive("manifest.csv", folderLabel)},
		{"evtx/evtx-to-mitre", c.archive("manifest.csv", columnLabel("technique_label", "tactic_label"))},
		{"evtx/host-collection", c.whole("one whole host; hh.exe -decompile (T1218.001)")},
		{"evtx/parser", c.files("ordinary and damaged logs")},
		{"mordor", c.indexed("index.csv", "file", "techniques", "title")},
		{"logs/crowdsec", c.tests},
		{"logs/lnav", c.files("ordinary logs")},
		{"logs/m365", c.panther(true)},
		{"logs/mysql", c.files("ordinary logs")},
		{"logs/netlogon", c.files("Zerologon")},
		{"logs/plaso", c.files("ordinary logs")},
		{"logs/postgresql", c.files("ordinary logs")},
		{"logs/wazuh", c.wazuh(wazuhAlarm, 1<<30)},
		{"logs/web", c.whole("one web server: scans, applications laid on it, a JSP web shell")},
		{"logs/zeek", c.whole("one network, ordinary traffic and scans")},
	}
}

// A set is a folder of the corpus and how it is cut into recordings.
type set struct {
	name string
	cut  func(set string) ([]recording, error)
}

func (c corpus) path(set string) string { return filepath.Join(c.root, filepath.FromSlash(set)) }

// whole takes a folder as one recording.
func (c corpus) whole(label string) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		return []recording{{set, "(all)", label, []string{c.path(set)}}}, nil
	}
}

// files takes every file of a folder for itself; without a label the name of the folder that it is in is one.
func (c corpus) files(label string) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		var all []recording
		err := filepath.WalkDir(c.path(set), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || isAbout(d.Name()) || filepath.Base(filepath.Dir(name)) == "expected" {
				return err
			}
			rel, err := filepath.Rel(c.path(set), name)
			all = append(all, recording{set, filepath.ToSlash(rel), cmp.Or(label, path.Base(path.Dir(filepath.ToSlash(rel)))), []string{name}})
			return err
		})
		return all, err
	}
}

// isAbout tells files that tell about evidence and are none.
func isAbout(name string) bool {
	return name == "SOURCE.md" || name == "README.md" || strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "expected") ||
		strings.HasSuffix(name, ".assert") || name == "config.yaml" || strings.HasSuffix(name, "counts.csv") || strings.HasSuffix(name, "manifest.csv")
}

// indexed takes the files that a table names, labelled by some of its columns.
func (c corpus) indexed(table, file string, labels ...string) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		rows, err := readTable(filepath.Join(c.path(set), table))
		var all []recording
		for _, row := range rows {
			all = append(all, recording{set, row[file], row.join(labels), []string{filepath.Join(c.path(set), filepath.FromSlash(row[file]))}})
		}
		return all, err
	}
}

// archive takes every member of the one archive of a folder for itself, labelled by a row of a table.
func (c corpus) archive(table string, label func(tableRow) string) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		rows, err := readTable(filepath.Join(c.path(set), table))
		if err != nil {
			return nil, err
		}
		archives, err := filepath.Glob(filepath.Join(c.path(set), "*.tar.zst"))
		if err != nil || len(archives) != 1 {
			return nil, fmt.Errorf("%s: want one archive, found %d", set, len(archives))
		}
		into := filepath.Join(c.temp, filepath.FromSlash(set))
		if err := unpack(archives[0], into); err != nil {
			return nil, fmt.Errorf("%s: %w", archives[0], err)
		}
		var all []recording
		for _, row := range rows {
			found := filepath.Join(into, filepath.FromSlash(row["path"]))
			if _, err := os.Stat(found); err != nil {
				return nil, fmt.Errorf("%s: %w", table, err)
			}
			all = append(all, recording{set, row["path"], label(row), []string{found}})
		}
		return all, nil
	}
}

// folderLabel is the folder of a file: a tactic.
func folderLabel(row tableRow) string { return path.Dir(row["path"]) }

// columnLabel is the first of some columns that holds something.
func columnLabel(columns ...string) func(tableRow) string {
	return func(row tableRow) string {
		for _, c := range columns {
			if row[c] != "" {
				return row[c]
			}
		}
		return ""
	}
}

// tests takes every test of CrowdSec for itself: its log, labelled by the scenarios that it is to raise.
func (c corpus) tests(set string) ([]recording, error) {
	rows, err := readTable(filepath.Join(c.path(set), "index.csv"))
	var all []recording
	for _, row := range rows {
		name := path.Join(row["category"], row["test"])
		label := "parser test"
		if n := row["expected_alerts"]; n != "" && n != "0" {
			label = strings.TrimSuffix(path.Base(row["scenarios"]), ".yaml")
		}
		log := filepath.Join(c.path(set), filepath.FromSlash(name), filepath.FromSlash(row["log_file"]))
		if _, err := os.Stat(log); err != nil {
			continue // some tests share the log of another one
		}
		all = append(all, recording{set, name, label, []string{log}})
	}
	return all, err
}

// Levels of Wazuh's alerts: below wazuhOdd they are of ordinary things, from wazuhAlarm on of attacks.
const wazuhAlarm = 7

// wazuh takes the lines of Wazuh's cases whose alert has such a level, a recording for each file of cases.
//
//	[name of the case]
//	log 1 pass = the line
//	alert = 12
func (c corpus) wazuh(from, below int) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		names, err := filepath.Glob(filepath.Join(c.path(set), "tests", "*.ini"))
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(c.temp, fmt.Sprintf("wazuh-%d", from))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		var all []recording
		for _, name := range names {
			lines, err := wazuhLines(name, from, below)
			if err != nil {
				return nil, err
			}
			if len(lines) == 0 {
				continue
			}
			short := strings.TrimSuffix(filepath.Base(name), ".ini")
			log := filepath.Join(folder, short+".log")
			if err := os.WriteFile(log, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				return nil, err
			}
			all = append(all, recording{set, "tests/" + short, "cases of alert level " + strconv.Itoa(from) + " and above", []string{log}})
		}
		return all, nil
	}
}

// maxLine is the longest line of a case, in bytes; Windows events as XML are the longest.
const maxLine = 1 << 20

func wazuhLines(name string, from, below int) (lines []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var logs []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		key, value, _ := strings.Cut(s.Text(), " = ")
		switch {
		case strings.HasPrefix(key, "log ") && strings.HasSuffix(key, " pass"):
			logs = append(logs, value)
		case key == "alert":
			level, err := strconv.Atoi(strings.TrimSpace(value))
			if err == nil && level >= from && level < below {
				lines = append(lines, logs...)
			}
			logs = nil
		}
	}
	return lines, s.Err()
}

// maxRule is the largest of Panther's files, in bytes; they have some kilobytes.
const maxRule = 1 << 20

// panther takes the sample events of each of Panther's rules that are to raise an alert, or those that are not.
func (c corpus) panther(alert bool) func(string) ([]recording, error) {
	return func(set string) ([]recording, error) {
		names, err := filepath.Glob(filepath.Join(c.path(set), "panther", "*", "*.json"))
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(c.temp, fmt.Sprintf("panther-%v", alert))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		var all []recording
		for _, name := range names {
			title, lines, err := pantherEvents(name, alert)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if len(lines) == 0 {
				continue
			}
			log := filepath.Join(folder, filepath.Base(name))
			if err := os.WriteFile(log, bytes.Join(append(lines, nil), []byte("\n")), 0o600); err != nil {
				return nil, err
			}
			all = append(all, recording{set, path.Join("panther", filepath.Base(filepath.Dir(name)), filepath.Base(name)), title, []string{log}})
		}
		return all, nil
	}
}

// pantherEvents reads the sample events of a rule, each as one line.
func pantherEvents(name string, alert bool) (title string, lines [][]byte, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", nil, err
	}
	if info.Size() > maxRule {
		return "", nil, fmt.Errorf("want at most %d bytes, found %d", maxRule, info.Size())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", nil, err
	}
	var rule struct {
		Title string
		Tests []struct {
			Alert bool `json:"expected_alert"`
			Log   json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &rule); err != nil {
		return "", nil, err
	}
	for _, t := range rule.Tests {
		if t.Alert != alert || len(t.Log) == 0 {
			continue
		}
		var line bytes.Buffer
		if err := json.Compact(&line, t.Log); err != nil {
			return "", nil, err
		}
		lines = append(lines, line.Bytes())
	}
	return rule.Title, lines, nil
}

// A tableRow is a row of a table by the names of its columns.
type tableRow map[string]string

func (r tableRow) join(columns []string) string {
	var values []string
	for _, c := range columns {
		if r[c] != "" {
			values = append(values, r[c])
		}
	}
	return strings.Join(values, ": ")
}

func readTable(name string) (rows []tableRow, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil || len(records) == 0 {
		return nil, fmt.Errorf("%s: want a table with a header, found %d rows: %w", name, len(records), err)
	}
	for _, record := range records[1:] {
		row := tableRow{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b tableRow) int {
		return cmp.Or(cmp.Compare(a["path"], b["path"]), cmp.Compare(a["file"], b["file"]))
	})
	return rows, nil
}

// maxMember is the largest file of an archive of the corpus, in bytes; the largest there has 20 MB.
const maxMember = 256 << 20

// unpack writes the regular files of a .tar.zst into a folder; os.Root keeps them in there.
func unpack(archive, into string) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	if err := os.MkdirAll(into, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if h.Size > maxMember {
			return fmt.Errorf("%s: want at most %d bytes, found %d", h.Name, maxMember, h.Size)
		}
		if err := writeMember(root, path.Clean(h.Name), t); err != nil {
			return err
		}
	}
}

func writeMember(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close())
}
