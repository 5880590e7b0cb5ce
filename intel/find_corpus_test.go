package intel

import (
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
)

// A campaign is one folder of ESET's collection: its text, and what its lists say.
type campaign struct {
	name, text string
	hashes     map[string]bool
	misp       []mispValue
}

type mispValue struct{ kind, value string }

func esetCampaigns(tb testing.TB) []*campaign {
	tb.Helper()
	byName := map[string]*campaign{}
	for name, data := range corpustest.Each(tb, "intel/ioc/eset-malware-ioc.tar.zst", "") {
		text := string(data)
		folder, _, _ := strings.Cut(name, "/")
		c := byName[folder]
		if c == nil {
			c = &campaign{name: folder, hashes: map[string]bool{}}
			byName[folder] = c
		}
		switch base := path.Base(name); {
		case strings.HasPrefix(base, "README"):
			c.text += text + "\n"
		case strings.HasPrefix(base, "samples."):
			for line := range strings.Lines(text) {
				if w := strings.Fields(line); len(w) > 0 {
					c.hashes[strings.ToLower(w[0])] = true
				}
			}
		case strings.HasSuffix(base, ".json"):
			c.misp = append(c.misp, mispValues(tb, text)...)
		}
	}
	var all []*campaign
	for _, c := range byName {
		for _, m := range c.misp {
			if v := strings.ToLower(m.value); hashType(len(v)) != "" && isHex(v) {
				c.hashes[v] = true
			}
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *campaign) int { return strings.Compare(a.name, b.name) })
	return all
}

