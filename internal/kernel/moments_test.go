package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rough returns numbers with a mean far from 0.
func rough(n int, seed uint32) []float32 {
	x := make([]float32, n)
	for i := range x {
		seed = seed*1664525 + 1013904223
		x[i] = 3 + float32(int32(seed>>8)%1000)/256
	}
	return x
}

// TestMomentBits: both sums on every tier are the chains of their definition.
func TestMomentBits(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 13))
		for cols := range 140 {
			rows, pad := r.IntN(6), r.IntN(4)
			if cols%32 == 16 {
				rows = 2500
			}
			x, dy, shift := values(r, rows*(cols+pad)), values(r, rows*(cols+pad)), values(r, cols)
			start := make([]float64, 2*cols+1)
			for j := range start {
				start[j] = r.NormFloat64()
			}
			got, want := slices.Clone(start), slices.Clone(start)
			products, wantProducts := slices.Clone(start), slices.Clone(start)
			for i := range rows {
				for j := range cols {
					d, g := float64(x[i*(cols+pad)+j])-float64(shift[j]), float64(dy[i*(cols+pad)+j])
					want[j], want[cols+j] = want[j]+d, math.FMA(d, d, want[cols+j])
					wantProducts[j], wantProducts[cols+j] = wantProducts[j]+g, math.FMA(g, d, wantProducts[cols+j])
				}
			}
			SumMoments(got[:cols], got[cols:], x, shift, rows, cols, cols+pad)
			checkSame64(t, fmt.Sprintf("moments %dx%d", rows, cols), got, want)
			SumProducts(products[:cols], products[cols:], x, dy, shift, rows, cols, cols+pad)
			checkSame64(t, fmt.Sprintf("products %dx%d", rows, cols), products, wantProducts)
		}
	})
}

// TestMomentsInPortions: portions of rows and of columns give the bits of all
// at once, and those are within rounding of sums over each column by itself.
func TestMomentsInPortions(t *testing.T) {
	for _, c := range []struct{ rows, cols int }{{1, 1}, {5, 3}, {37, 70}, {64, 16}} {
		x, dy, shift := rough(c.rows*c.cols, 1), rough(c.rows*c.cols, 2), rough(c.cols, 3)
		for name, sum := range map[string]func(a, b []float64, row, rows, from, to int){
			"moments": func(a, b []float64, row, rows, from, to int) {
				SumMoments(a, b, x[row*c.cols+from:], shift[from:to], rows, to-from, c.cols)
			},
			"products": func(a, b []float64, row, rows, from, to int) {
				at := row*c.cols + from
				SumProducts(a, b, x[at:], dy[at:], shift[from:to], rows, to-from, c.cols)
			},
		} {
			whole, parts := make([]float64, 2*c.cols), make([]float64, 2*c.cols)
			sum(whole[:c.cols], whole[c.cols:], 0, c.rows, 0, c.cols)
			cut := c.cols / 2
			for row := 0; row < c.rows; row += 3 {
				rows := min(3, c.rows-row)
				sum(parts[:cut], parts[c.cols:c.cols+cut], row, rows, 0, cut)
				sum(parts[cut:c.cols], parts[c.cols+cut:], row, rows, cut, c.cols)
			}
			if !slices.Equal(whole, parts) {
				t.Errorf("%s %v: portions differ", name, c)
			}
			for j := range c.cols {
				first, second := 0.0, 0.0
				for i := range c.rows {
					d, g := float64(x[i*c.cols+j])-float64(shift[j]), float64(dy[i*c.cols+j])
					if name == "moments" {
						first, second = first+d, second+d*d
					} else {
						first, second = first+g, second+g*d
					}
				}
				if math.Abs(whole[j]-first) > 1e-10 || math.Abs(whole[c.cols+j]-second) > 1e-9 {
					t.Errorf("%s %v, column %d: %v and %v, want %v and %v", name, c, j, whole[j], whole[c.cols+j], first, second)
				}
			}
		}
	}
}

// TestGroupKernels: a normalized group has mean 0 and variance 1, its gradient
// is that of finite differences, and its sums are the mean and the variance.
func TestGroupKernels(t *testing.T) {
	const rows, cols, eps = 6, 5, 0.01
	var s Scratch
	x, dy := rough(rows*cols, 4), rough(rows*cols, 5)
	y, dx := make([]float32, rows*cols), make([]float32, rows*cols)
	NormalizeGroup(y, x, rows, cols, eps, &s)
	NormalizeGroupGrad(dx, x, dy, rows, cols, eps, &s)
	acc := make([]float64, 2*cols)
	SumGroupMoments(acc[:cols], acc[cols:], x, rows, cols, &s)
	for j := range cols {
		mean, square, variance := 0.0, 0.0, 0.0
		for i := range rows {
			mean += float64(x[i*cols+j]) / rows
			square += float64(y[i*cols+j]) * float64(y[i*cols+j]) / rows
		}
		for i := range rows {
			variance += (float64(x[i*cols+j]) - mean) * (float64(x[i*cols+j]) - mean) / rows
		}
		if want := variance / (variance + eps); math.Abs(square-want) > 1e-5 {
			t.Errorf("column %d: mean square %v, want %v", j, square, want)
		}
		if math.Abs(acc[j]-mean*rows) > 1e-9 || math.Abs(acc[cols+j]-variance*rows*rows/(rows-1)) > 1e-9 {
			t.Errorf("column %d: sums %v and %v, mean %v, variance %v", j, acc[j], acc[cols+j], mean, variance)
		}
	}
	value := func() (sum float64) {
		NormalizeGroup(y, x, rows, cols, eps, &s)
		for i := range y {
			sum += float64(y[i]) * float64(dy[i])
		}
		return sum
	}
	for i := range x {
		const h = 1.0 / 64
		was := x[i]
		x[i] = was + h
		up := value()
		x[i] = was - h
		down := value()
		x[i] = was
		if got, want := float64(dx[i]), (up-down)/(2*h); math.Abs(got-want) > 2e-3 {
			t.Errorf("gradient of element %d is %v, want %v", i, got, want)
		}
	}
}
