package batch

import (
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// memory is how fast the past fades: after t examples, what was measured at u
// counts (u/t)^memory. The window is so a share of all that was consumed, about
// half, and needs no constant: the noise scale changes within minutes at the
// end of a run as it does within seconds at its start. The mean lags by t/4,
// and of n samples at equal distances n·5/9 count.
const memory = 2

// Noise is the smoothed state of the noise meter: weighted moments of S and Q.
// S and Q are averaged apart and divided last (McCandlish et al. 2018, appendix
// A.1): a mean of ratios would be biased. The weight of a measurement is the
// number of examples that it stands for; larger batches, which measure better,
// so count more. The zero Noise has measured nothing. It is a value, and its
// JSON reads back to the same bits.
type Noise struct {
	Count    int     `json:"count,omitempty"`    // measurements
	Examples float64 `json:"examples,omitempty"` // consumed

	// Σ w, Σ wS and Σ wQ; the means divide by Σ w, so they need no correction of
	// their start.
	Weight float64 `json:"weight,omitempty"`
	SumS   float64 `json:"s,omitempty"`
	SumQ   float64 `json:"q,omitempty"`

	// The same with w²: the variances of the means, whatever each measurement's is.
	Weight2 float64 `json:"weight2,omitempty"`
	SumS2   float64 `json:"s2,omitempty"`
	SumQ2   float64 `json:"q2,omitempty"`
	SumSS   float64 `json:"ss,omitempty"`
	SumSQ   float64 `json:"sq,omitempty"`
	SumQQ   float64 `json:"qq,omitempty"`

	// Σ w·Pieces.Along and Σ w‖G_B‖² of the measurements that have the first.
	SumAlong float64 `json:"along,omitempty"`
	SumWhole float64 `json:"whole,omitempty"`
}

// Add returns the state after one more measurement. examples is how many were
// consumed since the one before, those of the batch that was measured included.
// A measurement that is not finite only lets the past fade.
func (n Noise) Add(p Pieces, examples float64) Noise {
	n = n.fade(examples)
	if !p.finite() || len(p.N) < 2 || !(examples > 0) {
		return n
	}
	s, q := p.Estimate()
	w := examples
	ws, wq := float64(w*s), float64(w*q)
	n.Count++
	n.Weight, n.SumS, n.SumQ = n.Weight+w, n.SumS+ws, n.SumQ+wq
	n.Weight2, n.SumS2, n.SumQ2 = n.Weight2+float64(w*w), n.SumS2+float64(w*ws), n.SumQ2+float64(w*wq)
	n.SumSS, n.SumSQ, n.SumQQ = n.SumSS+float64(ws*ws), n.SumSQ+float64(ws*wq), n.SumQQ+float64(wq*wq)
	if a := p.Along(); !math.IsNaN(a) {
		n.SumAlong, n.SumWhole = n.SumAlong+float64(w*a), n.SumWhole+float64(w*p.Whole)
	}
	return n
}

// fade lets so many examples pass.
func (n Noise) fade(examples float64) Noise {
	if !(examples > 0) {
		return n
	}
	d := portmath.PowInt(n.Examples/(n.Examples+examples), memory)
	n.Examples += examples
	for _, x := range []*float64{&n.Weight, &n.SumS, &n.SumQ, &n.SumAlong, &n.SumWhole} {
		*x *= d
	}
	for _, x := range []*float64{&n.Weight2, &n.SumS2, &n.SumQ2, &n.SumSS, &n.SumSQ, &n.SumQQ} {
		*x *= float64(d * d)
	}
	return n
}

// Samples returns how many measurements were added.
func (n Noise) Samples() int { return n.Count }

// S returns the mean estimate of tr Σ, NaN before the first measurement.
func (n Noise) S() float64 { return n.SumS / n.Weight }

// Q returns the mean estimate of ‖G‖², NaN before the first measurement. It may
// be 0 or less.
func (n Noise) Q() float64 { return n.SumQ / n.Weight }

// Along returns the part of S that lies along the gradient: the variance of
// ⟨g_i, u⟩ over examples, u being the direction of G_B, as the ratio of the means
// of Pieces.Along and ‖G_B‖². It is NaN if no measurement had two pieces.
func (n Noise) Along() float64 { return n.SumAlong / n.SumWhole }

// Scale returns the noise scale φ = S/Q, in examples. ok is false if Q is not
// above 0: the noise scale is larger than what the measurements so far resolve;
// and before the first.
func (n Noise) Scale() (phi float64, ok bool) {
	s, q := n.S(), n.Q()
	if !(q > 0) || !(s >= 0) {
		return math.Inf(1), false
	}
	return s / q, true
}

// Interval returns limits that hold the noise scale with a confidence of 95 %,
// by Fieller's theorem for the ratio of two means: the values 1/φ at which the
// mean of Q - S/φ does not differ from 0. high is +Inf while Q does not differ
// from 0, and low is +Inf if it is below. Before the third measurement they
// are 0 and +Inf. It is sampling error alone: what φ did within the window is
// not in it.
func (n Noise) Interval() (low, high float64) {
	if n.Count < 3 {
		return 0, math.Inf(1)
	}
	s, q := n.S(), n.Q()
	ss, sq, qq, freedom := n.variances()
	t := student95(freedom)
	t2 := float64(t * t)
	// (q - ψs)² = t²(qq - 2ψ·sq + ψ²·ss), a quadratic in ψ = 1/φ.
	a := float64(s*s) - float64(t2*ss)
	if !(a > 0) || s < 0 {
		if s == 0 && ss == 0 && q > 0 {
			return 0, 0 // all examples are equal
		}
		return 0, math.Inf(1)
	}
	b, c := float64(s*q)-float64(t2*sq), float64(q*q)-float64(t2*qq)
	r := math.Sqrt(max(0, float64(b*b)-float64(a*c)))
	return inverse((b + r) / a), inverse((b - r) / a)
}

func inverse(x float64) float64 {
	if x > 0 {
		return 1 / x
	}
	return math.Inf(1)
}

// variances returns the variances and the covariance of the means S and Q, and
// their degrees of freedom: those of as many equal measurements as have the
// same Σw²/(Σw)².
func (n Noise) variances() (ss, sq, qq, freedom float64) {
	s, q, w2 := n.S(), n.Q(), float64(n.Weight*n.Weight)
	freedom = max(1, w2/n.Weight2-1)
	scale := (freedom + 1) / freedom / w2
	moment := func(xy, x, y, mx, my float64) float64 {
		return float64(scale * (xy - float64(mx*y) - float64(my*x) + float64(float64(mx*my)*n.Weight2)))
	}
	ss = max(0, moment(n.SumSS, n.SumS2, n.SumS2, s, s))
	qq = max(0, moment(n.SumQQ, n.SumQ2, n.SumQ2, q, q))
	return ss, moment(n.SumSQ, n.SumS2, n.SumQ2, s, q), qq, freedom
}

// student95 returns the 97.5 % quantile of Student's t, by the first terms of
// its expansion around the normal one (Abramowitz and Stegun, 26.7.5): within
// 1 % from 3 degrees of freedom on.
func student95(freedom float64) float64 {
	const z = 1.959963984540054
	const g1 = (z*z*z + z) / 4
	const g2 = (5*z*z*z*z*z + 16*z*z*z + 3*z) / 96
	const g3 = (3*z*z*z*z*z*z*z + 19*z*z*z*z*z + 17*z*z*z - 15*z) / 384
	return z + (g1+(g2+g3/freedom)/freedom)/freedom
}
