package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Row kernels for at most sixteen columns, AVX-512 only: sixteen rows are
// transposed and each column becomes a vector over rows. What a row kernel does
// with the lanes of one vector is done here with vectors, in the same order, for
// sixteen rows at once:
//
//	for ; rows > 0; rows -= 16 {
//		buf[c][r] = x[r][c] - max(x[r])    // the columns that exist; others stay 0
//		... column by column, then the tree over buf[0..15]
//		y[r][c] = buf[c][r]
//	}
//
// rows is a positive multiple of 16, rows are dense, cols <= 16. Stream 6 is
// buf: 16 vectors, 64-byte aligned, zero at entry; those of the missing columns
// stay zero, as the lanes of a sum that have no element are.
type columns struct {
	*gen
	rows, cols reg.GPVirtual
	size       reg.GPVirtual // bytes of a row of x
	end        reg.GPVirtual // bytes of the columns in buf
	buf        reg.GPVirtual
	ptr        map[int]reg.GPVirtual
	lanes      reg.Register // those of a row
}

const streamBuf = 6

// columnKernel emits one function; x is stream 0.
func (g *gen) columnKernel(name string, streams []int, block func(k *columns)) {
	g.begin(name)
	k := &columns{gen: g, rows: g.GP64(), cols: g.GP64(), size: g.GP64(), end: g.GP64(), buf: g.GP64(), lanes: g.K(), ptr: map[int]reg.GPVirtual{}}
	g.MOVQ(Mem{Base: g.args, Disp: offRows}, k.rows)
	g.MOVQ(Mem{Base: g.args, Disp: offCols}, k.cols)
	g.MOVQ(Mem{Base: g.args, Disp: offPtr + 8*streamBuf}, k.buf)
	for _, i := range streams {
		k.ptr[i] = g.GP64()
		g.MOVQ(Mem{Base: g.args, Disp: offPtr + 8*i}, k.ptr[i])
	}
	g.MOVQ(k.cols, k.size)
	g.SHLQ(Imm(2), k.size)
	g.MOVQ(k.cols, k.end)
	g.SHLQ(Imm(6), k.end)
	ones := g.GP64()
	g.MOVQ(I32(-1), ones)
	g.BZHIQ(k.cols, ones, ones)
	g.KMOVW(ones.As32(), k.lanes)
	g.Label("block")
	block(k)
	g.SUBQ(Imm(16), k.rows)
	g.JNZ(LabelRef("block"))
	g.VZEROUPPER()
	g.RET()
}

func (k *columns) cell(c int) Mem { return Mem{Base: k.buf, Disp: 64 * c} }

// center loads the rows of stream 0 and stores x - max in buf.
func (k *columns) center() {
	rows, none := make([]vec, 16), k.in(negInf)
	for i := range rows {
		rows[i] = k.copy(none)
		k.VMOVUPS(Mem{Base: k.ptr[0]}, k.lanes, rows[i])
		k.ADDQ(k.size, k.ptr[0])
	}
	x := k.transpose(rows)
	m := x
	for w := 8; w > 0; w /= 2 {
		next := make([]vec, w)
		for l := range next {
			next[l] = k.larger(m[l], m[l+w])
		}
		m = next
	}
	done, left := k.label("done"), k.GP64()
	k.MOVQ(k.cols, left)
	for c := range x {
		k.VSUBPS(m[0], x[c], x[c])
		k.VMOVUPS(x[c], k.cell(c))
		if c < 15 {
			k.DECQ(left)
			k.JZ(LabelRef(done))
		}
	}
	k.Label(done)
}

// each emits the loop over the columns in buf: body replaces v.
func (k *columns) each(body func(v vec) vec) {
	loop, at := k.label("loop"), k.GP64()
	k.XORQ(at, at)
	k.Label(loop)
	m, v := Mem{Base: k.buf, Index: at, Scale: 1}, k.reg()
	k.VMOVUPS(m, v)
	k.VMOVUPS(body(v), m)
	k.ADDQ(Imm(64), at)
	k.CMPQ(at, k.end)
	k.JL(LabelRef(loop))
}

// sum is the tree over buf, 8-4-2-1.
func (k *columns) sum() vec {
	var l [8]vec
	for i := range l {
		l[i] = k.reg()
		k.VMOVUPS(k.cell(i), l[i])
		k.VADDPS(k.cell(i+8), l[i], l[i])
	}
	for w := 4; w > 0; w /= 2 {
		for i := range w {
			k.VADDPS(l[i+w], l[i], l[i])
		}
	}
	return l[0]
}

