package nn

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// EnsembleLayer is what Ensemble returns.
type EnsembleLayer struct {
	members, out int
	body         []Layer
}

// Ensemble is so many models in one: they share the body, but each sees the
// features x (n) through its own scale, parameter "scale" (members, n), and has
// its own head, a Dense(out) named "head.0" and so on. The layers of the body,
// named as in Sequential, work on the last axis: they are given (members, n).
// It is the last layer of a model.
//
// In training the loss is the mean of the losses of the members, each by
// itself; the model predicts the mean of their scores. Scales start from
// N(1, ½). Gorishniy, Kotelnikov, Babenko: TabM, ICLR 2025, section 3.3
// (TabM-mini), which averages probabilities where this averages scores, and
// whose scales start from -1 and 1 at even odds or from N(0, 1).
func Ensemble(members, out int, body ...Layer) EnsembleLayer {
	return EnsembleLayer{members, out, slices.Clone(body)}
}

// Build adds the layer to a graph.
func (l EnsembleLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Ensemble", x) {
		return c.failed()
	}
	if l.members < 1 || l.out < 1 || len(x.Shape.Inner()) != 1 {
		return c.Failf("nn.Ensemble", []*graph.Node{x}, "%d members with %d outputs of features on one axis, want at least 1 of each", l.members, l.out)
	}
	n := x.Shape.Last()
	y := c.Mul(c.Reshape(x, 1, n), c.Param("scale", graph.Init{Rule: "normal", A: 1, B: 0.5}, l.members, n))
	for i, layer := range l.body {
		y = c.Apply(strconv.Itoa(i), layer, y)
	}
	if c.Err() != nil {
		return c.failed()
	}
	inner := y.Shape.Inner()
	if len(inner) != 2 || inner[0] != l.members {
		return c.Failf("nn.Ensemble", []*graph.Node{y}, "the body gives an example the shape %v, want (%d, ..)", inner, l.members)
	}
	flat := c.Reshape(y, inner[0]*inner[1])
	heads := make([]*graph.Node, l.members)
	for m := range heads {
		heads[m] = c.Apply("head."+strconv.Itoa(m), Dense(l.out), c.Slice(flat, m*inner[1], inner[1]))
	}
	mean := heads[0]
	for _, h := range heads[1:] {
		mean = c.Add(mean, h)
	}
	mean = c.Mul(mean, c.Const(1/float64(l.members)))
	if c.Train {
		c.ensemble, c.members = mean, heads
	}
	return mean
}

// String returns, for example, "Ensemble(8)".
func (l EnsembleLayer) String() string { return fmt.Sprintf("Ensemble(%d)", l.members) }

// membersLoss is the mean of the losses of the members of an ensemble.
func membersLoss(c *Context, l Loss, target, weight *graph.Node) (loss, w *graph.Node) {
	for i, pred := range c.members {
		one, weights := l.Build(c, pred, target, weight)
		if i == 0 {
			loss, w = one, weights
			continue
		}
		loss = c.Add(loss, one)
	}
	return c.Mul(loss, c.Const(1/float64(len(c.members)))), w
}
