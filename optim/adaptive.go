package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// ScaleByAdaGrad divides by the root of the sum of all squares so far:
//
//	s ← s + u²,  u ← u / (√s + ε) / (1 + (t-1)·LRDecay)
//
// State: "sum", from Initial. Source: Duchi, Hazan, Singer, JMLR 12 (2011),
// figure 1. PyTorch's rule and defaults; Keras starts the sum at 0.1.
type ScaleByAdaGrad struct {
	Eps     float64 // 1e-10
	LRDecay float64 // 0
	Initial float64 // 0
}

// Update implements Transform.
func (a ScaleByAdaGrad) Update(c *Context, p, u *graph.Node) *graph.Node {
	s := c.State(p, "sum", a.Initial)
	s = c.Set(s, c.FMA(u, u, s))
	if a.LRDecay != 0 {
		c.ScaleStep(fmt.Sprintf("lrdecay(%g)", a.LRDecay), func(h Hyper) float64 {
			return 1 / (1 + float64(float64(h.Update-1)*a.LRDecay))
		})
	}
	return c.Div(u, c.Add(c.Sqrt(s), c.Const(a.Eps)))
}

// Validate implements the check of Optimizer.Validate.
func (a ScaleByAdaGrad) Validate() error {
	return firstError(atLeastZero("AdaGrad eps", a.Eps), atLeastZero("AdaGrad lr decay", a.LRDecay), atLeastZero("AdaGrad initial sum", a.Initial))
}

// ScaleByRMS divides by the root of a running mean of squares:
//
//	v ← α·v + (1-α)·u²,  u ← u / (√v + ε)
//
// or, centered, with √(v - a²), a a running mean of u. There is no bias
// correction. State: "square", and "mean" if centered. Source: Tieleman,
// Hinton, lecture 6.5 of "Neural networks for machine learning", 2012;
// centered: Graves, arXiv:1308.0850, equations 38 to 45. PyTorch's rule; a
// v - a² that rounding made negative counts as 0.
type ScaleByRMS struct {
	Alpha    float64 // 0.99
	Eps      float64 // 1e-8, outside the root
	Centered bool
}

// Update implements Transform.
func (r ScaleByRMS) Update(c *Context, p, u *graph.Node) *graph.Node {
	v := average(c, p, "square", r.Alpha, c.Mul(u, u))
	if r.Centered {
		a := average(c, p, "mean", r.Alpha, u)
		v = c.Max(c.Sub(v, c.Mul(a, a)), c.Const(0))
	}
	return c.Div(u, c.Add(c.Sqrt(v), c.Const(r.Eps)))
}

// Validate implements the check of Optimizer.Validate.
func (r ScaleByRMS) Validate() error {
	return firstError(share("RMSProp alpha", r.Alpha), atLeastZero("RMSProp eps", r.Eps))
}

// ScaleByAdam is the direction of Adam:
//
//	m ← β₁·m + (1-β₁)·u
//	v ← β₂·v + (1-β₂)·u²
//	u ← m/(1-β₁ᵗ) / (√v/√(1-β₂ᵗ) + ε)
//
// State: "m" and "v". Source: Kingma, Ba, ICLR 2015, algorithm 1, with ε added
// after the correction of √v, as in PyTorch.
type ScaleByAdam struct {
	Beta1 float64 // 0.9
	Beta2 float64 // 0.999
	Eps   float64 // 1e-8
}

// Update implements Transform.
func (a ScaleByAdam) Update(c *Context, p, u *graph.Node) *graph.Node {
	m := average(c, p, "m", a.Beta1, u)
	v := average(c, p, "v", a.Beta2, c.Mul(u, u))
	root := c.Hyper(fmt.Sprintf("adam.v(%g)", a.Beta2), func(h Hyper) float64 {
		return 1 / math.Sqrt(1-portmath.PowInt(a.Beta2, h.Update))
	})
	c.ScaleStep(fmt.Sprintf("adam.m(%g)", a.Beta1), func(h Hyper) float64 {
		return 1 / (1 - portmath.PowInt(a.Beta1, h.Update))
	})
	return c.Div(m, c.FMA(c.Sqrt(v), root, c.Const(a.Eps)))
}

// Validate implements the check of Optimizer.Validate.
func (a ScaleByAdam) Validate() error {
	return firstError(share("Adam beta1", a.Beta1), share("Adam beta2", a.Beta2), atLeastZero("Adam eps", a.Eps))
}

// average updates the running mean x ← x + (1-β)·(u - x), and returns it.
func average(c *Context, p *graph.Node, name string, beta float64, u *graph.Node) *graph.Node {
	x := c.State(p, name, 0)
	return c.Set(x, c.FMA(c.Const(1-beta), c.Sub(u, x), x))
}

func share(what string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("optim: %s %g, want 0 or more and less than 1", what, v)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// DecoupledDecay multiplies the parameter by 1 - η·λ, apart from the gradient.
// Source: Loshchilov, Hutter, ICLR 2019, algorithm 2; as in PyTorch, η is the
// whole rate, with its schedule.
func DecoupledDecay(lambda float64) Transform { return decoupledDecay(lambda) }

type decoupledDecay float64

func (d decoupledDecay) Update(c *Context, p, u *graph.Node) *graph.Node {
	if d != 0 {
		c.Shrink(float64(d))
	}
	return u
}

func (d decoupledDecay) Validate() error { return atLeastZero("weight decay", float64(d)) }

// AdaGrad is the chain of ScaleByAdaGrad with its defaults; 0.01 is PyTorch's
// rate.
func AdaGrad(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{ScaleByAdaGrad{Eps: 1e-10}}}
}

// RMSProp is the chain of ScaleByRMS with its defaults; 0.01 is PyTorch's
// rate. With momentum, b ← μ·b + u and w ← w - η·b, append Trace.
func RMSProp(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{ScaleByRMS{Alpha: 0.99, Eps: 1e-8}}}
}

// Adam is the chain of ScaleByAdam with its defaults; 1e-3 is usual.
func Adam(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{ScaleByAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}}}
}

// AdamW is Adam with a decoupled decay of 0.01. WithDecay after Adam sets
// another.
func AdamW(lr float64) Optimizer { return Adam(lr).WithDecay(0.01) }

// WithL2 adds λ·w to the gradient, before everything else of the chain.
func (o Optimizer) WithL2(lambda float64) Optimizer {
	o.Chain = append([]Transform{AddDecay(lambda)}, o.Chain...)
	return o
}

// WithDecay multiplies weights by 1 - η·λ at each update.
func (o Optimizer) WithDecay(lambda float64) Optimizer {
	o.Chain = append([]Transform{DecoupledDecay(lambda)}, o.Chain...)
	return o
}
