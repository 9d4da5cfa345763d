package kernel

import (
	"math/rand/v2"
	"testing"
)

func TestAttentionTiers(t *testing.T) {
	a := Attention{Heads: 2, KVHeads: 1, Dim: 8, Positions: 70, Length: 70, Causal: true}
	r := rand.New(rand.NewPCG(1, 2))
	var s Scratch
	qkv, o, stats := plain(r, 70*a.width()), make([]float32, 70*a.out()), make([]float32, 2*70)
	do, d := plain(r, 70*a.out()), make([]float32, len(qkv))
	n := testing.AllocsPerRun(3, func() { a.Forward(o, stats, qkv, &s); a.Backward(d, qkv, stats, o, do, &s) })
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	o2, stats2, d2 := make([]float32, len(o)), make([]float32, len(stats)), make([]float32, len(d))
	onGo(func() { a.Forward(o2, stats2, qkv, &s); a.Backward(d2, qkv, stats2, o2, do, &s) })
	checkSame(t, "o", o, o2)
	checkSame(t, "stats", stats, stats2)
	checkSame(t, "d", d, d2)
}
