package adviser

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// judge turns the values of a validation into a score.
type judge struct {
	metric string
	higher bool // is better
}

func (j judge) score(v report.Values) float64 {
	x, ok := v.Get(j.metric)
	switch {
	case !ok:
		return math.NaN()
	case j.higher:
		return -x
	}
	return x
}

// judging returns what scores are made of, and the level if the configuration has a target.
func (a *adviser) judging() (judge, float64) {
	level := math.NaN()
	metric := a.base.Metric
	if t := a.base.Until; !t.IsZero() {
		metric, level = t.Metric, t.Value
	}
	if metric == "" || slices.Contains(a.base.Measures.Names, metric) {
		metric, level = "loss", math.NaN()
	}
	if few := a.held.Len() < heldFew; few && math.IsNaN(level) && metric != "loss" {
		a.note("%s is too coarse on %d examples: the race goes by the loss", metric, a.held.Len())
		metric = "loss"
	}
	j := judge{metric, train.Target{Metric: metric}.Better(1, 0)}
	if j.higher {
		level = -level
	}
	return j, level
}

// measureWith chooses how many examples a measurement takes and how often there is one, so
// that they take a sixth of the time of training, given to each contender.
func (s *search) measureWith(seconds float64) error {
	const (
		finely, coarsely = 1.1, 1.3
		share            = 1.0 / 6
	)
	each := s.Pace.PerExample / 3 // forward only
	s.growth = finely
	n := int(seconds * share / 30 / each)
	if n < s.heldLeast() {
		s.growth = coarsely
		n = max(n*2, s.heldLeast())
	}
	s.held = s.problem.held
	if n >= s.held.Len() {
		return nil
	}
	parts, err := dataset.Split(s.held.Len(), s.base.Seed, dataset.Part{Name: "held", Fraction: float64(n) / float64(s.held.Len())})
	if err == nil {
		s.held, err = dataset.Subset(s.held, parts["held"])
	}
	return err
}

// heldLeast is the least number of examples that tell settings apart: fewer if each has many targets.
func (s *search) heldLeast() int {
	const least, targets = 32, 2048
	y, err := dataset.FindField(s.problem.held, dataset.FieldY)
	if err != nil {
		return heldFew
	}
	return max(least, min(heldFew, targets/max(1, y.Shape.Size())))
}
