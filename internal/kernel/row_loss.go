package kernel

import (
	"fmt"
	"unsafe"
)

// CrossEntropy sets loss[i] = ln Σ_c e^x_c - Σ_c q_c x_c for each row x of
// (rows, cols), where q gives 1-smoothing to the label and smoothing/cols to
// every class. labels[i] is in [0, cols).
func CrossEntropy(loss, x []float32, labels []int32, rows, cols int, smoothing float32) {
	crossEntropy(&lossArgs{loss: loss, x: x, labels: labels, cols: cols}, rows, smoothing)
}

// CrossEntropyGrad sets dx = (softmax(x) - q)·dloss[i]; dx may be x.
func CrossEntropyGrad(dx, x []float32, labels []int32, dloss []float32, rows, cols int, smoothing float32) {
	crossEntropy(&lossArgs{dx: dx, x: x, labels: labels, dloss: dloss, cols: cols}, rows, smoothing)
}

// CrossEntropyBoth is CrossEntropy and CrossEntropyGrad in one, with the same
// bits; dx may be x.
func CrossEntropyBoth(loss, dx, x []float32, labels []int32, dloss []float32, rows, cols int, smoothing float32) {
	crossEntropy(&lossArgs{loss: loss, dx: dx, x: x, labels: labels, dloss: dloss, cols: cols}, rows, smoothing)
}

// lossArgs are the operands; loss or dx (and then dloss) may be nil.
type lossArgs struct {
	loss, dx, x, dloss []float32
	labels             []int32
	cols               int
	on, off            float32 // weight of the label beside the others, and of each class
}

func crossEntropy(l *lossArgs, rows int, smoothing float32) {
	if rows <= 0 || l.cols <= 0 {
		return
	}
	l.on, l.off = 1-smoothing, smoothing/float32(l.cols)
	l.check(rows)
	if vecTable == nil {
		for i := range rows {
			l.row(i)
		}
		return
	}
	a, k := l.args()
	if rows >= 16 {
		rows = a.callColumns(k-kLoss+kLossColumns, rows)
	}
	if rows > 0 {
		a.lossRows(k, rows)
	}
}

// args are those of all rows, and the kernel.
func (l *lossArgs) args() (a vecArgs, kernel int) {
	a.cols = l.cols
	a.set(0, l.x, l.cols)
	a.set(2, l.loss, 1)
	a.set(3, l.dx, l.cols)
	a.set(4, l.dloss, 1)
	a.ptr[1], a.stride[1] = unsafe.Pointer(&l.labels[0]), 4
	a.scal[0], a.scal[1], a.scal[2] = l.on, l.off, l.on+l.off
	kernel = kLoss
	if l.dx != nil {
		kernel = kLossGrad
		if l.loss != nil {
			kernel = kLossBoth
		}
	}
	if l.off != 0 && l.loss != nil {
		kernel++ // the smoothed one follows
	}
	return a, kernel
}

// lossBlock is the most rows that the kernel sums before their logarithms are taken,
// sixteen or eight at once.
const lossBlock = 32

func (a *vecArgs) lossRows(kernel, rows int) {
	var expected [lossBlock]float32 // Σ q(x-m) of each row
	step := max(1, min(lossBlock, chunkSize/a.cols))
	for ; rows > 0; rows -= step {
		b := *a
		b.rows, b.ptr[5], b.stride[5] = min(step, rows), unsafe.Pointer(&expected), 4
		vecCall(vecTable[kernel], &b)
		if loss := a.ptr[2]; loss != nil {
			b.rows, b.cols = 1, b.rows
			b.ptr[0], b.ptr[1] = loss, unsafe.Pointer(&expected)
			vecCall(vecTable[kLossEnd], &b)
		}
		if rows > step {
			a.skip(step)
		}
	}
}

func (l *lossArgs) check(rows int) {
	need("x", len(l.x), rows*l.cols)
	need("labels", len(l.labels), rows)
	if l.loss != nil || l.dx == nil {
		need("loss", len(l.loss), rows)
	}
	if l.dx != nil || l.loss == nil {
		need("dx", len(l.dx), rows*l.cols)
		need("dloss", len(l.dloss), rows)
	}
	for i, c := range l.labels[:rows] {
		if uint32(c) >= uint32(l.cols) {
			panic(fmt.Sprintf("kernel: labels[%d]=%d, want below %d", i, c, l.cols))
		}
	}
}

// row is the definition. Σ q x is taken over x-m, and without smoothing only
// the label counts, so that a class at -Inf does no harm.
func (l *lossArgs) row(i int) {
	x, c := l.x[i*l.cols:][:l.cols], l.labels[i]
	m := rowTop(x)
	at := x[c]
	var s, d lanes
	for j, v := range x {
		e := exp32(v - m)
		s[j%16] += e
		d[j%16] += v - m
		if l.dx != nil {
			l.dx[i*l.cols+j] = e
		}
	}
	sum := s.sum()
	if l.loss != nil {
		t := float32(l.on * (at - m))
		if l.off != 0 {
			t = fma32(l.off, d.sum(), t)
		}
		l.loss[i] = log32(sum) - t
	}
	if l.dx == nil {
		return
	}
	r := 1 / sum
	dx := l.dx[i*l.cols:][:l.cols]
	for j, e := range dx {
		dx[j] = fma32(e, r, -pick(j == int(c), l.on+l.off, l.off)) * l.dloss[i]
	}
}
