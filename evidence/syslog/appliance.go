package syslog

import (
	"bytes"

	"aldebaran/evidence/record"
)

// mnemonic gives the name of a message of Cisco's systems, "%SYS-5-CONFIG_I" (System Message Guide,
// "%FACILITY-SEVERITY-MNEMONIC:"), nil if there is none near the beginning.
func mnemonic(m []byte) []byte {
	const near = 100 // a sequence number and a time of its own may stand before it
	at := bytes.IndexByte(m[:min(len(m), near)], '%')
	if at < 0 {
		return nil
	}
	name := m[at:]
	end := bytes.IndexByte(name[:min(len(name), near)], ':')
	if end < 0 {
		return nil
	}
	name = name[:end]
	dashes := 0
	for _, c := range name[1:] {
		switch {
		case c == '-':
			dashes++
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', 'a' <= c && c <= 'z':
		default:
			return nil
		}
	}
	if dashes < 2 {
		return nil
	}
	return name
}

// cisco labels a message of Cisco's systems. Commands that somebody typed are service aaa, whoever
// logged them: IOS's archive of configurations, AAA accounting, or an ASA.
func (r *Reader) cisco(name []byte) {
	e := &r.rec.Event
	e.Product, e.Service = "cisco", "syslog"
	r.rec.Add("mnemonic", name)
	switch facility := until(name[1:], "-"); string(facility) {
	case "BGP":
		e.Service = "bgp"
	case "LDP":
		e.Service = "ldp"
	case "AAA", "AAAA", "PARSER", "TAC", "TACACS", "HA_EM", "SHELL":
		e.Service = "aaa"
	case "ASA", "FTD", "PIX":
		if bytes.Contains(name, []byte("-11100")) || bytes.HasSuffix(name, []byte("-111010")) {
			e.Service = "aaa" // 111008, 111009, 111010: User 'x' executed the 'y' command
		}
	}
}

// huawei labels a message of Huawei's systems, "%%01BGP/3/STATE_CHG(l): ..."; ok is false if it is
// none.
func (r *Reader) huawei(m []byte) (ok bool) {
	const near, version = 60, 2 // bytes in front of it, digits
	name, ok := after(m[:min(len(m), near)], "%%")
	if !ok || len(name) <= version || !digits(name[:version]) {
		return false
	}
	e := &r.rec.Event
	e.Product, e.Service = "huawei", ""
	switch module := until(name[version:], "/"); string(module) {
	case "BGP":
		e.Service = "bgp"
	case "LDP":
		e.Service = "ldp"
	}
	return true
}

// routing labels what Juniper's routing daemon wrote.
func (r *Reader) routing(m []byte) {
	e := &r.rec.Event
	e.Product, e.Service = "juniper", ""
	switch {
	case containsFold(m, "BGP"):
		e.Service = "bgp"
	case containsFold(m, "LDP"):
		e.Service = "ldp"
	}
}

// readFortinet reads the time of a line of Fortinet's systems:
//
//	date=2026-03-01 time=08:00:00 devname=fw1 devid=FG1 type=event action="Add" cfgpath="system.admin"
//
// (FortiOS Log Message Reference, "Log message format").
func readFortinet(b []byte) (s record.Stamp, ok bool) {
	const (
		date = "date=2026-03-01 time="
		both = len(date) + len("08:00:00")
	)
	if len(b) < both || !bytes.HasPrefix(b, []byte("date=")) || string(b[15:21]) != " time=" {
		return s, false
	}
	var text [19]byte
	copy(text[:], b[5:15])
	text[10] = ' '
	copy(text[11:], b[len(date):both])
	if s, ok = record.ReadStamp(text[:]); !ok {
		return s, false
	}
	s.Length = both
	if tz, there := after(b, ` tz="`); there && len(tz) > 5 {
		if h, m := tz[1:3], tz[3:5]; (tz[0] == '+' || tz[0] == '-') && digits(h) && digits(m) {
			s.Zone, s.Zoned = (int(h[0]-'0')*10+int(h[1]-'0'))*3600+(int(m[0]-'0')*10+int(m[1]-'0'))*60, true
			if tz[0] == '-' {
				s.Zone = -s.Zone
			}
		}
	}
	return s, true
}

// fortinet adds the pairs of a line of Fortinet's systems by their own names, and the names that
// Sigma's taxonomy has for category firewall.
func (r *Reader) fortinet(m []byte) {
	rec, e := r.rec, &r.rec.Event
	e.Product = "fortigate"
	for len(m) > 0 {
		m = bytes.TrimLeft(m, " ,")
		eq := bytes.IndexByte(m, '=')
		if eq <= 0 {
			return
		}
		name := m[:eq]
		if i := bytes.LastIndexByte(name, ' '); i >= 0 {
			name = name[i+1:]
		}
		m = m[eq+1:]
		var value []byte
		if len(m) > 0 && m[0] == '"' {
			end := bytes.IndexByte(m[1:], '"')
			if end < 0 {
				end = len(m) - 1
			}
			value, m = m[1:1+end], m[min(end+2, len(m)):]
		} else {
			value = until(m, " ")
			m = m[len(value):]
		}
		if len(name) == 0 || len(name) > maxPairName {
			continue
		}
		rec.AddNamed(name, value)
		switch string(name) {
		case "type":
			e.Service = rec.String(value)
		case "devname":
			e.Computer = rec.String(value)
		case "devid", "device_id":
			if !bytes.HasPrefix(value, []byte("FG")) {
				e.Product = "fortinet" // a FortiMail, FortiWeb, ...
			}
		case "srcip", "src":
			e.Category = "firewall"
			rec.Add("src_ip", value)
		case "dstip", "dst":
			rec.Add("dst_ip", value)
		case "srcport", "src_port":
			rec.Add("src_port", value)
		case "dstport", "dst_port":
			rec.Add("dst_port", value)
		}
	}
}
