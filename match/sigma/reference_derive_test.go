package sigma_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aldebaran/event"
)

// refFrom gives the elements of the first of these fields that the event has.
func refFrom(names ...string) refDerive {
	return func(e *refEvent) ([]refElement, bool) {
		for _, n := range names {
			if elements, ok := e.own(n); ok {
				return elements, true
			}
		}
		return nil, false
	}
}

// refMade gives one text made out of the event, or nothing.
func refMade(f func(*refEvent) (string, bool)) refDerive {
	return func(e *refEvent) ([]refElement, bool) {
		text, ok := f(e)
		if !ok {
			return nil, false
		}
		return []refElement{{text: text}}, true
	}
}

// refEverywhere are names that any Windows event may serve out of others if it has none of its own
// (T21). Message is the sentence that people see; event logs do not hold it, only what stands in it.
var refEverywhere = map[string]refDerive{
	"ComputerName": refMade(func(e *refEvent) (string, bool) { return e.text("Computer"), e.has("Computer") }),
	"Computer":     refMade(func(e *refEvent) (string, bool) { return e.text("ComputerName"), e.has("ComputerName") }),
	"Message": refMade(func(e *refEvent) (string, bool) {
		text := ""
		for _, f := range e.fields {
			for _, el := range f.values {
				if f.part != event.Data || el.null {
					continue
				}
				if text != "" {
					text += "\n"
				}
				text += el.text
			}
		}
		return text, text != ""
	}),
}

func refFieldsOf(service string) map[string]refDerive {
	switch service {
	case "sysmon":
		return refFieldsSysmon()
	case "powershell-classic":
		return refFieldsClassic()
	}
	return nil
}

// refFieldsSysmon gives each sum of "MD5=...,SHA256=..." by itself, in any order (T26).
func refFieldsSysmon() map[string]refDerive {
	fields := map[string]refDerive{}
	for _, sum := range []string{"MD5", "md5", "SHA1", "sha1", "SHA256", "sha256", "IMPHASH", "Imphash", "imphash"} {
		fields[sum] = func(e *refEvent) ([]refElement, bool) {
			if elements, ok := e.own(sum); ok {
				return elements, true
			}
			for _, list := range []string{"Hashes", "Hash"} {
				for part := range strings.SplitSeq(e.text(list), ",") {
					if key, value, ok := strings.Cut(strings.TrimLeft(part, " "), "="); ok && strings.EqualFold(key, sum) {
						return []refElement{{text: value}}, true
					}
				}
			}
			return nil, false
		}
	}
	return fields
}

// refFieldsClassic gives the lines "Key=Value" in the unnamed Data of "Windows PowerShell" as
// fields. A value goes on to the next line that begins with a key.
func refFieldsClassic() map[string]refDerive {
	keys := []string{
		"CommandLine", "CommandName", "CommandPath", "CommandType", "DetailSequence", "DetailTotal", "EngineVersion",
		"HostApplication", "HostId", "HostName", "HostVersion", "NewEngineState", "NewProviderState", "PipelineId",
		"PreviousEngineState", "ProviderName", "RunspaceId", "ScriptName", "SequenceNumber", "UserId",
	}
	fields := map[string]refDerive{}
	for _, key := range keys {
		fields[key] = func(e *refEvent) ([]refElement, bool) {
			if elements, ok := e.own(key); ok {
				return elements, true
			}
			for _, f := range e.fields {
				if f.name != "Data" || f.part != event.Data {
					continue
				}
				var value []string
				found := false
				for line := range strings.SplitSeq(f.whole, "\n") {
					bare := strings.TrimLeft(line, "\t ")
					rest, ok := strings.CutPrefix(bare, key+"=")
					switch {
					case ok && !found:
						found, value = true, []string{rest}
						continue
					case found && !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(bare, k+"=") }):
						value = append(value, line)
						continue
					}
					if found {
						break
					}
				}
				if found {
					return []refElement{{text: strings.TrimSpace(strings.Join(value, "\n"))}}, true
				}
			}
			return nil, false
		}
	}
	return fields
}

