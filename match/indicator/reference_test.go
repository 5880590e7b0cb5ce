package indicator

import (
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/intel"
)

// A reference says by plain comparison whether an indicator stands in a text of a field: slow and
// obvious. must says that the engine has to find it, may that it can: for paths and keys, which
// have many spellings, the two differ.
type reference struct {
	indicator *intel.Indicator
	value     string // in lower case
	re        *regexp.Regexp
}

func referenceOf(i *intel.Indicator) *reference {
	const (
		run   = `a-z0-9_.\-`
		local = `a-z0-9_.%+\-`
		end   = `\.*(?:$|[^` + run + `])`
	)
	r := &reference{indicator: i, value: strings.ToLower(i.Value)}
	v := regexp.QuoteMeta(r.value)
	switch i.Type {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.Imphash, intel.JA3, intel.Certificate:
		r.re = regexp.MustCompile(`(?:^|[^0-9a-z])` + v + `(?:$|[^0-9a-z])`)
	case intel.Domain:
		r.re = regexp.MustCompile(`(?:^|(.?.?[^` + run + `]))(?:[` + run + `]*\.)?` + v + end)
	case intel.Email:
		r.re = regexp.MustCompile(`(?:^|[^` + local + `]|\+)` + v + end)
	case intel.FileName:
		r.re = regexp.MustCompile("(?:^|[\\\\/\"\n\r\t<>|*?\x00` ,;=()\\[\\]'&+@:])" + v + `\.*(?:$|[\\/]$|[^` + run + `\\/$#~{}^\x{80}-\x{10ffff}])`)
	}
	return r
}

