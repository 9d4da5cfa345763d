package kernel

import "unsafe"

// Sums over examples and over whole vectors are in float64.

// SumRows adds each row of x (rows, cols; row stride ldx) to acc, in the order
// of the rows: acc[j] += float64(x[i][j]).
func SumRows(acc []float64, x []float32, rows, cols, ldx int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	need("acc", len(acc), cols)
	need("x", len(x), (rows-1)*ldx+cols)
	if vecTable != nil {
		a := vecArgs{cols: cols}
		a.ptr[0] = unsafe.Pointer(&acc[0])
		a.set(1, x, ldx)
		a.callRows(kSumRows, rows)
		return
	}
	for i := range rows {
		for j, v := range x[i*ldx:][:cols] {
			acc[j] += float64(v)
		}
	}
}

// AddF64 adds x to acc.
func AddF64(acc []float64, x []float32) { SumRows(acc, x, 1, len(x), len(x)) }

// StartF64 sets acc to 0 + x.
func StartF64(acc []float64, x []float32) {
	need("acc", len(acc), len(x))
	for i := wholeTotals(kTotalStart, acc, x); i < len(x); i++ {
		acc[i] = 0 + float64(x[i])
	}
}

// EndF64 sets x to acc + x, rounded once; acc is left as it is.
func EndF64(acc []float64, x []float32) {
	need("acc", len(acc), len(x))
	for i := wholeTotals(kTotalEnd, acc, x); i < len(x); i++ {
		x[i] = float32(acc[i] + float64(x[i]))
	}
}

// totalPiece keeps a call short: nothing preempts assembly.
const totalPiece = 1 << 16

// wholeTotals runs a kernel over the elements that fill blocks of sixteen and
// returns how many they are.
func wholeTotals(kernel int, acc []float64, x []float32) int {
	if vecTable == nil {
		return 0
	}
	whole := len(x) &^ 15
	for i := 0; i < whole; i += totalPiece {
		a := vecArgs{rows: 1, cols: min(totalPiece, whole-i)}
		a.ptr[0], a.ptr[1] = unsafe.Pointer(&acc[i]), unsafe.Pointer(&x[i])
		vecCall(vecTable[kernel], &a)
	}
	return whole
}

// RoundF64 rounds acc to float32.
func RoundF64(dst []float32, acc []float64) {
	need("dst", len(dst), len(acc))
	for i, v := range acc {
		dst[i] = float32(v)
	}
}

// SumF64 returns acc plus the elements of x, added one by one in float64.
func SumF64(acc float64, x []float32) float64 {
	for _, v := range x {
		acc += float64(v)
	}
	return acc
}

const sumBlock = 4096

// SumSquares returns Σ x² in float64. A block of 4096 elements has sixteen
// lanes (lane l takes elements l, l+16, ...) added as the tree 8-4-2-1; the
// blocks are added as a balanced tree (the left half is the larger power of
// two). x² is exact in float64, so only additions round.
func SumSquares(x []float32) float64 {
	if len(x) <= sumBlock {
		return sumSquaresBlock(x)
	}
	if len(x) == 2*sumBlock && vecTable != nil {
		var l [2]lanes64
		a := vecArgs{rows: 1, cols: sumBlock}
		a.ptr[0], a.ptr[1] = unsafe.Pointer(&x[0]), unsafe.Pointer(&l)
		vecCall(vecTable[kSumSquares2], &a)
		return l[0].sum() + l[1].sum()
	}
	half := sumBlock
	for half*2 < len(x) {
		half *= 2
	}
	return SumSquares(x[:half]) + SumSquares(x[half:])
}

func sumSquaresBlock(x []float32) float64 {
	var l lanes64
	done := 0
	if vecTable != nil && len(x) >= 16 {
		done = len(x) &^ 15
		a := vecArgs{rows: 1, cols: done}
		a.ptr[0], a.ptr[1] = unsafe.Pointer(&x[0]), unsafe.Pointer(&l)
		vecCall(vecTable[kSumSquares], &a)
	}
	for i, v := range x[done:] {
		l[i%16] += float64(float64(v) * float64(v))
	}
	return l.sum()
}

// lanes64 are the partial sums of a block.
type lanes64 [16]float64

func (l *lanes64) sum() float64 {
	a, b, c, d := l[0]+l[8], l[1]+l[9], l[2]+l[10], l[3]+l[11]
	e, f, g, h := l[4]+l[12], l[5]+l[13], l[6]+l[14], l[7]+l[15]
	a, b, c, d = a+e, b+f, c+g, d+h
	return (a + c) + (b + d)
}
