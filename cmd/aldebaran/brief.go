package main

import (
	"context"
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
	"aldebaran/intel"
	"aldebaran/verdict"
)

// briefFlags say which briefs to write.
type briefFlags struct {
	files                 []string
	language              string
	polishURL, polishWith string
	caseDir               string // of the hunt; "" without a case
}

// polishKey is the environment variable with the key of the service that rephrases: a flag would show it to
// every user of the machine.
const polishKey = "ALDEBARAN_POLISH_KEY"

// polishTime bounds how long a brief waits to be rephrased; it is written all the same.
const polishTime = 3 * time.Minute

// briefForms are the forms of briefs by what the name of the file ends in.
var briefForms = map[string]func(io.Writer, *brief.Brief) error{
	".html": brief.HTML, ".htm": brief.HTML, ".md": brief.Markdown, ".json": brief.JSON,
}

func (f *briefFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.files, "brief", nil, "write a brief of the answer to this `file`: .html, .md or .json (repeatable)")
	flags.StringVar(&f.language, "lang", "en", "`language` of briefs: "+strings.Join(brief.Languages(), ", "))
	flags.StringVar(&f.polishURL, "polish-url", "", "let the model behind this `address` rephrase the first page: any service with OpenAI's API; names and figures stay here")
	flags.StringVar(&f.polishWith, "polish-model", "", "`name` of that model; its key is read from "+polishKey)
}

// configure takes the language from the user's configuration unless a flag says it.
func (f *briefFlags) configure(flags *pflag.FlagSet, c config) {
	if c.Language != "" && !flags.Changed("lang") {
		f.language = strings.ToLower(c.Language)
	}
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
	if f.polishURL != "" {
		if err := f.endpoint().Check(); err != nil {
			return &hunt.UsageError{What: "--polish-url: " + err.Error(), Hint: "as in --polish-url http://127.0.0.1:11434/v1 --polish-model NAME"}
		}
	}
	if len(f.files) > 0 && !asked {
		return &hunt.UsageError{What: "--brief: nothing was asked that a brief could answer", Hint: "say what with --story FILE or --about PACK"}
	}
	return nil
}

func (f *briefFlags) endpoint() *brief.Endpoint {
	return &brief.Endpoint{URL: f.polishURL, Model: f.polishWith, Key: os.Getenv(polishKey)}
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
func writeBriefs(ctx context.Context, stderr io.Writer, r *hunt.Result, f *briefFlags, opt hunt.Options, made time.Time) error {
	in, asked := r.Brief()
	if !asked || len(f.files) == 0 {
		return nil
	}
	in.Setting, in.Generated, in.Version, in.Case = opt.Question.Setting, made, version(), f.caseDir
	b := f.make(ctx, stderr, in, opt.Question.Packs)
	for _, name := range f.files {
		if err := writeBrief(name, b); err != nil {
			return err
		}
	}
	return nil
}

// make makes a brief in the wanted language, with who it may have been if something was seen.
func (f *briefFlags) make(ctx context.Context, stderr io.Writer, in brief.Input, packs []*intel.Pack) *brief.Brief {
	in.Language = f.language
	if in.Answer.Value == verdict.Seen {
		in.Attribution = briefAttribution(in.Findings, in.Answer, packs, in.Setting)
	}
	b := brief.Make(in)
	if f.polishURL != "" {
		f.polish(ctx, stderr, b)
	}
	return b
}

// polish lets a model rephrase the first page. If that fails the brief is written as it is.
func (f *briefFlags) polish(ctx context.Context, stderr io.Writer, b *brief.Brief) {
	ctx, cancel := context.WithTimeout(ctx, polishTime)
	defer cancel()
	changed, refused, err := b.Polish(ctx, *f.endpoint())
	// If standard error cannot be written there is nobody to tell.
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "aldebaran: --polish-url: %s\n", hunt.Terminal(err.Error()))
	}
	_, _ = fmt.Fprintf(stderr, "aldebaran: sentences rephrased: %d; refused because they would not say the same: %d\n", changed, refused)
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
