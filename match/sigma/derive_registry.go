package sigma

import (
	"fmt"
	"strconv"

	"aldebaran/event"
)

// What Security 4657 says was done to a value: message codes, and the words that they stand for,
// which exports to JSON may have put in their place.
const (
	valueCreated  = "%%1904"
	valueModified = "%%1905"
	valueDeleted  = "%%1906"
)

func operationWords(code string) []string {
	switch code {
	case valueCreated:
		return []string{code, "New registry value created"}
	case valueModified:
		return []string{code, "Existing registry value modified"}
	case valueDeleted:
		return []string{code, "Registry value deleted"}
	}
	panic(fmt.Sprintf("sigma: operation %q of event 4657", code))
}

// registry4657 lets Security 4657 serve rules that were written for Sysmon 12 and 13 (T25). It
// tells of values only, never of keys.
//
// Fields of the event: https://learn.microsoft.com/windows/security/threat-protection/auditing/event-4657.
func registry4657(what string, eventType func([]byte, *event.Event) ([]byte, bool), operations ...string) Route {
	var values []string
	for _, code := range operations {
		values = append(values, operationWords(code)...)
	}
	name := "Security 4657"
	if what != "" {
		name += " " + what
	}
	return Route{
		Product: "windows", Channels: []string{channelSecurity}, EventIDs: []uint32{4657}, Weak: true, Name: name,
		Where: []Where{{Field: "OperationType", Values: values}},
		Fields: windowsFields.with(Mapping{
			"TargetObject": {From: []string{"ObjectName", "ObjectValueName"}, Make: registryTargetObject},
			"EventType":    {From: []string{"OperationType"}, Make: eventType},
			"Details":      {From: []string{"OperationType", "NewValueType", "NewValue"}, Make: registryDetails},
			"Image":        {From: []string{"ProcessName"}},
			"ProcessId":    decimalOf("ProcessId"),
			"User":         subjectUser,
		}),
	}
}

// registryEventType is the EventType that Sysmon 12 and 13 have for the operation.
func registryEventType(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "OperationType")
	if !ok {
		return dst, false
	}
	word := "SetValue"
	if isOperation(text[len(dst):], valueDeleted) {
		word = "DeleteValue"
	}
	return append(text[:len(dst)], word...), true
}

// registryAddType is the EventType of what serves registry_add: in Sysmon that is a new key, here
// a new value.
func registryAddType(dst []byte, _ *event.Event) ([]byte, bool) {
	return append(dst, "CreateKey"...), true
}

func isOperation(text []byte, code string) bool {
	return equalASCII(text, code) || code == valueDeleted && equalASCII(text, "Registry value deleted")
}

// registryTargetObject is key and value as Sysmon writes them: with HKLM, HKU and HKCR for the
// kernel's names of the hives, CurrentControlSet for the control set in use, and "(Default)" for
// the value without a name. A user's hive stays HKU\SID, also in Sysmon; hives that applications
// load for themselves stay \REGISTRY\A.
func registryTargetObject(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	text, ok := appendField(dst, e, "ObjectName")
	if !ok {
		return dst, false
	}
	dst = abbreviateHive(text, start)
	dst = append(dst, '\\')
	nameAt := len(dst)
	dst, _ = appendField(dst, e, "ObjectValueName")
	if isBlank(dst[nameAt:]) {
		dst = append(dst[:nameAt], "(Default)"...)
	}
	return dst, true
}

// abbreviateHive shortens the key in text[start:] in place.
func abbreviateHive(text []byte, start int) []byte {
	const digits = 3 // ControlSet001
	key := text[start:]
	for _, hive := range [...]struct{ kernel, short string }{
		{`\REGISTRY\MACHINE\SOFTWARE\Classes`, `HKCR`},
		{`\REGISTRY\MACHINE\SYSTEM\ControlSet`, `HKLM\System\CurrentControlSet`},
		{`\REGISTRY\MACHINE`, `HKLM`},
		{`\REGISTRY\USER`, `HKU`},
	} {
		if !hasPrefixASCII(key, hive.kernel) {
			continue
		}
		from := len(hive.kernel)
		if hive.kernel[from-1] == 't' {
			for from < len(key) && from < len(hive.kernel)+digits && '0' <= key[from] && key[from] <= '9' {
				from++
			}
			if from == len(hive.kernel) {
				continue
			}
		}
		if from < len(key) && key[from] != '\\' {
			continue
		}
		// Every short form is shorter than what it stands for.
		n := copy(key, hive.short)
		n += copy(key[n:], key[from:])
		return text[:start+n]
	}
	return text
}

// registryDetails is the new value in the form of Sysmon 13, which depends on its type: the codes
// are those of the registry types in the order of their numbers, from %%1872 for REG_NONE.
func registryDetails(dst []byte, e *event.Event) ([]byte, bool) {
	const typeBinary, typeDWORD, typeQWORD = "%%1875", "%%1876", "%%1883"
	start := len(dst)
	text, ok := appendField(dst, e, "OperationType")
	if ok && isOperation(text[start:], valueDeleted) {
		return dst, false // as Sysmon 12, which has no Details
	}
	text, _ = appendField(text[:start], e, "NewValueType")
	kind := text[start:]
	isBinary := equalASCII(kind, typeBinary) || equalASCII(kind, "REG_BINARY")
	isDWORD := equalASCII(kind, typeDWORD) || equalASCII(kind, "REG_DWORD")
	isQWORD := equalASCII(kind, typeQWORD) || equalASCII(kind, "REG_QWORD")

	text, ok = appendField(text[:start], e, "NewValue")
	if !ok {
		return dst, false
	}
	value := text[start:]
	switch {
	case isBinary:
		return append(text[:start], "Binary Data"...), true
	case isDWORD || isQWORD:
		n, ok := parseNumber(value)
		if !ok {
			return text, true
		}
		if isDWORD {
			return append(appendHex8(append(text[:start], "DWORD ("...), uint32(n)), ')'), true
		}
		text = appendHex8(append(text[:start], "QWORD ("...), uint32(n>>32))
		return append(appendHex8(append(text, '-'), uint32(n)), ')'), true
	case len(value) == 0:
		return append(text, "(Empty)"...), true
	}
	return text, true
}

// parseNumber reads a hexadecimal number with 0x or a decimal one.
func parseNumber(text []byte) (n uint64, ok bool) {
	if n, ok := parseHex(text); ok {
		return n, true
	}
	const maxDigits = 19 // fits in 64 bits whatever the digits
	if len(text) == 0 || len(text) > maxDigits {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// appendHex8 appends 0x and eight lower-case digits.
func appendHex8(dst []byte, n uint32) []byte {
	dst = append(dst, "0x"...)
	for shift := uint32(1) << 28; shift > 1 && n < shift; shift >>= 4 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, uint64(n), 16)
}
