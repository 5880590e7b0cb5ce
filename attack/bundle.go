package attack

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Bounds of what Read takes from a bundle. Enterprise v18.1 has 25,000 objects in 33 MB.
const (
	maxBundleBytes   = 512 << 20
	maxBundleObjects = 1 << 20
)

// Open opens the file of a bundle; one whose name ends in .zst is unpacked as it is read.
func Open(file string) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(file, ".zst") {
		return f, nil
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &packed{z, f}, nil
}

type packed struct {
	*zstd.Decoder
	file *os.File
}

func (p *packed) Close() error {
	p.Decoder.Close()
	return p.file.Close()
}

// Read makes knowledge of a bundle of ATT&CK as MITRE publishes it: STIX 2.0 or 2.1, one domain.
// What has no identifier of ATT&CK, and relations of which an end is not in the bundle, are left
// out. Errors say which object was wrong.
func Read(r io.Reader) (*Knowledge, error) {
	b := bundle{external: map[string]string{}, objects: map[string]*object{}}
	if err := b.read(r); err != nil {
		return nil, fmt.Errorf("ATT&CK bundle: %w", err)
	}
	if len(b.external) == 0 {
		return nil, errors.New("ATT&CK bundle: want objects with a reference to mitre-attack, found none")
	}
	k := b.knowledge()
	k.index()
	return k, nil
}

// An object is what we read of a STIX object. Properties are those of STIX 2.1 and of MITRE's
// extensions (https://github.com/mitre-attack/attack-stix-data/blob/master/USAGE.md).
type object struct {
	Type        string    `json:"type"`
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Created     time.Time `json:"created"`
	Modified    time.Time `json:"modified"`
	Revoked     bool      `json:"revoked"`
	Deprecated  bool      `json:"x_mitre_deprecated"`
	Aliases     []string  `json:"aliases"`
	XAliases    []string  `json:"x_mitre_aliases"`
	Platforms   []string  `json:"x_mitre_platforms"`
	Domains     []string  `json:"x_mitre_domains"`
	Version     string    `json:"x_mitre_version"`
	FirstSeen   time.Time `json:"first_seen"`
	LastSeen    time.Time `json:"last_seen"`
	References  []struct {
		Source      string `json:"source_name"`
		ExternalID  string `json:"external_id"`
		Description string `json:"description"`
	} `json:"external_references"`
	Phases []struct {
		Name string `json:"phase_name"`
	} `json:"kill_chain_phases"`
	Relation   string   `json:"relationship_type"`
	Source     string   `json:"source_ref"`
	Target     string   `json:"target_ref"`
	DataSource string   `json:"x_mitre_data_source_ref"`
	Analytics  []string `json:"x_mitre_analytic_refs"`
	Logs       []struct {
		Component string `json:"x_mitre_data_component_ref"`
		Name      string `json:"name"`
		Channel   string `json:"channel"`
	} `json:"x_mitre_log_source_references"`
}

type bundle struct {
	version   string
	domains   map[string]int
	external  map[string]string // STIX identifier to ATT&CK's
	objects   map[string]*object
	relations []*object
}

// read takes one object after the other, so that memory holds what is needed and not the text.
func (b *bundle) read(r io.Reader) error {
	b.domains = map[string]int{}
	return EachObject(r, func(text json.RawMessage) error {
		var o object
		if err := json.Unmarshal(text, &o); err != nil {
			return err
		}
		b.add(&o)
		return nil
	})
}

// EachObject hands out the objects of a STIX bundle as they stand there, one after the other, and
// stops at the first error. It reads no more than 512 MiB.
func EachObject(r io.Reader, object func(text json.RawMessage) error) error {
	limited := &io.LimitedReader{R: r, N: maxBundleBytes}
	d := json.NewDecoder(limited)
	if err := toObjects(d); err != nil {
		return err
	}
	for n := 0; d.More(); n++ {
		if n == maxBundleObjects {
			return fmt.Errorf("want at most %d objects, found more", maxBundleObjects)
		}
		var text json.RawMessage
		err := d.Decode(&text)
		if err != nil && limited.N == 0 {
			return fmt.Errorf("want at most %d bytes, found more", maxBundleBytes)
		}
		if err == nil {
			err = object(text)
		}
		if err != nil {
			return fmt.Errorf("object %d, before byte %d: %w", n, d.InputOffset(), err)
		}
	}
	return nil
}

