//go:build unix

package sigma_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/ncsa"
	"aldebaran/evidence/w3c"
	"aldebaran/match/sigma"
)

// webRequest makes the parts of an ordinary request: a fifth has a query, a twentieth of those that
// have one something to decode.
func webRequest(r *rand.Rand) (client, method, path, query, agent string, status int) {
	paths := [...]string{"/", "/owa/", "/owa/auth/logon.aspx", "/ecp/default.aspx", "/Microsoft-Server-ActiveSync/default.eas", "/autodiscover/autodiscover.xml", "/mapi/emsmdb/", "/ews/exchange.asmx", "/static/js/app.js", "/images/picture.png"}
	agents := [...]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5404; Pro)", "Apple-iPhone12C1/1902.57", "curl/8.5.0",
	}
	client = fmt.Sprintf("192.0.2.%d", r.IntN(250))
	method = [...]string{"GET", "GET", "GET", "POST"}[r.IntN(4)]
	path = paths[r.IntN(len(paths))]
	if r.IntN(2) == 0 {
		path += fmt.Sprintf("item%d/%x.aspx", r.IntN(1000), r.Uint32())
	}
	switch r.IntN(20) {
	case 0, 1, 2:
		query = fmt.Sprintf("Cmd=Sync&User=synthetic%d&DeviceId=%x&DeviceType=Outlook", r.IntN(500), r.Uint64())
	case 3:
		query = fmt.Sprintf("url=https%%3a%%2f%%2fmail.example.test%%2fowa%%2f%x&reason=0", r.Uint32())
	}
	return client, method, path, query, agents[r.IntN(len(agents))], [...]int{200, 200, 200, 302, 401, 404}[r.IntN(6)]
}

const webLogSize = 8 << 20

func syntheticW3C() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-03-01 00:00:00\r\n" +
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n")
	for i := 0; b.Len() < webLogSize; i++ {
		client, method, path, query, agent, status := webRequest(r)
		if query == "" {
			query = "-"
		}
		sec := i / 20
		fmt.Fprintf(&b, "2026-03-01 %02d:%02d:%02d 198.51.100.1 %s %s %s 443 - %s %s - %d 0 0 %d\r\n", sec/3600%24, sec/60%60, sec%60,
			method, path, query, client, bytes.ReplaceAll([]byte(agent), []byte{' '}, []byte{'+'}), status, r.IntN(900))
	}
	return b.Bytes()
}

func syntheticCombined() []byte {
	r := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for i := 0; b.Len() < webLogSize; i++ {
		client, method, path, query, agent, status := webRequest(r)
		if query != "" {
			path += "?" + query
		}
		sec := i / 20
		fmt.Fprintf(&b, "%s - - [01/Mar/2026:%02d:%02d:%02d +0300] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\"\n",
			client, sec/3600%24, sec/60%60, sec%60, method, path, status, r.IntN(90000), agent)
	}
	return b.Bytes()
}

// webLogs are synthetic access logs, and how each is read by one reader into f.
var webLogs = []struct {
	name string
	make func() []byte
	open func(b testing.TB, data []byte) func(f func(*event.Event) bool)
}{
	{"w3c", syntheticW3C, func(tb testing.TB, data []byte) func(func(*event.Event) bool) {
		log, err := w3c.Open(bytes.NewReader(data), int64(len(data)), "u_ex.log", lines.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		r := w3c.NewReader(lines.Options{})
		return func(f func(*event.Event) bool) {
			for _, u := range log.Units() {
				if rep, err := r.Read(log, u, f); err != nil || len(rep.Damage) > 0 {
					tb.Fatal(err, rep.Damage)
				}
			}
		}
	}},
	{"ncsa", syntheticCombined, func(tb testing.TB, data []byte) func(func(*event.Event) bool) {
		log, err := ncsa.Open(bytes.NewReader(data), int64(len(data)), "access.log", lines.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		r := ncsa.NewReader(lines.Options{})
		return func(f func(*event.Event) bool) {
			for _, u := range log.Units() {
				if rep, err := r.Read(log, u, f); err != nil || len(rep.Damage) > 0 {
					tb.Fatal(err, rep.Damage)
				}
			}
		}
	}},
}

// BenchmarkHuntWeb reads access logs and matches all of SigmaHQ's rules, of which those for web
// servers look at them. The value cache is emptied before each round.
func BenchmarkHuntWeb(b *testing.B) {
	rules := corpustest.Path(b, "sigma/rules")
	c, err := sigma.Load([]string{filepath.Join(rules, "rules"), filepath.Join(rules, "rules-emerging-threats"), filepath.Join(rules, "rules-threat-hunting")}, sigma.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		b.Fatal(err)
	}
	for _, log := range webLogs {
		data := log.make()
		b.Run(log.name, func(b *testing.B) {
			m := set.NewMatcher()
			read := log.open(b, data)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				m.ForgetValues()
				read(func(e *event.Event) bool { m.Match(e); return true })
			}
			cpu := cpuTime() - start
			b.ReportMetric(float64(b.N)*float64(len(data))/1e6/cpu.Seconds(), "MB/CPU-s")
			s := m.Stats()
			b.ReportMetric(float64(s.Lookups)/float64(s.Events), "lookups/event")
			b.ReportMetric(float64(s.Scans)/float64(s.Events), "scans/event")
		})
		b.Run(log.name+"-read", func(b *testing.B) {
			read := log.open(b, data)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				read(func(*event.Event) bool { return true })
			}
			b.ReportMetric(float64(b.N)*float64(len(data))/1e6/(cpuTime()-start).Seconds(), "MB/CPU-s")
		})
	}
}
