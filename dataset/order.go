package dataset

import (
	"sync"

	"github.com/descent-ml/descent/internal/rng"
)

// Order says which example stands at place i of an epoch, 0 <= i < n. It must
// be a function of its arguments, and safe for concurrent use.
type Order func(epoch, i int) int

// Sequential is the order of the data itself.
func Sequential(epoch, i int) int { return i }

// Shuffled is a new order of n examples in every epoch: the permutation keyed
// by (seed, "shuffle", epoch). Asking for it allocates nothing.
func Shuffled(n int, seed uint64) Order {
	s := &shuffle{n: uint64(n), base: rng.Key(seed, "shuffle")}
	return s.at
}

// Ordered is a dataset that has an order of its own for training.
type Ordered interface {
	Dataset
	Order(seed uint64) Order
}

// OrderOf returns the order of the examples of a dataset for training: its own,
// or Shuffled.
func OrderOf(ds Dataset, seed uint64) Order {
	if o, ok := ds.(Ordered); ok {
		return o.Order(seed)
	}
	return Shuffled(ds.Len(), seed)
}

// shuffle holds the permutation of the epoch that was asked for last. A lock
// that nobody else wants costs less than a place of the permutation.
type shuffle struct {
	n    uint64
	base [2]uint32

	mu    sync.Mutex
	epoch int             // of perm
	perm  rng.Permutation // of nothing at first
}

func (s *shuffle) at(epoch, i int) int {
	s.mu.Lock()
	defer s.mu.Unlock() // a place that is not there panics
	if s.epoch != epoch || s.perm.Len() == 0 {
		b := rng.Philox([4]uint32{uint32(epoch), uint32(uint64(epoch) >> 32), 0, 0}, s.base)
		s.perm, s.epoch = rng.NewPermutation(s.n, [2]uint32{b[0], b[1]}), epoch
	}
	return int(s.perm.At(uint64(i)))
}
