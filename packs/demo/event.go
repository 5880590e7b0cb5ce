package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// The servers of the Ministry of Lakes.
var (
	mail = host{"MAIL01", "10.20.0.11"}
	db   = host{"SQL01", "10.20.0.21"}
	dc   = host{"DC01", "10.20.0.5"}
)

// domain is the NetBIOS name of the invented domain; every account in the events bears it.
const domain = "SYNTHETIC-LAKES"

// domainSID is that of the invented domain.
const domainSID = "S-1-5-21-1000000001-1000000002-1000000003"

// marker is Sysmon's RuleName in all events.
const marker = "synthetic-demo"

const system = `NT AUTHORITY\SYSTEM`

type host struct{ name, ip string }

func (h host) computer() string { return h.name + ".lakes.example" }
func (h host) account() string  { return h.name + "$" }

// Kinds of values beyond texts and plain numbers.
type (
	hex64 uint64
	guid  [16]byte
)

// fields makes the payload of an event out of names and values in turn.
func fields(pairs ...any) []evtx.Data {
	data := make([]evtx.Data, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		data = append(data, evtx.Data{Name: pairs[i].(string), Value: value(pairs[i+1])})
	}
	return data
}

// unnamed makes the payload of an event of the old kind, whose values have no names.
func unnamed(texts ...string) []evtx.Data {
	data := make([]evtx.Data, len(texts))
	for i, s := range texts {
		data[i].Value = evtx.Text(s)
	}
	return data
}

func value(v any) event.Value {
	switch v := v.(type) {
	case string:
		return evtx.Text(v)
	case int:
		return event.Value{Kind: event.Uint32, Raw: binary.LittleEndian.AppendUint32(nil, uint32(v))}
	case bool:
		raw := make([]byte, 4)
		if v {
			raw[0] = 1
		}
		return event.Value{Kind: event.Bool, Raw: raw}
	case hex64:
		return event.Value{Kind: event.Hex64, Raw: binary.LittleEndian.AppendUint64(nil, uint64(v))}
	case guid:
		return event.Value{Kind: event.GUID, Raw: v[:]}
	}
	panic(fmt.Sprintf("no kind of value for %T", v)) // our own calls
}

// A source is what all events of one provider have in common.
type source struct {
	channel, provider, guid string
	keywords                uint64
}

var (
	sysmon     = source{"Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", 0x8000000000000000}
	security   = source{"Security", "Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}", 0x8020000000000000}
	services   = source{"System", "Service Control Manager", "{555908D1-A6D7-4695-8E1E-26931D2012F4}", 0x8080000000000000}
	powershell = source{"Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell", "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}", 0}
	exchange   = source{"MSExchange Management", "MSExchange CmdletLogs", "", 0x80000000000000}
	mssql      = source{"Application", "MSSQLSERVER", "", 0xa0000000000000}
	aspnet     = source{"Application", "ASP.NET 4.0.30319.0", "", 0x80000000000000}
	installer  = source{"Application", "MsiInstaller", "", 0x80000000000000}
	eventlog   = source{"Security", "Microsoft-Windows-Eventlog", "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}", 0x4020000000000000}
)

// add puts one event into a log.
func (s *scene) add(h host, t time.Time, from source, id uint16, data []evtx.Data) {
	t = t.Add(time.Duration(s.random.IntN(1000)) * time.Millisecond)
	s.put(h, from, evtx.Record{Time: t, EventID: id, Data: data})
}

func (s *scene) put(h host, from source, r evtx.Record) {
	r.Provider, r.ProviderGUID, r.Keywords = from.provider, from.guid, from.keywords
	r.Channel, r.Computer = from.channel, h.computer()
	r.Level = 4
	if from.guid != "" {
		r.ProcessID, r.ThreadID = uint32(4*(200+s.random.IntN(400))), uint32(4*(500+s.random.IntN(900)))
	}
	if from == sysmon {
		r.UserSID, r.Task = "S-1-5-18", r.EventID
	}
	name := logName{h.name, from.channel}
	s.records[name] = append(s.records[name], r)
}

// guid makes an identifier of a process or a sign-in.
func (s *scene) guid() guid {
	var g guid
	binary.LittleEndian.PutUint64(g[:], s.random.Uint64())
	binary.LittleEndian.PutUint64(g[8:], s.random.Uint64())
	return g
}

