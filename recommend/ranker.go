package recommend

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/metric"
)

// Sizes of a block of scores: the vectors of its items are read and transposed
// once for all its users, and it stays in a second-level cache until the best
// are found. Measured by bench/topn.
const (
	UserBlock = 256
	ItemBlock = 512
)

// Ranker orders all items for users. It is safe for concurrent use.
type Ranker struct {
	items   int
	users   int                 // below which their numbers are; 0: any may be
	seen    *interactions.Known // left out of lists; nil: nothing is
	workers chan *worker        // one for each goroutine that may rank at once

	user, item *Vectors // by whose product it ranks; nil: otherwise
	close      func()   // gives back what it owns; nil: nothing
}

// worker is what one goroutine uses at a time.
type worker struct {
	scorer
	block, maxima []float32
	tops          [UserBlock]top
	one           [1]int32 // the user of a call for one

	list   []Scored       // of the first items, and
	levels []float32      // the scores of held-out ones, ascending, and
	gaps   []metric.Place // what is between them, where these are ranked
}

// FromVectors returns a ranker by the product of the vectors of users and
// items, on so many goroutines at most; 0 is one for each processor. Items that
// a user has in seen, which may be nil, are left out of his lists.
//
// Errors: vectors of different lengths, or none.
func FromVectors(user, item Vectors, seen *interactions.Known, threads int) (*Ranker, error) {
	if user.D != item.D || user.D < 1 || item.N < 1 {
		return nil, fmt.Errorf("recommend: %d users with vectors of %d numbers, %d items with %d (want one length, and an item)", user.N, user.D, item.N, item.D)
	}
	r := newRanker(item.N, seen, threads, func() scorer { return &factors{user: user, item: item} })
	r.user, r.item, r.users = &user, &item, user.N
	return r, nil
}

// FromTimes returns a ranker of the items by how often each was met, the same
// for every user but for what he has seen: the baseline of every metric.
func FromTimes(times []float32, seen *interactions.Known, threads int) *Ranker {
	return newRanker(len(times), seen, threads, func() scorer { return &popular{times: times} })
}

func newRanker(items int, seen *interactions.Known, threads int, make func() scorer) *Ranker {
	r := &Ranker{items: items, seen: seen, workers: newWorkers(threads)}
	for range cap(r.workers) {
		r.workers <- &worker{scorer: make()}
	}
	return r
}

func newWorkers(threads int) chan *worker {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return make(chan *worker, threads)
}

// Close gives back the memory of a ranker made by New. No call may run or follow.
func (r *Ranker) Close() {
	if r.close != nil {
		r.close()
	}
}

// Items returns how many items are ranked.
func (r *Ranker) Items() int { return r.items }

// Top sets list to the best items of a user, best first, items of equal score
// by number, and returns it: as many as the capacity of list, or all that he
// has not seen; none for a number that no user has. It allocates nothing once
// the ranker is warm.
func (r *Ranker) Top(list []Scored, user int32) []Scored {
	if !r.has(user) {
		return list[:0]
	}
	w := <-r.workers
	defer func() { r.workers <- w }()
	w.one[0] = user
	w.tops[0].reset(list)
	r.top(w, w.one[:])
	return w.tops[0].sorted()
}

// has reports whether a number is that of a user.
func (r *Ranker) has(user int32) bool { return user >= 0 && (r.users == 0 || int(user) < r.users) }

// check is an error for the first number that no user has.
func (r *Ranker) check(users []int32) error {
	for _, u := range users {
		if !r.has(u) {
			return fmt.Errorf("recommend: user number %d (want 0 to %d)", u, r.users-1)
		}
	}
	return nil
}

// top fills the lists of up to UserBlock users.
func (r *Ranker) top(w *worker, users []int32) {
	w.users(users)
	w.block = grow(w.block, len(users)*ItemBlock)
	w.maxima = grow(w.maxima, len(users)*ItemBlock/segment)
	for first := 0; first < r.items; first += ItemBlock {
		n := min(ItemBlock, r.items-first)
		block := w.block[:len(users)*n]
		w.scores(first, n, block)
		r.hide(users, first, n, block)
		per := maximaOf(w.maxima, block, len(users), n)
		for i := range users {
			w.tops[i].add(int32(first), block[i*n:(i+1)*n], w.maxima[i*per:(i+1)*per])
		}
	}
}

// hide makes the scores of what users have seen -Inf, in a block of the items
// from first on.
func (r *Ranker) hide(users []int32, first, n int, block []float32) {
	if r.seen == nil {
		return
	}
	for i, u := range users {
		items := r.seen.Of(u)
		from, _ := slices.BinarySearch(items, int32(first))
		for _, item := range items[from:] {
			if int(item) >= first+n {
				break
			}
			block[i*n+int(item)-first] = float32(math.Inf(-1))
		}
	}
}

// listsAtOnce is how many items the lists in memory have together, about.
const listsAtOnce = 1 << 20

// TopOf calls f with the best n items of each of the users, in their order, as
// Top gives them; a list is valid until f returns. It returns the error of f, of
// a number that no user has, or the cause of ctx.
func (r *Ranker) TopOf(ctx context.Context, users []int32, n int, f func(user int32, list []Scored) error) error {
	if err := r.check(users); err != nil {
		return err
	}
	batch := min(max(listsAtOnce/n, UserBlock), 64*UserBlock)
	kept := make([]Scored, min(batch, len(users))*n)
	lists := make([][]Scored, min(batch, len(users)))
	for len(users) > 0 {
		some := users[:min(batch, len(users))]
		users = users[len(some):]
		err := r.parallel(ctx, len(some), UserBlock, func(w *worker, from, to int) {
			for i := from; i < to; i++ {
				w.tops[i-from].reset(kept[i*n : i*n : (i+1)*n])
			}
			r.top(w, some[from:to])
			for i := from; i < to; i++ {
				lists[i] = w.tops[i-from].sorted()
			}
		})
		for i := 0; i < len(some) && err == nil; i++ {
			err = f(some[i], lists[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parallel calls f for [0, n) in parts of at most size, on all workers that are
// free, of which it waits for one.
func (r *Ranker) parallel(ctx context.Context, n, size int, f func(w *worker, from, to int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	work := func(w *worker) {
		defer func() { r.workers <- w }()
		for ctx.Err() == nil {
			to := int(next.Add(int64(size)))
			from := to - size
			if from >= n {
				return
			}
			f(w, from, min(to, n))
		}
	}
	first := <-r.workers
	for range min(cap(r.workers), (n+size-1)/size) - 1 {
		select {
		case w := <-r.workers:
			group.Go(func() { work(w) })
		default:
		}
	}
	work(first)
	group.Wait()
	return context.Cause(ctx)
}
