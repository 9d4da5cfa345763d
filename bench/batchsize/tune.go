package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
)

// tuningSeeds are those that learning rates are chosen on.
var tuningSeeds = []int{1001, 1002, 1003}

// grid is the number of learning rates in a factor of 10: the k-th is 10^(k/grid).
const grid = 8

// rateAt has four digits, so that it is the same when it is read back.
func rateAt(k int) float64 {
	rate, _ := strconv.ParseFloat(strconv.FormatFloat(math.Pow(10, float64(k)/grid), 'g', 4, 64), 64)
	return rate
}

// tuning is the search for the learning rate of one size.
type tuning struct {
	book *book
	task *task
	o    options
	size int
	most float64 // examples of a run
	seen map[int]score
}

// score is what a rate is judged by: examples to the target, summed over
// the seeds; where a seed does not reach it, how far it came.
type score struct {
	missed   int
	gap      float64
	examples float64
}

func (s score) better(than score) bool {
	if s.missed != than.missed {
		return s.missed < than.missed
	}
	if s.missed > 0 {
		return s.gap < than.gap
	}
	return s.examples < than.examples
}

// tune returns the best rate of a size on the grid, searched from the k-th in
// strides of a factor √10, then halved twice, with the best between two worse
// ones at each stride, so that it is no edge. The last halving is left out for sizes that
// take more than twice as long as the best one.
func tune(b *book, t *task, o options, size, k int) (best int, err error) {
	s := tuning{b, t, o, size, t.limit(b, size), map[int]score{}}
	return s.search(k)
}

func (s *tuning) search(k int) (best int, err error) {
	for stride := grid / 2; stride >= 1; stride /= 2 {
		if stride == 1 && s.hopeless(k) {
			break
		}
		for moved := true; moved; {
			moved = false
			for _, next := range []int{k, k + stride, k - stride} {
				is, err := s.better(next, k)
				if err != nil {
					return 0, err
				}
				if is {
					k, moved = next, true
				}
			}
		}
	}
	return k, nil
}

// hopeless reports whether the size takes more than twice the time of the best one.
func (s *tuning) hopeless(k int) bool {
	x := s.seen[k]
	seconds := x.examples / float64(len(tuningSeeds)*s.size) * s.book.clocks[s.task.name].update(s.size)
	return x.missed > 0 || seconds > 2*s.task.bestTime(s.book)
}

// better reports whether the rate is better than that of the best one.
func (s *tuning) better(k, best int) (bool, error) {
	limit, missable := s.most, true
	if b, known := s.seen[best]; known && b.missed == 0 {
		limit, missable = min(limit, 1.5*b.examples/float64(len(tuningSeeds))), false
	}
	x, known := s.seen[k]
	if !known {
		var err error
		if x, err = s.score(k, limit, missable); err != nil {
			return false, err
		}
		s.seen[k] = x
		fmt.Fprintf(os.Stderr, "%s, batch %d, rate %.3g: %.4g examples a seed, %d missed by %.4g\n",
			s.task.name, s.size, rateAt(k), x.examples/float64(len(tuningSeeds)), x.missed, x.gap)
	}
	return x.better(s.seen[best]) && k != best, nil
}

// score runs a rate. If no seed may miss the target, the first that does ends it.
func (s *tuning) score(k int, limit float64, missable bool) (x score, err error) {
	for _, seed := range tuningSeeds {
		r, err := s.book.trial(s.task, s.o, key{s.task.name, fixed, s.size, rateAt(k), seed}, limit)
		if err != nil {
			return x, err
		}
		if x.examples += float64(r.counts.examples()); !r.reached {
			x.missed++
			x.gap += math.Abs(r.best - s.task.target)
			if !missable {
				break
			}
		}
	}
	return x, nil
}
