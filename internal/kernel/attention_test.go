package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

// attentionShapes are at the edges of tiles and vectors: odd lengths, keys in one
// tile and in many, heads that do not fill vectors, heads that share keys,
// segments that begin within a tile, and every kind of padding.
var attentionShapes = []Attention{
	{Heads: 1, KVHeads: 1, Dim: 8, Positions: 1, Length: 1, Causal: true},
	{Heads: 2, KVHeads: 1, Dim: 20, Positions: 17, Length: 17, Causal: true},
	{Heads: 2, KVHeads: 2, Dim: 8, Positions: 33, Length: 33},
	{Heads: 2, KVHeads: 2, Dim: 32, Positions: 64, Length: 64, Causal: true},
	{Heads: 4, KVHeads: 2, Dim: 16, Positions: 65, Length: 65, Causal: true},
	{Heads: 3, KVHeads: 1, Dim: 7, Positions: 130, Length: 130},
	{Heads: 1, KVHeads: 1, Dim: 64, Positions: 192, Length: 192, Causal: true},
	{Heads: 1, KVHeads: 1, Dim: 12, Positions: 201, Length: 201, Causal: true, Segment: 50},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 150, Length: 150, Segment: 16},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 150, Length: 70, Causal: true, Segment: 33},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 80, Length: 0},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 80, Length: 1, Causal: true},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 80, Length: 31},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 80, Length: 79, Causal: true},
	{Heads: 2, KVHeads: 1, Dim: 8, Positions: 81, Length: 70, Causal: true,
		Drop: ProbabilityMask{Key: [2]uint32{3, 4}, Position: 1 << 33, Threshold: 1 << 30, Scale: 4. / 3}},
}

// scores of attention grow as the position does, so that maxima move.
func attentionOperand(r *rand.Rand, rows, cols int) []float32 {
	x := plain(r, rows*cols)
	for i := range x {
		x[i] *= 0.5 + float32(i/cols)/float32(rows)
	}
	return x
}

// TestAttention compares every tier with the definition, bit by bit; a zero may
// have the other sign, where a key that is not seen is multiplied by 0.
func TestAttention(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		var s Scratch
		for _, a := range attentionShapes {
			n := a.Positions
			qkv, do := attentionOperand(r, n, a.width()), plain(r, n*a.out())
			o, freeO := guarded(t, r, n*a.out())
			stats, freeStats := guarded(t, r, n*a.Heads)
			d, freeD := guarded(t, r, n*a.width())
			wantO, wantStats, wantD := make([]float32, len(o)), make([]float32, len(stats)), make([]float32, len(d))
			attentionRef(&a, wantO, wantStats, qkv)
			attentionGradRef(&a, wantD, qkv, wantStats, wantO, do)
			allocs := testing.AllocsPerRun(5, func() {
				a.Forward(o, stats, qkv, &s)
				a.Backward(d, qkv, stats, o, do, &s)
			})
			name := fmt.Sprintf("%+v", a)
			checkSame(t, name+" o", unsigned(o), unsigned(wantO))
			checkSame(t, name+" stats", unsigned(stats), unsigned(wantStats))
			checkSame(t, name+" dqkv", unsigned(d), unsigned(wantD))
			clear(o)
			a.Forward(o, nil, qkv, &s)
			checkSame(t, name+" o alone", unsigned(o), unsigned(wantO))
			clear(stats)
			a.Forward(nil, stats, qkv, &s)
			checkSame(t, name+" stats alone", unsigned(stats), unsigned(wantStats))
			if allocs != 0 {
				t.Errorf("%s: %v allocations, want 0", name, allocs)
			}
			freeO()
			freeStats()
			freeD()
		}
	})
}

// unsigned makes every zero positive.
func unsigned(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v + 0
	}
	return y
}

// TestAttentionTiersAgree compares the tiers with each other, signs of zeros too.
func TestAttentionTiersAgree(t *testing.T) {
	run := func(a *Attention, r *rand.Rand) [][]float32 {
		var s Scratch
		n := a.Positions
		qkv, do := attentionOperand(r, n, a.width()), plain(r, n*a.out())
		o, stats, d := make([]float32, n*a.out()), make([]float32, n*a.Heads), make([]float32, n*a.width())
		a.Forward(o, stats, qkv, &s)
		a.Backward(d, qkv, stats, o, do, &s)
		return [][]float32{o, stats, d}
	}
	for i, a := range attentionShapes {
		seeded := func() *rand.Rand { return rand.New(rand.NewPCG(3, uint64(i))) }
		var want [][]float32
		onGo(func() { want = run(&a, seeded()) })
		eachTier(t, func(t *testing.T) {
			for k, x := range run(&a, seeded()) {
				checkSame(t, fmt.Sprintf("%+v %d", a, k), x, want[k])
			}
		})
	}
}

