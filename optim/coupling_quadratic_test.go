package optim_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// bowl is the loss ½·h·w² whose gradients of an example have variance s, as the
// mean and the variance of w over all runs: both are known at every update.
type bowl struct{ h, s, mean, variance float64 }

// step is an update of n examples at a rate.
func (b *bowl) step(lr float64, n int) {
	keep := 1 - lr*b.h
	b.mean *= keep
	b.variance = keep*keep*b.variance + lr*lr*b.s/float64(n)
}

// signal is E‖G‖².
func (b *bowl) signal() float64 { return b.h * b.h * (b.mean*b.mean + b.variance) }

// loss is the expected loss.
func (b *bowl) loss() float64 { return 0.5 * b.h * (b.mean*b.mean + b.variance) }

// descendBowl makes updates of κ·base examples until done, and returns the
// expected loss and how many there were.
func descendBowl(t *testing.T, rule optim.Coupling, scale int, done func(updates int, s optim.CouplingState) bool) (loss float64, updates int) {
	const base = 8
	up := newMachine(t, optim.SGD(0.002).WithCoupling(rule, base), []float64{0}).up
	b := bowl{h: 1, s: 40000, mean: 10}
	at := optim.Progress{Scale: float64(scale)}
	for ; !done(updates, at.Coupled); updates++ {
		at.Gain = optim.Gain(b.s, b.signal(), base, scale*base)
		b.step(up.LR(at), scale*base)
		at.Coupled = up.Next(at)
	}
	return b.loss(), updates
}

// TestLinearRateOfQuadratic: while batches are far below the noise scale S/Q, 400
// and more here against 8 to 64, linear scaling gives the loss of the base size
// after the same examples; without it a larger batch is far behind, and far above
// the noise scale the rate is too large.
func TestLinearRateOfQuadratic(t *testing.T) {
	after := func(rule optim.Coupling, scale, examples int) float64 {
		loss, _ := descendBowl(t, rule, scale, func(updates int, _ optim.CouplingState) bool { return updates*scale >= examples })
		return loss
	}
	want := after(optim.None(), 1, 1000)
	for _, scale := range []int{2, 8} {
		if got := after(optim.LinearRate(), scale, 1000); math.Abs(got/want-1) > 0.05 {
			t.Errorf("κ = %d: loss %g, want %g within 5 %%", scale, got, want)
		}
	}
	if got := after(optim.None(), 8, 1000); got < 2*want {
		t.Errorf("κ = 8 without a coupling: loss %g, want far above %g", got, want)
	}
	if got := after(optim.LinearRate(), 2048, 20480); got < 1000*want {
		t.Errorf("κ = 2048: loss %g, want a rate that is too large", got)
	}
}

// TestAdaScaleOfQuadratic: the same τ gives about the same loss whatever the
// size, and no worse where a few large steps end it, in fewer updates the larger
// it is.
func TestAdaScaleOfQuadratic(t *testing.T) {
	const iterations = 600
	after := func(scale int) (float64, int) {
		return descendBowl(t, optim.AdaScale(), scale, func(_ int, s optim.CouplingState) bool { return s.Gained >= iterations })
	}
	want, most := after(1)
	if most != iterations {
		t.Errorf("%d updates of the base size, want %d", most, iterations)
	}
	for _, c := range []struct {
		scale int
		least float64 // of the loss at the base size
	}{{4, 0.98}, {32, 0.85}, {256, 0}, {2048, 0}} {
		got, updates := after(c.scale)
		if got < c.least*want || got > want {
			t.Errorf("κ = %d: loss %g, want at most %g, and at least %v of it", c.scale, got, want, c.least)
		}
		if updates >= most {
			t.Errorf("κ = %d: %d updates, want fewer than %d", c.scale, updates, most)
		}
		most = updates
	}
}
