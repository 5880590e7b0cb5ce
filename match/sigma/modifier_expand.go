package sigma

import "strings"

// expand replaces the placeholders of a value, %name%, by the values that the user gave for them
// (rules specification, "Placeholders"; T19). A percent sign after a backslash is only that. The
// values may hold wildcards; one value of a list is enough, also under "all".
func (p *parser) expand(f *fieldKey, v value, _ []Pattern) ([]Pattern, error) {
	if err := p.wantText(f, v, "expand"); err != nil {
		return nil, err
	}
	forms := []Pattern{nil}
	for _, piece := range splitPlaceholders(v.text) {
		if piece.name == "" {
			literal := ParsePattern(piece.text)
			for i := range forms {
				forms[i] = joinPatterns(forms[i], literal)
			}
			if size := textSize(forms); size > maxText {
				return nil, p.problemAt(v.node, "%s: want at most %d bytes of values in a document, found more", f.shown(), maxText)
			}
			continue
		}
		values := p.opt.Placeholders[piece.name]
		if len(values) == 0 {
			return nil, p.problemAt(v.node, "%s: want values for the placeholder %%%s%%, found none (specification, \"Placeholders\": a rule with unknown placeholders must be rejected)",
				f.shown(), excerpt(piece.name))
		}
		if err := p.limit(f, v, "expand", len(forms)*len(values)); err != nil {
			return nil, err
		}
		grown := make([]Pattern, 0, len(forms)*len(values))
		for _, form := range forms {
			for _, text := range values {
				grown = append(grown, joinPatterns(form, ParsePattern(text)))
			}
		}
		forms = grown
	}
	return forms, nil
}

// A piece of a value is a text or the name of a placeholder.
type piece struct{ text, name string }

// splitPlaceholders cuts a value at its placeholders; names are made of letters, digits and
// underscores, as pySigma has them. \% becomes %.
func splitPlaceholders(s string) []piece {
	var pieces []piece
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '%':
			text.WriteByte('%')
			i++
		case s[i] == '%':
			end := i + 1
			for end < len(s) && isNameByte(s[end]) {
				end++
			}
			if end == i+1 || end == len(s) || s[end] != '%' {
				text.WriteByte('%')
				continue
			}
			if text.Len() > 0 {
				pieces = append(pieces, piece{text: text.String()})
				text.Reset()
			}
			pieces = append(pieces, piece{name: s[i+1 : end]})
			i = end
		default:
			text.WriteByte(s[i])
		}
	}
	if text.Len() > 0 {
		pieces = append(pieces, piece{text: text.String()})
	}
	return pieces
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
