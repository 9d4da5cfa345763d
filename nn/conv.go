package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// ConvLayer is what Conv2d and Conv1d return; its methods return changed copies.
type ConvLayer struct {
	out                      int
	line                     bool // Conv1d: an image of one row
	kernel, stride, dilation [2]int
	pad                      [4]int
	same                     bool
	groups                   int
	depthwise                bool
	noBias, standardized     bool
	weight, bias             Initializer
}

// Conv2d is a convolution (cross-correlation, as in PyTorch) of an image with
// kernels of k by k: (H, W, in) to (OH, OW, out), where
//
//	OH = ⌊(H + top + bottom - dilation·(k-1) - 1)/stride⌋ + 1
//
// and OW alike. Stride, dilation and groups are 1, padding is 0 unless set.
// Parameters: weight (k, k, in/groups, out), in files (out, in/groups, k, k);
// bias (out). Both start as U(-1/√n, 1/√n), n = k·k·in/groups being the inputs of
// an output: the defaults of PyTorch's Conv2d (kaiming_uniform with a = √5).
func Conv2d(out, k int) ConvLayer {
	return ConvLayer{out: out, kernel: [2]int{k, k}, stride: [2]int{1, 1}, dilation: [2]int{1, 1}, groups: 1, weight: uniformFan, bias: uniformFan}
}

// Conv1d is Conv2d along the positions of an example: (T, in) to (T', out).
// Parameters: weight (k, in/groups, out), in files (out, in/groups, k); bias
// (out). Of padding and kernel it has columns only: Pads(0, 0, k-1, 0) makes it
// causal.
func Conv1d(out, k int) ConvLayer {
	l := Conv2d(out, k)
	l.line, l.kernel[0] = true, 1
	return l
}

// Kernel sets the height and the width of the kernels.
func (l ConvLayer) Kernel(h, w int) ConvLayer { l.kernel = [2]int{h, w}; return l }

// Stride sets the distance between neighbouring windows, at least 1.
func (l ConvLayer) Stride(n int) ConvLayer { l.stride = l.both(n); return l }

// Dilation sets the distance between the taps of a kernel, at least 1.
func (l ConvLayer) Dilation(n int) ConvLayer { l.dilation = l.both(n); return l }

// both is n along both axes, or along the positions of Conv1d.
func (l ConvLayer) both(n int) [2]int {
	if l.line {
		return [2]int{1, n}
	}
	return [2]int{n, n}
}

// Pad puts n zeros around an image, or before and behind the positions.
func (l ConvLayer) Pad(n int) ConvLayer {
	if l.line {
		return l.Pads(0, 0, n, n)
	}
	return l.Pads(n, n, n, n)
}

// Pads sets the rows of zeros above and below, and the columns left and right.
func (l ConvLayer) Pads(top, bottom, left, right int) ConvLayer {
	l.pad, l.same = [4]int{top, bottom, left, right}, false
	return l
}

// Same pads so that there is an output for each stride of inputs: OH = ⌈H/stride⌉.
// An odd row of zeros is below, an odd column right. With stride 1 this is
// PyTorch's padding="same", which knows no other stride; TensorFlow's is the same.
func (l ConvLayer) Same() ConvLayer { l.same = true; return l }

// Groups divides the channels in and out into n groups, which have their own
// kernels; a divisor of both.
func (l ConvLayer) Groups(n int) ConvLayer { l.groups, l.depthwise = n, false; return l }

// Depthwise gives each channel kernels of its own: as many groups as the input
// has channels. The number of outputs is a multiple of it; 0 stands for as many
// outputs as inputs.
func (l ConvLayer) Depthwise() ConvLayer { l.depthwise = true; return l }

// NoBias leaves out the bias, which a batch normalization behind it makes useless.
func (l ConvLayer) NoBias() ConvLayer { l.noBias = true; return l }

// Init sets how the weight starts; its fan-in is k·k·in/groups and its fan-out
// k·k·out, as in PyTorch.
func (l ConvLayer) Init(i Initializer) ConvLayer { l.weight = i; return l }

// BiasInit sets how the bias starts.
func (l ConvLayer) BiasInit(i Initializer) ConvLayer { l.bias = i; return l }

// Standardized normalizes the weights of each output to mean 0 and variance 1
// before they are used: (w - mean)/√(var + 1e-5), var biased (Qiao, Wang, Liu,
// Shen, Yuille, arXiv:1903.10520, equation 5). The parameter is w.
func (l ConvLayer) Standardized() ConvLayer { l.standardized = true; return l }

// standardEps is ε of weight standardization.
const standardEps = 1e-5

// name is what mistakes call the layer.
func (l ConvLayer) name() string {
	if l.line {
		return "Conv1d"
	}
	return "Conv2d"
}

// Build adds the layer to a graph.
func (l ConvLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+l.name(), x) {
		return c.failed()
	}
	if reason := l.fault(x); reason != "" {
		return c.Failf("nn."+l.name(), []*graph.Node{x}, "%s", reason)
	}
	inner := x.Shape.Inner()
	if l.line {
		x = c.Reshape(x, 1, inner[0], inner[1])
	}
	l = l.fitted(x.Shape.Inner())
	w, bias := l.params(c, x)
	y := c.Conv(x, w, bias, l.conv())
	if l.line && c.Err() == nil {
		return c.Reshape(y, y.Shape.Inner()[1:]...)
	}
	return y
}

