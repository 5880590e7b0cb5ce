package intel

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Found is an indicator in running text.
type Found struct {
	Type IndicatorType
	// Value is in the form of [Normalize].
	Value string
	// Start and End are where it stands in the text, in bytes: [Normalize] of [Refang] of
	// text[Start:End] is Value, but for a hash that is wrapped over two lines.
	Start, End int
	// Defanged says that it was written so that nobody can click on it: it is meant as an
	// indicator. What was not may be a reference, or a host that has nothing to do with it.
	Defanged bool
}

// FindIndicators finds the indicators in a text: addresses of the network, e-mail addresses,
// hashes, names and paths of files, keys of the registry, in order of their places. Of an URL its
// host is reported too; of an e-mail address and a path, no part. It takes a time that grows as
// the text does.
func FindIndicators(text string) []Found {
	f := finder{original: text, plain: refang(text)}
	f.s = f.plain.text
	for f.i < len(f.s) {
		c := f.s[f.i]
		if !isWord(c) && c < utf8.RuneSelf && strings.IndexByte(`%:/\~`, c) < 0 {
			f.i++
			continue
		}
		if !f.url() && !f.registry() && !f.windowsPath() && !f.unixPath() && !f.hash() &&
			!f.ipv4() && !f.ipv6() && !f.email() && !f.domain() && !f.fileName() {
			f.skip()
		}
	}
	slices.SortStableFunc(f.found, func(a, b Found) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	return f.found
}

// A finder walks over a text without its defanging; each of its methods takes what stands at i, or
// says that it is something else.
type finder struct {
	original string
	plain    *plainText
	s        string
	i        int
	// tried is the end of the last run with characters beyond ASCII that was no domain as a whole.
	tried int
	found []Found
}

// add reports s[start:end] if it is a value of that type.
func (f *finder) add(t IndicatorType, start, end int) bool {
	value, err := Normalize(t, f.s[start:end])
	if err != nil {
		return false
	}
	f.put(t, value, start, end)
	return true
}

func (f *finder) put(t IndicatorType, value string, start, end int) {
	from, to, defanged := f.plain.origin(start, end)
	if defanged && t != hashType(len(value)) {
		// What only its surroundings make defanging ("]" before ":") could not be quoted.
		if quoted, err := Normalize(t, Refang(f.original[from:to])); err != nil || quoted != value {
			return
		}
	}
	f.found = append(f.found, Found{t, value, from, to, defanged})
}

func (f *finder) defanged(start, end int) bool {
	_, _, is := f.plain.origin(start, end)
	return is
}

// skip goes behind the word at i.
func (f *finder) skip() {
	if f.s[f.i] >= utf8.RuneSelf {
		for f.i < len(f.s) && f.s[f.i] >= utf8.RuneSelf {
			f.i++
		}
		return
	}
	if f.s[f.i] == '%' && f.i+2 < len(f.s) && isHex(f.s[f.i+1:f.i+3]) {
		f.i += len("%2F")
		return
	}
	if !isWord(f.s[f.i]) {
		f.i++
		return
	}
	for f.i < len(f.s) && isHostByte(f.s[f.i]) {
		f.i++
	}
}

// isHostByte tells what a name of a host, a version, the name of a file consist of.
func isHostByte(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '_' }

// run gives the end of the characters from start on for which is holds, at most limit.
func (f *finder) run(start, limit int, is func(byte) bool) int {
	end := start
	for end < len(f.s) && end-start < limit && is(f.s[end]) {
		end++
	}
	return end
}

// wordBefore tells whether i is within a word.
func (f *finder) wordBefore(i int) bool {
	if !wordAt(f.s, i-1) {
		return false
	}
	escape := i >= 3 && f.s[i-3] == '%' && isHex(f.s[i-2:i]) // %2F
	return !escape
}

// maxScheme is the longest name of a protocol that we look for.
const maxScheme = 12

// url takes "scheme://host/path", and reports the host too.
func (f *finder) url() bool {
	if !isWord(f.s[f.i]) || f.wordBefore(f.i) {
		return false
	}
	colon := f.run(f.i, maxScheme, isWord)
	if !strings.HasPrefix(f.s[colon:], "://") {
		return false
	}
	host := colon + len("://")
	if !f.hostAt(host) {
		f.i = host
		return true
	}
	end := f.urlEnd(host, f.i)
	if !f.add(URL, f.i, end) {
		f.i = host
		return true
	}
	f.host(host, end)
	f.i = end
	return true
}

// hostAt tells whether there may be a host with a dot or a colon, or a user before it: a look that is
// cheaper than to find the end of the address.
func (f *finder) hostAt(i int) bool {
	end := f.run(i, 4*maxDomain, func(c byte) bool { return isHostByte(c) || c >= utf8.RuneSelf })
	return strings.IndexByte(f.s[i:end], '.') >= 0 || isAt(f.s, end, '[') || isAt(f.s, end, '@') || isAt(f.s, end, ':') && !strings.HasPrefix(f.s[end:], "://")
}

// host reports the host of an URL whose host starts at start.
func (f *finder) host(start, end int) {
	stop := start + len(f.s[start:end])
	if i := strings.IndexAny(f.s[start:end], "/?#\\"); i >= 0 {
		stop = start + i
	}
	if i := strings.LastIndexByte(f.s[start:stop], '@'); i >= 0 {
		start += i + 1
	}
	name, _ := splitPort(f.s[start:stop])
	if !f.add(IP, start, start+len(name)) {
		f.add(Domain, start, start+len(name))
	}
}

// urlEnd gives the end of an URL without the punctuation that the sentence put behind it. first is
// where all of it starts.
func (f *finder) urlEnd(start, first int) int {
	end := start
	if isAt(f.s, end, '[') { // an IPv6 address
		end = f.run(end+1, 48, func(c byte) bool { return isWord(c) || c == ':' || c == '.' })
		if isAt(f.s, end, ']') {
			end++
		}
	}
	for end < len(f.s) && end-first < maxValue && !endsURL(f.s, end) {
		end++
	}
	if isAt(f.s, first-1, '+') { // AsciiDoc writes literal text between plus signs
		if i := strings.Index(f.s[start:end], "+"); i >= 0 {
			end = start + i
		}
	}
	return f.trimEnd(start, end)
}

// trimEnd takes off punctuation, and brackets that were not opened within.
func (f *finder) trimEnd(start, end int) int {
	piece := f.s[start:end]
	round := strings.Count(piece, ")") - strings.Count(piece, "(")
	square := strings.Count(piece, "]") - strings.Count(piece, "[")
	for ; end > start; end-- {
		switch f.s[end-1] {
		case '.', ',', ';', ':', '!', '?', '*', '\'', '+':
		case ')':
			if round <= 0 {
				return end
			}
			round--
		case ']':
			if square <= 0 {
				return end
			}
			square--
		default:
			return end
		}
	}
	return end
}

func endsURL(s string, i int) bool {
	switch c := s[i]; {
	case c <= ' ' || c == 0x7f:
		return true
	case c < utf8.RuneSelf:
		if c == ',' || c == ';' {
			return strings.HasPrefix(s[i+1:], "http://") || strings.HasPrefix(s[i+1:], "https://")
		}
		return strings.IndexByte("<>\"`|^{}\\[]'", c) >= 0
	}
	// Quotes, dashes and the punctuation of East Asian texts, and the blanks among them.
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r == 0xa0 || r == 0xab || r == 0xbb || 0x2000 <= r && r <= 0x206f || 0x3000 <= r && r <= 0x303f || 0xff00 <= r && r <= 0xff65
}

// registry takes a key, which may have blanks within, up to what cannot be a part of it.
func (f *finder) registry() bool {
	if f.wordBefore(f.i) || registryRoot(f.s[f.i:min(len(f.s), f.i+32)]) == 0 {
		return false
	}
	end := f.pathEnd(f.i + registryRoot(f.s[f.i:min(len(f.s), f.i+32)]) + 1)
	if f.add(RegistryKey, f.i, end) {
		f.i = end
		return true
	}
	return false
}

// windowsPath takes C:\…, %VARIABLE%\… and \\host\….
func (f *finder) windowsPath() bool {
	s, i := f.s, f.i
	start := 0
	switch {
	case f.wordBefore(i):
		return false
	case isWord(s[i]) && strings.HasPrefix(s[i+1:], `:\`):
		start = i + len(`c:\`)
	case s[i] == '%':
		name := f.run(i+1, 40, func(c byte) bool { return isWord(c) || c == '_' || c == '(' || c == ')' })
		if name == i+1 || !strings.HasPrefix(s[name:], `%\`) {
			return false
		}
		start = name + len(`%\`)
	default:
		return false
	}
	end := f.pathEnd(start)
	if end <= start || !f.add(FilePath, i, end) {
		return false
	}
	f.i = end
	return true
}

// maxComponent is how long a part of a path can be (NTFS, ext4: 255).
const maxComponent = 255

// maxFoundPath is how much of a path is taken, so that the last part still is within maxValue.
const maxFoundPath = maxValue - 4*maxComponent

// pathEnd follows a path over its separators. A blank belongs to it if a separator follows before
// anything that ends a path: C:\Program Files\x.
func (f *finder) pathEnd(start int) int {
	s, end := f.s, start
	for end < len(s) && end-start < maxFoundPath {
		c := s[end]
		if c == ' ' {
			next := f.run(end+1, maxComponent, func(c byte) bool { return !endsPath(c) })
			component := s[start+strings.LastIndexByte(s[start:end], '\\')+1 : end]
			if next >= len(s) || s[next] != '\\' || hasExtension(component) || strings.Contains(s[end:next], ": ") || strings.Contains(s[end:next], ", ") {
				break
			}
			end = next
			continue
		}
		if c != '\\' && c != '/' && endsPath(c) {
			break
		}
		end++
	}
	if quoted := f.quoted(start); quoted > end {
		return quoted
	}
	return f.trimEnd(start, end)
}

// quoted gives the end of what stands in quotation marks that open before i; 0 if nothing does.
func (f *finder) quoted(start int) int {
	const longest = 260 // MAX_PATH of Windows
	if f.i == 0 || strings.IndexByte("\"`", f.s[f.i-1]) < 0 {
		return 0
	}
	end := f.run(start, longest, func(c byte) bool { return c != f.s[f.i-1] && c != '\n' && c != '|' && c != '<' })
	if !isAt(f.s, end, f.s[f.i-1]) {
		return 0
	}
	return end
}

func endsPath(c byte) bool {
	return c < ' ' || strings.IndexByte("\\\"<>|*?`;:", c) >= 0
}

// unixRoots are the folders at the root of systems like Unix.
var unixRoots = map[string]bool{
	"tmp": true, "var": true, "etc": true, "usr": true, "opt": true, "home": true, "root": true, "dev": true,
	"bin": true, "sbin": true, "lib": true, "lib64": true, "proc": true, "sys": true, "run": true, "srv": true, "mnt": true, "boot": true,
	"Library": true, "Users": true, "Applications": true, "private": true, "System": true, "data": true,
}

func (f *finder) unixPath() bool {
	slash := f.i
	if f.s[slash] == '~' {
		slash++
	}
	if !isAt(f.s, slash, '/') || f.wordBefore(f.i) || f.i > 0 && strings.IndexByte("/.>)]}*%~-_", f.s[f.i-1]) >= 0 {
		return false
	}
	root := f.run(slash+1, 16, isWord)
	if slash == f.i && !unixRoots[f.s[slash+1:root]] || !isAt(f.s, root, '/') {
		return false
	}
	end := f.run(root, maxFoundPath, func(c byte) bool {
		return c > ' ' && c != 0x7f && strings.IndexByte("\"<>|`;'()[]{},*:\\+", c) < 0
	})
	end = f.trimEnd(root, end)
	if quoted := f.quoted(root); quoted > end {
		end = quoted
	}
	if end == root+1 || !f.add(FilePath, f.i, end) {
		return false
	}
	f.i = end
	return true
}

// hash takes hexadecimal digits of the right number, on one line or wrapped over two.
func (f *finder) hash() bool {
	if f.wordBefore(f.i) {
		return false
	}
	end := f.run(f.i, 129, isHexByte)
	if end-f.i < 8 || wordAt(f.s, end) {
		return false
	}
	if (isAt(f.s, end, '.') || isAt(f.s, end, '-')) && wordAt(f.s, end+1) && f.isDomain(f.i, f.nameEnd(f.i)) {
		return false
	}
	if t := hashType(end - f.i); t != "" && looksRandom(f.s[f.i:end]) {
		switch f.context() {
		case aKey:
		case aCertificate:
			f.add(Certificate, f.i, end)
		default:
			f.add(t, f.i, end)
		}
		f.i = end
		return true
	}
	next := f.run(end, 40, func(c byte) bool { return c == '\n' || c == '\r' || c == ' ' || c == '\t' })
	last := f.run(next, 129, isHexByte)
	value := f.s[f.i:end] + f.s[next:last]
	if !strings.Contains(f.s[end:next], "\n") || last-next < 4 || wordAt(f.s, last) ||
		hashType(last-next) != "" || hashType(len(value)) == "" || !looksRandom(value) {
		return false
	}
	f.put(hashType(len(value)), strings.ToLower(value), f.i, last)
	f.i = last
	return true
}

// What digits are, by the words before them.
const (
	aHash = iota
	aCertificate
	aKey
)

// context tells by the words before i on its line, else by the last heading before it, whether
// digits are a hash of a file, belong to a certificate, or are the key of a cipher.
func (f *finder) context() int {
	const near = 1000 // bytes; what is farther from its heading has a hash as its likeliest meaning
	before := f.s[max(0, f.i-near):f.i]
	line := strings.LastIndexByte(before, '\n') + 1
	if c := contextOf(before[line:]); c != aHash {
		return c
	}
	for before = before[:line]; before != ""; {
		before = strings.TrimSuffix(before, "\n")
		line = strings.LastIndexByte(before, '\n') + 1
		if l := strings.TrimSpace(before[line:]); strings.HasPrefix(l, "=") || strings.HasPrefix(l, "#") || strings.HasSuffix(l, ":") {
			return contextOf(l)
		}
		before = before[:line]
	}
	return aHash
}

func contextOf(words string) int {
	words = strings.ToLower(words)
	switch {
	case strings.Contains(words, "thumbprint"), strings.Contains(words, "fingerprint"), strings.Contains(words, "serial number"),
		strings.Contains(words, "certificate") && !strings.Contains(words, "."):
		return aCertificate
	case strings.Contains(words, "rc4 key"), strings.Contains(words, "aes key"), strings.Contains(words, "xor key"),
		strings.Contains(words, "encryption key"), strings.Contains(words, "decryption key"):
		return aKey
	}
	return aHash
}

func isHexByte(c byte) bool {
	c = lower(c)
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
}

func hashType(digits int) IndicatorType {
	for _, t := range [...]IndicatorType{MD5, SHA1, SHA256, SHA512} {
		if hexDigits(t) == digits {
			return t
		}
	}
	return ""
}

// looksRandom tells a hash from a long number and from filling: it has letters and digits, and
// several of them.
func looksRandom(s string) bool {
	const fewest = 6 // a hash of 32 digits has less with a probability below 1e-9
	var seen [16]bool
	kinds, letters := 0, 0
	for i := range len(s) {
		d := hexByte(s[i])
		if !seen[d] {
			seen[d] = true
			kinds++
		}
		if d > 9 {
			letters++
		}
	}
	return kinds >= fewest && letters > 0 && letters < len(s)
}

// ipv4 takes an address, or a range of them as 192.0.2.0/24.
func (f *finder) ipv4() bool {
	if c := f.s[f.i]; c < '0' || c > '9' || f.wordBefore(f.i) {
		return false
	}
	end := f.run(f.i, 16, func(c byte) bool { return '0' <= c && c <= '9' || c == '.' })
	for end > f.i && f.s[end-1] == '.' {
		end--
	}
	if wordAt(f.s, end) || isAt(f.s, end, '.') && wordAt(f.s, end+1) && f.s[end+1] <= '9' || isAt(f.s, f.i-1, '.') {
		return false
	}
	a, err := netip.ParseAddr(f.s[f.i:end])
	if err != nil || !f.defanged(f.i, end) && (a.As4()[0] == 0 || f.afterVersion()) {
		return false
	}
	if isAt(f.s, end, '/') {
		bits := f.run(end+1, 3, func(c byte) bool { return '0' <= c && c <= '9' })
		if bits > end+1 && !wordAt(f.s, bits) && !isAt(f.s, bits, '/') && f.add(CIDR, f.i, bits) {
			f.i = bits
			return true
		}
	}
	f.add(IP, f.i, end)
	if p := f.path(end); p > end {
		f.add(URL, f.i, p)
		end = p
	}
	f.i = end
	return true
}

// afterVersion tells that the number at i is a version, by the word before it.
func (f *finder) afterVersion() bool {
	before := strings.ToLower(strings.TrimRight(f.s[max(0, f.i-24):f.i], " \t:=(-`'\""))
	word := before[strings.LastIndexAny(before, " \t\n|(`'\"")+1:]
	switch strings.TrimRight(word, ".") {
	case "version", "versions", "ver", "v", "build", "release", "rev", "revision", "firmware", "update", "before", "prior", "fileversion", "productversion":
		return true
	}
	return false
}

// ipv6 takes an address of three groups or more; two could be anything ("a::b" is a name in C++).
func (f *finder) ipv6() bool {
	c := f.s[f.i]
	if !isHexByte(c) && c != ':' || f.wordBefore(f.i) || isAt(f.s, f.i-1, ':') {
		return false
	}
	end := f.run(f.i, 46, func(c byte) bool { return isHexByte(c) || c == ':' || c == '.' })
	for end > f.i && (f.s[end-1] == '.' || f.s[end-1] == ':' && !strings.HasSuffix(f.s[f.i:end], "::")) {
		end--
	}
	text := f.s[f.i:end]
	if strings.Count(text, ":") < 2 || wordAt(f.s, end) {
		return false
	}
	a, err := netip.ParseAddr(text)
	groups := len(strings.FieldsFunc(text, func(r rune) bool { return r == ':' }))
	if err != nil || groups < 2 || groups < 3 && !f.defanged(f.i, end) && !strings.ContainsAny(text[:min(4, len(text))], "0123456789") || !a.Is6() {
		return false
	}
	if isAt(f.s, end, '/') {
		bits := f.run(end+1, 3, func(c byte) bool { return '0' <= c && c <= '9' })
		if bits > end+1 && !wordAt(f.s, bits) && f.add(CIDR, f.i, bits) {
			f.i = bits
			return true
		}
	}
	f.add(IP, f.i, end)
	f.i = end
	return true
}

func (f *finder) email() bool {
	if !isWord(f.s[f.i]) || f.wordBefore(f.i) {
		return false
	}
	at := f.run(f.i, 64, func(c byte) bool { return isHostByte(c) || c == '+' || c == '%' })
	if !isAt(f.s, at, '@') || !wordAt(f.s, at-1) && !isAt(f.s, at-1, '_') && !isAt(f.s, at-1, '-') {
		return false
	}
	end := f.nameEnd(at + 1)
	if !f.defanged(f.i, end) && !isTLD(strings.ToLower(lastLabel(f.s[at+1:end]))) {
		return false
	}
	if !f.add(Email, f.i, end) {
		return false
	}
	f.i = end
	return true
}

func lastLabel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// nameEnd gives the end of a name of a host without the full stop of the sentence.
func (f *finder) nameEnd(start int) int {
	end := f.run(start, 4*maxDomain, func(c byte) bool { return isHostByte(c) || c >= utf8.RuneSelf })
	return f.trimName(start, end)
}

func (f *finder) trimName(start, end int) int {
	for end > start && strings.IndexByte(".-_", f.s[end-1]) >= 0 {
		end--
	}
	if i := strings.Index(f.s[start:end], ".."); i >= 0 {
		end = start + i
	}
	return end
}

// domain takes the name of a host. With a path behind it, it is an URL without its scheme too.
func (f *finder) domain() bool {
	if f.wordBefore(f.i) || f.i < f.tried && f.s[f.i] >= utf8.RuneSelf {
		return false
	}
	end := f.nameEnd(f.i)
	if f.i < f.tried || !f.isDomain(f.i, end) {
		ascii := f.trimName(f.i, f.run(f.i, 4*maxDomain, isHostByte))
		if f.i >= f.tried && ascii < end {
			f.tried = end
		}
		if ascii == f.i || ascii == end && f.i >= f.tried || !f.isDomain(f.i, ascii) {
			return false
		}
		end = ascii
	}
	f.add(Domain, f.i, end)
	if p := f.path(end); p > end {
		f.add(URL, f.i, p)
		end = p
	}
	f.i = end
	return true
}

// path gives the end of a path behind a host that stands without a scheme; the same place if there is none.
func (f *finder) path(host int) int {
	at := host
	if isAt(f.s, at, ':') {
		at = f.run(at+1, 5, func(c byte) bool { return '0' <= c && c <= '9' })
	}
	if !isAt(f.s, at, '/') || !wordAt(f.s, at+1) {
		return host
	}
	return f.urlEnd(at, f.i)
}

func (f *finder) isDomain(start, end int) bool {
	written := f.s[start:end]
	name := normalDomain(written)
	if name == "" {
		return false
	}
	if f.defanged(start, end) {
		return true
	}
	if !isTLD(name[strings.LastIndexByte(name, '.')+1:]) || looksLikeFile(written, name) || isAt(f.s, end, '(') {
		return false
	}
	// What stands behind a separator is a part of a path, a name of a detection (Win32/Agent.AE).
	if isAt(f.s, start-1, '/') && !isAt(f.s, start-2, '/') || isAt(f.s, start-1, '\\') && !isAt(f.s, start-2, '\\') {
		return false
	}
	return true
}

// fileTLDs are names that domains end in and that names of files end in too.
var fileTLDs = map[string]bool{
	"zip": true, "sh": true, "md": true, "py": true, "rs": true, "mov": true, "so": true, "ps": true, "pub": true, "cab": true,
}

// notHosts are names that look like domains and that reports mean otherwise.
var notHosts = map[string]bool{
	"asp.net": true, "vb.net": true, "ado.net": true, "wscript.shell": true, "system.io": true, "system.net": true,
	"socket.io": true, "manage.py": true, "readme.md": true,
}

// looksLikeFile tells names of files, programs and detections from domains that were not defanged;
// name is the normal form of what was written.
func looksLikeFile(written, name string) bool {
	if notHosts[name] {
		return true
	}
	dot := strings.LastIndexByte(name, '.')
	if two := strings.IndexByte(name, '.') == dot; two && fileTLDs[name[dot+1:]] {
		return true
	}
	// Trojan.Agent.AE, System.Net: the last part of a domain is in upper case only if all of it is.
	last := written[strings.LastIndexByte(written, '.')+1:]
	return last != strings.ToLower(last) && written != strings.ToUpper(written)
}

// fileExtensions are the ends of names that reports list: programs, scripts, documents, archives.
var fileExtensions = func() map[string]bool {
	known := map[string]bool{}
	for e := range strings.FieldsSeq(`exe dll sys scr cpl ocx drv com pif bat cmd ps1 psm1 vbs vbe js jse wsf hta
		lnk url msi msp jar class py pyc sh elf so ko apk dex ipa dmg pkg doc docx docm dot dotm rtf xls xlsx xlsm
		xlsb xll ppt pptx pptm pps pdf one chm html htm svg xml json yml ini cfg conf inf dat bin tmp log txt db
		zip rar 7z gz tgz bz2 xz tar cab ace arj iso img vhd vhdx php asp aspx ashx asmx asax jsp jspx war config`) {
		known[e] = true
	}
	return known
}()

// fileName takes a word that ends like the name of a file.
func (f *finder) fileName() bool {
	if !isWord(f.s[f.i]) || f.wordBefore(f.i) || isAt(f.s, f.i-1, '.') || isAt(f.s, f.i-1, '/') {
		return false
	}
	end := f.trimName(f.i, f.run(f.i, maxComponent, isHostByte))
	dot := strings.LastIndexByte(f.s[f.i:end], '.')
	if dot <= 0 || !fileExtensions[strings.ToLower(f.s[f.i+dot+1:end])] || isAt(f.s, end, '(') || !f.add(FileName, f.i, end) {
		return false
	}
	f.i = end
	return true
}
