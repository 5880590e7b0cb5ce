package plan

import (
	"cmp"
	"slices"
	"time"
)

// A Collected log is one kind of log to collect, and how much of the plan it would show.
type Collected struct {
	Log     string   `json:"log"`
	Systems []string `json:"systems"`
	Collect []string `json:"collect"`
	TurnOn  string   `json:"turn_on,omitempty"`
	Kept    string   `json:"kept,omitempty"`
	// Shows is the number of hypotheses that it would show.
	Shows int `json:"shows"`
}

// Collection lists the kinds of logs that the plan needs, those that show most first.
func (p *Plan) Collection() []Collected {
	var all []Collected
	for i := range p.Hypotheses {
		h := &p.Hypotheses[i]
		if h.Unverified {
			continue
		}
		counted := map[string]bool{}
		for _, n := range h.Needs {
			l, ok := LogFor(n.Channel, Source(n.Need))
			name := cmp.Or(l.Name, n.Log)
			if counted[name] || name == "" {
				continue
			}
			counted[name] = true
			at := slices.IndexFunc(all, func(c Collected) bool { return c.Log == name })
			if at < 0 {
				c := Collected{Log: name, Systems: []string{"any"}, Collect: []string{}}
				if ok {
					c = Collected{Log: name, Systems: l.Systems, Collect: l.Collect, TurnOn: l.TurnOn, Kept: l.Kept}
				}
				all = append(all, c)
				at = len(all) - 1
			}
			all[at].Shows++
		}
	}
	slices.SortStableFunc(all, func(a, b Collected) int { return b.Shows - a.Shows })
	return all
}

// A Document is a plan as JSON has it; see docs/formats/plan.md.
type Document struct {
	Story      string       `json:"story"`
	Packs      []string     `json:"packs"`
	From       time.Time    `json:"from,omitzero"`
	To         time.Time    `json:"to,omitzero"`
	Collect    []Collected  `json:"collect"`
	Hypotheses []Hypothesis `json:"hypotheses"`
	Context    []Context    `json:"context"`
}

// Document gives the plan as JSON has it.
func (p *Plan) Document() Document {
	d := Document{
		Packs: []string{}, From: p.From, To: p.To, Collect: append([]Collected{}, p.Collection()...),
		Hypotheses: append([]Hypothesis{}, p.Hypotheses...), Context: append([]Context{}, p.Context...),
	}
	if p.Story != nil {
		d.Story = cmp.Or(p.Story.Title, p.Story.Path)
	}
	for _, pack := range p.Packs {
		d.Packs = append(d.Packs, pack.Name)
	}
	return d
}
