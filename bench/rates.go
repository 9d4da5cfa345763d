//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/internal/kernel"
)

// rates are what one core of this machine reaches.
type rates struct {
	flops float64         // a second, fused multiply-adds in registers
	bytes map[int]float64 // a second, by the size of what is streamed over
}

// streamed are the sizes that bandwidth is measured at: L1, L2, L3 and beyond.
var streamed = []int{24 << 10, 512 << 10, 8 << 20, 20 << 20, 96 << 20}

func measureRates() rates {
	r := rates{bytes: map[int]float64{}}
	for range 50 {
		start := time.Now()
		n := peak.Block(kernel.Active())
		r.flops = max(r.flops, n/time.Since(start).Seconds())
	}
	for _, size := range streamed {
		r.bytes[size] = bandwidth(size)
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
	for range 12 {
		start := time.Now()
		for range passes {
			e.Run(1, n, streams, scalars, &scratch)
		}
		best = max(best, float64(12*n*passes)/time.Since(start).Seconds())
	}
	return best
}

// milliseconds is the roofline of an update: its operations at the peak, plus
// its bytes at the bandwidth of the cache that they fit.
func (r rates) milliseconds(flops, bytes, touched float64, threads int) float64 {
	if r.flops == 0 {
		return 0
	}
	rate := r.bytes[streamed[len(streamed)-1]]
	for _, size := range streamed {
		if float64(size) > touched {
			rate = r.bytes[size]
			break
		}
	}
	return (flops/r.flops + bytes/rate) / float64(threads) * 1e3
}

func (r rates) String() string {
	s := fmt.Sprintf("one core: %.0f GFLOP/s of fused multiply-adds in registers;", r.flops*1e-9)
	for _, size := range streamed {
		s += fmt.Sprintf(" %.0f GB/s over %d KiB,", r.bytes[size]*1e-9, size>>10)
	}
	return strings.TrimSuffix(s, ",")
}
