package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

// convCase is one convolution in fenced memory.
type convCase struct {
	*Conv
	examples      int
	x, w, y, bias *fenced
}

func newConvCase(r *rand.Rand, size ConvSize, examples int) *convCase {
	c := &convCase{Conv: NewConv(size), examples: examples}
	line := func(n int) *fenced { return newFenced(r, 1, n, 0, r.IntN(4)) }
	c.x, c.y = line(examples*c.image), line(examples*c.made)
	c.w, c.bias = line(c.taps()*c.in*c.Out), line(c.Out)
	return c
}

func (c *convCase) String() string { return fmt.Sprintf("%+v, %d examples", c.ConvSize, c.examples) }

// check runs all three directions on every tier against the definitions. w serves
// as wt too, which has as many elements.
func (c *convCase) check(t *testing.T, r *rand.Rand, s *Scratch) {
	t.Helper()
	wantY, wantX := c.y.clone(), c.x.clone()
	bias := c.bias.data()
	if r.IntN(2) == 0 {
		bias = nil
	}
	c.forwardRef(wantY.data(), c.x.data(), c.w.data(), bias, c.examples)
	c.inputRef(wantX.data(), c.y.data(), c.w.data(), c.examples)
	rows := c.taps() * c.in
	r0 := r.IntN(rows) * r.IntN(2)
	r1 := r0 + 1 + r.IntN(rows-r0)
	if r.IntN(2) == 0 {
		r0, r1 = 0, rows
	}
	init := Init(r.IntN(2))
	wantW := c.w.clone()
	c.weightsRef(wantW.data(), c.x.data(), c.y.data(), c.examples, r0, r1, init)
	for _, isa := range cpu.Tiers() {
		Use(isa)
		y, dx, dw := c.y.clone(), c.x.clone(), c.w.clone()
		x, w, dy := c.x.clone(), c.w.clone(), c.y.clone()
		c.Forward(y.data(), x.data(), w.data(), bias, c.examples, s)
		c.Input(dx.data(), dy.data(), w.data(), c.examples, s)
		c.Weights(dw.data(), x.data(), dy.data(), c.examples, r0, r1, init, s)
		for i, d := range []string{y.diff(wantY), dx.diff(wantX), dw.diff(wantW), x.diff(c.x), w.diff(c.w), dy.diff(c.y)} {
			if d != "" {
				t.Fatalf("%s on %v, %v, rows [%d, %d), init %d: %s", []string{"y", "dx", "dw", "x", "w", "dy"}[i], isa, c, r0, r1, init, d)
			}
		}
	}
}

// randomConv draws a size with all that a convolution may have.
func randomConv(r *rand.Rand) ConvSize {
	pick := func(of ...int) int { return of[r.IntN(len(of))] }
	s := ConvSize{H: 1 + r.IntN(13), W: 1 + r.IntN(19), Groups: 1}
	s.In, s.Out = pick(1, 2, 3, 5, 8, 16, 17, 20, 32), pick(1, 3, 8, 10, 16, 17, 32, 40, 64, 70)
	switch r.IntN(4) {
	case 0:
		s.Groups = pick(2, 3, 4)
		s.In, s.Out = s.Groups*(1+r.IntN(17)), s.Groups*(1+r.IntN(33))
	case 1:
		s.In = pick(2, 8, 16, 30, 33, 64, 70, 130)
		s.Groups = s.In
		s.Out = s.In * pick(1, 1, 1, 2)
	}
	if r.IntN(4) == 0 {
		s.W = 20 + r.IntN(30)
	}
	for i := range 2 {
		s.Kernel[i], s.Stride[i], s.Dilation[i] = pick(1, 2, 3, 3, 3, 5), pick(1, 1, 2, 3), pick(1, 1, 1, 2)
	}
	s.Top, s.Left = r.IntN(s.Kernel[0]+1), r.IntN(s.Kernel[1]+1)
	if r.IntN(3) == 0 {
		s.Top, s.Left = 0, 0
	}
	out := func(size, before, axis int) int {
		after := r.IntN(before + 2)
		return max(1, (size+before+after-s.Dilation[axis]*(s.Kernel[axis]-1)-1)/s.Stride[axis]+1)
	}
	s.OutH, s.OutW = out(s.H, s.Top, 0), out(s.W, s.Left, 1)
	return s
}

func TestConvRandom(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(12, 5))
	var s Scratch
	for range 250 {
		size := randomConv(r)
		work := size.H * size.W * size.In * size.Out / size.Groups * size.Kernel[0] * size.Kernel[1]
		newConvCase(r, size, 1+r.IntN(max(1, min(4, 400000/work)))).check(t, r, &s)
	}
}

