// Tests of the repository itself: which package may import which, one package comment each, and
// the map in ARCHITECTURE.md. They parse the sources inside the test process on purpose: the go
// command caches the result of a test that runs "go list", and keeps saying ok after an arrow was
// broken; files that the test itself opens are part of the cache's key.
package aldebaran_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the name in go.mod.
const module = "aldebaran"

// everything stands for all packages of the module; only the outermost packages may have it.
const everything = "*"

// testData is the package that finds the test data beside the repository; tests of all packages may
// import it.
const testData = "corpustest"

// arrows says which of our packages each package may import. A package that is not here fails the
// test, and so does an arrow: put it here and on the map in ARCHITECTURE.md, and say why in
// docs/decisions if it changes the map.
var arrows = map[string][]string{
	// words all stages share
	"event":   {},
	"attack":  {},
	"escape":  {},
	"english": {},
	// for tests alone
	testData: {},
	// what we are told
	"story/pdf":             {},
	"story/technique":       {},
	"story/technique/learn": {"attack", "story/technique"},
	"intel":                 {"attack"},
	"story":                 {"attack", "intel", "story/pdf", "story/technique"},
	"plan":                  {"attack", "intel", "match/behaviour", "match/sigma", "story"},
	// what we are handed
	"evidence/entries":    {"event", "evidence/lines"},
	"evidence/evtx":       {"event"},
	"evidence/ncsa":       {"event", "evidence/lines"},
	"evidence/w3c":        {"event", "evidence/lines"},
	"evidence/json":       {"event", "evidence/lines"},
	"evidence/exchange":   {"event", "evidence/lines"},
	"evidence/zeek":       {"event", "evidence/lines"},
	"evidence/dns":        {"event", "evidence/lines", "evidence/record"},
	"evidence/csv":        {"event", "evidence/json", "evidence/lines"},
	"evidence/lines":      {"event"},
	"evidence/readertest": {testData, "event", "evidence/lines"},
	"evidence/record":     {"event", "evidence/lines"},
	"evidence/auditd":     {"event", "evidence/lines", "evidence/record"},
	"evidence/cef":        {"event", "evidence/lines", "evidence/record"},
	"evidence/mail":       {"event", "evidence/lines", "evidence/record"},
	"evidence/netlogon":   {"event", "evidence/lines", "evidence/record"},
	"evidence/snort":      {"event", "evidence/lines", "evidence/record"},
	"evidence/xml":        {"event", "evidence/lines", "evidence/record"},
	"evidence/syslog":     {"event", "evidence/auditd", "evidence/cef", "evidence/json", "evidence/lines", "evidence/mail", "evidence/record", "evidence/snort"},
	"evidence/postgresql": {"event", "evidence/entries", "evidence/lines"},
	"evidence/mssql":      {"event", "evidence/entries", "evidence/lines"},
	"evidence/mysql":      {"event", "evidence/entries", "evidence/lines"},
	"evidence/oracle":     {"event", "evidence/entries", "evidence/lines"},
	"evidence":            {"event", "evidence/auditd", "evidence/cef", "evidence/csv", "evidence/dns", "evidence/evtx", "evidence/exchange", "evidence/json", "evidence/lines", "evidence/mail", "evidence/mssql", "evidence/mysql", "evidence/ncsa", "evidence/netlogon", "evidence/oracle", "evidence/postgresql", "evidence/snort", "evidence/syslog", "evidence/w3c", "evidence/xml", "evidence/zeek"},
	// where the two meet
	"match/sigma":     {"attack", "event"},
	"match/behaviour": {"english", "event", "match/sigma"},
	"match/indicator": {"event", "intel"},
	"match":           {"event", "intel", "match/behaviour", "match/indicator", "match/sigma"},
	// what it means
	"finding":     {"attack", "event", "match", "match/sigma"},
	"attribution": {"attack", "english", "finding", "intel"},
	"verdict":     {"english", "event", "evidence", "finding", "intel", "match/behaviour", "match/sigma", "plan", "story"},
	"brief":       {"attack", "escape", "evidence", "finding", "intel", "match", "match/sigma", "plan", "story", "verdict"},
	// what holds it together
	"hunt":            {"attack", "brief", "english", "escape", "event", "evidence", "finding", "intel", "match", "match/behaviour", "match/indicator", "match/sigma", "plan", "story", "verdict"},
	"store":           {"evidence", "finding", "plan", "story", "verdict"},
	"store/storetest": {"attack", "event", "evidence", "finding", "match", "plan", "store", "story", "verdict"},
	"packs":           {"attack", "event", "intel", "match/behaviour", "match/sigma"},
	"packs/demo":      {"event", "evidence/evtx"},
	"cmd/aldebaran":   {everything},
	// beside the product
	"attack/derive":         {"attack"},
	"story/derive":          {},
	"story/technique/train": {"attack", "story/technique/learn"},
	"bench/extraction":      {"attack", "intel", "packs", "story", "story/technique", "story/technique/learn"},
	"bench":                 {"english", "event", "evidence", "evidence/evtx", "intel", "match/behaviour", "match/indicator", "match/sigma", "packs"},
	"bench/picture":         {},
	"bench/detections":      {"escape", "finding", "hunt", "intel", "match/behaviour", "match/sigma", "packs"},
	"bench/attribution":     {"attribution"},
}

