package nn_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

func x(dims ...int) nn.Input { return nn.Input{Name: "x", DType: tensor.F32, Shape: dims} }

// names returns the variables of a model, with their shapes.
func names(g *graph.Graph) []string {
	var s []string
	for _, v := range g.Vars {
		s = append(s, v.Attr.Name+" "+v.Shape.String())
	}
	return s
}

// TestNames: parameters are named as in PyTorch's state_dict.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		name  string
		model nn.Layer
		want  string
	}{
		{"lone layer", nn.Dense(3), "weight f32[4 3], bias f32[3]"},
		{"sequence", nn.Sequential(nn.Dense(3), nn.ReLU(), nn.Dense(2).NoBias()), "0.weight f32[4 3], 0.bias f32[3], 2.weight f32[3 2]"},
		{"nested", nn.Sequential(nn.Sequential(nn.Dense(3)), nn.Residual(nn.Dense(3), nn.LayerNorm())),
			"0.0.weight f32[4 3], 0.0.bias f32[3], 1.0.weight f32[3 3], 1.0.bias f32[3], 1.1.weight f32[3], 1.1.bias f32[3]"},
		{"frozen", nn.Sequential(nn.Frozen(nn.Dense(3)), nn.RMSNorm()), "0.weight f32[4 3], 0.bias f32[3], 1.weight f32[3]"},
		{"function", nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
			h := c.Apply("encoder", nn.Dense(4), x)
			return c.Apply("decoder", nn.Dense(1), c.Add(h, c.Mul(h, c.Param("gate", graph.Init{}))))
		}), "encoder.weight f32[4 4], encoder.bias f32[4], gate f32[], decoder.weight f32[4 1], decoder.bias f32[1]"},
		{"tied", nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
			return c.Apply("a", nn.Dense(4), c.Apply("a", nn.Dense(4), x))
		}), "a.weight f32[4 4], a.bias f32[4]"},
	} {
		g, err := nn.Forward(c.model, x(4))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := strings.Join(names(g), ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDefaults: first values are PyTorch's, and Dense is transposed in files.
func TestDefaults(t *testing.T) {
	g, err := nn.Forward(nn.Sequential(nn.Dense(9), nn.LayerNorm(), nn.Dense(2).Init(nn.Xavier()).BiasInit(nn.Zeros())), x(25))
	if err != nil {
		t.Fatal(err)
	}
	b := math.Sqrt(6. / 11)
	want := []graph.Init{
		{Rule: "uniform", A: -0.2, B: 0.2, Transposed: true},
		{Rule: "uniform", A: -0.2, B: 0.2},
		{Rule: "constant", A: 1},
		{Rule: "zeros"},
		{Rule: "uniform", A: -b, B: b, Transposed: true},
		{Rule: "zeros"},
	}
	for i, v := range g.Vars {
		if !reflect.DeepEqual(v.Attr.Init, want[i]) {
			t.Errorf("%s starts as %+v, want %+v", v.Attr.Name, v.Attr.Init, want[i])
		}
	}
}

// TestFrozen: frozen parameters are none to train, and no gradient reaches the
// layers that only lead to them.
func TestFrozen(t *testing.T) {
	var b graph.Builder
	c := nn.NewContext(&b, true, x(4))
	y := c.Model(nn.Sequential(nn.Frozen(nn.Sequential(nn.Dense(4), nn.Tanh())), nn.Dense(1)))
	params := c.Params()
	if len(params) != 2 || params[0].Attr.Name != "1.weight" {
		t.Fatalf("parameters to train: %v", params)
	}
	grads := b.Gradient(y, params)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	var visit func(n *graph.Node)
	visit = func(n *graph.Node) {
		if n.Op.Name == "lineart" {
			t.Error("the gradient passes the frozen layer")
		}
		for _, in := range n.In {
			visit(in)
		}
	}
	for _, g := range grads {
		visit(g)
	}
}

// TestDropout: on in training only, and two uses have masks of their own.
func TestDropout(t *testing.T) {
	twice := nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		d := nn.Dropout(0.5)
		return d.Build(c, d.Build(c, x))
	})
	masks := func(train bool, m nn.Layer) (streams []string) {
		var b graph.Builder
		c := nn.NewContext(&b, train, x(4))
		b.Output("y", c.Model(m))
		g, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range g.Nodes {
			if n.Op.Name == "dropoutmask" {
				streams = append(streams, n.Attr.Name)
			}
		}
		return streams
	}
	both := nn.Sequential(twice, nn.Dropout(0), nn.Dropout(0.1))
	if got := masks(false, both); got != nil {
		t.Errorf("masks %v outside training", got)
	}
	if got, want := masks(true, both), []string{"0.dropout", "0.dropout.1", "2.dropout"}; !slices.Equal(got, want) {
		t.Errorf("masks %v, want %v", got, want)
	}
}

