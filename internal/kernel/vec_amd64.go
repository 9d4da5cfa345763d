//go:build !purego

package kernel

import (
	"sync"

	"github.com/descent-ml/descent/internal/cpu"
)

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

// fusedPrograms are the programs of the table.
var fusedPrograms = sync.OnceValue(func() (table []*Program) {
	for _, key := range fusedKeys {
		p, err := ParseProgram(key)
		if err != nil {
			panic(err) // TestFused parses the table
		}
		table = append(table, p)
	}
	return table
})

// findFused returns the kernel of the table for a program, if any.
func findFused(p *Program) match {
	for i, table := range fusedPrograms() {
		if m, ok := matchProgram(p, table); ok {
			m.kernel = kFused + i
			return m
		}
	}
	return match{}
}
