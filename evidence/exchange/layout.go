package exchange

import (
	"bytes"
	"strconv"
	"strings"

	"aldebaran/event"
)

// A layout is what the names of the columns, and the type of the log, say about its records.
type layout struct {
	shape *event.Shape
	// more is the shape of records with more columns than names.
	more *event.Shape
	// header is the line of names, logType what the log says it is.
	header, logType string
	// columns is the number of names, behind which the fields made of others stand.
	columns int
	made    []made
	// time and host are columns, -1 if there is none; hostOf says how the host stands in it.
	time, host int
	hostOf     how
	// sent is the column that says what happened to a message, -1 if there is none, and sender that
	// of the server where it is "SEND": host is then the one it was sent to. Of what a mailbox is told
	// ("NOTIFYMAPI") there is no other.
	sent, sender int
	category     string
	service      string
}

// A made field is one that has another name or another form than the column it is made of.
type made struct {
	from int
	how  how
}

// how says what a field takes of its column.
type how uint8

const (
	same    how = iota
	query       // what stands behind the question mark that a query begins with
	address     // of an endpoint: 192.0.2.1 of 192.0.2.1:25
	port
	command // of the control panel's list "S:CMD=...;S:URL=...;": the cmdlet
	stem    // its URL without and
	search  // behind the question mark
	referrer
	connector // SERVER of SERVER\Default Frontend SERVER
)

const (
	// maxColumns bounds the names of one line; EWS, the widest, has some hundred.
	maxColumns = 512
	// maxName bounds the length of a name in bytes; the longest real ones have 40.
	maxName = 128
	// extra is the name of the field that holds what stands behind the last column that has a name.
	extra = "extra-columns"
)

// A name is one that rules use where the log's own is another.
type name struct {
	name string
	how  how
}

// webNames are those of web server logs (specification, taxonomy appendix, "Web Server Log").
var webNames = map[string]name{
	"method":            {"cs-method", same},
	"httpmethod":        {"cs-method", same},
	"urlstem":           {"cs-uri-stem", same},
	"urlquery":          {"cs-uri-query", query},
	"urlhost":           {"cs-host", same},
	"useragent":         {"cs-user-agent", same},
	"clientinfo":        {"cs-user-agent", same},
	"clientipaddress":   {"c-ip", same},
	"serverip":          {"s-ip", same},
	"httpstatus":        {"sc-status", same},
	"httpstatuscode":    {"sc-status", same},
	"requestbytes":      {"cs-bytes", same},
	"responsebytes":     {"sc-bytes", same},
	"requestsize":       {"cs-bytes", same},
	"responsesize":      {"sc-bytes", same},
	"totalrequesttime":  {"time-taken", same},
	"authenticateduser": {"cs-username", same},
}

// The names of both ends of a connection.
var (
	clientNames = []name{{"client_ip", address}, {"client_port", port}}
	serverNames = []name{{"server_ip", address}, {"server_port", port}}
)

// panelNames are made of the control panel's list.
var panelNames = []name{{"Command", command}, {"cs-uri-stem", stem}, {"cs-uri-query", search}, {"cs-referer", referrer}}

// newLayout reads the names of the columns; logType is the value of #Log-type, "" if there is none.
func newLayout(header, logType string) *layout {
	l := &layout{header: header, logType: logType, time: -1, host: -1, sent: -1, sender: -1}
	has := map[string]int{}
	fields := make([]event.Field, 0, 64)
	for written := range strings.SplitSeq(header, ",") {
		if len(fields) == maxColumns {
			break
		}
		written = strings.TrimSpace(written)
		name := strings.ReplaceAll(written, " ", "")
		if name == "" || len(name) > maxName {
			name = "column" + strconv.Itoa(len(fields)+1)
		}
		at := len(fields)
		fields = append(fields, event.Field{Name: name, Path: "#Fields[" + written[:min(len(written), maxName)] + "]"})
		key := strings.ToLower(name)
		if _, ok := has[key]; ok {
			continue
		}
		has[key] = at
		if l.time < 0 && isTimeName(key) {
			l.time = at
		}
	}
	l.columns = len(fields)
	l.service = serviceOf(logType, has)
	web := l.service == "msexchange-ecp"
	for _, name := range [...]string{"urlstem", "httpstatus", "httpstatuscode", "method"} {
		_, ok := has[name]
		web = web || ok
	}
	if web {
		l.category = "webserver"
	}
	l.host, l.hostOf = hostColumn(has)
	if at, ok := has["event-id"]; ok && l.service == "msexchange-messagetracking" {
		if sender, ok := has["client-hostname"]; ok {
			l.sent, l.sender = at, sender
		}
	}
	sends := strings.Contains(strings.ToLower(logType), "send")
	for i := range l.columns {
		key := strings.ToLower(fields[i].Name)
		if has[key] != i {
			continue
		}
		for _, n := range l.namesOf(key, sends) {
			if _, own := has[n.name]; own {
				continue
			}
			has[n.name] = i
			fields = append(fields, event.Field{Name: n.name, Path: fields[i].Path})
			l.made = append(l.made, made{i, n.how})
		}
	}
	l.shape = &event.Shape{Fields: fields}
	l.more = &event.Shape{Fields: append(fields[:len(fields):len(fields)], event.Field{Name: extra, Path: extra})}
	return l
}

