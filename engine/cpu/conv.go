package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// convOf returns the convolution of c from an image x to a result y; those of one
// size are one.
func (p *program) convOf(c graph.Conv, x, y graph.Shape) *kernel.Conv {
	in, out := x.Inner(), y.Inner()
	size := kernel.ConvSize{
		H: in[0], W: in[1], In: in[2], OutH: out[0], OutW: out[1], Out: out[2],
		Kernel: c.Kernel, Stride: c.Stride, Dilation: c.Dilation, Top: c.Pad[0], Left: c.Pad[2], Groups: c.Groups,
	}
	if p.convs[size] == nil {
		p.convs[size] = kernel.NewConv(size)
	}
	return p.convs[size]
}

// prepareConv keeps in k and cols the elements of an example of a and of the result.
func prepareConv(p *program, n *graph.Node, s *step) error {
	s.run, s.conv = runConv, p.convOf(n.Attr.Conv, n.In[0].Shape, n.Shape)
	s.per, s.k, s.cols = 1, n.In[0].Shape.Size(), n.Shape.Size()
	s.lines = p.linesOf(s.conv.ConvSize)
	return nil
}

// lines is a range of the rows of a convolution's result: a convolution of the rows of
// the image that it sees, whose chains are the same. x and y are where in an example
// operand and result begin.
type lines struct {
	conv *kernel.Conv
	x, y int
}

// linesOf cuts the result of a convolution into a range of rows for each thread; nil if
// there is nothing to cut.
func (p *program) linesOf(c kernel.ConvSize) (all []lines) {
	part := (c.OutH + p.eng.threads - 1) / p.eng.threads
	for at := 0; at < c.OutH && part < c.OutH; at += part {
		one, from := c, at*c.Stride[0]-c.Top
		one.OutH = min(part, c.OutH-at)
		to := from + (one.OutH-1)*c.Stride[0] + (c.Kernel[0]-1)*c.Dilation[0] + 1
		one.Top = max(0, -from)
		from = max(0, from)
		if one.H = min(to, c.H) - from; one.H < 1 {
			return nil // padding alone
		}
		all = append(all, lines{kernel.NewConv(one), from * c.W * c.In, at * c.OutW * c.Out})
	}
	return all
}

// runLines computes range i of every example.
func (s *step) runLines(p *program, w *worker, i int) {
	l := &s.lines[i]
	for r := range p.rows {
		l.conv.Forward(p.f32(&s.out)[r*s.cols+l.y:], p.f32(&s.a)[r*s.k+l.x:], s.b.f32, s.c.f32, 1, &w.scratch)
	}
}

func prepareConvInput(p *program, n *graph.Node, s *step) error {
	s.run, s.conv = runConvInput, p.convOf(n.Attr.Conv, n.Shape, n.In[0].Shape)
	s.per, s.k, s.cols = 1, n.In[0].Shape.Size(), n.Shape.Size()
	return nil
}

func runConv(p *program, w *worker, s *step, r0, r1 int) {
	s.conv.Forward(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], s.b.f32, s.c.f32, r1-r0, &w.scratch)
}

func runConvInput(p *program, w *worker, s *step, r0, r1 int) {
	s.conv.Input(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], s.b.f32, r1-r0, &w.scratch)
}

// newConvSum prepares the gradient of a convolution's weights: per and k describe x,
// made are the elements of an example of dy.
func (p *program) newConvSum(n *graph.Node, s *sum) {
	s.kind, s.y, s.made = convRows, p.ref(p.plan.Root(n.In[1])), n.In[1].Shape.Size()
	s.conv = p.convOf(n.Attr.Conv, n.In[0].Shape, n.In[1].Shape)
}

// convRows adds examples [e0, e1) of the micro-batch to rows [r0, r1).
func convRows(p *program, w *worker, s *sum, r0, r1, e0, e1 int, init kernel.Init) {
	s.conv.Weights(s.out.f32, p.f32(&s.x)[e0*s.per*s.k:], p.f32(&s.y)[e0*s.made:], e1-e0, r0, r1, init, &w.scratch)
}
