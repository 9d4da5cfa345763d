package cpu

import (
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// attentionUpdate is an update of the projections around an attention of so many
// positions.
func attentionUpdate(t *testing.T, positions int) *graph.Graph {
	t.Helper()
	a := graph.Attention{Heads: 4, KVHeads: 2, Dim: 8, Causal: true}
	var b graph.Builder
	x := b.Input("x", tensor.F32, positions, 32)
	in := b.Param("in", graph.Init{}, 32, a.Width())
	out := b.Param("out", graph.Init{}, a.Out(), 32)
	y := b.Linear(b.Attention(b.Linear(x, in, nil), nil, nil, a), out, nil)
	for i, d := range b.Gradient(b.Mul(y, y), []*graph.Node{in, out}) {
		v := []*graph.Node{in, out}[i]
		b.Assign(v, b.Sub(v, d))
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestAttentionMemoryIsLinear: an update over twice the positions takes twice
// the memory. A matrix of scores would take four times.
func TestAttentionMemoryIsLinear(t *testing.T) {
	e, err := New(Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var last int64
	for _, positions := range []int{256, 512, 1024, 2048, 4096} {
		p, err := e.Estimate(attentionUpdate(t, positions), engine.Options{Rows: 2})
		if err != nil {
			t.Fatal(err)
		}
		if last > 0 && p.Bytes > last/10*21 { // places are aligned, and kept apart
			t.Errorf("%d positions: %d bytes, want about twice %d", positions, p.Bytes, last)
		}
		last = p.Bytes
	}
}

// TestAttentionIsOneCall: the result and the statistics for its gradient come
// from one pass over the scores.
func TestAttentionIsOneCall(t *testing.T) {
	e, err := New(Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	g := attentionUpdate(t, 16)
	vars, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, k := range p.Plan().Kernels {
		count[k.Name]++
	}
	if count["attention, both"] != 1 || count["attention"]+count["attentionstats"] != 0 || count["attentiongrad"] != 1 {
		t.Errorf("kernels %v, want one for the result and the statistics, and one for the gradient", count)
	}
}
