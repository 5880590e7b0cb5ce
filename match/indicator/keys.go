package indicator

import (
	"bytes"
	"strings"

	"aldebaran/intel"
)

// maxHex is the number of digits of the longest hash.
const maxHex = 128

// add puts an indicator's keys into the table; false if there is none for it.
func (b *builder) add(id int32, i *intel.Indicator) bool {
	value := i.Value
	if len(value) == 0 {
		return false
	}
	switch i.Type {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.Imphash, intel.JA3, intel.Certificate:
		if len(value) > maxHex || !isHexText(value) {
			return false
		}
		b.put(id, hexKey, value)
	case intel.Domain:
		b.put(id, domainKey, value)
		b.mark(tailKey, tail(value))
	case intel.IP, intel.CIDR:
		return b.addNetwork(id, i)
	case intel.URL:
		return b.addURL(id, value)
	case intel.Email:
		b.put(id, emailKey, value)
		b.mark(tailKey, tail(value[strings.LastIndexByte(value, '@')+1:]))
	case intel.FileName:
		b.put(id, nameKey, strings.ToLower(value))
		b.noteName(value)
	case intel.FilePath:
		return b.addPath(id, value)
	case intel.RegistryKey:
		b.put(id, registryKey, strings.ToLower(value))
	case intel.Mutex:
		name := objectName([]byte(strings.ToLower(value)))
		if len(name) == 0 {
			return false
		}
		b.put(id, objectKey, string(name))
	case intel.UserAgent:
		b.put(id, agentKey, string(agentText(nil, []byte(value))))
	case intel.Account:
		b.put(id, accountKey, strings.ToLower(value))
	default:
		return false
	}
	return true
}

func isHexText[T string | []byte](text T) bool {
	for i := range len(text) {
		if class[text[i]]&hexByte == 0 {
			return false
		}
	}
	return true
}

// tail is the last two labels of a name.
func tail(name string) string {
	dots := 0
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			if dots++; dots == 2 {
				return name[i+1:]
			}
		}
	}
	return name
}

func (b *builder) addNetwork(id int32, i *intel.Indicator) bool {
	p, ok := i.Prefix()
	if !ok {
		return false
	}
	a := p.Addr().As16()
	if p.IsSingleIP() {
		b.put(id, ipKey, string(a[:]))
		return true
	}
	six := 0
	if p.Addr().Is6() {
		six = 1
	}
	b.nets[six][p.Bits()] = true
	m := p.Masked().Addr().As16()
	b.put(id, netKey, string(append(m[:], byte(p.Bits()))))
	return true
}

func (b *builder) addURL(id int32, value string) bool {
	u, ok := intel.ParseURL(value)
	if !ok {
		return false
	}
	b.put(id, urlKey, string(appendURLKey(nil, u, u.HasQuery)))
	b.mark(hostKey, u.Host)
	b.mark(tailKey, tail(u.Host))
	return true
}

// appendURLKey writes an address without its scheme.
func appendURLKey(dst []byte, u intel.URLParts, query bool) []byte {
	dst = append(dst, u.Host...)
	if u.Port != "" {
		dst = append(append(dst, ':'), u.Port...)
	}
	dst = append(dst, u.Path...)
	if query {
		dst = append(append(dst, '?'), u.Query...)
	}
	return dst
}

func (b *builder) noteName(name string) {
	if strings.IndexByte(name, '.') < 0 {
		b.bareName = true
	}
}

// folders are what variables stand for in paths, as far as it is the same everywhere. Where a
// variable may be several folders, each is a key.
var folders = map[string][]string{
	"%windir%": {"windows"}, "%systemroot%": {"windows"}, "csidl_windows": {"windows"},
	"%system%": {`windows\system32`}, "%system32%": {`windows\system32`}, "csidl_system": {`windows\system32`},
	"%appdata%": {`appdata\roaming`}, "csidl_appdata": {`appdata\roaming`},
	"%localappdata%": {`appdata\local`}, "csidl_local_appdata": {`appdata\local`},
	"%temp%": {`appdata\local\temp`, `windows\temp`}, "%tmp%": {`appdata\local\temp`, `windows\temp`},
	"%programdata%": {"programdata"}, "%allusersprofile%": {"programdata"}, "csidl_common_appdata": {"programdata"},
	"%programfiles%": {"program files", "program files (x86)"}, "%programfiles(x86)%": {"program files (x86)"},
	"%programw6432%": {"program files"}, "%commonprogramfiles%": {`program files\common files`, `program files (x86)\common files`},
	"%public%": {`users\public`}, "%startup%": {`start menu\programs\startup`},
}

// addPath takes a path as the ends of paths that it stands for: without a drive, which is compared
// by itself; with folders for variables; behind what stands for anything, such as a user's name.
func (b *builder) addPath(id int32, value string) bool {
	v := string(pathText(nil, []byte(strings.ToLower(value))))
	drive := byte(0)
	if len(v) > 3 && v[1] == ':' && v[2] == '\\' {
		drive, v = v[0], v[3:]
	}
	v = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(v, `\??\`), `~\`), `\`)
	first, rest, deep := strings.Cut(v, `\`)
	ends := []string{v}
	if known := folders[first]; deep && known != nil {
		for _, f := range known {
			ends = append(ends, f+`\`+rest)
		}
	} else if at := afterPlaceholder(v); at > 0 {
		ends, drive = []string{v[at:]}, 0
	}
	for _, end := range ends {
		last := end[strings.LastIndexByte(end, '\\')+1:]
		if last == "" {
			return false
		}
		b.put(id, pathKey, end)
		b.entries[len(b.entries)-1].drive = drive
		b.mark(lastKey, last)
		b.noteName(last)
	}
	return true
}

// afterPlaceholder is where a path goes on behind the last part that stands for anything:
// C:\Users\<user>\x, %USERPROFILE%\x, C:\Users\*\x; 0 if there is none.
func afterPlaceholder(v string) int {
	at := 0
	for i := 0; i < len(v); {
		part, _, more := strings.Cut(v[i:], `\`)
		if !more {
			break
		}
		if part != "" && strings.IndexByte("<[{%*", part[0]) >= 0 {
			at = i + len(part) + 1
		}
		i += len(part) + 1
	}
	return at
}

// pathText writes a path with single backslashes.
func pathText(dst, path []byte) []byte {
	for i, c := range path {
		if isSeparator(c) {
			if i > 0 && isSeparator(path[i-1]) {
				continue
			}
			c = '\\'
		}
		dst = append(dst, c)
	}
	return dst
}

// objectName takes off where a mutex or a pipe stands: "\\.\pipe\x", "\BaseNamedObjects\x",
// "Global\x" are all x. The text is in lower case.
func objectName(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return bytes.TrimSpace(b)
	}
	for _, folder := range [...]string{`pipe\`, `basenamedobjects\`, `global\`, `local\`} {
		if i := bytes.LastIndex(b, []byte(folder)); i >= 0 && (i == 0 || b[i-1] == '\\') {
			b = b[i+len(folder):]
		}
	}
	return bytes.TrimPrefix(bytes.TrimSpace(b), []byte(`\`))
}

// agentText writes a user agent with blanks where W3C logs have plus signs; an agent's own plus signs
// become blanks on both sides.
func agentText(dst, agent []byte) []byte {
	for _, c := range bytes.TrimSpace(agent) {
		if c == '+' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}
