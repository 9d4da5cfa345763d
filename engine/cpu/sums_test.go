package cpu

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// sumsOver runs the three sums over examples on a batch of n examples: x is
// (n, 4), y is (n, 3), index (n) below 5. fill gives element i of x or y.
func sumsOver(t testing.TB, n, micro int, fill func(i int) float32) (dot, sum, scatter []float32, x, y *tensor.Tensor, index *tensor.Tensor) {
	var b graph.Builder
	xn, yn, in := b.Input("x", tensor.F32, 4), b.Input("y", tensor.F32, 3), b.Input("i", tensor.I32)
	b.Output("dot", b.DotExamples(xn, yn))
	b.Output("sum", b.SumExamples(xn, 1))
	b.Output("scatter", b.ScatterExamples(in, yn, 5))
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, 2, icpu.Best())
	vars, _ := e.NewVars(nil)
	p, err := e.Compile(g, vars, engine.Options{Rows: micro, Batch: n})
	if err != nil {
		t.Fatal(err)
	}
	x, y, index = tensor.New(tensor.F32, n, 4), tensor.New(tensor.F32, n, 3), tensor.New(tensor.I32, n)
	for i := range x.F32() {
		x.F32()[i] = fill(i)
	}
	for i := range y.F32() {
		y.F32()[i] = fill(i + 7)
	}
	for i := range index.I32() {
		index.I32()[i] = int32(i * 3 % 5)
	}
	p.Begin(0, nil)
	for r := 0; r < n; r += micro {
		p.Micro([]*tensor.Tensor{x, y, index}, r, min(micro, n-r))
	}
	p.Finish()
	return p.Output("dot").F32(), p.Output("sum").F32(), p.Output("scatter").F32(), x, y, index
}

// TestMillionExamples: at a million examples the sums are still within 1e-6 of
// float64, relative to the result, for terms of one sign and of both.
func TestMillionExamples(t *testing.T) {
	const n = 1 << 20
	s := rng.NewStream(9, "terms")
	for name, fill := range map[string]func(int) float32{
		"positive": func(int) float32 { return float32(s.Float64()) + 0.1 },
		"signed":   func(int) float32 { return float32(s.Float64()) - 0.45 },
	} {
		dot, sum, scatter, x, y, index := sumsOver(t, n, 4096, fill)
		want := make([]float64, 12)
		wantSum := make([]float64, 4)
		wantScatter := make([]float64, 15)
		for e := range n {
			for i := range 4 {
				wantSum[i] += float64(x.F32()[e*4+i])
				for j := range 3 {
					want[i*3+j] += float64(x.F32()[e*4+i]) * float64(y.F32()[e*3+j])
				}
			}
			for j := range 3 {
				wantScatter[int(index.I32()[e])*3+j] += float64(y.F32()[e*3+j])
			}
		}
		worst := max(relative(dot, want), relative(sum, wantSum), relative(scatter, wantScatter))
		t.Logf("%s: relative error %.2g", name, worst)
		if !(worst <= 1e-6) {
			t.Errorf("%s: relative error %.2g, want at most 1e-6", name, worst)
		}
	}
}

// relative is the largest error relative to the largest result.
func relative(got []float32, want []float64) float64 {
	var worst, scale float64
	for i := range want {
		worst, scale = max(worst, math.Abs(float64(got[i])-want[i])), max(scale, math.Abs(want[i]))
	}
	return worst / scale
}

// TestEmptyBatch: sums over no examples are 0, whatever was there before.
func TestEmptyBatch(t *testing.T) {
	dot, sum, scatter, _, _, _ := sumsOver(t, 0, 1, nil)
	for _, v := range append(append(append([]float32{}, dot...), sum...), scatter...) {
		if v != 0 {
			t.Errorf("sum over no examples is %v", v)
		}
	}
}
