package interactions

import "math/bits"

// filterBits are kept for each pair that is known: one pair in so many that is
// not known is looked up all the same.
const filterBits = 16

// filter says of a pair of user and item that it is not known, for certain and
// with one look, or that it may be. It is a Bloom filter with one hash.
type filter struct {
	bits  []uint64
	shift int // of a hash to the place of a bit
}

func newFilter(k *Known) filter {
	width := bits.Len(uint(max(len(k.Item)*filterBits, 64) - 1))
	f := filter{bits: make([]uint64, 1<<(width-6)), shift: 64 - width}
	for u := range len(k.Start) - 1 {
		for _, item := range k.Of(int32(u)) {
			at := f.place(int32(u), item)
			f.bits[at>>6] |= 1 << (at & 63)
		}
	}
	return f
}

func (f *filter) place(user, item int32) uint64 {
	return mix(uint64(uint32(user))<<32|uint64(uint32(item))) >> f.shift
}

// may reports whether a pair may be known.
func (f *filter) may(user, item int32) bool {
	at := f.place(user, item)
	return f.bits[at>>6]>>(at&63)&1 != 0
}
