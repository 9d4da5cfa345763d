package optim

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/portmath"
)

// Progress is a point of the training budget: just before an update.
type Progress struct {
	Update   int64   // updates made before: 0 for the first
	Fraction float64 // share of the budget consumed before this update, in [0, 1]
	Step     float64 // share of the budget that this update consumes; 0 if it is not known
	Factor   float64 // of the learning rate, beside the schedule's; 0 is 1

	// For a Coupling, which alone reads them: κ, the size asked for over Base,
	// whatever the last batch of an epoch holds (0 is 1); AdaScale's r, which Gain
	// computes (0 is not known); and what it remembers.
	Scale   float64
	Gain    float64
	Coupled CouplingState
}

// Schedule is a factor of the learning rate. It is a function of the share of
// the budget, so that it means the same whatever the batch size; with T
// updates of equal size, update i has Fraction = i/T and Step = 1/T, and the
// schedules here are PyTorch's with that T. Their bits do not depend on the
// machine.
type Schedule func(at Progress) float64

// Constant is 1.
func Constant() Schedule { return func(Progress) float64 { return 1 } }

// edge is added to a share before it is compared with a point of the budget,
// so that i/T reaches j/T·1 whatever the rounding.
const edge = 1e-9

// Step multiplies by factor after each share every of the budget: factorᵏ with
// k = ⌊Fraction/every⌋. PyTorch's StepLR with step_size = every·T.
func Step(every, factor float64) Schedule {
	return func(at Progress) float64 {
		return portmath.PowInt(factor, int64(math.Floor(at.Fraction/every+edge)))
	}
}

// MultiStep multiplies by factor at each of the given shares of the budget.
// PyTorch's MultiStepLR.
func MultiStep(factor float64, shares ...float64) Schedule {
	shares = slices.Clone(shares)
	return func(at Progress) float64 {
		n := int64(0)
		for _, s := range shares {
			if at.Fraction+edge >= s {
				n++
			}
		}
		return portmath.PowInt(factor, n)
	}
}

// Exponential falls from 1 to final, more than 0, by the same factor in equal
// shares: final^Fraction. PyTorch's ExponentialLR with gamma = final^(1/T).
func Exponential(final float64) Schedule {
	return func(at Progress) float64 { return portmath.Pow(final, at.Fraction) }
}

// Polynomial falls from 1 to 0: (1 - Fraction)^power. PyTorch's PolynomialLR.
func Polynomial(power float64) Schedule {
	return func(at Progress) float64 { return portmath.Pow(1-share(at.Fraction), power) }
}

// Linear falls from 1 to final in a straight line. PyTorch's LinearLR with
// start_factor 1.
func Linear(final float64) Schedule {
	return func(at Progress) float64 { return 1 - float64((1-final)*share(at.Fraction)) }
}

// Cosine falls from 1 to final: final + ½(1 - final)(1 + cos(π·Fraction))
// (Loshchilov, Hutter, ICLR 2017, equation 5, without restarts). PyTorch's
// CosineAnnealingLR with eta_min = final·η; past the end it stays at final.
func Cosine(final float64) Schedule {
	return func(at Progress) float64 { return between(1, final, at.Fraction) }
}

// WarmUp rises in a straight line over the first share of the budget, to 1 at
// the end of that share's last update, and is then the inner schedule over
// what remains: (Fraction + Step)/over, then inner((Fraction - over)/(1 - over)).
// over is in [0, 1).
func WarmUp(over float64, inner Schedule) Schedule {
	return func(at Progress) float64 {
		if at.Fraction+edge < over {
			return min(1, (at.Fraction+at.Step)/over)
		}
		at.Fraction = share((at.Fraction - over) / (1 - over))
		at.Step /= 1 - over
		return inner(at)
	}
}

// OneCycleOptions are the settings of OneCycleWith; DefaultOneCycle returns
// PyTorch's defaults.
type OneCycleOptions struct {
	Up         float64 // share of the budget that rises, in (0, 1): 0.3
	Div        float64 // peak over start: 25
	FinalDiv   float64 // start over end: 1e4
	ThreePhase bool    // fall as long as it rose, then to the end: false
}

// DefaultOneCycle returns Up 0.3, Div 25, FinalDiv 1e4, two phases.
func DefaultOneCycle() OneCycleOptions { return OneCycleOptions{Up: 0.3, Div: 25, FinalDiv: 1e4} }

// OneCycle is OneCycleWith the defaults.
func OneCycle() Schedule { return OneCycleWith(DefaultOneCycle()) }

// OneCycleWith rises from 1/Div to 1, the learning rate being the peak, and
// falls to 1/(Div·FinalDiv), by half cosines (Smith, Topin, arXiv:1708.07120,
// in the form of PyTorch's OneCycleLR: the peak is at the last update of the
// rising share, the end at the last update). It leaves momentum alone.
func OneCycleWith(o OneCycleOptions) Schedule {
	start := 1 / o.Div
	end := start / o.FinalDiv
	return func(at Progress) float64 {
		peak, last := o.Up-at.Step, 1-at.Step
		if at.Fraction <= peak {
			return between(start, 1, portion(at.Fraction, 0, peak))
		}
		if !o.ThreePhase {
			return between(1, end, portion(at.Fraction, peak, last))
		}
		turn := 2*o.Up - 2*at.Step
		if at.Fraction <= turn {
			return between(1, start, portion(at.Fraction, peak, turn))
		}
		return between(start, end, portion(at.Fraction, turn, last))
	}
}

// portion returns where x is between from and to, in [0, 1].
func portion(x, from, to float64) float64 {
	if to <= from {
		return 1
	}
	return share((x - from) / (to - from))
}

// between goes from a to b along a half cosine.
func between(a, b, x float64) float64 {
	return b + float64(float64(0.5*(a-b))*(1+portmath.CosPi(share(x))))
}

// share limits x to [0, 1].
func share(x float64) float64 { return max(0, min(1, x)) }
