package kernel

import (
	"math/rand/v2"
	"testing"
)

func perColumn(_, cols int) []int { return []int{cols} }
func twice(rows, cols int) []int  { return []int{rows * cols, rows * cols} }

// downScratch is of the cases, which allocate nothing themselves.
var downScratch Scratch

// firstMaxCase gives the maxima of the columns of x a gradient.
func firstMaxCase(out [][]float32, o *operands) {
	y := downScratch.F32(15, o.cols)
	MaxDown(y, o.x, o.rows, o.cols, o.cols)
	FirstMax(out[0], o.x, y, o.g, o.rows, o.cols, &downScratch)
}

// TestDown compares the kernels along positions with loops.
func TestDown(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 1))
		var s Scratch
		for _, cols := range []int{1, 5, 16, 40} {
			for rows := range 9 {
				x, dy := make([]float32, rows*cols), values(r, cols)
				for i := range x {
					x[i] = float32(r.IntN(5)) - 2 // ties
				}
				sum, top, dx := make([]float32, cols), make([]float32, cols), make([]float32, rows*cols)
				want := make([]float32, rows*cols)
				wantSum, wantTop := make([]float32, cols), make([]float32, cols)
				for j := range cols {
					first := 0
					for i := range rows {
						wantSum[j] += x[i*cols+j]
						if x[i*cols+j] > x[first*cols+j] {
							first = i
						}
					}
					if rows > 0 {
						wantTop[j], want[first*cols+j] = x[first*cols+j], dy[j]
					}
				}
				SumDown(sum, x, rows, cols, cols)
				MaxDown(top, x, rows, cols, cols)
				FirstMax(dx, x, top, dy, rows, cols, &s)
				checkSame(t, "SumDown", sum, wantSum)
				checkSame(t, "MaxDown", top, wantTop)
				checkSame(t, "FirstMax", dx, want)
			}
		}
	})
}
