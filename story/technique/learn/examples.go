// Package learn makes technique models. In go a bundle of ATT&CK and what to leave out of it; out
// come weights and the record of how they came to be. It is deterministic: the same bundle and
// settings make the same bytes.
package learn

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"aldebaran/attack"
)

// An Example is a text and the technique that it describes.
type Example struct {
	Text string
	// Label is the technique.
	Label string
	Kind  Kind
	// About are the objects of ATT&CK that the text is about or mentions: G, S and C.
	About []string
	// Report is the first report that is cited for it, "" if none is.
	Report string
}

// A Kind says where in ATT&CK an example stands.
type Kind string

// The kinds of examples.
const (
	Procedure   Kind = "procedure"   // how a group, campaign or software used a technique
	Description Kind = "description" // of a technique, as a whole
	Sentence    Kind = "sentence"    // of a technique's description
	Name        Kind = "name"        // of a technique
)

// A Corpus is what a bundle has to learn from.
type Corpus struct {
	Examples []Example // sorted
	Modified string    // the day of the newest object
	SHA256   string    // of the bundle's bytes

	names map[string][]string // of groups, software and campaigns, by identifier
}

// object is what we read of a STIX object.
type object struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Modified    string   `json:"modified"`
	Revoked     bool     `json:"revoked"`
	Deprecated  bool     `json:"x_mitre_deprecated"`
	Aliases     []string `json:"aliases"`
	MoreAliases []string `json:"x_mitre_aliases"`
	Relation    string   `json:"relationship_type"`
	Source      string   `json:"source_ref"`
	Target      string   `json:"target_ref"`
	References  []struct {
		Source     string `json:"source_name"`
		ExternalID string `json:"external_id"`
	} `json:"external_references"`
}

func (o *object) live() bool { return !o.Revoked && !o.Deprecated }

// external is ATT&CK's identifier, or "".
func (o *object) external() string {
	for _, ref := range o.References {
		if strings.HasPrefix(ref.Source, "mitre-") {
			return ref.ExternalID
		}
	}
	return ""
}

// Read takes the examples out of a bundle of ATT&CK.
func Read(r io.Reader) (*Corpus, error) {
	sum := sha256.New()
	objects := map[string]*object{}
	var relations []*object
	c := &Corpus{names: map[string][]string{}}
	err := attack.EachObject(io.TeeReader(r, sum), func(text json.RawMessage) error {
		o := &object{}
		if err := json.Unmarshal(text, o); err != nil {
			return err
		}
		c.Modified = max(c.Modified, o.Modified[:min(len(o.Modified), len("2025-11-13"))])
		if o.Type == "relationship" {
			relations = append(relations, o)
		} else {
			objects[o.ID] = o
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ATT&CK bundle: %w", err)
	}
	if _, err := io.Copy(sum, r); err != nil { // what stands behind the objects
		return nil, err
	}
	c.SHA256 = hex.EncodeToString(sum.Sum(nil))

	tools := map[string]bool{}
	for _, o := range objects {
		if o.Type == "tool" {
			tools[o.Name] = true
		}
	}
	for _, rel := range relations {
		c.addProcedure(rel, objects[rel.Source], objects[rel.Target], tools)
	}
	for _, o := range objects {
		c.addTechnique(o)
		c.names[o.external()] = append(append([]string{o.Name}, o.Aliases...), o.MoreAliases...)
	}
	slices.SortFunc(c.Examples, func(a, b Example) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Text, b.Text),
			slices.Compare(a.About, b.About), cmp.Compare(a.Report, b.Report))
	})
	return c, nil
}

// mentioned are the groups, software and campaigns that a text links to.
var mentioned = regexp.MustCompile(`attack\.mitre\.org/(?:groups|software|campaigns)/([GSC]\d{4})`)

func (c *Corpus) addProcedure(rel, source, target *object, tools map[string]bool) {
	if rel.Relation != "uses" || rel.Description == "" || !rel.live() || source == nil || target == nil ||
		target.Type != "attack-pattern" || !target.live() || target.external() == "" {
		return
	}
	e := Example{Text: plain(rel.Description, tools), Label: target.external(), Kind: Procedure, About: []string{source.external()}}
	for _, m := range mentioned.FindAllStringSubmatch(rel.Description, -1) {
		if !slices.Contains(e.About, m[1]) {
			e.About = append(e.About, m[1])
		}
	}
	if len(rel.References) > 0 {
		e.Report = rel.References[0].Source
	}
	c.Examples = append(c.Examples, e)
}

// shortest is the length from which on a sentence of a description is an example, in bytes.
const shortest = 30

func (c *Corpus) addTechnique(o *object) {
	if o.Type != "attack-pattern" || !o.live() || o.external() == "" {
		return
	}
	id, text := o.external(), plain(o.Description, nil)
	c.Examples = append(c.Examples, Example{Text: o.Name, Label: id, Kind: Name}, Example{Text: text, Label: id, Kind: Description})
	for s := range strings.SplitAfterSeq(text, ". ") {
		if len(s) > shortest {
			c.Examples = append(c.Examples, Example{Text: s, Label: id, Kind: Sentence})
		}
	}
}

var (
	citation = regexp.MustCompile(`\(Citation:[^)]*\)`)
	link     = regexp.MustCompile(`\[([^\]]*)\]\(https://attack\.mitre\.org/([a-z]+)/[^)]*\)`)
	markup   = regexp.MustCompile("</?code>|<[^>]{1,40}>|`|\\*\\*")
)

// plain takes citations and markup out of a text of ATT&CK, and the names of groups, campaigns and
// malware with them: the model is to learn what was done, not who is known for it. Tools stay, for
// what they are used for is common knowledge. With tools nil, all names stay.
func plain(text string, tools map[string]bool) string {
	text = citation.ReplaceAllString(text, " ")
	text = link.ReplaceAllStringFunc(text, func(l string) string {
		parts := link.FindStringSubmatch(l)
		name, kind := parts[1], parts[2]
		if tools != nil && (kind == "groups" || kind == "campaigns" || kind == "software" && !tools[name]) {
			return " "
		}
		return name
	})
	text = markup.ReplaceAllString(text, " ")
	return strings.TrimSpace(strings.ReplaceAll(text, "[.]", "."))
}
