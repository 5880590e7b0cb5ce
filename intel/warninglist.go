package intel

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
)

// WarningLists are values that mean little by themselves: private networks, hashes of empty files,
// the names of large providers. An indicator that is on one is low: it is matched, and never
// raises an alarm alone. Immutable, safe for concurrent use; the zero value has none.
type WarningLists struct {
	names []string
	// A value's lists are in the order of names.
	exact    map[string][]listed
	hosts    map[string][]listed // names that their subdomains are on too
	networks map[netip.Prefix][]listed
	lengths4 []int // lengths of prefixes that occur, so that a lookup tries no others
	lengths6 []int
	parts    []listedPart
	patterns []listedPattern
}

// listed is a list by its index in names, and for which types of indicators it holds.
type listed struct {
	list  int32
	types typeSet
}

type listedPart struct {
	text string
	listed
}

type listedPattern struct {
	re *regexp.Regexp
	listed
}

// A typeSet has a bit for each type of indicators, in the order of allTypes.
type typeSet uint32

var allTypes = [...]IndicatorType{
	Domain, IP, CIDR, URL, Email, MD5, SHA1, SHA256, SHA512, Imphash, FileName, FilePath,
	RegistryKey, Mutex, UserAgent, Certificate, JA3, Account,
}

// Types are all types of indicators, in the order of this package's documentation.
func Types() []IndicatorType { return slices.Clone(allTypes[:]) }

func setOf(t IndicatorType) typeSet {
	return 1 << max(0, slices.Index(allTypes[:], t))
}

const (
	// maxWarningFile bounds one list; the largest of MISP's have some 30 MB.
	maxWarningFile = 128 << 20
	// maxWarningEntries bounds all lists together.
	maxWarningEntries = 8_000_000
	// maxWarningParts bounds lists that each indicator is compared with, entry by entry.
	maxWarningParts = 2000
)

// A warningFile is a list of MISP's: github.com/MISP/misp-warninglists, schema.json.
type warningFile struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	List       []string `json:"list"`
	Attributes []string `json:"matching_attributes"`
}

//go:embed warnings.json
var ownWarnings []byte

// BuiltinWarnings gives the lists that are always there: what no intruder owns.
func BuiltinWarnings() (*WarningLists, error) {
	var files []warningFile
	if err := json.Unmarshal(ownWarnings, &files); err != nil {
		return nil, fmt.Errorf("warnings.json: %w", err)
	}
	w := newWarningLists()
	for i := range files {
		if p := w.add("warnings.json", &files[i]); len(p) > 0 {
			return nil, errors.New(p[0].String())
		}
	}
	w.finish()
	return w, nil
}

// ReadWarningLists reads all lists in MISP's format below a folder, on top of the built-in ones. A
// list or an entry that cannot be used is a problem.
func ReadWarningLists(fsys fs.FS, dir string) (*WarningLists, []Problem, error) {
	w, err := BuiltinWarnings()
	if err != nil {
		return nil, nil, err
	}
	var problems []Problem
	err = fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		file, err := readWarningFile(fsys, name)
		if err != nil {
			problems = append(problems, Problem{File: name, Reason: err.Error()})
			return nil //nolint:nilerr // it was told; the other lists are of use without this one
		}
		problems = append(problems, w.add(name, file)...)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading warning lists: %w", err)
	}
	w.finish()
	return w, problems, nil
}

func readWarningFile(fsys fs.FS, name string) (*warningFile, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxWarningFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxWarningFile {
		return nil, fmt.Errorf("want at most %d bytes, found more", maxWarningFile)
	}
	file := &warningFile{}
	if err := json.Unmarshal(data, file); err != nil {
		return nil, fmt.Errorf("want a warning list: %w", err)
	}
	if file.Name == "" || len(file.List) == 0 {
		return nil, errors.New("want name and list, found none")
	}
	return file, nil
}

func newWarningLists() *WarningLists {
	return &WarningLists{exact: map[string][]listed{}, hosts: map[string][]listed{}, networks: map[netip.Prefix][]listed{}}
}

// attributeTypes are the types of indicators that attributes of MISP stand for.
func attributeTypes(attributes []string) (set typeSet) {
	for _, a := range attributes {
		for kind := range strings.SplitSeq(a, "|") {
			if t := typeNames[kind]; t != "" {
				set |= setOf(t)
			}
			switch kind {
			case "ip-src", "ip-dst":
				set |= setOf(CIDR)
			case "filename":
				set |= setOf(FilePath)
			}
		}
	}
	return set
}

