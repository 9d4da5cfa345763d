package nn

import (
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// Layer is a part of a model. Build adds it to the graph of c for the input x
// and returns its output. It must depend on nothing but its own value, c and
// x: a training graph and an inference graph call it once each.
type Layer interface {
	Build(c *Context, x *graph.Node) *graph.Node
}

// Func is a layer written as a function over the graph.
type Func func(c *Context, x *graph.Node) *graph.Node

// Build calls f.
func (f Func) Build(c *Context, x *graph.Node) *graph.Node { return f(c, x) }

// String returns "Func".
func (f Func) String() string { return "Func" }

type sequence []Layer

// Sequential applies layers one after the other. Their names are "0", "1", ….
func Sequential(layers ...Layer) Layer { return sequence(slices.Clone(layers)) }

func (s sequence) Build(c *Context, x *graph.Node) *graph.Node {
	for i, l := range s {
		x = c.Apply(strconv.Itoa(i), l, x)
	}
	return x
}

func (s sequence) String() string { return "Sequential" }

type residual struct{ sequence }

// Residual returns x + f(x), f being the layers one after the other, named as
// in Sequential. Their output must have the shape of x (He, Zhang, Ren, Sun,
// CVPR 2016, equation 1).
func Residual(layers ...Layer) Layer { return residual{slices.Clone(layers)} }

func (r residual) Build(c *Context, x *graph.Node) *graph.Node {
	y := r.sequence.Build(c, x)
	if c.missing("nn.Residual", x) {
		return c.failed()
	}
	if !y.Shape.Equal(x.Shape) {
		return c.Failf("nn.Residual", []*graph.Node{x, y}, "the layers change the shape from %v to %v", x.Shape, y.Shape)
	}
	return c.Add(x, y)
}

func (r residual) String() string { return "Residual" }

type shortcut struct {
	sequence
	by Layer
}

// Shortcut returns by(x) + f(x), f being the layers one after the other, named as
// in Sequential: a residual whose layers change the shape, with a projection named
// "shortcut" on the way past them (He et al., CVPR 2016, equation 2).
func Shortcut(by Layer, layers ...Layer) Layer { return shortcut{slices.Clone(layers), by} }

func (s shortcut) Build(c *Context, x *graph.Node) *graph.Node {
	y := s.sequence.Build(c, x)
	past := c.Apply("shortcut", s.by, x)
	if c.missing("nn.Shortcut", x) {
		return c.failed()
	}
	if !y.Shape.Equal(past.Shape) {
		return c.Failf("nn.Shortcut", []*graph.Node{past, y}, "the shortcut gives %v and the layers %v, want one shape", past.Shape, y.Shape)
	}
	return c.Add(past, y)
}

func (s shortcut) String() string { return "Shortcut" }

type frozen struct{ Layer }

// Frozen returns the layer with parameters that training leaves alone; no
// gradient is computed for them. Names do not change.
func Frozen(l Layer) Layer { return frozen{l} }

func (f frozen) Build(c *Context, x *graph.Node) *graph.Node {
	before := c.frozen
	c.frozen = true
	defer func() { c.frozen = before }()
	if f.Layer == nil {
		return c.Failf("nn.Frozen", []*graph.Node{x}, "the layer is nil")
	}
	return f.Layer.Build(c, x)
}

func (f frozen) String() string { return "Frozen " + describe(f.Layer) }
