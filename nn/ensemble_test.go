package nn_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
)

// TestEnsemble: the prediction is the mean of the heads, each of its own scale
// of the features; in training the loss is the mean of those of the members.
func TestEnsemble(t *testing.T) {
	params := map[string][]float64{"scale": {1, 2, -1, 0.5}, "head.0.weight": {1, 1}, "head.0.bias": {0.5}, "head.1.weight": {2, -1}, "head.1.bias": {0}}
	inputs := map[string][]float64{"x": {1, 2, 3, -1}, "y": {4, -2}}
	members := [][]float64{{1*1 + 2*2 + 0.5, 3*1 - 1*2 + 0.5}, {2*-1 - 0.5*2, 2*-3 - 0.5*-1}}
	for _, train := range []bool{true, false} {
		var b graph.Builder
		c := nn.NewContext(&b, train, x(2), nn.Input{Name: "y", DType: x(1).DType, Shape: []int{1}})
		pred := c.Model(nn.Ensemble(2, 1))
		b.Output("y", pred)
		num, _, _ := nn.Objective(c, nn.MSE(), pred, c.Inputs["y"], nil)
		b.Output("loss", num)
		got := evaluate(t, &b, params, 2, inputs)
		mean := []float64{(members[0][0] + members[1][0]) / 2, (members[0][1] + members[1][1]) / 2}
		sameValues(t, "prediction", got["y"], mean)
		square := func(p []float64) float64 {
			return math.Pow(p[0]-inputs["y"][0], 2) + math.Pow(p[1]-inputs["y"][1], 2)
		}
		want := square(mean)
		if train {
			want = (square(members[0]) + square(members[1])) / 2
		}
		sameValues(t, "loss", got["loss"], []float64{want})
	}
	for _, l := range []nn.Layer{nn.Ensemble(0, 1), nn.Ensemble(2, 0), nn.Ensemble(2, 1, nn.Flatten())} {
		if _, err := nn.Forward(l, x(2)); err == nil {
			t.Errorf("%v is taken", l)
		}
	}
	if got := nn.Ensemble(8, 1).String(); got != "Ensemble(8)" {
		t.Error(got)
	}
}
