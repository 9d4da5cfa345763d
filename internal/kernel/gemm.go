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
	checkMatrix("a", m, k, len(a), lda)
	checkMatrix("b", k, n, len(b), ldb)
	p := product{m: m, n: n, k: k, a: a, rsa: lda, csa: 1, b: b, rsb: ldb, csb: 1, c: c, ldc: ldc, init: init, bias: bias}
	p.run(s)
}

// GemmNT computes C (m, n) = A (m, k) · Bᵀ with B (n, k).
func GemmNT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	checkMatrix("a", m, k, len(a), lda)
	checkMatrix("b", n, k, len(b), ldb)
	p := product{m: m, n: n, k: k, a: a, rsa: lda, csa: 1, b: b, rsb: 1, csb: ldb, c: c, ldc: ldc, init: init, bias: bias}
	p.run(s)
}

// GemmTN computes C (m, n) = Aᵀ · B with A (k, m), B (k, n).
func GemmTN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	checkMatrix("a", k, m, len(a), lda)
	checkMatrix("b", k, n, len(b), ldb)
	p := product{m: m, n: n, k: k, a: a, rsa: 1, csa: lda, b: b, rsb: ldb, csb: 1, c: c, ldc: ldc, init: init, bias: bias}
	p.run(s)
}

// product is one matrix product, the orientation turned into strides: A[i][p] is
// a[i*rsa+p*csa], B[p][j] is b[p*rsb+j*csb].
type product struct {
	m, n, k  int
	a        []float32
	rsa, csa int
	b        []float32
	rsb, csb int
	c        []float32
	ldc      int
	init     Init
	bias     []float32
}

// run checks C and bias and computes the product on the tier in use.
func (p *product) run(s *Scratch) {
	if p.m <= 0 || p.n <= 0 {
		return
	}
	checkMatrix("c", p.m, p.n, len(p.c), p.ldc)
	if p.init == Bias && len(p.bias) < p.n {
		panic(fmt.Sprintf("kernel: gemm: len(bias)=%d, want >= %d", len(p.bias), p.n))
	}
	if p.k <= 0 {
		p.startChains()
		return
	}
	multiply(p, s)
}

// checkMatrix panics unless a slice holds rows x cols with row distance ld. It is
// small enough to be inlined.
func checkMatrix(name string, rows, cols, length, ld int) {
	if ld < cols || length < (rows-1)*ld+cols {
		badMatrix(name, rows, cols, length, ld)
	}
}

func badMatrix(name string, rows, cols, length, ld int) {
	switch {
	case rows <= 0 || cols <= 0: // nothing is read
	case ld < cols:
		panic(fmt.Sprintf("kernel: gemm: ld%s=%d, want >= %d", name, ld, cols))
	default:
		panic(fmt.Sprintf("kernel: gemm: len(%s)=%d, want >= %d", name, length, (rows-1)*ld+cols))
	}
}

// startChains writes what C is before the first k.
func (p *product) startChains() {
	for i := range p.m {
		row := p.c[i*p.ldc:][:p.n]
		switch p.init {
		case Zero:
			clear(row)
		case Bias:
			copy(row, p.bias)
		}
	}
}
