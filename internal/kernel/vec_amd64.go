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

// fusedIndex returns the entry of the kernel for a program, or -1. A program of
// one op on streams is the op's own kernel.
func fusedIndex(key string) int {
	for op := range numOps {
		if key == opKeys[op] {
			return int(op)
		}
	}
	for i, k := range fusedKeys {
		if k == key {
			return kFused + i
		}
	}
	return -1
}

// opKeys are the keys of the ops on streams: "x2=add(x0,x1)".
var opKeys = func() (keys [numOps]string) {
	for op := range numOps {
		n := op.Arity()
		p := Program{Code: []Instr{{Op: op, A: StreamRef(0), B: StreamRef(1), C: StreamRef(2), Dst: StreamRef(n)}}}
		keys[op] = p.Key()
	}
	return keys
}()
