package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bare starts a kernel that has its own loops: streams 0 and 1, cols in bytes of
// float32, rows.
func (g *gen) bare(name string) (p0, p1, bytes reg.GPVirtual) {
	g.begin(name)
	p0, p1, bytes = g.GP64(), g.GP64(), g.GP64()
	g.MOVQ(Mem{Base: g.args, Disp: offPtr}, p0)
	g.MOVQ(Mem{Base: g.args, Disp: offPtr + 8}, p1)
	g.MOVQ(Mem{Base: g.args, Disp: offCols}, bytes)
	g.SHLQ(Imm(2), bytes)
	return p0, p1, bytes
}

// sumRows adds rows of float32 (stream 1) to a row of float64 (stream 0). Eight
// accumulators go down all rows for a block of columns, then four, then two, then
// those of the last columns. One alone would wait for its additions.
func sumRows(g *gen, name string) {
	acc, x, left := g.bare(name)
	done := g.label("done")
	for _, vectors := range []int{8, 4, 2} {
		columns := vectors * g.bytes / 8
		next, rest := g.label("block"), g.label("rest")
		g.Label(next)
		g.CMPQ(left, U32(4*columns))
		g.JL(LabelRef(rest))
		g.sumColumns(acc, x, vectors, nil, nil)
		g.ADDQ(U32(8*columns), acc)
		g.ADDQ(U32(4*columns), x)
		g.SUBQ(U32(4*columns), left)
		g.JMP(LabelRef(next))
		g.Label(rest)
	}
	g.TESTQ(left, left)
	g.JZ(LabelRef(done))
	wide, narrow := g.lastColumns(left)
	if g.z {
		one := g.label("one")
		g.CMPQ(left, Imm(32))
		g.JLE(LabelRef(one))
		g.sumColumns(acc, x, 2, wide, narrow)
		g.JMP(LabelRef(done))
		g.Label(one)
		wide, narrow = wide[:1], narrow[:1]
	}
	g.sumColumns(acc, x, len(wide), wide, narrow)
	g.Label(done)
	g.VZEROUPPER()
	g.RET()
}

// sumColumns sums the columns of some vectors of float64; wide and narrow are
// the lanes of each, in float64 and float32, if not all.
func (g *gen) sumColumns(acc, x reg.GPVirtual, vectors int, wide, narrow []mask) {
	row, n, rows := g.GP64(), g.GP64(), g.label("rows")
	sums := make([]vec, vectors)
	all := make([]lanes, vectors)
	for i := range sums {
		if wide != nil {
			all[i] = lanes{wide[i], narrow[i]}
		}
		sums[i] = g.loadF64(Mem{Base: acc, Disp: g.bytes * i}, all[i])
	}
	g.MOVQ(x, row)
	g.MOVQ(Mem{Base: g.args, Disp: offRows}, n)
	g.Label(rows)
	for i := range sums {
		v := g.widened(Mem{Base: row, Disp: g.bytes / 2 * i}, all[i])
		g.VADDPD(v, sums[i], sums[i])
	}
	g.ADDQ(Mem{Base: g.args, Disp: offStride + 8}, row)
	g.DECQ(n)
	g.JNZ(LabelRef(rows))
	for i := range sums {
		g.storeF64(sums[i], Mem{Base: acc, Disp: g.bytes * i}, all[i])
	}
}

// lastColumns returns the lanes of the last columns, less than two vectors; bytes
// is theirs in float32.
func (g *gen) lastColumns(bytes reg.GPVirtual) (wide, narrow []mask) {
	if g.z {
		ones, n, k := g.GP64(), g.GP64(), g.K()
		g.MOVQ(bytes, n)
		g.SHRQ(Imm(2), n)
		g.MOVQ(I32(-1), ones)
		g.BZHIQ(n, ones, ones)
		g.KMOVW(ones.As32(), k)
		second := g.K()
		g.KSHIFTRW(Imm(8), k, second)
		return []mask{k, second}, []mask{k, second}
	}
	p := g.GP64()
	g.LEAQ(static(maskName, 64), p)
	g.SUBQ(bytes, p)
	for i := range 2 {
		m := g.XMM()
		g.VMOVUPS(Mem{Base: p, Disp: 16 * i}, m)
		narrow = append(narrow, m)
	}
	g.SUBQ(bytes, p)
	for i := range 2 {
		m := g.YMM()
		g.VMOVUPS(Mem{Base: p, Disp: 32 * i}, m)
		wide = append(wide, m)
	}
	return wide, narrow
}