// toObjects goes to the first element of the bundle's list of objects.
func toObjects(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("want a STIX bundle, found %v (%w)", t, orNone(err))
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key == "objects" {
			if t, err := d.Token(); err != nil || t != json.Delim('[') {
				return fmt.Errorf("objects: want a list, found %v (%w)", t, orNone(err))
			}
			return nil
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return errors.New("want a STIX bundle with objects, found none")
}

var errKind = errors.New("another kind of value")

func orNone(err error) error { return cmp.Or(err, errKind) }

func (b *bundle) add(o *object) {
	switch o.Type {
	case "relationship":
		b.relations = append(b.relations, o)
		return
	case "x-mitre-collection":
		b.version = o.Version
		return
	}
	for _, d := range o.Domains {
		b.domains[d]++
	}
	b.objects[o.ID] = o
	for _, ref := range o.References {
		if strings.HasPrefix(ref.Source, "mitre-") && ref.ExternalID != "" {
			b.external[o.ID] = ref.ExternalID
			break
		}
	}
}

func (b *bundle) knowledge() *Knowledge {
	k := &Knowledge{Version: b.version, Domain: b.domain(), successor: map[string]string{}}
	logs, parents, groups, mitigates := b.relate(k)
	for _, id := range slices.Sorted(maps.Keys(b.external)) {
		o := b.objects[id]
		head := Object{ID: b.external[id], Name: plain(o.Name), STIX: id,
			Created: day(o.Created), Modified: day(o.Modified), Revoked: o.Revoked, Deprecated: o.Deprecated}
		switch o.Type {
		case "attack-pattern":
			k.Techniques = append(k.Techniques, Technique{Object: head, Tactics: o.tactics(), Platforms: texts(o.Platforms),
				Parent: parents[id], LogSources: logs[id]})
		case "intrusion-set":
			g := Group{Object: head, Aliases: o.aliases(), Sources: o.sources()}
			g.Origin, g.Countries, g.Regions, g.Sectors = describe(o.Description)
			k.Groups = append(k.Groups, g)
		case "malware", "tool":
			k.Software = append(k.Software, Software{Object: head, Type: o.Type, Aliases: o.aliases(),
				Platforms: texts(o.Platforms), Sources: o.sources()})
		case "campaign":
			k.Campaigns = append(k.Campaigns, Campaign{Object: head, Aliases: o.aliases(), First: day(o.FirstSeen),
				Last: day(o.LastSeen), Groups: sortedSet(groups[id]), Sources: o.sources()})
		case "course-of-action":
			k.Mitigations = append(k.Mitigations, Mitigation{Object: head, Techniques: sortedSet(mitigates[id])})
		}
	}
	k.sort()
	return k
}

// relate goes through the relations: uses and successors go into k, the rest by STIX identifier.
func (b *bundle) relate(k *Knowledge) (logs map[string][]LogSource, parents map[string]string, groups, mitigates map[string][]string) {
	logs, parents = map[string][]LogSource{}, map[string]string{}
	groups, mitigates = map[string][]string{}, map[string][]string{}
	for _, r := range b.relations {
		source, target := b.objects[r.Source], b.objects[r.Target]
		if source == nil || target == nil || r.Revoked || r.Deprecated {
			continue
		}
		from, to := b.external[r.Source], b.external[r.Target]
		switch r.Relation {
		case "uses":
			if from != "" && to != "" {
				k.Uses = append(k.Uses, Use{Source: from, Target: to, Cites: r.sources(), Mentions: r.mentions(from, to), Created: day(r.Created)})
			}
		case "revoked-by":
			k.successor[from] = to
		case "subtechnique-of":
			parents[r.Source] = to
		case "attributed-to":
			groups[r.Source] = append(groups[r.Source], to)
		case "mitigates":
			mitigates[r.Source] = append(mitigates[r.Source], to)
		case "detects":
			logs[r.Target] = append(logs[r.Target], b.logSources(source)...)
		}
	}
	for id, l := range logs {
		slices.SortFunc(l, func(a, b LogSource) int {
			return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.Log, b.Log), strings.Compare(a.Channel, b.Channel))
		})
		logs[id] = slices.Compact(l)
	}
	return logs, parents, groups, mitigates
}

