package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// AddDecay adds λ·p to the direction: the gradient of ½λ‖p‖², which is what
// PyTorch's SGD, Adagrad, RMSprop and Adam call weight_decay. It does nothing
// for parameters of a group without decay.
type AddDecay float64

// Update implements Transform.
func (a AddDecay) Update(c *Context, p, u *graph.Node) *graph.Node {
	if a == 0 || !c.Decays() {
		return u
	}
	return c.FMA(c.Const(float64(a)), p, u)
}

// Validate reports an impossible setting.
func (a AddDecay) Validate() error { return nonNegative("AddDecay", float64(a)) }

// DecoupledDecay multiplies the parameter by 1 - η·λ before the direction is
// subtracted, and leaves the direction alone: Loshchilov, Hutter, ICLR 2019,
// algorithm 2, line 12, with PyTorch's η: the whole learning rate, where the
// paper has the schedule's factor only. It does nothing for parameters of a
// group without decay.
type DecoupledDecay float64

// Update implements Transform.
func (d DecoupledDecay) Update(c *Context, p, u *graph.Node) *graph.Node {
	c.Shrink(float64(d))
	return u
}

// Validate reports an impossible setting.
func (d DecoupledDecay) Validate() error { return nonNegative("DecoupledDecay", float64(d)) }

// Trace is momentum: b ← μ·b + (1-δ)·u, with dampening δ; at the first update
// b ← u. The direction becomes b, or u + μ·b with Nesterov; with μ = 0 it stays
// u. State, unless μ is 0: "momentum", from 0. Sutskever, Martens, Dahl,
// Hinton, ICML 2013, section 2, in PyTorch's form: b holds gradients, so a new
// learning rate applies to all of b.
type Trace struct {
	Mu        float64 // μ in [0, 1)
	Dampening float64 // δ in [0, 1]; 0 with Nesterov
	Nesterov  bool
}

// Update implements Transform.
func (r Trace) Update(c *Context, p, u *graph.Node) *graph.Node {
	if r.Mu == 0 {
		return u
	}
	b := c.State(p, "momentum", 0)
	in := u
	if r.Dampening != 0 {
		in = c.Mul(c.Hyper(fmt.Sprintf("undamped(%g)", r.Dampening), func(h Hyper) float64 {
			if h.Update == 1 {
				return 1
			}
			return 1 - r.Dampening
		}), u)
	}
	mu := c.Const(r.Mu)
	next := c.Set(b, c.FMA(mu, b, in))
	if r.Nesterov {
		return c.FMA(mu, next, u)
	}
	return next
}

// Validate reports an impossible setting.
func (r Trace) Validate() error {
	if r.Nesterov && (r.Mu == 0 || r.Dampening != 0) {
		return fmt.Errorf("optim: Nesterov with momentum %v and dampening %v, want momentum above 0 and no dampening", r.Mu, r.Dampening)
	}
	if !(r.Dampening >= 0 && r.Dampening <= 1) {
		return fmt.Errorf("optim: dampening %v, want 0 to 1", r.Dampening)
	}
	return rate("momentum", r.Mu)
}

// ScaleByAdam is the direction of Adam, with t the number of the update:
//
//	m ← β₁·m + (1-β₁)·u
//	v ← β₂·v + (1-β₂)·u²
//	m/(1-β₁ᵗ) / (√v/√(1-β₂ᵗ) + ε)
//
// State: "m" and "v", from 0. Kingma, Ba, ICLR 2015, algorithm 1; ε is added
// after the correction of √v, as there and in PyTorch.
//
// With AMSGrad the largest v so far stands for v: Reddi, Kale, Kumar, ICLR
// 2018, algorithm 2, with the corrections of PyTorch, which the paper leaves
// out. State: "v_max" too.
//
// A row of a sparse parameter keeps m and v while updates do not touch it. With
// Exact they decay as in other parameters, all at once when it is touched again:
// by β₁ᵏ and β₂ᵏ for k updates. The row itself stays where it was, when dense
// Adam would still move it by what is left of m. State: "touched" too, a number
// for each row.
type ScaleByAdam struct {
	Beta1, Beta2, Eps float64
	AMSGrad           bool
	Exact             bool
}

