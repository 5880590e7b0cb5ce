package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// read reads a whole log and keeps its events.
func read(tb testing.TB, r *Reader, data []byte) ([]*event.Event, event.Report) {
	tb.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)), "synthetic.log", lines.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	var events []*event.Event
	var all event.Report
	for _, u := range f.Units() {
		report, err := r.Read(f, u, func(e *event.Event) bool {
			events = append(events, e.Clone())
			return true
		})
		if err != nil {
			tb.Fatal(err)
		}
		all = report
	}
	return events, all
}

func readText(tb testing.TB, text string) ([]*event.Event, event.Report) {
	tb.Helper()
	return read(tb, NewReader(lines.Options{}), []byte(text))
}

// shown gives the values of some fields, "null" for null and "absent" for no such field.
func shown(e *event.Event, names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		v, ok := e.Get(n)
		switch {
		case !ok:
			m[n] = "absent"
		case v.IsNull():
			m[n] = "null"
		default:
			m[n] = v.String()
		}
	}
	return m
}

// head begins a synthetic log.
func head(logType, fields string) string {
	return "#Software: Microsoft Exchange Server\r\n#Version: 15.02.0986.005\r\n#Log-type: " + logType +
		"\r\n#Date: 2026-01-02T03:00:00.000Z\r\n#Fields: " + fields + "\r\n"
}

const proxyFields = proxyHead + proxyMiddle + proxyTail + proxyMore

