package kernel

import "unsafe"

// GatherRows sets row i of dst to row idx[i] of table; both have cols columns.
// An index outside the table panics.
func GatherRows(dst, table []float32, idx []int32, cols int) {
	need("dst", len(dst), len(idx)*cols)
	for i, r := range idx {
		copy(dst[i*cols:][:cols], table[int(r)*cols:][:cols])
	}
}

// SetRows sets row idx[i] of table to row i of x; both have cols columns. An index
// outside the table panics.
func SetRows(table, x []float32, idx []int32, cols int) {
	need("x", len(x), len(idx)*cols)
	for i, r := range idx {
		copy(table[int(r)*cols:][:cols], x[i*cols:][:cols])
	}
}

// ScatterAddRows adds row i of x to row idx[i] of table, in the order of i.
// An index outside the table panics.
func ScatterAddRows(table, x []float32, idx []int32, cols int) {
	need("x", len(x), len(idx)*cols)
	if cols == 0 {
		return
	}
	a := vecArgs{rows: 1, cols: cols}
	for i, r := range idx {
		row := table[int(r)*cols:][:cols]
		a.set(0, row, 0)
		a.set(1, x[i*cols:][:cols], 0)
		a.set(2, row, 0)
		runOp(Add, &a)
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
