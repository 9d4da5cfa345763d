package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Optimizer is a rule for changing parameters, with its settings. SGD, Adam
// and the others make one; its methods return changed copies, and a literal
// with a Chain of one's own is as good. It holds no state.
type Optimizer struct {
	LR    float64     // the learning rate η, more than 0
	Chain []Transform // what happens to a gradient; none is plain descent

	// Schedule multiplies the learning rate as training goes on; nil is 1.
	Schedule Schedule
	// Plateau lowers the learning rate where validation gets no better; nil is
	// never.
	Plateau *Plateau
	// ClipNorm limits the norm of the mean gradient of all parameters
	// together: g is multiplied by min(1, ClipNorm/(‖g‖ + 1e-6)). 0 is no
	// limit. It is PyTorch's clip_grad_norm_.
	ClipNorm float64
	// ClipValue limits each element of the gradient to [-ClipValue,
	// ClipValue], after ClipNorm. 0 is no limit.
	ClipValue float64
	// Groups change the rule for the parameters that they match; all groups
	// that match a parameter apply.
	Groups []Group

	err error // the first impossible setting
}

// WithSchedule sets the schedule of the learning rate.
func (o Optimizer) WithSchedule(s Schedule) Optimizer { o.Schedule = s; return o }

// WithPlateau sets Plateau.
func (o Optimizer) WithPlateau(p *Plateau) Optimizer { o.Plateau = p; return o }

// WithClipNorm sets ClipNorm.
func (o Optimizer) WithClipNorm(c float64) Optimizer { o.ClipNorm = c; return o }

// WithClipValue sets ClipValue.
func (o Optimizer) WithClipValue(c float64) Optimizer { o.ClipValue = c; return o }

// WithGroups adds groups.
func (o Optimizer) WithGroups(g ...Group) Optimizer {
	o.Groups = append(slices.Clone(o.Groups), g...)
	return o
}

// Validate reports every setting that cannot be.
func (o Optimizer) Validate() error {
	errs := []error{o.err}
	if !(o.LR > 0) || math.IsInf(o.LR, 0) {
		errs = append(errs, fmt.Errorf("optim: learning rate %v, want a finite number above 0", o.LR))
	}
	for _, c := range []struct {
		name  string
		value float64
	}{{"ClipNorm", o.ClipNorm}, {"ClipValue", o.ClipValue}} {
		if !(c.value >= 0) {
			errs = append(errs, fmt.Errorf("optim: %s %v, want 0 (no limit) or more", c.name, c.value))
		}
	}
	errs = append(errs, chained(o.Chain).Validate())
	for _, g := range o.Groups {
		errs = append(errs, g.validate())
	}
	if o.Plateau != nil {
		errs = append(errs, o.Plateau.Validate())
	}
	return errors.Join(errs...)
}

// Update is a built optimizer: it gives the graph its scalars.
type Update struct {
	lr       float64
	schedule Schedule
	scalars  []factor
	index    map[string]int // position in scalars, plus 1
}

// Build adds an update of params to the graph. gradSums are the gradients of
// the numerator Σ w·ℓ, in the order of params; numerator and weightSum are
// float64 scalars (see nn.Objective). It declares the state, the assignments,
// the output "grad_norm" (float64: the norm of the mean gradient before
// clipping) and the checks that n² and Σ w·ℓ / Σ w are finite, so that an
// update with a broken loss or with Σ w = 0 is not committed.
//
// The error is that of Validate, or the builder's first.
func (o Optimizer) Build(b *graph.Builder, params, gradSums []*graph.Node, numerator, weightSum *graph.Node) (*Update, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := b.Err(); err != nil {
		return nil, err
	}
	if len(params) == 0 || len(params) != len(gradSums) {
		return nil, fmt.Errorf("optim: %d gradients for %d parameters to train, want one each and at least one", len(gradSums), len(params))
	}
	up := &Update{lr: o.LR, schedule: o.Schedule, index: map[string]int{}}
	b.Check(b.Div(numerator, weightSum))
	scale := o.gradientScale(b, gradSums, weightSum)
	for i, p := range params {
		if b.Err() != nil {
			break
		}
		c := o.contextFor(b, up, p)
		u := c.chain(o.Chain, p, o.clipValue(b, b.Mul(gradSums[i], scale)))
		c.apply(p, u)
	}
	return up, b.Err()
}

// contextFor returns the context of one parameter, with its groups applied.
func (o Optimizer) contextFor(b *graph.Builder, up *Update, p *graph.Node) *Context {
	c := &Context{Builder: b, up: up, lr: 1, decays: true}
	for _, g := range o.Groups {
		if g.matches(p) {
			c.lr *= g.factor()
			c.decays = c.decays && !g.NoDecay
		}
	}
	return c
}

// gradientScale adds the norm of the mean gradient, and returns the factor
// that makes a clipped mean of a sum: 1/Σw · min(1, c/(norm + 1e-6)).
func (o Optimizer) gradientScale(b *graph.Builder, gradSums []*graph.Node, weightSum *graph.Node) *graph.Node {
	squares := b.SumSquares(gradSums[0])
	for _, g := range gradSums[1:] {
		squares = b.Add(squares, b.SumSquares(g))
	}
	b.Check(squares)
	mean := b.Div(b.Const64(1), weightSum)
	norm := b.Mul(b.Sqrt(squares), mean)
	b.Output("grad_norm", norm)
	if o.ClipNorm > 0 {
		coefficient := b.Div(b.Const64(o.ClipNorm), b.Add(norm, b.Const64(1e-6)))
		mean = b.Mul(mean, b.Min(b.Const64(1), coefficient))
	}
	return b.Cast(mean, tensor.F32)
}

func (o Optimizer) clipValue(b *graph.Builder, g *graph.Node) *graph.Node {
	if o.ClipValue <= 0 {
		return g
	}
	return b.Max(b.Min(g, b.Const(o.ClipValue)), b.Const(-o.ClipValue))
}

// LR returns the learning rate of the update at a point of the budget, without
// the factors of groups.
func (u *Update) LR(at Progress) float64 {
	lr := u.lr
	if at.Factor != 0 {
		lr = float64(lr * at.Factor)
	}
	if u.schedule == nil {
		return lr
	}
	return float64(lr * u.schedule(at))
}

// Scalars sets the scalars of g that the optimizer declared, for the update at
// a point of the budget. dst has a place for each of g.Scalars; others are
// left alone. It does not allocate.
func (u *Update) Scalars(g *graph.Graph, dst []float64, at Progress) {
	h := Hyper{Update: at.Update + 1, LR: u.LR(at)}
	for i, n := range g.Scalars {
		if k := u.index[n.Attr.Name]; k > 0 {
			dst[i] = u.scalars[k-1].f(h)
		}
	}
}
