package metric

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/descent-ml/descent/internal/rng"
)

const (
	defaultResamples = 1000
	fewestResamples  = 40    // the 2.5 % end is one of them
	visits           = 400e6 // of an example that all resamples together may make: about a second
)

// A measure computes scores from the weight of each example. It keeps what it
// needs between calls, so each goroutine has its own.
type measure func(w, scores []float64)

// scorer makes measures of the same examples.
type scorer interface {
	names() []string
	measure() measure
	cost() int // times that a measure visits each example
}

// resamples returns how many the options ask for.
func (o Options) resamples(n, cost int) int {
	switch {
	case o.Resamples < 0:
		return 0
	case o.Resamples > 0:
		return o.Resamples
	}
	fit := visits / (float64(n) * float64(cost))
	return int(min(max(fit, fewestResamples), defaultResamples))
}

// scores measures the examples and, with resamples, the interval of each score.
// The interval is the percentile one (Efron and Tibshirani, An introduction to
// the bootstrap, 1993, chapter 13): from 2.5 % to 97.5 % of the scores of sets
// of as many examples drawn with replacement.
func scores(s scorer, w []float64, resamples int, seed uint64) []Score {
	values := make([]float64, len(s.names()))
	s.measure()(w, values)
	draws := bootstrap(s, w, resamples, seed)
	list := make([]Score, len(values))
	column := make([]float64, resamples)
	for j, name := range s.names() {
		for b := range column {
			column[b] = draws[b*len(values)+j]
		}
		lo, hi := math.NaN(), math.NaN()
		if !math.IsNaN(values[j]) && name != "max_error" { // a maximum has no bootstrap: none is above the one seen
			lo, hi = interval(column)
		}
		list[j] = Score{name, values[j], lo, hi}
	}
	return list
}

// bootstrap returns the scores of each resample, one row each. Resample b is a
// function of the seed and of b, whichever goroutine computes it.
func bootstrap(s scorer, w []float64, resamples int, seed uint64) []float64 {
	width := len(s.names())
	out := make([]float64, resamples*width)
	key := rng.Key(seed, "bootstrap")
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), resamples) {
		group.Go(func() {
			times, drawn, measure := make([]uint8, len(w)), make([]float64, len(w)), s.measure()
			for b := int(next.Add(1)) - 1; b < resamples; b = int(next.Add(1)) - 1 {
				draw(times, uint32(b), key)
				for i, x := range w {
					drawn[i] = float64(times[i]) * x
				}
				measure(drawn, out[b*width:(b+1)*width])
			}
		})
	}
	group.Wait()
	return out
}

// draw sets times[i] to how often example i comes up in len(times) draws with
// replacement; that it is above 255 has a chance below 1/256!. An index is the
// high word of a random word times n, so the chances of two examples differ by
// at most n/2³² of one another.
func draw(times []uint8, b uint32, key [2]uint32) {
	clear(times)
	n := uint64(len(times))
	at := uint64(0)
	for ; at+4 <= n; at += 4 {
		x := rng.Philox([4]uint32{uint32(at / 4), 0, b, 0}, key)
		times[uint64(x[0])*n>>32]++
		times[uint64(x[1])*n>>32]++
		times[uint64(x[2])*n>>32]++
		times[uint64(x[3])*n>>32]++
	}
	x := rng.Philox([4]uint32{uint32(at / 4), 0, b, 0}, key)
	for _, word := range x[:n-at] {
		times[uint64(word)*n>>32]++
	}
}

// interval sorts the scores of the resamples and returns their 2.5 % and 97.5 %
// points, NaN where fewer than half of them are defined.
func interval(x []float64) (lo, hi float64) {
	slices.Sort(x) // NaN first
	undefined := 0
	for undefined < len(x) && math.IsNaN(x[undefined]) {
		undefined++
	}
	if 2*undefined > len(x) || len(x) == undefined {
		return math.NaN(), math.NaN()
	}
	return quantile(x[undefined:], 0.025), quantile(x[undefined:], 0.975)
}

// quantile interpolates between the order statistics of sorted numbers.
func quantile(x []float64, q float64) float64 {
	at := float64(q * float64(len(x)-1))
	k := int(at)
	if k+1 >= len(x) || x[k] == x[k+1] {
		return x[k]
	}
	return x[k] + float64((at-float64(k))*(x[k+1]-x[k]))
}