// DefaultAdam returns β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
func DefaultAdam() ScaleByAdam { return ScaleByAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// Update implements Transform.
func (a ScaleByAdam) Update(c *Context, p, u *graph.Node) *graph.Node {
	moments := c.moments
	if a.Exact {
		moments = c.exactMoments
	}
	m, v := moments(p, u, a.Beta1, a.Beta2)
	if a.AMSGrad {
		largest := c.State(p, "v_max", 0)
		v = c.Set(largest, c.Max(largest, v))
	}
	c.correctMean(a.Beta1)
	return c.Div(m, c.correctedRoot(v, a.Beta2, a.Eps))
}

// Validate reports an impossible setting.
func (a ScaleByAdam) Validate() error { return betasAndEps(a.Beta1, a.Beta2, a.Eps) }

// moments are Adam's state: "m" and "v", the running means of u and u².
func (c *Context) moments(p, u *graph.Node, beta1, beta2 float64) (m, v *graph.Node) {
	m, v = c.State(p, "m", 0), c.State(p, "v", 0)
	return c.Set(m, c.average(m, u, beta1)), c.Set(v, c.averageSquare(v, u, beta2))
}

// correctMean divides the step by 1 - β₁ᵗ.
func (c *Context) correctMean(beta1 float64) {
	c.ScaleStep(fmt.Sprintf("adam.m(%g)", beta1), func(h Hyper) float64 {
		return 1 / (1 - h.power(beta1, h.after.Beta1))
	})
}

// correctedRoot returns √v/√(1-β₂ᵗ) + ε.
func (c *Context) correctedRoot(v *graph.Node, beta2, eps float64) *graph.Node {
	root := c.Hyper(fmt.Sprintf("adam.v(%g)", beta2), func(h Hyper) float64 {
		return 1 / math.Sqrt(1-h.power(beta2, h.after.Beta2))
	})
	return c.FMA(c.Sqrt(v), root, c.eps(eps))
}

func betasAndEps(beta1, beta2, eps float64) error {
	if err := rate("beta1", beta1); err != nil {
		return err
	}
	if err := rate("beta2", beta2); err != nil {
		return err
	}
	return nonNegative("eps", eps)
}

// ScaleByRMS is the direction of RMSProp:
//
//	v ← α·v + (1-α)·u²
//	u / (√v + ε)
//
// and, if Centered, a ← α·a + (1-α)·u and √(v - a²), at least 0, for √v.
// State: "v", and "mean" if centered, from 0; no bias correction. Tieleman,
// Hinton, lecture 6.5, 2012; centered: Graves, arXiv:1308.0850, equations 38 to
// 45. ε is outside the root, as in PyTorch; TensorFlow has it inside.
type ScaleByRMS struct {
	Alpha, Eps float64
	Centered   bool
}

// DefaultRMS returns α = 0.99, ε = 1e-8, not centered.
func DefaultRMS() ScaleByRMS { return ScaleByRMS{Alpha: 0.99, Eps: 1e-8} }

// Update implements Transform.
func (r ScaleByRMS) Update(c *Context, p, u *graph.Node) *graph.Node {
	v := c.State(p, "v", 0)
	v = c.Set(v, c.averageSquare(v, u, r.Alpha))
	if r.Centered {
		mean := c.State(p, "mean", 0)
		mean = c.Set(mean, c.average(mean, u, r.Alpha))
		v = c.Max(c.FMA(c.Neg(mean), mean, v), c.Const(0))
	}
	return c.Div(u, c.Add(c.Sqrt(v), c.eps(r.Eps)))
}

// Validate reports an impossible setting.
func (r ScaleByRMS) Validate() error {
	if err := rate("alpha", r.Alpha); err != nil {
		return err
	}
	return nonNegative("eps", r.Eps)
}

// ScaleByAdaGrad is the direction of AdaGrad: s ← s + u², then
// u / (√s + ε) / (1 + (t-1)·LRDecay). State: "sum", from Initial. Duchi, Hazan,
// Singer, JMLR 2011, figure 1, in PyTorch's form. Keras starts the sum at 0.1.
//
// With Rowwise a table of embeddings has one s for each row, s ← s + mean(u²)
// over the row: Mudigere et al., ISCA 2022, as in FBGEMM.
// Other parameters have the plain rule, which is the same for rows of one.
type ScaleByAdaGrad struct {
	LRDecay, Initial, Eps float64
	Rowwise               bool
}

// DefaultAdaGrad returns ε = 1e-10, no decay of the rate and a sum from 0.
func DefaultAdaGrad() ScaleByAdaGrad { return ScaleByAdaGrad{Eps: 1e-10} }

// Update implements Transform.
func (a ScaleByAdaGrad) Update(c *Context, p, u *graph.Node) *graph.Node {
	s := a.sum(c, p, u)
	if a.LRDecay != 0 {
		c.ScaleStep(fmt.Sprintf("adagrad(%g)", a.LRDecay), func(h Hyper) float64 {
			return 1 / (1 + float64(float64(h.Update-1)*a.LRDecay))
		})
	}
	return c.Div(u, c.Add(c.Sqrt(s), c.Const(a.Eps)))
}

// sum adds to the state, and returns it.
func (a ScaleByAdaGrad) sum(c *Context, p, u *graph.Node) *graph.Node {
	if a.Rowwise && isTable(p) {
		s := c.RowState(p, "sum", a.Initial)
		return c.Set(s, c.Add(s, c.rowMean(c.Mul(u, u))))
	}
	s := c.State(p, "sum", a.Initial)
	return c.Set(s, c.FMA(u, u, s))
}

// Validate reports an impossible setting.
func (a ScaleByAdaGrad) Validate() error {
	for _, v := range []float64{a.LRDecay, a.Initial, a.Eps} {
		if err := nonNegative("AdaGrad's decay, first sum or eps", v); err != nil {
			return err
		}
	}
	return nil
}

// average returns β·m + (1-β)·u.
func (c *Context) average(m, u *graph.Node, beta float64) *graph.Node {
	return c.FMA(c.fresh(beta), u, c.Mul(c.kept(beta), m))
}

// averageSquare returns β·v + (1-β)·u². It is no difference of large numbers,
// so that an overflow of u² gives an infinite v and never NaN.
func (c *Context) averageSquare(v, u *graph.Node, beta float64) *graph.Node {
	return c.FMA(c.Mul(c.fresh(beta), u), u, c.Mul(c.kept(beta), v))
}

func rate(name string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("optim: %s %v, want 0 or more and less than 1", name, v)
	}
	return nil
}

func nonNegative(name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Errorf("optim: %s %v, want a finite number of 0 or more", name, v)
	}
	return nil
}
