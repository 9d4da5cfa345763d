package rng

import (
	"math"
	"math/bits"
	"testing"
)

// TestWords: a bit of either number, or another purpose, changes half the bits;
// each bit is set half the time; and neighbouring words are not alike.
func TestWords(t *testing.T) {
	w, other := NewWords(1, "a"), NewWords(1, "b")
	const n = 20000
	flipped, ones := 0, [64]int{}
	for i := range uint64(n) {
		word := w.At(i, 7)
		flipped += bits.OnesCount64(word ^ w.At(i^1<<(i%40), 7))
		flipped += bits.OnesCount64(word ^ w.At(i, 7^1<<(i%40)))
		flipped += bits.OnesCount64(word ^ other.At(i, 7))
		for b := range ones {
			ones[b] += int(word >> b & 1)
		}
	}
	if mean := float64(flipped) / (3 * n); math.Abs(mean-32) > 0.1 {
		t.Errorf("%v bits of 64 differ on average", mean)
	}
	for b, k := range ones {
		if z := (float64(k) - n/2) / math.Sqrt(n/4); math.Abs(z) > 4.5 {
			t.Errorf("bit %d is set %d times of %d", b, k, n)
		}
	}
}

// TestWordsUniform: bins of the high bits pass a chi-squared test, along either
// number.
func TestWordsUniform(t *testing.T) {
	w := NewWords(3, "bins")
	const n, bins = 1 << 16, 256
	for _, along := range []func(i uint64) uint64{func(i uint64) uint64 { return w.At(i, 0) }, func(i uint64) uint64 { return w.At(0, i) }} {
		var count [bins]int
		for i := range uint64(n) {
			count[along(i)>>56]++
		}
		chi := 0.0
		for _, k := range count {
			d := float64(k) - n/bins
			chi += d * d / (n / bins)
		}
		if chi < 150 || chi > 370 { // 255 degrees: 1e-7 on both sides
			t.Errorf("chi squared is %v", chi)
		}
	}
}
