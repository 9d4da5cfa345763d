package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

type array struct {
	Shape []int
	Data  []float64
}

// transposed returns the elements of PyTorch's (out, in) as (in, out).
func (a array) transposed() []float64 {
	rows, cols := a.Shape[0], a.Shape[1]
	out := make([]float64, len(a.Data))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = a.Data[r*cols+c]
		}
	}
	return out
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../internal/numtest/golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// compile builds a graph and compiles it for an engine, with variables of
// zeros.
func compile(t *testing.T, e engine.Engine, b *graph.Builder, rows int) (*graph.Graph, engine.Vars, engine.Program) {
	t.Helper()
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	vars, p := compileGraph(t, e, g, rows)
	return g, vars, p
}

// compileGraph compiles a graph for an engine, with variables of zeros.
func compileGraph(t *testing.T, e engine.Engine, g *graph.Graph, rows int) (engine.Vars, engine.Program) {
	t.Helper()
	return compileBatch(t, e, g, rows, 0)
}

// compileBatch is compileGraph for micro-batches of a batch of so many rows.
func compileBatch(t *testing.T, e engine.Engine, g *graph.Graph, rows, batch int) (engine.Vars, engine.Program) {
	t.Helper()
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := e.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: rows, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	return vars, p
}

// whole runs an update over all rows at once, with scalars of 0.
func whole(p engine.Program, in []*tensor.Tensor, scalars, rows int) {
	p.Begin(0, make([]float64, scalars))
	for range p.Passes() {
		p.Micro(in, 0, rows)
		p.EndPass()
	}
	p.Finish()
}

// evaluate runs a graph once in the float64 oracle, on the given variables and
// inputs, and returns its outputs.
func evaluate(t *testing.T, b *graph.Builder, vars map[string][]float64, rows int, in map[string][]float64) map[string][]float64 {
	t.Helper()
	g, store, p := compile(t, oracle.New(), b, rows)
	for _, v := range g.Vars {
		if err := store.(*oracle.Vars).WriteF64(v.Attr.Name, vars[v.Attr.Name]); err != nil {
			t.Fatal(err)
		}
	}
	tensors := make([]*tensor.Tensor, len(g.Inputs))
	for i, n := range g.Inputs {
		tensors[i] = tensor.Of(in[n.Attr.Name])
	}
	whole(p, tensors, len(g.Scalars), rows)
	out := map[string][]float64{}
	for _, o := range g.Outputs {
		out[o.Name] = p.(*oracle.Program).OutputF64(o.Name)
	}
	return out
}

// sameValues compares to 1e-12 of the larger of 1 and the largest value.
func sameValues(t *testing.T, what string, got, want []float64) {
	t.Helper()
	closeValues(t, what, got, want, 1e-12)
}

// closeValues compares to a tolerance times the larger of 1 and the largest
// value.
func closeValues(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, v := range want {
		if !math.IsInf(v, 0) {
			scale = max(scale, math.Abs(v))
		}
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) && got[i] != want[i] {
			t.Errorf("%s[%d] = %.17g, want %.17g", what, i, got[i], want[i])
			return
		}
	}
}

// layerConfig holds the options of all layers in the golden file.
type layerConfig struct {
	In, Out     int
	Bias        bool
	Slope       float64
	Alpha       float64
	Approximate string
	Eps         float64
	Affine      bool
	Rows, Width int
	Body        []string
	Layers      []string
}

