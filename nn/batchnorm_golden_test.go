package nn_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// normCase is a case of batchnorm.json.
type normCase struct {
	Name        string
	Layers      []json.RawMessage
	Params      map[string]array
	Inputs      struct{ X array }
	Dy          array
	Train, Eval normResult
}

type normResult struct {
	Output       array
	Grads, After map[string]array
	Float32      float64 `json:"float32_error"`
}

func normCases(t *testing.T) []normCase {
	var file struct{ Cases []normCase }
	load(t, "batchnorm.json", &file)
	if len(file.Cases) < 15 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	return file.Cases
}

func (k *normCase) modes() map[string]normResult {
	return map[string]normResult{"train": k.Train, "eval": k.Eval}
}

// model returns the net of a case: one layer, or several in sequence.
func (k *normCase) model(t *testing.T) nn.Layer {
	var layers []nn.Layer
	for _, l := range k.Layers {
		layers = append(layers, goldenNorm(t, l))
	}
	if len(layers) == 1 {
		return layers[0]
	}
	return nn.Sequential(layers...)
}

func goldenNorm(t *testing.T, text json.RawMessage) nn.Layer {
	var name string
	if json.Unmarshal(text, &name) == nil {
		kind, width, _ := strings.Cut(name, " ")
		out, _ := strconv.Atoi(width)
		return map[string]nn.Layer{"linear": nn.Dense(out), "relu": nn.ReLU(), "tanh": nn.Tanh()}[kind]
	}
	var config struct {
		Norm struct {
			Eps, Momentum *float64
			Affine        *bool
			Group         int
		} `json:"batch_norm"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	c, l := config.Norm, nn.BatchNorm().Group(config.Norm.Group)
	if c.Eps != nil {
		l = l.Eps(*c.Eps)
	}
	if c.Momentum != nil {
		l = l.Momentum(*c.Momentum)
	}
	if c.Affine != nil && !*c.Affine {
		l = l.Plain()
	}
	return l
}

// graph returns the outputs "y", "d" + name for each gradient and the name of
// each assigned variable, the variables and the inputs.
func (k *normCase) graph(t *testing.T, mode string) (*graph.Builder, map[string][]float64, map[string][]float64) {
	b := new(graph.Builder)
	c := nn.NewContext(b, mode == "train", x(k.Inputs.X.Shape[1:]...), nn.Input{Name: "dy", DType: tensor.F32, Shape: k.Dy.Shape[1:]})
	y := c.Model(k.model(t))
	b.Output("y", y)
	wrt := append(c.Params(), c.Inputs["x"])
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range g.Assigns {
		b.Output(a.Var.Attr.Name, a.Value)
	}
	vars := map[string][]float64{}
	for name, p := range k.Params {
		vars[name] = inOurLayout(name, p)
	}
	return b, vars, map[string][]float64{"x": k.Inputs.X.Data, "dy": k.Dy.Data}
}

// inOurLayout transposes the matrices of linear layers.
func inOurLayout(name string, a array) []float64 {
	if name != "x" && len(a.Shape) == 2 {
		return a.transposed()
	}
	return a.Data
}

// compare compares outputs with the golden values of a mode.
func (k *normCase) compare(t *testing.T, got map[string][]float64, want normResult, tolerance float64) {
	closeValues(t, "output", got["y"], want.Output.Data, tolerance)
	for name, g := range want.Grads {
		closeValues(t, "gradient of "+name, got["d"+name], inOurLayout(name, g), tolerance)
	}
	for name, v := range want.After {
		closeValues(t, name, got[name], v.Data, tolerance)
	}
	for name := range got {
		if _, assigned := want.After[name]; strings.Contains(name, "running") && !assigned {
			t.Errorf("%s is assigned", name)
		}
	}
}

// TestGoldenBatchNorm: outputs, gradients and running statistics in both modes,
// against PyTorch in float64.
func TestGoldenBatchNorm(t *testing.T) {
	for _, k := range normCases(t) {
		for mode, want := range k.modes() {
			t.Run(k.Name+"/"+mode, func(t *testing.T) {
				b, vars, in := k.graph(t, mode)
				tolerance := 1e-12
				if k.Name == "offset" {
					tolerance = 1e-9 // 1000 away from the shift, a variance of 1 loses six digits
				}
				k.compare(t, evaluate(t, b, vars, k.Inputs.X.Shape[0], in), want, tolerance)
			})
		}
	}
}
