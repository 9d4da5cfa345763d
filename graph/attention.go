package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Attention describes multi-head attention over the positions of an example
// (Vaswani et al. 2017, section 3.2): each of H query heads looks at one of G
// heads of keys and values, all D wide; scores are scaled by 1/√D. With G < H
// consecutive query heads share a key head (Ainslie et al. 2023); with G = 1
// all do (Shazeer 2019).
type Attention struct {
	Heads, KVHeads, Dim int  // H, G, D; G divides H
	Causal              bool // a position sees itself and those before it

	// Dropout is the rate at which probabilities are set to 0 and the others
	// scaled by 1/(1 - rate), after normalization, as in PyTorch. 0 is none.
	// Stream, under the current scope, names its random numbers.
	Dropout float64
	Stream  string
}

// Width returns the columns of the packed operand: H query heads, then G key
// heads, then G value heads.
func (a Attention) Width() int { return (a.Heads + 2*a.KVHeads) * a.Dim }

// Out returns the columns of the result: H heads.
func (a Attention) Out() int { return a.Heads * a.Dim }

// KeyColumn and ValueColumn return where a packed row has the key and the value
// that query head h looks at; its query is at column h·D.
func (a Attention) KeyColumn(h int) int   { return (a.Heads + h/(a.Heads/a.KVHeads)) * a.Dim }
func (a Attention) ValueColumn(h int) int { return a.KeyColumn(h) + a.KVHeads*a.Dim }

// String names the sizes and what differs from the default.
func (a Attention) String() string {
	s := fmt.Sprintf("%d/%dx%d", a.Heads, a.KVHeads, a.Dim)
	if a.Causal {
		s += " causal"
	}
	if a.Dropout > 0 {
		s += fmt.Sprintf(" dropout %g %q", a.Dropout, a.Stream)
	}
	return s
}

// validate returns what is wrong with the description.
func (a Attention) validate() error {
	switch {
	case a.Heads < 1 || a.KVHeads < 1 || a.Dim < 1:
		return fmt.Errorf("%d heads, %d key heads, %d wide: want at least 1 of each", a.Heads, a.KVHeads, a.Dim)
	case a.Heads%a.KVHeads != 0:
		return fmt.Errorf("%d heads share %d key heads, want a divisor", a.Heads, a.KVHeads)
	case !(a.Dropout >= 0 && a.Dropout < 1):
		return fmt.Errorf("dropout %v, want 0 or more and less than 1", a.Dropout)
	}
	return nil
}

// Attention nodes have the operands qkv and segment, of a gradient also stats,
// o and do, and last, if there are any, the lengths.
var opAttention, opAttentionStats, opAttentionGrad, opAttentionCached *Op

func init() {
	opAttentionStats = register(Op{Name: "attentionstats", Class: Row, Arity: -1, shape: attentionStatsShape, flops: attentionFLOPs(2, 6),
		Doc: "(qkv, segment, lengths?): ln Σ eˢ over the keys that head h sees at position i, (H, T); 0 where it sees none"})
	opAttentionGrad = register(Op{Name: "attentiongrad", Class: Row, Arity: -1, shape: attentionGradShape, flops: attentionFLOPs(10, 8),
		Doc: "(qkv, segment, stats, o, do, lengths?): the cotangent of qkv: p = e^(s - stats), ds = p·(do·v - Σ do·o)/√D; dq = Σ ds·k, dk = Σ ds·q, dv = Σ p·do"})
	opAttention = register(Op{Name: "attention", Class: Row, Arity: -1, shape: attentionShape, flops: attentionFLOPs(4, 8),
		Doc: "(qkv, segment, lengths?): Σ p·v of each head and position, p the softmax of s = q·k/√D over the keys seen: j <= i if causal, j < lengths, ⌊i/segment⌋ = ⌊j/segment⌋ if segment > 0; 0 where none is",
		vjp: attentionVJP})
	opAttentionCached = register(Op{Name: "attentioncached", Class: Row, Arity: 3, shape: attentionCachedShape, flops: cachedFLOPs,
		Doc: "(qkv, cache, past): causal attention of new positions to the keys and values of past ones in the cache, and to themselves"})
}

// attentionVJP asks for the logarithms of the sums beside the result: both come
// from one pass, so a graph without gradients does not pay for them.
func attentionVJP(b *Builder, n, dy *Node) []*Node {
	stats := b.add(opAttentionStats, n.Attr, n.In...)
	in := slices.Concat(n.In[:2], []*Node{stats, n, dy}, n.In[2:])
	d := make([]*Node, len(n.In))
	d[0] = b.add(opAttentionGrad, n.Attr, in...)
	return d
}

// Lengths returns the operand with the lengths of an attention node or its
// gradient, nil if it has none.
func (n *Node) Lengths() *Node {
	if last := n.In[len(n.In)-1]; last.Shape.DType == tensor.I32 {
		return last
	}
	return nil
}

