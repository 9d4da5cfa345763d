package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/places"
)

// touched lists the rows of a table that a batch touches, and keeps for each
// index of the batch the code of its term: where in the list its row is, and how
// the row's sum goes on. Sums then know nothing of rows or of leaves.
type touched struct {
	table *places.Table
	rows  []int32 // by place, with room for the most
	state chainState
	codes []int32 // of the micro-batch: example by example, operand by operand
	each  []int   // indices of an example in each operand
	all   int     // and in all
	first int     // rows that the first piece of the batch touches: see Mark
}

// openTouched binds the lists of touched rows to memory.
func (p *program) openTouched() {
	p.touched = map[*graph.Node]*touched{}
	for n, at := range p.plan.Touched {
		if n.Rows == nil {
			continue // the chains of a whole table
		}
		t := &touched{rows: p.ref(n).i32, all: n.Indices()}
		t.table = places.New(t.rows, p.arena.i32(p.fixed(at.Hash), 2*at.Hashes), n.Attr.Int)
		t.state = p.chainState(at)
		t.codes = p.arena.i32(p.fixed(at.Code), at.Codes)
		for _, x := range n.In {
			t.each = append(t.each, x.Shape.Size())
		}
		p.touched[n] = t
	}
}

// n returns how many rows the batch has touched so far.
func (t *touched) n() int { return t.table.Len() }

func (t *touched) reset() {
	t.table.Clear()
	t.state.clear()
}

// newTouch lists rows for the sums of a pass. The indices are those of the
// touched node, or of a sum over its rows in a later pass, which lists them anew:
// shards have lists of their own, which are not kept.
func (p *program) newTouch(t *touched, indices []*graph.Node) step {
	s := step{run: runTouch, touched: t}
	for _, x := range indices {
		s.parts = append(s.parts, p.ref(p.plan.Root(x)))
	}
	return s
}

// touchAgain lists the rows of the sums over them in passes behind the one that
// lists them first.
func (p *program) touchAgain() {
	for i := range p.passes {
		touched, sums := p.plan.RowSums(i)
		for j, n := range touched {
			if len(sums[j]) == 0 || p.plan.Pass(n) == i {
				continue
			}
			var indices []*graph.Node
			for k, x := range sums[j][0].Lookups() {
				if k%2 == 0 {
					indices = append(indices, x)
				}
			}
			s := p.newTouch(p.touched[n], indices)
			s.unit = &compile.Unit{Stage: compile.Touch, Pass: i, Nodes: []*graph.Node{n}}
			p.passes[i].touch = append(p.passes[i].touch, s)
		}
	}
}

// runTouch lists the rows of examples [r0, r1) of the micro-batch.
func runTouch(p *program, w *worker, s *step, r0, r1 int) {
	t := s.touched
	codes := t.codes[r0*t.all:]
	if len(t.each) == 1 {
		t.list(codes, p.i32(&s.parts[0])[r0*t.all:r1*t.all])
		return
	}
	for e := r0; e < r1; e++ {
		for i, n := range t.each {
			t.list(codes, p.i32(&s.parts[i])[e*n:(e+1)*n])
			codes = codes[n:]
		}
	}
}

// list touches rows and writes the codes of their terms.
func (t *touched) list(codes, rows []int32) {
	codes = codes[:len(rows)]
	t.table.Places(rows, codes)
	t.state.encode(codes, codes)
}

// rowSum is a sum of touched rows. It is cut by columns.
type rowSum struct {
	touched *touched
	chains  kernel.Chains
	y       []ref // the rows that are added, of each operand
}

func (p *program) newRowSum(n *graph.Node) *rowSum {
	s := &rowSum{touched: p.touched[n.Rows]}
	s.chains = kernel.Chains{Chain: p.ref(n).f32, Total: s.touched.state.total, Cols: n.Shape.Last()}
	if at := p.plan.Buffers[n].Acc; at >= 0 {
		s.chains.Totals = p.arena.f64(p.fixed(at), p.plan.Touched[n.Rows].Totals*n.Shape.Last())
	}
	for i, x := range n.Lookups() {
		if i%2 == 1 {
			s.y = append(s.y, p.ref(p.plan.Root(x)))
		}
	}
	return s
}

