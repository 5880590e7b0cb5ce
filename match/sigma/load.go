package sigma

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

	// parsed is the collection as it was before Resolve tied its parts together; nil before that.
	parsed *Collection
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

// ErrNoRules says that there is no rule file in what was to be loaded.
var ErrNoRules = errors.New("want at least one .yml or .yaml file, found none")

// Load reads rule files and, recursively, the *.yml and *.yaml files of folders, and resolves what
// refers to each other among them. Files are taken in the order of their paths, so that the result
// does not depend on the order of the arguments or on how many are read at once. A path that
// cannot be read at all is an error, and so is it if there is no rule file ([ErrNoRules]); a file
// in a folder that cannot be read is a [Rejection]. Folders whose name starts with a dot are left
// out and counted as skipped; links to folders are not followed.
func Load(paths []string, opt LoadOptions) (*Collection, error) {
	found := &Collection{}
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		if !info.IsDir() {
			if info.Mode().IsRegular() { // a pipe could be opened only once
				f, err := os.Open(p)
				if err != nil {
					return nil, fmt.Errorf("rules: %w", err)
				}
				f.Close()
			}
			files = append(files, filepath.Clean(p))
			continue
		}
		if _, err := os.ReadDir(p); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		w := walker{root: filepath.Clean(p), found: found, stat: os.Stat}
		if link, err := os.Lstat(w.root); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			w.root += string(filepath.Separator) // the user named the link: it is followed
		}
		if err := filepath.WalkDir(w.root, w.visit); err != nil {
			return nil, fmt.Errorf("rules: %s: %w", p, err)
		}
		files = append(files, w.files...)
	}
	if len(files) == 0 && len(found.Rejected) == 0 {
		return nil, fmt.Errorf("rules: %s: %w", strings.Join(paths, ", "), ErrNoRules)
	}
	open := func(name string) (fs.File, error) { return os.Open(name) }
	return load(files, open, found, opt), nil
}

// LoadFS is [Load] of a folder or file of a file system, such as an embedded pack.
func LoadFS(fsys fs.FS, root string, opt LoadOptions) (*Collection, error) {
	found := &Collection{}
	w := walker{root: path.Clean(root), found: found, stat: func(name string) (fs.FileInfo, error) { return fs.Stat(fsys, name) }}
	info, err := fs.Stat(fsys, w.root)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if !info.IsDir() {
		w.files = []string{w.root}
	} else if err := fs.WalkDir(fsys, w.root, w.visit); err != nil {
		return nil, fmt.Errorf("rules: %s: %w", root, err)
	}
	if len(w.files) == 0 && len(found.Rejected) == 0 {
		return nil, fmt.Errorf("rules: %s: %w", root, ErrNoRules)
	}
	return load(w.files, fsys.Open, found, opt), nil
}

// A walker collects the rule files of a folder.
type walker struct {
	root  string
	files []string
	found *Collection // for what cannot be read or is left out
	stat  func(string) (fs.FileInfo, error)
}

func (w *walker) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		w.found.Rejected = append(w.found.Rejected, Rejection{File: name, Reason: err.Error()})
		if d != nil && d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if d.IsDir() {
		if name != w.root && strings.HasPrefix(d.Name(), ".") {
			skipOne(w.found, "hidden folder")
			return fs.SkipDir
		}
		return nil
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yml", ".yaml":
	default:
		return nil
	}
	if why := w.unfit(name, d); why != "" {
		w.found.Rejected = append(w.found.Rejected, Rejection{File: name, Reason: why})
		return nil
	}
	w.files = append(w.files, name)
	return nil
}

// unfit says why a file cannot be read; links are followed to what they lead to. Opening a pipe
// would wait for ever.
func (w *walker) unfit(name string, d fs.DirEntry) string {
	mode := d.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := w.stat(name)
		if err != nil {
			return err.Error()
		}
		mode = info.Mode()
	}
	if !mode.IsRegular() {
		return "want a regular file, found " + mode.Type().String()
	}
	return ""
}

