package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

type gemmFunc = func(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init Init, bias []float32, s *Scratch)

// orientation is one of the three products with what a test needs of it.
type orientation struct {
	name string
	f    gemmFunc
	tA   bool // A is stored (k, m)
	tB   bool // B is stored (n, k)
}

var orientations = []orientation{{"NN", GemmNN, false, false}, {"NT", GemmNT, false, true}, {"TN", GemmTN, true, false}}

// A fenced matrix lies inside a larger buffer: before it, after it and between
// its rows are guard values.
type fenced struct {
	rows, cols, ld, off int
	buf                 []float32
}

const fence = -12345.678

func newFenced(r *rand.Rand, rows, cols, pad, off int) *fenced {
	g := &fenced{rows: rows, cols: cols, ld: cols + pad, off: 16 + off}
	g.buf = alignedF32(g.off + rows*g.ld + 16)
	for i := range g.buf {
		g.buf[i] = fence
	}
	for i := range rows {
		for j := range cols {
			g.data()[i*g.ld+j] = r.Float32()*2 - 1
		}
	}
	return g
}

// data is cut right behind the last row, so that a read beyond it panics or,
// in assembly, meets a guard value.
func (g *fenced) data() []float32 {
	n := 0
	if g.rows > 0 && g.cols > 0 {
		n = (g.rows-1)*g.ld + g.cols
	}
	return g.buf[g.off:][:n]
}

func (g *fenced) clone() *fenced {
	h := *g
	h.buf = alignedF32(len(g.buf))[:len(g.buf)]
	copy(h.buf, g.buf)
	return &h
}

// diff describes the first element that differs from want's, gaps included.
func (g *fenced) diff(want *fenced) string {
	for i := range want.buf {
		if !sameValue(g.buf[i], want.buf[i]) {
			at := i - g.off
			return fmt.Sprintf("element %d (row %d, column %d of %d x %d, ld %d) = %v, want %v",
				at, at/max(g.ld, 1), at%max(g.ld, 1), g.rows, g.cols, g.ld, g.buf[i], want.buf[i])
		}
	}
	return ""
}

// gemmCase is one product in fenced memory with the reference's result.
type gemmCase struct {
	orientation
	m, n, k       int
	init          Init
	a, b, c, want *fenced
	bias          []float32
}

func newGemmCase(r *rand.Rand, o orientation, m, n, k int, init Init) *gemmCase {
	x := &gemmCase{orientation: o, m: m, n: n, k: k, init: init}
	matrix := func(rows, cols int, transposed bool) *fenced {
		if transposed {
			rows, cols = cols, rows
		}
		return newFenced(r, rows, cols, r.IntN(3)*r.IntN(9), r.IntN(4))
	}
	x.a, x.b, x.c = matrix(m, k, o.tA), matrix(k, n, o.tB), matrix(m, n, false)
	bias := newFenced(r, 1, n, 0, r.IntN(4))
	x.bias = bias.data()
	x.reference()
	return x
}

// reference fills want from the definition.
func (x *gemmCase) reference() {
	rsa, csa, rsb, csb := x.a.ld, 1, x.b.ld, 1
	if x.tA {
		rsa, csa = csa, rsa
	}
	if x.tB {
		rsb, csb = csb, rsb
	}
	x.want = x.c.clone()
	gemmRef(&product{m: x.m, n: x.n, k: x.k, a: x.a.data(), rsa: rsa, csa: csa, b: x.b.data(), rsb: rsb, csb: csb,
		c: x.want.data(), ldc: x.want.ld, init: x.init, bias: x.bias})
}

// check runs the product on every tier.
func (x *gemmCase) check(t *testing.T, s *Scratch) {
	t.Helper()
	for _, isa := range cpu.Tiers() {
		Use(isa)
		a, b, c := x.a.clone(), x.b.clone(), x.c.clone()
		x.f(x.m, x.n, x.k, a.data(), a.ld, b.data(), b.ld, c.data(), c.ld, x.init, x.bias, s)
		for _, d := range []string{c.diff(x.want), a.diff(x.a), b.diff(x.b)} {
			if d != "" {
				t.Fatalf("%s on %v, m=%d n=%d k=%d init=%d: %s", x.name, isa, x.m, x.n, x.k, x.init, d)
			}
		}
	}
}