// accumulate adds the micro-batch to columns [c0, c1).
func (s *rowSum) accumulate(p *program, c0, c1 int) {
	t, cols := s.touched, s.chains.Cols
	codes := t.codes
	if len(s.y) == 1 {
		s.chains.Add(p.f32(&s.y[0]), codes[:p.rows*t.all], c0, c1)
		return
	}
	for e := range p.rows {
		for i, n := range t.each {
			s.chains.Add(p.f32(&s.y[i])[e*n*cols:], codes[:n], c0, c1)
			codes = codes[n:]
		}
	}
}

// finish makes columns [c0, c1) the sums.
func (s *rowSum) finish(c0, c1 int) { s.chains.End(s.touched.n(), c0, c1) }

// A chain over touched rows goes through them in tiles of about so many
// elements: what it gathers of variables stays in L1, as does what it fetches for
// the next.
const touchedTile = 1024

// runTouchedVector runs a chain over touched rows [r0, r1): in the variables, or
// it gathers a tile of the rows of each variable that it reads, runs on them, and
// writes back those that it assigns.
func runTouchedVector(p *program, w *worker, s *step, r0, r1 int) {
	v := s.vec
	each := v.per * v.cols
	if v.listed && v.run.InPlace(v.cols) {
		p.runListed(w, v, s.touched.rows[r0:r1], r0)
		return
	}
	tile := max(1, touchedTile/each)
	memory := w.scratch.F32(slotRows, len(v.streams)*tile*each)
	for r := r0; r < r1; r += tile {
		rows := s.touched.rows[r:min(r+tile, r1)]
		next := s.touched.rows[min(r+tile, r1):min(r+2*tile, r1)]
		p.runTile(w, v, rows, next, r, memory, tile*each)
	}
}

// runListed runs rows of the variables where they lie; the first of them is at
// place r.
func (p *program) runListed(w *worker, v *vector, rows []int32, r int) {
	streams := w.streams[:len(v.streams)]
	for i := range v.streams {
		t := &v.streams[i]
		streams[i] = kernel.Stream{Data: t.f32, Access: t.access, Stride: v.cols}
		switch {
		case t.gathered:
			streams[i].Access = kernel.Listed
		case t.access == kernel.Full:
			streams[i].Data = t.f32[r*v.cols:]
		}
	}
	v.run.RunListed(rows, v.cols, streams, v.values(w))
}

// runTile runs the tile of the given rows, the first of which is at place r, and
// fetches the next.
func (p *program) runTile(w *worker, v *vector, rows, next []int32, r int, memory []float32, size int) {
	each := v.per * v.cols
	streams := w.streams[:len(v.streams)]
	for i := range v.streams {
		t := &v.streams[i]
		data := t.f32
		switch {
		case t.gathered:
			data = memory[i*size : (i+1)*size]
			if t.read {
				kernel.GatherAhead(data, t.f32, rows, next, each)
			}
		case t.access == kernel.Full:
			data = data[r*each:]
		case t.access == kernel.Col:
			data = data[r*v.per:]
		}
		streams[i] = kernel.Stream{Data: data, Access: t.access, Stride: v.cols}
	}
	scalars := v.values(w)
	v.run.Run(len(rows)*v.per, v.cols, streams, scalars, &w.scratch)
	for i := range v.streams {
		if t := &v.streams[i]; t.gathered && t.written {
			kernel.SetRows(t.f32, streams[i].Data, rows, each)
		}
	}
}

func runGatherTouched(p *program, w *worker, s *step, r0, r1 int) {
	each := s.per * s.cols
	kernel.GatherRows(s.out.f32[r0*each:], s.a.f32, s.touched.rows[r0:r1], each)
}

// runCopyRows writes touched rows to the variable that they are assigned to.
func runCopyRows(p *program, w *worker, s *step, r0, r1 int) {
	each := s.per * s.cols
	kernel.SetRows(s.out.f32, s.a.f32[r0*each:], s.touched.rows[r0:r1], each)
}

// resetTouched forgets the rows that the current pass lists.
func (p *program) resetTouched() {
	if p.now == len(p.passes) {
		return
	}
	for i := range p.passes[p.now].touch {
		p.passes[p.now].touch[i].touched.reset()
	}
}
