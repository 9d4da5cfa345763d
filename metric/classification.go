package metric

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

const (
	eceBins   = 15
	tableBins = 10
	threshold = 0.5
	epsilon   = 1.0 / (1 << 23) // of float32
)

// Scores of a classification, in the order of the report.
const (
	accuracy = iota
	balancedAccuracy
	logLoss
	rocAUC
	prAUC
	precision
	recall
	f1
	weightedF1
	mcc
	brier
	ece
)

var classNames = []string{
	accuracy: "accuracy", balancedAccuracy: "balanced_accuracy", logLoss: "log_loss", rocAUC: "roc_auc", prAUC: "pr_auc",
	precision: "precision", recall: "recall", f1: "f1", weightedF1: "weighted_f1", mcc: "mcc", brier: "brier", ece: "ece",
}

// Classification measures probabilities of exclusive classes, (n, classes), by
// rows that sum to 1, against labels from 0 to classes-1; weight may be nil.
// The prediction is the class of the highest probability, the first of several.
// The scores:
//
//   - accuracy: the share of right predictions.
//   - balanced_accuracy: the mean recall of the classes that have examples.
//   - log_loss: the mean of -ln of the probability of the true class, which is
//     first clipped to [ε, 1-ε], ε = 2⁻²³, as scikit-learn does for float32.
//   - roc_auc: area under the ROC curve; ties count half.
//   - pr_auc: average precision, Σ (Rₖ - Rₖ₋₁)·Pₖ over thresholds.
//   - precision, recall, f1: 0 where the quotient is 0/0.
//   - weighted_f1: the mean F1 of the classes by their weight.
//   - mcc: Matthews correlation coefficient (Gorodkin 2004 for many classes); 0
//     where labels or predictions are all of one class.
//   - brier: the mean of Σ (p - y)² over classes, halved for two classes.
//   - ece: expected calibration error, the mean |accuracy - confidence| over 15
//     bins of equal width of the probability of the predicted class, weighted
//     (Guo et al., On calibration of modern neural networks, ICML 2017).
//
// With two classes, roc_auc, pr_auc, precision, recall and f1 are those of
// class 1. With more they are plain means over classes, each against the rest;
// the areas leave out classes without examples, the others classes that have
// neither examples nor predictions. An area that is not defined is NaN.
//
// Errors: lengths that do not fit, no examples, labels out of range, what is no
// probability. Intervals take about as much memory again as prob.
func Classification(prob []float32, classes int, labels []int32, weight []float32, o Options) (*Report, error) {
	s, w, err := newClassifier(prob, classes, labels, weight)
	if err != nil {
		return nil, err
	}
	called, err := names(o.Names, classes, "classes")
	if err != nil {
		return nil, err
	}
	resamples := o.resamples(len(labels), s.cost())
	r := &Report{Examples: len(labels), Weighted: weight != nil, Resamples: resamples,
		Scores: scores(s, w, resamples, o.Seed), Confusion: s.confusion(w)}
	t := newTally(classes)
	t.add(s, w)
	for c, name := range called {
		p, rc, f := t.class(c)
		auc, _ := s.ranking(c).areas(w)
		r.Classes = append(r.Classes, ClassRow{name, t.support[c], p, rc, f, auc})
	}
	r.Bins = s.bins(w)
	if classes == 2 {
		r.Threshold = threshold
		if t.support[1] > 0 {
			best := s.ranks[0].best(w, func(i int) float64 { return float64(prob[2*i+1]) })
			r.BestThreshold = &best
		}
	}
	return r, nil
}

// classifier holds what the scores need of each example.
type classifier struct {
	classes            int
	prob               []float32
	label, predicted   []int32
	loss, square, miss []float64 // -ln p, Brier, right - confidence
	bin                []uint8   // of the confidence, for ece
	ranks              []ranking // of class 1 of two, else of each class
}

