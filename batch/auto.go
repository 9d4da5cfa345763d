package batch

import (
	"errors"
	"fmt"
	"math"
)

// Auto is the batch size at which training takes the least time, as far as a
// noise scale and a clock can tell: batch: auto. An update of B examples takes
// a + bB seconds and brings 1/(1 + φ/B) of what the true gradient would
// (McCandlish et al. 2018, eq. 2.7), so the time to a goal is least at
//
//	B* = √(a/b · φ)
//
// the geometric mean of the size at which an update is half fixed cost, and of
// the noise scale; it depends on no size of reference. It is the maximum of
// Goodput in closed form. a and b are of the whole update on all threads and
// workers.
//
// With momentum φ is φ′: see Progress.critical. Where the coupling no longer
// raises the rate, B* is at most what Progress.level says.
//
// Min is, unless set, the start or 32, whichever is less: φ is smallest where a
// run begins, and matrix products of a few rows are slower than affine times
// tell. B* is kept within the bounds, and within φ(1/Efficiency - 1), so that
// examples are not spent for updates that gain little. It grows and shrinks in powers of
// two, where φ's interval allows it (see Bounds.follow), and where that gains 5 %
// or more by the times that were measured at both sizes: caches make an update's
// time less than affine. Without a given cost it first times a second size,
// and, after the first 200, again whenever the number of updates has doubled
// since: ten updates of another size, which Decide takes back if they do not pay.
type Auto struct {
	Bounds     Bounds
	Efficiency float64 // least share of an example's worth that is kept, B0/B·progress; 0.5: B <= φ
	Cost       Cost    // if it is given, no decision depends on a clock
}

// settled is how many updates of one size there are at least.
const settled = 10

func (a Auto) withDefaults() Auto {
	if a.Efficiency == 0 {
		a.Efficiency = 0.5
	}
	return a
}

// Validate lists the faults of the settings.
func (a Auto) Validate() error {
	errs := []error{a.Bounds.Validate(), a.Cost.Validate()}
	if e := a.Efficiency; e != 0 && !(e > 0 && e < 1) {
		errs = append(errs, fmt.Errorf("batch: efficiency %v of auto (want between 0 and 1)", e))
	}
	return errors.Join(errs...)
}

func (a Auto) Max(examples int) int { return a.Bounds.largest(examples) }
func (a Auto) NeedsNoise() bool     { return true }
func (a Auto) NeedsClock() bool     { return !a.Cost.Known() }
func (a Auto) given() Cost          { return a.Cost }

func (a Auto) String() string {
	if a == (Auto{}) {
		return "auto"
	}
	return a.Bounds.text("auto", append([]any{"efficiency", a.Efficiency}, a.Cost.keys()...)...)
}

// Next implements Policy.
func (a Auto) Next(s State, p Progress) (State, string) {
	a = a.withDefaults()
	b, cost := a.Bounds.withDefaults(p.Data), a.Cost
	if a.Bounds.Min == 0 {
		b.Min = min(b.Start, defaultStart)
	}
	if s.Size == 0 {
		return s.to(b.Start, p), ""
	}
	clocked := a.NeedsClock()
	if clocked {
		cost = p.Cost
	}
	switch {
	case !cost.Known() || clocked && cost.stale(s.Size):
		return b.explore(s, p)
	case p.Noise.Samples() < fresh || p.Update < s.Since+settled:
		return s, ""
	}
	half := cost.HalfSpeed()
	size, phi := b.follow(s.Size, p.Noise, func(phi float64) float64 {
		phi = p.critical(phi)
		return min(math.Sqrt(half*phi), phi*(1/a.Efficiency-1), p.level(half))
	})
	scale, _ := p.Noise.Scale()
	scale = p.critical(scale)
	capped := size < s.Size && float64(s.Size) > min(scale*(1/a.Efficiency-1), p.level(half))
	need := worthwhile
	if clocked && s.turns(size) {
		need = turning
	}
	if size == s.Size || !capped && gainOf(s.Size, size, cost.best(s.Size), cost.best(size), scale) < need {
		return s, ""
	}
	before := s.Size
	s = s.to(size, p)
	s.Before = before
	return s, fmt.Sprintf("the noise scale is %s, and an update %s", phi, fixedCost(half))
}

// turning is the predicted gain for which a size goes back where it came from on
// the clock: a size that is wrong by a factor of 2 costs 12 % at most, and less
// is lost in what a busy machine does to the times of updates.
const turning = 1.12

// turns reports whether a size lies back in the direction of the one that was left.
func (s State) turns(size int) bool {
	return s.Before != 0 && (size < s.Size) == (s.Before < s.Size)
}

// fixedCost tells a/b, in examples.
func fixedCost(half float64) string {
	switch {
	case half == 0:
		return "has no fixed cost"
	case math.IsInf(half, 1):
		return "has no cost that grows with its examples, as far as was timed"
	}
	return fmt.Sprintf("has the fixed cost of %.3g examples", half)
}

// level returns the size beyond which updates take longer than they bring, where
// the rate is the same from B1 = Level on. A rate that is best for B1 brings 2 - (1 + φ/B)/(1 + φ/B1)
// times as much with batches of B (McCandlish et al. 2018, eq. 2.5), at most 2 - B1/B, so twice; and (2 - B1/B)/(a + bB)
// is largest at
//
//	B = (B1 + √(B1² + 2·B1·a/b))/2
func (p Progress) level(half float64) float64 {
	b := p.Level
	if b == 0 || math.IsInf(b, 1) {
		return math.Inf(1)
	}
	return (b + math.Sqrt(float64(b*b)+float64(2*b*half))) / 2
}
