package nn_test

import (
	"maps"
	"math"
	"slices"
	"strconv"
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
		Users, Items, Dim, Numbers, Out int
		Categories                      []int
		Mean                            float64
		Hidden, Bottom, Top             []int
		UserHidden                      []int `json:"user_hidden"`
		ItemHidden                      []int `json:"item_hidden"`
		Normalize                       bool
		Temperature                     float64
	}
	Params  map[string]array
	Inputs  map[string]array
	Output  array
	Dy      array
	Grads   map[string]array
	Float32 float64 `json:"float32_error"`
}

func (k *recommendCase) model(t *testing.T, sparse bool) nn.Layer {
	o := k.Config
	f := nn.Features{Users: o.Users, Items: o.Items, Categories: o.Categories}
	switch k.Op {
	case "mf":
		return nn.MF(o.Users, o.Items, o.Dim).Mean(o.Mean).Sparse(sparse)
	case "bpr":
		return nn.BPRMF(o.Users, o.Items, o.Dim).Sparse(sparse)
	case "gmf":
		return nn.GMF(o.Users, o.Items, o.Dim).Sparse(sparse)
	case "neumf":
		return nn.NeuMF(o.Users, o.Items, o.Dim).Hidden(o.Hidden...).Sparse(sparse)
	case "fm":
		return nn.FM(f, o.Dim).Sparse(sparse)
	case "deepfm":
		return nn.DeepFM(f, o.Dim, o.Hidden...).Sparse(sparse)
	case "dlrm":
		return nn.DLRM(f, o.Dim, o.Bottom, o.Top).Out(o.Out).Sparse(sparse)
	case "two_tower":
		return k.twoTower().Sparse(sparse)
	}
	t.Fatalf("no model %q", k.Op)
	return nil
}

func (k *recommendCase) twoTower() nn.TwoTowerLayer {
	o := k.Config
	l := nn.TwoTower(o.Users, o.Items, o.Dim).UserHidden(o.UserHidden...).ItemHidden(o.ItemHidden...)
	if o.Normalize {
		l = l.Normalize()
	}
	if o.Temperature != 0 {
		l = l.Temperature(o.Temperature)
	}
	if o.Numbers > 0 {
		if l = l.UserFeatures("x"); len(o.UserHidden) > 1 {
			l = l.UserFeatures().Context()
		}
	}
	return l
}

// fields are the inputs of a case.
func fields(inputs map[string]array) []nn.Input {
	var fs []nn.Input
	integers := []string{"user", "item", "cat", "target"}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		f := nn.Input{Name: name, DType: tensor.F32, Shape: inputs[name].Shape[1:]}
		if slices.Contains(integers, name) {
			f.DType = tensor.I32
		}
		fs = append(fs, f)
	}
	return fs
}

// graph returns the outputs "y" and "d" + name for each gradient, of which those
// of sparse tables are subtracted from the tables instead, and, of a model
// that is Factored, "score"; the variables and the inputs.
func (k *recommendCase) graph(t *testing.T, sparse bool) (b *graph.Builder, vars, in map[string][]float64) {
	b = new(graph.Builder)
	c := nn.NewContext(b, true, append(fields(k.Inputs), nn.Input{Name: "dy", DType: tensor.F32, Shape: k.Dy.Shape[1:]})...)
	m := k.model(t, sparse)
	y := c.Model(m)
	b.Output("y", y)
	wrt := c.Params()
	if x := c.Inputs["x"]; x != nil {
		wrt = append(wrt, x)
	}
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		if g.Rows != nil {
			b.Assign(wrt[i], b.Sub(b.GatherTouched(wrt[i], g.Rows), g))
			continue
		}
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	if f, ok := m.(nn.Factored); ok && c.Inputs["item"] != nil {
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
			b, vars, in := k.graph(t, false)
			rows := k.Dy.Shape[0]
			k.compare(t, b, evaluate(t, b, vars, rows, in), 1e-12)
			k.compare(t, b, evaluateCPU(t, e, b, vars, rows, in), 4*k.Float32+4e-7)
		})
	}
}

