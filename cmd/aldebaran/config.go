package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"aldebaran/brief"
	"aldebaran/hunt"
)

// A config is what the user says of himself once and for all, in a file: docs/formats/config.md. Flags go
// before it.
type config struct {
	Sector   string `yaml:"sector"`
	Region   string `yaml:"region"`
	Country  string `yaml:"country"`
	Language string `yaml:"language"`
}

const (
	// maxConfig is how large the file may be, in bytes: four short lines and remarks.
	maxConfig = 64 << 10
	// maxConfigText is how long one value may be, in bytes.
	maxConfigText = 200
)

func configFlag(flags *pflag.FlagSet, name *string) {
	flags.StringVar(name, "config", "", "your own sector, region, country and language from this `file` (default: aldebaran/config.yml in the user's configuration folder, if there)")
}

// readConfigFile reads the file of that name; without a name that of the user's configuration folder, which
// need not be there. The folder that the program was started in is not looked at: it may be evidence.
func readConfigFile(name string) (c config, err error) {
	named := name != ""
	if !named {
		if name = usualConfig(); name == "" {
			return config{}, nil
		}
	}
	data, err := readBounded(name, maxConfig)
	if !named && errors.Is(err, fs.ErrNotExist) {
		return config{}, nil
	}
	if err == nil {
		c, err = parseConfig(data)
	}
	if err != nil {
		what := err.Error()
		if !strings.Contains(what, name) {
			what = name + ": " + what
		}
		return config{}, &hunt.UsageError{What: "--config: " + what, Hint: "it may say sector, region, country and language: docs/formats/config.md"}
	}
	return c, nil
}

// usualConfig is where the file is looked for; "" for a user who has no such folder.
func usualConfig() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "aldebaran", "config.yml")
}

// parseConfig reads the text of a configuration. Keys that it does not know are errors: a misspelt one would
// go unnoticed.
func parseConfig(text []byte) (c config, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) { // an empty file says nothing
		return config{}, err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return config{}, errors.New("want one document, found more")
	}
	for key, value := range map[string]*string{"sector": &c.Sector, "region": &c.Region, "country": &c.Country, "language": &c.Language} {
		if *value = strings.TrimSpace(*value); len(*value) > maxConfigText {
			return config{}, fmt.Errorf("%s: want at most %d bytes, found %d", key, maxConfigText, len(*value))
		}
	}
	if c.Language != "" && !slices.Contains(brief.Languages(), strings.ToLower(c.Language)) {
		return config{}, fmt.Errorf("language: want one of %s, found %q", strings.Join(brief.Languages(), ", "), c.Language)
	}
	return c, nil
}
