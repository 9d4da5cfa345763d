package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Words that depthwise kernels read, and more that they keep for themselves: where
// they are in C and in bias.
const (
	ownC     = 248
	ownBias  = 256
	argQuads = 264
	argAhead = 272
)

// depthKernel holds the registers of one kernel.
type depthKernel struct {
	tileKernel
	rs5, rs7 reg.Register // 5*rs, 7*rs
	at, far  reg.Register // rows 0 and 8 of A
}

// quadRows is the height up to which tiles have four vectors of channels where there
// are so many: they would wait for their own chains.
const quadRows = 3

// depth emits the kernel of a depthwise convolution for mr results, rows of C, vector
// after vector of channels:
//
//	for range lines {
//		for range tiles {
//			for j := range 4*quads + k { // vectors
//				acc[i] = 0 or bias[j]
//				for _, r := range runs { acc[i] = fma(A[r.a + i*rsa][j], B[r.b*ldb][j], acc[i]) }
//				C[i][j] = acc[i]
//			}
//			a += stepA; C += stepC
//		}
//		a, C = those of the line's first tile + lineA, lineC
//	}
//
// A run is one tap. The last vector is under the mask. What A has ahead bytes on and C in
// the next line is asked for.
func depth(s isa, mr int) {
	TEXT(fmt.Sprintf("depth%d%s", mr, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	d := &depthKernel{tileKernel: tileKernel{isa: s, mr: mr, nv: 1}}
	d.prologue()
	d.copyArg(argA, ownLineA)
	d.copyArg(argC, ownLineC)
	Label("line")
	d.copyArg(ownLineA, argNowA)
	d.copyArg(ownLineC, argNowC)
	d.copyArg(argTiles, ownTiles)
	Label("tile")
	for _, w := range [][2]int{{argNowA, ownA}, {argB, ownB}, {argNowC, ownC}, {argBias, ownBias}} {
		d.copyArg(w[0], w[1])
	}
	if mr <= quadRows {
		d.copyArg(argQuads, ownReps)
		CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(0))
		JEQ(LabelRef("singles"))
		Label("quad")
		d.vectors("quad", 4, false)
		DECQ(Mem{Base: d.args, Disp: ownReps})
		JNE(LabelRef("quad"))
		Label("singles")
	}
	d.copyArg(argK, ownReps)
	CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(0))
	JEQ(LabelRef("done"))
	Label("vector")
	if s == avx512 {
		KXNORW(d.mask, d.mask, d.mask)
		CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(1))
		JNE(LabelRef("whole"))
		KMOVW(Mem{Base: d.args, Disp: argMask}, d.mask)
		Label("whole")
		d.vectors("", 1, true)
	} else {
		CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(1))
		JNE(LabelRef("whole"))
		CMPL(Mem{Base: d.maskp, Disp: 28}, Imm(0))
		JEQ(LabelRef("part"))
		Label("whole")
		d.vectors("whole", 1, false)
		JMP(LabelRef("next"))
		Label("part")
		d.vectors("part", 1, true)
		Label("next")
	}
	DECQ(Mem{Base: d.args, Disp: ownReps})
	JNE(LabelRef("vector"))
	Label("done")
	d.addArg(argStepA, argNowA)
	d.addArg(argStepC, argNowC)
	DECQ(Mem{Base: d.args, Disp: ownTiles})
	JNE(LabelRef("tile"))
	d.addArg(argLineA, ownLineA)
	d.addArg(argLineC, ownLineC)
	DECQ(Mem{Base: d.args, Disp: argLines})
	JNE(LabelRef("line"))
	VZEROUPPER()
	RET()
}

func (d *depthKernel) prologue() {
	d.args = Load(Param("args"), GP64())
	d.rs = d.arg(argRSA)
	d.rs3, d.rs5, d.rs7 = GP64(), GP64(), GP64()
	LEAQ(Mem{Base: d.rs, Index: d.rs, Scale: 2}, d.rs3)
	LEAQ(Mem{Base: d.rs, Index: d.rs, Scale: 4}, d.rs5)
	LEAQ(Mem{Base: d.rs3, Index: d.rs, Scale: 4}, d.rs7)
	d.at, d.far, d.b = GP64(), GP64(), GP64()
	if d.isa == avx512 {
		d.mask = K()
	} else {
		d.maskp = d.arg(argMask)
	}
}

