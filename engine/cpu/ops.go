package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
)

// The calls of single operations. Each computes examples [r0, r1) of s.out;
// rows are s.per to an example.

func (s *step) rows(r0, r1 int) (from, n int) { return r0 * s.per, (r1 - r0) * s.per }

func runLinear(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.GemmNN(n, s.cols, s.k, p.f32(&s.a)[from*s.k:], s.k, s.b.f32, s.cols, p.f32(&s.out)[from*s.cols:], s.cols, s.init, s.c.f32, &w.scratch)
}

// linearColumns computes columns [c0, c1) of the first rows examples.
func linearColumns(p *program, w *worker, s *step, rows, c0, c1 int) {
	var bias []float32
	if s.init == kernel.Bias {
		bias = s.c.f32[c0:]
	}
	kernel.GemmNN(rows*s.per, c1-c0, s.k, p.f32(&s.a), s.k, s.b.f32[c0:], s.cols, p.f32(&s.out)[c0:], s.cols, s.init, bias, &w.scratch)
}

// runLinearT contracts the columns of W (cols, k) with those of the operand.
func runLinearT(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.GemmNT(n, s.cols, s.k, p.f32(&s.a)[from*s.k:], s.k, s.b.f32, s.k, p.f32(&s.out)[from*s.cols:], s.cols, kernel.Zero, nil, &w.scratch)
}

func linearTColumns(p *program, w *worker, s *step, rows, c0, c1 int) {
	kernel.GemmNT(rows*s.per, c1-c0, s.k, p.f32(&s.a), s.k, s.b.f32[c0*s.k:], s.k, p.f32(&s.out)[c0:], s.cols, kernel.Zero, nil, &w.scratch)
}

// product prepares a matrix product, with what computes some of its columns.
func product(run func(p *program, w *worker, s *step, r0, r1 int), columns func(p *program, w *worker, s *step, rows, c0, c1 int), init kernel.Init) func(*program, *graph.Node, *step) error {
	return func(_ *program, _ *graph.Node, s *step) error {
		const bandwidth = 60 // bytes in a nanosecond, from L3: bench/peak
		s.run, s.columns, s.init = run, columns, init
		s.reading = float64(4*s.k*s.cols) / bandwidth
		return nil
	}
}

func runDot(p *program, w *worker, s *step, r0, r1 int) {
	kernel.GemmTN(s.k, s.cols, s.per, s.a.f32, s.k, s.b.f32, s.cols, p.f32(&s.out), s.cols, kernel.Zero, nil, &w.scratch)
}

func runSoftmax(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.Softmax(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], n, s.cols)
}

func runLogSoftmax(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.LogSoftmax(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], n, s.cols)
}

func runSoftmaxGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.SoftmaxGrad(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], p.f32(&s.b)[from*s.cols:], n, s.cols)
}

func runLogSoftmaxGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.LogSoftmaxGrad(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], p.f32(&s.b)[from*s.cols:], n, s.cols)
}

func runCrossEntropy(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.CrossEntropy(p.f32(&s.out)[from:], p.f32(&s.a)[from*s.k:], p.i32(&s.b)[from:], n, s.k, s.eps)
}

func runCrossEntropyGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.CrossEntropyGrad(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], p.i32(&s.b)[from:], p.f32(&s.c)[from:], n, s.cols, s.eps)
}

// runLossGrad is a cross-entropy (parts[0]) and its gradient (out) in one pass.
func runLossGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.CrossEntropyBoth(p.f32(&s.parts[0])[from:], p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*s.cols:], p.i32(&s.b)[from:], p.f32(&s.c)[from:], n, s.cols, s.eps)
}

// The statistics of a normalization are recomputed where they are needed; they
// cost one pass over rows that are in L1.

func (w *worker) stats(n int) (mean, rstd []float32) {
	b := w.scratch.F32(slotStats, 2*n)
	return b[:n], b[n:]
}

// Scratch slots of the engine's own.
const slotStats, slotRows = 14, 15

func runNormalize(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	mean, rstd := w.stats(n)
	kernel.LayerNorm(p.f32(&s.out)[from*s.cols:], mean, rstd, p.f32(&s.a)[from*s.cols:], nil, nil, n, s.cols, s.eps)
}

func runNormalizeGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	mean, rstd := w.stats(n)
	x, out := p.f32(&s.a)[from*s.cols:], p.f32(&s.out)[from*s.cols:]
	y := w.scratch.F32(slotRows, n*s.cols)
	kernel.LayerNorm(y, mean, rstd, x, nil, nil, n, s.cols, s.eps)
	kernel.LayerNormGrad(out, x, mean, rstd, nil, p.f32(&s.b)[from*s.cols:], n, s.cols)
}

func runRMSNormalize(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	_, rstd := w.stats(n)
	kernel.RMSNorm(p.f32(&s.out)[from*s.cols:], rstd, p.f32(&s.a)[from*s.cols:], nil, n, s.cols, s.eps)
}

func runRMSNormalizeGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	_, rstd := w.stats(n)
	x, out := p.f32(&s.a)[from*s.cols:], p.f32(&s.out)[from*s.cols:]
	y := w.scratch.F32(slotRows, n*s.cols)
	kernel.RMSNorm(y, rstd, x, nil, n, s.cols, s.eps)
	kernel.RMSNormGrad(out, x, rstd, nil, p.f32(&s.b)[from*s.cols:], n, s.cols)
}

func runReduceSum(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.RowSum(p.f32(&s.out)[from:], p.f32(&s.a)[from*s.k:], n, s.k, s.k)
}

