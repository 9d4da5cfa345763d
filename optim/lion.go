package optim

import "github.com/descent-ml/descent/graph"

// SignByLion is the direction of Lion, whose elements are -1, 0 and 1:
//
//	sign(β₁·m + (1-β₁)·u), then m ← β₂·m + (1-β₂)·u
//
// State: "m", from 0. Chen et al., NeurIPS 2023, algorithm 2.
type SignByLion struct{ Beta1, Beta2 float64 }

// DefaultLion returns β₁ = 0.9, β₂ = 0.99.
func DefaultLion() SignByLion { return SignByLion{Beta1: 0.9, Beta2: 0.99} }

// Update implements Transform.
func (l SignByLion) Update(c *Context, p, u *graph.Node) *graph.Node {
	m := c.State(p, "m", 0)
	direction := c.Sign(c.average(m, u, l.Beta1))
	c.Set(m, c.average(m, u, l.Beta2))
	return direction
}

// Validate reports an impossible setting.
func (l SignByLion) Validate() error { return betasAndEps(l.Beta1, l.Beta2, 0) }
