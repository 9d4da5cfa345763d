package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// pool makes one row of the positions of an example.
type pool struct {
	name string
	of   func(c *Context, x, length *graph.Node) *graph.Node
}

// MeanPool averages the positions of x: (T, ..) to (..). With a field "length",
// i32 () per example, only the first length positions count; of none the mean
// is 0.
func MeanPool() Layer {
	return pool{"MeanPool", func(c *Context, x, length *graph.Node) *graph.Node { return c.MeanOver(x, length) }}
}

// MaxPool takes the maximum of each element over the positions of x, which count
// as for MeanPool: (T, ..) to (..). The gradient goes to the first position that
// has it, as in PyTorch.
func MaxPool() Layer {
	return pool{"MaxPool", func(c *Context, x, length *graph.Node) *graph.Node { return c.MaxOver(x, length) }}
}

// LastPool takes the last position of x: (T, ..) to (..). With a field
// "length", i32 () per example, it is the last that counts; of none it is 0.
func LastPool() Layer { return pool{"LastPool", last} }

func last(c *Context, x, length *graph.Node) *graph.Node {
	if length != nil {
		return c.LastOf(x, length)
	}
	rest := x.Shape.Inner()[1:]
	size := x.Shape.Size() / x.Shape.Inner()[0]
	return c.Reshape(c.Slice(c.Reshape(x, x.Shape.Size()), x.Shape.Size()-size, size), rest...)
}

func (p pool) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+p.name, x) || c.whole("nn."+p.name, x) {
		return c.failed()
	}
	if len(x.Shape.Inner()) < 2 {
		return c.Failf("nn."+p.name, []*graph.Node{x}, "want positions and what each has: (T, C)")
	}
	return p.of(c, x, c.Inputs["length"])
}

func (p pool) String() string { return p.name }

type window int

// Window puts the k positions around each side by side, with 0 outside of the
// example: (T, C) to (T, k·C). Positions t - ⌊(k-1)/2⌋ to t + ⌊k/2⌋ are columns
// 0 to k-1 of t. A Dense layer behind it is a convolution along the positions;
// its weight (k·C, out) is PyTorch's Conv1d weight (out, C, k) with the last two
// axes exchanged, and transposed. Sequential(Embedding, Window, Dense, ReLU,
// MaxPool) is the text classifier of Kim (EMNLP 2014) with one width.
func Window(k int) Layer { return window(k) }

func (k window) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Window", x) || c.whole("nn.Window", x) {
		return c.failed()
	}
	if len(x.Shape.Inner()) != 2 || k < 1 {
		return c.Failf("nn.Window", []*graph.Node{x}, "a window of %d positions, want at least 1, over positions and channels: (T, C)", int(k))
	}
	var beside []*graph.Node
	for j := range int(k) {
		n := (int(k)-1)/2 - j
		if n == 0 {
			beside = append(beside, x)
			continue
		}
		beside = append(beside, c.Shift(x, n))
	}
	return c.Concat(beside...)
}

func (k window) String() string { return fmt.Sprintf("Window(%d)", int(k)) }