// proxyLine is a synthetic record of HttpProxy.
func proxyLine(at, host, urlStem, urlQuery, agent, user, method, status string) string {
	v := make([]string, 74)
	for i, s := range map[int]string{
		0: at, 1: "47a25adf-57a3-4538-ba98-4bafdfee8095", 2: "15", 3: "2", 4: "986", 5: "5", 7: "Owa", 8: "mail.lakes.example", 9: urlStem,
		11: "FBA", 12: "true", 13: user, 16: agent, 17: "192.0.2.7", 18: host, 19: status, 20: "200", 22: method, 31: "101", 32: "576",
		63: "13", 65: urlQuery, 67: "BeginRequest=" + at + ";CorrelationID=<empty>;",
	} {
		if strings.ContainsAny(s, `,"`) {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		v[i] = s
	}
	return strings.Join(v, ",") + "\r\n"
}

func TestHTTPProxy(t *testing.T) {
	line := proxyLine("2026-01-02T03:04:05.678Z", "MAIL01", "/owa/auth/x.aspx", "?a=%20b&c=1", `Agent "1", 2`, `LAKES\admin`, "POST", "302")
	for name, text := range map[string]string{
		"directives":       head("HttpProxy Logs", proxyFields) + line,
		"names first":      proxyFields + "\r\n" + head("HttpProxy Logs", proxyFields) + line,
		"names only":       proxyFields + "\n" + line,
		"names repeated":   head("HttpProxy Logs", proxyFields) + proxyFields + "\r\n" + line,
		"byte order mark":  "\xef\xbb\xbf" + head("HttpProxy Logs", proxyFields) + line,
		"nothing before":   line,
		"no type":          "#Software: Microsoft Exchange Server\n#Fields: " + proxyFields + "\n" + line,
		"without line end": head("HttpProxy Logs", proxyFields) + strings.TrimSpace(line),
	} {
		t.Run(name, func(t *testing.T) {
			if !Sniff([]byte(text)) {
				t.Error("Sniff = false")
			}
			events, report := readText(t, text)
			if len(events) != 1 || len(report.Damage) != 0 || report.Events != 1 {
				t.Fatalf("%d events, report %+v", len(events), report)
			}
			e := events[0]
			if e.Product != "exchange" || e.Category != "webserver" || e.Service != "msexchange-httpproxy" || e.Computer != "MAIL01" {
				t.Errorf("labels %s/%s/%s of %s", e.Product, e.Category, e.Service, e.Computer)
			}
			if want := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC); !e.Time.Equal(want) || e.Time.Location() != time.UTC {
				t.Errorf("time %v, want %v", e.Time, want)
			}
			want := map[string]string{
				"Method": "POST", "cs-method": "POST", "UrlStem": "/owa/auth/x.aspx", "cs-uri-stem": "/owa/auth/x.aspx",
				"UrlQuery": "?a=%20b&c=1", "cs-uri-query": "a=%20b&c=1", "UserAgent": `Agent "1", 2`, "cs-user-agent": `Agent "1", 2`,
				"c-ip": "192.0.2.7", "sc-status": "302", "cs-username": `LAKES\admin`, "cs-host": "mail.lakes.example",
				"cs-bytes": "101", "sc-bytes": "576", "time-taken": "13", "BackEndCookie": "", "column80": "absent",
			}
			if diff := cmp.Diff(want, shown(e, keys(want)...)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if at := int64(strings.Index(text, "2026-01-02T03:04")); e.Source.Offset != at || text[at:at+e.Source.Length] != text[at:] {
				t.Errorf("source %+v, want the line at %d", e.Source, at)
			}
		})
	}
}

func keys(m map[string]string) []string {
	var k []string
	for n := range m {
		k = append(k, n)
	}
	return k
}

func TestLogs(t *testing.T) {
	for _, c := range []struct {
		name, logType, fields, line string
		labels                      string // product/category/service of host
		want                        map[string]string
	}{
		{
			"message tracking", "Message Tracking Log", trackingNames,
			`2026-01-02T03:04:05.678Z,192.0.2.1,client,192.0.2.2,MAIL01,"MDB:1, Mailbox:2",MAIL01\Default,SMTP,RECEIVE,1,<a@b.example>,9,to@b.example,,4242,1,,,"Budget, final",from@b.example,from@b.example,,Incoming,,192.0.2.9,192.0.2.2,S:x=y,Email,id,15`,
			"exchange//msexchange-messagetracking of MAIL01",
			map[string]string{"message-subject": "Budget, final", "sender-address": "from@b.example", "event-id": "RECEIVE", "client-ip": "192.0.2.1", "cs-method": "absent"},
		},
		{
			"message sent", "Message Tracking Log", trackingNames,
			`2026-01-02T03:04:05.678Z,192.0.2.1,MAIL01,198.51.100.2,mx.b.example,,Send,SMTP,SENDEXTERNAL,1,<a@b.example>,9,to@b.example,,4242,1,,,Budget,from@b.example,from@b.example,,Originating,,192.0.2.9,192.0.2.2,,Email,id,15`,
			"exchange//msexchange-messagetracking of MAIL01", map[string]string{"server-hostname": "mx.b.example"},
		},
		{
			"cmdlet", "Rps Cmdlet Logs", cmdletNames,
			`2026-01-02T03:04:05.678Z,2026-01-02T03:04:05.000Z,7b91be61-3d94-406e-b00c-3d80e3e5f115,,15,2,986,5,MAIL01,15756,w3wp#MSExchangePowerShellAppPool,85,,,LAKES\admin,S-1-5-21-1-2-3-500,,,True,EMC,New-MailboxExportRequest,"-Mailbox ""user"" -FilePath ""\\127.0.0.1\C$\x"""` + strings.Repeat(",", 36) + "Success" + strings.Repeat(",", 9),
			"exchange//msexchange-management of MAIL01",
			map[string]string{"Cmdlet": "New-MailboxExportRequest", "Parameters": `-Mailbox "user" -FilePath "\\127.0.0.1\C$\x"`, "ExecutionResult": "Success", "AuthenticatedUser": `LAKES\admin`, "cs-username": "absent"},
		},
		{
			"smtp received", "SMTP Receive Protocol Log", smtpNames,
			`2026-01-02T03:04:05.678Z,MAIL01\Default Frontend MAIL01,08DA4F7C11473A60,9,192.0.2.2:25,[2001:db8::7]:53722,>,"535 5.7.3 Authentication unsuccessful, bye",`,
			"exchange//msexchange-smtp of MAIL01",
			map[string]string{"client_ip": "2001:db8::7", "client_port": "53722", "server_ip": "192.0.2.2", "server_port": "25", "data": "535 5.7.3 Authentication unsuccessful, bye", "context": ""},
		},
		{
			"smtp sent", "SMTP Send Protocol Log", smtpNames,
			`2026-01-02T03:04:05.678Z,Internet,08DA4F7C11473A60,0,192.0.2.2:1025,198.51.100.2:25,*,,attempting to connect`,
			"exchange//msexchange-smtp of ",
			map[string]string{"client_ip": "192.0.2.2", "server_ip": "198.51.100.2", "server_port": "25"},
		},
		{
			"imap", "IMAP4 Log", popNames,
			`2026-01-02T03:04:05.678Z,0000000000000001,1,192.0.2.2:993,192.0.2.7:50001,user,3,13,158,login,user ****,"R=""1 NO LOGIN failed."";ErrMsg=AuthFailed",`,
			"exchange//msexchange-imap4 of ",
			map[string]string{"client_ip": "192.0.2.7", "user": "user", "context": `R="1 NO LOGIN failed.";ErrMsg=AuthFailed`},
		},
		{
			"control panel", "ECP Server Log", ecpNames,
			`2026-01-02T03:04:05.678Z,MAIL01,ECP.Request,"S:TIME=13;'S:CMD=Set-OabVirtualDirectory.ExternalUrl=''http://f/<script runat=""server"">;</script>''.Identity=''9''';S:REQID=;S:URL=/ecp/DDI/DDIService.svc/SetObject?schema=OABVirtualDirectory;S:REFERRER=https://mail/ecp/;S:EX=;"`,
			"exchange/webserver/msexchange-ecp of MAIL01",
			map[string]string{
				"Command":     `Set-OabVirtualDirectory.ExternalUrl='http://f/<script runat="server">;</script>'.Identity='9'`,
				"cs-uri-stem": "/ecp/DDI/DDIService.svc/SetObject", "cs-uri-query": "schema=OABVirtualDirectory", "cs-referer": "https://mail/ecp/",
			},
		},
		{
			"control panel, activity", "ECP Activity Context Log", ecpNames,
			`2026-01-02T03:04:05.678Z,MAIL01,Request,S:PSA=x;S:URL=https://localhost:444/ecp/logoff.aspx?a=b;c;S:Bld=15.1;Dbl:MAPI.T[x]=3`,
			"exchange/webserver/msexchange-ecp of MAIL01",
			map[string]string{"cs-uri-stem": "/ecp/logoff.aspx", "cs-uri-query": "a=b;c", "Command": "null"},
		},
		{
			"remote PowerShell", "Rps Http Logs", "DateTime,StartTime,RequestId,UrlHost,UrlStem,AuthenticatedUser,ClientIpAddress,ServerHostName,HttpStatus,ClientInfo,UrlQuery",
			`2026-01-02T03:04:05.678Z,,1,mail,/powershell,LAKES\admin,192.0.2.7 192.0.2.2,MAIL01,200,python-requests/2.28,?X-Rps-CAT=VgEA`,
			"exchange/webserver/msexchange-rps of MAIL01",
			map[string]string{"cs-user-agent": "python-requests/2.28", "cs-uri-query": "X-Rps-CAT=VgEA", "c-ip": "192.0.2.7 192.0.2.2"},
		},
		{
			"request filter", "Http Request Filtering Logs", "DateTime,ServerHostName,HttpMethod,UrlHost,UrlStem,UrlQuery,ServerIP,ScanResult",
			`1/2/2026 3:04:05 AM,MAIL01,POST,localhost,/ecp/x.js,,::1,Detected`,
			"exchange/webserver/msexchange-httprequestfiltering of MAIL01",
			map[string]string{"cs-method": "POST", "s-ip": "::1", "ScanResult": "Detected"},
		},
		{
			"web services", "EWS Logs", "DateTime,RequestId,AuthenticatedUser,UserAgent,ClientIpAddress,ServerHostName,SoapAction,HttpStatus,RequestSize",
			`2026-01-02T03:04:05.678Z,1,a@b.example,ews-client,192.0.2.7,MAIL01,FindItem,200,666`,
			"exchange/webserver/msexchange-ews of MAIL01",
			map[string]string{"SoapAction": "FindItem", "cs-user-agent": "ews-client", "cs-bytes": "666"},
		},
		{
			"something new", "OABGenerator Log", "date-time, Some Column,Some Column,,server",
			`2026-01-02T03:04:05.678Z,a,b,c,MAIL01`,
			"exchange//msexchange-oab of MAIL01", map[string]string{"SomeColumn": "a", "column4": "c"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := head(c.logType, c.fields) + c.line + "\r\n"
			if !Sniff([]byte(text)) {
				t.Error("Sniff = false")
			}
			events, report := readText(t, text)
			if len(events) != 1 || len(report.Damage) != 0 {
				t.Fatalf("%d events, damage %+v", len(events), report.Damage)
			}
			e := events[0]
			if got := fmt.Sprintf("%s/%s/%s of %s", e.Product, e.Category, e.Service, e.Computer); got != c.labels {
				t.Errorf("labels %s, want %s", got, c.labels)
			}
			if !e.Time.Truncate(time.Second).Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
				t.Errorf("time %v", e.Time)
			}
			if diff := cmp.Diff(c.want, shown(e, keys(c.want)...)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWithoutDirectives reads records of logs that were cut.
func TestWithoutDirectives(t *testing.T) {
	for name, c := range map[string]struct{ text, service string }{
		"cut":      {"2026-01-02T03:04:05.678Z,MAIL01,ECP.Request,S:TIME=13;S:CMD=Get-InboxRule;S:URL=/ecp/x.svc", "msexchange-ecp"},
		"quoted":   {`2026-01-02T03:04:05.678Z,MAIL01,ECP.Request,"'S:CMD=Set-X.Y=''a, ""b""''';S:URL=/ecp/x.svc"`, "msexchange-ecp"},
		"cut line": {"41Z,xx,yy\n2026-01-02T03:04:05.678Z,MAIL01,ECP.Request,S:TIME=13;S:CMD=Get-InboxRule", "msexchange-ecp"},
		"smtp":     {`2026-01-02T03:04:05.678Z,MAIL01\Default,08DA4F7C11473A60,9,192.0.2.2:25,192.0.2.7:53722,>,250 OK,`, "msexchange-smtp"},
		"pop":      {`2026-01-02T03:04:05.678Z,0000000000000005,1,192.0.2.2:110,192.0.2.7:55576,user,193,21,69,auth, PLAIN,"R=""-ERR"";x",`, "msexchange-pop3"},
		"imap":     {`2026-01-02T03:04:05.678Z,0000000000000005,1,192.0.2.2:1993,192.0.2.7:55576,user,193,21,69,auth, PLAIN,x,`, "msexchange-imap4"},
		"tracking": {"2026-01-02T03:04:05.678Z,192.0.2.1,c,192.0.2.2,s,,k,STOREDRIVER,DELIVER" + strings.Repeat(",", 21), "msexchange-messagetracking"},
	} {
		t.Run(name, func(t *testing.T) {
			if !Sniff([]byte(c.text)) {
				t.Error("Sniff = false")
			}
			events, report := readText(t, c.text+"\n"+c.text+"\n")
			if name == "cut line" {
				if len(report.Damage) != 2 || report.Damage[0].Lost != 1 {
					t.Errorf("damage %+v, want both lines that were cut", report.Damage)
				}
				report.Damage = nil
			}
			if len(events) != 2 || len(report.Damage) != 0 || events[0].Service != c.service || events[0].Shape != events[1].Shape {
				t.Errorf("%d events, damage %+v", len(events), report.Damage)
			}
		})
	}
}

func TestSniffNot(t *testing.T) {
	for name, text := range map[string]string{
		"empty":             "",
		"IIS":               "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time s-ip cs-method\n2026-01-02 03:04:05 192.0.2.2 GET\n",
		"DHCP":              "#Software: Microsoft DHCP Server\n#Fields: Date, Time, ID, Description\n",
		"W3C":               "#Version: 1.0\n#Fields: date time cs-method\n",
		"Zeek":              "#separator \\x09\n#set_separator\t,\n#fields\tts\tuid\n",
		"other CSV":         "timestamp\n2026-01-02T03:04:05Z\n",
		"quoted CSV":        "\"timestamp\",\"a\",\"b\"\n",
		"no commas":         "2026-01-02T03:04:05.678Z something happened\n",
		"few columns":       "2026-01-02T03:04:05.678Z,MAIL01,x,y\n",
		"nine columns":      "2026-01-02T03:04:05.678Z,a,b,c,d,e,f,g,h\n",
		"zeros":             "\x00\x00\x00\x00",
		"unclosed":          "2026-01-02T03:04:05.678Z,MAIL01,ECP.Request,\"S:TIME=13",
		"mentions":          "# my notes on #Software: Microsoft Exchange Server\n",
		"MySQL":             "2026-01-02T03:04:05.678901Z\t    4 Query\tSELECT 1\n",
		"comment, then CSV": "# x\na,b,c\n",
	} {
		if Sniff([]byte(text)) {
			t.Errorf("%s: Sniff(%q) = true", name, text)
		}
	}
}

func TestSplit(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		var s splitter
		s.split([]byte(line))
		var got []string
		for _, v := range s.values {
			got = append(got, string(v.Raw))
		}
		if s.unclosed {
			got = append(got, "unclosed")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("split(%q) (-want +got):\n%s", line, diff)
		}
		if unclosed := endsQuoted([]byte(line), false); unclosed != s.unclosed {
			t.Errorf("endsQuoted(%q) = %v, want %v", line, unclosed, s.unclosed)
		}
	}
	f("", "")
	f(",", "", "")
	f("a,b", "a", "b")
	f("a,b,", "a", "b", "")
	f(`"a,b",c`, "a,b", "c")
	f(`"a""b",c`, `a"b`, "c")
	f(`"a"b",c`, `a"b`, "c") // lenient: the quote is in the middle
	f(`a"b,c"`, `a"b`, `c"`)
	f(`"",""`, "", "")
	f(`"","`, "", "", "unclosed")
	f(`"`, "", "unclosed")
	f(`""`, "")
	f(`"""`, `"`, "unclosed")
	f(`""""`, `"`)
	f(`"a""`, `a"`, "unclosed")
	f(`x,"a,b`, "x", "a,b", "unclosed")
	f("\"a\nb\",c", "a\nb", "c")
}

func TestRecordOverLines(t *testing.T) {
	const fields = "date-time,a,b"
	f := func(name, body string, want []string, damage ...string) {
		t.Run(name, func(t *testing.T) {
			text := head("X Log", fields) + body
			events, report := readText(t, text)
			var got []string
			for _, e := range events {
				s := fmt.Sprintf("%q %q", e.Text("a"), e.Text("b"))
				got = append(got, s)
				record := text[e.Source.Offset : e.Source.Offset+e.Source.Length]
				if again, _ := readText(t, head("X Log", fields)+record); len(again) != 1 || again[0].Text("b") != e.Text("b") || again[0].Text("a") != e.Text("a") {
					t.Errorf("the bytes of %s are %q", s, record)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			var told []string
			for _, d := range report.Damage {
				told = append(told, fmt.Sprintf("%s: want %s, found %s, lost %d", d.What, d.Want, d.Found, d.Lost))
			}
			if diff := cmp.Diff(damage, told); diff != "" {
				t.Errorf("damage (-want +got):\n%s", diff)
			}
		})
	}
	const at = "2026-01-02T03:04:05.678Z"
	f("two lines", at+",\"x\r\ny\",z\r\n"+at+",1,2\n", []string{`"x\ny" "z"`, `"1" "2"`})
	f("a line of its own in quotes", at+",\"x\n"+at+",forged,line\n\",z\n", []string{`"x\n` + at + `,forged,line\n" "z"`})
	f("empty lines", at+",\"x\n\n\ny\",z\n\n\n"+at+",1,2\n", []string{`"x\n\n\ny" "z"`, `"1" "2"`})
	f("a quote that nothing closes", at+",\"x\n"+at+",1,2\n"+at+",3,4\n", []string{`"x" ""`, `"1" "2"`, `"3" "4"`},
		`record: want 3 columns, found 2: "`+at+`,\"x", lost 0`)
	f("a quote that the next record closes", at+",\"x\n"+at+",\"1\",2\n"+at+",3,4\n", []string{`"x" ""`, `"1" "2"`, `"3" "4"`},
		`record: want 3 columns, found 2: "`+at+`,\"x", lost 0`)
	f("the last column is open", at+",1,\"x\n", []string{`"1" "x"`}, "record: want a quote that ends its last column, found none, lost 0")
	f("half written", at+",1,2\n"+at+",3", []string{`"1" "2"`, `"3" ""`}, "record: want 3 columns, found 2: the last line may be half written, lost 0")
	f("half a time", at+",1,2\n2026-01", []string{`"1" "2"`}, "record: want 3 columns, found 1: the last line may be half written, lost 1")
	f("a log behind it", at+",\"x\n"+head("X Log", fields)+at+",1,2\n", []string{`"x" ""`, `"1" "2"`}, `record: want 3 columns, found 2: "`+at+`,\"x", lost 0`)
	f("garbage", "nothing of use\n"+at+",1,2\n", []string{`"1" "2"`}, `record: want 3 columns, found 1: "nothing of use", lost 1`)
	f("too many columns", at+",1,2,3,4\n", []string{`"1" "2"`}, `record: want 3 columns, found more: "3,4", lost 0`)
	f("no time", "yesterday,1,2\n", []string{`"1" "2"`}, `time: want 2006-01-02T15:04:05.000Z, found "yesterday", lost 0`)
}

func TestChangingColumns(t *testing.T) {
	text := head("X Log", "date-time,a") + "2026-01-02T03:04:05Z,1\n#Fields: date-time,b,a\n2026-01-02T03:04:05Z,2,3\n" +
		head("ECP Server Log", ecpNames) + "2026-01-02T03:04:05Z,S,ECP.Request,S:CMD=x\n" + "#Fields: date-time,a\n2026-01-02T03:04:05Z,4\n"
	events, report := readText(t, text)
	var got []string
	for _, e := range events {
		got = append(got, e.Service+" "+e.Text("a")+" "+e.Text("b")+" "+e.Text("Command"))
	}
	if diff := cmp.Diff([]string{"msexchange 1  ", "msexchange 3 2 ", "msexchange-ecp   x", "msexchange-ecp 4  "}, got); diff != "" || len(report.Damage) != 0 {
		t.Errorf("events (-want +got):\n%s\ndamage %+v", diff, report.Damage)
	}
}

func TestManyDamages(t *testing.T) {
	events, report := readText(t, head("X Log", "date-time,a,b")+strings.Repeat("x\n", lines.MaxDamage+50))
	if len(events) != 0 || len(report.Damage) != lines.MaxDamage+1 {
		t.Fatalf("%d events, %d damages", len(events), len(report.Damage))
	}
	if last := report.Damage[lines.MaxDamage]; last.Found != "50 more" || last.Lost != 50 {
		t.Errorf("last damage %+v", last)
	}
}

// TestOpenQuotes keeps quotes that nothing closes from making a log slow to read.
func TestOpenQuotes(t *testing.T) {
	var b strings.Builder
	b.WriteString(head("X Log", "date-time,a,b"))
	const n = 20000
	for range n {
		b.WriteString("2026-01-02T03:04:05Z,1,\"x\n")
	}
	start := time.Now()
	events, _ := readText(t, b.String())
	if len(events) != n {
		t.Errorf("%d events, want %d", len(events), n)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTime(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var c clock
		for range 2 { // the second time the day is known
			got := "none"
			if at, ok := c.parse([]byte(text)); ok {
				got = at.Format(time.RFC3339Nano)
			}
			if got != want {
				t.Errorf("parse(%q) = %s, want %s", text, got, want)
			}
		}
	}
	f("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z")
	f("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")
	f("2026-01-02T03:04:05", "2026-01-02T03:04:05Z")
	f("2026-01-02 03:04:05.5", "2026-01-02T03:04:05.5Z")
	f("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z")
	f("2026-01-02T03:04:05.1234567890Z", "none")
	f("2026-01-02T03:04:05.678+02:30", "2026-01-02T00:34:05.678Z")
	f("2026-01-02T03:04:05-08:00", "2026-01-02T11:04:05Z")
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z")
	f("2026-02-29T00:00:00Z", "none")
	f("2026-13-01T00:00:00Z", "none")
	f("2026-01-02T24:00:00Z", "none")
	f("2026-01-02T03:04:05X", "none")
	f("2026-01-02T03:04:05+99:00", "none")
	f("20a6-01-02T03:04:05Z", "none")
	f("1/2/2026 3:04:05 AM", "2026-01-02T03:04:05Z")
	f("12/31/2026 11:04:05 PM", "2026-12-31T23:04:05Z")
	f("13/31/2026 11:04:05 PM", "none")
	f("", "none")
}

func TestStops(t *testing.T) {
	text := head("X Log", "date-time,a") + strings.Repeat("2026-01-02T03:04:05Z,\"1\n2\"\n", 5)
	f, err := Open(strings.NewReader(text), int64(len(text)), "x", lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	report, err := NewReader(lines.Options{}).Read(f, f.Units()[0], func(*event.Event) bool { n++; return n < 2 })
	if err != nil || n != 2 || report.Events != 2 {
		t.Errorf("%d events, report %+v, %v", n, report, err)
	}
}
