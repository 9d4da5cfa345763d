// Package peak runs a core at its highest rate of float32 fused multiply-adds.
package peak

import "github.com/descent-ml/descent/internal/cpu"

func fma512(n int)
func fma256(n int)

// Block runs fused multiply-adds in registers, about 0.1 ms of them,
// and returns their floating-point operations.
func Block(isa cpu.ISA) float64 {
	switch isa {
	case cpu.AVX512:
		const n = 1 << 15
		fma512(n)
		return n * 24 * 32
	case cpu.AVX2:
		const n = 1 << 16
		fma256(n)
		return n * 12 * 16
	}
	return 0
}
