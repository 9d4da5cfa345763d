package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// attentions are heads and masks at the edges of the kernel's tiles: one
// position, fewer than a vector, more than a tile of keys; dims that fill
// vectors or not; groups of heads; nothing seen at all.
var attentions = []struct {
	graph.Attention
	t, rows, segment int
	lengths          bool
}{
	{graph.Attention{Heads: 1, KVHeads: 1, Dim: 4, Causal: true}, 3, 3, 0, false},
	{graph.Attention{Heads: 2, KVHeads: 2, Dim: 3}, 5, 4, 0, true},
	{graph.Attention{Heads: 1, KVHeads: 1, Dim: 1, Causal: true}, 1, 2, 0, true},
	{graph.Attention{Heads: 4, KVHeads: 2, Dim: 8, Causal: true}, 9, 3, 4, false},
	{graph.Attention{Heads: 3, KVHeads: 1, Dim: 5}, 17, 2, 6, true},
	{graph.Attention{Heads: 2, KVHeads: 1, Dim: 20, Causal: true}, 37, 2, 0, true},
	{graph.Attention{Heads: 1, KVHeads: 1, Dim: 16, Causal: true}, 70, 2, 0, false},
	{graph.Attention{Heads: 2, KVHeads: 1, Dim: 4}, 133, 1, 50, true},
	{graph.Attention{Heads: 2, KVHeads: 2, Dim: 6, Causal: true, Dropout: 0.3, Stream: "p"}, 7, 5, 0, true},
	{graph.Attention{Heads: 2, KVHeads: 1, Dim: 4, Dropout: 0.5, Stream: "p"}, 67, 2, 0, false},
}

func attentionCases() []Case {
	var cases []Case
	for _, op := range []string{"attention", "attentionstats", "attentiongrad"} {
		for _, c := range attentions {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(c.Attention, c.t, c.segment, c.lengths), Rows: c.rows, Build: func(m *Maker) *graph.Node {
				var lengths, segment *graph.Node
				if c.lengths {
					lengths = m.Index(c.t + 1)
				}
				if c.segment > 0 {
					segment = m.Number("segment", float64(c.segment))
				}
				return m.Attention(m.Example(Normal, c.t, c.Width()), lengths, segment, c.Attention)
			}})
		}
	}
	for _, c := range []struct {
		graph.Attention
		n, length int
	}{
		{graph.Attention{Heads: 2, KVHeads: 1, Dim: 4}, 1, 9},
		{graph.Attention{Heads: 4, KVHeads: 2, Dim: 5}, 3, 70},
		{graph.Attention{Heads: 1, KVHeads: 1, Dim: 16}, 40, 130},
	} {
		cases = append(cases, Case{Op: "attentioncached", Name: fmt.Sprint(c.Attention, c.n, c.length), Rows: 4, Build: func(m *Maker) *graph.Node {
			qkv, cache := m.Data("qkv", Normal, c.n, c.Width()), m.Data("cache", Normal, c.length, 2*c.KVHeads*c.Dim)
			return m.CachedAttention(qkv, cache, m.Index(c.length+1), c.Attention)
		}})
	}
	return cases
}
