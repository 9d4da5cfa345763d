package kernel

import (
	"fmt"
	"unsafe"
)

// Row kernels work on each row of a dense (rows, cols) matrix by itself, so the
// rows may be cut between threads at will. A sum over a row has sixteen lanes:
// lane l takes the elements l, l+16, ... in order, and the lanes are added as a
// tree, 8-4-2-1 (lanes.sum). An output may alias an input of the same shape
// exactly. cols is below 2²⁴, so that it is exact in float32. NaN in a row makes
// the results of that row NaN.

// RowSum sets dst[i] to the sum of row i of x (rows, cols), row stride ldx.
func RowSum(dst, x []float32, rows, cols, ldx int) {
	rowReduce(kRowSum, dst, x, x, rows, cols, ldx, ldx, rowSum2)
}

// RowMax sets dst[i] to the maximum of row i of x; NaN if the row has one,
// -Inf if cols is 0.
func RowMax(dst, x []float32, rows, cols, ldx int) {
	rowReduce(kRowMax, dst, x, x, rows, cols, ldx, ldx, rowMax2)
}

// RowDot sets dst[i] to the dot product of row i of x and row i of y; each lane
// is a chain of FMAs.
func RowDot(dst, x, y []float32, rows, cols, ldx, ldy int) {
	rowReduce(kRowDot, dst, x, y, rows, cols, ldx, ldy, rowDot)
}

func rowReduce(kernel int, dst, x, y []float32, rows, cols, ldx, ldy int, ref func(x, y []float32) float32) {
	if rows <= 0 {
		return
	}
	need("dst", len(dst), rows)
	need("x", len(x), (rows-1)*ldx+cols)
	need("y", len(y), (rows-1)*ldy+cols)
	if vecTable == nil || cols == 0 {
		for i := range rows {
			dst[i] = ref(x[i*ldx:][:cols], y[i*ldy:][:cols])
		}
		return
	}
	var a vecArgs
	a.cols = cols
	a.set(0, x, ldx)
	a.set(1, y, ldy)
	a.set(2, dst, 1)
	a.callRows(kernel, rows)
}

// Softmax sets y = e^(x-m) / Σ e^(x-m), m the maximum of the row.
func Softmax(y, x []float32, rows, cols int) {
	if !rowsReady(rows, cols, "y", y, "x", x) {
		return
	}
	if vecTable == nil {
		eachRow(rows, cols, y, x, nil, func(y, x, _ []float32) { softmaxRow(y, x) })
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, x, cols)
	a.set(1, y, cols)
	if rows >= 16 {
		rows = a.callColumns(kSoftmaxColumns, rows)
	}
	a.callRows(kSoftmax, rows)
}

// LogSoftmax sets y = (x-m) - ln Σ e^(x-m), m the maximum of the row.
func LogSoftmax(y, x []float32, rows, cols int) {
	if !rowsReady(rows, cols, "y", y, "x", x) {
		return
	}
	if vecTable == nil {
		eachRow(rows, cols, y, x, nil, func(y, x, _ []float32) { logSoftmaxRow(y, x) })
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, x, cols)
	a.set(1, y, cols)
	a.callRows(kLogSoftmax, rows)
}

// SoftmaxGrad sets dx = y·(dy - Σ y·dy), y the result of Softmax.
func SoftmaxGrad(dx, y, dy []float32, rows, cols int) {
	rowGrad(kSoftmaxGrad, dx, y, dy, rows, cols, softmaxGradRow)
}

// LogSoftmaxGrad sets dx = dy - eʸ·Σ dy, y the result of LogSoftmax.
func LogSoftmaxGrad(dx, y, dy []float32, rows, cols int) {
	rowGrad(kLogSoftmaxGrad, dx, y, dy, rows, cols, logSoftmaxGradRow)
}

func rowGrad(kernel int, dx, y, dy []float32, rows, cols int, ref func(dx, y, dy []float32)) {
	if !rowsReady(rows, cols, "dx", dx, "y", y) {
		return
	}
	need("dy", len(dy), rows*cols)
	if vecTable == nil {
		eachRow(rows, cols, dx, y, dy, ref)
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, y, cols)
	a.set(1, dy, cols)
	a.set(2, dx, cols)
	a.callRows(kernel, rows)
}

// ArgMax sets dst[i] to the column of the first maximum of row i. A NaN is not
// greater than anything; if the first element is NaN, it is the result.
func ArgMax(dst []int32, x []float32, rows, cols int) {
	if !rowsReady(rows, cols, "x", x, "x", x) {
		return
	}
	need("dst", len(dst), rows)
	for i := range rows {
		row, best := x[i*cols:][:cols], 0
		for j, v := range row {
			if v > row[best] {
				best = j
			}
		}
		dst[i] = int32(best)
	}
}

// set makes s stream i, with ld elements from row to row. A nil s stays nil.
func (a *vecArgs) set(i int, s []float32, ld int) {
	if s == nil {
		return
	}
	a.ptr[i], a.stride[i] = unsafe.Pointer(unsafe.SliceData(s)), ld*4
}

// callRows runs a kernel over rows rows, in calls of at most chunkSize elements.
func (a *vecArgs) callRows(kernel, rows int) {
	step := max(1, chunkSize/max(1, a.cols))
	for ; rows > 0; rows -= step {
		a.rows = min(step, rows)
		vecCall(vecTable[kernel], a)
		if rows > step {
			a.skip(step)
		}
	}
}

// callColumns runs a columns kernel (_asm/vec/columns.go) over as many rows as it
// can, moves the streams to what is left, and returns how many rows that is.
func (a *vecArgs) callColumns(kernel, rows int) (left int) {
	if a.cols > 16 || vecTable[kernel] == 0 {
		return rows
	}
	var buf [17 * 16]float32
	for rows >= 16 {
		b := *a
		b.rows = min(rows, chunkSize/16) &^ 15
		b.ptr[6] = unsafe.Pointer(&buf[-uintptr(unsafe.Pointer(&buf))&63/4])
		vecCall(vecTable[kernel], &b)
		if rows -= b.rows; rows > 0 {
			a.skip(b.rows)
		}
	}
	return rows
}

// skip moves the streams on by some rows, which must not be the last: the garbage
// collector sees the pointers.
func (a *vecArgs) skip(rows int) {
	for i, p := range a.ptr {
		a.ptr[i] = unsafe.Add(p, a.stride[i]*rows)
	}
}

func eachRow(rows, cols int, y, x, z []float32, f func(y, x, z []float32)) {
	for i := range rows {
		lo, hi := i*cols, (i+1)*cols
		if z == nil {
			f(y[lo:hi], x[lo:hi], nil)
			continue
		}
		f(y[lo:hi], x[lo:hi], z[lo:hi])
	}
}

// rowsReady checks two dense operands; it is false if there is nothing to do.
func rowsReady(rows, cols int, nx string, x []float32, ny string, y []float32) bool {
	if rows <= 0 || cols <= 0 {
		return false
	}
	need(nx, len(x), rows*cols)
	need(ny, len(y), rows*cols)
	return true
}

// need panics if operand name has fewer than want elements.
func need(name string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("kernel: len(%s)=%d, want >= %d", name, got, want))
	}
}