// A process is what starts: the two logs that see it call its parts differently.
type process struct {
	image, command, parent, parentCommand, user string
}

const (
	cmdExe     = `C:\Windows\System32\cmd.exe`
	powershExe = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
	w3wp       = `C:\Windows\System32\inetsrv\w3wp.exe`
	sqlservr   = `C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQL\Binn\sqlservr.exe`
	wmiprvse   = `C:\Windows\System32\wbem\WmiPrvSE.exe`
	svchost    = `C:\Windows\System32\svchost.exe`
	msiexec    = `C:\Windows\System32\msiexec.exe`
	servicesEx = `C:\Windows\System32\services.exe`
	owaPool    = `c:\windows\system32\inetsrv\w3wp.exe -ap "MSExchangeOWAAppPool" -v "v4.0" -a \\.\pipe\synthetic`
)

// start writes a new process into Sysmon's log and the Security log.
func (s *scene) start(h host, t time.Time, p process) {
	integrity, label, sid := "High", "S-1-16-12288", domainSID+"-1105"
	account, name, _ := strings.Cut(p.user, `\`)
	if p.user == system {
		// Windows names the machine's own account as the subject of what SYSTEM starts.
		integrity, label, sid = "System", "S-1-16-16384", "S-1-5-18"
		account, name = domain, h.account()
	}
	pid, ppid := 4*(300+s.random.IntN(3000)), 4*(300+s.random.IntN(3000))
	logon := hex64(0x3e7)
	if p.user != system {
		logon = hex64(0x10000 + s.random.Uint64N(0xffff00))
	}
	file := p.image[strings.LastIndexByte(p.image, '\\')+1:]
	s.add(h, t, sysmon, 1, fields(
		"RuleName", marker, "UtcTime", utc(t), "ProcessGuid", s.guid(), "ProcessId", pid,
		"Image", p.image, "FileVersion", "-", "Description", "-", "Product", "-", "Company", "-", "OriginalFileName", file,
		"CommandLine", p.command, "CurrentDirectory", `C:\Windows\System32\`, "User", p.user,
		"LogonGuid", s.guid(), "LogonId", logon, "TerminalSessionId", 0, "IntegrityLevel", integrity,
		"Hashes", hashes(p.image), "ParentProcessGuid", s.guid(), "ParentProcessId", ppid,
		"ParentImage", p.parent, "ParentCommandLine", p.parentCommand, "ParentUser", p.user))
	s.add(h, t, security, 4688, fields(
		"SubjectUserSid", sid, "SubjectUserName", name, "SubjectDomainName", account, "SubjectLogonId", logon,
		"NewProcessId", hex64(pid), "NewProcessName", p.image, "TokenElevationType", "%%1936", "ProcessId", hex64(ppid),
		"CommandLine", p.command, "TargetUserSid", "S-1-0-0", "TargetUserName", "-", "TargetDomainName", "-",
		"TargetLogonId", hex64(0), "ParentProcessName", p.parent, "MandatoryLabel", label))
}

// create writes a new file into Sysmon's log.
func (s *scene) create(h host, t time.Time, image, file, user string) {
	s.add(h, t, sysmon, 11, fields("RuleName", marker, "UtcTime", utc(t), "ProcessGuid", s.guid(), "ProcessId", 4*(300+s.random.IntN(3000)),
		"Image", image, "TargetFilename", file, "CreationUtcTime", utc(t), "User", user))
}

// load writes that a process loaded a library.
func (s *scene) load(h host, t time.Time, image, library string) {
	s.add(h, t, sysmon, 7, fields("RuleName", marker, "UtcTime", utc(t), "ProcessGuid", s.guid(), "ProcessId", 7312, "Image", image, "ImageLoaded", library,
		"FileVersion", "-", "Description", "-", "Product", "-", "Company", "-", "OriginalFileName", "-", "Hashes", hashes(library), "Signed", "false", "Signature", "-", "SignatureStatus", "Unavailable", "User", system))
}

// remove writes that a file was deleted.
func (s *scene) remove(h host, t time.Time, image, file, user string) {
	s.add(h, t, sysmon, 23, fields("RuleName", marker, "UtcTime", utc(t), "ProcessGuid", s.guid(), "ProcessId", 4*(300+s.random.IntN(3000)), "User", user,
		"Image", image, "TargetFilename", file, "Hashes", hashes(file), "IsExecutable", false, "Archived", "false"))
}

// connect writes an outgoing connection into Sysmon's log.
func (s *scene) connect(h host, t time.Time, image, user, to string, port int) {
	s.add(h, t, sysmon, 3, fields("RuleName", marker, "UtcTime", utc(t), "ProcessGuid", s.guid(), "ProcessId", 4*(300+s.random.IntN(3000)),
		"Image", image, "User", user, "Protocol", "tcp", "Initiated", true, "SourceIsIpv6", false, "SourceIp", h.ip,
		"SourceHostname", h.computer(), "SourcePort", 49152+s.random.IntN(16000), "SourcePortName", "-", "DestinationIsIpv6", false,
		"DestinationIp", to, "DestinationHostname", "-", "DestinationPort", port, "DestinationPortName", "-"))
}

// setValue writes a registry value into Sysmon's log.
func (s *scene) setValue(h host, t time.Time, image, object, details, user string) {
	s.add(h, t, sysmon, 13, fields("RuleName", marker, "EventType", "SetValue", "UtcTime", utc(t), "ProcessGuid", s.guid(),
		"ProcessId", 4*(300+s.random.IntN(3000)), "Image", image, "TargetObject", object, "Details", details, "User", user))
}

// logon writes a sign-in over the network and its end into the Security log.
func (s *scene) logon(h host, t time.Time, user, from string) {
	id := hex64(0x100000 + s.random.Uint64N(0xffffff))
	sid := domainSID + fmt.Sprint("-", 1100+len(user))
	s.add(h, t, security, 4624, fields(
		"SubjectUserSid", "S-1-0-0", "SubjectUserName", "-", "SubjectDomainName", "-", "SubjectLogonId", hex64(0),
		"TargetUserSid", sid, "TargetUserName", user, "TargetDomainName", domain, "TargetLogonId", id, "LogonType", 3,
		"LogonProcessName", "Kerberos", "AuthenticationPackageName", "Kerberos", "WorkstationName", "-", "LogonGuid", s.guid(),
		"TransmittedServices", "-", "LmPackageName", "-", "KeyLength", 0, "ProcessId", hex64(0), "ProcessName", "-",
		"IpAddress", from, "IpPort", fmt.Sprint(49152+s.random.IntN(16000)), "ImpersonationLevel", "%%1833"))
	s.add(h, t.Add(time.Duration(1+s.random.IntN(600))*time.Second), security, 4634, fields(
		"TargetUserSid", sid, "TargetUserName", user, "TargetDomainName", domain, "TargetLogonId", id, "LogonType", 3))
}

// cmdlet writes a cmdlet that an administrator ran into the log of Exchange.
func (s *scene) cmdlet(t time.Time, user, name, parameters string) {
	sid := domainSID + fmt.Sprint("-", 1100+len(user))
	s.add(mail, t, exchange, 1, unnamed(name, parameters, "lakes.example/Staff/"+user, sid, sid, "Remote-ManagementShell-Unknown",
		"8372 w3wp#MSExchangePowerShellAppPool", "", "54", "00:00:00.4130007",
		"View Entire Forest: 'False', Default Scope: 'lakes.example', Configuration Domain Controller: 'DC01.lakes.example'", "", "", "", "", "", "", "False", "synthetic"))
}

// audit writes a record of SQL Server's audit, which is one text of many lines.
func (s *scene) audit(t time.Time, action, user, object, statement, application string) {
	s.add(db, t, mssql, 33205, unnamed(strings.Join([]string{
		"audit_schema_version:1", "event_time:" + utc(t), "sequence_number:1", "action_id:" + action, "succeeded:true",
		"is_column_permission:false", "session_id:" + fmt.Sprint(51+s.random.IntN(40)), "server_principal_name:" + user,
		"server_instance_name:SQL01", "database_name:registry", "schema_name:dbo", "object_name:" + object,
		"statement:" + statement, "additional_information:", "user_defined_information:synthetic-demo", "application_name:" + application, ""}, "\n")))
}

// utc writes a time as Sysmon does.
func utc(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

// hashes stands where Sysmon writes those of a file. There is no file: it is that of its name.
func hashes(name string) string {
	return fmt.Sprintf("SHA256=%X", sha256.Sum256([]byte("synthetic "+name)))
}
