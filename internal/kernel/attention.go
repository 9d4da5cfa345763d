package kernel

import (
	"fmt"
	"math"
)

// Attention is multi-head attention over the positions of one example, without
// ever holding the T×T matrix of scores (Milakov and Gimelshein 2018; Dao et al.
// 2022). Packed rows qkv (T, (H+2G)·D) hold H query heads, then G key heads, then
// G value heads; H/G consecutive query heads share a key head. A query i sees the
// keys j < Length with j <= i if Causal, and ⌊i/Segment⌋ = ⌊j/Segment⌋ if
// Segment > 0.
//
// For each query the keys come in tiles of keyTile, which begin at multiples of
// it, and only those that have a key it sees:
//
//	m, l, o := -max, 0, 0
//	for each tile, ascending {
//		s[j] = Σ_d (q[d]·1/√D)·k[j][d]        one chain, d ascending
//		m'   = max(m, max s)
//		p[j] = e^(s[j] - m'), 0 for a key that is not seen
//		α    = e^(m - m')
//		l    = fma(l, α, Σ16 p)                16 lanes, as a row sum
//		o[d] = o[d]·α, then fma(p[j]·mask, v[j][d], o[d]) for j ascending
//		m    = m'
//	}
//	o[d]  = o[d]·(1/l)                         0 if no key is seen
//	stats = m + ln l                           likewise
//
// Backward takes p = e^(s - stats) again. With δ = Σ16 do·o of each query and
// ds = p·(do·v·mask - δ), do·v one chain:
//
//	dv[j] = Σ p·mask·do     one chain over the query heads that share the key,
//	dk[j] = Σ ds·q/√D       and in each head over the queries, ascending
//	dq[i] = (Σ ds·k)/√D     one chain over the keys, ascending
//
// A query's bits depend on its position and on what it sees, not on other
// queries, so Cached gives those of Forward; a product with an unseen key may
// turn -0 into 0. Operands must be finite where a key is not seen, too: 0·Inf
// would be NaN.
type Attention struct {
	Heads, KVHeads, Dim int // H, G, D
	Positions           int // T
	Causal              bool
	Length              int // keys from there on are not seen; at most T
	Segment             int // 0: none
	Drop                ProbabilityMask
}

// ProbabilityMask is dropout on the probabilities of an example: that of key j
// and query i in head h takes element (h·T + i)·T' + j of the example's row, as
// in DropoutMask, with T' = T rounded up to a multiple of 16. A Scale of 0 means
// no dropout.
type ProbabilityMask struct {
	Key       [2]uint32
	Position  uint64 // of the example in the stream
	Threshold uint32
	Scale     float32
}

// Tiles. Keys: wide enough for the products to run at full speed, small enough
// for K, V and the tile to stay in the first-level cache. Queries: few, so that
// what a causal mask hides is skipped. docs/kernels.md has the measurements.
const (
	keyTile   = 64
	queryTile = 32
)

func (a *Attention) width() int { return (a.Heads + 2*a.KVHeads) * a.Dim }
func (a *Attention) out() int   { return a.Heads * a.Dim }

// keyColumn and valueColumn are where a row has those of a key head.
func (a *Attention) keyColumn(group int) int   { return (a.Heads + group) * a.Dim }
func (a *Attention) valueColumn(group int) int { return (a.Heads + a.KVHeads + group) * a.Dim }

// scaleFactor is what scores are multiplied by.
func (a *Attention) scaleFactor() float32 { return float32(1 / math.Sqrt(float64(a.Dim))) }

func (a *Attention) check() {
	if a.Heads < 1 || a.KVHeads < 1 || a.Heads%a.KVHeads != 0 || a.Dim < 1 || a.Length > a.Positions {
		panic(fmt.Sprintf("kernel: attention: %d heads, %d key heads, %d wide, %d of %d keys", a.Heads, a.KVHeads, a.Dim, a.Length, a.Positions))
	}
}

// Forward sets o (T, H·D) to the result and stats (H, T) to ln Σ eˢ of each
// query; either may be nil, then it is not made. Neither overlaps qkv.
func (a *Attention) Forward(o, stats, qkv []float32, s *Scratch) {
	a.check()
	need("qkv", len(qkv), a.Positions*a.width())
	t := a.tiles(s)
	t.running = newRunning(s, a.Dim)
	for g := range a.KVHeads {
		t.turnKeys(qkv, g)
		for h := g * t.share; h < (g+1)*t.share; h++ {
			t.scaleQueries(qkv, h)
			for i := 0; i < a.Positions; i += queryTile {
				t.forward(qkv, h, i, min(queryTile, a.Positions-i), o != nil)
				t.finish(o, stats, h)
			}
		}
	}
}

// Backward sets dqkv (T, (H+2G)·D) to the cotangent of qkv, given that of o, do
// (T, H·D), and what Forward made.
func (a *Attention) Backward(dqkv, qkv, stats, o, do []float32, s *Scratch) {
	a.check()
	need("dqkv", len(dqkv), a.Positions*a.width())
	need("qkv", len(qkv), a.Positions*a.width())
	need("stats", len(stats), a.Positions*a.Heads)
	need("o", len(o), a.Positions*a.out())
	need("do", len(do), a.Positions*a.out())
	clear(dqkv[:a.Positions*a.width()])
	b := backward{dqkv: dqkv, qkv: qkv, stats: stats, do: do}
	b.open(a, s)
	for g := range a.KVHeads {
		b.turnKeys(qkv, g)
		b.turnValues(g)
		for h := g * b.share; h < (g+1)*b.share; h++ {
			b.scaleQueries(qkv, h)
			b.head(h, o)
		}
	}
	b.scale(dqkv, dqkv, a.Positions, a.out(), a.width(), a.width())
}
