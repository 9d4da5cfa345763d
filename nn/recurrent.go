package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// RecurrentLayer is what LSTM and GRU return; its methods return changed copies.
type RecurrentLayer struct {
	name   string
	gates  int
	hidden int
	ways   ways
}

// ways are the directions in which a recurrent layer reads.
type ways uint8

const (
	onwards ways = iota
	backwards
	bothWays
)

// LSTM is a long short-term memory over the positions of an example: (T, C) to
// (T, hidden), the outputs h at all positions, from states of 0 (Hochreiter,
// Schmidhuber, Neural Computation 1997; PyTorch's nn.LSTM of one layer, batch
// first):
//
//	i, f, o = sigmoid(W·x + U·h + b)    g = tanh(W·x + U·h + b)
//	c = f·c + i·g                       h = o·tanh(c)
//
// Parameters: weight_ih_l0 (C, 4·hidden) and weight_hh_l0 (hidden, 4·hidden), in
// files transposed, bias_ih_l0 and bias_hh_l0 (4·hidden), the gates in the order
// i, f, g, o; all start as U(-1/√hidden, 1/√hidden). Layers above each other are
// several of these.
func LSTM(hidden int) RecurrentLayer { return RecurrentLayer{name: "LSTM", gates: 4, hidden: hidden} }

// GRU is a gated recurrent unit over the positions of an example: (T, C) to
// (T, hidden), the outputs h at all positions, from a state of 0 (Cho et al.,
// EMNLP 2014, in the form of PyTorch's nn.GRU, where r multiplies U·h + b'):
//
//	r, z = sigmoid(W·x + b + U·h + b')    n = tanh(W·x + b + r·(U·h + b'))
//	h = (1 - z)·n + z·h
//
// Parameters are named and start as those of LSTM, with three gates: r, z, n.
func GRU(hidden int) RecurrentLayer { return RecurrentLayer{name: "GRU", gates: 3, hidden: hidden} }

// Reverse reads from the last position to the first: with a field "length", i32
// () per example, from the last that counts. Outputs stay at their positions;
// behind the length they have no meaning.
func (l RecurrentLayer) Reverse() RecurrentLayer { l.ways = backwards; return l }

// Bidirectional reads in both directions and puts the outputs side by side:
// (T, C) to (T, 2·hidden). The parameters of the second are named _l0_reverse.
func (l RecurrentLayer) Bidirectional() RecurrentLayer { l.ways = bothWays; return l }

// Build adds the layer to a graph.
func (l RecurrentLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+l.name, x) {
		return c.failed()
	}
	if len(x.Shape.Inner()) != 2 || l.hidden < 1 {
		return c.Failf("nn."+l.name, []*graph.Node{x}, "%d hidden units over %v, want at least 1, and positions and channels: (T, C)", l.hidden, x.Shape)
	}
	switch {
	case l.ways == onwards:
		return l.run(c, x, "_l0")
	case c.whole("nn."+l.name, x):
		return c.failed()
	case l.ways == backwards:
		return l.backwards(c, x, "_l0")
	}
	return c.Concat(l.run(c, x, "_l0"), l.backwards(c, x, "_l0_reverse"))
}

func (l RecurrentLayer) backwards(c *Context, x *graph.Node, suffix string) *graph.Node {
	length := c.Inputs["length"]
	return c.Reverse(l.run(c, c.Reverse(x, length), suffix), length)
}

// run reads x from its first position on.
func (l RecurrentLayer) run(c *Context, x *graph.Node, suffix string) *graph.Node {
	init := uniform(1 / math.Sqrt(float64(l.hidden)))
	width := l.gates * l.hidden
	weight := func(name string, in int) *graph.Node {
		init := init
		init.Transposed = true
		return c.Param(name+suffix, init, in, width)
	}
	w, u := weight("weight_ih", x.Shape.Last()), weight("weight_hh", l.hidden)
	bias, inner := c.Param("bias_ih"+suffix, init, width), c.Param("bias_hh"+suffix, init, width)
	switch gru := l.gates == 3; {
	case c.Cache != nil:
		return l.resume(c, x, w, u, bias, inner)
	case gru:
		return c.GRU(c.Linear(x, w, bias), u, inner)
	}
	return c.LSTM(c.Linear(x, w, c.Add(bias, inner)), u)
}

// resume reads x behind what is cached.
func (l RecurrentLayer) resume(c *Context, x, w, u, bias, inner *graph.Node) *graph.Node {
	if l.gates == 3 {
		h := c.GRUFrom(c.Linear(x, w, bias), u, inner, c.Cache.state(c, l.hidden))
		c.Cache.keep(h)
		return h
	}
	states := c.LSTMFrom(c.Linear(x, w, c.Add(bias, inner)), u, c.Cache.state(c, 2*l.hidden))
	c.Cache.keep(states)
	return c.Slice(states, l.hidden, l.hidden)
}

// String returns, for example, "LSTM(128)" or "GRU(64, both ways)".
func (l RecurrentLayer) String() string {
	return fmt.Sprintf("%s(%d%s)", l.name, l.hidden, [...]string{"", ", backwards", ", both ways"}[l.ways])
}
