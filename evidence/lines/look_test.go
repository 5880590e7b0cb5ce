package lines

import (
	"bytes"
	"testing"
)

func TestVote(t *testing.T) {
	f := func(text string, wantYes, wantNo int) {
		t.Helper()
		const most = 4
		yes, no := Vote([]byte(text), most, func(line []byte) (is, tells bool) {
			if len(bytes.TrimSpace(line)) == 0 || bytes.ContainsAny(line, "\r\n") {
				t.Errorf("%q: asked of %q", text, line)
			}
			return line[0] == 'y', line[0] != ' '
		})
		if yes != wantYes || no != wantNo {
			t.Errorf("Vote(%q) = %d, %d, want %d, %d", text, yes, no, wantYes, wantNo)
		}
	}
	f("", 0, 0)
	f("y\nn\r\n\n  \n", 1, 1)
	f("y\ny\ny\ny\ny\n", 4, 0)       // as many as are looked at
	f("y\nn", 1, 0)                  // it may be cut off
	f(" more\ny", 1, 0)              // but it is all that there is
	f("\xff\xfey\x00\n\x00", 1, 0)   // UTF-16
	f("y\n\x00\x01\x02\x03\n", 0, 0) // no text
}

func TestIsNumber(t *testing.T) {
	for text, want := range map[string]bool{"0": true, "0123456789": true, "": false, "1a": false, "-1": false, "1 ": false} {
		if got := IsNumber([]byte(text)); got != want {
			t.Errorf("IsNumber(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int{"": 0, "0": 0, "007": 7, "20260301": 20260301} {
		if got := Number([]byte(text)); got != want {
			t.Errorf("Number(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestIsAddress(t *testing.T) {
	for text, want := range map[string]bool{
		"192.0.2.1": true, "2001:db8::1": true, "::ffff:192.0.2.1": true, "fe80::1%2": true, "::": true, "999.0.2.1": true,
		"": false, "192.0.2": false, "192.0.2.1:80": false, "dead.beef.cafe.de": false, "a1.b2.c3.d4": false, "localhost": false, "a:b": false, "192.0.2.1%1": false,
	} {
		if got := IsAddress([]byte(text)); got != want {
			t.Errorf("IsAddress(%q) = %v, want %v", text, got, want)
		}
	}
}
