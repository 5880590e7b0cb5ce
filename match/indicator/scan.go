package indicator

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"
	"unicode/utf8"

	"aldebaran/intel"
)

// scan cuts the text at hand into runs of what names and numbers consist of, and looks up what they
// can be.
func (m *Matcher) scan() {
	m.colonEnd, m.keys, m.ends = 0, 0, 0
	m.soft, m.hard, m.marked = 0, 0, 0
	s := m.set
	if m.slow || !m.ascii || s.bareName || s.has[hexKey] && longHex(m.low, s.shortHex, 1) {
		m.scanRuns()
	} else {
		m.scanDividers()
	}
}

// scanDividers looks at the runs of a text in which names have dots, and nothing else is to be found: no
// hashes, and no characters beyond ASCII. Most of a text is between them.
func (m *Matcher) scanDividers() {
	t := m.low
	done := 0 // the end of the last run
	for i := 0; i < len(t); i += 8 {
		for found := divider(wordAt(t, i)); found != 0; found &= found - 1 {
			k := i + bits.TrailingZeros64(found)/8
			if k >= len(t) {
				break
			}
			switch t[k] {
			case '.':
				if k >= done {
					start, end := k, k+1
					for start > done && class[t[start-1]] != 0 {
						start--
					}
					for end < len(t) && class[t[end]] != 0 {
						end++
					}
					m.run(start, end, dotByte)
					done = end
				}
			case ':':
				if k >= m.colonEnd {
					m.colons(k)
				}
				m.before(k, done)
			case '\\':
				m.before(k, done)
			}
		}
	}
}

// before looks at the word before a colon or a backslash, if it can be the root of a key of the registry or what
// objects stand in.
func (m *Matcher) before(k, done int) {
	s, t := m.set, m.low
	if !s.has[registryKey] && !s.has[objectKey] || k < shortRun || k == done {
		return
	}
	switch string(t[k-2 : k]) {
	case "lm", "cu", "cr", "ku", "ne", "er", "ot", "rs", "ry": // hklm to hkey_users, \registry
	case "pe", "al", "ts": // pipe, global, basenamedobjects
	default:
		return
	}
	start := k
	for start > done && class[t[start-1]] != 0 {
		start--
	}
	m.word(start, k)
}

// scanRuns looks at all runs.
func (m *Matcher) scanRuns() {
	t := m.low
	for i := 0; i < len(t); {
		c := t[i]
		f := class[c]
		if f == 0 {
			if i++; c == ':' && i > m.colonEnd {
				m.colons(i - 1)
			}
			continue
		}
		start := i
		for i++; i < len(t); i++ {
			g := class[t[i]]
			if g == 0 {
				break
			}
			f |= g
		}
		if i-start >= shortRun || f&dotByte != 0 || m.set.bareName {
			m.run(start, i, f)
			m.word(start, i)
		}
	}
	if m.set.bareName {
		m.fileAtEnd()
	}
}

// shortRun is the length of the shortest word without a dot that means anything: hku, a part of pipe\x.
const shortRun = 3

// run looks up t[start:end], a run of letters, digits, hyphens, underscores, dots and characters
// beyond ASCII; f is what it has of them, as far as it matters.
func (m *Matcher) run(start, end int, f uint8) {
	s, t := m.set, m.low
	if f == hexByte {
		if n := end - start; n <= maxHex && s.hexLen[n] {
			m.exact(hexKey, t[start:end], start, end)
		}
	}
	if f != hexByte && end-start > s.shortHex && s.has[hexKey] {
		m.hexWithin(start, end)
	}
	if f&highByte != 0 && f&dotByte == 0 && s.hasHost && wideDot(t[start:end]) {
		m.international(start, end)
	}
	if f&dotByte == 0 {
		if s.hasFile && s.bareName {
			m.file(start, end)
		}
		return
	}
	a, b := start, end
	for a < b && t[a] == '.' {
		a++
	}
	for a < b && t[b-1] == '.' {
		b--
	}
	if a < b && isDigit(t[b-1]) && m.ipv4(a, b) {
		return
	}
	last := uint64(hashStart)
	for k := b; k > a && t[k-1] != '.'; k-- {
		last = (last ^ uint64(t[k-1])) * hashPrime
	}
	if b-a >= shortest && (f&highByte != 0 || s.hostEnds.has(last)) {
		m.host(a, b, f)
	}
	if s.hasFile && (s.bareName || s.fileEnds.has(last)) {
		m.file(start, end)
	}
}

