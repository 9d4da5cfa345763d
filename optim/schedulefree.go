package optim

import (
	"github.com/descent-ml/descent/graph"
)

// ScheduleFree replaces a falling learning rate by an average of the iterates
// (Defazio et al., NeurIPS 2024, equations 1 to 3 and algorithm 1):
//
//	z ← z - η·(u + λ·y)
//	x ← (1-c)·x + c·z, with c the share of this update in Σ ηmax²
//	y ← (1-β)·z + β·x
//
// The parameters are y, at which gradients are taken; u is the direction of the
// chain. Evaluation and the saved model use x. State: "z" and "x" of each
// parameter, from the first weights, and two numbers.
type ScheduleFree struct{ Beta float64 }

// ScheduleFreeSGD is gradient descent with ScheduleFree, β = 0.9. Authors'
// default η is 1; a warm-up is advised, another schedule is not.
func ScheduleFreeSGD(lr float64) Optimizer {
	return Optimizer{LR: lr, ScheduleFree: &ScheduleFree{Beta: 0.9}}
}

// ScheduleFreeAdamW divides by the root of Adam's v, has decoupled decay of 0
// unless WeightDecay changes it, and ScheduleFree with β = 0.9. Authors' default
// η is 0.0025.
func ScheduleFreeAdamW(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DecoupledDecay(0), ScaleByRoot{Beta2: 0.999, Eps: 1e-8}}, ScheduleFree: &ScheduleFree{Beta: 0.9}}
}

// update returns y after the update, for the direction u at y = p.
func (s *ScheduleFree) update(c *Context, p, u *graph.Node) *graph.Node {
	z, x := c.copyOf(p, "z"), c.copyOf(p, "x")
	step, decay := c.rate(), c.decayRate()
	next := c.FMA(step, u, z.now)
	if decay != nil {
		next = c.FMA(c.Neg(decay), p, next)
	}
	share := c.averageShare()
	mean := c.FMA(share, next, c.Mul(c.Sub(c.Const(1), share), x.now))
	c.Assign(z.node, next)
	c.Assign(x.node, mean)
	c.up.evals = append(c.up.evals, Eval{Param: p, State: x.node})
	return c.FMA(c.Const(s.Beta), mean, c.Mul(c.Const(1-s.Beta), next))
}

// averageShare returns c = ηmax²/Σ ηmax², which all parameters have in common.
// The sum is kept in units of ηmax², as a count of updates.
func (c *Context) averageShare() *graph.Node {
	if c.up.share != nil {
		return c.up.share
	}
	most := c.StateVar("optim/schedule_free/lr_max", graph.Init{Rule: "zeros"})
	count := c.StateVar("optim/schedule_free/count", graph.Init{Rule: "zeros"})
	lr := c.Hyper("lr", func(h Hyper) float64 { return h.LR })
	larger := c.Gt(lr, most)
	ratio := c.Div(most, lr)
	earlier := c.Select(larger, c.Mul(count, c.Mul(ratio, ratio)), count)
	next := c.Add(earlier, c.Const(1))
	c.Assign(most, c.Max(most, lr))
	c.Assign(count, next)
	c.up.share = c.Div(c.Const(1), next)
	return c.up.share
}

func (s *ScheduleFree) validate() error { return rate("ScheduleFree's beta", s.Beta) }

// ScaleByRoot divides by the root of Adam's v: u/(√v/√(1-β₂ᵗ) + ε). State: "v".
type ScaleByRoot struct{ Beta2, Eps float64 }

// Update implements Transform.
func (s ScaleByRoot) Update(c *Context, p, u *graph.Node) *graph.Node {
	v := c.State(p, "v", 0)
	v = c.Set(v, c.averageSquare(v, u, s.Beta2))
	return c.Div(u, c.correctedRoot(v, s.Beta2, s.Eps))
}

// Validate reports an impossible setting.
func (s ScaleByRoot) Validate() error { return betasAndEps(0, s.Beta2, s.Eps) }