// namesOf gives the further names of a column; sends says that the server which wrote the log is the
// client of its connections.
func (l *layout) namesOf(column string, sends bool) []name {
	switch column {
	case "eventdata":
		if l.service == "msexchange-ecp" {
			return panelNames
		}
	case "cip", "remote-endpoint", "remoteendpoint":
		if sends {
			return serverNames
		}
		return clientNames
	case "sip", "local-endpoint", "localendpoint":
		if sends {
			return clientNames
		}
		return serverNames
	}
	if n, ok := webNames[column]; ok && l.category == "webserver" {
		return []name{n}
	}
	return nil
}

// services are the logs by a part of their type, in lower case. Names in the manner of SigmaHQ's
// "msexchange-management", which is one of them.
var services = [...]struct{ logType, service string }{
	{"httpproxy", "msexchange-httpproxy"},
	{"request filtering", "msexchange-httprequestfiltering"},
	{"ews", "msexchange-ews"},
	{"ecp", "msexchange-ecp"},
	{"cmdlet", "msexchange-management"},
	{"rps", "msexchange-rps"},
	{"message tracking", "msexchange-messagetracking"},
	{"smtp", "msexchange-smtp"},
	{"pop3", "msexchange-pop3"},
	{"imap4", "msexchange-imap4"},
	{"connectivity", "msexchange-connectivity"},
	{"agent", "msexchange-agent"},
	{"oab", "msexchange-oab"},
	{"audit", "msexchange-audit"},
}

// byColumns are the logs by columns that no other has, for those without a type.
var byColumns = [...]struct{ first, second, service string }{
	{"proxyaction", "urlstem", "msexchange-httpproxy"},
	{"scanresult", "urlstem", "msexchange-httprequestfiltering"},
	{"cmdlet", "parameters", "msexchange-management"},
	{"clientinfo", "urlstem", "msexchange-rps"},
	{"soapaction", "httpstatus", "msexchange-ews"},
	{"eventdata", "servername", "msexchange-ecp"},
	{"recipient-address", "event-id", "msexchange-messagetracking"},
	{"local-endpoint", "connector-id", "msexchange-smtp"},
	{"sip", "cip", "msexchange-pop3"},
	{"recordtype", "operation", "msexchange-audit"},
}

const otherService = "msexchange"

func serviceOf(logType string, has map[string]int) string {
	if logType != "" {
		logType = strings.ToLower(logType)
		for _, s := range services {
			if strings.Contains(logType, s.logType) {
				return s.service
			}
		}
		return otherService
	}
	for _, s := range byColumns {
		_, first := has[s.first]
		_, second := has[s.second]
		if first && second {
			return s.service
		}
	}
	return otherService
}

// hostColumn gives the column that names the server which wrote the log.
func hostColumn(has map[string]int) (int, how) {
	for _, name := range [...]string{"serverhostname", "servername", "server"} {
		if at, ok := has[name]; ok {
			return at, same
		}
	}
	if at, ok := has["connector-id"]; ok {
		if _, protocol := has["local-endpoint"]; protocol {
			return at, connector
		}
	}
	if at, ok := has["server-hostname"]; ok {
		return at, same
	}
	return -1, same
}

func isTimeName(name string) bool {
	switch name {
	case "datetime", "date-time", "timestamp":
		return true
	}
	return false
}

// isHeader tells whether a line is the names of the columns of a log of Exchange.
func isHeader(line []byte) bool {
	if len(line) == 0 || line[0]|0x20 != 'd' && line[0]|0x20 != 't' {
		return false // "date", "time"; most lines begin with a digit
	}
	first, rest, ok := bytes.Cut(line, []byte{','})
	return ok && len(first) <= maxName && isTimeName(strings.ToLower(string(first))) && bytes.IndexByte(rest, ',') > 0 &&
		bytes.IndexByte(line, '"') < 0 && bytes.IndexByte(line, ' ') < 0
}

