package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The row kernels of attention. Streams are numbered as in attention_row.go; the
// formulas are those of attention_ref.go. Scalar 0 is 1/√D.

// scaleRowsKernel has streams x, y, and a factor for each row.
func scaleRowsKernel(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2}, func(f *frame) {
		r := f.loadOne(2)
		f.pass(func(b block) { b.store(1, b.mul(b.load(0), r)) })
	})
}

// shifted is x·scale - y, rounded once.
func (g *gen) shifted(x, scale, y vec) vec {
	r := g.copy(x)
	g.VFMSUB213PS(y, scale, r)
	return r
}

// attendRows has streams s, m, next, sum.
func attendRows(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2, 3}, func(f *frame) {
		scale := f.in(scl(0))
		next := f.larger(f.mul(f.rowTop(), scale), f.loadOne(1))
		f.storeOne(2, next)
		l := f.lanes16(nil)
		f.pass(func(b block) {
			e := b.inside(b.exp(b.shifted(b.load(0), scale, next)))
			b.VADDPS(e, l[b.part], l[b.part])
			b.store(0, e)
		})
		f.storeOne(3, f.sum(l))
	})
}

// attendBack has streams s, dp, stats, delta.
func attendBack(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2, 3}, func(f *frame) {
		scale, stats, delta := f.in(scl(0)), f.loadOne(2), f.loadOne(3)
		f.pass(func(b block) {
			p := b.exp(b.shifted(b.load(0), scale, stats))
			b.store(1, b.mul(b.mul(p, b.sub(b.load(1), delta)), scale))
			b.store(0, p)
		})
	})
}

// The same for AVX-512 where a row is whole vectors: it stays in registers, and
// each step of the exponential is taken for all vectors of some rows before the
// next, so that none waits for the last. Rows are rowBytes apart.
const rowBytes = 4 * 64

// together is how many rows of so many vectors are taken at once.
var together = [...]int{1: 4, 2: 4, 3: 2, 4: 2}

// attendTile is what the two kernels share: streams s, (m or dp), (next or
// stats), (sum or delta).
type attendTile struct {
	*gen
	rows, vectors int // taken at once, in a row
	ptr           [4]reg.GPVirtual
}

// attendTiles emits a kernel of rows with so many vectors.
func attendTiles(vectors int, body func(t *attendTile)) func(g *gen, name string) {
	return func(g *gen, name string) {
		g.begin(name)
		t := &attendTile{gen: g, rows: together[vectors], vectors: vectors}
		left := g.GP64()
		g.MOVQ(Mem{Base: g.args, Disp: offRows}, left)
		for i := range t.ptr {
			t.ptr[i] = g.GP64()
			g.MOVQ(Mem{Base: g.args, Disp: offPtr + 8*i}, t.ptr[i])
		}
		g.Label("rows")
		body(t)
		g.SUBQ(Imm(uint64(t.rows)), left)
		g.JNZ(LabelRef("rows"))
		g.VZEROUPPER()
		g.RET()
	}
}

// at is vector i of row r of a stream; one is the value of row r.
func (t *attendTile) at(stream, r, i int) Mem {
	return Mem{Base: t.ptr[stream], Disp: rowBytes*r + 64*i}
}

func (t *attendTile) one(stream, r int) Mem { return Mem{Base: t.ptr[stream], Disp: 4 * r} }

// next moves the streams on: those of tiles and those of single values.
func (t *attendTile) next(tiles int) {
	for i, p := range t.ptr {
		if i < tiles {
			t.ADDQ(U32(rowBytes*t.rows), p)
		} else {
			t.ADDQ(U32(4*t.rows), p)
		}
	}
}

// load reads the rows of a stream; row r has the vectors from r·vectors on.
func (t *attendTile) load(stream int) []vec {
	var x []vec
	for i := range t.rows * t.vectors {
		v := t.reg()
		t.VMOVUPS(t.at(stream, i/t.vectors, i%t.vectors), v)
		x = append(x, v)
	}
	return x
}

// spread reads the values of the rows, each into all lanes.
func (t *attendTile) spread(stream int) []vec {
	var x []vec
	for r := range t.rows {
		v := t.reg()
		t.VBROADCASTSS(t.one(stream, r), v)
		x = append(x, v)
	}
	return x
}

