//go:build !purego

package kernel

import "github.com/descent-ml/descent/internal/cpu"

func init() {
	onUse(func(isa cpu.ISA) {
		switch isa {
		case cpu.AVX512:
			vecTable = vecTableAVX512()[:]
		case cpu.AVX2:
			vecTable = vecTableAVX2()[:]
		default:
			vecTable = nil
		}
	})
}

// fusedIndex returns the entry of the kernel for a program of the table, or -1.
func fusedIndex(key string) int {
	for i, k := range fusedKeys {
		if k == key {
			return kFused + i
		}
	}
	return -1
}
