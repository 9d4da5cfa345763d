package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// ScaleByRAdam is the direction of rectified Adam, with Adam's m and v:
//
//	m/(1-β₁ᵗ) · rₜ·√(1-β₂ᵗ)/(√v + ε)    if ρₜ > 5, else m/(1-β₁ᵗ)
//	ρ∞ = 2/(1-β₂) - 1, ρₜ = ρ∞ - 2t·β₂ᵗ/(1-β₂ᵗ)
//	rₜ = √((ρₜ-4)(ρₜ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρₜ))
//
// State: "m" and "v", from 0. Liu et al., ICLR 2020, algorithm 2, whose
// threshold is 4: 5, and where ε stands, are PyTorch's.
type ScaleByRAdam struct{ Beta1, Beta2, Eps float64 }

// DefaultRAdam returns β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
func DefaultRAdam() ScaleByRAdam { return ScaleByRAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// Update implements Transform.
func (a ScaleByRAdam) Update(c *Context, p, u *graph.Node) *graph.Node {
	m, v := c.moments(p, u, a.Beta1, a.Beta2)
	c.correctMean(a.Beta1)
	rect := c.Hyper(fmt.Sprintf("radam(%g)", a.Beta2), func(h Hyper) float64 { return a.rectified(h.Update) })
	scaled := c.Div(rect, c.Add(c.Sqrt(v), c.Const(a.Eps)))
	return c.Mul(m, c.Select(rect, scaled, c.Const(1)))
}

// rectified returns rₜ·√(1-β₂ᵗ), or 0 while v is not to be used.
func (a ScaleByRAdam) rectified(t int64) float64 {
	power := portmath.PowInt(a.Beta2, t)
	limit := 2/(1-a.Beta2) - 1
	rho := limit - float64(2*float64(t)*power)/(1-power)
	if rho <= 5 {
		return 0
	}
	square := (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
	return math.Sqrt(float64(square * (1 - power)))
}

// Validate reports an impossible setting.
func (a ScaleByRAdam) Validate() error { return betasAndEps(a.Beta1, a.Beta2, a.Eps) }