// fault says what is wrong with the layer for an input, "" if nothing is.
func (l ConvLayer) fault(x *graph.Node) string {
	axes, want := 3, "an image (H, W, C)"
	if l.line {
		axes, want = 2, "positions and channels (T, C)"
	}
	switch inner := x.Shape.Inner(); {
	case l.weight == nil || l.bias == nil:
		return "make the layer with Conv2d or Conv1d"
	case len(inner) != axes:
		return fmt.Sprintf("the input has %d axes, want %s", len(inner), want)
	case l.line && (l.kernel[0] != 1 || l.pad[0] != 0 || l.pad[1] != 0):
		return "a kernel or padding with rows, want columns only"
	case min(l.stride[0], l.stride[1], l.dilation[0], l.dilation[1]) < 1:
		return fmt.Sprintf("stride %v and dilation %v, want at least 1", l.stride, l.dilation)
	case l.depthwise && l.out == 0:
		return ""
	case l.out < 1:
		return fmt.Sprintf("%d outputs, want at least 1", l.out)
	}
	return ""
}

// fitted fills what depends on the image.
func (l ConvLayer) fitted(image []int) ConvLayer {
	if l.depthwise {
		l.groups = image[2]
		if l.out == 0 {
			l.out = image[2]
		}
	}
	for axis := range 2 {
		if stride := l.stride[axis]; l.same && stride > 0 {
			out := (image[axis] + stride - 1) / stride
			zeros := max(0, (out-1)*stride+l.dilation[axis]*(l.kernel[axis]-1)+1-image[axis])
			l.pad[2*axis], l.pad[2*axis+1] = zeros/2, zeros-zeros/2
		}
	}
	return l
}

func (l ConvLayer) conv() graph.Conv {
	return graph.Conv{Kernel: l.kernel, Stride: l.stride, Dilation: l.dilation, Pad: l.pad, Groups: l.groups}
}

// params declares the weight, as it is used, and the bias; nil if there is none.
func (l ConvLayer) params(c *Context, x *graph.Node) (w, bias *graph.Node) {
	in := x.Shape.Last()
	if l.groups < 1 || in%l.groups != 0 || l.out%l.groups != 0 {
		return c.Failf("nn."+l.name(), []*graph.Node{x}, "%d channels in and %d out, want multiples of %d groups", in, l.out, l.groups), nil
	}
	kh, kw := l.kernel[0], l.kernel[1]
	if kh < 1 || kw < 1 {
		return c.Failf("nn."+l.name(), []*graph.Node{x}, "kernels of %d x %d, want at least 1", kh, kw), nil
	}
	in /= l.groups
	fanIn, fanOut := kh*kw*in, kh*kw*l.out
	init := l.weight(fanIn, fanOut)
	init.Transposed = true
	dims := []int{kh, kw, in, l.out}
	if l.line {
		dims = dims[1:]
	}
	w = c.Param("weight", init, dims...)
	if l.standardized {
		w = c.standardize(w)
	}
	w = c.Reshape(w, kh, kw, in, l.out)
	if !l.noBias {
		bias = c.Param("bias", l.bias(fanIn, fanOut), l.out)
	}
	return w, bias
}

// standardize normalizes what the last axis of w has for each of its elements.
func (c *Context) standardize(w *graph.Node) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	out, dims := w.Shape.Last(), w.Shape.Dims
	rows := c.Transpose(c.Reshape(w, w.Shape.Size()/out, out), 1, 0)
	return c.Reshape(c.Transpose(c.Normalize(rows, standardEps), 1, 0), dims...)
}

// String returns, for example, "Conv2d(32, 3x3, stride 2, pad 1)".
func (l ConvLayer) String() string {
	s := l.name() + "("
	if l.out > 0 {
		s += fmt.Sprintf("%d, ", l.out)
	}
	s += l.sizes(l.kernel)
	if l.stride != [2]int{1, 1} {
		s += ", stride " + l.sizes(l.stride)
	}
	if l.dilation != [2]int{1, 1} {
		s += ", dilation " + l.sizes(l.dilation)
	}
	switch p := l.pad; {
	case l.same:
		s += ", same"
	case p == [4]int{p[2], p[2], p[2], p[2]} && p[2] > 0:
		s += fmt.Sprintf(", pad %d", p[2])
	case p != [4]int{}:
		s += fmt.Sprintf(", pad %v", p)
	}
	switch {
	case l.depthwise:
		s += ", depthwise"
	case l.groups > 1:
		s += fmt.Sprintf(", groups %d", l.groups)
	}
	if l.standardized {
		s += ", standardized"
	}
	return s + ")"
}

// sizes prints a height and a width: "3x3", and of Conv1d, or where they are
// equal strides, one number.
func (l ConvLayer) sizes(s [2]int) string {
	if l.line || s[0] == s[1] && s != l.kernel {
		return fmt.Sprint(s[1])
	}
	return fmt.Sprintf("%dx%d", s[0], s[1])
}
