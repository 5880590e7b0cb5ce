package intel

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValue is how long an indicator's value can be; the longest in real feeds are URLs of some 2 kB.
const maxValue = 4096

// hexDigits are how many hexadecimal digits values of a type have; certificates have their own rule.
func hexDigits(t IndicatorType) int {
	switch t {
	case MD5, Imphash, JA3:
		return 32
	case SHA1:
		return 40
	case SHA256:
		return 64
	case SHA512:
		return 128
	}
	return 0
}

// Normalize gives a value the form in which [Indicator] holds it, and an error that says what it
// should be if it is no value of its type. It does not undo defanging: [Refang] does.
func Normalize(t IndicatorType, value string) (string, error) {
	v := strings.TrimSpace(value)
	if v == "" || len(v) > maxValue {
		return "", fmt.Errorf("%s: want 1 to %d bytes, found %d", t, maxValue, len(v))
	}
	if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r\n") {
		return "", fmt.Errorf("%s: want one line of UTF-8, found %q", t, v)
	}
	var plain string
	switch t {
	case MD5, Imphash, JA3, SHA1, SHA256, SHA512:
		if len(v) == hexDigits(t) && isHex(v) {
			plain = strings.ToLower(v)
		}
	case Certificate:
		plain = normalCertificate(v)
	case Domain:
		plain = normalDomain(strings.TrimPrefix(strings.TrimPrefix(v, "*"), "."))
	case IP:
		if a, ok := parseIP(v); ok {
			plain = a.String()
		}
	case CIDR:
		if p, err := netip.ParsePrefix(v); err == nil {
			plain = unmapPrefix(p).String()
		}
	case URL:
		plain = normalURL(v)
	case Email:
		plain = normalEmail(v)
	case FileName:
		if !strings.ContainsAny(v, "\\/\"|<>") {
			plain = strings.ToLower(v)
		}
	case FilePath:
		plain = normalPath(v)
	case RegistryKey:
		plain = normalRegistry(v)
	case Account:
		plain = strings.ToLower(v)
	case Mutex, UserAgent:
		plain = v
	default:
		return "", fmt.Errorf("want a type of indicator, found %q", t)
	}
	if plain == "" {
		return "", fmt.Errorf("want a value of type %s, found %q", t, v)
	}
	return plain, nil
}

// Recognize tells the type of a value that stands by itself, as in a list without types, and gives
// its normal form. Of the types that look alike it names the usual one: 32 digits are an MD5.
func Recognize(s string) (t IndicatorType, value string, ok bool) {
	v := strings.TrimSpace(Refang(s))
	for _, t := range recognized {
		if t == Domain && !endsLikeDomain(v) && Refang(s) == s {
			continue // "update.dll"; what was defanged is a domain
		}
		if t == URL && strings.IndexByte(v, '/') < 0 {
			continue
		}
		if t == FileName && !hasExtension(v) {
			continue
		}
		if t == FilePath && strings.IndexByte(v, '\\') < 0 && !isAt(v, 0, '/') {
			continue
		}
		if t == RegistryKey && registryRoot(v) == 0 {
			continue
		}
		if (t == FilePath || t == FileName) && isCommand(v) {
			continue
		}
		if value, err := Normalize(t, v); err == nil {
			return t, value, true
		}
	}
	return "", "", false
}

// recognized are the types that values tell by themselves, the narrower first.
var recognized = [...]IndicatorType{MD5, SHA1, SHA256, SHA512, IP, CIDR, URL, Email, RegistryKey, Domain, FilePath, FileName}

// endsLikeDomain tells whether the last label is a name that domains end in.
func endsLikeDomain(v string) bool {
	name := normalDomain(v)
	return isTLD(name[strings.LastIndexByte(name, '.')+1:]) && !looksLikeFile(v, name)
}

// hasExtension tells whether a text ends like the name of a file: a dot, and 1 to 8 letters or
// digits behind it.
func hasExtension(v string) bool {
	dot := strings.LastIndexByte(v, '.')
	ext := v[dot+1:]
	if dot <= 0 || len(ext) == 0 || len(ext) > 8 {
		return false
	}
	for i := range len(ext) {
		if !isWord(ext[i]) {
			return false
		}
	}
	return true
}

