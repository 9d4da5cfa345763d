package nn

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// elementLoss is a loss whose ℓ is the mean of a function of prediction and
// target over the elements of an example.
type elementLoss struct {
	name string
	f    func(c *Context, pred, target *graph.Node) *graph.Node
}

func (l elementLoss) Name() string { return l.name }

// Build adds the loss to a graph. A target without axes, or of integers, fits
// a prediction of one element.
func (l elementLoss) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	if c.missing("nn."+l.name, pred) || c.missing("nn."+l.name, target) {
		return c.failed(), c.failed()
	}
	if pred.Shape.Size() != target.Shape.Size() {
		return c.Failf("nn."+l.name, []*graph.Node{pred, target}, "the model gives %d numbers and the target has %d", pred.Shape.Size(), target.Shape.Size()), c.failed()
	}
	w, pred = Weigh(c, pred, weight, graph.F32(graph.Batch))
	loss = l.f(c, pred, c.Reshape(c.Cast(target, tensor.F32), pred.Shape.Inner()...))
	if axes := len(pred.Shape.Inner()); axes > 0 {
		loss = c.ReduceMean(loss, axes)
	}
	return loss, w
}

// MSE is the mean of (x - y)² over the elements of an example, for a
// prediction x and a target y of the same shape, f32.
func MSE() Loss {
	return elementLoss{name: "mse", f: func(c *Context, pred, target *graph.Node) *graph.Node {
		d := c.Sub(pred, target)
		return c.Mul(d, d)
	}}
}

// MAE is the mean of |x - y|, with shapes as in MSE; its gradient at x = y is
// 0.
func MAE() Loss {
	return elementLoss{name: "mae", f: func(c *Context, pred, target *graph.Node) *graph.Node {
		return c.Abs(c.Sub(pred, target))
	}}
}

// Huber is the mean of ½d² where d = |x - y| is at most delta, more than 0,
// and of delta·(d - ½·delta) elsewhere (Huber, 1964; PyTorch's HuberLoss, 1 by
// default). Shapes are as in MSE.
func Huber(delta float64) Loss {
	return elementLoss{name: "huber", f: func(c *Context, pred, target *graph.Node) *graph.Node {
		if !(delta > 0) || math.IsInf(delta, 0) {
			return c.Failf("nn.Huber", []*graph.Node{pred}, "delta %v, want a finite number above 0", delta)
		}
		d := c.Abs(c.Sub(pred, target))
		m := c.Min(d, c.Const(delta))
		return c.Mul(m, c.Sub(d, c.Mul(c.Const(0.5), m)))
	}}
}

// BCELoss is what BCEWithLogits returns; its methods return changed copies.
type BCELoss struct{ positive []float64 }

// BCEWithLogits is the binary cross-entropy of a score x and a target y in
// [0, 1], f32 of the same shape or i32 of 0 and 1:
//
//	(1 - y)·x + (1 + (p - 1)·y)·ln(1 + e⁻ˣ)
//
// averaged over the elements of an example; p is the positive weight, 1 unless
// set. PyTorch divides a weighted sum by the number of elements; here, as for
// every loss, Σ w·ℓ is divided by Σ w.
func BCEWithLogits() BCELoss { return BCELoss{} }

// PositiveWeight sets p: one number for all elements, or one for each of the
// last axis. It is part of ℓ, as in PyTorch, not of the weight of an example.
func (l BCELoss) PositiveWeight(p ...float64) BCELoss { l.positive = slices.Clone(p); return l }

// Name returns "bce".
func (l BCELoss) Name() string { return "bce" }

// Build adds the loss to a graph.
func (l BCELoss) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	return elementLoss{name: l.Name(), f: l.element}.Build(c, pred, target, weight)
}

func (l BCELoss) element(c *Context, x, y *graph.Node) *graph.Node {
	s := c.Softplus(c.Neg(x))
	if len(l.positive) > 0 {
		s = c.Mul(s, c.FMA(l.extra(c, x), y, c.Const(1)))
	}
	return c.FMA(c.Sub(c.Const(1), y), x, s)
}

// extra returns p - 1.
func (l BCELoss) extra(c *Context, x *graph.Node) *graph.Node {
	extra := make([]float64, len(l.positive))
	for i, p := range l.positive {
		if !(p >= 0) || math.IsInf(p, 0) {
			return c.Failf("nn.BCEWithLogits", []*graph.Node{x}, "positive weight %v, want a finite number of 0 or more", p)
		}
		extra[i] = p - 1
	}
	if len(extra) == 1 {
		return c.Const(extra[0])
	}
	if len(extra) != x.Shape.Last() {
		return c.Failf("nn.BCEWithLogits", []*graph.Node{x}, "%d positive weights, want 1 or %d", len(extra), x.Shape.Last())
	}
	return constants(c, extra)
}