func goldenLayer(t *testing.T, op string, c layerConfig) nn.Layer {
	norm := func(n nn.NormLayer) nn.Layer {
		if c.Eps != 0 {
			n = n.Eps(c.Eps)
		}
		if !c.Affine {
			n = n.Plain()
		}
		return n
	}
	switch strings.Fields(op)[0] {
	case "linear":
		if f := strings.Fields(op); len(f) == 3 {
			out, _ := strconv.Atoi(f[2])
			return nn.Dense(out)
		}
		if !c.Bias {
			return nn.Dense(c.Out).NoBias()
		}
		return nn.Dense(c.Out)
	case "relu":
		return nn.ReLU()
	case "leaky_relu":
		return nn.LeakyReLU(c.Slope)
	case "elu":
		return nn.ELU(c.Alpha)
	case "gelu":
		if c.Approximate == "tanh" {
			return nn.GELUTanh()
		}
		return nn.GELU()
	case "silu":
		return nn.SiLU()
	case "tanh":
		return nn.Tanh()
	case "sigmoid":
		return nn.Sigmoid()
	case "softplus":
		return nn.Softplus()
	case "softmax":
		return nn.Softmax()
	case "log_softmax":
		return nn.LogSoftmax()
	case "layer_norm":
		return norm(nn.LayerNorm())
	case "rms_norm":
		return norm(nn.RMSNorm())
	case "embedding":
		return nn.Embedding(c.Rows, c.Width)
	case "residual":
		return nn.Residual(nn.Dense(c.Out), nn.Tanh())
	case "sequential":
		var layers []nn.Layer
		for _, l := range c.Layers {
			layers = append(layers, goldenLayer(t, l, layerConfig{Affine: true}))
		}
		return nn.Sequential(layers...)
	}
	t.Fatalf("no layer %q", op)
	return nil
}

// ourName maps a name of a golden case to ours.
func ourName(name string) string { return strings.TrimPrefix(name, "body.") }

// layerCase is a case of layers.json.
type layerCase struct {
	Name, Op string
	Config   layerConfig
	Params   map[string]array
	Inputs   struct{ X array }
	Output   array
	Dy       array
	Grads    map[string]array
	Float32  float64 `json:"float32_error"`
}

func layerCases(t *testing.T) []layerCase {
	var file struct{ Cases []layerCase }
	load(t, "layers.json", &file)
	if len(file.Cases) < 50 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	return file.Cases
}

// graph returns the outputs "y" and "d" + name for each gradient, the
// variables and the inputs.
func (k *layerCase) graph(t *testing.T) (*graph.Builder, map[string][]float64, map[string][]float64) {
	b := new(graph.Builder)
	dtype := tensor.F32
	if k.Op == "embedding" {
		dtype = tensor.I32
	}
	c := nn.NewContext(b, true, nn.Input{Name: "x", DType: dtype, Shape: k.Inputs.X.Shape[1:]},
		nn.Input{Name: "dy", DType: tensor.F32, Shape: k.Output.Shape[1:]})
	y := c.Model(goldenLayer(t, k.Op, k.Config))
	b.Output("y", y)
	wrt := c.Params()
	if dtype == tensor.F32 {
		wrt = append(wrt, c.Inputs["x"])
	}
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	vars := map[string][]float64{}
	for name, p := range k.Params {
		vars[ourName(name)] = k.ours(name, p)
	}
	return b, vars, map[string][]float64{"x": k.Inputs.X.Data, "dy": k.Dy.Data}
}

// ours returns a parameter, or a gradient, in our layout.
func (k *layerCase) ours(name string, a array) []float64 {
	if name != "x" && k.Op != "embedding" && len(a.Shape) == 2 {
		return a.transposed()
	}
	return a.Data
}

// compare compares outputs with the golden values.
func (k *layerCase) compare(t *testing.T, got map[string][]float64, tolerance float64) {
	closeValues(t, "output", got["y"], k.Output.Data, tolerance)
	for name, g := range k.Grads {
		closeValues(t, "gradient of "+name, got["d"+ourName(name)], k.ours(name, g), tolerance)
	}
}

// TestGoldenLayers: outputs and gradients of every layer, against PyTorch in
// float64.
func TestGoldenLayers(t *testing.T) {
	for _, k := range layerCases(t) {
		t.Run(k.Name, func(t *testing.T) {
			b, vars, in := k.graph(t)
			k.compare(t, evaluate(t, b, vars, k.Inputs.X.Shape[0], in), 1e-12)
		})
	}
}

type lossConfig struct {
	Classes   []float64       `json:"class_weights"`
	Smoothing float64         `json:"label_smoothing"`
	Positive  json.RawMessage `json:"pos_weight"`
	Delta     float64
}

