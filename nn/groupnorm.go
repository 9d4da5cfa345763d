package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// GroupNormLayer is what GroupNorm returns; its methods return changed copies.
type GroupNormLayer struct {
	groups int
	eps    float64
	plain  bool
}

// GroupNorm divides the channels, the last axis, into groups of consecutive ones
// and normalizes each group of an example by itself: (x - mean)/√(var + ε)·weight
// + bias, with mean and biased variance over the group and all axes before the
// last. Parameters: weight from 1 and bias from 0, for each channel. ε is 1e-5.
// Wu, He, ECCV 2018, equation 7; PyTorch's GroupNorm with channels last. As many
// groups as channels are instance norm.
func GroupNorm(groups int) GroupNormLayer { return GroupNormLayer{groups: groups, eps: 1e-5} }

// Eps sets ε, more than 0.
func (l GroupNormLayer) Eps(eps float64) GroupNormLayer { l.eps = eps; return l }

// Plain leaves out the parameters.
func (l GroupNormLayer) Plain() GroupNormLayer { l.plain = true; return l }

// String returns, for example, "GroupNorm(8)".
func (l GroupNormLayer) String() string { return fmt.Sprintf("GroupNorm(%d)", l.groups) }

// Build adds the layer to a graph.
func (l GroupNormLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.GroupNorm", x) {
		return c.failed()
	}
	channels := x.Shape.Last()
	switch {
	case !(l.eps > 0) || math.IsInf(l.eps, 0):
		return c.Failf("nn.GroupNorm", []*graph.Node{x}, "eps %v, want a finite number above 0", l.eps)
	case len(x.Shape.Inner()) == 0:
		return c.Failf("nn.GroupNorm", []*graph.Node{x}, "want an axis of channels")
	case l.groups < 1 || channels%l.groups != 0:
		return c.Failf("nn.GroupNorm", []*graph.Node{x}, "%d groups, want a divisor of the %d channels", l.groups, channels)
	}
	y := l.normalize(c, x)
	if l.plain {
		return y
	}
	w := c.Param("weight", graph.Init{Rule: "constant", A: 1}, channels)
	return c.FMA(y, w, c.Param("bias", graph.Init{Rule: "zeros"}, channels))
}

// normalize brings the elements of each group side by side: (N, G, C/G) to
// (G, N·C/G), N being the elements of a channel.
func (l GroupNormLayer) normalize(c *Context, x *graph.Node) *graph.Node {
	size, width := x.Shape.Size(), x.Shape.Last()/l.groups
	n := size / x.Shape.Last()
	if l.groups == 1 {
		return c.Reshape(c.Normalize(c.Reshape(x, size), l.eps), x.Shape.Inner()...)
	}
	rows := c.Transpose(c.Reshape(x, n, l.groups, width), 1, 0, 2)
	rows = c.Normalize(c.Reshape(rows, l.groups, n*width), l.eps)
	y := c.Transpose(c.Reshape(rows, l.groups, n, width), 1, 0, 2)
	return c.Reshape(y, x.Shape.Inner()...)
}
