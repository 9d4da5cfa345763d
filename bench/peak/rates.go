package peak

import (
	"fmt"
	"strings"
	"time"

	"github.com/descent-ml/descent/internal/kernel"
)

// Rates are what one core of this machine reaches.
type Rates struct {
	FLOPs float64         // a second, fused multiply-adds in registers
	Bytes map[int]float64 // a second, by the size of what is streamed over
}

// streamed are the sizes that bandwidth is measured at: L1, L2, L3 and beyond.
var streamed = []int{24 << 10, 512 << 10, 8 << 20, 20 << 20, 96 << 20}

// Measure takes some tenths of a second.
func Measure() Rates {
	r := Rates{Bytes: map[int]float64{}}
	for range 50 {
		start := time.Now()
		n := Block(kernel.Active())
		r.FLOPs = max(r.FLOPs, n/time.Since(start).Seconds())
	}
	for _, size := range streamed {
		r.Bytes[size] = bandwidth(size)
	}
	return r
}

// bandwidth streams over three vectors of size bytes in all: two are read, one
// of them is written, the best of several passes.
func bandwidth(size int) float64 {
	n := size / 8
	p, err := kernel.ParseProgram("x1=fma(x0,s0,x1)")
	if err != nil {
		panic(err)
	}
	var scratch kernel.Scratch
	e := kernel.Compile(p)
	streams := []kernel.Stream{{Data: make([]float32, n), Stride: n}, {Data: make([]float32, n), Stride: n}}
	scalars := []float32{0.5}
	passes := max(1, (4<<20)/size)
	best := 0.0
	for range 40 {
		start := time.Now()
		for range passes {
			e.Run(1, n, streams, scalars, &scratch)
		}
		best = max(best, float64(12*n*passes)/time.Since(start).Seconds())
	}
	return best
}

// Milliseconds is the roofline of an update: its operations at the peak, plus
// its bytes at the bandwidth of the cache that they fit.
func (r Rates) Milliseconds(flops, bytes, touched float64, threads int) float64 {
	rate := r.Bytes[streamed[len(streamed)-1]]
	for _, size := range streamed {
		if float64(size) > touched {
			rate = r.Bytes[size]
			break
		}
	}
	return r.MillisecondsAt(rate, flops, bytes, threads)
}

// MillisecondsAt is Milliseconds at a bandwidth of so many bytes a second.
func (r Rates) MillisecondsAt(rate, flops, bytes float64, threads int) float64 {
	if r.FLOPs == 0 {
		return 0
	}
	return (flops/r.FLOPs + bytes/rate) / float64(threads) * 1e3
}

func (r Rates) String() string {
	s := fmt.Sprintf("one core: %.0f GFLOP/s of fused multiply-adds in registers;", r.FLOPs*1e-9)
	for _, size := range streamed {
		s += fmt.Sprintf(" %.0f GB/s over %d KiB,", r.Bytes[size]*1e-9, size>>10)
	}
	return strings.TrimSuffix(s, ",")
}
