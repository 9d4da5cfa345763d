package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Scores of a regression, in the order of the report; mape may be missing.
const (
	mae = iota
	rmse
	r2
	medianAE
	maxError
	mape
)

var valueNames = []string{mae: "mae", rmse: "rmse", r2: "r2", medianAE: "median_ae", maxError: "max_error", mape: "mape"}

// Regression measures predictions of values, (n, outputs) by rows, against
// targets of the same shape; weight, one for each example, may be nil. The
// scores, each the plain mean of that of the outputs:
//
//   - mae: the mean absolute error.
//   - rmse: the root of the mean squared error.
//   - r2: 1 - Σ(y - ŷ)² / Σ(y - ȳ)²; where the target does not vary 1 for no
//     error at all and else 0; NaN for a single example.
//   - median_ae: the median absolute error, the mean of the middle two.
//   - max_error: the largest absolute error, without an interval: no resample
//     has a larger one than that seen.
//   - mape: the mean of |y - ŷ| / |y|, only where no target is 0.
//
// With several outputs the report has a row of scores for each.
//
// Errors: lengths that do not fit, no examples, numbers that are not finite.
func Regression(pred, target []float64, outputs int, weight []float32, o Options) (*Report, error) {
	s, w, err := newRegressor(pred, target, outputs, weight)
	if err != nil {
		return nil, err
	}
	called, err := names(o.Names, outputs, "outputs")
	if err != nil {
		return nil, err
	}
	resamples := o.resamples(len(w), s.cost())
	r := &Report{Examples: len(w), Weighted: weight != nil, Resamples: resamples, Scores: scores(s, w, resamples, o.Seed)}
	if outputs > 1 {
		for k, name := range called {
			one := &regressor{s.outputs[k : k+1], s.examples, s.relative}
			r.Outputs = append(r.Outputs, OutputRow{name, scores(one, w, 0, 0)})
		}
	}
	return r, nil
}

// regressor holds what the scores need of each output.
type regressor struct {
	outputs  [][]residual
	examples int  // with weight
	relative bool // no target of theirs is 0
}

// residual is one example of an output; they are sorted by the error, so that
// the median of a resample needs no sort.
type residual struct {
	example  int
	err      float64 // absolute
	target   float64 // less about the mean, so that squares lose nothing
	relative float64 // error over target
}

func newRegressor(pred, target []float64, outputs int, weight []float32) (*regressor, []float64, error) {
	if outputs < 1 {
		return nil, nil, fmt.Errorf("metric: %d outputs (want 1 or more)", outputs)
	}
	n, err := rows("pred", len(pred), outputs)
	if err != nil {
		return nil, nil, err
	}
	if len(target) != len(pred) {
		return nil, nil, fmt.Errorf("metric: %d targets for %d predictions", len(target), len(pred))
	}
	if err := finite("prediction", pred, outputs); err != nil {
		return nil, nil, err
	}
	if err := finite("target", target, outputs); err != nil {
		return nil, nil, err
	}
	w, err := weights(weight, n)
	if err != nil {
		return nil, nil, err
	}
	s := &regressor{relative: true}
	for i, x := range w {
		if x > 0 {
			s.examples++
			s.relative = s.relative && !slices.Contains(target[i*outputs:(i+1)*outputs], 0)
		}
	}
	for k := range outputs {
		s.outputs = append(s.outputs, residuals(pred, target, outputs, k, w))
	}
	return s, w, nil
}

// residuals returns those of output k, by rising error.
func residuals(pred, target []float64, outputs, k int, w []float64) []residual {
	center := middle(target, outputs, k, w)
	list := make([]residual, len(w))
	for i := range list {
		y := target[i*outputs+k]
		e := math.Abs(y - pred[i*outputs+k])
		list[i] = residual{i, e, y - center, e / math.Abs(y)}
	}
	slices.SortFunc(list, func(a, b residual) int {
		if c := cmp.Compare(a.err, b.err); c != 0 {
			return c
		}
		return a.example - b.example
	})
	return list
}

// middle returns the weighted mean of a target, exact where it does not vary.
func middle(target []float64, outputs, k int, w []float64) float64 {
	lo, hi, sum, total := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for i, x := range w {
		y := target[i*outputs+k]
		lo, hi = min(lo, y), max(hi, y)
		sum += float64(x * y)
		total += x
	}
	return min(max(sum/total, lo), hi)
}

func (s *regressor) names() []string {
	if s.relative {
		return valueNames
	}
	return valueNames[:mape]
}

func (s *regressor) cost() int { return 1 + 3*len(s.outputs) }

func (s *regressor) measure() measure {
	each := make([]float64, len(valueNames))
	return func(w, out []float64) {
		total := 0.0
		for _, x := range w {
			total += x
		}
		clear(out)
		for _, o := range s.outputs {
			measureOutput(o, w, total, each)
			for j := range out {
				out[j] += each[j]
			}
		}
		for j := range out {
			out[j] /= float64(len(s.outputs))
		}
		if s.examples < 2 {
			out[r2] = math.NaN()
		}
	}
}

// measureOutput sets the scores of one output; total is the sum of the weights.
func measureOutput(list []residual, w []float64, total float64, out []float64) {
	var sum, squares, targets, targetSquares, relative float64
	half := halfway{half: total / 2}
	for i := range list {
		r := &list[i]
		x := w[r.example]
		if x == 0 {
			continue
		}
		sum += float64(x * r.err)
		squares += float64(float64(x*r.err) * r.err)
		xt := float64(x * r.target)
		targets += xt
		targetSquares += float64(xt * r.target)
		relative += float64(x * r.relative)
		half.add(x, r.err)
	}
	out[mae], out[rmse] = sum/total, math.Sqrt(squares/total)
	out[r2] = determination(squares, targetSquares-float64(targets/total*targets))
	out[medianAE], out[maxError], out[mape] = half.median(), half.last, relative/total
}

// determination is 1 - errors/variation with the cases of no variation.
func determination(errors, variation float64) float64 {
	switch {
	case variation > 0:
		return 1 - errors/variation
	case errors == 0:
		return 1
	}
	return 0
}

// halfway finds the weighted median of rising values: the first that takes the
// sum of the weights to half of all, or its mean with the next where the sum
// is half exactly.
type halfway struct {
	half, sum float64
	lo, hi    float64
	found     int // of lo and hi
	last      float64
}

func (h *halfway) add(w, x float64) {
	h.last = x
	if h.found == 2 {
		return
	}
	if h.found == 1 {
		h.hi, h.found = x, 2
		return
	}
	if h.sum += w; h.sum >= h.half {
		h.lo, h.hi, h.found = x, x, 1
		if h.sum > h.half {
			h.found = 2
		}
	}
}

func (h *halfway) median() float64 { return h.lo + (h.hi-h.lo)/2 }
