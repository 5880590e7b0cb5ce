package intel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Pack is a folder of knowledge about one actor, or about none:
//
//	pack.yml         what is known, each fact with its source
//	advice.yml       what to do, and which detections each piece of advice answers
//	indicators.csv   values that were seen with the actor
//	behaviours.yml   thresholds and words for behaviour analytics
//	sigma/ yara/     rules
//	tests/           what rules must and must not match
//
// Only pack.yml must be there. docs/formats/pack.md describes the files.
type Pack struct {
	// Name is that of the folder; Title is what people read.
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Version     string          `json:"version"`
	Date        Date            `json:"date"` // when it was last brought up to date
	Description string          `json:"description"`
	Licence     string          `json:"licence"`
	Sources     []Source        `json:"sources"`
	Actor       *Actor          `json:"actor,omitempty"`
	Malware     []Software      `json:"malware,omitempty"`
	Tools       []Software      `json:"tools,omitempty"`
	Relations   []Relation      `json:"relations,omitempty"`
	Techniques  []TechniqueUse  `json:"techniques,omitempty"`
	Exploits    []Vulnerability `json:"vulnerabilities,omitempty"`
	Timeline    []Moment        `json:"timeline,omitempty"`
	Detections  []Detection     `json:"detections,omitempty"`
	Quotes      []Quote         `json:"quotes,omitempty"`
	// The rest comes from the other files of the folder.
	Contents `json:"-"`
}

// Contents are what a pack holds besides pack.yml.
type Contents struct {
	Advice     []Advice    `json:"advice"`
	Indicators []Indicator `json:"-"`
	// Behaviours is behaviours.yml as it stands there, nil without one: match/behaviour reads it.
	Behaviours []byte `json:"-"`
	// Sigma, YARA and Tests are the files in those folders, as paths from the pack's folder, sorted.
	Sigma []string `json:"-"`
	YARA  []string `json:"-"`
	Tests []string `json:"-"`
}

// The names of the files of a pack.
const (
	PackFile       = "pack.yml"
	AdviceFile     = "advice.yml"
	IndicatorsFile = "indicators.csv"
	BehavioursFile = "behaviours.yml"
)

// maxPackFiles bounds how many files a folder of a pack can have: SigmaHQ has three thousand rules.
const maxPackFiles = 20_000

// ReadPack reads the pack in a folder of fsys. Problems are what could not be read or does not hold
// together; what they stand for is left out, and the rest can be used. The error tells of a folder
// that cannot be read, or that holds no pack.yml ([fs.ErrNotExist]).
func ReadPack(fsys fs.FS, dir string) (*Pack, []Problem, error) {
	text, err := readPackFile(fsys, path.Join(dir, PackFile))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the pack %s: %w", dir, err)
	}
	var p Pack
	problems := decodeYAML(path.Join(dir, PackFile), text, &p)
	if p.Name == "" {
		p.Name = path.Base(dir)
	}
	more, err := p.Contents.read(fsys, dir, p.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the pack %s: %w", dir, err)
	}
	problems = append(problems, more...)
	p.inherit()
	problems = append(problems, p.check(dir)...)
	return &p, problems, nil
}

// read reads the files beside pack.yml.
func (c *Contents) read(fsys fs.FS, dir, pack string) ([]Problem, error) {
	var problems []Problem
	for _, f := range []struct {
		name string
		read func(name string, text []byte) ([]Problem, error)
	}{
		{AdviceFile, c.readAdvice},
		{IndicatorsFile, c.readIndicators},
		{BehavioursFile, c.readBehaviours},
	} {
		name := path.Join(dir, f.name)
		text, err := readPackFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		more, err := f.read(name, text)
		if err != nil {
			return nil, err
		}
		problems = append(problems, more...)
	}
	for i := range c.Indicators {
		c.Indicators[i].Pack = pack
	}
	for _, f := range []struct {
		folder string
		ends   []string
		into   *[]string
	}{
		{"sigma", []string{".yml", ".yaml"}, &c.Sigma},
		{"yara", []string{".yar", ".yara"}, &c.YARA},
		{"tests", []string{".yml", ".yaml"}, &c.Tests},
	} {
		names, more, err := packFiles(fsys, dir, f.folder, f.ends)
		if err != nil {
			return nil, err
		}
		*f.into = names
		problems = append(problems, more...)
	}
	return problems, nil
}

func (c *Contents) readAdvice(name string, text []byte) ([]Problem, error) {
	var file struct {
		Advice []Advice `json:"advice"`
	}
	problems := decodeYAML(name, text, &file)
	c.Advice = file.Advice
	return problems, nil
}

func (c *Contents) readIndicators(name string, text []byte) (problems []Problem, err error) {
	c.Indicators, problems, err = ReadIndicators(bytes.NewReader(text), name)
	return problems, err
}

func (c *Contents) readBehaviours(_ string, text []byte) ([]Problem, error) {
	c.Behaviours = text
	return nil, nil
}

// readPackFile reads a file of a pack, with one byte more than a file may have if it has too many.
func readPackFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPackFile+1))
	return text, errors.Join(err, f.Close())
}

// packFiles lists the files of a folder of a pack that end as they should, sorted. Files that end
// otherwise are problems, save for those that people read.
func packFiles(fsys fs.FS, dir, folder string, ends []string) (names []string, problems []Problem, err error) {
	err = fs.WalkDir(fsys, path.Join(dir, folder), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		case len(names) == maxPackFiles:
			problems = append(problems, Problem{path.Join(dir, folder), 0, fmt.Sprintf("want at most %d files, found more", maxPackFiles)})
			return fs.SkipAll
		case slices.Contains(ends, path.Ext(name)):
			names = append(names, strings.TrimPrefix(name, dir+"/"))
		case path.Ext(name) != ".md":
			problems = append(problems, Problem{name, 0, fmt.Sprintf("want a file that ends in %s, found another", strings.Join(ends, " or "))})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	slices.Sort(names)
	return names, problems, err
}