// The names of the columns of logs that were cut, so that their directives are gone, by what the
// records look like. HttpProxy has 74 of them in 2016 and 2019, and fewer before.
const (
	proxyHead = "DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,Protocol,UrlHost,UrlStem," +
		"ProtocolAction,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,AnchorMailbox,UserAgent,ClientIpAddress," +
		"ServerHostName,HttpStatus,BackEndStatus,ErrorCode,Method,ProxyAction,TargetServer,TargetServerVersion,RoutingType," +
		"RoutingHint,BackEndCookie,ServerLocatorHost,ServerLocatorLatency,RequestBytes,ResponseBytes,TargetOutstandingRequests"
	proxyMiddle = ",AuthModulePerfContext,HttpPipelineLatency,CalculateTargetBackEndLatency,GlsLatencyBreakup,TotalGlsLatency," +
		"AccountForestLatencyBreakup,TotalAccountForestLatency,ResourceForestLatencyBreakup,TotalResourceForestLatency,ADLatency," +
		"SharedCacheLatencyBreakup,TotalSharedCacheLatency,ActivityContextLifeTime,ModuleToHandlerSwitchingLatency," +
		"ClientReqStreamLatency,BackendReqInitLatency,BackendReqStreamLatency,BackendProcessingLatency,BackendRespInitLatency," +
		"BackendRespStreamLatency,ClientRespStreamLatency,KerberosAuthHeaderLatency,HandlerCompletionLatency," +
		"RequestHandlerLatency,HandlerToModuleSwitchingLatency,ProxyTime,CoreLatency,RoutingLatency,HttpProxyOverhead," +
		"TotalRequestTime,RouteRefresherLatency"
	proxyTail = ",UrlQuery,BackEndGenericInfo,GenericInfo,GenericErrors"
	proxyMore = ",EdgeTraceId,DatabaseGuid,UserADObjectGuid,PartitionEndpointLookupLatency,RoutingStatus"

	proxyHeadColumns  = 34
	proxyTailAt       = 65 // of UrlQuery with the columns above
	proxyTailColumns  = 4
	proxyFewerColumns = 50

	smtpNames = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
	popNames  = "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid"
	ecpNames  = "TimeStamp,ServerName,EventId,EventData"

	trackingNames = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id," +
		"internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count," +
		"related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id," +
		"original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,schema-version"
	trackingColumns = 30

	cmdletNames = "DateTime,StartTime,RequestId,ClientRequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ServerHostName," +
		"ProcessId,ProcessName,ThreadId,CultureInfo,Organization,AuthenticatedUser,ExecutingUserSid,EffectiveOrganization," +
		"UserServicePlan,IsAdmin,ClientApplication,Cmdlet,Parameters,CmdletUniqueId,UserBudgetOnStart,ContributeToFailFast," +
		"RunspaceSettingsCreationHint,ADViewEntireForest,ADRecipientViewRoot,ADConfigurationDomainControllers," +
		"ADPreferredGlobalCatalogs,ADPreferredDomainControllers,ADUserConfigurationDomainController,ADUserPreferredGlobalCatalog," +
		"ADuserPreferredDomainControllers,ThrottlingInfo,DelayInfo,ThrottlingDelay,IsOutputObjectRedacted,CmdletProxyStage," +
		"CmdletProxyRemoteServer,CmdletProxyRemoteServerVersion,CmdletProxyMethod,ProxiedObjectCount,CmdletProxyLatency," +
		"OutputObjectCount,ParameterBinding,BeginProcessing,ProcessRecord,EndProcessing,StopProcessing,BizLogic,PowerShellLatency," +
		"UserInteractionLatency,ProvisioningLayerLatency,ActivityContextLifeTime,TotalTime,ErrorType,ExecutionResult,CacheHitCount," +
		"CacheMissCount,GenericLatency,GenericInfo,GenericErrors,ObjectGuid,ExternalDirectoryOrganizationId," +
		"ExternalDirectoryObjectId,NonPiiParameters"
	cmdletColumns = 67
)

