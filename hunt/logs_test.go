package hunt

import (
	"strings"
	"testing"
)

func TestOneHost(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := strings.Join(oneHost(strings.Fields(in)), " "); got != want {
			t.Errorf("oneHost(%s) = %s, want %s", in, got, want)
		}
	}
	f("", "")
	f("MAIL01 mail01.a.example", "mail01.a.example")
	f("MAIL01 MAIL01.a.example MAIL01.b.example", "MAIL01 MAIL01.a.example MAIL01.b.example")
	f("DC01 MAIL01.a.example", "DC01 MAIL01.a.example")
	f("10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2")
}
