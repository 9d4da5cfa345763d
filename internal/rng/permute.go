package rng

import (
	"fmt"
	"math/bits"
)

const (
	permuteRounds  = 8
	permuteMinBits = 6 // narrower Feistel halves cannot reach enough orders
	permuteMaxBits = 40
)

// Permutation is an order of 0 to n-1 that is a function of a key: nothing is
// stored, and any place of it can be asked for. It is safe for concurrent use.
//
// It is an unbalanced Feistel network over the next power of two, walked along
// its cycle until it is back inside n (Black and Rogaway, Ciphers with
// arbitrary finite domains, CT-RSA 2002). The round function is the finalizer
// of SplitMix64 under a round key from Philox: it mixes, it hides nothing.
type Permutation struct {
	n           uint64
	left, right uint8 // bits of the two halves, left <= right
	keys        [permuteRounds]uint64
}

// NewPermutation returns the order of n things, 1 <= n <= 2^40, under a key.
func NewPermutation(n uint64, key [2]uint32) Permutation {
	if n == 0 || n > 1<<permuteMaxBits {
		panic(fmt.Sprintf("rng: permutation of %d things (want 1 to 2^%d)", n, permuteMaxBits))
	}
	width := max(bits.Len64(n-1), permuteMinBits)
	p := Permutation{n: n, left: uint8(width / 2), right: uint8(width - width/2)}
	for i := 0; i < permuteRounds; i += 2 {
		b := Philox([4]uint32{uint32(i), 0x7065726d, 0, 0}, key)
		p.keys[i] = uint64(b[0])<<32 | uint64(b[1])
		p.keys[i+1] = uint64(b[2])<<32 | uint64(b[3])
	}
	return p
}

// Len returns the number of things.
func (p *Permutation) Len() uint64 { return p.n }

// At returns what stands at place i < Len. Each place has another thing.
func (p *Permutation) At(i uint64) uint64 {
	if i >= p.n {
		panic(fmt.Sprintf("rng: place %d of a permutation of %d", i, p.n))
	}
	for {
		if i = p.feistel(i); i < p.n {
			return i
		}
	}
}

// Fill sets dst to what stands at places from, from+1, ..., which must all be
// below Len. It is At for each, several times as fast: four places go through
// the rounds side by side.
func (p *Permutation) Fill(dst []int, from uint64) {
	if uint64(len(dst)) > p.n || from > p.n-uint64(len(dst)) {
		panic(fmt.Sprintf("rng: places %d to %d of a permutation of %d", from, from+uint64(len(dst)), p.n))
	}
	var four [4]uint64
	var at [4]int // in dst, of those of four that are still to be walked
	held := 0
	for i := 0; i < len(dst) || held > 0; {
		for ; held < 4 && i < len(dst); held++ {
			four[held], at[held] = from+uint64(i), i
			i++
		}
		p.feistel4(&four)
		still := 0
		for k := range held { // without a branch on what is as good as random
			x := four[k]
			dst[at[k]] = int(x)
			four[still&3], at[still&3] = x, at[k]
			if x >= p.n {
				still++
			}
		}
		held = still
	}
}

// feistel4 is feistel for each of four.
func (p *Permutation) feistel4(x *[4]uint64) {
	maskL, maskR, shift := uint64(1)<<p.left-1, uint64(1)<<p.right-1, p.right&63
	l0, l1, l2, l3 := x[0]>>shift, x[1]>>shift, x[2]>>shift, x[3]>>shift
	r0, r1, r2, r3 := x[0]&maskR, x[1]&maskR, x[2]&maskR, x[3]&maskR
	for k := 0; k < permuteRounds; k += 2 {
		key := p.keys[k]
		l0 ^= mix64(r0^key) & maskL
		l1 ^= mix64(r1^key) & maskL
		l2 ^= mix64(r2^key) & maskL
		l3 ^= mix64(r3^key) & maskL
		key = p.keys[k+1]
		r0 ^= mix64(l0^key) & maskR
		r1 ^= mix64(l1^key) & maskR
		r2 ^= mix64(l2^key) & maskR
		r3 ^= mix64(l3^key) & maskR
	}
	x[0], x[1], x[2], x[3] = l0<<shift|r0, l1<<shift|r1, l2<<shift|r2, l3<<shift|r3
}

func (p *Permutation) feistel(i uint64) uint64 {
	maskL, maskR := uint64(1)<<p.left-1, uint64(1)<<p.right-1
	l, r := i>>p.right, i&maskR
	for k := 0; k < permuteRounds; k += 2 {
		l ^= mix64(r^p.keys[k]) & maskL
		r ^= mix64(l^p.keys[k+1]) & maskR
	}
	return l<<p.right | r
}

// mix64 is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, OOPSLA 2014; Stafford's variant 13).
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
