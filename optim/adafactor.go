package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// ScaleByAdafactor is the direction of Adafactor: Adam's without momentum,
// where the mean square of a matrix is a product of its rows' and columns':
//
//	β₂ = 1 - t^(-0.8), q = u² + ε₁
//	R ← β₂·R + (1-β₂)·(mean of q along rows), C likewise along columns
//	û = u/√(R·Cᵀ/mean(R)), and û/max(1, RMS(û)/d)
//	û·max(ε₂, RMS(p))                      if ScaleParameter
//	at the rate min(η, 1/√t) in place of η if RelativeStep
//
// Parameters with fewer than two axes have a plain mean of q; those with more
// are a matrix (first axis, others), weights of convolutions (others, outputs).
// State: "rows" and "columns", or "v"; from 0. Shazeer, Stern, ICML 2018, algorithms 4 to 6.
type ScaleByAdafactor struct {
	DecayRate, Eps1, Eps2, Clip  float64 // 0.8, ε₁, ε₂, d; d = 0 is no limit
	ScaleParameter, RelativeStep bool
}

// DefaultAdafactor returns the settings of the paper.
func DefaultAdafactor() ScaleByAdafactor {
	return ScaleByAdafactor{DecayRate: 0.8, Eps1: 1e-30, Eps2: 1e-3, Clip: 1, ScaleParameter: true, RelativeStep: true}
}

// Adafactor follows ScaleByAdafactor, with decoupled decay of 0 unless
// WeightDecay changes it. State: a number for each row and column. η is the most
// that the relative rate gets; 0.01 in the paper.
func Adafactor(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DecoupledDecay(0), DefaultAdafactor()}}
}

// Update implements Transform.
func (a ScaleByAdafactor) Update(c *Context, p, u *graph.Node) *graph.Node {
	fresh := c.Hyper(fmt.Sprintf("adafactor(%g)", a.DecayRate), func(h Hyper) float64 {
		return portmath.Pow(float64(h.Update), -a.DecayRate)
	})
	q := c.FMA(u, u, c.Const(a.Eps1))
	if len(p.Shape.Dims) < 2 {
		v := c.State(p, "v", 0)
		u = c.Div(u, c.Sqrt(c.Set(v, c.toward(v, q, fresh))))
	} else {
		u = c.factored(p, u, q, fresh)
	}
	scale := c.Const64(1)
	if a.Clip > 0 {
		scale = c.Div(scale, c.Max(c.Const64(1), c.Mul(c.rms(u), c.Const64(1/a.Clip))))
	}
	if a.ScaleParameter {
		scale = c.Mul(scale, c.Max(c.Const64(a.Eps2), c.rms(p)))
	}
	if a.RelativeStep {
		c.ScaleStep("adafactor.step", relativeStep)
	}
	return c.Mul(c.scalar(scale), u)
}

// relativeStep takes the learning rate to at most 1/√t.
func relativeStep(h Hyper) float64 {
	if most := 1 / math.Sqrt(float64(h.Update)); h.LR > most {
		return most / h.LR
	}
	return 1
}

// toward returns v + k·(q - v) as (1-k)·v + k·q.
func (c *Context) toward(v, q, k *graph.Node) *graph.Node {
	return c.FMA(k, q, c.Mul(c.Sub(c.Const(1), k), v))
}

// factored divides u by the root of the factored mean of q.
func (c *Context) factored(p, u, q, fresh *graph.Node) *graph.Node {
	n := p.Shape.Dims[0]
	if layerWeight(p) {
		n = inputsOf(p)
	}
	m := p.Shape.Size() / n
	q = c.Reshape(q, n, m)
	rows, columns := c.state(p, "rows", 0, n), c.state(p, "columns", 0, m)
	r := c.Set(rows, c.toward(rows, c.ReduceMean(q, 1), fresh))
	k := c.Set(columns, c.toward(columns, c.ReduceMean(c.Transpose(q, 1, 0), 1), fresh))
	one := c.Const(1)
	byRow := c.Div(one, c.Sqrt(c.Div(r, c.ReduceMean(r, 1))))
	byColumn := c.Div(one, c.Sqrt(k))
	scaled := c.Mul(c.Mul(c.Reshape(u, n, m), c.Reshape(byRow, n, 1)), byColumn)
	return c.Reshape(scaled, p.Shape.Dims...)
}

// Validate reports an impossible setting.
func (a ScaleByAdafactor) Validate() error {
	for _, v := range []float64{a.Eps1, a.Eps2, a.Clip} {
		if err := nonNegative("eps or limit of Adafactor", v); err != nil {
			return err
		}
	}
	if !(a.DecayRate > 0 && a.DecayRate <= 1) {
		return fmt.Errorf("optim: decay rate %v of Adafactor, want above 0 and at most 1", a.DecayRate)
	}
	return nil
}
