package kernel

import (
	"math"
	"unsafe"
)

// Sums of batch normalization: float64, one chain for each column over the rows
// in order, so that rows may come in any portions and columns may be cut.

// SumMoments adds, for each row of x (rows, cols; row stride ldx), d to acc1 and
// d² to acc2, d = float64(x) - float64(shift): acc2[j] = FMA(d, d, acc2[j]).
func SumMoments(acc1, acc2 []float64, x, shift []float32, rows, cols, ldx int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	need("acc1", len(acc1), cols)
	need("acc2", len(acc2), cols)
	need("x", len(x), (rows-1)*ldx+cols)
	need("shift", len(shift), cols)
	if vecTable != nil {
		a := momentArgs(acc1, acc2, x, shift, cols, ldx)
		a.callRows(kSumMoments, rows)
		return
	}
	acc1, acc2, shift = acc1[:cols], acc2[:cols], shift[:cols]
	for i := range rows {
		for j, v := range x[i*ldx:][:cols] {
			d := float64(v) - float64(shift[j])
			acc1[j] += d
			acc2[j] = math.FMA(d, d, acc2[j])
		}
	}
}

// SumProducts adds, for each row of x and dy (rows, cols; row stride ldx), dy to
// acc1 and dy·(x - mean) to acc2: acc2[j] = FMA(dy, x - mean, acc2[j]), all in
// float64.
func SumProducts(acc1, acc2 []float64, x, dy, mean []float32, rows, cols, ldx int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	need("acc1", len(acc1), cols)
	need("acc2", len(acc2), cols)
	need("x", len(x), (rows-1)*ldx+cols)
	need("dy", len(dy), (rows-1)*ldx+cols)
	need("mean", len(mean), cols)
	if vecTable != nil {
		a := momentArgs(acc1, acc2, x, mean, cols, ldx)
		a.set(4, dy, ldx)
		a.callRows(kSumProducts, rows)
		return
	}
	acc1, acc2, mean = acc1[:cols], acc2[:cols], mean[:cols]
	for i := range rows {
		x := x[i*ldx:][:cols]
		for j, g := range dy[i*ldx:][:cols] {
			acc1[j] += float64(g)
			acc2[j] = math.FMA(float64(g), float64(x[j])-float64(mean[j]), acc2[j])
		}
	}
}

// momentArgs are the streams that both kernels take (_asm/vec/moments.go).
func momentArgs(acc1, acc2 []float64, x, shift []float32, cols, ldx int) vecArgs {
	a := vecArgs{cols: cols}
	a.ptr[0], a.ptr[3] = unsafe.Pointer(&acc1[0]), unsafe.Pointer(&acc2[0])
	a.set(1, x, ldx)
	a.set(2, shift, 0)
	return a
}

// Scratch slots of the group kernels.
const slotGroup, slotGroupRows = 12, 13

// groupSums returns the sums of x - x₀ and of its square over one group of
// rows, x₀ its first row.
func groupSums(x []float32, rows, cols int, s *Scratch) (s1, s2 []float64) {
	acc := s.F64(slotGroup, 4*cols)
	clear(acc)
	SumMoments(acc[:cols], acc[cols:2*cols], x, x[:cols], rows, cols, cols)
	return acc[:cols], acc[cols : 2*cols]
}

// SumGroupMoments adds, for one group of rows of x (rows, cols), the sum of each
// column to acc1 and rows·(unbiased variance) to acc2; 0 for a single row.
func SumGroupMoments(acc1, acc2 []float64, x []float32, rows, cols int, s *Scratch) {
	need("acc1", len(acc1), cols)
	need("acc2", len(acc2), cols)
	s1, s2 := groupSums(x, rows, cols, s)
	n := float64(rows)
	for j := range cols {
		acc1[j] += s1[j] + float64(n*float64(x[j]))
		if rows > 1 {
			acc2[j] += float64(max(0, s2[j]-float64(s1[j]*s1[j])/n) * n / (n - 1))
		}
	}
}

// NormalizeGroup sets y = (x - mean)·r for one group of rows of x (rows, cols),
// mean and r = 1/√(variance + eps) of each column in float64, rounded once.
func NormalizeGroup(y, x []float32, rows, cols int, eps float64, s *Scratch) {
	mean, rstd := groupStats(x, rows, cols, eps, s)
	for i := range rows {
		x, y := x[i*cols:][:cols], y[i*cols:][:cols]
		for j, v := range x {
			y[j] = (v - mean[j]) * rstd[j]
		}
	}
}

// groupStats returns the mean and 1/√(variance + eps) of each column.
func groupStats(x []float32, rows, cols int, eps float64, s *Scratch) (mean, rstd []float32) {
	s1, s2 := groupSums(x, rows, cols, s)
	stats := s.F32(slotGroupRows, 4*cols)
	mean, rstd = stats[:cols], stats[cols:2*cols]
	n := float64(rows)
	for j := range cols {
		m := s1[j] / n
		v := max(0, s2[j]/n-float64(m*m))
		mean[j] = float32(float64(x[j]) + m)
		rstd[j] = float32(1 / math.Sqrt(v+eps))
	}
	return mean, rstd
}

// NormalizeGroupGrad sets dx to the gradient of NormalizeGroup towards x, given
// that of y: FMA(dy, r, FMA(x - mean, slope, center)) with slope = -r³·g₂/rows
// and center = -r·g₁/rows, g₁ = Σ dy and g₂ = Σ dy·(x - mean), in float64,
// rounded once.
func NormalizeGroupGrad(dx, x, dy []float32, rows, cols int, eps float64, s *Scratch) {
	mean, rstd := groupStats(x, rows, cols, eps, s)
	acc := s.F64(slotGroup, 4*cols)
	s1, s2, g := acc[:cols], acc[cols:2*cols], acc[2*cols:]
	clear(g)
	SumProducts(g[:cols], g[cols:], x, dy, mean, rows, cols, cols)
	stats := s.F32(slotGroupRows, 4*cols)
	slope, center := stats[2*cols:3*cols], stats[3*cols:]
	n := float64(rows)
	for j := range cols {
		m := s1[j] / n
		r := 1 / math.Sqrt(max(0, s2[j]/n-float64(m*m))+eps)
		slope[j] = float32(-float64(r*r) * r * g[cols+j] / n)
		center[j] = float32(-r * g[j] / n)
	}
	for i := range rows {
		x, dy, dx := x[i*cols:][:cols], dy[i*cols:][:cols], dx[i*cols:][:cols]
		for j, v := range x {
			dx[j] = fma32(dy[j], rstd[j], fma32(v-mean[j], slope[j], center[j]))
		}
	}
}
