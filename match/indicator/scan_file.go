package indicator

import (
	"bytes"
)

const (
	// maxComponent is how long a part of a path can be (NTFS and ext4: 255).
	maxComponent = 255
	// maxPath is how much of a path is compared with indicators, from its end.
	maxPath = 1024
	// maxEnds is how many words behind a separator may be the end of a name with blanks.
	maxEnds = 4
)

// mark finds where the name of a file before a place can begin: soft is behind a blank or punctuation, hard
// behind a separator or a quotation mark.
func (m *Matcher) mark(to int) {
	for i, c := range m.low[m.marked:to] {
		switch c {
		case '\\', '/', '"', '\n', '\r', '\t', '<', '>', '|', '*', '?', 0, '`':
			m.soft, m.hard, m.ends = m.marked+i+1, m.marked+i+1, 0
		case ' ', ',', ';', '=', '(', ')', '[', ']', '\'', '&', '+', '@', ':':
			m.soft = m.marked + i + 1
		}
	}
	m.marked = to
}

// file looks up the name that ends with the run: from the last blank or punctuation on, and from
// the last separator or quotation mark on, as names may have blanks. Only the last part of a path is
// a name.
func (m *Matcher) file(start, end int) {
	m.mark(start)
	soft, hard := m.soft, m.hard
	t := m.low
	if end < len(t) && (isSeparator(t[end]) && end+1 < len(t) || bytes.IndexByte([]byte("$#~{}^"), t[end]) >= 0) {
		return
	}
	for end > start && t[end-1] == '.' {
		end--
	}
	if bytes.IndexByte(t[start:end], '.') < 0 && !m.isBareName(start, end, soft, hard) {
		return
	}
	h := uint64(hashStart)
	k := end
	for ; k > soft && end-k <= maxComponent; k-- {
		h = (h ^ uint64(t[k-1])) * hashPrime
	}
	if k == soft {
		m.fileFrom(soft, end, h)
	}
	if hard == soft || m.ends >= maxEnds || end-hard > maxComponent {
		return
	}
	m.ends++
	for ; k > hard; k-- {
		h = (h ^ uint64(t[k-1])) * hashPrime
	}
	m.fileFrom(hard, end, h)
}

// isBareName tells whether a word without a dot may be a name: behind a separator, up to a blank or
// to the end of a value or quotation; or as the whole of a value.
func (m *Matcher) isBareName(start, end, soft, hard int) bool {
	t := m.low
	if !m.set.bareName {
		return false
	}
	behind := hard > 0 && isSeparator(t[hard-1])
	if behind && hard == start && soft == start {
		return true
	}
	return end == len(t) && (behind || hard == 0) || behind && end < len(t) && bytes.IndexByte([]byte("\"\n\r\t<>|`"), t[end]) >= 0
}

// fileAtEnd looks up the name at the end of a value if it ends with what words do not: "x (1)", "{…}".
func (m *Matcher) fileAtEnd() {
	m.mark(len(m.low))
	hard := m.hard
	if n := len(m.low); n-hard <= maxComponent && hard < n && class[m.low[n-1]] == 0 {
		m.fileFrom(hard, n, hashBack(m.low[hard:]))
	}
}

// fileFrom looks up t[start:end] as a name, and as the last part of a path.
func (m *Matcher) fileFrom(start, end int, h uint64) {
	if m.set.has[nameKey] {
		m.probe(nameKey, nameKey.of(h), m.low[start:end], start, end)
	}
	if m.set.has[pathKey] && m.set.table.may(lastKey, lastKey.of(h)) {
		m.pathTo(start, end)
	}
}

