package learn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"aldebaran/story/technique"
)

// Settings are what training depends on besides the examples. What was tried is in
// docs/decisions/0031-technique-model.md: scores hardly depend on most of them.
type Settings struct {
	Epochs int     `json:"epochs"`
	Rate   float64 `json:"learning_rate"`
	Seed   uint64  `json:"seed"`
	// LeastTexts is in how many texts a feature must be.
	LeastTexts int `json:"least_texts"`
	// Weights of the kinds of examples; what is not listed is not used.
	Kinds map[Kind]float64 `json:"kinds"`
	// Step is what a weight is a multiple of in the file; weights below Least are left out.
	Step  float64 `json:"step"`
	Least float64 `json:"least"`
}

// Default are the settings of the model that is embedded.
func Default() Settings {
	return Settings{Epochs: 8, Rate: 0.5, Seed: 1, LeastTexts: 2, Step: 0.06, Least: 0.1,
		Kinds: map[Kind]float64{Procedure: 1, Description: 1, Name: 1, Sentence: 0.5}}
}

// A vector is a text in the space of features: of length 1, by feature.
type vector []coordinate

type coordinate struct {
	feature int32
	value   float32
}

// A space knows the features.
type space struct {
	ids   []uint32 // sorted
	index map[uint32]int32
	idf   []float32
}

// newSpace takes the features that are in enough of the texts.
func newSpace(texts [][]technique.Term, least int) *space {
	in := map[uint32]int{}
	for _, terms := range texts {
		for _, t := range terms {
			in[t.ID]++
		}
	}
	s := &space{index: map[uint32]int32{}}
	for id, n := range in {
		if n >= least {
			s.ids = append(s.ids, id)
		}
	}
	slices.Sort(s.ids)
	for i, id := range s.ids {
		s.index[id] = int32(i)
		// As in the file, see technique.Draft.
		s.idf = append(s.idf, technique.RoundIDF(1+math.Log(float64(len(texts)+1)/float64(in[id]+1))))
	}
	return s
}

func (s *space) vector(terms []technique.Term) vector {
	var v vector
	norm := 0.0
	for _, t := range terms {
		if i, ok := s.index[t.ID]; ok {
			w := t.Weight * s.idf[i]
			norm += float64(w) * float64(w)
			v = append(v, coordinate{i, w})
		}
	}
	for i := range v {
		v[i].value /= float32(math.Sqrt(norm))
	}
	slices.SortFunc(v, func(a, b coordinate) int { return cmp.Compare(a.feature, b.feature) })
	return v
}

// A regression is multinomial logistic regression, trained by AdaGrad (Duchi, Hazan and Singer
// 2011): each weight has a rate of its own, which falls as its gradients add up.
type regression struct {
	classes int
	weights []float32 // by feature, then by class
	bias    []float32
	sum     []float32 // of squared gradients, like weights
	biasSum []float32
}

// leastGradient is the smallest difference between what is and what should be that is learnt from.
// With 700 classes nearly all are below it, which makes training fast.
const leastGradient = 3e-3

// firstSum is what the sums of squared gradients start with. From nothing, the first step would be
// as large for a class that is a little too probable as for the one that is wrong.
const firstSum = 1e-3

func train(x []vector, class []int32, weight []float32, features, classes int, s Settings) *regression {
	r := &regression{classes: classes, weights: make([]float32, features*classes), bias: make([]float32, classes),
		sum: make([]float32, features*classes), biasSum: make([]float32, classes)}
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(s.Seed, 0))
	p := make([]float32, classes)
	for range s.Epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, n := range order {
			r.probabilities(x[n], p)
			p[class[n]]--
			r.step(x[n], p, weight[n], float32(s.Rate))
		}
	}
	return r
}

func (r *regression) probabilities(x vector, p []float32) {
	copy(p, r.bias)
	for _, c := range x {
		for l, w := range r.weights[int(c.feature)*r.classes:][:r.classes] {
			p[l] += c.value * w
		}
	}
	most, sum := slices.Max(p), float32(0)
	for l, z := range p {
		p[l] = float32(math.Exp(float64(z - most)))
		sum += p[l]
	}
	for l := range p {
		p[l] /= sum
	}
}

// biasRate is how much slower biases are learnt: an example in ten thousand should move its words
// more than it moves every text's class.
const biasRate = 0.1

func (r *regression) step(x vector, gradient []float32, weight, rate float32) {
	for l, g := range gradient {
		if g < leastGradient && g > -leastGradient {
			continue
		}
		g *= weight
		r.biasSum[l] += g * g
		r.bias[l] -= biasRate * rate * g / float32(math.Sqrt(float64(r.biasSum[l])+1e-8))
		for _, c := range x {
			i := int(c.feature)*r.classes + l
			d := g * c.value
			r.sum[i] += d * d
			r.weights[i] -= rate * d / float32(math.Sqrt(float64(r.sum[i]+firstSum)))
		}
	}
}
