package behaviour

import "aldebaran/match/sigma"

// A View is one kind of record, whoever wrote it: a log source and fields of Sigma's taxonomy.
// Which logs serve a view is the table of routes in match/sigma.
type View int

// The views. Their log sources and the names of their fields are in [specs].
const (
	Web        View = iota // requests to web servers, Exchange's front and back end included
	Process                // programs that were started
	FileWrite              // files created or written
	FileGone               // files deleted
	FileTime               // a file's time of creation changed
	ImageLoad              // libraries loaded by programs
	Pipe                   // named pipes created or connected
	Registry               // values of the registry set
	Security               // events of Windows' Security log about logons, accounts, tasks, objects and shares
	DNS                    // names that were asked for
	Network                // connections
	Database               // sign-ins and statements of databases
	Cmdlet                 // commands of administrators of Exchange, in the event log, its text logs and Microsoft 365
	Mailbox                // access to mailboxes
	Script                 // PowerShell script blocks
	Service                // services installed
	AnyWindows             // every event of Windows, for what is about the logs themselves
	views
)

// A Field is a field of a view, counted from 0.
type Field int

// The fields of Web.
const (
	WebClient Field = iota
	WebMethod
	WebStem
	WebQuery
	WebStatus
	WebAgent
	WebReferer
	WebCookie
	WebUser
	WebHost
	WebReceived // bytes of the request
	WebSent     // bytes of the answer
	WebServerIP
	WebServer
	WebPort
	WebAnchor // AnchorMailbox of Exchange's front end
	WebProtocol
	WebForwarded // X-Forwarded-For and the like, by which proxies tell for whom they ask
)

// The fields of Process.
const (
	ProcImage Field = iota
	ProcCommand
	ProcParent
	ProcParentCommand
	ProcUser
	ProcGUID
	ProcParentGUID
	ProcID
	ProcParentID
	ProcIntegrity
	ProcOriginalName
	ProcHashes
	ProcParentUser
	ProcLogon
)

// The fields of FileWrite, FileGone and FileTime.
const (
	FileImage Field = iota
	FileTarget
	FileUser
	FileCreated
	FilePrevious
)

// The fields of ImageLoad.
const (
	LoadImage Field = iota
	LoadLoaded
	LoadSigned
	LoadSignature
	LoadUser
	LoadGUID
)

// The fields of Pipe.
const (
	PipeName Field = iota
	PipeImage
	PipeUser
	PipeEvent
)

// The fields of Registry.
const (
	RegTarget Field = iota
	RegDetails
	RegImage
	RegUser
)

// The fields of Security.
const (
	SecTargetUser Field = iota
	SecTargetDomain
	SecSubjectUser
	SecSubjectDomain
	SecLogonType
	SecAddress
	SecWorkstation
	SecPackage
	SecProcess
	SecShare
	SecRelative
	SecObject
	SecTask
	SecTaskContent
	SecMember
	SecTargetSid
	SecSubjectSid
	SecStatus
	SecAccess
	SecTargetUserSid
	SecLogonID // of the subject
)

// The fields of DNS.
const (
	DNSName Field = iota
	DNSType
	DNSClient
	DNSAnswer
	DNSCode
	DNSImage
)

// The fields of Network.
const (
	NetImage Field = iota
	NetSource
	NetSourcePort
	NetTarget
	NetTargetPort
	NetTargetHost
	NetProtocol
	NetInitiated
	NetUser
	NetSent
	NetReceived
)

// The fields of Database.
const (
	DBUser Field = iota
	DBClient
	DBApplication
	DBDatabase
	DBObject
	DBStatement
	DBAction // action_id of SQL Server's audit; the command or its kind of others
	DBRows
	DBReason
	DBOption
	DBOld
	DBNew
	DBMessage
	DBHost
	DBSucceeded
)

// The fields of Cmdlet.
const (
	CmdName Field = iota
	CmdParameters
	CmdUser
	CmdEventData // Data of the event, as a whole
	CmdProcess
	CmdClient
	CmdObject
	CmdStatus
	CmdQuery // what a user searched for, where it is no parameter
)

// The fields of Mailbox.
const (
	BoxUser Field = iota
	BoxMailbox
	BoxOperation
	BoxClient
	BoxAgent
	BoxSent
	BoxProtocol
	BoxStatus
	BoxStem
	BoxItems
	BoxAppID
	BoxAccess // Sync or Bind of Microsoft 365
)

// The fields of Script.
const (
	ScriptText Field = iota
	ScriptID
	ScriptPath
)

// The fields of Service.
const (
	ServiceName    Field = iota
	ServicePath          // as System 7045 has it
	ServiceFile          // as Security 4697 has it
	ServiceSubject       // who installed it, if 4697 says
)

// The fields of AnyWindows.
const (
	AnySubject Field = iota
	AnyDomain
	AnyCleared // the channel that was cleared, in System 104
)

// hostFields are where a view has the name of the computer if the record itself does not.
var hostFields = [views][]Field{
	Web:      {WebServer, WebServerIP},
	Database: {DBHost},
}

// fileFields are shared by the three views of files.
var fileFields = []string{"Image", "TargetFilename", "User", "CreationUtcTime", "PreviousCreationUtcTime"}

