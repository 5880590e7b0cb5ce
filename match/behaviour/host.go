package behaviour

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What analytics of hosts share: names of programs, accounts of services, and the putting together
// of what happened on one host in a short time.

// lastPart gives what stands behind the last separator of a path of Windows or Unix.
func lastPart[T string | []byte](path T) T {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '\\' || path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

// namedOneOf tells whether a path's last part is one of the names, without regard to case.
func namedOneOf(path []byte, names []string) bool {
	name := lastPart(path)
	return slices.ContainsFunc(names, func(n string) bool { return len(n) == len(name) && strings.EqualFold(n, string(name)) })
}

// containsFold tells whether a text contains an ASCII text, which is given in lower case, without
// regard to the case of ASCII letters.
func containsFold[T string | []byte](text T, lower string) bool {
	if lower == "" {
		return true
	}
	// What has no case is quickest to look for, and most texts do not have it.
	at := max(strings.IndexFunc(lower, func(c rune) bool { return c < 'a' || c > 'z' }), 0)
	return indexByRare([]byte(text), lower, at) >= 0
}

// hasPrefixFold is containsFold for the beginning of a text.
func hasPrefixFold[T string | []byte](text T, lower string) bool {
	if len(text) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// hasSuffixFold is containsFold for the end of a text.
func hasSuffixFold[T string | []byte](text T, lower string) bool {
	return len(text) >= len(lower) && hasPrefixFold(text[len(text)-len(lower):], lower)
}

// The logon sessions of the accounts that Windows runs services as; they are the same in every
// language and release ([MS-LSAT], winnt.h: SYSTEM_LUID, NETWORKSERVICE_LUID, LOCALSERVICE_LUID).
const (
	systemSession  = "0x3e7"
	networkSession = "0x3e4"
	localSession   = "0x3e5"
)

// An identity is what kind of account a program runs as.
type identity uint8

const (
	otherIdentity   identity = iota // a person, or not known
	systemIdentity                  // LocalSystem
	serviceIdentity                 // an account of low rights that services run as
	webIdentity                     // that of a pool of IIS
	sqlIdentity                     // that of SQL Server
)

// identityOf tells what kind of account a user is; session is its logon session, if it is known.
func identityOf(user, session []byte) identity {
	switch string(session) {
	case systemSession:
		return systemIdentity
	case networkSession, localSession:
		return serviceIdentity
	}
	switch {
	case hasPrefixFold(user, `iis apppool\`):
		return webIdentity
	case hasPrefixFold(user, `nt service\mssql`), hasPrefixFold(user, `nt service\sql`):
		return sqlIdentity
	case hasSuffixFold(user, `authority\network service`), hasSuffixFold(user, `authority\local service`):
		return serviceIdentity
	case hasSuffixFold(user, `authority\system`):
		return systemIdentity
	}
	return otherIdentity
}

// low tells whether it is one of the accounts of low rights that services run as.
func (i identity) low() bool { return i >= serviceIdentity }

// ShortHost is a computer's name as people say it: mail01 for MAIL01.corp.example. Addresses stay
// as they are.
func ShortHost(name string) string {
	name = strings.ToLower(name)
	if isAddress(name) {
		return name
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}

// appendShortHost appends what shortHost gives.
func appendShortHost[T string | []byte](dst []byte, name T) []byte {
	dst = slices.Grow(dst, len(name))
	at, dot, address := len(dst), -1, true
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= utf8.RuneSelf:
			return append(dst[:at], ShortHost(string(name))...)
		case c == ':':
			return appendLower(dst[:at], []byte(name))
		case c == '.':
			if dot < 0 {
				dot = len(dst)
			}
		case '0' <= c && c <= '9':
		default:
			address = false
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
		}
		dst = append(dst, c)
	}
	if dot >= 0 && !address {
		return dst[:dot]
	}
	return dst
}

// isAddress tells whether a name is an address: digits and dots, or with colons.
func isAddress(name string) bool {
	if strings.IndexByte(name, ':') >= 0 {
		return true
	}
	return name != "" && strings.Trim(name, "0123456789.") == ""
}

// isLoopback tells whether an address is the computer's own.
func isLoopback(address []byte) bool {
	return bytes.HasPrefix(address, []byte("127.")) || bytes.Equal(address, []byte("::1")) ||
		bytes.Equal(address, []byte("0:0:0:0:0:0:0:1")) || bytes.HasPrefix(address, []byte("::ffff:127."))
}

// A step is something that happened on a host: kind is the analytic's own word for what.
type step struct {
	kind uint8
	// key tells apart what else must be the same to belong together: a provider, a page.
	key string
	// text is what the summary quotes.
	text string
	Ref
}

// episodesOnHosts puts steps together that happened on one host with the same key, each within a
// time of the one before, and hands them on in order of time.
func episodesOnHosts(steps *bag[step], within time.Duration, hand func(together []step)) {
	all := steps.sorted(func(a, b step) int {
		if c := strings.Compare(a.Host, b.Host); c != 0 {
			return c
		}
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return compareRefs(a.Ref, b.Ref)
	})
	for episode := range runsOf(all, func(first, last, next *step) bool {
		return next.Host == first.Host && next.key == first.key && next.Time.Sub(last.Time) <= within
	}) {
		hand(episode)
	}
}

// refsOf are the records of steps.
func refsOf(steps []step) []Ref {
	refs := make([]Ref, len(steps))
	for i := range steps {
		refs[i] = steps[i].Ref
	}
	return refs
}

// kindsOf counts steps by kind.
func kindsOf(steps []step) (count [16]int) {
	for i := range steps {
		count[steps[i].kind&15]++
	}
	return count
}

// textOf is the text of the first step of a kind, "" if there is none.
func textOf(steps []step, kind uint8) string {
	for i := range steps {
		if steps[i].kind == kind {
			return steps[i].text
		}
	}
	return ""
}

// noteDropped tells that steps were left out.
func (b *bag[T]) noteDropped(f *Finishing, what string) {
	if b.dropped > 0 {
		f.Note("%d %s were not looked at: there are more than %d", b.dropped, what, b.max)
	}
}
