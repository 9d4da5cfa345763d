package batch

import (
	"errors"
	"math"
)

// InnerProduct grows the batch until most batches' gradients point downhill:
// Bollapragada, Byrd and Nocedal (SIAM J. Opt. 2018, eq. 2.6). It looks at
// the part A of the variance S that lies along the gradient alone,
//
//	A/B <= θ²‖G‖²,  A = Var_i ⟨g_i, G_B⟩ / ‖G_B‖²
//
// and so asks for less than NormTest; in one dimension the two are the same. The
// augmented test (eq. 3.3) bounds the rest too: (S-A)/B <= ν²‖G‖². Where a
// test fails, the size becomes the smallest that passes both. It never falls.
//
// We deviate as NormTest does: ‖G‖² is the unbiased Q, averages over batches
// take the place of the last one's values, and the variance is reduced by
// (N-B)/(N-1). A needs pieces of two: noise by halves.
type InnerProduct struct {
	Bounds Bounds
	Theta  float64 // 0.9
	Nu     float64 // of the augmented test, in the paper tan 80° = 5.84; 0 for the plain one
}

func (t InnerProduct) withDefaults() InnerProduct {
	if t.Theta == 0 {
		t.Theta = 0.9
	}
	return t
}

// Validate lists the faults of the settings.
func (t InnerProduct) Validate() error {
	return errors.Join(t.Bounds.Validate(), positive("theta", t.Theta), positive("nu", t.Nu))
}

func (t InnerProduct) Max(examples int) int { return t.Bounds.largest(examples) }
func (t InnerProduct) NeedsNoise() bool     { return true }
func (t InnerProduct) String() string {
	t = t.withDefaults()
	return t.Bounds.text("inner_product", "theta", t.Theta, "nu", t.Nu)
}

// Next implements Policy.
func (t InnerProduct) Next(s State, p Progress) (State, string) {
	t = t.withDefaults()
	bound, along := float64(t.Theta*t.Theta), p.Noise.Along()
	if math.IsNaN(along) {
		along = 0 // not measured: nothing to grow for
	}
	if rest, limit := p.Noise.S()-along, float64(t.Nu*t.Nu); t.Nu > 0 && float64(rest*bound) > float64(along*limit) {
		return t.Bounds.grow(s, p, limit, rest, "orthogonal test")
	}
	return t.Bounds.grow(s, p, bound, along, "inner-product test")
}
