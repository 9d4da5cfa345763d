package optim

import "github.com/descent-ml/descent/graph"

// FollowLeader is FTRL-Proximal, which takes a parameter straight to the
// minimum of all gradients so far, as planes, with a proximal term for each
// update and the penalties L1·|w| and ½·L2·w², η being α:
//
//	n' = n + u²
//	z' = z + r·u - (√n' - √n)/α·w
//	w' = -(z' - sign(z')·L1) / ((β + √n')/α + L2)    0 if |z'| ≤ L1
//
// State: "n" and "z", from 0. McMahan et al., "Ad Click Prediction: a View from
// the Trenches", KDD 2013, algorithm 1, which has it for weights that start at
// 0 and a constant rate; there it is the same. Here
//
//   - weights may start anywhere, as those of embeddings do: an element stays
//     as it is until its first gradient other than 0, when z starts at
//     -β/α·w, so that the first term, too, is around the first weight;
//   - r is the schedule's factor of the rate: it is 1 without a schedule.
//
// With L1 = L2 = 0 the weights are those of AdaGrad with η = α and ε = β. It is
// the last link of a chain; decoupled decay and ScheduleFree do not go with it.
type FollowLeader struct{ Beta, L1, L2 float64 }

// DefaultFTRL returns β = 1, as in the paper, and no penalties.
func DefaultFTRL() FollowLeader { return FollowLeader{Beta: 1} }

// FTRL follows FollowLeader with β = 1 and no penalties; L1 and L2 set them.
// State: z and n.
func FTRL(alpha float64) Optimizer {
	return Optimizer{LR: alpha, Chain: []Transform{DefaultFTRL()}}
}

// Update implements Transform.
func (f FollowLeader) Update(c *Context, p, u *graph.Node) *graph.Node {
	n, z := c.State(p, "n", 0), c.State(p, "z", 0)
	zero, inverse := c.Const(0), c.Const(1/c.constantRate())
	more := c.Set(n, c.FMA(u, u, n))
	begun := c.Gt(more, zero)

	// √n' - √n without the difference of nearly equal numbers.
	root := c.Sqrt(more)
	sigma := c.Mul(c.Div(c.Mul(u, u), c.Add(root, c.Sqrt(n))), inverse)
	start := c.Select(c.Gt(n, zero), z, c.Mul(c.Const(-f.Beta/c.constantRate()), p))
	lead := c.FMA(c.Neg(sigma), p, c.FMA(c.scheduled(), u, start))
	c.Set(z, c.Select(begun, lead, z))

	curve := c.FMA(root, inverse, c.Const(f.Beta/c.constantRate()+f.L2))
	c.Become(c.Select(begun, c.Div(c.Neg(f.shrunk(c, lead)), curve), p))
	return u
}

// shrunk returns z - sign(z)·L1, or 0 if |z| ≤ L1.
func (f FollowLeader) shrunk(c *Context, z *graph.Node) *graph.Node {
	if f.L1 == 0 {
		return z
	}
	l1 := c.Const(f.L1)
	return c.Mul(c.Sign(z), c.Max(c.Sub(c.Abs(z), l1), c.Const(0)))
}

// constantRate is the learning rate of the parameter without its schedule.
func (c *Context) constantRate() float64 { return c.up.lr * c.lr }

// scheduled is the scalar by which the schedule multiplies the learning rate.
func (c *Context) scheduled() *graph.Node {
	base := c.up.lr
	return c.Hyper("scheduled", func(h Hyper) float64 { return h.LR / base })
}

// Validate reports an impossible setting.
func (f FollowLeader) Validate() error {
	for _, s := range []struct {
		name  string
		value float64
	}{{"beta", f.Beta}, {"l1", f.L1}, {"l2", f.L2}} {
		if err := nonNegative("FTRL's "+s.name, s.value); err != nil {
			return err
		}
	}
	return nil
}

// L1 sets the penalty λ·|w| of FTRL, which makes weights 0.
func (o Optimizer) L1(lambda float64) Optimizer {
	return edit(o, "L1 needs FTRL", func(f FollowLeader) FollowLeader { f.L1 = lambda; return f })
}

// L2 sets the penalty ½λ·w² of FTRL.
func (o Optimizer) L2(lambda float64) Optimizer {
	return edit(o, "L2 needs FTRL", func(f FollowLeader) FollowLeader { f.L2 = lambda; return f })
}
