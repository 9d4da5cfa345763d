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
	// Coupling changes the settings with the batch size; zero is None.
	Coupling Coupling
	// Base is B₀, the batch size in examples that the settings are meant for; 0 is
	// that of the first update. Whoever makes Progress divides by it.
	Base int
	// ClipNorm limits the norm of the mean gradient of all parameters
	// together: g is multiplied by min(1, ClipNorm/(‖g‖ + 1e-6)). 0 is no
	// limit. It is PyTorch's clip_grad_norm_.
	ClipNorm float64
	// ClipValue limits each element of the gradient to [-ClipValue,
	// ClipValue], after ClipNorm. 0 is no limit.
	ClipValue float64
	// ClipAdaptive limits the gradient of each unit to so many times the norm of
	// its weights, after ClipNorm and before ClipValue; the last dense layer is
	// left alone. 0 is no limit; 0.01 is usual for large batches (Brock et al.,
	// ICML 2021, equation 3).
	ClipAdaptive float64

	ScheduleFree *ScheduleFree // averaging in place of a schedule; nil is none
	Lookahead    *Lookahead    // nil is none
	// SAM is ρ of sharpness-aware minimization, 0 for none: gradients are taken
	// at w + ρ·g/‖g‖, with g the gradient at w of the same batch, which costs a
	// second pass. Foret, Kleiner, Mobahi, Neyshabur, ICLR 2021, algorithm 1;
	// g is of the whole batch, where the authors' code has one for each worker.
	SAM float64
	EMA *EMA // of the weights, for evaluation; nil is none
	SWA *SWA // of the weights, for evaluation; nil is none

	// Groups change the rule for the parameters that they match; all groups
	// that match a parameter apply.
	Groups []Group

	err error // the first impossible setting
}

// WithSchedule sets the schedule of the learning rate.
func (o Optimizer) WithSchedule(s Schedule) Optimizer { o.Schedule = s; return o }

// WithPlateau sets Plateau.
func (o Optimizer) WithPlateau(p *Plateau) Optimizer { o.Plateau = p; return o }

// WithSAM sets SAM.
func (o Optimizer) WithSAM(rho float64) Optimizer { o.SAM = rho; return o }

// WithClipNorm sets ClipNorm.
func (o Optimizer) WithClipNorm(c float64) Optimizer { o.ClipNorm = c; return o }

// WithClipValue sets ClipValue.
func (o Optimizer) WithClipValue(c float64) Optimizer { o.ClipValue = c; return o }

// WithClipAdaptive sets ClipAdaptive.
func (o Optimizer) WithClipAdaptive(k float64) Optimizer { o.ClipAdaptive = k; return o }

// WithLookahead sets Lookahead.
func (o Optimizer) WithLookahead(l *Lookahead) Optimizer { o.Lookahead = l; return o }

// WithEMA makes evaluation and the saved model use an average with a decay.
func (o Optimizer) WithEMA(decay float64) Optimizer { o.EMA = &EMA{decay}; return o }

// WithSWA makes evaluation and the saved model use the mean of the weights after
// every so many updates from a share of the budget on.
func (o Optimizer) WithSWA(start float64, every int64) Optimizer {
	o.SWA = &SWA{start, every}
	return o
}

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
	}{{"ClipNorm", o.ClipNorm}, {"ClipValue", o.ClipValue}, {"SAM", o.SAM}} {
		if !(c.value >= 0) {
			errs = append(errs, fmt.Errorf("optim: %s %v, want 0 (no limit) or more", c.name, c.value))
		}
	}
	errs = append(errs, chained(o.Chain).Validate())
	for _, g := range o.Groups {
		errs = append(errs, g.validate())
	}
	errs = append(errs, o.validateAround(), o.validateCoupling())
	if o.Plateau != nil {
		errs = append(errs, o.Plateau.Validate())
	}
	return errors.Join(errs...)
}

