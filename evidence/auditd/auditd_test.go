package auditd_test

import (
	"bytes"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*auditd.File, *auditd.Reader] {
	return readertest.Format[*auditd.File, *auditd.Reader]{Sniff: auditd.Sniff, Open: auditd.Open, NewReader: auditd.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads a synthetic log: nothing of it ever happened.
func TestGolden(t *testing.T) { format().Golden(t, "synthetic.log", *update) }

func TestSniff(t *testing.T) {
	format().Sniffs(t, true,
		"type=PATH msg=audit(1.2:3): item=0\n",
		"node=h type=PATH msg=audit(1.2:3): item=0",
		" type=PATH msg=audit(1.2:3): item=0\n\n",
	)
	format().Sniffs(t, false,
		"",
		"type=PATH\n",
		"type=PATH msg=audit(1:3): item=0\n",
		"Mar  1 08:00:00 h audispd: type=PATH msg=audit(1.2:3): item=0\n",
		"a\nb\ntype=PATH msg=audit(1.2:3): item=0\n",
	)
}

func TestFind(t *testing.T) {
	f := func(message string, want int) {
		t.Helper()
		if got := auditd.Find([]byte(message)); got != want {
			t.Errorf("Find(%q) = %d, want %d", message, got, want)
		}
	}
	f("type=PATH msg=audit(1.2:3): x", 0)
	f("node=h type=PATH msg=audit(1.2:3): x", 0)
	f("audit: type=1400 audit(1.2:3): x", 7)
	f("audit(1.2:3): x", -1)
	f("type=x", -1)
}

// TestPlaso holds the reader against the tests of plaso's parser.
func TestPlaso(t *testing.T) {
	names := map[string][]string{
		"audit_type": {"type"}, "audit_serial": {"serial"}, "pid": {"pid"}, "audit_login_identifier": {"auid"},
		"audit_session_identifier": {"ses"}, "executable": {"exe"}, "exit_code": {"exit"}, "group_identifier": {"gid"},
		"parent_process_identifier": {"ppid"}, "process_name": {"comm"}, "security_context": {"subj"},
		// plaso takes the name where the record has one.
		"success": {"success"}, "system_call": {"SYSCALL", "syscall"}, "user_identifier": {"uid"},
	}
	mine := func(file string) bool { return file == "selinux.log" || file == "audit_enriched.log" }
	format().Plaso(t, mine, func(e *event.Event, field, _ string) (got string, ok bool) {
		if field == "last_written_time" {
			return e.Time.Format("2006-01-02T15:04:05.000-07:00"), true
		}
		for _, name := range names[field] {
			if got == "" {
				got = e.Text(name)
			}
		}
		return got, names[field] != nil
	})
}

// TestCrowdSec reads the audit logs of CrowdSec's tests: no line may be lost.
func TestCrowdSec(t *testing.T) {
	for _, name := range corpustest.Glob(t, "logs/crowdsec/auth/auditd-*/*.log") {
		data := corpustest.Load(t, name)
		_, report := format().Read(t, data)
		if want := bytes.Count(data, []byte("msg=audit(")); report.Events != want || len(report.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; damage %+v", filepath.Base(name), report.Events, want, report.Damage)
		}
		format().Check(t, data)
	}
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Lines(readertest.Testdata(f, "synthetic.log"))...)
}

func BenchmarkRead(b *testing.B) {
	data, _, _ := bytes.Cut(readertest.Testdata(b, "synthetic.log"), []byte("type=EMPTY"))
	format().Bench(b, readertest.Repeat(data, 4<<20))
}

func Example() {
	const text = `type=EXECVE msg=audit(1772352000.123:100): argc=2 a0="cat" a1=2F746D702F6120622E747874` + "\n"
	f, err := auditd.Open(strings.NewReader(text), int64(len(text)), "audit.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := auditd.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Text("type"), e.Text("a0"), e.Text("a1"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2026-03-01 08:00:00.123 +0000 UTC EXECVE cat /tmp/a b.txt
}
