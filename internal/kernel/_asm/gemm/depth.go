package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// More words that a kernel keeps for itself: where it is in C and in bias.
const (
	ownC    = 248
	ownBias = 256
)

// depthKernel holds the registers of one kernel.
type depthKernel struct {
	tileKernel
	rs5, rs7 reg.Register // 5*rs, 7*rs
	at, far  reg.Register // rows 0 and 8 of A
}

// depth emits the kernel of a depthwise convolution for mr results, rows of C, vector
// after vector of channels:
//
//	for range lines {
//		for range tiles {
//			for j := range k { // vectors
//				acc[i] = 0 or bias[j]
//				for _, r := range runs { acc[i] = fma(A[r.a + i*rsa][j], B[r.b][j], acc[i]) }
//				C[i][j] = acc[i]
//			}
//			a += stepA; C += stepC
//		}
//		a, C = those of the line's first tile + lineA, lineC
//	}
//
// A run is one tap. The last vector is under the mask.
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
	for _, w := range [][2]int{{argNowA, ownA}, {argB, ownB}, {argNowC, ownC}, {argBias, ownBias}, {argK, ownReps}} {
		d.copyArg(w[0], w[1])
	}
	Label("vector")
	if s == avx512 {
		KXNORW(d.mask, d.mask, d.mask)
		CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(1))
		JNE(LabelRef("whole"))
		KMOVW(Mem{Base: d.args, Disp: argMask}, d.mask)
		Label("whole")
		d.vector("", true)
	} else {
		CMPQ(Mem{Base: d.args, Disp: ownReps}, Imm(1))
		JNE(LabelRef("whole"))
		CMPL(Mem{Base: d.maskp, Disp: 28}, Imm(0))
		JEQ(LabelRef("part"))
		Label("whole")
		d.vector("whole", false)
		JMP(LabelRef("next"))
		Label("part")
		d.vector("part", true)
		Label("next")
	}
	for _, own := range []int{ownA, ownB, ownC, ownBias} {
		ADDQ(Imm(uint64(s.bytes)), Mem{Base: d.args, Disp: own})
	}
	DECQ(Mem{Base: d.args, Disp: ownReps})
	JNE(LabelRef("vector"))
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
	for range d.mr {
		d.acc = append(d.acc, []reg.VecVirtual{d.vec()})
	}
}

// row is the address of row i of A.
func (d *depthKernel) row(i int) Mem {
	base := d.at
	if i >= 8 {
		base = d.far
	}
	switch i % 8 {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: d.rs3, Scale: 1}
	case 5:
		return Mem{Base: base, Index: d.rs5, Scale: 1}
	case 6:
		return Mem{Base: base, Index: d.rs3, Scale: 2}
	case 7:
		return Mem{Base: base, Index: d.rs7, Scale: 1}
	default:
		return Mem{Base: base, Index: d.rs, Scale: uint8(i % 8)}
	}
}

// vector computes one vector of the tile. masked says that it may be partial, as any
// is said to be in AVX-512, where that costs nothing.
func (d *depthKernel) vector(name string, masked bool) {
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
	CMPQ(Mem{Base: d.args, Disp: argInit}, Imm(2))
	JEQ(LabelRef(name + "bias"))
	for i := range d.acc {
		d.zero(d.acc[i][0])
	}
	JMP(LabelRef(name + "start"))
	Label(name + "bias")
	bias := d.arg(ownBias)
	read(Mem{Base: bias}, d.acc[0][0])
	for i := 1; i < d.mr; i++ {
		VMOVAPS(d.acc[0][0], d.acc[i][0])
	}
	Label(name + "start")
	run, left := d.arg(argRuns), d.arg(argNRuns)
	Label(name + "run")
	d.place(run, runA, ownA, d.at)
	d.place(run, runB, ownB, d.b)
	if d.mr > 8 {
		LEAQ(Mem{Base: d.at, Index: d.rs, Scale: 8}, d.far)
	}
	w := d.vec()
	read(Mem{Base: d.b}, w)
	for i := range d.acc {
		switch {
		case d.isa == avx512:
			VFMADD231PS(d.row(i), w, d.mask, d.acc[i][0])
		case masked:
			x := d.vec()
			read(d.row(i), x)
			VFMADD231PS(x, w, d.acc[i][0])
		default:
			VFMADD231PS(d.row(i), w, d.acc[i][0])
		}
	}
	ADDQ(Imm(runSize), run)
	DECQ(left)
	JNE(LabelRef(name + "run"))
	c, ldc := d.arg(ownC), d.arg(argLDC)
	for i := range d.acc {
		if masked {
			d.storeLanes(d.acc[i][0], mask, Mem{Base: c})
		} else {
			VMOVUPS(d.acc[i][0], Mem{Base: c})
		}
		if i < d.mr-1 {
			ADDQ(ldc, c)
		}
	}
}
