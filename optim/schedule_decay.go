package optim

import "math"

// Decay is how a rate falls.
type Decay int

// The ways of WSD to fall.
const (
	DecayLinear       Decay = iota // 1 - x
	DecayOneMinusSqrt              // 1 - √x
)

// WSD (warm-up, stable, decay) rises in a straight line over the first share
// of the budget, as WarmUp does, stays at 1, and falls to final over the last
// share: Hu et al., arXiv:2404.06395, section 4; the forms of the fall are of
// Hägele et al., NeurIPS 2024, who found 1 - √x over a fifth the best. The two
// shares are 0 or more and together at most 1.
func WSD(warmup, decay, final float64, form Decay) Schedule {
	return func(at Progress) float64 {
		if at.Fraction+edge < warmup {
			return min(1, (at.Fraction+at.Step)/warmup)
		}
		if at.Fraction <= 1-decay {
			return 1
		}
		x := portion(at.Fraction, 1-decay, 1)
		if form == DecayOneMinusSqrt {
			x = math.Sqrt(x)
		}
		return 1 - float64((1-final)*x)
	}
}

// InverseSqrt rises in a straight line over the first share of the budget, and
// falls as one over the root of the number of updates: with x = Fraction + Step,
// min(x/warmup, √(warmup/x)). Vaswani et al., NeurIPS 2017, section 5.3, scaled
// to a peak of 1. warmup is above 0.
func InverseSqrt(warmup float64) Schedule {
	return func(at Progress) float64 {
		x := at.Fraction + at.Step
		if x < warmup {
			return x / warmup
		}
		return math.Sqrt(warmup / x)
	}
}
