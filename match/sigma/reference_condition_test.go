package sigma_test

import (
	"fmt"
	"strings"
)

// refParseCondition reads a condition (specification, "Condition"; T13):
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | primary
//	primary = "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | identifier
func refParseCondition(text string, names []string, searches map[string]refTest) (refTest, error) {
	p := &refConditionParser{text: text, names: names, searches: searches}
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ", "|", " | ").Replace(text)
	p.words = strings.Fields(spaced)
	t, err := p.or()
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("left over: %q", p.words[p.at])
	}
	if err != nil {
		return nil, fmt.Errorf("condition %q: %w", text, err)
	}
	return t, nil
}

type refConditionParser struct {
	text     string
	words    []string
	at       int
	names    []string
	searches map[string]refTest
}

// is takes the next word if it is that one, in any case.
func (p *refConditionParser) is(word string) bool {
	if p.at < len(p.words) && strings.EqualFold(p.words[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *refConditionParser) or() (refTest, error) {
	t, err := p.and()
	tests := []refTest{t}
	for err == nil && p.is("or") {
		t, err = p.and()
		tests = append(tests, t)
	}
	return refAny(tests), err
}

func (p *refConditionParser) and() (refTest, error) {
	t, err := p.not()
	tests := []refTest{t}
	for err == nil && p.is("and") {
		t, err = p.not()
		tests = append(tests, t)
	}
	return refAll(tests), err
}

func (p *refConditionParser) not() (refTest, error) {
	if p.is("not") {
		t, err := p.not()
		if err != nil {
			return nil, err
		}
		return refNot(t), nil
	}
	return p.primary()
}

func (p *refConditionParser) primary() (refTest, error) {
	if p.is("(") {
		t, err := p.or()
		if err == nil && !p.is(")") {
			err = fmt.Errorf("no closing bracket")
		}
		return t, err
	}
	if p.at >= len(p.words) {
		return nil, fmt.Errorf("ends too early")
	}
	if p.at+1 < len(p.words) && strings.EqualFold(p.words[p.at+1], "of") {
		return p.of()
	}
	name := p.words[p.at]
	p.at++
	t := p.searches[name]
	if t == nil {
		return nil, fmt.Errorf("unknown identifier %q", name)
	}
	return t, nil
}

func (p *refConditionParser) of() (refTest, error) {
	join := refAny
	switch strings.ToLower(p.words[p.at]) {
	case "1", "any":
	case "all":
		join = refAll
	default:
		return nil, fmt.Errorf("%s of", p.words[p.at])
	}
	p.at += 2
	if p.at >= len(p.words) {
		return nil, fmt.Errorf("of what")
	}
	pattern := p.words[p.at]
	p.at++
	if strings.EqualFold(pattern, "them") {
		pattern = "*"
	}
	var tests []refTest
	for _, name := range p.names {
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
			continue
		}
		if refStars(pattern, name) {
			tests = append(tests, p.searches[name])
		}
	}
	if len(tests) == 0 {
		return nil, fmt.Errorf("%q fits no identifier", pattern)
	}
	return join(tests), nil
}

// refStars matches a name against a pattern in which * stands for any number of characters.
func refStars(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if pattern[0] == '*' {
		return refStars(pattern[1:], name) || name != "" && refStars(pattern, name[1:])
	}
	return name != "" && pattern[0] == name[0] && refStars(pattern[1:], name[1:])
}