// sumSquares sets the sixteen float64 lanes of each of some blocks (stream 1);
// cols is a positive multiple of 16, blocks after the first are full. Squares
// are exact, so an FMA gives the same bits as an addition; where the two sums of
// AVX-512 wait for it, the addition is sooner. Two blocks at once hide half of
// that.
func sumSquares(blocks int) func(g *gen, name string) {
	return func(g *gen, name string) {
		x, out, left := g.bare(name)
		vectors := 128 / g.bytes
		sums := make([]vec, blocks*vectors)
		for i := range sums {
			sums[i] = g.zero()
		}
		loop := g.label("loop")
		g.Label(loop)
		for i := range sums {
			v := g.reg()
			g.VCVTPS2PD(Mem{Base: x, Disp: i/vectors*4*sumBlock + i%vectors*g.bytes/2}, v)
			if blocks > 1 || !g.z {
				g.VFMADD231PD(v, v, sums[i])
				continue
			}
			g.VMULPD(v, v, v)
			g.VADDPD(v, sums[i], sums[i])
		}
		g.ADDQ(Imm(64), x)
		g.SUBQ(Imm(64), left)
		g.JNZ(LabelRef(loop))
		for i := range sums {
			g.VMOVUPD(sums[i], Mem{Base: out, Disp: g.bytes * i})
		}
		g.VZEROUPPER()
		g.RET()
	}
}

const sumBlock = 4096 // sum.go

// totalStart widens float32 (stream 1) to a total in float64 (stream 0).
func totalStart(g *gen, name string) {
	acc, x, left := g.bare(name)
	zero := g.zero()
	g.totals(acc, x, left, func(v vec, acc, _ Mem) {
		g.VADDPD(v, zero, v) // -0 becomes 0, as in a sum
		g.VMOVUPD(v, acc)
	})
}

// totalEnd adds float32 (stream 1) to totals in float64 (stream 0) and rounds
// the sums to where the float32 are.
func totalEnd(g *gen, name string) {
	acc, x, left := g.bare(name)
	g.totals(acc, x, left, func(v vec, acc, x Mem) {
		g.VADDPD(acc, v, v)
		if g.z {
			g.VCVTPD2PS(v, v.AsY())
			g.VMOVUPS(v.AsY(), x)
			return
		}
		g.VCVTPD2PSY(v, v.AsX())
		g.VMOVUPS(v.AsX(), x)
	})
}

// totals ends a kernel that goes over totals and float32 side by side: f is
// given sixteen of them, a vector of the widened float32 and its two places at a
// time. left is a positive multiple of 64.
func (g *gen) totals(acc, x, left reg.GPVirtual, f func(v vec, acc, x Mem)) {
	loop := g.label("loop")
	g.Label(loop)
	for i := range 128 / g.bytes {
		v, from := g.reg(), Mem{Base: x, Disp: g.bytes / 2 * i}
		g.VCVTPS2PD(from, v)
		f(v, Mem{Base: acc, Disp: g.bytes * i}, from)
	}
	g.ADDQ(U32(128), acc)
	g.ADDQ(Imm(64), x)
	g.SUBQ(Imm(64), left)
	g.JNZ(LabelRef(loop))
	g.VZEROUPPER()
	g.RET()
}

// fromU8 has streams src (bytes) and dst, scalars scale and shift; cols is a
// positive multiple of 16.
func fromU8(g *gen, name string) {
	from, to, left := g.bare(name)
	scale, shift := g.in(scl(0)), g.in(scl(1))
	loop := g.label("loop")
	g.Label(loop)
	for i := range g.parts {
		v := g.reg()
		g.VPMOVZXBD(Mem{Base: from, Disp: g.bytes / 4 * i}, v)
		g.VCVTDQ2PS(v, v)
		g.VFMADD213PS(shift, scale, v)
		g.VMOVUPS(v, Mem{Base: to, Disp: g.bytes * i})
	}
	g.ADDQ(Imm(16), from)
	g.ADDQ(Imm(64), to)
	g.SUBQ(Imm(64), left)
	g.JNZ(LabelRef(loop))
	g.VZEROUPPER()
	g.RET()
}

