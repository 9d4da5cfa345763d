package numtest

import "github.com/descent-ml/descent/graph"

// convolve slides a kernel over a value with three axes, or back over one to a
// larger image.
func (w *walk) convolve() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) >= 2 })
	if x == nil {
		return nil
	}
	in := x.Shape.Inner()
	image := w.Reshape(w.RMSNormalize(x, 1), in[0], x.Shape.Size()/in[0]/x.Shape.Last(), x.Shape.Last())
	h, width, channels := in[0], image.Shape.Inner()[1], x.Shape.Last()
	c := graph.Conv{Kernel: [2]int{1 + pick(w.s, 3), 1 + pick(w.s, 2)}, Stride: [2]int{1 + pick(w.s, 2), 1}, Groups: 1}
	c.Pad = [4]int{c.Kernel[0] / 2, c.Kernel[0] / 2, c.Kernel[1] / 2, c.Kernel[1] / 2}
	if pick(w.s, 2) == 0 {
		c.Groups = channels
	}
	out := channels
	if c.Groups == 1 {
		out = []int{1, 3, 16}[pick(w.s, 3)]
	}
	if pick(w.s, 3) == 0 {
		oh, ow := h, width
		h, width = (oh-1)*c.Stride[0]+c.Kernel[0]-2*c.Pad[0], ow-1+c.Kernel[1]-2*c.Pad[2]
		if h < 1 || width < 1 {
			return nil
		}
		return w.ConvInput(image, w.Update(Normal, c.Kernel[0], c.Kernel[1], channels/c.Groups, out), c, h, width)
	}
	return w.Conv(image, w.Update(Normal, c.Kernel[0], c.Kernel[1], channels/c.Groups, out), nil, c)
}
