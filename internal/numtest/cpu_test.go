package numtest

import (
	"fmt"
	"math"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

func openCPU(v Variant) (engine.Engine, error) {
	return cpu.New(cpu.Config{ISA: v.ISA, Threads: v.Threads, Eager: true})
}

// cpuVariants are all tiers of this machine on one thread, and the best one on
// 2 and 4.
func cpuVariants() []Variant {
	var variants []Variant
	for _, isa := range icpu.Tiers() {
		variants = append(variants, Variant{isa.String(), 1})
	}
	best := icpu.Best().String()
	return append(variants, Variant{best, 2}, Variant{best, 4})
}

// TestCPU checks every case of every operation on the CPU engine.
func TestCPU(t *testing.T) {
	for _, c := range Cases() {
		if !c.Wide {
			CheckEngine(t, openCPU, cpuVariants(), c)
		}
	}
}

// TestCPUModel checks a whole model, in batches around and over a leaf.
func TestCPUModel(t *testing.T) {
	for _, rows := range []int{1, 10, 511, 512, 513, 1300} {
		CheckEngine(t, openCPU, cpuVariants(), Case{Op: "model", Rows: rows, Build: func(m *Maker) *graph.Node { return classifier(m, 5, 17, 3) }})
	}
	// Wide enough for threads to share products, sums and updates.
	CheckEngine(t, openCPU, cpuVariants(), Case{Op: "model", Name: "wide", Rows: 140, Build: func(m *Maker) *graph.Node { return classifier(m, 60, 110, 7) }})
}

// TestCPUSharedVars: programs over the same variables see each other's updates.
func TestCPUSharedVars(t *testing.T) {
	m := NewMaker("shared", 4)
	x, w := m.Example(Normal, 3), m.Update(Normal, 3, 2)
	y := m.Linear(x, w, nil)
	m.Output("y", y)
	forward, err := m.Build()
	if err != nil {
		t.Fatal(err)
	}
	m.Assign(w, m.Sub(w, m.Gradient(y, []*graph.Node{w})[0]))
	train, err := m.Build()
	if err != nil {
		t.Fatal(err)
	}
	var outputs [2][]float64
	for i, e := range []engine.Engine{oracle.NewF32(), mustOpen(t)} {
		defer e.Close()
		vars, err := e.NewVars(specs(train))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []*graph.Graph{train, forward} {
			p, err := e.Compile(g, vars, engine.Options{Rows: m.Rows})
			if err != nil {
				t.Fatal(err)
			}
			p.Begin(0, nil)
			p.Micro(m.inputs(g, tensor.F32), 0, m.Rows)
			p.Finish()
			p.Commit()
			outputs[i] = widen(p.Output("y"))
		}
	}
	for i, want := range outputs[0] {
		if want == 0 || math.Abs(outputs[1][i]-want) > 1e-5*math.Abs(want) {
			t.Errorf("y[%d] = %v after the update, want %v", i, outputs[1][i], want)
		}
	}
}

func mustOpen(t *testing.T) engine.Engine {
	t.Helper()
	e, err := openCPU(cpuVariants()[0])
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// specials are the operands where functions are most often wrong.
var specials = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1, -1, 0x1p-149, -0x1p-130,
	math.MaxFloat32, -math.MaxFloat32, 88.5, -104, 0.5}

// TestCPUSpecials checks element-wise operations, and their gradients, on every
// combination of special operands.
func TestCPUSpecials(t *testing.T) {
	for _, p := range Pointwises() {
		size := 1
		for range p.Dists {
			size *= len(specials)
		}
		CheckEngine(t, openCPU, cpuVariants(), Case{Op: p.Op, Name: "specials", Rows: 2, Build: func(m *Maker) *graph.Node {
			var x []*graph.Node
			for period := 1; period < size; period *= len(specials) {
				x = append(x, m.Example(func(_ *rng.Stream, i int) float64 { return specials[i/period%len(specials)] }, size))
			}
			return p.Build(&m.Builder, x...)
		}})
	}
}

// TestCPUExtremeRows checks row operations on large scores, on classes ruled
// out by -Inf, and on rows without variance or far from 0.
func TestCPUExtremeRows(t *testing.T) {
	far := func(s *rng.Stream, _ int) float64 { return 1000 + Normal(s, 0) }
	scores := func(s *rng.Stream, i int) float64 {
		return []float64{0, 1, -1, 100, -100, 1e4, -1e4, math.Inf(-1), -88, 3}[int(10*s.Float64())]
	}
	row := func(op string, d Dist, cols int, f func(m *Maker, x *graph.Node) *graph.Node) {
		t.Helper()
		CheckEngine(t, openCPU, cpuVariants(), Case{Op: op, Name: fmt.Sprint(cols), Rows: 13, Build: func(m *Maker) *graph.Node {
			return f(m, m.Example(d, cols))
		}})
	}
	for _, cols := range []int{1, 2, 7, 16, 40} {
		row("softmax", scores, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.Softmax(x) })
		row("logsoftmax", scores, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.LogSoftmax(x) })
		row("reducemax", scores, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceMax(x, 1) })
		row("crossentropy", scores, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.CrossEntropy(x, m.Index(cols), 0) })
		row("crossentropy", scores, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.CrossEntropy(x, m.Index(cols), 0.25) })
		for _, d := range []Dist{far, at(3.7)} {
			row("normalize", d, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.Normalize(x, 1e-5) })
			row("rmsnormalize", d, cols, func(m *Maker, x *graph.Node) *graph.Node { return m.RMSNormalize(x, 1e-6) })
		}
	}
}

// FuzzCPU checks random graphs: some at each test, any number with -fuzz.
func FuzzCPU(f *testing.F) {
	for seed := range uint64(48) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { CheckRandom(t, openCPU, cpuVariants(), seed) })
}
