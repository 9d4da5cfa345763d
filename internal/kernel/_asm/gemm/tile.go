package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of tileArgs (gemm_amd64.go).
const (
	argK     = 0
	argA     = 8
	argRSA   = 16
	argCSA   = 24
	argB     = 32
	argLDB   = 40
	argC     = 48
	argLDC   = 56
	argMask  = 64
	argInit  = 72
	argBias  = 80
	argTiles = 88
	argNowA  = 96
	argNowC  = 104
)

// tileKernel holds the registers of one kernel.
type tileKernel struct {
	isa
	mr, nv int
	args   reg.Register
	k      reg.Register
	rs     reg.Register   // bytes from a row of A to the next
	rs3    reg.Register   // 3*rs
	cs     reg.Register   // bytes from a column of A to the next
	rows   []reg.Register // address of A rows 0, 5, 10, ...
	b, ldb reg.Register
	c, ldc reg.Register
	mask   reg.Register // AVX-512; AVX2 keeps the mask in memory
	maskp  reg.Register
	acc    [][]reg.VecVirtual
}

// tile emits the kernel of mr rows by nv vectors:
//
//	for ; args.tiles > 0; args.tiles-- {
//		acc[i][j] = 0, C[i][j] or bias[j]
//		for p := range k { acc[i][j] = fma(A[i][p], B[p][j], acc[i][j]) }
//		C[i][j] = acc[i][j]
//		A += mr*rsa; C += mr*ldc
//	}
//
// where the panel's last vector is read and written under the mask.
func tile(s isa, mr, nv int) {
	TEXT(fmt.Sprintf("tile%dx%d%s", mr, nv, s.suffix), NOSPLIT, "func(args *int)")
	Pragma("noescape")
	t := &tileKernel{isa: s, mr: mr, nv: nv}
	t.prologue()
	MOVQ(t.arg(argA), Mem{Base: t.args, Disp: argNowA})
	MOVQ(t.arg(argC), Mem{Base: t.args, Disp: argNowC})
	Label("tile")
	t.tileStart()
	t.initialize()
	if s == avx512 {
		t.kloop("", 4, false)
		Label("store")
		t.store(true)
	} else {
		CMPL(Mem{Base: t.maskp, Disp: 28}, Imm(0))
		JEQ(LabelRef("partial"))
		t.kloop("", 4, false)
		Label("store")
		t.store(false)
		JMP(LabelRef("next"))
		Label("partial")
		t.kloop("partial", 2, true)
		Label("partialstore")
		t.store(true)
		Label("next")
	}
	t.advance()
	DECQ(Mem{Base: t.args, Disp: argTiles})
	JNE(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

func (t *tileKernel) arg(off int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t.args, Disp: off}, r)
	return r
}

func (t *tileKernel) prologue() {
	t.args = Load(Param("args"), GP64())
	t.rs, t.cs, t.ldb, t.ldc = t.arg(argRSA), t.arg(argCSA), t.arg(argLDB), t.arg(argLDC)
	if t.mr > 3 {
		t.rs3 = GP64()
		LEAQ(Mem{Base: t.rs, Index: t.rs, Scale: 2}, t.rs3)
	}
	if t.isa == avx512 {
		t.mask = K()
		KMOVW(Mem{Base: t.args, Disp: argMask}, t.mask)
	} else {
		t.maskp = t.arg(argMask)
	}
	t.k, t.b, t.c = GP64(), GP64(), GP64()
	for i := 0; i < t.mr; i += 5 {
		t.rows = append(t.rows, GP64())
	}
	for range t.mr {
		row := make([]reg.VecVirtual, t.nv)
		for j := range row {
			row[j] = t.vec()
		}
		t.acc = append(t.acc, row)
	}
}

// tileStart sets the moving pointers of one tile.
func (t *tileKernel) tileStart() {
	MOVQ(Mem{Base: t.args, Disp: argNowA}, t.rows[0])
	t.placeRows()
	MOVQ(Mem{Base: t.args, Disp: argB}, t.b)
	MOVQ(Mem{Base: t.args, Disp: argNowC}, t.c)
	MOVQ(Mem{Base: t.args, Disp: argK}, t.k)
}

// placeRows sets the addresses of rows 5, 10, ... of A by that of row 0.
func (t *tileKernel) placeRows() {
	for i := 1; i < len(t.rows); i++ {
		LEAQ(Mem{Base: t.rows[i-1], Index: t.rs, Scale: 4}, t.rows[i])
		ADDQ(t.rs, t.rows[i])
	}
}

// initialize sets the accumulators by args.init and brings C near.
func (t *tileKernel) initialize() {
	CMPQ(Mem{Base: t.args, Disp: argInit}, Imm(1))
	JEQ(LabelRef("accumulate"))
	t.eachRow(func(i int) {
		for j := 0; j < t.nv; j += 64 / t.bytes {
			PREFETCHT0(t.cell(t.c, j))
		}
	})
	CMPQ(Mem{Base: t.args, Disp: argInit}, Imm(2))
	JEQ(LabelRef("bias"))
	for i := range t.acc {
		for j := range t.acc[i] {
			t.zero(t.acc[i][j])
		}
	}
	JMP(LabelRef("start"))

	Label("bias")
	bias := t.arg(argBias)
	for j := range t.nv {
		t.load(bias, j, t.acc[0][j])
		for i := 1; i < t.mr; i++ {
			VMOVAPS(t.acc[0][j], t.acc[i][j])
		}
	}
	JMP(LabelRef("start"))

	Label("accumulate")
	t.eachRow(func(i int) {
		for j := range t.nv {
			t.load(t.c, j, t.acc[i][j])
		}
	})
	Label("start")
	MOVQ(Mem{Base: t.args, Disp: argNowC}, t.c)
}

