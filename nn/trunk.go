package nn

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// trunk is what GPT and Encoder have in common: embeddings of tokens and of
// positions, blocks, a final norm; i32 (T) to (T, C).
type trunk struct {
	vocab, context, layers, dim int
	positions                   string
	dropout, wordDropout        float64
	block                       BlockConfig
}

func (t trunk) Build(c *Context, x *graph.Node) *graph.Node {
	h := c.Apply("wte", t.tokens(), x)
	if t.wordDropout > 0 && c.Train {
		h = c.Mul(h, c.DropoutMask(c.stream("words"), t.wordDropout, x.Shape.Last(), 1))
	}
	h = t.place(c, h)
	if t.block.PostNorm {
		h = c.Apply("ln_0", t.block.norm(), h)
	}
	h = Dropout(t.dropout).Build(c, h)
	for i := range t.layers {
		h = c.Apply("h."+strconv.Itoa(i), Block(t.block), h)
	}
	if !t.block.PostNorm {
		h = c.Apply("ln_f", t.block.norm(), h)
	}
	return h
}

func (t trunk) tokens() EmbeddingLayer { return Embedding(t.vocab, t.dim).Init(smallNormal) }

// table is the matrix of the embeddings of tokens, for an output that shares it.
func (t trunk) table(c *Context, layer string) *graph.Node {
	return c.shared(layer+".wte", "weight", smallNormal(t.vocab, t.dim), t.vocab, t.dim)
}

// place adds to each token what stands for its position. Sinusoids have a size
// near 1, so there embeddings are scaled by √C first (Vaswani et al. 2017,
// sections 3.4 and 3.5).
func (t trunk) place(c *Context, h *graph.Node) *graph.Node {
	var table *graph.Node
	switch t.positions {
	case "rotary":
		return h
	case "learned":
		table = c.shared("wpe", "weight", smallNormal(t.context, t.dim), t.context, t.dim)
	case "sinusoidal":
		table = c.Sinusoids(t.context, t.dim)
		h = c.Mul(h, c.Const(math.Sqrt(float64(t.dim))))
	}
	if c.Cache != nil {
		return c.Add(h, c.Gather(table, c.Cache.Position))
	}
	if c.Err() != nil {
		return c.failed()
	}
	return c.Add(h, c.PositionRows(table, c.Segment, h.Shape.Inner()[0]))
}

// turn gives the blocks rotary positions of a base, if that is what positions are.
func (t *trunk) turn(base float64) {
	if t.positions != "rotary" {
		return
	}
	if t.block.Rotary = base; base == 0 {
		t.block.Rotary = 10000
	}
}

// fault says what is wrong with a configuration for an input, "" if nothing is.
func (t trunk) fault(c *Context, x *graph.Node) string {
	inner := x.Shape.Inner()
	switch {
	case t.vocab < 1 || t.context < 1 || t.layers < 1 || t.dim < 1:
		return fmt.Sprintf("vocab %d, context %d, layers %d, dim %d, want at least 1 of each", t.vocab, t.context, t.layers, t.dim)
	case t.block.Heads > 0 && t.dim%t.block.Heads != 0:
		return fmt.Sprintf("dim %d and heads %d, want a dim that divides among the heads", t.dim, t.block.Heads)
	case !slices.Contains(positionKinds, t.positions):
		return unknown("positions", t.positions, positionKinds)
	case !(t.wordDropout >= 0 && t.wordDropout < 1):
		return fmt.Sprintf("word dropout %v, want 0 or more and less than 1", t.wordDropout)
	case x.Shape.DType != tensor.I32 || len(inner) != 1:
		return "want an example of tokens, i32 (T)"
	case inner[0] > t.context:
		return fmt.Sprintf("%d tokens and a context of %d, want no more than that", inner[0], t.context)
	case c.Cache != nil && c.Cache.Length > t.context:
		return fmt.Sprintf("a cache of %d tokens and a context of %d, want no more than that", c.Cache.Length, t.context)
	}
	return t.block.fault()
}

// String returns, for example, "Trunk(4 layers, 4 heads, 128 channels)".
func (t trunk) String() string { return "Trunk(" + t.size() + ")" }

// size is, for example, "4 layers, 4 heads, 128 channels".
func (t trunk) size() string {
	return fmt.Sprintf("%d layers, %d heads, %d channels", t.layers, t.block.Heads, t.dim)
}
