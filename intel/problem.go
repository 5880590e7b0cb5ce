package intel

import "fmt"

// A Problem is a place in a pack, a list or a feed that could not be used, and why. What it stands
// for was left out; the rest was read.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0 if it concerns the whole file
	Reason string `json:"reason"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}
