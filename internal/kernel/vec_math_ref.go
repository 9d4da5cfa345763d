package kernel

import "math"

// Transcendental functions: the definitions. Each is a fixed sequence of
// float32 operations with one rounding each, in the order that the generator
// (_asm/vec/math.go) emits them; the float32 conversions forbid the compiler to
// fuse. Coefficients are minimax fits of our own (weighted least squares on
// Chebyshev nodes, rounded one by one from the lowest); constants are shared
// with the generator by value. docs/kernels.md has the measured errors.

func bits(a float32) int32        { return int32(math.Float32bits(a)) }
func fromBits(i int32) float32    { return math.Float32frombits(uint32(i)) }
func abs32(a float32) float32     { return fromBits(bits(a) &^ math.MinInt32) }
func pow2(n int32) float32        { return fromBits((n + 127) << 23) }                 // n in [-126, 127]
func signOf(a, s float32) float32 { return fromBits(bits(a) | bits(s)&math.MinInt32) } // a >= 0

// horner returns c[0] + x(c[1] + x(c[2] + ...)), by FMA.
func horner(x float32, c []float32) float32 {
	p := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		p = fma32(p, x, c[i])
	}
	return p
}

const (
	log2e   = 1.44269504
	ln2High = 0.693359375 // 9 bits, so that n·ln2High is exact
	ln2Low  = -2.12194440e-4
	magic   = 12582912 // 1.5·2²³: adding it rounds to an integer, in the low bits
	expMax  = 89       // e⁸⁹ overflows
	expMin  = -104.5   // e^-104.5 is less than half of the least subnormal
)

// expQ is q in eʳ = 1 + r + r²q(r), |r| <= ln2/2.
var expQ = []float32{0.49999994, 0.166665211, 0.0416682884, 0.00836870354, 0.00138189388}

// exp32 is 2ⁿ(1 + r + r²q(r)), a = n·ln2 + r. The scaling takes two steps, of
// which the second rounds, so that small results underflow gradually.
func exp32(a float32) float32 {
	a = pick(expMax < a, expMax, a)
	a = pick(expMin > a, expMin, a)
	t := fma32(a, log2e, magic)
	n := t - magic
	r := fma32(n, -ln2High, a)
	r = fma32(n, -ln2Low, r)
	y := fma32(horner(r, expQ), float32(r*r), r) + 1
	i := bits(t) - bits(magic)
	h := i >> 1
	return float32(y*pow2(h)) * pow2(i-h)
}

const (
	sqrtHalf  = 0x3f3504f3 // bits of √½
	minNormal = 0x1p-126
	nan       = 0x7fc00000
)

// logQ is q in ln(1+f) = f - f²/2 + f³q(f), √½-1 <= f <= √2-1.
var logQ = []float32{0.333333135, -0.250000089, 0.20002073, -0.166679963, 0.142203271, -0.124060318, 0.11883568, -0.116714492, 0.0675095618}

// split returns e and m in [√½, √2) with a = m·2ᵉ, a a normal positive number.
func split(a float32) (e int32, m float32) {
	i := bits(a) - sqrtHalf
	return i >> 23, fromBits(i&0x7fffff + sqrtHalf)
}

// logSum returns ln(1+f) + e·ln2.
func logSum(f, e float32) float32 {
	ff := float32(f * f)
	p := float32(horner(f, logQ) * f)
	p = fma32(p, ff, float32(e*ln2Low))
	p = fma32(ff, -0.5, p)
	return fma32(e, ln2High, float32(p+f))
}

// logEnds puts the special values around r = ln a: a itself if it is +Inf or
// NaN, -Inf at zero, NaN below.
func logEnds(r, a float32) float32 {
	r = pick(a < inf32, r, a)
	r = pick(a == 0, -inf32, r)
	return pick(a < 0, fromBits(nan), r)
}

var inf32 = float32(math.Inf(1))

func log32(a float32) float32 {
	small := a < minNormal
	e, m := split(pick(small, float32(a*0x1p23), a))
	ef := float32(e) + pick(small, -23, 0)
	return logEnds(logSum(m-1, ef), a)
}

