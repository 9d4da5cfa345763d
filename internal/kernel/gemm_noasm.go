//go:build !amd64 || purego

package kernel

type tileArgs struct{}

func multiply(p *product, s *Scratch) { multiplyGo(p, s) }

func transpose(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	transposeGo(rows, cols, src, lds, dst, ldd)
}
