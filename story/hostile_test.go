package story

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an intruder writes into a story stays text of that story.
func TestHostile(t *testing.T) {
	const honest = "Paper Crane targets embassies in Africa."
	want := []string{"actor Paper Crane pack:paper-crane", "region Africa, victim"}
	for _, bad := range []string{
		"<script>alert('APT28')</script>", "\x1b]0;title\x07\x1b[2J\x1b[31m", "\u202egpj.exe\u2066\u2069", "=cmd|' /C calc'!A0",
		"\x00\x01\x02\x7f", "\xff\xfe\xfd", strings.Repeat("[", 5000), strings.Repeat("(", 5000), strings.Repeat("*_`", 3000), strings.Repeat("<div>", 3000),
		strings.Repeat("](", 4000), strings.Repeat("a.", 4000), strings.Repeat("'s ", 3000),
	} {
		for _, path := range []string{"x.txt", "x.md", "x.html"} {
			s := read(t, honest+"\n\n"+bad, path, known())
			got := said(s, Actor, Region)
			if len(got) < 2 || !cmp.Equal(want, got[:2]) {
				t.Errorf("%s with %.20q: %q, want %q", path, bad, got, want)
			}
		}
	}
}

// Of a story of any size a bounded part is read, and it says what was left out.
func TestHuge(t *testing.T) {
	huge := io.MultiReader(strings.NewReader("Paper Crane was here.\n\n"), io.LimitReader(endless("Paper Crane may be in Africa again. "), 200<<20))
	s, err := Read(huge, "x.txt", known())
	if err != nil {
		t.Fatal(err)
	}
	check(t, s)
	if len(s.Text) > maxText || len(s.Notes) < 2 || len(s.Claims) == 0 {
		t.Errorf("%d bytes of text, notes %q, %d claims", len(s.Text), s.Notes, len(s.Claims))
	}
}

// endless repeats a text.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		n = copy(p, e)
	}
	return n, nil
}

// A PDF that unpacks to far more than it has is cut.
func TestBomb(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	line := []byte("BT /F1 12 Tf 72 700 Td (Paper Crane targets Africa.) Tj ET\n")
	for range 80 << 20 / len(line) {
		_, _ = z.Write(line)
	}
	_ = z.Close()
	bomb := "%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Kids [3 0 R 3 0 R 2 0 R]>> endobj\n" +
		"3 0 obj <</Type /Page /Contents [4 0 R 4 0 R 4 0 R 4 0 R 4 0 R 4 0 R 4 0 R 4 0 R] /Resources <</Font <</F1 5 0 R>>>>>> endobj\n" +
		fmt.Sprintf("4 0 obj <</Filter /FlateDecode /Length %d>> stream\n%s\nendstream endobj\n5 0 obj <</Type /Font /Subtype /Type1>> endobj\ntrailer <</Root 1 0 R>>", packed.Len(), packed.String())
	s := read(t, bomb, "x.pdf", known())
	if len(s.Notes) == 0 || len(s.Text) > maxText {
		t.Errorf("notes %q and %d bytes of text", s.Notes, len(s.Text))
	}
}
