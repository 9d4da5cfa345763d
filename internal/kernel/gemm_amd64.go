//go:build !purego

package kernel

import (
	"unsafe"

	"github.com/descent-ml/descent/internal/cpu"
)

// tileArgs is what a kernel reads, in this order (see _asm/gemm/tile.go). Strides
// are in bytes. A tile kernel runs tiles > 0 tiles down a column panel.
type tileArgs struct {
	k     int
	a     *float32
	rsa   int // from a row of A to the next
	csa   int // from a column of A to the next
	b     *float32
	ldb   int
	c     *float32
	ldc   int
	mask  uint64 // of the panel's last vector: bits (AVX-512), address of words (AVX2)
	init  int
	bias  *float32
	tiles int
	now   [2]uintptr // the kernel's own: where it is in A and C

	// Only kernels with runs read the rest (see _asm/gemm/runs.go).
	runs         *run
	nruns        int
	reps         int // repetitions of the runs, and their distances
	repA, repB   int
	stepA, stepC int // from a tile to the next of its line
	lines        int // counted down by the kernel
	lineA, lineC int
	own          [9]uintptr
	quads        int // fours of vectors before k single ones, in depthwise kernels
	ahead        int // from where a tile begins in A to what the next line begins to read
}

// tier is what the driver knows of an instruction set.
type tier struct {
	isa       cpu.ISA
	lanes     int                   // float32 in a vector
	wide      [4]int                // vectors of a panel for 1, 2, 3 and more rows
	tiles     [17][]func(args *int) // [vectors][rows]
	runs      [5][]func(args *int)  // [vectors][rows]: k in runs
	depth     []func(args *int)     // [rows]: depthwise convolution
	depthSums [6]func(args *int)    // [taps]: its weights' gradient
	ordered   [5][]func(args *int)  // [rows][strips]: NT with few rows
	tall      []func(args *int)     // [columns]: NN with few columns
	outer     func(args *int)       // k = 1
	row       func(args *int)       // m = 1, B in memory
	transpose func(src *float32, lds int, dst *float32, ldd int, rows, cols int)
	pack      func(k, nv int, b *float32, ldb int, dst *float32)
}