// fromI32 is fromU8 for int32, without scale and shift.
func fromI32(g *gen, name string) {
	from, to, left := g.bare(name)
	loop := g.label("loop")
	g.Label(loop)
	for i := range g.parts {
		v := g.reg()
		g.VCVTDQ2PS(Mem{Base: from, Disp: g.bytes * i}, v)
		g.VMOVUPS(v, Mem{Base: to, Disp: g.bytes * i})
	}
	g.ADDQ(Imm(64), from)
	g.ADDQ(Imm(64), to)
	g.SUBQ(Imm(64), left)
	g.JNZ(LabelRef(loop))
	g.VZEROUPPER()
	g.RET()
}

// Offsets in mask (rand.go).
const (
	offKeys      = 0
	offPos       = 80
	offBlock     = 88
	offThreshold = 92
	offScale     = 96
)

// dropoutMask makes 32 elements a step: eight Philox blocks, one word of a block
// in the low half of each 64-bit lane (so that VPMULUDQ gives both halves of the
// product). Stream 0 is the mask, stream 1 dst; cols is a multiple of 32.
func dropoutMask(g *gen, name string) {
	m, dst, left := g.bare(name)
	field := func(off int) vec {
		r := g.reg()
		g.VPBROADCASTD(Mem{Base: m, Disp: off}, r)
		return r
	}
	m0, m1 := g.in(con(0xD2511F53)), g.in(con(0xCD9E8D57))
	block := g.reg() // of each lane, the next one in the low half
	g.VPBROADCASTD(Mem{Base: m, Disp: offBlock}, block)
	order := g.reg()
	g.VMOVUPS(static(blocksName, 64*(g.parts-1)), order)
	block = g.addI(block, order)
	threshold, scale := field(offThreshold), field(offScale)
	loop := g.label("loop")
	g.Label(loop)
	for part := range g.parts {
		g.philox(m, block, m0, m1, threshold, scale, Mem{Base: dst, Disp: 2 * g.bytes * part}, field)
		g.last(g.VPADDD, g.VPADDD_BCST, con(g.bytes/8), block, block)
	}
	g.ADDQ(U32(128), dst)
	g.SUBQ(U32(128), left)
	g.JG(LabelRef(loop))
	g.VZEROUPPER()
	g.RET()
}

func (g *gen) philox(m reg.Register, block, m0, m1, threshold, scale vec, to Mem, field func(off int) vec) {
	w := [4]vec{field(offPos), field(offPos + 4), g.copy(block), g.zero()}
	for round := range 10 {
		var high, low [2]vec
		for i, k := range []vec{m0, m1} {
			low[i], high[i] = g.reg(), g.reg()
			g.VPMULUDQ(k, w[2*i], low[i])
			g.VPSRLQ(Imm(32), low[i], high[i])
		}
		w = [4]vec{g.xor3(high[1], w[1], m, offKeys+8*round), low[1], g.xor3(high[0], w[3], m, offKeys+8*round+4), low[0]}
	}
	first, second := g.pair(w[0], w[1]), g.pair(w[2], w[3])
	lo, hi := g.reg(), g.reg()
	g.VPUNPCKLQDQ(second, first, lo)
	g.VPUNPCKHQDQ(second, first, hi)
	for i, v := range []vec{lo, hi} {
		g.VMOVUPS(g.only(g.atLeast(v, threshold), scale), to.Offset(g.bytes*i))
	}
}

// xor3 is a ^ b ^ the word at off.
func (g *gen) xor3(a, b vec, m reg.Register, off int) vec {
	if g.z {
		g.VPTERNLOGD_BCST(Imm(0x96), Mem{Base: m, Disp: off}, b, a)
		return a
	}
	k := g.reg()
	g.VPBROADCASTD(Mem{Base: m, Disp: off}, k)
	return g.xor(g.xor(a, b), k)
}

// pair has the low halves of a in its low halves and those of b in its high ones.
func (g *gen) pair(a, b vec) vec {
	t := g.reg()
	g.VPSLLQ(Imm(32), b, t)
	if g.z {
		k := g.K()
		ones := g.GP32()
		g.MOVL(U32(0x5555), ones)
		g.KMOVW(ones, k)
		return g.pick(k, a, t)
	}
	r := g.reg()
	g.VPBLENDD(Imm(0x55), a, t, r)
	return r
}

// atLeast is a >= b, unsigned.
func (g *gen) atLeast(a, b vec) mask {
	if g.z {
		k := g.K()
		g.VPCMPUD(Imm(5), b, a, k)
		return k
	}
	t := g.reg()
	g.VPMAXUD(b, a, t)
	g.VPCMPEQD(t, a, t)
	return t
}
