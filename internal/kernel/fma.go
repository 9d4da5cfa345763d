package kernel

import "math"

// fma32 returns x*y+z with one rounding, in plain Go: the definition that every
// SIMD kernel is tested against.
//
// The float64 product is exact (24+24 bits), so s = RN64(x*y+z). Rounding s to
// float32 gives the right result unless s lies exactly half-way between two
// float32 values, where the part that s lost decides (fmaOdd). In the range of
// float32 subnormals the half-way points look different: they go there too.
func fma32(x, y, z float32) float32 {
	s := float64(x)*float64(y) + float64(z)
	if fmaDoubtful(s) {
		s = fmaOdd(float64(x), float64(y), float64(z))
	}
	return float32(s)
}

const (
	lostBits = 1<<29 - 1 // bits of a float64 that a normal float32 has no room for
	halfWay  = 1 << 28
	// twice the bits of 2^-126, the least normal float32, with the sign shifted out
	minNormal2 = (1023 - 126) << 53
)

// fmaDoubtful says that rounding s to float32 may differ from rounding the exact
// value that s was rounded from.
func fmaDoubtful(s float64) bool {
	u := math.Float64bits(s)
	return u&lostBits == halfWay || u<<1 < minNormal2
}

// fmaOdd returns x*y+z rounded to odd in float64, for float32 values: rounding
// that to float32 is harmless (Boldo and Melquiond, Emulation of a FMA and
// correctly rounded sums, IEEE TC 57, 2008).
func fmaOdd(x, y, z float64) float64 {
	p := float64(x * y)
	s := p + z
	b := s - p
	e := (p - (s - b)) + (z - b) // exact: s + e = p + z; NaN where s is not finite
	if u := math.Float64bits(s); u&1 == 0 && (e > 0 || e < 0) {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
		s = math.Float64frombits(u)
	}
	return s
}
