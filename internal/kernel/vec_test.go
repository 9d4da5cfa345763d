package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// specials are the values at which a kernel is most likely to be wrong.
var specials = func() []float32 {
	var s []float32
	for _, v := range []float64{0, 1, 2, 0.5, 0.625, 0.92, 4, 9, 88.72, 88.73, 89, 87.3, 103.9, 104, 105, 128, 1000, 1e-3, 1e-8, 1e-20,
		0x1p-126, 0x1p-127, 0x1p-149, 0x1p-148, 0x1p23, 0x1p24, 0x1p25, 0x1p31, 0x1p64, 1e20, 1e38, math.MaxFloat32, math.Inf(1), math.NaN(),
		math.Sqrt2, math.Sqrt(0.5), math.Ln2, 1 - 0x1p-24, 1 + 0x1p-23, 2.5, 3.5} {
		s = append(s, float32(v), float32(-v))
	}
	return append(s, float32(math.Copysign(0, -1)))
}()

// values returns n numbers of many magnitudes, with specials among them.
func values(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		switch r.IntN(8) {
		case 0:
			x[i] = specials[r.IntN(len(specials))]
		case 1:
			x[i] = math.Float32frombits(r.Uint32())
		default:
			x[i] = float32(r.NormFloat64() * math.Exp(3*r.NormFloat64()))
		}
	}
	return x
}

// plain returns n ordinary numbers.
func plain(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 2)
	}
	return x
}

func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// checkSame compares bit by bit.
func checkSame(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !sameBits(got[i], want[i]) {
			t.Fatalf("%s: element %d of %d is %v (%#x), want %v (%#x)", what, i, len(want),
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

const canary = -12345.678

// guarded returns n elements at some offset in a larger buffer of canaries, and
// a function that fails if anything around them was written.
func guarded(t *testing.T, r *rand.Rand, n int) ([]float32, func()) {
	const margin = 48
	b := make([]float32, n+2*margin)
	for i := range b {
		b[i] = canary
	}
	at := margin/2 + r.IntN(17)
	return b[at : at+n : at+n], func() {
		t.Helper()
		for i, v := range b {
			if (i < at || i >= at+n) && v != canary {
				t.Fatalf("element %d of %d was written", i-at, n)
			}
		}
	}
}

// opProgram is the program of one op on streams.
func opProgram(op Op) *Program {
	n := op.Arity()
	return &Program{Streams: n + 1, Code: []Instr{{Op: op, A: StreamRef(0), B: StreamRef(1), C: StreamRef(2), Dst: StreamRef(n)}}}
}

// evalAll is the definition of Run on full streams of one row.
func evalAll(p *Program, streams [][]float32, scalars []float32) {
	x := make([]float32, p.Streams)
	for i := range streams[0] {
		for j := range x {
			x[j] = streams[j][i]
		}
		p.Eval(x, scalars)
		for j := range x {
			streams[j][i] = x[j]
		}
	}
}

func cloneAll(x [][]float32) [][]float32 {
	y := make([][]float32, len(x))
	for i := range x {
		y[i] = slices.Clone(x[i])
	}
	return y
}

// checkProgram runs a compiled program on n elements and compares every stream.
func checkProgram(t *testing.T, r *rand.Rand, e *Elementwise, n int, gen func(*rand.Rand, int) []float32, s *Scratch) {
	t.Helper()
	p := &e.program
	data, streams := make([][]float32, p.Streams), make([]Stream, p.Streams)
	scalars := gen(r, p.Scalars)
	var guards []func()
	for i := range data {
		var g func()
		data[i], g = guarded(t, r, n)
		copy(data[i], gen(r, n))
		streams[i] = Stream{Data: data[i], Stride: n}
		guards = append(guards, g)
	}
	want := cloneAll(data)
	if n > 0 {
		evalAll(p, want, scalars)
	}
	e.Run(1, n, streams, scalars, s)
	for i := range want {
		checkSame(t, fmt.Sprintf("%s, %d elements, x%d", p.Key(), n, i), data[i], want[i])
	}
	for _, g := range guards {
		g()
	}
}

func TestOps(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for op := range numOps {
			r := rand.New(rand.NewPCG(1, uint64(op)))
			e := Compile(opProgram(op))
			for n := range 301 {
				checkProgram(t, r, e, n, values, &s)
			}
			checkProgram(t, r, e, 5000, values, &s)
		}
	})
}

// Every pair of special values goes through every op.
func TestOpSpecials(t *testing.T) {
	var a, b, c []float32
	for _, v := range specials {
		for _, w := range specials {
			a, b, c = append(a, v), append(b, w), append(c, 3)
		}
	}
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for op := range numOps {
			p := opProgram(op)
			data := [][]float32{a, b, c}[:op.Arity()]
			data = append(cloneAll(data), make([]float32, len(a)))
			want := cloneAll(data)
			evalAll(p, want, nil)
			streams := make([]Stream, len(data))
			for i := range data {
				streams[i] = Stream{Data: data[i]}
			}
			Compile(p).Run(1, len(a), streams, nil, &s)
			checkSame(t, op.String(), data[len(data)-1], want[len(data)-1])
		}
	})
}

