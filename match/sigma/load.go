package sigma

// A Collection is what a set of rule files holds.
type Collection struct {
	Rules        []*Rule
	Correlations []*Correlation
	Filters      []*Filter
	Rejected     []Rejection
	// Warnings are remarks on documents that were loaded: a filter without "not" (T29), an unknown
	// log source, a duplicate id.
	Warnings []Rejection
	// Skipped counts documents left out on purpose, by reason: "deprecated", "unsupported".
	Skipped map[string]int
	Files   int
}
