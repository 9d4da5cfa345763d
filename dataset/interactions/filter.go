package interactions

import "math/bits"

// filterBits are kept for each pair that is known: one pair in so many that is
// not known is looked up all the same.
const filterBits = 16

// filter says of a pair of user and item that it is not known, for certain and
// with one look, or that it may be. It is a Bloom filter with one hash for each
// user, of as many bits as he has items, and lies as Known does: users of
// neighbouring numbers beside each other.
type filter struct {
	start []int64 // of Known
	bits  []uint64
	file  rowFile // of bits, for each pair
}

// newFilter returns the filter of what is known, which lies where that does.
func newFilter(k *Known) filter {
	words, file := newFileSlice[uint64](k.mapping, len(k.Item)*filterBits/64+1)
	f := filter{k.Start, words, rowFile{file.File, filterBits / 8}}
	for u := range len(k.Start) - 1 {
		k.mapping.pace(u, everyUsers)
		for _, item := range k.Of(int32(u)) {
			at := f.place(int32(u), item)
			f.bits[at>>6] |= 1 << (at & 63)
		}
	}
	return f
}

// place returns the place of a pair's bit, at most one behind those of the user, who is below
// len(start)-1.
func (f *filter) place(user, item int32) uint64 {
	from, to := uint64(f.start[user]), uint64(f.start[user+1])
	at, _ := bits.Mul64(mix(uint64(uint32(item))), (to-from)*filterBits)
	return from*filterBits + at
}

// may reports whether a pair may be known.
func (f *filter) may(user, item int32) bool {
	if int(user) >= len(f.start)-1 {
		return false
	}
	at := f.place(user, item)
	return f.bits[at>>6]>>(at&63)&1 != 0
}
