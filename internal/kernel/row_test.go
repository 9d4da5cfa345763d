package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

// rowCase is a row kernel as a function of generated operands: f fills out from
// in. Every tier must give the bits of the plain Go one.
type rowCase struct {
	name    string
	outs    func(rows, cols int) []int // lengths
	f       func(out [][]float32, o *operands)
	inPlace bool // out[0] may be x
}

type operands struct {
	rows, cols, ld int
	x, y           []float32 // (rows, cols)
	wide           []float32 // (rows, cols) with stride ld
	g, b           []float32 // (cols)
	u, v           []float32 // (rows)
	labels         []int32
}

func makeOperands(r *rand.Rand, rows, cols int, gen func(*rand.Rand, int) []float32) *operands {
	ld := cols + r.IntN(5)
	o := &operands{rows: rows, cols: cols, ld: ld, x: gen(r, rows*cols), y: gen(r, rows*cols), wide: gen(r, rows*ld),
		g: gen(r, cols), b: gen(r, cols), u: gen(r, rows), v: gen(r, rows), labels: make([]int32, rows)}
	for i := range o.labels {
		o.labels[i] = int32(r.IntN(cols))
	}
	return o
}

func perRow(rows, _ int) []int          { return []int{rows} }
func dense(rows, cols int) []int        { return []int{rows * cols} }
func denseAndRow(rows, cols int) []int  { return []int{rows * cols, rows} }
func denseAndRow2(rows, cols int) []int { return []int{rows * cols, rows, rows} }

var rowCases = []rowCase{
	{"RowSum", perRow, func(out [][]float32, o *operands) { RowSum(out[0], o.wide, o.rows, o.cols, o.ld) }, false},
	{"RowMax", perRow, func(out [][]float32, o *operands) { RowMax(out[0], o.wide, o.rows, o.cols, o.ld) }, false},
	{"RowDot", perRow, func(out [][]float32, o *operands) { RowDot(out[0], o.wide, o.x, o.rows, o.cols, o.ld, o.cols) }, false},
	{"Softmax", dense, func(out [][]float32, o *operands) { Softmax(out[0], o.x, o.rows, o.cols) }, true},
	{"LogSoftmax", dense, func(out [][]float32, o *operands) { LogSoftmax(out[0], o.x, o.rows, o.cols) }, true},
	{"SoftmaxGrad", dense, func(out [][]float32, o *operands) { SoftmaxGrad(out[0], o.x, o.y, o.rows, o.cols) }, true},
	{"LogSoftmaxGrad", dense, func(out [][]float32, o *operands) { LogSoftmaxGrad(out[0], o.x, o.y, o.rows, o.cols) }, true},
	{"CrossEntropy", perRow, func(out [][]float32, o *operands) { CrossEntropy(out[0], o.x, o.labels, o.rows, o.cols, 0) }, false},
	{"CrossEntropy smooth", perRow, func(out [][]float32, o *operands) { CrossEntropy(out[0], o.x, o.labels, o.rows, o.cols, 0.1) }, false},
	{"CrossEntropyGrad", dense, func(out [][]float32, o *operands) {
		CrossEntropyGrad(out[0], o.x, o.labels, o.u, o.rows, o.cols, 0.1)
	}, true},
	{"CrossEntropyBoth", denseAndRow, func(out [][]float32, o *operands) {
		CrossEntropyBoth(out[1], out[0], o.x, o.labels, o.u, o.rows, o.cols, 0)
	}, true},
	{"CrossEntropyBoth smooth", denseAndRow, func(out [][]float32, o *operands) {
		CrossEntropyBoth(out[1], out[0], o.x, o.labels, o.u, o.rows, o.cols, 0.1)
	}, true},
	{"LayerNorm", denseAndRow2, layerNormCase(false, false), true},
	{"LayerNorm gamma", denseAndRow2, layerNormCase(true, false), true},
	{"LayerNorm beta", denseAndRow2, layerNormCase(false, true), true},
	{"LayerNorm gamma beta", denseAndRow2, layerNormCase(true, true), true},
	{"RMSNorm", denseAndRow, func(out [][]float32, o *operands) { RMSNorm(out[0], out[1], o.x, nil, o.rows, o.cols, 1e-5) }, true},
	{"RMSNorm gamma", denseAndRow, func(out [][]float32, o *operands) { RMSNorm(out[0], out[1], o.x, o.g, o.rows, o.cols, 1e-5) }, true},
	{"LayerNormGrad", dense, func(out [][]float32, o *operands) { LayerNormGrad(out[0], o.x, o.u, o.v, nil, o.y, o.rows, o.cols) }, true},
	{"LayerNormGrad gamma", dense, func(out [][]float32, o *operands) { LayerNormGrad(out[0], o.x, o.u, o.v, o.g, o.y, o.rows, o.cols) }, true},
	{"RMSNormGrad", dense, func(out [][]float32, o *operands) { RMSNormGrad(out[0], o.x, o.u, nil, o.y, o.rows, o.cols) }, true},
	{"SumDown", perColumn, func(out [][]float32, o *operands) { SumDown(out[0], o.wide, o.rows, o.cols, o.ld) }, false},
	{"MaxDown", perColumn, func(out [][]float32, o *operands) { MaxDown(out[0], o.wide, o.rows, o.cols, o.ld) }, false},
	{"FirstMax", dense, firstMaxCase, false},
	{"Rotate", twice, func(out [][]float32, o *operands) {
		Rotate(out[0], out[1], o.cols, o.x, o.y, o.cols, o.wide, o.wide, o.ld, o.rows, o.cols, &downScratch)
	}, false},
	{"RMSNormGrad gamma", dense, func(out [][]float32, o *operands) { RMSNormGrad(out[0], o.x, o.u, o.g, o.y, o.rows, o.cols) }, true},
}

