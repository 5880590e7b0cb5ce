// Package english writes figures, counted words and lists as people read them in English. Numbers go
// in; texts for a terminal, a reason or a summary come out. What people read in other languages, the
// brief, has its words and figures in catalogues of its own.
package english

import (
	"strconv"
	"strings"
)

// Number writes a number with commas between thousands: 1,234,567.
func Number[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count writes how many there are of something whose plural ends in s: "1 record", "1,234 records".
func Count[N int | int64](n N, one string) string { return CountOf(n, one, one+"s") }

// CountOf writes how many there are of something: "1 match", "2 matches".
func CountOf[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// List names the first of several, at most so many, and says how many there are besides: "a, b and
// 3 more".
func List(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + " and " + Number(len(all)-most) + " more"
}
