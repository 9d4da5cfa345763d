package sweep

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// Critical is the fit of the updates S that a target takes at batch size B,
//
//	S = SMin·(1 + Size/B)
//
// or, with the examples E = B·S and EMin = Size·SMin, of
// (S/SMin - 1)(E/EMin - 1) = 1: McCandlish, Kaplan, Amodei (An empirical model of
// large-batch training, 2018), equations 2.11 and 2.12. At the critical size
// twice the fewest updates and twice the fewest examples are needed.
type Critical struct {
	Size      float64 // the critical batch size; NaN where Refused says why it is not known
	Low, High float64 // its 95 % interval; 0 and +Inf where the data give no bound
	SMin      float64 // updates with a batch of any size
	EMin      float64 // examples with the smallest
	Residual  float64 // root mean square of what the fit leaves of log S
	Sizes     []int   // that the fit is of
	Refused   string  // why Size is NaN, "" if it is not
}

// MarshalJSON implements json.Marshaler: what is not finite is null.
func (c Critical) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Size     number `json:"size"`
		Low      number `json:"low"`
		High     number `json:"high"`
		SMin     number `json:"updates_min"`
		EMin     number `json:"examples_min"`
		Residual number `json:"residual"`
		Sizes    []int  `json:"sizes"`
		Refused  string `json:"refused,omitempty"`
	}{number(c.Size), number(c.Low), number(c.High), number(c.SMin), number(c.EMin), number(c.Residual), c.Sizes, c.Refused})
}

// FitCritical fits the updates to the target of several seeds at each size. Sizes
// at which a seed did not reach it must not be among them: the mean of those that
// did is not of all.
//
// Least squares of log S, since seeds scatter by a share; the interval is what the
// F test of one parameter does not reject at 5 %, by the scatter of the sizes
// around the curve or that of seeds around their mean, whichever leaves more. So
// sizes that do not follow the law widen it. Fewer than three sizes, or an interval
// without a bound, is refused.
func FitCritical(sizes []int, updates [][]float64) Critical {
	f := newFit(sizes, updates)
	c := Critical{Size: math.NaN(), SMin: math.NaN(), EMin: math.NaN(), Residual: math.NaN(), Sizes: sizes, High: math.Inf(1)}
	if len(sizes) < 3 {
		c.Refused = fmt.Sprintf("%d of the sizes reached the target with all seeds, and a fit of two parameters wants three", len(sizes))
		return c
	}
	x, rss := f.least()
	bound := rss + f.slack(rss)
	low, high := f.cross(f.from, x, bound), f.cross(f.to, x, bound)
	if f.rss(f.from) > bound {
		c.Low = portmath.Exp(low)
	}
	if f.rss(f.to) > bound {
		c.High = portmath.Exp(high)
	}
	switch {
	case c.Low == 0 && math.IsInf(c.High, 1):
		c.Refused = "the scatter of the updates leaves any critical size possible"
	case c.Low == 0:
		c.Refused = fmt.Sprintf("the updates bound it on one side only: it is below %.3g (smaller batches or more seeds would tell more)", c.High)
	case math.IsInf(c.High, 1):
		c.Refused = fmt.Sprintf("the updates bound it on one side only: it is above %.3g (larger batches or more seeds would tell more)", c.Low)
	default:
		c.Size, c.SMin = portmath.Exp(x), portmath.Exp(f.level(x))
		c.EMin, c.Residual = c.Size*c.SMin, math.Sqrt(rss/float64(len(sizes)))
	}
	return c
}

// Updates returns the updates that the fit expects at a size.
func (c *Critical) Updates(size float64) float64 { return c.SMin * (1 + c.Size/size) }

// fit is the data of FitCritical: for each size the mean of log S.
type fit struct {
	size, mean []float64
	from, to   float64 // of the logarithm of the critical size: 1000 times beyond the sizes
	scatter    float64 // variance of a mean by that of its seeds
	freedom    int     // of scatter; 0 is not known
}

func newFit(sizes []int, updates [][]float64) *fit {
	f := &fit{from: math.Inf(1), to: math.Inf(-1)}
	sum, n := 0.0, 0
	for i, size := range sizes {
		y := logs(updates[i])
		x := portmath.Log(float64(size))
		f.size, f.mean = append(f.size, float64(size)), append(f.mean, arithmetic(y).Mean)
		f.from, f.to = min(f.from, x-beyond), max(f.to, x+beyond)
		sum += squares(y)
		f.freedom += len(y) - 1
		n += len(y)
	}
	if f.freedom > 0 {
		f.scatter = sum / float64(f.freedom) * float64(len(sizes)) / float64(n)
	}
	return f
}

// beyond is the logarithm of 1000.
const beyond = 6.907755278982137

// level returns log SMin for the logarithm of a critical size.
func (f *fit) level(x float64) (a float64) {
	for i := range f.mean {
		a += f.residual(i, x, 0) / float64(len(f.mean))
	}
	return a
}

func (f *fit) residual(i int, x, a float64) float64 {
	return f.mean[i] - a - portmath.Log(1+portmath.Exp(x)/f.size[i])
}

// rss returns the sum of squared residuals.
func (f *fit) rss(x float64) (sum float64) {
	a := f.level(x)
	for i := range f.mean {
		r := f.residual(i, x, a)
		sum += float64(r * r)
	}
	return sum
}

// least returns where the sum is least: of places at even distances, and then
// by thirds of what is around.
func (f *fit) least() (x, rss float64) {
	const places = 200
	step := (f.to - f.from) / places
	x, rss = f.from, f.rss(f.from)
	for i := 1; i <= places; i++ {
		if at := f.from + float64(i)*step; f.rss(at) < rss {
			x, rss = at, f.rss(at)
		}
	}
	lo, hi := x-step, x+step
	for range 60 {
		a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
		if f.rss(a) < f.rss(b) {
			hi = b
		} else {
			lo = a
		}
	}
	x = (lo + hi) / 2
	return x, f.rss(x)
}

// slack is by how much the sum may exceed its least value within the interval.
func (f *fit) slack(rss float64) float64 {
	free := len(f.mean) - 2
	t := portmath.Student975(free)
	slack := t * t * rss / float64(free)
	if f.freedom > 0 {
		t = portmath.Student975(f.freedom)
		slack = max(slack, t*t*f.scatter)
	}
	return slack
}

// cross returns where the sum exceeds the bound between the least and an end.
func (f *fit) cross(end, least, bound float64) float64 {
	out, in := end, least
	for range 60 {
		if mid := (out + in) / 2; f.rss(mid) > bound {
			out = mid
		} else {
			in = mid
		}
	}
	return in
}
