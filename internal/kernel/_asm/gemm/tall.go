package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tall emits C = A·B for n columns, fewer than a vector has lanes, AVX-512 only.
// Vectors run down the rows of C: sixteen rows of A are transposed in registers,
// block by block, and the n chains of each row are lanes of n vectors.
//
//	for ; args.tiles > 0; args.tiles-- {
//		acc[j] = 0 or bias[j]
//		for p := range k { acc[j] = fma(A[0..15][p], B[p][j], acc[j]) }
//		C[0..15][j] = acc[j]
//		A += 16*rsa; C += 16*ldc
//	}
//
// It reads tileArgs: csa is one element, the mask is that of n lanes, and init is
// not Accumulate.
func tall(n int) {
	s := avx512
	TEXT(fmt.Sprintf("tall%d%s", n, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	args := Load(Param("args"), GP64())
	field := func(off int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: args, Disp: off}, r)
		return r
	}
	rs, ldb, ldc, nextA, c, tiles := field(argRSA), field(argLDB), field(argLDC), field(argA), field(argC), field(argTiles)
	lanes := K()
	KMOVW(Mem{Base: args, Disp: argMask}, lanes)
	a, b, k, left, row := GP64(), GP64(), GP64(), GP64(), GP64()
	acc := make([]reg.VecVirtual, n)
	for j := range acc {
		acc[j] = s.vec()
	}

	Label("tile")
	MOVQ(nextA, a)
	MOVQ(Mem{Base: args, Disp: argB}, b)
	MOVQ(Mem{Base: args, Disp: argK}, k)
	CMPQ(Mem{Base: args, Disp: argInit}, Imm(2))
	JEQ(LabelRef("bias"))
	for j := range acc {
		s.zero(acc[j])
	}
	JMP(LabelRef("block"))
	Label("bias")
	bias := field(argBias)
	for j := range acc {
		VBROADCASTSS(Mem{Base: bias, Disp: 4 * j}, acc[j])
	}

	Label("block")
	MOVQ(U32(16), left)
	CMPQ(k, left)
	CMOVQLT(k, left)
	there := laneMask(s, left)
	MOVQ(a, row)
	in := make([]reg.VecVirtual, 16)
	for i := range in {
		in[i] = s.vec()
		s.loadLanes(Mem{Base: row}, there, in[i])
		ADDQ(rs, row)
	}
	for _, column := range block16(in) {
		for j := range acc {
			VFMADD231PS_BCST(Mem{Base: b, Disp: 4 * j}, column, acc[j])
		}
		ADDQ(ldb, b)
		DECQ(left)
		JEQ(LabelRef("used"))
	}
	Label("used")
	ADDQ(Imm(64), a)
	SUBQ(Imm(16), k)
	JGT(LabelRef("block"))

	MOVQ(rs, row)
	SHLQ(Imm(4), row)
	ADDQ(row, nextA)
	out := make([]reg.VecVirtual, 16)
	for j := range out {
		out[j] = acc[j%n]
	}
	for _, v := range block16(out) {
		s.storeLanes(v, lanes, Mem{Base: c})
		ADDQ(ldc, c)
	}
	DECQ(tiles)
	JNE(LabelRef("tile"))
	VZEROUPPER()
	RET()
}
