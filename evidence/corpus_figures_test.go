package evidence_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// explained says why files of the corpus are not read, or not wholly: the first of them one of whose
// parts of a path is in the file's path. Every such file must have a reason, and every reason a file.
var explained = [...]struct {
	reason string
	paths  []string
}{
	{"no log, but what a program made of one", []string{"slow006-session-2"}},
	{"no log: lists of programs, files and commands that were typed", []string{"plaso/bash_history", "plaso/dpkg.log", "plaso/popcontest1", "process_list", "systeminfo"}},
	{"binary records", []string{"plaso/ivanti_vc0"}},
	{"transcript of a console, not one record a line", []string{"powershell_transcript"}},
	{"logs of two programs, taken apart by whoever wrote them", []string{"web/litespeed-logs"}},
	{"log of an application in a form of its own, for which Sigma has no log source", []string{
		"crowdsec/auth/", "crowdsec/mail/mail", "crowdsec/other/", "crowdsec/web/", "plaso/atlassian-", "plaso/aws_elb_access", "plaso/sav.txt",
		"plaso/setupapi", "plaso/teamviewer", "lnav/logfile_epoch", "lnav/logfile_invalid_utf8", "lnav/logfile_multiline", "lnav/logfile_openam", "lnav/logfile_uwsgi",
	}},

	{"made with broken lines on purpose: each is told", []string{"lnav/logfile_json_invalid", "lnav/logfile_mixed_json2", "plaso/selinux.log"}},
	{"begins with words of a viewer, which are no record", []string{"logfile_syslog_with_header"}},
	{"damaged in its collection; the reader's tests hold it against evtx_dump's and plaso's results", []string{"evtx/parser/"}},
	{"cut off by its publisher: the archive has no end", []string{"covenant_persiststartup.tar.gz"}},
}

// A corpusSet sums up the files of a set.
type corpusSet struct {
	files, read                  int
	events, noTime, damage, lost int
	lostUnknown                  bool
	formats                      map[string]int
}

// checkFigures compares the figures of docs/formats/README.md with what was found, and checks that
// there is a reason for whatever was not read.
func checkFigures(t *testing.T, rows []corpusRow) {
	t.Helper()
	sets := map[string]*corpusSet{}
	reasons := make([]int, len(explained))
	for i, r := range rows {
		set := sets[setOf(r.path)]
		if set == nil {
			set = &corpusSet{formats: map[string]int{}}
			sets[setOf(r.path)] = set
		}
		if r.format == "" || r.damage > 0 {
			n := slices.IndexFunc(explained[:], func(e struct {
				reason string
				paths  []string
			}) bool {
				return slices.ContainsFunc(e.paths, func(p string) bool { return strings.Contains(r.path, p) })
			})
			if n < 0 {
				t.Errorf("%s: format %q, %d damaged places, and no reason why", r.path, r.format, r.damage)
			} else {
				reasons[n]++
			}
		}
		set.damage += r.damage
		set.lost += r.lost
		set.lostUnknown = set.lostUnknown || r.unknown
		if i+1 < len(rows) && strings.HasPrefix(rows[i+1].path, r.path+"!") {
			continue // a container: what is in it counts
		}
		set.files++
		if r.format == "" {
			continue
		}
		set.read++
		set.events += r.events
		set.noTime += r.noTime
		set.formats[r.format]++
	}
	var b strings.Builder
	b.WriteString("| set | files | read | events | without a time | damaged places | records lost | formats |\n|---|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		s := sets[name]
		lost := fmt.Sprint(s.lost)
		if s.lostUnknown {
			lost += " and more"
		}
		var formats []string
		for _, f := range slices.Sorted(maps.Keys(s.formats)) {
			formats = append(formats, fmt.Sprintf("%s %d", f, s.formats[f]))
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s | %s |\n", name, s.files, s.read, s.events, s.noTime, s.damage, lost, strings.Join(formats, ", "))
	}
	b.WriteString("\nNot read, or not wholly:\n\n")
	for i, e := range explained {
		if reasons[i] == 0 {
			t.Errorf("no file is %q: take the reason out", e.reason)
		}
		fmt.Fprintf(&b, "- %d: %s\n", reasons[i], e.reason)
	}
	compareSection(t, "figures", b.String())
}

// setOf is the part of a path that names the set.
func setOf(path string) string {
	parts := strings.Split(path, "/")
	n := 2
	if parts[1] == "crowdsec" {
		n = 3
	}
	return strings.Join(parts[:n], "/")
}
