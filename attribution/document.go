package attribution

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of what is read of a hunt's document. A hunt has at most 20,000 findings.
const (
	maxDocument = 512 << 20
	maxSeen     = 50_000
)

// ReadDocument reads the findings of a hunt's JSON document (hunt --format json, docs/formats/findings.md).
func ReadDocument(r io.Reader) ([]Seen, error) {
	var document struct {
		Findings *[]struct {
			Level string `json:"level"`
			Rule  struct {
				ID    string `json:"id"`
				Title string `json:"title"`
				File  string `json:"file"`
			} `json:"rule"`
			Attack []string `json:"attack"`
			Host   string   `json:"host"`
			Hosts  []string `json:"hosts"`
			First  string   `json:"first"`
			Last   string   `json:"last"`
			Count  int      `json:"count"`
		} `json:"findings"`
	}
	bounded := &io.LimitedReader{R: r, N: maxDocument + 1}
	err := json.NewDecoder(bounded).Decode(&document)
	switch {
	case bounded.N <= 0:
		return nil, fmt.Errorf("hunt document: want at most %d bytes, found more", maxDocument)
	case err != nil:
		return nil, fmt.Errorf("hunt document: %w", err)
	case document.Findings == nil:
		return nil, errors.New("hunt document: want a JSON object with findings, found none")
	case len(*document.Findings) > maxSeen:
		return nil, fmt.Errorf("hunt document: want at most %d findings, found %d", maxSeen, len(*document.Findings))
	}
	seen := []Seen{}
	for i, f := range *document.Findings {
		s := Seen{Rule: f.Rule.ID, Title: f.Rule.Title, File: f.Rule.File, Level: f.Level, Attack: f.Attack, Hosts: f.Hosts, Count: f.Count}
		if len(s.Hosts) == 0 && f.Host != "" {
			s.Hosts = []string{f.Host}
		}
		if s.First, err = moment(f.First); err == nil {
			s.Last, err = moment(f.Last)
		}
		if err != nil {
			return nil, fmt.Errorf("hunt document: finding %d: %w", i, err)
		}
		seen = append(seen, s)
	}
	return seen, nil
}

// moment reads a time as hunts write it; "" is the zero time.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}
