package sigma

import (
	"errors"
	"net/netip"
	"regexp/syntax"
	"strings"
)

// maxRegexp bounds the text of a regular expression; SigmaHQ's longest has 400 bytes. What a short
// one may grow to is bounded by package regexp/syntax itself.
const maxRegexp = 1 << 13

// regexp makes the item of a regular expression. Its text is used as it stands: no escapes, no
// wildcards (T18). The dialect is RE2, which has all that the specification asks for
// ("Regular Expression"); what only PCRE has rejects the rule.
func (p *parser) regexp(f *fieldKey, v value, it Item) (Node, error) {
	if v.kind == nullValue || v.kind == boolValue || v.text == "" {
		return Node{}, p.problemAt(v.node, "%s: want a regular expression, found %s", f.shown(), v.describe())
	}
	if len(v.text) > maxRegexp {
		return Node{}, p.problemAt(v.node, "%s: want a regular expression of at most %d bytes, found %d", f.shown(), maxRegexp, len(v.text))
	}
	it.Regexp = v.text
	if f.flags != "" {
		it.Regexp = "(?" + f.flags + ")" + v.text
	}
	if _, err := syntax.Parse(it.Regexp, syntax.Perl); err != nil {
		why := err.Error()
		var bad *syntax.Error
		if errors.As(err, &bad) {
			why = string(bad.Code) + ": " + excerpt(bad.Expr)
			if bad.Code == syntax.ErrInvalidPerlOp || bad.Code == syntax.ErrInvalidEscape {
				why += " (lookaround and backreferences are no part of the specification's regular expressions)"
			}
		}
		return Node{}, p.problemAt(v.node, "%s: want a regular expression in RE2 syntax, found %s: %s", f.shown(), v.describe(), why)
	}
	return p.leaf(it, v.node)
}

// cidr makes the item of an IP network. Bits behind the prefix do not count; a single address is
// a network of one.
func (p *parser) cidr(f *fieldKey, v value, it Item) (Node, error) {
	prefix, err := parseCIDR(strings.TrimSpace(v.text))
	if v.kind != textValue || err != nil {
		return Node{}, p.problemAt(v.node, "%s: want an IP network such as 10.0.0.0/8 or fe80::/10, found %s", f.shown(), v.describe())
	}
	if prefix != prefix.Masked() {
		p.warn(p.line(v.node), "%s: %s has bits set behind the prefix: %s is taken", f.shown(), prefix, prefix.Masked())
	}
	it.CIDR = prefix.Masked().String()
	return p.leaf(it, v.node)
}

func parseCIDR(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errors.New("no network")
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	// IPv4 written as IPv6 is the IPv4 network, as the values are (T15).
	const mapped = 96
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix, nil
}

// fieldRef makes the item that compares with another field (T16). The value is the name of a
// field: it has no escapes and no wildcards.
func (p *parser) fieldRef(f *fieldKey, v value, it Item) (Node, error) {
	it.RefField = fieldName(v.text)
	if v.kind == nullValue || it.RefField == "" {
		return Node{}, p.problemAt(v.node, "%s: want the name of a field, found %s", f.shown(), v.describe())
	}
	switch f.place {
	case whole:
		it.Ref = RefEquals
	case atStart:
		it.Ref = RefStartsWith
	case atEnd:
		it.Ref = RefEndsWith
	case anywhere:
		it.Ref = RefContains
	}
	return p.leaf(it, v.node)
}
