package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Convolutions. An image is (H, W, C), channels last; weights are (kh, kw, Ci/G, Co),
// so that those of a group are the right operand of a matrix product. A tap is a pair
// (kh, kw). Taps that fall on padding are skipped: they are in no chain.
var opConv, opConvInput, opConvWeights *Op

func init() {
	opConv = register(Op{Name: "conv", Class: Contract, Arity: -1, shape: convShape, flops: convFLOPs,
		Doc: "(x, w, [bias]): y[oh, ow, co] = bias[co] + Σ x[ih, iw, ci]·w[kh, kw, ci, co], ih = oh·stride + kh·dilation - pad, iw alike: one chain over (kh, kw, ci) ascending, ci of the group of co",
		vjp: func(b *Builder, n, dy *Node) []*Node {
			x, w, c := n.In[0], n.In[1], n.Attr.Conv
			d := []*Node{b.convInput(dy, b.TransposeTaps(w, c.Groups), x.Shape, c), b.add(opConvWeights, Attr{Conv: c}, x, dy)}
			if len(n.In) == 3 {
				d = append(d, b.unbroadcast(dy, n.In[2].Shape))
			}
			return d
		}})
	opConvInput = register(Op{Name: "convinput", Class: Contract, Arity: 2, shape: convInputShape, flops: convFLOPs,
		Doc: "(y, wt): x[ih, iw, ci] = Σ y[oh, ow, co]·wt[kh, kw, co, ci] over the taps with oh·stride + kh·dilation - pad = ih, and alike in iw: one chain over (kh, kw, co) ascending, co of the group of ci; Attr.Dims is (H, W)",
		vjp: func(b *Builder, n, dx *Node) []*Node {
			y, wt, c := n.In[0], n.In[1], n.Attr.Conv
			dw := b.add(opConvWeights, Attr{Conv: c}, dx, y)
			return []*Node{b.add(opConv, Attr{Conv: c}, dx, b.TransposeTaps(wt, c.Groups)), b.TransposeTaps(dw, c.Groups)}
		}})
	opConvWeights = register(Op{Name: "convweights", Class: Examples, Arity: 2, shape: convWeightsShape, flops: convFLOPs,
		Doc: "(x, dy): w[kh, kw, ci, co] = Σ x[ih, iw, ci]·dy[oh, ow, co], ih and iw as in conv, over examples and (oh, ow) ascending, by leaves",
		vjp: func(b *Builder, n, g *Node) []*Node {
			x, dy, c := n.In[0], n.In[1], n.Attr.Conv
			g = b.back(n, g)
			return []*Node{b.convInput(dy, b.TransposeTaps(g, c.Groups), x.Shape, c), b.add(opConv, Attr{Conv: c}, x, g)}
		}})
}

// Conv describes a convolution over the two middle axes of (H, W, C). Zeros of
// Stride, Dilation and Groups stand for 1.
type Conv struct {
	Kernel, Stride, Dilation [2]int // height, width
	Pad                      [4]int // rows of zeros above and below, columns left and right
	Groups                   int    // divides Ci and Co; Ci is depthwise
}

// Out returns the height and width of the result for an image of (h, w); less
// than 1 if the kernel does not fit.
func (c Conv) Out(h, w int) (oh, ow int) {
	c = c.withDefaults()
	return c.outAlong(0, h), c.outAlong(1, w)
}

func (c Conv) outAlong(axis, size int) int {
	room := size + c.Pad[2*axis] + c.Pad[2*axis+1] - c.Dilation[axis]*(c.Kernel[axis]-1) - 1
	if room < 0 {
		return 0
	}
	return room/c.Stride[axis] + 1
}

// Taps returns how many pairs of a tap and an element of the result meet a pixel
// of an image of (h, w), not padding.
func (c Conv) Taps(h, w int) int {
	c = c.withDefaults()
	return c.tapsAlong(0, h) * c.tapsAlong(1, w)
}

func (c Conv) tapsAlong(axis, size int) (n int) {
	for o := range c.outAlong(axis, size) {
		for k := range c.Kernel[axis] {
			if i := o*c.Stride[axis] + k*c.Dilation[axis] - c.Pad[2*axis]; i >= 0 && i < size {
				n++
			}
		}
	}
	return n
}

