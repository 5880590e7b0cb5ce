package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"aldebaran/attack"
	"aldebaran/english"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/story"
	"aldebaran/story/technique"
	"aldebaran/verdict"
)

// knowledgeFlags say what is known beside the rules: packs, indicators, settings of behaviours.
type knowledgeFlags struct {
	packs        []string
	behaviours   []string
	noBehaviours bool
	indicators   []string
	expired      bool
	story        string
	about        []string
	sector       string
	region       string
	country      string
	config       string
	all          []*intel.Pack // those that were loaded
}

// add adds the flags of a hunt.
func (f *knowledgeFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.story, "story", "s", "", "answer the story in this `file` claim by claim: text, Markdown, HTML, PDF, e-mail, STIX, MISP; - is standard input")
	f.addPlanned(flags)
	flags.BoolVar(&f.expired, "expired", false, "look for indicators that have expired, too")
	flags.StringArrayVar(&f.behaviours, "behaviours", nil, "settings of behaviours in this `file`: thresholds, words, cleaned hosts (repeatable)")
	flags.StringVar(&f.sector, "sector", "", "your own `sector` (government, telecommunications...)")
	flags.StringVar(&f.region, "region", "", "your own `region` (Middle East, Africa...)")
	flags.StringVar(&f.country, "country", "", "your own `country`, by its name or code")
	configFlag(flags, &f.config)
}

// addPlanned adds those that decide what is looked for, which plans have as well.
func (f *knowledgeFlags) addPlanned(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.packs, "pack", nil, "hunt with the pack in this `folder`, and answer it (repeatable)")
	flags.StringArrayVar(&f.about, "about", nil, "answer this pack of the program, by its `name` (repeatable; see packs list)")
	flags.StringArrayVar(&f.indicators, "indicators", nil, "look for the indicators in this `file`: a list, CSV, MISP or STIX (repeatable)")
	flags.BoolVar(&f.noBehaviours, "no-behaviours", false, "hunt without behaviour analytics")
}

// configure takes what the flags leave open from the user's configuration.
func (f *knowledgeFlags) configure(flags *pflag.FlagSet, briefs *briefFlags) error {
	c, err := readConfigFile(f.config)
	if err != nil {
		return err
	}
	f.sector, f.region, f.country = cmp.Or(f.sector, c.Sector), cmp.Or(f.region, c.Region), cmp.Or(f.country, c.Country)
	briefs.configure(flags, c)
	return nil
}

// know fills in what a hunt needs to know. Problems with files of the user are told on stderr; what
// is left of them is used.
func (f *knowledgeFlags) know(opt *hunt.Options, stdin io.Reader, stderr io.Writer, now time.Time) error {
	all, err := loadPacks(stderr, f.packs)
	if err != nil {
		return err
	}
	f.all = all
	var wanted []string
	shipped := len(all) - len(f.packs)
	for _, p := range all[shipped:] { // those of the user come last
		wanted = append(wanted, p.Name)
	}
	for _, dir := range f.packs {
		if folder := filepath.Join(dir, "sigma"); isFolder(folder) {
			opt.Rules = append(opt.Rules, folder)
		}
	}
	// Who wants the rules of --rules alone gets nothing else that ships, unless asked for.
	if !f.noBehaviours && (opt.DefaultRules != nil || len(f.behaviours) > 0 || len(wanted) > 0) {
		if opt.Behaviours, err = f.behaviourConfig(all); err != nil {
			return err
		}
	}
	if err := f.readIndicators(opt, all, shipped, stderr); err != nil {
		return err
	}
	if !f.expired {
		opt.IndicatorsAt = now
	}
	if f.story == "" && len(f.about) == 0 && len(wanted) == 0 {
		return nil
	}
	for _, name := range f.about {
		if packNamed(all, name) == nil {
			return &hunt.UsageError{What: fmt.Sprintf("--about: no pack %q", name), Hint: "see aldebaran packs list"}
		}
	}
	opt.Question = &hunt.Question{
		Packs: all, Wanted: append(wanted, f.about...), Knowledge: attack.Load(),
		Setting: verdict.Setting{Sector: f.sector, Region: f.region, Country: f.country},
	}
	if f.story == "" {
		return nil
	}
	file, err := f.openStory(stdin)
	if err != nil {
		return err
	}
	defer file.Close()
	return askStory(opt, file, f.story)
}

// openStory opens the story's file, or standard input.
func (f *knowledgeFlags) openStory(stdin io.Reader) (io.ReadCloser, error) {
	if f.story == "-" {
		return io.NopCloser(stdin), nil
	}
	file, err := os.Open(f.story)
	if err != nil {
		return nil, &hunt.UsageError{What: fmt.Sprintf("--story: %v", err), Hint: "name a file, or - for standard input"}
	}
	return file, nil
}