// guess gives the layout of a record by what it looks like, nil if that is not clear.
func guess(line []byte, s *splitter) *layout {
	var c clock
	if _, ok := c.parse(firstColumn(line)); !ok || line[len("2006-01-02")] != 'T' {
		return nil
	}
	s.split(line)
	if s.unclosed {
		return nil
	}
	v := s.values
	text := func(i int) []byte { return v[i].Raw }
	all := func(ok func([]byte) bool, at ...int) bool {
		for _, i := range at {
			if !ok(text(i)) {
				return false
			}
		}
		return true
	}
	switch n := len(v); {
	case n >= 4 && isItem(text(3)) && isWord(text(1)) && (bytes.HasPrefix(text(2), []byte("ECP.")) || string(text(2)) == "Request"):
		return newLayout(ecpNames, "ECP Server Log")
	case n >= 8 && n <= 12 && isSession(text(2)) && all(isNumber, 3) && all(isEndpoint, 4, 5) && len(text(6)) == 1 && bytes.IndexByte([]byte("+-<>*"), text(6)[0]) >= 0:
		kind := "SMTP Receive Protocol Log"
		if bytes.IndexByte(text(1), '\\') < 0 {
			kind = "SMTP Send Protocol Log" // only connectors that receive have the server's name in front
		}
		return newLayout(firstNames(smtpNames, n), kind)
	case n >= 10 && n <= 16 && isSession(text(1)) && all(isNumber, 2, 6, 7, 8) && all(isEndpoint, 3, 4):
		kind := "POP3 Log"
		if bytes.HasSuffix(text(3), []byte("143")) || bytes.HasSuffix(text(3), []byte("993")) {
			kind = "IMAP4 Log" // 1143 and 1993 are the ports of its back end
		}
		return newLayout(firstNames(popNames, n), kind)
	case n == trackingColumns && isUpper(text(7)) && isUpper(text(8)) && len(text(8)) > 0:
		return newLayout(trackingNames, "Message Tracking Log")
	case n >= cmdletColumns-4 && n <= cmdletColumns && isID(text(2)) && all(isNumber, 4, 5, 6, 7, 9, 11) && bytes.IndexByte(text(20), '-') > 0:
		return newLayout(firstNames(cmdletNames, n), "Rps Cmdlet Logs")
	case n >= proxyFewerColumns && isID(text(1)) && all(isNumber, 2, 3, 4, 5) && isWord(text(7)) && (len(text(9)) == 0 || text(9)[0] == '/') && (len(text(19)) == 0 || isNumber(text(19))):
		return newLayout(proxyNames(v), "HttpProxy Logs")
	}
	return nil
}

// proxyNames gives the names for a record of HttpProxy. Older versions lack columns in the middle,
// where only times are: those are numbered.
func proxyNames(v []event.Value) string {
	n := len(v)
	if n >= proxyTailAt+proxyTailColumns {
		return firstNames(proxyHead+proxyMiddle+proxyTail+proxyMore, n)
	}
	var b strings.Builder
	b.WriteString(proxyHead)
	tail := n - proxyTailColumns
	if q := v[tail].Raw; len(q) > 0 && q[0] != '?' {
		tail = n
	}
	for i := proxyHeadColumns; i < tail; i++ {
		b.WriteString(",column" + strconv.Itoa(i+1))
	}
	if tail < n {
		b.WriteString(proxyTail)
	}
	return b.String()
}

func firstNames(names string, n int) string {
	list := strings.Split(names, ",")
	return strings.Join(list[:min(n, len(list))], ",")
}

func isNumber(b []byte) bool {
	return len(b) > 0 && allOf(b, func(c byte) bool { return '0' <= c && c <= '9' })
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isSession tells whether b is the number of a session of the protocol logs.
func isSession(b []byte) bool { return len(b) == 16 && allOf(b, isHex) }

// isID tells whether b is a GUID with or without hyphens.
func isID(b []byte) bool {
	return (len(b) == 36 || len(b) == 32) && allOf(b, func(c byte) bool { return isHex(c) || c == '-' })
}

// isEndpoint tells whether b is address:port; empty where the connection has none.
func isEndpoint(b []byte) bool {
	at := bytes.LastIndexByte(b, ':')
	return len(b) == 0 || at > 0 && isNumber(b[at+1:]) && allOf(b[:at], func(c byte) bool {
		return isHex(c) || c == '.' || c == ':' || c == '[' || c == ']' || c == '%'
	})
}

func isUpper(b []byte) bool { return allOf(b, func(c byte) bool { return 'A' <= c && c <= 'Z' }) }

func isWord(b []byte) bool {
	return len(b) > 0 && allOf(b, func(c byte) bool {
		return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
	})
}

func allOf(b []byte, ok func(byte) bool) bool {
	for _, c := range b {
		if !ok(c) {
			return false
		}
	}
	return true
}
