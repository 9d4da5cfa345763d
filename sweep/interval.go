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
		half := quantileT(len(v)-1) * math.Sqrt(squares(v)/(n-1)/n)
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

func logs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, a := range v {
		out[i] = portmath.Log(a)
	}
	return out
}

// The 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom.
var tableT = [...]float64{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281}

// quantileT returns the 97.5 % quantile of Student's t. Beyond the table it is
// the expansion of Cornish and Fisher in 1/ν (Abramowitz and Stegun, 26.7.5),
// which has four digits there.
func quantileT(freedom int) float64 {
	if freedom <= len(tableT) {
		return tableT[freedom-1]
	}
	z, v := portmath.NormalQuantile(0.975), float64(freedom)
	z3 := z * z * z
	z5 := z3 * z * z
	z7 := z5 * z * z
	return z + (z3+z)/(4*v) + (5*z5+16*z3+3*z)/(96*v*v) + (3*z7+19*z5+17*z3-15*z)/(384*v*v*v)
}
