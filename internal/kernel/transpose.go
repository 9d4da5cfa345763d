package kernel

import "fmt"

// Transpose writes dst[c][r] = src[r][c]: src has rows x cols with row distance
// lds, dst cols x rows with row distance ldd. They must not overlap.
func Transpose(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if lds < cols || len(src) < (rows-1)*lds+cols {
		panic(fmt.Sprintf("kernel: transpose: len(src)=%d, lds=%d for %d x %d", len(src), lds, rows, cols))
	}
	if ldd < rows || len(dst) < (cols-1)*ldd+rows {
		panic(fmt.Sprintf("kernel: transpose: len(dst)=%d, ldd=%d for %d x %d", len(dst), ldd, cols, rows))
	}
	transpose(rows, cols, src, lds, dst, ldd)
}

// transposeGo is the definition, in blocks that stay in the cache.
func transposeGo(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	const block = 16
	for r0 := 0; r0 < rows; r0 += block {
		for c0 := 0; c0 < cols; c0 += block {
			for c := c0; c < min(c0+block, cols); c++ {
				for r := r0; r < min(r0+block, rows); r++ {
					dst[c*ldd+r] = src[r*lds+c]
				}
			}
		}
	}
}
