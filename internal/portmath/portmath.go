// Package portmath holds the elementary functions of float64 whose bits are
// the same on every architecture, for values that reach the weights: learning
// rates and first values of parameters. Package math promises only accuracy,
// and the compiler may fuse x*y+z; here every product is rounded before it is
// added, and only +, -, ·, / and the square root are used.
//
// Errors are a few units in the last place. Arguments are finite and in range;
// special values get no care but what is written.
package portmath

import "math"

// PowInt returns xⁿ for n ≥ 0, by squaring.
func PowInt(x float64, n int64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			y *= x
		}
		x *= x
	}
	return y
}

// horner evaluates c[0] + c[1]·x + c[2]·x² + ….
func horner(x float64, c []float64) float64 {
	y := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

// ln 2 in two parts: k·ln2Hi is exact for |k| < 2¹⁰.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Log returns the natural logarithm of a positive number: with x = m·2ᵏ, m
// near 1, and s = (m-1)/(m+1), it is k·ln 2 + 2(s + s³/3 + s⁵/5 + …).
func Log(x float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	s := (m - 1) / (m + 1)
	series := float64(2 * s * horner(float64(s*s), logSeries[:]))
	return float64(float64(k)*ln2Hi) + (series + float64(float64(k)*ln2Lo))
}

// logSeries is 1, 1/3, 1/5, …: |s| < 0.172, so the next term is below 2⁻⁵⁶.
var logSeries = [12]float64{1, 1. / 3, 1. / 5, 1. / 7, 1. / 9, 1. / 11, 1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21, 1. / 23}

// Exp returns eˣ: 0 below -745, +Inf above 709.8.
func Exp(x float64) float64 {
	switch {
	case x < -745:
		return 0
	case x > 709.8:
		return math.Inf(1)
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	return math.Ldexp(horner(r, factorials[:]), int(k))
}

// factorials is 1/n!: |r| < 0.35, so the next term is below 2⁻⁵⁷.
var factorials = [15]float64{1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
	1. / 39916800, 1. / 479001600, 1. / 6227020800, 1. / 87178291200}

// Pow returns xʸ for x ≥ 0; 0⁰ is 1.
func Pow(x, y float64) float64 {
	switch n := int64(y); {
	case float64(n) == y && n >= 0 && n < 1<<40:
		return PowInt(x, n)
	case x == 0:
		return 0
	}
	return Exp(float64(y * Log(x)))
}

// CosPi returns cos(πx) for x in [0, 1]: exactly 1, 0 and -1 at 0, ½ and 1.
func CosPi(x float64) float64 {
	switch {
	case x > 0.5:
		return -CosPi(1 - x)
	case x > 0.25:
		y := float64(math.Pi * (0.5 - x))
		return float64(y * horner(float64(y*y), sinSeries[:]))
	}
	y := float64(math.Pi * x)
	return horner(float64(y*y), cosSeries[:])
}

// The series of the cosine and of sin(y)/y in y²: y ≤ π/4, so the next terms
// are below 2⁻⁵⁷.
var (
	cosSeries = [9]float64{1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200, 1. / 20922789888000}
	sinSeries = [9]float64{1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000}
)

// π/2 in two parts: k·halfPiHi is exact for |k| < 2²⁰.
const (
	halfPiHi = 1.57079632673412561417e+00
	halfPiLo = 6.07710050650619224932e-11
)

// Sincos returns the sine and the cosine of x, |x| < 10⁶: x less the nearest
// multiple k of π/2 is in [-π/4, π/4], and k mod 4 says which of the two series
// is the sine. The absolute error is below 10⁻¹⁵ + |x|·10⁻¹⁶.
func Sincos(x float64) (sin, cos float64) {
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := (x - float64(k*halfPiHi)) - float64(k*halfPiLo)
	sin, cos = float64(r*horner(float64(r*r), sinSeries[:])), horner(float64(r*r), cosSeries[:])
	switch int64(k) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}
