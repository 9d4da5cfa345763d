// Package rng makes random numbers that are a function of their place: the
// same seed, purpose and position give the same bits on any machine, in any
// order, from any number of threads. Nothing has to be stored to resume.
package rng

import "math/bits"

const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85
)

// Philox returns block ctr of the Philox 4x32-10 stream with the given key
// (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3,
// SC 2011). The counter and the key are little-endian words, as in Random123.
func Philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(philoxM0, ctr[0])
		h1, l1 := bits.Mul32(philoxM1, ctr[2])
		ctr = [4]uint32{h1 ^ ctr[1] ^ key[0], l1, h0 ^ ctr[3] ^ key[1], l0}
		key[0] += philoxW0
		key[1] += philoxW1
	}
	return ctr
}

// Key derives the key of a purpose ("shuffle", "dropout:3", "init:0.weight")
// from a seed. It is FNV-1a over the purpose, mixed with the seed by one
// Philox block, so that neighbouring seeds share nothing.
func Key(seed uint64, purpose string) [2]uint32 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(purpose); i++ {
		h = (h ^ uint64(purpose[i])) * 1099511628211
	}
	b := Philox([4]uint32{uint32(h), uint32(h >> 32), 0x64657363, 0x656e7421}, [2]uint32{uint32(seed), uint32(seed >> 32)})
	return [2]uint32{b[0], b[1]}
}

// Uniform maps a word to [0, 1) with 24 bits, exactly representable in float32.
func Uniform(w uint32) float64 { return float64(w>>8) * (1.0 / (1 << 24)) }

// Stream reads the words of one key in sequence. The zero counter starts at
// the first block; Seek jumps anywhere. It is not safe for concurrent use.
type Stream struct {
	key   [2]uint32
	block uint64
	buf   [4]uint32
	left  int
}

// NewStream returns the stream of a purpose under a seed.
func NewStream(seed uint64, purpose string) *Stream { return &Stream{key: Key(seed, purpose)} }

// Seek moves to the start of a block of four words.
func (s *Stream) Seek(block uint64) { s.block, s.left = block, 0 }

// Uint32 returns the next word.
func (s *Stream) Uint32() uint32 {
	if s.left == 0 {
		s.buf = Philox([4]uint32{uint32(s.block), uint32(s.block >> 32), 0, 0}, s.key)
		s.block++
		s.left = 4
	}
	w := s.buf[4-s.left]
	s.left--
	return w
}

// Float64 returns a number in [0, 1) with 53 bits.
func (s *Stream) Float64() float64 {
	hi, lo := uint64(s.Uint32()), uint64(s.Uint32())
	return float64((hi<<32|lo)>>11) * (1.0 / (1 << 53))
}