// askStory reads a story and asks it.
func askStory(opt *hunt.Options, r io.Reader, path string) error {
	s, err := readStory(r, path, opt.Question.Packs)
	if err != nil {
		return &hunt.UsageError{What: fmt.Sprintf("--story: %v", err), Hint: "text, Markdown, HTML, PDF, e-mail, STIX or MISP: see aldebaran read --help"}
	}
	askAbout(opt, s)
	return nil
}

// askAbout makes a story the question of a hunt, and looks for its indicators.
func askAbout(opt *hunt.Options, s *story.Story) {
	opt.Question.Story = s
	known := map[string]bool{} // a pack says more of them than the story does
	for _, i := range opt.Indicators {
		if !i.Unverified {
			known[string(i.Type)+":"+i.Value] = true
		}
	}
	for _, c := range s.Claims {
		if c.Kind == story.Indicator && !c.Negated && !known[c.Indicator+":"+c.Name] {
			opt.Indicators = append(opt.Indicators, intel.Indicator{
				Type: intel.IndicatorType(c.Indicator), Value: c.Name, Source: s.Title, Note: "named by the story", Pack: s.Path, First: s.Published,
			})
		}
	}
}

// readStory reads a story with all that is known.
func readStory(r io.Reader, path string, all []*intel.Pack) (*story.Story, error) {
	model, err := technique.Load()
	if err != nil {
		return nil, err
	}
	return story.Read(r, path, story.Options{Lexicon: story.NewLexicon(attack.Load(), all), Model: model})
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func packNamed(all []*intel.Pack, name string) *intel.Pack {
	for _, p := range all {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// maxSettings is how large a file of settings may be.
const maxSettings = 4 << 20

// behaviourConfig joins the settings of behaviours: those of the packs, then the user's.
func (f *knowledgeFlags) behaviourConfig(all []*intel.Pack) (*behaviour.Config, error) {
	var c behaviour.Config
	for _, p := range all {
		more, err := behaviour.ParseConfig(p.Behaviours, p.Name+"/behaviours.yml")
		if err != nil {
			return nil, &hunt.UsageError{What: err.Error(), Hint: "see aldebaran packs check"}
		}
		c = c.Join(more)
	}
	for _, name := range f.behaviours {
		more, err := readConfig(name)
		if err != nil {
			return nil, &hunt.UsageError{What: fmt.Sprintf("--behaviours: %v", err), Hint: "docs/formats/behaviours.md says what stands in it"}
		}
		c = c.Join(more)
	}
	return &c, nil
}

// readConfig reads a file of settings of behaviours.
func readConfig(name string) (behaviour.Config, error) {
	data, err := readBounded(name, maxSettings)
	if err != nil {
		return behaviour.Config{}, err
	}
	return behaviour.ParseConfig(data, name)
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: want at most %d bytes, found more", name, limit)
	}
	return data, nil
}

// readIndicators adds the indicators of the packs and those of the user's files.
func (f *knowledgeFlags) readIndicators(opt *hunt.Options, all []*intel.Pack, shipped int, stderr io.Writer) error {
	for i, p := range all {
		if opt.DefaultRules != nil || i >= shipped {
			opt.Indicators = append(opt.Indicators, p.Indicators...)
		}
	}
	for _, name := range f.indicators {
		problems, err := addIndicators(opt, name)
		if err != nil {
			return &hunt.UsageError{What: fmt.Sprintf("--indicators: %v", err), Hint: "a list with one value a line, CSV, MISP or STIX: docs/formats/indicators.md"}
		}
		tellProblems(stderr, name, problems)
	}
	return nil
}

// addIndicators reads a file of indicators.
func addIndicators(opt *hunt.Options, name string) (problems []intel.Problem, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opt.Indicators, problems, err = intel.AppendIndicators(opt.Indicators, file, name)
	return problems, err
}

// shownProblems is how many problems of a file or pack are told one by one.
const shownProblems = 10

// tellProblems tells what is wrong with a file or pack of the user's, of which the rest is used.
func tellProblems(stderr io.Writer, name string, problems []intel.Problem) {
	for _, p := range problems[:min(len(problems), shownProblems)] {
		// If standard error cannot be written there is nobody to tell.
		_, _ = fmt.Fprintf(stderr, "aldebaran: %s\n", hunt.Terminal(p.String()))
	}
	if n := len(problems) - shownProblems; n > 0 {
		_, _ = fmt.Fprintf(stderr, "aldebaran: %s: and %s\n", hunt.Terminal(name), english.Count(n, "more problem"))
	}
}