// TestCategories: the numbers and one embedding for each column, side by side.
func TestCategories(t *testing.T) {
	cat := nn.Input{Name: "cat", DType: tensor.I32, Shape: tensor.Shape{2}}
	var b graph.Builder
	c := nn.NewContext(&b, true, x(1), cat)
	b.Output("y", c.Model(nn.Categories([]int{3, 2}, 2)))
	got := evaluate(t, &b, map[string][]float64{"0.weight": {1, 2, 3, 4, 5, 6}, "1.weight": {7, 8, 9, 10}}, 2,
		map[string][]float64{"x": {-1, -2}, "cat": {2, 0, 1, 1}})
	sameValues(t, "output", got["y"], []float64{-1, 5, 6, 7, 8, -2, 3, 4, 9, 10})

	g, err := nn.Forward(nn.Sequential(nn.Categories([]int{3, 2}, 4), nn.Dense(1)), cat)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(names(g), ", "), "0.0.weight f32[3 4], 0.1.weight f32[2 4], 1.weight f32[8 1], 1.bias f32[1]"; got != want {
		t.Errorf("variables %s, want %s", got, want)
	}
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		model nn.Layer
		in    nn.Input
		want  string
	}{
		{nn.Dense(5), x(2, 3), "f32[B 2 5]"},
		{nn.Flatten(), x(2, 3, 4), "f32[B 24]"},
		{nn.Flatten(), x(), "f32[B 1]"},
		{nn.Reshape(4, 6), x(2, 3, 4), "f32[B 4 6]"},
		{nn.Residual(nn.Dense(3), nn.ReLU()), x(3), "f32[B 3]"},
		{nn.Residual(), x(3), "f32[B 3]"},
		{nn.Sequential(), x(3), "f32[B 3]"},
		{nn.Embedding(10, 4), nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{7}}, "f32[B 7 4]"},
	} {
		g, err := nn.Forward(c.model, c.in)
		if err != nil {
			t.Errorf("%v of %v: %v", c.model, c.in, err)
		} else if got := g.Output("pred").Shape.String(); got != c.want {
			t.Errorf("%v of %v: %s, want %s", c.model, c.in, got, c.want)
		}
	}
}

// TestMistakes: every mistake in a model is an error that says what is wrong
// and where; nothing panics.
func TestMistakes(t *testing.T) {
	none := nn.Func(func(*nn.Context, *graph.Node) *graph.Node { return nil })
	cat := nn.Input{Name: "cat", DType: tensor.I32, Shape: tensor.Shape{2}}
	for _, c := range []struct {
		name, want string
		model      nn.Layer
		in         nn.Input
	}{
		{"nil model", "the model is nil", nil, x(3)},
		{"nil layer", `layer "1" is nil`, nn.Sequential(nn.ReLU(), nil), x(3)},
		{"nil frozen", "the layer is nil", nn.Frozen(nil), x(3)},
		{"nil result", "returned nil", none, x(3)},
		{"nil inner result", `layer "0" returned nil`, nn.Sequential(none, nn.ReLU()), x(3)},
		{"no x", "no input", nn.Dense(3), cat},
		{"no x in sequence", "layer 0", nn.Sequential(nn.Dense(3)), cat},
		{"no x for ReLU", "no input", nn.ReLU(), cat},
		{"ReLU of integers", "want f32", nn.ReLU(), nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{3}}},
		{"ELU of integers", "want f32", nn.ELU(1), nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{3}}},
		{"no width", "0 outputs, want at least 1", nn.Dense(0), x(3)},
		{"zero Dense", "make the layer with Dense", nn.DenseLayer{}, x(3)},
		{"zero Embedding", "make the layer with Embedding", nn.EmbeddingLayer{}, x(3)},
		{"Dense of a scalar", "no inner axis", nn.Dense(3), x()},
		{"Dense of integers", "want f32", nn.Dense(3), nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{3}}},
		{"rate", "rate 1, want", nn.Dropout(1), x(3)},
		{"eps", "eps 0, want", nn.LayerNorm().Eps(0), x(3)},
		{"embedding of floats", "gather", nn.Embedding(3, 4), x(3)},
		{"axes", "axis 1 has length -1", nn.Reshape(2, -1), x(4)},
		{"elements", "4 elements do not fill", nn.Reshape(3), x(4)},
		{"residual", "change the shape from f32[B 3] to f32[B 4]", nn.Residual(nn.Dense(4)), x(3)},
		{"no categories", `no input "cat"`, nn.Categories([]int{3}, 2), x(3)},
		{"sizes", "3 sizes, want one for each column", nn.Categories([]int{3, 4, 5}, 2), cat},
	} {
		_, err := nn.Forward(c.model, c.in)
		var e *graph.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Pos, "model_test.go") {
			t.Errorf("%s: error %v, want %q and this file", c.name, err, c.want)
		}
		if _, err := nn.Summary(c.model, c.in); err == nil {
			t.Errorf("%s: Summary reports no error", c.name)
		}
	}
}