var tierAVX512 = tier{
	isa:   cpu.AVX512,
	lanes: 16,
	wide:  [4]int{16, 8, 8, 4},
	tiles: [17][]func(args *int){
		1:  {nil, tile1x1AVX512, tile2x1AVX512, tile3x1AVX512, tile4x1AVX512, tile5x1AVX512, tile6x1AVX512, tile7x1AVX512, tile8x1AVX512, tile9x1AVX512, tile10x1AVX512, tile11x1AVX512, tile12x1AVX512, tile13x1AVX512, tile14x1AVX512, tile15x1AVX512, tile16x1AVX512},
		2:  {nil, tile1x2AVX512, tile2x2AVX512, tile3x2AVX512, tile4x2AVX512, tile5x2AVX512, tile6x2AVX512, tile7x2AVX512, tile8x2AVX512, tile9x2AVX512, tile10x2AVX512, tile11x2AVX512, tile12x2AVX512},
		3:  {nil, tile1x3AVX512, tile2x3AVX512, tile3x3AVX512, tile4x3AVX512, tile5x3AVX512, tile6x3AVX512, tile7x3AVX512, tile8x3AVX512},
		4:  {nil, tile1x4AVX512, tile2x4AVX512, tile3x4AVX512, tile4x4AVX512, tile5x4AVX512, tile6x4AVX512},
		8:  {nil, tile1x8AVX512, tile2x8AVX512, tile3x8AVX512},
		16: {nil, tile1x16AVX512},
	},
	runs: [5][]func(args *int){
		1: {nil, runs1x1AVX512, runs2x1AVX512, runs3x1AVX512, runs4x1AVX512, runs5x1AVX512, runs6x1AVX512, runs7x1AVX512, runs8x1AVX512, runs9x1AVX512, runs10x1AVX512, runs11x1AVX512, runs12x1AVX512, runs13x1AVX512, runs14x1AVX512, runs15x1AVX512, runs16x1AVX512},
		2: {nil, runs1x2AVX512, runs2x2AVX512, runs3x2AVX512, runs4x2AVX512, runs5x2AVX512, runs6x2AVX512, runs7x2AVX512, runs8x2AVX512, runs9x2AVX512, runs10x2AVX512, runs11x2AVX512, runs12x2AVX512},
		3: {nil, runs1x3AVX512, runs2x3AVX512, runs3x3AVX512, runs4x3AVX512, runs5x3AVX512, runs6x3AVX512, runs7x3AVX512, runs8x3AVX512},
		4: {nil, runs1x4AVX512, runs2x4AVX512, runs3x4AVX512, runs4x4AVX512, runs5x4AVX512, runs6x4AVX512},
	},
	depth:     []func(args *int){nil, depth1AVX512, depth2AVX512, depth3AVX512, depth4AVX512, depth5AVX512, depth6AVX512, depth7AVX512, depth8AVX512, depth9AVX512, depth10AVX512, depth11AVX512, depth12AVX512, depth13AVX512, depth14AVX512, depth15AVX512, depth16AVX512},
	depthSums: [6]func(args *int){1: depthSums1AVX512, 3: depthSums3AVX512, 5: depthSums5AVX512},
	ordered: [5][]func(args *int){
		1: {nil, ordered1x1AVX512, ordered1x2AVX512},
		2: {nil, ordered2x1AVX512, ordered2x2AVX512},
		3: {nil, ordered3x1AVX512, ordered3x2AVX512},
		4: {nil, ordered4x1AVX512, ordered4x2AVX512},
	},
	tall:      []func(args *int){nil, tall1AVX512, tall2AVX512, tall3AVX512, tall4AVX512, tall5AVX512, tall6AVX512, tall7AVX512, tall8AVX512, tall9AVX512, tall10AVX512, tall11AVX512, tall12AVX512},
	outer:     outerAVX512,
	row:       rowAVX512,
	transpose: transposeAVX512,
	pack:      packAVX512,
}

var tierAVX2 = tier{
	isa:   cpu.AVX2,
	lanes: 8,
	wide:  [4]int{12, 6, 3, 3},
	tiles: [17][]func(args *int){
		1:  {nil, tile1x1AVX2, tile2x1AVX2, tile3x1AVX2, tile4x1AVX2, tile5x1AVX2, tile6x1AVX2},
		2:  {nil, tile1x2AVX2, tile2x2AVX2, tile3x2AVX2, tile4x2AVX2, tile5x2AVX2, tile6x2AVX2},
		3:  {nil, tile1x3AVX2, tile2x3AVX2, tile3x3AVX2, tile4x3AVX2},
		6:  {nil, tile1x6AVX2, tile2x6AVX2},
		12: {nil, tile1x12AVX2},
	},
	runs: [5][]func(args *int){
		1: {nil, runs1x1AVX2, runs2x1AVX2, runs3x1AVX2, runs4x1AVX2, runs5x1AVX2, runs6x1AVX2},
		2: {nil, runs1x2AVX2, runs2x2AVX2, runs3x2AVX2, runs4x2AVX2, runs5x2AVX2, runs6x2AVX2},
		3: {nil, runs1x3AVX2, runs2x3AVX2, runs3x3AVX2, runs4x3AVX2},
	},
	depth:     []func(args *int){nil, depth1AVX2, depth2AVX2, depth3AVX2, depth4AVX2, depth5AVX2, depth6AVX2, depth7AVX2, depth8AVX2},
	depthSums: [6]func(args *int){1: depthSums1AVX2},
	ordered: [5][]func(args *int){
		1: {nil, ordered1x1AVX2, ordered1x2AVX2},
		2: {nil, ordered2x1AVX2, ordered2x2AVX2},
		3: {nil, ordered3x1AVX2},
		4: {nil, ordered4x1AVX2},
	},
	outer:     outerAVX2,
	row:       rowAVX2,
	transpose: transposeAVX2,
	pack:      packAVX2,
}

