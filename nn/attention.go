package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// AttentionLayer is what Attention returns; its methods return changed copies.
type AttentionLayer struct {
	heads, kvHeads  int // kvHeads 0 is heads
	causal, noBias  bool
	dropout, rotary float64 // rotary is 0 for none
	in, out         Initializer
}

// Attention is multi-head self-attention over the positions of an example,
// (T, C) to (T, C): each head is softmax(q·kᵀ/√D)·v of queries, keys and values
// of D = C/heads channels (Vaswani et al., NeurIPS 2017, section 3.2). If there
// is a field "length", i32 () per example, keys from that position on are not
// seen; Causal has no need of it. The T×T matrix is never stored.
//
// Parameters, named and laid out as in GPT-2, (in, out) in files too:
// c_attn.weight (C, 3·C), the queries of all heads, their keys, their values;
// c_attn.bias; c_proj.weight (C, C); c_proj.bias. PyTorch's MultiheadAttention
// has the same as in_proj_weight, in_proj_bias and out_proj, transposed.
// Matrices start as there: Xavier for c_attn, U(-1/√C, 1/√C) for c_proj; biases
// start at 0.
func Attention(heads int) AttentionLayer {
	return AttentionLayer{heads: heads, in: Xavier(), out: uniformFan}
}

// KVHeads sets the number of heads of keys and values, which divides that of
// queries: consecutive heads share one (Ainslie et al., arXiv:2305.13245). 1 is
// multi-query attention (Shazeer, arXiv:1911.02150).
func (a AttentionLayer) KVHeads(n int) AttentionLayer { a.kvHeads = n; return a }

// Causal lets a position see itself and those before it.
func (a AttentionLayer) Causal() AttentionLayer { a.causal = true; return a }

// Dropout sets the rate of dropout of the probabilities, in training.
func (a AttentionLayer) Dropout(rate float64) AttentionLayer { a.dropout = rate; return a }

// Rotary turns queries and keys by their positions, at frequencies of the given
// base, usually 10000 (Su et al., arXiv:2104.09864; halves of a head are turned
// together, as in Llama).
func (a AttentionLayer) Rotary(base float64) AttentionLayer { a.rotary = base; return a }

// NoBias leaves out the biases.
func (a AttentionLayer) NoBias() AttentionLayer { a.noBias = true; return a }

// Init sets how c_attn.weight and c_proj.weight start.
func (a AttentionLayer) Init(in, out Initializer) AttentionLayer { a.in, a.out = in, out; return a }

// Build adds the layer to a graph.
func (a AttentionLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Attention", x) {
		return c.failed()
	}
	if a.kvHeads == 0 {
		a.kvHeads = a.heads
	}
	if reason := a.fault(x.Shape); reason != "" {
		return c.Failf("nn.Attention", []*graph.Node{x}, "%s", reason)
	}
	width := x.Shape.Last()
	o := graph.Attention{Heads: a.heads, KVHeads: a.kvHeads, Dim: width / a.heads, Causal: a.causal}
	qkv := c.Apply("c_attn", conv1D(width+2*o.KVHeads*o.Dim, !a.noBias, a.in), x)
	if a.rotary != 0 {
		qkv = c.Rotary(qkv, c.past(), c.Segment, o.Heads+o.KVHeads, o.Dim, a.rotary)
	}
	return c.Apply("c_proj", conv1D(width, !a.noBias, a.out), a.attend(c, qkv, o))
}

// attend is what lies between the projections.
func (a AttentionLayer) attend(c *Context, qkv *graph.Node, o graph.Attention) *graph.Node {
	if c.Cache != nil {
		return c.Cache.attend(c, qkv, o)
	}
	if c.Train && a.dropout > 0 {
		o.Dropout, o.Stream = a.dropout, c.stream("attention")
	}
	var lengths *graph.Node
	if !a.causal {
		lengths = c.Inputs["length"]
	}
	return c.Attention(qkv, lengths, c.Segment, o)
}

// fault says what is wrong with the layer for an input, "" if nothing is.
func (a AttentionLayer) fault(x graph.Shape) string {
	switch {
	case a.heads < 1 || a.in == nil || a.out == nil:
		return fmt.Sprintf("%d heads, want at least 1 (and make the layer with Attention)", a.heads)
	case a.kvHeads < 1 || a.heads%a.kvHeads != 0:
		return fmt.Sprintf("%d heads of keys and values, want a divisor of the %d heads", a.kvHeads, a.heads)
	case len(x.Inner()) != 2:
		return "want an example of positions and channels (T, C)"
	case x.Last()%a.heads != 0:
		return fmt.Sprintf("%d channels do not divide among %d heads", x.Last(), a.heads)
	case a.rotary != 0 && (!(a.rotary > 1) || math.IsInf(a.rotary, 0)):
		return fmt.Sprintf("rotary base %v, want a finite number above 1", a.rotary)
	case a.rotary != 0 && x.Last()/a.heads%2 != 0:
		return fmt.Sprintf("heads of %d channels, want an even number to turn", x.Last()/a.heads)
	case !(a.dropout >= 0 && a.dropout < 1):
		return fmt.Sprintf("dropout %v, want 0 or more and less than 1", a.dropout)
	}
	return ""
}

// String returns, for example, "Attention(8 heads, causal)".
func (a AttentionLayer) String() string {
	s := fmt.Sprintf("Attention(%d heads", a.heads)
	if a.kvHeads != 0 && a.kvHeads != a.heads {
		s += fmt.Sprintf(", %d of keys", a.kvHeads)
	}
	if a.causal {
		s += ", causal"
	}
	return s + ")"
}