func skipOne(c *Collection, reason string) {
	if c.Skipped == nil {
		c.Skipped = make(map[string]int)
	}
	c.Skipped[reason]++
}

// load reads files, in parallel, and puts what they hold together in the order of their names.
func load(files []string, open func(string) (fs.File, error), found *Collection, opt LoadOptions) *Collection {
	slices.Sort(files)
	files = slices.Compact(files)
	if opt.CacheDir != "" {
		return loadCached(files, open, found, opt)
	}
	parts := make([]*Collection, len(files))
	each(len(files), opt.Workers, func(i int) {
		data, err := readFile(open, files[i])
		parts[i] = parseRead(data, files[i], err, opt)
	})
	return Merge(append(parts, found)...)
}

// parseRead parses a file that was read, or says why it could not be.
func parseRead(data []byte, file string, err error, opt LoadOptions) *Collection {
	if err != nil {
		return &Collection{Files: 1, Rejected: []Rejection{{File: file, Reason: err.Error()}}}
	}
	return Parse(data, file, opt)
}

// loadCached is load with a cache in between: files are read and hashed, and parsed only if the
// cache does not know them.
func loadCached(files []string, open func(string) (fs.File, error), found *Collection, opt LoadOptions) *Collection {
	read := make([]ruleFile, len(files))
	var held atomic.Int64
	each(len(files), opt.Workers, func(i int) {
		data, err := readFile(open, files[i])
		read[i] = ruleFile{sum: sha256.Sum256(data), err: err}
		if held.Add(int64(len(data))) <= maxHeld {
			read[i].data, read[i].held = data, true
		}
	})
	key := cacheKey(files, read, found, opt)
	if c := readCache(opt.CacheDir, key); c != nil {
		c.Resolve()
		return c
	}
	parts := make([]*Collection, len(files))
	var changed atomic.Bool
	each(len(files), opt.Workers, func(i int) {
		data, err := read[i].data, read[i].err
		if !read[i].held {
			if data, err = readFile(open, files[i]); sha256.Sum256(data) != read[i].sum {
				changed.Store(true) // while we read: the key is not that of what is parsed
			}
		}
		parts[i] = parseRead(data, files[i], err, opt)
	})
	c := Merge(append(parts, found)...)
	if changed.Load() {
		return c
	}
	if err := writeCache(opt.CacheDir, key, c); err != nil {
		c.Warnings = append(c.Warnings, Rejection{File: opt.CacheDir, Reason: "parsed rules are not kept for the next time: " + err.Error()})
	}
	return c
}

// each calls f for 0 to n-1 from several goroutines and waits for them.
func each(n, workers int, f func(i int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}

// readFile reads a file up to a byte more than a rule file may have, which is enough for the
// parser to refuse it.
func readFile(open func(string) (fs.File, error), name string) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		b.Grow(int(min(info.Size(), maxFileSize)) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(io.LimitReader(f, maxFileSize+1)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Merge joins collections into one, in their order, and resolves what refers to each other among
// all of them; the collections themselves stay as they are.
func Merge(cs ...*Collection) *Collection {
	c := &Collection{}
	for _, part := range cs {
		if part == nil {
			continue
		}
		if part.parsed != nil {
			part = part.parsed
		}
		c.Rules = append(c.Rules, part.Rules...)
		c.Correlations = append(c.Correlations, part.Correlations...)
		c.Filters = append(c.Filters, part.Filters...)
		c.Rejected = append(c.Rejected, part.Rejected...)
		c.Warnings = append(c.Warnings, part.Warnings...)
		for reason, n := range part.Skipped {
			if c.Skipped == nil {
				c.Skipped = make(map[string]int)
			}
			c.Skipped[reason] += n
		}
		c.Files += part.Files
	}
	c.Resolve()
	return c
}
