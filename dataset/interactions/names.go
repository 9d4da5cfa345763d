package interactions

import (
	"bytes"
	"math/bits"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/dataset"
)

// Names numbers identifiers from 0 in order of first appearance. While all of
// them are plain integers they are kept as such, 8 bytes each and no text; with
// the first other one all become text. The zero value has none. Reading is safe
// for concurrent use as long as nobody adds.
type Names struct {
	ints  []int64  // by number; nil once text is kept
	text  []byte   // else: the identifiers one behind another
	ends  []uint64 // of each in text
	slots []int32  // number + 1 by hash, linear probing; the length is a power of 2
	shift int      // of a hash to a slot

	buckets int // identifiers are hashed into so many: see hashed; 0: they are not

	mapped bool // all of it lies in files that are not written
}

// MaxNames is how many identifiers can be told apart.
const MaxNames = 1<<31 - 1

// Len returns the number of identifiers, or of buckets.
func (n *Names) Len() int { return max(len(n.ints), len(n.ends), n.buckets) }

// Name returns the identifier of number i, or #i of a bucket.
func (n *Names) Name(i int) string { return string(n.Append(nil, i)) }

// Append appends the identifier of number i to b.
func (n *Names) Append(b []byte, i int) []byte {
	if n.buckets > 0 {
		return bucketName(b, i)
	}
	if n.ends == nil {
		return strconv.AppendInt(b, n.ints[i], 10)
	}
	return append(b, n.at(i)...)
}

// at returns the text of number i.
func (n *Names) at(i int) []byte {
	from := uint64(0)
	if i > 0 {
		from = n.ends[i-1]
	}
	return n.text[from:n.ends[i]]
}

// Find returns the number of an identifier. Where identifiers are hashed each has
// one.
func (n *Names) Find(id string) (int, bool) {
	if n.buckets > 0 {
		return int(dataset.Bucket([]byte(id), n.buckets)), true
	}
	if n.Len() == 0 {
		return 0, false
	}
	b := []byte(id)
	var i int32
	if n.ends != nil {
		i = n.slots[n.slotOfText(b)] - 1
	} else if v, ok := plainInt(b); ok {
		i = n.slots[n.slotOfInt(v)] - 1
	} else {
		return 0, false
	}
	return int(i), i >= 0
}

// Add returns the number of an identifier, which is a new one if it was not
// there. The bytes are copied. There must be fewer than MaxNames.
func (n *Names) Add(id []byte) int32 {
	if n.buckets > 0 {
		return dataset.Bucket(id, n.buckets)
	}
	n.own()
	if 4*(n.Len()+1) > 3*len(n.slots) {
		n.grow()
	}
	if n.ends == nil {
		if v, ok := plainInt(id); ok {
			return n.addInt(v)
		}
		n.toText()
	}
	slot := n.slotOfText(id)
	if i := n.slots[slot]; i > 0 {
		return i - 1
	}
	n.text = append(n.text, id...)
	n.ends = append(n.ends, uint64(len(n.text)))
	n.slots[slot] = int32(len(n.ends))
	return int32(len(n.ends) - 1)
}

// AddInt is Add of an integer as it is written in decimal.
func (n *Names) AddInt(v int64) int32 {
	if n.ends != nil || n.buckets > 0 {
		return n.Add(strconv.AppendInt(nil, v, 10))
	}
	n.own()
	if 4*(n.Len()+1) > 3*len(n.slots) {
		n.grow()
	}
	return n.addInt(v)
}

// own copies what lies in files, so that it can grow.
func (n *Names) own() {
	if n.mapped {
		n.ints, n.text, n.ends, n.slots = slices.Clone(n.ints), slices.Clone(n.text), slices.Clone(n.ends), slices.Clone(n.slots)
		n.mapped = false
	}
}

func (n *Names) addInt(v int64) int32 {
	slot := n.slotOfInt(v)
	if i := n.slots[slot]; i > 0 {
		return i - 1
	}
	n.ints = append(n.ints, v)
	n.slots[slot] = int32(len(n.ints))
	return int32(len(n.ints) - 1)
}

// plainInt returns the integer that is written exactly so: no plus, no zeros in
// front, at most 18 digits.
func plainInt(id []byte) (int64, bool) {
	digits := id
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(id) > 1 {
		return 0, false
	}
	v := int64(0)
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		v = 10*v + int64(c-'0')
	}
	if len(digits) < len(id) {
		v = -v
	}
	return v, true
}

// mix folds the product with a constant to 64 bits.
func mix(v uint64) uint64 {
	hi, lo := bits.Mul64(v^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// slotOfInt returns the slot that holds an integer, or where it belongs.
func (n *Names) slotOfInt(v int64) int {
	for at := int(mix(uint64(v)) >> n.shift); ; at = (at + 1) & (len(n.slots) - 1) {
		if i := n.slots[at]; i == 0 || n.ints[i-1] == v {
			return at
		}
	}
}

// slotOfText is slotOfInt of a text.
func (n *Names) slotOfText(id []byte) int {
	for at := int(hashText(id) >> n.shift); ; at = (at + 1) & (len(n.slots) - 1) {
		if i := n.slots[at]; i == 0 || bytes.Equal(n.at(int(i-1)), id) {
			return at
		}
	}
}

// hashText is FNV-1a, mixed.
func hashText(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range id {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

// grow doubles the slots.
func (n *Names) grow() { n.index(max(16, 2*len(n.slots))) }

// index makes slots, a power of 2 of them, of the identifiers.
func (n *Names) index(slots int) {
	n.setSlots(make([]int32, slots))
	for i := range n.Len() {
		if n.ends == nil {
			n.slots[n.slotOfInt(n.ints[i])] = int32(i + 1)
		} else {
			n.slots[n.slotOfText(n.at(i))] = int32(i + 1)
		}
	}
}

// setSlots takes slots, a power of 2 of them.
func (n *Names) setSlots(slots []int32) {
	n.slots, n.shift = slots, 64-bits.TrailingZeros(uint(len(slots)))
}

// toText keeps texts from now on.
func (n *Names) toText() {
	n.ends = make([]uint64, 0, len(n.ints)+1)
	for _, v := range n.ints {
		n.text = strconv.AppendInt(n.text, v, 10)
		n.ends = append(n.ends, uint64(len(n.text)))
	}
	n.ints = nil
	n.index(len(n.slots))
}