// testArrows are what the _test.go files of a package may import besides: a test of a matcher
// needs a reader to get real events from, and a test of a stage may look at the one before it.
// They are counted separately so that a test never excuses an arrow in the product.
var testArrows = map[string][]string{
	"brief":               {"event"},
	"evidence/zeek":       {"evidence/json", "evidence/readertest"},
	"evidence/evtx":       {"evidence/readertest"},
	"evidence/csv":        {"evidence/readertest"},
	"evidence/dns":        {"evidence/readertest"},
	"evidence/mssql":      {"evidence/readertest"},
	"evidence/mysql":      {"evidence/readertest"},
	"evidence/ncsa":       {"evidence/readertest"},
	"evidence/oracle":     {"evidence/readertest"},
	"evidence/postgresql": {"evidence/readertest"},
	"evidence/w3c":        {"evidence/readertest"},
	"evidence/json":       {"evidence/evtx", "match/sigma"},
	"match/indicator":     {"evidence/evtx", "evidence/lines", "evidence/w3c", "match/sigma"},
	"match/sigma":         {"evidence/evtx", "evidence/exchange", "evidence/lines", "evidence/ncsa", "evidence/w3c"},
	"match":               {"evidence/evtx"},
	"attribution":         {"match", "packs"},
	"verdict":             {"match"},
	"match/behaviour":     {"evidence"},
	"evidence":            {"match/sigma"},
	"finding":             {"evidence/evtx"},
	"hunt":                {"evidence/evtx", "packs", "packs/demo"},
	"store":               {"attack", "hunt", "match/behaviour", "packs", "packs/demo", "store/storetest"},
	"packs":               {"event", "evidence", "match/sigma", "packs/demo"},
	"packs/demo":          {"hunt", "match/behaviour", "packs"},
	"cmd/aldebaran":       {everything},
	"evidence/record":     {"evidence/readertest"},
	"evidence/auditd":     {"evidence/readertest"},
	"evidence/cef":        {"evidence/readertest"},
	"evidence/mail":       {"evidence/readertest"},
	"evidence/netlogon":   {"evidence/readertest"},
	"evidence/snort":      {"evidence/readertest"},
	"evidence/xml":        {"evidence/readertest"},
	"evidence/syslog":     {"evidence/readertest"},
}

// A folder is what the tests know of one package: its files by name.
type folder struct {
	path  string // from the root, with slashes
	files map[string]*ast.File
	fset  *token.FileSet
}

func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range folders(t) {
		seen[f.path] = true
		allowed, known := arrows[f.path]
		if !known {
			t.Errorf("%s: not in the table of arrows_test.go: say what it may import, and put it on the map in ARCHITECTURE.md", f.path)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			may := allowed
			if strings.HasSuffix(name, "_test.go") {
				may = slices.Concat(allowed, testArrows[f.path], []string{f.path, testData})
			}
			for _, spec := range f.files[name].Imports {
				full, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatalf("%s: import %s: %v", f.fset.Position(spec.Pos()), spec.Path.Value, err)
				}
				to, ours := strings.CutPrefix(full, module+"/")
				if ours && !slices.Contains(may, to) && !slices.Contains(may, everything) {
					t.Errorf("%s: %s must not import %s", f.fset.Position(spec.Pos()), f.path, to)
				}
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(arrows)) {
		if !seen[p] {
			t.Errorf("arrows_test.go: the table has %s, where no package is", p)
		}
	}
}

