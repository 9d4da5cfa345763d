package optim

import "github.com/descent-ml/descent/graph"

// ScaleByAdaDelta is the direction of AdaDelta:
//
//	v ← ρ·v + (1-ρ)·u²
//	Δ = √(d + ε) / √(v + ε) · u
//	d ← ρ·d + (1-ρ)·Δ²
//
// State: "v" and "delta", from 0. Zeiler, arXiv:1212.5701, algorithm 1.
type ScaleByAdaDelta struct{ Rho, Eps float64 }

// DefaultAdaDelta returns ρ = 0.9, ε = 1e-6, which are PyTorch's.
func DefaultAdaDelta() ScaleByAdaDelta { return ScaleByAdaDelta{Rho: 0.9, Eps: 1e-6} }

// Update implements Transform.
func (a ScaleByAdaDelta) Update(c *Context, p, u *graph.Node) *graph.Node {
	v, d := c.State(p, "v", 0), c.State(p, "delta", 0)
	eps := c.Const(a.Eps)
	v = c.Set(v, c.averageSquare(v, u, a.Rho))
	delta := c.Mul(c.Div(c.Sqrt(c.Add(d, eps)), c.Sqrt(c.Add(v, eps))), u)
	c.Set(d, c.averageSquare(d, delta, a.Rho))
	return delta
}

// Validate reports an impossible setting.
func (a ScaleByAdaDelta) Validate() error {
	if err := rate("rho", a.Rho); err != nil {
		return err
	}
	return nonNegative("eps", a.Eps)
}
