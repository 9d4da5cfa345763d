package batch

import (
	"errors"
	"fmt"
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// Stages multiplies the batch size by a factor every so often: AdaBatch
// (Devarakonda, Naumov and Garland 2017, arXiv 1712.02029, §3), which doubles it
// every 20 epochs. Where the learning rate is coupled linearly, a schedule that
// multiplies it by 0.375 at the same places gives the paper's 0.75: the rate per
// example decays as with the batch size of the start. Nothing is measured.
type Stages struct {
	Bounds Bounds
	Every  Span    // length of a stage; 20 epochs. A percentage is of the budget
	Factor float64 // 2; below 1 to shrink
}

func (a Stages) withDefaults() Stages {
	if a.Every.IsZero() {
		a.Every = Epochs(20)
	}
	if a.Factor == 0 {
		a.Factor = 2
	}
	return a
}

// Validate lists the faults of the settings. A stage on the clock is refused: it
// would make the run depend on it.
func (a Stages) Validate() error {
	errs := []error{a.Bounds.Validate(), a.Every.Validate()}
	if a.Every.Unit == Second {
		errs = append(errs, fmt.Errorf("batch: stages every %v (want epochs, updates, examples, tokens, or a percentage of the budget)", a.Every))
	}
	if a.Factor != 0 && !(a.Factor > 0 && a.Factor != 1 && !math.IsInf(a.Factor, 0)) {
		errs = append(errs, fmt.Errorf("batch: factor %v of stages (want above 0 and not 1)", a.Factor))
	}
	return errors.Join(errs...)
}

func (a Stages) Max(examples int) int { return a.Bounds.largest(examples) }

func (a Stages) String() string {
	a = a.withDefaults()
	return a.Bounds.text("stages", "every", a.Every, "factor", a.Factor)
}

// Next implements Policy: size = Start·Factor^k in stage k.
func (a Stages) Next(s State, p Progress) (State, string) {
	a = a.withDefaults()
	a.Bounds = a.Bounds.withDefaults(p.Data)
	k := a.Every.Fraction(p.Position)
	if a.Every.Unit == Percent {
		k = 100 * p.Fraction / a.Every.N
	}
	stage := int64(k)
	size := a.Bounds.clip(float64(float64(a.Bounds.Start) * portmath.PowInt(a.Factor, stage)))
	if size == s.Size {
		return s, ""
	}
	return s.to(size, p), fmt.Sprintf("stage %d", stage+1)
}
