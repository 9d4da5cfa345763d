package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
func phi64(x float64) float64     { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func geluTanhArg64(x float64) float64 {
	return 2 * math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x)
}

// ulpBounds is the accuracy that docs/kernels.md states: |error| is at most
// ulp units in the last place of the exact result plus abs.
var ulpBounds = []struct {
	op     Op
	ulp    float64
	abs    float64
	lo, hi float64
	f      func(x float64) float64
}{
	{Exp, 1.1, 0, -104, 88.8, math.Exp},
	{Log, 1, 0, 0, math.MaxFloat32, math.Log},
	{Log1p, 1.5, 0, -1, math.MaxFloat32, math.Log1p},
	{Tanh, 1.5, 0, -12, 12, math.Tanh},
	{Sigmoid, 2.5, 0, -104, 30, sigmoid64},
	{Softplus, 2.5, 0, -104, 100, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
	{Erf, 1.5, 0, -5, 5, math.Erf},
	{Silu, 3.2, 0, -87, 100, func(x float64) float64 { return x * sigmoid64(x) }},
	{SiluGrad, 3, 3e-7, -100, 100, func(x float64) float64 { s := sigmoid64(x); return s * (1 + x*(1-s)) }},
	{Gelu, 3, 3e-7, -30, 30, func(x float64) float64 { return x * phi64(x) }},
	{GeluGrad, 3, 3e-7, -30, 30, func(x float64) float64 { return phi64(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }},
	{HardSwish, 1.5, 4e-7, -30, 30, func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) }},
	{GeluTanh, 3, 3e-7, -30, 30, func(x float64) float64 { return x * sigmoid64(geluTanhArg64(x)) }},
	{GeluTanhGrad, 3, 3e-7, -30, 30, func(x float64) float64 {
		s := sigmoid64(geluTanhArg64(x))
		return s + x*s*(1-s)*2*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
	}},
}

// ulp is the spacing of float32 at v.
func ulp(v float64) float64 {
	v = math.Abs(v)
	_, e := math.Frexp(v)
	return math.Ldexp(1, max(e-24, -149))
}

// sweep returns points that are dense in magnitude and evenly spread over [lo, hi].
func sweep(lo, hi float64, n int) []float32 {
	r := rand.New(rand.NewPCG(5, 5))
	var x []float32
	for len(x) < n {
		v := math.Exp(r.Float64()*180 - 92)
		if r.IntN(2) == 0 {
			v = -v
		}
		for _, v := range []float64{v, lo + (hi-lo)*r.Float64(), 4 * r.NormFloat64(), 1 + r.NormFloat64()/8} {
			if f := float32(v); float64(f) > lo && float64(f) < hi {
				x = append(x, f)
			}
		}
	}
	return x
}

func TestUlp(t *testing.T) {
	for _, b := range ulpBounds {
		x := sweep(b.lo, b.hi, 200000)
		dy, y := make([]float32, len(x)), make([]float32, len(x))
		splatTo(dy, 1)
		streams := []Stream{{Data: x}, {Data: dy}, {Data: y}}
		if b.op.Arity() == 1 {
			streams = []Stream{{Data: x}, {Data: y}}
		}
		Compile(opProgram(b.op)).Run(1, len(x), streams, nil, new(Scratch))
		worst, worstAbs, at, atAbs := 0.0, 0.0, float32(0), float32(0)
		for i, v := range x {
			want := b.f(float64(v))
			if math.Abs(want) > math.MaxFloat32 {
				continue
			}
			e := math.Abs(float64(y[i]) - want)
			if u := e / ulp(want); !(u <= worst) {
				worst, at = u, v
			}
			if !(e <= worstAbs) {
				worstAbs, atAbs = e, v
			}
			if !(e <= b.ulp*ulp(want)+b.abs) {
				t.Errorf("%v(%v) = %v, want %v: %.2f ulp, %.2g absolute", b.op, v, y[i], want, e/ulp(want), e)
				break
			}
		}
		t.Logf("%-12v max %8.3g ulp at %-12v, %.2g absolute at %v", b.op, worst, at, worstAbs, atAbs)
	}
}