func layerNormCase(gamma, beta bool) func(out [][]float32, o *operands) {
	return func(out [][]float32, o *operands) {
		g, b := o.g, o.b
		if !gamma {
			g = nil
		}
		if !beta {
			b = nil
		}
		LayerNorm(out[0], out[1], out[2], o.x, g, b, o.rows, o.cols, 1e-5)
	}
}

// onGo runs f on the plain Go tier.
func onGo(f func()) {
	defer Use(Active())
	Use(cpu.PureGo)
	f()
}

func checkRows(t *testing.T, r *rand.Rand, c *rowCase, o *operands) {
	t.Helper()
	var want, got [][]float32
	var guards []func()
	for _, n := range c.outs(o.rows, o.cols) {
		g, guard := guarded(t, r, n)
		want, got, guards = append(want, make([]float32, n)), append(got, g), append(guards, guard)
	}
	onGo(func() { c.f(want, o) })
	c.f(got, o)
	for i := range want {
		checkSame(t, fmt.Sprintf("%s %dx%d output %d", c.name, o.rows, o.cols, i), got[i], want[i])
		guards[i]()
	}
	if c.inPlace {
		o := *o
		o.x = slices.Clone(o.x)
		got[0] = o.x
		c.f(got, &o)
		checkSame(t, fmt.Sprintf("%s %dx%d in place", c.name, o.rows, o.cols), o.x, want[0])
	}
}

func TestRowKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for i := range rowCases {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for cols := 1; cols <= 300; cols++ {
				checkRows(t, r, &rowCases[i], makeOperands(r, 1+cols%4, cols, plain))
			}
			for _, cols := range []int{1, 10, 16, 33, 100} {
				for range 10 {
					checkRows(t, r, &rowCases[i], makeOperands(r, 5, cols, values))
				}
			}
			for rows := 1; rows <= 70; rows++ { // blocks of sixteen rows and what is left
				checkRows(t, r, &rowCases[i], makeOperands(r, rows, 1+rows%17, plain))
				checkRows(t, r, &rowCases[i], makeOperands(r, 16+rows%17, 1+rows%17, values))
			}
			checkRows(t, r, &rowCases[i], makeOperands(r, 7000, 10, plain)) // several calls
			checkRows(t, r, &rowCases[i], makeOperands(r, 9, 20000, plain))
		}
	})
}

// The definitions against float64 mathematics.
func TestRowValues(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, cols := range []int{1, 2, 10, 100, 1000} {
		o := makeOperands(r, 4, cols, plain)
		y, dx, mean, rstd, loss := make([]float32, 4*cols), make([]float32, 4*cols), make([]float32, 4), make([]float32, 4), make([]float32, 4)
		near := func(what string, got float32, want float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= 1e-5*(1+math.Abs(want))) {
				t.Errorf("%s, %d columns: %v, want %v", what, cols, got, want)
			}
		}
		CrossEntropyBoth(loss, dx, o.x, o.labels, []float32{1, 2, 3, 4}, 4, cols, 0.25)
		Softmax(y, o.x, 4, cols)
		for i := range 4 {
			row, want, sum := o.x[i*cols:][:cols], 0.0, 0.0
			for _, v := range row {
				sum += math.Exp(float64(v))
			}
			for j, v := range row {
				p, q := math.Exp(float64(v))/sum, 0.25/float64(cols)
				if j == int(o.labels[i]) {
					q += 0.75
				}
				want -= q * math.Log(p)
				near("softmax", y[i*cols+j], p)
				near("cross entropy gradient", dx[i*cols+j], (p-q)*float64(i+1))
			}
			near("cross entropy", loss[i], want)
		}
		LayerNorm(y, mean, rstd, o.x, o.g, o.b, 4, cols, 1e-3)
		RowMax(loss, o.x, 4, cols, cols)
		for i := range 4 {
			row, m, v := o.x[i*cols:][:cols], 0.0, 0.0
			for _, x := range row {
				m += float64(x) / float64(cols)
			}
			for _, x := range row {
				v += (float64(x) - m) * (float64(x) - m) / float64(cols)
			}
			near("mean", mean[i], m)
			near("rstd", rstd[i], 1/math.Sqrt(v+1e-3))
			for j, x := range row {
				near("layer norm", y[i*cols+j], (float64(x)-m)/math.Sqrt(v+1e-3)*float64(o.g[j])+float64(o.b[j]))
			}
			if loss[i] != slices.Max(row) {
				t.Errorf("RowMax = %v, want %v", loss[i], slices.Max(row))
			}
		}
	}
}

