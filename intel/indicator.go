package intel

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// An IndicatorType says what an indicator's value is.
type IndicatorType string

// The types of indicators, by the names that a pack's indicators.csv uses.
const (
	Domain      IndicatorType = "domain" // itself and everything below it
	IP          IndicatorType = "ip"     // IPv4 or IPv6
	CIDR        IndicatorType = "cidr"
	URL         IndicatorType = "url"
	Email       IndicatorType = "email"
	MD5         IndicatorType = "md5"
	SHA1        IndicatorType = "sha1"
	SHA256      IndicatorType = "sha256"
	SHA512      IndicatorType = "sha512"
	Imphash     IndicatorType = "imphash"
	FileName    IndicatorType = "filename"    // the last part of a path
	FilePath    IndicatorType = "filepath"    // a whole path, or its end, from a separator on
	RegistryKey IndicatorType = "registry"    // a key or value, with HKLM, HKU... as its root
	Mutex       IndicatorType = "mutex"       // also the name of a pipe
	UserAgent   IndicatorType = "user-agent"  // the whole of it
	Certificate IndicatorType = "certificate" // a fingerprint (SHA-1, SHA-256) or a serial number, in hex
	JA3         IndicatorType = "ja3"         // also JA3S
	Account     IndicatorType = "account"     // the name of a user
)

// An Indicator is a value that was seen with an intruder.
type Indicator struct {
	Type IndicatorType
	// Value is in its plain form: not defanged, in lower case where case does not matter, a domain
	// as its ASCII (Punycode) form.
	Value string
	// Malware and Actor are what it is known of; Note is what else there is to say of it.
	Malware, Actor, Note string
	// Source and Grade say who says so and how far that can be trusted.
	Source string
	Grade  Grade
	TLP    TLP
	// Hosting is what kind of machine an address, a domain or a URL stands on.
	Hosting Hosting
	// First and Last are when it was seen in use; Expires is when it stops to mean anything; zero
	// if that is not known.
	First, Last, Expires time.Time
	// Unverified facts are shown and not hunted for, unless the user says so.
	Unverified bool
	// Pack is the pack or file that it stands in.
	Pack string
	Line int
}

// A Hosting is what kind of infrastructure an indicator stands on; "" if nobody said.
type Hosting string

// The kinds of hosting, from the one that tells most of who uses it to the one that tells least.
const (
	Dedicated   Hosting = "dedicated"   // the actor's own
	Rented      Hosting = "rented"      // a server of a hoster, which goes to another customer in time
	Compromised Hosting = "compromised" // somebody else's machine, where other intruders may be, too
	Shared      Hosting = "shared"      // many use it at once: shared hosting, a content network, a service of tunnels
)

// ParseHosting reads the name of a kind of hosting; an empty text is the unknown one.
func ParseHosting(s string) (Hosting, error) {
	switch h := Hosting(strings.ToLower(strings.TrimSpace(s))); h {
	case "", Dedicated, Rented, Compromised, Shared:
		return h, nil
	}
	return "", fmt.Errorf("want %s, %s, %s or %s, found %q", Dedicated, Rented, Compromised, Shared, s)
}

// Prefix gives the range of an IP or CIDR indicator; false for others.
func (i *Indicator) Prefix() (netip.Prefix, bool) {
	switch i.Type {
	case IP:
		a, err := netip.ParseAddr(i.Value)
		if err != nil {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(a, a.BitLen()), true
	case CIDR:
		p, err := netip.ParsePrefix(i.Value)
		return p, err == nil
	}
	return netip.Prefix{}, false
}
