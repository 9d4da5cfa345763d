package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of tileArgs that only kernels with runs read, and of the
// words that they keep for themselves.
const (
	argRuns    = 112
	argNRuns   = 120
	argReps    = 128
	argRepA    = 136
	argRepB    = 144
	argStepA   = 152
	argStepC   = 160
	argLines   = 168
	argLineA   = 176
	argLineC   = 184
	ownLineA   = 192 // where the line begins in A
	ownLineC   = 200 // and in C
	ownTiles   = 208 // tiles of the line, repetitions, runs that are left
	ownReps    = 216
	ownRuns    = 224
	ownA       = 232 // where the repetition begins in A
	ownB       = 240 // and in B
	runA, runB = 0, 8
	runK       = 16
	runTaps    = 24
	runSize    = 32
)

// runs emits the kernel of mr rows by nv vectors whose k comes in runs, each at its
// own place of A and B:
//
//	for range lines {
//		for range tiles {
//			acc[i][j] = 0, C[i][j] or bias[j]
//			for rep := range reps {
//				for _, r := range runs { // r.a in elements
//					A, B := a + rep*repA + r.a, b + rep*repB + r.b*ldb
//					for p := range r.k { acc[i][j] = fma(A[i][p], B[p][j], acc[i][j]) }
//				}
//			}
//			C[i][j] = acc[i][j]
//			a += stepA; C += stepC
//		}
//		a, C = those of the line's first tile + lineA, lineC
//	}
//
// No count is 0. All other distances are in bytes.
func runs(s isa, mr, nv int) {
	TEXT(fmt.Sprintf("runs%dx%d%s", mr, nv, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	t := &tileKernel{isa: s, mr: mr, nv: nv}
	t.prologue()
	t.copyArg(argA, ownLineA)
	t.copyArg(argC, ownLineC)
	Label("line")
	t.copyArg(ownLineA, argNowA)
	t.copyArg(ownLineC, argNowC)
	t.copyArg(argTiles, ownTiles)
	Label("tile")
	MOVQ(Mem{Base: t.args, Disp: argNowC}, t.c)
	t.initialize()
	if s == avx512 {
		t.eachRun("", 4, false)
		t.store(true)
	} else {
		CMPL(Mem{Base: t.maskp, Disp: 28}, Imm(0))
		JEQ(LabelRef("partial"))
		t.eachRun("full", 4, false)
		t.store(false)
		JMP(LabelRef("next"))
		Label("partial")
		t.eachRun("partial", 2, true)
		t.store(true)
		Label("next")
	}
	t.addArg(argStepA, argNowA)
	t.addArg(argStepC, argNowC)
	DECQ(Mem{Base: t.args, Disp: ownTiles})
	JNE(LabelRef("tile"))
	t.addArg(argLineA, ownLineA)
	t.addArg(argLineC, ownLineC)
	DECQ(Mem{Base: t.args, Disp: argLines})
	JNE(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// eachRun runs the chains of one tile.
func (t *tileKernel) eachRun(name string, unroll int, masked bool) {
	run := GP64()
	t.copyArg(argNowA, ownA)
	t.copyArg(argB, ownB)
	t.copyArg(argReps, ownReps)
	Label(name + "rep")
	MOVQ(Mem{Base: t.args, Disp: argRuns}, run)
	t.copyArg(argNRuns, ownRuns)
	Label(name + "run")
	t.place(run, t.rows[0])
	t.placeRows()
	MOVQ(Mem{Base: run, Disp: runK}, t.k)
	ADDQ(Imm(runSize), run)
	t.kloop(name, unroll, masked)
	Label(name + "store")
	DECQ(Mem{Base: t.args, Disp: ownRuns})
	JNE(LabelRef(name + "run"))
	t.addArg(argRepA, ownA)
	t.addArg(argRepB, ownB)
	DECQ(Mem{Base: t.args, Disp: ownReps})
	JNE(LabelRef(name + "rep"))
}

// place sets a and t.b to where a run begins.
func (t *tileKernel) place(run, a reg.Register) {
	MOVQ(Mem{Base: run, Disp: runA}, a)
	SHLQ(Imm(2), a)
	ADDQ(Mem{Base: t.args, Disp: ownA}, a)
	MOVQ(Mem{Base: run, Disp: runB}, t.b)
	IMULQ(Mem{Base: t.args, Disp: argLDB}, t.b)
	ADDQ(Mem{Base: t.args, Disp: ownB}, t.b)
}

func (t *tileKernel) copyArg(from, to int) {
	r := t.arg(from)
	MOVQ(r, Mem{Base: t.args, Disp: to})
}

// addArg adds a distance to a place. Places are words that the garbage collector
// does not read, as they end beyond A and C.
func (t *tileKernel) addArg(distance, place int) {
	r := t.arg(distance)
	ADDQ(r, Mem{Base: t.args, Disp: place})
}
