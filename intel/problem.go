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

// maxProblems bounds how much is told of one file; the rest is counted.
const maxProblems = 1000

// problemList collects what is wrong with a file.
type problemList struct {
	all    []Problem
	untold int
}

func (l *problemList) add(file string, line int, format string, args ...any) {
	if len(l.all) >= maxProblems {
		l.untold++
		return
	}
	l.all = append(l.all, Problem{file, line, fmt.Sprintf(format, args...)})
}

// told gives the problems, and at their end how many there are besides.
func (l *problemList) told(file string) []Problem {
	if l.untold == 0 {
		return l.all
	}
	return append(l.all, Problem{File: file, Reason: fmt.Sprintf("%d more problems are not listed", l.untold)})
}