// pathTo looks up the ends of the path whose last part is t[start:end].
func (m *Matcher) pathTo(start, end int) {
	t := m.low
	from := start
	for from > 0 && end-from < maxPath {
		c := t[from-1]
		if c == ':' {
			if from > 1 && class[t[from-2]] != 0 && (from == 2 || class[t[from-3]] == 0) {
				from -= 2 // the drive
			}
			break
		}
		if c < ' ' || bytes.IndexByte([]byte("\"<>|*`"), c) >= 0 {
			break
		}
		from--
	}
	m.path = pathText(m.path[:0], t[from:end])
	p := m.path
	h := uint64(hashStart)
	for k := len(p) - 1; k >= 0; k-- {
		h = (h ^ uint64(p[k])) * hashPrime
		if k > 0 && bytes.IndexByte([]byte("\\ =,;('[:"), p[k-1]) < 0 {
			continue
		}
		hash := pathKey.of(h)
		if !m.set.table.may(pathKey, hash) {
			continue
		}
		for _, e := range m.set.table.find(hash) {
			if e.is(pathKey, p[k:]) && m.pathIs(&e, p[:k], from, end) {
				m.report(e.id, from, end)
			}
		}
	}
}

// pathIs tells whether a path ends as an indicator does where the case matters too, and is on its drive.
func (m *Matcher) pathIs(e *entry, before []byte, from, end int) bool {
	value := m.set.list[e.id].Value
	if value[0] == '/' || value[0] == '~' {
		// Only paths of Windows are the same in any case.
		m.name = pathText(m.name[:0], m.text[from:end])
		last := bytes.TrimPrefix([]byte(value), []byte("~"))
		return hasSuffix(m.name, string(pathText(nil, last[1:])))
	}
	return e.drive == 0 || onDrive(before, e.drive)
}

// onDrive tells whether a path begins with the root of a drive, or with nothing that says which:
// C:\, \??\C:\, \\host\c$\, \Device\HarddiskVolume3\, \.
func onDrive(before []byte, drive byte) bool {
	b := bytes.TrimRight(before, `\`)
	if len(b) == 0 {
		return true
	}
	switch last := b[len(b)-1]; {
	case last == ':' || last == '$':
		return len(b) > 1 && b[len(b)-2] == drive
	case '0' <= last && last <= '9':
		return bytes.HasSuffix(bytes.TrimRight(b, "0123456789"), []byte(`\device\harddiskvolume`))
	}
	return b[len(b)-1] == ' ' // a path without its drive behind another word
}

// maxKey is how much of a text is taken for a key of the registry.
const maxKey = 1024

// maxKeys is how many keys of one value are looked at.
const maxKeys = 256

// registry looks up the key that begins with the run, and all keys above it: an indicator may be a
// key of which the event names a value.
func (m *Matcher) registry(start, end int) {
	t := m.low
	switch word := t[start:end]; {
	case word[0] == 'h' && (string(word) == "hklm" || string(word) == "hkcu" || string(word) == "hku" || string(word) == "hkcr" || bytes.HasPrefix(word, []byte("hkey_"))):
	case string(word) == "registry" && start > 0 && t[start-1] == '\\':
		start--
	default:
		return
	}
	stop := start
	for stop < len(t) && stop-start < maxKey && t[stop] >= ' ' && bytes.IndexByte([]byte("\"<>|`"), t[stop]) < 0 {
		stop++
	}
	if m.keys++; m.keys > maxKeys {
		return
	}
	m.key = appendRegistry(m.key[:0], t[start:stop])
	k := m.key
	h := uint64(hashStart)
	depth := 0
	for i, c := range k {
		if c == '\\' {
			depth++
		}
		if depth > 0 && bytes.IndexByte([]byte("\\ ,;'):"), c) >= 0 && i > 0 {
			m.probe(registryKey, registryKey.of(h), k[:i], start, stop)
		}
		h = (h ^ uint64(c)) * hashPrime
	}
	m.probe(registryKey, registryKey.of(h), k, start, stop)
}

