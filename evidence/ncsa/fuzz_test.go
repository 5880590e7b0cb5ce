package ncsa

import (
	"testing"

	"aldebaran/evidence/readertest"
)

func FuzzRead(f *testing.F) {
	format().Fuzz(f,
		readertest.Testdata(f, "mixed.log"),
		[]byte("Mar  1 01:02:04 web01 nginx[29]: 192.0.2.1 - - [01/Mar/2026:01:02:03 +0300] \"GET /\\x41 HTTP/1.1\" 200 5 \"a\\\" \"b\n\x00\x00"),
		[]byte("[01/Mar/2026:01:02:03 +0300] bob http-exec-6 192.0.2.1 GET / HTTP/1.1 200 12ms 5 http://example.test/ Mozilla 5\n"),
		[]byte("h 192.0.2.1 - r - [2026-03-01T01:02:03Z] \"CONNECT a:1 HTTP/1.1\" 200 5 9 \"x\" \"y\" \"1.2.3.4\"\r\n"),
	)
}
