package peak

import (
	"math/rand/v2"
	"time"

	"github.com/descent-ml/descent/internal/kernel"
)

// Rows returns the bytes a second, read and written, of copying rows of cols
// float32 elements in random order: tables of size bytes in all, half read, half
// written, each row once, the best of several passes. It is what look-ups and
// updates of tables can reach, where streaming over the same bytes is faster
// because the processor fetches ahead by itself.
func Rows(size, cols int) float64 {
	rows := max(1, size/(8*cols))
	from, to := make([]float32, rows*cols), make([]float32, rows*cols)
	idx := make([]int32, rows)
	for i, r := range rand.New(rand.NewPCG(1, 2)).Perm(rows) {
		idx[i] = int32(r)
	}
	best := 0.0
	for range 40 {
		start := time.Now()
		kernel.GatherRows(to, from, idx, cols)
		best = max(best, float64(8*rows*cols)/time.Since(start).Seconds())
	}
	return best
}