// Every gradient against central differences of Σ dy·f(x), in float64 sums.
func TestRowGradients(t *testing.T) {
	const rows, cols, h = 3, 13, 1.0 / 64
	r := rand.New(rand.NewPCG(9, 9))
	o := makeOperands(r, rows, cols, plain)
	y, mean, rstd := make([]float32, rows*cols), make([]float32, rows), make([]float32, rows)
	for _, c := range []struct {
		name     string
		forward  func(x []float32)
		gradient func(dx []float32)
	}{
		{"softmax", func(x []float32) { Softmax(y, x, rows, cols) }, func(dx []float32) { SoftmaxGrad(dx, y, o.y, rows, cols) }},
		{"log softmax", func(x []float32) { LogSoftmax(y, x, rows, cols) }, func(dx []float32) { LogSoftmaxGrad(dx, y, o.y, rows, cols) }},
		{"layer norm", func(x []float32) { LayerNorm(y, mean, rstd, x, o.g, o.b, rows, cols, 1e-5) },
			func(dx []float32) { LayerNormGrad(dx, o.x, mean, rstd, o.g, o.y, rows, cols) }},
		{"rms norm", func(x []float32) { RMSNorm(y, rstd, x, o.g, rows, cols, 1e-5) },
			func(dx []float32) { RMSNormGrad(dx, o.x, rstd, o.g, o.y, rows, cols) }},
	} {
		dx := make([]float32, rows*cols)
		c.forward(o.x)
		c.gradient(dx)
		for i := range dx {
			var d [2]float64
			for k, step := range []float32{h, -h} {
				x := slices.Clone(o.x)
				x[i] += step
				c.forward(x)
				for j, v := range y {
					d[k] += float64(v) * float64(o.y[j])
				}
			}
			if want := (d[0] - d[1]) / (2 * h); math.Abs(float64(dx[i])-want) > 2e-3*(1+math.Abs(want)) {
				t.Errorf("%s: dx[%d] = %v, want %v", c.name, i, dx[i], want)
			}
		}
	}
}

// A class at -Inf is one that is masked out: it costs nothing and gets nothing.
func TestCrossEntropyMaskedClass(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x := []float32{1, -inf32, 3}
		loss, dx := make([]float32, 1), make([]float32, 3)
		CrossEntropyBoth(loss, dx, x, []int32{2}, []float32{1}, 1, 3, 0)
		if want := math.Log1p(math.Exp(-2)); math.Abs(float64(loss[0])-want) > 1e-7 || dx[1] != 0 {
			t.Errorf("loss %v, want %v; dx %v", loss[0], want, dx)
		}
	})
}

func TestArgMax(t *testing.T) {
	nan := float32(math.NaN())
	got := make([]int32, 4)
	ArgMax(got, []float32{1, 3, 3, -1, nan, -2, nan, 5, 0, -inf32, -inf32, -inf32}, 4, 3)
	if want := []int32{1, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("ArgMax = %v, want %v", got, want)
	}
}

func TestRowPanics(t *testing.T) {
	x, l := make([]float32, 6), []int32{0, 3}
	for what, f := range map[string]func(){
		"short x":     func() { Softmax(x, x[:5], 2, 3) },
		"short gamma": func() { LayerNorm(x, x, x, x, x[:2], nil, 2, 3, 0) },
		"label":       func() { CrossEntropy(x, x, l, 2, 3, 0) },
		"no loss":     func() { CrossEntropy(nil, x, l, 2, 3, 0) },
		"short rows":  func() { RowSum(x, x, 2, 3, 4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}

func TestRowAllocs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	o, narrow := makeOperands(r, 10, 37, plain), makeOperands(r, 40, 9, plain)
	acc := make([]float64, 37)
	eachTier(t, func(t *testing.T) {
		for i := range rowCases {
			for _, o := range []*operands{o, narrow} {
				var out [][]float32
				for _, n := range rowCases[i].outs(o.rows, o.cols) {
					out = append(out, make([]float32, n))
				}
				if n := testing.AllocsPerRun(5, func() { rowCases[i].f(out, o) }); n != 0 {
					t.Errorf("%s %dx%d: %v allocations", rowCases[i].name, o.rows, o.cols, n)
				}
			}
		}
		chains, codes := &Chains{Chain: o.x, Cols: 7}, []int32{Code(0, CodeFirst), Code(1, CodeAdd)}
		if n := testing.AllocsPerRun(5, func() {
			SumRows(acc, o.x, 10, 37, 37)
			SumSquares(o.x)
			DropoutMask(o.y, 10, 37, [2]uint32{1, 2}, 3, 4, 5)
			SetRows(o.x, o.y, o.labels[:5], 7)
			chains.Add(o.y, codes, 0, 7)
		}); n != 0 {
			t.Errorf("sums, mask, scatter: %v allocations", n)
		}
	})
}
