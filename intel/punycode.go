package intel

import (
	"strings"
	"unicode/utf8"
)

// Punycode's parameters for domain names, RFC 3492 section 5.
const (
	punyBase        = 36
	punyTMin        = 1
	punyTMax        = 26
	punySkew        = 38
	punyDamp        = 700
	punyInitialBias = 72
	punyInitialN    = 128
)

// acePrefix marks a label that is in its ASCII form, RFC 3490 section 5.
const acePrefix = "xn--"

// maxLabel is how long a label can be: RFC 1035 section 2.3.4.
const maxLabel = 63

// AppendASCIILabel appends the ASCII form of one label of a domain name in lower case ("bücher"
// gives "xn--bcher-kva"); ok is false if it has none, being empty or too long or no UTF-8. It does
// not compose characters (no NFC): a label that was written decomposed differs from one that was not.
func AppendASCIILabel(dst []byte, label string) (ascii []byte, ok bool) {
	if len(label) == 0 || len(label) > 4*maxLabel || !utf8.ValidString(label) {
		return dst, false
	}
	start := len(dst)
	runes := []rune(strings.ToLower(label))
	for _, r := range runes {
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
		}
	}
	if basic := len(dst) - start; basic < len(runes) {
		dst = append(dst, acePrefix...)
		copy(dst[start+len(acePrefix):], dst[start:start+basic])
		copy(dst[start:], acePrefix)
		dst = appendPuny(dst, runes, basic)
	}
	return dst, len(dst)-start <= maxLabel
}

// appendPuny appends what stands behind the basic characters: RFC 3492 section 6.3.
func appendPuny(dst []byte, label []rune, basic int) []byte {
	if basic > 0 {
		dst = append(dst, '-')
	}
	n, delta, bias := rune(punyInitialN), 0, punyInitialBias
	for done := basic; done < len(label); {
		next := rune(utf8.MaxRune + 1)
		for _, r := range label {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := punyThreshold(k, bias)
				if q < t {
					break
				}
				dst = append(dst, punyDigit(t+(q-t)%(punyBase-t)))
				q = (q - t) / (punyBase - t)
			}
			dst = append(dst, punyDigit(q))
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return dst
}

func punyThreshold(k, bias int) int { return min(max(k-bias, punyTMin), punyTMax) }

func punyDigit(d int) byte {
	if d < 26 {
		return 'a' + byte(d)
	}
	return '0' + byte(d-26)
}

// punyAdapt is RFC 3492 section 6.1.
func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyTMin)*punyTMax/2; k += punyBase {
		delta /= punyBase - punyTMin
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
