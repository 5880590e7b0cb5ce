package learn

import (
	"hash/fnv"
	"math"
	"strings"

	"aldebaran/story/technique"
)

// HeldOut is what a model scores on reports that it was not trained on.
type HeldOut struct {
	Reports   int     `json:"reports"`
	Sentences int     `json:"sentences"`
	Top1      float64 `json:"top1"`        // the best label is the one in ATT&CK
	Top1Up    float64 `json:"top1_parent"` // or of its family
	Top3      float64 `json:"top3"`

	calibration technique.Calibration
}

// heldShare is that one in so many reports is held out.
const heldShare = 8

// perLog is how much surer a technique of a report must be, in logits, when the report is e times as
// long. If false alarms came from sentences independently of each other it would be 1; but what a
// report is about comes back in it, and so do its false alarms.
const perLog = 0.35

// holdOut trains without some reports, and sees how the model does on what ATT&CK takes from them
// and how sure it may be.
func holdOut(examples []Example, s Settings) (*HeldOut, error) {
	var rest, held []Example
	reports := map[string]bool{}
	for _, e := range examples {
		if e.Kind == Procedure && e.Report != "" && heldBack(e.Report) {
			held = append(held, e)
			reports[e.Report] = true
		} else {
			rest = append(rest, e)
		}
	}
	d := draft(rest, s)
	d.Record.Calibration = technique.Calibration{Slope: 1}
	file, err := d.Append(nil)
	if err != nil {
		return nil, err
	}
	m, err := technique.Parse(file)
	if err != nil {
		return nil, err
	}
	h := &HeldOut{Reports: len(reports), Sentences: len(held)}
	var points []point
	for _, e := range held {
		scored := m.Sentence(e.Text)
		h.count(e.Label, scored)
		for _, t := range scored {
			points = append(points, point{math.Log(t.Score / (1 - t.Score)), covers(t.ID, e.Label)})
		}
	}
	n := float64(max(len(held), 1))
	h.Top1, h.Top1Up, h.Top3 = round(h.Top1/n), round(h.Top1Up/n), round(h.Top3/n)
	h.calibration = fit(points)
	return h, nil
}

func heldBack(report string) bool {
	h := fnv.New32a()
	h.Write([]byte(report))
	return h.Sum32()%heldShare == 0
}

// covers says that a technique is the label or the parent of it.
func covers(id, label string) bool {
	return id == label || len(label) > len(id) && label[:len(id)] == id
}

func (h *HeldOut) count(label string, scored []technique.Scored) {
	family := func(id string) string { parent, _, _ := strings.Cut(id, "."); return parent }
	for i, t := range technique.Specific(scored) {
		switch {
		case i == 0 && t.ID == label:
			h.Top1++
			h.Top1Up++
			h.Top3++
		case i == 0 && family(t.ID) == family(label):
			h.Top1Up++
		case i < 3 && t.ID == label:
			h.Top3++
		}
	}
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// A point is what the model said of a technique, as a logit, and whether it was right.
type point struct {
	logit float64
	right bool
}

// fit finds slope and offset of a logistic calibration (Platt 1999) by Newton's method.
func fit(points []point) technique.Calibration {
	a, b := 1.0, 0.0
	for range 30 {
		var ga, gb, haa, hab, hbb float64
		for _, p := range points {
			y := 0.0
			if p.right {
				y = 1
			}
			q := 1 / (1 + math.Exp(-(a*p.logit + b)))
			w := q*(1-q) + 1e-9
			ga += (q - y) * p.logit
			gb += q - y
			haa += w * p.logit * p.logit
			hab += w * p.logit
			hbb += w
		}
		det := haa*hbb - hab*hab
		if det < 1e-9 {
			break
		}
		a -= (hbb*ga - hab*gb) / det
		b -= (haa*gb - hab*ga) / det
	}
	return technique.Calibration{Slope: round(a), Offset: round(b), PerLog: perLog}
}
