package batch

// CostFit fits Fixed and PerExample of a Cost to timings: a and b, neither below
// 0, with the least Σ w·((a + b·B)/τ - 1)². Errors count as shares of a time τ,
// since the times of different sizes differ by factors. The zero CostFit has no
// timings; it is a few sums, and nothing is allocated.
type CostFit struct {
	one, size, square, time, timeSize float64 // Σ w/τ², Σ wB/τ², Σ wB²/τ², Σ w/τ, Σ wB/τ
}

// Add takes in that updates of size examples take so many seconds, with the weight
// of that many timings. Only the weight may be 0.
func (f *CostFit) Add(size int, seconds, weight float64) {
	b, w := float64(size), weight/seconds
	f.time, f.timeSize = f.time+w, f.timeSize+float64(w*b)
	w /= seconds
	f.one, f.size, f.square = f.one+w, f.size+float64(w*b), f.square+float64(float64(w*b)*b)
}

// unresolved is the share of its terms to which the determinant of the normal
// equations cancels, by rounding alone, when one size has nearly all of the weight.
const unresolved = 1e-12

// Solve returns a in seconds and b in seconds for each example. It reports false if
// the timings do not tell them apart: they are of one size, or others weigh
// nothing beside it. All time is then the examples', and a is 0. Of no timings, both are 0.
func (f *CostFit) Solve() (fixed, perExample float64, ok bool) {
	if f.square == 0 {
		return 0, 0, false
	}
	det := float64(f.one*f.square) - float64(f.size*f.size)
	if det <= unresolved*float64(f.one*f.square) {
		return 0, f.timeSize / f.square, false
	}
	fixed = (float64(f.time*f.square) - float64(f.timeSize*f.size)) / det
	perExample = (float64(f.timeSize*f.one) - float64(f.time*f.size)) / det
	switch {
	case !(perExample > 0):
		return f.time / f.one, 0, true
	case !(fixed > 0):
		return 0, f.timeSize / f.square, true
	}
	return fixed, perExample, true
}