// Where the driver changes its way: panels that are copied, several panels, tiles along
// rows and examples, several calls.
func TestConvPaths(t *testing.T) {
	defer Use(Active())
	r := rand.New(rand.NewPCG(14, 5))
	var s Scratch
	for _, x := range []struct{ h, w, in, out, kernel, stride, pad, groups, examples int }{
		{4, 4, 2, 1024, 1, 1, 0, 1, 17}, {16, 16, 32, 40, 3, 1, 1, 4, 2}, {30, 2, 3, 70, 3, 1, 1, 1, 2}, {1, 1, 3, 130, 3, 1, 1, 1, 20},
		{2, 2, 8, 24, 5, 1, 2, 1, 9}, {130, 60, 1, 48, 3, 1, 1, 1, 1}, {12, 12, 96, 96, 5, 2, 2, 96, 2}, {6, 6, 250, 250, 5, 1, 2, 250, 2},
		{70, 50, 32, 32, 3, 1, 1, 32, 2}, {40, 60, 48, 48, 3, 2, 1, 6, 3}, {5, 5, 16, 70, 3, 1, 1, 1, 40}, {8, 8, 16, 16, 3, 1, 1, 1, 0},
	} {
		made := func(n int) int { return (n+2*x.pad-x.kernel)/x.stride + 1 }
		size := ConvSize{H: x.h, W: x.w, In: x.in, OutH: made(x.h), OutW: made(x.w), Out: x.out, Kernel: [2]int{x.kernel, x.kernel},
			Stride: [2]int{x.stride, x.stride}, Dilation: [2]int{1, 1}, Top: x.pad, Left: x.pad, Groups: x.groups}
		newConvCase(r, size, x.examples).check(t, r, &s)
	}
}

// Padding is skipped: what would be 0·Inf is not there.
func TestConvPaddingIsSkipped(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		c := NewConv(ConvSize{H: 1, W: 1, In: 1, OutH: 1, OutW: 1, Out: 1, Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Top: 1, Left: 1, Groups: 1})
		inf := float32(math.Inf(1))
		y, w := []float32{0}, []float32{inf, inf, inf, inf, 2, inf, inf, inf, inf}
		c.Forward(y, []float32{3}, w, nil, 1, new(Scratch))
		if y[0] != 6 {
			t.Errorf("forward: %v, want 6", y[0])
		}
		c.Input(y, []float32{3}, w, 1, new(Scratch))
		if y[0] != 6 {
			t.Errorf("input: %v, want 6", y[0])
		}
	})
}

func TestConvPanics(t *testing.T) {
	ok := ConvSize{H: 4, W: 4, In: 2, OutH: 2, OutW: 2, Out: 3, Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	c, x, s := NewConv(ok), make([]float32, 1000), new(Scratch)
	for name, call := range map[string]func(){
		"groups":   func() { bad := ok; bad.Groups = 2; NewConv(bad) },
		"stride":   func() { bad := ok; bad.Stride[1] = 0; NewConv(bad) },
		"padding":  func() { bad := ok; bad.Left = -1; NewConv(bad) },
		"short y":  func() { c.Forward(x[:23], x, x, nil, 2, s) },
		"short x":  func() { c.Forward(x, x[:63], x, nil, 2, s) },
		"short w":  func() { c.Forward(x, x, x[:53], nil, 2, s) },
		"bias":     func() { c.Forward(x, x, x, x[:2], 2, s) },
		"short wt": func() { c.Input(x, x, x[:53], 2, s) },
		"rows":     func() { c.Weights(x, x, x, 2, 0, 19, Zero, s) },
		"init":     func() { c.Weights(x, x, x, 2, 0, 18, Bias, s) },
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

func TestConvAllocatesNothing(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 5))
		var s Scratch
		for _, size := range []ConvSize{
			{H: 9, W: 8, In: 3, OutH: 9, OutW: 8, Out: 16, Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Top: 1, Left: 1, Groups: 1},
			{H: 9, W: 8, In: 16, OutH: 5, OutW: 4, Out: 16, Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Top: 1, Left: 1, Groups: 16},
		} {
			c := newConvCase(r, size, 2)
			run := func() {
				c.Forward(c.y.data(), c.x.data(), c.w.data(), c.bias.data(), 2, &s)
				c.Input(c.x.data(), c.y.data(), c.w.data(), 2, &s)
				c.Weights(c.w.data(), c.x.data(), c.y.data(), 2, 0, c.taps()*c.in, Zero, &s)
			}
			run()
			if got := testing.AllocsPerRun(5, run); got != 0 {
				t.Errorf("%v: %v allocations, want 0", c, got)
			}
		}
	})
}
