package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A transposition kernel turns a strip of at most one vector's rows:
//
//	for c := range cols { for r := range rows { dst[c*ldd+r] = src[r*lds+c] } }
//
// with strides in bytes. Square blocks go through registers. At the edges rows
// beyond the strip are read as the last row and never written.
type strip struct {
	isa
	n                              int // lanes: a block is n x n
	src, lds, dst, ldd, rows, cols reg.Register
}

func transpose512() {
	TEXT("transposeAVX512", NOSPLIT, "func(src *float32, lds int, dst *float32, ldd int, rows, cols int)")
	Pragma("noescape")
	newStrip(avx512).emit(block16)
}

func transpose256() {
	TEXT("transposeAVX2", NOSPLIT, "func(src *float32, lds int, dst *float32, ldd int, rows, cols int)")
	Pragma("noescape")
	newStrip(avx2).emit(block8)
}

func newStrip(s isa) *strip {
	t := &strip{isa: s, n: s.bytes / 4}
	t.src = Load(Param("src"), GP64())
	t.lds = Load(Param("lds"), GP64())
	t.dst = Load(Param("dst"), GP64())
	t.ldd = Load(Param("ldd"), GP64())
	t.rows = Load(Param("rows"), GP64())
	t.cols = Load(Param("cols"), GP64())
	return t
}

func (t *strip) emit(block func(r []reg.VecVirtual) []reg.VecVirtual) {
	n := uint64(t.n)
	CMPQ(t.rows, Imm(n))
	JNE(LabelRef("edge"))
	SUBQ(Imm(n), t.cols)
	JLT(LabelRef("rest"))
	Label("loop")
	p := GP64()
	MOVQ(t.src, p)
	in := make([]reg.VecVirtual, t.n)
	for i := range in {
		in[i] = t.vec()
		VMOVUPS(Mem{Base: p}, in[i])
		if i < t.n-1 {
			ADDQ(t.lds, p)
		}
	}
	for _, v := range block(in) {
		VMOVUPS(v, Mem{Base: t.dst})
		ADDQ(t.ldd, t.dst)
	}
	ADDQ(Imm(uint64(t.bytes)), t.src)
	SUBQ(Imm(n), t.cols)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(n), t.cols)
	JEQ(LabelRef("done"))
	Label("edge")
	rowMask := laneMask(t.isa, t.rows)
	w := GP64()
	Label("edgeloop")
	MOVQ(U32(n), w)
	CMPQ(t.cols, w)
	CMOVQLT(t.cols, w)
	colMask := laneMask(t.isa, w)
	MOVQ(t.src, p)
	left, zero := GP64(), GP64()
	MOVQ(t.rows, left)
	in = make([]reg.VecVirtual, t.n)
	for i := range in {
		in[i] = t.vec()
		t.loadLanes(Mem{Base: p}, colMask, in[i])
		if i < t.n-1 {
			step := GP64()
			XORQ(zero, zero)
			MOVQ(t.lds, step)
			DECQ(left)
			CMOVQLE(zero, step)
			ADDQ(step, p)
		}
	}
	for _, v := range block(in) {
		t.storeLanes(v, rowMask, Mem{Base: t.dst})
		ADDQ(t.ldd, t.dst)
		DECQ(w)
		JEQ(LabelRef("edgenext"))
	}
	Label("edgenext")
	ADDQ(Imm(uint64(t.bytes)), t.src)
	SUBQ(Imm(n), t.cols)
	JGT(LabelRef("edgeloop"))
	Label("done")
	VZEROUPPER()
	RET()
}

// laneMask makes a mask of the first n lanes.
func laneMask(s isa, n reg.Register) reg.Register {
	r := GP64()
	if s == avx512 {
		MOVQ(I32(-1), r)
		BZHIQ(n, r, r)
		k := K()
		KMOVW(r.As32(), k)
		return k
	}
	MOVQ(n, r)
	NEGQ(r)
	table := GP64()
	LEAQ(laneTable(), table)
	m := YMM()
	VMOVUPS(Mem{Base: table, Index: r, Scale: 4, Disp: 32}, m)
	return m
}

var lanesEmitted bool

// laneTable is eight words of ones and eight of zeros: read from word 8-n on, it
// is the AVX2 mask of n lanes.
func laneTable() Mem {
	if lanesEmitted {
		return NewDataAddr(NewStaticSymbol("lanes"), 0)
	}
	lanesEmitted = true
	m := GLOBL("lanes", RODATA|NOPTR)
	for i := range 16 {
		w := uint32(0)
		if i < 8 {
			w = ^w
		}
		DATA(4*i, U32(w))
	}
	return m
}

// block16 transposes a 16x16 block in 64 shuffles: pairs, quads of rows inside
// 128-bit lanes, then the lanes.
func block16(r []reg.VecVirtual) []reg.VecVirtual {
	q := quads(avx512, r)
	v, o := make([]reg.VecVirtual, 16), make([]reg.VecVirtual, 16)
	for i := range v {
		v[i], o[i] = ZMM(), ZMM()
	}
	for s := range 4 { // q[4g+s], lane L: column 4L+s of rows 4g..4g+3
		VSHUFF32X4(Imm(0x88), q[4+s], q[s], v[4*s])
		VSHUFF32X4(Imm(0xdd), q[4+s], q[s], v[4*s+1])
		VSHUFF32X4(Imm(0x88), q[12+s], q[8+s], v[4*s+2])
		VSHUFF32X4(Imm(0xdd), q[12+s], q[8+s], v[4*s+3])
	}
	for s := range 4 {
		VSHUFF32X4(Imm(0x88), v[4*s+2], v[4*s], o[s])
		VSHUFF32X4(Imm(0xdd), v[4*s+2], v[4*s], o[8+s])
		VSHUFF32X4(Imm(0x88), v[4*s+3], v[4*s+1], o[4+s])
		VSHUFF32X4(Imm(0xdd), v[4*s+3], v[4*s+1], o[12+s])
	}
	return o
}

// block8 transposes an 8x8 block in 24 shuffles.
func block8(r []reg.VecVirtual) []reg.VecVirtual {
	q := quads(avx2, r)
	o := make([]reg.VecVirtual, 8)
	for s := range 4 { // q[4g+s], lane L: column 4L+s of rows 4g..4g+3
		o[s], o[4+s] = YMM(), YMM()
		VPERM2F128(Imm(0x20), q[4+s], q[s], o[s])
		VPERM2F128(Imm(0x31), q[4+s], q[s], o[4+s])
	}
	return o
}

// quads transposes 4x4 blocks within 128-bit lanes, four rows at a time.
func quads(s isa, r []reg.VecVirtual) []reg.VecVirtual {
	q := make([]reg.VecVirtual, len(r))
	for i := 0; i < len(r); i += 4 {
		a, b, c, d := s.vec(), s.vec(), s.vec(), s.vec()
		VUNPCKLPS(r[i+1], r[i], a)
		VUNPCKHPS(r[i+1], r[i], b)
		VUNPCKLPS(r[i+3], r[i+2], c)
		VUNPCKHPS(r[i+3], r[i+2], d)
		for j := range 4 {
			q[i+j] = s.vec()
		}
		VUNPCKLPD(c, a, q[i])
		VUNPCKHPD(c, a, q[i+1])
		VUNPCKLPD(d, b, q[i+2])
		VUNPCKHPD(d, b, q[i+3])
	}
	return q
}
