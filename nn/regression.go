package nn

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// elementwise builds a loss whose ℓ is the mean of f over the elements of an
// example. Axes of length 1 do not count: a target without axes fits a
// prediction of one element.
func elementwise(c *Context, name string, f func(c *Context, pred, target *graph.Node) *graph.Node, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	if c.missing("nn."+name, pred) || c.missing("nn."+name, target) {
		return c.failed(), c.failed()
	}
	if !slices.Equal(squeezed(pred), squeezed(target)) {
		bad := c.Failf("nn."+name, []*graph.Node{pred, target}, "the model gives %d numbers and the target has %d, on axes %v and %v",
			pred.Shape.Size(), target.Shape.Size(), tensor.Shape(pred.Shape.Inner()), tensor.Shape(target.Shape.Inner()))
		return bad, bad
	}
	w, pred = Weigh(c, pred, weight, graph.F32(graph.Batch))
	loss = f(c, pred, c.Reshape(c.Cast(target, tensor.F32), pred.Shape.Inner()...))
	if axes := len(pred.Shape.Inner()); axes > 0 {
		loss = c.ReduceMean(loss, axes)
	}
	return loss, w
}

// squeezed returns the axes of an example that are longer than 1.
func squeezed(x *graph.Node) []int {
	return slices.DeleteFunc(slices.Clone(x.Shape.Inner()), func(d int) bool { return d == 1 })
}

// distanceLoss is a loss of prediction and target without settings.
type distanceLoss struct {
	name string
	f    func(c *Context, pred, target *graph.Node) *graph.Node
}

func (l distanceLoss) Name() string { return l.name }

func (l distanceLoss) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	return elementwise(c, l.name, l.f, pred, target, weight)
}

// MSE is the mean of (x - y)² over the elements of an example, for a
// prediction x and a target y of the same shape, f32.
func MSE() Loss { return distanceLoss{"mse", squaredError} }

func squaredError(c *Context, pred, target *graph.Node) *graph.Node {
	d := c.Sub(pred, target)
	return c.Mul(d, d)
}

// MAE is the mean of |x - y|, with shapes as in MSE; its gradient at x = y is
// 0.
func MAE() Loss { return distanceLoss{"mae", absoluteError} }

func absoluteError(c *Context, pred, target *graph.Node) *graph.Node {
	return c.Abs(c.Sub(pred, target))
}

type huber float64

// Huber is the mean of ½d² where d = |x - y| is at most delta, more than 0,
// and of delta·(d - ½·delta) elsewhere (Huber, 1964; PyTorch's HuberLoss, 1 by
// default). Shapes are as in MSE.
func Huber(delta float64) Loss { return huber(delta) }

func (h huber) Name() string { return "huber" }

func (h huber) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	return elementwise(c, h.Name(), h.element, pred, target, weight)
}

// element is m·(d - ½m) with m = min(d, delta), which is both pieces.
func (h huber) element(c *Context, pred, target *graph.Node) *graph.Node {
	if !(h > 0) || math.IsInf(float64(h), 0) {
		return c.Failf("nn.Huber", []*graph.Node{pred}, "delta %v, want a finite number above 0", float64(h))
	}
	d := absoluteError(c, pred, target)
	m := c.Min(d, c.Const(float64(h)))
	return c.Mul(m, c.Sub(d, c.Mul(c.Const(0.5), m)))
}

// BCELoss is what BCEWithLogits returns; its methods return changed copies.
type BCELoss struct{ positive []float64 }

// BCEWithLogits is the binary cross-entropy of a score x and a target y in
// [0, 1], f32 of the same shape or i32 of 0 and 1:
//
//	p·y·ln(1 + e⁻ˣ) + (1 - y)·ln(1 + eˣ)
//
// averaged over the elements of an example; p is the positive weight, 1 unless
// set. No difference of large numbers is taken, so that ℓ and its gradient are
// accurate however sure a right score is. PyTorch divides a weighted sum by
// the number of elements; here, as for every loss, Σ w·ℓ is divided by Σ w.
func BCEWithLogits() BCELoss { return BCELoss{} }

// PositiveWeight sets p: one number for all elements, or one for each of the
// last axis. It is part of ℓ, as in PyTorch, not of the weight of an example.
func (l BCELoss) PositiveWeight(p ...float64) BCELoss { l.positive = slices.Clone(p); return l }

// Name returns "bce".
func (l BCELoss) Name() string { return "bce" }

// Build adds the loss to a graph.
func (l BCELoss) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	return elementwise(c, l.Name(), l.element, pred, target, weight)
}

func (l BCELoss) element(c *Context, x, y *graph.Node) *graph.Node {
	positive := y
	if len(l.positive) > 0 {
		positive = c.Mul(l.weights(c, x), y)
	}
	return c.FMA(positive, c.Softplus(c.Neg(x)), c.Mul(c.Sub(c.Const(1), y), c.Softplus(x)))
}

// weights returns p.
func (l BCELoss) weights(c *Context, x *graph.Node) *graph.Node {
	for _, p := range l.positive {
		if !(p >= 0) || math.IsInf(p, 0) {
			return c.Failf("nn.BCEWithLogits", []*graph.Node{x}, "positive weight %v, want a finite number of 0 or more", p)
		}
	}
	if len(l.positive) == 1 {
		return c.Const(l.positive[0])
	}
	if len(l.positive) != x.Shape.Last() {
		return c.Failf("nn.BCEWithLogits", []*graph.Node{x}, "%d positive weights, want 1 or %d", len(l.positive), x.Shape.Last())
	}
	return constants(c, l.positive)
}
