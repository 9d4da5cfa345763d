package kernel

// The plain Go tier: gemmRef's chains, faster. Operands are widened to float64
// once, into panels of goMR rows of A and goNR columns of B with k contiguous;
// the inner loop then needs a multiplication, an addition, the test for the
// rare slow case and the rounding to float32 (see fma32).

const goMR, goNR = 2, 4

func gemmGo(m, n, k int, a []float32, rsa, csa int, b []float32, rsb, csb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if init != Accumulate {
		startChains(m, n, c, ldc, init, bias)
	}
	wide := s.F64(0, (n+goNR-1)/goNR*goNR*k)
	widen(wide, n, goNR, k, b, csb, rsb)
	rows := s.F64(1, goMR*k)
	for i := 0; i < m; i += goMR {
		mr := min(goMR, m-i)
		widen(rows, mr, goMR, k, a[i*rsa:], rsa, csa)
		for j := 0; j < n; j += goNR {
			goTile(mr, min(goNR, n-j), k, rows, wide[j*k:][:goNR*k], c[i*ldc+j:], ldc)
		}
	}
}

// widen copies the vectors x[v*sv+p*sp], v < n, to panels of w vectors:
// dst[(v/w)*w*k + p*w + v%w]. Missing vectors of the last panel become zero.
func widen(dst []float64, n, w, k int, x []float32, sv, sp int) {
	for v0 := 0; v0 < n; v0 += w {
		panel := dst[v0*k:][:w*k]
		if v0+w > n {
			clear(panel)
		}
		for v := range min(w, n-v0) {
			src := x[(v0+v)*sv:]
			for p := range k {
				panel[p*w+v] = float64(src[p*sp])
			}
		}
	}
}

// goTile continues the chains of a goMR x goNR tile of C, of which mr x nr
// elements exist.
func goTile(mr, nr, k int, a, b []float64, c []float32, ldc int) {
	var acc [goMR][goNR]float64 // float32 values
	for i := range mr {
		for j := range nr {
			acc[i][j] = float64(c[i*ldc+j])
		}
	}
	a, b = a[:goMR*k], b[:goNR*k]
	c00, c01, c02, c03 := acc[0][0], acc[0][1], acc[0][2], acc[0][3]
	c10, c11, c12, c13 := acc[1][0], acc[1][1], acc[1][2], acc[1][3]
	for len(a) >= goMR && len(b) >= goNR {
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		x := a[0]
		c00 = wideFMA(x, b0, c00)
		c01 = wideFMA(x, b1, c01)
		c02 = wideFMA(x, b2, c02)
		c03 = wideFMA(x, b3, c03)
		x = a[1]
		c10 = wideFMA(x, b0, c10)
		c11 = wideFMA(x, b1, c11)
		c12 = wideFMA(x, b2, c12)
		c13 = wideFMA(x, b3, c13)
		a, b = a[goMR:], b[goNR:]
	}
	acc = [goMR][goNR]float64{{c00, c01, c02, c03}, {c10, c11, c12, c13}}
	for i := range mr {
		for j := range nr {
			c[i*ldc+j] = float32(acc[i][j])
		}
	}
}

// wideFMA is fma32 for float32 values held as float64.
func wideFMA(x, y, z float64) float64 {
	s := x*y + z
	if fmaExact(s) {
		return float64(float32(s))
	}
	return float64(fmaSlow(x*y, z))
}
