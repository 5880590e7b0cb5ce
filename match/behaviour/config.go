package behaviour

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"aldebaran/match/sigma"
)

// A Config is what packs and users say about behaviours (docs/formats/behaviours.md). The zero
// value is the defaults of every analytic. Configs are joined with [Config.Join].
type Config struct {
	// Behaviours are settings by the name of the analytic.
	Behaviours map[string]Setting `yaml:"behaviours"`
	// Words are what intruders look for in mailboxes and databases, by language (BCP 47: "ar").
	Words []Words `yaml:"words"`
	// Chains are stages that together tell a story (see chain.go).
	Chains []Chain `yaml:"chains"`
	// Remediated are hosts that were cleaned, and when: findings on them afterwards weigh more.
	Remediated []Remediated `yaml:"remediated"`
}

// A Setting changes one analytic.
type Setting struct {
	// Off switches it off.
	Off bool `yaml:"off"`
	// Level replaces its level.
	Level string `yaml:"level"`
	// Params replace its thresholds by name, Lists add to its lists by name.
	Params map[string]float64  `yaml:"params"`
	Lists  map[string][]string `yaml:"lists"`
}

// Words are watch-words in one language.
type Words struct {
	Language string   `yaml:"language"`
	Subject  string   `yaml:"subject"` // "diplomacy", "defence"
	Words    []string `yaml:"words"`
	// Common words are in honest searches, too: like those that are built in, several must be found
	// together. Of others one is enough: names of people, places and meetings that matter here.
	Common bool `yaml:"common"`
}

// A Chain is a sequence of stages that together weigh more than alone.
type Chain struct {
	// Name and Title are what it is called; Level is that of all stages together.
	Name        string  `yaml:"name"`
	Title       string  `yaml:"title"`
	Description string  `yaml:"description"`
	Level       string  `yaml:"level"`
	Stages      []Stage `yaml:"stages"`
	// Within is the longest time between one stage and the next, "24h".
	Within string `yaml:"within"`
	// Across allows the next stage to be on another host that is known to have been reached.
	Across bool `yaml:"across"`
	// AtLeast is how many stages make an episode; 0 means all.
	AtLeast int `yaml:"at_least"`
	// AnyOrder lets the stages come in any order.
	AnyOrder bool     `yaml:"any_order"`
	Tags     []string `yaml:"tags"`
}

// A Stage is one step of a chain: a hit of any of these.
type Stage struct {
	Name string `yaml:"name"`
	// Any are ids of rules or behaviours, or globs over their tags ("attack.t1505*").
	Any []string `yaml:"any"`
}

// Remediated is a host that was cleaned.
type Remediated struct {
	Host string    `yaml:"host"` // a glob
	At   time.Time `yaml:"at"`
	Case string    `yaml:"case"`
}

// Bounds of a configuration.
const (
	maxConfig  = 4 << 20 // bytes of one file
	maxEntries = 10_000  // words, names of a list, chains
	maxParam   = 1e12    // a threshold; those of bytes are the largest
)

// ParseConfig reads a behaviours.yml. Names that it does not know are errors with their line: a
// threshold with a typing error would be silently without effect.
func ParseConfig(data []byte, file string) (Config, error) {
	var c Config
	if len(data) > maxConfig {
		return c, fmt.Errorf("%s: want at most %d bytes, found %d", file, maxConfig, len(data))
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s: %w", file, err)
	}
	if err := d.Decode(new(yaml.Node)); err == nil {
		return Config{}, fmt.Errorf("%s: want one document, found another behind it", file)
	}
	for _, ch := range c.Chains {
		if err := ch.check(); err != nil {
			return Config{}, fmt.Errorf("%s: chain %q: %w", file, ch.Name, err)
		}
	}
	return c, c.check(file)
}

func (c *Config) check(file string) error {
	n := len(c.Chains) + len(c.Remediated)
	for _, w := range c.Words {
		n += len(w.Words)
	}
	for _, s := range c.Behaviours {
		for _, l := range s.Lists {
			n += len(l)
		}
	}
	if n > maxEntries {
		return fmt.Errorf("%s: want at most %d words, names and chains together, found %d", file, maxEntries, n)
	}
	known := Analytics()
	for _, name := range slices.Sorted(maps.Keys(c.Behaviours)) {
		at := slices.IndexFunc(known, func(a Analytic) bool { return a.ID == name })
		if at < 0 {
			return fmt.Errorf("%s: no behaviour %q", file, name)
		}
		if err := known[at].accepts(c.Behaviours[name]); err != nil {
			return fmt.Errorf("%s: %s: %w", file, name, err)
		}
	}
	return nil
}

func (a *Analytic) accepts(s Setting) error {
	for _, p := range slices.Sorted(maps.Keys(s.Params)) {
		if !slices.ContainsFunc(a.Params, func(k Param) bool { return k.Name == p }) {
			return fmt.Errorf("no parameter %q", p)
		}
		if v := s.Params[p]; math.IsNaN(v) || math.Abs(v) > maxParam {
			return fmt.Errorf("parameter %q: want a number of at most %g, found %g", p, maxParam, v)
		}
	}
	for _, l := range slices.Sorted(maps.Keys(s.Lists)) {
		if !slices.ContainsFunc(a.Lists, func(k List) bool { return k.Name == l }) {
			return fmt.Errorf("no list %q", l)
		}
	}
	if s.Level != "" && !slices.Contains(sigma.Levels[:], s.Level) {
		return fmt.Errorf("level: want one of %s, found %q", strings.Join(sigma.Levels[:], ", "), s.Level)
	}
	return nil
}