func newClassifier(prob []float32, classes int, labels []int32, weight []float32) (*classifier, []float64, error) {
	if classes < 2 {
		return nil, nil, fmt.Errorf("metric: %d classes (want 2 or more)", classes)
	}
	n, err := rows("prob", len(prob), classes)
	if err != nil {
		return nil, nil, err
	}
	if len(labels) != n {
		return nil, nil, fmt.Errorf("metric: %d labels for %d rows of %d probabilities", len(labels), n, classes)
	}
	if err := probabilities(prob, classes, true); err != nil {
		return nil, nil, err
	}
	w, err := weights(weight, n)
	if err != nil {
		return nil, nil, err
	}
	s := &classifier{classes: classes, prob: prob, label: labels, predicted: make([]int32, n), bin: make([]uint8, n),
		loss: make([]float64, n), square: make([]float64, n), miss: make([]float64, n)}
	for i, l := range labels {
		if l < 0 || int(l) >= classes {
			return nil, nil, fmt.Errorf("metric: example %d: label %d (want 0 to %d)", i, l, classes-1)
		}
		s.example(i)
	}
	if classes == 2 {
		s.ranks = []ranking{s.ranking(1)}
		return s, w, nil
	}
	for c := range classes {
		s.ranks = append(s.ranks, s.ranking(c))
	}
	return s, w, nil
}

// example fills in the terms of example i.
func (s *classifier) example(i int) {
	row, best := s.prob[i*s.classes:(i+1)*s.classes], 0
	for c, p := range row {
		y := 0.0
		if int32(c) == s.label[i] {
			y = 1
		}
		if p > row[best] {
			best = c
		}
		d := float64(p) - y
		s.square[i] += float64(d * d)
	}
	if s.classes == 2 {
		s.square[i] /= 2
	}
	s.predicted[i] = int32(best)
	s.loss[i] = -portmath.Log(clip(row[s.label[i]]))
	s.miss[i] = -float64(row[best])
	if s.predicted[i] == s.label[i] {
		s.miss[i]++
	}
	s.bin[i] = uint8(binOf(row[best], eceBins))
}

// clip keeps a probability off 0 and 1, by ε.
func clip(p float32) float64 { return float64(min(max(p, epsilon), 1-epsilon)) }

// binOf returns the bin of p: bin k of n holds (k/n, (k+1)/n], bin 0 also 0.
func binOf(p float32, n int) int {
	return min(max(int(math.Ceil(float64(p)*float64(n)))-1, 0), n-1)
}

func (s *classifier) names() []string { return classNames }
func (s *classifier) cost() int       { return 3 + len(s.ranks) }

func (s *classifier) ranking(c int) ranking {
	if c == 1 && s.classes == 2 && s.ranks != nil {
		return s.ranks[0]
	}
	if s.classes > 2 && c < len(s.ranks) {
		return s.ranks[c]
	}
	return rank(s.prob, s.classes, c, func(i int) bool { return int(s.label[i]) == c })
}

func (s *classifier) measure() measure {
	t := newTally(s.classes)
	return func(w, out []float64) {
		t.add(s, w)
		t.scores(out)
		roc, pr := mean{}, mean{}
		for _, r := range s.ranks {
			a, p := r.areas(w)
			roc.add(a)
			pr.add(p)
		}
		out[rocAUC], out[prAUC] = roc.value(), pr.value()
		s.sums(w, out)
	}
}

// sums computes the scores that are means over examples.
func (s *classifier) sums(w, out []float64) {
	var total, loss, square float64
	var gap [eceBins]float64
	for i, x := range w {
		total += x
		loss += float64(x * s.loss[i])
		square += float64(x * s.square[i])
		gap[s.bin[i]] += float64(x * s.miss[i])
	}
	off := 0.0
	for _, g := range gap {
		off += math.Abs(g)
	}
	out[logLoss], out[brier], out[ece] = loss/total, square/total, off/total
}

func (s *classifier) confusion(w []float64) [][]float64 {
	m := make([][]float64, s.classes)
	for c := range m {
		m[c] = make([]float64, s.classes)
	}
	for i, x := range w {
		m[s.label[i]][s.predicted[i]] += x
	}
	return m
}

// bins returns the table of calibration.
func (s *classifier) bins(w []float64) []Bin {
	b := make([]Bin, tableBins)
	for i, x := range w {
		c := s.predicted[i]
		if s.classes == 2 {
			c = 1
		}
		p := s.prob[i*s.classes+int(c)]
		k := &b[binOf(p, tableBins)]
		k.Count += x
		k.Confidence += float64(x * float64(p))
		if c == s.label[i] {
			k.Accuracy += x
		}
	}
	for k := range b {
		b[k].Lo, b[k].Hi = float64(k)/tableBins, float64(k+1)/tableBins
		b[k].Confidence /= b[k].Count // 0/0 is NaN
		b[k].Accuracy /= b[k].Count
	}
	return b
}
