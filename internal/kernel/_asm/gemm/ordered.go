package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ordered emits C = A·Bᵀ for mr rows of A and g strips of one vector's rows of B,
// the case where transposing B in memory would cost more than the product:
//
//	acc[i][j] = 0, C[i][j] or bias[j]
//	for p := range k { acc[i][j] = fma(A[i][p], B[j][p], acc[i][j]) }
//
// Vectors run over j. Square blocks of B are transposed in registers, then used
// column by column, so each chain keeps the order of k. Two strips hide the
// latency of the chains. It reads tileArgs, and no mask: all columns exist.
func ordered(s isa, mr, g int) {
	TEXT(fmt.Sprintf("ordered%dx%d%s", mr, g, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	o := &orderedKernel{isa: s, n: s.bytes / 4, mr: mr}
	o.prologue(g)
	o.initialize()
	MOVQ(Mem{Base: o.args, Disp: argA}, o.a[0])
	for i := 1; i < mr; i++ {
		LEAQ(Mem{Base: o.a[i-1], Index: o.rs, Scale: 1}, o.a[i])
	}
	MOVQ(Mem{Base: o.args, Disp: argK}, o.k)
	SUBQ(Imm(uint64(o.n)), o.k)
	JLT(LabelRef("tail"))
	Label("loop")
	for t := range g {
		o.block(t, nil)
		o.consume(t, false)
	}
	o.next()
	SUBQ(Imm(uint64(o.n)), o.k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(uint64(o.n)), o.k)
	JEQ(LabelRef("store"))
	mask := laneMask(s, o.k)
	for t := range g {
		o.block(t, mask)
		o.consume(t, true)
	}
	Label("store")
	o.eachOutput(func(m Mem, v reg.VecVirtual) { VMOVUPS(v, m) })
	VZEROUPPER()
	RET()
}

// orderedKernel holds the registers of one kernel.
type orderedKernel struct {
	isa
	n, mr    int
	args, rs reg.Register
	ldb, k   reg.Register
	a, b     []reg.GPVirtual // rows of A; first row of each strip of B
	acc      [][]reg.VecVirtual
	cols     []reg.VecVirtual // the block at hand, by k
}

func (o *orderedKernel) load(off int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: o.args, Disp: off}, r)
	return r
}

func (o *orderedKernel) prologue(g int) {
	o.args = Load(Param("args"), GP64())
	o.rs, o.ldb, o.k = o.load(argRSA), o.load(argLDB), GP64()
	for range o.mr {
		o.a = append(o.a, GP64())
		row := make([]reg.VecVirtual, g)
		for t := range row {
			row[t] = o.vec()
		}
		o.acc = append(o.acc, row)
	}
	for range g {
		o.b = append(o.b, GP64())
	}
	MOVQ(Mem{Base: o.args, Disp: argB}, o.b[0])
	for t := 1; t < len(o.b); t++ {
		MOVQ(o.ldb, o.b[t])
		SHLQ(Imm(map[int]uint64{8: 3, 16: 4}[o.n]), o.b[t])
		ADDQ(o.b[t-1], o.b[t])
	}
}

// initialize sets the accumulators by args.init.
func (o *orderedKernel) initialize() {
	CMPQ(Mem{Base: o.args, Disp: argInit}, Imm(1))
	JEQ(LabelRef("accumulate"))
	CMPQ(Mem{Base: o.args, Disp: argInit}, Imm(2))
	JEQ(LabelRef("bias"))
	for i := range o.acc {
		for t := range o.acc[i] {
			o.zero(o.acc[i][t])
		}
	}
	JMP(LabelRef("start"))
	Label("bias")
	bias := o.load(argBias)
	for t := range o.b {
		VMOVUPS(Mem{Base: bias, Disp: t * o.bytes}, o.acc[0][t])
		for i := 1; i < o.mr; i++ {
			VMOVAPS(o.acc[0][t], o.acc[i][t])
		}
	}
	JMP(LabelRef("start"))
	Label("accumulate")
	o.eachOutput(func(m Mem, v reg.VecVirtual) { VMOVUPS(m, v) })
	Label("start")
}

// eachOutput calls f with the address and accumulator of every vector of C.
func (o *orderedKernel) eachOutput(f func(m Mem, v reg.VecVirtual)) {
	c, ldc := o.load(argC), o.load(argLDC)
	for i := range o.acc {
		for t := range o.acc[i] {
			f(Mem{Base: c, Disp: t * o.bytes}, o.acc[i][t])
		}
		if i < o.mr-1 {
			ADDQ(ldc, c)
		}
	}
}

// block loads a block of strip t and transposes it.
func (o *orderedKernel) block(t int, mask reg.Register) {
	p := GP64()
	MOVQ(o.b[t], p)
	rows := make([]reg.VecVirtual, o.n)
	for i := range rows {
		rows[i] = o.vec()
		if mask == nil {
			VMOVUPS(Mem{Base: p}, rows[i])
		} else {
			o.loadLanes(Mem{Base: p}, mask, rows[i])
		}
		if i < o.n-1 {
			ADDQ(o.ldb, p)
		}
	}
	if o.isa == avx512 {
		o.cols = block16(rows)
	} else {
		o.cols = block8(rows)
	}
}

// consume adds the block's columns to the chains of strip t: all of them, or as
// many as k has left.
func (o *orderedKernel) consume(t int, tail bool) {
	done := fmt.Sprintf("done%d", t)
	left := GP64()
	if tail {
		MOVQ(o.k, left)
	}
	for j, b := range o.cols {
		for i := range o.mr {
			m := Mem{Base: o.a[i], Disp: 4 * j}
			if o.isa == avx512 {
				VFMADD231PS_BCST(m, b, o.acc[i][t])
				continue
			}
			a := o.vec()
			VBROADCASTSS(m, a)
			VFMADD231PS(b, a, o.acc[i][t])
		}
		if tail && j < o.n-1 {
			DECQ(left)
			JEQ(LabelRef(done))
		}
	}
	if tail {
		Label(done)
	}
}

// next moves on by one block of k.
func (o *orderedKernel) next() {
	for _, r := range append(o.a[:o.mr:o.mr], o.b...) {
		ADDQ(Imm(uint64(o.bytes)), r)
	}
}
