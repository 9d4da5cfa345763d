package nn_test

import (
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
)

// TestPiecewiseLinear: the features themselves, and the share of each bin that
// is below them; a feature without edges is left alone.
func TestPiecewiseLinear(t *testing.T) {
	layer := nn.PiecewiseLinear([][]float32{{0, 1, 3}, nil, {-1, 1}})
	var b graph.Builder
	c := nn.NewContext(&b, true, x(3))
	b.Output("y", c.Model(layer))
	got := evaluate(t, &b, map[string][]float64{"low": {0, 1, -1, 0}, "scale": {1, 0.5, 0.5, 0}}, 2,
		map[string][]float64{"x": {2, 7, 0, -5, 8, 9}})
	sameValues(t, "output", got["y"], []float64{2, 7, 0, 1, 0.5, 0.5, -5, 8, 9, 0, 0, 1})
	g, err := nn.Forward(layer, x(3))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{0, 1, -1, 0}, {1, 0.5, 0.5, 0}} {
		values := make([]float32, 4)
		if err := nn.Initialize(g.Vars[i].Attr.Init, g.Vars[i].Shape.Dims, 1, "", values); err != nil || g.Vars[i].Attr.Kind == graph.Trainable {
			t.Fatalf("%v, kind %d", err, g.Vars[i].Attr.Kind)
		}
		for j := range want {
			if values[j] != want[j] {
				t.Errorf("%s is %v, want %v", g.Vars[i].Attr.Name, values, want)
			}
		}
		if err := nn.Initialize(g.Vars[i].Attr.Init, []int{3}, 1, "", make([]float32, 3)); err == nil {
			t.Error("4 values for 3 elements are taken")
		}
	}
	if got := layer.String(); got != "PiecewiseLinear(2 × 2)" {
		t.Error(got)
	}
	for _, l := range []nn.Layer{nn.PiecewiseLinear(nil), nn.PiecewiseLinear([][]float32{{1}, nil, nil})} {
		if _, err := nn.Forward(l, x(3)); err == nil {
			t.Errorf("%v is taken", l)
		}
	}
}