// simd is the tier in use, nil for plain Go.
var simd *tier

func init() {
	onUse(func(isa cpu.ISA) {
		simd = map[cpu.ISA]*tier{cpu.AVX512: &tierAVX512, cpu.AVX2: &tierAVX2}[isa]
	})
}

// Scratch slots of gemm.
const (
	slotPanel = 0 // a panel of B
	slotRight = 1 // Aᵀ in a swapped product
	slotSwap  = 2 // rows of Cᵀ
	slotLeft  = 3 // A with a better row distance
)

// multiply chooses the way: vectors run along rows of C, so B's rows must, too.
func multiply(p *product, s *Scratch) {
	t := simd
	switch {
	case t == nil:
		multiplyGo(p, s)
	case p.csb != 1:
		t.transposed(p, s)
	case p.csa != 1 && t.narrow(p):
		t.swapped(p, p.a, p.csa, s)
	case p.csa == 1 && p.n < len(t.tall) && p.m >= t.lanes && p.k >= t.lanes && p.init != Accumulate:
		t.tallRows(p, s)
	case p.m == 1 && p.n >= t.lanes && p.k >= 4 && p.k*p.n >= rowSize:
		t.oneRow(p, s)
	default:
		t.direct(p, s)
	}
}

func transpose(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	if simd == nil {
		transposeGo(rows, cols, src, lds, dst, ldd)
		return
	}
	simd.transposeAll(rows, cols, src, lds, dst, ldd)
}

// transposeAll cuts src into strips of one vector's rows.
func (t *tier) transposeAll(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	for r := 0; r < rows; r += t.lanes {
		t.transpose(&src[r*lds], 4*lds, &dst[r], 4*ldd, min(t.lanes, rows-r), cols)
	}
}

// direct computes C = A·B with B's rows in place or packed, panel by panel. The
// two orientations of A differ in strides only.
func (t *tier) direct(p *product, s *Scratch) {
	g := &s.tile
	t.setOutput(g, p)
	first := 0
	if p.k == 1 && p.init == Zero {
		first = t.outerColumns(g, p)
		if first == p.n {
			return
		}
	}
	a, csa := spreadColumns(p, s)
	g.csa = 4 * csa
	kc := depth(p)
	far := p.far()
	if far {
		kc = min(kc, fetchSize/p.n)
	}
	for q := 0; q < p.k; q += kc {
		if far {
			p.bring(g, q, min(kc, p.k-q))
		}
		g.k = min(kc, p.k-q)
		if q > 0 {
			g.init = int(Accumulate)
		}
		for j := first; j < p.n; {
			nv := t.vectors(p.m, p.n-j)
			g.b, g.ldb = &p.b[q*p.rsb+j], 4*p.rsb
			if t.packs(p, nv, j) {
				panel := s.F32(slotPanel, g.k*nv*t.lanes)
				t.pack(g.k, nv, g.b, g.ldb, &panel[0])
				g.b, g.ldb = &panel[0], 4*nv*t.lanes
			}
			t.panel(g, p, &a[q*csa], j, nv)
			j += nv * t.lanes
		}
	}
}

// far says that B is too large for the second cache and is used by too few rows of
// A to be worth a copy. Where A lies by columns, B is of examples, and new.
func (p *product) far() bool {
	return p.m < packRows && p.csa == 1 && p.k*p.n >= rowSize && p.n <= fetchSize/16
}

// bring reads rows of B from row q on, one behind the other: the memory takes
// that for a stream and runs ahead, which it does not for the panels of the tiles.
func (p *product) bring(g *tileArgs, q, rows int) {
	width := p.n
	if p.rsb == p.n {
		width, rows = rows*p.n, 1
	}
	for i := range rows {
		if g.k, g.b = width/fetchStep, &p.b[(q+i)*p.rsb]; g.k > 0 {
			fetch(&g.k)
		}
	}
}

