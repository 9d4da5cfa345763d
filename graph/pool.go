package graph

import (
	"fmt"

	"github.com/descent-ml/descent/tensor"
)

// Pool describes windows over the two first axes of an image (H, W, C). Each
// channel is pooled by itself. Elements of padding are in no window; an average
// may count them.
type Pool struct {
	Kernel, Stride [2]int // height, width
	Pad            [4]int // rows above and below, columns left and right
	CountPad       bool   // an average divides by the elements of padding too

	// Out, if set, divides an image into so many rows and columns of windows
	// instead (adaptive pooling), which may overlap: row i of n has the rows from
	// ⌊i·H/n⌋ to ⌈(i+1)·H/n⌉. Kernel, Stride and Pad are then 0.
	Out [2]int
}

// Window is one window along an axis: the elements [From, To), and how many an
// average counts.
type Window struct{ From, To, Count int }

// Windows returns the windows along axis 0 (height) or 1 (width), which has
// length n; nil if there is none.
func (p Pool) Windows(axis, n int) []Window {
	if out := p.Out[axis]; out > 0 {
		return adaptiveWindows(out, n)
	}
	before, after := p.Pad[2*axis], p.Pad[2*axis+1]
	var w []Window
	for from := -before; from+p.Kernel[axis] <= n+after; from += p.Stride[axis] {
		to := from + p.Kernel[axis]
		one := Window{From: max(from, 0), To: min(to, n)}
		if one.Count = one.To - one.From; p.CountPad {
			one.Count = p.Kernel[axis]
		}
		w = append(w, one)
	}
	return w
}

func adaptiveWindows(out, n int) []Window {
	w := make([]Window, out)
	for i := range w {
		from, to := i*n/out, ((i+1)*n+out-1)/out
		w[i] = Window{from, to, to - from}
	}
	return w
}

// String names the sizes and what differs from the default.
func (p Pool) String() string {
	if p.Out[0] > 0 {
		return fmt.Sprintf("to %dx%d", p.Out[0], p.Out[1])
	}
	s := fmt.Sprintf("%dx%d stride %dx%d", p.Kernel[0], p.Kernel[1], p.Stride[0], p.Stride[1])
	if p.Pad != [4]int{} {
		s += fmt.Sprintf(" pad %v", p.Pad)
	}
	return s
}

// validate returns what is wrong with the description for an image of h rows of
// w columns.
func (p Pool) validate(h, w int) error {
	for axis, n := range [2]int{h, w} {
		if p.Out[axis] > 0 && p.Out[1-axis] > 0 {
			continue
		}
		before, after := p.Pad[2*axis], p.Pad[2*axis+1]
		switch k := p.Kernel[axis]; {
		case k < 1 || p.Stride[axis] < 1:
			return fmt.Errorf("windows of %dx%d, stride %dx%d: want at least 1", p.Kernel[0], p.Kernel[1], p.Stride[0], p.Stride[1])
		case before < 0 || after < 0 || 2*before > k || 2*after > k:
			return fmt.Errorf("padding %v, want 0 to half of the %dx%d windows", p.Pad, p.Kernel[0], p.Kernel[1])
		case n+before+after < k:
			return fmt.Errorf("windows of %dx%d do not fit into %dx%d with padding %v", p.Kernel[0], p.Kernel[1], h, w, p.Pad)
		}
	}
	return nil
}

var opMaxPool, opMaxPoolGrad, opAvgPool, opAvgPoolGrad *Op

func init() {
	opMaxPoolGrad = register(Op{Name: "maxpoolgrad", Class: Row, Arity: 3, shape: poolGradShape, flops: inputSizeTimes(3),
		Doc: "(x, y = maxpool, dy): each element is the sum of dy over the windows in which it is the first with x = y, ascending from 0"})
	opMaxPool = register(Op{Name: "maxpool", Class: Row, Arity: 1, shape: poolShape, flops: poolFLOPs,
		Doc: "the maximum of each window of Attr.Pool, of each channel; NaN if any is",
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opMaxPoolGrad, n.Attr, n.In[0], n, dy)}
		}})
	opAvgPoolGrad = register(Op{Name: "avgpoolgrad", Class: Row, Arity: 1, shape: avgPoolGradShape,
		Doc:   "dy: each element of an image of Attr.Dims is the sum of dy/count over the windows that it is in, ascending from 0",
		flops: func(n *Node) int64 { return 2 * int64(n.Shape.Size()) },
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opAvgPool, Attr{Pool: n.Attr.Pool}, dy)}
		}})
	opAvgPool = register(Op{Name: "avgpool", Class: Row, Arity: 1, shape: poolShape, flops: poolFLOPs,
		Doc: "the sum of each window of Attr.Pool, of each channel, by rows, ascending, over its count",
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opAvgPoolGrad, Attr{Pool: n.Attr.Pool, Dims: n.In[0].Shape.Inner()[:2]}, dy)}
		}})
}

// poolFLOPs counts the elements of all windows.
func poolFLOPs(n *Node) int64 {
	in, p := n.In[0].Shape.Inner(), n.Attr.Pool
	elements := [2]int{}
	for axis := range elements {
		for _, w := range p.Windows(axis, in[axis]) {
			elements[axis] += w.To - w.From
		}
	}
	return int64(elements[0] * elements[1] * in[2])
}

func poolShape(n *Node) (Shape, error) {
	x, p := n.In[0].Shape, n.Attr.Pool
	in := x.Inner()
	if x.DType != tensor.F32 || len(in) != 3 {
		return x, fmt.Errorf("want f32 images (H, W, C)")
	}
	if err := p.validate(in[0], in[1]); err != nil {
		return x, err
	}
	return x.with(len(p.Windows(0, in[0])), len(p.Windows(1, in[1])), in[2]), nil
}

func poolGradShape(n *Node) (Shape, error) {
	y, err := poolShape(n)
	if err == nil && !(n.In[1].Shape.Equal(y) && n.In[2].Shape.Equal(y)) {
		err = fmt.Errorf("want the maxima and their cotangent as %v", y)
	}
	return n.In[0].Shape, err
}

func avgPoolGradShape(n *Node) (Shape, error) {
	dy, p := n.In[0].Shape, n.Attr.Pool
	if len(dy.Inner()) != 3 || len(n.Attr.Dims) != 2 {
		return dy, fmt.Errorf("want a cotangent (H, W, C)")
	}
	h, w := n.Attr.Dims[0], n.Attr.Dims[1]
	if err := p.validate(h, w); err != nil {
		return dy, err
	}
	if in := dy.Inner(); in[0] != len(p.Windows(0, h)) || in[1] != len(p.Windows(1, w)) {
		return dy, fmt.Errorf("want a cotangent of %dx%d windows", len(p.Windows(0, h)), len(p.Windows(1, w)))
	}
	return dy.with(h, w, dy.Last()), nil
}

// MaxPool returns the maxima of the windows of images x (H, W, C): (OH, OW, C).
// The gradient goes to the first element of a window, by rows, that has its
// maximum, as PyTorch's.
func (b *Builder) MaxPool(x *Node, p Pool) *Node { return b.add(opMaxPool, Attr{Pool: p}, x) }

// AvgPool returns the averages of the windows of images x (H, W, C): (OH, OW, C).
func (b *Builder) AvgPool(x *Node, p Pool) *Node { return b.add(opAvgPool, Attr{Pool: p}, x) }
