//go:build unix

package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
)

// cpuTime is what the process has used, in ns: other processes do not count.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(syscall.TimevalToNsec(u.Utime) + syscall.TimevalToNsec(u.Stime))
}

// lowTime is the time of f, that which a tenth of the samples are below.
func lowTime(samples, times int, f func()) float64 {
	var t []float64
	for range samples {
		start := cpuTime()
		for range times {
			f()
		}
		t = append(t, (cpuTime()-start)/float64(times))
	}
	slices.Sort(t)
	return t[len(t)/10]
}

// gemmRate is the speed of a product whose operands stay in the first-level
// cache, in GFLOP/s, beside which attention is measured.
func gemmRate() float64 {
	const m, n, k = 48, 64, 64
	var s Scratch
	a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	return 2 * m * n * k / lowTime(30, 200, func() { GemmNN(m, n, k, a, k, b, n, c, n, Zero, nil, &s) })
}

// visible counts the operations of products over the keys that are seen.
func (a *Attention) visible(products int) float64 {
	pairs := 0
	for i := range a.Positions {
		lo, hi := a.span(i, i+1)
		pairs += hi - lo
	}
	return 2 * float64(products*a.Heads*pairs*a.Dim)
}

// unfused is attention that stores the probabilities of all heads, (H, T, T), for
// its gradient.
type unfused struct {
	*Attention
	p, dp  []float32 // (H, T, T), (T, T)
	factor []float32 // 1/√D
}

func (u *unfused) forward(o, qkv []float32, s *Scratch) {
	t, d, ld := u.Positions, u.Dim, u.width()
	for h := range u.Heads {
		g := h * u.KVHeads / u.Heads
		p := u.p[h*t*t:][:t*t]
		GemmNT(t, t, d, qkv[h*d:], ld, qkv[u.keyColumn(g):], ld, p, t, Zero, nil, s)
		scaleRows(p, p, u.factor, t, t, t, t, 0)
		for i := range t {
			for j := i + 1; u.Causal && j < t; j++ {
				p[i*t+j] = -inf32
			}
		}
		Softmax(p, p, t, t)
		GemmNN(t, d, t, p, t, qkv[u.valueColumn(g):], ld, o[h*d:], u.out(), Zero, nil, s)
	}
}

func (u *unfused) backward(dqkv, qkv, do []float32, s *Scratch) {
	t, d, ld := u.Positions, u.Dim, u.width()
	clear(dqkv)
	for h := range u.Heads {
		g := h * u.KVHeads / u.Heads
		p := u.p[h*t*t:][:t*t]
		GemmTN(t, d, t, p, t, do[h*d:], u.out(), dqkv[u.valueColumn(g):], ld, Accumulate, nil, s)
		GemmNT(t, t, d, do[h*d:], u.out(), qkv[u.valueColumn(g):], ld, u.dp, t, Zero, nil, s)
		SoftmaxGrad(u.dp, p, u.dp, t, t)
		GemmNN(t, d, t, u.dp, t, qkv[u.keyColumn(g):], ld, dqkv[h*d:], ld, Zero, nil, s)
		GemmTN(t, d, t, u.dp, t, qkv[h*d:], ld, dqkv[u.keyColumn(g):], ld, Accumulate, nil, s)
	}
}

func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range [][3]int{{64, 4, 32}, {256, 6, 64}, {1024, 12, 64}, {4096, 4, 64}} {
		a := &Attention{Positions: c[0], Length: c[0], Heads: c[1], KVHeads: c[1], Dim: c[2], Causal: true}
		qkv, do := plain(r, c[0]*a.width()), plain(r, c[0]*a.out())
		dqkv, o, stats := make([]float32, len(qkv)), make([]float32, len(do)), make([]float32, c[0]*c[1])
		u := &unfused{a, make([]float32, c[0]*c[0]*c[1]), make([]float32, c[0]*c[0]), []float32{a.scale()}}
		var s Scratch
		run := func(what string, products int, f func()) {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", c[0], c[1], c[2], what), func(b *testing.B) {
				eachBench(b, func(b *testing.B) {
					f()
					times := max(1, 1000/c[0])
					for b.Loop() {
						f()
					}
					ns := lowTime(20, times, f)
					rate := a.visible(products) / ns
					b.ReportMetric(ns/1e3, "cpu-µs/op")
					b.ReportMetric(rate, "GFLOP/s")
					b.ReportMetric(100*rate/gemmRate(), "%gemm")
				})
			})
		}
		run("forward", 2, func() { a.Forward(o, stats, qkv, &s) })
		run("backward", 5, func() { a.Backward(dqkv, qkv, stats, o, do, &s) })
		run("forward-unfused", 2, func() { u.forward(o, qkv, &s) })
		run("backward-unfused", 4, func() { u.backward(dqkv, qkv, do, &s) })
	}
}
