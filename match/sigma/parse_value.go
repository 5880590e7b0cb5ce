package sigma

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// valueKind is what a scalar of a detection means.
type valueKind uint8

const (
	textValue valueKind = iota
	numberValue
	boolValue
	nullValue
)

// A value is a scalar of a detection. The text is always that of the file: YAML converts nothing.
type value struct {
	kind   valueKind
	text   string
	number float64 // of numberValue
	node   *yaml.Node
}

// isNull tells whether a scalar is YAML's null: empty, ~, null, Null or NULL, unquoted.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// isPlain tells whether a scalar is written without quotes.
func isPlain(n *yaml.Node) bool {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Style&quoted == 0
}

// scalar reads a scalar. Only decimal numbers are numbers; 0x1F, 017, 1_000, 1e3, .inf and dates
// are the texts that they look like, since that is how they stand in logs, and so are yes, no, on
// and off. This is YAML 1.2's core schema less its hexadecimal, octal and special numbers.
func scalar(n *yaml.Node) value {
	v := value{text: n.Value, node: n}
	if !isPlain(n) {
		return v
	}
	switch n.Tag {
	case "!!null":
		v.kind = nullValue
	case "!!bool":
		v.kind = boolValue
	case "!!int", "!!float":
		if isDecimal(n.Value) {
			if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
				v.kind, v.number = numberValue, f
			}
		}
	}
	return v
}

// isDecimal tells whether a text is an integer or a decimal fraction as logs write them: an
// optional sign, no leading zeros, no exponent.
func isDecimal(s string) bool {
	s = strings.TrimLeft(s, "+-")
	whole, fraction, dot := strings.Cut(s, ".")
	if whole == "" || len(whole) > 1 && whole[0] == '0' || dot && fraction == "" {
		return false
	}
	for _, c := range []byte(whole + fraction) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// quote writes a value as the rule does, for people.
func (v value) quote() string {
	switch v.kind {
	case nullValue:
		return "null"
	case numberValue, boolValue:
		return v.text
	}
	for i := 0; i < len(v.text); i++ {
		if c := v.text[i]; c < ' ' || c == 0x7f {
			return strconv.Quote(v.text)
		}
	}
	return "'" + strings.ReplaceAll(v.text, "'", "''") + "'"
}

// describe names a value for an error message.
func (v value) describe() string {
	switch v.kind {
	case nullValue:
		return "null"
	case numberValue:
		return "the number " + excerpt(v.text)
	case boolValue:
		return "the boolean " + excerpt(v.text)
	}
	return "the text " + strconv.Quote(excerpt(v.text))
}
