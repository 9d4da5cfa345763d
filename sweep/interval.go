package sweep

import (
	"encoding/json"
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// Interval is a mean over seeds with its 95 % interval by Student's t. Of one seed
// there is no interval: both ends are NaN.
type Interval struct {
	N               int
	Mean, Low, High float64
}

// MarshalJSON implements json.Marshaler: what is not known is null.
func (x Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		N    int    `json:"n"`
		Mean number `json:"mean"`
		Low  number `json:"low"`
		High number `json:"high"`
	}{x.N, number(x.Mean), number(x.Low), number(x.High)})
}

// arithmetic returns the mean of values and its interval, mean ± t·s/√n.
func arithmetic(v []float64) Interval {
	n := float64(len(v))
	x := Interval{N: len(v), Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
	if len(v) == 0 {
		return x
	}
	x.Mean = 0
	for _, a := range v {
		x.Mean += a / n
	}
	if len(v) > 1 {
		half := portmath.Student975(len(v)-1) * math.Sqrt(squares(v)/(n-1)/n)
		x.Low, x.High = x.Mean-half, x.Mean+half
	}
	return x
}

// squares returns Σ (v - mean)².
func squares(v []float64) (sum float64) {
	mean := 0.0
	for _, a := range v {
		mean += a / float64(len(v))
	}
	for _, a := range v {
		sum += float64((a - mean) * (a - mean))
	}
	return sum
}

// geometric returns the geometric mean of values above 0, and the interval of
// their logarithms.
func geometric(v []float64) Interval {
	x := arithmetic(logs(v))
	x.Mean, x.Low, x.High = portmath.Exp(x.Mean), portmath.Exp(x.Low), portmath.Exp(x.High)
	return x
}

// times scales an interval.
func (x Interval) times(by float64) Interval {
	return Interval{x.N, x.Mean * by, x.Low * by, x.High * by}
}

// overlaps reports whether two intervals do; where one is not known they do not.
func (x Interval) overlaps(y Interval) bool {
	return x.N > 1 && y.N > 1 && x.Low <= y.High && y.Low <= x.High
}

func logs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, a := range v {
		out[i] = portmath.Log(a)
	}
	return out
}
