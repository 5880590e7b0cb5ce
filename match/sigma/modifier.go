package sigma

import (
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place says where in the value a text is looked for.
type place uint8

const (
	whole place = iota
	atStart
	atEnd
	anywhere
)

// A fieldKey is the key of a map in a detection, "field|modifier|modifier", taken apart.
type fieldKey struct {
	node *yaml.Node
	name string // without spaces; "" for keywords
	// kind is what the values become: ItemMatch unless a type modifier says otherwise.
	kind  ItemKind
	place place
	// all and neq change how the values are joined; cased, flags, cmp, part what the items say.
	all, neq, cased bool
	flags           string // of a regular expression: some of "ims"
	cmp             Cmp
	part            TimePart
	// steps are the modifiers that change the text, in their order (T10).
	steps []step
}

// A step is one modifier that turns patterns into other patterns.
type step struct {
	name  string
	apply func(p *parser, f *fieldKey, v value, in []Pattern) ([]Pattern, error)
}

// maxModifiers bounds those of one key; each encoding may double a value.
const maxModifiers = 16

// shown is the key as the rule writes it, for messages.
func (f *fieldKey) shown() string { return excerpt(f.node.Value) }

// modifiers takes a key apart (modifiers appendix v2.1.0, and pySigma's sigma/modifiers.py for
// those that the appendix does not have). A modifier that is unknown, or that does not go with
// those before it, rejects the rule (T32).
func (p *parser) modifiers(key *yaml.Node) (fieldKey, error) {
	f := fieldKey{node: key}
	name, rest, more := strings.Cut(key.Value, "|")
	f.name = fieldName(name)
	if strings.Count(rest, "|") >= maxModifiers {
		return f, p.problemAt(key, "%s: want at most %d modifiers, found more", f.shown(), maxModifiers)
	}
	for more {
		var mod string
		mod, rest, more = strings.Cut(rest, "|")
		if err := p.modifier(&f, mod); err != nil {
			return f, err
		}
	}
	if f.name == "" {
		switch f.kind {
		case ItemMatch, ItemRegexp:
		default:
			return f, p.problemAt(key, "%s: want the name of a field before this modifier, found none", f.shown())
		}
		if f.part != WholeValue {
			return f, p.problemAt(key, "%s: want the name of a field before this modifier, found none", f.shown())
		}
	}
	return f, nil
}

// modifier adds one modifier to those before it.
func (p *parser) modifier(f *fieldKey, mod string) error {
	// Two groups change only how values are joined and compared: they go with any.
	switch mod {
	case "all":
		if f.all {
			return p.twice(f, mod)
		}
		f.all = true
		return nil
	case "neq":
		if f.neq {
			return p.twice(f, mod)
		}
		f.neq = true
		return nil
	}
	switch mod {
	case "contains", "startswith", "endswith":
		return p.placeModifier(f, mod)
	case "cased":
		if f.kind != ItemMatch && f.kind != ItemFieldRef || f.part != WholeValue {
			return p.clash(f, mod)
		}
		if f.cased {
			return p.twice(f, mod)
		}
		f.cased = true
		return nil
	case "windash", "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16":
		// In a code a dash or slash is none: windash after it would do nothing, or harm.
		if f.kind != ItemMatch || f.part != WholeValue || mod == "windash" && f.encoded() {
			return p.clash(f, mod)
		}
		f.steps = append(f.steps, step{mod, textSteps(mod)})
		return nil
	case "expand":
		// Placeholders must be found before a code hides them. "contains|expand" means the same
		// as "expand|contains", so expand comes first either way.
		if f.kind != ItemMatch || f.part != WholeValue || p.hasTransform(f) {
			return p.clash(f, mod)
		}
		f.steps = append([]step{{mod, textSteps(mod)}}, f.steps...)
		return nil
	case "fieldref":
		if f.kind != ItemMatch || f.part != WholeValue || p.hasTransform(f) {
			return p.clash(f, mod)
		}
		f.kind = ItemFieldRef
		return nil
	case "re":
		return p.alone(f, mod, ItemRegexp)
	case "cidr":
		return p.alone(f, mod, ItemCIDR)
	case "exists":
		return p.alone(f, mod, ItemExists)
	case "i", "ignorecase":
		return p.regexpFlag(f, mod, 'i')
	case "m", "multiline":
		return p.regexpFlag(f, mod, 'm')
	case "s", "dotall":
		return p.regexpFlag(f, mod, 's')
	case "lt":
		return p.compare(f, mod, Less)
	case "lte":
		return p.compare(f, mod, LessEqual)
	case "gt":
		return p.compare(f, mod, Greater)
	case "gte":
		return p.compare(f, mod, GreaterEqual)
	case "minute":
		return p.timePart(f, mod, Minute)
	case "hour":
		return p.timePart(f, mod, Hour)
	case "day":
		return p.timePart(f, mod, Day)
	case "week":
		return p.timePart(f, mod, Week)
	case "month":
		return p.timePart(f, mod, Month)
	case "year":
		return p.timePart(f, mod, Year)
	}
	return p.problemAt(f.node, "%s: want a modifier of the specification, found %q", f.shown(), excerpt(mod))
}

func (p *parser) twice(f *fieldKey, mod string) error {
	return p.problemAt(f.node, "%s: want modifier %s once, found it again", f.shown(), mod)
}

func (p *parser) clash(f *fieldKey, mod string) error {
	return p.problemAt(f.node, "%s: modifier %s does not go with those before it", f.shown(), mod)
}

// encoded tells whether the text is a code after the modifiers so far.
func (f *fieldKey) encoded() bool {
	for _, s := range f.steps {
		switch s.name {
		case "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16":
			return true
		}
	}
	return false
}

// hasTransform tells whether a modifier changes the text other than by contains and its like.
func (p *parser) hasTransform(f *fieldKey) bool {
	for _, s := range f.steps {
		switch s.name {
		case "contains", "startswith", "endswith":
		default:
			return true
		}
	}
	return false
}

// placeModifier adds contains, startswith or endswith.
func (p *parser) placeModifier(f *fieldKey, mod string) error {
	if f.kind != ItemMatch && f.kind != ItemFieldRef || f.part != WholeValue {
		return p.clash(f, mod)
	}
	if f.place != whole {
		return p.problemAt(f.node, "%s: want one of contains, startswith and endswith, found %s after another", f.shown(), mod)
	}
	switch mod {
	case "contains":
		f.place = anywhere
	case "startswith":
		f.place = atStart
	case "endswith":
		f.place = atEnd
	}
	f.steps = append(f.steps, step{mod, textSteps(mod)})
	return nil
}

// alone sets a type modifier that must not stand after another (T18; pySigma: re, cidr and exists
// refuse applied modifiers). all and neq are about the list and may.
func (p *parser) alone(f *fieldKey, mod string, kind ItemKind) error {
	if f.kind != ItemMatch || f.part != WholeValue || f.cased || len(f.steps) > 0 {
		return p.clash(f, mod)
	}
	f.kind = kind
	return nil
}

func (p *parser) regexpFlag(f *fieldKey, mod string, flag byte) error {
	if f.kind != ItemRegexp {
		return p.problemAt(f.node, "%s: want re before modifier %s, found none", f.shown(), mod)
	}
	if strings.IndexByte(f.flags, flag) < 0 {
		f.flags += string(flag)
	}
	return nil
}

// compare sets lt, lte, gt or gte.
func (p *parser) compare(f *fieldKey, mod string, cmp Cmp) error {
	if f.kind != ItemMatch || f.cased || len(f.steps) > 0 {
		return p.clash(f, mod)
	}
	f.kind, f.cmp = ItemCompare, cmp
	return nil
}

// timePart sets minute, hour, ... The part is taken out of the field's date before it is
// compared, so it may stand before lt and its like or after.
func (p *parser) timePart(f *fieldKey, mod string, part TimePart) error {
	if f.kind != ItemMatch && f.kind != ItemCompare || f.part != WholeValue || f.cased || len(f.steps) > 0 {
		return p.clash(f, mod)
	}
	f.part = part
	return nil
}

// values turns one value of a field into a node. A value may become several items, of which one
// must hold: also under "all", which joins values and not the forms of one value (T6).
func (p *parser) values(f *fieldKey, v value) (Node, error) {
	if err := p.spendText(v.node, len(f.node.Value)+len(v.text)); err != nil {
		return Node{}, err
	}
	it := Item{
		Field: f.name, Kind: f.kind, Cased: f.cased, Cmp: f.cmp, Part: f.part,
		Line: p.line(v.node), Text: f.node.Value + ": " + v.quote(),
	}
	switch f.kind {
	case ItemExists:
		if v.kind != boolValue {
			return Node{}, p.problemAt(v.node, "%s: want true or false, found %s", f.shown(), v.describe())
		}
		it.Want = strings.EqualFold(v.text, "true")
		return p.leaf(it, v.node)
	case ItemCompare:
		if v.kind != numberValue {
			return Node{}, p.problemAt(v.node, "%s: want a decimal number without quotes, found %s", f.shown(), v.describe())
		}
		it.Number = v.number
		return p.leaf(it, v.node)
	case ItemRegexp:
		return p.regexp(f, v, it)
	case ItemCIDR:
		return p.cidr(f, v, it)
	case ItemFieldRef:
		return p.fieldRef(f, v, it)
	}
	return p.match(f, v, it)
}

// match makes the items of a plain value, after all modifiers that change its text.
func (p *parser) match(f *fieldKey, v value, it Item) (Node, error) {
	if v.kind == nullValue {
		if f.name == "" || f.part != WholeValue || f.cased || len(f.steps) > 0 {
			return Node{}, p.problemAt(v.node, "%s: want a value, found null", f.shown())
		}
		it.Kind = ItemNull
		return p.leaf(it, v.node)
	}
	if f.part != WholeValue && (v.kind != numberValue || v.number != math.Trunc(v.number)) {
		return Node{}, p.problemAt(v.node, "%s: want a whole number, found %s", f.shown(), v.describe())
	}
	if f.name == "" && v.text == "" {
		return Node{}, p.problemAt(v.node, "%s: want a keyword, found an empty text, which is in every event", f.shown())
	}
	if v.kind == numberValue && len(f.steps) == 0 && f.name != "" {
		it.Kind, it.Number, it.Pattern = ItemNumber, v.number, Pattern{{Literal: v.text}}
		return p.leaf(it, v.node)
	}
	patterns := []Pattern{nil}
	if len(f.steps) == 0 || f.steps[0].name != "expand" {
		patterns[0] = ParsePattern(v.text)
	}
	var err error
	for _, s := range f.steps {
		if patterns, err = s.apply(p, f, v, patterns); err != nil {
			return Node{}, err
		}
		if err = p.spendText(v.node, textSize(patterns)); err != nil {
			return Node{}, err
		}
	}
	if len(patterns[0]) > maxParts {
		return Node{}, p.problemAt(v.node, "%s: want at most %d wildcards and texts between them in a value, found %d", f.shown(), maxParts, len(patterns[0]))
	}
	kids := make([]Node, 0, len(patterns))
	for _, pattern := range patterns {
		if f.name == "" && f.place == whole {
			pattern = pattern.contained() // T5: a keyword may stand anywhere
		}
		it.Pattern = pattern
		kid, err := p.leaf(it, v.node)
		if err != nil {
			return Node{}, err
		}
		kids = append(kids, kid)
	}
	return joined(OpOr, kids), nil
}

// textSteps gives the function of a modifier that changes the text.
func textSteps(mod string) func(p *parser, f *fieldKey, v value, in []Pattern) ([]Pattern, error) {
	switch mod {
	case "contains":
		return eachPattern(Pattern.contained)
	case "startswith":
		return eachPattern(Pattern.open)
	case "endswith":
		return eachPattern(Pattern.ending)
	case "windash":
		return (*parser).windash
	case "base64":
		return (*parser).base64
	case "base64offset":
		return (*parser).base64Offset
	case "expand":
		return (*parser).expand
	}
	return utf16Step(mod)
}

// eachPattern makes a step of a function that changes one pattern.
func eachPattern(change func(Pattern) Pattern) func(*parser, *fieldKey, value, []Pattern) ([]Pattern, error) {
	return func(_ *parser, _ *fieldKey, _ value, in []Pattern) ([]Pattern, error) {
		for i := range in {
			in[i] = change(in[i])
		}
		return in, nil
	}
}

// textSize is the number of bytes that patterns hold.
func textSize(patterns []Pattern) int {
	n := 0
	for _, pattern := range patterns {
		for _, part := range pattern {
			n += len(part.Literal)
		}
	}
	return n
}

// maxParts bounds the wildcards of one value, which cost the matcher time; SigmaHQ's have a dozen.
const maxParts = 1 << 9

// limit refuses a modifier that would turn one value into too many, before it does.
func (p *parser) limit(f *fieldKey, v value, mod string, n int) error {
	if n*len(v.text) > maxText {
		return p.problemAt(v.node, "%s: want at most %d bytes of values in a document, found more", f.shown(), maxText)
	}
	if n > maxVariants {
		return p.problemAt(v.node, "%s: want at most %d forms of one value, found %s of %s",
			f.shown(), maxVariants, atLeast(n), mod)
	}
	return nil
}

// maxVariants bounds the forms that one value takes: 5 forms of a dash for five dashes in it.
// SigmaHQ's rules have at most three.
const maxVariants = 5 * 5 * 5 * 5 * 5

func atLeast(n int) string { return "at least " + strconv.Itoa(n) }
