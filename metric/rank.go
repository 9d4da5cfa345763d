package metric

import (
	"math"
	"slices"
)

// A ranking lists the examples from the highest probability of a class to the
// lowest, each as its number, a bit that ends a group of ties, and a bit that
// says it is of the class. One sort serves every resample.
type ranking []uint32

const (
	positive = 1
	lastTie  = 2
	rankBits = 2
)

// rank sorts n examples by column c of a matrix of probabilities, width a row.
func rank(prob []float32, width, c int, is func(i int) bool) ranking {
	n := len(prob) / width
	keys := make([]uint64, n)
	for i := range keys { // bits of numbers of at least 0 are in the order of the numbers
		p := prob[i*width+c] + 0 // -0 is 0
		keys[i] = uint64(^math.Float32bits(p))<<32 | uint64(i)
	}
	slices.Sort(keys)
	r := make(ranking, n)
	for k, key := range keys {
		i := uint32(key)
		r[k] = i << rankBits
		if k == n-1 || keys[k+1]>>32 != key>>32 {
			r[k] |= lastTie
		}
		if is(int(i)) {
			r[k] |= positive
		}
	}
	return r
}

// areas returns the area under the ROC curve, where a tie counts half, and the
// average precision, the sum over thresholds of precision times the step of
// recall. ROC is NaN where one side has no weight, the other where there is no
// positive.
func (r ranking) areas(w []float64) (roc, average float64) {
	var tp, fp, groupTP, groupFP float64
	for _, e := range r { // without branches that are hard to predict
		x, is := math.Float64bits(w[e>>rankBits]), -uint64(e&positive)
		groupTP += math.Float64frombits(x & is)
		groupFP += math.Float64frombits(x &^ is)
		if e&lastTie == 0 {
			continue
		}
		roc += float64(groupFP * (tp + groupTP/2))
		tp += groupTP
		fp += groupFP
		if tp > 0 {
			average += groupTP * tp / (tp + fp)
		}
		groupTP, groupFP = 0, 0
	}
	return roc / float64(tp*fp), average / tp // 0/0 is NaN
}

// best returns the threshold of the best F1, the highest of several.
func (r ranking) best(w []float64, score func(i int) float64) (cut Cut) {
	all := 0.0
	for _, e := range r {
		if e&positive != 0 {
			all += w[e>>rankBits]
		}
	}
	var tp, fp float64
	for _, e := range r {
		if x := w[e>>rankBits]; e&positive != 0 {
			tp += x
		} else {
			fp += x
		}
		if f1 := 2 * tp / (tp + fp + all); e&lastTie != 0 && f1 > cut.F1 {
			cut = Cut{score(int(e >> rankBits)), f1}
		}
	}
	return cut
}
