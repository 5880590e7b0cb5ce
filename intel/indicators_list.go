package intel

import (
	"bufio"
	"errors"
	"io"
	"path"
	"strings"
)

// readList reads one value a line, with a note behind a semicolon, as signature-base's lists have
// them. A comment before a block of lines is their note where they have none. Lists of hosts files
// and of names with ports are read too.
func (in *indicatorReader) readList(b *bufio.Reader) error {
	base := strings.ToLower(path.Base(strings.ReplaceAll(in.name, `\`, "/")))
	comment := ""
	for line := 1; ; line++ {
		raw, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			in.problem(line, "want at most %d bytes in a line, found more", maxIndicatorLine)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = b.ReadSlice('\n')
			}
			raw = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		text := strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
		switch {
		case text == "":
			comment = ""
		case text[0] == '#' || strings.HasPrefix(text, "//"):
			comment = strings.TrimLeft(text, "#/ ")
		case strings.Contains(base, "filename"):
			in.addPattern(line, text, comment)
		default:
			in.addLine(line, base, text, comment)
		}
		if err != nil {
			return nil //nolint:nilerr // it is the end of the file
		}
	}
}

func (in *indicatorReader) addLine(line int, base, text, comment string) {
	value, note, _ := strings.Cut(text, ";")
	value = strings.TrimSpace(value)
	if note = strings.TrimSpace(note); note == "" {
		note = comment
	}
	if words := strings.Fields(value); len(words) > 1 && isAddress(words[0]) {
		if a, _ := parseIP(words[0]); a.IsUnspecified() || a.IsLoopback() {
			in.add(Indicator{Type: Domain, Value: words[1], Note: note, Line: line}) // a line of a hosts file
			return
		}
	}
	t, value := recognizeIn(base, value)
	if t == "" {
		// "value,comment" and "value comment"
		if i := strings.IndexAny(value, ", \t"); i > 0 {
			if t, value = recognizeIn(base, value[:i]); t != "" && note == "" {
				note = strings.TrimSpace(text[i+1:])
			}
		}
	}
	if t == "" {
		in.problem(line, "want a value of a known type, found %q", cut(text))
		return
	}
	in.add(Indicator{Type: t, Value: value, Note: note, Line: line})
}

// recognizeIn tells the type of a value in a list: in one of hosts, by its name, what looks like a
// file is a domain.
func recognizeIn(base, value string) (IndicatorType, string) {
	plain := Refang(value)
	if name, port := splitPort(plain); port != "" {
		plain = name
	}
	if strings.Contains(base, "c2") || strings.Contains(base, "domain") || strings.Contains(base, "host") {
		for _, t := range [...]IndicatorType{IP, CIDR, URL, Domain} {
			if t == URL && !strings.Contains(plain, "/") {
				continue
			}
			if v, err := Normalize(t, plain); err == nil {
				return t, v
			}
		}
	}
	if t, v, ok := Recognize(plain); ok {
		return t, v
	}
	return "", value
}

// cut shortens what is quoted in a message.
func cut(s string) string {
	const longest = 80
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// addPattern reads a line of LOKI's list of names of files: a regular expression; a score; what
// is to be left out. Those that stand for a few fixed names are indicators. Others are for YARA
// or Sigma: they are problems, one each.
func (in *indicatorReader) addPattern(line int, text, comment string) {
	pattern, rest, _ := strings.Cut(text, ";")
	score, except, _ := strings.Cut(rest, ";")
	if strings.TrimSpace(except) != "" {
		in.problem(line, "the exception %q cannot be kept", cut(except))
		return
	}
	names, ok := literals(pattern)
	if !ok {
		in.problem(line, "want an expression of a few fixed names of files from a separator on, found %q", cut(pattern))
		return
	}
	note := comment
	if score = strings.TrimSpace(score); score != "" {
		note = strings.TrimSpace(note + " (score " + score + ")")
	}
	for _, n := range names {
		in.add(Indicator{Type: typed(FileName, n), Value: n, Note: note, Line: line})
	}
}

// maxLiterals is how many names one expression may stand for.
const maxLiterals = 64

// literals gives the texts that an expression matches, if they are few, start at a separator and
// name a file to its end.
func literals(pattern string) (all []string, ok bool) {
	pattern = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(pattern), "(?i)"), "$")
	pattern = strings.TrimPrefix(pattern, ":") // of any drive
	all = []string{""}
	for i := 0; i < len(pattern); {
		var choices []string
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern) && !isWord(pattern[i+1]):
			choices = []string{pattern[i+1 : i+2]}
			i += 2
		case c == '(':
			end := strings.IndexByte(pattern[i:], ')')
			if end < 0 || strings.ContainsAny(pattern[i+1:i+end], `([{*+?^$\.`) {
				return nil, false
			}
			choices = strings.Split(pattern[i+1:i+end], "|")
			i += end + 1
		case c == '.' && wordAt(pattern, i-1) && wordAt(pattern, i+1):
			choices = []string{"."} // meant as a dot: "\\apihex.exe"
			i++
		case c == '[' && i+3 < len(pattern) && pattern[i+3] == ']' && isWord(pattern[i+1]) && lower(pattern[i+1]) == lower(pattern[i+2]):
			choices = []string{pattern[i+1 : i+2]} // one letter in both cases
			i += len("[Ss]")
		case strings.IndexByte(`[]{}*+?^$|.)\`, c) >= 0:
			return nil, false
		default:
			choices = []string{pattern[i : i+1]}
			i++
		}
		if i < len(pattern) && strings.IndexByte("*+?{", pattern[i]) >= 0 {
			return nil, false
		}
		if all, ok = combined(all, choices); !ok {
			return nil, false
		}
	}
	for i, s := range all {
		switch {
		case strings.HasPrefix(s, `\`) || strings.HasPrefix(s, "/") && strings.Count(s, "/") == 1:
			s = s[1:]
		case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "%"), len(s) > 3 && s[1] == ':':
		default:
			return nil, false // the end of some name: "ystem32\x.dll"
		}
		if all[i] = s; !hasExtension(s) {
			return nil, false // the beginning of some name
		}
	}
	return all, true
}

func combined(all, choices []string) ([]string, bool) {
	if len(choices) == 1 {
		for i := range all {
			all[i] += choices[0]
		}
		return all, true
	}
	if len(all)*len(choices) > maxLiterals {
		return nil, false
	}
	var more []string
	for _, a := range all {
		for _, c := range choices {
			more = append(more, a+c)
		}
	}
	return more, true
}
