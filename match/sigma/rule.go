// Package sigma reads Sigma rules (specification v2.1.0) and finds the events that they describe.
//
// What goes in: YAML documents ([Parse]) and events. What comes out: which rules match an event,
// and, for correlation rules, which groups of matches do. The way of a rule:
//
//	Parse:    YAML -> Rule, Correlation, Filter; every modifier applied, every wildcard resolved
//	Compile:  rules -> Set: literals in one index a field, rules woken by their rarest literal
//	Matcher:  event -> rules
package sigma

import "time"

// A Rule is one Sigma detection rule, parsed: its condition is a tree of plain comparisons in
// which no modifier, wildcard, list or "1 of x*" is left to interpret.
type Rule struct {
	// File is the path of the rule's file as it was given, Line the line (from 1) where its YAML
	// document starts.
	File string
	Line int

	ID, Title, Name     string
	Status, Level       string // Level is one of Levels; "" in the file becomes "medium"
	Description, Author string
	Date, Modified      string
	References          []string
	Tags                []string // as written: "attack.t1059.001"
	FalsePositives      []string
	// Next says what to look at next, in sentences. It is no attribute of the specification: the rules
	// that come with the program have it, and others may.
	Next      []string
	Fields    []string // worth showing to an analyst
	Related   []Related
	Logsource Logsource
	// Condition is true of the events that the rule means.
	Condition Node
	// Filters are the titles of the global filters that were joined into the condition.
	Filters []string
	// Silent marks a rule that only feeds correlations and must not report by itself.
	Silent bool
}

// Levels are the severities of rules, the least first.
var Levels = [...]string{"informational", "low", "medium", "high", "critical"}

// Related is a link to another rule (specification, "Identification").
type Related struct{ ID, Type string }

// Logsource says which logs a rule is meant for (specification, "LogSource"), in lower case.
type Logsource struct{ Product, Category, Service, Definition string }

// Op is the kind of a [Node].
type Op uint8

const (
	// OpItem is a leaf: one comparison.
	OpItem Op = iota
	OpAnd     // all Kids are true; true if there are none
	OpOr      // one of Kids is true; false if there are none
	OpNot     // Kids[0] is false: two-valued, so NOT over a missing field is true (T12)
)

// A Node is an expression over one event.
type Node struct {
	Op   Op
	Kids []Node
	Item *Item // of OpItem
	// Name is the search identifier that this node came from ("selection_img"), else "".
	Name string
}

// ItemKind says what an [Item] compares.
type ItemKind uint8

const (
	// ItemMatch: the value as a text matches Pattern as a whole.
	ItemMatch ItemKind = iota
	// ItemNumber: the value equals Number as a number, or its decimal text equals Pattern (T14).
	ItemNumber
	// ItemCompare: the value as a number is <, <=, >, >= Number, by Cmp; false if it is none.
	ItemCompare
	// ItemRegexp: Regexp, in RE2 syntax, matches somewhere in the value's text, in its own case (T18).
	ItemRegexp
	// ItemCIDR: the value is an IP address inside CIDR (T15).
	ItemCIDR
	// ItemNull: the field is absent, or its value is null (T11). An empty text is not null.
	ItemNull
	// ItemExists: the field is there, even if its value is empty or null (T11).
	ItemExists
	// ItemFieldRef: the value's text equals, starts with, ends with or contains (Ref) the text of
	// the field RefField; false unless both are there (T16).
	ItemFieldRef
)

// Cmp is an order of numbers.
type Cmp uint8

const (
	Less Cmp = iota
	LessEqual
	Greater
	GreaterEqual
)

// Ref is the way in which one field's text is held against another's.
type Ref uint8

const (
	RefEquals Ref = iota
	RefStartsWith
	RefEndsWith
	RefContains
)

// TimePart is what a time modifier takes out of a date before it is compared (specification,
// modifiers appendix, "Time Modifiers").
type TimePart uint8

const (
	WholeValue TimePart = iota
	Minute
	Hour
	Day
	Week // ISO 8601
	Month
	Year
)

// An Item is one comparison of one field with one value. A field with several values (repeated or
// unnamed <Data>, arrays) satisfies an item if one of its elements does, or all of them joined
// with newlines (T20).
type Item struct {
	// Field is the name as the rule writes it, spaces stripped; "" is a keyword, which is looked
	// for in every field of the event (T5).
	Field string
	Kind  ItemKind
	// Pattern is what ItemMatch compares with, or the decimal text of ItemNumber.
	Pattern Pattern
	// Cased compares letters as they are; else under Unicode simple case folding (T1). It holds for
	// ItemMatch and ItemFieldRef.
	Cased bool
	// Number is the operand of ItemNumber and ItemCompare.
	Number float64
	Cmp    Cmp
	// Part is taken out of the value's date first, for ItemNumber and ItemCompare. WholeValue is the
	// value itself.
	Part     TimePart
	Regexp   string // flags are written into it: (?i), (?m), (?s)
	CIDR     string
	RefField string
	Ref      Ref
	// Want is the truth that ItemExists asks for: exists: false is an item with Want false.
	Want bool
	// Line is the line of the value in the file.
	Line int
	// Text is the value as the rule writes it, with its modifiers: "Image|endswith: '\cmd.exe'".
	// It is what people are shown.
	Text string
}

// A Pattern is a Sigma text with wildcards, unescaped. Its parts are matched one after the other
// against the whole value.
type Pattern []PatternPart

// A PatternPart is either a run of literal text or one wildcard.
type PatternPart struct {
	Wildcard Wildcard
	Literal  string // set if Wildcard is NoWildcard; never empty; may hold any bytes
}

// Wildcard is a special character of a pattern.
type Wildcard uint8

const (
	NoWildcard Wildcard = iota
	AnyRun              // *: any number of characters, newlines too (T2)
	AnyOne              // ?: exactly one character
)

// A Correlation is a rule over the matches of other rules (correlation specification v2.1.0).
type Correlation struct {
	File string
	Line int

	ID, Title, Name     string
	Status, Level       string
	Description, Author string
	Date, Modified      string
	References, Tags    []string
	FalsePositives      []string
	// Next says what to look at next, in sentences. It is no attribute of the specification: the rules
	// that come with the program have it, and others may.
	Next []string

	Type     string   // event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile, value_median
	Rules    []string // ids or names, as written
	GroupBy  []string
	Timespan time.Duration
	// Aliases maps an alias to rule (id or name) to field.
	Aliases map[string]map[string]string
	// Ranges are the bounds that the count, sum, ... must all keep; temporal types may have none,
	// which means every rule must be there.
	Ranges []Range
	Fields []string // condition.field: what value_* types look at
	// Percentile is the one that value_percentile asks for, in percent.
	Percentile float64
	// Generate lets the referred rules report by themselves too.
	Generate bool
	// Silent marks a correlation that only feeds others.
	Silent bool
}

// A Range is one bound of a correlation's condition: gt, gte, lt, lte, eq or neq and its operand.
type Range struct {
	Op    string
	Value float64
}

// A Filter narrows other rules (filters specification v2.1.0).
type Filter struct {
	File      string
	Line      int
	ID, Title string
	Logsource Logsource
	// Rules are the ids or names it applies to; Any means all rules whose logsource contains its own.
	Rules     []string
	Any       bool
	Condition Node
}

// A Rejection is a document that was not loaded, and why. Nothing is ever dropped without one.
type Rejection struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Rule is the title or id of the rejected rule if it could be read.
	Rule   string `json:"rule,omitempty"`
	Reason string `json:"reason"`
}