func (c Conv) withDefaults() Conv {
	for _, p := range []*int{&c.Stride[0], &c.Stride[1], &c.Dilation[0], &c.Dilation[1], &c.Groups} {
		if *p == 0 {
			*p = 1
		}
	}
	return c
}

// validate checks what does not depend on operands.
func (c Conv) validate() error {
	for axis, name := range [2]string{"height", "width"} {
		switch {
		case c.Kernel[axis] < 1:
			return fmt.Errorf("kernel of %s %d, want at least 1", name, c.Kernel[axis])
		case c.Stride[axis] < 1 || c.Dilation[axis] < 1:
			return fmt.Errorf("stride %d and dilation %d along the %s, want at least 1", c.Stride[axis], c.Dilation[axis], name)
		case c.Pad[2*axis] < 0 || c.Pad[2*axis+1] < 0:
			return fmt.Errorf("padding %d and %d along the %s, want at least 0", c.Pad[2*axis], c.Pad[2*axis+1], name)
		}
	}
	if c.Groups < 1 {
		return fmt.Errorf("%d groups, want at least 1", c.Groups)
	}
	return nil
}

// product reports whether the convolution is a matrix product of each pixel.
func (c Conv) product() bool {
	return c == Conv{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: c.Dilation, Groups: 1}
}

// convFLOPs counts the products with pixels, and not with padding.
func convFLOPs(n *Node) int64 {
	image, weights := n.In[0].Shape, n.In[1].Shape
	switch n.Op {
	case opConvInput:
		image = n.Shape
	case opConvWeights:
		weights = n.Shape
	}
	in := image.Inner()
	return 2 * int64(n.Attr.Conv.Taps(in[0], in[1])) * int64(weights.Dims[2]) * int64(weights.Dims[3])
}

// imageOperands checks that operands are f32 images of each example.
func imageOperands(in ...*Node) error {
	for i, x := range in {
		if s := x.Shape; s.DType != tensor.F32 || !s.PerExample() || len(s.Inner()) != 3 {
			return fmt.Errorf("operand %d is %v, want an f32 image (H, W, C) of each example", i, s)
		}
	}
	return nil
}

// resultOf returns the shape of c over an image with co channels out.
func (c Conv) resultOf(x Shape, co int) (Shape, error) {
	if err := c.validate(); err != nil {
		return x, err
	}
	in := x.Inner()
	if in[2]%c.Groups != 0 || co%c.Groups != 0 {
		return x, fmt.Errorf("%d channels in and %d out, want multiples of %d groups", in[2], co, c.Groups)
	}
	oh, ow := c.Out(in[0], in[1])
	if oh < 1 || ow < 1 {
		return x, fmt.Errorf("a kernel of %d x %d, dilated by %v, does not fit an image of %d x %d with padding %v",
			c.Kernel[0], c.Kernel[1], c.Dilation, in[0], in[1], c.Pad)
	}
	return x.with(oh, ow, co), nil
}

// weights returns the shape of the weights of c.
func (c Conv) weights(ci, co int) Shape { return F32(c.Kernel[0], c.Kernel[1], ci/c.Groups, co) }

func convShape(n *Node) (Shape, error) {
	if len(n.In) < 2 || len(n.In) > 3 {
		return Shape{}, fmt.Errorf("%d operands, want an image, weights and perhaps a bias", len(n.In))
	}
	x, w, c := n.In[0].Shape, n.In[1].Shape, n.Attr.Conv
	if err := imageOperands(n.In[0]); err != nil {
		return x, err
	}
	y, err := c.resultOf(x, w.Last())
	if want := c.weights(x.Last(), w.Last()); err == nil && !w.Equal(want) {
		err = fmt.Errorf("weights %v, want %v", w, want)
	}
	if err == nil && len(n.In) == 3 && !n.In[2].Shape.Equal(F32(w.Last())) {
		err = fmt.Errorf("bias %v, want %v", n.In[2].Shape, F32(w.Last()))
	}
	return y, err
}

