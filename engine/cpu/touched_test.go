package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// factorization is a model of two tables, of users and of items that each
// example names once and several times, with momentum for the rows of both.
func factorization(t testing.TB, sparse bool, users, items, dim, several int) *graph.Graph {
	t.Helper()
	var b graph.Builder
	declare := func(name string, rows int) *graph.Node { return b.Param(name, graph.Init{}, rows, dim) }
	if sparse {
		declare = func(name string, rows int) *graph.Node { return b.SparseParam(name, graph.Init{}, rows, dim) }
	}
	params := []*graph.Node{declare("users", users), declare("items", items)}
	u := b.Reshape(b.Gather(params[0], b.Input("user", tensor.I32)), 1, dim)
	score := b.ReduceSum(b.Mul(u, b.Gather(params[1], b.Input("item", tensor.I32, several))), 1)
	diff := b.Sub(score, b.Input("y", tensor.F32, several))
	loss := b.ReduceSum(b.Mul(diff, diff), 1)
	b.Check(b.SumExamples64(loss))
	for i, g := range b.Gradient(loss, params) {
		p := params[i]
		state := b.StateVar("m/"+p.Attr.Name, graph.Init{}, p.Shape.Dims...)
		now, m := p, state
		if sparse {
			now, m = b.GatherTouched(p, g.Rows), b.GatherTouched(state, g.Rows)
		}
		m = b.Add(m, b.Mul(g, g)) // a row without gradient stays
		b.Assign(state, m)
		b.Assign(p, b.FMA(b.Const(-1e-3), b.Div(g, b.Add(b.Sqrt(m), b.Const(1e-6))), now))
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// interactions is a batch in which few users and items are named often.
func interactions(s *rng.Stream, n, users, items, several int) []*tensor.Tensor {
	popular := func(n int) int32 { x := s.Float64(); return int32(x * x * x * x * float64(n)) }
	in := []*tensor.Tensor{tensor.New(tensor.I32, n), tensor.New(tensor.I32, n, several), tensor.New(tensor.F32, n, several)}
	for i := range in[0].I32() {
		in[0].I32()[i] = popular(users)
	}
	for i := range in[1].I32() {
		in[1].I32()[i] = popular(items)
		in[2].F32()[i] = float32(s.Float64())
	}
	return in
}

// factorize runs three updates and returns the variables.
func factorize(t testing.TB, g *graph.Graph, threads int, isa icpu.ISA, n, micro, shards int) map[string][]float32 {
	t.Helper()
	e := eagerEngine(t, threads, isa)
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := e.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	s := rng.NewStream(3, "factors")
	for _, v := range specs[:2] {
		x := tensor.New(tensor.F32, v.Shape...)
		for i := range x.F32() {
			x.F32()[i] = float32(s.Float64() - 0.5)
		}
		if err := vars.Write(v.Name, x); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: micro, Batch: n, Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	several := g.Inputs[1].Shape.Size()
	for range 3 {
		in := interactions(s, n, specs[0].Shape[0], specs[1].Shape[0], several)
		p.Begin(0, nil)
		for shard := range shards {
			from, to := collective.Range(n, shards, shard)
			for at := from; at < to; at += micro {
				p.Micro(in, at, min(micro, to-at))
			}
			p.EndShard(shard)
		}
		if !p.Finish() {
			t.Fatal("the loss is not finite")
		}
		p.Commit()
	}
	all := map[string][]float32{}
	for _, v := range specs {
		x := tensor.New(tensor.F32, v.Shape...)
		if err := vars.Read(v.Name, x); err != nil {
			t.Fatal(err)
		}
		all[v.Name] = x.F32()
	}
	return all
}

// TestSparseEqualsDense: where rows of gradient 0 stay, the update of touched
// rows has the bits of the update of all, for batches below and above a leaf of
// the most popular row, over micro-batches, threads, tiers and shards.
func TestSparseEqualsDense(t *testing.T) {
	for _, n := range []int{5, 300, 5000} {
		for _, shards := range []int{1, 3} {
			want := factorize(t, factorization(t, false, 40, 2000, 19, 3), 1, icpu.PureGo, n, n, shards)
			for _, isa := range icpu.Tiers() {
				for _, threads := range []int{1, 2, 4} {
					for _, micro := range []int{7, 512, n} {
						got := factorize(t, factorization(t, true, 40, 2000, 19, 3), threads, isa, n, min(micro, n), shards)
						for name := range want {
							if !slices.EqualFunc(got[name], want[name], func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
								t.Fatalf("batch of %d in %d shards, micro-batches of %d, %d threads, %v: %s differs", n, shards, micro, threads, isa, name)
							}
						}
					}
				}
			}
		}
	}
}

// TestUpdateMemory: neither the memory of a program nor what an update reads or
// writes depends on the rows of the tables.
func TestUpdateMemory(t *testing.T) {
	e := newEngine(t, 1, icpu.Best())
	var bytes []string
	for _, rows := range []int{1e4, 1e7} {
		plan, err := e.Estimate(factorization(t, true, rows, rows, 16, 2), engine.Options{Rows: 64, Batch: 64})
		if err != nil {
			t.Fatal(err)
		}
		bytes = append(bytes, fmt.Sprint(plan.Bytes, plan.FLOPs, plan.Update))
	}
	if bytes[0] != bytes[1] {
		t.Errorf("bytes and operations %s with 10 thousand rows, %s with 10 million", bytes[0], bytes[1])
	}
}

// TestSparseAllocations: an update allocates nothing.
func TestSparseAllocations(t *testing.T) {
	const n = 700
	g := factorization(t, true, 300, 200, 8, 2)
	e := newEngine(t, 2, icpu.Best())
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := e.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: 256, Batch: n, Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	in := interactions(rng.NewStream(3, "factors"), n, 300, 200, 2)
	update := func() {
		p.Begin(0, nil)
		for shard := range 2 {
			for at := shard * n / 2; at < (shard+1)*n/2; at += 175 {
				p.Micro(in, at, 175)
			}
			p.EndShard(shard)
		}
		p.Finish()
		p.Commit()
	}
	for range 20 {
		update()
	}
	if a := testing.AllocsPerRun(20, update); a != 0 {
		t.Errorf("%v allocations in an update", a)
	}
}
