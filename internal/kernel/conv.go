package kernel

import "fmt"

// A convolution slides a kernel of Kernel[0] x Kernel[1] taps over an image. Images
// are (H, W, C), channels last, examples one behind the other. A tap (kh, kw) of the
// output (oh, ow) meets the image at
//
//	ih = oh·Stride[0] + kh·Dilation[0] - Top
//	iw = ow·Stride[1] + kw·Dilation[1] - Left
//
// and where that is outside there is no product at all: padding is skipped, not
// multiplied by 0, so an Inf among the weights does not become a NaN there. With G
// groups, output channels come in G blocks of Out/G, and those of block g see the
// channels of block g of the In/G input channels only; G = In is depthwise.
//
// Every element of a result is one chain of fused multiply-adds in the order given
// by each method, so the bits depend neither on the tier nor on how examples or
// rows are cut. Results must not overlap operands. Different goroutines may use one
// Conv, each with its own Scratch.

// ConvSize is the size of a convolution: that of the images, of the results, and
// of the kernel. Top and Left are the padding before the first row and column; what
// is behind the last ones follows from OutH and OutW.
type ConvSize struct {
	H, W, In                 int
	OutH, OutW, Out          int
	Kernel, Stride, Dilation [2]int // height, width
	Top, Left                int
	Groups                   int
}

// Conv is a convolution of one size with what is prepared for it once.
type Conv struct {
	ConvSize
	in, out        int // channels of a group
	image, made    int // elements of an example's x and y
	forward, input side
	sums           []sums
	tapRows        []sums // depthwise
}

// NewConv prepares a convolution. It panics if a size is not positive, a padding
// negative, or Groups does not divide the channels.
func NewConv(s ConvSize) *Conv {
	s.check()
	c := &Conv{ConvSize: s, in: s.In / s.Groups, out: s.Out / s.Groups, image: s.H * s.W * s.In, made: s.OutH * s.OutW * s.Out}
	c.forward, c.input, c.sums = c.planForward(), c.planInput(), c.planWeights()
	if c.depthwise() {
		c.tapRows = c.planTapRows()
	}
	return c
}

func (s *ConvSize) check() {
	for _, n := range []int{s.H, s.W, s.In, s.OutH, s.OutW, s.Out, s.Kernel[0], s.Kernel[1], s.Stride[0], s.Stride[1], s.Dilation[0], s.Dilation[1], s.Groups} {
		if n <= 0 {
			panic(fmt.Sprintf("kernel: conv: %+v, want sizes > 0", *s))
		}
	}
	if s.Top < 0 || s.Left < 0 || s.In%s.Groups != 0 || s.Out%s.Groups != 0 {
		panic(fmt.Sprintf("kernel: conv: %+v, want padding >= 0, groups that divide the channels", *s))
	}
}

// depthwise says that each channel is a group by itself, and goes to one channel.
func (c *Conv) depthwise() bool { return c.in == 1 && c.out == 1 && c.Groups > 1 }

// taps is the number of taps.
func (c *Conv) taps() int { return c.Kernel[0] * c.Kernel[1] }

// Forward computes y (examples, OutH, OutW, Out) of x (examples, H, W, In) with w
// (kh, kw, In/G, Out):
//
//	acc := 0 or bias[co]
//	for kh, kw, ci { acc = fma(x[ih][iw][ci], w[kh][kw][ci][co], acc) }
//	y[oh][ow][co] = acc
//
// bias (Out) may be nil.
func (c *Conv) Forward(y, x, w, bias []float32, examples int, s *Scratch) {
	c.need("y", len(y), examples*c.made)
	c.need("x", len(x), examples*c.image)
	c.need("w", len(w), c.taps()*c.in*c.Out)
	if bias != nil {
		c.need("bias", len(bias), c.Out)
	}
	c.forward.run(y, x, w, bias, examples, s)
}

// Input computes dx (examples, H, W, In) of dy (examples, OutH, OutW, Out) with wt
// (kh, kw, Out/G, In), which is w with the two axes of channels exchanged within
// each group: the gradient with respect to x, and transposed convolution.
//
//	acc := 0
//	for kh, kw, co { acc = fma(dy[oh][ow][co], wt[kh][kw][co][ci], acc) }
//	dx[ih][iw][ci] = acc
//
// over the taps by which some (oh, ow) meets (ih, iw).
func (c *Conv) Input(dx, dy, wt []float32, examples int, s *Scratch) {
	c.need("dx", len(dx), examples*c.image)
	c.need("dy", len(dy), examples*c.made)
	c.need("wt", len(wt), c.taps()*c.out*c.In)
	c.input.run(dx, dy, wt, nil, examples, s)
}

// Weights computes rows [r0, r1) of dw (kh·kw·In/G, Out), which is the whole of dw:
//
//	acc := 0 or dw[kh][kw][ci][co]
//	for example, oh, ow { acc = fma(x[ih][iw][ci], dy[oh][ow][co], acc) }
//	dw[kh][kw][ci][co] = acc
//
// init is Zero, or Accumulate to go on with the chains of earlier examples.
func (c *Conv) Weights(dw, x, dy []float32, examples, r0, r1 int, init Init, s *Scratch) {
	c.need("dw", len(dw), c.taps()*c.in*c.Out)
	c.need("x", len(x), examples*c.image)
	c.need("dy", len(dy), examples*c.made)
	if r0 < 0 || r1 > c.taps()*c.in || init == Bias {
		panic(fmt.Sprintf("kernel: conv: rows [%d, %d) of %d, init %d", r0, r1, c.taps()*c.in, init))
	}
	switch {
	case r0 >= r1:
	case examples > 0:
		c.sumProducts(dw, x, dy, examples, r0, r1, init, s)
	case init == Zero:
		clear(dw[r0*c.Out : r1*c.Out])
	}
}

// need panics unless an operand has as many elements as are used.
func (c *Conv) need(name string, have, want int) {
	if have < want {
		panic(fmt.Sprintf("kernel: conv: len(%s)=%d, want >= %d for %+v", name, have, want, c.ConvSize))
	}
}
