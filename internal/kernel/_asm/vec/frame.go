package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// frame is the skeleton of a kernel over rows x cols: for each row, one or more
// passes over its columns.
//
//	for ; rows > 0; rows-- {
//		row()                       // calls pass
//		for i := range ptr { ptr[i] += stride[i] }
//	}
type frame struct {
	*gen
	rows    reg.GPVirtual
	ptr     map[int]reg.GPVirtual // by stream
	streams []int
	idx     reg.GPVirtual // bytes into the row
	end     reg.GPVirtual // bytes of the full blocks
	tail    reg.GPVirtual // elements past them
	tailK   reg.Register  // AVX-512: their lanes
	tailM   reg.GPVirtual // AVX2: address of their lanes, in vecMask
	lanes   int           // elements of a block: one pass step
}

const maskName = "vecMask"

// kernel emits one function; lanes is the block of a pass.
func (g *gen) kernel(name string, lanes int, streams []int, row func(f *frame)) {
	g.begin(name)
	f := &frame{gen: g, ptr: map[int]reg.GPVirtual{}, streams: streams, lanes: lanes}
	f.rows, f.idx, f.end, f.tail = g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.MOVQ(f.arg(offRows), f.rows)
	for _, i := range streams {
		f.ptr[i] = g.GP64()
		g.MOVQ(f.arg(offPtr+8*i), f.ptr[i])
	}
	f.columns()
	if g.hold {
		g.held = g.in(c(0))
	}
	loop := g.label("row")
	g.Label(loop)
	row(f)
	for _, i := range streams {
		g.ADDQ(f.arg(offStride+8*i), f.ptr[i])
	}
	g.DECQ(f.rows)
	g.JNZ(LabelRef(loop))
	g.VZEROUPPER()
	g.RET()
}

func (g *gen) begin(name string) {
	g.Function(name + g.suffix)
	g.Attributes(attr.NOSPLIT)
	g.SignatureExpr("func(fn uintptr, a *byte)")
	g.args = g.Load(g.Param("a"), g.GP64())
}

func (f *frame) arg(off int) Mem { return Mem{Base: f.args, Disp: off} }

// columns splits cols into full blocks and a tail.
func (f *frame) columns() {
	f.MOVQ(f.arg(offCols), f.end)
	f.MOVQ(f.end, f.tail)
	f.ANDQ(Imm(uint64(f.lanes-1)), f.tail)
	f.SUBQ(f.tail, f.end)
	f.SHLQ(Imm(2), f.end)
	if f.z {
		ones := f.GP64()
		f.MOVQ(I32(-1), ones)
		f.BZHIQ(f.tail, ones, ones)
		f.tailK = f.K()
		f.KMOVW(ones.As32(), f.tailK)
		return
	}
	f.tailM = f.GP64()
	n := f.GP64()
	f.LEAQ(static(maskName, 64), f.tailM)
	f.MOVQ(f.tail, n)
	f.SHLQ(Imm(2), n)
	f.SUBQ(n, f.tailM)
}

// pass emits the loop over the columns: body once for full blocks, once for the
// tail.
func (f *frame) pass(body func(b block)) {
	loop, rest, done := f.label("loop"), f.label("rest"), f.label("done")
	f.XORQ(f.idx, f.idx)
	f.CMPQ(f.idx, f.end)
	f.JGE(LabelRef(rest))
	f.Label(loop)
	f.vectors(false, body)
	f.ADDQ(Imm(uint64(4*f.lanes)), f.idx)
	f.CMPQ(f.idx, f.end)
	f.JL(LabelRef(loop))
	f.Label(rest)
	f.TESTQ(f.tail, f.tail)
	f.JZ(LabelRef(done))
	f.vectors(true, body)
	f.Label(done)
}

func (f *frame) vectors(tail bool, body func(b block)) {
	for part := range f.lanes * 4 / f.bytes {
		b := block{frame: f, part: part, tail: tail}
		if tail {
			b.lanes = b.chosen()
		}
		body(b)
	}
}

// block is one vector of a pass: part of the block of lanes.
type block struct {
	*frame
	part  int
	tail  bool
	lanes mask // of the tail
}

func (b block) chosen() mask {
	if b.z {
		return b.tailK
	}
	m := b.YMM()
	b.VMOVUPS(Mem{Base: b.tailM, Disp: 32 * b.part}, m)
	return m
}

func (b block) at(stream int) Mem {
	return Mem{Base: b.ptr[stream], Index: b.idx, Scale: 1, Disp: b.bytes * b.part}
}

// load reads the vector of a stream; lanes past the end are 0.
func (b block) load(stream int) vec {
	r := b.reg()
	switch {
	case !b.tail:
		b.VMOVUPS(b.at(stream), r)
	case b.z:
		b.VMOVUPS_Z(b.at(stream), b.lanes, r)
	default:
		b.VMASKMOVPS(b.at(stream), b.lanes, r)
	}
	return r
}

// loadOr is load with other past the end.
func (b block) loadOr(stream int, other src) vec {
	v := b.load(stream)
	if b.tail {
		return b.pick(b.lanes, v, other)
	}
	return v
}

// inside is v with 0 past the end.
func (b block) inside(v vec) vec {
	if b.tail {
		return b.only(b.lanes, v)
	}
	return v
}

// store writes the vector of a stream, not past the end.
func (b block) store(stream int, v vec) {
	switch {
	case !b.tail:
		b.VMOVUPS(v, b.at(stream))
	case b.z:
		b.VMOVUPS(v, b.lanes, b.at(stream))
	default:
		b.storeTail(stream, v)
	}
}

// storeTail stores by halves: VMASKMOVPS stores are slow on Zen 4 and 5.
func (b block) storeTail(stream int, v vec) {
	n, p := b.left(), b.GP64()
	b.LEAQ(b.at(stream), p)
	t := b.YMM()
	b.VMOVAPS(v, t)
	whole, two, one, done := b.label("four"), b.label("two"), b.label("one"), b.label("done")
	if 4*b.frame.lanes > 32 {
		b.CMPQ(n, Imm(8))
		b.JL(LabelRef(whole))
		b.VMOVUPS(t, Mem{Base: p})
		b.JMP(LabelRef(done))
		b.Label(whole)
		b.CMPQ(n, Imm(0))
		b.JLE(LabelRef(done))
	}
	b.TESTQ(U32(4), n)
	b.JZ(LabelRef(two))
	b.VMOVUPS(t.AsX(), Mem{Base: p})
	b.ADDQ(Imm(16), p)
	b.VEXTRACTF128(Imm(1), t, t.AsX())
	b.Label(two)
	b.TESTQ(U32(2), n)
	b.JZ(LabelRef(one))
	b.VMOVLPS(t.AsX(), Mem{Base: p})
	b.ADDQ(Imm(8), p)
	b.VPERMILPS(Imm(0x0e), t.AsX(), t.AsX())
	b.Label(one)
	b.TESTQ(U32(1), n)
	b.JZ(LabelRef(done))
	b.VMOVSS(t.AsX(), Mem{Base: p})
	b.Label(done)
}

// left is how many elements from this part on are inside.
func (b block) left() reg.GPVirtual {
	if b.part == 0 {
		return b.frame.tail
	}
	n := b.GP64()
	b.MOVQ(b.frame.tail, n)
	b.SUBQ(Imm(uint64(8*b.part)), n)
	return n
}
