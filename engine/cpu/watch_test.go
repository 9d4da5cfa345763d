package cpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// tables has every kind of sum that a gradient is: two products of one tied
// weight, a bias, all rows of a table and the touched rows of another. Watched are
// the gradients of the first piece.
func tables(t testing.TB, watch bool) *graph.Graph {
	t.Helper()
	const users, items, dim = 40, 9, 5
	var b graph.Builder
	user, item, y := b.Input("user", tensor.I32), b.Input("item", tensor.I32, 2), b.Input("y", tensor.F32, dim)
	params := []*graph.Node{b.SparseParam("users", graph.Init{}, users, dim), b.Param("items", graph.Init{}, items, dim),
		b.Param("weight", graph.Init{}, dim, dim), b.Param("bias", graph.Init{}, dim)}
	h := b.Add(b.Gather(params[0], user), b.ReduceSum(b.Transpose(b.Gather(params[1], item), 1, 0), 1))
	for range 2 {
		h = b.Relu(b.Linear(h, params[2], params[3]))
	}
	diff := b.Sub(h, y)
	loss := b.ReduceSum(b.Mul(diff, diff), 1)
	grads := b.Gradient(loss, params)
	for i, p := range params {
		b.Check(b.SumSquares(grads[i]))
		b.Output(p.Attr.Name, grads[i])
		now := p
		if p.Attr.Sparse {
			now = b.GatherTouched(p, grads[i].Rows)
		}
		b.Assign(p, b.FMA(b.Const(-1e-4), grads[i], now))
	}
	if watch {
		for i, first := range graph.FirstPiece(&b, grads) {
			b.Watch("first "+params[i].Attr.Name, first)
			b.Watch("rest "+params[i].Attr.Name, b.SumSquares(b.Sub(grads[i], first)))
		}
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func tableData(n int) []*tensor.Tensor {
	s := rng.NewStream(11, "tables")
	in := []*tensor.Tensor{tensor.New(tensor.I32, n), tensor.New(tensor.I32, n, 2), tensor.New(tensor.F32, n, 5)}
	for i := range in[0].I32() {
		in[0].I32()[i] = int32(s.Float64() * s.Float64() * 40)
	}
	for i := range in[1].I32() {
		in[1].I32()[i] = int32(s.Float64() * 9)
	}
	for i := range in[2].F32() {
		in[2].F32()[i] = float32(s.Float64() - 0.5)
	}
	return in
}

// pieces is a way to run one batch of n examples whose first piece has border
// examples or, of several shards, border shards.
type pieces struct {
	n, border, micro, threads, shards, workers int
}

// open compiles a graph for each worker.
func (x pieces) open(t testing.TB, e engine.Engine, g *graph.Graph) ([]engine.Program, engine.Vars) {
	t.Helper()
	vars, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	fillVars(t, vars)
	programs := make([]engine.Program, x.workers)
	for w := range programs {
		from, to := collective.Range(x.shards, x.workers, w)
		o := engine.Options{Rows: x.micro, Batch: x.n, Shards: x.shards, First: from, Own: to - from, Seed: 7}
		if programs[w], err = e.Compile(g, vars, o); err != nil {
			t.Fatal(err)
		}
	}
	return programs, vars
}

// run executes a batch up to its outputs. If the batch is cut, what lies behind the
// border is left out.
func (x pieces) run(programs []engine.Program, in []*tensor.Tensor, cut bool) {
	for w, p := range programs {
		lo, hi := collective.Range(x.shards, x.workers, w)
		p.Begin(0, nil)
		for r := lo; r < hi; r++ {
			if x.shards > 1 && r == x.border {
				p.Mark()
			}
			x.shard(p, in, r, cut)
		}
		if x.shards > 1 && hi <= x.border {
			p.Mark()
		}
	}
	if x.workers > 1 {
		adopt(programs, engine.Program.Parts, engine.Program.Adopt)
		adopt(programs, engine.Program.Marks, engine.Program.AdoptMarks)
	}
	for _, p := range programs {
		p.EndPass()
	}
	programs[0].Finish()
}

// shard runs one shard.
func (x pieces) shard(p engine.Program, in []*tensor.Tensor, r int, cut bool) {
	at, to := collective.Range(x.n, x.shards, r)
	if cut && x.shards == 1 {
		to = x.border
	} else if cut && r >= x.border {
		to = at
	}
	for at < to {
		end := min(at+x.micro, to)
		if x.shards == 1 && at < x.border {
			end = min(end, x.border)
		}
		p.Micro(in, at, end-at)
		if at = end; x.shards == 1 && at == x.border {
			p.Mark()
		}
	}
	if x.shards > 1 {
		p.EndShard(r)
	}
}

// adopt adds what several programs have and gives it to all.
func adopt(programs []engine.Program, get func(engine.Program) []collective.Part, set func(engine.Program, *collective.Part)) {
	var tree collective.Tree
	for _, p := range programs {
		for _, part := range get(p) {
			var own collective.Part
			own.Copy(part)
			tree.Push(own)
		}
	}
	if total := tree.Total(); total != nil {
		for _, p := range programs {
			set(p, total)
		}
	}
}

// rowsOf returns a gradient, of a sparse parameter the rows that are touched.
func rowsOf(p engine.Program, name string) []float32 {
	out := p.Output(name)
	if n := p.OutputRows(name); n > 0 {
		return slices.Clone(out.F32()[:n*out.Shape()[1]])
	}
	return slices.Clone(out.F32())
}

// TestFirstPiece: the gradients of the first piece are, bit for bit, those of a
// batch that ends there, with 0 in rows that only the rest touches, however the
// batch is executed, in float32 and in float64.
func TestFirstPiece(t *testing.T) {
	const n = 1500
	in := tableData(n)
	params := []string{"users", "items", "weight", "bias"}
	open := func(threads int) engine.Engine {
		if threads == 0 {
			return oracle.New()
		}
		e, err := New(Config{Threads: threads, Eager: true})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, batch := range []pieces{{border: 1, shards: 1}, {border: 510, shards: 1}, {border: 1024, shards: 1}, {border: 1300, shards: 1},
		{border: 1, shards: 2}, {border: 3, shards: 7}} {
		for _, x := range []pieces{{micro: n, threads: 1}, {micro: 7, threads: 1}, {micro: 400, threads: 3}, {micro: 200, threads: 1, workers: 2},
			{micro: 300, threads: 2, workers: 5}, {micro: 100}} {
			x.n, x.border, x.shards, x.workers = n, batch.border, batch.shards, min(max(x.workers, 1), batch.shards)
			e := open(x.threads)
			marked, _ := x.open(t, e, tables(t, true))
			for _, p := range marked {
				p.Watch(true)
			}
			x.run(marked, in, false)
			ends, _ := x.open(t, e, tables(t, false))
			x.run(ends, in, true)
			for _, name := range params {
				want, got := rowsOf(ends[0], name), rowsOf(marked[0], "first "+name)
				want = append(want, make([]float32, len(got)-len(want))...)
				if !slices.Equal(got, want) {
					t.Fatalf("%+v: the first piece's gradient of %s is not that of a batch that ends there", x, name)
				}
				rest := 0.0
				for i, whole := range rowsOf(marked[0], name) {
					rest += float64(whole-got[i]) * float64(whole-got[i])
				}
				if squares := marked[0].Output("rest " + name).F64()[0]; squares < rest*(1-1e-5) || squares > rest*(1+1e-5) || rest == 0 {
					t.Errorf("%+v: the rest of %s has squares %v, want %v", x, name, squares, rest)
				}
			}
			e.Close()
		}
	}
}

// TestWatchingChangesNothing: weights have the same bits whether updates are
// watched or not, and a watched update allocates nothing either.
func TestWatchingChangesNothing(t *testing.T) {
	const n = 1200
	in := tableData(n)
	for _, shards := range []int{1, 3} {
		x := pieces{n: n, border: 1, micro: 100, threads: 2, shards: shards, workers: 1}
		var want [][]float32
		for _, mode := range []string{"no watched outputs", "never watched", "every second update watched"} {
			e, err := New(Config{Threads: x.threads, Eager: true})
			if err != nil {
				t.Fatal(err)
			}
			programs, vars := x.open(t, e, tables(t, mode != "no watched outputs"))
			update := func(watched bool) {
				programs[0].Watch(watched)
				x.run(programs, in, false)
				programs[0].Commit()
			}
			for i := range 4 {
				update(i%2 == 1 && mode == "every second update watched")
			}
			var got [][]float32
			for _, s := range vars.Specs() {
				v := tensor.New(tensor.F32, s.Shape...)
				if err := vars.Read(s.Name, v); err != nil {
					t.Fatal(err)
				}
				got = append(got, v.F32())
			}
			if want == nil {
				want = got
			}
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%d shards, %s: other weights", shards, mode)
			}
			if n := testing.AllocsPerRun(3, func() { update(true) }); n > 0 {
				t.Errorf("%d shards, %s: %v allocations in an update", shards, mode, n)
			}
			e.Close()
		}
	}
}

// TestUnwatchedPlan: what runs in every update is the same with watched outputs and
// without.
func TestUnwatchedPlan(t *testing.T) {
	list := func(watch bool) (always, watched []string) {
		e, err := New(Config{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		programs, _ := pieces{n: 64, micro: 64, shards: 1, workers: 1}.open(t, e, tables(t, watch))
		for _, k := range programs[0].Plan().Kernels {
			k.Where = ""
			if text := fmt.Sprintf("%+v", k); k.Watched {
				watched = append(watched, text)
			} else {
				always = append(always, text)
			}
		}
		return always, watched
	}
	without, none := list(false)
	always, watched := list(true)
	if !slices.Equal(always, without) {
		t.Errorf("kernels of every update:\n%q\nwant\n%q", always, without)
	}
	if len(none) != 0 || len(watched) == 0 {
		t.Errorf("%d watched kernels without watched outputs, %d with", len(none), len(watched))
	}
}