func runReduceMax(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.RowMax(p.f32(&s.out)[from:], p.f32(&s.a)[from*s.k:], n, s.k, s.k)
}

func runSumSquares(p *program, w *worker, s *step, r0, r1 int) {
	s.out.f64[0] = kernel.SumSquares(s.squared())
}

// squared returns the elements that a sum of squares is of.
func (s *step) squared() []float32 {
	if s.over == nil {
		return s.a.f32
	}
	return s.a.f32[:s.over.n()*s.k]
}

// piece is a part of a sum of squares that one worker does.
type piece struct {
	x   []float32
	of  *step // the sum
	at  int   // where x begins in it
	sum float64
}

// squarePiece elements are a whole subtree of the tree of kernel.SumSquares,
// whose halves are powers of two.
const squarePiece = 1 << 16

func (q *piece) run() {
	n := len(q.of.squared()) - q.at
	q.sum = kernel.SumSquares(q.x[:min(len(q.x), max(n, 0))])
}

// runJoinSquares adds the pieces as kernel.SumSquares adds its halves.
func runJoinSquares(p *program, w *worker, s *step, r0, r1 int) {
	n := max(1, (len(s.squared())+squarePiece-1)/squarePiece)
	s.out.f64[0] = joinSquares(p.pieces[s.pieces : s.pieces+n])
}

func joinSquares(q []*piece) float64 {
	if len(q) == 1 {
		return q[0].sum
	}
	half := 1
	for half*2 < len(q) {
		half *= 2
	}
	return joinSquares(q[:half]) + joinSquares(q[half:])
}

// shareSquares gives each worker pieces of about equal size.
func (p *program) shareSquares() {
	costs := make([]float64, len(p.pieces))
	for i, q := range p.pieces {
		costs[i] = float64(len(q.x))
		p.squaresCost += costs[i] / 15 // nanoseconds
	}
	if len(p.pieces) == 0 {
		p.squaresIn = noStage
	}
	p.pieceHomes = shares(costs, p.eng.threads)
}

const noStage compile.Stage = 255

// shares cuts a sequence of costs into n ranges of about equal cost and
// returns their bounds.
func shares(costs []float64, n int) []int {
	var total, done float64
	for _, c := range costs {
		total += c
	}
	bounds := make([]int, n+1)
	worker := 1
	for i, c := range costs {
		for worker < n && done+c/2 > total*float64(worker)/float64(n) {
			bounds[worker] = i
			worker++
		}
		done += c
	}
	for ; worker <= n; worker++ {
		bounds[worker] = len(costs)
	}
	return bounds
}

func runGather(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	kernel.GatherRows(p.f32(&s.out)[from*s.cols:], s.a.f32, p.i32(&s.b)[from:from+n], s.cols)
}

func runMask(p *program, w *worker, s *step, r0, r1 int) {
	kernel.DropoutMask(p.f32(&s.out)[r0*s.cols:], r1-r0, s.cols, s.key, p.position(r0), s.threshold, s.eps)
}

// position is where row r of the micro-batch is in the stream of examples.
func (p *program) position(r int) uint64 { return p.first + uint64(p.before+p.done+r) }

func runFromI32(p *program, w *worker, s *step, r0, r1 int) {
	kernel.FromI32(p.f32(&s.out)[r0*s.cols:r1*s.cols], p.i32(&s.a)[r0*s.cols:r1*s.cols])
}

func runSlice(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	for r := from; r < from+n; r++ {
		at := r*s.k + s.offset
		if x := p.f32(&s.a); x != nil {
			copy(p.f32(&s.out)[r*s.cols:(r+1)*s.cols], x[at:])
		} else {
			copy(p.i32(&s.out)[r*s.cols:(r+1)*s.cols], p.i32(&s.a)[at:])
		}
	}
}

func runPad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	x := p.f32(&s.a)
	for r := from; r < from+n; r++ {
		row := p.f32(&s.out)[r*s.cols : (r+1)*s.cols]
		clear(row[:s.offset])
		copy(row[s.offset:], x[r*s.k:(r+1)*s.k])
		clear(row[s.offset+s.k:])
	}
}

func runConcat(p *program, w *worker, s *step, r0, r1 int) {
	from, n := s.rows(r0, r1)
	at := 0
	for i := range s.parts {
		x, width := p.f32(&s.parts[i]), s.perm[i]
		for r := from; r < from+n; r++ {
			copy(p.f32(&s.out)[r*s.cols+at:r*s.cols+at+width], x[r*width:])
		}
		at += width
	}
}

// runStrided walks the axes of the result in order and the operand by strides:
// a transposition or a broadcast.
func runStrided(p *program, w *worker, s *step, r0, r1 int) {
	x := p.f32(&s.a)
	for r := r0; r < r1; r++ {
		strided(p.f32(&s.out)[r*s.cols:(r+1)*s.cols], x[r*s.k:], s.shape, s.perm)
	}
}

func strided(dst, src []float32, shape, strides []int) {
	if len(shape) == 0 {
		dst[0] = src[0]
		return
	}
	if len(shape) == 1 {
		line(dst, src, strides[0])
		return
	}
	size := len(dst) / shape[0]
	for i := range shape[0] {
		strided(dst[i*size:(i+1)*size], src[i*strides[0]:], shape[1:], strides[1:])
	}
}

// line is the innermost axis.
func line(dst, src []float32, stride int) {
	switch stride {
	case 0:
		fill(dst, src[0])
	case 1:
		copy(dst, src)
	default:
		for i := range dst {
			dst[i] = src[i*stride]
		}
	}
}

func runCopy(p *program, w *worker, s *step, r0, r1 int) { copy(p.f32(&s.out), s.a.f32) }
