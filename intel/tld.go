package intel

import (
	_ "embed"
	"strings"
	"sync"
)

// tlds.txt has the names of IANA's root zone of 2026 in lower case and as A-labels, in order; it
// tells "evil.net" from "update.dll".
//
//go:embed tlds.txt
var tldText string

var topLevel = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{
		"onion": true, // RFC 7686; the next two are in no root that anybody asks, and in many reports
		"i2p":   true,
		"bit":   true,
	}
	for name := range strings.FieldsSeq(tldText) {
		names[name] = true
	}
	return names
})

// isTLD tells whether a label in lower case, in its ASCII form, is a name that domains end in.
func isTLD(label string) bool { return topLevel()[label] }
