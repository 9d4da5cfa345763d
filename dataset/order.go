package dataset

import (
	"sync"

	"github.com/descent-ml/descent/internal/rng"
)

// Order fills dst with the examples that stand at places i, i+1, ... of an
// epoch, all of which are there: a range at once, since asking for each place
// costs more than the place. It must be a function of epoch and i, and safe for
// concurrent use.
type Order func(dst []int, epoch, i int)

// At returns the example at one place of an epoch.
func (o Order) At(epoch, i int) int {
	var one [1]int
	o(one[:], epoch, i)
	return one[0]
}

// Sequential is the order of the data itself.
func Sequential(dst []int, _, i int) {
	for k := range dst {
		dst[k] = i + k
	}
}

// Shuffled is a new order of n examples in every epoch: the permutation keyed
// by (seed, "shuffle", epoch). Asking for it allocates nothing.
func Shuffled(n int, seed uint64) Order {
	s := &shuffle{n: uint64(n), base: rng.Key(seed, "shuffle")}
	return s.fill
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

// shuffle holds the permutation of the epoch that was asked for last.
type shuffle struct {
	n    uint64
	base [2]uint32

	mu    sync.Mutex
	epoch int             // of perm
	perm  rng.Permutation // of nothing at first
}

func (s *shuffle) fill(dst []int, epoch, i int) {
	perm := s.of(epoch)
	perm.Fill(dst, uint64(i))
}

func (s *shuffle) of(epoch int) rng.Permutation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch || s.perm.Len() == 0 {
		s.perm, s.epoch = rng.NewPermutation(s.n, epochKey(s.base, epoch, 0)), epoch
	}
	return s.perm
}

// epochKey derives the key of a part of an epoch from that of a purpose.
func epochKey(base [2]uint32, epoch int, part uint64) [2]uint32 {
	b := rng.Philox([4]uint32{uint32(epoch), uint32(uint64(epoch) >> 32), uint32(part), uint32(part >> 32)}, base)
	return [2]uint32{b[0], b[1]}
}
