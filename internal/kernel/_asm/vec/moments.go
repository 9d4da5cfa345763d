package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// moments emits a kernel with two float64 sums of each column of x (rows, cols;
// stream 1), in streams 0 and 3: of d = x - shift (stream 2) and d², or, if products,
// of dy (stream 4) and dy·d. As in sumRows, the sums of a block of columns stay in
// registers down all rows; where columns are few, a row takes the time of one addition.
func moments(products bool) func(g *gen, name string) {
	return func(g *gen, name string) {
		m := &momentSums{gen: g, products: products}
		var left reg.GPVirtual
		m.sum1, m.x, left = g.bare(name)
		for i, p := range []*reg.GPVirtual{&m.shift, &m.sum2, &m.dy} {
			if *p = g.GP64(); i < 2 || products {
				g.MOVQ(Mem{Base: g.args, Disp: offPtr + 8*(2+i)}, *p)
			}
		}
		done := g.label("done")
		blocks := []int{8, 4, 2}
		if !g.z {
			blocks = []int{4, 2}
		}
		for _, vectors := range blocks {
			columns := vectors * g.bytes / 8
			next, rest := g.label("block"), g.label("rest")
			g.Label(next)
			g.CMPQ(left, U32(4*columns))
			g.JL(LabelRef(rest))
			m.columns(make([]lanes, vectors))
			m.advance(columns)
			g.SUBQ(U32(4*columns), left)
			g.JMP(LabelRef(next))
			g.Label(rest)
		}
		g.TESTQ(left, left)
		g.JZ(LabelRef(done))
		wide, narrow := g.lastColumns(left)
		last := make([]lanes, len(wide))
		for i := range last {
			last[i] = lanes{wide[i], narrow[i]}
		}
		m.columns(last)
		g.Label(done)
		g.VZEROUPPER()
		g.RET()
	}
}

// momentSums is one such kernel: the addresses of the streams at the current column.
type momentSums struct {
	*gen
	products                 bool
	sum1, sum2, x, shift, dy reg.GPVirtual
}

// lanes are those of a vector of float64, as a mask of float64 and of float32; nil is
// all.
type lanes struct{ wide, narrow mask }

func (m *momentSums) advance(columns int) {
	m.ADDQ(U32(8*columns), m.sum1)
	m.ADDQ(U32(8*columns), m.sum2)
	m.ADDQ(U32(4*columns), m.x)
	m.ADDQ(U32(4*columns), m.shift)
	if m.products {
		m.ADDQ(U32(4*columns), m.dy)
	}
}

// columns adds the columns of some vectors of float64.
func (m *momentSums) columns(l []lanes) {
	first, second, shift := make([]vec, len(l)), make([]vec, len(l)), make([]vec, len(l))
	for i := range l {
		first[i] = m.loadF64(Mem{Base: m.sum1, Disp: m.bytes * i}, l[i])
		second[i] = m.loadF64(Mem{Base: m.sum2, Disp: m.bytes * i}, l[i])
		shift[i] = m.widened(Mem{Base: m.shift, Disp: m.bytes / 2 * i}, l[i])
	}
	x, dy, n, rows := m.GP64(), m.GP64(), m.GP64(), m.label("rows")
	m.MOVQ(m.x, x)
	if m.products {
		m.MOVQ(m.dy, dy)
	}
	m.MOVQ(Mem{Base: m.args, Disp: offRows}, n)
	m.Label(rows)
	for i := range l {
		d := m.widened(Mem{Base: x, Disp: m.bytes / 2 * i}, l[i])
		m.VSUBPD(shift[i], d, d)
		other := d
		if m.products {
			other = m.widened(Mem{Base: dy, Disp: m.bytes / 2 * i}, l[i])
		}
		m.VADDPD(other, first[i], first[i])
		m.VFMADD231PD(other, d, second[i])
	}
	m.ADDQ(Mem{Base: m.args, Disp: offStride + 8}, x)
	if m.products {
		m.ADDQ(Mem{Base: m.args, Disp: offStride + 32}, dy)
	}
	m.DECQ(n)
	m.JNZ(LabelRef(rows))
	for i := range l {
		m.storeF64(first[i], Mem{Base: m.sum1, Disp: m.bytes * i}, l[i])
		m.storeF64(second[i], Mem{Base: m.sum2, Disp: m.bytes * i}, l[i])
	}
}

func (g *gen) loadF64(m Mem, l lanes) vec {
	r := g.reg()
	switch {
	case l.wide == nil:
		g.VMOVUPD(m, r)
	case g.z:
		g.VMOVUPD_Z(m, l.wide, r)
	default:
		g.VMASKMOVPD(m, l.wide, r)
	}
	return r
}

func (g *gen) storeF64(v vec, m Mem, l lanes) {
	switch {
	case l.wide == nil:
		g.VMOVUPD(v, m)
	case g.z:
		g.VMOVUPD(v, l.wide, m)
	default:
		g.VMASKMOVPD(v, l.wide, m)
	}
}

// widened loads float32 as float64; lanes that are not chosen are 0.
func (g *gen) widened(m Mem, l lanes) vec {
	r := g.reg()
	switch {
	case l.narrow == nil:
		g.VCVTPS2PD(m, r)
	case g.z:
		g.VCVTPS2PD_Z(m, l.narrow, r)
	default:
		g.VMASKMOVPS(m, l.narrow, r.AsX())
		g.VCVTPS2PD(r.AsX(), r)
	}
	return r
}