// appendRegistry writes a key in lower case in the form that intel.Normalize gives it.
func appendRegistry(dst, key []byte) []byte {
	root, rest, ok := cutRoot(key)
	if !ok {
		return dst
	}
	first, below, deep := bytes.Cut(rest, []byte(`\`))
	user := deep && bytes.HasPrefix(first, []byte("s-1-5-21-"))
	switch {
	case root == "hku" && user && bytes.HasSuffix(first, []byte("_classes")):
		dst, rest = append(dst, `hkcu\software\classes\`...), below
	case root == "hku" && user:
		dst, rest = append(dst, `hkcu\`...), below
	case root == "hkcr":
		dst = append(dst, `hklm\software\classes\`...)
	default:
		dst = append(append(dst, root...), '\\')
	}
	const sets = `system\controlset`
	if n := len(sets) + len("001"); root == "hklm" && len(rest) > n && bytes.HasPrefix(rest, []byte(sets)) && rest[n] == '\\' && isHexText(rest[n-3:n]) {
		dst, rest = append(dst, `system\currentcontrolset`...), rest[n:]
	}
	return append(dst, rest...)
}

// cutRoot takes the root off a key in lower case.
func cutRoot(key []byte) (root string, rest []byte, ok bool) {
	for _, r := range [...]struct{ written, plain string }{
		{`\registry\machine\`, "hklm"}, {`\registry\user\`, "hku"},
		{`hkey_local_machine`, "hklm"}, {`hkey_current_user`, "hkcu"}, {`hkey_classes_root`, "hkcr"}, {`hkey_users`, "hku"},
		{`hklm`, "hklm"}, {`hkcu`, "hkcu"}, {`hkcr`, "hkcr"}, {`hku`, "hku"},
	} {
		if rest, ok = bytes.CutPrefix(key, []byte(r.written)); ok {
			rest, colon := bytes.CutPrefix(rest, []byte(":"))
			rest, back := bytes.CutPrefix(rest, []byte(`\`))
			return r.plain, rest, len(rest) > 0 && (colon || back || r.written[0] == '\\')
		}
	}
	return "", nil, false
}

// object looks up what follows "pipe\", "global\" and the like in a text.
func (m *Matcher) object(start, end int) {
	t := m.low
	switch string(t[start:end]) {
	case "pipe", "global", "local", "basenamedobjects":
	default:
		return
	}
	stop := end + 1
	for stop < len(t) && stop-end <= maxComponent && t[stop] > ' ' && bytes.IndexByte([]byte("\"'`<>|,;)"), t[stop]) < 0 {
		stop++
	}
	m.exact(objectKey, objectName(t[end+1:stop]), end+1, stop)
}

// mayBeDecoded tells whether the text has percent-escapes of what divides names: then it is looked
// at a second time with all of them decoded.
func (m *Matcher) mayBeDecoded() bool {
	if m.decoded {
		return false
	}
	for t := m.low; ; {
		i := bytes.IndexByte(t, '%')
		if i < 0 || i+2 >= len(t) {
			return false
		}
		if class[t[i+1]]&hexByte != 0 && class[t[i+2]]&hexByte != 0 {
			return true
		}
		t = t[i+1:]
	}
}

// decode looks at the text with its percent-escapes decoded once.
func (m *Matcher) decode() {
	m.plainText = appendDecoded(m.plainText[:0], m.text)
	text, low, ascii := m.text, m.low, m.ascii
	m.plainLow = append(m.plainLow[:0], m.plainText...)
	if m.ascii = lowerASCII(m.plainLow, m.plainText); !m.ascii {
		lowerHigh(m.plainLow)
	}
	m.text, m.low, m.decoded = m.plainText, m.plainLow, true
	m.scan()
	m.text, m.low, m.ascii, m.decoded = text, low, ascii, false
}

func appendDecoded(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '%' && i+2 < len(text) {
			hi, lo := lowerOf[text[i+1]], lowerOf[text[i+2]]
			if class[hi]&class[lo]&hexByte != 0 {
				dst = append(dst, digit(hi)<<4|digit(lo))
				i += 2
				continue
			}
		}
		dst = append(dst, text[i])
	}
	return dst
}

func digit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}
