package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// DenseLayer is what Dense returns; its methods return changed copies.
type DenseLayer struct {
	out          int
	noBias       bool
	straight     bool // files hold (in, out) too
	weight, bias Initializer
}

// Dense is the affine map y = x·W + b of the last axis: (.., in) to (.., out).
// Parameters: weight (in, out), in files (out, in), behind an image's Flatten in
// the order that it says; bias (out). Both start as
// U(-1/√in, 1/√in), the defaults of PyTorch's Linear (kaiming_uniform with
// a = √5).
func Dense(out int) DenseLayer { return DenseLayer{out: out, weight: uniformFan, bias: uniformFan} }

// conv1D is Dense in the layout of GPT-2's Conv1D, whose files hold (in, out);
// the bias starts at 0.
func conv1D(out int, bias bool, weight Initializer) DenseLayer {
	return DenseLayer{out: out, noBias: !bias, straight: true, weight: weight, bias: Zeros()}
}

// NoBias leaves out the bias.
func (d DenseLayer) NoBias() DenseLayer { d.noBias = true; return d }

// Init sets how the weight starts.
func (d DenseLayer) Init(i Initializer) DenseLayer { d.weight = i; return d }

// BiasInit sets how the bias starts.
func (d DenseLayer) BiasInit(i Initializer) DenseLayer { d.bias = i; return d }

// Build adds the layer to a graph.
func (d DenseLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Dense", x) {
		return c.failed()
	}
	if d.out < 1 || d.weight == nil || d.bias == nil {
		return c.Failf("nn.Dense", []*graph.Node{x}, "%d outputs, want at least 1 (and make the layer with Dense)", d.out)
	}
	in := x.Shape.Last()
	init := d.weight(in, d.out)
	init.Transposed = !d.straight
	if init.Transposed {
		init.Channels = c.channels(x)
	}
	w := c.Param("weight", init, in, d.out)
	if d.noBias {
		return c.Linear(x, w, nil)
	}
	return c.Linear(x, w, c.Param("bias", d.bias(in, d.out), d.out))
}

// String returns, for example, "Dense(256)".
func (d DenseLayer) String() string { return fmt.Sprintf("Dense(%d)", d.out) }
