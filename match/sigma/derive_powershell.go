package sigma

import (
	"bytes"

	"aldebaran/event"
)

// classicFields are those of the channel "Windows PowerShell", whose events (400, 600, 800) have
// unnamed Data only: a list. One element is a text of lines
//
//	TAB Key=Value CR LF
//
// and rules want either "Data|contains: 'HostName=ConsoleHost'" or the key as a field. The keys
// are written in the language of the system; these are the English ones.
var classicFields = func() Mapping {
	keys := Mapping{}
	for _, key := range classicKeys {
		keys[key] = classicField(key)
	}
	return windowsFields.with(keys)
}()

var classicKeys = [...]string{
	"CommandLine", "CommandName", "CommandPath", "CommandType", "DetailSequence", "DetailTotal", "EngineVersion",
	"HostApplication", "HostId", "HostName", "HostVersion", "NewEngineState", "NewProviderState", "PipelineId",
	"PreviousEngineState", "ProviderName", "RunspaceId", "ScriptName", "SequenceNumber", "UserId",
}

// classicField is the value of a key. It reaches to the next line that begins with a key, because
// HostApplication holds whole scripts. A key without a value is there and empty.
func classicField(key string) Derivation {
	return Derivation{From: []string{key, "Data"}, OwnFirst: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		if text, ok := appendField(dst, e, key); ok {
			return text, true
		}
		for _, at := range e.Shape.Lookup("Data") {
			text, ok := dst, false
			e.Values[at].Each(func(v event.Value) bool {
				text = v.AppendText(text[:len(dst)])
				var value []byte
				if value, ok = classicValue(text[len(dst):], key); ok {
					text = text[:len(dst)+copy(text[len(dst):], value)]
				}
				return !ok
			})
			if ok {
				return text, true
			}
		}
		return dst, false
	}}
}

func classicValue(text []byte, key string) (value []byte, ok bool) {
	for at := 0; at < len(text); at = nextLine(text, at) {
		from := skipIndent(text, at)
		if !startsKey(text[from:], key) {
			continue
		}
		from += len(key) + 1
		end := nextLine(text, from)
		for end < len(text) && !startsAnyKey(text[skipIndent(text, end):]) {
			end = nextLine(text, end)
		}
		return bytes.TrimSpace(text[from:end]), true
	}
	return nil, false
}

// nextLine is where the line after the one at that place begins.
func nextLine(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

func skipIndent(text []byte, at int) int {
	for at < len(text) && (text[at] == '\t' || text[at] == ' ') {
		at++
	}
	return at
}

func startsKey(line []byte, key string) bool {
	return len(line) > len(key) && line[len(key)] == '=' && string(line[:len(key)]) == key
}

func startsAnyKey(line []byte) bool {
	for _, key := range classicKeys {
		if startsKey(line, key) {
			return true
		}
	}
	return false
}
