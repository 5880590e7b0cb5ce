package intel

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
)

// Facts gives every fact of a pack in the order of its fields, with what it is the fact of:
// `aliases "TGR-STA-0043"`. Indicators are not among them: their sources stand in themselves.
func (p *Pack) Facts() iter.Seq2[string, *Fact] {
	return func(yield func(string, *Fact) bool) {
		walkFacts(reflect.ValueOf(p), "pack", yield)
	}
}

// walkFacts yields the facts that are embedded in structs, outer ones before inner ones. The types
// of a pack do not recurse, and so the walk ends.
func walkFacts(v reflect.Value, what string, yield func(string, *Fact) bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || walkFacts(v.Elem(), what, yield)
	case reflect.Slice:
		for i := range v.Len() {
			if !walkFacts(v.Index(i), what, yield) {
				return false
			}
		}
	case reflect.Struct:
		if f := v.FieldByName("Fact"); f.IsValid() {
			// The first field of each type is what it is called by.
			if !yield(fmt.Sprintf("%s %q", what, cut(v.Field(0).String())), f.Addr().Interface().(*Fact)) {
				return false
			}
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Type == reflect.TypeFor[Fact]() || name == "-" && !f.Anonymous {
				continue
			}
			if !walkFacts(v.Field(i), name, yield) {
				return false
			}
		}
	}
	return true
}

// inherit gives each artefact without sources the fact of its software, and each fact without a date
// the date of its first source.
func (p *Pack) inherit() {
	for _, list := range [][]Software{p.Malware, p.Tools} {
		for i := range list {
			s := &list[i]
			for j := range s.Artefacts {
				s.Artefacts[j].inherit(s.Fact)
			}
		}
	}
	dates := map[string]Date{}
	for _, s := range p.Sources {
		dates[s.ID] = s.Date
	}
	for _, f := range p.Facts() {
		if f.Date == "" && len(f.Sources) > 0 {
			f.Date = dates[f.Sources[0]]
		}
	}
}

// inherit takes the sources of another fact if this one has none, and its grade with them. What is
// unverified stays so.
func (f *Fact) inherit(from Fact) {
	if len(f.Sources) > 0 {
		return
	}
	line, unverified := f.Line, f.Unverified
	*f = from
	f.Line, f.Unverified = line, unverified || from.Unverified
}