// add takes the entries of a list.
func (w *WarningLists) add(name string, f *warningFile) []Problem {
	l := listed{int32(len(w.names)), attributeTypes(f.Attributes)}
	if l.types == 0 {
		return nil // telephone numbers and the like: we have no such indicators
	}
	w.names = append(w.names, oneLine(f.Name))
	var problems problemList
	bad := func(entry, why string) { problems.add(name, 0, "entry %q: %s", cut(entry), why) }
	for _, entry := range f.List {
		if len(w.exact)+len(w.hosts)+len(w.networks) >= maxWarningEntries || len(w.parts)+len(w.patterns) >= maxWarningParts {
			bad(entry, "it is one too many of all lists together")
			return problems.told(name)
		}
		e := strings.ToLower(strings.TrimSpace(entry))
		switch f.Type {
		case "string":
			// ".google.com" is the domain with all below it
			if d, ok := strings.CutPrefix(e, "."); ok {
				w.hosts[d] = append(w.hosts[d], l)
			} else {
				w.exact[e] = append(w.exact[e], l)
			}
		case "hostname":
			h := strings.Trim(strings.TrimPrefix(e, "*"), ".")
			if d := normalDomain(h); d != "" {
				h = d
			}
			w.hosts[h] = append(w.hosts[h], l)
		case "cidr":
			if p, ok := parseNetwork(e); ok {
				w.networks[p] = append(w.networks[p], l)
			} else {
				bad(entry, "want an address or a network")
			}
		case "substring":
			w.parts = append(w.parts, listedPart{e, l})
		case "regex":
			re, err := perlPattern(strings.TrimSpace(entry))
			if err != nil {
				bad(entry, err.Error())
				continue
			}
			w.patterns = append(w.patterns, listedPattern{re, l})
		default:
			bad(f.Type, "want a list of type string, hostname, cidr, substring or regex")
			return problems.told(name)
		}
	}
	return problems.told(name)
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return unmapPrefix(p), true
	}
	a, ok := parseIP(s)
	if !ok {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// perlPattern reads "/expression/flags"; of the flags only i means something here.
func perlPattern(s string) (*regexp.Regexp, error) {
	if end := strings.LastIndexByte(s, '/'); len(s) > 1 && s[0] == '/' && end > 0 {
		flags := s[end+1:]
		if s = s[1:end]; strings.Contains(flags, "i") {
			s = "(?i)" + s
		}
	}
	return regexp.Compile(s)
}

// finish lists the lengths of prefixes, the longest first.
func (w *WarningLists) finish() {
	w.lengths4, w.lengths6 = nil, nil
	for p := range w.networks {
		lengths := &w.lengths6
		if p.Addr().Is4() {
			lengths = &w.lengths4
		}
		if !slices.Contains(*lengths, p.Bits()) {
			*lengths = append(*lengths, p.Bits())
		}
	}
	slices.Sort(w.lengths4)
	slices.Sort(w.lengths6)
	slices.Reverse(w.lengths4)
	slices.Reverse(w.lengths6)
}

// Check tells whether an indicator is on a list, and on which: the first in the order in which
// lists were read.
func (w *WarningLists) Check(i *Indicator) (list string, hit bool) {
	if w == nil || len(w.names) == 0 {
		return "", false
	}
	best := int32(-1)
	set := setOf(i.Type)
	see := func(all []listed) {
		for _, l := range all {
			if l.types&set != 0 && (best < 0 || l.list < best) {
				best = l.list
			}
		}
	}
	value := strings.ToLower(i.Value)
	see(w.exact[value])
	if prefix, ok := i.Prefix(); ok {
		w.seeNetworks(prefix, see)
	}
	host := w.hostOf(i)
	if a, err := netip.ParseAddr(host); err == nil {
		w.seeNetworks(netip.PrefixFrom(a, a.BitLen()), see)
		see(w.exact[host])
	} else if host != "" {
		see(w.exact[host])
		for h := host; ; {
			see(w.hosts[h])
			_, below, ok := strings.Cut(h, ".")
			if !ok {
				break
			}
			h = below
		}
	}
	for k := range w.parts {
		if p := &w.parts[k]; p.types&set != 0 && (best < 0 || p.list < best) && strings.Contains(value, p.text) {
			best = p.list
		}
	}
	for k := range w.patterns {
		if p := &w.patterns[k]; p.types&set != 0 && (best < 0 || p.list < best) && p.re.MatchString(i.Value) {
			best = p.list
		}
	}
	if best < 0 {
		return "", false
	}
	return w.names[best], true
}

// hostOf is the host of a domain, an URL or an e-mail address. A host says nothing of a person at
// it, nor of a page: mail from a large provider is no benign value. So only domains and URLs without a
// path have one.
func (w *WarningLists) hostOf(i *Indicator) string {
	switch i.Type {
	case Domain:
		return i.Value
	case URL:
		if u, ok := ParseURL(i.Value); ok && u.Path == "/" && !u.HasQuery {
			return u.Host
		}
	}
	return ""
}

// seeNetworks finds the networks that hold all of a prefix.
func (w *WarningLists) seeNetworks(p netip.Prefix, see func([]listed)) {
	lengths := w.lengths6
	if p.Addr().Is4() {
		lengths = w.lengths4
	}
	for _, bits := range lengths {
		if bits > p.Bits() {
			continue
		}
		if wider, err := p.Addr().Prefix(bits); err == nil {
			see(w.networks[wider])
		}
	}
}