func TestOpInPlace(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r, s := rand.New(rand.NewPCG(2, 2)), Scratch{}
		for op := range numOps {
			for _, n := range []int{1, 15, 16, 17, 100, 1025} {
				p := opProgram(op)
				x := values(r, n)
				data := [][]float32{x, x, x, x}[:p.Streams]
				want := cloneAll(data)
				evalAll(p, want, nil)
				streams := make([]Stream, len(data))
				for i := range data {
					streams[i] = Stream{Data: x}
				}
				Compile(p).Run(1, n, streams, nil, &s)
				checkSame(t, op.String(), x, want[len(want)-1])
			}
		}
	})
}

// What the special values are, not only that the tiers agree.
func TestSpecialResults(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	negZero := math.Copysign(0, -1)
	for _, c := range []struct {
		op      Op
		a, want float64
	}{
		{Exp, -inf, 0}, {Exp, inf, inf}, {Exp, 89, inf}, {Exp, -150, 0}, {Exp, 0, 1}, {Exp, nan, nan}, {Exp, -103.9, 0x1p-149 * 1},
		{Log, 0, -inf}, {Log, negZero, -inf}, {Log, -1, nan}, {Log, -inf, nan}, {Log, inf, inf}, {Log, 1, 0}, {Log, nan, nan},
		{Log1p, 0, 0}, {Log1p, negZero, negZero}, {Log1p, -1, -inf}, {Log1p, -2, nan}, {Log1p, inf, inf}, {Log1p, nan, nan}, {Log1p, 1e-30, 1e-30},
		{Tanh, inf, 1}, {Tanh, -inf, -1}, {Tanh, 0, 0}, {Tanh, negZero, negZero}, {Tanh, nan, nan}, {Tanh, 20, 1},
		{Sigmoid, inf, 1}, {Sigmoid, -inf, 0}, {Sigmoid, 0, 0.5}, {Sigmoid, nan, nan},
		{Softplus, inf, inf}, {Softplus, -inf, 0}, {Softplus, nan, nan}, {Softplus, 100, 100},
		{Erf, inf, 1}, {Erf, -inf, -1}, {Erf, negZero, negZero}, {Erf, nan, nan}, {Erf, 4, 1},
		{Relu, nan, nan}, {Relu, -inf, 0}, {Relu, inf, inf}, {Relu, -3, 0}, {Relu, 3, 3},
		{Silu, inf, inf}, {Silu, -inf, negZero}, {Silu, nan, nan}, {Gelu, inf, inf}, {Gelu, -inf, negZero}, {Gelu, nan, nan},
		{GeluTanh, inf, inf}, {GeluTanh, -inf, negZero}, {GeluTanh, nan, nan}, {GeluTanh, 1e30, 1e30}, {GeluTanh, -1e30, negZero},
		{SiluGrad, inf, 2}, {SiluGrad, -inf, 0}, {SiluGrad, nan, nan}, {GeluGrad, 1e30, 2}, {GeluGrad, -inf, 0}, {GeluGrad, nan, nan},
		{HardSwish, inf, inf}, {HardSwish, -inf, negZero}, {HardSwish, nan, nan}, {HardSwish, 3, 3}, {HardSwish, -3, negZero}, {HardSwish, 0, 0},
		{HardSwishGrad, inf, 2}, {HardSwishGrad, -inf, 0}, {HardSwishGrad, nan, nan}, {HardSwishGrad, 3, 2}, {HardSwishGrad, -3, 0}, {HardSwishGrad, 0, 1},
		{GeluTanhGrad, 1e30, 2}, {GeluTanhGrad, -inf, 0}, {GeluTanhGrad, nan, nan}, {Sign, nan, nan}, {Sign, -inf, -1}, {Sign, 0, 0},
		{Floor, -0.5, -1}, {Floor, inf, inf}, {Step, nan, 0}, {ReluGrad, nan, 0}, {ReluGrad, 1, 2},
	} {
		got := c.op.apply(float32(c.a), 2, 0)
		if zero := c.want == 0 && got == 0 && (c.op == SiluGrad || c.op == GeluGrad || c.op == GeluTanhGrad); !zero && !sameBits(got, float32(c.want)) {
			t.Errorf("%v(%v) = %v, want %v", c.op, c.a, got, c.want)
		}
	}
	for _, op := range []Op{Max, Min} {
		for _, v := range [][2]float32{{1, float32(nan)}, {float32(nan), 1}} {
			if got := op.apply(v[0], v[1], 0); got == got {
				t.Errorf("%v%v = %v, want NaN", op, v, got)
			}
		}
	}
}

