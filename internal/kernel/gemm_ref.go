package kernel

// gemmRef is the definition of all three products: A[i][p] is a[i*rsa+p*csa],
// B[p][j] is b[p*rsb+j*csb].
func gemmRef(m, n, k int, a []float32, rsa, csa int, b []float32, rsb, csb int, c []float32, ldc int, init Init, bias []float32) {
	for i := range m {
		for j := range n {
			var acc float32
			switch init {
			case Accumulate:
				acc = c[i*ldc+j]
			case Bias:
				acc = bias[j]
			}
			for p := range k {
				acc = fma32(a[i*rsa+p*csa], b[p*rsb+j*csb], acc)
			}
			c[i*ldc+j] = acc
		}
	}
}