func (r *reference) in(field, text string) (must, may bool) {
	low := strings.ToLower(text)
	switch r.indicator.Type {
	case intel.IP:
		return same(r.isAddress(low))
	case intel.Domain:
		for _, m := range r.re.FindAllStringSubmatch(low, -1) {
			// Behind one backslash, or two in an escaped path, it is a part of a path.
			if before := m[1]; !strings.HasSuffix(before, `\`) || strings.HasSuffix(before, `\\`) && (len(before) < 3 || strings.IndexByte(" \"'=(", before[0]) >= 0) {
				return true, true
			}
		}
		return false, false
	case intel.URL:
		v, err := intel.Normalize(intel.URL, text)
		u, _ := intel.ParseURL(r.indicator.Value)
		return err == nil && v == r.indicator.Value, strings.Contains(low, u.Host)
	case intel.FilePath:
		whole := low == r.value
		_, rest, _ := strings.Cut(r.value, `:\`)
		one := strings.ReplaceAll(strings.ReplaceAll(low, "/", `\`), `\\`, `\`)
		return whole, strings.Contains(one, rest)
	case intel.RegistryKey:
		if v, err := intel.Normalize(intel.RegistryKey, text); err == nil {
			v = strings.ToLower(v)
			return same(v == r.value || strings.HasPrefix(v, r.value+`\`))
		}
		return false, strings.Contains(low, r.value[strings.LastIndexByte(r.value, '\\')+1:])
	case intel.Account:
		if useOf(field) != accountField {
			return false, false
		}
		name := low[strings.LastIndexByte(low, '\\')+1:]
		name, _, _ = strings.Cut(name, "@")
		return same(low == r.value || name == r.value)
	}
	if r.indicator.Type == intel.FileName && strings.Contains(r.value, " ") {
		// Of names with blanks only those that are all of the last part must be found.
		return strings.HasSuffix(low, `\`+r.value) || low == r.value, true
	}
	return same(r.re.MatchString(low))
}

func same(is bool) (bool, bool) { return is, is }

var notAddress = regexp.MustCompile("[^a-z0-9_.:%\u0080-\U0010ffff-]+")

func (r *reference) isAddress(low string) bool {
	for _, word := range notAddress.Split(low, -1) {
		for _, w := range append(strings.Split(word, ":"), word, word[:max(0, strings.LastIndexByte(word, ':'))]) {
			w, _, _ = strings.Cut(strings.Trim(w, "."), "%")
			if a, err := netip.ParseAddr(w); err == nil && a.Unmap().String() == r.value {
				return true
			}
		}
	}
	return false
}

// drawn takes indicators out of events: what stands in them, cut out by simple means, and a little more
// and less of it, which must not be found.
func drawn(texts map[[2]string]bool) (list []intel.Indicator) {
	word := regexp.MustCompile(`[A-Za-z0-9_.-]+`)
	seen := map[string]bool{}
	put := func(t intel.IndicatorType, v string) {
		n, err := intel.Normalize(t, v)
		if err == nil && !seen[string(t)+n] && len(n) > 4 && t != intel.CIDR {
			seen[string(t)+n] = true
			list = append(list, intel.Indicator{Type: t, Value: n})
		}
	}
	keys := make([][2]string, 0, len(texts))
	for k := range texts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	for n, k := range keys {
		if n%13 != 0 {
			continue
		}
		field, text := k[0], k[1]
		if t, v, ok := intel.Recognize(text); ok && t != intel.FilePath {
			put(t, v)
		}
		for i, w := range word.FindAllString(text, 40) {
			if t, v, ok := intel.Recognize(w); ok {
				put(t, v)
				if i%3 == 0 && len(v) > 6 {
					put(t, v[1:]) // a false friend
				}
			}
			if _, below, ok := strings.Cut(w, "."); ok {
				put(intel.Domain, below)
			}
		}
		if useOf(field) == accountField {
			put(intel.Account, text)
			put(intel.Account, text[strings.LastIndexByte(text, '\\')+1:])
		}
		if strings.Index(text, `:\`) == 1 && !strings.ContainsAny(text, `"<>|?*`) && !strings.Contains(text, " -") && !strings.Contains(text, " /") {
			put(intel.FilePath, text)
		}
		put(intel.RegistryKey, text)
		put(intel.RegistryKey, text[:max(0, strings.LastIndexByte(text, '\\'))])
	}
	return list
}

// The engine finds what the reference finds, in real events, of indicators that stand in them and
// of those of public lists.
func TestCorpusReference(t *testing.T) {
	for _, log := range []string{"evtx/attack-samples", "evtx/evtx-to-mitre", "w3c"} {
		texts := map[[2]string]bool{}
		for _, f := range corpusLogs(t, log) {
			f.read(func(e *event.Event) bool {
				for i, v := range e.Values {
					const longest = 4000 // the reference is slow
					if k := v.Kind; (k == event.UTF16 || k == event.Text) && e.Shape.Fields[i].Part == event.Data && useOf(e.Shape.Fields[i].Name) != nothing && len(v.Raw) < longest {
						texts[[2]string{e.Shape.Fields[i].Name, v.String()}] = true
					}
				}
				return true
			})
		}
		list := drawn(texts)
		const most = 300 // the reference is slow
		list = list[:min(len(list), most)]
		set, err := Compile(list, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var refs []*reference
		for i := range list {
			refs = append(refs, referenceOf(&list[i]))
		}
		m := set.NewMatcher()
		pairs, hits, wrong := 0, 0, 0
		for k := range texts {
			field, text := k[0], k[1]
			found := map[*intel.Indicator]bool{}
			for _, h := range m.Match(nil, wideEvent(field, text)) {
				found[h.Indicator] = true
			}
			hits += len(found)
			low := strings.ToLower(text)
			for _, r := range refs {
				pairs++
				if !found[r.indicator] && r.indicator.Type != intel.IP && r.indicator.Type != intel.URL && r.indicator.Type != intel.RegistryKey && r.indicator.Type != intel.Account && !strings.Contains(low, r.value) {
					continue // neither finds what is not there
				}
				must, may := r.in(field, text)
				if got := found[r.indicator]; must && !got || got && !may {
					if wrong++; wrong < 20 {
						t.Errorf("%s: %s %q in %s %q: found %t, want %t to %t", log, r.indicator.Type, r.indicator.Value, field, text, got, must, may)
					}
				}
			}
		}
		t.Logf("%s: %d indicators, %d values, %d pairs, %d hits, %d wrong", log, len(list), len(texts), pairs, hits, wrong)
		if hits == 0 {
			t.Errorf("%s: want hits, found none", log)
		}
	}
}

// Public lists of indicators, in logs of hosts that have nothing to do with them: whatever is found
// is a name that benign programs have too.
func TestCorpusPublicLists(t *testing.T) {
	var list []intel.Indicator
	for _, name := range []string{"c2-iocs.txt", "hash-iocs.txt"} {
		f, err := os.Open(corpustest.Path(t, "intel/ioc/signature-base/"+name))
		if err != nil {
			t.Fatal(err)
		}
		more, problems, err := intel.ReadIndicators(f, name)
		f.Close()
		if err != nil || len(problems) > 0 {
			t.Fatal(name, problems, err)
		}
		list = append(list, more...)
	}
	set, err := Compile(list, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	for _, log := range []string{"evtx/host-collection", "evtx/parser", "w3c"} {
		events := 0
		for _, f := range corpusLogs(t, log) {
			f.read(func(e *event.Event) bool {
				events++
				for _, h := range m.Match(nil, e) {
					t.Errorf("%s: %s %s (%s) in %s %q", log, h.Indicator.Type, h.Indicator.Value, h.Indicator.Note, h.Field, h.Value)
				}
				return true
			})
		}
		t.Logf("%s: %d events, %d indicators", log, events, set.Stats().Active())
	}
}