// isCommand tells a program with its arguments from the name of a file with blanks.
func isCommand(v string) bool {
	return strings.Contains(v, " -") || strings.Contains(v, " /") || strings.Contains(v, "  ")
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := lower(s[i]); (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// normalCertificate takes the separators out of a fingerprint or a serial number.
func normalCertificate(v string) string {
	v = strings.ToLower(strings.NewReplacer(":", "", " ", "", "-", "").Replace(v))
	const shortest = 8 // digits: a shorter serial number is everywhere
	if len(v) < shortest || len(v) > 128 || !isHex(v) {
		return ""
	}
	return v
}

// maxDomain is how long a domain can be: RFC 1035 section 2.3.4.
const maxDomain = 253

// normalDomain gives the ASCII form in lower case; "" if it is no domain of two labels or more.
func normalDomain(v string) string {
	v = strings.TrimSuffix(v, ".")
	if v == "" || len(v) > 4*maxDomain {
		return ""
	}
	out := make([]byte, 0, len(v)+len(acePrefix))
	labels := 0
	for label := range strings.SplitSeq(v, ".") {
		if labels++; labels > 1 {
			out = append(out, '.')
		}
		start := len(out)
		var ok bool
		if out, ok = AppendASCIILabel(out, label); !ok || !isLabel(out[start:]) {
			return ""
		}
	}
	last := out[lastDot(out)+1:]
	if labels < 2 || len(out) > maxDomain || len(last) < 2 || last[0] >= '0' && last[0] <= '9' {
		return ""
	}
	return string(out)
}

func lastDot(b []byte) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '.' {
			return i
		}
	}
	return -1
}

// isLabel tells whether a label in ASCII and lower case has only letters, digits, hyphens within
// and underscores, which names in the wild have.
func isLabel(b []byte) bool {
	if len(b) == 0 || b[0] == '-' || b[len(b)-1] == '-' {
		return false
	}
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// parseIP reads an address in any spelling, in brackets or with a zone; an IPv4 address in IPv6
// form is the IPv4 address.
func parseIP(v string) (netip.Addr, bool) {
	v = strings.TrimSuffix(strings.TrimPrefix(v, "["), "]")
	a, err := netip.ParseAddr(v)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}

func unmapPrefix(p netip.Prefix) netip.Prefix {
	const mapped = 96 // bits of ::ffff:0:0 before the IPv4 address
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked()
}

// normalEmail: the local part is in lower case too, as every large provider reads it.
func normalEmail(v string) string {
	at := strings.LastIndexByte(v, '@')
	if at <= 0 {
		return ""
	}
	local, domain := strings.ToLower(v[:at]), normalDomain(v[at+1:])
	if domain == "" || strings.ContainsAny(local, " \t\"<>,;:()[]\\@") {
		return ""
	}
	return local + "@" + domain
}

// normalPath: a path of Windows is in lower case with backslashes, others are as they are.
func normalPath(v string) string {
	if strings.ContainsAny(v, "\"|") {
		return ""
	}
	windows := strings.IndexByte(v, '\\') >= 0 || len(v) > 2 && v[1] == ':' && isWord(v[0])
	if windows {
		v = strings.ToLower(strings.ReplaceAll(v, "/", `\`))
		if v = trimRight(v, '\\'); strings.Trim(v, `\`) == "" || strings.IndexByte(v, '\\') < 0 {
			return ""
		}
		return v
	}
	if v = trimRight(v, '/'); strings.Trim(v, "/") == "" || strings.IndexByte(v, '/') < 0 {
		return ""
	}
	return v
}

// trimRight takes separators and blanks off the end, however they are mixed.
func trimRight(v string, separator rune) string {
	return strings.TrimRightFunc(v, func(r rune) bool { return r == separator || unicode.IsSpace(r) })
}
