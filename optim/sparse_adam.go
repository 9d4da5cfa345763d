package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// ScaleBySparseAdam is Adam's direction in the form of PyTorch's SparseAdam:
//
//	√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
//
// with Adam's m and v, and t the number of the update, not of the row's own
// updates: it differs from Adam in where ε stands, also where every row is
// touched. State: "m" and "v", from 0, which in rows that are not touched stay
// as they are.
type ScaleBySparseAdam struct{ Beta1, Beta2, Eps float64 }

// DefaultSparseAdam returns β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
func DefaultSparseAdam() ScaleBySparseAdam {
	return ScaleBySparseAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
}

// SparseAdam follows ScaleBySparseAdam. State: m and v. PyTorch's default η is
// 1e-3; it has no weight decay.
func SparseAdam(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DefaultSparseAdam()}}
}

// Update implements Transform.
func (a ScaleBySparseAdam) Update(c *Context, p, u *graph.Node) *graph.Node {
	m, v := c.moments(p, u, a.Beta1, a.Beta2)
	c.ScaleStep(fmt.Sprintf("sparse_adam(%g,%g)", a.Beta1, a.Beta2), func(h Hyper) float64 {
		return math.Sqrt(1-portmath.PowInt(a.Beta2, h.Update)) / (1 - portmath.PowInt(a.Beta1, h.Update))
	})
	return c.Div(m, c.Add(c.Sqrt(v), c.Const(a.Eps)))
}

// Validate reports an impossible setting.
func (a ScaleBySparseAdam) Validate() error { return betasAndEps(a.Beta1, a.Beta2, a.Eps) }

func (a ScaleBySparseAdam) withBetas(b1, b2 float64) hasBetas { a.Beta1, a.Beta2 = b1, b2; return a }
func (a ScaleBySparseAdam) withEps(eps float64) hasEps        { a.Eps = eps; return a }
