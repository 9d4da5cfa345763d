package optim

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// Hyper is what a scalar of an update may depend on.
type Hyper struct {
	Update int64   // t, from 1
	LR     float64 // the learning rate: base times schedule and coupling, without group factors

	Fraction float64 // share of the budget consumed before the update
	Scale    float64 // κ, the batch size over Base; 1 without a coupling

	decay float64       // the coupling's factor of λ of decoupled decay
	means float64       // κ as running means know it
	after CouplingState // with this update
}

// Transform is a link of a Chain. Update adds to the graph what takes the
// direction u for the parameter p to another of the same shape. A value of it
// holds no state: state is declared by c.State.
type Transform interface {
	Update(c *Context, p, u *graph.Node) *graph.Node
}

// Context is what a Transform builds into, for one parameter.
type Context struct {
	*graph.Builder
	up     *Update
	parts  parts
	lr     float64 // the group's factor of the learning rate
	decays bool    // the group allows weight decay
	step   factor  // of the learning rate, given by the last transform
	keep   float64 // λ of decoupled decay

	next *graph.Node // what the last transform makes of the parameter; nil is a step
}

// factor is a scalar that an update computes before it runs.
type factor struct {
	name string
	f    func(Hyper) float64
}

// State declares a variable of p's shape that starts at init everywhere. It is
// "optim/<p>/<name>" in checkpoints. Of a sparse parameter, which p is the
// touched rows of, the variable has all rows, and the result is its touched ones.
func (c *Context) State(p *graph.Node, name string, init float64) *graph.Node {
	return c.state(p, name, init, variable(p).Shape.Dims...)
}

// RowState is State with one number for each row of p (N, D): a variable (N, 1),
// of which a sparse parameter gets the touched rows (Touched, 1).
func (c *Context) RowState(p *graph.Node, name string, init float64) *graph.Node {
	return c.state(p, name, init, variable(p).Shape.Dims[0], 1)
}

// state declares a variable of any shape for p.
func (c *Context) state(p *graph.Node, name string, init float64, dims ...int) *graph.Node {
	i := graph.Init{Rule: "zeros"}
	if init != 0 {
		i = graph.Init{Rule: "constant", A: init}
	}
	return c.rows(c.StateVar("optim/"+p.Attr.Name+"/"+name, i, dims...), p)
}

// Set makes the update assign value to state, or to its touched rows, and
// returns value.
func (c *Context) Set(state, value *graph.Node) *graph.Node {
	c.Assign(variable(state), value)
	return value
}

// rows returns the rows of a variable that a value is of: the touched ones of a
// sparse parameter, else the variable.
func (c *Context) rows(v, like *graph.Node) *graph.Node {
	if like.Rows == nil {
		return v
	}
	return c.GatherTouched(v, like.Rows)
}

// variable returns what the touched rows p are of, or p.
func variable(p *graph.Node) *graph.Node {
	if p.Rows == nil || len(p.In) == 0 {
		return p
	}
	return p.In[0]
}

// Hyper declares a scalar that is computed before each update. One name has
// one function: a name must tell everything that the function depends on.
func (c *Context) Hyper(name string, f func(Hyper) float64) *graph.Node {
	name = "optim/" + name
	if c.up.index[name] == 0 {
		c.up.scalars = append(c.up.scalars, factor{name, f})
		c.up.index[name] = len(c.up.scalars)
	}
	return c.Scalar(name)
}

// ScaleStep multiplies the direction that the transform returns by a scalar.
// It costs nothing if the transform is the last of the chain: the scalar is
// then part of the learning rate.
func (c *Context) ScaleStep(name string, f func(Hyper) float64) {
	if old := c.step; old.f != nil {
		c.step = factor{old.name + "·" + name, func(h Hyper) float64 { return float64(old.f(h) * f(h)) }}
		return
	}
	c.step = factor{name, f}
}

