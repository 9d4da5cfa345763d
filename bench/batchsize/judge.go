package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
)

const (
	patience = 5  // a run is given up after so many times the time of the best size
	start    = 32 // of auto
	few      = 10 // seeds of batches of one example, whose runs are the longest
)

// fromRate is where the search for the first size's rate begins, 10^-3.
const fromRate = -3 * grid

// order is how sizes are tuned: the best one early, so that the hopeless ones can be given up.
var order = []int{32, 128, 512, 1024, 8, 1}

// judge tunes the rates of all sizes, and runs the seeds, some of all tasks first.
func judge(b *book, chosen []*task, o options) error {
	tuned := map[string]map[int]float64{}
	for _, t := range chosen {
		rates, err := tuneAll(b, t, o)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		tuned[t.name] = rates
		if a, known := b.advice[t.name]; known && rates[a.size] == 0 {
			if rates[a.size], err = tuneNear(b, t, o, a.size, rates); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	for until := 5; ; until += 5 {
		for _, t := range chosen {
			for seed := until - 4; seed <= min(until, o.seeds); seed++ {
				if err := runSeed(b, t, o, seed, tuned[t.name]); err != nil {
					return fmt.Errorf("%s, seed %d: %w", t.name, seed, err)
				}
			}
		}
		if until >= o.seeds {
			return nil
		}
	}
}

// tuneAll returns the rate of each size. The search of one size begins where that of the one
// before ended, scaled by the square root of the ratio of the sizes.
func tuneAll(b *book, t *task, o options) (map[int]float64, error) {
	if err := t.load(o); err != nil {
		return nil, err
	}
	rates := map[int]float64{}
	k, last := fromRate, 0
	for _, size := range order {
		if last > 0 {
			k += int(math.Round(grid / 2 * math.Log10(float64(size)/float64(last))))
		}
		var err error
		if k, err = tune(b, t, o, size, k); err != nil {
			return nil, err
		}
		rates[size], last = rateAt(k), size
		fmt.Fprintf(os.Stderr, "%s, batch %d: rate %.4g\n", t.name, size, rates[size])
	}
	return rates, nil
}

// runSeed runs every fixed size, auto, and what the adviser has chosen, with one seed.
func runSeed(b *book, t *task, o options, seed int, rates map[int]float64) error {
	for _, size := range t.sizes {
		if size == 1 && seed > few {
			continue
		}
		if _, err := b.trial(t, o, key{t.name, fixed, size, rates[size], seed}, t.limit(b, size)); err != nil {
			return err
		}
	}
	if _, err := b.trial(t, o, key{t.name, auto, start, rates[start], seed}, t.limit(b, slices.Max(t.sizes))); err != nil {
		return err
	}
	return runAdvised(b, t, o, seed, rates)
}

// tuneNear tunes the rate of a size that is not in the sweep, from that of the nearest one.
func tuneNear(b *book, t *task, o options, size int, rates map[int]float64) (float64, error) {
	near := slices.MinFunc(t.sizes, func(x, y int) int {
		return cmp.Compare(math.Abs(math.Log(float64(x)/float64(size))), math.Abs(math.Log(float64(y)/float64(size))))
	})
	k, err := tune(b, t, o, size, int(math.Round(grid*math.Log10(rates[near]))))
	return rateAt(k), err
}

// trial returns what the book has of a trial, or runs it.
func (b *book) trial(t *task, o options, k key, limit float64) (trial, error) {
	if r, known := b.trials[k]; known {
		return r, nil
	}
	r, err := t.trial(o, k, limit, b.clocks[t.name])
	if err != nil {
		return r, err
	}
	return r, b.add(r)
}

// limit is how many examples a run with batches of a size may take; of one that grows, the
// largest size.
func (t *task) limit(b *book, size int) float64 {
	most := t.epochs * float64(t.sets.Train.Len())
	c := b.clocks[t.name]
	if best := t.bestTime(b); best < math.Inf(1) {
		most = min(most, patience*best*float64(size)/c.update(size))
	}
	return most
}

// bestTime is the lowest mean time to the target, over the tuning seeds, of any size and rate.
func (t *task) bestTime(b *book) float64 {
	type pair struct {
		size int
		rate float64
	}
	sum, n := map[pair]float64{}, map[pair]int{}
	for k, r := range b.trials {
		if k.task == t.name && k.method == fixed && k.seed > tuningSeeds[0]-1 && r.reached {
			p := pair{k.size, k.rate}
			sum[p] += b.clocks[t.name].of(r.counts)
			n[p]++
		}
	}
	best := math.Inf(1)
	for p, s := range sum {
		if n[p] == len(tuningSeeds) {
			best = min(best, s/float64(n[p]))
		}
	}
	return best
}
