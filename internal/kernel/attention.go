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
//		s[j] = Σ_d q[d]·k[j][d]               one chain, d ascending
//		m'   = max(m, max s·1/√D)
//		p[j] = e^fma(s[j], 1/√D, -m'), 0 for a key that is not seen
//		α    = e^(m - m')
//		l    = fma(l, α, Σ16 p)                16 lanes, as a row sum
//		o[d] = o[d]·α, then fma(p[j]·mask, v[j][d], o[d]) for j ascending
//		m    = m'
//	}
//	o[d]  = o[d]·(1/l)                         0 if no key is seen
//	stats = m + ln l                           likewise
//
// Backward takes p = e^fma(s, 1/√D, -stats) again. With δ = Σ16 do·o of each query and
// ds = p·(do·v·mask - δ)·1/√D, do·v one chain:
//
//	dv[j] = Σ p·mask·do     one chain over the query heads that share the key,
//	dk[j] = Σ ds·q          and in each head over the queries, ascending
//	dq[i] = Σ ds·k          one chain over the keys, ascending
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

// Tiles: large enough for the products to run at full speed, small enough for
// the first-level cache. No bit depends on those of queries: a chain over keys
// or queries is the same however it is cut. docs/kernels.md has measurements.
const (
	keyTile   = 64 // a softmax takes in so many keys at a time
	queryTile = 64
	fineTile  = 16 // queries along the edge of what is seen
)

func (a *Attention) width() int { return (a.Heads + 2*a.KVHeads) * a.Dim }
func (a *Attention) out() int   { return a.Heads * a.Dim }

// keyColumn and valueColumn are where a row has those of a key head.
func (a *Attention) keyColumn(group int) int   { return (a.Heads + group) * a.Dim }
func (a *Attention) valueColumn(group int) int { return (a.Heads + a.KVHeads + group) * a.Dim }

// scale is what scores are multiplied by.
func (a *Attention) scale() float32 { return float32(1 / math.Sqrt(float64(a.Dim))) }

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
	if o != nil {
		need("o", len(o), a.Positions*a.out())
	}
	if stats != nil {
		need("stats", len(stats), a.Positions*a.Heads)
	}
	var f forward
	f.open(a, o, s)
	for h := range a.Heads {
		g := h / f.share
		if h%f.share == 0 {
			f.keys = f.turn(qkv, a.keyColumn(g), slotKeysT)
		}
		f.start()
		for i := 0; i < a.Positions; i += queryTile {
			f.rows(qkv, h, i, min(i+queryTile, a.Positions))
		}
		f.finish(headStats(stats, h, a.Positions), h)
	}
}

// headStats is the part of stats (H, T) of a head; nil of none.
func headStats(stats []float32, head, positions int) []float32 {
	if stats == nil {
		return nil
	}
	return stats[head*positions:][:positions]
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
	b := backward{dqkv: dqkv, qkv: qkv, stats: stats, o: o, do: do}
	b.open(a, s)
	for h := range a.Heads {
		g := h / b.share
		if h%b.share == 0 {
			b.keys = b.turn(qkv, a.keyColumn(g), slotKeysT)
			b.values = b.turn(qkv, a.valueColumn(g), slotValuesT)
		}
		b.head(h)
	}
}
