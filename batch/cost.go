package batch

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/portmath"
)

// Cost is the time of an update: Fixed + PerExample·B seconds. One that is
// given as such is as good as one that was measured. The zero Cost is unknown.
type Cost struct {
	Fixed      float64 `json:"fixed,omitempty"`       // a, seconds of an update that do not depend on B
	PerExample float64 `json:"per_example,omitempty"` // b, seconds

	Timed int         `json:"timed,omitempty"` // updates
	Sizes [8]SizeTime `json:"sizes,omitzero"`  // of the eight sizes timed last, in no order
}

// SizeTime is what updates of one size take. Five of them make one observation,
// the shortest. Disturbances only add time, and longer updates meet more of them,
// so that means and medians favour small sizes on a machine with other work: with
// ten processes for each core the medians of 40 updates of 32, 64, 128 and 256
// examples were 1.3, 1.6, 1.9 and 3 times their shortest.
type SizeTime struct {
	Size    int        `json:"size"`
	Seconds float64    `json:"seconds"` // shortest observation, but up by 1/16 of the way to each longer one
	Count   int        `json:"count"`
	Last    int        `json:"last"`             // Cost.Timed at the newest
	Open    [5]float64 `json:"open,omitzero"`    // timings of the next observation
	Opened  int        `json:"opened,omitempty"` // how many
}

const (
	forget = 0.98 // weight of a size's time after five more updates of other sizes
	recent = 16   // observations of one size in which its time follows a slower machine
	apart  = 1.25 // ratio of the extreme sizes from which a and b are told apart
)

// Add returns the cost after one more update of size examples. The fit is least
// squares of relative errors over the sizes seen; each weighs as many
// observations as it has, at most 16, times 0.98 for every five updates since.
// Recursive least squares with that factor would forget all other sizes while one
// is in use, and then know neither a nor b.
func (c Cost) Add(size int, seconds float64) Cost {
	if size < 1 || !(seconds > 0) || math.IsInf(seconds, 0) {
		return c
	}
	c.Timed++
	s := c.sized(size)
	s.Last = c.Timed
	s.Open[s.Opened] = seconds
	if s.Opened++; s.Opened < len(s.Open) {
		return c
	}
	s.Count++
	if shortest := slices.Min(s.Open[:]); s.Count == 1 || shortest < s.Seconds {
		s.Seconds = shortest
	} else {
		s.Seconds += (shortest - s.Seconds) / recent
	}
	s.Open, s.Opened = [5]float64{}, 0
	c.fit()
	return c
}

// sized returns the entry of a size; a new one takes the place of the size
// that was timed longest ago.
func (c *Cost) sized(size int) *SizeTime {
	oldest := &c.Sizes[0]
	for i := range c.Sizes {
		s := &c.Sizes[i]
		if s.Size == size {
			return s
		}
		if s.Last < oldest.Last {
			oldest = s
		}
	}
	*oldest = SizeTime{Size: size}
	return oldest
}

// fit sets Fixed and PerExample once the sizes are far enough apart to tell them,
// and leaves them once the others' timings are too old to count beside one's.
func (c *Cost) fit() {
	var f CostFit
	low, high := math.Inf(1), 0.0
	for _, s := range c.Sizes {
		if s.Count == 0 {
			continue
		}
		b := float64(s.Size)
		low, high = min(low, b), max(high, b)
		f.Add(s.Size, s.Seconds, float64(min(s.Count, recent))*portmath.PowInt(forget, int64((c.Timed-s.Last)/len(s.Open))))
	}
	if high < apart*low {
		return
	}
	if fixed, perExample, ok := f.Solve(); ok {
		c.Fixed, c.PerExample = fixed, perExample
	}
}

// Known reports whether a and b are known.
func (c Cost) Known() bool { return c.Fixed > 0 || c.PerExample > 0 }

// Seconds returns what an update of size examples takes by the fit, 0 if it is
// not known.
func (c Cost) Seconds(size int) float64 { return c.Fixed + float64(c.PerExample*float64(size)) }

// Measured returns the mean time of updates of exactly that size, and false if
// fewer than five were timed of late.
func (c Cost) Measured(size int) (seconds float64, ok bool) {
	for _, s := range c.Sizes {
		if s.Size == size && s.Count > 0 {
			return s.Seconds, true
		}
	}
	return 0, false
}

// best returns the measured time of updates of a size, or that of the fit.
func (c Cost) best(size int) float64 {
	if seconds, ok := c.Measured(size); ok {
		return seconds
	}
	return c.Seconds(size)
}

// stale reports whether the timings of all sizes but one are older than half of
// all timed updates, and than 100 of them: the cost may have been fitted while
// the machine was busy, or not be affine between the sizes then and the one now.
func (c Cost) stale(but int) bool {
	newest := 0
	for _, s := range c.Sizes {
		if s.Count > 0 && s.Size != but {
			newest = max(newest, s.Last)
		}
	}
	return 2*(newest+100) < c.Timed
}

// HalfSpeed returns a/b, the batch size at which half of an update's time is
// fixed cost; +Inf if the time does not depend on the size.
func (c Cost) HalfSpeed() float64 { return c.Fixed / c.PerExample }

// Validate refuses a cost that is below 0 or not finite.
func (c Cost) Validate() error {
	if sum := c.Fixed + c.PerExample; !(c.Fixed >= 0 && c.PerExample >= 0) || math.IsInf(sum, 0) {
		return fmt.Errorf("batch: an update costs %v s and %v s for each example (want neither below 0)", c.Fixed, c.PerExample)
	}
	return nil
}

// keys are those of a given cost in a configuration.
func (c Cost) keys() []any { return []any{"fixed", c.Fixed, "per_example", c.PerExample} }
