package sigma_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/match/sigma"
)

// TestCorpusMade makes events to the measure of each of SigmaHQ's rules: the values that the rule
// asks for, with other text where its wildcards allow it, in other case, sometimes spoilt. What the
// captured events of the corpus never reach is reached so: nearly every rule matches. Engine and
// reference must agree on all rules for each event. The events are synthetic and inert: they hold
// what a log would show, and nothing that runs.
func TestCorpusMade(t *testing.T) {
	const variants = 3
	rulesDir := corpustest.Path(t, "sigma/rules")
	opt := refOptions{deprecated: true}
	_, set := loadEngine(t, rulesDir, opt)
	reference, _ := loadReference(t, rulesDir, opt)
	judge := newCorpusJudge(reference)
	name := ruleNamer()
	keys := map[*sigma.Rule]string{}
	for _, r := range set.Rules() {
		keys[r] = name(r.File, r.ID, r.Title)
	}
	m := set.NewMatcher()
	c := &chooser{random: rand.New(rand.NewPCG(3, 5))}
	reached := map[string]bool{}
	events, differ := 0, 0
	for _, key := range slices.Sorted(maps.Keys(reference)) {
		r := reference[key]
		for i := range r.routes {
			for range variants {
				e := c.madeEvent(r, &r.routes[i], opt)
				events++
				got := map[string]bool{}
				for _, r := range m.Match(e) {
					got[keys[r]] = true
				}
				want := judge.matches(e)
				if want[key] && got[key] {
					reached[key] = true
				}
				if maps.Equal(got, want) {
					continue
				}
				if differ++; differ > 10 {
					t.Fatal("and perhaps more")
				}
				for k := range want {
					if !got[k] {
						t.Errorf("only the reference: %s\n%s", k, showEvent(e))
					}
				}
				for k := range got {
					if !want[k] {
						t.Errorf("only the engine: %s\n%s", k, showEvent(e))
					}
				}
			}
		}
	}
	t.Logf("%d events made, on which %d of %d rules match", events, len(reached), len(reference))
	if len(reached) < len(reference)*8/10 {
		t.Errorf("%d of %d rules match an event made for them, want 8 of 10", len(reached), len(reference))
	}
}

// A corpusJudge evaluates all rules with the reference. Rules of one log source go together:
// whether an event is meant is asked once.
type corpusJudge []*sourceRules

type sourceRules struct {
	routes []refRoute
	keys   []string
	rules  []*refRule
}

func newCorpusJudge(rules map[string]*refRule) corpusJudge {
	sources := map[refLogsource]*sourceRules{}
	for key, r := range rules {
		s := sources[r.logsource]
		if s == nil {
			s = &sourceRules{routes: r.routes}
			sources[r.logsource] = s
		}
		s.keys, s.rules = append(s.keys, key), append(s.rules, r)
	}
	return slices.Collect(maps.Values(sources))
}

func (j corpusJudge) matches(e *event.Event) map[string]bool {
	re := refOf(e)
	matches := map[string]bool{}
	for _, s := range j {
		for i := range s.routes {
			if !re.takes(&s.routes[i]) {
				continue
			}
			v := re.view(&s.routes[i])
			for k, r := range s.rules {
				if !matches[s.keys[k]] && r.holds(v) {
					matches[s.keys[k]] = true
				}
			}
		}
	}
	return matches
}

// A maker gathers what the fields of an event are to hold.
type maker struct {
	*chooser
	opt    refOptions
	route  *refRoute
	pieces map[string][]piece
	loose  []string // for keywords
}

// A piece is a text that a field must hold, at its start or end unless it is open there.
type piece struct {
	text               string
	openStart, openEnd bool
}