func TestKey(t *testing.T) {
	for _, key := range []string{"t0=mul(x0,s0);x1=fma(t0,s1,x1)", "x1=exp(x0)", "x3=select(x0,x1,x2)", "t0=sub(x0,s1);t1=mul(t0,t0);x12=abs(t1)"} {
		p, err := ParseProgram(key)
		if strings.Contains(key, "x12") {
			if err == nil {
				t.Errorf("%s: no error for 13 streams", key)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Key() != key {
			t.Errorf("Key() = %q, want %q", p.Key(), key)
		}
	}
	for key, why := range map[string]string{
		"x1=nope(x0)": "unknown op", "x1=add(x0)": "number of operands", "x1=abs(t0)": "undefined", "s0=abs(x0)": "cannot be assigned",
		"t0=abs(x0);t0=abs(x1)": "cannot be assigned", "x0=abs(x1);x0=abs(x1)": "cannot be assigned", "": "unknown op", "x1=abs(y0)": "not x, s or t",
	} {
		if _, err := ParseProgram(key); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("ParseProgram(%q): %v, want an error with %q", key, err, why)
		}
	}
}

// Rows, columns and strides, with every access and both executions.
func TestAccess(t *testing.T) {
	for _, key := range []string{"t0=add(x0,x1);x3=relu(t0)", "t0=sub(x0,x2);t1=mul(t0,s0);t2=mul(t1,t0);x3=fma(t2,x1,x0)", "t0=mul(x2,s1);x3=mul(t0,x0);t1=exp(x1);x0=add(t1,s0)"} {
		p, err := ParseProgram(key)
		if err != nil {
			t.Fatal(err)
		}
		p.Streams, p.Scalars = 4, 2
		eachTier(t, func(t *testing.T) {
			r, s := rand.New(rand.NewPCG(3, 3)), Scratch{}
			for _, shape := range [][2]int{{1, 1}, {3, 1}, {7, 10}, {5, 16}, {128, 10}, {3, 300}, {2, 1024}, {2, 3000}, {200, 17}} {
				for pad := range 3 {
					checkAccess(t, r, p, shape[0], shape[1], pad, &s)
				}
			}
		})
	}
}

// checkAccess has x0 and x3 full with padded rows, x1 a row and x2 a column.
func checkAccess(t *testing.T, r *rand.Rand, p *Program, rows, cols, pad int, s *Scratch) {
	t.Helper()
	ld := cols + pad
	x0, g0 := guarded(t, r, rows*ld)
	x3, g3 := guarded(t, r, rows*ld)
	copy(x0, values(r, rows*ld))
	for i := range x3 {
		x3[i] = canary
	}
	x1, x2, scalars := values(r, cols), values(r, rows), []float32{0.5, -2}
	want0, want3 := slices.Clone(x0), slices.Clone(x3)
	for i := range rows {
		for j := range cols {
			v := []float32{want0[i*ld+j], x1[j], x2[i], want3[i*ld+j]}
			p.Eval(v, scalars)
			want0[i*ld+j], want3[i*ld+j] = v[0], v[3]
		}
	}
	Compile(p).Run(rows, cols, []Stream{{x0, Full, ld}, {x1, Row, 0}, {x2, Col, 0}, {x3, Full, ld}}, scalars, s)
	what := fmt.Sprintf("%s on %dx%d+%d", p.Key(), rows, cols, pad)
	checkSame(t, what+" x0", x0, want0)
	checkSame(t, what+" x3", x3, want3)
	g0()
	g3()
}

// TestShortRows: rows that are joined, with a row that all of them read, and those that
// are left over.
func TestShortRows(t *testing.T) {
	p, err := ParseProgram("t0=sub(x0,x1);x2=fma(t0,x3,s0);x0=relu(x2)")
	if err != nil {
		t.Fatal(err)
	}
	e, scalars := Compile(p), []float32{0.5}
	eachTier(t, func(t *testing.T) {
		r, s := rand.New(rand.NewPCG(4, 4)), Scratch{}
		for _, shape := range [][2]int{{600, 1}, {64, 16}, {71, 16}, {33, 17}, {20, 100}, {9, 128}, {8, 129}} {
			rows, cols := shape[0], shape[1]
			x0, g0 := guarded(t, r, rows*cols)
			x2, g2 := guarded(t, r, rows*cols)
			copy(x0, values(r, rows*cols))
			x1, x3 := values(r, cols), values(r, cols)
			want0, want2 := slices.Clone(x0), slices.Clone(x2)
			for i := range x0 {
				v := []float32{x0[i], x1[i%cols], 0, x3[i%cols]}
				p.Eval(v, scalars)
				want0[i], want2[i] = v[0], v[2]
			}
			e.Run(rows, cols, []Stream{{x0, Full, cols}, {x1, Row, 0}, {x2, Full, cols}, {x3, Row, 0}}, scalars, &s)
			checkSame(t, fmt.Sprint(shape, " x0"), x0, want0)
			checkSame(t, fmt.Sprint(shape, " x2"), x2, want2)
			g0()
			g2()
		}
	})
}

func TestRunPanics(t *testing.T) {
	p, _ := ParseProgram("x1=abs(x0);x2=neg(x0)")
	e := Compile(p)
	x := make([]float32, 10)
	y := make([]float32, 10)
	for what, f := range map[string]func(){
		"short stream":    func() { e.Run(1, 11, []Stream{{x, Full, 0}, {x, Full, 0}, {y, Full, 0}}, nil, new(Scratch)) },
		"row output":      func() { e.Run(1, 10, []Stream{{x, Full, 0}, {y, Row, 0}, {y, Full, 0}}, nil, new(Scratch)) },
		"alias read late": func() { e.Run(1, 10, []Stream{{x, Full, 0}, {x, Full, 0}, {y, Full, 0}}, nil, new(Scratch)) },
		"missing stream":  func() { e.Run(1, 10, []Stream{{x, Full, 0}}, nil, new(Scratch)) },
		"missing scalars": func() { e.Run(1, 10, []Stream{{x, Full, 0}, {y, Full, 0}, {y, Full, 0}}, x[:1], new(Scratch)) },
		"invalid program": func() { Compile(&Program{Code: []Instr{{}}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
	e.Run(1, 10, []Stream{{x, Full, 0}, {make([]float32, 10), Full, 0}, {x, Full, 0}}, nil, new(Scratch)) // the last alias is allowed
}

func TestRunAllocs(t *testing.T) {
	p, _ := ParseProgram("t0=sub(x0,x1);t1=exp(t0);x3=mul(t1,x2);t2=mul(t1,s0);x0=fma(t2,s1,t0)")
	x, y, b, c := make([]float32, 2000), make([]float32, 2000), make([]float32, 100), make([]float32, 20)
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for _, e := range []*Elementwise{Compile(p), Compile(opProgram(Add))} {
			run := func() {
				if len(e.program.Code) == 1 {
					e.Run(1, 2000, []Stream{{x, Full, 0}, {y, Full, 0}, {y, Full, 0}}, nil, &s)
					return
				}
				e.Run(20, 100, []Stream{{x, Full, 100}, {b, Row, 0}, {c, Col, 0}, {y, Full, 100}}, []float32{1, 2}, &s)
			}
			if n := testing.AllocsPerRun(10, run); n != 0 {
				t.Errorf("%s: %v allocations", e.program.Key(), n)
			}
		}
	})
}

// randomProgram has n instructions on temporaries, then outputs 0 and 1.
func randomProgram(r *rand.Rand, n int) *Program {
	p := &Program{Streams: 5, Scalars: 3, Temps: n}
	for i := range n {
		operand := func() Ref {
			switch k := r.IntN(8); {
			case k < 2:
				return StreamRef(r.IntN(5))
			case k == 2:
				return ScalarRef(r.IntN(3))
			case i > 0:
				return TempRef(r.IntN(i))
			}
			return StreamRef(2)
		}
		in := Instr{Op: Op(r.IntN(int(numOps))), A: operand(), B: operand(), C: operand(), Dst: TempRef(i)}
		p.Code = append(p.Code, in)
	}
	p.Code = append(p.Code,
		Instr{Op: Add, A: TempRef(n - 1), B: TempRef(n / 2), Dst: StreamRef(0)},
		Instr{Op: Sub, A: StreamRef(0), B: TempRef(n / 3), Dst: StreamRef(1)})
	return p
}

// Temporaries share buffers: no program may notice.
func TestRandomPrograms(t *testing.T) {
	r, s := rand.New(rand.NewPCG(31, 31)), Scratch{}
	for range 300 {
		p := randomProgram(r, 1+r.IntN(MaxTemps))
		e := Compile(p)
		if q, err := ParseProgram(p.Key()); err != nil || q.Key() != p.Key() {
			t.Fatalf("%s does not parse back: %v", p.Key(), err)
		}
		eachTier(t, func(t *testing.T) { checkProgram(t, r, e, r.IntN(100), plain, &s) })
	}
}
