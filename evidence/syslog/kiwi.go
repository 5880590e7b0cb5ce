package syslog

import (
	"bytes"

	"aldebaran/evidence/record"
)

// readKiwi reads a line of the files of Kiwi Syslog Server, whose columns are divided by tabs (its guide,
// "Log File Formats", "Kiwi format ISO"): the time of the server, FACILITY.LEVEL, who sent it, and what was sent
// without its priority, but often with the header of the sender, whose names go before:
//
//	2026-03-01	08:00:00	Local4.Info	192.0.2.1	Mar  1 08:00:00 srv1 sshd[12]: Failed password for root from ...
func readKiwi(line []byte) (h header, ok bool) {
	const date, stamp = len("2026-03-01"), len("2026-03-01\t08:00:00")
	if len(line) <= stamp || line[date] != '\t' || line[stamp] != '\t' || line[4] != '-' || line[7] != '-' {
		return h, false
	}
	number := func(from, to int) (n int) {
		for _, c := range line[from:to] {
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	s := record.Stamp{Style: record.ISO, Year: number(0, 4), Month: number(5, 7), Day: number(8, 10)}
	if s.Year < 0 || s.Month < 1 || s.Month > 12 || s.Day < 1 || s.Day > 31 {
		return h, false
	}
	if end, ok := s.ReadTime(line, date+1); !ok || end != stamp {
		return h, false
	}
	s.Length = stamp
	priority, rest, _ := bytes.Cut(line[stamp+1:], []byte{'\t'})
	host, message, ok := bytes.Cut(rest, []byte{'\t'})
	_, level, dotted := bytes.Cut(priority, []byte{'.'})
	if !ok || !dotted || len(host) == 0 || bytes.IndexByte(host, ' ') >= 0 {
		return h, false
	}
	switch string(level) {
	case "Emerg", "Alert", "Critical", "Error", "Warning", "Notice", "Info", "Debug":
	default:
		return h, false
	}
	if _, timed := record.ReadStamp(message); timed {
		if inner, ok := readHeader(message); ok && inner.host != nil {
			inner.stamp, inner.level, inner.kiwi = s, level, true
			return inner, true
		}
	}
	h = header{stamp: s, pri: -1, level: level, host: host, message: message, kiwi: true}
	if program, pid, length, ok := readTag(message); ok {
		h.program, h.pid, h.tagged = program, pid, true
		h.message = trimLeft(message[length:])
	}
	return h, true
}