// store writes buf to the rows of a stream.
func (k *columns) store(stream int) {
	x := make([]vec, 16)
	for c := range x {
		x[c] = k.reg()
		k.VMOVUPS(k.cell(c), x[c])
	}
	for _, row := range k.transpose(x) {
		k.VMOVUPS(row, k.lanes, Mem{Base: k.ptr[stream]})
		k.ADDQ(k.size, k.ptr[stream])
	}
}

// take reads the next sixteen values of a stream of one for each row.
func (k *columns) take(stream int) vec {
	v := k.reg()
	k.VMOVUPS(Mem{Base: k.ptr[stream]}, v)
	k.ADDQ(Imm(64), k.ptr[stream])
	return v
}

// give writes them.
func (k *columns) give(stream int, v vec) {
	k.VMOVUPS(v, Mem{Base: k.ptr[stream]})
	k.ADDQ(Imm(64), k.ptr[stream])
}

// softmaxColumns has streams x, y.
func softmaxColumns(g *gen, name string) {
	g.columnKernel(name, []int{0, 1}, func(k *columns) {
		k.center()
		k.each(func(v vec) vec { return k.exp(v) })
		r := k.div(c(1), k.sum())
		k.each(func(v vec) vec { return k.mul(v, r) })
		k.store(1)
	})
}

// lossColumns has the streams and scalars of loss, but stream 2 is the loss.
func lossColumns(value, grad, smooth bool) func(g *gen, name string) {
	streams := []int{0, 1}
	if value {
		streams = append(streams, 2)
	}
	if grad {
		streams = append(streams, 3, 4)
	}
	return func(g *gen, name string) {
		g.columnKernel(name, streams, func(k *columns) { k.loss(value, grad, smooth) })
	}
}

func (k *columns) loss(value, grad, smooth bool) {
	k.center()
	var d vec
	if smooth {
		d = k.sum()
	}
	label, at := k.take(1), k.zero()
	k.labelled(label, func(v vec, chosen mask) vec {
		if value {
			k.VMOVAPS(v, chosen, at)
		}
		return k.exp(v)
	})
	s := k.sum()
	if value {
		t := k.mul(at, scl(0))
		if smooth {
			t = k.fma(d, scl(1), t)
		}
		k.give(2, k.sub(k.log(s), t))
	}
	if grad {
		r, dl := k.div(c(1), s), k.take(4)
		k.labelled(label, func(v vec, chosen mask) vec {
			k.VFMSUB213PS(k.pick(chosen, scl(2), scl(1)), r, v)
			return k.mul(v, dl)
		})
		k.store(3)
	}
}

// labelled is each with the rows whose label is the column.
func (k *columns) labelled(label vec, body func(v vec, chosen mask) vec) {
	column := k.zero()
	k.each(func(v vec) vec {
		chosen := k.K()
		k.VPCMPEQD(label, column, chosen)
		k.last(k.VPADDD, k.VPADDD_BCST, con(1), column, column)
		return body(v, chosen)
	})
}

// transpose turns a block of 16 x 16 in 64 shuffles: pairs and quads of rows
// inside 128-bit lanes, then the lanes.
func (k *columns) transpose(r []vec) []vec {
	pair := func(f emitter, b, a vec) vec {
		v := k.reg()
		f(b, a, v)
		return v
	}
	lanes := func(imm uint64, b, a vec) vec {
		v := k.reg()
		k.VSHUFF32X4(Imm(imm), b, a, v)
		return v
	}
	q := make([]vec, 16) // q[4g+s], lane L: column 4L+s of rows 4g to 4g+3
	for i := 0; i < 16; i += 4 {
		a, b := pair(k.VUNPCKLPS, r[i+1], r[i]), pair(k.VUNPCKHPS, r[i+1], r[i])
		c, d := pair(k.VUNPCKLPS, r[i+3], r[i+2]), pair(k.VUNPCKHPS, r[i+3], r[i+2])
		q[i], q[i+1] = pair(k.VUNPCKLPD, c, a), pair(k.VUNPCKHPD, c, a)
		q[i+2], q[i+3] = pair(k.VUNPCKLPD, d, b), pair(k.VUNPCKHPD, d, b)
	}
	out := make([]vec, 16)
	for s := range 4 {
		for odd, imm := range []uint64{0x88, 0xdd} {
			a, b := lanes(imm, q[4+s], q[s]), lanes(imm, q[12+s], q[8+s])
			out[4*odd+s], out[8+4*odd+s] = lanes(0x88, b, a), lanes(0xdd, b, a)
		}
	}
	return out
}
