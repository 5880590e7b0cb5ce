package w3c

import (
	"bytes"
	"testing"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

func FuzzRead(f *testing.F) {
	format().Fuzz(f,
		readertest.Testdata(f, "iis.log"),
		[]byte("#Fields: date time cs(User-Agent) sc-status\n2026-03-01 01:02:03 \"a b\" 200\n\x00\x00"),
		[]byte("2026-03-01 01:02:03 192.0.2.1 GET /a - 443 - 192.0.2.2 curl/8.5.0 200 0 0 7\nx\n"),
		[]byte("#GMT-Offset: +0300\n#Fields: time\ta b\n01:02:03\t\t\"\n#Fields: x-y\nz\n"),
		[]byte("\xff\xfe#\x00F\x00i\x00e\x00l\x00d\x00s\x00:\x00c\x00-\x00i\x00p\x00\n\x00a\x00"),
	)
}

// promises: every line is an event or told as lost. A record alone is the same event behind the
// directives, where only one set of them comes before all records and no date has to be counted on.
// Without columns in them those of a line are guessed by the lines before it, too.
func promises(t testing.TB, data []byte, whole readertest.Pass) {
	t.Helper()
	format().Counted(t, data, whole)
	if enc, _ := lines.Detect(data); enc != lines.UTF8 {
		return
	}
	var directives []byte
	for line := range bytes.Lines(data) {
		line = bytes.Trim(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), "\x00")
		if len(line) > 0 && line[0] == '#' {
			directives = append(append(directives, line...), '\n')
		}
	}
	lower := append([]byte{'\n'}, bytes.ToLower(directives)...)
	if bytes.HasPrefix(data, directives) && bytes.Count(lower, []byte("fields")) == 1 && bytes.Contains(lower, []byte("\n#fields:")) && bytes.Contains(directives, []byte("date ")) {
		format().Alone(t, data, whole, func(int64) []byte { return directives })
	}
}
