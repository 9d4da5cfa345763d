package kernel

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 9))
		sizes := []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 50, 65}
		check := func(rows, cols int) {
			src := newFenced(r, rows, cols, r.IntN(3), r.IntN(4))
			dst := newFenced(r, cols, rows, r.IntN(3), r.IntN(4))
			want := dst.clone()
			for i := range rows {
				for j := range cols {
					want.data()[j*want.ld+i] = src.data()[i*src.ld+j]
				}
			}
			Transpose(rows, cols, src.data(), src.ld, dst.data(), dst.ld)
			if d := dst.diff(want); d != "" {
				t.Fatalf("%d x %d: %s", rows, cols, d)
			}
		}
		for _, rows := range sizes {
			for _, cols := range sizes {
				check(rows, cols)
			}
		}
		for size := range 301 {
			check(size, sizes[size%len(sizes)])
			check(sizes[(size+3)%len(sizes)], size)
		}
	})
}
