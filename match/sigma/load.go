package sigma

import (
	"errors"
	"io/fs"
)

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

// LoadOptions say how rules are read. The zero value is right for hunting with SigmaHQ's rules.
type LoadOptions struct {
	// Placeholders are the values of |expand by name, without percent signs. A rule with a
	// placeholder that is not here is rejected (T19).
	Placeholders map[string][]string
	// IncludeDeprecated loads rules of status deprecated and unsupported too; else they are left
	// out and counted in Collection.Skipped (T30).
	IncludeDeprecated bool
	// Workers is the number of files parsed at the same time; 0 means GOMAXPROCS.
	Workers int
	// CacheDir is the folder of the cache of parsed rules; "" means no cache.
	CacheDir string
}

// Load reads rule files and, recursively, folders of them.
func Load(paths []string, opt LoadOptions) (*Collection, error) {
	return nil, errors.New("not there yet")
}

// LoadFS reads the rule files under root in a file system, such as an embedded pack.
func LoadFS(fsys fs.FS, root string, opt LoadOptions) (*Collection, error) {
	return nil, errors.New("not there yet")
}

// Merge joins collections into one.
func Merge(cs ...*Collection) *Collection { return &Collection{} }

// Resolve ties together what refers to each other.
func (c *Collection) Resolve() {}
