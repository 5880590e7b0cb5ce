package evtx

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// writeBinXML makes a log whose records hold what the bodies write.
func writeBinXML(t testing.TB, bodies ...func(*chunkWriter)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for i, body := range bodies {
		if err := w.add(uint64(i+1), time.Unix(1772352000, 0), body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readBinXML(t testing.TB, r *Reader, b []byte) (lines []string, damage []event.Damage) {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), "b.evtx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range f.Units() {
		rep, err := r.Read(f, u, func(e *event.Event) bool {
			for i, f := range e.Shape.Fields {
				value := e.Values[i].String()
				if e.Values[i].IsNull() {
					value = "(null)"
				}
				lines = append(lines, fmt.Sprintf("%s|%s|%d|%s", f.Path, f.Name, f.Part, value))
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		damage = append(damage, rep.Damage...)
	}
	return lines, damage
}

// el writes an element without attributes.
func (c *chunkWriter) el(name string, dependency bool, content func()) {
	e := c.open(name, false, dependency)
	e.endAttributes()
	content()
	e.end()
}

// whole makes a template of its own for one record.
func whole(name string, values []event.Value, nested func(*chunkWriter), body func(*chunkWriter)) func(*chunkWriter) {
	return func(c *chunkWriter) {
		c.fragment()
		c.instance(newTemplate(name, body), values, func() { nested(c) })
		c.b = append(c.b, tokEOF)
	}
}

func TestBinXML(t *testing.T) {
	text := func(s string) event.Value { return event.Value{Kind: event.UTF16, Raw: utf16Bytes(s)} }
	binXML := event.Value{Kind: kindBinXML}
	none := func(*chunkWriter) {}
	data := func(c *chunkWriter, content func()) {
		c.el("Event", true, func() { c.el("EventData", true, func() { c.el("X", true, content) }) })
	}
	direct := func(content func(*chunkWriter)) func(*chunkWriter) {
		return func(c *chunkWriter) {
			c.fragment()
			c.el("Event", false, func() { c.el("EventData", false, func() { content(c) }) })
			c.b = append(c.b, tokEOF)
		}
	}
	token := func(c *chunkWriter, tok byte) { c.b = append(c.b, tok) }
	for _, tt := range []struct {
		name string
		body func(*chunkWriter)
		want []string
	}{
		{"literal and substitution are one text", whole(t.Name(), []event.Value{text("b"), {Kind: event.Uint8, Raw: []byte{7}}}, none, func(c *chunkWriter) {
			data(c, func() { c.literal("a"); c.substitution(0, event.UTF16); c.substitution(1, event.Uint8); c.literal("c") })
		}), []string{"Event/EventData/X|X|0|ab7c"}},
		{"entities and character references", whole(t.Name(), []event.Value{text("b")}, none, func(c *chunkWriter) {
			data(c, func() {
				for _, name := range []string{"lt", "gt", "amp", "quot", "apos", "other"} {
					token(c, tokEntityRef)
					c.name(name)
				}
				token(c, tokCharRef|tokMore)
				c.u16(0x20ac)
			})
		}), []string{`Event/EventData/X|X|0|<>&"'&other;€`}},
		{"CDATA and processing instructions", whole(t.Name(), nil, none, func(c *chunkWriter) {
			token(c, tokPITarget)
			c.name("target")
			token(c, tokPIData)
			c.chars("not shown")
			data(c, func() {
				token(c, tokCDATA)
				c.chars("<raw>")
				token(c, tokPITarget)
				c.name("target")
				token(c, tokPIData)
				c.chars("not shown")
			})
		}), []string{"Event/EventData/X|X|0|<raw>"}},
		{"text between elements", whole(t.Name(), nil, none, func(c *chunkWriter) {
			data(c, func() {
				c.literal("\r\n  ")
				c.el("Y", true, func() { c.literal("y") })
				c.literal("z")
				c.el("Y", true, func() {})
				c.literal("\r\n")
			})
		}), []string{"Event/EventData/X/Y|Y|0|y", "Event/EventData/X|X|0|z", "Event/EventData/X/Y|Y|0|"}},
		{"the same without template", direct(func(c *chunkWriter) {
			c.el("X", false, func() {
				c.literal("\r\n  ")
				c.el("Y", false, func() { c.literal("y") })
				c.literal("z")
				c.el("Y", false, func() {})
				c.literal("\r\n")
			})
			c.el("Data", false, func() { c.literal("  ") })
		}), []string{"Event/EventData/X/Y|Y|0|y", "Event/EventData/X|X|0|z", "Event/EventData/X/Y|Y|0|", "Event/EventData/Data|Data|0|  "}},
		{"entities without template", direct(func(c *chunkWriter) {
			c.el("X", false, func() {
				c.literal("a")
				token(c, tokEntityRef)
				c.name("quot")
				c.literal("b")
				token(c, tokCharRef)
				c.u16('!')
			})
		}), []string{`Event/EventData/X|X|0|a"b!`}},
		{"typed literals", direct(func(c *chunkWriter) {
			c.el("X", false, func() { c.b = append(c.b, tokValue, byte(event.Uint16), 0x10, 0x12) })
			c.el("X", false, func() { c.b = append(append(c.b, tokValue, byte(event.SID)), 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0) })
			c.el("X", false, func() { c.b = append(c.b, tokValue, byte(event.ANSI), 2, 0, 'h', 'i') })
			c.el("X", false, func() { c.b = append(c.b, tokValue, byte(event.Null)) })
		}), []string{"Event/EventData/X|X|0|4624", "Event/EventData/X|X|0|S-1-5-18", "Event/EventData/X|X|0|hi", "Event/EventData/X|X|0|(null)"}},
		{"the record names its data", whole(t.Name(), []event.Value{text("Given Name"), text("v"), text("Other")}, none, func(c *chunkWriter) {
			c.el("Event", true, func() {
				c.el("EventData", true, func() {
					for _, sub := range []int{0, 2} {
						e := c.open("Data", true, true)
						c.attribute("Name")
						c.substitution(sub, event.UTF16)
						e.endAttributes()
						c.substitution(1, event.UTF16)
						e.end()
					}
				})
			})
		}), []string{"Event/EventData/Data[Given Name]|GivenName|0|v", "Event/EventData/Data[Other]|Other|0|v"}},
		{"attributes", whole(t.Name(), []event.Value{text("v")}, none, func(c *chunkWriter) {
			c.el("Event", true, func() {
				c.el("UserData", true, func() {
					e := c.open("Object", true, true)
					c.attribute("xmlns:a")
					c.literal("urn:x")
					c.attribute("type")
					c.literal("t")
					c.attribute("id")
					c.substitution(0, event.UTF16)
					c.literal("-")
					c.substitution(0, event.UTF16)
					e.endEmpty()
				})
			})
		}), []string{"Event/UserData/Object@type|Object_type|0|t", "Event/UserData/Object@id|Object_id|0|v-v"}},
		{"rendering info and processing error", whole(t.Name(), []event.Value{text("v")}, none, func(c *chunkWriter) {
			c.el("Event", true, func() {
				e := c.open("RenderingInfo", true, true)
				c.attribute("Culture")
				c.literal("en-US")
				e.endAttributes()
				c.el("Message", true, func() { c.substitution(0, event.UTF16) })
				c.el("Level", true, func() { c.literal("Information") })
				e.end()
				c.el("ProcessingErrorData", true, func() { c.el("ErrorCode", true, func() { c.literal("15003") }) })
			})
		}), []string{"Event/RenderingInfo@Culture|RenderingInfo_Culture|1|en-US", "Event/RenderingInfo/Message|Message|1|v",
			"Event/RenderingInfo/Level|RenderingInfo_Level|1|Information", "Event/ProcessingErrorData/ErrorCode|ErrorCode|0|15003"}},
		{"nested three deep", whole(t.Name(), []event.Value{binXML}, func(c *chunkWriter) {
			c.fragment()
			c.instance(newTemplate("2", func(c *chunkWriter) {
				c.el("EventData", true, func() { c.substitution(0, kindBinXML); c.el("Y", true, func() { c.literal("y") }) })
			}), []event.Value{binXML}, func() {
				c.fragment()
				c.el("Z", false, func() { c.literal("z") })
				c.b = append(c.b, tokEOF)
			})
			c.b = append(c.b, tokEOF)
		}, func(c *chunkWriter) { c.el("Event", true, func() { c.substitution(0, kindBinXML) }) }),
			[]string{"Event/EventData/Z|Z|0|z", "Event/EventData/Y|Y|0|y"}},
		{"BinXML where another type was declared", whole(t.Name(), []event.Value{binXML}, func(c *chunkWriter) {
			c.fragment()
			c.el("Y", false, func() { c.literal("y") })
			c.b = append(c.b, tokEOF)
		}, func(c *chunkWriter) {
			data(c, func() { c.substitution(0, event.UTF16) })
		}), []string{"Event/EventData/X/Y|Y|0|y"}},
		{"empty BinXML where another type was declared", whole(t.Name(), []event.Value{binXML, text("a")}, none, func(c *chunkWriter) {
			c.el("Event", true, func() {
				c.el("X", true, func() { c.substitution(0, event.UTF16) })
				c.el("Y", true, func() { c.substitution(1, event.UTF16) })
			})
		}), []string{"Event/Y|Y|0|a"}},
		{"text where BinXML was declared", whole(t.Name(), []event.Value{text("v")}, none, func(c *chunkWriter) {
			data(c, func() { c.substitution(0, kindBinXML) })
		}), []string{"Event/EventData/X|X|0|v"}},
		{"null where BinXML was declared", whole(t.Name(), []event.Value{{}, text("w")}, none, func(c *chunkWriter) {
			data(c, func() { c.substitution(0, kindBinXML); c.el("Y", true, func() { c.substitution(1, event.UTF16) }) })
		}), []string{"Event/EventData/X/Y|Y|0|w"}},
		{"fewer substitutions than the template uses", whole(t.Name(), []event.Value{text("v")}, none, func(c *chunkWriter) {
			data(c, func() {
				c.el("Y", true, func() { c.substitution(5, event.UTF16) })
				c.el("Z", true, func() { c.substitution(0, event.UTF16) })
			})
		}), []string{"Event/EventData/X/Y|Y|0|(null)", "Event/EventData/X/Z|Z|0|v"}},
		{"several fragments", func(c *chunkWriter) {
			for range 2 {
				c.fragment()
				c.instance(newTemplate("several", func(c *chunkWriter) {
					data(c, func() { c.substitution(0, event.UTF16) })
				}), []event.Value{text("v")}, nil)
			}
			c.b = append(c.b, tokEOF)
		}, []string{"Event/EventData/X|X|0|v", "Event/EventData/X|X|0|v"}},
		{"300 elements without template", direct(func(c *chunkWriter) {
			for range 300 {
				c.el("Data", false, func() { c.literal("v") })
			}
		}), slices.Repeat([]string{"Event/EventData/Data|Data|0|v"}, 300)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Twice in one log and once more in another chunk: compiled, from the chunk, from the cache.
			b := writeBinXML(t, tt.body, tt.body)
			r := NewReader(Options{})
			for range 2 {
				lines, damage := readBinXML(t, r, b)
				if len(damage) > 0 {
					t.Errorf("damage %v", damage)
				}
				if d := cmp.Diff(append(append([]string{}, tt.want...), tt.want...), lines); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
		})
	}
}

// TestHostileBinXML: what real logs never have is refused by a named maximum, and quickly.
func TestHostileBinXML(t *testing.T) {
	binXML := event.Value{Kind: kindBinXML}
	ok := func(c *chunkWriter) {
		c.fragment()
		c.el("Event", false, func() { c.el("X", false, func() { c.literal("v") }) })
		c.b = append(c.b, tokEOF)
	}
	// A template that uses one substitution very often.
	often := func(name string, n int, kind event.Kind) template {
		return newTemplate(name, func(c *chunkWriter) {
			c.el("Event", true, func() {
				for range n {
					c.el("X", true, func() { c.substitution(0, kind) })
				}
			})
		})
	}
	for _, tt := range []struct {
		name string
		body func(*chunkWriter)
		want string
	}{
		{"elements too deep", func(c *chunkWriter) {
			c.fragment()
			for range 1000 {
				c.open("X", false, false).endAttributes()
			}
		}, "at most 64 elements deep"},
		{"nested too deep", func(c *chunkWriter) {
			var nest func(n int)
			nest = func(n int) {
				c.fragment()
				if n == 0 {
					return
				}
				c.instance(often("deep", 1, kindBinXML), []event.Value{binXML}, func() { nest(n - 1) })
			}
			nest(20)
		}, "at most 8 fragments deep"},
		{"values that use one another's values", func(c *chunkWriter) {
			var nest func(n int)
			nest = func(n int) {
				c.fragment()
				if n == 0 {
					c.el("X", false, func() { c.literal("v") })
					return
				}
				c.instance(often("bomb", 500, kindBinXML), []event.Value{binXML}, func() { nest(n - 1) })
			}
			nest(5)
		}, "at most 524288 values"},
		{"texts joined too often", func(c *chunkWriter) {
			c.fragment()
			c.instance(newTemplate("joined", func(c *chunkWriter) {
				c.el("X", true, func() {
					for range 3000 {
						c.substitution(0, event.UTF16)
					}
				})
			}), []event.Value{{Kind: event.UTF16, Raw: bytes.Repeat([]byte{'x', 0}, 10000)}}, nil)
		}, "at most 1048576 bytes of joined text"},
		{"long paths", func(c *chunkWriter) {
			c.fragment()
			for range 20 {
				c.open(strings.Repeat("n", 500), false, false).endAttributes()
			}
			c.literal("v")
			for range 20 {
				c.b = append(c.b, tokEnd)
			}
		}, "paths of at most 4096 bytes"},
		{"long name", func(c *chunkWriter) {
			c.fragment()
			c.el(strings.Repeat("n", 513), false, func() {})
		}, "at most 512 characters"},
		{"name of NULs", func(c *chunkWriter) {
			c.fragment()
			c.el("\x00\x00", false, func() { c.literal("v") })
		}, "hash 0000"},
		{"many fragments", func(c *chunkWriter) {
			for range 100 {
				c.fragment()
				c.el("X", false, func() { c.literal("v") })
			}
		}, "at most 16 fragments"},
		{"binary literal", func(c *chunkWriter) {
			c.fragment()
			c.el("X", false, func() { c.b = append(c.b, tokValue, byte(event.Binary), 1, 2, 3) })
		}, "a value that says its length"},
		{"end without a start", func(c *chunkWriter) { c.fragment(); c.b = append(c.b, tokEnd) }, "a token that may stand here"},
		{"attribute behind the tag", func(c *chunkWriter) {
			c.fragment()
			e := c.open("X", true, false)
			e.endAttributes()
			c.attribute("a")
			c.literal("v")
			e.end()
		}, "a token that may stand here"},
		{"element inside a tag", func(c *chunkWriter) {
			c.fragment()
			c.open("X", false, false)
			c.el("Y", false, func() {})
			c.b = append(c.b, tokCloseStart, tokEnd)
		}, "a token that may stand here"},
		{"nothing", func(c *chunkWriter) { c.fragment(); c.b = append(c.b, tokEOF) }, "at least 1"},
		{"template in no chunk", func(c *chunkWriter) {
			c.fragment()
			c.b = append(c.b, tokTemplate, 1)
			c.u32(0x12345678)
			c.u32(0xfffffff0)
			c.u32(0)
		}, "a definition inside the chunk"},
		{"unfinished element", func(c *chunkWriter) { c.fragment(); c.open("X", false, false) }, "a token that may stand here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := writeBinXML(t, ok, tt.body)
			lines, damage := readBinXML(t, NewReader(Options{}), b)
			if len(lines) != 1 {
				t.Errorf("%d values, want those of the good record before", len(lines))
			}
			if len(damage) != 1 || !strings.Contains(damage[0].Want, tt.want) || damage[0].Lost != 1 {
				t.Errorf("damage %+v, want %q", damage, tt.want)
			}
		})
	}
}

// TestCachesAreBounded: logs that never stop bringing new templates do not fill the memory.
func TestCachesAreBounded(t *testing.T) {
	r := NewReader(Options{})
	most, forgot, before := 0, false, 0
	for i := 0; i < 100 && !forgot; i++ {
		var bodies []func(*chunkWriter)
		for j := range 40 {
			bodies = append(bodies, whole(fmt.Sprint(i, j), []event.Value{{Kind: event.UTF16}}, func(*chunkWriter) {}, func(c *chunkWriter) {
				c.el("Event", true, func() {
					for k := range 500 {
						e := c.open("Data", true, true)
						c.attribute("Name")
						c.literal(fmt.Sprint(i, j, k))
						e.endAttributes()
						c.substitution(0, event.UTF16)
						e.end()
					}
				})
			}))
		}
		readBinXML(t, r, writeBinXML(t, bodies...))
		most = max(most, r.cached)
		forgot = forgot || r.cached < before
		before = r.cached
	}
	if most > maxCached+maxShapeBytes || !forgot {
		t.Errorf("%d bytes are kept, want %d at most, and that some were forgotten (%v)", most, maxCached+maxShapeBytes, forgot)
	}
}
