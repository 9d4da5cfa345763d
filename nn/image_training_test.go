package nn_test

import (
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// imageTraining is the case of imagetraining.json.
type imageTraining struct {
	Name    string
	Init    map[string]array
	X       array
	Y       []int32
	Loss    []float64
	After   map[string]array
	Float32 float64 `json:"float32_error"`
}

// graph is an update of the net by SGD of rate 0.05 with momentum 0.9.
func (k *imageTraining) graph(t *testing.T, axes []int) *graph.Graph {
	t.Helper()
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: axes}, nn.Input{Name: "y", DType: tensor.I32})
	net := nn.Sequential(nn.Conv2d(6, 3).Pad(1).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2d(2),
		nn.Conv2d(8, 3).Stride(2).Pad(1).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.Flatten(), nn.Dense(3))
	sum, weights, weighted := nn.Objective(c, nn.CrossEntropy(), c.Model(net), c.Inputs["y"], nil)
	b.Output("loss", b.Div(sum, weights))
	params := c.Params()
	for i, g := range b.Gradient(weighted, params) {
		p := params[i]
		v := b.StateVar("momentum/"+p.Attr.Name, graph.Init{}, p.Shape.Dims...)
		next := b.FMA(v, b.Const(0.9), b.Div(g, b.Cast(weights, tensor.F32)))
		b.Assign(v, next)
		b.Assign(p, b.Sub(p, b.Mul(b.Const(0.05), next)))
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// train runs the updates, eight examples each in micro-batches of rows, and
// compares losses and weights.
func (k *imageTraining) train(t *testing.T, e engine.Engine, rows int, tolerance float64) {
	t.Helper()
	x, axes := channelsLast(k.X)
	g := k.graph(t, axes)
	vars, p := compileBatch(t, e, g, rows, 8)
	for name, v := range fromTorch(t, g, k.Init) {
		if err := vars.Write(name, floats(v, shapeOf(g, name))); err != nil {
			t.Fatal(err)
		}
	}
	in := []*tensor.Tensor{floats(x, append(tensor.Shape{len(k.Y)}, axes...)), tensor.Of(k.Y)}
	for i, want := range k.Loss {
		p.Begin(uint64(8*i), nil)
		for range p.Passes() {
			for row := 0; row < 8; row += rows {
				p.Micro(in, 8*i%40+row, rows)
			}
			p.EndPass()
		}
		if !p.Finish() {
			t.Fatalf("update %d: the loss is not finite", i)
		}
		closeValues(t, "loss", p.Output("loss").F64(), []float64{want}, tolerance)
		p.Commit()
	}
	for name, want := range fromTorch(t, g, k.After) {
		got := tensor.New(tensor.F32, shapeOf(g, name)...)
		if err := vars.Read(name, got); err != nil {
			t.Fatal(err)
		}
		closeValues(t, name, convert[float64](got.F32()), want, max(tolerance, 0x1p-23))
	}
}

func shapeOf(g *graph.Graph, name string) tensor.Shape {
	for _, v := range g.Vars {
		if v.Attr.Name == name {
			return v.Shape.Dims
		}
	}
	return nil
}

// TestGoldenImageTraining: 24 updates of a net of convolutions and batch
// normalizations follow PyTorch's, in float64 to the last digits, in float32 to
// about its own error, whatever the micro-batch.
func TestGoldenImageTraining(t *testing.T) {
	var file struct{ Cases []imageTraining }
	load(t, "imagetraining.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		k.train(t, oracle.New(), 8, 1e-11)
		for _, rows := range []int{8, 2} {
			k.train(t, e, rows, 10*float32Tolerance(k.Float32))
		}
	}
}
