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

// onPositions runs a layer on two examples of three positions with two
// channels, of which the first two of the first example count, if some do not.
func onPositions(t *testing.T, l nn.Layer, lengths bool) []float64 {
	t.Helper()
	var b graph.Builder
	fields := []nn.Input{{Name: "x", DType: tensor.F32, Shape: tensor.Shape{3, 2}}}
	if lengths {
		fields = append(fields, nn.Input{Name: "length", DType: tensor.I32})
	}
	c := nn.NewContext(&b, false, fields...)
	b.Output("y", c.Model(l))
	vars := map[string][]float64{"weight": {100, 200, 300, 400, 500, 600}}
	return evaluate(t, &b, vars, 2, map[string][]float64{"x": {1, -2, 3, -4, 5, -6, 7, 8, 9, 10, 11, 12}, "length": {2, 0}})["y"]
}

func TestPositionLayers(t *testing.T) {
	for _, c := range []struct {
		layer   nn.Layer
		lengths bool
		want    []float64
	}{
		{nn.MeanPool(), false, []float64{3, -4, 9, 10}},
		{nn.MeanPool(), true, []float64{2, -3, 0, 0}},
		{nn.MaxPool(), false, []float64{5, -2, 11, 12}},
		{nn.MaxPool(), true, []float64{3, -2, 0, 0}},
		{nn.LastPool(), false, []float64{5, -6, 11, 12}},
		{nn.LastPool(), true, []float64{3, -4, 0, 0}},
		{nn.Window(1), false, []float64{1, -2, 3, -4, 5, -6, 7, 8, 9, 10, 11, 12}},
		{nn.Window(2), false, []float64{1, -2, 3, -4, 3, -4, 5, -6, 5, -6, 0, 0, 7, 8, 9, 10, 9, 10, 11, 12, 11, 12, 0, 0}},
		{nn.Sequential(nn.Window(3), nn.LastPool()), false, []float64{3, -4, 5, -6, 0, 0, 9, 10, 11, 12, 0, 0}},
		{nn.Positions(), false, []float64{101, 198, 303, 396, 505, 594, 107, 208, 309, 410, 511, 612}},
	} {
		if got := onPositions(t, c.layer, c.lengths); !slices.Equal(got, c.want) {
			t.Errorf("%v, lengths %v: %v, want %v", c.layer, c.lengths, got, c.want)
		}
	}
}

// TestPositionLayerErrors: layers over positions want positions, and sizes.
func TestPositionLayerErrors(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		shape tensor.Shape
		want  string
	}{
		{nn.LSTM(0), tensor.Shape{3, 2}, "0 hidden units"},
		{nn.GRU(4), tensor.Shape{3}, "positions and channels"},
		{nn.MaxPool(), tensor.Shape{3}, "positions and what each has"},
		{nn.Window(0), tensor.Shape{3, 2}, "a window of 0"},
		{nn.Window(3), tensor.Shape{3}, "positions and channels"},
		{nn.Positions(), tensor.Shape{3, 2, 2}, "positions and channels"},
		{nn.PositionsLayer{}, tensor.Shape{3, 2}, "make the layer with Positions"},
	} {
		_, err := nn.Forward(c.layer, nn.Input{Name: "x", DType: tensor.F32, Shape: c.shape})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v on %v: error %v, want %q", c.layer, c.shape, err, c.want)
		}
	}
}

// Texts are classified by the strongest answer of each filter over three
// tokens, wherever in the text it is.
func ExampleWindow() {
	model := nn.Sequential(nn.Embedding(5000, 32), nn.Window(3), nn.Dense(64), nn.ReLU(), nn.MaxPool(), nn.Dense(2))
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{40}}, nn.Input{Name: "length", DType: tensor.I32})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Printf("%s %-19s %-12s %6d parameters\n", r.Path, r.Kind, r.Out, r.Params)
	}
	// Output:
	// 0 Embedding(5000, 32) f32[B 40 32] 160000 parameters
	// 1 Window(3)           f32[B 40 96]      0 parameters
	// 2 Dense(64)           f32[B 40 64]   6208 parameters
	// 3 ReLU                f32[B 40 64]      0 parameters
	// 4 MaxPool             f32[B 64]         0 parameters
	// 5 Dense(2)            f32[B 2]        130 parameters
}

func ExampleLSTM() {
	model := nn.Sequential(nn.Embedding(5000, 32), nn.LSTM(64).Bidirectional(), nn.MeanPool(), nn.Dense(2))
	g, err := nn.Forward(model, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{40}}, nn.Input{Name: "length", DType: tensor.I32})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range g.Params()[1:5] {
		fmt.Println(v.Attr.Name, v.Shape)
	}
	// Output:
	// 1.weight_ih_l0 f32[32 256]
	// 1.weight_hh_l0 f32[64 256]
	// 1.bias_ih_l0 f32[256]
	// 1.bias_hh_l0 f32[256]
}
