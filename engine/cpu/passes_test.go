package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// barrierNet builds a training graph with two barriers forward and their two
// backward: each hidden layer is centered over the batch by ordinary nodes.
func barrierNet(t testing.TB, in, hidden, out int) *graph.Graph {
	var b graph.Builder
	x, y, weight := b.Input("x", tensor.F32, in), b.Input("y", tensor.I32), b.Input("weight", tensor.F32)
	count := b.Cast(b.SumExamples64(b.BroadcastTo(b.Const(1), weight.Shape)), tensor.F32)
	h := x
	var params []*graph.Node
	for i, width := range []int{hidden, hidden, out} {
		w := b.Param(fmt.Sprintf("%d.weight", i), graph.Init{}, h.Shape.Last(), width)
		params = append(params, w)
		h = b.Linear(h, w, nil)
		if i == 2 {
			break
		}
		mean := b.Barrier(b.Div(b.SumExamples(h, 1), count))
		h = b.Mul(b.Relu(b.Sub(h, mean)), b.DropoutMask(fmt.Sprintf("drop%d", i), 0.25, width))
		h = b.Normalize(h, 1e-5)
	}
	wl := b.Mul(b.CrossEntropy(h, y, 0.1), weight)
	grads := b.Gradient(wl, params)
	norm := b.SumSquares(grads[0])
	for _, g := range grads[1:] {
		norm = b.Add(norm, b.SumSquares(g))
	}
	b.Check(norm)
	lr := b.Scalar("lr")
	for i, p := range params {
		b.Assign(p, b.Sub(p, b.Mul(grads[i], lr)))
	}
	b.Output("loss_sum", b.SumExamples64(wl))
	b.Output("loss", wl)
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// execution is one way to execute the same updates.
type execution struct {
	micro, threads, shards, workers int
	recompute                       engine.Recompute
	memory                          int64
}

// updates trains on batches of the rows of batch and returns the variables and
// the sums of losses.
func (x execution) updates(t testing.TB, g *graph.Graph, batch []*tensor.Tensor, sizes ...int) []float64 {
	t.Helper()
	e, err := New(Config{Threads: x.threads, Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	vs, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	fillVars(t, vs)
	largest := 0
	for _, n := range sizes {
		largest = max(largest, n)
	}
	programs := make([]engine.Program, x.workers)
	for w := range programs {
		from, to := collective.Range(x.shards, x.workers, w)
		o := engine.Options{Rows: x.micro, Batch: largest, Shards: x.shards, First: from, Own: to - from, Seed: 7, Recompute: x.recompute, Memory: x.memory}
		if programs[w], err = e.Compile(g, vs, o); err != nil {
			t.Fatal(err)
		}
	}
	var seen []float64
	for u, n := range sizes {
		x.update(programs, batch, uint64(u*100), n)
		if !programs[0].Finish() {
			t.Fatal("a check failed")
		}
		seen = append(seen, programs[0].Output("loss_sum").F64()[0])
		programs[0].Commit()
	}
	for _, s := range vs.Specs() {
		v := tensor.New(tensor.F32, s.Shape...)
		if err := vs.Read(s.Name, v); err != nil {
			t.Fatal(err)
		}
		for _, f := range v.F32() {
			seen = append(seen, float64(f))
		}
	}
	return seen
}

// update runs all passes of one batch of n examples on all programs.
func (x execution) update(programs []engine.Program, batch []*tensor.Tensor, first uint64, n int) {
	for w, p := range programs {
		shard, _ := collective.Range(x.shards, x.workers, w)
		from, _ := collective.Range(n, x.shards, shard)
		p.Begin(first+uint64(from), []float64{0.05})
	}
	for range programs[0].Passes() {
		var parts []collective.Part
		for w, p := range programs {
			lo, hi := collective.Range(x.shards, x.workers, w)
			for r := lo; r < hi; r++ {
				from, to := collective.Range(n, x.shards, r)
				for at := from; at < to; at += x.micro {
					p.Micro(batch, at, min(x.micro, to-at))
				}
				p.EndShard(r)
			}
			parts = append(parts, p.Parts()...)
		}
		if x.workers > 1 {
			var tree collective.Tree
			for _, p := range parts {
				var own collective.Part
				own.Copy(p)
				tree.Push(own)
			}
			total := tree.Total()
			for _, p := range programs {
				p.Adopt(total)
			}
		}
		for _, p := range programs {
			p.EndPass()
		}
	}
}

func fillVars(t testing.TB, vs engine.Vars) {
	for k, s := range vs.Specs() {
		v := tensor.New(tensor.F32, s.Shape...)
		for i := range v.F32() {
			v.F32()[i] = float32(math.Sin(float64(i*7+k*13))) / 3
		}
		if err := vs.Write(s.Name, v); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPasses: micro-batches, threads, workers, and what is kept or computed
// again change no bit, with barriers and without.
func TestPasses(t *testing.T) {
	const rows, in, hidden, out = 37, 11, 17, 5
	batch := data(rows, in, out)
	losses := map[string]float64{} // of the first update: shards order its float64 sum, no more
	for name, g := range map[string]*graph.Graph{"barriers": barrierNet(t, in, hidden, out), "one pass": net(t, in, hidden, out)} {
		for _, shards := range []int{1, 4, 7} {
			base := execution{micro: rows, threads: 1, shards: shards, workers: 1}
			sizes := []int{rows, 5, 3, rows}
			want := base.updates(t, g, batch, sizes...)
			if first, ok := losses[name]; ok && math.Abs(want[0]-first) > 1e-6*first {
				t.Errorf("%s: the first loss of %d shards is %v, of one %v", name, shards, want[0], first)
			} else if !ok {
				losses[name] = want[0]
			}
			for _, micro := range []int{1, 3, 7, rows} {
				for _, x := range []execution{
					{micro, 1, shards, 1, engine.RecomputeNever, 0},
					{micro, 2, shards, 1, engine.RecomputeAlways, 0},
					{micro, 1, shards, min(2, shards), engine.RecomputeAuto, 30000},
					{micro, 2, shards, min(4, shards), engine.RecomputeAuto, 20000},
				} {
					equal(t, fmt.Sprintf("%s %+v", name, x), x.updates(t, g, batch, sizes...), want)
				}
			}
		}
	}
}

func equal(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestRecomputeFits: less memory is met by computing more again, and the
// estimate is the plan.
func TestRecomputeFits(t *testing.T) {
	g := barrierNet(t, 16, 64, 10)
	e, err := New(Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	o := engine.Options{Rows: 32, Batch: 4096}
	all, err := e.Estimate(g, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Recompute = engine.RecomputeAlways
	none, err := e.Estimate(g, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Passes != 5 || all.Again != 0 || all.Kept == 0 || none.Kept != 0 || none.Again == 0 || none.Bytes >= all.Bytes {
		t.Fatalf("keep all: %d passes, %d kept, %d again, %d bytes; nothing: %d kept, %d again, %d bytes",
			all.Passes, all.Kept, all.Again, all.Bytes, none.Kept, none.Again, none.Bytes)
	}
	o.Recompute = engine.RecomputeAuto
	last := none.Price
	for share := range 10 {
		o.Memory = none.Bytes + (all.Bytes-none.Bytes)*int64(share+1)/10
		p, err := e.Estimate(g, o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Bytes > o.Memory || p.Price > last {
			t.Errorf("%d bytes allowed: %d taken, price %v (with less memory %v)", o.Memory, p.Bytes, p.Price, last)
		}
		last = p.Price
	}
	vs, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	o.Memory = (all.Bytes + none.Bytes) / 2
	estimate, _ := e.Estimate(g, o)
	prog, err := e.Compile(g, vs, o)
	if err != nil {
		t.Fatal(err)
	}
	if plan := prog.Plan(); plan.Bytes != estimate.Bytes || plan.FLOPs != estimate.FLOPs || plan.Update != estimate.Update || plan.Price != estimate.Price {
		t.Errorf("plan %+v, estimate %+v", plan, estimate)
	}
}
