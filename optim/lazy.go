package optim

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// A sparse parameter is updated in its touched rows alone, so every rule is lazy
// there: what decays a little in each update, momentum, means of squares, the
// weights, decays in the updates that touch a row. Exact Adam makes up for the
// others.

// wrap is where the number of an update starts again at 0 in the state of a row:
// below it float32 has every integer.
const wrap = 1 << 24

// missed returns for each touched row of p, as (Touched, 1), how many updates
// since its last one have left it out, and notes that this one did not. State:
// "touched", the number of the last update, modulo 2²⁴; a row that is left out
// for as long as that counts less.
func (c *Context) missed(p *graph.Node) *graph.Node {
	last := c.RowState(p, "touched", 0)
	gap := c.Sub(c.Hyper("touched", func(h Hyper) float64 { return float64(h.Update % wrap) }), last)
	c.Set(last, c.Add(last, gap))
	since := c.Sub(gap, c.Const(1))
	return c.Select(c.Gt(c.Const(0), since), c.Add(since, c.Const(wrap)), since)
}

// faded returns x·βᵏ for the numbers k of the rows of x: exactly x where k is 0.
func (c *Context) faded(x, k *graph.Node, beta float64) *graph.Node {
	if beta == 0 {
		return x // which β multiplies anyway
	}
	return c.Mul(c.Exp(c.Mul(c.Const(portmath.Log(beta)), k)), x)
}

// exactMoments are Adam's moments, of a sparse parameter as if rows that an
// update did not touch had had a gradient of 0.
func (c *Context) exactMoments(p, u *graph.Node, beta1, beta2 float64) (m, v *graph.Node) {
	if p.Rows == nil {
		return c.moments(p, u, beta1, beta2)
	}
	m, v = c.State(p, "m", 0), c.State(p, "v", 0)
	k := c.missed(p)
	m = c.Set(m, c.average(c.faded(m, k, beta1), u, beta1))
	return m, c.Set(v, c.averageSquare(c.faded(v, k, beta2), u, beta2))
}
