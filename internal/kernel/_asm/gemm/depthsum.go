package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// depthSum holds the registers of one kernel.
type depthSum struct {
	tileKernel
	taps []reg.Register // AVX-512 with several taps: the lanes of each that a run adds to
}

// depthSums emits the weights' gradient of a depthwise convolution for the taps of a row
// of the kernel, vector after vector of channels:
//
//	for j := range 4*quads + k { // vectors
//		acc[t] = 0 or C[t][j]
//		for rep := range reps {
//			for _, r := range runs {
//				A, B := a + rep*repA + r.a, b + rep*repB + r.b*ldb
//				for p := range r.k {
//					for t in r.taps { acc[t] = fma(A[p*csa + t*rsa][j], B[p*ldb][j], acc[t]) }
//				}
//			}
//		}
//		C[t][j] = acc[t]
//	}
//
// What a tap that is not in r.taps would read is not read. With one tap all runs have
// it. The last vector is under the mask.
func depthSums(s isa, taps int) {
	TEXT(fmt.Sprintf("depthSums%d%s", taps, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	d := &depthSum{tileKernel: tileKernel{isa: s, mr: taps}}
	d.args = Load(Param("args"), GP64())
	d.rs, d.cs, d.ldb = d.arg(argRSA), d.arg(argCSA), d.arg(argLDB)
	d.rs3 = GP64()
	LEAQ(Mem{Base: d.rs, Index: d.rs, Scale: 2}, d.rs3)
	d.k, d.b, d.rows = GP64(), GP64(), []reg.Register{GP64()}
	if s == avx512 {
		d.mask = K()
		for range taps {
			d.taps = append(d.taps, K())
		}
	} else {
		d.maskp = d.arg(argMask)
	}
	d.copyArg(argA, ownLineA)
	d.copyArg(argB, ownLineC)
	d.copyArg(argC, ownC)
	d.copyArg(argQuads, ownTiles)
	if s == avx512 {
		KXNORW(d.mask, d.mask, d.mask)
	}
	CMPQ(Mem{Base: d.args, Disp: ownTiles}, Imm(0))
	JEQ(LabelRef("singles"))
	Label("quad")
	d.vectors("quad", 4, false)
	DECQ(Mem{Base: d.args, Disp: ownTiles})
	JNE(LabelRef("quad"))
	Label("singles")
	d.copyArg(argK, ownTiles)
	CMPQ(Mem{Base: d.args, Disp: ownTiles}, Imm(0))
	JEQ(LabelRef("done"))
	Label("vector")
	CMPQ(Mem{Base: d.args, Disp: ownTiles}, Imm(1))
	JNE(LabelRef("whole"))
	if s == avx512 {
		KMOVW(Mem{Base: d.args, Disp: argMask}, d.mask)
		Label("whole")
		d.vectors("", 1, true)
	} else {
		CMPL(Mem{Base: d.maskp, Disp: 28}, Imm(0))
		JEQ(LabelRef("part"))
		Label("whole")
		d.vectors("whole", 1, false)
		JMP(LabelRef("next"))
		Label("part")
		d.vectors("part", 1, true)
		Label("next")
	}
	DECQ(Mem{Base: d.args, Disp: ownTiles})
	JNE(LabelRef("vector"))
	Label("done")
	VZEROUPPER()
	RET()
}

// vectors computes the next nv vectors. masked says that the vector may be partial.
func (d *depthSum) vectors(name string, nv int, masked bool) {
	d.nv = nv
	mask := d.mask
	if masked && d.isa == avx2 {
		mask = d.vec()
		VMOVUPS(Mem{Base: d.maskp}, mask)
	}
	d.acc = nil
	for range d.mr {
		row := make([]reg.VecVirtual, nv)
		for j := range row {
			row[j] = d.vec()
		}
		d.acc = append(d.acc, row)
	}
	d.ldc = d.arg(argLDC)
	d.c = d.arg(ownC)
	CMPQ(Mem{Base: d.args, Disp: argInit}, Imm(1))
	JEQ(LabelRef(name + "accumulate"))
	for _, row := range d.acc {
		for _, v := range row {
			d.zero(v)
		}
	}
	JMP(LabelRef(name + "start"))
	Label(name + "accumulate")
	d.eachRow(func(i int) {
		for j, v := range d.acc[i] {
			if masked {
				d.loadLanes(d.cell(d.c, j), mask, v)
			} else {
				VMOVUPS(d.cell(d.c, j), v)
			}
		}
	})
	Label(name + "start")
	d.copyArg(ownLineA, ownA)
	d.copyArg(ownLineC, ownB)
	d.copyArg(argReps, ownReps)
	run, left := GP64(), GP64()
	Label(name + "rep")
	MOVQ(Mem{Base: d.args, Disp: argRuns}, run)
	MOVQ(Mem{Base: d.args, Disp: argNRuns}, left)
	Label(name + "run")
	d.place(run, d.rows[0])
	MOVQ(Mem{Base: run, Disp: runK}, d.k)
	d.maskTaps(run)
	ADDQ(Imm(runSize), run)
	Label(name + "step")
	d.pixel(mask, masked)
	DECQ(d.k)
	JNE(LabelRef(name + "step"))
	DECQ(left)
	JNE(LabelRef(name + "run"))
	d.addArg(argRepA, ownA)
	d.addArg(argRepB, ownB)
	DECQ(Mem{Base: d.args, Disp: ownReps})
	JNE(LabelRef(name + "rep"))

	c, ldc := d.arg(ownC), d.arg(argLDC)
	d.c, d.ldc = c, ldc
	d.eachRow(func(i int) {
		for j, v := range d.acc[i] {
			if masked {
				d.storeLanes(v, mask, d.cell(d.c, j))
			} else {
				VMOVUPS(v, d.cell(d.c, j))
			}
		}
	})
	for _, own := range []int{ownLineA, ownLineC, ownC} {
		ADDQ(I32(int32(nv*d.bytes)), Mem{Base: d.args, Disp: own})
	}
}

// maskTaps sets the lanes of each tap: those of the mask if the run has it, none if not.
func (d *depthSum) maskTaps(run reg.Register) {
	if len(d.taps) < 2 {
		return
	}
	lanes := GP32()
	KMOVW(d.mask, lanes)
	for t, k := range d.taps {
		bit := GP32()
		MOVL(Mem{Base: run, Disp: runTaps}, bit)
		if t > 0 {
			SHRL(Imm(uint64(t)), bit)
		}
		ANDL(Imm(1), bit)
		NEGL(bit)
		ANDL(lanes, bit)
		KMOVW(bit, k)
	}
}

// pixel is one step of the chains.
func (d *depthSum) pixel(mask reg.Register, masked bool) {
	dy := make([]reg.VecVirtual, d.nv)
	for j := range dy {
		dy[j] = d.vec()
		if masked {
			d.loadLanes(d.cell(d.b, j), mask, dy[j])
		} else {
			VMOVUPS(d.cell(d.b, j), dy[j])
		}
	}
	for t := range d.mr {
		for j := range dy {
			x := d.aAddr(t)
			x.Disp = j * d.bytes
			if d.mr > 1 {
				d.tap(x, dy[j], d.acc[t][j], d.taps[t], true)
			} else {
				d.tap(x, dy[j], d.acc[t][j], mask, masked)
			}
		}
	}
	ADDQ(d.cs, d.rows[0])
	ADDQ(d.ldb, d.b)
}
