package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// Pool2dLayer is what MaxPool2d and AvgPool2d return; its methods return changed
// copies.
type Pool2dLayer struct {
	name           string
	kernel, stride [2]int // a stride of 0 is that of the kernel
	pad            [2]int
	inside         bool
}

// MaxPool2d takes the maximum of windows of k by k of each channel, (H, W, C) to
// (OH, OW, C) with OH = ⌊(H + 2·pad - k)/stride⌋ + 1 and OW alike. The stride is k
// and there is no padding unless set; elements of padding are never the maximum.
// The gradient goes to the first element of a window, by rows, that has it, as in
// PyTorch.
func MaxPool2d(k int) Pool2dLayer { return Pool2dLayer{name: "MaxPool2d", kernel: [2]int{k, k}} }

// AvgPool2d averages the windows of MaxPool2d. Zeros of padding count, as in
// PyTorch, unless Inside is set.
func AvgPool2d(k int) Pool2dLayer { return Pool2dLayer{name: "AvgPool2d", kernel: [2]int{k, k}} }

// Kernel sets the height and the width of the windows.
func (l Pool2dLayer) Kernel(h, w int) Pool2dLayer { l.kernel = [2]int{h, w}; return l }

// Stride sets the distance between neighbouring windows, at least 1.
func (l Pool2dLayer) Stride(n int) Pool2dLayer { l.stride = [2]int{n, n}; return l }

// Pad puts n elements around an image, at most half of a window.
func (l Pool2dLayer) Pad(n int) Pool2dLayer { l.pad = [2]int{n, n}; return l }

// Inside makes averages count the elements of the image alone: PyTorch's
// count_include_pad = False.
func (l Pool2dLayer) Inside() Pool2dLayer { l.inside = true; return l }

// Build adds the layer to a graph.
func (l Pool2dLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+l.name, x) {
		return c.failed()
	}
	p := graph.Pool{Kernel: l.kernel, Stride: l.stride, Pad: [4]int{l.pad[0], l.pad[0], l.pad[1], l.pad[1]}}
	if l.stride == [2]int{} {
		p.Stride = l.kernel
	}
	if l.name == "MaxPool2d" {
		return c.MaxPool(x, p)
	}
	p.CountPad = !l.inside
	return c.AvgPool(x, p)
}

// String returns, for example, "MaxPool2d(3x3, stride 2, pad 1)".
func (l Pool2dLayer) String() string {
	s := fmt.Sprintf("%s(%dx%d", l.name, l.kernel[0], l.kernel[1])
	if l.stride != [2]int{} {
		s += fmt.Sprintf(", stride %d", l.stride[0])
	}
	if l.pad != [2]int{} {
		s += fmt.Sprintf(", pad %d", l.pad[0])
	}
	if l.inside {
		s += ", inside"
	}
	return s + ")"
}

// imagePool makes something else of an image than windows of one size do.
type imagePool struct {
	name string
	of   func(c *Context, x *graph.Node) *graph.Node
}

// GlobalAvgPool averages each channel over the image: (H, W, C) to (C).
func GlobalAvgPool() Layer {
	return imagePool{"GlobalAvgPool", func(c *Context, x *graph.Node) *graph.Node { return c.MeanOver(pixels(c, x), nil) }}
}

// GlobalMaxPool takes the maximum of each channel over the image: (H, W, C) to
// (C).
func GlobalMaxPool() Layer {
	return imagePool{"GlobalMaxPool", func(c *Context, x *graph.Node) *graph.Node { return c.MaxOver(pixels(c, x), nil) }}
}

// pixels lists the pixels of an image, by rows: (H, W, C) to (H·W, C).
func pixels(c *Context, x *graph.Node) *graph.Node {
	in := x.Shape.Inner()
	return c.Reshape(x, in[0]*in[1], in[2])
}

// AdaptiveAvgPool2d averages h by w windows that cover the image, (H, W, C) to
// (h, w, C): row i has the rows from ⌊i·H/h⌋ to ⌈(i+1)·H/h⌉, as in PyTorch.
func AdaptiveAvgPool2d(h, w int) Layer {
	return imagePool{fmt.Sprintf("AdaptiveAvgPool2d(%d, %d)", h, w), func(c *Context, x *graph.Node) *graph.Node {
		return c.AvgPool(x, graph.Pool{Out: [2]int{h, w}})
	}}
}

// AdaptiveMaxPool2d takes the maxima of the windows of AdaptiveAvgPool2d.
func AdaptiveMaxPool2d(h, w int) Layer {
	return imagePool{fmt.Sprintf("AdaptiveMaxPool2d(%d, %d)", h, w), func(c *Context, x *graph.Node) *graph.Node {
		return c.MaxPool(x, graph.Pool{Out: [2]int{h, w}})
	}}
}

func (p imagePool) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+p.name, x) {
		return c.failed()
	}
	if len(x.Shape.Inner()) != 3 {
		return c.Failf("nn."+p.name, []*graph.Node{x}, "the input has %d axes, want an image (H, W, C)", len(x.Shape.Inner()))
	}
	return p.of(c, x)
}

func (p imagePool) String() string { return p.name }
