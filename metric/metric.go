// Package metric measures how good predictions are: classes, several labels at
// once, values, rankings. Every score comes with a bootstrap interval, and the same
// predictions, weights and seed give the same bits on any machine and from any
// number of threads.
//
// Definitions are those of scikit-learn with zero_division=0, and they are
// tested against it; each function says what differs. A weight multiplies an
// example in every sum; an example of weight 0 is as if it were not there.
//
// The interval covers the choice of the examples only: the same model, other
// examples from where these came from. It says nothing of what another seed of
// training, or another training set, would give.
package metric

import "math"

// Score is a metric and its 95 % interval. Value is NaN where the metric is not
// defined (an AUC with one class only); Lo and Hi are NaN where there is no
// interval. NaN is null in JSON.
type Score struct {
	Name          string
	Value, Lo, Hi float64
}

// WithoutInterval is a score without an interval.
func WithoutInterval(name string, value float64) Score {
	return Score{name, value, math.NaN(), math.NaN()}
}

// Report is everything measured on one set of predictions.
type Report struct {
	Examples  int         `json:"examples"`
	Weighted  bool        `json:"weighted"`
	Resamples int         `json:"resamples"` // behind the intervals; 0: none
	Scores    []Score     `json:"scores"`
	Classes   []ClassRow  `json:"classes,omitempty"`   // per class or label
	Outputs   []OutputRow `json:"outputs,omitempty"`   // per output of a regression, where there are several
	Confusion [][]float64 `json:"confusion,omitempty"` // weight by [true][predicted] class
	Bins      []Bin       `json:"bins,omitempty"`      // calibration of a classification

	// Threshold is where a probability starts to count as a yes, for two
	// classes and for labels: above 0.5.
	Threshold float64 `json:"threshold,omitempty"`
	// BestThreshold is set for two classes where there are positive examples.
	BestThreshold *Cut `json:"best_threshold,omitempty"`
}

// ClassRow is one class against the rest, or one label. Support is the weight
// of its examples. ROCAUC is NaN where there are no examples of the class, or
// of nothing else.
type ClassRow struct {
	Name              string
	Support           float64
	Precision, Recall float64
	F1, ROCAUC        float64
}

// OutputRow holds the scores of one output of a regression, without intervals.
type OutputRow struct {
	Name   string  `json:"name"`
	Scores []Score `json:"scores"`
}

// Bin is one of ten bins of equal width of a probability, in (Lo, Hi]; the
// first one has 0 too. With two classes the probability is that of class 1, and
// Accuracy the share of class 1; with more it is that of the predicted class,
// and Accuracy the share of right ones. Confidence is the mean probability and
// Count the weight of the examples. An empty bin has NaN for both means.
type Bin struct {
	Lo, Hi               float64
	Confidence, Accuracy float64
	Count                float64
}

// Cut is the threshold with the best F1 of class 1 on these very examples:
// probabilities of at least Threshold are a yes. It was chosen on what it was
// measured on, so expect less elsewhere.
type Cut struct {
	Threshold float64 `json:"threshold"`
	F1        float64 `json:"f1"`
}

// Options say how to measure. The zero value is good.
type Options struct {
	// Resamples of the bootstrap. 0 is 1000, or fewer, down to 40, where so many
	// would take more than about a second; a negative number means no intervals.
	Resamples int
	Seed      uint64
	Names     []string // of the classes, labels or outputs; nil: "0", "1", …
}

// Get finds a score by name.
func (r *Report) Get(name string) (Score, bool) {
	for _, s := range r.Scores {
		if s.Name == name {
			return s, true
		}
	}
	return Score{}, false
}
