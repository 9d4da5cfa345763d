//go:build linux

// Package step is a training step of ours on a fixed batch, to be timed.
package step

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// Workload is a model that learns from random examples.
type Workload struct {
	Model     nn.Layer
	X, Y      nn.Input // Y is i32
	Symbols   int      // of X where it is i32: values are below
	Classes   int      // values of Y are below
	Optimizer optim.Optimizer
	Batch     int
	Micro     int // examples at once; 0: as package train would choose
	Threads   int

	// Fields are the examples' instead of X and Y, for models that take several;
	// the last is the target. Draw fills a field of a batch.
	Fields []nn.Input
	Draw   func(s *rng.Stream, field string, batch *tensor.Tensor)
	Loss   nn.Loss // default: cross-entropy

	// Batches is how many different batches the steps go round; default 1.
	Batches int
}

// withDefaults fills in what X and Y say.
func (w Workload) withDefaults() Workload {
	if w.Loss == nil {
		w.Loss = nn.CrossEntropy()
	}
	w.Batches = max(1, w.Batches)
	if w.Fields != nil {
		return w
	}
	w.Fields = []nn.Input{w.X, w.Y}
	w.Draw = func(s *rng.Stream, field string, batch *tensor.Tensor) {
		if field == w.Y.Name {
			random(s, batch, w.Classes)
		} else {
			random(s, batch, w.Symbols)
		}
	}
	return w
}

// target is the field that is learned.
func (w Workload) target() string { return w.Fields[len(w.Fields)-1].Name }

// Trainer is a training program with its batch.
type Trainer struct {
	Program engine.Program

	engine  *cpu.Engine
	graph   *graph.Graph
	update  *optim.Update
	batches [][]*tensor.Tensor
	plan    batch.Plan
	scalars []float64
	updates int64
}

// New builds and compiles the step: forward, loss, backward and update.
func New(w Workload) (*Trainer, error) {
	w = w.withDefaults()
	g, up, err := training(w)
	if err != nil {
		return nil, err
	}
	plan, err := batch.NewPlan(w.Batch, g.Tallest(), w.Micro)
	if err != nil {
		return nil, err
	}
	e, err := cpu.New(cpu.Config{Threads: w.Threads})
	if err != nil {
		return nil, err
	}
	t := &Trainer{engine: e, graph: g, update: up, plan: plan, scalars: make([]float64, len(g.Scalars))}
	vars, err := e.NewVars(specsOf(g))
	if err != nil {
		return nil, err
	}
	if err := initialize(g, vars); err != nil {
		return nil, err
	}
	if t.Program, err = e.Compile(g, vars, engine.Options{Rows: plan.Micro, Batch: w.Batch, Seed: 1}); err != nil {
		return nil, err
	}
	t.batches = w.draw()
	return t, nil
}

// draw makes the batches.
func (w Workload) draw() (batches [][]*tensor.Tensor) {
	s := rng.NewStream(1, "bench")
	for range w.Batches {
		var batch []*tensor.Tensor
		for _, f := range w.Fields {
			t := tensor.New(f.DType, append([]int{w.Batch}, f.Shape...)...)
			w.Draw(s, f.Name, t)
			batch = append(batch, t)
		}
		batches = append(batches, batch)
	}
	return batches
}

// training is the graph of an update.
func training(w Workload) (*graph.Graph, *optim.Update, error) {
	var b graph.Builder
	c := nn.NewContext(&b, true, w.Fields...)
	pred := c.Model(w.Model)
	num, den, wl := nn.Objective(c, w.Loss, pred, c.Inputs[w.target()], nil)
	b.Output("loss_sum", num)
	params := c.Params()
	up, err := w.Optimizer.Build(&b, params, b.Gradient(wl, params), num, den)
	if err != nil {
		return nil, nil, err
	}
	g, err := b.Build()
	return g, up, err
}

