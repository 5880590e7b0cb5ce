package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// The logs below are synthetic: the forms are those of the makers, what happens in them is invented
// and ordinary, but for a scanner that asks for pages that are not there. Names end in .example,
// addresses are of networks for documentation.

// behaviourLogSize is how large each log is made, in bytes.
const behaviourLogSize = 24 << 20

// A logMaker writes the log of one kind.
type logMaker struct {
	name string
	head string
	// line appends record i, which happened at a time, with its line ends.
	line func(dst []byte, i int, at time.Time, r *rand.Rand) []byte
	// every is the time from one record to the next.
	every time.Duration
}

var behaviourBegin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// make writes the log.
func (l logMaker) make(path string, size int) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriterSize(file, 1<<16)
	written, _ := w.WriteString(l.head) // its error stays, see [bufio.Writer.Flush]
	r := rand.New(rand.NewPCG(1, 2))
	at := behaviourBegin
	var line []byte
	for i := 0; written < size; i++ {
		line = l.line(line[:0], i, at, r)
		n, _ := w.Write(line)
		written += n
		at = at.Add(l.every)
	}
	return w.Flush()
}

const iisHead = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-03-02 00:00:00\n"

// behaviourLogs are the kinds of text logs that behaviours look at.
func behaviourLogs() []logMaker {
	return []logMaker{
		{"w3c, ordinary", iisHead + "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n", iisLine, 150 * time.Millisecond},
		{"w3c, with a scanner", iisHead + "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n", scannedLine, 150 * time.Millisecond},
		{"w3c, with cookies", iisHead + "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n", cookieLine, 150 * time.Millisecond},
		{"exchange, HttpProxy", "#Software: Microsoft Exchange Server\n#Version: 15.01.2375.007\n#Log-type: HttpProxy Logs\n#Date: 2026-03-02T00:00:00.000Z\n" +
			"#Fields: DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,ErrorCode,Method,ProxyAction,TargetServer,RequestBytes,ResponseBytes,UrlQuery\n", httpProxyLine, 150 * time.Millisecond},
		{"m365, JSON lines", "", m365Line, 500 * time.Millisecond},
		{"mysql, audit", "", mysqlLine, 100 * time.Millisecond},
		{"zeek, conn", "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-03-02-00-00-00\n" +
			"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n" +
			"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n", zeekConnLine, 80 * time.Millisecond},
		{"zeek, dns", "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#open\t2026-03-02-00-00-00\n" +
			"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected\n" +
			"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool\n", zeekDNSLine, 80 * time.Millisecond},
		{"syslog, Postfix", "", postfixLine, 200 * time.Millisecond},
	}
}

// A visit is a request of an ordinary user of a mail server.
type visit struct {
	method, stem, query, agent string
	status                     int
}

const (
	browser = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/120.0.0.0+Safari/537.36"
	phone   = "Apple-iPhone15C2/2105.120"
	outlook = "Microsoft+Office/16.0+(Windows+NT+10.0;+Microsoft+Outlook+16.0.14326;+Pro)"
)

func visitOf(i int, r *rand.Rand) visit {
	n := r.IntN(1000)
	switch k := r.IntN(20); {
	case k < 5:
		return visit{"POST", "/owa/service.svc", fmt.Sprintf("action=%s&EP=1&ID=-%d&AC=1", [...]string{"FindItem", "GetItem", "FindConversation", "GetConversationItems"}[n%4], n), browser, 200}
	case k < 9:
		return visit{"POST", "/Microsoft-Server-ActiveSync/default.eas", fmt.Sprintf("Cmd=%s&User=user%d&DeviceId=A%07d&DeviceType=iPhone", [...]string{"Ping", "Sync"}[n%2], n, n), phone, 200}
	case k < 12:
		return visit{"POST", "/mapi/emsmdb/", fmt.Sprintf("MailboxId=%08d-0000-4000-8000-0123456789ab@corp.example", n), outlook, 200}
	case k < 15:
		return visit{"GET", fmt.Sprintf("/owa/prem/15.1.2375.7/resources/images/0/sprite%d.png", n%40), "-", browser, [...]int{200, 304}[n%2]}
	case k < 17:
		return visit{"POST", "/EWS/Exchange.asmx", "-", outlook, 200}
	case k < 18:
		return visit{"GET", "/owa/", "-", browser, 302}
	case k < 19:
		return visit{"POST", "/autodiscover/autodiscover.xml", "-", outlook, 401}
	}
	return visit{"GET", "/owa/auth/logon.aspx", "replaceCurrent=1&url=https%3a%2f%2fmail.corp.example%2fowa", browser, 200}
}