func goldenLoss(t *testing.T, name string, c lossConfig) nn.Loss {
	switch name {
	case "cross_entropy":
		l := nn.CrossEntropy().LabelSmoothing(c.Smoothing)
		if c.Classes != nil {
			l = l.ClassWeights(c.Classes...)
		}
		return l
	case "bce_with_logits":
		if c.Positive == nil {
			return nn.BCEWithLogits()
		}
		var one float64
		if json.Unmarshal(c.Positive, &one) == nil {
			return nn.BCEWithLogits().PositiveWeight(one)
		}
		var many []float64
		if err := json.Unmarshal(c.Positive, &many); err != nil {
			t.Fatal(err)
		}
		return nn.BCEWithLogits().PositiveWeight(many...)
	case "mse":
		return nn.MSE()
	case "mae":
		return nn.MAE()
	case "huber":
		return nn.Huber(c.Delta)
	}
	t.Fatalf("no loss %q", name)
	return nil
}

// lossCase is a case of losses.json.
type lossCase struct {
	Name, Loss string
	Config     lossConfig
	Inputs     struct{ Pred, Target array }
	Example    []float64 `json:"example_weights"`
	Weights    []float64
	Losses     []float64 `json:"per_example"`
	Total      float64   `json:"descent_loss"`
	Grad       array     `json:"descent_grad"`
	Float32    float64   `json:"float32_error"`
}

func lossCases(t *testing.T) []lossCase {
	var file struct{ Cases []lossCase }
	load(t, "losses.json", &file)
	if len(file.Cases) < 40 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	return file.Cases
}

// graph returns the outputs "num", "den", "weighted" and "dx", and the inputs.
func (k *lossCase) graph(t *testing.T) (*graph.Builder, map[string][]float64) {
	b := new(graph.Builder)
	dtype := tensor.F32
	if k.Loss == "cross_entropy" {
		dtype = tensor.I32
	}
	fields := []nn.Input{{Name: "x", DType: tensor.F32, Shape: k.Inputs.Pred.Shape[1:]}, {Name: "y", DType: dtype, Shape: k.Inputs.Target.Shape[1:]}}
	if k.Example != nil {
		fields = append(fields, nn.Input{Name: "weight", DType: tensor.F32})
	}
	c := nn.NewContext(b, true, fields...)
	x := c.Inputs["x"]
	num, den, weighted := nn.Objective(c, goldenLoss(t, k.Loss, k.Config), x, c.Inputs["y"], c.Inputs["weight"])
	b.Output("num", num)
	b.Output("den", den)
	b.Output("weighted", weighted)
	b.Output("dx", b.Gradient(weighted, []*graph.Node{x})[0])
	return b, map[string][]float64{"x": k.Inputs.Pred.Data, "y": k.Inputs.Target.Data, "weight": k.Example}
}

// compare compares the weighted losses of examples, their quotient and its
// gradient with the golden values.
func (k *lossCase) compare(t *testing.T, got map[string][]float64, tolerance float64) {
	weighted, total := make([]float64, len(k.Losses)), 0.0
	for i, l := range k.Losses {
		weighted[i] = k.Weights[i] * l
		total += k.Weights[i]
	}
	closeValues(t, "w·ℓ", got["weighted"], weighted, tolerance)
	closeValues(t, "Σw", got["den"], []float64{total}, tolerance)
	closeValues(t, "loss", []float64{got["num"][0] / got["den"][0]}, []float64{k.Total}, tolerance)
	for i := range got["dx"] {
		got["dx"][i] /= total
	}
	closeValues(t, "gradient", got["dx"], k.Grad.Data, tolerance)
}

// TestGoldenLosses: every loss, against PyTorch in float64.
func TestGoldenLosses(t *testing.T) {
	for _, k := range lossCases(t) {
		t.Run(k.Name, func(t *testing.T) {
			b, in := k.graph(t)
			k.compare(t, evaluate(t, b, nil, k.Inputs.Pred.Shape[0], in), 1e-12)
		})
	}
}
