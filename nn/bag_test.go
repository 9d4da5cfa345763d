package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// texts declares tokens (T) with lengths.
func texts(t int) []nn.Input {
	return []nn.Input{{Name: "x", DType: tensor.I32, Shape: tensor.Shape{t}}, {Name: "length", DType: tensor.I32}}
}

// TestBag: the scaled mean over the tokens that count, of which pairs do only
// where they stand beside each other.
func TestBag(t *testing.T) {
	const buckets = 1 << 20 // no two pairs share one
	var b graph.Builder
	c := nn.NewContext(&b, false, texts(4)...)
	b.Output("y", c.Model(nn.Bag(3, 2).Grams(2, buckets).Scale(6)))
	b.Output("pair", c.Gather(c.Param("weight_2", graph.Init{}, buckets, 2), c.Grams(c.Inputs["x"], 2, buckets)))
	pairs := make([]float64, 2*buckets)
	for i := range pairs {
		pairs[i] = float64(i / 2 % 1024)
	}
	in := map[string][]float64{"x": {1, 2, 1, 1, 2, 1, 0, 0}, "length": {3, 0}}
	got := evaluate(t, &b, map[string][]float64{"weight": {9, 9, 1, 10, 2, 20}, "weight_2": pairs}, 2, in)
	p := got["pair"]
	want := []float64{2 * (1 + 2 + 1 + p[0] + p[2] + p[4]), 2 * (10 + 20 + 10 + p[1] + p[3] + p[5]), 0, 0}
	if !slices.Equal(got["y"], want) || p[2] == p[4] || p[4] != p[10] {
		t.Errorf("%v, want %v of pairs %v", got["y"], want, p)
	}
}

func TestBagAndBranchErrors(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		want  string
	}{
		{nn.Bag(0, 2), "0 rows"},
		{nn.Bag(3, 2).Grams(2, 0), "0 buckets"},
		{nn.Bag(3, 2).Grams(2, 1<<31), "buckets"},
		{nn.BagLayer{}, "make the layer with Bag"},
		{nn.Sum(), "no layers"},
		{nn.Sum(nn.Bag(3, 2), nn.Bag(3, 4)), "want one"},
		{nn.Concat(nn.Bag(3, 2), nil), `layer "1" is nil`},
		{nn.Sequential(nn.Embedding(3, 2), nn.Bag(3, 2)), "tokens on one axis"},
	} {
		_, err := nn.Forward(c.layer, texts(5)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.layer, err, c.want)
		}
	}
}

// A linear model of words and pairs of words beside a convolutional network.
func ExampleSum() {
	deep := nn.Sequential(nn.Embedding(5000, 64), nn.Window(3), nn.Dense(100), nn.ReLU(), nn.MaxPool(), nn.Dropout(0.5), nn.Dense(2))
	rows, err := nn.Summary(nn.Sum(deep, nn.Bag(5000, 2)), texts(40)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Printf("%-27s %-12s %6d parameters %s\n", r.Kind, r.Out, r.Params, r.Path)
	}
	// Output:
	// Embedding(5000, 64)         f32[B 40 64] 320000 parameters 0.0
	// Window(3)                   f32[B 40 192]      0 parameters 0.1
	// Dense(100)                  f32[B 40 100]  19300 parameters 0.2
	// ReLU                        f32[B 40 100]      0 parameters 0.3
	// MaxPool                     f32[B 100]        0 parameters 0.4
	// Dropout(0.5)                f32[B 100]        0 parameters 0.5
	// Dense(2)                    f32[B 2]        202 parameters 0.6
	// Bag(5000 tokens, runs of 2) f32[B 2]     141072 parameters 1
	// Sum                         f32[B 2]          0 parameters
}

// Kim's classifier: windows of three, four and five words.
func ExampleConcat() {
	filters := func(size int) nn.Layer {
		return nn.Sequential(nn.Window(size), nn.Dense(100), nn.ReLU(), nn.MaxPool())
	}
	model := nn.Sequential(nn.Embedding(5000, 300).Init(nn.Uniform(-0.25, 0.25)), nn.Concat(filters(3), filters(4), filters(5)), nn.Dropout(0.5), nn.Dense(2))
	g, err := nn.Forward(model, texts(40)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range g.Params()[1:4] {
		fmt.Println(v.Attr.Name, v.Shape)
	}
	// Output:
	// 1.0.1.weight f32[900 100]
	// 1.0.1.bias f32[100]
	// 1.1.1.weight f32[1200 100]
}
