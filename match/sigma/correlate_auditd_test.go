package sigma

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"aldebaran/event"
)

// auditdCorrelation combines two records of one event of the audit system: docs/formats/auditd.md
// shows it as the way to ask for fields of both.
const auditdCorrelation = `title: A shell under the key of the web server
name: shell
logsource: {product: linux, service: auditd}
detection:
  selection: {type: EXECVE, a0: sh}
  condition: selection
---
title: A program under the key of the web server
name: keyed
logsource: {product: linux, service: auditd}
detection:
  selection: {type: SYSCALL, key: webserver}
  condition: selection
---
title: The web server started a shell
correlation:
  type: temporal
  rules: [shell, keyed]
  group-by: [serial]
  timespan: 1s
`

func TestAuditdRecordsOfOneEvent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shell.yml")
	if err := os.WriteFile(file, []byte(auditdCorrelation), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load([]string{file}, LoadOptions{})
	if err != nil || len(c.Correlations) != 1 || len(c.Rejected) > 0 {
		t.Fatal(err, c)
	}
	set, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	m := set.NewMatcher()
	at := time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)
	record := func(serial string, fields ...routedField) {
		e := linuxEvent("linux", "", "auditd", append(fields, dataText("serial", serial))...)
		e.Time, e.Source = at, event.Source{Path: "synthetic.log", Offset: int64(len(serial)), Chunk: -1}
		for _, r := range m.Match(e) {
			if err := k.Add(k.Observe(r, e)); err != nil {
				t.Fatal(err)
			}
		}
	}
	record("100", dataText("type", "SYSCALL"), dataText("key", "webserver"))
	record("100", dataText("type", "EXECVE"), dataText("a0", "sh"))
	record("101", dataText("type", "SYSCALL"), dataText("key", "webserver")) // of another program
	record("102", dataText("type", "EXECVE"), dataText("a0", "sh"))          // of another key
	var found []CorrelationMatch
	if err := k.Finish(func(m CorrelationMatch) error { found = append(found, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Group[0].Value != "100" {
		t.Errorf("found %+v, want the event 100", found)
	}
}
