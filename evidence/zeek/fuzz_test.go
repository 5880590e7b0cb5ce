package zeek

import (
	"testing"

	"aldebaran/evidence/readertest"
)

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(
		"", head, head+"#path\tdns\n#fields\tts\tquery\tanswers\trejected\n#types\ttime\tstring\tvector[string]\tbool\n1.5\ta\\x09\tb,c\tT\n2\t-\t(empty)\tF\n#close\tx\n",
		"#separator ,\n#path,a\n#fields,ts\n1\n#fields,a,ts\n#types,string,time\nx,2\n\x00\x00", "#fields\t\t\n\t\n", "#separator \\x0a\n1\n",
		"\xff\xfe#\x00\n\x00",
		"\x00\x00\x00#fields\t0\x00\x00\x00\n0",
	)...)
}
