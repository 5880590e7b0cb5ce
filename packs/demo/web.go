package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A request to the mail server's web site, as IIS logs it with the fields that are off by default.
type request struct {
	client, method, stem, query, user string
	agent, cookie, referer            string
	status, sent, received            int
}

func (s *scene) request(t time.Time, r request) {
	dash := func(text string) string {
		if text == "" {
			return "-"
		}
		return strings.ReplaceAll(text, " ", "+")
	}
	s.requests = append(s.requests, line{t, fmt.Sprintf("%s %s %s %s %s %s 443 %s %s %s %s %s mail.lakes.example %d 0 0 %d %d %d\r\n",
		t.UTC().Format("2006-01-02 15:04:05"), mail.name, mail.ip, r.method, r.stem, dash(r.query), dash(r.user), r.client, dash(r.agent), dash(r.cookie), dash(r.referer),
		r.status, r.sent, r.received, 5+s.random.IntN(400))})
}

// webLogs writes a file for each day, as IIS does.
func (s *scene) webLogs(files map[string][]byte) {
	sortLines(s.requests)
	byDay := map[string]*bytes.Buffer{}
	for _, r := range s.requests {
		name := mail.name + "/LogFiles/W3SVC1/u_ex" + r.time.UTC().Format("060102") + ".log"
		b := byDay[name]
		if b == nil {
			b = &bytes.Buffer{}
			byDay[name] = b
			fmt.Fprintf(b, "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Remark: %s: made up, no such server\r\n#Date: %s\r\n", marker, r.time.UTC().Format("2006-01-02 15:04:05"))
			b.WriteString("#Fields: date time s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\r\n")
		}
		b.WriteString(r.text)
	}
	for name, b := range byDay {
		files[name] = b.Bytes()
	}
}

func sortLines(all []line) {
	slices.SortStableFunc(all, func(a, b line) int { return a.time.Compare(b.time) })
}

// webDay is a day of the web site: people at work and on the way, phones, Outlook, and the probes of
// Exchange itself.
func (s *scene) webDay(day int) {
	const (
		browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
		outlook = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"
		phone   = "Apple-iPhone14C2/2004.55"
	)
	home := "https://mail.lakes.example/owa/"
	for range 60 {
		who := people[s.random.IntN(len(people))]
		client := fmt.Sprintf("10.20.4.%d", 20+s.random.IntN(60))
		if s.random.IntN(3) == 0 {
			client = fmt.Sprintf("198.51.100.%d", 1+s.random.IntN(200))
		}
		t := s.sometime(day, 5, 18)
		cookies := "ClientId=" + fmt.Sprintf("%016X", s.random.Uint64()) + ";+cadata=" + base64.StdEncoding.EncodeToString([]byte("synthetic "+who)) + ";+X-OWA-CANARY=synthetic"
		user := domain + `\` + who
		s.request(t, request{client, "GET", "/owa/auth/logon.aspx", "replaceCurrent=1&url=" + home, "", browser, "", "", 200, 58_000 + s.random.IntN(900), 702})
		s.request(t.Add(9*time.Second), request{client, "POST", "/owa/auth.owa", "", user, browser, "", home + "auth/logon.aspx", 302, 1340, 1490})
		s.request(t.Add(10*time.Second), request{client, "GET", "/owa/", "", user, browser, cookies, home + "auth/logon.aspx", 200, 91_000 + s.random.IntN(4000), 1610})
		s.request(t.Add(11*time.Second), request{client, "GET", "/owa/prem/15.1.2507/scripts/boot.worldwide.0.mouse.js", "", user, browser, cookies, home, 200, 661_000, 1230})
		for i := range 3 + s.random.IntN(5) {
			s.request(t.Add(time.Duration(30+i*40+s.random.IntN(30))*time.Second), request{client, "POST", "/owa/service.svc", "action=" + []string{"FindItem", "GetItem", "GetConversationItems", "SubscribeToNotification"}[s.random.IntN(4)], user, browser, cookies, home, 200, 2000 + s.random.IntN(30_000), 2300})
		}
	}
	for range 150 {
		who := people[s.random.IntN(len(people))]
		user := domain + `\` + who
		s.request(s.sometime(day, 0, 24), request{fmt.Sprintf("198.51.100.%d", 1+s.random.IntN(40)), "POST", "/Microsoft-Server-ActiveSync/default.eas", "Cmd=Ping&DeviceType=iPhone", user, phone, "", "", 200, 400, 620})
		s.request(s.sometime(day, 6, 18), request{fmt.Sprintf("10.20.4.%d", 20+s.random.IntN(60)), "POST", "/mapi/emsmdb/", "MailboxId=synthetic@lakes.example", user, outlook, "", "", 200, 1800 + s.random.IntN(6000), 1500})
		s.request(s.sometime(day, 6, 18), request{fmt.Sprintf("10.20.4.%d", 20+s.random.IntN(60)), "POST", "/EWS/Exchange.asmx", "", user, outlook, "", "", 200, 3800 + s.random.IntN(6000), 1900})
	}
	for i := range 96 {
		s.request(at(day, "00:00:30").Add(time.Duration(i)*15*time.Minute), request{"127.0.0.1", "GET", "/owa/healthcheck.htm", "", "", "AMProbe/Local/ClientAccess", "", "", 200, 310, 190})
	}
}

// dnsDay is what servers ask for on a day.
func (s *scene) dnsDay(day int) {
	names := []string{"time.lakes.example", "update.example.net", "crl.example.org", "dc01.lakes.example", "wpad.lakes.example", "autodiscover.partner.example.com", "mx1.example.net"}
	for range 240 {
		client := []string{mail.ip, db.ip, dc.ip}[s.random.IntN(3)]
		s.query(s.sometime(day, 0, 24), client, names[s.random.IntN(len(names))], []string{"A", "A", "AAAA"}[s.random.IntN(3)], "NOERROR")
	}
}

// query puts a question for a name into the log of the sensor on the wire.
func (s *scene) query(t time.Time, client, name, kind, code string) {
	number := map[string]int{"A": 1, "TXT": 16, "AAAA": 28}[kind]
	s.queries = append(s.queries, line{t, fmt.Sprintf("%d.%06d\tCsynthetic%08x\t%s\t%d\t10.20.0.5\t53\tudp\t%d\t%s\t1\tC_INTERNET\t%d\t%s\t0\t%s\tF\tF\tT\tT\t0\tsynthetic\t60.000000\tF\n",
		t.Unix(), t.Nanosecond()/1000, s.random.Uint32(), client, 49152+s.random.IntN(16000), s.random.IntN(65536), name, number, kind, code)})
}

// dnsLog writes the sensor's log, as Zeek does.
func (s *scene) dnsLog(files map[string][]byte) {
	if len(s.queries) == 0 {
		return
	}
	sortLines(s.queries)
	var b bytes.Buffer
	b.WriteString("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#open\t2026-03-12-00-00-00\n")
	b.WriteString("#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected\n")
	b.WriteString("#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool\n")
	for _, q := range s.queries {
		b.WriteString(q.text)
	}
	files["SENSOR/dns.log"] = b.Bytes()
}

// blocks is as much text as n encrypted blocks of 16 bytes would be: random numbers in Base64.
func (s *scene) blocks(n int) string { return base64.StdEncoding.EncodeToString(s.bytes(16 * n)) }

// label is a label of a name that holds data: random numbers in Base32.
func (s *scene) label(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := s.bytes(n)
	for i := range b {
		b[i] = letters[b[i]&31]
	}
	return string(b)
}

func (s *scene) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return b
}
