package optim

import (
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// WarmRestarts falls from 1 to final along a half cosine over the first share
// of the budget, and starts again at 1, each time over times as much as the
// time before: Loshchilov, Hutter, ICLR 2017, equation 5 (SGDR). PyTorch's
// CosineAnnealingWarmRestarts with T_0 = first·T and T_mult = times. first is
// above 0, times 1 or more.
func WarmRestarts(first, times, final float64) Schedule {
	return func(at Progress) float64 {
		x, length := at.Fraction, first
		if times == 1 {
			x -= float64(math.Floor(x/length+edge) * length)
		}
		for x+float64(edge*length) >= length {
			x, length = x-length, float64(length*times)
		}
		return between(1, final, x/length)
	}
}

// Shrinking is what becomes of the height of cycles.
type Shrinking int

// The policies of Smith, WACV 2017.
const (
	Triangular  Shrinking = iota // all cycles are of one height
	Triangular2                  // each is half as high as the one before
	ExpRange                     // the height falls to Final over the budget, by the same factor in equal shares
)

// Cycles are the settings of Cyclic; DefaultCycles returns some to start from.
type Cycles struct {
	Up, Down float64 // shares of the budget of a rise and of a fall: above 0
	Low      float64 // the factor between cycles, in [0, 1]
	Shrink   Shrinking
	Final    float64 // of ExpRange, above 0
}

// DefaultCycles returns five triangles over the budget, from a tenth of the
// learning rate.
func DefaultCycles() Cycles { return Cycles{Up: 0.1, Down: 0.1, Low: 0.1, Final: 0.1} }

// Cyclic rises from Low to 1 and falls to Low again in straight lines, the
// learning rate being the peak: Smith, WACV 2017, section 3. PyTorch's CyclicLR
// with step_size_up = Up·T, gamma = Final^(1/T) and momentum left alone.
func Cyclic(c Cycles) Schedule {
	length := c.Up + c.Down
	return func(at Progress) float64 {
		cycle := math.Floor(at.Fraction/length + edge)
		x := max(0, at.Fraction-float64(cycle*length))
		height := portion(x, 0, c.Up)
		if x > c.Up {
			height = 1 - portion(x, c.Up, length)
		}
		switch c.Shrink {
		case Triangular2:
			height = float64(height * portmath.PowInt(0.5, int64(cycle)))
		case ExpRange:
			height = float64(height * portmath.Pow(c.Final, at.Fraction))
		}
		return c.Low + float64((1-c.Low)*height)
	}
}
