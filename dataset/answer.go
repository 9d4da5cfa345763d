package dataset

import (
	"math"
	"slices"
)

// Probabilities appends to p what the scores of a model mean for a target of
// classes: the probability of each class, whether there is a score for each or
// one for two classes, and of several labels that of the second class of each.
// It allocates nothing if p has the room.
func (s *Schema) Probabilities(p []float64, scores []float32) []float64 {
	switch {
	case s.Target.Task == TaskMultiLabel:
		for _, x := range scores {
			p = append(p, sigmoid(x))
		}
		return p
	case len(scores) == 1:
		yes := sigmoid(scores[0])
		return append(p, 1-yes, yes)
	}
	most, sum, from := float64(slices.Max(scores)), 0.0, len(p)
	for _, x := range scores {
		e := math.Exp(float64(x) - most)
		p = append(p, e)
		sum += e
	}
	for i := range p[from:] {
		p[from+i] /= sum
	}
	return p
}

func sigmoid(x float32) float64 { return 1 / (1 + math.Exp(-float64(x))) }
