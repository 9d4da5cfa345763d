package dataset

import (
	"sync/atomic"

	"github.com/descent-ml/descent/internal/rng"
)

// Order says which example stands at place i of an epoch, 0 <= i < n. It must
// be a function of its arguments, and safe for concurrent use.
type Order func(epoch, i int) int

// Sequential is the order of the data itself.
func Sequential(epoch, i int) int { return i }

// Shuffled is a new order of n examples in every epoch: the permutation keyed
// by (seed, "shuffle", epoch).
func Shuffled(n int, seed uint64) Order {
	type shuffle struct {
		epoch int
		perm  rng.Permutation
	}
	base := rng.Key(seed, "shuffle")
	var current atomic.Pointer[shuffle]
	return func(epoch, i int) int {
		s := current.Load()
		if s == nil || s.epoch != epoch {
			b := rng.Philox([4]uint32{uint32(epoch), uint32(uint64(epoch) >> 32), 0, 0}, base)
			s = &shuffle{epoch, rng.NewPermutation(uint64(n), [2]uint32{b[0], b[1]})}
			current.Store(s)
		}
		return int(s.perm.At(uint64(i)))
	}
}
