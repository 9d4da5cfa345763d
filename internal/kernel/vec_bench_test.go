package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

// eachBench runs a benchmark on every SIMD tier of this machine.
func eachBench(b *testing.B, f func(b *testing.B)) {
	defer Use(Active())
	for _, isa := range cpu.Tiers()[min(1, len(cpu.Tiers())-1):] {
		Use(isa)
		b.Run(isa.String(), f)
	}
}

// perElement reports ns for an element.
func perElement(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
}

func BenchmarkOp(b *testing.B) {
	const n = 4096
	r := rand.New(rand.NewPCG(1, 1))
	x, y, z, s := plain(r, n), plain(r, n), make([]float32, n), Scratch{}
	for op := range numOps {
		e := Compile(opProgram(op))
		streams := []Stream{{Data: x}, {Data: y}, {Data: z}, {Data: z}}[:op.Arity()+1]
		streams[op.Arity()].Data = z
		b.Run(op.String(), func(b *testing.B) {
			eachBench(b, func(b *testing.B) {
				for b.Loop() {
					e.Run(1, n, streams, nil, &s)
				}
				perElement(b, n)
			})
		})
	}
}

// Programs in L2, L3 and memory; bytes are those of every stream read and
// every stream written.
func BenchmarkProgram(b *testing.B) {
	for _, c := range []struct {
		name, key string
		bytes     int
	}{
		{"add", "x2=add(x0,x1)", 12},
		{"sgd", "t0=mul(x0,s0);x1=fma(s1,t0,x1)", 12},
		{"momentum", "t0=mul(x0,s0);x1=fma(s1,x1,t0);x2=fma(s2,x1,x2)", 20},
		{"adam", "t0=mul(x0,s0);t1=mul(s1,x1);x1=fma(s2,t0,t1);t2=mul(s3,t0);t3=mul(s4,x2);x2=fma(t2,t0,t3);t4=sqrt(x2);t5=fma(t4,s5,s6);t6=div(x1,t5);x3=fma(s7,t6,x3)", 28},
	} {
		p, err := ParseProgram(c.key)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{64, 4096, 1 << 15, 1 << 20, 1 << 24} {
			streams, scalars := make([]Stream, p.Streams), make([]float32, p.Scalars)
			for i := range streams {
				streams[i].Data = alignedF32(n)[:n]
			}
			fused, tiled := Compile(p), Compile(p)
			tiled.fused = match{}
			for what, e := range map[string]*Elementwise{"fused": fused, "tiled": tiled} {
				b.Run(fmt.Sprintf("%s/%s/%d", c.name, what, n), func(b *testing.B) {
					eachBench(b, func(b *testing.B) {
						var s Scratch
						b.SetBytes(int64(c.bytes * n))
						for b.Loop() {
							e.Run(1, n, streams, scalars, &s)
						}
						perElement(b, n)
					})
				})
			}
		}
	}
}

func BenchmarkRow(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, shape := range [][2]int{{128, 10}, {128, 128}, {32, 1000}} {
		o := makeOperands(r, shape[0], shape[1], plain)
		o.ld = o.cols
		for i := range rowCases {
			c := &rowCases[i]
			var out [][]float32
			for _, n := range c.outs(o.rows, o.cols) {
				out = append(out, make([]float32, n))
			}
			b.Run(fmt.Sprintf("%s/%dx%d", c.name, o.rows, o.cols), func(b *testing.B) {
				eachBench(b, func(b *testing.B) {
					for b.Loop() {
						c.f(out, o)
					}
					perElement(b, o.rows*o.cols)
				})
			})
		}
	}
}

func BenchmarkMove(b *testing.B) {
	const rows, cols = 128, 512
	r := rand.New(rand.NewPCG(1, 1))
	x, y, acc, u, k := plain(r, rows*cols), make([]float32, rows*cols), make([]float64, cols), make([]uint8, rows*cols), make([]int32, rows*cols)
	idx := make([]int32, rows)
	for i := range idx {
		idx[i] = int32(r.IntN(rows))
	}
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"DropoutMask", func() { DropoutMask(y, rows, cols, [2]uint32{1, 2}, 3, 1<<30, 2) }},
		{"DropoutMask64", func() { DropoutMask(y, rows*cols/64, 64, [2]uint32{1, 2}, 3, 1<<30, 2) }},
		{"SumRows", func() { SumRows(acc, x, rows, cols, cols) }},
		{"SumRows10", func() { SumRows(acc, x, 6553, 10, 10) }},
		{"SumSquares", func() { SumSquares(x) }},
		{"FromU8", func() { FromU8(y, u, 1.0/255, 0) }},
		{"FromI32", func() { FromI32(y, k) }},
		{"RoundF64", func() { RoundF64(y, acc) }},
		{"GatherRows", func() { GatherRows(y, x, idx, cols) }},
		{"SetRows", func() { SetRows(y, x, idx, cols) }},
		{"ArgMax", func() { ArgMax(k, x, rows, cols) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			eachBench(b, func(b *testing.B) {
				for b.Loop() {
					c.f()
				}
				perElement(b, rows*cols)
			})
		})
	}
}
