package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Coupling is the rule from the batch size to the learning rate: what an update
// of B examples uses, when the optimizer's settings are meant for B₀, with κ =
// B/B₀. The zero value, None, leaves everything as it is. No rule changes
// momentum: it holds gradients here, so that a new rate applies to all of it at
// once, and needs no correction (Goyal et al., section 3).
//
// A coupling does not warm up. Goyal et al. reach κη in five epochs; that is a
// WarmUp schedule.
type Coupling struct {
	rule  couplingRule
	decay bool    // see WithDecay
	most  float64 // see UpTo; 0 is no limit
}

type couplingRule uint8

const (
	noCoupling couplingRule = iota
	linearRate
	squareRoot
	adaScale
	adamSDE
)

// couplingNames are those of a configuration, by rule.
var couplingNames = [...]string{"none", "linear", "sqrt", "adascale", "adam_sde"}

// None keeps the learning rate whatever the batch size.
func None() Coupling { return Coupling{} }

// LinearRate is η = κη₀, for SGD: Goyal et al., arXiv:1706.02677, section 2.1.
// κ updates of B₀ then go about as far as one of B, as long as B is far below
// the noise scale; above it the rate is too large, and in the end diverges.
func LinearRate() Coupling { return Coupling{rule: linearRate} }

// SquareRoot is η = √κ·η₀: the variance of an update's step then does not depend
// on B, nor does it for κ updates of Adam and its relatives, whose step has a size of its own: Malladi et
// al., NeurIPS 2022, without what AdamSDE changes besides.
func SquareRoot() Coupling { return Coupling{rule: squareRoot} }

// AdaScale is η = r·η₀ with the gain r of the measured noise, for SGD: Johnson,
// Agrawal, Gu, Guestrin, ICML 2020, algorithm 1. r is between 1, where the
// gradient is all signal and a larger batch tells nothing new, and κ, where it
// is all noise. See Gain, and CouplingState for its count of iterations.
//
// Until the noise has been measured r is min(1, κ), which is safe; the paper's
// code too starts from 1.
func AdaScale() Coupling { return Coupling{rule: adaScale} }

// AdamSDE keeps the stochastic differential equation that Adam follows where
// noise dominates: Malladi, Lyu, Panigrahi, Arora, NeurIPS 2022, definition 5.2,
//
//	η = √κ·η₀, 1-β₁ = κ(1-β₁⁰), 1-β₂ = κ(1-β₂⁰), ε = ε₀/√κ
//
// and definition 5.1, the same for RMSProp's α. Where κ(1-β) would be above 1
// the β is 0. With β that changes, the corrections 1 - βᵗ of Adam are 1 - Π of
// the β of all updates: CouplingState keeps the products.
//
// It is for Adam and AdamW without AMSGrad, and for plain RMSProp, of parameters
// that are not sparse; Validate and Fits refuse others.
func AdamSDE() Coupling { return Coupling{rule: adamSDE} }

// WithDecay rescales decoupled weight decay so that its time scale, in examples,
// does not depend on the batch size: an update of B shrinks weights by κη₀λ, as
// κ updates of B₀ do, whatever the rule makes of η. So λ becomes λκη₀/η: √κ·λ
// under square roots, λ under LinearRate. Wang, Aitchison, arXiv:2405.13698.
// Decay in the gradient (AddDecay) is part of the loss, and stays.
func (c Coupling) WithDecay() Coupling { c.decay = true; return c }

// UpTo bounds the growth of the rate: κ counts as κ(1 + 1/m)/(1 + κ/m), which is κ for
// small batches, 1 at B0, and at most m+1. It is AdaScale's gain of a noise scale of m·B0.
func (c Coupling) UpTo(m float64) Coupling { c.most = m; return c }

// Most returns the κ from which the rate hardly grows, +Inf if it always does: m of UpTo, 1 of None.
func (c Coupling) Most() float64 {
	switch {
	case c.rule == noCoupling:
		return 1
	case c.most > 0:
		return c.most
	}
	return math.Inf(1)
}

// ParseCoupling reads what String writes: none, linear, sqrt, adascale or
// adam_sde.
func ParseCoupling(name string) (Coupling, error) {
	i := slices.Index(couplingNames[:], name)
	if i < 0 {
		return Coupling{}, fmt.Errorf("optim: coupling %q, want one of %s", name, strings.Join(couplingNames[:], ", "))
	}
	return Coupling{rule: couplingRule(i)}, nil
}

// String is the name in configurations, which leaves WithDecay out.
func (c Coupling) String() string { return couplingNames[c.rule] }

// Needs reports whether the rule needs the noise of gradients: Progress.Gain.
func (c Coupling) Needs() bool { return c.rule == adaScale }

// Rate returns the factor of the learning rate at a point, η/η₀ for equal
// schedules.
func (c Coupling) Rate(at Progress) float64 {
	kappa, gain := c.bounded(at.scale()), c.bounded(at.gain())
	switch c.rule {
	case linearRate:
		return kappa
	case squareRoot, adamSDE:
		return math.Sqrt(kappa)
	case adaScale:
		return gain
	}
	return 1
}

// bounded is what UpTo leaves of κ.
func (c Coupling) bounded(kappa float64) float64 {
	if c.most == 0 {
		return kappa
	}
	return kappa * (1 + 1/c.most) / (1 + kappa/c.most)
}

// Decay returns the factor of λ of decoupled decay at a point: κη₀/η with
// WithDecay, else 1.
func (c Coupling) Decay(at Progress) float64 {
	if !c.decay || c.rule == noCoupling {
		return 1
	}
	return at.scale() / c.Rate(at)
}

// WithCoupling sets Coupling, and Base, the batch size that the settings are
// meant for; 0 is that of the first update.
func (o Optimizer) WithCoupling(c Coupling, base int) Optimizer {
	o.Coupling, o.Base = c, base
	return o
}

// scale is κ.
func (p Progress) scale() float64 {
	if p.Scale == 0 {
		return 1
	}
	return p.Scale
}

// gain is r.
func (p Progress) gain() float64 {
	if p.Gain == 0 {
		return min(1, p.scale())
	}
	return p.Gain
}

// Gain returns AdaScale's gain of a batch of size over one of base,
//
//	r = (S/B₀ + Q)/(S/B + Q)
//
// with S = tr Σ of an example's gradient and Q = ‖G‖², as estimated; it is the
// paper's (σ² + μ²)/(σ²/κ + μ²), with σ² = S/B₀. An estimate below 0 counts as
// 0, as in FairScale; without either r is 1. r is between 1 and κ. Sizes are
// examples, more than 0.
func Gain(s, q float64, base, size int) float64 {
	s, q = max(s, 0), max(q, 0)
	before, now := s/float64(base)+q, s/float64(size)+q
	if !(now > 0) || math.IsInf(before, 0) {
		return min(1, float64(size)/float64(base))
	}
	return before / now
}
