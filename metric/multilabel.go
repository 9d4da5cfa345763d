package metric

import (
	"fmt"

	"github.com/descent-ml/descent/internal/portmath"
)

// Scores of several labels at once, in the order of the report.
const (
	subsetAccuracy = iota
	hammingLoss
	microF1
	macroF1
	macroROCAUC
	labelLogLoss
)

var labelNames = []string{
	subsetAccuracy: "subset_accuracy", hammingLoss: "hamming_loss", microF1: "micro_f1", macroF1: "macro_f1",
	macroROCAUC: "roc_auc", labelLogLoss: "log_loss",
}

// MultiLabel measures probabilities of labels that do not exclude one another,
// (n, labels) by rows, against targets of 0 and 1 of the same shape; weight, one
// for each example, may be nil. A label is predicted where its probability is
// above 0.5. The scores:
//
//   - subset_accuracy: the share of examples with every label right.
//   - hamming_loss: the share of labels that are wrong.
//   - micro_f1: the F1 of all labels counted together.
//   - macro_f1: the mean F1 of the labels; 0 for one that never is nor is predicted.
//   - roc_auc: the mean area under the ROC curves of the labels, but for those
//     that are always or never there.
//   - log_loss: the mean over examples and labels of -ln of the probability of
//     what is true, clipped as in Classification.
//
// Errors are those of Classification.
func MultiLabel(prob []float32, labels int, target []float32, weight []float32, o Options) (*Report, error) {
	s, w, err := newLabeler(prob, labels, target, weight)
	if err != nil {
		return nil, err
	}
	called, err := names(o.Names, labels, "labels")
	if err != nil {
		return nil, err
	}
	n := len(prob) / labels
	resamples := o.resamples(n, s.cost())
	r := &Report{Examples: n, Weighted: weight != nil, Resamples: resamples, Threshold: threshold,
		Scores: scores(s, w, resamples, o.Seed)}
	for l, name := range called {
		hit, said, is := s.count(l, w)
		auc, _ := s.ranks[l].areas(w)
		r.Classes = append(r.Classes, ClassRow{name, is, ratio(hit, said), ratio(hit, is), ratio(2*hit, said+is), auc})
	}
	return r, nil
}

// labeler holds what the scores need of each example.
type labeler struct {
	wrong []int32   // labels
	loss  []float64 // mean over labels
	ranks []ranking // of each label
	yes   []int     // the first so many of each ranking are predicted
}

func newLabeler(prob []float32, labels int, target, weight []float32) (*labeler, []float64, error) {
	if labels < 1 {
		return nil, nil, fmt.Errorf("metric: %d labels (want 1 or more)", labels)
	}
	n, err := rows("prob", len(prob), labels)
	if err != nil {
		return nil, nil, err
	}
	if len(target) != len(prob) {
		return nil, nil, fmt.Errorf("metric: %d targets for %d probabilities", len(target), len(prob))
	}
	if err := probabilities(prob, labels, false); err != nil {
		return nil, nil, err
	}
	w, err := weights(weight, n)
	if err != nil {
		return nil, nil, err
	}
	s := &labeler{make([]int32, n), make([]float64, n), make([]ranking, labels), make([]int, labels)}
	for at, p := range prob {
		i, l := at/labels, at%labels
		if y := target[at]; y != 0 && y != 1 {
			return nil, nil, fmt.Errorf("metric: example %d: target %v at %d (want 0 or 1)", i, y, l)
		}
		s.cell(i, l, p, target[at] == 1)
	}
	for i := range s.loss {
		s.loss[i] /= float64(labels)
	}
	for l := range s.ranks {
		s.ranks[l] = rank(prob, labels, l, func(i int) bool { return target[i*labels+l] == 1 })
	}
	return s, w, nil
}

// cell adds probability p of label l, which is there or not, to example i.
func (s *labeler) cell(i, l int, p float32, there bool) {
	said := p > threshold
	if said {
		s.yes[l]++
	}
	if said != there {
		s.wrong[i]++
	}
	q := clip(p)
	if !there {
		q = 1 - q
	}
	s.loss[i] -= portmath.Log(q)
}

// count returns the weight of the right predictions of a label, of all its
// predictions, and of its examples.
func (s *labeler) count(l int, w []float64) (hit, said, is float64) {
	for k, e := range s.ranks[l] {
		x := w[e>>rankBits]
		if k < s.yes[l] {
			said += x
		}
		if e&positive != 0 {
			is += x
			if k < s.yes[l] {
				hit += x
			}
		}
	}
	return hit, said, is
}

func (s *labeler) names() []string { return labelNames }
func (s *labeler) cost() int       { return 2 + 2*len(s.ranks) }

func (s *labeler) measure() measure {
	return func(w, out []float64) {
		var macro, area mean
		var hits, pairs float64
		for l, r := range s.ranks {
			hit, said, is := s.count(l, w)
			hits += hit
			pairs += said + is
			macro.add(ratio(2*hit, said+is))
			roc, _ := r.areas(w)
			area.add(roc)
		}
		out[microF1], out[macroF1], out[macroROCAUC] = ratio(2*hits, pairs), macro.value(), area.value()
		var total, exact, wrong, loss float64
		for i, x := range w {
			total += x
			wrong += float64(x * float64(s.wrong[i]))
			loss += float64(x * s.loss[i])
			if s.wrong[i] == 0 {
				exact += x
			}
		}
		out[subsetAccuracy], out[labelLogLoss] = exact/total, loss/total
		out[hammingLoss] = wrong / total / float64(len(s.ranks))
	}
}