// TestArrowsPointBack keeps the table free of cycles, also of those that would run through
// packages which do not import each other yet.
func TestArrowsPointBack(t *testing.T) {
	const (
		open = iota + 1
		done
	)
	state := map[string]int{}
	var visit func(p string, way []string)
	visit = func(p string, way []string) {
		way = append(way, p)
		switch state[p] {
		case done:
			return
		case open:
			t.Errorf("arrows go round: %s", strings.Join(way, " -> "))
			return
		}
		state[p] = open
		for _, to := range arrows[p] {
			if to == everything {
				continue
			}
			if _, known := arrows[to]; !known {
				t.Errorf("%s may import %s, which is not in the table", p, to)
			}
			visit(to, way)
		}
		state[p] = done
	}
	for _, p := range slices.Sorted(maps.Keys(arrows)) {
		visit(p, nil)
	}
	for _, p := range slices.Sorted(maps.Keys(testArrows)) {
		if _, known := arrows[p]; !known {
			t.Errorf("testArrows has %s, which is not in the table", p)
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, f := range folders(t) {
		var have []string
		pkg := ""
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file := f.files[name]
			pkg = file.Name.Name
			if file.Doc == nil {
				continue
			}
			have = append(have, name)
			want := "Package " + pkg + " "
			if pkg == "main" {
				want = "Command " + path.Base(f.path) + " "
			}
			if text := file.Doc.Text(); !strings.HasPrefix(text, want) {
				t.Errorf("%s/%s: package comment: want %q first, found %q", f.path, name, want, firstLine(text))
			}
		}
		if pkg != "" && len(have) != 1 {
			t.Errorf("%s: want one file with a package comment, found %d: %s", f.path, len(have), strings.Join(have, " "))
		}
	}
}

// TestMap holds the map in ARCHITECTURE.md against the folders that are there.
func TestMap(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	onMap := mapped(string(text))
	if len(onMap) == 0 {
		t.Fatal("ARCHITECTURE.md: found no map: want lines of the form \"    folder/   what goes in; what comes out\"")
	}
	for _, f := range folders(t) {
		if !slices.Contains(onMap, f.path) {
			t.Errorf("ARCHITECTURE.md: the map lacks %s/", f.path)
		}
	}
	for _, p := range onMap {
		if info, err := os.Stat(filepath.FromSlash(p)); err != nil || !info.IsDir() {
			t.Errorf("ARCHITECTURE.md: the map has %s/, which is not there", p)
		}
	}
}

func TestMapped(t *testing.T) {
	text := "words event/ in a sentence\n\n    event/          the record\n      evidence/evtx/  one format\n    x/y/\n"
	want := []string{"event", "evidence/evtx", "x/y"}
	if got := mapped(text); !slices.Equal(got, want) {
		t.Errorf("mapped = %q, want %q", got, want)
	}
}

// mapped gives the folders of a map: the first words of indented lines that end in a slash.
func mapped(text string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`(?m)^ {4,}([a-z0-9_/.]+)/(?: |$)`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// folders parses all packages below the root, in the order of their paths. The root itself holds
// only this file. Folders that the go command ignores are ignored here too.
func folders(t *testing.T) []folder {
	t.Helper()
	byPath := map[string]folder{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		if dir == "." || filepath.Ext(base) != ".go" || base[0] == '.' || base[0] == '_' {
			return nil
		}
		f, ok := byPath[dir]
		if !ok {
			f = folder{path: dir, files: map[string]*ast.File{}, fset: token.NewFileSet()}
			byPath[dir] = f
		}
		file, err := parser.ParseFile(f.fset, name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return fmt.Errorf("parsing for imports: %w", err)
		}
		f.files[base] = file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(byPath) == 0 {
		t.Fatal("found no packages: is the test running in the root of the module?")
	}
	var all []folder
	for _, p := range slices.Sorted(maps.Keys(byPath)) {
		all = append(all, byPath[p])
	}
	return all
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
