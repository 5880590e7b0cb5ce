package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"aldebaran/brief"
	"aldebaran/hunt"
)

// briefFlags say which briefs to write.
type briefFlags struct {
	files    []string
	language string
}

// briefForms are the forms of briefs by what the name of the file ends in.
var briefForms = map[string]func(io.Writer, *brief.Brief) error{
	".html": brief.HTML, ".htm": brief.HTML, ".md": brief.Markdown, ".json": brief.JSON,
}

func (f *briefFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.files, "brief", nil, "write a brief of the answer to this `file`: .html, .md or .json (repeatable)")
	flags.StringVar(&f.language, "lang", "en", "`language` of briefs: "+strings.Join(brief.Languages(), ", "))
}

// check tells before the hunt what would be wrong after it.
func (f *briefFlags) check(asked bool) error {
	if !slices.Contains(brief.Languages(), strings.ToLower(f.language)) {
		return &hunt.UsageError{What: fmt.Sprintf("--lang: want one of %s, found %q", strings.Join(brief.Languages(), ", "), f.language), Hint: "words of rules and packs stay in English where there is no translation"}
	}
	for _, name := range f.files {
		if briefForms[strings.ToLower(filepath.Ext(name))] == nil {
			return &hunt.UsageError{What: fmt.Sprintf("--brief: want a file that ends in .html, .md or .json, found %q", name), Hint: "HTML prints well, too"}
		}
		if isLog(name) {
			return &hunt.UsageError{What: fmt.Sprintf("--brief %s would overwrite an event log", name), Hint: "name another file: evidence is never changed"}
		}
	}
	if len(f.files) > 0 && !asked {
		return &hunt.UsageError{What: "--brief: nothing was asked that a brief could answer", Hint: "say what with --story FILE or --about PACK"}
	}
	return nil
}

// ignored are the files that are no evidence though they may lie there.
func (f *briefFlags) ignored() []string {
	var all []string
	for _, name := range f.files {
		all = append(all, name, name+".partial")
	}
	return all
}

// writeBriefs writes the briefs of a hunt's answer.
func writeBriefs(r *hunt.Result, f *briefFlags, opt hunt.Options, made time.Time) error {
	in, asked := r.Brief()
	if !asked || len(f.files) == 0 {
		return nil
	}
	in.Setting, in.Language, in.Generated, in.Version = opt.Question.Setting, f.language, made, version()
	b := brief.Make(in)
	for _, name := range f.files {
		if err := writeBrief(name, b); err != nil {
			return err
		}
	}
	return nil
}

func writeBrief(name string, b *brief.Brief) error {
	out, err := openOutput(name, nil)
	if err != nil {
		return err
	}
	return out.close(briefForms[strings.ToLower(filepath.Ext(name))](out, b))
}

// isBrief tells whether a file is a brief as JSON, by its beginning.
func isBrief(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // opened for reading only
	begin := make([]byte, 64)
	n, err := io.ReadFull(f, begin)
	return (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) && brief.IsJSON(begin[:n])
}
