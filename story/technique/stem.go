package technique

import "bytes"

// stem takes endings off an English word in lower case, so that "encrypts", "encrypted" and
// "encryption" are one word. It is lighter than Porter's: a word that is cut too short loses more
// here than two words that stay apart. The result is part of w.
func stem(w []byte) []byte {
	if len(w) < 4 {
		return w
	}
	w = singular(w)
	for _, ending := range [...]string{"ization", "isation", "ation", "ing", "ion", "ed", "er", "or"} {
		rest := len(w) - len(ending)
		if rest >= 3 && string(w[rest:]) == ending && bytes.ContainsAny(w[:rest], "aeiouy") {
			w = w[:rest]
			if n := len(w); n > 3 && w[n-1] == w[n-2] && w[n-1] != 's' && w[n-1] != 'l' && w[n-1] != 'z' {
				w = w[:n-1] // "dropped"
			}
			break
		}
	}
	if n := len(w); n > 4 && w[n-1] == 'e' {
		w = w[:n-1]
	}
	if n := len(w); n > 4 && string(w[n-2:]) == "at" { // "exfiltrate" and "exfiltration"
		w = w[:n-2]
	}
	return w
}

func singular(w []byte) []byte {
	n := len(w)
	switch {
	case bytes.HasSuffix(w, []byte("sses")):
		return w[:n-2]
	case bytes.HasSuffix(w, []byte("ies")):
		w[n-3] = 'y' // the caller's buffer
		return w[:n-2]
	case bytes.HasSuffix(w, []byte("ss")), bytes.HasSuffix(w, []byte("us")), bytes.HasSuffix(w, []byte("is")):
		return w
	case w[n-1] == 's':
		return w[:n-1]
	}
	return w
}
