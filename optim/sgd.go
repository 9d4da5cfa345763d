package optim

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// AddDecay adds λ·p to the direction: the gradient of ½λ‖p‖², "L2".
func AddDecay(lambda float64) Transform { return addDecay(lambda) }

type addDecay float64

func (d addDecay) Update(c *Context, p, u *graph.Node) *graph.Node {
	if d == 0 || !c.Decays() {
		return u
	}
	return c.FMA(c.Const(float64(d)), p, u)
}

func (d addDecay) Validate() error { return atLeastZero("weight decay", float64(d)) }

// Trace is momentum: b ← μ·b + (1-d)·u, but b ← u at the first update. It
// returns b, or u + μ·b if Nesterov. State: "momentum".
//
// Source: Sutskever, Martens, Dahl, Hinton, ICML 2013, section 2, in PyTorch's
// form, which keeps gradients in b, so a change of the rate acts on all of b.
type Trace struct {
	Momentum  float64 // μ, in [0, 1)
	Dampening float64 // d; Nesterov needs 0
	Nesterov  bool
}

// Update implements Transform.
func (t Trace) Update(c *Context, p, u *graph.Node) *graph.Node {
	if t.Momentum == 0 {
		return u
	}
	mu := c.Const(t.Momentum)
	b := c.State(p, "momentum", 0)
	in := u
	if t.Dampening != 0 {
		take := 1 - t.Dampening
		in = c.Mul(c.Hyper(fmt.Sprintf("undamped(%g)", t.Dampening), func(h Hyper) float64 {
			if h.Update == 1 {
				return 1
			}
			return take
		}), u)
	}
	b = c.Set(b, c.FMA(mu, b, in))
	if t.Nesterov {
		return c.FMA(mu, b, u)
	}
	return b
}

// Validate implements the check of Optimizer.Validate.
func (t Trace) Validate() error {
	if t.Nesterov && (t.Dampening != 0 || t.Momentum == 0) {
		return fmt.Errorf("optim: Nesterov with momentum %g and dampening %g, want a momentum above 0 and no dampening", t.Momentum, t.Dampening)
	}
	if !(t.Momentum >= 0 && t.Momentum < 1) {
		return fmt.Errorf("optim: momentum %g, want 0 or more and less than 1", t.Momentum)
	}
	return nil
}

func atLeastZero(what string, v float64) error {
	if !(v >= 0) {
		return fmt.Errorf("optim: %s %g, want 0 or more", what, v)
	}
	return nil
}

// SGD is w ← w - η·g: descent along the mean gradient of a batch.
func SGD(lr float64) Optimizer { return Optimizer{LR: lr} }

// Momentum is SGD with Trace: b ← μ·b + g, w ← w - η·b. A μ of 0.9 is usual.
func Momentum(lr, mu float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{Trace{Momentum: mu}}}
}

// Nesterov is Momentum that looks ahead: w ← w - η·(g + μ·b).
func Nesterov(lr, mu float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{Trace{Momentum: mu, Nesterov: true}}}
}