// specs are the views, in their order.
func specs() []sigma.ViewSpec {
	windows := func(category string) []sigma.Logsource {
		return []sigma.Logsource{{Product: "windows", Category: category}}
	}
	return []sigma.ViewSpec{
		Web: {Name: "web", Sources: []sigma.Logsource{{Category: "webserver"}},
			Fields: []string{"c-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "sc-status", "cs-user-agent", "cs-referer", "cs-cookie", "cs-username",
				"cs-host", "cs-bytes", "sc-bytes", "s-ip", "s-computername", "s-port", "AnchorMailbox", "Protocol",
				"X-Forwarded-For|x-forwarded-for|cs(X-Forwarded-For)|X-FORWARDED-FOR|OriginalClientIP|cs(X-Real-IP)|X-Real-IP"}},
		Process: {Name: "process", Sources: append(windows("process_creation"), sigma.Logsource{Product: "linux", Category: "process_creation"}),
			Fields: []string{"Image", "CommandLine", "ParentImage", "ParentCommandLine", "User", "ProcessGuid", "ParentProcessGuid", "ProcessId", "ParentProcessId",
				"IntegrityLevel", "OriginalFileName", "Hashes", "ParentUser", "LogonId"}},
		FileWrite: {Name: "file-write", Sources: append(windows("file_event"), sigma.Logsource{Product: "linux", Category: "file_event"}), Fields: fileFields},
		FileGone:  {Name: "file-gone", Sources: windows("file_delete"), Fields: fileFields},
		FileTime:  {Name: "file-time", Sources: windows("file_change"), Fields: fileFields},
		ImageLoad: {Name: "image-load", Sources: windows("image_load"), Fields: []string{"Image", "ImageLoaded", "Signed", "Signature", "User", "ProcessGuid"}},
		Pipe:      {Name: "pipe", Sources: windows("pipe_created"), Fields: []string{"PipeName", "Image", "User", "EventType"}},
		Registry:  {Name: "registry", Sources: windows("registry_set"), Fields: []string{"TargetObject", "Details", "Image", "User"}},
		Security: {Name: "security", Sources: []sigma.Logsource{{Product: "windows", Service: "security"}},
			EventIDs: []uint32{1102, 4624, 4625, 4648, 4656, 4663, 4672, 4697, 4698, 4699, 4720, 4722, 4724, 4728, 4732, 4738, 4740, 4756, 4768, 4769, 4776, 5140, 5145},
			Fields: []string{"TargetUserName", "TargetDomainName", "SubjectUserName", "SubjectDomainName", "LogonType", "IpAddress", "WorkstationName",
				"AuthenticationPackageName", "ProcessName", "ShareName", "RelativeTargetName", "ObjectName", "TaskName", "TaskContent", "MemberSid",
				"TargetSid", "SubjectUserSid", "Status", "AccessMask", "TargetUserSid", "SubjectLogonId"}},
		DNS: {Name: "dns", Sources: []sigma.Logsource{{Category: "dns"}, {Product: "windows", Category: "dns_query"}, {Product: "windows", Service: "dns-server-analytic"}},
			Fields: []string{"query|QueryName|QNAME", "record_type|QTYPE", "src_ip|Source|InterfaceIP", "answer|QueryResults", "response|rcode_name|QueryStatus|RCODE", "Image"}},
		Network: {Name: "network", Sources: []sigma.Logsource{{Product: "windows", Category: "network_connection"}, {Product: "linux", Category: "network_connection"}, {Category: "network", Service: "connection"}},
			Fields: []string{"Image", "src_ip|SourceIp", "src_port|SourcePort", "dst_ip|DestinationIp", "dst_port|DestinationPort", "DestinationHostname", "Protocol|proto|protocol", "Initiated", "User", "orig_bytes", "resp_bytes"}},
		Database: {Name: "database", Sources: []sigma.Logsource{{Category: "database"}, {Product: "windows", Service: "mssqlserver"}},
			Fields: []string{"server_principal_name", "client_ip|host|userhost", "application_name", "database_name", "object_name", "statement", "action_id|command|event",
				"response_rows|Rows_sent|rows", "reason", "option", "old_value", "new_value", "message", "server_instance_name", "succeeded|return_code|retcode|status"}},
		Cmdlet: {Name: "cmdlet", Sources: []sigma.Logsource{{Product: "windows", Service: "msexchange-management"}, {Product: "exchange", Service: "msexchange-management"}, {Product: "m365", Service: "audit"}},
			Fields: []string{"CmdletName|Operation", "CmdletParameters|ModifiedProperties", "User|UserId", "Data", "Process", "ClientIPAddress|ClientIP|ClientIpAddress", "ObjectId",
				"Outcome|ExecutionResult|ResultStatus", "QueryText|Query"}},
		Mailbox: {Name: "mailbox", Sources: []sigma.Logsource{{Product: "exchange", Service: "msexchange-httpproxy"}, {Product: "exchange", Service: "msexchange-ews"}, {Product: "m365", Service: "audit"},
			{Product: "dovecot", Category: "mail"}, {Product: "zimbra", Category: "mail"}},
			Fields: []string{"AuthenticatedUser|UserId|user", "AnchorMailbox|MailboxOwnerUPN|ImpersonatedUser|MailboxGuid", "SoapAction|Operation|action", "ClientIpAddress|ClientIPAddress|ClientIP|client_ip",
				"UserAgent|ClientInfoString|ua|component", "ResponseBytes|ResponseSize", "Protocol|protocol", "HttpStatus|result", "cs-uri-stem", "OperationCount", "ClientAppId|AppId", "MailAccessType"}},
		Script: {Name: "script", Sources: windows("ps_script"), Fields: []string{"ScriptBlockText", "ScriptBlockId", "Path"}},
		Service: {Name: "service", Sources: []sigma.Logsource{{Product: "windows", Service: "system"}, {Product: "windows", Service: "security"}},
			EventIDs: []uint32{7045, 4697}, Fields: []string{"ServiceName", "ImagePath", "ServiceFileName", "SubjectUserName"}},
		AnyWindows: {Name: "windows", Sources: []sigma.Logsource{{Product: "windows"}}, Fields: []string{"SubjectUserName", "SubjectDomainName", "Channel"}},
	}
}
