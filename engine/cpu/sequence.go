package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// Calls along the positions of an example: s.per positions of s.cols elements,
// of which the i32 in s.b, if any, says how many count, or names one.

// prepareSequence is for operations between x (T, ..) and a value of an example;
// whole is the operand that has the positions, or nil for the result.
func prepareSequence(run runFunc, whole func(n *graph.Node) *graph.Node) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		x := whole(n).Shape
		s.run, s.offset = run, n.Attr.Int
		s.per = x.Inner()[0]
		s.cols = x.Size() / s.per
		return nil
	}
}

func operand0(n *graph.Node) *graph.Node { return n.In[0] }
func itself(n *graph.Node) *graph.Node   { return n }

// prepareGrams keeps the tokens of a run and the buckets.
func prepareGrams(p *program, n *graph.Node, s *step) error {
	s.run, s.per, s.offset = runGrams, n.Attr.Dims[0], n.Attr.Int
	return nil
}

func runGrams(p *program, w *worker, s *step, r0, r1 int) {
	x, out, t := p.i32(&s.a), p.i32(&s.out), s.cols
	for r := r0; r < r1; r++ {
		kernel.Grams(out[r*t:(r+1)*t], x[r*t:(r+1)*t], s.per, s.offset)
	}
}

// count returns how many positions of example r count.
func (s *step) count(lengths []int32, r int) int {
	if lengths == nil {
		return s.per
	}
	return max(0, min(s.per, int(lengths[r])))
}

func runShift(p *program, w *worker, s *step, r0, r1 int) {
	x, out, size := p.f32(&s.a), p.f32(&s.out), s.per*s.cols
	gap := max(-size, min(size, s.offset*s.cols))
	for at := r0 * size; at < r1*size; at += size {
		to, from := out[at:at+size], x[at:at+size]
		if gap >= 0 {
			clear(to[:gap])
			copy(to[gap:], from)
		} else {
			copy(to, from[-gap:])
			clear(to[size+gap:])
		}
	}
}

func runReverse(p *program, w *worker, s *step, r0, r1 int) {
	x, out, lengths, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	for r := r0; r < r1; r++ {
		n := s.count(lengths, r)
		for t := range s.per {
			from := t
			if t < n {
				from = n - 1 - t
			}
			copy(out[(r*s.per+t)*cols:][:cols], x[(r*s.per+from)*cols:])
		}
	}
}

func runPickAt(p *program, w *worker, s *step, r0, r1 int) {
	x, out, index, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	for r := r0; r < r1; r++ {
		row := out[r*cols : (r+1)*cols]
		if t := int(index[r]) + s.offset; t >= 0 && t < s.per {
			copy(row, x[(r*s.per+t)*cols:])
		} else {
			clear(row)
		}
	}
}

func runPlaceAt(p *program, w *worker, s *step, r0, r1 int) {
	x, out, index, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	clear(out[r0*s.per*cols : r1*s.per*cols])
	for r := r0; r < r1; r++ {
		if t := int(index[r]) + s.offset; t >= 0 && t < s.per {
			copy(out[(r*s.per+t)*cols:][:cols], x[r*cols:])
		}
	}
}

func runMeanOver(p *program, w *worker, s *step, r0, r1 int) {
	x, out, lengths, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	for r := r0; r < r1; r++ {
		row, n := out[r*cols:(r+1)*cols], s.count(lengths, r)
		kernel.SumDown(row, x[r*s.per*cols:], n, cols, cols)
		if n > 0 {
			divide(row, row, n)
		}
	}
}

func runSumOver(p *program, w *worker, s *step, r0, r1 int) {
	x, out, cols := p.f32(&s.a), p.f32(&s.out), s.cols
	for r := r0; r < r1; r++ {
		kernel.SumDown(out[r*cols:(r+1)*cols], x[r*s.per*cols:], s.per, cols, cols)
	}
}

// divide sets y = x/n.
func divide(y, x []float32, n int) {
	for i := range y {
		y[i] = x[i] / float32(n)
	}
}

func runSpreadOver(p *program, w *worker, s *step, r0, r1 int) {
	x, out, lengths, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	for r := r0; r < r1; r++ {
		rows, n := out[r*s.per*cols:(r+1)*s.per*cols], s.count(lengths, r)
		for t := range n {
			if t == 0 {
				divide(rows[:cols], x[r*cols:], n)
				continue
			}
			copy(rows[t*cols:], rows[:cols])
		}
		clear(rows[n*cols:])
	}
}

func runMaxOver(p *program, w *worker, s *step, r0, r1 int) {
	x, out, lengths, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b), s.cols
	for r := r0; r < r1; r++ {
		kernel.MaxDown(out[r*cols:], x[r*s.per*cols:], s.count(lengths, r), cols, cols)
	}
}

// prepareMaxOverGrad finds the operands x, y, dy and, in parts, the lengths.
func prepareMaxOverGrad(p *program, n *graph.Node, s *step) error {
	err := prepareSequence(runMaxOverGrad, operand0)(p, n, s)
	s.parts = make([]ref, 1)
	if len(n.In) == 4 {
		s.parts[0] = p.ref(p.plan.Root(n.In[3]))
	}
	return err
}

func runMaxOverGrad(p *program, w *worker, s *step, r0, r1 int) {
	x, out, lengths, cols := p.f32(&s.a), p.f32(&s.out), p.i32(&s.parts[0]), s.cols
	y, dy := p.f32(&s.b), p.f32(&s.c)
	for r := r0; r < r1; r++ {
		rows, n := out[r*s.per*cols:(r+1)*s.per*cols], s.count(lengths, r)
		kernel.FirstMax(rows, x[r*s.per*cols:], y[r*cols:], dy[r*cols:], n, cols, &w.scratch)
		clear(rows[n*cols:])
	}
}