// attentionFLOPs counts what the keys that are seen cost: products of D, and
// operations for each score. Lengths and segments are not known here.
func attentionFLOPs(products, each int64) func(n *Node) int64 {
	return func(n *Node) int64 {
		a, t := n.Attr.Attention, int64(n.In[0].Shape.Inner()[0])
		pairs := t * t
		if a.Causal {
			pairs = t * (t + 1) / 2
		}
		return int64(a.Heads) * pairs * (products*int64(a.Dim) + each)
	}
}

// cachedFLOPs counts a full cache.
func cachedFLOPs(n *Node) int64 {
	a, t, l := n.Attr.Attention, int64(n.In[0].Shape.Inner()[0]), int64(n.In[1].Shape.Inner()[0])
	return int64(a.Heads) * t * (l + t) * (4*int64(a.Dim) + 8)
}

// packedRows checks a per-example f32 value (T, width).
func packedRows(name string, x *Node, width int) error {
	if s := x.Shape; !s.PerExample() || s.DType != tensor.F32 || len(s.Inner()) != 2 || s.Last() != width {
		return fmt.Errorf("%s is %v, want f32[B T %d]", name, s, width)
	}
	return nil
}

func attentionShape(n *Node) (Shape, error) {
	a, qkv := n.Attr.Attention, n.In[0].Shape
	if err := a.validate(); err != nil {
		return qkv, err
	}
	if err := packedRows("qkv", n.In[0], a.Width()); err != nil {
		return qkv, err
	}
	if s := n.In[1].Shape; !s.Equal(F32()) {
		return qkv, fmt.Errorf("segment is %v, want a scalar of the per-update half", s)
	}
	if l := n.In[len(n.In)-1].Shape; len(n.In) != 2 && !l.Equal(Shape{tensor.I32, []int{Batch}}) {
		return qkv, fmt.Errorf("lengths are %v, want i32[B]", l)
	}
	return qkv.with(qkv.Inner()[0], a.Out()), nil
}

func attentionStatsShape(n *Node) (Shape, error) {
	o, err := attentionShape(n)
	if err != nil {
		return o, err
	}
	return o.with(n.Attr.Attention.Heads, o.Inner()[0]), nil
}

func attentionGradShape(n *Node) (Shape, error) {
	forward := *n
	forward.In = slices.Concat(n.In[:2], n.In[5:])
	o, err := attentionShape(&forward)
	if err == nil && !(n.In[3].Shape.Equal(o) && n.In[4].Shape.Equal(o)) {
		err = fmt.Errorf("cotangent %v, want %v", n.In[4].Shape, o)
	}
	return n.In[0].Shape, err
}

func attentionCachedShape(n *Node) (Shape, error) {
	a, qkv := n.Attr.Attention, n.In[0].Shape
	if err := a.validate(); err != nil {
		return qkv, err
	}
	if err := packedRows("qkv", n.In[0], a.Width()); err != nil {
		return qkv, err
	}
	if err := packedRows("cache", n.In[1], 2*a.KVHeads*a.Dim); err != nil {
		return qkv, err
	}
	if p := n.In[2].Shape; !p.Equal(Shape{tensor.I32, []int{Batch}}) {
		return qkv, fmt.Errorf("past is %v, want i32[B]", p)
	}
	return qkv.with(qkv.Inner()[0], a.Out()), nil
}

// Attention returns the result (T, H·D) of attention over the positions of each
// example. qkv (T, (H+2G)·D) holds H query heads, then G key heads, then G value
// heads. lengths, i32 () or nil, says from where on keys are not seen. segment,
// a per-update scalar s or nil, cuts positions into segments of s that do not
// see each other; 0 is none. A query that sees no key gives 0. No T×T matrix is
// stored.
func (b *Builder) Attention(qkv, lengths, segment *Node, a Attention) *Node {
	switch {
	case a.Dropout > 0 && a.Stream == "":
		return b.Failf("attention", []*Node{qkv}, "dropout %v needs a name for its random numbers", a.Dropout)
	case a.Dropout > 0:
		a.Stream = b.Path(a.Stream)
	default:
		a.Stream = ""
	}
	if segment == nil {
		segment = b.Const(0)
	}
	in := []*Node{qkv, segment}
	if lengths != nil {
		in = append(in, lengths)
	}
	return b.add(opAttention, Attr{Attention: a}, in...)
}

// CachedAttention returns the result (n, H·D) of causal attention of n new
// positions, for generation: to the past i32 () positions whose keys and values
// are the first rows of cache (L, 2G·D), and to themselves. Other rows of the
// cache are not read; past is at most L. It has no gradient. Its bits are those
// of Attention at the same positions, but for the sign of a zero.
func (b *Builder) CachedAttention(qkv, cache, past *Node, a Attention) *Node {
	a.Causal, a.Dropout, a.Stream = true, 0, ""
	return b.add(opAttentionCached, Attr{Attention: a}, qkv, cache, past)
}