// TestAttentionCached: the bits of a position do not depend on which positions
// are new and which are in the cache.
func TestAttentionCached(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		var s Scratch
		for _, a := range attentionShapes {
			a.Causal, a.Segment, a.Length, a.Drop = true, 0, a.Positions, ProbabilityMask{}
			n, kv := a.Positions, 2*a.KVHeads*a.Dim
			qkv := attentionOperand(r, n, a.width())
			want, cache := make([]float32, n*a.out()), make([]float32, n*kv)
			a.Forward(want, nil, qkv, &s)
			for i := range n {
				copy(cache[i*kv:][:kv], qkv[i*a.width()+a.out():])
			}
			for _, past := range []int{0, 1, n / 2, n - 1} {
				now := a
				now.Positions = min(n-past, 1+r.IntN(n))
				got := make([]float32, now.Positions*a.out())
				allocs := testing.AllocsPerRun(5, func() { now.Cached(got, qkv[past*a.width():], cache[:past*kv], past, &s) })
				checkSame(t, fmt.Sprintf("%+v past %d new %d", a, past, now.Positions), unsigned(got), unsigned(want[past*a.out():][:len(got)]))
				if allocs != 0 {
					t.Errorf("%v allocations, want 0", allocs)
				}
			}
		}
	})
}

// TestAttentionFarScores: the softmax is shifted by its largest score, so that
// large ones overflow nothing, and what is far below is exactly 0.
func TestAttentionFarScores(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		a := Attention{Heads: 1, KVHeads: 1, Dim: 1, Positions: 2, Length: 2}
		o, stats := make([]float32, 2), make([]float32, 2)
		var s Scratch
		a.Forward(o, stats, []float32{1e4, 1e4, 3, 1, -1e4, 5}, &s)
		checkSame(t, "o", o, []float32{3, 3})
		checkSame(t, "stats", stats, []float32{1e8, 1e4})
		nan := inf32 - inf32
		a.Causal = true
		a.Forward(o, stats, []float32{1, 1, 3, 1, nan, 5}, &s)
		checkSame(t, "o with NaN", o, []float32{3, nan})
		checkSame(t, "stats with NaN", stats, []float32{1, nan})
	})
}

// TestAttentionScratchIsLinear: twice the positions take at most twice the
// working memory.
func TestAttentionScratchIsLinear(t *testing.T) {
	size := func(positions int) (floats int) {
		a := Attention{Heads: 2, KVHeads: 1, Dim: 8, Positions: positions, Length: positions, Causal: true}
		var s Scratch
		qkv, o, stats := make([]float32, positions*a.width()), make([]float32, positions*a.out()), make([]float32, positions*2)
		a.Forward(o, stats, qkv, &s)
		a.Backward(make([]float32, len(qkv)), qkv, stats, o, o, &s)
		for _, slot := range s.slots {
			floats += cap(slot)
		}
		return floats
	}
	if one, two := size(512), size(1024); two > 2*one {
		t.Errorf("%d floats for 1024 positions, want at most twice the %d for 512", two, one)
	}
}

// TestAttentionRows compares the row kernels with their definition in plain Go:
// every number of rows and columns of a tile, on scores near, far and
// hidden.
func TestAttentionRows(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	specials := []float32{-inf32, 0, 1e-30, 80, -90, 3e9, -1e30, 1e30}
	scores := func(n, special int) []float32 {
		x := plain(r, n)
		for i := range x {
			if r.IntN(10) < special {
				x[i] = specials[r.IntN(len(specials))]
			}
		}
		return x
	}
	for rows := 1; rows <= 9; rows++ {
		for cols := 1; cols <= keyTile; cols++ {
			for special := range 3 {
				s, dp, m, l := scores(rows*keyTile, special), plain(r, rows*keyTile), plain(r, rows), plain(r, rows)
				run := func() [][]float32 {
					s, next, sum := slices.Clone(s), make([]float32, rows), make([]float32, rows)
					attendRows(s, m, next, sum, 0.3, rows, cols)
					p, dp := slices.Clone(s), slices.Clone(dp)
					attendBack(p, dp, m, l, 0.3, rows, cols)
					return [][]float32{s, next, sum, p, dp}
				}
				var want [][]float32
				onGo(func() { want = run() })
				for _, isa := range cpu.Tiers() {
					previous := Active()
					Use(isa)
					for i, got := range run() {
						checkSame(t, fmt.Sprintf("%v %d x %d, result %d", isa, rows, cols, i), got, want[i])
					}
					Use(previous)
				}
			}
		}
	}
}
