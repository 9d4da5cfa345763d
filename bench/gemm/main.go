// Command gemm times the matrix products of a training step against OpenBLAS,
// one thread each.
//
//	./peers.sh && CGO_ENABLED=1 go run .
//
// Per shape the two engines take turns on the same operands (64-byte aligned,
// warm, in huge pages as in the engine's arena); a figure is the median over
// the blocks of 2mnk / process CPU time. The peak is measured in the same run, by
// a loop of fused multiply-adds in registers before and after every block; a
// block beside which it is below 95 % of its median does not count.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/kernel"
)

var (
	rounds  = flag.Int("rounds", 9, "quiet blocks per engine and shape; the median counts")
	block   = flag.Duration("block", 3*time.Millisecond, "length of a block")
	kinds   = flag.String("kinds", "NN,NT,TN", "orientations")
	only    = flag.String("shapes", "", "comma list of MxNxK; empty: the standard ones")
	library = flag.String("openblas", "peers/libopenblas.so", "OpenBLAS; empty: none")
	core    = flag.String("core", "", "OPENBLAS_CORETYPE; empty: OpenBLAS's choice")
	isaName = flag.String("isa", "", "tier: go, avx2, avx512; empty: the best")
	huge    = flag.Bool("huge", true, "operands in huge pages")
)

// product is one matrix product with its operands.
type product struct {
	kind           string
	m, n, k        int
	lda, ldb       int
	a, b, c        []float32
	batch, in, out int // of the layer it belongs to; 0: none
}

func (x *product) flops() float64 { return 2 * float64(x.m) * float64(x.n) * float64(x.k) }

func main() {
	flag.Parse()
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	if *isaName != "" {
		isa, err := cpu.Parse(*isaName)
		if err != nil || isa > cpu.Best() {
			fmt.Fprintln(os.Stderr, "gemm: -isa:", *isaName, "cannot run here", err)
			os.Exit(2)
		}
		kernel.Use(isa)
	}
	peer, err := loadOpenBLAS(*library, *core)
	if err != nil {
		fmt.Println("OpenBLAS is missing, its columns are empty:", err)
	} else {
		fmt.Println("peer:", peer.name)
	}
	fmt.Printf("cpu: %s, tier %v\n", cpuName(), kernel.Active())
	fmt.Printf("%-3s %-15s %8s %7s %9s %6s\n", "", "m x n x k", "GF", "% peak", "OpenBLAS", "ratio")
	for range 200 {
		peakNow()
	}
	var results []result
	for _, kind := range strings.Split(*kinds, ",") {
		for _, x := range products(kind) {
			r := measure(x, peer)
			results = append(results, r)
			fmt.Println(r)
		}
	}
	summarize(results)
}

func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	field := func(name string) string {
		_, s, _ := strings.Cut(string(b), name)
		s, _, _ = strings.Cut(s, "\n")
		return strings.Trim(s, "\t :")
	}
	return fmt.Sprintf("%s family %s model %s", field("model name"), field("cpu family"), field("model\t"))
}

// products lists the shapes of one orientation: y = x·W (NN), dx = dy·Wᵀ (NT)
// and dW = xᵀ·dy (TN) of each layer and batch, and a cube.
func products(kind string) []*product {
	if *only != "" {
		var list []*product
		for _, s := range strings.Split(*only, ",") {
			var m, n, k int
			if _, err := fmt.Sscanf(s, "%dx%dx%d", &m, &n, &k); err != nil {
				fmt.Fprintln(os.Stderr, "gemm: -shapes:", s, err)
				os.Exit(2)
			}
			list = append(list, newProduct(kind, m, n, k))
		}
		return list
	}
	var list []*product
	for _, layer := range [][2]int{{784, 512}, {512, 256}, {128, 384}, {384, 128}, {64, 64}, {256, 10}} {
		for _, batch := range []int{1, 16, 32, 128, 512} {
			in, out := layer[0], layer[1]
			m, n, k := batch, out, in
			switch kind {
			case "NT":
				m, n, k = batch, in, out
			case "TN":
				m, n, k = in, out, batch
			}
			x := newProduct(kind, m, n, k)
			x.batch, x.in, x.out = batch, in, out
			list = append(list, x)
		}
	}
	return append(list, newProduct(kind, 1024, 1024, 1024))
}

func newProduct(kind string, m, n, k int) *product {
	x := &product{kind: kind, m: m, n: n, k: k, lda: k, ldb: n}
	switch kind {
	case "NT":
		x.ldb = k
	case "TN":
		x.lda = m
	}
	return x
}

