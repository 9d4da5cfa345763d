package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Batch normalization: sums over the batch, what they make of each channel, and
// the same in groups of examples. A channel is an element of the last axis; its
// values are those of all examples and all axes before the last.
var opMomentSums, opGradSums, opMoment, opMomentGrad *Op

func init() {
	opMomentSums = register(Op{Name: "momentsums", Class: Examples, Arity: 2,
		Doc:   "(x, shift): [Σ d, Σ d²] of each channel, d = x - shift, over examples and leading axes, ascending, in float64",
		shape: momentSumsShape, flops: inputSizeTimes(3)})
	opGradSums = register(Op{Name: "gradsums", Class: Examples, Arity: 3,
		Doc:   "(x, dy, mean): [Σ dy, Σ dy·(x - mean)] of each channel, over examples and leading axes, ascending, in float64",
		shape: gradSumsShape, flops: inputSizeTimes(4)})
	opMoment = register(Op{Name: "moment", Class: Row, Arity: 4,
		Doc: "(s = momentsums, n, shift, gamma), in float64 for each channel, m = s₁/n, v = max(0, s₂/n - m²): Attr.Name mean: shift + m; " +
			"scale: gamma/√(v + Attr.Float); variance: v·n/(n-1), 0 if n is 1; second: s₂/n",
		shape: momentShape, flops: perElement(8)})
	opMomentGrad = register(Op{Name: "momentgrad", Class: Row, Arity: 4,
		Doc: "(s = momentsums, n, g = gradsums, gamma), in float64 for each channel, r = 1/√(v + Attr.Float), v as in moment: Attr.Name center: -gamma·r·g₁/n; " +
			"slope: -gamma·r³·g₂/n; gamma: r·g₂; beta: g₁",
		shape: momentShape, flops: perElement(12)})
}

func momentSumsShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	if !x.PerExample() || x.DType != tensor.F32 || len(x.Inner()) == 0 {
		return x, fmt.Errorf("want a per-example f32 value with an axis of channels")
	}
	if c := n.In[len(n.In)-1].Shape; !c.Equal(F32(x.Last())) {
		return x, fmt.Errorf("the last operand is %v, want %v", c, F32(x.Last()))
	}
	return F64(2 * x.Last()), nil
}

func gradSumsShape(n *Node) (Shape, error) {
	if !n.In[0].Shape.Equal(n.In[1].Shape) {
		return n.In[0].Shape, fmt.Errorf("shapes differ")
	}
	return momentSumsShape(n)
}

func momentShape(n *Node) (Shape, error) {
	s, gamma := n.In[0].Shape, n.In[3].Shape
	c := gamma.Last()
	third := F32(c)
	if n.Op == opMomentGrad {
		third = F64(2 * c)
	}
	if !s.Equal(F64(2*c)) || !n.In[1].Shape.Equal(F64()) || !n.In[2].Shape.Equal(third) || !gamma.Equal(F32(c)) {
		return s, fmt.Errorf("want sums %v, a count, %v and gamma %v", F64(2*c), third, F32(c))
	}
	return F32(c), nil
}

// BatchStats are the sums over a batch that batch normalization uses.
type BatchStats struct {
	Sums  *Node // f64 [2·C]: of x - shift and of its square
	Count *Node // f64 scalar: the values of a channel
	Shift *Node // f32 [C]
}

// BatchNorm returns y = (x - mean)/√(variance + eps)·gamma + beta, with the mean
// and the biased variance of each channel over the batch, and what its running
// statistics are updated with: mean (C) and unbiased variance (C). shift (C) is
// subtracted before summing: a guess of the mean, such as the running mean, to
// keep the float64 sums accurate; it changes the result by rounding alone.
// gamma and beta (C) may be nil for 1 and 0. The gradient goes through the
// statistics (Ioffe, Szegedy, ICML 2015, section 3). It costs one pass over the
// batch forward and one backward.
func (b *Builder) BatchNorm(x, shift, gamma, beta *Node, eps float64) (y, mean, variance *Node, s BatchStats) {
	if b.err != nil || x == nil || shift == nil || len(x.Shape.Inner()) == 0 || !x.PerExample() {
		bad := b.Failf("batchnorm", []*Node{x, shift}, "want a per-example value with an axis of channels")
		return bad, bad, bad, s
	}
	channels := F32(x.Shape.Last())
	one := gamma
	if gamma == nil {
		one = b.BroadcastTo(b.Const(1), channels)
	}
	s = BatchStats{Sums: b.add(opMomentSums, Attr{}, x, shift), Count: b.countOf(x), Shift: shift}
	moment := func(name string) *Node {
		return b.Barrier(b.add(opMoment, Attr{Name: name, Float: eps}, s.Sums, s.Count, shift, one))
	}
	mean = moment("mean")
	scale := moment("scale")
	centered := b.Sub(x, b.BroadcastTo(mean, x.Shape))
	if beta == nil {
		y = b.Mul(centered, b.BroadcastTo(scale, x.Shape))
	} else {
		y = b.FMA(centered, b.BroadcastTo(scale, x.Shape), b.BroadcastTo(beta, x.Shape))
	}
	g := normGrad{x: x, gamma: gamma, beta: beta, one: one, mean: mean, scale: scale, centered: centered, BatchStats: s, eps: eps}
	variance = b.add(opMoment, Attr{Name: "variance", Float: eps}, s.Sums, s.Count, shift, one)
	return b.CustomGradient(y, g.wrt(), g.grad), mean, variance, s
}

// normGrad is what the gradient of batch normalization needs of its value.
type normGrad struct {
	x, gamma, beta, one   *Node // gamma and beta may be nil; one is gamma or 1
	mean, scale, centered *Node
	BatchStats
	eps float64
}

// wrt returns the nodes that the gradient goes to.
func (g *normGrad) wrt() []*Node {
	return slices.DeleteFunc([]*Node{g.x, g.gamma, g.beta}, func(n *Node) bool { return n == nil })
}

// grad makes the cotangents of wrt out of one pair of sums. That of x costs a
// pass over the batch, so it is made only where it is needed.
func (g *normGrad) grad(b *Builder, dy *Node) []*Node {
	sums := b.add(opGradSums, Attr{}, g.x, dy, g.mean)
	part := func(name string) *Node {
		return b.add(opMomentGrad, Attr{Name: name, Float: g.eps}, g.Sums, g.Count, sums, g.one)
	}
	all := []*Node{nil}
	if b.needed[g.x.ID] {
		spread := func(name string) *Node { return b.BroadcastTo(b.Barrier(part(name)), g.x.Shape) }
		all[0] = b.FMA(dy, b.BroadcastTo(g.scale, g.x.Shape), b.FMA(g.centered, spread("slope"), spread("center")))
	}
	if g.gamma != nil {
		all = append(all, part("gamma"))
	}
	if g.beta != nil {
		all = append(all, part("beta"))
	}
	return all
}

// countOf returns how many values each channel of x has in the batch.
func (b *Builder) countOf(x *Node) *Node {
	in := x.Shape.Inner()
	return b.SumExamples64(b.BroadcastTo(b.Const(1), x.Shape.with(in[:len(in)-1]...)))
}
