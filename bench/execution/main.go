// Command execution times the same update under different executions, in turn:
// micro-batches against the whole batch, and what a net with batch norm keeps or
// computes again against what its plan predicts.
//
//	go run ./bench/execution [-threads 1] [-rounds 9]
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

const batch, inputs, classes = 4096, 784, 10

func main() {
	threads := flag.Int("threads", 1, "threads")
	rounds := flag.Int("rounds", 9, "rounds over all executions")
	flag.Parse()
	if err := run(*threads, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "execution:", err)
		os.Exit(1)
	}
}

func run(threads, rounds int) error {
	e, err := cpu.New(cpu.Config{Threads: threads})
	if err != nil {
		return err
	}
	defer e.Close()
	plain := nn.Sequential(nn.Dense(512), nn.ReLU(), nn.Dense(256), nn.ReLU(), nn.Dense(classes))
	var all []*execution
	for _, micro := range []int{batch, 512, 256, 128, 64} {
		all = append(all, &execution{name: fmt.Sprintf("micro-batches of %d", micro), o: engine.Options{Rows: micro}})
	}
	if err := compare(e, fmt.Sprintf("MLP 784-512-256-10, batch %d", batch), plain, all, rounds); err != nil {
		return err
	}
	normed := nn.Sequential(nn.Dense(512), nn.BatchNorm(), nn.ReLU(), nn.Dense(256), nn.BatchNorm(), nn.ReLU(), nn.Dense(classes))
	all = []*execution{
		{name: "keep everything", o: engine.Options{Rows: 256, Recompute: engine.RecomputeNever}},
		{name: "compute everything again", o: engine.Options{Rows: 256, Recompute: engine.RecomputeAlways}},
	}
	if err := compare(e, "the same with batch norm", normed, all, 1); err != nil {
		return err
	}
	most, least := all[0].plan.Bytes, all[1].plan.Bytes
	for _, share := range []int64{3, 2, 1} {
		all = slices.Insert(all, len(all)-1, &execution{name: fmt.Sprintf("%d/4 of the memory", share), o: engine.Options{Rows: 256, Memory: least + (most-least)*share/4}})
	}
	return compare(e, "the same with batch norm", normed, all, rounds)
}

// execution is one way to run the update.
type execution struct {
	name  string
	o     engine.Options
	prog  engine.Program
	plan  engine.Plan
	times []time.Duration
}

// compare times executions of one net in turn and prints them; the first is
// what the others are compared with.
func compare(e engine.Engine, title string, model nn.Layer, all []*execution, rounds int) error {
	g, up, err := training(model)
	if err != nil {
		return err
	}
	vars, err := variables(e, g)
	if err != nil {
		return err
	}
	for _, x := range all {
		x.o.Batch, x.o.Seed, x.times = batch, 1, nil
		if x.prog, err = e.Compile(g, vars, x.o); err != nil {
			return err
		}
		x.plan = x.prog.Plan()
	}
	data, scalars := examples(), make([]float64, len(g.Scalars))
	up.Scalars(g, scalars, optim.Progress{})
	for range rounds + 1 {
		for _, x := range all {
			begin := time.Now()
			x.update(data, scalars)
			x.times = append(x.times, time.Since(begin))
		}
	}
	if rounds == 1 {
		return nil
	}
	fmt.Printf("%s\n  %-26s %8s %8s %9s %10s\n", title, "", "ms", "ratio", "predicted", "memory")
	for _, x := range all {
		ratio := x.median() / all[0].median()
		fmt.Printf("  %-26s %8.1f %8.3f %9.3f %6.1f MiB\n", x.name, x.median(), ratio, 1+x.plan.Price, float64(x.plan.Bytes)/(1<<20))
	}
	return nil
}

// median is in milliseconds, without the first round.
func (x *execution) median() float64 {
	times := slices.Clone(x.times[1:])
	slices.Sort(times)
	return float64(times[len(times)/2].Microseconds()) / 1e3
}

func (x *execution) update(data []*tensor.Tensor, scalars []float64) {
	x.prog.Begin(0, scalars)
	for range x.prog.Passes() {
		for at := 0; at < batch; at += x.plan.Rows {
			x.prog.Micro(data, at, min(x.plan.Rows, batch-at))
		}
		x.prog.EndPass()
	}
	if x.prog.Finish() {
		x.prog.Commit()
	}
}

// training builds the graph of an update, whose rate is so small that the
// weights hardly move.
func training(model nn.Layer) (*graph.Graph, *optim.Update, error) {
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{inputs}}, nn.Input{Name: "y", DType: tensor.I32})
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), c.Model(model), c.Inputs["y"], nil)
	params := c.Params()
	up, err := optim.SGD(1e-9).Momentum(0.9).Build(&b, params, b.Gradient(weighted, params), num, den)
	if err != nil {
		return nil, nil, err
	}
	g, err := b.Build()
	return g, up, err
}

func variables(e engine.Engine, g *graph.Graph) (engine.Vars, error) {
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := e.NewVars(specs)
	if err != nil {
		return nil, err
	}
	for _, v := range g.Vars {
		t := tensor.New(tensor.F32, v.Shape.Dims...)
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, t.F32()); err != nil {
			return nil, err
		}
		if err := vars.Write(v.Attr.Name, t); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

func examples() []*tensor.Tensor {
	s := rng.NewStream(1, "bench")
	x, y := tensor.New(tensor.F32, batch, inputs), tensor.New(tensor.I32, batch)
	for i := range x.F32() {
		x.F32()[i] = float32(s.Float64())
	}
	for i := range y.I32() {
		y.I32()[i] = int32(s.Uint32() % classes)
	}
	return []*tensor.Tensor{x, y}
}
