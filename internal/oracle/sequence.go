package oracle

import (
	"math"

	"github.com/descent-ml/descent/graph"
)

// positions cuts a value (T, ..) of each example, or one (T, ..), into rows. t
// and cols are of whole, the node that has the positions, the axes of which
// begin behind the batch axis.
type positions struct{ examples, t, cols int }

func positionsOf(whole *graph.Node, a Array) positions {
	t := whole.Shape.Inner()[0]
	return positions{len(a.Data) / whole.Shape.Size(), t, whole.Shape.Size() / t}
}

// row returns position t of example e.
func (p positions) row(a Array, e, t int) []float64 {
	at := (e*p.t + t) * p.cols
	return a.Data[at : at+p.cols]
}

// count is how many positions of example e count: all without lengths.
func (p positions) count(lengths []Array, e int) int {
	if len(lengths) == 0 {
		return p.t
	}
	return max(0, min(p.t, int(lengths[0].Data[e])))
}

// sequential calls f for every position of every example of the operand that
// has the positions; rest is the row of the value without them.
func sequential(f func(c *call, p positions, e, t, n int)) func(*call) {
	return func(c *call) {
		p := positionsOf(c.n.In[0], c.in[0])
		for e := range p.examples {
			for t := range p.t {
				f(c, p, e, t, p.count(c.in[1:], e))
			}
		}
	}
}

// grams is the hash of graph.Builder.Grams, by remainders in 64 bits.
func grams(c *call) {
	const word = 1 << 32
	n, t := c.n.Attr.Dims[0], c.n.Shape.Last()
	for at := range c.out.Data {
		h, first := uint64(0), at/t*t
		for i := at - n + 1; i <= at; i++ {
			token := uint64(0)
			if i >= first {
				token = uint64(c.in[0].Data[i]) + 1
			}
			h = (h ^ token) * 0x9e3779b1 % word
			h ^= h >> 15
		}
		h = h * 0x85ebca6b % word
		h = (h ^ h>>13) * 0xc2b2ae35 % word
		h ^= h >> 16
		c.out.Data[at] = float64(h * uint64(c.n.Attr.Int) / word)
	}
}

func shift(c *call, p positions, e, t, _ int) {
	if from := t - c.n.Attr.Int; from >= 0 && from < p.t {
		copy(p.row(c.out, e, t), p.row(c.in[0], e, from))
	}
}

func reverse(c *call, p positions, e, t, n int) {
	from := t
	if t < n {
		from = n - 1 - t
	}
	copy(p.row(c.out, e, t), p.row(c.in[0], e, from))
}

func pickAt(c *call) {
	p := positionsOf(c.n.In[0], c.in[0])
	for e := range p.examples {
		if t := int(c.in[1].Data[e]) + c.n.Attr.Int; t >= 0 && t < p.t {
			copy(c.out.Data[e*p.cols:(e+1)*p.cols], p.row(c.in[0], e, t))
		}
	}
}

func placeAt(c *call) {
	p := positionsOf(c.n, c.out)
	for e := range p.examples {
		if t := int(c.in[1].Data[e]) + c.n.Attr.Int; t >= 0 && t < p.t {
			copy(p.row(c.out, e, t), c.in[0].Data[e*p.cols:(e+1)*p.cols])
		}
	}
}

func meanOver(c *call, p positions, e, t, n int) {
	if t < n {
		for j, x := range p.row(c.in[0], e, t) {
			c.out.Data[e*p.cols+j] += x / float64(n)
		}
	}
}

func sumOver(c *call, p positions, e, t, _ int) {
	for j, x := range p.row(c.in[0], e, t) {
		c.out.Data[e*p.cols+j] += x
	}
}

func spreadOver(c *call) {
	p := positionsOf(c.n, c.out)
	for e := range p.examples {
		n := p.count(c.in[1:], e)
		for t := range n {
			for j := range p.cols {
				p.row(c.out, e, t)[j] = c.in[0].Data[e*p.cols+j] / float64(n)
			}
		}
	}
}

func maxOver(c *call, p positions, e, t, n int) {
	for j, x := range p.row(c.in[0], e, t) {
		if y := &c.out.Data[e*p.cols+j]; t == 0 && n > 0 {
			*y = x
		} else if t < n && (x > *y || math.IsNaN(x)) {
			*y = x
		}
	}
}

func maxOverGrad(c *call) {
	p := positionsOf(c.n, c.out)
	for e := range p.examples {
		for j := range p.cols {
			for t := range p.count(c.in[3:], e) {
				if p.row(c.in[0], e, t)[j] == c.in[1].Data[e*p.cols+j] {
					p.row(c.out, e, t)[j] = c.in[2].Data[e*p.cols+j]
					break
				}
			}
		}
	}
}

// segment returns the length of a segment, and the operands before it.
func (c *call) segment(n int) (segment int, rest []Array) {
	last := len(c.in) - 1
	if last > 0 && c.n.In[last].Shape.Equal(graph.F32()) {
		if s := c.in[last].Data[0]; s >= 1 && s < float64(n) {
			return int(s), c.in[:last]
		}
		return n, c.in[:last]
	}
	return n, c.in
}

// rotary turns pairs (j, j + half) of each block; see graph.Builder.Rotary.
func rotary(c *call) {
	p := positionsOf(c.n, c.out)
	segment, in := c.segment(p.t)
	heads, dim := c.n.Attr.Dims[0], c.n.Attr.Dims[1]
	for i := range p.examples * p.t {
		x, y := p.row(c.in[0], 0, i), p.row(c.out, 0, i)
		copy(y, x)
		at := i % p.t % segment
		if len(in) == 2 {
			at += int(in[1].Data[i/p.t])
		}
		for j := range heads * dim / 2 {
			lo := j/(dim/2)*dim + j%(dim/2)
			hi := lo + dim/2
			sin, cos := math.Sincos(float64(at) * math.Pow(c.n.Attr.Float, -2*float64(j%(dim/2))/float64(dim)))
			if c.n.Attr.Int == 1 {
				sin = -sin
			}
			y[lo], y[hi] = x[lo]*cos-x[hi]*sin, x[hi]*cos+x[lo]*sin
		}
	}
}

func positionRows(c *call) {
	n := c.out.Dims[0]
	segment, _ := c.segment(n)
	for i := range n {
		copy(c.out.row(i), c.in[0].row(i%segment))
	}
}

func positionRowsGrad(c *call) {
	n := c.in[0].Dims[0]
	segment, _ := c.segment(n)
	for i := range n {
		for j, dy := range c.in[0].row(i) {
			c.out.row(i % segment)[j] += dy
		}
	}
}

func sinusoids(c *call) {
	for i := range c.out.Data {
		t, ch := i/c.out.last(), i%c.out.last()
		sin, cos := math.Sincos(float64(t) / math.Pow(10000, float64(ch-ch%2)/float64(c.out.last())))
		if c.out.Data[i] = sin; ch%2 == 1 {
			c.out.Data[i] = cos
		}
	}
}
