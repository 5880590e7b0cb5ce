package event

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind says how the bytes of a [Value] are to be read. The numbers are those of BinXML value
// types ([MS-EVEN6] 2.2.12, libevtx "Value types"), so that an EVTX reader need not translate.
type Kind uint8

const (
	Null       Kind = 0x00
	UTF16      Kind = 0x01 // little endian, may end in NUL
	ANSI       Kind = 0x02 // Windows-1252, may end in NUL
	Int8       Kind = 0x03
	Uint8      Kind = 0x04
	Int16      Kind = 0x05
	Uint16     Kind = 0x06
	Int32      Kind = 0x07
	Uint32     Kind = 0x08
	Int64      Kind = 0x09
	Uint64     Kind = 0x0a
	Float32    Kind = 0x0b
	Float64    Kind = 0x0c
	Bool       Kind = 0x0d // 4 bytes (1 and 8 are read too)
	Binary     Kind = 0x0e
	GUID       Kind = 0x0f
	Size       Kind = 0x10 // pointer-sized, 4 or 8 bytes
	FileTime   Kind = 0x11 // 100 ns since 1601-01-01 UTC
	SystemTime Kind = 0x12
	SID        Kind = 0x13
	Hex32      Kind = 0x14
	Hex64      Kind = 0x15
	// Text is UTF-8, as text logs have it and as literals of compiled templates are kept.
	Text Kind = 0x40
	// Array is added to a kind for a list of values of that kind.
	Array Kind = 0x80
)

// A Value is one undecoded value: bytes in the reader's buffer and how to read them.
type Value struct {
	Raw  []byte
	Kind Kind
}

// Width gives the size in bytes of one value of a fixed-size kind, 0 for the others.
func (k Kind) Width() int {
	switch k {
	case Int8, Uint8:
		return 1
	case Int16, Uint16:
		return 2
	case Int32, Uint32, Float32, Bool, Hex32:
		return 4
	case Int64, Uint64, Float64, FileTime, Hex64:
		return 8
	case GUID, SystemTime:
		return 16
	}
	return 0
}

// IsNull tells whether there is no value: a null is not the same as an empty text.
func (v Value) IsNull() bool { return v.Kind == Null }

// Each calls f for every element of a list, or once for a value that is none, until f says false.
// Lists of text end each element with NUL; lists of SIDs are self-delimiting; all others have a
// fixed width, and bytes left over at the end are dropped.
func (v Value) Each(f func(Value) bool) {
	if v.Kind&Array == 0 {
		f(v)
		return
	}
	kind, raw := v.Kind&^Array, v.Raw
	step := kind.Width()
	switch kind {
	case UTF16:
		for len(raw) >= 2 {
			end := 0
			for end+2 <= len(raw) && (raw[end] != 0 || raw[end+1] != 0) {
				end += 2
			}
			if !f(Value{raw[:end:end], UTF16}) {
				return
			}
			raw = raw[min(end+2, len(raw)):]
		}
		return
	case ANSI, Text:
		for len(raw) > 0 {
			end := 0
			for end < len(raw) && raw[end] != 0 {
				end++
			}
			if !f(Value{raw[:end:end], kind}) {
				return
			}
			raw = raw[min(end+1, len(raw)):]
		}
		return
	case SID:
		for len(raw) >= 8 {
			n := 8 + 4*int(raw[1])
			if n > len(raw) {
				return
			}
			if !f(Value{raw[:n:n], SID}) {
				return
			}
			raw = raw[n:]
		}
		return
	case Size:
		step = 8
		if len(raw)%8 != 0 {
			step = 4
		}
	}
	if step == 0 {
		f(Value{raw, kind})
		return
	}
	for len(raw) >= step {
		if !f(Value{raw[:step:step], kind}) {
			return
		}
		raw = raw[step:]
	}
}

// String gives the value as text; see [Value.AppendText].
func (v Value) String() string { return string(v.AppendText(nil)) }

