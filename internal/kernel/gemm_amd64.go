//go:build !purego

package kernel

import (
	"unsafe"

	"github.com/descent-ml/descent/internal/cpu"
)

// tileArgs is what a tile kernel reads, in this order (see _asm/gemm/tile.go).
// Strides are in bytes. The kernel runs tiles > 0 tiles down a column panel.
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
}

// tier is what the driver knows of an instruction set.
type tier struct {
	isa       cpu.ISA
	lanes     int                   // float32 in a vector
	tiles     [17][]func(args *int) // [vectors][rows]
	transpose func(src *float32, lds int, dst *float32, ldd int, rows, cols int)
	pack      func(k, nv int, b *float32, ldb int, dst *float32)
	wide      [4]int // vectors of a panel for 1, 2, 3 and more rows
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

func gemmNN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if simd == nil {
		gemmGo(m, n, k, a, lda, 1, b, ldb, 1, c, ldc, init, bias, s)
		return
	}
	simd.product(m, n, k, a, lda, 1, b, ldb, c, ldc, init, bias, s)
}

func gemmNT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if simd == nil {
		gemmGo(m, n, k, a, lda, 1, b, 1, ldb, c, ldc, init, bias, s)
		return
	}
	simd.productNT(m, n, k, a, lda, b, ldb, c, ldc, init, bias, s)
}

func gemmTN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if simd == nil {
		gemmGo(m, n, k, a, 1, lda, b, ldb, 1, c, ldc, init, bias, s)
		return
	}
	simd.productTN(m, n, k, a, lda, b, ldb, c, ldc, init, bias, s)
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

// Scratch slots of gemm.
const (
	slotPanel = 0 // a panel of B
	slotRight = 1 // Aᵀ in a swapped product
	slotSwap  = 2 // rows of Cᵀ
)

// product computes C = A·B (B's rows contiguous), panel by panel. A[i][p] is
// a[i*rsa+p*csa]: the two orientations of A differ in strides only.
func (t *tier) product(m, n, k int, a []float32, rsa, csa int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	g := &s.tile
	g.rsa, g.csa, g.ldb, g.ldc = 4*rsa, 4*csa, 4*ldb, 4*ldc
	g.init = int(init)
	kc := blockK(k)
	for p := 0; p < k; p += kc {
		g.k = min(kc, k-p)
		if p > 0 {
			g.init = int(Accumulate)
		}
		for j := 0; j < n; {
			nv := t.vectors(m, n-j)
			g.b = &b[p*ldb+j]
			if init == Bias {
				g.bias = &bias[j]
			}
			t.panel(g, m, nv, n-j, &a[p*csa], &c[j])
			j += nv * t.lanes
		}
	}
}

// blockK cuts k so that a panel of B stays in the second-level cache.
func blockK(k int) int {
	const kc = 1024
	if k <= kc+kc/2 {
		return k
	}
	return kc
}

// vectors returns the width of the next panel when n columns are left.
func (t *tier) vectors(m, n int) int {
	nv := t.wide[min(m, 4)-1]
	left := (n + t.lanes - 1) / t.lanes
	if left < nv {
		for nv = left; t.tiles[nv] == nil || m > 1 && len(t.tiles[nv]) == 2; nv-- {
		}
	}
	return nv
}

// panel runs all m rows down a panel of nv vectors, of which left columns exist,
// in tiles of even height: 32 rows are 6, 6, 5, 5, 5, 5 and not five times 6 and
// a 2, because a low tile loads B more often.
func (t *tier) panel(g *tileArgs, m, nv, left int, a, c *float32) {
	kernels := t.tiles[nv]
	g.a, g.c = a, c
	g.mask = t.mask(left - (nv-1)*t.lanes)
	highest := len(kernels) - 1
	if m <= highest {
		g.tiles = 1
		kernels[m](&g.k)
		return
	}
	tiles := (m + highest - 1) / highest
	height, extra := m/tiles, m%tiles
	if extra > 0 {
		g.tiles = extra
		kernels[height+1](&g.k)
		rows := extra * (height + 1)
		g.a = (*float32)(unsafe.Add(unsafe.Pointer(a), rows*g.rsa))
		g.c = (*float32)(unsafe.Add(unsafe.Pointer(c), rows*g.ldc))
	}
	g.tiles = tiles - extra
	kernels[height](&g.k)
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

// productNT computes C = A·Bᵀ. Vectors run along rows, and neither operand has
// a row that runs along an output, so one of them is transposed: the cheaper.
func (t *tier) productNT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if m >= t.lanes && (m <= 48 || n*k > 2*m*(k+n)) {
		ld := roundUp(m, 16)
		at := s.F32(slotRight, k*ld)
		t.transposeAll(m, k, a, lda, at, ld)
		t.swapped(m, n, k, at, ld, b, ldb, 1, c, ldc, init, bias, s)
		return
	}
	g := &s.tile
	g.rsa, g.csa, g.ldc = 4*lda, 4, 4*ldc
	g.init = int(init)
	kc := blockK(k)
	for p := 0; p < k; p += kc {
		g.k = min(kc, k-p)
		if p > 0 {
			g.init = int(Accumulate)
		}
		for j := 0; j < n; {
			nv := t.vectors(m, n-j)
			w := nv * t.lanes
			pb := s.F32(slotPanel, g.k*w)
			t.transposeAll(min(w, n-j), g.k, b[j*ldb+p:], ldb, pb, w)
			g.b, g.ldb = &pb[0], 4*w
			if init == Bias {
				g.bias = &bias[j]
			}
			t.panel(g, m, nv, n-j, &a[p], &c[j])
			j += w
		}
	}
}

// productTN computes C = Aᵀ·B. A narrow C with a ragged edge wastes lanes: then
// its transpose is computed, whose rows are long.
func (t *tier) productTN(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	if n < 2*t.lanes && n%t.lanes != 0 && m >= 4*t.lanes && k >= 64 {
		t.swapped(m, n, k, a, lda, b, 1, ldb, c, ldc, init, bias, s)
		return
	}
	t.product(m, n, k, a, 1, lda, b, ldb, c, ldc, init, bias, s)
}

// swapped computes Cᵀ (n, m) = X·Y, X[j][p] = x[j*rsx+p*csx], Y (k, m), a few
// rows at a time, and transposes them into C.
func (t *tier) swapped(m, n, k int, y []float32, ldy int, x []float32, rsx, csx int, c []float32, ldc int, init Init, bias []float32, s *Scratch) {
	ld := roundUp(m, 16)
	rows := min(n, max(48, 16384/ld/48*48))
	ct := s.F32(slotSwap, rows*ld)
	start := init
	if init == Bias {
		start = Accumulate
	}
	for j := 0; j < n; j += rows {
		nr := min(rows, n-j)
		switch init {
		case Accumulate:
			t.transposeAll(m, nr, c[j:], ldc, ct, ld)
		case Bias:
			for r := range nr {
				row := ct[r*ld:][:m]
				for i := range row {
					row[i] = bias[j+r]
				}
			}
		}
		t.product(nr, m, k, x[j*rsx:], rsx, csx, y, ldy, ct, ld, start, nil, s)
		t.transposeAll(nr, m, ct, ld, c[j:], ldc)
	}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
