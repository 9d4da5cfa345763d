package kernel

import "fmt"

// Init says where the chains of a matrix product start.
type Init uint8

const (
	Zero       Init = iota // C = A·B
	Accumulate             // C += A·B: each chain goes on from C
	Bias                   // C = bias + A·B: the chains of column j start at bias[j]
)

// A matrix is a slice and the distance ld between the starts of its rows, in
// elements, at least the number of columns; what lies between a row's end and
// the next row is never touched. Each element is one chain in the order of k:
//
//	acc := 0, C[i][j] or bias[j]
//	for p := range k { acc = fma(A[i][p], B[p][j], acc) }
//	C[i][j] = acc
//
// so the bits depend neither on the tier nor on how the caller cuts m, n (any
// cut) or k (in order, with Accumulate from the second part on). NaN and Inf
// follow from the chain. With k = 0, C becomes its start. C must not overlap A,
// B or bias; bias is read only with Bias. Different goroutines may write
// different parts of one C, each with its own Scratch.

// GemmNN computes C (m, n) = A (m, k) · B (k, n).
func GemmNN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("a", m, k, a, lda)
	checkMatrix("b", k, n, b, ldb)
	checkOutput(m, n, c, ldc, init, bias)
	if k == 0 {
		startChains(m, n, c, ldc, init, bias)
		return
	}
	gemmNN(m, n, k, a, lda, b, ldb, c, ldc, init, bias, s)
}

// GemmNT computes C (m, n) = A (m, k) · Bᵀ with B (n, k).
func GemmNT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("a", m, k, a, lda)
	checkMatrix("b", n, k, b, ldb)
	checkOutput(m, n, c, ldc, init, bias)
	if k == 0 {
		startChains(m, n, c, ldc, init, bias)
		return
	}
	gemmNT(m, n, k, a, lda, b, ldb, c, ldc, init, bias, s)
}

// GemmTN computes C (m, n) = Aᵀ · B with A (k, m), B (k, n).
func GemmTN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("a", k, m, a, lda)
	checkMatrix("b", k, n, b, ldb)
	checkOutput(m, n, c, ldc, init, bias)
	if k == 0 {
		startChains(m, n, c, ldc, init, bias)
		return
	}
	gemmTN(m, n, k, a, lda, b, ldb, c, ldc, init, bias, s)
}

// checkMatrix panics unless x holds rows x cols with row distance ld.
func checkMatrix(name string, rows, cols int, x []float32, ld int) {
	if rows > 0 && cols > 0 && (ld < cols || len(x) < (rows-1)*ld+cols) {
		badMatrix(name, rows, cols, len(x), ld)
	}
}

func badMatrix(name string, rows, cols, length, ld int) {
	if ld < cols {
		panic(fmt.Sprintf("kernel: gemm: ld%s=%d, want >= %d", name, ld, cols))
	}
	panic(fmt.Sprintf("kernel: gemm: len(%s)=%d, want >= %d", name, length, (rows-1)*ld+cols))
}

func checkOutput(m, n int, c []float32, ldc int, init Init, bias []float32) {
	checkMatrix("c", m, n, c, ldc)
	if init == Bias && len(bias) < n {
		panic(fmt.Sprintf("kernel: gemm: len(bias)=%d, want >= %d", len(bias), n))
	}
}

// startChains writes what C is before the first k.
func startChains(m, n int, c []float32, ldc int, init Init, bias []float32) {
	for i := range m {
		row := c[i*ldc:][:n]
		switch init {
		case Zero:
			clear(row)
		case Bias:
			copy(row, bias)
		}
	}
}
