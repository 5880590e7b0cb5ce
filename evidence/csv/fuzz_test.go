package csv

import (
	"bytes"
	"slices"
	"testing"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(
		"", "time,a,b\n2026-06-03T06:33:00Z,\"x, \"\"y\"\"\nz\",\"\"\n2026-06-03T06:33:01Z,,say \"hi\"\n",
		"sep=;\ntime;a;b\n6/3/2026 6:33:00 PM;\"open\n6/3/2026 6:33:00 PM;1;2\n",
		"Level,Date and Time,Source,Event ID,Task Category\nInformation,13/06/2026 18:33:00,Service Control Manager,7045,None,\"A service\n\nx\"\n",
		"CreationDate,UserIds,Operations,AuditData\n2026-06-03T06:33:00.0000000Z,a,b,\"{\"\"CreationTime\"\":\"\"2026-06-03T06:33:00\"\",\"\"Workload\"\":\"\"Exchange\"\",\"\"Operation\"\":\"\"x\"\"}\"\n",
		"\xff\xfet\x00,\x00a\x00,\x00b\x00\n\x00", "time\ta\tb\n03.06.2026 18:33:00\t1\t2\t3\t4\n",
	)...)
}

// promises: a row read by itself behind the header is the same event.
func promises(t testing.TB, data []byte, whole readertest.Pass) {
	t.Helper()
	file := format().OpenLog(t, data)
	if file.log.Encoding != lines.UTF8 || len(whole.Report.Damage) > 0 {
		return
	}
	const most = 20
	for i, s := range whole.Sources[:min(len(whole.Sources), most)] {
		row := &lines.Log{R: bytes.NewReader(data[s.Offset : s.Offset+s.Length]), Size: s.Length, Path: s.Path}
		alone := &File{log: row, table: file.table}
		if got := format().Pass(t, NewReader(lines.Options{}), alone, alone.Units()...).Events; !slices.Equal(got, whole.Events[i:i+1]) {
			t.Fatalf("the bytes at %d read by themselves are\n%.500q, want\n%.500q", s.Offset, got, whole.Events[i])
		}
	}
}
