package kernel

import "sync"

// Kernels along the positions of an example: x is (rows, cols), a row for each
// position, and what they sum or compare are columns, from the first row to the
// last.

// SumDown sets dst (cols) to the sum of the rows of x (row stride ldx), in
// order: ((x₀ + x₁) + x₂) + …; 0 if there is none.
func SumDown(dst, x []float32, rows, cols, ldx int) { fold(Add, dst, x, rows, cols, ldx) }

// MaxDown sets dst (cols) to the maximum of the rows of x (row stride ldx); NaN
// if any is, 0 if there is none. Of zeros it is the first.
func MaxDown(dst, x []float32, rows, cols, ldx int) { fold(Max, dst, x, rows, cols, ldx) }

// fold sets dst to op(x[r], dst) for each row but the first, which it begins with.
func fold(op Op, dst, x []float32, rows, cols, ldx int) {
	need("dst", len(dst), cols)
	dst = dst[:cols]
	if rows <= 0 || cols <= 0 {
		clear(dst)
		return
	}
	need("x", len(x), (rows-1)*ldx+cols)
	copy(dst, x)
	if rows == 1 {
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, x[ldx:], ldx)
	a.set(1, dst, 0)
	a.set(2, dst, 0)
	a.opRows(op, rows-1)
}

// FirstMax sets dx (rows, cols) to dy (cols) in the first row of x that equals
// y (cols) and to 0 in the others, for each column: the gradient of MaxDown.
func FirstMax(dx, x, y, dy []float32, rows, cols int, s *Scratch) {
	if !rowsReady(rows, cols, "dx", dx, "x", x) {
		return
	}
	need("y", len(y), cols)
	need("dy", len(dy), cols)
	work := s.F32(slotDown, (rows+1)*cols)
	zero, seen := work[:cols], work[cols:] // seen: 1 from the first row that equals y on
	clear(zero)
	op := func(op Op, rows, dst, ldd int, at [3][]float32, ld [3]int) {
		a := vecArgs{cols: cols}
		for i := range op.Arity() {
			a.set(i, at[i], ld[i])
		}
		a.set(op.Arity(), dx[dst:], ldd)
		a.opRows(op, rows)
	}
	op(Eq, rows, 0, cols, [3][]float32{x, y}, [3]int{cols, 0})
	copy(seen, dx[:cols])
	if rows > 1 {
		a := vecArgs{cols: cols}
		a.set(0, seen, cols)
		a.set(1, dx[cols:], cols)
		a.set(2, seen[cols:], cols)
		a.opRows(Max, rows-1)
		op(Sub, rows-1, cols, cols, [3][]float32{seen[cols:], seen}, [3]int{cols, cols})
	}
	op(Select, rows, 0, cols, [3][]float32{dx, dy, zero}, [3]int{cols, 0, 0})
}

// slotDown is a Scratch slot, shared with the group kernels.
const slotDown = slotGroup

// opRows runs op over rows rows, each after the one before it, in calls of at
// most chunkSize elements. A stream may be one row for all (stride 0), and an
// operand the result of the row before.
func (a *vecArgs) opRows(op Op, rows int) {
	step := max(1, chunkSize/a.cols)
	for ; rows > 0; rows -= step {
		a.rows = min(step, rows)
		runOp(op, a)
		if rows > step {
			a.skip(step)
		}
	}
}

// rotation turns the pair (x0, x1) by the angle with cosine x2 and sine x3.
var rotation = lazily("t0=mul(x1,x3);t1=neg(t0);x4=fma(x0,x2,t1);t2=mul(x0,x3);x5=fma(x1,x2,t2)")

// lazily returns the program of a key, which it compiles when it is first asked.
func lazily(key string) func() *Elementwise {
	return sync.OnceValue(func() *Elementwise {
		p, err := ParseProgram(key)
		if err != nil {
			panic(err)
		}
		return Compile(p)
	})
}

// Rotate turns the pairs (lo[r][j], hi[r][j]) of rows x half elements, row
// stride ldx, by angles given as cos and sin, row stride ldt:
//
//	outLo = fma(lo, cos, -(hi·sin))    outHi = fma(hi, cos, lo·sin)
//
// With lo and hi exchanged, and the outputs too, it turns them back. An output
// has row stride ldo and overlaps no operand.
func Rotate(outLo, outHi []float32, ldo int, lo, hi []float32, ldx int, cos, sin []float32, ldt, rows, half int, s *Scratch) {
	streams := [6]Stream{{lo, Full, ldx}, {hi, Full, ldx}, {cos, Full, ldt}, {sin, Full, ldt}, {outLo, Full, ldo}, {outHi, Full, ldo}}
	rotation().Run(rows, half, streams[:], nil, s)
}
