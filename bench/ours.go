//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// sizes are the widths of the nets: input, hidden layers, classes.
var sizes = map[string][]int{"mlp784": {784, 512, 256, 10}, "mlp64": {64, 32, 10}}

// rate is so small that weights hardly move: a batch repeated for thousands of
// steps must not saturate the softmax. The peers use the same.
const rate = 1e-9

var optimizers = map[string]func() optim.Optimizer{
	"sgd":  func() optim.Optimizer { return optim.SGD(rate) },
	"sgdm": func() optim.Optimizer { return optim.SGD(rate).Momentum(0.9) },
	"adam": func() optim.Optimizer { return optim.Adam(rate) },
}

func mlp(widths []int) nn.Layer {
	var layers []nn.Layer
	for i, w := range widths[1:] {
		if i > 0 {
			layers = append(layers, nn.ReLU())
		}
		layers = append(layers, nn.Dense(w))
	}
	return nn.Sequential(layers...)
}

// trainer is a training program of ours with a fixed batch of random data.
type trainer struct {
	engine  *cpu.Engine
	graph   *graph.Graph
	program engine.Program
	update  *optim.Update
	batch   []*tensor.Tensor
	rows    int
	scalars []float64
	updates int64
}

func newTrainer(j job, threads int) (*trainer, error) {
	widths := sizes[j.model]
	if widths == nil || optimizers[j.optimizer] == nil || j.batch < 1 {
		return nil, fmt.Errorf("unknown workload %v", j)
	}
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{widths[0]}}, nn.Input{Name: "y", DType: tensor.I32})
	pred := c.Model(mlp(widths))
	num, den, wl := nn.Objective(c, nn.CrossEntropy(), pred, c.Inputs["y"], nil)
	b.Output("loss_sum", num)
	params := c.Params()
	up, err := optimizers[j.optimizer]().Build(&b, params, b.Gradient(wl, params), num, den)
	if err != nil {
		return nil, err
	}
	g, err := b.Build()
	if err != nil {
		return nil, err
	}
	e, err := cpu.New(cpu.Config{Threads: threads})
	if err != nil {
		return nil, err
	}
	t := &trainer{graph: g, engine: e, update: up, rows: j.batch, scalars: make([]float64, len(g.Scalars))}
	vars, err := e.NewVars(specsOf(g))
	if err != nil {
		return nil, err
	}
	if err := initialize(g, vars); err != nil {
		return nil, err
	}
	if t.program, err = e.Compile(g, vars, engine.Options{Rows: j.batch, Seed: 1}); err != nil {
		return nil, err
	}
	t.batch = randomBatch(widths, j.batch)
	return t, nil
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

func randomBatch(widths []int, rows int) []*tensor.Tensor {
	s := rng.NewStream(1, "bench")
	x, y := tensor.New(tensor.F32, rows, widths[0]), tensor.New(tensor.I32, rows)
	for i := range x.F32() {
		x.F32()[i] = float32(s.Float64())
	}
	for i := range y.I32() {
		y.I32()[i] = int32(s.Uint32() % uint32(widths[len(widths)-1]))
	}
	return []*tensor.Tensor{x, y}
}

// step is one update.
func (t *trainer) step() {
	t.updates++
	t.update.Scalars(t.graph, t.scalars, optim.Progress{Update: t.updates - 1})
	t.program.Begin(uint64(t.updates)*uint64(t.rows), t.scalars)
	t.program.Micro(t.batch, 0, t.rows)
	if t.program.Finish() {
		t.program.Commit()
	}
}

// measure runs steps for a while and returns the median time of one. Short
// steps are timed in groups, so that reading the clock does not count.
func (t *trainer) measure(d time.Duration) (median time.Duration, steps int) {
	for range 20 {
		t.step()
	}
	start := time.Now()
	t.step()
	group := max(1, int(200*time.Microsecond/max(time.Since(start), 1)))
	var times []time.Duration
	for begin := time.Now(); time.Since(begin) < d || len(times) < 5; {
		start := time.Now()
		for range group {
			t.step()
		}
		times = append(times, time.Since(start)/time.Duration(group))
		steps += group
	}
	return medianOf(times), steps
}
