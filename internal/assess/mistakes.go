package assess

import (
	"cmp"
	"math"
	"slices"

	"github.com/descent-ml/descent/dataset"
)

// Mistake is an image that is taken for another class than its own.
type Mistake struct {
	Example     int     `json:"example"`        // of the part, from 0
	Name        string  `json:"name,omitempty"` // of its file, if it has one of its own
	True        string  `json:"true_class"`
	Predicted   string  `json:"predicted_class"`
	Probability float64 `json:"probability"` // of the predicted class
	Loss        float64 `json:"loss"`        // -ln of the probability of the true class
}

// mostMistakes is how many are kept.
const mostMistakes = 36

// mistakes are the images with the greatest loss among those that are taken for
// another class, the worst first; none of what are no images with one class.
func (j *Job) mistakes(p *predictions) []Mistake {
	s := j.Sets.Schema
	if s.Image == nil || s.Target.Task != dataset.TaskClassification {
		return nil
	}
	labels, _ := p.classes()
	var list []Mistake
	for i, y := range labels {
		scores := p.scores[i*p.width : (i+1)*p.width]
		if best := bestOf(scores); best != int(y) {
			list = append(list, Mistake{Example: i, Predicted: s.Target.Class(best), True: s.Target.Class(int(y)), Loss: surprise(scores, int(y))})
		}
	}
	slices.SortStableFunc(list, func(a, b Mistake) int { return cmp.Compare(b.Loss, a.Loss) })
	list = list[:min(len(list), mostMistakes)]
	for i := range list {
		at := list[i].Example
		list[i].Probability = slices.Max(s.Probabilities(nil, p.scores[at*p.width:(at+1)*p.width]))
		list[i].Name = dataset.NameOf(j.Data, at)
	}
	return list
}

// bestOf is the class that is predicted: that of the greatest score, the first of
// several; of one score for two classes, the second if it is above 0.
func bestOf(scores []float32) int {
	if len(scores) == 1 {
		if scores[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for c, x := range scores {
		if x > scores[best] {
			best = c
		}
	}
	return best
}

// surprise is -ln of the probability of class y, finite where the probability is too
// small for a float64.
func surprise(scores []float32, y int) float64 {
	if len(scores) == 1 {
		scores = []float32{0, scores[0]}
	}
	most, sum := float64(slices.Max(scores)), 0.0
	for _, x := range scores {
		sum += math.Exp(float64(x) - most)
	}
	return math.Log(sum) + most - float64(scores[y])
}
