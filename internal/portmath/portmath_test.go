package portmath

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// close reports whether got is within a relative error of want.
func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*math.Abs(want)
}

// TestAgainstMath compares with package math, which is accurate, over the
// ranges that training uses.
func TestAgainstMath(t *testing.T) {
	const steps = 20000
	for i := range steps + 1 {
		u := float64(i) / steps
		for _, c := range []struct {
			name      string
			got, want float64
			tolerance float64
		}{
			{"Log", Log(math.Ldexp(1+u, i%600-300)), math.Log(math.Ldexp(1+u, i%600-300)), 2e-15},
			{"Log near 1", Log(0.5 + u), math.Log(0.5 + u), 5e-16},
			{"Exp", Exp(1400*u - 700), math.Exp(1400*u - 700), 5e-16},
			{"Pow", Pow(u, 0.9), math.Pow(u, 0.9), 2e-15},
			{"Pow²", Pow(u, 2), u * u, 0},
			{"PowInt", PowInt(0.999, int64(i)), math.Pow(0.999, float64(i)), 1e-12},
		} {
			if !near(c.got, c.want, c.tolerance) {
				t.Fatalf("%s at step %d: %v, want %v", c.name, i, c.got, c.want)
			}
		}
		for _, x := range []float64{8*u - 4, 1e3 * u, 1e6 * (2*u - 1)} {
			sin, cos := Sincos(x)
			if math.Abs(sin-math.Sin(x)) > 1e-15+1e-16*math.Abs(x) || math.Abs(cos-math.Cos(x)) > 1e-15+1e-16*math.Abs(x) {
				t.Fatalf("Sincos(%v) = %v, %v, want %v, %v", x, sin, cos, math.Sin(x), math.Cos(x))
			}
		}
		if got, want := CosPi(u), math.Cos(math.Pi*u); math.Abs(got-want) > 4e-16 {
			t.Fatalf("CosPi(%v) = %v, want %v", u, got, want)
		}
	}
}

// TestNormalQuantile compares with math.Erfinv, away from the end where p
// itself has too few digits.
func TestNormalQuantile(t *testing.T) {
	const steps = 20000
	for i := 1; i < steps; i++ {
		p := float64(i) / steps
		if got, want := NormalQuantile(p), math.Sqrt2*math.Erfinv(2*p-1); math.Abs(got-want) > 2e-12 {
			t.Fatalf("NormalQuantile(%v) = %v, want %v", p, got, want)
		}
	}
	for p := 0.25; p > 1e-40; p /= 7 { // the tail, by its own inverse
		x := NormalQuantile(p)
		if back := math.Erfc(-x/math.Sqrt2) / 2; !near(back, p, 1e-13) {
			t.Errorf("Φ(NormalQuantile(%g)) = %g", p, back)
		}
	}
}

func TestExactPoints(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"cos 0", CosPi(0), 1}, {"cos π/2", CosPi(0.5), 0}, {"cos π", CosPi(1), -1},
		{"log 1", Log(1), 0}, {"exp 0", Exp(0), 1}, {"exp -800", Exp(-800), 0}, {"exp 800", Exp(800), math.Inf(1)},
		{"0⁰", Pow(0, 0), 1}, {"0^½", Pow(0, 0.5), 0}, {"x⁰", PowInt(7, 0), 1},
		{"median", NormalQuantile(0.5), 0}, {"symmetry", NormalQuantile(0.25) + NormalQuantile(0.75), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestBits pins the bits of results: they must not depend on the machine.
func TestBits(t *testing.T) {
	h := fnv.New64a()
	for i := 1; i < 4096; i++ {
		u := float64(i) / 4096
		sin, cos := Sincos(1000 * u)
		for _, y := range []float64{sin, cos, Log(u), Exp(8*u - 4), Pow(u, 0.3), CosPi(u), NormalQuantile(u), NormalQuantile(u * 1e-9)} {
			binary.Write(h, binary.LittleEndian, y)
		}
	}
	const want = 0x111820750772361b
	if got := h.Sum64(); got != want {
		t.Errorf("the hash of the bits is %#x, want %#x", got, uint64(want))
	}
}

// TestStudent975 against tables (NIST, 1.3.6.7.2).
func TestStudent975(t *testing.T) {
	for v, want := range map[int]float64{1: 12.706, 2: 4.303, 10: 2.228, 11: 2.201, 15: 2.131, 30: 2.042, 100: 1.984} {
		if got := Student975(v); math.Abs(got-want) > 6e-4 {
			t.Errorf("%d degrees of freedom: %v, want %v", v, got, want)
		}
	}
}
