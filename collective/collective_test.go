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

// touchedBy are the sums of shard r over rows of tables: of few rows, of one row
// in some shards, and of no columns.
func touchedBy(r int) []Sparse {
	few := Sparse{Rows: []int32{int32(r * 5 % 7), int32(20 + r%3)}, Cols: 2}
	few.Sum = append(leaf(r)[:2:2], leaf(r + 1)[:2]...)
	some := Sparse{Cols: 1}
	if r%3 == 1 {
		some.Rows, some.Sum = []int32{9}, []float64{float64(r)}
	}
	return []Sparse{few, some, {Rows: few.Rows}}
}

// dense puts the sums of touched rows into a table of 30 rows, behind which are
// the rows in order.
func dense(s Sparse) []float64 {
	table := make([]float64, 30*s.Cols)
	for i, r := range s.Rows {
		copy(table[int(r)*s.Cols:], s.Sum[i*s.Cols:(i+1)*s.Cols])
	}
	for _, r := range s.Rows {
		table = append(table, float64(r))
	}
	return table
}

// plainSparse is what dense gives of the sum over all shards: tables are added
// along the tree as plain adds, rows are listed at their first touch.
func plainSparse(table, shards int) []float64 {
	var add func(from, to int) []float64
	cols := touchedBy(0)[table].Cols
	add = func(from, to int) []float64 {
		if to-from == 1 {
			return dense(touchedBy(from)[table])[:30*cols]
		}
		size := 1
		for size*2 < to-from {
			size *= 2
		}
		sum := add(from, from+size)
		Add(sum, add(from+size, to))
		return sum
	}
	sum, seen := add(0, shards), map[int32]bool{}
	for r := range shards {
		for _, row := range touchedBy(r)[table].Rows {
			if !seen[row] {
				sum = append(sum, float64(row))
			}
			seen[row] = true
		}
	}
	return sum
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
		t.Push(Part{First: r, Shards: 1, Sum: leaf(r), Sparse: touchedBy(r)})
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
			totals := make([]Part, workers)
			var wg sync.WaitGroup
			for w, m := range group {
				totals[w] = Part{Sum: make([]float64, len(want)), Sparse: make([]Sparse, 3)}
				wg.Go(func() {
					for range 3 { // rounds
						from, to := Range(shards, workers, w)
						if err := m.Sum(t.Context(), parts(from, to), &totals[w]); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			for w := range totals {
				if !slices.Equal(totals[w].Sum, want) {
					t.Fatalf("%d shards on %d workers, worker %d: %v, want %v", shards, workers, w, totals[w].Sum, want)
				}
				for i, s := range totals[w].Sparse {
					if want := plainSparse(i, shards); !slices.Equal(dense(s), want) {
						t.Fatalf("%d shards on %d workers, worker %d, table %d: %v, want %v", shards, workers, w, i, dense(s), want)
					}
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
		go func() { errs <- m.Sum(ctx, parts(0, 1), new(Part)) }()
	}
	group[2].Leave()
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrLeft) {
			t.Errorf("got %v, want %v", err, ErrLeft)
		}
	}
	group[2].Join()
	go func() { errs <- group[0].Sum(ctx, parts(0, 1), new(Part)) }()
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
