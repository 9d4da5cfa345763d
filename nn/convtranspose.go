package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// ConvTransposeLayer is what ConvTranspose2d returns; its methods return changed
// copies.
type ConvTransposeLayer struct {
	out, kernel, stride, pad, more, dilation, groups int
	noBias                                           bool
	weight, bias                                     Initializer
}

// ConvTranspose2d is the gradient of a Conv2d by its input, as a layer: it spreads
// each pixel over a window of k by k, (H, W, in) to (OH, OW, out), where
//
//	OH = (H - 1)·stride - 2·pad + dilation·(k-1) + more + 1
//
// and OW alike. Stride, dilation and groups are 1, padding and more are 0 unless
// set. Parameters: weight (k, k, out/groups, in), in files (in, out/groups, k, k);
// bias (out). Both start as U(-1/√n, 1/√n), n = k·k·out/groups: the defaults of
// PyTorch's ConvTranspose2d.
func ConvTranspose2d(out, k int) ConvTransposeLayer {
	return ConvTransposeLayer{out: out, kernel: k, stride: 1, dilation: 1, groups: 1, weight: uniformFan, bias: uniformFan}
}

// Stride sets how far apart the windows of neighbouring pixels are, at least 1.
func (l ConvTransposeLayer) Stride(n int) ConvTransposeLayer { l.stride = n; return l }

// Pad cuts n rows and columns off each side.
func (l ConvTransposeLayer) Pad(n int) ConvTransposeLayer { l.pad = n; return l }

// OutputPad adds n rows below and n columns right, less than the stride or the
// dilation: sizes that a Conv2d of this stride makes equal are told apart by it.
func (l ConvTransposeLayer) OutputPad(n int) ConvTransposeLayer { l.more = n; return l }

// Dilation sets the distance between the taps of a kernel, at least 1.
func (l ConvTransposeLayer) Dilation(n int) ConvTransposeLayer { l.dilation = n; return l }

// Groups divides the channels in and out into n groups; a divisor of both.
func (l ConvTransposeLayer) Groups(n int) ConvTransposeLayer { l.groups = n; return l }

// NoBias leaves out the bias.
func (l ConvTransposeLayer) NoBias() ConvTransposeLayer { l.noBias = true; return l }

// Init sets how the weight starts; its fan-in is k·k·out/groups and its fan-out
// k·k·in, as in PyTorch.
func (l ConvTransposeLayer) Init(i Initializer) ConvTransposeLayer { l.weight = i; return l }

// Build adds the layer to a graph.
func (l ConvTransposeLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.ConvTranspose2d", x) {
		return c.failed()
	}
	if reason := l.fault(x); reason != "" {
		return c.Failf("nn.ConvTranspose2d", []*graph.Node{x}, "%s", reason)
	}
	in, k := x.Shape.Inner(), l.kernel
	fanIn, fanOut := k*k*l.out/l.groups, k*k*in[2]
	init := l.weight(fanIn, fanOut)
	init.Transposed = true
	w := c.Param("weight", init, k, k, l.out/l.groups, in[2])
	conv := graph.Conv{Kernel: [2]int{k, k}, Stride: [2]int{l.stride, l.stride}, Dilation: [2]int{l.dilation, l.dilation},
		Pad: [4]int{l.pad, l.pad, l.pad, l.pad}, Groups: l.groups}
	y := c.ConvInput(x, c.TransposeTaps(w, l.groups), conv, l.size(in[0]), l.size(in[1]))
	if l.noBias {
		return y
	}
	return c.Add(y, c.Param("bias", l.bias(fanIn, fanOut), l.out))
}

// size is the length of an axis of the result.
func (l ConvTransposeLayer) size(n int) int {
	return (n-1)*l.stride - 2*l.pad + l.dilation*(l.kernel-1) + l.more + 1
}

// fault says what is wrong with the layer for an input, "" if nothing is.
func (l ConvTransposeLayer) fault(x *graph.Node) string {
	in := x.Shape.Inner()
	switch {
	case l.weight == nil:
		return "make the layer with ConvTranspose2d"
	case len(in) != 3:
		return fmt.Sprintf("the input has %d axes, want an image (H, W, C)", len(in))
	case min(l.out, l.kernel, l.stride, l.dilation, l.groups) < 1 || l.pad < 0:
		return fmt.Sprintf("%d outputs, kernel %d, stride %d, dilation %d, groups %d: want at least 1, and padding %d of 0 or more", l.out, l.kernel, l.stride, l.dilation, l.groups, l.pad)
	case l.more < 0 || l.more >= max(l.stride, l.dilation):
		return fmt.Sprintf("output padding %d, want 0 or more and less than the stride %d or the dilation %d", l.more, l.stride, l.dilation)
	case in[2]%l.groups != 0 || l.out%l.groups != 0:
		return fmt.Sprintf("%d channels in and %d out, want multiples of %d groups", in[2], l.out, l.groups)
	case l.size(in[0]) < 1 || l.size(in[1]) < 1:
		return fmt.Sprintf("padding %d leaves nothing of %d x %d pixels", l.pad, in[0], in[1])
	}
	return ""
}

// String returns, for example, "ConvTranspose2d(8, 4x4, stride 2, pad 1)".
func (l ConvTransposeLayer) String() string {
	s := fmt.Sprintf("ConvTranspose2d(%d, %dx%d", l.out, l.kernel, l.kernel)
	for _, part := range []struct {
		name        string
		value, none int
	}{{"stride", l.stride, 1}, {"pad", l.pad, 0}, {"output pad", l.more, 0}, {"dilation", l.dilation, 1}, {"groups", l.groups, 1}} {
		if part.value != part.none {
			s += fmt.Sprintf(", %s %d", part.name, part.value)
		}
	}
	return s + ")"
}
