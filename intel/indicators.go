package intel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxIndicatorLine bounds a line of a list; the longest in real ones are URLs of some 2 kB.
	maxIndicatorLine = 64 << 10
	// maxIndicators bounds what one file may hold; the largest public feeds have about 2 million.
	maxIndicators = 5_000_000
	// maxIndicatorJSON bounds a MISP event or a STIX bundle, which is held in memory.
	maxIndicatorJSON = 256 << 20
)

// ReadIndicators reads indicators in any form that we know, by its content: our indicators.csv, a
// MISP event, a STIX bundle, or a list with one value on each line. What cannot be used is a problem,
// with its line; the error is of reading alone. Values may be defanged. The name is for problems,
// and tells lists of regular expressions by "filename" in it, as LOKI does.
func ReadIndicators(r io.Reader, name string) ([]Indicator, []Problem, error) {
	return AppendIndicators(nil, r, name)
}

// AppendIndicators reads as [ReadIndicators] does and puts what it reads behind list, so that a large file is not in
// memory twice.
func AppendIndicators(list []Indicator, r io.Reader, name string) ([]Indicator, []Problem, error) {
	in := &indicatorReader{name: name, list: list, before: len(list), size: sizeOf(r)}
	b := bufio.NewReaderSize(&countedReader{r, &in.read}, maxIndicatorLine)
	head, err := b.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return list, nil, fmt.Errorf("%s: %w", name, err)
	}
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(head, "[ \t\r\n"), []byte("{")):
		err = in.readJSON(b)
	case isIndicatorCSV(head):
		err = in.readCSV(b)
	default:
		err = in.readList(b)
	}
	if err != nil {
		return list, nil, fmt.Errorf("%s: %w", name, err)
	}
	return in.list, in.problems.told(name), nil
}

// sizeOf is the number of bytes that can be read, 0 if that is not known.
func sizeOf(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len())
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return 0
}

// A countedReader adds up what is read of it.
type countedReader struct {
	io.Reader
	n *int64
}

func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	*r.n += int64(n)
	return n, err
}

// An indicatorReader collects what is read of one file.
type indicatorReader struct {
	name       string
	list       []Indicator
	before     int   // how many were in the list
	size, read int64 // of the file, in bytes; 0 for a size that is not known
	problems   problemList
}

func (in *indicatorReader) problem(line int, format string, args ...any) {
	in.problems.add(in.name, line, format, args...)
}

// add takes an indicator whose Value is still as it was written.
func (in *indicatorReader) add(i Indicator) {
	if len(in.list)-in.before >= maxIndicators {
		in.problem(i.Line, "want at most %d indicators in a file, found more", maxIndicators)
		return
	}
	value, err := Normalize(i.Type, Refang(i.Value))
	if err != nil {
		in.problem(i.Line, "%v", err)
		return
	}
	i.Value, i.Pack = value, in.name
	i.Note = oneLine(i.Note)
	if len(in.list) == cap(in.list) {
		in.list = slices.Grow(in.list, in.more())
	}
	in.list = append(in.list, i)
}

// more says for how many indicators room is made when there is none left: for those that the rest of the file has if it
// goes on as it began, as growing by doubling needs twice the memory; not for more than a few times those that there are, as
// it may go on otherwise.
func (in *indicatorReader) more() int {
	const few, times = 64, 16
	have := len(in.list) - in.before
	if in.size <= in.read || in.read == 0 {
		return max(have, few)
	}
	left := float64(have) * float64(in.size-in.read) / float64(in.read)
	return max(few, min(int(left*1.1)+few, times*have))
}

// maxNote is how much of a comment is kept.
const maxNote = 1000

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) > maxNote {
		s = s[:maxNote]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// typeNames are the types of indicators by the names that people, MISP and OpenIOC's heirs give them.
var typeNames = map[string]IndicatorType{
	"domain": Domain, "hostname": Domain, "host": Domain, "fqdn": Domain, "domain-name": Domain,
	"ip": IP, "ipv4": IP, "ipv6": IP, "ip-dst": IP, "ip-src": IP, "ipv4-addr": IP, "ipv6-addr": IP, "address": IP,
	"cidr": CIDR, "network": CIDR, "netblock": CIDR,
	"url": URL, "uri": URL, "link": "",
	"email": Email, "e-mail": Email, "email-src": Email, "email-dst": Email, "email-addr": Email, "email-reply-to": Email,
	"md5": MD5, "sha1": SHA1, "sha-1": SHA1, "sha256": SHA256, "sha-256": SHA256, "sha512": SHA512, "sha-512": SHA512,
	"imphash": Imphash, "filename": FileName, "file": FileName, "file-name": FileName,
	"filepath": FilePath, "path": FilePath, "file-path": FilePath, "directory": FilePath,
	"registry": RegistryKey, "regkey": RegistryKey, "registry-key": RegistryKey, "windows-registry-key": RegistryKey,
	"mutex": Mutex, "named pipe": Mutex, "pipe": Mutex, "named-pipe": Mutex,
	"user-agent": UserAgent, "useragent": UserAgent, "http-user-agent": UserAgent,
	"certificate": Certificate, "x509-fingerprint-sha1": Certificate, "x509-fingerprint-sha256": Certificate,
	"x509-fingerprint-md5": Certificate, "serial-number": Certificate, "x509-certificate": Certificate,
	"ja3": JA3, "ja3s": JA3, "ja3-fingerprint-md5": JA3, "ja3s-fingerprint-md5": JA3,
	"account": Account, "user": Account, "username": Account, "target-user": Account, "user-account": Account,
}

// typed gives the type that a value really has, where the name that it was listed under is wider:
// an address that is a network, a name of a file that is a path.
func typed(t IndicatorType, value string) IndicatorType {
	switch {
	case t == IP && strings.Contains(value, "/"):
		return CIDR
	case t == FileName && strings.ContainsAny(value, `\/`):
		return FilePath
	case t == Domain && isAddress(value):
		return IP
	}
	return t
}

func isAddress(value string) bool {
	_, ok := parseIP(Refang(value))
	return ok
}

// parseTime reads a date or an RFC 3339 time; the zero time is not known.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	d, err := ParseDate(s)
	if err != nil {
		return time.Time{}, err
	}
	from, _, _ := d.Span()
	return from, nil
}
