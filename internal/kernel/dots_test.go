package kernel

import (
	"fmt"
	"math"
	"testing"
)

// chained is Σⱼ z[j]·y[j][i] as one chain of fused multiply-adds.
func chained(z, y []float32, n, k, i int) float32 {
	var acc float32
	for j := range n {
		acc = fma32(z[j], y[j*k+i], acc)
	}
	return acc
}

// TestDots compares the products of the vectors of an example with their
// definitions, bit by bit, on every tier.
func TestDots(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for _, c := range [][2]int{{1, 1}, {2, 16}, {3, 17}, {5, 64}, {27, 16}, {33, 100}} {
			n, k := c[0], c[1]
			x, y, z := rough(k, 1), rough(n*k, 2), rough(n, 3)
			same := func(what string, got []float32, want func(i int) float32) {
				for i, g := range got {
					if w := want(i); math.Float32bits(g) != math.Float32bits(w) {
						t.Errorf("%s %v, element %d: %v, want %v", what, c, i, g, w)
						return
					}
				}
			}
			out := make([]float32, n)
			Dots(out, x, y, n, k)
			same("dots", out, func(j int) float32 { return rowDot(x, y[j*k:][:k]) })
			out = make([]float32, k)
			Mix(out, z, y, n, k, &s)
			same("mix", out, func(i int) float32 { return chained(z, y, n, k, i) })
			out = make([]float32, n*k)
			Outer(out, z, x, n, k, &s)
			same("outer", out, func(i int) float32 { return z[i/k] * x[i%k] })
			checkPairs(same, y, n, k, &s)
		}
	})
}

func checkPairs(same func(string, []float32, func(int) float32), x []float32, n, k int, s *Scratch) {
	z, dz := make([]float32, n*(n-1)/2), rough(n*(n-1)/2, 4)
	PairDots(z, x, n, k)
	full, at := make([]float32, n*n), 0
	for i := range n {
		from := at
		for j := range i {
			full[i*n+j], full[j*n+i] = dz[at], dz[at]
			at++
		}
		same(fmt.Sprintf("pairs of row %d", i), z[from:at], func(j int) float32 { return rowDot(x[i*k:][:k], x[j*k:][:k]) })
	}
	dx := make([]float32, n*k)
	PairDotsGrad(dx, x, dz, n, k, s)
	same("pair gradient", dx, func(i int) float32 { return chained(full[i/k*n:], x, n, k, i%k) })
}
