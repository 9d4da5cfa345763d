package cpu

import (
	"fmt"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/tensor"
)

// mlp is a plain net with ReLU and SGD with momentum.
func mlp(t testing.TB, sizes ...int) *graph.Graph {
	var b graph.Builder
	x, y := b.Input("x", tensor.F32, sizes[0]), b.Input("y", tensor.I32)
	weight := b.Input("weight", tensor.F32)
	var params []*graph.Node
	h := x
	for i := 1; i < len(sizes); i++ {
		w, bias := b.Param(fmt.Sprint(i, ".weight"), graph.Init{}, sizes[i-1], sizes[i]), b.Param(fmt.Sprint(i, ".bias"), graph.Init{}, sizes[i])
		params = append(params, w, bias)
		if h = b.Linear(h, w, bias); i < len(sizes)-1 {
			h = b.Relu(h)
		}
	}
	wl := b.Mul(b.CrossEntropy(h, y, 0), weight)
	b.Output("loss_sum", b.SumExamples64(wl))
	grads := b.Gradient(wl, params)
	norm := b.SumSquares(grads[0])
	for _, g := range grads[1:] {
		norm = b.Add(norm, b.SumSquares(g))
	}
	b.Check(norm)
	scale, lr := b.Cast(b.Div(b.Const64(1), b.SumExamples64(weight)), tensor.F32), b.Scalar("lr")
	for i, p := range params {
		m := b.StateVar("optim/"+p.Attr.Name+"/m", graph.Init{}, p.Shape.Dims...)
		next := b.FMA(m, b.Const(0.9), b.Mul(grads[i], scale))
		b.Assign(m, next)
		b.Assign(p, b.Sub(p, b.Mul(next, lr)))
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func BenchmarkStep(b *testing.B) {
	for _, net := range [][]int{{784, 512, 256, 10}, {64, 32, 10}} {
		g := mlp(b, net...)
		for _, rows := range []int{1, 16, 32, 128, 512} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%v/batch%d/threads%d", net, rows, threads), func(b *testing.B) {
					e := newEngine(b, threads, icpu.Best())
					vars, _ := e.NewVars(specs(g))
					p, err := e.Compile(g, vars, engine.Options{Rows: rows})
					if err != nil {
						b.Fatal(err)
					}
					in, scalars := data(rows, net[0], 10), []float64{0.01}
					for b.Loop() {
						p.Begin(0, scalars)
						p.Micro(in, 0, rows)
						p.Finish()
						p.Commit()
					}
					plan := p.Plan()
					flops := float64(plan.FLOPs)*float64(rows) + float64(plan.Update)
					b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()*1e-9, "GFLOP/s")
				})
			}
		}
	}
}
