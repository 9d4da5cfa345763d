//go:build !amd64 || purego

package kernel

type tileArgs struct{}

func gemmNN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	gemmGo(m, n, k, a, lda, 1, b, ldb, 1, c, ldc, init, bias, s)
}

func gemmNT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	gemmGo(m, n, k, a, lda, 1, b, 1, ldb, c, ldc, init, bias, s)
}

func gemmTN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	gemmGo(m, n, k, a, 1, lda, b, ldb, 1, c, ldc, init, bias, s)
}

func transpose(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	transposeGo(rows, cols, src, lds, dst, ldd)
}