// Every size from 0 to 300 of each dimension, the other two at edges of tiles,
// strips and panels.
func TestGemmSizes(t *testing.T) {
	defer Use(Active())
	edges := [][2]int{{1, 1}, {2, 17}, {5, 16}, {6, 10}, {7, 33}, {13, 4}, {16, 24}, {25, 3}, {3, 65}, {4, 31}, {17, 9}, {12, 48}, {8, 64}}
	r := rand.New(rand.NewPCG(3, 5))
	var s Scratch
	for _, o := range orientations {
		for size := range 301 {
			e := edges[size%len(edges)]
			f := edges[(size+size/len(edges))%len(edges)]
			newGemmCase(r, o, size, e[0], e[1], Init(size%3)).check(t, &s)
			newGemmCase(r, o, e[1], size, f[0], Init((size+1)%3)).check(t, &s)
			newGemmCase(r, o, f[0], e[1], size, Init((size+2)%3)).check(t, &s)
		}
	}
}

// Every small size of all three at once: the edges of every kernel.
func TestGemmSmall(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(4, 5))
	var s Scratch
	for _, o := range orientations {
		for m := range 20 {
			for n := range 35 {
				k := []int{0, 1, 2, 3, 4, 5, 8, 9, 17}[(m+n)%9]
				newGemmCase(r, o, m, n, k, Init((m*n)%3)).check(t, &s)
			}
		}
	}
}

// A few columns and rows enough for vectors to run down them, and narrow products
// at the edge of being turned.
func TestGemmNarrow(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(10, 5))
	var s Scratch
	for _, o := range orientations {
		for n := 1; n <= 17; n++ {
			for i, m := range []int{15, 16, 17, 31, 32, 33, 50} {
				for j, k := range []int{15, 16, 17, 31, 32, 33, 64, 70} {
					newGemmCase(r, o, m, n, k, Init((i+j+n)%3)).check(t, &s)
				}
			}
		}
		newGemmCase(r, o, 7000, 10, 40, Bias).check(t, &s) // several calls
	}
}

// Where the driver changes its way: blocks of k, swapped products, wide panels.
func TestGemmPaths(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(5, 5))
	var s Scratch
	for _, o := range orientations {
		for i, d := range [][3]int{
			{1, 530, 70}, {2, 300, 40}, {3, 270, 70}, {4, 200, 66}, {1, 20, 1600}, {7, 40, 3100}, {20, 33, 1537},
			{64, 10, 64}, {70, 10, 65}, {130, 30, 128}, {100, 17, 100}, {300, 5, 70}, {16, 200, 30}, {48, 100, 50},
			{49, 70, 100}, {100, 70, 30}, {5000, 70, 20}, {1000, 300, 1}, {64, 64, 64}, {128, 64, 33}, {40, 130, 256}, {97, 129, 65}, {600, 20, 20},
		} {
			for init := Zero; init <= Bias; init++ {
				if int(init) == i%3 || d[0]*d[1]*d[2] < 200000 {
					newGemmCase(r, o, d[0], d[1], d[2], init).check(t, &s)
				}
			}
		}
	}
}

// TestGemmFar: one row of A and a few with matrices that are read from memory, by
// multiples of four rows and full vectors and what is left of both.
func TestGemmFar(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(11, 5))
	var s Scratch
	for _, o := range orientations {
		for i, d := range [][2]int{{1152, 116}, {1153, 115}, {33, 4001}, {16, 8193}, {4103, 34}, {40000, 4}, {31, 4800}} {
			for init := Zero; init <= Bias; init++ {
				if !o.tB || int(init) == i%3 {
					newGemmCase(r, o, 1, d[0], d[1], init).check(t, &s)
				}
			}
			newGemmCase(r, o, 2+i%3, d[0], d[1], Init(i%3)).check(t, &s)
		}
	}
}

// Row distances of 4 KB and more, as in weights with a power of two of columns.
func TestGemmPowerOfTwoStride(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(6, 5))
	var s Scratch
	for _, o := range orientations {
		for _, d := range [][3]int{{36, 70, 80}, {20, 70, 400}, {30, 40, 800}, {300, 33, 40}, {40, 256, 260}} {
			x := &gemmCase{orientation: o, m: d[0], n: d[1], k: d[2], bias: make([]float32, d[1])}
			stride := func(rows, cols int, transposed bool) *fenced {
				if transposed {
					rows, cols = cols, rows
				}
				return newFenced(r, rows, cols, 1024-cols, 0)
			}
			x.a, x.b, x.c = stride(x.m, x.k, o.tA), stride(x.k, x.n, o.tB), stride(x.m, x.n, false)
			x.reference()
			x.check(t, &s)
		}
	}
}

