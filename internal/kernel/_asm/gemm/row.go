package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowDepth is how many rows of B a row kernel takes at once.
const rowDepth = 4

// row emits the product of one row of A with a matrix that comes from memory and
// not from a cache:
//
//	for p := 0; p < k; p += 4 {
//		for j := range vectors {
//			for q := range 4 { C[j] = fma(A[p+q], B[p+q][j], C[j]) }
//		}
//	}
//
// Whole rows of B are read at the speed of the memory, which the panels of a tile
// are not: each is asked for, into the second cache, four rows before it is used.
// C stays in the first. It reads tileArgs: k is a multiple of 4, tiles the number
// of full vectors; neither is 0.
func row(s isa) {
	TEXT("row"+s.suffix, NOSPLIT, "func(args *int)")
	Pragma("noescape")
	r := &rowKernel{isa: s, c: GP64()}
	args := Load(Param("args"), GP64())
	field := func(off int) reg.GPVirtual {
		v := GP64()
		MOVQ(Mem{Base: args, Disp: off}, v)
		return v
	}
	k, a, csa, b, c, vectors := field(argK), field(argA), field(argCSA), field(argB), field(argC), field(argTiles)
	r.ldb = field(argLDB)
	left := GP64()
	Label("rows")
	for range rowDepth {
		x, p := s.vec(), GP64()
		VBROADCASTSS(Mem{Base: a}, x)
		ADDQ(csa, a)
		MOVQ(b, p)
		ADDQ(r.ldb, b)
		r.a, r.b = append(r.a, x), append(r.b, p)
	}
	MOVQ(c, r.c)
	MOVQ(vectors, left)
	SUBQ(Imm(8), left)
	JLT(LabelRef("few"))
	Label("eight")
	r.step(8)
	SUBQ(Imm(8), left)
	JGE(LabelRef("eight"))
	Label("few")
	ADDQ(Imm(8), left)
	JEQ(LabelRef("next"))
	Label("one")
	r.step(1)
	DECQ(left)
	JNE(LabelRef("one"))
	Label("next")
	SUBQ(Imm(rowDepth), k)
	JNE(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

// rowKernel holds the registers of one kernel.
type rowKernel struct {
	isa
	a      []reg.VecVirtual
	b      []reg.GPVirtual // addresses in the rows of B
	c, ldb reg.GPVirtual
}

// step computes n vectors of C.
func (r *rowKernel) step(n int) {
	v := make([]reg.VecVirtual, n)
	for j := range v {
		v[j] = r.vec()
		VMOVUPS(Mem{Base: r.c, Disp: j * r.bytes}, v[j])
	}
	for i, b := range r.b {
		for j := range v {
			if j*r.bytes%64 == 0 {
				PREFETCHT1(Mem{Base: b, Index: r.ldb, Scale: rowDepth, Disp: j * r.bytes})
			}
			VFMADD231PS(Mem{Base: b, Disp: j * r.bytes}, r.a[i], v[j])
		}
	}
	for j := range v {
		VMOVUPS(v[j], Mem{Base: r.c, Disp: j * r.bytes})
	}
	for _, p := range append(r.b[:len(r.b):len(r.b)], r.c) {
		ADDQ(I32(int32(n*r.bytes)), p)
	}
}
