package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// convolutions are sizes of images, channels in and out, and examples: kernels
// that are oblong, larger than the image without padding, and strided past the last
// pixels; groups of one channel and of several; fewer and more examples than a leaf.
var convolutions = []struct {
	h, w, in, out int
	conv          graph.Conv
	rows          int
}{
	{5, 4, 2, 3, graph.Conv{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}}, 3},
	{5, 7, 1, 2, graph.Conv{Kernel: [2]int{2, 3}, Stride: [2]int{2, 1}, Pad: [4]int{0, 1, 2, 0}}, 4},
	{6, 6, 3, 17, graph.Conv{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}, 2},
	{7, 3, 2, 1, graph.Conv{Kernel: [2]int{3, 2}, Dilation: [2]int{2, 2}, Pad: [4]int{2, 2, 1, 1}}, 2},
	{4, 5, 4, 6, graph.Conv{Kernel: [2]int{2, 2}, Groups: 2}, 3},
	{4, 4, 5, 5, graph.Conv{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}, Groups: 5}, 3},
	{5, 5, 3, 6, graph.Conv{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Groups: 3}, 2},
	{4, 4, 3, 2, graph.Conv{Kernel: [2]int{1, 1}, Stride: [2]int{2, 2}}, 2},
	{1, 1, 2, 2, graph.Conv{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}}, 2},
	{8, 8, 1, 2, graph.Conv{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}}, 11},
	{20, 20, 1, 2, graph.Conv{Kernel: [2]int{3, 3}}, 5},
}

func convCases() []Case {
	var cases []Case
	for _, s := range convolutions {
		c := s.conv
		groups := max(c.Groups, 1)
		add := func(op string, build func(m *Maker) *graph.Node) {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(s), Rows: s.rows, Build: build})
		}
		x := func(m *Maker) *graph.Node { return m.Example(Normal, s.h, s.w, s.in) }
		w := func(m *Maker) *graph.Node { return m.Update(Normal, c.Kernel[0], c.Kernel[1], s.in/groups, s.out) }
		add("conv", func(m *Maker) *graph.Node { return m.Conv(x(m), w(m), m.Update(Normal, s.out), c) })
		add("convinput", func(m *Maker) *graph.Node {
			oh, ow := c.Out(s.h, s.w)
			return m.ConvInput(m.Example(Normal, oh, ow, s.out), m.Update(Normal, c.Kernel[0], c.Kernel[1], s.out/groups, s.in), c, s.h, s.w)
		})
		// The gradient in the weights, differentiated again in the images.
		add("convweights", func(m *Maker) *graph.Node {
			y := m.Conv(x(m), w(m), nil, c)
			return m.Gradient(m.Mul(y, m.Tanh(y)), m.Leaves[1:2])[0]
		})
	}
	return append(cases, Case{Op: "conv", Name: "net", Rows: 7, Build: convNet})
}

// convNet is a convolution and batch norm twice, the second with a shortcut, and a
// product of each pixel.
func convNet(m *Maker) *graph.Node {
	same := graph.Conv{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}}
	half := graph.Conv{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}
	x := m.Relu(batchNorm(m, m.Conv(m.Example(Normal, 6, 6, 3), m.Update(Normal, 3, 3, 3, 4), nil, half), true))
	y := batchNorm(m, m.Conv(x, m.Update(Normal, 3, 3, 4, 4), nil, same), true)
	return m.Conv(m.Tanh(m.Add(x, y)), m.Update(Normal, 1, 1, 4, 2), m.Update(Normal, 2), graph.Conv{Kernel: [2]int{1, 1}})
}
