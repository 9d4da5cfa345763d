package numtest

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
)

// pools are windows that lie beside each other, that overlap, that leave
// elements out, that reach into padding, and that divide an image.
var pools = []struct {
	inner []int
	rows  int
	p     graph.Pool
}{
	{[]int{4, 6, 3}, 3, graph.Pool{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}}},
	{[]int{7, 5, 17}, 2, graph.Pool{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}},
	{[]int{5, 4, 16}, 2, graph.Pool{Kernel: [2]int{3, 2}, Stride: [2]int{1, 1}, Pad: [4]int{1, 0, 0, 1}, CountPad: true}},
	{[]int{6, 9, 1}, 3, graph.Pool{Kernel: [2]int{2, 1}, Stride: [2]int{3, 4}}},
	{[]int{7, 5, 33}, 2, graph.Pool{Out: [2]int{3, 2}}},
	{[]int{2, 3, 4}, 2, graph.Pool{Out: [2]int{3, 1}}},
}

// poolCases are maxima and averages of windows, of images of few and of ragged
// numbers of channels.
func poolCases() []Case {
	var cases []Case
	for _, c := range pools {
		add := func(op string, f func(m *Maker, x *graph.Node) *graph.Node) {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(c.inner, c.p), Rows: c.rows, Build: func(m *Maker) *graph.Node {
				return f(m, m.Example(Normal, c.inner...))
			}})
		}
		add("maxpool", func(m *Maker, x *graph.Node) *graph.Node { return m.MaxPool(x, c.p) })
		add("maxpoolgrad", func(m *Maker, x *graph.Node) *graph.Node { return m.MaxPool(x, c.p) })
		add("avgpool", func(m *Maker, x *graph.Node) *graph.Node { return m.AvgPool(x, c.p) })
		add("avgpoolgrad", func(m *Maker, x *graph.Node) *graph.Node { return linearGradient(m, m.AvgPool(x, c.p), x) })
	}
	return cases
}

// pooled is a float32 sum of a window, or of the windows that an element is in,
// in order; each term of one of them is divided.
func pooled(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	image := n.In[0].Shape.Inner()
	if len(n.Attr.Dims) > 0 {
		image = n.Attr.Dims
	}
	terms := 1
	for axis := range 2 {
		terms *= overlap(n.Attr.Pool.Windows(axis, image[axis]), image[axis])
	}
	return scaled(gamma(terms+1), absolutes(n, in), func(int) float64 { return tiny })
}

// overlap is the most elements that a window has, or windows that an element of
// n is in.
func overlap(windows []graph.Window, n int) int {
	most, in := 0, make([]int, n)
	for _, w := range windows {
		most = max(most, w.To-w.From)
		for i := w.From; i < w.To; i++ {
			in[i]++
		}
	}
	return max(most, slices.Max(in))
}

// pooledMaxima is a float32 sum of the windows of which an element is the
// maximum, in order.
func pooledMaxima(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	abs := slices.Clone(in)
	abs[2] = oracle.Array{Dims: in[2].Dims, Data: make([]float64, len(in[2].Data))}
	for i, x := range in[2].Data {
		abs[2].Data[i] = max(x, -x)
	}
	size, terms := n.In[0].Shape.Inner(), 1
	for axis := range 2 {
		terms *= overlap(n.Attr.Pool.Windows(axis, size[axis]), size[axis])
	}
	return scaled(gamma(terms), oracle.Apply(n, abs, in[0].Dims[0], 0, 0).Data, none)
}

// window pools a value that has the axes of an image, or is given them.
func (w *walk) window() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) >= 2 })
	if x == nil {
		return nil
	}
	t := x.Shape.Inner()[0]
	x = w.Reshape(x, t, 1, x.Shape.Size()/t)
	p := graph.Pool{Kernel: [2]int{1 + pick(w.s, t), 1}, Stride: [2]int{1 + pick(w.s, 3), 1}}
	if pick(w.s, 3) == 0 {
		p = graph.Pool{Out: [2]int{1 + pick(w.s, 3), 2}}
	}
	if pick(w.s, 2) == 0 {
		return w.MaxPool(x, p)
	}
	return w.AvgPool(x, p)
}
