package intel

import (
	"fmt"
	"time"
)

// A Date is a day, a month or a year, as exact as a source tells it: "2023-06-14", "2023-06" or
// "2023". Dates compare as texts. The empty one is unknown.
type Date string

// ParseDate reads a date. The empty text is the unknown date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return "", nil
	}
	if _, err := time.Parse(dateLayout(s), s); err != nil {
		return "", fmt.Errorf("date: want a day, month or year as in 2023-06-14, 2023-06 or 2023, found %q", s)
	}
	return Date(s), nil
}

// dateLayout is the layout that a text of this length must have.
func dateLayout(s string) string {
	switch len(s) {
	case len("2006"):
		return "2006"
	case len("2006-01"):
		return "2006-01"
	}
	return time.DateOnly
}

// Span gives the first instant of a date and the first one after it, in UTC; false if the date is
// unknown.
func (d Date) Span() (from, to time.Time, ok bool) {
	layout := dateLayout(string(d))
	from, err := time.Parse(layout, string(d))
	if err != nil {
		return time.Time{}, time.Time{}, false
	}
	switch layout {
	case "2006":
		return from, from.AddDate(1, 0, 0), true
	case "2006-01":
		return from, from.AddDate(0, 1, 0), true
	}
	return from, from.AddDate(0, 0, 1), true
}

// UnmarshalText reads a date as [ParseDate] does.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
