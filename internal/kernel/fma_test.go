package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigFMA rounds x*y+z once, through arbitrary precision.
func bigFMA(x, y, z float32) float32 {
	p := new(big.Float).SetPrec(1200).SetFloat64(float64(x))
	p.Mul(p, new(big.Float).SetFloat64(float64(y)))
	p.Add(p, new(big.Float).SetFloat64(float64(z)))
	r, _ := p.Float32()
	return r
}

func sameValue(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestFMA32RandomBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	finite := func() float32 {
		for {
			f := math.Float32frombits(r.Uint32())
			if f-f == 0 {
				return f
			}
		}
	}
	near := func(f float32) float32 { // within a few bits of cancelling or of a half-way point
		return math.Float32frombits(math.Float32bits(f) + uint32(r.IntN(5)) - 2)
	}
	for i := range 300000 {
		x, y, z := finite(), finite(), finite()
		switch i % 4 {
		case 1: // sums of comparable size
			x, y = r.Float32()*2-1, r.Float32()
			z = near(-x * y)
		case 2: // few bits: many exact half-way cases
			x, y = float32(r.IntN(8193))*0x1p-5, float32(r.IntN(8193))
			z = float32(r.IntN(1<<24)) * float32(math.Ldexp(1, r.IntN(60)-30))
		case 3: // around the subnormal range
			x = float32(math.Ldexp(float64(r.Float32()), -60-r.IntN(20)))
			y = float32(math.Ldexp(float64(r.Float32()), -60-r.IntN(20)))
			z = math.Float32frombits(r.Uint32N(1<<25)) * float32(1-2*r.IntN(2))
		}
		want := bigFMA(x, y, z)
		if want == 0 { // big.Float knows no rule for the sign of an exact zero
			want = float32(float64(x)*float64(y) + float64(z))
		}
		if got := fma32(x, y, z); !sameValue(got, want) {
			t.Fatalf("fma32(%g, %g, %g) = %g, want %g", x, y, z, got, want)
		}
	}
}

// The cases where rounding twice (float64, then float32) is wrong: the tie is
// broken by bits that the float64 sum cannot hold.
func TestFMA32DoubleRounding(t *testing.T) {
	for _, c := range []struct{ x, y, z, want float32 }{
		{1 - 0x1p-24, 0x1p-24 + 0x1p-40, 1, 0},
		{0x1.000002p-12, 0x1.fffffcp-13, 0x1.000002p0, 0},
		{-0x1.000002p-12, 0x1.fffffcp-13, 0x1.000002p0, 0},
		{0x1p-75, 0x1p-75, 0x1p-149, 0},
		{0x1.000002p-75, 0x1p-75, 0x1p-149, 0},
	} {
		c.want = bigFMA(c.x, c.y, c.z)
		naive := float32(float64(c.x)*float64(c.y) + float64(c.z))
		if got := fma32(c.x, c.y, c.z); got != c.want {
			t.Errorf("fma32(%b, %b, %b) = %b, want %b (naive %b)", c.x, c.y, c.z, got, c.want, naive)
		}
	}
	if x, y, z := float32(0x1.000002p-12), float32(0x1.fffffcp-13), float32(0x1.000002p0); fma32(x, y, z) == float32(float64(x)*float64(y)+float64(z)) {
		t.Error("the second case no longer shows double rounding: the test proves nothing")
	}
}

func TestFMA32Special(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negZero := float32(math.Copysign(0, -1))
	for _, c := range []struct{ x, y, z, want float32 }{
		{inf, 1, 1, inf}, {-inf, 1, 1, -inf}, {1, 1, -inf, -inf}, {inf, 0, 1, nan}, {inf, 1, -inf, nan},
		{nan, 1, 1, nan}, {1, 1, nan, nan}, {-inf, 0, 1, nan},
		{math.MaxFloat32, 2, 0, inf}, {math.MaxFloat32, -2, 0, -inf}, {math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
		{0, 1, negZero, 0}, {negZero, 1, negZero, negZero}, {1, 1, -1, 0},
		{0x1p-100, 0x1p-100, 0, 0}, {0x1p-100, -0x1p-100, 0, negZero},
	} {
		if got := fma32(c.x, c.y, c.z); !sameValue(got, c.want) {
			t.Errorf("fma32(%g, %g, %g) = %g, want %g", c.x, c.y, c.z, got, c.want)
		}
	}
}
