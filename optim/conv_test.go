package optim_test

import (
	"testing"

	"github.com/descent-ml/descent/optim"
)

// TestConvolutionIsMatrix: what looks at the shape of a weight takes that of a
// convolution (kh, kw, in, out) as the matrix (kh·kw·in, out) of a dense layer.
func TestConvolutionIsMatrix(t *testing.T) {
	values := []float64{3, -0.5, 4, 0.25, 1, 2, -3, 0.5, -1, 2.5, 0.75, -2}
	gradient := []float64{30, 3, -40, 0.5, 2, -7, 1, 9, 0.1, -6, 5, 4}
	for name, o := range map[string]optim.Optimizer{
		"adaptive clipping": optim.SGD(1).WithClipAdaptive(0.1),
		"Muon":              optim.Muon(0.1, 0.01),
		"Adafactor":         optim.Adafactor(0.1),
		"LARS":              optim.LARS(0.1),
	} {
		var after [2][]float64
		for i, shape := range [][]int{{2, 1, 3, 2}, {6, 2}} {
			l := newLayered(t, o, []string{"0.weight", "1.weight"}, [][]int{shape, {1, 1}}, [][]float64{values, {1}})
			l.gradient(t, "0.weight", gradient...)
			l.step(t, 1)
			after[i] = l.vars.ReadF64("0.weight")
		}
		closeTo(t, name, after[0], after[1], 0)
		if after[0][0] == values[0] {
			t.Errorf("%s: the weight did not move", name)
		}
	}
}
