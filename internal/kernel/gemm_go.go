package kernel

// The plain Go tier: gemmRef's chains, faster. Operands are widened to float64
// once, B in panels of goNR columns and A in panels of goMR rows, with k running
// slowest; the inner loop is then a multiplication, an addition, the test for
// doubt and the rounding to float32 (see fma32). Where one of four sums is in
// doubt all four are rounded to odd, which is right in any case.

const goMR, goNR = 2, 4

func multiplyGo(p *product, s *Scratch) {
	if p.init != Accumulate {
		p.startChains()
	}
	m, n, k := p.m, p.n, p.k
	wide := s.F64(slotGoB, (n+goNR-1)/goNR*goNR*k)
	widen(wide, n, goNR, k, p.b, p.csb, p.rsb)
	rows := s.F64(slotGoA, goMR*k)
	for i := 0; i < m; i += goMR {
		widen(rows, min(goMR, m-i), goMR, k, p.a[i*p.rsa:], p.rsa, p.csa)
		for j := 0; j < n; j += goNR {
			goTile(min(goMR, m-i), min(goNR, n-j), rows, wide[j*k:][:goNR*k], p.c[i*p.ldc+j:], p.ldc)
		}
	}
}

// Scratch slots of the plain Go tier.
const slotGoB, slotGoA = 0, 1

// widen copies the n vectors x[v*sv+q*sq], q < k, to panels of w vectors:
// dst[(v/w)*w*k + q*w + v%w]. Missing vectors of the last panel become zero.
func widen(dst []float64, n, w, k int, x []float32, sv, sq int) {
	for v0 := 0; v0 < n; v0 += w {
		panel := dst[v0*k:][:w*k]
		if v0+w > n {
			clear(panel)
		}
		for v := range min(w, n-v0) {
			src := x[(v0+v)*sv:]
			for q := range k {
				panel[q*w+v] = float64(src[q*sq])
			}
		}
	}
}

// goTile continues the chains of a goMR x goNR tile of C, of which mr x nr
// elements exist, over panels of A and B.
func goTile(mr, nr int, a, b []float64, c []float32, ldc int) {
	var acc [goMR][goNR]float64 // float32 values
	for i := range mr {
		for j := range nr {
			acc[i][j] = float64(c[i*ldc+j])
		}
	}
	if mr == 1 {
		goRow(&acc[0], a, b)
	} else {
		goRows(&acc, a, b)
	}
	for i := range mr {
		for j := range nr {
			c[i*ldc+j] = float32(acc[i][j])
		}
	}
}

func goRows(acc *[goMR][goNR]float64, a, b []float64) {
	c0, c1, c2, c3 := acc[0][0], acc[0][1], acc[0][2], acc[0][3]
	d0, d1, d2, d3 := acc[1][0], acc[1][1], acc[1][2], acc[1][3]
	for len(a) >= goMR && len(b) >= goNR {
		x, y, b0, b1, b2, b3 := a[0], a[1], b[0], b[1], b[2], b[3]
		s0, s1, s2, s3 := x*b0+c0, x*b1+c1, x*b2+c2, x*b3+c3
		if fmaDoubtful(s0) || fmaDoubtful(s1) || fmaDoubtful(s2) || fmaDoubtful(s3) {
			s0, s1, s2, s3 = fmaOdd(x, b0, c0), fmaOdd(x, b1, c1), fmaOdd(x, b2, c2), fmaOdd(x, b3, c3)
		}
		c0, c1, c2, c3 = float64(float32(s0)), float64(float32(s1)), float64(float32(s2)), float64(float32(s3))
		s0, s1, s2, s3 = y*b0+d0, y*b1+d1, y*b2+d2, y*b3+d3
		if fmaDoubtful(s0) || fmaDoubtful(s1) || fmaDoubtful(s2) || fmaDoubtful(s3) {
			s0, s1, s2, s3 = fmaOdd(y, b0, d0), fmaOdd(y, b1, d1), fmaOdd(y, b2, d2), fmaOdd(y, b3, d3)
		}
		d0, d1, d2, d3 = float64(float32(s0)), float64(float32(s1)), float64(float32(s2)), float64(float32(s3))
		a, b = a[goMR:], b[goNR:]
	}
	*acc = [goMR][goNR]float64{{c0, c1, c2, c3}, {d0, d1, d2, d3}}
}

// goRow is goRows for the first row alone; a has goMR rows all the same.
func goRow(acc *[goNR]float64, a, b []float64) {
	c0, c1, c2, c3 := acc[0], acc[1], acc[2], acc[3]
	for len(a) >= goMR && len(b) >= goNR {
		x, b0, b1, b2, b3 := a[0], b[0], b[1], b[2], b[3]
		s0, s1, s2, s3 := x*b0+c0, x*b1+c1, x*b2+c2, x*b3+c3
		if fmaDoubtful(s0) || fmaDoubtful(s1) || fmaDoubtful(s2) || fmaDoubtful(s3) {
			s0, s1, s2, s3 = fmaOdd(x, b0, c0), fmaOdd(x, b1, c1), fmaOdd(x, b2, c2), fmaOdd(x, b3, c3)
		}
		c0, c1, c2, c3 = float64(float32(s0)), float64(float32(s1)), float64(float32(s2)), float64(float32(s3))
		a, b = a[goMR:], b[goNR:]
	}
	*acc = [goNR]float64{c0, c1, c2, c3}
}
