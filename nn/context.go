package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Context is what a layer builds into: a graph and how it will be used.
type Context struct {
	*graph.Builder
	Train  bool                   // training: dropout is on
	Stats  Stats                  // of batch normalization; NewContext: Batch in training, else Running
	Inputs map[string]*graph.Node // the fields of an example, by name

	// Segment is a scalar of each update, or nil: attention and positions begin
	// anew every so many positions, and not at all where it is 0. It is how
	// training warms up the length of sequences.
	Segment *graph.Node
	Cache   *Cache // in a graph of Decoder, else nil

	// Dense makes tables ordinary parameters, whose gradients have all rows: for
	// what compares gradients of different examples.
	Dense bool

	frozen    bool
	instead   map[string]*graph.Node  // of parameters, by name: see At
	streams   map[string]int          // random streams per path, to tell them apart
	layers    []builtLayer            // what Apply has built, for Summary
	estimates []Estimate              // what Estimated statistics need
	ensemble  *graph.Node             // the prediction of an ensemble in training, and
	members   []*graph.Node           // those of its members
	factors   map[*graph.Node]vectors // of predictions: see Vectors
	images    map[*graph.Node]int     // channels of images that Flatten has made one axis of
}

// Input declares a field of the examples: its name, its element type and its
// axes without the batch axis. A dataset.Field converts to it.
type Input struct {
	Name  string
	DType tensor.DType
	Shape tensor.Shape
}

// NewContext returns a context over b with the given fields as inputs.
func NewContext(b *graph.Builder, train bool, fields ...Input) *Context {
	c := &Context{Builder: b, Train: train, Inputs: map[string]*graph.Node{}}
	if train {
		c.Stats = Batch
	}
	for _, f := range fields {
		c.Inputs[f.Name] = b.Input(f.Name, f.DType, f.Shape...)
	}
	return c
}

// Model builds a model on the input "x", which is nil if there is no such
// field, and returns its prediction.
func (c *Context) Model(m Layer) *graph.Node {
	if m == nil {
		return c.Failf("nn.Model", nil, "the model is nil")
	}
	y := m.Build(c, c.Inputs["x"])
	if y == nil {
		return c.Failf("nn.Model", nil, "the model returned nil")
	}
	return y
}

// Apply builds a layer under a name: its parameters are "name.weight" and so
// on, and Summary lists it. It is how a Func names its parts.
func (c *Context) Apply(name string, l Layer, x *graph.Node) *graph.Node {
	defer c.Scope(name)()
	if l == nil {
		return c.Failf("nn.Apply", []*graph.Node{x}, "layer %q is nil", name)
	}
	path := c.Path("")
	slot := len(c.layers)
	c.layers = append(c.layers, builtLayer{path: path[:len(path)-1], kind: describe(l)})
	y := l.Build(c, x)
	if y == nil {
		y = c.Failf("nn.Apply", []*graph.Node{x}, "layer %q returned nil", name)
	}
	c.layers[slot].out = y
	return y
}

// Param declares a parameter under the current name, or a frozen one inside
// Frozen. Asking again for the same name and shape gives the same node: a tied
// weight.
func (c *Context) Param(name string, init graph.Init, dims ...int) *graph.Node {
	if p := c.instead[c.Path(name)]; p != nil {
		return p
	}
	if c.frozen {
		return c.FrozenParam(name, init, dims...)
	}
	return c.Builder.Param(name, init, dims...)
}

// SparseParam is Param of a table (rows, dim) that only look-ups (Gather) read:
// its gradient is kept for the rows that a batch touches.
func (c *Context) SparseParam(name string, init graph.Init, rows, dim int) *graph.Node {
	if c.frozen || c.Dense || c.instead[c.Path(name)] != nil {
		return c.Param(name, init, rows, dim)
	}
	return c.Builder.SparseParam(name, init, rows, dim)
}

// shared is Param of a layer that Apply has built, or will build, under a name.
func (c *Context) shared(layer, name string, init graph.Init, dims ...int) *graph.Node {
	defer c.Scope(layer)()
	return c.Param(name, init, dims...)
}

// At returns a context over the same graph and inputs in which the parameters
// of the given names are other values: a model is built a second time there, at
// another point. Random masks are the same; running statistics are left alone.
func (c *Context) At(params map[string]*graph.Node) *Context {
	return &Context{Builder: c.Builder, Train: c.Train, Stats: c.Stats, Inputs: c.Inputs, Segment: c.Segment, Cache: c.Cache, Dense: c.Dense, instead: params}
}

// Params returns the parameters declared so far that training changes, in the
// order of declaration.
func (c *Context) Params() []*graph.Node {
	var params []*graph.Node
	for _, v := range c.Vars() {
		if v.Attr.Kind == graph.Trainable {
			params = append(params, v)
		}
	}
	return params
}

// stream returns a name for a random stream that no other stream of this
// context has under the current path.
func (c *Context) stream(name string) string {
	if c.streams == nil {
		c.streams = map[string]int{}
	}
	path := c.Path(name)
	n := c.streams[path]
	c.streams[path]++
	if n == 0 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, n)
}

// missing reports, and records as a mistake, that a layer got no input.
func (c *Context) missing(op string, x *graph.Node) bool {
	if x == nil {
		c.Failf(op, nil, `no input: is there a field "x"?`)
	}
	return x == nil || c.Err() != nil
}

// failed returns the invalid node of a context that already has an error.
func (c *Context) failed() *graph.Node { return c.Failf("nn", nil, "failed") }

// describe names a layer for people: its String method, or its type.
func describe(l Layer) string {
	if s, ok := l.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", l)
}