// oneRow computes C = A·B with one row of A: full vectors of C over multiples of
// four rows of B, then what is left of the rows, and of the columns.
func (t *tier) oneRow(p *product, s *Scratch) {
	full, depth := p.n/t.lanes*t.lanes, p.k&^3
	rest := *p
	if rest.n, rest.b, rest.c = p.n-full, p.b[full:], p.c[full:]; rest.n > 0 {
		if p.init == Bias {
			rest.bias = p.bias[full:]
		}
		t.direct(&rest, s)
	}
	begun := *p
	begun.n = full
	if p.init != Accumulate {
		begun.startChains()
	}
	g := &s.tile
	g.csa, g.ldb, g.c, g.tiles = 4*p.csa, 4*p.rsb, &p.c[0], full/t.lanes
	most := max(4, callRead/full&^3)
	for q := 0; q < depth; q += most {
		g.k, g.a, g.b = min(most, depth-q), &p.a[q*p.csa], &p.b[q*p.rsb]
		t.row(&g.k)
	}
	if depth < p.k {
		begun.k, begun.a, begun.b, begun.init = p.k-depth, p.a[depth*p.csa:], p.b[depth*p.rsb:], Accumulate
		t.direct(&begun, s)
	}
}

// tallRows computes C = A·B with vectors along columns of C, sixteen rows each, and
// what is left of them as usual.
func (t *tier) tallRows(p *product, s *Scratch) {
	g := &s.tile
	t.setOutput(g, p)
	g.k, g.b, g.ldb, g.mask = p.k, &p.b[0], 4*p.rsb, t.mask(p.n)
	if p.init == Bias {
		g.bias = &p.bias[0]
	}
	most, row := max(1, callWork/(p.n*t.lanes*p.k)), 0
	for tiles := p.m / t.lanes; tiles > 0; tiles -= g.tiles {
		g.a, g.c, g.tiles = &p.a[row*p.rsa], &p.c[row*p.ldc], min(most, tiles)
		t.tall[p.n](&g.k)
		row += g.tiles * t.lanes
	}
	if row < p.m {
		rest := *p
		rest.m, rest.a, rest.c = p.m-row, p.a[row*p.rsa:], p.c[row*p.ldc:]
		t.direct(&rest, s)
	}
}

// setOutput fills what all panels share.
func (t *tier) setOutput(g *tileArgs, p *product) {
	g.rsa, g.csa, g.ldc, g.init = 4*p.rsa, 4*p.csa, 4*p.ldc, int(p.init)
}

// outerColumns computes C = A·B for k = 1, as many columns as fill vectors, and
// returns how many those are.
func (t *tier) outerColumns(g *tileArgs, p *product) (done int) {
	vectors := p.n / t.lanes
	if vectors == 0 {
		return 0
	}
	most := max(1, callStores/p.n)
	for i := 0; i < p.m; i += most {
		g.k, g.a, g.b, g.c, g.tiles = vectors, &p.a[i*p.rsa], &p.b[0], &p.c[i*p.ldc], min(most, p.m-i)
		t.outer(&g.k)
	}
	return vectors * t.lanes
}

// Blocking, from the measurements in docs/kernels.md.
const (
	blockDepth = 1024     // k of a panel: 256 KB of B, which the second-level cache keeps
	clashDepth = 256      // the same where rows of B clash and few rows of A use them
	shortDepth = 128      // k of a panel of 32 KB, for the first-level cache
	packRows   = 256      // rows of A from which a panel of B is worth a copy
	packClash  = 24       // the same where rows of B clash
	clash      = 1024     // rows of B this many floats apart, or a multiple, share sets of the caches
	spread     = 512      // the same for columns of A
	callWork   = 1 << 21  // multiply-adds in one call into assembly, some 20 µs: nothing preempts it
	callStores = 1 << 17  // the same in stored elements, for k = 1
	callRead   = 1 << 18  // the same in elements read from memory, for one row
	fetchSize  = 64 << 10 // elements of B that are brought to the second cache at once
	fetchStep  = 128      // elements that one step of fetch reads
	rowSize    = 1 << 17  // elements of a B that is not in the second cache: one row of A reads it from afar
)

