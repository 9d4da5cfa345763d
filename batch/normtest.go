package batch

import (
	"errors"
	"fmt"
	"math"
)

// NormTest grows the batch until the gradient's standard error is at most Theta
// of its norm: Byrd, Chin, Nocedal and Wu (Math. Programming 2012, eq. 3.5-3.9).
// The test is
//
//	S/B · (N-B)/(N-1) <= θ²‖G‖²
//
// and where it fails the size becomes the smallest that passes,
// N / (1 + (N-1)θ²/φ), which is about φ/θ². The size never falls.
//
// We deviate: the paper compares with ‖G_B‖², whose expectation ‖G‖² + S/B passes
// any test with θ >= 1; here it is the unbiased Q, and both sides are averages
// over batches, not of the last one. Where Q is not above 0 the size doubles.
type NormTest struct {
	Bounds Bounds
	Theta  float64 // 0.5
}

func (t NormTest) withDefaults() NormTest {
	if t.Theta == 0 {
		t.Theta = 0.5
	}
	return t
}

// Validate lists the faults of the settings.
func (t NormTest) Validate() error {
	return errors.Join(t.Bounds.Validate(), positive("theta", t.Theta))
}

func (t NormTest) Max(examples int) int { return t.Bounds.largest(examples) }
func (t NormTest) NeedsNoise() bool     { return true }
func (t NormTest) String() string       { return t.Bounds.text("norm_test", "theta", t.withDefaults().Theta) }

// Next implements Policy.
func (t NormTest) Next(s State, p Progress) (State, string) {
	theta := t.withDefaults().Theta
	return t.Bounds.grow(s, p, float64(theta*theta), p.Noise.S(), "norm test")
}

// grow is the rule of tests of the form variance/B <= bound·Q, for batches
// without repetition out of the training data. A change waits for fresh
// measurements.
func (b Bounds) grow(s State, p Progress, bound, variance float64, name string) (State, string) {
	b = b.withDefaults(p.Data)
	if s.Size == 0 {
		return s.to(b.Start, p), ""
	}
	if p.Noise.Samples() < s.Samples+fresh || s.Size >= b.Max {
		return s, ""
	}
	q := p.Noise.Q()
	target := float64(2 * s.Size)
	why := fmt.Sprintf("%s: the gradient is not above its noise", name)
	if q > 0 {
		n := float64(p.Data)
		target = math.Ceil(n / (1 + float64(float64((n-1)*bound)*(q/variance))))
		why = fmt.Sprintf("%s: the variance is %.3g times what it may be", name, variance/(float64(s.Size)*bound*q))
	}
	if size := b.clip(target); size > s.Size {
		return s.to(size, p), why
	}
	return s, ""
}

// fresh is how many measurements a policy waits for at the start and after a
// change.
const fresh = 10

// positive refuses settings that are set and not finite and above 0.
func positive(name string, x float64) error {
	if x == 0 || x > 0 && !math.IsInf(x, 0) {
		return nil
	}
	return fmt.Errorf("batch: %s %v (want above 0)", name, x)
}
