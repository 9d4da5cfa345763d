package nn_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestPeriodic compares with package math, and the gradient with its cosine.
func TestPeriodic(t *testing.T) {
	frequency := []float64{0.3, -1.7, 0.9, 12}
	features := []float64{0.4, -2.5, 3.25, 0, -0.125, 1}
	var b graph.Builder
	c := nn.NewContext(&b, true, x(2))
	y := c.Model(nn.Periodic(2, 0.5))
	b.Output("y", y)
	sine := c.Slice(y, 2, 1) // of the first feature at its first frequency
	loss := c.SumExamples(sine, 0)
	b.Output("gradient", b.Gradient(loss, c.Params())[0])
	got := evaluate(t, &b, map[string][]float64{"frequency": frequency}, 3, map[string][]float64{"x": features})
	var want []float64
	gradient := 0.0
	for row := range 3 {
		one := features[2*row : 2*row+2]
		want = append(want, one...)
		for _, f := range []func(float64) float64{math.Sin, math.Cos} {
			for i, w := range frequency {
				want = append(want, f(2*math.Pi*w*one[i/2]))
			}
		}
		gradient += 2 * math.Pi * one[0] * math.Cos(2*math.Pi*frequency[0]*one[0])
	}
	for i := range want {
		if math.Abs(got["y"][i]-want[i]) > 1e-8 {
			t.Errorf("element %d is %v, want %v", i, got["y"][i], want[i])
		}
	}
	if g := got["gradient"][0]; math.Abs(g-gradient) > 1e-6 {
		t.Errorf("gradient %v, want %v", g, gradient)
	}
	for _, l := range []nn.Layer{nn.Periodic(0, 1), nn.Periodic(2, 0), nn.Periodic(2, math.NaN())} {
		if _, err := nn.Forward(l, x(2)); err == nil {
			t.Errorf("%v is taken", l)
		}
	}
	if _, err := nn.Forward(nn.Periodic(2, 1), nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{2, 2}}); err == nil {
		t.Error("features on two axes are taken")
	}
	if got := nn.Periodic(16, 1).String(); got != "Periodic(16)" {
		t.Error(got)
	}
}