// depth returns the size of a block of k.
func depth(p *product) int {
	switch {
	case p.rsb%clash != 0 || p.m >= packRows:
		return blockK(p.k, blockDepth)
	case p.m >= packClash:
		return blockK(p.k, clashDepth)
	default:
		return blockK(p.k, shortDepth)
	}
}

// blockK cuts k into blocks; a last one of up to a half goes with its neighbour.
func blockK(k, size int) int {
	if k <= size+size/2 {
		return k
	}
	return size
}

// packs says whether the panel of nv vectors at column j is copied.
func (t *tier) packs(p *product, nv, j int) bool {
	return p.m >= packClash && (p.m >= packRows || p.rsb%clash == 0) && p.n-j >= nv*t.lanes
}

// spreadColumns copies a column-major A whose columns clash in the caches to a
// distance that does not, if enough columns of C use it.
func spreadColumns(p *product, s *Scratch) (a []float32, csa int) {
	if p.rsa != 1 || p.csa%spread != 0 || p.n < 256 || p.k < 256 {
		return p.a, p.csa
	}
	ld := p.m + 16
	a = s.F32(slotLeft, p.k*ld)
	for q := range p.k {
		copy(a[q*ld:][:p.m], p.a[q*p.csa:])
	}
	return a, ld
}

// vectors returns the width of the next panel when n columns are left. What is
// left of less than two panels is halved: panels of one vector wait for loads.
func (t *tier) vectors(m, n int) int {
	nv := t.wide[min(m, 4)-1]
	left := (n + t.lanes - 1) / t.lanes
	if m >= 4 && left > nv && left < 2*nv {
		return (left + 1) / 2
	}
	if left < nv {
		for nv = left; t.tiles[nv] == nil || m > 1 && len(t.tiles[nv]) == 2; nv-- {
		}
	}
	return nv
}

// panel runs all rows of A, which starts at a, down the panel of nv vectors at
// column j, in tiles of even height: 32 rows are 6, 6, 5, 5, 5, 5 and not five
// times 6 and a 2, because a low tile loads B more often for its work.
func (t *tier) panel(g *tileArgs, p *product, a *float32, j, nv int) {
	if p.init == Bias {
		g.bias = &p.bias[j]
	}
	g.a, g.c = a, &p.c[j]
	g.mask = t.mask(p.n - j - (nv-1)*t.lanes)
	kernels := t.tiles[nv]
	highest := len(kernels) - 1
	if p.m <= highest {
		g.tiles = 1
		kernels[p.m](&g.k)
		return
	}
	tiles := (p.m + highest - 1) / highest
	height, higher := p.m/tiles, p.m%tiles // the first tiles are one row higher
	most := max(1, callWork/(highest*nv*t.lanes*g.k))
	for done, row := 0, 0; done < tiles; {
		h, count := height, tiles-done
		if done < higher {
			h, count = height+1, higher-done
		}
		count = min(count, most)
		g.tiles = count
		g.a = (*float32)(unsafe.Add(unsafe.Pointer(a), row*g.rsa))
		g.c = &p.c[row*p.ldc+j]
		kernels[h](&g.k)
		done += count
		row += count * h
	}
}

// laneWords[8-n:] is the AVX2 mask of n lanes.
var laneWords = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// mask makes the mask of the first n lanes, n > 0, in the form the tier reads.
func (t *tier) mask(n int) uint64 {
	n = min(n, t.lanes)
	if t.isa == cpu.AVX512 {
		return 1<<n - 1
	}
	return uint64(uintptr(unsafe.Pointer(&laneWords[8-n])))
}

