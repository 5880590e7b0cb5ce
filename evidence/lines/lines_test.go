package lines

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"aldebaran/event"
)

func read(t testing.TB, data []byte, unit int64) (got []string, all []Line) {
	t.Helper()
	l, err := Open(bytes.NewReader(data), int64(len(data)), "test.log")
	if err != nil {
		t.Fatal(err)
	}
	var r Reader
	for _, u := range l.Units(unit) {
		err := r.Read(l, u, func(line Line) bool {
			s := string(line.Text)
			if line.Cut {
				s = fmt.Sprintf("cut %d of %d", len(s), line.Length)
			}
			if line.Open {
				s += " (open)"
			}
			got = append(got, s)
			line.Text = bytes.Clone(line.Text)
			all = append(all, line)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return got, all
}

func utf16le(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, c := range s {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}

func TestRead(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		for _, unit := range []int64{0, 1, 2, 3, 7} {
			got, _ := read(t, []byte(in), unit)
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%.40q in units of %d: %.80q, want %.80q", in, unit, got, want)
			}
		}
	}
	f("")
	f("a", "a (open)")
	f("a\n", "a")
	f("a\r\nb\r\n", "a", "b")
	f("\n\na\n\n", "", "", "a", "")
	f("\xef\xbb\xbfé\nb", "é", "b (open)")
	f("nul \x00 byte\n\xff\xfe no mark here\n", "nul \x00 byte", "\xff\xfe no mark here")
	for _, in := range []string{"eins\r\nzwei ä\r\n\r\nhalf", "x\n"} {
		got, _ := read(t, utf16le(in), 0)
		small, _ := read(t, utf16le(in), 6)
		want := strings.Split(strings.ReplaceAll(strings.TrimSuffix(in, "\n"), "\r", ""), "\n")
		if !strings.HasSuffix(in, "\n") {
			want[len(want)-1] += " (open)"
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(small) != fmt.Sprint(want) {
			t.Errorf("UTF-16 %q: %q and %q, want %q", in, got, small, want)
		}
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", 3*MaxLine+17)
	got, all := read(t, []byte("a\n"+long+"\nb\n"), 0)
	want := fmt.Sprintf("[a cut %d of %d b]", MaxLine, len(long)+1)
	if fmt.Sprint(got) != want {
		t.Errorf("%.200q, want %s", got, want)
	}
	if all[2].Offset != int64(len(long)+3) {
		t.Errorf("the line behind the long one stands at %d", all[2].Offset)
	}
	exact := strings.Repeat("y", MaxLine)
	if got, _ := read(t, []byte(exact+"\nb"), 0); len(got) != 2 || got[0] != exact {
		t.Errorf("a line of exactly MaxLine was cut: %d lines", len(got))
	}
}

var page = bytes.Repeat([]byte{'z'}, 64<<10)

// endless is a file of 4 GB without a line feed, of which nothing is kept in memory.
type endless struct{ size int64 }

func (e endless) ReadAt(p []byte, at int64) (int, error) {
	n := int(min(int64(len(p)), e.size-at))
	for done := 0; done < n; {
		done += copy(p[done:n], page)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestFourGigabyteLine(t *testing.T) {
	l := &Log{R: endless{4 << 30}, Size: 4 << 30, Path: "endless.log"}
	var r Reader
	lines := 0
	if err := r.Read(l, l.Units(0)[0], func(line Line) bool {
		lines++
		if !line.Cut || !line.Open || line.Length != 4<<30 || len(line.Text) != MaxLine {
			t.Errorf("cut %v, open %v, length %d, text of %d", line.Cut, line.Open, line.Length, len(line.Text))
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if lines != 1 || cap(r.buf) > MaxLine+bufSize {
		t.Errorf("%d lines, buffer of %d bytes", lines, cap(r.buf))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), int64(2))
	f.Add(utf16le("a\r\nb\n"), int64(4))
	f.Fuzz(func(t *testing.T, data []byte, unit int64) {
		unit &= 0xfff
		if len(data) > 1<<16 || unit < 8 && len(data) > 1000 {
			return
		}
		_, one := read(t, data, 0)
		_, cut := read(t, data, unit)
		if len(one) != len(cut) {
			t.Fatalf("%d lines in one unit, %d in units of %d", len(one), len(cut), unit)
		}
		at := int64(-1)
		for i, l := range one {
			if !bytes.Equal(l.Text, cut[i].Text) || l.Offset != cut[i].Offset || l.Length != cut[i].Length {
				t.Fatalf("line %d: %+v in one unit, %+v in several", i, l, cut[i])
			}
			if at >= 0 && l.Offset != at {
				t.Fatalf("line %d stands at %d, want %d: lines must follow each other", i, l.Offset, at)
			}
			at = l.Offset + l.Length
		}
		if len(one) > 0 && at < int64(len(data))-1 {
			t.Fatalf("the last line ends at %d of %d", at, len(data))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := bytes.Repeat([]byte("2026-01-02 03:04:05 10.0.0.1 GET /owa/auth/logon.aspx replaceCurrent=1 443 - 192.0.2.7 Mozilla/5.0 200 0 0 15\r\n"), 1e5)
	l := &Log{R: bytes.NewReader(data), Size: int64(len(data))}
	var r Reader
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := r.Read(l, event.Unit{End: l.Size}, func(Line) bool { n++; return true }); err != nil || n != 1e5 {
			b.Fatal(n, err)
		}
	}
}
