package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is what the generator needs of an instruction set: vector registers and
// moves that touch only the first lanes of a vector.
type isa struct {
	suffix string
	bytes  int // in a vector
}

var (
	avx512 = isa{"AVX512", 64}
	avx2   = isa{"AVX2", 32}
)

func (s isa) vec() reg.VecVirtual {
	if s == avx512 {
		return ZMM()
	}
	return YMM()
}

func (s isa) zero(v reg.Register) {
	if s == avx512 {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

// loadLanes reads the lanes of mask from m and sets the others to zero. A mask is
// a mask register in AVX-512, a vector in AVX2 (there v may be mask itself).
func (s isa) loadLanes(m Mem, mask, v reg.Register) {
	if s == avx512 {
		VMOVUPS_Z(m, mask, v)
	} else {
		VMASKMOVPS(m, mask, v)
	}
}

func (s isa) storeLanes(v, mask reg.Register, m Mem) {
	if s == avx512 {
		VMOVUPS(v, mask, m)
	} else {
		VMASKMOVPS(v, mask, m)
	}
}
