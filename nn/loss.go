package nn

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Loss measures a prediction. Build returns the loss ℓ of each example (of
// each token, if the target has more axes) and its weight w, both f32 and of
// one shape. weight holds the weights of the examples, or is nil for 1 each.
// Where w is 0, neither ℓ nor its gradient may depend on a prediction that is
// not finite; Weigh arranges that. Objective makes the loss of a batch of it.
type Loss interface {
	Name() string
	Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node)
}

// Objective builds the loss of a batch, Σ w·ℓ / Σ w, as its two sums over the
// examples: the numerator Σ w·ℓ and the denominator Σ w, float64 scalars of
// the per-update half. weighted is w·ℓ of each example (or token): the
// gradient of its sum is what Optimizer.Build divides by Σ w. Where w is 0,
// w·ℓ is 0 even if ℓ is not finite.
//
// Where the target is the field "y" and there are the fields "y2", alike, and
// "mix", f32 (), an example is a mixture of two: its w·ℓ is mix·w·ℓ of y and
// (1 - mix)·w·ℓ of y2, and its weight the same mean of both weights (Zhang, Cisse,
// Dauphin, Lopez-Paz, ICLR 2018, section 2).
func Objective(c *Context, l Loss, pred, target, weight *graph.Node) (numerator, denominator, weighted *graph.Node) {
	if l == nil || pred == nil || target == nil {
		bad := c.Failf("nn.Objective", []*graph.Node{pred, target}, "want a loss, a prediction and a target")
		return bad, bad, bad
	}
	build := l.Build
	if pred == c.ensemble {
		build = func(c *Context, _, target, weight *graph.Node) (loss, w *graph.Node) {
			return membersLoss(c, l, target, weight)
		}
	}
	one := func(target *graph.Node) (weighted, w *graph.Node) {
		loss, w := build(c, pred, target, weight)
		if isOne(w) {
			return loss, w
		}
		return c.Select(w, c.Mul(w, loss), c.Const(0)), w
	}
	weighted, w := one(target)
	if other, mix := c.Inputs["y2"], c.Inputs["mix"]; other != nil && mix != nil && target == c.Inputs["y"] {
		weighted2, w2 := one(other)
		weighted, w = c.between(weighted2, weighted, mix), c.between(w2, w, mix)
	}
	return c.SumExamples64(weighted), c.SumExamples64(w), weighted
}

// between returns share·y + (1 - share)·x, share having the leading axes of both;
// x where both are 1.
func (c *Context) between(x, y, share *graph.Node) *graph.Node {
	if isOne(x) && isOne(y) || c.Err() != nil {
		return x
	}
	share = alignLeft(c, share, len(x.Shape.Inner()))
	return c.FMA(share, y, c.Mul(c.Sub(c.Const(1), share), x))
}

// Weigh returns the weights w of a loss of the given shape from the weights of
// the examples, which have its leading axes or are nil, and the prediction
// with 0 in place of what w leaves out.
func Weigh(c *Context, pred, weight *graph.Node, loss graph.Shape) (w, kept *graph.Node) {
	if weight == nil || c.Err() != nil {
		return c.BroadcastTo(c.Const(1), loss), pred
	}
	w = c.BroadcastTo(alignLeft(c, weight, len(loss.Inner())), loss)
	return w, mask(c, pred, w)
}

// mask returns x with 0 where w, which has the leading axes of x, is 0.
func mask(c *Context, x, w *graph.Node) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	return c.Select(alignLeft(c, w, len(x.Shape.Inner())), x, c.Const(0))
}

// alignLeft appends axes of length 1 until x has the given number of inner
// axes.
func alignLeft(c *Context, x *graph.Node, axes int) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	dims := append([]int{}, x.Shape.Inner()...)
	for len(dims) < axes {
		dims = append(dims, 1)
	}
	return c.Reshape(x, dims...)
}

// isOne reports whether w is the constant 1.
func isOne(w *graph.Node) bool {
	for w != nil && w.Op != nil && w.Op.Name == "broadcast" {
		w = w.In[0]
	}
	return w != nil && w.Op != nil && w.Op.Name == "const" && w.Attr.Float == 1
}

// CrossEntropyLoss is what CrossEntropy returns; its methods return changed
// copies.
type CrossEntropyLoss struct {
	smoothing float64
	classes   []float64
}

// CrossEntropy is -Σ q·ln softmax(x) over the last axis, for scores x
// (.., classes) and i32 labels (..); q is 1 at the label and 0 elsewhere.
// Labels are from 0; the caller has checked their range.
func CrossEntropy() CrossEntropyLoss { return CrossEntropyLoss{} }

// LabelSmoothing mixes the target with the uniform distribution: q is
// 1 - s + s/C at the label and s/C elsewhere, s in [0, 1) (Szegedy et al.,
// CVPR 2016, section 7).
func (l CrossEntropyLoss) LabelSmoothing(s float64) CrossEntropyLoss { l.smoothing = s; return l }

// ClassWeights multiplies the weight of an example by the weight of its label:
// w = weight·class[label], ℓ unchanged. Without smoothing this is PyTorch's
// weight argument; with it PyTorch also weights each term of the smoothed
// target, which here stays as it is.
func (l CrossEntropyLoss) ClassWeights(w ...float64) CrossEntropyLoss {
	l.classes = append([]float64{}, w...)
	return l
}

// Name returns "cross_entropy".
func (l CrossEntropyLoss) Name() string { return "cross_entropy" }

// Build adds the loss to a graph.
func (l CrossEntropyLoss) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	if c.missing("nn.CrossEntropy", pred) || c.missing("nn.CrossEntropy", target) {
		return c.failed(), c.failed()
	}
	w, pred = Weigh(c, pred, weight, graph.Shape{DType: tensor.F32, Dims: target.Shape.Dims})
	if l.classes != nil {
		w = c.Mul(w, l.classWeight(c, pred, target))
		pred = mask(c, pred, w)
	}
	return c.CrossEntropy(pred, target, l.smoothing), w
}

// classWeight looks up the weight of each label.
func (l CrossEntropyLoss) classWeight(c *Context, pred, target *graph.Node) *graph.Node {
	if c.Err() == nil && len(l.classes) != pred.Shape.Last() {
		return c.Failf("nn.CrossEntropy", []*graph.Node{pred}, "%d class weights, want one for each of %d classes", len(l.classes), pred.Shape.Last())
	}
	for i, v := range l.classes {
		if !(v >= 0) || math.IsInf(v, 0) {
			return c.Failf("nn.CrossEntropy", []*graph.Node{pred}, "class weight %d is %v, want a finite number of 0 or more", i, v)
		}
	}
	table := c.Reshape(constants(c, l.classes), len(l.classes), 1)
	return c.Reshape(c.Gather(table, target), target.Shape.Inner()...)
}

// constants returns a vector of given numbers.
func constants(c *Context, values []float64) *graph.Node {
	parts := make([]*graph.Node, len(values))
	for i, v := range values {
		parts[i] = c.Reshape(c.Const(v), 1)
	}
	return c.Concat(parts...)
}