// refFields4688 is how process_creation is found in Security 4688 (T24). The process runs as the
// target subject where the event names one, else as the subject, who started it.
func refFields4688() map[string]refDerive {
	return map[string]refDerive{
		"Image":           refFrom("NewProcessName"),
		"ParentImage":     refFrom("ParentProcessName"),
		"ProcessId":       refMade(refHexAsDecimal("NewProcessId")),
		"ParentProcessId": refMade(refHexAsDecimal("ProcessId")),
		"LogonId": refMade(func(e *refEvent) (string, bool) {
			if n, ok := refHex(e.text("TargetLogonId")); ok && n != 0 {
				return fmt.Sprintf("%#x", n), true
			}
			subject := e.text("SubjectLogonId")
			if n, ok := refHex(subject); ok {
				return fmt.Sprintf("%#x", n), true
			}
			return subject, e.has("SubjectLogonId")
		}),
		"User": refMade(func(e *refEvent) (string, bool) {
			if user, ok := refAccount(e, "Target"); ok {
				return user, true
			}
			return refAccount(e, "Subject")
		}),
		"ParentUser": refMade(func(e *refEvent) (string, bool) { return refAccount(e, "Subject") }),
		"IntegrityLevel": refMade(func(e *refEvent) (string, bool) {
			label := e.text("MandatoryLabel")
			if word, ok := map[string]string{
				"S-1-16-0": "Untrusted", "S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-12288": "High", "S-1-16-16384": "System",
			}[label]; ok {
				return word, true
			}
			return label, e.has("MandatoryLabel")
		}),
	}
}

