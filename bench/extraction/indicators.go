package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/klauspost/compress/zstd"

	"aldebaran/intel"
)

// An indicatorScore is how well indicators are found in texts of campaigns, held against the lists that
// the same people publish beside them.
type indicatorScore struct {
	Campaigns int `json:"campaigns"`
	// Hashes: all that lists have and the text has too must be found. What is found and in no list
	// counts against precision, unless it stands in the text as a word of its own: lists lack some.
	Hashes recallScore `json:"hashes"`
	// Network: domains, addresses, URLs of the MISP event that the text has in any form.
	Network recallScore `json:"network"`
}

type recallScore struct {
	Wanted    int     `json:"wanted"`
	Found     int     `json:"found"`
	Recall    float64 `json:"recall"`
	Claimed   int     `json:"claimed,omitempty"`
	Right     int     `json:"right,omitempty"`
	Listed    int     `json:"listed,omitempty"` // of Right, those that are in a list
	Precision float64 `json:"precision,omitempty"`
}

// A campaign is what one folder of ESET's collection holds.
type campaign struct {
	text   string
	hashes map[string]bool
	misp   []mispValue
}

type mispValue struct{ kind, value string }

// indicators measures on github.com/eset/malware-ioc: the README of each campaign against its lists
// of hashes and its MISP event.
func indicators(folder string, _ *models) (any, error) {
	all, err := campaigns(filepath.Join(folder, esetFile))
	if err != nil {
		return nil, err
	}
	s := indicatorScore{Campaigns: len(all)}
	for _, c := range all {
		found := map[string]bool{}
		for _, f := range intel.FindIndicators(c.text) {
			found[f.Value] = true
		}
		c.score(&s, found)
	}
	for _, r := range []*recallScore{&s.Hashes, &s.Network} {
		r.Recall, r.Precision = ratio(r.Found, r.Wanted), ratio(r.Right, r.Claimed)
	}
	return s, nil
}

const esetFile = "eset-malware-ioc.tar.zst"

var (
	hexWords = regexp.MustCompile(`[0-9a-f]+`)
	hashes   = regexp.MustCompile(`^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$`)
	refanged = strings.NewReplacer("[.]", ".", "[:]", ":", "hxxp", "http")
)

var networkTypes = map[string]intel.IndicatorType{
	"domain": intel.Domain, "hostname": intel.Domain, "ip-dst": intel.IP, "ip-src": intel.IP, "url": intel.URL,
}

func (c *campaign) score(s *indicatorScore, found map[string]bool) {
	words := map[string]bool{}
	for _, w := range hexWords.FindAllString(strings.ToLower(c.text), -1) {
		words[w] = true
	}
	for h := range c.hashes {
		if words[h] {
			s.Hashes.Wanted++
			if found[h] {
				s.Hashes.Found++
			}
		}
	}
	for v := range found {
		if hashes.MatchString(v) {
			s.Hashes.Claimed++
			if c.hashes[v] {
				s.Hashes.Listed++
			}
			if c.hashes[v] || words[v] {
				s.Hashes.Right++
			}
		}
	}
	plain := strings.ToLower(refanged.Replace(c.text))
	for _, m := range c.misp {
		t, ok := networkTypes[m.kind]
		value := refanged.Replace(m.value)
		if !ok || !strings.Contains(plain, strings.ToLower(value)) {
			continue
		}
		if v, err := intel.Normalize(t, value); err == nil {
			s.Network.Wanted++
			if found[v] {
				s.Network.Found++
			}
		}
	}
}

// campaigns reads all folders of the collection.
func campaigns(name string) (map[string]*campaign, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	all := map[string]*campaign{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		folder, _, _ := strings.Cut(path.Clean(h.Name), "/")
		if all[folder] == nil {
			all[folder] = &campaign{hashes: map[string]bool{}}
		}
		if err := all[folder].add(path.Base(h.Name), data); err != nil {
			return nil, err
		}
	}
}

// add takes what a file of a campaign says.
func (c *campaign) add(name string, data []byte) error {
	switch {
	case strings.HasPrefix(name, "README"):
		c.text += string(data) + "\n"
	case strings.HasPrefix(name, "samples."):
		for line := range strings.Lines(string(data)) {
			if w := strings.Fields(line); len(w) > 0 {
				c.hashes[strings.ToLower(w[0])] = true
			}
		}
	case strings.HasSuffix(name, ".json"):
		var event any
		if err := json.Unmarshal(data, &event); err != nil {
			return err
		}
		c.values(event)
	}
	return nil
}

// values collects every object with a type and a value.
func (c *campaign) values(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			c.values(e)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		value, _ := v["value"].(string)
		kinds, parts := strings.Split(kind, "|"), strings.Split(value, "|")
		for i := range kinds {
			if len(kinds) == len(parts) && parts[i] != "" {
				c.misp = append(c.misp, mispValue{kinds[i], parts[i]})
				if h := strings.ToLower(parts[i]); hashes.MatchString(h) {
					c.hashes[h] = true
				}
			}
		}
		for _, e := range v {
			c.values(e)
		}
	}
}
