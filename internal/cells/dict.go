package cells

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// dict is a list of distinct texts, each found by its bytes.
type dict struct {
	text  []byte
	ends  []uint32 // of each entry in text
	keys  []uint64 // the first bytes of each entry
	slots []uint32 // entry + 1, by hash; the length is a power of 2
	shift int
}

// Limits of a dictionary.
const (
	maxEntries   = 1 << 16
	maxDictBytes = 16 << 20
)

func (d *dict) len() int { return len(d.ends) }

func (d *dict) at(i int) []byte {
	lo := uint32(0)
	if i > 0 {
		lo = d.ends[i-1]
	}
	return d.text[lo:d.ends[i]:d.ends[i]]
}

// prefix is the first 8 bytes of a text, zeros behind it.
func prefix(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.LittleEndian.Uint64(text)
	}
	switch n := len(text); {
	case n >= 4:
		lo, hi := uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
		return lo | hi<<(8*(n-4))
	case n >= 2:
		lo, hi := uint64(binary.LittleEndian.Uint16(text)), uint64(text[n-1])
		return lo | hi<<(8*(n-1))
	case n == 1:
		return uint64(text[0])
	}
	return 0
}

// hash mixes a text: 8 bytes at a time, by a multiplication folded to 64 bits.
func hash(text []byte, key uint64) uint64 {
	h := key ^ uint64(len(text))*0x9e3779b97f4a7c15
	for len(text) > 8 {
		hi, lo := bits.Mul64(h, 0xd6e8feb86659fd93)
		h = hi ^ lo
		text = text[8:]
		h ^= prefix(text)
	}
	hi, lo := bits.Mul64(h, 0xa0761d6478bd642f)
	return hi ^ lo
}

// code returns the place of a text, which is added if it is new; or -1 if it is
// new and there is no room.
func (d *dict) code(text []byte) int {
	if len(d.slots) == 0 {
		d.grow(64)
	}
	key := prefix(text)
	mask := uint64(len(d.slots) - 1)
	for i := hash(text, key) >> d.shift; ; i++ {
		slot := &d.slots[i&mask]
		if *slot == 0 {
			return d.add(slot, text, key)
		}
		entry := int(*slot - 1)
		if d.keys[entry] != key {
			continue
		}
		if old := d.at(entry); len(old) == len(text) && (len(text) <= 8 || bytes.Equal(old, text)) {
			return entry
		}
	}
}

func (d *dict) add(slot *uint32, text []byte, key uint64) int {
	if len(d.ends) == maxEntries || len(d.text)+len(text) > maxDictBytes {
		return -1
	}
	d.text = append(d.text, text...)
	d.ends = append(d.ends, uint32(len(d.text)))
	d.keys = append(d.keys, key)
	*slot = uint32(len(d.ends))
	if 2*len(d.ends) > len(d.slots) {
		d.grow(2 * len(d.slots))
	}
	return len(d.ends) - 1
}

func (d *dict) grow(slots int) {
	d.slots = make([]uint32, slots)
	d.shift = 64 - bits.TrailingZeros(uint(slots))
	mask := uint64(slots - 1)
	for entry := range d.ends {
		i := hash(d.at(entry), d.keys[entry]) >> d.shift
		for d.slots[i&mask] != 0 {
			i++
		}
		d.slots[i&mask] = uint32(entry + 1)
	}
}