func (c *chooser) madeEvent(r *refRule, route *refRoute, opt refOptions) *event.Event {
	k := &maker{chooser: c, opt: opt, route: route, pieces: map[string][]piece{}}
	condition := ""
	if n := refKey(r.detection, "condition"); n != nil {
		condition = n.Value
	}
	for i := 0; i+1 < len(r.detection.Content); i += 2 {
		name, n := r.detection.Content[i].Value, refDeref(r.detection.Content[i+1])
		switch {
		case name == "condition":
			continue
		case strings.HasPrefix(name, "filter") || strings.Contains(condition, "not "+name):
			if !c.chance(8) {
				continue
			}
		case c.chance(6):
			continue
		}
		k.search(n)
	}
	e := &event.Event{Product: route.product, Category: route.category, Service: route.service}
	if len(route.channels) > 0 {
		e.Channel = pick(c, route.channels)
	}
	if len(route.ids) > 0 {
		e.EventID = pick(c, route.ids)
	}
	for field, values := range route.where {
		k.pieces[field] = []piece{{text: pick(c, values)}}
	}
	var data, system []any
	for _, field := range slices.Sorted(maps.Keys(k.pieces)) {
		value := k.value(k.pieces[field])
		switch {
		case field == "EventID" && len(route.ids) == 0:
			if id, err := strconv.ParseUint(value, 10, 32); err == nil {
				e.EventID = uint32(id)
			}
		case field == "Provider_Name" || field == "Computer":
			system = append(system, field, value)
		default:
			data = append(data, k.rename(field, value)...)
		}
	}
	for _, text := range k.loose {
		data = append(data, "Data", text)
	}
	if e.Product == "windows" {
		system = append(system, "EventID", e.EventID, "Channel", e.Channel)
	}
	fields, values := winFields(event.System, system)
	moreFields, moreValues := winFields(event.Data, data)
	e.Shape = &event.Shape{Fields: append(fields, moreFields...)}
	e.Values = append(values, moreValues...)
	return e
}

// search fulfils one search identifier.
func (k *maker) search(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		k.item("", []*yaml.Node{n})
	case yaml.SequenceNode:
		k.search(refDeref(pick(k.chooser, n.Content)))
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			value := refDeref(n.Content[i+1])
			if value.Kind == yaml.SequenceNode {
				k.item(n.Content[i].Value, value.Content)
			} else {
				k.item(n.Content[i].Value, []*yaml.Node{value})
			}
		}
	}
}

func (k *maker) item(key string, nodes []*yaml.Node) {
	it, err := refReadItem(key, nodes, k.opt)
	if err != nil || it.negated && !k.chance(4) {
		return
	}
	values := it.values
	if !it.all {
		values = [][]refRuleValue{pick(k.chooser, values)}
	}
	for _, alternatives := range values {
		v := pick(k.chooser, alternatives)
		p, ok := k.fulfil(v)
		if !ok {
			continue
		}
		if !it.cased && v.kind == refIsText && k.chance(2) {
			p.text = k.otherCase(p.text)
		}
		if k.chance(25) && p.text != "" { // a near miss
			runes := []rune(p.text)
			at := k.n(len(runes))
			p.text = string(slices.Delete(runes, at, at+1))
		}
		if it.field == "" {
			k.loose = append(k.loose, k.value([]piece{p}))
		} else {
			k.pieces[it.field] = append(k.pieces[it.field], p)
		}
	}
}

// fulfil gives a text that a value of a rule is true of.
func (k *maker) fulfil(v refRuleValue) (p piece, ok bool) {
	switch v.kind {
	case refIsText:
		tokens := v.tokens
		for len(tokens) > 0 && tokens[0] == refMany {
			p.openStart, tokens = true, tokens[1:]
		}
		for len(tokens) > 0 && tokens[len(tokens)-1] == refMany {
			p.openEnd, tokens = true, tokens[:len(tokens)-1]
		}
		for _, t := range tokens {
			switch t {
			case refMany:
				p.text += pick(k.chooser, []string{"", " ", " filler ", "\n", "é"})
			case refOne:
				p.text += pick(k.chooser, []string{"x", "1", " ", "日"})
			default:
				p.text += refTokenText([]refToken{t})
			}
		}
		return p, true
	case refIsNumber, refIsBool:
		return piece{text: v.raw}, true
	case refIsRegexp:
		re, err := syntax.Parse(v.raw, syntax.Perl)
		if err != nil {
			return p, false
		}
		return piece{text: k.sample(re, 0), openStart: !strings.HasPrefix(v.raw, "^"), openEnd: !strings.HasSuffix(v.raw, "$")}, true
	case refIsCIDR:
		a := v.cidr.Addr()
		if k.chance(3) {
			a = a.Prev()
		}
		return piece{text: a.String()}, a.IsValid()
	case refIsCompare:
		return piece{text: strconv.Itoa(int(v.number.float) + k.n(3) - 1)}, true
	case refIsExists:
		return piece{text: "there"}, v.raw == "true"
	case refIsFieldRef:
		k.pieces[v.raw] = append(k.pieces[v.raw], piece{text: "same"})
		return piece{text: "same", openStart: v.how == "endswith" || v.how == "contains", openEnd: v.how == "startswith" || v.how == "contains"}, true
	}
	return p, false
}

