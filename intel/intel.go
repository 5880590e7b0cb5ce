// Package intel is what is known of intruders: actors, malware, techniques, indicators and how they
// relate, each fact with its source, its grade and its date. In go packs, ATT&CK and feeds; out
// come profiles, indicators and advice that hunts, verdicts and attribution use.
package intel

import (
	"fmt"
	"strings"
)

// A Grade is how far a fact can be trusted, on the Admiralty scale (NATO AJP-2.1, annex D):
// the reliability of its source, A (completely reliable) to F (cannot be judged), and the
// credibility of the statement, 1 (confirmed by others) to 6 (cannot be judged). Its zero value is
// F6: nobody has judged it.
type Grade struct {
	Reliability, Credibility byte // 'A' to 'F', '1' to '6'; 0 for F and 6
}

// ParseGrade reads "B2"; the empty text is F6.
func ParseGrade(s string) (Grade, error) {
	if s == "" {
		return Grade{}, nil
	}
	u := strings.ToUpper(s)
	if len(u) != 2 || u[0] < 'A' || u[0] > 'F' || u[1] < '1' || u[1] > '6' {
		return Grade{}, fmt.Errorf("grade: want A1 to F6, found %q", s)
	}
	return Grade{u[0], u[1]}, nil
}

func (g Grade) String() string {
	r, c := g.Reliability, g.Credibility
	if r == 0 {
		r = 'F'
	}
	if c == 0 {
		c = '6'
	}
	return string([]byte{r, c})
}

// MarshalText and UnmarshalText let grades stand in YAML and JSON as "B2".
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads "B2".
func (g *Grade) UnmarshalText(text []byte) (err error) {
	*g, err = ParseGrade(string(text))
	return err
}

// A Reliability is the first half of a [Grade]: 'A' (completely reliable) to 'F' (cannot be judged),
// and 0 for F.
type Reliability byte

func (r Reliability) String() string {
	if r == 0 {
		r = 'F'
	}
	return string(rune(r))
}

// MarshalText and UnmarshalText let it stand in YAML and JSON as "B".
func (r Reliability) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads "B".
func (r *Reliability) UnmarshalText(text []byte) error {
	u := strings.ToUpper(string(text))
	if len(u) != 1 || u[0] < 'A' || u[0] > 'F' {
		return fmt.Errorf("reliability: want A to F, found %q", text)
	}
	*r = Reliability(u[0])
	return nil
}

// A Source is where a fact was read: a report, a feed, a rule's metadata.
type Source struct {
	// ID is what facts of the same pack refer to it by: "P4".
	ID string `json:"id"`
	// Name is how people refer to it: "Unit 42, Phantom Taurus, 2025-09-30".
	Name      string `json:"name"`
	Publisher string `json:"publisher,omitempty"`
	URL       string `json:"url,omitempty"`
	// Date is when it was published.
	Date        Date        `json:"date,omitempty"`
	Reliability Reliability `json:"reliability"`
	// Unread sources are known and were not read by who wrote the pack: no fact is verified by them.
	Unread bool   `json:"unread,omitempty"`
	Note   string `json:"note,omitempty"`
	// Line is where it stands in its file.
	Line int `json:"-"`
}

// TLP is how far something may be shared (FIRST, Traffic Light Protocol 2.0). Its zero value is
// clear.
type TLP uint8

// The labels of TLP 2.0, from freely shared to the recipient alone.
const (
	Clear TLP = iota
	Green
	Amber
	AmberStrict
	Red
)

var tlpNames = [...]string{"clear", "green", "amber", "amber+strict", "red"}

func (t TLP) String() string {
	if int(t) < len(tlpNames) {
		return tlpNames[t]
	}
	return fmt.Sprintf("TLP(%d)", uint8(t))
}

// ParseTLP reads a label of TLP 2.0, or of 1.0 ("white"), with or without "TLP:" before it.
func ParseTLP(s string) (TLP, error) {
	l := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "tlp:")
	if l == "" || l == "white" {
		return Clear, nil
	}
	for i, n := range tlpNames {
		if l == n {
			return TLP(i), nil
		}
	}
	return Clear, fmt.Errorf("tlp: want clear, green, amber, amber+strict or red, found %q", s)
}

// MarshalText and UnmarshalText let labels stand in YAML and JSON as "amber".
func (t TLP) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads "amber".
func (t *TLP) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTLP(string(text))
	return err
}