// fold adds, or whatever op does, the vectors of each row and then the lanes of
// what that gives: 8-4-2-1.
func (t *attendTile) fold(x []vec, op emitter) []vec {
	var acc []vec
	for r := range t.rows {
		acc = append(acc, t.copy(x[r*t.vectors]))
	}
	for i := 1; i < t.vectors; i++ {
		for r, a := range acc {
			op(x[r*t.vectors+i], a, a)
		}
	}
	for _, swap := range []func(a, b vec){
		func(a, b vec) { t.VSHUFF32X4(Imm(0x4e), a, a, b) }, func(a, b vec) { t.VSHUFF32X4(Imm(0xb1), a, a, b) },
		func(a, b vec) { t.VPERMILPS(Imm(0x4e), a, b) }, func(a, b vec) { t.VPERMILPS(Imm(0xb1), a, b) },
	} {
		for _, a := range acc {
			b := t.reg()
			swap(a, b)
			op(b, a, a)
		}
	}
	return acc
}

// exponents replaces each x by x·scale - y, y that of its row.
func (t *attendTile) exponents(x, y []vec) {
	scale := t.in(scl(0))
	for i, v := range x {
		t.VFMSUB213PS(y[i/t.vectors], scale, v)
	}
}

// exps replaces each x by eˣ, step by step. It is gen.exp without the bound
// above, beyond which the last step gives +Inf all the same up to 2¹²⁵.
func (t *attendTile) exps(x []vec) {
	n, r, y := make([]vec, len(x)), make([]vec, len(x)), make([]vec, len(x))
	each := func(f func(i int)) {
		for i := range x {
			f(i)
		}
	}
	each(func(i int) { x[i] = t.larger(c(expMin), x[i]) })
	each(func(i int) { n[i] = t.fma(x[i], c(log2e), c(magic)) })
	each(func(i int) { n[i] = t.sub(n[i], c(magic)) })
	each(func(i int) { r[i] = t.fma(n[i], c(-ln2High), x[i]) })
	each(func(i int) { r[i] = t.fma(n[i], c(-ln2Low), r[i]) })
	each(func(i int) { y[i] = t.in(c(expQ[len(expQ)-1])) })
	for k := len(expQ) - 2; k >= 0; k-- {
		each(func(i int) { t.VFMADD213PS_BCST(static(constName, t.consts.offset(c(expQ[k]))), r[i], y[i]) })
	}
	each(func(i int) { x[i] = t.mul(r[i], r[i]) })
	each(func(i int) { t.VFMADD213PS(r[i], x[i], y[i]) })
	each(func(i int) { y[i] = t.add(y[i], c(1)) })
	each(func(i int) { t.VSCALEFPS(n[i], y[i], x[i]) })
}

func (t *attendTile) attend() {
	scale, x := t.in(scl(0)), t.load(0)
	tops, m := t.fold(x, t.VMAXPS), t.spread(1)
	for r, top := range tops {
		t.VBROADCASTSS(top.AsX(), top)
		m[r] = t.larger(t.mul(top, scale), m[r])
		t.VMOVSS(m[r].AsX(), t.one(2, r))
	}
	t.exponents(x, m)
	t.exps(x)
	for i, v := range x {
		t.VMOVUPS(v, t.at(0, i/t.vectors, i%t.vectors))
	}
	for r, sum := range t.fold(x, t.VADDPS) {
		t.VMOVSS(sum.AsX(), t.one(3, r))
	}
	t.next(1)
}

func (t *attendTile) back() {
	x := t.load(0)
	t.exponents(x, t.spread(2))
	t.exps(x)
	delta, scale := t.spread(3), t.in(scl(0)) // again: the exponentials need every register
	for i, p := range x {
		row, vector := i/t.vectors, i%t.vectors
		d := t.reg()
		t.VMOVUPS(t.at(1, row, vector), d)
		t.VSUBPS(delta[row], d, d)
		t.VMULPS(p, d, d)
		t.VMULPS(scale, d, d)
		t.VMOVUPS(d, t.at(1, row, vector))
		t.VMOVUPS(p, t.at(0, row, vector))
	}
	t.next(2)
}
