package batch

import "math"

// Pieces is one measurement of the noise of a gradient: the squared norms of
// the mean gradients of J >= 2 pieces of a batch, and of the batch. A piece is
// a logical part of a batch (a shard, one half, or one example), never a
// micro-batch, so what is measured does not depend on how it was executed.
//
// The batch's gradient is the mean of the pieces' by N. Where examples have
// weights, N is a piece's share of Σw times the examples of the batch.
type Pieces struct {
	N       []float64 // examples of each piece
	Squares []float64 // ‖ḡ_j‖², the squared norm of each piece's mean gradient
	Whole   float64   // ‖G_B‖², that of the batch
}

// Size returns B = Σ n_j.
func (p Pieces) Size() (b float64) {
	for _, n := range p.N {
		b += n
	}
	return b
}

// Estimate returns unbiased estimates of S = tr Σ, the trace of the covariance
// of an example's gradient, and of Q = ‖G‖², the squared norm of the true one:
//
//	S = (Σ n_j‖ḡ_j‖² - B‖G_B‖²) / (J-1),  Q = ‖G_B‖² - S/B
//
// McCandlish et al. 2018 (arXiv 1812.06162), appendix A.1, for pieces that need
// not be equal, since E Σ n_j‖ḡ_j‖² = B‖G‖² + J tr Σ. Q is a difference: it is
// often below 0 where B is far below the noise scale S/Q, and must not be
// clamped before it is averaged. Examples are taken as independent draws; that
// an epoch does not repeat them, which makes S/B too large by (N-1)/(N-B), is
// left to who uses it (NormTest).
func (p Pieces) Estimate() (s, q float64) {
	b, sum := p.Size(), 0.0
	for j, n := range p.N {
		sum += float64(n * p.Squares[j])
	}
	s = (sum - float64(b*p.Whole)) / float64(len(p.N)-1)
	return s, p.Whole - s/b
}

// Along returns an estimate of Var_i ⟨g_i, G_B⟩ over examples i, of two pieces:
// n₁n₂/B · ⟨ḡ₁-ḡ₂, G_B⟩², where ⟨ḡ₁, ḡ₂⟩ follows from the three squares. Its
// expectation is that of Bollapragada, Byrd and Nocedal's (SIAM J. Opt. 2018,
// eq. 2.6), GᵀΣG + tr Σ²/B. It is NaN for more pieces, whose squares do not
// give the inner products.
func (p Pieces) Along() float64 {
	if len(p.N) != 2 {
		return math.NaN()
	}
	n1, n2, s1, s2 := p.N[0], p.N[1], p.Squares[0], p.Squares[1]
	b := n1 + n2
	w1, w2 := n1/b, n2/b
	// w₁w₂⟨ḡ₁, ḡ₂⟩ is half of what is left of ‖w₁ḡ₁ + w₂ḡ₂‖².
	cross := (p.Whole - float64(float64(w1*w1)*s1) - float64(float64(w2*w2)*s2)) / float64(2*float64(w1*w2))
	d := float64(w1*s1) - float64(w2*s2) + float64((w2-w1)*cross)
	return float64(float64(float64(w1*w2)*b) * float64(d*d))
}

// finite reports whether all that is measured is a number.
func (p Pieces) finite() bool {
	sum := p.Whole
	for j := range p.N {
		sum += p.N[j] + p.Squares[j]
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
