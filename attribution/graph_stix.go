package attribution

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"aldebaran/english"
)

// stixSpace is the namespace of our identifiers: made once at random (UUID version 4).
var stixSpace = [16]byte{0x6d, 0x1f, 0x2b, 0x0a, 0x5c, 0x3e, 0x4b, 0x7d, 0x9a, 0x41, 0x0e, 0x8c, 0x72, 0xd5, 0x13, 0xb6}

// a stixObject is what we write of objects of STIX 2.1 (OASIS Standard, 10 June 2021): campaigns (4.3),
// intrusion sets (4.8), notes (4.14), relationships (5.1).
type stixObject struct {
	Type        string `json:"type"`
	SpecVersion string `json:"spec_version"`
	ID          string `json:"id"`
	Created     string `json:"created"`
	Modified    string `json:"modified"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	// Confidence is 0 to 100 (3.2, appendix A).
	Confidence   *int   `json:"confidence,omitempty"`
	Relationship string `json:"relationship_type,omitempty"`
	Source       string `json:"source_ref,omitempty"`
	Target       string `json:"target_ref,omitempty"`
	// Of notes: what was decided, by whom, about what.
	Content string   `json:"content,omitempty"`
	Authors []string `json:"authors,omitempty"`
	Refs    []string `json:"object_refs,omitempty"`
}

// WriteSTIX writes the clusters as a bundle of STIX 2.1: each incident a campaign, each cluster an
// intrusion set to which its incidents are attributed, each link a relationship with its reasons, each
// change by an analyst a note. The
// identifiers depend on the names alone, so that the same clusters are the same objects; at is when they
// were made.
func (c *Clusters) WriteSTIX(w io.Writer, at time.Time) error {
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	bundle := struct {
		Type    string       `json:"type"`
		ID      string       `json:"id"`
		Objects []stixObject `json:"objects"`
	}{Type: "bundle", Objects: []stixObject{}}
	add := func(kind, key string, o stixObject) string {
		o.Type, o.SpecVersion, o.ID, o.Created, o.Modified = kind, "2.1", stixID(kind, key), stamp, stamp
		bundle.Objects = append(bundle.Objects, o)
		return o.ID
	}
	incidents := make([]string, len(c.Incidents))
	for i, name := range c.Incidents {
		incidents[i] = add("campaign", fmt.Sprintf("%d %s", i, name), stixObject{Name: plain(name)})
	}
	for _, x := range c.Current {
		set := add("intrusion-set", x.ID, stixObject{Name: plain(x.ID), Description: "Activity cluster: " + english.Count(len(x.Incidents), "incident") + " that are taken as one actor's."})
		for _, i := range x.Incidents {
			add("relationship", set+incidents[i], stixObject{Relationship: "attributed-to", Source: incidents[i], Target: set})
		}
	}
	for _, l := range c.Links {
		description := ""
		for i, r := range l.Reasons {
			if i > 0 {
				description += "; "
			}
			description += plain(r)
		}
		sure := confidence(l.Weight)
		add("relationship", incidents[l.A]+incidents[l.B], stixObject{
			Relationship: "related-to", Source: incidents[l.A], Target: incidents[l.B], Description: description, Confidence: &sure,
		})
	}
	for i, change := range c.History {
		var about []string
		for _, x := range change.To {
			for _, k := range x.Incidents {
				about = append(about, incidents[k])
			}
		}
		add("note", fmt.Sprintf("%d %s", i, change.sentence()), stixObject{
			Content: plain(change.sentence() + ": " + change.Reason), Authors: []string{plain(change.By)}, Refs: once(about),
		})
	}
	key := stamp
	for _, o := range bundle.Objects {
		key += o.ID
	}
	bundle.ID = stixID("bundle", key)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(bundle)
}

// confidence turns a link's logarithm of odds into STIX' scale of 0 to 100; a link that joins two
// incidents has 50.
func confidence(weight float64) int {
	return int(math.Round(100 / (1 + math.Exp(linkWeight-weight))))
}

// stixID makes an identifier of a name (RFC 9562, section 5.5: UUID version 5).
func stixID(kind, name string) string {
	h := sha1.New()
	h.Write(stixSpace[:])
	h.Write([]byte(kind + "\x00" + name))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("%s--%x-%x-%x-%x-%x", kind, u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