func TestGemmNaNAndInf(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(7, 5))
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), math.MaxFloat32, 0x1p-140}
	var s Scratch
	for _, o := range orientations {
		for _, d := range [][3]int{{1, 40, 30}, {6, 64, 20}, {20, 20, 20}, {33, 70, 9}, {70, 10, 70}, {20, 11, 40}, {9, 50, 1}, {3, 40, 33}} {
			x := newGemmCase(r, o, d[0], d[1], d[2], Init(r.IntN(3)))
			for _, g := range []*fenced{x.a, x.b, x.c} {
				for range 6 {
					g.data()[r.IntN(g.rows)*g.ld+r.IntN(g.cols)] = special[r.IntN(len(special))]
				}
			}
			x.reference()
			x.check(t, &s)
		}
	}
}

// Bits do not depend on how m, n and k are cut, nor on other goroutines at work
// on the same C.
func TestGemmCuts(t *testing.T) {
	const m, n, k = 53, 141, 300
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(8, 5))
		for _, o := range orientations {
			a, b := newFenced(r, m, k, 0, 0), newFenced(r, k, n, 0, 0)
			rowA, rowB := a.ld, 1 // distance between rows of the product's A, columns of its B
			lda, ldb := k, n
			if o.tA {
				rowA, lda = 1, m
			}
			if o.tB {
				rowB, ldb = k, k
			}
			run := func(c []float32, i, mi, j, nj, p, kp int, init Init, s *Scratch) {
				stepA, stepB := 1, n
				if o.tA {
					stepA = m
				}
				if o.tB {
					stepB = 1
				}
				o.f(mi, nj, kp, a.data()[i*rowA+p*stepA:], lda, b.data()[j*rowB+p*stepB:], ldb, c[i*n+j:], n, init, nil, s)
			}
			want := make([]float32, m*n)
			run(want, 0, m, 0, n, 0, k, Zero, new(Scratch))
			got := make([]float32, m*n)
			for _, cut := range [][3]int{{7, n, k}, {m, 33, k}, {m, n, 64}, {1, 50, 299}, {16, 16, 100}} {
				var wg sync.WaitGroup
				for i := 0; i < m; i += cut[0] {
					for j := 0; j < n; j += cut[1] {
						wg.Go(func() {
							var s Scratch
							for p := 0; p < k; p += cut[2] {
								init := Accumulate
								if p == 0 {
									init = Zero
								}
								run(got, i, min(cut[0], m-i), j, min(cut[1], n-j), p, min(cut[2], k-p), init, &s)
							}
						})
					}
				}
				wg.Wait()
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s cut by %v: element %d = %v, want %v", o.name, cut, i, got[i], want[i])
					}
				}
			}
		}
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 5))
		var s Scratch
		for _, o := range orientations {
			for _, d := range [][3]int{{20, 40, 30}, {1, 40, 30}, {70, 10, 70}} {
				x := newGemmCase(r, o, d[0], d[1], d[2], Zero)
				run := func() {
					x.f(x.m, x.n, x.k, x.a.data(), x.a.ld, x.b.data(), x.b.ld, x.c.data(), x.c.ld, x.init, nil, &s)
				}
				run()
				if got := testing.AllocsPerRun(5, run); got != 0 {
					t.Errorf("%s %v: %v allocations, want 0", o.name, d, got)
				}
			}
		}
	})
}

func TestGemmPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"short a":    func() { GemmNN(2, 3, 4, x[:7], 4, x, 3, x, 3, Zero, nil, new(Scratch)) },
		"short b":    func() { GemmNT(2, 3, 4, x, 4, x[:11], 4, x, 3, Zero, nil, new(Scratch)) },
		"short c":    func() { GemmTN(2, 3, 4, x, 2, x, 3, x[:5], 3, Zero, nil, new(Scratch)) },
		"small ldb":  func() { GemmNN(2, 3, 4, x, 4, x, 2, x, 3, Zero, nil, new(Scratch)) },
		"short bias": func() { GemmNN(2, 3, 4, x, 4, x, 3, x, 3, Bias, x[:2], new(Scratch)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
