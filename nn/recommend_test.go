package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// recommendCase is a case of recommend.json.
type recommendCase struct {
	Name, Op string
	Config   struct {
		Users, Items, Dim int
		Mean              float64
	}
	Params  map[string]array
	Inputs  map[string]array
	Output  array
	Dy      array
	Grads   map[string]array
	Float32 float64 `json:"float32_error"`
}

func (k *recommendCase) model(t *testing.T) nn.Layer {
	switch o := k.Config; k.Op {
	case "mf":
		return nn.MF(o.Users, o.Items, o.Dim).Mean(o.Mean)
	case "bpr":
		return nn.BPRMF(o.Users, o.Items, o.Dim)
	}
	t.Fatalf("no model %q", k.Op)
	return nil
}

// fields are the inputs of a case: all but x are indices.
func fields(inputs map[string]array) []nn.Input {
	var fs []nn.Input
	for _, name := range []string{"user", "item", "cat", "x", "logq"} {
		if a, ok := inputs[name]; ok {
			f := nn.Input{Name: name, DType: tensor.I32, Shape: a.Shape[1:]}
			if name == "x" || name == "logq" {
				f.DType = tensor.F32
			}
			fs = append(fs, f)
		}
	}
	return fs
}

// graph returns the outputs "y" and "d" + name for each gradient and, of a model
// that is Factored, "score"; the variables and the inputs.
func (k *recommendCase) graph(t *testing.T) (b *graph.Builder, vars, in map[string][]float64) {
	b = new(graph.Builder)
	c := nn.NewContext(b, true, append(fields(k.Inputs), nn.Input{Name: "dy", DType: tensor.F32, Shape: k.Dy.Shape[1:]})...)
	m := k.model(t)
	y := c.Model(m)
	b.Output("y", y)
	wrt := c.Params()
	if x := c.Inputs["x"]; x != nil {
		wrt = append(wrt, x)
	}
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	if f, ok := m.(nn.Factored); ok {
		b.Output("score", c.Score(f.User(c), f.Item(c)))
	}
	in = map[string][]float64{"dy": k.Dy.Data}
	for name, a := range k.Inputs {
		in[name] = a.Data
	}
	vars = map[string][]float64{}
	for _, v := range c.Vars() {
		vars[v.Attr.Name] = ours(v, k.Params[v.Attr.Name])
		delete(k.Params, v.Attr.Name)
	}
	if len(k.Params) > 0 {
		t.Errorf("PyTorch has parameters besides: %v", k.Params)
	}
	return b, vars, in
}

// ours returns a parameter, or its gradient, in our layout.
func ours(v *graph.Node, a array) []float64 {
	if v.Attr.Init.Transposed {
		return a.transposed()
	}
	return a.Data
}

// TestGoldenRecommend compares the models with PyTorch: scores and gradients, in
// float64 to the last digits, in float32 to about what PyTorch's own float32
// errs. The vectors of a Factored model have the score as their product.
func TestGoldenRecommend(t *testing.T) {
	var file struct{ Cases []recommendCase }
	load(t, "recommend.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			b, vars, in := k.graph(t)
			rows := k.Dy.Shape[0]
			k.compare(t, b, evaluate(t, b, vars, rows, in), 1e-12)
			k.compare(t, b, evaluateCPU(t, e, b, vars, rows, in), 4*k.Float32+4e-7)
		})
	}
}

func (k *recommendCase) compare(t *testing.T, b *graph.Builder, got map[string][]float64, tolerance float64) {
	closeValues(t, "output", got["y"], k.Output.Data, tolerance)
	if score, ok := got["score"]; ok {
		closeValues(t, "product of the vectors", score, k.Output.Data, tolerance)
	}
	for name, g := range k.Grads {
		want := g.Data
		for _, v := range b.Vars() {
			if v.Attr.Name == name {
				want = ours(v, g)
			}
		}
		closeValues(t, "gradient of "+name, got["d"+name], want, tolerance)
	}
}

// rankingCase is a case of ranking.json.
type rankingCase struct {
	Name, Op string
	Inputs   map[string]array
	Losses   array `json:"per_example"`
	Grads    map[string]array
	Float32  float64 `json:"float32_error"`
}

// TestGoldenRanking compares losses of several items with PyTorch, and the
// gradient of their mean.
func TestGoldenRanking(t *testing.T) {
	var file struct{ Cases []rankingCase }
	load(t, "ranking.json", &file)
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			b, in, rows := new(graph.Builder), map[string][]float64{}, k.Losses.Shape[0]
			pred := nn.Input{Name: "pred", DType: tensor.F32, Shape: k.Inputs["pred"].Shape[1:]}
			c := nn.NewContext(b, true, append(fields(k.Inputs), pred)...)
			for name, a := range k.Inputs {
				in[name] = a.Data
			}
			num, _, weighted := nn.Objective(c, map[string]nn.Loss{"bpr": nn.BPR()}[k.Op], c.Inputs["pred"], c.Inputs["pred"], nil)
			b.Output("num", num)
			b.Output("loss", weighted)
			b.Output("dpred", b.Gradient(weighted, []*graph.Node{c.Inputs["pred"]})[0])
			got := evaluate(t, b, nil, rows, in)
			sameValues(t, "loss", got["loss"], k.Losses.Data)
			for name, g := range k.Grads {
				for i := range g.Data {
					g.Data[i] *= float64(rows)
				}
				sameValues(t, "gradient of "+name, got["d"+name], g.Data)
			}
		})
	}
}

// TestRankingMistakes: what does not fit is refused with what was wanted.
func TestRankingMistakes(t *testing.T) {
	scores := func(n ...int) nn.Input { return nn.Input{Name: "x", DType: tensor.F32, Shape: n} }
	for want, build := range map[string]func(c *nn.Context) *graph.Node{
		"want those of at least two items": func(c *nn.Context) *graph.Node {
			loss, _ := nn.BPR().Build(c, c.Inputs["x"], nil, nil)
			return loss
		},
		`no input "user": the data are no interactions`: func(c *nn.Context) *graph.Node { return c.Model(nn.MF(3, 4, 2)) },
	} {
		var b graph.Builder
		build(nn.NewContext(&b, true, scores()))
		if _, err := b.Build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestZeroWeightOfRanking: an example of weight 0 may have a score that is no number.
func TestZeroWeightOfRanking(t *testing.T) {
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{2}}, nn.Input{Name: "w", DType: tensor.F32})
	num, _, weighted := nn.Objective(c, nn.BPR(), c.Inputs["x"], c.Inputs["x"], c.Inputs["w"])
	b.Output("num", num)
	b.Output("dx", b.Gradient(weighted, []*graph.Node{c.Inputs["x"]})[0])
	_, _, p := compile(t, oracle.New(), &b, 2)
	nan := tensor.Of([]float64{math.NaN(), 1, 2, 2}, 2, 2)
	whole(p, []*tensor.Tensor{nan, tensor.Of([]float64{0, 2}, 2)}, 0, 2)
	sameValues(t, "loss", p.(*oracle.Program).OutputF64("num"), []float64{2 * 0.6931471805599453})
	sameValues(t, "gradient", p.(*oracle.Program).OutputF64("dx"), []float64{0, 0, -1, 1})
}
