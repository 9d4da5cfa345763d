package collective

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
)

// leaf is the sum of one shard: numbers whose sum depends on the order.
func leaf(r int) []float64 {
	return []float64{math.Pow(10, float64(r*7%19)), 1 / float64(r+1), -float64(r) * 1e9, math.Pi}
}

// plain is the documented tree over the shards [from, to): complete nodes from
// the left, added from right to left.
func plain(from, to int) []float64 {
	size := 1
	for size*2 <= to-from {
		size *= 2
	}
	if to-from == 1 {
		return leaf(from)
	}
	if size == to-from {
		size /= 2
	}
	sum := plain(from, from+size)
	Add(sum, plain(from+size, to))
	return sum
}

// parts are those of a worker that carries the shards [from, to).
func parts(from, to int) []Part {
	var t Tree
	for r := from; r < to; r++ {
		t.Push(Part{First: r, Shards: 1, Sum: leaf(r)})
	}
	if len(t.Parts()) > Slots(from, to-from) {
		panic("more parts than slots")
	}
	return t.Parts()
}

// TestWorkersChangeNothing: any number of workers gives the bits of the plain
// tree, whether they have shards or not.
func TestWorkersChangeNothing(t *testing.T) {
	for shards := 1; shards <= 21; shards++ {
		want := plain(0, shards)
		for workers := 1; workers <= shards+2; workers++ {
			group := Local(workers)
			totals := make([][]float64, workers)
			var wg sync.WaitGroup
			for w, m := range group {
				totals[w] = make([]float64, len(want))
				wg.Go(func() {
					for range 3 { // rounds
						from, to := Range(shards, workers, w)
						if err := m.Sum(t.Context(), parts(from, to), totals[w]); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			for w := range totals {
				if !slices.Equal(totals[w], want) {
					t.Fatalf("%d shards on %d workers, worker %d: %v, want %v", shards, workers, w, totals[w], want)
				}
			}
		}
	}
}

func TestRangeCoversAll(t *testing.T) {
	for _, n := range []int{0, 1, 5, 10, 64} {
		at := 0
		for r := range 7 {
			from, to := Range(n, 7, r)
			if from != at || to < from {
				t.Fatalf("%d examples: shard %d is [%d, %d), want it to begin at %d", n, r, from, to, at)
			}
			at = to
		}
		if at != n {
			t.Fatalf("%d examples: the shards end at %d", n, at)
		}
	}
}

// TestFailure: workers that wait for one that fails, or whose context is
// cancelled, return.
func TestFailure(t *testing.T) {
	group := Local(3)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	for _, m := range group[:2] {
		go func() { errs <- m.Sum(ctx, parts(0, 1), make([]float64, 4)) }()
	}
	group[2].Leave()
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrLeft) {
			t.Errorf("got %v, want %v", err, ErrLeft)
		}
	}
	group[2].Join()
	go func() { errs <- group[0].Sum(ctx, parts(0, 1), make([]float64, 4)) }()
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
