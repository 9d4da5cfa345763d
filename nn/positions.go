package nn

import (
	"github.com/descent-ml/descent/graph"
)

// PositionsLayer is what Positions returns.
type PositionsLayer struct {
	init     Initializer
	sinusoid bool
}

// Positions adds to each position of x (T, C) a learned row of its own, which
// says where it is. Parameter: weight (T, C), from N(0, 0.02²) as in BERT. With
// Context.Segment rows begin anew in each segment.
func Positions() PositionsLayer { return PositionsLayer{init: Normal(0, 0.02)} }

// Sinusoidal adds sines and cosines instead, which are not learned (Vaswani et
// al., NeurIPS 2017, section 3.5).
func (p PositionsLayer) Sinusoidal() PositionsLayer { p.sinusoid = true; return p }

// Init sets how the table starts; it is given T inputs and C outputs.
func (p PositionsLayer) Init(i Initializer) PositionsLayer { p.init = i; return p }

// Build adds the layer to a graph.
func (p PositionsLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Positions", x) {
		return c.failed()
	}
	inner := x.Shape.Inner()
	if len(inner) != 2 || p.init == nil {
		return c.Failf("nn.Positions", []*graph.Node{x}, "want positions and channels: (T, C) (and make the layer with Positions)")
	}
	t, channels := inner[0], inner[1]
	if c.Cache != nil {
		t = c.Cache.Length
	}
	table := c.Sinusoids(t, channels)
	if !p.sinusoid {
		table = c.Param("weight", p.init(t, channels), t, channels)
	}
	if c.Cache != nil {
		return c.Add(x, c.Gather(table, c.Cache.Position))
	}
	return c.Add(x, c.PositionRows(table, c.Segment, t))
}

// String returns "Positions" or "Positions(sinusoidal)".
func (p PositionsLayer) String() string {
	if p.sinusoid {
		return "Positions(sinusoidal)"
	}
	return "Positions"
}