// sample gives a text in which a regular expression matches, mostly.
func (k *maker) sample(re *syntax.Regexp, depth int) string {
	var b strings.Builder
	repeat := func(from, to int) {
		if to < 0 || to > from+2 {
			to = from + 2
		}
		for range from + k.n(to-from+1) {
			b.WriteString(k.sample(re.Sub[0], depth+1))
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && k.chance(2) {
				r = unicode.SimpleFold(r)
			}
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		if len(re.Rune) >= 2 {
			i := k.n(len(re.Rune)/2) * 2
			r := re.Rune[i] + rune(k.n(int(min(re.Rune[i+1]-re.Rune[i], 90))+1))
			b.WriteRune(max(r, ' '))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteString(pick(k.chooser, []string{"x", "7", "é", "-"}))
	case syntax.OpStar:
		repeat(0, -1)
	case syntax.OpPlus:
		repeat(1, -1)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		repeat(re.Min, re.Max)
	case syntax.OpCapture:
		return k.sample(re.Sub[0], depth+1)
	case syntax.OpConcat:
		for _, s := range re.Sub {
			b.WriteString(k.sample(s, depth+1))
		}
	case syntax.OpAlternate:
		return k.sample(pick(k.chooser, re.Sub), depth+1)
	}
	return b.String()
}

func (k *maker) otherCase(s string) string {
	return strings.Map(func(r rune) rune {
		if k.chance(2) {
			return unicode.SimpleFold(r)
		}
		return r
	}, s)
}

// value puts the pieces of a field together: what must start it first, what must end it last.
func (k *maker) value(pieces []piece) string {
	pieces = slices.Clone(pieces)
	slices.SortStableFunc(pieces, func(a, b piece) int {
		rank := func(p piece) int {
			switch {
			case !p.openStart:
				return 0
			case !p.openEnd:
				return 2
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	var b strings.Builder
	if pieces[0].openStart && !k.chance(3) {
		b.WriteString(pick(k.chooser, []string{"x ", `C:\filler`, "é", "\t"}))
	}
	for i, p := range pieces {
		if i > 0 && (p.openStart || pieces[i-1].openEnd) && p.text != pieces[i-1].text {
			b.WriteString(pick(k.chooser, []string{"", " ", " filler "}))
		}
		if i > 0 && !p.openStart {
			continue // only one text can be the start
		}
		b.WriteString(p.text)
	}
	if pieces[len(pieces)-1].openEnd && !k.chance(3) {
		b.WriteString(pick(k.chooser, []string{" x", `\filler`, "é"}))
	}
	return b.String()
}

// rename gives a field the name that it has in the events of a route (T24, T25).
func (k *maker) rename(field, value string) []any {
	if k.route.fields[field] == nil {
		return []any{field, value}
	}
	split := func(before, after string) []any {
		i := strings.LastIndexByte(value, '\\')
		if i < 0 {
			return []any{after, value}
		}
		return []any{before, value[:i], after, value[i+1:]}
	}
	switch k.route.name + " " + field {
	case "Security 4688 Image":
		return []any{"NewProcessName", value}
	case "Security 4688 ParentImage":
		return []any{"ParentProcessName", value}
	case "Security 4688 User", "Security 4657 User":
		return split("SubjectDomainName", "SubjectUserName")
	case "Security 4657 TargetObject":
		return split("ObjectName", "ObjectValueName")
	case "Security 4657 Image":
		return []any{"ProcessName", value}
	case "Security 4657 Details":
		return []any{"NewValue", value, "NewValueType", "%%1873"}
	case "Security 5156 Image":
		return []any{"Application", value}
	case "Security 5156 DestinationIp":
		return []any{"DestAddress", value}
	case "Security 5156 DestinationPort":
		return []any{"DestPort", value}
	case "Security 5156 Initiated":
		return []any{"Direction", map[bool]string{true: "%%14593", false: "%%14592"}[strings.EqualFold(value, "true")]}
	case "Defender Signature":
		return []any{"ThreatName", value}
	case "Defender Filename":
		return []any{"Path", value}
	}
	return []any{field, fmt.Sprint(value)}
}