// refAccount is DOMAIN\name (T27). Accounts of the system, which Security events call by the
// machine's name or not at all, have the names that Sysmon gives them.
func refAccount(e *refEvent, who string) (string, bool) {
	blank := func(s string) bool { return s == "" || s == "-" }
	name, domain := e.text(who+"UserName"), e.text(who+"DomainName")
	if blank(name) || strings.HasSuffix(name, "$") {
		if account, ok := map[string]string{
			"S-1-5-18": `NT AUTHORITY\SYSTEM`, "S-1-5-19": `NT AUTHORITY\LOCAL SERVICE`, "S-1-5-20": `NT AUTHORITY\NETWORK SERVICE`,
		}[e.text(who+"UserSid")]; ok {
			return account, true
		}
	}
	switch {
	case blank(name):
		return "", false
	case blank(domain):
		return name, true
	}
	return domain + `\` + name, true
}

func refHex(text string) (uint64, bool) {
	digits, ok := strings.CutPrefix(strings.ToLower(text), "0x")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil
}

// refHexAsDecimal reads 0x1a4 as Sysmon would write it, 420.
func refHexAsDecimal(fields ...string) func(*refEvent) (string, bool) {
	return func(e *refEvent) (string, bool) {
		for _, field := range fields {
			if !e.has(field) {
				continue
			}
			text := e.text(field)
			if n, ok := refHex(text); ok {
				return strconv.FormatUint(n, 10), true
			}
			return text, true
		}
		return "", false
	}
}

// refFields4657 is how registry rules are found in Security 4657 (T25).
func refFields4657() map[string]refDerive {
	deleted := func(e *refEvent) bool {
		op := e.text("OperationType")
		return op == "%%1906" || strings.EqualFold(op, "Registry value deleted")
	}
	return map[string]refDerive{
		"Image":     refFrom("ProcessName"),
		"ProcessId": refMade(refHexAsDecimal("ProcessId")),
		"User":      refMade(func(e *refEvent) (string, bool) { return refAccount(e, "Subject") }),
		"EventType": refMade(func(e *refEvent) (string, bool) {
			if deleted(e) {
				return "DeleteValue", true
			}
			return "SetValue", true
		}),
		"TargetObject": refMade(func(e *refEvent) (string, bool) {
			if !e.has("ObjectName") {
				return "", false
			}
			object := e.text("ObjectName")
			for _, hive := range refHives {
				m := hive.kernel.FindString(object)
				if rest := object[len(m):]; m != "" && (rest == "" || rest[0] == '\\') {
					object = hive.short + rest
					break
				}
			}
			value := e.text("ObjectValueName")
			if value == "" || value == "-" {
				value = "(Default)"
			}
			return object + `\` + value, true
		}),
		"Details": refMade(func(e *refEvent) (string, bool) {
			if deleted(e) || !e.has("NewValue") {
				return "", false
			}
			value := e.text("NewValue")
			n, isNumber := refHex(value)
			if !isNumber {
				var err error
				n, err = strconv.ParseUint(value, 10, 63)
				isNumber = err == nil
			}
			switch kind := e.text("NewValueType"); {
			case kind == "%%1875" || strings.EqualFold(kind, "REG_BINARY"):
				return "Binary Data", true
			case isNumber && (kind == "%%1876" || strings.EqualFold(kind, "REG_DWORD")):
				return fmt.Sprintf("DWORD (0x%08x)", uint32(n)), true
			case isNumber && (kind == "%%1883" || strings.EqualFold(kind, "REG_QWORD")):
				return fmt.Sprintf("QWORD (0x%08x-0x%08x)", uint32(n>>32), uint32(n)), true
			case value == "" && kind != "%%1876" && kind != "%%1883":
				return "(Empty)", true
			}
			return value, true
		}),
	}
}

// refHives are the kernel's names of registry hives and those that Sysmon writes.
var refHives = []struct {
	kernel *regexp.Regexp
	short  string
}{
	{regexp.MustCompile(`(?i)^\\REGISTRY\\MACHINE\\SOFTWARE\\Classes`), `HKCR`},
	{regexp.MustCompile(`(?i)^\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet[0-9]{1,3}`), `HKLM\System\CurrentControlSet`},
	{regexp.MustCompile(`(?i)^\\REGISTRY\\MACHINE`), `HKLM`},
	{regexp.MustCompile(`(?i)^\\REGISTRY\\USER`), `HKU`},
}

// refFields5156 is how network_connection is found in Security 5156 (T25).
func refFields5156() map[string]refDerive {
	isIPv6 := func(field string) refDerive {
		return refMade(func(e *refEvent) (string, bool) {
			return strconv.FormatBool(strings.Contains(e.text(field), ":")), e.has(field)
		})
	}
	return map[string]refDerive{
		"Image": refMade(func(e *refEvent) (string, bool) {
			return refVolume.ReplaceAllString(e.text("Application"), `C:\`), e.has("Application")
		}),
		"ProcessId":         refMade(refHexAsDecimal("ProcessID", "ProcessId")),
		"SourceIp":          refFrom("SourceAddress"),
		"DestinationIp":     refFrom("DestAddress"),
		"DestinationPort":   refFrom("DestPort"),
		"SourceIsIpv6":      isIPv6("SourceAddress"),
		"DestinationIsIpv6": isIPv6("DestAddress"),
		"Protocol": refMade(func(e *refEvent) (string, bool) {
			text := e.text("Protocol")
			if name, ok := map[string]string{"6": "tcp", "17": "udp"}[text]; ok {
				text = name
			}
			return text, e.has("Protocol")
		}),
		"Initiated": refMade(func(e *refEvent) (string, bool) {
			v, ok := map[string]string{
				"%%14592": "false", "inbound": "false", "%%14593": "true", "outbound": "true",
			}[strings.ToLower(e.text("Direction"))]
			return v, ok
		}),
	}
}

var refVolume = regexp.MustCompile(`(?i)\A\\device\\harddiskvolume[0-9]+\\`)
