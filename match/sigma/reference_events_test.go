package sigma_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"aldebaran/event"
)

// Events for tests are written as name and value, one after the other. All of them are synthetic:
// they were never logged by any machine, and say no more than what a defender's log would show.
//
// A Go value says what kind of value the event holds:
//
//	string            UTF-16 text       (text "..." is UTF-8)
//	int               Int32 or Int64    uint32, uint64 likewise
//	hex(0x3e7)        HexInt64
//	bool, float64     as they are
//	nil               null
//	[]string          a list of UTF-16 texts in one value
//	several{a, b}     a field that is there more than once
type (
	hex     uint64
	text    string
	several []any
)

// inSystem marks what follows as fields of the header.
type inSystem struct{}

// winEvent makes a Windows event.
func winEvent(channel string, id uint32, data ...any) *event.Event {
	e := &event.Event{
		Product: "windows", Channel: channel, Provider: "Synthetic-Provider", EventID: id, Computer: "HOST1.example",
	}
	system := []any{
		"Provider_Name", e.Provider, "EventID", id, "Channel", channel, "Computer", e.Computer,
	}
	fields, values := winFields(event.System, system)
	moreFields, moreValues := winFields(event.Data, data)
	e.Shape = &event.Shape{Fields: append(fields, moreFields...)}
	e.Values = append(values, moreValues...)
	return e
}

func winFields(part event.Part, data []any) (fields []event.Field, values []event.Value) {
	add := func(name string, v any) {
		path := "Event/EventData/Data[" + name + "]"
		if part == event.System {
			path = "Event/System/" + name
		}
		fields = append(fields, event.Field{Name: strings.ReplaceAll(name, " ", ""), Path: path, Part: part})
		values = append(values, winValue(v))
	}
	for len(data) > 0 {
		if _, ok := data[0].(inSystem); ok {
			part, data = event.System, data[1:]
			continue
		}
		name := data[0].(string)
		if list, ok := data[1].(several); ok {
			for _, v := range list {
				add(name, v)
			}
		} else {
			add(name, data[1])
		}
		data = data[2:]
	}
	return fields, values
}

func winValue(v any) event.Value {
	u32 := func(kind event.Kind, n uint32) event.Value {
		return event.Value{Kind: kind, Raw: binary.LittleEndian.AppendUint32(nil, n)}
	}
	u64 := func(kind event.Kind, n uint64) event.Value {
		return event.Value{Kind: kind, Raw: binary.LittleEndian.AppendUint64(nil, n)}
	}
	switch v := v.(type) {
	case event.Value:
		return v
	case nil:
		return event.Value{Kind: event.Null}
	case text:
		return event.Value{Kind: event.Text, Raw: []byte(v)}
	case string:
		return event.Value{Kind: event.UTF16, Raw: utf16Bytes(v)}
	case []string:
		var raw []byte
		for _, s := range v {
			raw = append(append(raw, utf16Bytes(s)...), 0, 0)
		}
		return event.Value{Kind: event.UTF16 | event.Array, Raw: raw}
	case int:
		if v == int(int32(v)) {
			return u32(event.Int32, uint32(int32(v)))
		}
		return u64(event.Int64, uint64(v))
	case uint32:
		return u32(event.Uint32, v)
	case uint64:
		return u64(event.Uint64, v)
	case hex:
		return u64(event.Hex64, uint64(v))
	case float64:
		return u64(event.Float64, math.Float64bits(v))
	case bool:
		n := uint32(0)
		if v {
			n = 1
		}
		return u32(event.Bool, n)
	}
	panic(fmt.Sprintf("no kind of value for %T", v))
}

func utf16Bytes(s string) []byte {
	var raw []byte
	for _, u := range utf16.Encode([]rune(s)) {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return raw
}

// asText gives the same event with all values as UTF-8 texts, as a reader of text logs would hand
// it out; lists and nulls stay.
func asText(e *event.Event) *event.Event {
	c := e.Clone()
	for i, v := range c.Values {
		if v.IsNull() || v.Kind&event.Array != 0 {
			continue
		}
		c.Values[i] = event.Value{Kind: event.Text, Raw: []byte(v.String())}
	}
	return c
}

// showEvent writes an event for the message of a test that failed.
func showEvent(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d", e.Product, e.Channel, e.EventID)
	if e.Category != "" || e.Service != "" {
		fmt.Fprintf(&b, " category=%s service=%s", e.Category, e.Service)
	}
	for i, f := range e.Shape.Fields {
		v := e.Values[i]
		fmt.Fprintf(&b, "\n  %s%s (%#x) = ", map[event.Part]string{event.System: "System/"}[f.Part], f.Name, uint8(v.Kind))
		switch {
		case v.IsNull():
			b.WriteString("null")
		case v.Kind&event.Array != 0:
			v.Each(func(el event.Value) bool {
				b.WriteString(strconv.Quote(el.String()) + " ")
				return true
			})
		default:
			b.WriteString(strconv.Quote(v.String()))
		}
	}
	return b.String()
}