func TestLossMistakes(t *testing.T) {
	labels := nn.Input{Name: "y", DType: tensor.I32}
	values := nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{2}}
	for _, c := range []struct {
		name, want string
		loss       nn.Loss
		y          nn.Input
	}{
		{"nil loss", "want a loss", nil, labels},
		{"no target", "want a loss, a prediction and a target", nn.MSE(), nn.Input{Name: "z", DType: tensor.F32}},
		{"real labels", "i32 labels", nn.CrossEntropy(), values},
		{"smoothing", "label smoothing 1, want", nn.CrossEntropy().LabelSmoothing(1), labels},
		{"classes", "2 class weights, want one for each of 3 classes", nn.CrossEntropy().ClassWeights(1, 2), labels},
		{"class weight", "class weight 1 is -1", nn.CrossEntropy().ClassWeights(1, -1, 1), labels},
		{"sizes", "the model gives 3 numbers and the target has 2", nn.MSE(), values},
		{"delta", "delta 0, want", nn.Huber(0), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{3}}},
		{"positive weight", "positive weight -1", nn.BCEWithLogits().PositiveWeight(-1), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{3}}},
		{"positive weights", "2 positive weights, want 1 or 3", nn.BCEWithLogits().PositiveWeight(1, 2), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{3}}},
	} {
		var b graph.Builder
		ctx := nn.NewContext(&b, true, x(3), c.y)
		nn.Objective(ctx, c.loss, ctx.Inputs["x"], ctx.Inputs["y"], nil)
		if _, err := b.Build(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestWeightZero: an example of weight 0 adds nothing to loss or gradient even
// if its prediction or target is not finite, by its own weight or its class's.
func TestWeightZero(t *testing.T) {
	for _, c := range []struct {
		name   string
		loss   nn.Loss
		y      nn.Input
		target []float64
		weight []float64
	}{
		{"cross-entropy", nn.CrossEntropy().LabelSmoothing(0.1), nn.Input{Name: "y", DType: tensor.I32}, []float64{1, 0}, []float64{2, 0}},
		{"class", nn.CrossEntropy().ClassWeights(0, 2), nn.Input{Name: "y", DType: tensor.I32}, []float64{1, 0}, []float64{1, 1}},
		{"MSE", nn.MSE(), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{2}}, []float64{1, 2, math.NaN(), math.Inf(1)}, []float64{2, 0}},
		{"Huber", nn.Huber(1), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{2}}, []float64{1, 2, math.NaN(), math.Inf(1)}, []float64{2, 0}},
		{"BCE", nn.BCEWithLogits(), nn.Input{Name: "y", DType: tensor.F32, Shape: tensor.Shape{2}}, []float64{1, 0, math.NaN(), 1}, []float64{2, 0}},
	} {
		run := func(pred []float64, target, weight []float64) map[string][]float64 {
			var b graph.Builder
			ctx := nn.NewContext(&b, true, x(2), c.y, nn.Input{Name: "weight", DType: tensor.F32})
			num, den, weighted := nn.Objective(ctx, c.loss, ctx.Inputs["x"], ctx.Inputs["y"], ctx.Inputs["weight"])
			b.Output("num", num)
			b.Output("den", den)
			b.Output("dx", b.Gradient(weighted, []*graph.Node{ctx.Inputs["x"]})[0])
			return evaluate(t, &b, nil, len(weight), map[string][]float64{"x": pred, "y": target, "weight": weight})
		}
		broken := run([]float64{0.3, -0.7, math.NaN(), math.Inf(1)}, c.target, c.weight)
		alone := run([]float64{0.3, -0.7}, c.target[:len(c.target)/2], c.weight[:1])
		sameValues(t, c.name+": Σwℓ", broken["num"], alone["num"])
		sameValues(t, c.name+": Σw", broken["den"], alone["den"])
		sameValues(t, c.name+": gradient", broken["dx"], append(alone["dx"], 0, 0))
		if alone["num"][0] == 0 {
			t.Errorf("%s: the loss is 0", c.name)
		}
	}
}