// row is the address of vector j of row i of A.
func (d *depthKernel) row(i, j int) Mem {
	m := Mem{Base: d.at, Disp: j * d.bytes}
	if i >= 8 {
		m.Base = d.far
	}
	switch i % 8 {
	case 0:
	case 3:
		m.Index, m.Scale = d.rs3, 1
	case 5:
		m.Index, m.Scale = d.rs5, 1
	case 6:
		m.Index, m.Scale = d.rs3, 2
	case 7:
		m.Index, m.Scale = d.rs7, 1
	default:
		m.Index, m.Scale = d.rs, uint8(i%8)
	}
	return m
}

// vectors computes the next nv vectors of the tile. masked says that the vector may
// be partial, as any single one is said to be in AVX-512, where that costs nothing.
func (d *depthKernel) vectors(name string, nv int, masked bool) {
	mask := d.mask
	if masked && d.isa == avx2 {
		mask = d.vec()
		VMOVUPS(Mem{Base: d.maskp}, mask)
	}
	read := func(m Mem, v reg.Register) {
		if masked {
			d.loadLanes(m, mask, v)
		} else {
			VMOVUPS(m, v)
		}
	}
	acc := make([][]reg.VecVirtual, d.mr)
	for i := range acc {
		for range nv {
			acc[i] = append(acc[i], d.vec())
		}
	}
	CMPQ(Mem{Base: d.args, Disp: argInit}, Imm(2))
	JEQ(LabelRef(name + "bias"))
	for i := range acc {
		for j := range acc[i] {
			d.zero(acc[i][j])
		}
	}
	JMP(LabelRef(name + "start"))
	Label(name + "bias")
	bias := d.arg(ownBias)
	for j := range nv {
		read(d.cell(bias, j), acc[0][j])
		for i := 1; i < d.mr; i++ {
			VMOVAPS(acc[0][j], acc[i][j])
		}
	}
	Label(name + "start")
	run, left := d.arg(argRuns), d.arg(argNRuns)
	Label(name + "run")
	d.place(run, d.at)
	if d.mr > 8 {
		LEAQ(Mem{Base: d.at, Index: d.rs, Scale: 8}, d.far)
	}
	for j := range nv {
		w := d.vec()
		read(d.cell(d.b, j), w)
		for i := range acc {
			d.tap(d.row(i, j), w, acc[i][j], mask, masked)
		}
	}
	ADDQ(Imm(runSize), run)
	DECQ(left)
	JNE(LabelRef(name + "run"))
	MOVQ(Mem{Base: d.args, Disp: argAhead}, d.at)
	ADDQ(Mem{Base: d.args, Disp: ownA}, d.at)
	if d.mr > 8 {
		LEAQ(Mem{Base: d.at, Index: d.rs, Scale: 8}, d.far)
	}
	for i := range acc {
		for j := range nv {
			PREFETCHT1(d.row(i, j))
		}
	}
	c, ldc := d.arg(ownC), d.arg(argLDC)
	nextC := d.arg(argLineC)
	for i := range acc {
		for j := range acc[i] {
			m := d.cell(c, j)
			m.Index, m.Scale = nextC, 1
			PREFETCHT1(m)
		}
		for j, v := range acc[i] {
			if masked {
				d.storeLanes(v, mask, d.cell(c, j))
			} else {
				VMOVUPS(v, d.cell(c, j))
			}
		}
		if i < d.mr-1 {
			ADDQ(ldc, c)
		}
	}
	for _, own := range []int{ownA, ownB, ownC, ownBias} {
		ADDQ(I32(int32(nv*d.bytes)), Mem{Base: d.args, Disp: own})
	}
}

// tap adds the product of x and w to acc, reading the lanes of mask only if masked.
func (s isa) tap(x Mem, w, acc, mask reg.Register, masked bool) {
	switch {
	case !masked:
		VFMADD231PS(x, w, acc)
	case s == avx512:
		VFMADD231PS(x, w, mask, acc)
	default:
		v := s.vec()
		s.loadLanes(x, mask, v)
		VFMADD231PS(v, w, acc)
	}
}
