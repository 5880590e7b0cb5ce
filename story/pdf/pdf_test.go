package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// build makes a PDF of objects; the table of references is left out, as nobody needs it.
func build(objects ...string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer <</Root 1 0 R /Info <</Title (A \\(short\\) story)>>>>\n%%EOF")
	return []byte(b.String())
}

const (
	catalog = "<</Type /Catalog /Pages 2 0 R>>"
	pages   = "<</Type /Pages /Kids [3 0 R] /Count 1>>"
	page    = "<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</Font <</F1 5 0 R>> /XObject <</X 6 0 R>>>>>>"
	latin   = "<</Type /Font /Subtype /Type1 /Encoding <</Differences [1 /fi /eacute /uni20AC /A.alt]>>>>"
)

func stored(content string) string {
	return fmt.Sprintf("<</Length %d>> stream\n%s\nendstream", len(content), content)
}

func deflated(dict, content string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(content))
	_ = z.Close()
	return fmt.Sprintf("<<%s /Filter /FlateDecode /Length %d>> stream\n%s\nendstream", dict, b.Len(), b.String())
}

func TestRead(t *testing.T) {
	f := func(name string, want []string, objects ...string) {
		t.Helper()
		d, err := Read(build(objects...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		var got []string
		for _, l := range d.Lines {
			got = append(got, l.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\nnotes %q", name, diff, d.Notes)
		}
		if d.Title != "A (short) story" {
			t.Errorf("%s: title %q", name, d.Title)
		}
	}
	f("lines and gaps", []string{"One two", "three"}, catalog, pages, page, stored("BT /F1 12 Tf 10 700 Td (One) Tj 40 0 Td (two) Tj 0 -20 Td (three) Tj ET"), latin)
	f("pieces of a word", []string{"Exchange server"}, catalog, pages, page, stored("BT /F1 10 Tf 10 700 Td [(Ex) 20 (change) -400 (server)] TJ ET"), latin)
	f("next-line operators", []string{"a", "b", "c"}, catalog, pages, page, stored("BT /F1 10 Tf 14 TL 10 700 Td (a) ' (b) ' 0 0 (c) \" ET"), latin)
	f("glyph names and escapes", []string{"fié€A(x)é"}, catalog, pages, page, stored(`BT /F1 10 Tf 10 700 Td (\001\2\3\4\(x\)\351) Tj ET`), latin)
	f("hexadecimal text", []string{"Hi"}, catalog, pages, page, stored("BT /F1 10 Tf 10 700 Td <48 69> Tj ET"), latin)
	f("packed", []string{"One"}, catalog, pages, page, deflated("", "BT /F1 12 Tf (One) Tj ET"), latin)
	f("a wrong length", []string{"One"}, catalog, pages, page, "<</Length 3>> stream\nBT /F1 12 Tf (One) Tj ET\nendstream", latin)
	f("a drawing within a drawing", []string{"inside"}, catalog, pages, page, stored("/X Do"), latin, "<</Subtype /Form /Matrix [1 0 0 1 5 5] "+stored("BT /F1 9 Tf (inside) Tj ET")[2:])
	f("two bytes a letter", []string{"中文A"}, catalog, pages, page, stored("BT /F1 12 Tf <000100020003> Tj ET"),
		"<</Subtype /Type0 /DescendantFonts [<</DW 1000>>] /ToUnicode 6 0 R>>", stored("1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0001> <0001> <4e2d> endbfrange 1 beginbfrange <0002> <0002> [<6587>] endbfrange 1 beginbfchar <0003> <0041> endbfchar"))
	f("objects within a stream", []string{"One"}, deflated("/Type /ObjStm /N 2 /First 10", "11 0 12 32 "[:10]+"<</Type /Catalog /Pages 2 0 R>>  <</Subtype /Type1>>"), pages,
		strings.Replace(page, "5 0 R", "12 0 R", 1), stored("BT /F1 12 Tf (One) Tj ET"))
	f("pages that contain themselves", []string{"One"}, catalog, "<</Kids [3 0 R 2 0 R 3 0 R]>>", page, stored("BT /F1 12 Tf (One) Tj ET"), latin)
	f("drawings that contain themselves", nil, catalog, pages, page, stored("/X Do"), latin, "<</Subtype /Form /Resources <</XObject <</X 6 0 R>>>> "+stored("/X Do /X Do")[2:])
	f("a picture within", []string{"One"}, catalog, pages, page, stored("BI /W 1 ID (((( EI BT /F1 12 Tf (One) Tj ET"), latin)
}

func TestErrors(t *testing.T) {
	f := func(data []byte, want string) {
		t.Helper()
		if _, err := Read(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	f([]byte("%PDF-1.4"), "found none")
	f([]byte("%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj trailer <</Root 1 0 R /Encrypt 2 0 R>>"), "encrypted")
	f([]byte("%PDF-1.4\n1 0 obj 1 0 R endobj trailer <</Root 1 0 R>>"), "found none")
}

func TestPredictor(t *testing.T) {
	packed := deflated("/DecodeParms <</Predictor 12 /Columns 4>>", "\x02BT /\x02\x04\xdd\x0c\xfe")
	d, err := Read(build(catalog, pages, page, packed, latin))
	if err != nil || len(d.Lines) != 0 {
		t.Errorf("lines %v, error %v", d, err)
	}
	if got := string(unpredict([]byte("\x00ab\x01a\x01\x02\x00\x01\x03\x01\x01\x04\x01\x01"), 2)); got[:4] != "abab" || len(got) != 10 {
		t.Errorf("unpredict = %q", got)
	}
}

// Nested as deep as can be written, objects end somewhere.
func TestDeep(t *testing.T) {
	for _, s := range []string{"[", "<<", "<</a", "(", "<", "{", "/a#"} {
		deep := build(catalog, pages, page, stored(strings.Repeat(s, 20000)), strings.Repeat(s, 20000))
		if _, err := Read(deep); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(build(catalog, pages, page, deflated("", "BT /F1 12 Tf (One) Tj ET"), latin))
	f.Add(build(catalog, pages, page, stored("q 1 0 0 1 5 5 cm BT /F1 12 Tf 1e300 0 0 1e300 1 1 Tm [(a) -1e300 (b)] TJ ET Q Q"), latin))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		d, err := Read(data)
		if err != nil {
			return
		}
		for _, l := range d.Lines {
			if l.Text == "" || l.Text != strings.TrimSpace(l.Text) || strings.Contains(l.Text, "\n") || l.Page < 1 || l.Page > d.Pages || math.IsNaN(l.Y) || math.IsInf(l.Size, 0) {
				t.Fatalf("line %+v of %d pages", l, d.Pages)
			}
		}
	})
}

func ExampleRead() {
	file := build(catalog, pages, page, stored("BT /F1 12 Tf 72 700 Td (Hello, reader) Tj ET"), latin)
	d, err := Read(file)
	if err != nil {
		panic(err)
	}
	for _, l := range d.Lines {
		fmt.Println(l.Page, l.Y, l.Size, l.Text)
	}
	// Output: 1 700 12 Hello, reader
}