func convInputShape(n *Node) (Shape, error) {
	y, wt, c := n.In[0].Shape, n.In[1].Shape, n.Attr.Conv
	if err := imageOperands(n.In[0]); err != nil {
		return y, err
	}
	x := y.with(n.Attr.Dims[0], n.Attr.Dims[1], wt.Last())
	if back, err := c.resultOf(x, y.Last()); err != nil || !back.Equal(y) {
		return x, fmt.Errorf("%v is no result of this convolution over %v: got %v, %v", y, x, back, err)
	}
	if want := c.weights(y.Last(), wt.Last()); !wt.Equal(want) {
		return x, fmt.Errorf("transposed weights %v, want %v", wt, want)
	}
	return x, nil
}

func convWeightsShape(n *Node) (Shape, error) {
	x, dy, c := n.In[0].Shape, n.In[1].Shape, n.Attr.Conv
	if err := imageOperands(n.In...); err != nil {
		return x, err
	}
	if y, err := c.resultOf(x, dy.Last()); err != nil || !y.Equal(dy) {
		return x, fmt.Errorf("%v is no result of this convolution over %v: got %v, %v", dy, x, y, err)
	}
	return c.weights(x.Last(), dy.Last()), nil
}

// TransposeTaps exchanges the channels in and out of each group: weights (kh, kw,
// Ci/G, Co) become (kh, kw, Co/G, Ci), which ConvInput wants. It is its own inverse.
func (b *Builder) TransposeTaps(w *Node, groups int) *Node {
	if b.err != nil || w == nil || len(w.Shape.Dims) != 4 || w.Shape.Lead() != 0 || groups < 1 || w.Shape.Dims[3]%groups != 0 {
		return b.Failf("transposetaps", []*Node{w}, "want weights (kh, kw, Ci/G, Co) of %d groups", groups)
	}
	kh, kw, in, out := w.Shape.Dims[0], w.Shape.Dims[1], w.Shape.Dims[2], w.Shape.Dims[3]/groups
	if in == 1 && out == 1 {
		return w
	}
	w = b.Transpose(b.Reshape(w, kh, kw, in, groups, out), 0, 1, 4, 3, 2)
	return b.Reshape(w, kh, kw, out, groups*in)
}

func (b *Builder) convInput(y, wt *Node, x Shape, c Conv) *Node {
	return b.add(opConvInput, Attr{Conv: c, Dims: slices.Clone(x.Inner()[:2])}, y, wt)
}

// Conv returns the convolution (cross-correlation, as in PyTorch) of images x (H,
// W, Ci) with w (kh, kw, Ci/G, Co), a value of the per-update half, and bias (Co)
// or nil: (OH, OW, Co). A kernel of 1 x 1 with stride 1 in one group is Linear.
func (b *Builder) Conv(x, w, bias *Node, c Conv) *Node {
	c = c.withDefaults()
	in := []*Node{x, w}
	if bias != nil {
		in = append(in, bias)
	}
	if b.err == nil && x != nil && w != nil && c.product() && imageOperands(x) == nil && w.Shape.Equal(c.weights(x.Shape.Last(), w.Shape.Last())) {
		return b.Linear(x, b.Reshape(w, w.Shape.Dims[2:]...), bias)
	}
	return b.add(opConv, Attr{Conv: c}, in...)
}

// ConvInput returns the gradient of Conv with respect to its images, which is also
// the transposed convolution: y (OH, OW, Co), wt (kh, kw, Co/G, Ci), the result
// (h, w, Ci). c must make (OH, OW) of (h, w).
func (b *Builder) ConvInput(y, wt *Node, c Conv, h, w int) *Node {
	c = c.withDefaults()
	if b.err == nil && y != nil && wt != nil && c.product() && imageOperands(y) == nil && slices.Equal(y.Shape.Inner()[:2], []int{h, w}) &&
		wt.Shape.Equal(c.weights(y.Shape.Last(), wt.Shape.Last())) {
		return b.Linear(y, b.Reshape(wt, wt.Shape.Dims[2:]...), nil)
	}
	return b.add(opConvInput, Attr{Conv: c, Dims: []int{h, w}}, y, wt)
}