// Shrink multiplies the parameter by 1 - η·λ before the direction is
// subtracted, unless the group has no decay.
func (c *Context) Shrink(lambda float64) {
	if c.decays {
		c.keep += lambda
	}
}

// Become makes next the parameter after the update, in place of a step along
// the direction. It is for the last transform of a chain, whose direction is
// then not used; decoupled decay and ScheduleFree, which are steps, are refused.
func (c *Context) Become(next *graph.Node) { c.next = next }

// Decays reports whether the parameter's group allows weight decay.
func (c *Context) Decays() bool { return c.decays }

// chain applies the transforms to the gradient of p.
func (c *Context) chain(ts []Transform, p, u *graph.Node) *graph.Node {
	for _, t := range ts {
		if c.next != nil {
			return c.Failf("optim", []*graph.Node{p}, "%T follows a transform that gives the weights themselves, such as FTRL: want that one last", t)
		}
		u = t.Update(c, p, c.settle(u))
	}
	return u
}

// settle applies a scalar that a transform left for the learning rate, because
// another transform follows.
func (c *Context) settle(u *graph.Node) *graph.Node {
	if c.step.f == nil {
		return u
	}
	k := c.Hyper(c.step.name, c.step.f)
	c.step = factor{}
	return c.Mul(k, u)
}

// descend returns p·(1 - η·λ) - η·u, or what the chain made of p.
func (c *Context) descend(p, u *graph.Node) *graph.Node {
	if c.next != nil {
		return c.become(p)
	}
	lr, minus := c.lr, c.rate()
	base := p
	if keep := c.keep; keep != 0 {
		base = c.Mul(c.Hyper(fmt.Sprintf("keep(%g)%s", keep, c.suffix()), func(h Hyper) float64 {
			return 1 - float64(float64(float64(h.LR*lr)*keep)*h.decay)
		}), p)
	}
	return c.FMA(minus, u, base)
}

// become returns what the chain made of p: see Become.
func (c *Context) become(p *graph.Node) *graph.Node {
	if c.keep != 0 {
		return c.Failf("optim", []*graph.Node{p}, "decoupled decay with a transform that gives the weights themselves, such as FTRL: want its l2, or AddDecay")
	}
	return c.next
}

// rate is the scalar -η, with what a transform left for it.
func (c *Context) rate() *graph.Node {
	lr, step := c.lr, c.step
	name := "step" + c.suffix()
	if step.f != nil {
		name += "·" + step.name
	}
	return c.Hyper(name, func(h Hyper) float64 {
		eta := -float64(h.LR * lr)
		if step.f != nil {
			eta = float64(eta * step.f(h))
		}
		return eta
	})
}

// decayRate is the scalar η·λ of decoupled decay, nil without any.
func (c *Context) decayRate() *graph.Node {
	lr, keep := c.lr, c.keep
	if keep == 0 {
		return nil
	}
	return c.Hyper(fmt.Sprintf("decay(%g)%s", keep, c.suffix()), func(h Hyper) float64 {
		return float64(float64(float64(h.LR*lr)*keep) * h.decay)
	})
}

// suffix tells scalars of groups with other learning rates apart.
func (c *Context) suffix() string {
	if c.lr == 1 {
		return ""
	}
	return "·" + strconv.FormatFloat(c.lr, 'g', -1, 64)
}

// chained is a Chain as one Transform.
type chained []Transform

// Chain returns the transforms, one after the other, as one.
func Chain(ts ...Transform) Transform { return chained(ts) }

func (ts chained) Update(c *Context, p, u *graph.Node) *graph.Node { return c.chain(ts, p, u) }

// Validate reports every impossible setting of the links.
func (ts chained) Validate() error {
	var errs []error
	for i, t := range ts {
		if t == nil {
			errs = append(errs, fmt.Errorf("optim: transform %d of the chain is nil", i))
		} else if v, ok := t.(interface{ Validate() error }); ok {
			errs = append(errs, v.Validate())
		}
	}
	return errors.Join(errs...)
}