// log1p32 takes ln u, u = 1+a, and puts the rounding error c of u back: u + c
// = 2ᵉ(m + c·2⁻ᵉ). Above 2²⁵ it cannot matter.
func log1p32(a float32) float32 {
	u := a + 1
	c := pick(a < 1, a-float32(u-1), 1-float32(u-a))
	e, m := split(u)
	c = pick(a < 0x1p25, float32(c*fromBits((127-e)<<23)), 0)
	r := logEnds(logSum(float32(m-1)+c, float32(e)), u)
	return pick(a == 0, a, r)
}

// tanhQ is q in tanh a = a + a³q(a²), |a| < 0.625.
var tanhQ = []float32{-0.333332807, 0.133314088, -0.0537369438, 0.0206300281, -0.00569480425}

func tanh32(a float32) float32 {
	x := abs32(a)
	xx := float32(x * x)
	near := fma32(horner(xx, tanhQ), float32(xx*x), x)
	big := 1 - 2/float32(exp32(x+x)+1)
	return signOf(pick(x < 0.625, near, big), a)
}

func sigmoid32(a float32) float32 {
	e := exp32(-abs32(a))
	return pick(a < 0, e, 1) / float32(e+1)
}

func softplus32(a float32) float32 {
	return pick(0 > a, 0, a) + log1p32(exp32(-abs32(a)))
}

// erfNear is q in erf a = a + a·q(a²), |a| < 0.92; erfFar is ln(1 - erf a),
// up to 4, from where erf is 1.
var (
	erfNear = []float32{0.128379166, -0.376126289, 0.112836257, -0.0268557314, 0.00519240508, -0.000804976968, 7.99664922e-05}
	erfFar  = []float32{-0.000195666507, -1.12767565, -0.637182236, -0.103931561, 0.0222268682, -0.00304319081, 0.000195932458}
)

func erf32(a float32) float32 {
	x := abs32(a)
	near := fma32(horner(float32(x*x), erfNear), x, x)
	big := 1 - exp32(horner(pick(4 < x, 4, x), erfFar))
	return signOf(pick(x < 0.92, near, big), a)
}

// far is where every gate is 0 or 1: there a stands for ±Inf and for values
// whose powers overflow.
const far = 128

func clampFar(a float32) float32 {
	a = pick(far < a, far, a)
	return pick(-far > a, -far, a)
}

// gate returns a·s, s a gate that is 0 below -far: -0 at -Inf, not NaN.
func gate(a, s float32) float32 { return pick(-far > a, -far, a) * s }

// sigmoidGrad returns s = sigmoid(a) and s(1-s), without the cancellation of 1-s.
func sigmoidGrad(a float32) (s, ds float32) {
	e := exp32(-abs32(a))
	r := 1 / float32(e+1)
	er := float32(e * r)
	return pick(a < 0, er, r), float32(er * r)
}

func siluGrad32(a, b float32) float32 {
	a = clampFar(a)
	s, ds := sigmoidGrad(a)
	return b * fma32(a, ds, s)
}

const (
	invSqrt2   = 0.707106781
	invSqrt2Pi = 0.398942280
	geluB      = 1.59576912   // 2√(2/π)
	geluA      = 0.0713548163 // geluB·0.044715
	geluA3     = 0.214064449  // 3·geluA
)

// third and sixth are 1/3 and 1/6.
const third, sixth = 1.0 / 3, 1.0 / 6

// hardSigmoid32 is a/6 + 1/2 in [0, 1].
func hardSigmoid32(a float32) float32 {
	s := fma32(a, sixth, 0.5)
	s = pick(0 > s, 0, s)
	return pick(1 < s, 1, s)
}

// phi32 is the normal distribution function Φ(a).
func phi32(a float32) float32 { return fma32(erf32(a*invSqrt2), 0.5, 0.5) }

func geluGrad32(a, b float32) float32 {
	a = clampFar(a)
	d := float32(exp32(float32(a*a)*-0.5) * invSqrt2Pi)
	return b * fma32(a, d, phi32(a))
}

// geluTanhArg is 2√(2/π)(a + 0.044715a³).
func geluTanhArg(a float32) float32 { return fma32(float32(a*a), geluA, geluB) * a }

func geluTanhGrad32(a, b float32) float32 {
	a = clampFar(a)
	s, ds := sigmoidGrad(geluTanhArg(a))
	du := fma32(float32(a*a), geluA3, geluB)
	return b * fma32(float32(a*ds), du, s)
}
