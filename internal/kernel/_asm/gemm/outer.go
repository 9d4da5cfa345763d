package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outer emits the product of a column and a row, k = 1, which is all stores:
//
//	for i := range rows { for j := range vectors { C[i][j] = fma(A[i], B[j], 0) } }
//
// row by row, because the memory takes consecutive stores fastest. It reads
// tileArgs: rows is in tiles, the number of full vectors, not 0, in k.
func outer(s isa) {
	TEXT("outer"+s.suffix, NOSPLIT, "func(args *int)")
	Pragma("noescape")
	args := Load(Param("args"), GP64())
	field := func(off int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: args, Disp: off}, r)
		return r
	}
	a, rs, ldc, c0, rows := field(argA), field(argRSA), field(argLDC), field(argC), field(argTiles)
	vectors, b0 := field(argK), field(argB)
	a1, off, left := s.vec(), GP64(), GP64()
	zero := s.vec()
	s.zero(zero)
	cell := func(base reg.Register, j int) Mem {
		return Mem{Base: base, Index: off, Scale: 1, Disp: j * s.bytes}
	}
	emit := func(n int) {
		v := make([]reg.VecVirtual, n)
		for j := range v {
			v[j] = s.vec()
			VMULPS(cell(b0, j), a1, v[j])
		}
		for j := range v {
			VADDPS(zero, v[j], v[j]) // -0 becomes +0, as in a chain from 0
			VMOVUPS(v[j], cell(c0, j))
		}
		ADDQ(I32(int32(n*s.bytes)), off)
	}
	Label("row")
	VBROADCASTSS(Mem{Base: a}, a1)
	XORQ(off, off)
	MOVQ(vectors, left)
	SUBQ(Imm(4), left)
	JLT(LabelRef("rest"))
	Label("four")
	emit(4)
	SUBQ(Imm(4), left)
	JGE(LabelRef("four"))
	Label("rest")
	ADDQ(Imm(4), left)
	JEQ(LabelRef("next"))
	Label("one")
	emit(1)
	DECQ(left)
	JNE(LabelRef("one"))
	Label("next")
	ADDQ(rs, a)
	ADDQ(ldc, c0)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
