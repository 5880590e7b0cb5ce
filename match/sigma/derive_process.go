package sigma

import (
	"strconv"

	"aldebaran/event"
)

// process4688 lets Security 4688 serve rules that were written for Sysmon 1 (T24). It has no
// OriginalFileName, Hashes, ParentCommandLine, CurrentDirectory or file version, and CommandLine
// only where the audit policy asks for it.
//
// Fields of the event: https://learn.microsoft.com/windows/security/threat-protection/auditing/event-4688.
// "Creator Subject" is the account that started the process; "Target Subject" (since version 2) is
// the one that the process runs as if it is another, else "-" and logon 0x0.
var process4688 = Route{
	Product: "windows", Channels: []string{channelSecurity}, EventIDs: []uint32{4688}, Weak: true, Name: "Security 4688",
	Fields: windowsFields.with(Mapping{
		"Image":           {From: []string{"NewProcessName"}},
		"ParentImage":     {From: []string{"ParentProcessName"}},
		"ProcessId":       decimalOf("NewProcessId"),
		"ParentProcessId": decimalOf("ProcessId"),
		"LogonId":         {From: []string{"TargetLogonId", "SubjectLogonId"}, Make: logonOf4688},
		"IntegrityLevel":  {From: []string{"MandatoryLabel"}, Make: integrityLevel},
		"User": {
			From: []string{"TargetUserSid", "TargetUserName", "TargetDomainName", "SubjectUserSid", "SubjectUserName", "SubjectDomainName"},
			Make: userOf4688,
		},
		"ParentUser": subjectUser,
	}),
}

// logonOf4688 is the logon session in Sysmon's form, 0x3e7: lower-case digits without padding.
func logonOf4688(dst []byte, e *event.Event) ([]byte, bool) {
	for _, name := range [...]string{"TargetLogonId", "SubjectLogonId"} {
		text, ok := appendField(dst, e, name)
		if !ok {
			continue
		}
		n, isHex := parseHex(text[len(dst):])
		if name == "TargetLogonId" && n == 0 {
			continue // the process runs in the session of its creator
		}
		if isHex {
			text = strconv.AppendUint(append(text[:len(dst)], "0x"...), n, 16)
		}
		return text, true
	}
	return dst, false
}

// integrityLevel turns the SID of a mandatory label ([MS-DTYP] 2.4.2.4) into the word that Sysmon
// writes. Levels that it has no word for stay SIDs.
func integrityLevel(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "MandatoryLabel")
	if !ok {
		return dst, false
	}
	word := ""
	switch string(text[len(dst):]) {
	case "S-1-16-0":
		word = "Untrusted"
	case "S-1-16-4096":
		word = "Low"
	case "S-1-16-8192":
		word = "Medium"
	case "S-1-16-12288":
		word = "High"
	case "S-1-16-16384":
		word = "System"
	default:
		return text, true
	}
	return append(text[:len(dst)], word...), true
}

func userOf4688(dst []byte, e *event.Event) ([]byte, bool) {
	if text, ok := appendUser(dst, e, "TargetUserSid", "TargetUserName", "TargetDomainName"); ok {
		return text, true
	}
	return subjectUser.Make(dst, e)
}

// subjectUser is the account that Security events call the subject, as Sysmon writes users (T27).
var subjectUser = Derivation{
	From: []string{"SubjectUserSid", "SubjectUserName", "SubjectDomainName"},
	Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		return appendUser(dst, e, "SubjectUserSid", "SubjectUserName", "SubjectDomainName")
	},
}

// appendUser appends DOMAIN\name. Where the name is the machine's (HOST$) or none, and the SID says
// which of the three accounts of the system it really is, it appends that account, as Sysmon does:
// rules look for "AUTHORI" or "SYSTEM".
func appendUser(dst []byte, e *event.Event, sid, name, domain string) ([]byte, bool) {
	start := len(dst)
	dst, _ = appendField(dst, e, name)
	known := !isBlank(dst[start:])
	if !known || dst[len(dst)-1] == '$' {
		dst, _ = appendField(dst[:start], e, sid)
		account := ""
		switch string(dst[start:]) {
		case "S-1-5-18":
			account = `NT AUTHORITY\SYSTEM`
		case "S-1-5-19":
			account = `NT AUTHORITY\LOCAL SERVICE`
		case "S-1-5-20":
			account = `NT AUTHORITY\NETWORK SERVICE`
		}
		if account != "" {
			return append(dst[:start], account...), true
		}
	}
	dst = dst[:start]
	if !known {
		return dst, false
	}
	dst, _ = appendField(dst, e, domain)
	if isBlank(dst[start:]) {
		dst = dst[:start]
	} else {
		dst = append(dst, '\\')
	}
	return appendField(dst, e, name)
}

// isBlank tells whether a Security event says by that text that there is none.
func isBlank(text []byte) bool { return len(text) == 0 || len(text) == 1 && text[0] == '-' }