// Update is a built optimizer: it gives the graph its scalars.
type Update struct {
	lr       float64
	schedule Schedule
	coupling Coupling
	beta1    float64 // of the Adam that AdamSDE is for
	beta2    float64
	scalars  []factor
	index    map[string]int // position in scalars, plus 1
	evals    []Eval

	share *graph.Node   // of this update in the average of ScheduleFree
	count []*graph.Node // of weights in SWA's mean, before and after
}

// Build adds an update of params to the graph. gradSums are the gradients of
// the numerator Σ w·ℓ, in the order of params; numerator and weightSum are
// float64 scalars (see nn.Objective). It declares the state, the assignments,
// the output "grad_norm" (float64: the norm of the mean gradient before
// clipping) and the checks that n² and Σ w·ℓ / Σ w are finite, so that an
// update with a broken loss or with Σ w = 0 is not committed.
//
// The gradient of a sparse parameter is of its touched rows, and so is all that
// the update reads and writes of it: see Context.State.
//
// The error is that of Validate or of Fits, or the builder's first.
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
	if err := o.Fits(params); err != nil {
		return nil, err
	}
	up := &Update{lr: o.LR, schedule: o.Schedule, coupling: o.Coupling, index: map[string]int{}}
	if a, ok := o.adam(); ok {
		up.beta1, up.beta2 = a.Beta1, a.Beta2
	}
	b.Check(b.Div(numerator, weightSum))
	scale := o.gradientScale(b, gradSums, weightSum)
	model := partsOf(params)
	for i, p := range params {
		if b.Err() != nil {
			break
		}
		c, chain := o.contextFor(b, up, p, model)
		p = c.rows(p, gradSums[i])
		g := c.clipAdaptive(o.ClipAdaptive, p, b.Mul(gradSums[i], scale))
		o.apply(c, p, c.chain(chain, p, o.clipValue(b, g)))
	}
	return up, b.Err()
}

// contextFor returns the context and the chain of one parameter, with its
// groups applied.
func (o Optimizer) contextFor(b *graph.Builder, up *Update, p *graph.Node, model parts) (*Context, []Transform) {
	c, chain := &Context{Builder: b, up: up, parts: model, lr: 1, decays: true}, o.Chain
	for _, g := range o.Groups {
		if g.matches(p) || model.has(g.Part, p) {
			c.lr *= g.factor()
			c.decays = c.decays && !g.NoDecay
			if g.Chain != nil {
				chain = g.Chain
			}
		}
	}
	return c, chain
}

// apply assigns to p what the direction u makes of it.
func (o Optimizer) apply(c *Context, p, u *graph.Node) {
	var next *graph.Node
	switch {
	case o.ScheduleFree == nil:
		next = c.descend(p, u)
	case c.next != nil:
		next = c.Failf("optim", []*graph.Node{p}, "ScheduleFree with a transform that gives the weights themselves, such as FTRL: want one of them")
	default:
		next = o.ScheduleFree.update(c, p, u)
	}
	if o.Lookahead != nil {
		next = o.Lookahead.pull(c, p, next)
	}
	c.Set(p, next)
	if o.EMA != nil {
		o.EMA.follow(c, p, next)
	}
	if o.SWA != nil {
		o.SWA.follow(c, p, next)
	}
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

// LR returns the learning rate of the update at a point of the budget, with the
// factor of the coupling and without those of groups.
func (u *Update) LR(at Progress) float64 {
	lr := float64(u.lr * u.coupling.Rate(at))
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
	h := u.hyper(at)
	for i, n := range g.Scalars {
		if k := u.index[n.Attr.Name]; k > 0 {
			dst[i] = u.scalars[k-1].f(h)
		}
	}
}

// hyper is what the scalars of the update at a point depend on.
func (u *Update) hyper(at Progress) Hyper {
	h := Hyper{Update: at.Update + 1, LR: u.LR(at), Fraction: at.Fraction, Scale: 1, decay: u.coupling.Decay(at), after: u.Next(at)}
	if u.coupling.rule != noCoupling {
		h.Scale = at.scale()
	}
	h.means = u.coupling.means(at)
	return h
}
