package intel

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxPackFile bounds each file of a pack: our largest has 0.1 MB.
	maxPackFile = 4 << 20
	// maxPackList bounds every list in a pack: the longest of ours has 60 entries.
	maxPackList = 10_000
	// maxPackText bounds every text in a pack: ours have a few hundred bytes.
	maxPackText = 16 << 10
)

// decodeYAML reads one YAML document into a struct whose fields have the names of their json tags.
// It is strict: a key that is not known, a key that stands there twice, an anchor or alias, a value
// of another kind or beyond a maximum is a problem with its line, and left out. A field Line of a
// struct is set to where it begins.
//
// We decode ourselves because the library's strict mode tells no lines for many faults, follows
// aliases, and turns texts that look like numbers or dates into those.
func decodeYAML(file string, text []byte, into any) []Problem {
	d := yamlDecoder{file: file}
	if len(text) > maxPackFile {
		d.problem(0, "want at most %d bytes, found more", maxPackFile)
		return d.problems.told(file)
	}
	var doc, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		d.problem(0, "want a map, found nothing")
		return d.problems.told(file)
	case err != nil:
		d.syntax(err)
		return d.problems.told(file)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		d.problem(more.Line, "want one YAML document, found more")
	}
	d.value(doc.Content[0], reflect.ValueOf(into).Elem(), "the document")
	return d.problems.told(file)
}

type yamlDecoder struct {
	file     string
	problems problemList
}

func (d *yamlDecoder) problem(line int, format string, args ...any) {
	d.problems.add(d.file, line, format, args...)
}

// syntax tells of an error of the YAML library, which has the line in its text.
func (d *yamlDecoder) syntax(err error) {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(reason, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				d.problem(line, "YAML: %s", what)
				return
			}
		}
	}
	d.problem(0, "YAML: %s", reason)
}

// value reads a node into a settable value. The types of what is read bound how deep it goes.
func (d *yamlDecoder) value(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.problem(n.Line, "%s: want plain values, found an anchor or alias", what)
		return
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		if text, ok := d.text(n, what); ok {
			if err := u.UnmarshalText([]byte(text)); err != nil {
				d.problem(n.Line, "%s: %s", what, strings.TrimPrefix(err.Error(), what+": "))
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), what)
	case reflect.Struct:
		d.structure(n, v, what)
	case reflect.Slice:
		d.list(n, v, what)
	case reflect.String:
		if text, ok := d.text(n, what); ok {
			v.SetString(text)
		}
	case reflect.Bool:
		if text, ok := d.text(n, what); ok && text != "true" && text != "false" {
			d.problem(n.Line, "%s: want true or false, found %q", what, cut(text))
		} else {
			v.SetBool(text == "true")
		}
	case reflect.Int:
		if text, ok := d.text(n, what); ok {
			i, err := strconv.ParseInt(text, 10, 32)
			if err != nil {
				d.problem(n.Line, "%s: want a whole number, found %q", what, cut(text))
				return
			}
			v.SetInt(i)
		}
	default:
		panic(fmt.Sprintf("intel: no YAML for %s", v.Type()))
	}
}

// text gives the text of a scalar as it was written.
func (d *yamlDecoder) text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.problem(n.Line, "%s: want a text, found a %s", what, kindName(n))
	case len(n.Value) > maxPackText:
		d.problem(n.Line, "%s: want at most %d bytes, found %d", what, maxPackText, len(n.Value))
	case n.Tag == "!!null":
		d.problem(n.Line, "%s: want a value, found none", what)
	default:
		return strings.TrimSpace(n.Value), true
	}
	return "", false
}

func (d *yamlDecoder) list(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.SequenceNode {
		d.problem(n.Line, "%s: want a list, found a %s", what, kindName(n))
		return
	}
	items := n.Content
	if len(items) > maxPackList {
		d.problem(n.Line, "%s: want at most %d entries, found %d", what, maxPackList, len(items))
		items = items[:maxPackList]
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.value(item, list.Index(i), what)
	}
	v.Set(list)
}

func (d *yamlDecoder) structure(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n.Line, "%s: want a map, found a %s", what, kindName(n))
		return
	}
	fields := yamlFields(v)
	if line, ok := fields["-"]; ok {
		line.SetInt(int64(n.Line))
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := fields[key.Value]
		switch {
		case !ok || key.Kind != yaml.ScalarNode || key.Value == "-":
			d.problem(key.Line, "%s: key %q is not known", what, cut(key.Value))
		case seen[key.Value] != 0:
			d.problem(key.Line, "%s: want each key once, found %q again (first on line %d)", what, key.Value, seen[key.Value])
		default:
			d.value(value, field, key.Value)
		}
		seen[key.Value] = key.Line
	}
}

// yamlFields are the fields of a struct by the names of their json tags, those of embedded structs
// among them. "-" is the field for the line.
func yamlFields(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" && f.Name == "Line":
			fields["-"] = v.Field(i)
		case name == "-":
		case f.Anonymous:
			maps.Copy(fields, yamlFields(v.Field(i)))
		default:
			fields[name] = v.Field(i)
		}
	}
	return fields
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "map"
	case yaml.SequenceNode:
		return "list"
	}
	return "text"
}
