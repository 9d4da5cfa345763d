package oracle

import (
	"testing"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// TestPasses: the second pass knows the sum of the first, and the sum of what
// it makes of its examples is known at the end.
func TestPasses(t *testing.T) {
	var b graph.Builder
	x := b.Input("x", tensor.F32)
	centered := b.Sub(x, b.Barrier(b.Mul(b.SumExamples(x, 0), b.Const(0.25))))
	b.Output("centered", centered)
	b.Output("squares", b.SumExamples64(b.Mul(centered, centered)))
	in := []*tensor.Tensor{tensor.Of([]float32{1, 2, 3, 6})}
	for _, split := range [][]int{{4}, {1, 3}, {1, 1, 1, 1}} {
		p, _ := compile(t, &b, engine.Options{Rows: 4})
		if p.Passes() != 2 {
			t.Fatalf("%d passes, want 2", p.Passes())
		}
		var got []float64
		p.Begin(0, nil)
		for pass := range 2 {
			row := 0
			for _, n := range split {
				p.Micro(in, row, n)
				row += n
				if pass == 1 {
					got = append(got, p.OutputF64("centered")...)
				}
			}
			if pass == 0 {
				p.EndPass()
			}
		}
		p.Finish() // ends the last pass
		got = append(got, p.OutputF64("squares")...)
		for i, want := range []float64{-2, -1, 0, 3, 14} {
			if got[i] != want {
				t.Errorf("split %v: %v at %d, want %v", split, got[i], i, want)
			}
		}
	}
}

// TestShards: sums are added along the tree, ((a+b)+(c+d)), on one worker or
// two: here big numbers cancel within the halves, and only so.
func TestShards(t *testing.T) {
	var b graph.Builder
	b.Output("sum", b.SumExamples64(b.Input("x", tensor.F32)))
	in := []*tensor.Tensor{tensor.Of([]float32{1 << 60, -1 << 60, 1, 2})}
	sum := func(order ...int) float64 { // of one worker, shards in two parts
		var parts [2]*Program
		var tree collective.Tree
		for w := range parts {
			parts[w], _ = compile(t, &b, engine.Options{Rows: 1, Batch: 4, Shards: 4, First: 2 * w, Own: 2})
			parts[w].Begin(0, nil)
			for shard := 2 * w; shard < 2*w+2; shard++ {
				parts[w].Micro(in, order[shard], 1)
				parts[w].EndShard(shard)
			}
			for _, p := range parts[w].Parts() {
				tree.Push(p)
			}
		}
		parts[0].Adopt(tree.Total())
		parts[0].Finish()

		whole, _ := compile(t, &b, engine.Options{Rows: 1, Shards: 4})
		whole.Begin(0, nil)
		for shard, row := range order {
			whole.Micro(in, row, 1)
			whole.EndShard(shard)
		}
		whole.Finish()
		if one, two := whole.OutputF64("sum")[0], parts[0].OutputF64("sum")[0]; one != two {
			t.Errorf("order %v: %v on one worker, %v on two", order, one, two)
		}
		return whole.OutputF64("sum")[0]
	}
	if got := sum(0, 1, 2, 3); got != 3 {
		t.Errorf("big numbers in one half: %v, want 3", got)
	}
	if got := sum(0, 2, 1, 3); got != 0 {
		t.Errorf("big numbers in both halves: %v, want 0: 1 and 2 are lost", got)
	}
}
