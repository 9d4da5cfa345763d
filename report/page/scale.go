package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// scale maps numbers to places on an axis.
type scale struct {
	lo, hi   float64
	from, to float64 // in the drawing
	log      bool
}

// newScale covers the finite numbers of some lists with a little room.
func newScale(from, to float64, log bool, lists ...[]float64) scale {
	s := scale{math.Inf(1), math.Inf(-1), from, to, log}
	for _, l := range lists {
		for _, v := range l {
			if s.holds(v) {
				s.lo, s.hi = min(s.lo, v), max(s.hi, v)
			}
		}
	}
	switch {
	case s.lo > s.hi:
		s.lo, s.hi = 0, 1
		if log {
			s.lo, s.hi = 1, 10
		}
	case s.lo == s.hi && log:
		s.lo, s.hi = s.lo/2, s.hi*2
	case s.lo == s.hi:
		room := max(math.Abs(s.lo)/10, 1e-9)
		s.lo, s.hi = s.lo-room, s.hi+room
	}
	return s
}

// holds reports whether a number can be drawn.
func (s scale) holds(v float64) bool { return v-v == 0 && (!s.log || v > 0) }

// near returns the ends of intervals that the axis is drawn for: all, but on a log axis
// those alone that are within a factor of ten of the numbers themselves. An end that is farther
// off would leave the numbers no room.
func (s scale) near(ends [][]float64) [][]float64 {
	if !s.log {
		return ends
	}
	var out []float64
	for _, list := range ends {
		for _, v := range list {
			if v >= s.lo/10 && v <= 10*s.hi {
				out = append(out, v)
			}
		}
	}
	return [][]float64{out}
}

// within reports whether a number is on the axis.
func (s scale) within(v float64) bool { return s.holds(v) && v >= s.lo && v <= s.hi }

// clamped is the place of a number, or the end of the axis on its side.
func (s scale) clamped(v float64) float64 {
	switch {
	case v <= s.lo || s.log && v <= 0:
		return s.from
	case v >= s.hi:
		return s.to
	}
	return s.at(v)
}

// equal makes a unit, or a decade, as long on y as on x, by more height; where that would be
// too high or too flat, the axis that is too short gets room around its numbers.
func equal(x, y scale) (scale, scale) {
	const lowest, highest = 180.0, 560.0
	wide := x.to - x.from
	high := wide * y.extent() / x.extent()
	switch {
	case high > highest:
		x = x.widen(wide * y.extent() / highest)
		high = highest
	case high < lowest:
		y = y.widen(x.extent() * lowest / wide)
		high = lowest
	}
	y.from = y.to + high
	return x, y
}

// extent is the length of the axis in units, or in natural logarithms.
func (s scale) extent() float64 {
	if s.log {
		return math.Log(s.hi / s.lo)
	}
	return s.hi - s.lo
}

// widen gives an axis another extent about the same middle.
func (s scale) widen(extent float64) scale {
	room := (extent - s.extent()) / 2
	if s.log {
		s.lo, s.hi = s.lo*math.Exp(-room), s.hi*math.Exp(room)
	} else {
		s.lo, s.hi = s.lo-room, s.hi+room
	}
	return s
}

func (s scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

// ticks returns about n round numbers within the scale: multiples of 1, 2 or 5
// times a power of ten, or on a log scale powers of ten, or 1, 2 and 5 times
// these, if there are a few.
func (s scale) ticks(n int) []float64 {
	if s.log {
		if out := s.logTicks(n); out != nil {
			return out
		}
	}
	step := math.Pow(10, math.Floor(math.Log10((s.hi-s.lo)/float64(n))))
	for _, k := range []float64{1, 2, 5, 10} {
		if (s.hi-s.lo)/(step*k) <= float64(n) {
			step *= k
			break
		}
	}
	var out []float64
	for i := math.Ceil(s.lo/step - 1e-9); i*step <= s.hi+step*1e-9 && len(out) < 4*n; i++ {
		v := i * step
		if v == 0 {
			v = 0 // not -0
		}
		out = append(out, v)
	}
	return out
}

// logTicks are the ticks of a log scale, nil if there are not even three of them.
func (s scale) logTicks(n int) (out []float64) {
	first, last := math.Floor(math.Log10(s.lo)+1e-9), math.Floor(math.Log10(s.hi)+1e-9)
	step, within := math.Ceil((last-first+1)/float64(n)), []float64{1}
	if last-first < 3 {
		within = []float64{1, 2, 5}
	}
	for e := first; e <= last; e += step {
		for _, k := range within {
			if v := k * math.Pow(10, e); v >= s.lo*(1-1e-9) && v <= s.hi*(1+1e-9) {
				out = append(out, v)
			}
		}
	}
	if len(out) < 3 {
		return nil
	}
	return out
}

// number writes a number for people: five digits, thousands in groups.
func number(v float64) string {
	switch a := math.Abs(v); {
	case v-v != 0:
		return "–"
	case a != 0 && (a < 1e-3 || a >= 1e9):
		return strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-").Replace(strconv.FormatFloat(rounded(v), 'e', -1, 64))
	case a >= 1e4:
		return grouped(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return sign + digits
}

// place writes a coordinate.
func place(v float64) string { return fmt.Sprintf("%.1f", v) }

// rounded keeps five digits.
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 4, 64), 64)
	return r
}

// brief writes a number with three digits, where there is little room.
func brief(v float64) string {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	return number(r)
}
