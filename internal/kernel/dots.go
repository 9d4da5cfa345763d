package kernel

// Products of the few vectors of one example. Each is a short sequence of calls
// of RowDot and of matrix products, so its bits are theirs on every tier.

// slotPairs is the scratch of PairDotsGrad.
const slotPairs = 14

// Dots sets z[j] to the dot product of x (k) with row j of y (n, k).
func Dots(z, x, y []float32, n, k int) { RowDot(z, x, y, n, k, 0, k) }

// Mix sets x[i] = Σⱼ z[j]·y[j][i], a chain in the order of j, for y (n, k).
func Mix(x, z, y []float32, n, k int, s *Scratch) {
	GemmNN(1, k, n, z, n, y, k, x, k, Zero, nil, s)
}

// Outer sets y[j][i] = z[j]·x[i]: y (n, k).
func Outer(y, z, x []float32, n, k int, s *Scratch) {
	GemmTN(n, k, 1, z, n, x, k, y, k, Zero, nil, s)
}

// PairDots sets z (n(n-1)/2) to the dot products of row i of x (n, k) with the
// rows j < i, i ascending.
func PairDots(z, x []float32, n, k int) {
	for i := 1; i < n; i++ {
		RowDot(z, x[i*k:], x, i, k, 0, k)
		z = z[i:]
	}
}

// PairDotsGrad sets dx = S·x for x (n, k), S (n, n) being symmetric with dz
// below its diagonal and 0 on it: a chain over the rows of x.
func PairDotsGrad(dx, x, dz []float32, n, k int, s *Scratch) {
	full := s.F32(slotPairs, n*n)
	for i := range n {
		full[i*n+i] = 0
		for j := range i {
			full[i*n+j], full[j*n+i] = dz[j], dz[j]
		}
		dz = dz[i:]
	}
	GemmNN(n, k, n, full, n, x, k, dx, k, Zero, nil, s)
}
