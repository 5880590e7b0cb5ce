// Package syslog reads what syslog daemons of Unix write, and what programs log through them:
// sshd, sudo, cron, PAM, Postfix, Dovecot, Exim, iptables, auditd, Sysmon for Linux, and appliances
// that send CEF or LEEF. In goes a file; out come events with the labels and field names that
// Sigma's rules for Linux use.
//
// The formats: RFC 3164 (BSD syslog, as it is found), RFC 5424, and rsyslog's file formats
// (https://www.rsyslog.com/doc/configuration/templates.html), with or without the priority:
//
//	<34>Oct 11 22:14:15 mymachine su[230]: message
//	<165>1 2003-10-11T22:14:15.003Z host app procid msgid [id name="value"] message
//	2021-03-06T04:07:33.194677+00:00 host tag[pid]: message
//	2021-05-28 18:08:34,399 host proftpd[498819] message
//
// Dovecot's and vsftpd's own logs are close enough to be read here too. A line that begins with no
// time belongs to the record before it.
package syslog

import (
	"io"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head is a log of a syslog daemon: most of its first
// lines begin as such lines do.
func Sniff(head []byte) bool {
	const enough = 50 // lines that are looked at
	yes, no := lines.Vote(head, enough, func(line []byte) (is, tells bool) {
		is = isSyslog(line)
		return is, is || line[0] != ' ' && line[0] != '\t' // these carry on the line before
	})
	return yes > 0 && yes >= no
}

// isSyslog tells whether a line is certainly one: a time alone begins many logs.
func isSyslog(line []byte) bool {
	h, ok := readHeader(line)
	if !ok {
		return false
	}
	switch {
	case h.pri >= 0, h.fortinet, h.kiwi:
		return true
	case h.stamp.Style == record.BSD:
		return h.host != nil || h.tagged
	case h.stamp.Style == record.Ctime:
		return h.own != ""
	case h.stamp.Style == record.Blank:
		return h.tagged && h.host != nil && h.pid != nil || h.own == "dovecot" && isDovecot(until(h.message, ":(<"))
	}
	return h.host != nil && (h.tagged && h.program != nil || h.stamp.Zoned && lines.IsAddress(h.host))
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. Lines that leave out the year are of the latest one in which they are not after
// opt.Newest; without that their events have no time. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}
