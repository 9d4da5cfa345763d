package metric

import "math"

// tally is what precision, recall and their kin need of a confusion matrix: per
// class the weight of its examples, of its predictions and of the right ones.
type tally struct{ support, predicted, correct []float64 }

func newTally(classes int) *tally {
	return &tally{make([]float64, classes), make([]float64, classes), make([]float64, classes)}
}

// add counts all examples anew.
func (t *tally) add(s *classifier, w []float64) {
	clear(t.support)
	clear(t.predicted)
	clear(t.correct)
	for i, x := range w {
		l, p := s.label[i], s.predicted[i]
		t.support[l] += x
		t.predicted[p] += x
		if l == p {
			t.correct[l] += x
		}
	}
}

// class returns the precision, the recall and the F1 of a class.
func (t *tally) class(c int) (precision, recall, f1 float64) {
	hit, said, is := t.correct[c], t.predicted[c], t.support[c]
	return ratio(hit, said), ratio(hit, is), ratio(2*hit, said+is)
}

// ratio is a/b, and 0 for 0/0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// scores sets those that follow from the counts.
func (t *tally) scores(out []float64) {
	var right, total, weighted float64
	var recalls, p, r, f mean
	for c, is := range t.support {
		right += t.correct[c]
		total += is
		pc, rc, fc := t.class(c)
		weighted += float64(is * fc)
		if is > 0 {
			recalls.add(rc)
		}
		if is > 0 || t.predicted[c] > 0 {
			p.add(pc)
			r.add(rc)
			f.add(fc)
		}
	}
	out[accuracy], out[balancedAccuracy] = right/total, recalls.value()
	out[precision], out[recall], out[f1] = p.value(), r.value(), f.value()
	if len(t.support) == 2 {
		out[precision], out[recall], out[f1] = t.class(1)
	}
	out[weightedF1], out[mcc] = weighted/total, t.mcc(right, total)
}

// mcc is the correlation of the true and the predicted class (Gorodkin,
// Comparing two K-category assignments by a K-category correlation coefficient,
// 2004). The variances are sums of terms of at least 0, so that one class gives
// exactly 0.
func (t *tally) mcc(right, total float64) float64 {
	covariance := float64(right * total)
	predicted := 0.0
	for c, said := range t.predicted {
		covariance -= float64(said * t.support[c])
		predicted += said
	}
	variance := spread(t.support, total) * spread(t.predicted, predicted)
	if variance == 0 {
		return 0
	}
	return covariance / math.Sqrt(variance)
}

// spread is total² - Σ x², x summing to total.
func spread(x []float64, total float64) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v * (total - v))
	}
	return s
}

// mean of the numbers added to it, NaN left out.
type mean struct{ sum, n float64 }

func (m *mean) add(x float64) {
	if !math.IsNaN(x) {
		m.sum += x
		m.n++
	}
}

func (m *mean) value() float64 { return m.sum / m.n }
