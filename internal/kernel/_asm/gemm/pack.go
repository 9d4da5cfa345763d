package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack emits the copy of a full panel of B to rows that follow each other:
//
//	for p := range k { copy(dst[p*w:][:w], b[p*ldb:]) }
//
// for w = nv vectors, ldb in bytes. Partial panels are read in place.
func pack(s isa) {
	TEXT("pack"+s.suffix, NOSPLIT, "func(k, nv int, b *float32, ldb int, dst *float32)")
	Pragma("noescape")
	k := Load(Param("k"), GP64())
	nv := Load(Param("nv"), GP64())
	b := Load(Param("b"), GP64())
	ldb := Load(Param("ldb"), GP64())
	d := Load(Param("dst"), GP64())
	CMPQ(nv, Imm(4))
	JEQ(LabelRef("four"))
	Label("row")
	p, left := GP64(), GP64()
	MOVQ(b, p)
	MOVQ(nv, left)
	Label("vector")
	v := s.vec()
	VMOVUPS(Mem{Base: p}, v)
	VMOVUPS(v, Mem{Base: d})
	ADDQ(Imm(uint64(s.bytes)), p)
	ADDQ(Imm(uint64(s.bytes)), d)
	DECQ(left)
	JNE(LabelRef("vector"))
	ADDQ(ldb, b)
	DECQ(k)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()

	Label("four")
	var row [4]reg.VecVirtual
	for i := range row {
		row[i] = s.vec()
		VMOVUPS(Mem{Base: b, Disp: i * s.bytes}, row[i])
	}
	for i := range row {
		VMOVUPS(row[i], Mem{Base: d, Disp: i * s.bytes})
	}
	ADDQ(I32(int32(4*s.bytes)), d)
	ADDQ(ldb, b)
	DECQ(k)
	JNE(LabelRef("four"))
	VZEROUPPER()
	RET()
}
