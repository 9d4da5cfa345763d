package nn

import (
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Cache is how layers reach what earlier tokens have left, in a graph that
// Decoder builds.
type Cache struct {
	Past     *graph.Node // i32 () per example: how many positions are cached
	Position *graph.Node // i32 (n): the position of each new token
	Length   int         // positions that a cache has room for

	rows []*graph.Node // what each layer of attention or recurrent layer adds, (n, width)
}

// Decoder builds the graph that generation runs: n new tokens of each example
// behind those that are cached. It is right for models in which positions meet
// in causal attention and recurrent layers only, such as GPT; layers that see
// what comes later, or a whole text, are refused.
//
// Inputs, all per example: "x" i32 (n), the new tokens; "position" i32 (n),
// their places past, past+1, …; "past" i32 (), how many came before; and
// "cache.0", "cache.1", … f32 (length, width), a cache for each layer of
// attention and each recurrent layer, in which the rows from past on are not read. Outputs: "pred" (n,
// classes), and "cache.0", … f32 (n, width): the rows that the caller copies to
// its cache, from row past on. The widths are returned in order.
//
// With fewer than n new tokens at hand, the others may be anything: no token
// sees what comes after it, and their rows are not copied. The scores have the
// bits of Forward's at the same positions (but 0 may be -0), however a text is
// cut into calls.
func Decoder(model Layer, n, length int) (g *graph.Graph, widths []int, err error) {
	if n < 1 || length < 1 {
		return nil, nil, fmt.Errorf("nn: Decoder: %d new tokens and a cache of %d positions, want at least 1 of each", n, length)
	}
	var b graph.Builder
	tokens := tensor.Shape{n}
	c := NewContext(&b, false, Input{"x", tensor.I32, tokens}, Input{"position", tensor.I32, tokens}, Input{"past", tensor.I32, nil})
	c.Cache = &Cache{Past: c.Inputs["past"], Position: c.Inputs["position"], Length: length}
	b.Output("pred", c.Model(model))
	for i, rows := range c.Cache.rows {
		b.Output(cacheName(i), rows)
		widths = append(widths, rows.Shape.Last())
	}
	g, err = b.Build()
	return g, widths, err
}

func cacheName(layer int) string { return "cache." + strconv.Itoa(layer) }

// attend is attention of new positions to cached ones and to themselves.
func (k *Cache) attend(c *Context, qkv *graph.Node, a graph.Attention) *graph.Node {
	if c.Err() == nil && !a.Causal {
		return c.Failf("nn.Decoder", []*graph.Node{qkv}, "attention that is not causal cannot be decoded token by token")
	}
	width := 2 * a.KVHeads * a.Dim
	cache := c.Input(cacheName(len(k.rows)), tensor.F32, k.Length, width)
	k.rows = append(k.rows, c.Slice(qkv, a.Heads*a.Dim, width))
	return c.CachedAttention(qkv, cache, k.Past, a)
}

// state returns what the last cached position has left of a recurrent layer, 0
// if there is none; keep takes what each new position leaves (n, width).
func (k *Cache) state(c *Context, width int) *graph.Node {
	return c.LastOf(c.Input(cacheName(len(k.rows)), tensor.F32, k.Length, width), k.Past)
}

func (k *Cache) keep(rows *graph.Node) { k.rows = append(k.rows, rows) }

// whole reports, and records as a mistake, that a layer which needs a whole text
// is to decode it token by token.
func (c *Context) whole(op string, x *graph.Node) bool {
	if c.Cache != nil {
		c.Failf(op, []*graph.Node{x}, "the layer needs a whole text, and cannot be decoded token by token")
	}
	return c.Cache != nil
}

// past returns how many positions come before the first, nil for none.
func (c *Context) past() *graph.Node {
	if c.Cache == nil {
		return nil
	}
	return c.Cache.Past
}
