package nn_test

import (
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestMixedLabels: the loss of a mixture is that of its two labels, weighed, and
// so are its gradient and its weight.
func TestMixedLabels(t *testing.T) {
	pred := []float64{0.3, -0.7, 1.1, 2, 0.1, -1, 0.5, 0.6, 0.7}
	label, other, mix := []float64{0, 1, 2}, []float64{2, 1, 0}, []float64{0.75, 0.5, 1}
	weight := []float64{1, 0.5, 2}
	for _, l := range []nn.CrossEntropyLoss{nn.CrossEntropy().LabelSmoothing(0.1), nn.CrossEntropy().ClassWeights(1, 2, 0.5)} {
		run := func(y []float64, mixed, weighted bool) map[string][]float64 {
			var b graph.Builder
			fields := []nn.Input{x(3), {Name: "y", DType: tensor.I32}}
			if mixed {
				fields = append(fields, nn.Input{Name: "y2", DType: tensor.I32}, nn.Input{Name: "mix", DType: tensor.F32})
			}
			if weighted {
				fields = append(fields, nn.Input{Name: "weight", DType: tensor.F32})
			}
			c := nn.NewContext(&b, true, fields...)
			_, den, w := nn.Objective(c, l, c.Inputs["x"], c.Inputs["y"], c.Inputs["weight"])
			b.Output("den", den)
			b.Output("loss", w)
			b.Output("dx", b.Gradient(w, []*graph.Node{c.Inputs["x"]})[0])
			return evaluate(t, &b, nil, 3, map[string][]float64{"x": pred, "y": y, "y2": other, "mix": mix, "weight": weight})
		}
		for _, weighted := range []bool{false, true} {
			first, second, both := run(label, false, weighted), run(other, false, weighted), run(label, true, weighted)
			for e, m := range mix {
				between := func(name string, width int) {
					for i := e * width; i < (e+1)*width; i++ {
						sameValues(t, name, both[name][i:i+1], []float64{m*first[name][i] + (1-m)*second[name][i]})
					}
				}
				between("loss", 1)
				between("dx", 3)
			}
		}
	}
	var b graph.Builder
	c := nn.NewContext(&b, true, x(3), nn.Input{Name: "y", DType: tensor.I32}, nn.Input{Name: "y2", DType: tensor.I32}, nn.Input{Name: "mix", DType: tensor.F32})
	_, den, _ := nn.Objective(c, nn.CrossEntropy().ClassWeights(1, 2, 0.5), c.Inputs["x"], c.Inputs["y"], nil)
	b.Output("den", den)
	got := evaluate(t, &b, nil, 3, map[string][]float64{"x": pred, "y": label, "y2": other, "mix": mix})
	sameValues(t, "Σw", got["den"], []float64{0.75*1 + 0.25*0.5 + 2 + 0.5})
}
