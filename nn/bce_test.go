package nn_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestSureBCE: a score that is right and sure keeps the digits of its tiny loss
// and gradient in float32, on either side.
func TestSureBCE(t *testing.T) {
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var b graph.Builder
	c := nn.NewContext(&b, true, x(), nn.Input{Name: "y", DType: tensor.I32})
	_, _, weighted := nn.Objective(c, nn.BCEWithLogits().PositiveWeight(2), c.Inputs["x"], c.Inputs["y"], nil)
	b.Output("l", weighted)
	b.Output("dx", b.Gradient(weighted, []*graph.Node{c.Inputs["x"]})[0])
	got := evaluateCPU(t, e, &b, nil, 2, map[string][]float64{"x": {20, -20}, "y": {1, 0}})
	tiny := math.Exp(-20)
	for name, want := range map[string][2]float64{"l": {2 * tiny, tiny}, "dx": {-2 * tiny, tiny}} {
		for i, v := range got[name] {
			if !(math.Abs(v-want[i]) <= 1e-6*math.Abs(want[i])) {
				t.Errorf("%s[%d] = %g, want %g", name, i, v, want[i])
			}
		}
	}
}
