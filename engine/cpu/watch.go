package cpu

import (
	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// Watched updates. Mark copies every sum that is asked for as finish would leave it
// if the batch ended there; the sums themselves go on untouched. With shards it is
// what the tree has then that is kept, and its total is rounded at the end of the
// pass.

// Watch implements engine.Program.
func (p *program) Watch(on bool) { p.watching = on }

// Mark implements engine.Program.
func (p *program) Mark() {
	p.pass = &p.passes[p.now]
	switch {
	case !p.watching:
	case p.opts.Shards > 1: // in every pass, so that all workers have marks
		if len(p.shards.held) > 0 {
			p.shards.mark()
		}
	case p.done > 0 && p.pass.marked > 0:
		p.marked = true
		for i := range p.pass.touch {
			t := p.pass.touch[i].touched
			t.first = t.n()
		}
		p.launch(sumMarks, len(p.pass.cuts), p.pass.cutHomes, p.pass.marked)
	}
}

// newPart prepares the value of a sum for the first piece: Mark writes it, or the
// step if there are shards.
func (p *program) newPart(n *graph.Node) step {
	s := p.sums[p.plan.Root(n.In[0])]
	out := p.ref(n)
	s.first = &out
	pass := &p.passes[p.plan.Pass(n)]
	pass.marked += float64(p.plan.Buffers[n].Bytes) / 15 // nanoseconds
	return step{run: runPart, sum: s}
}

// runPart completes the value of the first piece.
func runPart(p *program, w *worker, s *step, r0, r1 int) {
	first := s.sum.first
	switch {
	case p.opts.Shards > 1:
		p.shards.endFirst(p, s.sum)
	case !p.marked:
		clear(first.f32)
		clear(first.f64)
	case s.sum.touched != nil:
		t, cols := s.sum.touched.touched, s.sum.touched.chains.Cols
		clear(first.f32[t.first*cols : t.n()*cols])
	}
}

// mark writes rows [r0, r1) of the value for the first piece, which ends here with n
// examples of a batch that is not divided: see finish.
func (s *sum) mark(n, r0, r1 int) {
	from, to := r0*s.cols, r1*s.cols
	switch {
	case s.first == nil:
	case s.touched != nil:
		s.touched.mark(s.first.f32, r0, r1)
	case s.table != nil:
		s.table.mark(s.first.f32)
	case s.halves:
		copy(s.first.f64[r0:r1], s.acc[r0:r1])
		copy(s.first.f64[s.rows+r0:s.rows+r1], s.acc[s.rows+r0:s.rows+r1])
	case s.leaf == 0 && s.first.f64 != nil:
		copy(s.first.f64, s.acc)
	case s.leaf == 0:
		kernel.RoundF64(s.first.f32[from:to], s.acc[from:to])
	default:
		copy(s.first.f32[from:to], s.out.f32[from:to])
		if n > s.leaf {
			kernel.EndF64(s.acc[from:to], s.first.f32[from:to])
		}
	}
}

// mark writes columns [c0, c1) of the sums as they stand; rows that are touched
// later are 0 in the end: see runPart.
func (s *rowSum) mark(first []float32, c0, c1 int) {
	chains, rows := s.chains, s.touched.first
	for r := range rows {
		copy(first[r*chains.Cols:][c0:c1], chains.Chain[r*chains.Cols:][c0:c1])
	}
	chains.Chain = first
	chains.End(rows, c0, c1)
}

// mark writes the sums as they stand.
func (s *tableSum) mark(first []float32) {
	chains := s.chains
	copy(first, chains.Chain)
	chains.Chain = first
	chains.End(len(s.state.total), 0, chains.Cols)
}

// Marks implements engine.Program.
func (p *program) Marks() []collective.Part { return p.shards.marks.Parts() }

// AdoptMarks implements engine.Program.
func (p *program) AdoptMarks(total *collective.Part) {
	t := &p.shards
	t.marks.Reset()
	t.held[0].Copy(*total)
	t.marks.Push(t.held[0])
}

// mark keeps what the tree has.
func (t *shards) mark() {
	t.marks.Reset()
	for i, part := range t.tree.Parts() {
		t.held[i].Copy(part)
		t.marks.Push(t.held[i])
	}
}

// endFirst rounds the total of a sum over the shards of the first piece.
func (t *shards) endFirst(p *program, s *sum) {
	total := t.marks.Total()
	switch {
	case total == nil:
		clear(s.first.f32)
		clear(s.first.f64)
	case s.touched != nil:
		t.endFirstRows(p, s.touched, s.first.f32, total)
	case s.first.f64 != nil:
		copy(s.first.f64, total.Sum[p.totalAt(s):])
	default:
		kernel.RoundF64(s.first.f32, total.Sum[p.totalAt(s):][:len(s.first.f32)])
	}
}

// totalAt returns where in the sum of a part the total of s is.
func (p *program) totalAt(s *sum) int { return s.total - int(p.plan.Slabs[p.now].Offset/8) }

// endFirstRows writes the sums of the rows that the first piece touches, which
// come first in the list of all, and 0 for the others.
func (t *shards) endFirstRows(p *program, s *rowSum, first []float32, total *collective.Part) {
	for i, table := range t.tables {
		if table != s.touched {
			continue
		}
		from, cols, part := 0, s.chains.Cols, &total.Sparse[i]
		for _, sum := range t.sums[p.now][i] {
			if sum == s {
				break
			}
			from += sum.chains.Cols
		}
		for r := range part.Rows {
			kernel.RoundF64(first[r*cols:][:cols], part.Sum[r*part.Cols+from:][:cols])
		}
		clear(first[len(part.Rows)*cols : table.n()*cols])
	}
}