// TestTokens: with targets (B, T), losses and weights are of tokens; a weight
// of an example counts for all of its tokens.
func TestTokens(t *testing.T) {
	var b graph.Builder
	c := nn.NewContext(&b, true, x(2, 3), nn.Input{Name: "y", DType: tensor.I32, Shape: tensor.Shape{2}}, nn.Input{Name: "weight", DType: tensor.F32})
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), c.Inputs["x"], c.Inputs["y"], c.Inputs["weight"])
	b.Output("num", num)
	b.Output("den", den)
	if got := weighted.Shape.String(); got != "f32[B 2]" {
		t.Errorf("w·ℓ is %s, want f32[B 2]", got)
	}
	got := evaluate(t, &b, nil, 2, map[string][]float64{"x": make([]float64, 12), "y": {0, 1, 2, 0}, "weight": {3, 0.5}})
	sameValues(t, "Σw", got["den"], []float64{7})
	sameValues(t, "Σwℓ", got["num"], []float64{7 * math.Log(3)})
}

// TestBinaryLabels: integer labels without axes fit a model of one output.
func TestBinaryLabels(t *testing.T) {
	var b graph.Builder
	c := nn.NewContext(&b, true, x(1), nn.Input{Name: "y", DType: tensor.I32})
	_, _, weighted := nn.Objective(c, nn.BCEWithLogits(), c.Inputs["x"], c.Inputs["y"], nil)
	b.Output("l", weighted)
	got := evaluate(t, &b, nil, 2, map[string][]float64{"x": {2, 2}, "y": {0, 1}})
	sameValues(t, "ℓ", got["l"], []float64{math.Log1p(math.Exp(2)), math.Log1p(math.Exp(-2))})
}

func TestSummary(t *testing.T) {
	model := nn.Sequential(nn.Flatten(), nn.Dense(256), nn.ReLU(), nn.Dropout(0.5), nn.Residual(nn.Frozen(nn.Dense(256).NoBias())), nn.Dense(10))
	rows, err := nn.Summary(model, x(28, 28))
	if err != nil {
		t.Fatal(err)
	}
	want := []nn.Row{
		{Path: "0", Kind: "Flatten", Out: graph.F32(graph.Batch, 784)},
		{Path: "1", Kind: "Dense(256)", Out: graph.F32(graph.Batch, 256), Params: 785 * 256, FLOPs: 2 * 784 * 256},
		{Path: "2", Kind: "ReLU", Out: graph.F32(graph.Batch, 256), FLOPs: 256},
		{Path: "3", Kind: "Dropout(0.5)", Out: graph.F32(graph.Batch, 256)},
		{Path: "4", Kind: "Residual", Out: graph.F32(graph.Batch, 256), FLOPs: 256},
		{Path: "4.0", Kind: "Frozen Dense(256)", Out: graph.F32(graph.Batch, 256), Params: 256 * 256, Frozen: 256 * 256, FLOPs: 2 * 256 * 256},
		{Path: "5", Kind: "Dense(10)", Out: graph.F32(graph.Batch, 10), Params: 257 * 10, FLOPs: 2 * 256 * 10},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows %v, want %d", len(rows), rows, len(want))
	}
	for i, r := range rows {
		if w := want[i]; r.Path != w.Path || r.Kind != w.Kind || !r.Out.Equal(w.Out) || r.Params != w.Params || r.Frozen != w.Frozen || r.FLOPs != w.FLOPs {
			t.Errorf("row %d is %+v, want %+v", i, r, w)
		}
	}
	rows, err = nn.Summary(nn.Dense(3), x(2))
	if err != nil || len(rows) != 1 || rows[0].Params != 9 || rows[0].Kind != "Dense(3)" {
		t.Errorf("a lone layer: %+v, %v", rows, err)
	}
}
