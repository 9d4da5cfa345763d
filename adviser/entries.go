package adviser

import (
	"math"
	"slices"
	"strconv"
)

const (
	leastUpdates = 30   // of a contender in the first round
	sizeStep     = 4    // between sizes of the first round
	quarter      = 0.25 // of a decade: between learning rates of the rounds behind it
)

// entries are the settings of the first round: the one configured and, for each size that may
// be the best, rates around what the range test suggests for it. They are as many as can make
// leastUpdates in the time.
func (s *search) entries(seconds float64) []Setting {
	for _, decades := range [][]float64{{-0.5, 0, 0.5}, {0, 0.5}} {
		sizes := s.sizes()
		for len(sizes) > 1 {
			n := 1 + len(sizes)*len(decades)
			if slowest := s.Pace.At(sizes[len(sizes)-1]); leastUpdates*slowest*float64(n) <= seconds {
				return s.grid(sizes, decades)
			}
			if sizes = sizes[:len(sizes)-1]; len(sizes) < 3 && len(decades) > 2 {
				break // rather fewer rates than fewer sizes
			}
		}
	}
	return nil
}

// sizes are those that may be the best, far apart. A size is not if one sizeStep times as large takes
// about as long for an update, for a larger batch never takes more of them; nor if it handles
// clearly fewer examples a second than one as much smaller, which never takes more examples; nor if the
// noise scale says so by a factor.
func (s *search) sizes() (all []int) {
	most := min(s.Memory.Batch, max(1, s.train.Len()/4))
	for size := 2; size <= most && size <= s.Pace.largest(); size *= sizeStep {
		t := s.Pace.At(size)
		if size*sizeStep <= most && s.Pace.At(size*sizeStep) < 1.15*t {
			continue
		}
		if size > sizeStep && s.Pace.At(size/sizeStep)*sizeStep < 0.8*t {
			continue
		}
		all = append(all, size)
	}
	of := slices.Clone(all)
	return slices.DeleteFunc(all, func(size int) bool { return !s.Noise.plausible(size, of, &s.Pace) })
}

// grid crosses sizes and rates. The rate for a size goes with its square root, which is between
// rules for different optimizers; the race finds the rest.
func (s *search) grid(sizes []int, decades []float64) []Setting {
	rate, at := s.Current.LR, s.size
	if s.Rate != nil {
		if m, ok := s.Rate.middle(); ok {
			rate, at = m, s.Rate.Batch
		}
	}
	all := []Setting{s.Current}
	for _, size := range sizes {
		center := rate * math.Sqrt(float64(size)/float64(at))
		for _, d := range decades {
			all = append(all, Setting{size, rounded(center*math.Pow(10, d), 3)})
		}
	}
	return all
}

// next are the settings of a round: the best so far, ever fewer, the one that may be the best for all that
// is known, and the leader's neighbors that have not been entered.
func (s *search) next(round int) []Setting {
	all := s.book.standings()
	var chosen []Setting
	worst := math.Log(1.6)
	if round > 3 {
		worst = math.Log(1.25)
	}
	for _, x := range all {
		if len(chosen) < max(3, 7-round) && x.log-x.error < all[0].log+worst {
			chosen = append(chosen, x.Setting)
		}
	}
	hopeful := slices.MinFunc(all, func(x, y standing) int { return sign(x.log - x.error - y.log + y.error) })
	if !slices.Contains(chosen, hopeful.Setting) {
		chosen = append(chosen, hopeful.Setting)
	}
	if i := slices.IndexFunc(all, func(x standing) bool { return x.Setting == s.Current }); i >= 0 && round <= fewSeeds && !slices.Contains(chosen, s.Current) {
		chosen = append(chosen, s.Current)
	}
	for _, n := range s.neighbors(all[0].Setting, round) {
		if !slices.ContainsFunc(s.tried, n.like) {
			chosen = append(chosen, n)
		}
	}
	return chosen
}

// like reports whether settings are about the same.
func (x Setting) like(y Setting) bool {
	return x.Batch == y.Batch && math.Abs(math.Log(x.LR/y.LR)) < 0.1
}

// neighbors of a setting: other rates, closer in later rounds, half the size and twice the size.
func (s *search) neighbors(x Setting, round int) []Setting {
	step := math.Pow(10, quarter)
	if round > 4 {
		step = math.Sqrt(step)
	}
	all := []Setting{{x.Batch, x.LR / step}, {x.Batch, x.LR * step}}
	if x.Batch > 1 {
		all = append(all, Setting{x.Batch / 2, x.LR / math.Sqrt2})
	}
	if most := min(s.Memory.Batch, s.train.Len(), 2*s.Pace.largest()); 2*x.Batch <= most {
		all = append(all, Setting{x.Batch * 2, x.LR * math.Sqrt2})
	}
	for i := range all {
		all[i].LR = rounded(all[i].LR, 3)
	}
	return all
}

// rounded is x with so many digits that count.
func rounded(x float64, n int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', n, 64), 64)
	if err != nil {
		return x
	}
	return r
}
