package lines

import "bytes"

// Vote asks of the first lines of a file's head whether they are of a format, and counts the answers:
// whether a line is one, and whether it tells anything. Lines come without their ends and without
// those that are blank; the last one, which the head may cut off, is asked only if none before it told
// anything. A head that is no text has no lines.
func Vote(head []byte, most int, ask func(line []byte) (is, tells bool)) (yes, no int) {
	text, ok := Head(head)
	if !ok {
		return 0, 0
	}
	for range most {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole && yes+no > 0 {
			break
		}
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(bytes.TrimSpace(line)) > 0 {
			switch is, tells := ask(line); {
			case is && tells:
				yes++
			case tells:
				no++
			}
		}
		if text = rest; !whole {
			break
		}
	}
	return yes, no
}

// IsNumber tells whether a text is digits, one or more.
func IsNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// Number reads digits; the caller has looked that they are few, and nothing else.
func Number(b []byte) (n int) {
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}

// IsAddress tells whether a text looks like an address of IPv4 or IPv6, which may have a zone. It is
// no check of one: real logs hold addresses that were made anonymous.
func IsAddress(b []byte) bool {
	dots, colons := 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case '0' <= c && c <= '9':
		case 'a' <= c|0x20 && c|0x20 <= 'f', c == '%' && colons > 0:
			if colons == 0 && dots > 0 {
				return false // a name
			}
		default:
			return false
		}
	}
	return colons >= 2 || dots == 3 && colons == 0
}
