package dataset

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// epochOf returns an epoch of an order, asked for in pieces of a size.
func epochOf(o Order, n, epoch, piece int) []int {
	all := make([]int, n)
	for i := 0; i < n; i += piece {
		o(all[i:min(i+piece, n)], epoch, i)
	}
	return all
}

func TestBlockedIsAPermutation(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33, 47, 48, 63, 64, 65, 100, 1000, 1023} { // blocks of 4, windows of 4
		order := blocked(n, 2, 4, 7, nil)
		for epoch := range 4 {
			whole := epochOf(order, n, epoch, n)
			checkCover(t, n, map[string][]int{"": slices.Sorted(slices.Values(whole))})
			for _, piece := range []int{1, 5, 16, 17} {
				if got := epochOf(order, n, epoch, piece); !slices.Equal(got, whole) {
					t.Fatalf("n=%d: epoch %d in pieces of %d is %v, as a whole %v", n, epoch, piece, got, whole)
				}
			}
			if n >= 48 && (slices.Equal(whole, epochOf(order, n, epoch+1, n)) || slices.Equal(whole, epochOf(blocked(n, 2, 4, 8, nil), n, epoch, n))) {
				t.Errorf("n=%d: the order does not depend on epoch and seed", n)
			}
		}
	}
}

// TestBlockedWindows: the examples of a window lie in few blocks.
func TestBlockedWindows(t *testing.T) {
	const n, block, window = 10007, 64, 16
	order := epochOf(blocked(n, 6, window, 3, nil), n, 1, 100)
	for first := 0; first+2*block*window <= n; first += block * window {
		part := slices.Sorted(slices.Values(order[first : first+block*window]))
		runs := 1
		for i := 1; i < len(part); i++ {
			if part[i] != part[i-1]+1 {
				runs++
			}
		}
		if runs > window+1 { // one may lie over the end
			t.Errorf("a window of %d blocks is %d ranges", window, runs)
		}
	}
}

// TestBlockedMixes compares the mean distance of examples that follow each other
// with that of a uniform order, n/3, and of the same example in two epochs.
func TestBlockedMixes(t *testing.T) {
	const n = 1 << 18
	order := blocked(n, 6, 64, 3, nil)
	zero, one := epochOf(order, n, 0, n), epochOf(order, n, 1, n)
	next, again, place := 0.0, 0.0, make([]int, n)
	for i, x := range one {
		place[x] = i
	}
	for i := 1; i < n; i++ {
		next += math.Abs(float64(zero[i] - zero[i-1]))
		again += math.Abs(float64(place[zero[i]] - i))
	}
	for what, sum := range map[string]float64{"neighbours": next, "epochs": again} {
		if mean := sum / n / n; math.Abs(mean-1.0/3) > 0.02 {
			t.Errorf("%s are %.3f of the data apart, want 1/3", what, mean)
		}
	}
}

// told is an Ahead that keeps what it was told, by example, and since how many
// windows.
type told struct {
	age   []int // 0: not told of
	times int
}

func (a *told) Soon(from, to int) {
	for i := from; i != to; i = (i + 1) % len(a.age) {
		a.age[i] = 1
		a.times++
	}
}

func (a *told) Over() {
	for i, age := range a.age {
		if age > 0 {
			a.age[i] = (age + 1) % 3
		}
	}
}

// TestBlockedAhead: what is asked for was told of before, in the window that goes
// on or the one before it, and once.
func TestBlockedAhead(t *testing.T) {
	const n = 1003
	ahead := &told{age: make([]int, n)}
	order := blocked(n, 3, 8, 5, ahead)
	for i := range 3 * n {
		if x := order.At(i/n, i%n); ahead.age[x] == 0 {
			t.Fatalf("example %d is asked for and was not told of", x)
		}
	}
	if most := 3*n + 2*64; ahead.times < 3*n || ahead.times > most {
		t.Errorf("told of %d examples, want %d to %d", ahead.times, 3*n, most)
	}
	order.At(7, 500) // elsewhere
	if x := order.At(7, 501); ahead.age[x] == 0 {
		t.Errorf("example %d is asked for after a jump and was not told of", x)
	}
}

func TestBlockedAllocatesNothing(t *testing.T) {
	order, i, dst := blocked(1000, 2, 8, 7, nil), 0, make([]int, 10)
	if n := testing.AllocsPerRun(1000, func() { order(dst, i/1000, i%1000); i += 10 }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBlockedRefuses(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	blocked(100, 2, 4, 1, nil).At(0, 100)
}

func BenchmarkOrder(b *testing.B) {
	const n = 20_000_000
	for name, o := range map[string]Order{"shuffled": Shuffled(n, 1), "blocked": Blocked(n, 1, nil)} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			dst, i := make([]int, 256), 0
			for b.Loop() {
				o(dst, 0, i)
				i = (i + len(dst)) % (n - len(dst))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(dst)), "ns/example")
		})
	}
}
