package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// spansOf are windows of k elements at a distance, those of padding cut off.
func spansOf(n, k, stride, pad int) (s []Span) {
	for from := -pad; from+k <= n+pad; from += stride {
		s = append(s, Span{max(from, 0), min(from+k, n), k})
	}
	return s
}

// evenly divides n elements into parts that may share some.
func evenly(n, parts int) (s []Span) {
	for i := range parts {
		from, to := i*n/parts, ((i+1)*n+parts-1)/parts
		s = append(s, Span{from, to, to - from})
	}
	return s
}

var poolCases = []struct {
	name       string
	rows, cols []Span
	h, w       int
}{
	{"2x2", spansOf(6, 2, 2, 0), spansOf(8, 2, 2, 0), 6, 8},
	{"2x2 and rest", spansOf(7, 2, 2, 0), spansOf(5, 2, 2, 0), 7, 5},
	{"2x2 apart", spansOf(8, 2, 3, 0), spansOf(7, 2, 4, 0), 8, 7},
	{"3x3 stride 2", spansOf(7, 3, 2, 1), spansOf(9, 3, 2, 1), 7, 9},
	{"3x2 stride 1", spansOf(5, 3, 1, 1), spansOf(6, 2, 1, 1), 5, 6},
	{"3x3 beside", spansOf(6, 3, 3, 0), spansOf(9, 3, 3, 0), 6, 9},
	{"1x1 stride 2", spansOf(5, 1, 2, 0), spansOf(6, 1, 2, 0), 5, 6},
	{"1x4", spansOf(3, 1, 1, 0), spansOf(8, 4, 4, 0), 3, 8},
	{"parts", evenly(7, 3), evenly(10, 4), 7, 10},
	{"more parts than elements", evenly(2, 3), evenly(3, 5), 2, 3},
}

// TestPool: every tier gives the bits of the plain loops, with ties, infinities,
// NaN and both zeros among the elements, and writes nothing else.
func TestPool(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 4))
		var s Scratch
		for _, c := range poolCases {
			for _, channels := range []int{1, 3, 8, 16, 31, 40} {
				p := NewPool(c.rows, c.cols, c.h, c.w, channels)
				const examples = 2
				size, image := examples*p.Size(), examples*p.image()
				x, dy := poolValues(r, image), poolValues(r, size)
				run := func(y, mean, dx, dmean []float32) {
					p.Max(y, x, examples)
					p.Avg(mean, x, examples)
					p.MaxGrad(dx, x, y, dy, examples, &s)
					p.AvgGrad(dmean, dy, examples)
				}
				var got, want [4][]float32
				var guards []func()
				for i, n := range [4]int{size, size, image, image} {
					g, guard := guarded(t, r, n)
					got[i], want[i], guards = g, make([]float32, n), append(guards, guard)
				}
				run(got[0], got[1], got[2], got[3])
				onGo(func() { run(want[0], want[1], want[2], want[3]) })
				for i, what := range []string{"Max", "Avg", "MaxGrad", "AvgGrad"} {
					checkSame(t, fmt.Sprint(what, " of ", c.name, ", ", channels, " channels"), got[i], want[i])
					guards[i]()
				}
			}
		}
	})
}

// poolValues are few numbers, so that windows have ties, and what is no number.
func poolValues(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), inf32, -inf32, float32(math.NaN())}
	x := make([]float32, n)
	for i := range x {
		if x[i] = float32(r.IntN(7)-3) * 0.3; r.IntN(20) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// TestPoolValues: the plain loops are what they say, in a case by hand.
func TestPoolValues(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		p := NewPool(spansOf(2, 2, 2, 0), spansOf(3, 2, 1, 0), 2, 3, 1)
		x, dy := []float32{1, 5, 5, 4, 5, 2}, []float32{8, 4}
		y, dx := make([]float32, 2), make([]float32, 6)
		var s Scratch
		p.Max(y, x, 1)
		checkSame(t, "maxima", y, []float32{5, 5})
		p.MaxGrad(dx, x, y, dy, 1, &s)
		checkSame(t, "gradient of maxima", dx, []float32{0, 12, 0, 0, 0, 0})
		p.Avg(y, x, 1)
		checkSame(t, "averages", y, []float32{3.75, 4.25})
		p.AvgGrad(dx, dy, 1)
		checkSame(t, "gradient of averages", dx, []float32{2, 3, 1, 2, 3, 1})
	})
}

// TestPoolAllocates: pooling allocates nothing.
func TestPoolAllocates(t *testing.T) {
	p := NewPool(spansOf(7, 3, 2, 1), spansOf(7, 3, 2, 1), 7, 7, 16)
	x, dx, y, dy := make([]float32, p.image()), make([]float32, p.image()), make([]float32, p.Size()), make([]float32, p.Size())
	var s Scratch
	if n := testing.AllocsPerRun(10, func() {
		p.Max(y, x, 1)
		p.MaxGrad(dx, x, y, dy, 1, &s)
		p.Avg(y, x, 1)
		p.AvgGrad(dx, dy, 1)
	}); n > 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkPool(b *testing.B) {
	for _, c := range []struct{ h, w, channels, k, stride int }{{28, 28, 32, 2, 2}, {14, 14, 64, 2, 2}, {32, 32, 16, 1, 2}, {56, 56, 64, 3, 2}} {
		p := NewPool(spansOf(c.h, c.k, c.stride, 0), spansOf(c.w, c.k, c.stride, 0), c.h, c.w, c.channels)
		const examples = 4
		x, dx := make([]float32, examples*p.image()), make([]float32, examples*p.image())
		y, dy := make([]float32, examples*p.Size()), make([]float32, examples*p.Size())
		for i := range x {
			x[i] = float32(i % 7)
		}
		var s Scratch
		for name, f := range map[string]func(){
			"max": func() { p.Max(y, x, examples) }, "maxgrad": func() { p.MaxGrad(dx, x, y, dy, examples, &s) },
			"avg": func() { p.Avg(y, x, examples) }, "avggrad": func() { p.AvgGrad(dx, dy, examples) },
			"copy": func() { copy(dx, x) },
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/%d", name, c.h, c.w, c.channels, c.k), func(b *testing.B) {
				b.SetBytes(int64(4 * (p.image() + p.Size()) * examples))
				for b.Loop() {
					f()
				}
			})
		}
	}
}