// severity is the rank of a level.
func severity(level string) int { return max(slices.Index(sigma.Levels[:], level), 0) }

// levelOf is the level of a rank; there is none below the lowest and above the highest.
func levelOf(rank int) string { return sigma.Levels[max(min(rank, len(sigma.Levels)-1), 0)] }

// levelBelow gives the level one step below, not below the lowest.
func levelBelow(level string) string { return levelOf(severity(level) - 1) }

// levelAbove gives the level one step above, not above the highest.
func levelAbove(level string) string { return levelOf(severity(level) + 1) }

func (c *Chain) check() error {
	switch {
	case c.Name == "" || c.Title == "":
		return errors.New("want a name and a title")
	case len(c.Stages) < 2:
		return fmt.Errorf("want at least 2 stages, found %d", len(c.Stages))
	case len(c.Stages) > maxStages:
		return fmt.Errorf("want at most %d stages, found %d", maxStages, len(c.Stages))
	case !slices.Contains(sigma.Levels[:], c.Level):
		return fmt.Errorf("level: want one of %s, found %q", strings.Join(sigma.Levels[:], ", "), c.Level)
	case c.AtLeast > len(c.Stages):
		return fmt.Errorf("at_least: want at most %d, the number of stages, found %d", len(c.Stages), c.AtLeast)
	}
	if d, err := time.ParseDuration(c.Within); err != nil || d <= 0 {
		return fmt.Errorf("within: want a time span such as 24h, found %q", c.Within)
	}
	return nil
}

// Join gives a configuration with the settings of both: those of more go first, lists, words,
// chains and hosts add up.
func (c Config) Join(more Config) Config {
	out := Config{
		Behaviours: map[string]Setting{},
		Words:      slices.Concat(c.Words, more.Words),
		Chains:     slices.Concat(c.Chains, more.Chains),
		Remediated: slices.Concat(c.Remediated, more.Remediated),
	}
	for _, from := range []Config{c, more} {
		for name, s := range from.Behaviours {
			have := out.Behaviours[name]
			have.Off = have.Off || s.Off
			if s.Level != "" {
				have.Level = s.Level
			}
			have.Params = joined(have.Params, s.Params)
			lists := maps.Clone(have.Lists)
			if lists == nil {
				lists = map[string][]string{}
			}
			for l, names := range s.Lists {
				lists[l] = slices.Concat(lists[l], names)
			}
			have.Lists = lists
			out.Behaviours[name] = have
		}
	}
	return out
}

func joined(a, b map[string]float64) map[string]float64 {
	out := map[string]float64{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// A Param is a threshold of an analytic.
type Param struct {
	Name    string
	Default float64
	// Unit is what it counts: "requests", "hours"; What says what it does.
	Unit, What string
}

// A List is a list of names of an analytic: what is normal, or what is watched for.
type List struct {
	Name    string
	Default []string
	What    string
}

// Settings are those of one analytic, defaults filled in.
type Settings struct {
	params map[string]float64
	lists  map[string][]string
	// Words, Chains and Remediated are those of the whole configuration.
	Words      []Words
	Chains     []Chain
	Remediated []Remediated
}

// Param gives a threshold; a name that the analytic did not declare is our own mistake.
func (s Settings) Param(name string) float64 {
	v, ok := s.params[name]
	if !ok {
		panic("behaviour: parameter " + name + " is not declared")
	}
	return v
}

// Int gives a threshold that is a whole number.
func (s Settings) Int(name string) int { return int(s.Param(name)) }

// Days gives a threshold in days as a time span.
func (s Settings) Days(name string) time.Duration { return s.span(name, 24*time.Hour) }

// Hours gives a threshold in hours as a time span.
func (s Settings) Hours(name string) time.Duration { return s.span(name, time.Hour) }

// Minutes gives a threshold in minutes as a time span.
func (s Settings) Minutes(name string) time.Duration { return s.span(name, time.Minute) }

// Seconds gives a threshold in seconds as a time span.
func (s Settings) Seconds(name string) time.Duration { return s.span(name, time.Second) }

// maxSpan is longer than any evidence reaches back, and twice of it is still a time span.
const maxSpan = 100 * 365 * 24 * time.Hour

func (s Settings) span(name string, unit time.Duration) time.Duration {
	return time.Duration(min(s.Param(name)*float64(unit), float64(maxSpan)))
}

// List gives a list of names.
func (s Settings) List(name string) []string {
	l, ok := s.lists[name]
	if !ok {
		panic("behaviour: list " + name + " is not declared")
	}
	return l
}

// settings fills in the defaults of an analytic.
func (c *Config) settings(a *Analytic) Settings {
	s := Settings{params: map[string]float64{}, lists: map[string][]string{}, Words: c.Words, Chains: c.Chains, Remediated: c.Remediated}
	set := c.Behaviours[a.ID]
	for _, p := range a.Params {
		s.params[p.Name] = p.Default
		if v, ok := set.Params[p.Name]; ok {
			s.params[p.Name] = v
		}
	}
	for _, l := range a.Lists {
		s.lists[l.Name] = slices.Concat(l.Default, set.Lists[l.Name])
	}
	return s
}
