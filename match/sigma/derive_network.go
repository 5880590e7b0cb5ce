package sigma

import "aldebaran/event"

// network5156 lets Security 5156 (Windows Filtering Platform: connection permitted) serve rules
// that were written for Sysmon 3 (T25). It has no User and no host names. In both, an incoming TCP
// connection has the peer that began it as its source.
//
// Fields of the event: https://learn.microsoft.com/windows/security/threat-protection/auditing/event-5156.
var network5156 = Route{
	Product: "windows", Channels: []string{channelSecurity}, EventIDs: []uint32{5156}, Weak: true, Name: "Security 5156",
	Fields: windowsFields.with(Mapping{
		"Image":             {From: []string{"Application"}, Make: devicePath},
		"Initiated":         {From: []string{"Direction"}, Make: initiated},
		"Protocol":          {From: []string{"Protocol"}, Make: protocolName},
		"ProcessId":         decimalOf("ProcessID", "ProcessId"),
		"SourceIp":          {From: []string{"SourceAddress"}},
		"DestinationIp":     {From: []string{"DestAddress"}},
		"DestinationPort":   {From: []string{"DestPort"}},
		"SourceIsIpv6":      {From: []string{"SourceAddress"}, Make: isIPv6("SourceAddress")},
		"DestinationIsIpv6": {From: []string{"DestAddress"}, Make: isIPv6("DestAddress")},
	}),
}

// devicePath turns \device\harddiskvolumeN\windows\... into C:\windows\...: which letter the
// volume had is not in the event, and rules look for C: (T25).
func devicePath(dst []byte, e *event.Event) ([]byte, bool) {
	const volume = `\device\harddiskvolume`
	text, ok := appendField(dst, e, "Application")
	if !ok {
		return dst, false
	}
	path := text[len(dst):]
	if !hasPrefixASCII(path, volume) {
		return text, true // "System"
	}
	at := len(volume)
	for at < len(path) && '0' <= path[at] && path[at] <= '9' {
		at++
	}
	if at == len(volume) || at == len(path) || path[at] != '\\' {
		return text, true
	}
	n := copy(path, "C:")
	n += copy(path[n:], path[at:])
	return text[:len(dst)+n], true
}

// initiated tells whether the machine that wrote the event began the connection.
func initiated(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "Direction")
	if !ok {
		return dst, false
	}
	switch direction := text[len(dst):]; {
	case equalASCII(direction, "%%14592"), equalASCII(direction, "Inbound"):
		return append(text[:len(dst)], "false"...), true
	case equalASCII(direction, "%%14593"), equalASCII(direction, "Outbound"):
		return append(text[:len(dst)], "true"...), true
	}
	return dst, false
}

// protocolName turns IANA's protocol number into the word that Sysmon writes; others stay numbers.
func protocolName(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "Protocol")
	if !ok {
		return dst, false
	}
	switch string(text[len(dst):]) {
	case "6":
		return append(text[:len(dst)], "tcp"...), true
	case "17":
		return append(text[:len(dst)], "udp"...), true
	}
	return text, true
}

func isIPv6(field string) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		text, ok := appendField(dst, e, field)
		if !ok {
			return dst, false
		}
		word := "false"
		for _, c := range text[len(dst):] {
			if c == ':' {
				word = "true"
			}
		}
		return append(text[:len(dst)], word...), true
	}
}