// allocate gives x operands; free gives them back.
func (x *product) allocate() (free func()) {
	total := 0
	part := func(n int) int { total += (n + 15) / 16 * 16; return n }
	na, nb, nc := part(x.m*x.k), part(x.k*x.n), part(x.m*x.n)
	const page = 2 << 20
	mem, err := unix.Mmap(-1, 0, 4*total+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	if *huge {
		unix.Madvise(mem, unix.MADV_HUGEPAGE)
	}
	skip := int(-uintptr(unsafe.Pointer(&mem[0])) % page)
	f := unsafe.Slice((*float32)(unsafe.Pointer(&mem[skip])), total)
	for i := range f {
		f[i] = rand.Float32() - 0.5
	}
	take := func(n int) []float32 {
		s := f[:n]
		f = f[(n+15)/16*16:]
		return s
	}
	x.a, x.b, x.c = take(na), take(nb), take(nc)
	return func() { unix.Munmap(mem) }
}

type result struct {
	*product
	gf, peer float64
	noisy    bool // too few blocks were quiet: the median is over all of them
}

func (r result) String() string {
	s := fmt.Sprintf("%-3s %-15s %8.1f", r.kind, fmt.Sprintf("%dx%dx%d", r.m, r.n, r.k), r.gf)
	if p := medianPeak(); p > 0 { // plain Go has no peak to speak of
		s += fmt.Sprintf(" %7.1f", 100*r.gf/p)
	}
	if r.peer > 0 {
		s += fmt.Sprintf(" %9.1f %6.2f", r.peer, r.gf/r.peer)
	}
	if r.noisy {
		s += "  noisy"
	}
	return s
}

func now() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return float64(t.Sec) + 1e-9*float64(t.Nsec)
}

// measure runs ours, the peer and the peak in turn.
func measure(x *product, peer *openBLAS) result {
	defer x.allocate()()
	var s kernel.Scratch
	f := map[string]func(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, init kernel.Init, bias []float32, s *kernel.Scratch){
		"NN": kernel.GemmNN, "NT": kernel.GemmNT, "TN": kernel.GemmTN}[x.kind]
	ours := func(reps int) {
		for range reps {
			f(x.m, x.n, x.k, x.a, x.lda, x.b, x.ldb, x.c, x.n, kernel.Zero, nil, &s)
		}
	}
	theirs := func(reps int) { peer.run(reps, x) }
	var quiet, all sample
	before := peakNow()
	for try := 0; try < 10**rounds && quiet.short(peer != nil); try++ {
		gf := timeBlock(ours, x.flops())
		between := peakNow()
		all.gf = append(all.gf, gf)
		if isQuiet(before, between) {
			quiet.gf = append(quiet.gf, gf)
		}
		before = between
		if peer == nil {
			continue
		}
		gf = timeBlock(theirs, x.flops())
		after := peakNow()
		all.peer = append(all.peer, gf)
		if isQuiet(between, after) {
			quiet.peer = append(quiet.peer, gf)
		}
		before = after
	}
	r := result{product: x, noisy: quiet.short(peer != nil)}
	if r.noisy {
		quiet = all
	}
	r.gf = median(quiet.gf)
	if peer != nil {
		r.peer = median(quiet.peer)
	}
	return r
}

// sample holds the speeds of an engine's blocks.
type sample struct{ gf, peer []float64 }

func (s *sample) short(peer bool) bool {
	return len(s.gf) < *rounds || peer && len(s.peer) < *rounds
}

// peaks are the rates of multiply-adds seen, in order of size.
var peaks []float64

// peakNow measures the rate of multiply-adds in registers.
func peakNow() float64 {
	t := now()
	p := peak.Block(kernel.Active()) / (now() - t) * 1e-9
	i, _ := slices.BinarySearch(peaks, p)
	peaks = slices.Insert(peaks, i, p)
	return p
}

func medianPeak() float64 { return peaks[len(peaks)/2] }

// isQuiet says that the core ran at its usual speed before and after a block: on
// a shared host a neighbour slows it down for a while.
func isQuiet(before, after float64) bool { return min(before, after) >= 0.95*medianPeak() }

// usedCPU and usedWall add up the blocks' time: their ratio is above one if an
// engine uses more than its thread.
var usedCPU, usedWall float64

// timeBlock returns GFLOP/s over one block, after about half as much to warm up.
func timeBlock(run func(reps int), flops float64) float64 {
	reps, used := 1, 0.0
	for ; ; reps *= 2 {
		t := now()
		run(reps)
		if used = now() - t; used > block.Seconds()/4 {
			break
		}
	}
	reps = int(float64(reps)*block.Seconds()/used) + 1
	wall, t := time.Now(), now()
	run(reps)
	used = now() - t
	usedCPU += used
	usedWall += time.Since(wall).Seconds()
	return flops * float64(reps) / used * 1e-9
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// summarize holds the results against the bars of docs/kernels.md.
func summarize(all []result) {
	var sum, count float64
	fmt.Println()
	for _, r := range all {
		ratio := r.gf / r.peer
		if r.peer > 0 && r.batch >= 16 && r.out >= 64 {
			sum += math.Log(ratio)
			count++
		}
		floor := 0.90
		if r.kind == "NT" && r.m <= 4 {
			floor = 0.50
		}
		if r.peer > 0 && ratio < floor {
			fmt.Printf("below %.2f of OpenBLAS: %v\n", floor, r)
		}
		share := 0.90
		if r.kind == "NT" {
			share = 0.85
		}
		if r.m >= 32 && r.n >= 64 && r.m*r.n*r.k >= 1<<21 && r.gf < share*medianPeak() {
			fmt.Printf("below %.0f %% of peak:  %v\n", 100*share, r)
		}
	}
	fmt.Printf("peak: %.1f GF\n", medianPeak())
	if count > 0 {
		fmt.Printf("geometric mean of the ratio, batch >= 16 and out >= 64: %.3f over %.0f products\n", math.Exp(sum/count), count)
	}
	fmt.Printf("CPU time / wall time: %.3f (one thread: at most 1.05)\n", usedCPU/usedWall)
}