// clientOf is where a user is: at his desk, or now and then at home.
func clientOf(user int, r *rand.Rand) string {
	if r.IntN(6) > 0 {
		return fmt.Sprintf("10.20.%d.%d", user/250, 2+user%250)
	}
	return fmt.Sprintf("198.51.100.%d", 1+user%250)
}

func iisLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	return appendVisit(dst, at, visitOf(i, r), clientOf(r.IntN(1000), r), r)
}

func appendVisit(dst []byte, at time.Time, v visit, client string, r *rand.Rand) []byte {
	user, referer := "-", "-"
	if v.status == 200 && r.IntN(3) > 0 {
		user = fmt.Sprintf("CORP\\user%d", r.IntN(1000))
	}
	if v.agent == browser {
		referer = "https://mail.corp.example/owa/"
	}
	return fmt.Appendf(dst, "%s 192.0.2.10 %s %s %s 443 %s %s %s %s %d 0 0 %d\n", at.Format("2006-01-02 15:04:05"), v.method, v.stem, v.query, user, client, v.agent, referer, v.status, r.IntN(900))
}

// scannedLine is a log of which half is a scanner that asks for one page after the other.
func scannedLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	if r.IntN(2) == 0 {
		return iisLine(dst, i, at, r)
	}
	folders := [...]string{"admin", "wp-content/plugins", "backup", "include", "upload", "owa/auth", "aspnet_client", "cgi-bin"}
	stem := fmt.Sprintf("/%s/page%d.%s", folders[r.IntN(len(folders))], r.IntN(50_000), [...]string{"php", "aspx", "jsp", "ashx", "html", "zip"}[r.IntN(6)])
	return appendVisit(dst, at, visit{"GET", stem, "-", "Mozilla/5.0+(compatible;+scan)", 404}, fmt.Sprintf("203.0.113.%d", 1+r.IntN(3)), r)
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func appendBase64(dst []byte, n int, r *rand.Rand) []byte {
	for range n {
		dst = append(dst, base64Letters[r.IntN(64)])
	}
	return dst
}

// cookieLine has the cookies of Outlook on the web, which stay for a session.
func cookieLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	v := visitOf(i, r)
	user := r.IntN(400)
	dst = fmt.Appendf(dst, "%s 192.0.2.10 %s %s %s 443 CORP\\user%d 10.20.%d.%d %s ", at.Format("2006-01-02 15:04:05"), v.method, v.stem, v.query, user, user/250, 2+user%250, v.agent)
	if v.agent == browser {
		session := rand.New(rand.NewPCG(3, uint64(user)))
		dst = append(dst, "ClientId="...)
		dst = appendBase64(dst, 32, session)
		dst = append(dst, ";+X-BackEndCookie="...)
		dst = appendBase64(dst, 160, session)
		dst = append(dst, ";+cadata="...)
		dst = appendBase64(dst, 172, session)
		dst = append(dst, ";+UC="...)
		dst = append(appendBase64(dst, 32, session), " https://mail.corp.example/owa/"...)
	} else {
		dst = append(dst, "- -"...)
	}
	return fmt.Appendf(dst, " %d 0 0 %d %d %d\n", v.status, 300+r.IntN(60_000), 400+r.IntN(2000), r.IntN(900))
}

func httpProxyLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	v := visitOf(i, r)
	protocol := map[byte]string{'o': "Owa", 'M': "Eas", 'm': "Mapi", 'E': "Ews", 'a': "Autodiscover"}[v.stem[1]]
	user := r.IntN(1000)
	query := strings.TrimPrefix(v.query, "-")
	return fmt.Appendf(dst, "%s,%08x-%04x-4000-8000-%012x,15,1,2375,7,,%s,mail.corp.example,%s,,Negotiate,true,CORP\\user%d,corp.example,SMTP~user%d@corp.example,\"%s\",%s,MAIL01,%d,200,,%s,Proxy,mail01.corp.example,%d,%d,%s\n",
		at.Format("2006-01-02T15:04:05.000Z"), r.Uint32(), r.IntN(1<<16), r.Uint64()>>16, protocol, v.stem, user, user, strings.ReplaceAll(v.agent, "+", " "),
		clientOf(user, r), v.status, v.method, 400+r.IntN(2000), 300+r.IntN(60_000), query)
}

func m365Line(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	user := r.IntN(800)
	dst = fmt.Appendf(dst, `{"CreationTime":"%s","Id":"%08x-0000-4000-8000-%012x","OrganizationId":"0a1b2c3d-0000-4000-8000-000000000001","UserId":"user%d@corp.example","UserType":0,"Version":1,"ResultStatus":"Succeeded",`,
		at.Format("2006-01-02T15:04:05"), i, r.Uint64()>>16, user)
	client := clientOf(user, r)
	switch k := r.IntN(10); {
	case k < 5:
		return fmt.Appendf(dst, `"Workload":"Exchange","Operation":"MailItemsAccessed","RecordType":50,"ClientIPAddress":"%s","ClientInfoString":"Client=OutlookService;Outlook-iOS/2.0;","AppId":"27922004-5251-4030-b22d-91ecd9a37ea4","MailboxOwnerUPN":"user%d@corp.example","MailboxGuid":"%08x-0000-4000-8000-000000000002","LogonType":0,"OperationProperties":[{"Name":"MailAccessType","Value":"Bind"},{"Name":"IsThrottled","Value":"False"}],"OperationCount":%d}`+"\n", client, user, user, 1+r.IntN(5))
	case k < 8:
		return fmt.Appendf(dst, `"Workload":"SharePoint","Operation":"FileAccessed","RecordType":6,"ClientIP":"%s","UserAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)","SiteUrl":"https://corp.sharepoint.example/sites/team%d/","SourceFileName":"report%d.docx","ObjectId":"https://corp.sharepoint.example/sites/team%d/report%d.docx","ItemType":"File"}`+"\n", client, user%40, r.IntN(5000), user%40, r.IntN(5000))
	case k < 9:
		return fmt.Appendf(dst, `"Workload":"AzureActiveDirectory","Operation":"UserLoggedIn","RecordType":15,"ClientIP":"%s","ApplicationId":"4765445b-32c6-49b0-83e6-1d93765276ca","ExtendedProperties":[{"Name":"UserAgent","Value":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)"},{"Name":"RequestType","Value":"OAuth2:Authorize"}]}`+"\n", client)
	}
	return fmt.Appendf(dst, `"Workload":"Exchange","Operation":"Send","RecordType":2,"ClientIPAddress":"%s","ClientInfoString":"Client=OWA;Action=ViaProxy","MailboxOwnerUPN":"user%d@corp.example","Item":{"Subject":"Meeting %d","ParentFolder":{"Path":"\\Drafts"}}}`+"\n", client, user, r.IntN(9000))
}

func mysqlLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	statement := fmt.Sprintf([...]string{
		"SELECT id, name, total FROM orders WHERE customer = %d AND state = 1 ORDER BY id DESC LIMIT 20",
		"UPDATE sessions SET seen = NOW() WHERE id = %d",
		"INSERT INTO audit_trail (who, what, at) VALUES (%d, \\'view\\', NOW())",
		"SELECT c.name, c.mail FROM customers c JOIN orders o ON o.customer = c.id WHERE o.id = %d",
		"COMMIT /* %d */",
	}[r.IntN(5)], r.IntN(100_000))
	return fmt.Appendf(dst, "%s,db1,%s,10.0.0.%d,%d,%d,QUERY,shop,'%s',0\n", at.Format("20060102 15:04:05"), [...]string{"app", "app", "app", "report"}[r.IntN(4)], 5+r.IntN(4), 100+r.IntN(40), i, statement)
}

func zeekTime(at time.Time) string { return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000) }

func zeekConnLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	to, port, service := fmt.Sprintf("198.51.100.%d", r.IntN(250)), 443, "ssl"
	switch r.IntN(6) {
	case 0:
		to, port, service = "10.20.0.53", 53, "dns"
	case 1:
		to, port, service = fmt.Sprintf("10.20.9.%d", r.IntN(20)), 445, "smb"
	case 2:
		to = fmt.Sprintf("203.0.%d.%d", r.IntN(113), r.IntN(250))
	}
	return fmt.Appendf(dst, "%s\tC%016x\t10.20.%d.%d\t%d\t%s\t%d\ttcp\t%s\t%d.%06d\t%d\t%d\tSF\tT\tF\t0\tShADadFf\t%d\t%d\t%d\t%d\t-\n",
		zeekTime(at), r.Uint64(), r.IntN(4), 2+r.IntN(200), 1024+r.IntN(60_000), to, port, service, r.IntN(60), r.IntN(1_000_000), r.IntN(5000), r.IntN(90_000), r.IntN(40), r.IntN(6000), r.IntN(90), r.IntN(99_000))
}

func zeekDNSLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	n := r.IntN(3000)
	name := fmt.Sprintf([...]string{"www.site%d.example", "mail%d.corp.example", "e%d.dscb.cdn.example", "host-%d.department.corp.example", "_ldap._tcp.dc%d._msdcs.corp.example"}[r.IntN(5)], n)
	return fmt.Appendf(dst, "%s\tC%016x\t10.20.%d.%d\t%d\t10.20.0.53\t53\tudp\t%d\t0.%06d\t%s\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t198.51.100.%d\t%d.000000\tF\n",
		zeekTime(at), r.Uint64(), r.IntN(4), 2+r.IntN(200), 1024+r.IntN(60_000), r.IntN(1<<16), r.IntN(900_000), name, n%250, 60+r.IntN(3000))
}

func postfixLine(dst []byte, i int, at time.Time, r *rand.Rand) []byte {
	dst = append(dst, at.Format("2006-01-02T15:04:05.000000+00:00")...)
	id, pid := fmt.Sprintf("%010X", 0x4000000000+i/4), 1000+r.IntN(400)
	switch i % 4 {
	case 0:
		return fmt.Appendf(dst, " mx1 postfix/smtpd[%d]: %s: client=relay%d.partner.example[198.51.100.%d]\n", pid, id, r.IntN(40), r.IntN(250))
	case 1:
		return fmt.Appendf(dst, " mx1 postfix/cleanup[%d]: %s: message-id=<%016x@partner.example>\n", pid, id, r.Uint64())
	case 2:
		return fmt.Appendf(dst, " mx1 postfix/qmgr[%d]: %s: from=<sender%d@partner.example>, size=%d, nrcpt=1 (queue active)\n", pid, id, r.IntN(2000), 900+r.IntN(200_000))
	}
	return fmt.Appendf(dst, " mx1 postfix/lmtp[%d]: %s: to=<user%d@corp.example>, relay=127.0.0.1[127.0.0.1]:24, delay=0.%02d, delays=0.01/0/0.01/0.03, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n", pid, id, r.IntN(1000), r.IntN(99))
}