// transposed computes C = A·Bᵀ. Neither operand has rows along an output, so one
// must be turned: B in registers for a few rows, A where that is the cheaper,
// or B panel by panel.
func (t *tier) transposed(p *product, s *Scratch) {
	m, n, k := p.m, p.n, p.k
	switch {
	case m < len(t.ordered):
		t.packedNT(p, t.orderedColumns(p, s), s)
	case m >= t.lanes && (m <= 48 || n*k > 2*m*(k+n)):
		ld := roundUp(m, 16)
		right := s.F32(slotRight, k*ld)
		t.transposeAll(m, k, p.a, p.rsa, right, ld)
		t.swapped(p, right, ld, s)
	default:
		t.packedNT(p, 0, s)
	}
}

// orderedColumns computes C = A·Bᵀ for a few rows and as many columns as fill
// vectors, and returns how many those are. B is read once, in place.
func (t *tier) orderedColumns(p *product, s *Scratch) (done int) {
	g := &s.tile
	t.setOutput(g, p)
	g.k, g.a, g.ldb = p.k, &p.a[0], 4*p.csb
	kernels := t.ordered[p.m]
	for strips := len(kernels) - 1; strips > 0; strips-- {
		for w := strips * t.lanes; p.n-done >= w; done += w {
			g.b, g.c = &p.b[done*p.csb], &p.c[done]
			if p.init == Bias {
				g.bias = &p.bias[done]
			}
			kernels[strips](&g.k)
		}
	}
	return done
}

// packedNT computes columns j and on of C = A·Bᵀ with panels of Bᵀ in scratch.
func (t *tier) packedNT(p *product, j int, s *Scratch) {
	g := &s.tile
	t.setOutput(g, p)
	kc := blockK(p.k, blockDepth)
	if p.m < t.lanes {
		kc = min(p.k, shortDepth)
	}
	for j < p.n {
		nv := t.vectors(max(p.m, 4), p.n-j)
		w := nv * t.lanes
		g.ldb, g.init = 4*w, int(p.init)
		for q := 0; q < p.k; q += kc {
			g.k = min(kc, p.k-q)
			if q > 0 {
				g.init = int(Accumulate)
			}
			panel := s.F32(slotPanel, g.k*w)
			t.transposeAll(min(w, p.n-j), g.k, p.b[j*p.csb+q:], p.csb, panel, w)
			g.b = &panel[0]
			t.panel(g, p, &p.a[q], j, nv)
		}
		j += w
	}
}

// narrow says that C has few columns and a ragged edge, which waste more lanes than
// those of Cᵀ, and enough work to pay for the transposition.
func (t *tier) narrow(p *product) bool {
	if p.n >= 2*t.lanes || p.k < 32 || p.m < 16 || p.m*p.k < 1024 {
		return false
	}
	return p.n*roundUp(p.m, t.lanes) < p.m*roundUp(p.n, t.lanes)
}

// swapped computes Cᵀ (n, m) = Bᵀ·Aᵀ with Aᵀ (k, m) at right, some rows at a
// time, and transposes them into C.
func (t *tier) swapped(p *product, right []float32, ld int, s *Scratch) {
	ldt := roundUp(p.m, 16)
	rows := min(p.n, max(48, 16384/ldt/48*48))
	ct := s.F32(slotSwap, rows*ldt)
	q := product{m: rows, n: p.m, k: p.k, rsa: p.csb, csa: p.rsb, b: right, rsb: ld, csb: 1, c: ct, ldc: ldt}
	if p.init != Zero {
		q.init = Accumulate
	}
	for j := 0; j < p.n; j += rows {
		q.m, q.a = min(rows, p.n-j), p.b[j*p.csb:]
		switch p.init {
		case Accumulate:
			t.transposeAll(p.m, q.m, p.c[j:], p.ldc, ct, ldt)
		case Bias:
			for r := range q.m {
				row := ct[r*ldt:][:p.m]
				for i := range row {
					row[i] = p.bias[j+r]
				}
			}
		}
		t.direct(&q, s)
		t.transposeAll(q.m, p.m, ct, ldt, p.c[j:], p.ldc)
	}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
