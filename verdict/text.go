package verdict

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/match/behaviour"
)

// inShort is a record in one line: its values by name, those of the payload, as far as there is room.
// Numbers that say little to a person come last.
func inShort(e *event.Event) string {
	const room = 360
	var b strings.Builder
	if e.EventID != 0 {
		fmt.Fprintf(&b, "%s %d:", e.Channel, e.EventID)
	}
	for _, later := range []bool{false, true} {
		for i, f := range e.Shape.Fields {
			if f.Part != event.Data || i >= len(e.Values) || e.Values[i].IsNull() || saysLittle(f.Name) != later {
				continue
			}
			text := e.Values[i].String()
			if text == "" || text == "-" || strings.HasSuffix(strings.ToLower(f.Name), "guid") || f.Name == "RuleName" || f.Name == "UtcTime" {
				continue
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%s=%s", f.Name, behaviour.Short(text, 120))
			if b.Len() > room {
				return behaviour.Short(b.String(), room)
			}
		}
	}
	return b.String()
}

// saysLittle tells whether a field is of use to programs more than to a person who reads a quote.
func saysLittle(field string) bool {
	switch field {
	case "Hashes", "IntegrityLevel", "TerminalSessionId", "CurrentDirectory", "OriginalFileName", "FileVersion", "Product", "Company":
		return true
	}
	return strings.HasSuffix(field, "ProcessId") || strings.HasSuffix(field, "LogonId") || strings.HasSuffix(field, "Sid")
}

// number writes days with one decimal where that matters.
func number(f float64) string {
	if f >= 10 {
		return strconv.Itoa(int(f + 0.5))
	}
	return strconv.FormatFloat(f, 'f', 1, 64)
}

func numbers(all []int) string {
	s := make([]string, len(all))
	for i, n := range all {
		s[i] = strconv.Itoa(n)
	}
	return strings.Join(s, ", ")
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
