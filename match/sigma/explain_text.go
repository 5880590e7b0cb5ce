package sigma

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRunes is how many runes of a value are printed; JSON has all of it.
const maxRunes = 400

// maxElements is how many elements of a field are printed.
const maxElements = 10

// WriteText prints the explanation as an indented tree that is safe for a terminal: what rules and
// events say is stripped of everything that a terminal would take for more than text.
//
//	rule        Shell spawned by IIS (rules/iis_shell.yml:1)
//	match       no
//	log source  windows process_creation
//	  ✓ Sysmon 1
//	  ✗ Security 4688: want channel security, found Microsoft-Windows-Sysmon/Operational
//	condition
//	  ✗ all of
//	    ✓ selection: Image|endswith: '\cmd.exe': found "C:\Windows\System32\cmd.exe"
//	    ✗ not
//	      ✓ filter: User: 'x': found "x"
func (x Explanation) WriteText(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("rule        " + visible(x.Rule))
	if x.ID != "" {
		b.WriteString(" " + visible(x.ID))
	}
	if x.File != "" {
		fmt.Fprintf(&b, " (%s:%d)", visible(x.File), x.Line)
	}
	b.WriteString("\nmatch       " + map[bool]string{true: "yes", false: "no"}[x.Match])
	b.WriteString("\nlog source ")
	for _, word := range []string{x.Logsource.Product, x.Logsource.Category, x.Logsource.Service} {
		if word != "" {
			b.WriteString(" " + visible(word))
		}
	}
	b.WriteByte('\n')
	for _, r := range x.Routes {
		fmt.Fprintf(&b, "  %s %s", mark(r.Fits), visible(r.Name))
		if r.Why != "" {
			b.WriteString(": " + visible(r.Why))
		}
		if r.Weak && r.Fits {
			b.WriteString(" (weak: fields that the rule was written for may be absent there)")
		}
		b.WriteByte('\n')
	}
	b.WriteString("condition")
	if !x.LogsourceFits {
		b.WriteString(" (on the event's own fields, since the log source does not fit)")
	}
	b.WriteByte('\n')
	x.Condition.write(&b, "  ")
	_, err := w.Write(b.Bytes())
	return err
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

func (x *NodeExplanation) write(b *bytes.Buffer, indent string) {
	b.WriteString(indent + mark(x.Result) + " ")
	if x.Name != "" {
		b.WriteString(visible(x.Name) + ": ")
	}
	switch x.Op {
	case "item":
		b.WriteString(visible(x.Item.wantText()) + ": ")
		x.Item.writeFound(b)
	case "and":
		b.WriteString("all of")
	case "or":
		b.WriteString("one of")
	default:
		b.WriteString(x.Op)
	}
	b.WriteByte('\n')
	for i := range x.Kids {
		x.Kids[i].write(b, indent+"  ")
	}
}

func (x *ItemExplanation) writeFound(b *bytes.Buffer) {
	switch {
	case x.Field == "" && !x.Result:
		b.WriteString("in no field")
	case x.State != "present":
		b.WriteString(x.State)
	default:
		b.WriteString("found ")
		for i, text := range x.Found {
			if i == maxElements {
				fmt.Fprintf(b, ", … and %d more", len(x.Found)-i)
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(`"` + visible(text) + `"`)
		}
	}
	if x.Via != "" {
		b.WriteString(" (from " + visible(x.Via) + ")")
	}
	if x.Other != nil {
		b.WriteString("; " + visible(x.Other.Field) + " ")
		x.Other.writeFound(b)
	}
}

// visible cuts a long text and writes as \u202e what is no printable character: controls, escape
// sequences, characters that turn the direction of writing or have no width. A backslash stays as
// it is, for paths' sake.
func visible(s string) string {
	var b strings.Builder
	shown := 0
	for i := 0; i < len(s); {
		if shown++; shown > maxRunes {
			fmt.Fprintf(&b, "… (%d bytes more)", len(s)-i)
			break
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}
