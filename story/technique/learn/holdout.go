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
const perLog = 0.1

// holdOut trains without some reports, and sees how the model does on what ATT&CK takes from them
// and how sure it may be.
func holdOut(examples []Example, s Settings) (*HeldOut, error) {
	var rest, held []Example
	reports := map[string]bool{}
	said := map[[2]string]bool{} // of whom and by which report, and which technique
	for _, e := range examples {
		if e.Kind == Procedure && e.Report != "" && heldBack(e.Report) {
			held = append(held, e)
			reports[e.Report] = true
			said[[2]string{e.About[0] + e.Report, e.Label}] = true
			said[[2]string{e.About[0] + e.Report, family(e.Label)}] = true
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
			// A sentence often describes more than the one technique that it stands for. What ATT&CK
			// takes for the same group or software from the same report counts as described.
			points = append(points, point{logit(t.Score), said[[2]string{e.About[0] + e.Report, t.ID}]})
		}
	}
	n := float64(max(len(held), 1))
	h.Top1, h.Top1Up, h.Top3 = round(h.Top1/n), round(h.Top1Up/n), round(h.Top3/n)
	h.calibration = fit(points)
	return h, nil
}

// logit of a score, which is rounded and may be 1.
func logit(score float64) float64 {
	const edge = 1e-4
	score = min(max(score, edge), 1-edge)
	return math.Log(score / (1 - score))
}

func heldBack(report string) bool {
	h := fnv.New32a()
	h.Write([]byte(report))
	return h.Sum32()%heldShare == 0
}

// family is the technique that a sub-technique belongs to, or the technique itself.
func family(id string) string {
	parent, _, _ := strings.Cut(id, ".")
	return parent
}

func (h *HeldOut) count(label string, scored []technique.Scored) {
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

// fit finds slope and offset of a logistic calibration (Platt 1999) by Newton's method, with steps
// that are halved until they lead downhill.
func fit(points []point) technique.Calibration {
	a, b := 1.0, 0.0
	loss := logLoss(points, a, b)
	for range 50 {
		da, db, ok := newton(points, a, b)
		if !ok {
			break
		}
		better := false
		for range 30 {
			if next := logLoss(points, a-da, b-db); next < loss {
				a, b, loss, better = a-da, b-db, next, true
				break
			}
			da, db = da/2, db/2
		}
		if !better {
			break
		}
	}
	return technique.Calibration{Slope: round(a), Offset: round(b), PerLog: perLog}
}

// newton is the step that the curvature suggests; false if there is none.
func newton(points []point, a, b float64) (da, db float64, ok bool) {
	var ga, gb, haa, hab, hbb float64
	for _, p := range points {
		q := 1 / (1 + math.Exp(-(a*p.logit + b)))
		w := q * (1 - q)
		if p.right {
			q--
		}
		ga += q * p.logit
		gb += q
		haa += w * p.logit * p.logit
		hab += w * p.logit
		hbb += w
	}
	det := haa*hbb - hab*hab
	if det < 1e-9 {
		return 0, 0, false
	}
	return (hbb*ga - hab*gb) / det, (haa*gb - hab*ga) / det, true
}

func logLoss(points []point, a, b float64) float64 {
	sum := 0.0
	for _, p := range points {
		z := a*p.logit + b
		if p.right {
			z = -z
		}
		// ln(1 + exp(z)), without overflow
		sum += max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
	}
	return sum
}
