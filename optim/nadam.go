package optim

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// ScaleByNAdam is the direction of NAdam, with Adam's m and v:
//
//	μᵢ = β₁·(1 - ½·0.96^(i·ψ)), Πₜ = μ₁·…·μₜ
//	((1-μₜ)/(1-Πₜ)·u + μₜ₊₁/(1-Πₜ₊₁)·m) / (√v/√(1-β₂ᵗ) + ε)
//
// State: "m" and "v", from 0. Dozat, ICLR workshop 2016, algorithm 2 and its
// appendix for μ; PyTorch's NAdam.
type ScaleByNAdam struct{ Beta1, Beta2, Eps, MomentumDecay float64 }

// DefaultNAdam returns β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ψ = 4e-3.
func DefaultNAdam() ScaleByNAdam {
	return ScaleByNAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, MomentumDecay: 4e-3}
}

// Update implements Transform.
func (a ScaleByNAdam) Update(c *Context, p, u *graph.Node) *graph.Node {
	m, v := c.moments(p, u, a.Beta1, a.Beta2)
	name := fmt.Sprintf("(%g,%g)", a.Beta1, a.MomentumDecay)
	now := c.Hyper("nadam.u"+name, func(h Hyper) float64 {
		return (1 - a.mu(h.Update)) / (1 - a.product(h.Update))
	})
	next := c.Hyper("nadam.m"+name, func(h Hyper) float64 {
		return a.mu(h.Update+1) / (1 - a.product(h.Update+1))
	})
	return c.Div(c.FMA(now, u, c.Mul(next, m)), c.correctedRoot(v, a.Beta2, a.Eps))
}

// mu is the momentum of update t.
func (a ScaleByNAdam) mu(t int64) float64 {
	return float64(a.Beta1 * (1 - float64(0.5*portmath.Pow(0.96, float64(t)*a.MomentumDecay))))
}

// product is Π of μ₁ to μₜ. Factors that no longer change 1 - Π are left out.
func (a ScaleByNAdam) product(t int64) float64 {
	all := 1.0
	for i := int64(1); i <= t && all > 0x1p-60; i++ {
		all = float64(all * a.mu(i))
	}
	return all
}

// Validate reports an impossible setting.
func (a ScaleByNAdam) Validate() error {
	if err := nonNegative("momentum decay", a.MomentumDecay); err != nil {
		return err
	}
	return betasAndEps(a.Beta1, a.Beta2, a.Eps)
}
