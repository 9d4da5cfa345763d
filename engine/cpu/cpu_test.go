package cpu

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// net builds a training graph with most of what a step has: two dense layers,
// dropout, a normalization, weighted loss, clipping, momentum.
func net(t testing.TB, in, hidden, out int) *graph.Graph {
	var b graph.Builder
	x, y, weight := b.Input("x", tensor.F32, in), b.Input("y", tensor.I32), b.Input("weight", tensor.F32)
	w1, b1 := b.Param("0.weight", graph.Init{}, in, hidden), b.Param("0.bias", graph.Init{}, hidden)
	gamma := b.Param("1.weight", graph.Init{}, hidden)
	w2, b2 := b.Param("2.weight", graph.Init{}, hidden, out), b.Param("2.bias", graph.Init{}, out)
	h := b.Relu(b.Linear(x, w1, b1))
	h = b.Mul(h, b.DropoutMask("drop", 0.25, hidden))
	h = b.Mul(b.Normalize(h, 1e-5), gamma)
	logits := b.Linear(h, w2, b2)
	wl := b.Mul(b.CrossEntropy(logits, y, 0.1), weight)
	lossSum, weightSum := b.SumExamples64(wl), b.SumExamples64(weight)
	params := []*graph.Node{w1, b1, gamma, w2, b2}
	grads := b.Gradient(wl, params)
	norm := b.SumSquares(grads[0])
	for _, g := range grads[1:] {
		norm = b.Add(norm, b.SumSquares(g))
	}
	b.Check(norm)
	inv := b.Div(b.Const64(1), weightSum)
	coef := b.Min(b.Const64(1), b.Div(b.Const64(0.5), b.Add(b.Mul(b.Sqrt(norm), inv), b.Const64(1e-6))))
	scale := b.Cast(b.Mul(inv, coef), tensor.F32)
	lr := b.Scalar("lr")
	for i, p := range params {
		m := b.StateVar("optim/"+p.Attr.Name+"/m", graph.Init{}, p.Shape.Dims...)
		next := b.FMA(m, b.Const(0.9), b.Mul(grads[i], scale))
		b.Assign(m, next)
		b.Assign(p, b.Sub(p, b.Mul(next, lr)))
	}
	b.Output("loss_sum", lossSum)
	b.Output("loss", wl)
	b.Output("logits", logits)
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func specs(g *graph.Graph) []engine.VarSpec {
	var s []engine.VarSpec
	for _, v := range g.Vars {
		s = append(s, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	return s
}

// data makes a batch of inputs for net.
func data(rows, in, out int) []*tensor.Tensor {
	s := rng.NewStream(3, "data")
	x, y, w := tensor.New(tensor.F32, rows, in), tensor.New(tensor.I32, rows), tensor.New(tensor.F32, rows)
	for i := range x.F32() {
		x.F32()[i] = float32(s.Float64() - 0.5)
	}
	for i := range y.I32() {
		y.I32()[i] = int32(s.Uint32()) & 0x7fff % int32(out)
		w.F32()[i] = float32(s.Float64())
	}
	return []*tensor.Tensor{x, y, w}
}

// train runs updates on an engine and returns the variables and the losses.
func train(t testing.TB, e engine.Engine, g *graph.Graph, in []*tensor.Tensor, rows, micro, updates int) (map[string][]float32, []float64) {
	vars, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range vars.Specs() {
		if s.Kind == graph.State {
			continue
		}
		r, v := rng.NewStream(1, s.Name), tensor.New(tensor.F32, s.Shape...)
		for i := range v.F32() {
			v.F32()[i] = float32((r.Float64() - 0.5) * 0.4)
		}
		if err := vars.Write(s.Name, v); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: micro, Batch: rows, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for u := range updates {
		p.Begin(uint64(u*rows), []float64{0.1})
		for r := 0; r < rows; r += micro {
			p.Micro(in, r, min(micro, rows-r))
		}
		if !p.Finish() {
			t.Fatal("a check is not finite")
		}
		losses = append(losses, p.Output("loss_sum").F64()[0])
		p.Commit()
	}
	result := map[string][]float32{}
	for _, s := range vars.Specs() {
		v := tensor.New(tensor.F32, s.Shape...)
		if err := vars.Read(s.Name, v); err != nil {
			t.Fatal(err)
		}
		result[s.Name] = v.F32()
	}
	return result, losses
}

func newEngine(t testing.TB, threads int, isa icpu.ISA) *Engine {
	e, err := New(Config{Threads: threads, ISA: isa.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// eagerEngine divides even small work, so that threads matter in tests.
func eagerEngine(t testing.TB, threads int, isa icpu.ISA) *Engine {
	e, err := New(Config{Threads: threads, ISA: isa.String(), Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// TestAgainstOracle compares a few updates with the float64 interpreter.
func TestAgainstOracle(t *testing.T) {
	const rows, in, hidden, out = 37, 19, 33, 7
	g := net(t, in, hidden, out)
	batch := data(rows, in, out)
	want, wantLoss := train(t, oracle.New(), g, batch, rows, rows, 5)
	got, loss := train(t, newEngine(t, 1, icpu.Best()), g, batch, rows, rows, 5)
	for i := range loss {
		if math.Abs(loss[i]-wantLoss[i]) > 1e-5*math.Abs(wantLoss[i]) {
			t.Errorf("update %d: loss %v, want %v", i, loss[i], wantLoss[i])
		}
	}
	for name, w := range want {
		for i := range w {
			if d := math.Abs(float64(got[name][i] - w[i])); !(d < 2e-6) {
				t.Fatalf("%s[%d] = %v, want %v", name, i, got[name][i], w[i])
			}
		}
	}
}

// TestExactness: micro-batches, threads and tiers leave every bit as it is,
// for batches below and above a leaf.
func TestExactness(t *testing.T) {
	const in, hidden, out = 19, 70, 7
	g := net(t, in, hidden, out)
	for _, rows := range []int{37, 1100} {
		batch := data(rows, in, out)
		want, _ := train(t, newEngine(t, 1, icpu.Best()), g, batch, rows, rows, 4)
		for _, isa := range icpu.Tiers() {
			for _, threads := range []int{1, 2, 4} {
				for _, micro := range []int{rows, 1, 3, 7, 512, 600} {
					if micro > rows || isa == icpu.PureGo && rows > 100 && (threads > 1 || micro < 512) || micro == 1 && rows > 100 && threads > 1 {
						continue
					}
					t.Run(fmt.Sprintf("%d/%v/threads%d/micro%d", rows, isa, threads, micro), func(t *testing.T) {
						got, _ := train(t, eagerEngine(t, threads, isa), g, batch, rows, micro, 4)
						same(t, want, got)
					})
				}
			}
		}
	}
}

func same(t *testing.T, want, got map[string][]float32) {
	for name, w := range want {
		for i := range w {
			if math.Float32bits(got[name][i]) != math.Float32bits(w[i]) {
				t.Fatalf("%s[%d] = %x, want %x", name, i, math.Float32bits(got[name][i]), math.Float32bits(w[i]))
			}
		}
	}
}

// TestStepAllocatesNothing holds for the whole of an update.
func TestStepAllocatesNothing(t *testing.T) {
	const rows, in, hidden, out = 64, 19, 33, 7
	g := net(t, in, hidden, out)
	batch := data(rows, in, out)
	for _, threads := range []int{1, 2} {
		e := newEngine(t, threads, icpu.Best())
		vars, err := e.NewVars(specs(g))
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Compile(g, vars, engine.Options{Rows: 32, Batch: rows})
		if err != nil {
			t.Fatal(err)
		}
		scalars := []float64{0.1}
		update := func() {
			p.Begin(0, scalars)
			p.Micro(batch, 0, 32)
			p.Micro(batch, 32, 32)
			p.Finish()
			p.Commit()
		}
		update()
		if n := testing.AllocsPerRun(20, update); n != 0 {
			t.Errorf("%d threads: %v allocations in an update, want 0", threads, n)
		}
	}
}

// TestAbandonedUpdate: without Commit, nothing changes.
func TestAbandonedUpdate(t *testing.T) {
	const rows, in, hidden, out = 8, 5, 6, 3
	g := net(t, in, hidden, out)
	batch := data(rows, in, out)
	e := newEngine(t, 1, icpu.Best())
	once, _ := train(t, e, g, batch, rows, rows, 1)
	vars, _ := e.NewVars(specs(g))
	p, err := e.Compile(g, vars, engine.Options{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	p.Begin(0, []float64{0.1})
	p.Micro(batch, 0, rows)
	p.Finish()
	for _, s := range vars.Specs() {
		v := tensor.New(tensor.F32, s.Shape...)
		if err := vars.Read(s.Name, v); err != nil {
			t.Fatal(err)
		}
		for i, x := range v.F32() {
			if x != 0 {
				t.Fatalf("%s[%d] = %v before Commit", s.Name, i, x)
			}
		}
	}
	if len(once) != len(vars.Specs()) {
		t.Errorf("%d variables, want %d", len(vars.Specs()), len(once))
	}
}

// TestTooLarge: a model that the machine cannot hold is refused, not tried.
func TestTooLarge(t *testing.T) {
	if physical() == 0 {
		t.Skip("the memory of this machine is not known")
	}
	e := newEngine(t, 1, icpu.Best())
	_, err := e.NewVars([]engine.VarSpec{{Name: "w", Shape: tensor.Shape{1 << 21, 1 << 21}}})
	if err == nil || !strings.Contains(err.Error(), "GiB") {
		t.Errorf("error %v, want one that names the memory", err)
	}
}

// Blocks are of one size: twelve windows on two threads are four blocks of three,
// not three of four.
func TestBlocksAreEven(t *testing.T) {
	for _, c := range []struct{ rows, threads, most, least, want int }{
		{12, 1, 4, 0, 4}, {12, 2, 4, 0, 3}, {64, 2, 4, 0, 4}, {8, 2, 1, 0, 1}, {3, 2, 0, 0, 1},
		{512, 1, 128, 16, 128}, {512, 2, 128, 16, 128}, {300, 2, 128, 16, 75}, {5, 2, 128, 16, 16}, {0, 2, 128, 0, 1},
	} {
		if got := blockOf(c.rows, c.threads, c.most, c.least); got != c.want {
			t.Errorf("%d rows on %d threads, at most %d, at least %d: blocks of %d, want %d", c.rows, c.threads, c.most, c.least, got, c.want)
		}
	}
}
