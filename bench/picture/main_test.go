package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	red := style{colour: 2, bold: true}
	for _, tt := range []struct {
		name, in string
		want     []line
	}{
		{"plain", "a\n", []line{{{style{}, "a"}}}},
		{"colour and back", "\x1b[1;31mcritical\x1b[0m 7", []line{{{red, "critical"}, {style{}, " 7"}}}},
		{"style goes on over lines", "\x1b[1;31ma\nb", []line{{{red, "a"}}, {{red, "b"}}}},
		{"bright", "\x1b[96mx", []line{{{style{colour: 15}, "x"}}}},
		{"of 256, the first sixteen", "\x1b[38;5;1mx\x1b[38;5;200my", []line{{{style{colour: 2}, "x"}, {style{colour: 2}, "y"}}}},
		{"true colour is left out", "\x1b[38;2;1;2;31mx", []line{{{style{}, "x"}}}},
		{"other sequences and controls", "a\x1b[2Kb\x1b]0;title\x07c\x07\x00d", []line{{{style{}, "a"}, {style{}, "b"}, {style{}, "cd"}}}},
		{"a progress bar", "[==  ]\r[====]\rdone\n", []line{{{style{}, "done"}}}},
		{"a progress bar that goes up", "a\n[== ]\n\x1b[1A\x1b[J[===]\n\x1b[A\x1b[Jdone\n", []line{{{style{}, "a"}}, {{style{}, "done"}}}},
		{"up beyond the top", "a\n\x1b[99999999999999999999A\x1b[7Ab\n", []line{{{style{}, "b"}}}},
		{"cut off sequence", "a\x1b[", []line{{{style{}, "a"}}}},
		{"empty lines at the ends", "\n\na\n\n", []line{{{style{}, "a"}}}},
		{"text that turns around", "a\u202eb", []line{{{style{}, "ab"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(piece{}, style{})); diff != "" {
				t.Errorf("parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	var b bytes.Buffer
	err := run([]string{"-command", "hunt <x>", "-cols", "10"}, strings.NewReader("abcdefghijklmn \x1b[31m&\xff\n"), &b)
	if err != nil {
		t.Fatal(err)
	}
	texts := texts(t, b.String())
	want := []string{"$\u00a0", "hunt\u00a0<x>", "abcdefghij"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

// FuzzDraw: whatever the terminal said, the picture is well-formed XML without scripts, and has
// one element of text for each at most.
func FuzzDraw(f *testing.F) {
	f.Add([]byte("\x1b[1;31mcritical\x1b[0m 7 <script>&"))
	f.Add([]byte("\x1b]0;x\x1b\\\x1b[38;5;3mz\r\n\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var b bytes.Buffer
		if err := run(nil, bytes.NewReader(in), &b); err != nil {
			return // too long
		}
		texts(t, b.String())
	})
}

// texts gives the contents of all text elements and fails for anything else than what draw writes.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var all []string
	d := xml.NewDecoder(strings.NewReader(svg))
	inside := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "svg", "title", "rect", "g":
			case "text":
				inside = true
				all = append(all, "")
			default:
				t.Errorf("element %s: want only svg, title, rect, g and text", token.Name.Local)
			}
		case xml.EndElement:
			inside = inside && token.Name.Local != "text"
		case xml.CharData:
			if inside {
				all[len(all)-1] += string(token)
			}
		}
	}
}
