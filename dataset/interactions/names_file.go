package interactions

import (
	"errors"
)

// write writes the identifiers to files whose names begin with base: the integers
// in .i64, or else texts in .text and their ends in .ends; and .slots, so that
// nothing has to be computed to find an identifier. Of hashed ones there is only
// the number of buckets, in .buckets.
func (n *Names) write(base string) error {
	if n.buckets > 0 {
		return writeArray(base+hashedBuckets, []int64{int64(n.buckets)}, (*array).put64)
	}
	slots := writeArray(base+".slots", n.slots, (*array).put32)
	if n.ends == nil {
		return errors.Join(slots, writeArray(base+".i64", n.ints, (*array).put64))
	}
	return errors.Join(slots, writeArray(base+".ends", n.ends, (*array).put64), writeArray(base+".text", n.text, (*array).put8))
}

// writeArray writes numbers to a file.
func writeArray[T int32 | int64 | uint64 | byte, W uint64 | uint32 | byte](path string, all []T, put func(*array, W)) error {
	a := newArray(path)
	for _, v := range all {
		put(a, W(v))
	}
	return a.close()
}
