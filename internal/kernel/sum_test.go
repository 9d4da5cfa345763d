package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

func checkSame64(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) && want[i] == want[i] {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(want), got[i], want[i])
		}
	}
}

func TestSumRows(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 11))
		for cols := range 301 {
			rows, pad := r.IntN(6), r.IntN(4)
			if cols%50 == 0 {
				rows = 1000
			}
			x := values(r, rows*(cols+pad))
			got, want := make([]float64, cols+1), make([]float64, cols+1)
			for j := range got {
				got[j] = r.NormFloat64()
			}
			copy(want, got)
			for i := range rows {
				for j := range cols {
					want[j] += float64(x[i*(cols+pad)+j])
				}
			}
			SumRows(got[:cols], x, rows, cols, cols+pad)
			checkSame64(t, fmt.Sprintf("%dx%d", rows, cols), got, want)
			row, twice := values(r, cols), slices.Clone(got)
			for j, v := range row {
				twice[j] += float64(v)
			}
			AddF64(got[:cols], row)
			checkSame64(t, "AddF64", got, twice)
		}
	})
}

func TestTotals(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(12, 12))
		for _, n := range []int{0, 1, 15, 16, 17, 33, 300, totalPiece + 17} {
			x, acc, total := values(r, n), make([]float64, n+1), make([]float64, n+1)
			acc[n], total[n] = 7, 7
			for i, v := range x {
				total[i] += float64(v) // from 0: -0 becomes 0
			}
			StartF64(acc, x)
			checkSame64(t, "StartF64", acc, total)
			got, want := values(r, n+1), make([]float32, n+1)
			want[n] = got[n]
			for i, v := range got[:n] {
				want[i] = float32(total[i] + float64(v))
			}
			EndF64(acc, got[:n])
			checkSame(t, "EndF64", got, want)
			checkSame64(t, "the total after EndF64", acc, total)
		}
	})
}

func TestRoundAndSum(t *testing.T) {
	x := []float64{1, 1 + 0x1p-25, 1e300, math.Pi}
	got := make([]float32, 4)
	RoundF64(got, x)
	checkSame(t, "RoundF64", got, []float32{1, 1, inf32, float32(math.Pi)})
	if s := SumF64(1e9, []float32{1e-3, 2, -1}); s != 1e9+float64(float32(1e-3))+2-1 {
		t.Errorf("SumF64 = %v", s)
	}
}

// sumSquares is the definition of SumSquares, without recursion over slices.
func sumSquares(x []float32) float64 {
	var sums []float64
	for len(x) > 0 || sums == nil {
		b := x[:min(len(x), sumBlock)]
		x = x[len(b):]
		var l [16]float64
		for i, v := range b {
			l[i%16] += float64(v) * float64(v)
		}
		for w := 8; w > 0; w /= 2 {
			for i := range w {
				l[i] += l[i+w]
			}
		}
		sums = append(sums, l[0])
	}
	return tree(sums)
}

func tree(x []float64) float64 {
	if len(x) == 1 {
		return x[0]
	}
	half := 1
	for half*2 < len(x) {
		half *= 2
	}
	return tree(x[:half]) + tree(x[half:])
}

func TestSumSquares(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(12, 12))
		sizes := []int{4095, 4096, 4097, 8192, 12289, 100000}
		for n := range 301 {
			sizes = append(sizes, n)
		}
		for _, n := range sizes {
			x := plain(r, n+3)[r.IntN(4):][:n]
			exact := 0.0
			for _, v := range x {
				exact += float64(v) * float64(v)
			}
			got := SumSquares(x)
			checkSame64(t, fmt.Sprint(n), []float64{got}, []float64{sumSquares(x)})
			if math.Abs(got-exact) > 1e-12*exact {
				t.Errorf("%d elements: %v, want %v", n, got, exact)
			}
		}
	})
}

func TestConvert(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(14, 14))
		sizes := []int{chunkSize, chunkSize + 17, 2*chunkSize + 5}
		for n := range 301 {
			sizes = append(sizes, n)
		}
		for _, n := range sizes {
			u, k := make([]uint8, n), make([]int32, n)
			wu, wk := make([]float32, n), make([]float32, n)
			for i := range u {
				u[i], k[i] = uint8(r.Uint32()), int32(r.Uint32())>>r.IntN(32)
				wu[i], wk[i] = fma32(float32(u[i]), 1/255.0, -0.1307), float32(k[i])
			}
			got, guard := guarded(t, r, n)
			FromU8(got, u, 1/255.0, -0.1307)
			checkSame(t, "FromU8", got, wu)
			FromI32(got, k)
			checkSame(t, "FromI32", got, wk)
			guard()
		}
	})
}

func TestDropoutMask(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 15))
		key := rng.Key(7, "dropout:1")
		for cols := range 301 {
			rows, first, threshold := 1+cols%3, uint64(1)<<32-2+uint64(cols), r.Uint32()
			got, guard := guarded(t, r, rows*cols)
			want := make([]float32, rows*cols)
			for i := range rows {
				for e := range cols {
					pos := first + uint64(i)
					w := rng.Philox([4]uint32{uint32(pos), uint32(pos >> 32), uint32(e / 4), 0}, key)
					want[i*cols+e] = pick(w[e%4] >= threshold, 1.25, 0)
				}
			}
			DropoutMask(got, rows, cols, key, first, threshold, 1.25)
			checkSame(t, fmt.Sprintf("%dx%d", rows, cols), got, want)
			guard()
		}
		one := make([]float32, chunkSize+100)
		DropoutMask(one, 1, len(one), key, 5, 1<<30, 2)
		tail := make([]float32, 4)
		for e := len(one) - 4; e < len(one); e++ {
			tail[e%4] = pick(rng.Philox([4]uint32{5, 0, uint32(e / 4), 0}, key)[e%4] >= 1<<30, 2, 0)
		}
		checkSame(t, "the end of a long row", one[len(one)-4:], tail)
		if kept := SumF64(0, one) / 2 / float64(len(one)); math.Abs(kept-0.75) > 0.01 {
			t.Errorf("kept %v, want 0.75", kept)
		}
		DropoutMask(one[:64], 1, 64, key, 5, 0, 2)
		if SumF64(0, one[:64]) != 128 {
			t.Error("threshold 0 drops elements")
		}
	})
}
