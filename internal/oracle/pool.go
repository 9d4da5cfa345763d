package oracle

import (
	"math"

	"github.com/descent-ml/descent/graph"
)

// windowRange is window i along an axis of length n, its elements that are no
// padding, [from, to), and how many count: the formulas of PyTorch's pooling.
func windowRange(p graph.Pool, axis, i, n int) (from, to, count int) {
	if out := p.Out[axis]; out > 0 {
		from = int(math.Floor(float64(i) * float64(n) / float64(out)))
		to = int(math.Ceil(float64(i+1) * float64(n) / float64(out)))
		return from, to, to - from
	}
	start := i*p.Stride[axis] - p.Pad[2*axis]
	from, to = max(start, 0), min(start+p.Kernel[axis], n)
	if p.CountPad {
		return from, to, p.Kernel[axis]
	}
	return from, to, to - from
}

// windows calls f for each window of each example: small is the index of its
// element among the pooled (OH, OW, C), window those of its elements of the
// image (h, w, C), by rows, and count what an average divides by.
func windows(n *graph.Node, h, w int, pooled Array, f func(small int, window []int, count float64)) {
	p, oh, ow, channels := n.Attr.Pool, pooled.Dims[len(pooled.Dims)-3], pooled.Dims[len(pooled.Dims)-2], pooled.last()
	for at := range pooled.Data {
		c, j, i, e := at%channels, at/channels%ow, at/channels/ow%oh, at/channels/ow/oh
		top, bottom, rows := windowRange(p, 0, i, h)
		left, right, cols := windowRange(p, 1, j, w)
		var window []int
		for y := top; y < bottom; y++ {
			for x := left; x < right; x++ {
				window = append(window, ((e*h+y)*w+x)*channels+c)
			}
		}
		f(at, window, float64(rows*cols))
	}
}

// image returns the height and the width of the image that n pools, or makes.
func image(n *graph.Node) (h, w int) {
	if len(n.Attr.Dims) > 0 {
		return n.Attr.Dims[0], n.Attr.Dims[1]
	}
	in := n.In[0].Shape.Inner()
	return in[0], in[1]
}

func maxPool(c *call) {
	h, w := image(c.n)
	windows(c.n, h, w, c.out, func(small int, window []int, _ float64) {
		y := math.Inf(-1)
		for _, at := range window {
			y = max(y, c.in[0].Data[at]) // NaN if either is
		}
		c.out.Data[small] = y
	})
}

func maxPoolGrad(c *call) {
	h, w := image(c.n)
	windows(c.n, h, w, c.in[1], func(small int, window []int, _ float64) {
		for _, at := range window {
			if c.in[0].Data[at] == c.in[1].Data[small] {
				c.out.Data[at] += c.in[2].Data[small]
				break
			}
		}
	})
}

func avgPool(c *call) {
	h, w := image(c.n)
	windows(c.n, h, w, c.out, func(small int, window []int, count float64) {
		for _, at := range window {
			c.out.Data[small] += c.in[0].Data[at]
		}
		c.out.Data[small] /= count
	})
}

func avgPoolGrad(c *call) {
	h, w := image(c.n)
	windows(c.n, h, w, c.in[0], func(small int, window []int, count float64) {
		for _, at := range window {
			c.out.Data[at] += c.in[0].Data[small] / count
		}
	})
}