// eachRow calls f for every row of C with t.c at that row.
func (t *tileKernel) eachRow(f func(i int)) {
	for i := range t.mr {
		f(i)
		if i < t.mr-1 {
			ADDQ(t.ldc, t.c)
		}
	}
}

func (t *tileKernel) cell(base reg.Register, j int) Mem {
	return Mem{Base: base, Disp: j * t.bytes}
}

// load reads vector j of a row, the last one under the mask.
func (t *tileKernel) load(base reg.Register, j int, v reg.VecVirtual) {
	switch {
	case j < t.nv-1:
		VMOVUPS(t.cell(base, j), v)
	case t.isa == avx512:
		t.loadLanes(t.cell(base, j), t.mask, v)
	default:
		VMOVUPS(Mem{Base: t.maskp}, v)
		t.loadLanes(t.cell(base, j), v, v)
	}
}

// kloop runs the chain. masked says that the last vector of B may be partial;
// in AVX-512 it always is loaded under the mask, which costs nothing there.
func (t *tileKernel) kloop(name string, unroll int, masked bool) {
	SUBQ(Imm(uint64(unroll)), t.k)
	JLT(LabelRef(name + "tail"))
	Label(name + "loop")
	for range unroll {
		t.step(masked)
	}
	SUBQ(Imm(uint64(unroll)), t.k)
	JGE(LabelRef(name + "loop"))
	Label(name + "tail")
	ADDQ(Imm(uint64(unroll)), t.k)
	JEQ(LabelRef(name + "store"))
	Label(name + "one")
	t.step(masked)
	DECQ(t.k)
	JNE(LabelRef(name + "one"))
}

// step is one k: the rank-1 update of the tile.
func (t *tileKernel) step(masked bool) {
	if t.mr == 1 || t.nv > 4 {
		t.stepWide(masked)
	} else {
		t.stepTall(masked)
	}
	ADDQ(t.ldb, t.b)
	for _, r := range t.rows {
		ADDQ(t.cs, r)
	}
}

// loadB reads vector j of B's row.
func (t *tileKernel) loadB(j int, masked bool, v reg.VecVirtual) {
	if t.isa == avx2 && !masked {
		VMOVUPS(t.cell(t.b, j), v)
	} else {
		t.load(t.b, j, v)
	}
}

// stepTall holds B's row in registers and broadcasts A, row by row.
func (t *tileKernel) stepTall(masked bool) {
	b := make([]reg.VecVirtual, t.nv)
	for j := range b {
		b[j] = t.vec()
		t.loadB(j, masked, b[j])
	}
	for i := range t.mr {
		if t.nv == 1 && t.isa == avx512 {
			VFMADD231PS_BCST(t.aAddr(i), b[0], t.acc[i][0])
			continue
		}
		a := t.vec()
		VBROADCASTSS(t.aAddr(i), a)
		for j := range b {
			VFMADD231PS(b[j], a, t.acc[i][j])
		}
	}
}

// stepWide holds A's column in registers and streams B. A single row of A lives on
// the flow of B, which prefetching doubles where it comes from the second cache.
func (t *tileKernel) stepWide(masked bool) {
	a := make([]reg.VecVirtual, t.mr)
	for i := range a {
		a[i] = t.vec()
		VBROADCASTSS(t.aAddr(i), a[i])
	}
	for j := range t.nv {
		if t.mr == 1 {
			PREFETCHT0(Mem{Base: t.b, Index: t.ldb, Scale: 8, Disp: j * t.bytes})
		}
		if t.mr == 1 && (j < t.nv-1 || t.isa == avx2 && !masked) {
			VFMADD231PS(t.cell(t.b, j), a[0], t.acc[0][j])
			continue
		}
		b := t.vec()
		t.loadB(j, masked, b)
		for i := range a {
			VFMADD231PS(b, a[i], t.acc[i][j])
		}
	}
}

// aAddr is the address of A's row i at the current k.
func (t *tileKernel) aAddr(i int) Mem {
	base := t.rows[i/5]
	switch i % 5 {
	case 0:
		return Mem{Base: base}
	case 1:
		return Mem{Base: base, Index: t.rs, Scale: 1}
	case 2:
		return Mem{Base: base, Index: t.rs, Scale: 2}
	case 3:
		return Mem{Base: base, Index: t.rs3, Scale: 1}
	default:
		return Mem{Base: base, Index: t.rs, Scale: 4}
	}
}

func (t *tileKernel) store(masked bool) {
	mask := t.mask
	if masked && t.isa == avx2 {
		mask = t.vec()
		VMOVUPS(Mem{Base: t.maskp}, mask)
	}
	t.eachRow(func(i int) {
		for j := range t.nv {
			if masked && j == t.nv-1 {
				t.storeLanes(t.acc[i][j], mask, t.cell(t.c, j))
			} else {
				VMOVUPS(t.acc[i][j], t.cell(t.c, j))
			}
		}
	})
}

// advance moves to the next tile: t.c stands at the last row. The addresses live
// in words that the garbage collector does not read, as they end beyond A and C.
func (t *tileKernel) advance() {
	ADDQ(t.ldc, t.c)
	MOVQ(t.c, Mem{Base: t.args, Disp: argNowC})
	r := GP64()
	IMUL3Q(Imm(uint64(t.mr)), t.rs, r)
	ADDQ(r, Mem{Base: t.args, Disp: argNowA})
}