// logSources are where a detection strategy (v18) or a data component (before) looks.
func (b *bundle) logSources(o *object) []LogSource {
	if o.Type == "x-mitre-data-component" {
		return []LogSource{{Component: plain(o.Name)}}
	}
	var found []LogSource
	for _, id := range o.Analytics {
		analytic := b.objects[id]
		if analytic == nil || analytic.Revoked || analytic.Deprecated {
			continue
		}
		for _, l := range analytic.Logs {
			s := LogSource{Log: plain(l.Name), Channel: plain(l.Channel)}
			if c := b.objects[l.Component]; c != nil {
				s.Component = plain(c.Name)
			}
			if s.Channel == "None" {
				s.Channel = ""
			}
			found = append(found, s)
		}
	}
	return found
}

// domain is the one that most objects are in; a bundle holds some of the others' too.
func (b *bundle) domain() string {
	best := ""
	for _, d := range slices.Sorted(maps.Keys(b.domains)) {
		if b.domains[d] > b.domains[best] {
			best = d
		}
	}
	return best
}

func (k *Knowledge) sort() {
	byID := func(a, b *Object) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.STIX, b.STIX))
	}
	slices.SortFunc(k.Techniques, func(a, b Technique) int { return byID(&a.Object, &b.Object) })
	slices.SortFunc(k.Groups, func(a, b Group) int { return byID(&a.Object, &b.Object) })
	slices.SortFunc(k.Software, func(a, b Software) int { return byID(&a.Object, &b.Object) })
	slices.SortFunc(k.Campaigns, func(a, b Campaign) int { return byID(&a.Object, &b.Object) })
	slices.SortFunc(k.Mitigations, func(a, b Mitigation) int { return byID(&a.Object, &b.Object) })
	slices.SortFunc(k.Uses, func(a, b Use) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Target, b.Target), slices.Compare(a.Cites, b.Cites), a.Created.Compare(b.Created))
	})
}

// aliases are the other names, in ATT&CK's order.
func (o *object) aliases() []string {
	var found []string
	for _, a := range append(slices.Clone(o.Aliases), o.XAliases...) {
		if a = plain(a); a != "" && a != plain(o.Name) && !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	return found
}

func (o *object) tactics() []string {
	var found []string
	for _, p := range o.Phases {
		found = append(found, p.Name)
	}
	return sortedSet(found)
}

// sources are the names of the reports that an object or relation cites. ATT&CK lists aliases among
// the references too, each with the report that has the alias as its description.
func (o *object) sources() []string {
	var found []string
	for _, ref := range o.References {
		alias := ref.Source == o.Name || slices.Contains(o.Aliases, ref.Source) || slices.Contains(o.XAliases, ref.Source)
		if !strings.HasPrefix(ref.Source, "mitre-") && !alias {
			found = append(found, plain(ref.Source))
		}
	}
	return sortedSet(found)
}

// links are how descriptions refer to other objects of ATT&CK.
var links = regexp.MustCompile(`https://attack\.mitre\.org/(?:groups|software|campaigns|techniques)/([GSCT]\d{4})(?:/(\d{3}))?`)

// mentions are the objects that a relation's description links to, but for its own two ends.
func (o *object) mentions(source, target string) []string {
	var found []string
	for _, m := range links.FindAllStringSubmatch(o.Description, -1) {
		id := m[1]
		if m[2] != "" {
			id += "." + m[2]
		}
		if id != source && id != target {
			found = append(found, id)
		}
	}
	return sortedSet(found)
}

// plain makes one line of text without control characters of what a bundle calls a name.
func plain(s string) string { return strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ") }

func texts(all []string) []string {
	var found []string
	for _, s := range all {
		found = append(found, plain(s))
	}
	return sortedSet(found)
}

// sortedSet sorts in place and drops what is twice.
func sortedSet(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// day cuts a time to its day in UTC. What is out of the range that a table holds is not known.
func day(t time.Time) time.Time {
	t = t.UTC().Truncate(24 * time.Hour)
	if t.Before(firstDay) || t.After(lastDay) {
		return time.Time{}
	}
	return t
}