// word looks up what begins with t[start:end]: a key of the registry, an object.
func (m *Matcher) word(start, end int) {
	s, t := m.set, m.low
	if c := t[start]; s.has[registryKey] && end-start >= shortRun && (c == 'h' && t[start+1] == 'k' || c == 'r' && start > 0 && t[start-1] == '\\') {
		m.registry(start, end)
	}
	if s.has[objectKey] && end < len(t) && t[end] == '\\' {
		m.object(start, end)
	}
}

// hexWithin looks up the hashes in names such as "sample_<hash>.vir".
func (m *Matcher) hexWithin(start, end int) {
	t := m.low
	for i := start; i < end; i++ {
		from := i
		for i < end && class[t[i]] == hexByte {
			i++
		}
		if n := i - from; n > 0 && n <= maxHex && m.set.hexLen[n] && (i == end || !isLetter(t[i])) && (from == start || !isLetter(t[from-1])) {
			m.exact(hexKey, t[from:i], from, i)
		}
	}
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ipv4 looks up four decimal numbers; false if the run is something else.
func (m *Matcher) ipv4(a, b int) bool {
	if b-a < len("1.1.1.1") || b-a > len("255.255.255.255") {
		return false
	}
	var ip [4]byte
	part, n, digits := 0, 0, 0
	for _, c := range m.low[a:b] {
		switch {
		case c == '.':
			if digits == 0 || part == 3 {
				return false
			}
			ip[part] = byte(n)
			part, n, digits = part+1, 0, 0
		case '0' <= c && c <= '9':
			if n = n*10 + int(c-'0'); n > 255 || digits == 3 {
				return false
			}
			digits++
		default:
			return false
		}
	}
	if part != 3 || digits == 0 {
		return false
	}
	ip[3] = byte(n)
	if at := int(ip[0])<<8 | int(ip[1]); m.set.v4[at/64]>>(at%64)&1 != 0 {
		m.address(netip.AddrFrom4(ip), a, b)
	}
	if m.set.urlIP {
		m.urlAt(a, b, hashBack(m.low[a:b]))
	}
	return true
}

// address looks up an address and the networks that it is in.
func (m *Matcher) address(ip netip.Addr, start, end int) {
	a := ip.As16()
	hi, lo := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(a[8:])
	m.probe(ipKey, ipKey.of(hashBits(hi, lo, 128)), a[:], start, end)
	lengths, wide := m.set.nets6, 0
	if ip.Is4() {
		lengths, wide = m.set.nets4, 96
	}
	for _, length := range lengths {
		hi, lo := firstBits(hi, lo, wide+length)
		if h := netKey.of(hashBits(hi, lo, uint64(length))); m.set.table.may(netKey, h) {
			var key [17]byte
			binary.BigEndian.PutUint64(key[:], hi)
			binary.BigEndian.PutUint64(key[8:], lo)
			key[16] = byte(length)
			m.probe(netKey, h, key[:], start, end)
		}
	}
}

// firstBits clears all but the first n of 128 bits.
func firstBits(hi, lo uint64, n int) (uint64, uint64) {
	if n <= 64 {
		return hi &^ (^uint64(0) >> n), 0
	}
	return hi, lo &^ (^uint64(0) >> (n - 64))
}

// maxColons is how long a text with colons can be that we read: a fingerprint of 64 bytes.
const maxColons = 3 * maxHex / 2

// colons looks at an IPv6 address, or at a fingerprint written in pairs, around the colon at i.
func (m *Matcher) colons(i int) {
	t := m.low
	if i+1 == len(t) || class[t[i+1]]&hexByte == 0 && t[i+1] != ':' {
		return // what is before it was looked at
	}
	start, end := i, i+1
	for start > m.colonEnd && i-start < maxColons && (class[t[start-1]]&hexByte != 0 || t[start-1] == ':') {
		start--
	}
	for end < len(t) && end-start < maxColons && (class[t[end]]&(hexByte|dotByte) != 0 || t[end] == ':') {
		end++
	}
	m.colonEnd = end
	if start > 0 && class[t[start-1]]&runBytes != 0 || end < len(t) && class[t[end]]&runBytes != 0 {
		return
	}
	for end > start && t[end-1] == '.' {
		end--
	}
	text := t[start:end]
	n := bytes.Count(text, []byte{':'})
	if digits := 2 * (n + 1); len(text) == digits+n && digits <= maxHex && m.set.hexLen[digits] && isPairs(text) {
		m.key = m.key[:0]
		for _, c := range text {
			if c != ':' {
				m.key = append(m.key, c)
			}
		}
		m.exact(hexKey, m.key, start, end)
		return
	}
	const longest = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")
	if !m.set.hasIP || n < 2 || n > 8 || len(text) > longest ||
		n < 6 && !bytes.Contains(text, []byte("::")) {
		return // most are times
	}
	if ip, err := netip.ParseAddr(string(text)); err == nil {
		m.address(ip.Unmap(), start, end)
		if m.set.urlIP && start > 0 && t[start-1] == '[' && end < len(t) && t[end] == ']' {
			m.urlAt(start-1, end+1, hashBack([]byte(ip.Unmap().String())))
		}
		return
	}
	// "2001:db8::1:443" and "fe80::1:" are no addresses, "::1:" has a colon too many.
	if text = bytes.TrimRight(text, ":"); len(text) > 0 {
		if ip, err := netip.ParseAddr(string(text)); err == nil {
			m.address(ip.Unmap(), start, start+len(text))
		}
	}
}

// isPairs tells whether every third character is a colon.
func isPairs(text []byte) bool {
	for i := 2; i < len(text); i += 3 {
		if text[i] != ':' {
			return false
		}
	}
	return true
}

// host looks up a name of several labels, as a domain with all above it, as the host of an URL and as
// that of an e-mail address.
func (m *Matcher) host(a, b int, f uint8) {
	t := m.low
	isMail := a > 0 && t[a-1] == '@' && m.set.has[emailKey]
	switch {
	case f&highByte != 0:
		if isMail {
			m.email(a, b)
		}
		if m.set.hasHost && !m.inPath(a) {
			m.international(a, b)
		}
	case m.set.table.may(tailKey, tailKey.of(tailHash(t[a:b]))):
		if isMail {
			m.email(a, b)
		}
		if m.set.hasHost && !m.inPath(a) {
			m.domains(t[a:b], a, b)
		}
	}
}

// tailHash is the hash of the last two labels of a name.
func tailHash(name []byte) uint64 {
	h, dots := uint64(hashStart), 0
	for k := len(name) - 1; k >= 0; k-- {
		if name[k] == '.' {
			if dots++; dots == 2 {
				break
			}
		}
		h = (h ^ uint64(name[k])) * hashPrime
	}
	return h
}

// inPath tells whether what starts at a is a part of a path of Windows: it stands behind one
// backslash, or behind two that are one escaped. \\evil.com\share is a host.
func (m *Matcher) inPath(a int) bool {
	t := m.low
	if a == 0 || t[a-1] != '\\' {
		return false
	}
	if a == 1 || t[a-2] != '\\' {
		return true
	}
	return a > 2 && (class[t[a-3]] != 0 || t[a-3] == ':')
}

// domains looks up a name in ASCII and the domains above it; a and b are where it stands in the text.
// Most names end after two labels, as no indicator ends in them.
func (m *Matcher) domains(name []byte, a, b int) {
	h := uint64(hashStart)
	dots := 0
	for k := len(name) - 1; k >= 0; k-- {
		if name[k] == '.' {
			if dots++; dots == 2 && !m.set.table.may(tailKey, tailKey.of(h)) {
				return
			}
			if dots >= 2 && m.set.has[domainKey] {
				m.probe(domainKey, domainKey.of(h), name[k+1:], a, b)
			}
		}
		h = (h ^ uint64(name[k])) * hashPrime
	}
	if dots == 0 || dots == 1 && !m.set.table.may(tailKey, tailKey.of(h)) {
		return
	}
	if m.set.has[domainKey] {
		m.probe(domainKey, domainKey.of(h), name, a, b)
	}
	if m.set.has[urlKey] {
		m.urlAt(a, b, h)
	}
}

// international looks up a name beyond ASCII in its ASCII form; and, as words of languages without
// blanks stand next to addresses, what of it is in ASCII.
func (m *Matcher) international(a, b int) {
	t := m.low
	m.name = m.name[:0]
	if b-a <= maxName {
		ok := true
		for label := range strings.SplitSeq(strings.Trim(wideDots.Replace(string(t[a:b])), "."), ".") {
			if len(m.name) > 0 {
				m.name = append(m.name, '.')
			}
			if m.name, ok = intel.AppendASCIILabel(m.name, label); !ok {
				break
			}
		}
		if ok {
			m.domains(m.name, a, b)
		}
	}
	for i := a; i < b; i++ {
		if t[i] >= utf8.RuneSelf {
			continue
		}
		start := i
		for i < b && t[i] < utf8.RuneSelf {
			i++
		}
		if name := bytes.Trim(t[start:i], ".-_"); len(name) >= shortest {
			at := start + bytes.Index(t[start:i], name)
			m.domains(name, at, at+len(name))
		}
	}
}

// wideDots are the other characters that end labels: RFC 3490 section 3.1.
var wideDots = strings.NewReplacer("。", ".", "．", ".", "｡", ".")

func wideDot(b []byte) bool {
	return bytes.Contains(b, []byte("。")) || bytes.Contains(b, []byte("．")) || bytes.Contains(b, []byte("｡"))
}

// maxName is the longest run that is taken for a name: 253 bytes of ASCII, four for a character.
const maxName = 4 * 253

// maxLocal is how long the part of an address before the @ can be (RFC 5321 section 4.5.3.1.1).
const maxLocal = 64

func (m *Matcher) email(a, b int) {
	t := m.low
	start := a - 1
	for start > 0 && a-start <= maxLocal && (class[t[start-1]] != 0 || t[start-1] == '+' || t[start-1] == '%') {
		start--
	}
	if start == a-1 {
		return
	}
	m.exact(emailKey, t[start:b], start, b)
	// "+" is a blank in queries
	if plus := bytes.LastIndexByte(t[start:a], '+'); plus >= 0 {
		m.exact(emailKey, t[start+plus+1:b], start+plus+1, b)
	}
}

// maxURL is how much of a text is taken for one address.
const maxURL = 4096

// urlAt looks up the address whose host is t[a:b], if what follows can be of an address and any
// indicator has that host.
func (m *Matcher) urlAt(a, b int, h uint64) {
	t := m.low
	if !m.set.table.may(hostKey, hostKey.of(h)) {
		return
	}
	end := b
	for end < len(t) && end-a < maxURL && t[end] > ' ' && t[end] != 0x7f && bytes.IndexByte([]byte("\"<>`|^{}\\"), t[end]) < 0 {
		end++
	}
	scheme := a
	for scheme > 0 && a-scheme < 16 && (class[t[scheme-1]] != 0 || t[scheme-1] == ':' || t[scheme-1] == '/') {
		scheme--
	}
	if !bytes.Contains(t[scheme:a], []byte("://")) {
		scheme = a
	}
	const punctuation = 4 // characters that a sentence may have put behind it
	for range punctuation {
		if u, ok := intel.ParseURL(string(m.text[scheme:end])); ok && m.urlParts(u, scheme, end) {
			return
		}
		if end <= b || bytes.IndexByte([]byte(".,;:!?'*)]"), t[end-1]) < 0 {
			return
		}
		end--
	}
}
