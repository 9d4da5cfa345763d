package kernel

import (
	"fmt"
	"unsafe"
)

// GatherRows sets row i of dst to row idx[i] of table; both have cols columns.
// An index outside the table panics.
func GatherRows(dst, table []float32, idx []int32, cols int) {
	main := max(0, len(idx)-fetchAhead)
	GatherAhead(dst, table, idx[:main], idx[len(idx)-main:], cols)
	GatherAhead(dst[main*cols:], table, idx[main:], nil, cols)
}

// fetchAhead is how many rows ahead of its own a loop over listed rows fetches.
const fetchAhead = 8

// GatherAhead is GatherRows, and fetches the rows that next lists into L2.
func GatherAhead(dst, table []float32, idx, next []int32, cols int) {
	need("dst", len(dst), len(idx)*cols)
	inTable(table, idx, cols)
	inTable(table, next, cols)
	if vecTable == nil || cols == 0 {
		for i, r := range idx {
			copy(dst[i*cols:][:cols], table[int(r)*cols:][:cols])
		}
		return
	}
	placedRows(kGatherRows, dst, table, idx, next, cols)
}

// SetRows sets row idx[i] of table to row i of x, in order; both have cols columns.
// An index outside the table panics.
func SetRows(table, x []float32, idx []int32, cols int) {
	need("x", len(x), len(idx)*cols)
	inTable(table, idx, cols)
	if vecTable == nil || cols == 0 {
		for i, r := range idx {
			copy(table[int(r)*cols:][:cols], x[i*cols:][:cols])
		}
		return
	}
	placedRows(kSetRows, x, table, idx, nil, cols)
}

// inTable panics unless all rows are in the table.
func inTable(table []float32, idx []int32, cols int) {
	rows := len(table)
	if cols > 0 {
		rows /= cols
	}
	var most uint32
	for _, r := range idx {
		most = max(most, uint32(r))
	}
	if len(idx) > 0 && uint64(most) >= uint64(rows) {
		panic(fmt.Sprintf("kernel: row %d of a table of %d", int32(most), rows))
	}
}

// placedRows runs a kernel over rows of x and of the table, in calls that keep
// assembly short. Rows past the end of next are fetched again.
func placedRows(kernel int, x, table []float32, idx, next []int32, cols int) {
	a := vecArgs{cols: cols}
	a.set(1, table, cols)
	a.stride[0], a.stride[2], a.stride[3] = cols*4, 4, 4
	for i := 0; i < len(idx); i += a.rows {
		n := min(len(idx)-i, max(1, chunkSize/cols))
		ahead := idx[i:]
		if len(next) >= i+n {
			ahead = next[i:]
		}
		a.rows = n
		a.ptr[0], a.ptr[2], a.ptr[3] = unsafe.Pointer(&x[i*cols]), unsafe.Pointer(&idx[i]), unsafe.Pointer(&ahead[0])
		vecCall(vecTable[kernel], &a)
		a.rows = n
	}
}

// FromU8 sets dst = fma(float32(src), scale, shift).
func FromU8(dst []float32, src []uint8, scale, shift float32) {
	need("dst", len(dst), len(src))
	done := 0
	if vecTable != nil && len(src) >= 16 {
		done = len(src) &^ 15
		a := vecArgs{cols: done}
		a.ptr[0] = unsafe.Pointer(&src[0])
		a.set(1, dst, 0)
		a.scal[0], a.scal[1] = scale, shift
		a.callFlat(kFromU8, 1, 4)
	}
	for i := done; i < len(src); i++ {
		dst[i] = fma32(float32(src[i]), scale, shift)
	}
}

// FromI32 sets dst = float32(src), rounded to nearest.
func FromI32(dst []float32, src []int32) {
	need("dst", len(dst), len(src))
	done := 0
	if vecTable != nil && len(src) >= 16 {
		done = len(src) &^ 15
		a := vecArgs{cols: done}
		a.ptr[0] = unsafe.Pointer(&src[0])
		a.set(1, dst, 0)
		a.callFlat(kFromI32, 4, 4)
	}
	for i := done; i < len(src); i++ {
		dst[i] = float32(src[i])
	}
}

// callFlat runs a kernel of one input and one output over a.cols elements of
// the given sizes in bytes, in calls of at most chunkSize.
func (a *vecArgs) callFlat(kernel, in, out int) {
	a.rows = 1
	for n := a.cols; n > 0; n -= chunkSize {
		a.cols = min(n, chunkSize)
		vecCall(vecTable[kernel], a)
		if n > chunkSize {
			a.ptr[0] = unsafe.Add(a.ptr[0], in*chunkSize)
			a.ptr[1] = unsafe.Add(a.ptr[1], out*chunkSize)
		}
	}
}
