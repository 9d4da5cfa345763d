package batch

import (
	"math"
	"testing"
)

func TestCostFit(t *testing.T) {
	type timing struct {
		size            int
		seconds, weight float64
	}
	for _, c := range []struct {
		timings []timing
		a, b    float64
		ok      bool
	}{
		{nil, 0, 0, false},
		{[]timing{{64, 0.032, 1}}, 0, 5e-4, false},
		{[]timing{{64, 0.5, 1}, {64, 1, 1}}, 0, 0.6 / 64, false}, // (1/0.5 + 1/1)/(1/0.5² + 1/1²) = 0.6
		{[]timing{{1, 0.003, 1}, {4, 0.006, 1}, {16, 0.018, 1}}, 2e-3, 1e-3, true},
		{[]timing{{8, 1, 3}, {32, 1, 1}}, 1, 0, true},
		{[]timing{{1, 3, 1}, {2, 2, 1}}, 30.0 / 13, 0, true}, // falls: (1/3 + 1/2)/(1/9 + 1/4) = 30/13
		{[]timing{{1, 1, 1}, {2, 4, 1}}, 0, 1.2, true},       // below 0 at B = 0: (1 + 2/4)/(1 + 4/16)
		{[]timing{{1, 1, 2}, {2, 4, 1}}, 0, 10.0 / 9, true},  // (2 + 2/4)/(2 + 4/16)
		{[]timing{{32, 0.01, 1}, {256, 0.02, 1e-15}}, 0, 0.01 / 32, false},
	} {
		var f CostFit
		for _, x := range c.timings {
			f.Add(x.size, x.seconds, x.weight)
		}
		a, b, ok := f.Solve()
		if math.Abs(a-c.a) > 1e-12 || math.Abs(b-c.b) > 1e-12 || ok != c.ok {
			t.Errorf("%v: %v + %v·B, %v; want %v + %v·B, %v", c.timings, a, b, ok, c.a, c.b, c.ok)
		}
	}
}

// What is timed at one size only for long does not turn the fit into rounding errors: the
// weights of the others fall below what a float64 resolves beside it.
func TestCostKeepsItsFitAtOneSize(t *testing.T) {
	c := timed(Cost{}, 1e-3, 1e-5, 20, 32, 512)
	c = timed(c, 1e-3, 1e-5, 30000, 512)
	if !near(c.Fixed, 1e-3, 0.01) || !near(c.PerExample, 1e-5, 0.01) {
		t.Errorf("fitted %v + %v·B, want 0.001 + 1e-05·B", c.Fixed, c.PerExample)
	}
}