// TestGoldenSparse: a table less its gradient, of which the touched rows alone
// are computed, is that of PyTorch's dense gradient.
func TestGoldenSparse(t *testing.T) {
	var file struct{ Cases []recommendCase }
	load(t, "recommend.json", &file)
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			b, vars, in := k.graph(t, true)
			rows, tables := k.Dy.Shape[0], 0
			g, store, p := compile(t, oracle.New(), b, rows)
			var tensors []*tensor.Tensor
			for _, n := range g.Inputs {
				tensors = append(tensors, tensor.Of(in[n.Attr.Name]))
			}
			for name, v := range vars {
				if err := store.(*oracle.Vars).WriteF64(name, v); err != nil {
					t.Fatal(err)
				}
			}
			whole(p, tensors, 0, rows)
			p.Commit()
			for _, a := range g.Assigns {
				got := store.(*oracle.Vars).ReadF64(a.Var.Attr.Name)
				for i := range got {
					got[i] = vars[a.Var.Attr.Name][i] - got[i]
				}
				sameValues(t, a.Var.Attr.Name, got, k.Grads[a.Var.Attr.Name].Data)
				tables++
			}
			if tables < 2 {
				t.Errorf("%d sparse tables", tables)
			}
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

// loss returns the loss of a case, and the prediction.
func (k *rankingCase) loss(c *nn.Context) (l nn.Loss, pred *graph.Node) {
	kind, group, _ := strings.Cut(k.Op, " ")
	switch kind {
	case "bpr":
		return nn.BPR(), c.Inputs["pred"]
	case "sampled_softmax":
		return nn.SampledSoftmax(), c.Inputs["pred"]
	}
	n, _ := strconv.Atoi(group)
	return nn.InBatch(n), c.Score(c.Inputs["u"], c.Inputs["v"])
}

// TestGoldenRanking compares losses of several items with PyTorch, and their
// gradients: in float64, and in float32.
func TestGoldenRanking(t *testing.T) {
	var file struct{ Cases []rankingCase }
	load(t, "ranking.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			b, in, rows := new(graph.Builder), map[string][]float64{}, k.Losses.Shape[0]
			c := nn.NewContext(b, true, fields(k.Inputs)...)
			l, pred := k.loss(c)
			target := c.Inputs["target"]
			if target == nil {
				target = pred // which is not read
			}
			num, _, weighted := nn.Objective(c, l, pred, target, c.Inputs["weight"])
			b.Output("num", num)
			b.Output("loss", weighted)
			for name, a := range k.Inputs {
				in[name] = a.Data
			}
			for name := range k.Grads {
				b.Output("d"+name, b.Gradient(weighted, []*graph.Node{c.Inputs[name]})[0])
			}
			k.compare(t, evaluate(t, b, nil, rows, in), 1e-12)
			k.compare(t, evaluateCPU(t, e, b, nil, rows, in), 4*k.Float32+4e-7)
		})
	}
}

func (k *rankingCase) compare(t *testing.T, got map[string][]float64, tolerance float64) {
	closeValues(t, "loss", got["loss"], k.Losses.Data, tolerance)
	for name, g := range k.Grads {
		closeValues(t, "gradient of "+name, got["d"+name], g.Data, tolerance)
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
		"the score is no product of two vectors": func(c *nn.Context) *graph.Node {
			loss, _ := nn.InBatch(4).Build(c, c.Inputs["x"], nil, nil)
			return loss
		},
		"groups of 1 examples, want at least 2": func(c *nn.Context) *graph.Node {
			loss, _ := nn.InBatch(1).Build(c, c.Inputs["x"], nil, nil)
			return loss
		},
		"no hidden layers, want at least one":           func(c *nn.Context) *graph.Node { return c.Model(nn.NeuMF(3, 4, 2).Hidden()) },
		"temperature 0, want a finite number above 0":   func(c *nn.Context) *graph.Node { return c.Model(nn.TwoTower(3, 4, 2).Temperature(0)) },
		"0 features and 1 hidden layers":                func(c *nn.Context) *graph.Node { return nn.DeepFM(nn.Features{}, 2, 3).Build(c, nil) },
		"0 vectors of features, want at least two":      func(c *nn.Context) *graph.Node { return nn.DLRM(nn.Features{}, 2, nil, nil).Build(c, nil) },
		"want numbers on one axis":                      func(c *nn.Context) *graph.Node { return c.Model(nn.FM(nn.Features{}, 2)) },
		`no input "cat"`:                                func(c *nn.Context) *graph.Node { return nn.FM(nn.Features{Categories: []int{3}}, 2).Build(c, nil) },
		"there are no items among the features":         func(c *nn.Context) *graph.Node { return nn.FM(nn.Features{}, 2).Item(c) },
		"3 outputs, want 1, or 2":                       func(c *nn.Context) *graph.Node { return nn.FM(nn.Features{}, 2).Out(3).Build(c, nil) },
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