func specsOf(g *graph.Graph) []engine.VarSpec {
	var s []engine.VarSpec
	for _, v := range g.Vars {
		s = append(s, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	return s
}

func initialize(g *graph.Graph, vars engine.Vars) error {
	for _, v := range g.Vars {
		t := tensor.New(tensor.F32, v.Shape.Dims...)
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, t.F32()); err != nil {
			return fmt.Errorf("initialize %s: %w", v.Attr.Name, err)
		}
		if err := vars.Write(v.Attr.Name, t); err != nil {
			return err
		}
	}
	return nil
}

// random fills a field of a batch: uniform in [0, 1), or integers below n.
func random(s *rng.Stream, t *tensor.Tensor, n int) {
	if t.DType() == tensor.I32 {
		for i := range t.I32() {
			t.I32()[i] = int32(s.Uint32() % uint32(n))
		}
		return
	}
	for i := range t.F32() {
		t.F32()[i] = float32(s.Float64())
	}
}

// Close stops the engine.
func (t *Trainer) Close() { t.engine.Close() }

// Step is one update.
func (t *Trainer) Step() {
	t.updates++
	t.update.Scalars(t.graph, t.scalars, optim.Progress{Update: t.updates - 1})
	size := t.plan.Size
	batch := t.batches[int(t.updates)%len(t.batches)]
	t.Program.Begin(uint64(t.updates)*uint64(size), t.scalars)
	for range t.Program.Passes() {
		for row := 0; row < size; row += t.plan.Micro {
			t.Program.Micro(batch, row, min(t.plan.Micro, size-row))
		}
		t.Program.EndPass()
	}
	if t.Program.Finish() {
		t.Program.Commit()
	}
}

// Measure runs steps for a while and fills an answer. Short steps are timed in
// groups, so that reading the clock does not count. It runs at least five, and
// one if d is 0.
func (t *Trainer) Measure(d time.Duration) peer.Reply {
	t.warm(d)
	start := time.Now()
	t.Step()
	group := max(1, int(200*time.Microsecond/max(time.Since(start), 1)))
	var times []time.Duration
	begin, cpu := time.Now(), peer.CPUTime()
	for len(times) == 0 || d > 0 && (time.Since(begin) < d || len(times) < 5) {
		start := time.Now()
		for range group {
			t.Step()
		}
		times = append(times, time.Since(start)/time.Duration(group))
	}
	wall, used := time.Since(begin), peer.CPUTime()-cpu
	steps := group * len(times)
	slices.Sort(times)
	r := peer.Reply{MS: milliseconds(times[len(times)/2]), Steps: steps, CPUMS: milliseconds(used) / float64(steps), CPU: used.Seconds() / wall.Seconds()}
	r.Allocs = t.allocations()
	r.FLOPs, r.Bytes, r.Touched = t.work()
	r.Products = t.products()
	return r
}

// warm runs twenty steps, or for half of d.
func (t *Trainer) warm(d time.Duration) {
	for i, begin := 0, time.Now(); i < 20 && (i < 2 || time.Since(begin) < d/2); i++ {
		t.Step()
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// work is what one step computes and moves according to its plan, and the
// memory that it moves over.
func (t *Trainer) work() (flops, bytes, touched float64) {
	p := t.Program.Plan()
	for _, k := range p.Kernels {
		fixed := float64(k.Fixed)
		if k.Stage == "rows" || k.Stage == "reduce" {
			fixed *= float64(t.plan.Calls(t.plan.Size))
		}
		bytes += float64(k.Bytes)*float64(t.plan.Size) + fixed
	}
	return float64(p.FLOPs)*float64(t.plan.Size) + float64(p.Update), bytes, float64(p.VarBytes + p.Bytes)
}

// contracts are the operations that multiply matrices or convolve.
var contracts = func() map[string]bool {
	names := map[string]bool{"dotexamples": true, "convweights": true}
	for _, o := range graph.Ops() {
		if o.Class == graph.Contract {
			names[o.Name] = true
		}
	}
	return names
}()

// products is the part of a step's operations that multiplies matrices or
// convolves; of convolutions it has the taps that meet the image.
func (t *Trainer) products() (flops float64) {
	for _, k := range t.Program.Plan().Kernels {
		if name, _, _ := strings.Cut(k.Name, ","); contracts[name] && (k.Stage == "rows" || k.Stage == "reduce") {
			flops += float64(k.FLOPs) * float64(t.plan.Size)
		}
	}
	return flops
}

// allocations counts those of one step.
func (t *Trainer) allocations() float64 {
	var before, after runtime.MemStats
	const steps = 3
	runtime.ReadMemStats(&before)
	for range steps {
		t.Step()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / steps
}