// AppendText appends the value as the text that Windows shows and rules are written for: numbers
// in decimal, hexadecimal types as 0x and lower-case digits without padding, GUIDs in braces and
// upper case, SIDs as S-1-..., FILETIME and SYSTEMTIME in ISO 8601 with 7 and 3 decimals, Booleans
// as true and false, binary as upper-case hexadecimal digits. A list is its elements joined with
// ", ". Invalid UTF-16 and UTF-8 become U+FFFD. A value too short for its kind is shown as binary.
func (v Value) AppendText(dst []byte) []byte {
	b := v.Raw
	switch v.Kind {
	case Null:
		return dst
	case Text:
		if utf8.Valid(b) {
			return append(dst, b...)
		}
		return append(dst, []byte(string([]rune(string(b))))...)
	case UTF16:
		return appendUTF16(dst, b)
	case ANSI:
		return appendANSI(dst, b)
	case Binary:
		return appendBinary(dst, b)
	case Size:
		switch len(b) {
		case 4:
			return appendHex(dst, uint64(binary.LittleEndian.Uint32(b)))
		case 8:
			return appendHex(dst, binary.LittleEndian.Uint64(b))
		}
		return appendBinary(dst, b)
	case SID:
		return appendSID(dst, b)
	case Bool:
		for _, c := range b {
			if c != 0 {
				return append(dst, "true"...)
			}
		}
		return append(dst, "false"...)
	}
	if v.Kind&Array != 0 {
		first := true
		v.Each(func(e Value) bool {
			if !first {
				dst = append(dst, ", "...)
			}
			first = false
			dst = e.AppendText(dst)
			return true
		})
		return dst
	}
	if w := v.Kind.Width(); w == 0 || len(b) < w {
		return appendBinary(dst, b)
	}
	switch v.Kind {
	case Int8:
		return strconv.AppendInt(dst, int64(int8(b[0])), 10)
	case Uint8:
		return strconv.AppendUint(dst, uint64(b[0]), 10)
	case Int16:
		return strconv.AppendInt(dst, int64(int16(binary.LittleEndian.Uint16(b))), 10)
	case Uint16:
		return strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint16(b)), 10)
	case Int32:
		return strconv.AppendInt(dst, int64(int32(binary.LittleEndian.Uint32(b))), 10)
	case Uint32:
		return strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(b)), 10)
	case Int64:
		return strconv.AppendInt(dst, int64(binary.LittleEndian.Uint64(b)), 10)
	case Uint64:
		return strconv.AppendUint(dst, binary.LittleEndian.Uint64(b), 10)
	case Hex32:
		return appendHex(dst, uint64(binary.LittleEndian.Uint32(b)))
	case Hex64:
		return appendHex(dst, binary.LittleEndian.Uint64(b))
	case Float32:
		return strconv.AppendFloat(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 'g', -1, 32)
	case Float64:
		return strconv.AppendFloat(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)), 'g', -1, 64)
	case GUID:
		return appendGUID(dst, b)
	case FileTime:
		return FileTimeToTime(binary.LittleEndian.Uint64(b)).AppendFormat(dst, "2006-01-02T15:04:05.0000000Z")
	case SystemTime:
		return appendSystemTime(dst, b)
	}
	return appendBinary(dst, b)
}

// FileTimeToTime turns a FILETIME (100 ns since 1601-01-01 UTC) into a time in UTC. All 64-bit
// values are in range: the last is in the year 60056.
func FileTimeToTime(ft uint64) time.Time {
	const toUnix = 11644473600 // seconds from 1601-01-01 to 1970-01-01
	return time.Unix(int64(ft/1e7)-toUnix, int64(ft%1e7)*100).UTC()
}

func appendHex(dst []byte, n uint64) []byte {
	return strconv.AppendUint(append(dst, "0x"...), n, 16)
}

func appendBinary(dst, b []byte) []byte {
	start := len(dst)
	dst = hex.AppendEncode(dst, b)
	for i := start; i < len(dst); i++ {
		if c := dst[i]; c >= 'a' {
			dst[i] = c - 'a' + 'A'
		}
	}
	return dst
}

func appendGUID(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, '{')
	for i, at := range [16]byte{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b[at]>>4], digits[b[at]&15])
	}
	return append(dst, '}')
}

// appendSID writes a security identifier ([MS-DTYP] 2.4.2.1):
//
//	revision(1) count(1) authority(6, big endian) subauthority(4, little endian)*count
func appendSID(dst, b []byte) []byte {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return appendBinary(dst, b)
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for i := range int(b[1]) {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return dst
}

// appendSystemTime writes a SYSTEMTIME ([MS-DTYP] 2.3.13): eight 16-bit words, year, month, day of
// week, day, hour, minute, second, millisecond. Months of 13 and the like are shown as they stand.
func appendSystemTime(dst, b []byte) []byte {
	word := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	pad := func(n, width int) {
		s := strconv.Itoa(n)
		for range width - len(s) {
			dst = append(dst, '0')
		}
		dst = append(dst, s...)
	}
	pad(word(0), 4)
	dst = append(dst, '-')
	pad(word(1), 2)
	dst = append(dst, '-')
	pad(word(3), 2)
	dst = append(dst, 'T')
	pad(word(4), 2)
	dst = append(dst, ':')
	pad(word(5), 2)
	dst = append(dst, ':')
	pad(word(6), 2)
	dst = append(dst, '.')
	pad(word(7), 3)
	return append(dst, 'Z')
}

func appendUTF16(dst, b []byte) []byte {
	b = trimUTF16(b)
	dst = slices.Grow(dst, len(b)/2)
	for len(b) >= 8 { // four characters of ASCII at a time
		x := binary.LittleEndian.Uint64(b)
		if x&0xff80_ff80_ff80_ff80 != 0 {
			break
		}
		x = (x | x>>8) & 0x0000_ffff_0000_ffff
		dst = binary.LittleEndian.AppendUint32(dst, uint32(x|x>>16))
		b = b[8:]
	}
	for i := 0; i+2 <= len(b); i += 2 {
		c := rune(b[i]) | rune(b[i+1])<<8
		if c < utf8.RuneSelf {
			dst = append(dst, byte(c))
			continue
		}
		if utf16.IsSurrogate(c) {
			low := rune(utf8.RuneError)
			if i+4 <= len(b) {
				low = rune(b[i+2]) | rune(b[i+3])<<8
			}
			if r := utf16.DecodeRune(c, low); r != utf8.RuneError {
				c = r
				i += 2
			} else {
				c = utf8.RuneError
			}
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst
}

// trimUTF16 takes off an odd last byte and the NULs that end a text.
func trimUTF16(b []byte) []byte {
	b = b[:len(b)&^1]
	for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	return b
}

// windows1252 is the upper half's part that differs from Latin-1 (0x80 to 0x9f).
var windows1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

func appendANSI(dst, b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	for _, c := range b {
		switch {
		case c < 0x80:
			dst = append(dst, c)
		case c < 0xa0:
			dst = utf8.AppendRune(dst, windows1252[c-0x80])
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst
}
