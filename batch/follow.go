package batch

import (
	"fmt"
	"math"
)

// follow moves a size towards best(φ), a size that rises with the noise scale
// φ, and returns it with φ in words. Sizes are powers of two, or a bound, and at
// most twice or half the last: what is measured at one size is extrapolated no
// further. There is a move
//
//   - where best at the end of φ's 95 % interval that is nearer to the size is
//     still √2 away from it, or
//   - where best itself is, and the interval's ends are within a factor of 2
//     of each other in size.
//
// A size that is √2 away costs 3 % at the most (Auto), so there is time to
// measure. While φ is not resolved, Q not being above 0, the lower end is what
// is known.
func (b Bounds) follow(size int, n Noise, best func(phi float64) float64) (int, string) {
	low, high := n.Interval()
	phi, ok := n.Scale()
	least, most, target := best(low), best(high), best(phi)
	text := fmt.Sprintf
	switch {
	case least >= float64(size)*math.Sqrt2 || most <= float64(size)/math.Sqrt2:
	case !ok || most > 2*least:
		return size, ""
	}
	next := b.step(size, target)
	if next == size {
		return size, ""
	}
	if !ok {
		return next, text("above %.3g", low)
	}
	return next, text("%.3g (%.3g to %.3g)", phi, low, high)
}

// step returns the size for a target: itself if the target is within √2, else
// the nearest power of two, at most twice or half the size, and within the
// bounds.
func (b Bounds) step(size int, target float64) int {
	from := float64(size)
	if !(target >= from*math.Sqrt2 || target <= from/math.Sqrt2) {
		return size
	}
	x := powerOfTwo(min(max(target, from/2), 2*from))
	if x > 2*from {
		x /= 2
	}
	return b.clip(x)
}

// powerOfTwo returns the power of two nearest to x >= 0 in ratio, at least 1.
func powerOfTwo(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		e--
	}
	return math.Ldexp(1, max(e, 0))
}

// explore returns a size to time where the cost is not known yet: twice the
// present one, or half where that is out of bounds.
func (b Bounds) explore(s State, p Progress) (State, string) {
	size := min(2*s.Size, b.Max)
	if float64(size) < apart*float64(s.Size) {
		size = max(s.Size/2, b.Min)
	}
	if _, timed := p.Cost.Measured(s.Size); !timed || size == s.Size {
		return s, ""
	}
	return s.to(size, p), "to see what an update of another size takes"
}