// mispValues collects every object with a type and a value, however deep: slow and obvious.
func mispValues(tb testing.TB, text string) (values []mispValue) {
	var any any
	if err := json.Unmarshal([]byte(text), &any); err != nil {
		tb.Fatal(err)
	}
	var walk func(v interface{})
	walk = func(v interface{}) {
		switch v := v.(type) {
		case []interface{}:
			for _, e := range v {
				walk(e)
			}
		case map[string]interface{}:
			kind, _ := v["type"].(string)
			value, _ := v["value"].(string)
			kinds, parts := strings.Split(kind, "|"), strings.Split(value, "|")
			if value != "" && len(kinds) == len(parts) {
				for i := range kinds {
					values = append(values, mispValue{kinds[i], parts[i]})
				}
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(any)
	return values
}

// A score counts what was found of what should have been.
type score struct{ found, right, wanted, recalled int }

func (s score) precision() float64 { return float64(s.right) / float64(max(s.found, 1)) }
func (s score) recall() float64    { return float64(s.recalled) / float64(max(s.wanted, 1)) }

var notHex = regexp.MustCompile(`[^0-9a-f]+`)

// Hashes of the texts against the lists of the same campaign. What the lists have and the text has
// not cannot be found in it: they have the other hashes of each sample too.
func TestCorpusHashes(t *testing.T) {
	var s score
	unlisted := 0
	for _, c := range esetCampaigns(t) {
		if len(c.hashes) == 0 {
			continue
		}
		found := map[string]bool{}
		for _, f := range FindIndicators(c.text) {
			if hashType(len(f.Value)) == f.Type || f.Type == Certificate {
				found[f.Value] = true
			}
		}
		for v := range found {
			s.found++
			if c.hashes[v] {
				s.right++
			} else {
				unlisted++
				if !strings.Contains(strings.ToLower(c.text), v) {
					t.Errorf("%s: %s is in no list and not in the text", c.name, v)
				}
			}
		}
		inText := map[string]bool{}
		for _, word := range notHex.Split(strings.ToLower(c.text), -1) {
			inText[word] = true
		}
		for v := range c.hashes {
			if inText[v] {
				s.wanted++
				if found[v] {
					s.recalled++
				} else {
					t.Errorf("%s: %s was not found", c.name, v)
				}
			}
		}
	}
	// The lists do not have all that the texts have: thumbprints of certificates, serial numbers,
	// hashes of passwords, and files that somebody forgot. Each of those is in the text as it is.
	t.Logf("hashes: recall %.4f (%d of %d), precision %.4f (%d of %d, the other %d are in the text and in no list)",
		s.recall(), s.recalled, s.wanted, s.precision(), s.right, s.found, unlisted)
	if s.recall() < 0.99 || s.precision() < 0.97 {
		t.Errorf("recall %.4f and precision %.4f, want 0.99 and 0.97", s.recall(), s.precision())
	}
}

// What the MISP events of a campaign list and its text has, in whatever form. The other way round
// the events are no oracle: texts have references, hosts of downloads and more campaigns than they.
func TestCorpusMISP(t *testing.T) {
	types := map[string]IndicatorType{
		"domain": Domain, "hostname": Domain, "ip-dst": IP, "ip-src": IP, "ip": IP, "url": URL,
		"email-dst": Email, "email-src": Email, "filename": FilePath, "regkey": RegistryKey,
	}
	by := map[IndicatorType]*score{}
	crude := strings.NewReplacer("[.]", ".", "[:]", ":", "hxxp", "http")
	for _, c := range esetCampaigns(t) {
		found := map[string]bool{}
		if len(c.misp) > 0 {
			for _, f := range FindIndicators(c.text) {
				found[f.Value] = true
			}
		}
		text := strings.ToLower(crude.Replace(c.text))
		for _, m := range c.misp {
			kind, ok := types[m.kind]
			if !ok || !strings.Contains(text, strings.ToLower(crude.Replace(m.value))) {
				continue
			}
			v, err := Normalize(kind, crude.Replace(m.value))
			if kind == FilePath && err != nil {
				kind = FileName
				v, err = Normalize(kind, m.value)
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if by[kind] == nil {
				by[kind] = &score{}
			}
			by[kind].wanted++
			if found[v] {
				by[kind].recalled++
			} else {
				t.Logf("%s: %s %s was not found", c.name, kind, v)
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		s := by[kind]
		t.Logf("%s: recall %.4f (%d of %d)", kind, s.recall(), s.recalled, s.wanted)
		if s.recall() < 0.99 {
			t.Errorf("%s: recall %.4f, want 0.99", kind, s.recall())
		}
	}
}

var (
	crudeSplit = regexp.MustCompile("[\\s|`\"'<>,“”‘’]+")
	crudeIP    = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+`)
	crudePlain = strings.NewReplacer("[.]", ".", "[:]", ":", "hxxp", "http", "hXXp", "http", "[dot]", ".", "[@]", "@", "[://]", "://")
	crudeHost  = regexp.MustCompile(`^[\pL\pN_.-]+`)
)

// crudeDefanged is what an analyst would make of the defanged words of a text, with no more than
// splitting and replacing: the oracle for FindIndicators.
func crudeDefanged(text string) map[string]bool {
	want := map[string]bool{}
	for _, word := range crudeSplit.Split(text, -1) {
		v := crudePlain.Replace(word)
		if v == word {
			continue
		}
		v = strings.TrimLeft(strings.TrimRight(v, "+.;:!?*)"), "+(*-[")
		put := func(t IndicatorType, v string) {
			if n, err := Normalize(t, v); err == nil {
				want[string(t)+" "+n] = true
			}
		}
		host := v
		if _, after, ok := strings.Cut(v, "://"); ok {
			put(URL, v)
			host = after
		} else if strings.Contains(v, "@") {
			put(Email, v)
			continue
		}
		if ip := crudeIP.FindString(host); ip != "" {
			put(IP, ip)
		} else {
			put(Domain, crudeHost.FindString(host))
		}
	}
	return want
}

func TestCorpusDefanged(t *testing.T) {
	texts := map[string]string{}
	for _, c := range esetCampaigns(t) {
		texts["eset/"+c.name] = c.text
	}
	dir := corpustest.Path(t, "intel/ioc/unit42")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "2") {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			texts["unit42/"+e.Name()] = string(data)
		}
	}
	by := map[IndicatorType]*score{}
	for _, kind := range [...]IndicatorType{Domain, IP, URL, Email} {
		by[kind] = &score{}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		all, plain := map[string]bool{}, strings.ToLower(crudePlain.Replace(text))
		for _, f := range FindIndicators(text) {
			all[string(f.Type)+" "+f.Value] = true
			s := by[f.Type]
			if !f.Defanged || s == nil {
				continue
			}
			s.found++
			if standsIn(plain, crudeForm(text[f.Start:f.End])) {
				s.right++
			} else {
				t.Logf("%s: only we found %s %s", name, f.Type, f.Value)
			}
		}
		for v := range crudeDefanged(text) {
			kind, value, _ := strings.Cut(v, " ")
			s := by[IndicatorType(kind)]
			s.wanted++
			if all[v] {
				s.recalled++
			} else {
				t.Logf("%s: %s %s was not found", name, kind, value)
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		s := by[kind]
		t.Logf("%s: recall %.4f (%d of %d), precision %.4f (%d of %d)", kind, s.recall(), s.recalled, s.wanted, s.precision(), s.right, s.found)
		if s.recall() < 0.99 || s.precision() < 0.99 {
			t.Errorf("%s: recall %.4f and precision %.4f, want 0.99", kind, s.recall(), s.precision())
		}
	}
}

// crudeForm is a piece of a text without its defanging.
func crudeForm(piece string) string { return strings.ToLower(crudePlain.Replace(piece)) }

// standsIn tells whether a value stands in a text by itself, and not within a longer word.
func standsIn(text, value string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], value)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(value)
		if !wordAt(text, start-1) && !wordAt(text, end) && !(isAt(text, end, '.') && wordAt(text, end+1)) && !isAt(text, start-1, '-') && !isAt(text, end, '-') {
			return true
		}
		at = start + 1
	}
}
