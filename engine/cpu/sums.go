package cpu

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// sum is a reduction over the examples of a batch, which lives across its
// micro-batches.
//
// A product of rows (dotexamples, convweights) is a float32 chain inside a leaf of consecutive
// examples. When a leaf begins, the chain of the one before
// it is added to the float64 total; a batch of one leaf has no total. A
// micro-batch that ends inside a leaf leaves the chain open, and the next goes
// on where it stopped. A plain sum (sumexamples) is float64 throughout.
type sum struct {
	out  ref       // the chain, and in the end the result
	at   int64     // where out is in memory
	acc  []float64 // the total; nil if the batch is one leaf
	leaf int       // examples; 0 for a plain sum
	rows int       // rows of the result, which can be cut
	cols int
	x, y ref
	per  int // rows of an example
	k    int // columns of x
	kind func(p *program, w *worker, s *sum, r0, r1, c0, c1 int, init kernel.Init)
	each float64 // of countRows: the value of every row

	halves bool // a sum of moments: rows columns, with two totals for each
	z      ref  // of moments: the shift or the mean of each column
	group  int  // of moments of groups
	whole  bool // columns must not be cut

	conv *kernel.Conv // of the weights of a convolution
	made int          // likewise: elements of an example of y

	touched *rowSum   // a sum of touched rows: rows are its columns
	table   *tableSum // a sum of all rows of a table

	total int  // where acc is in the fixed part of the arena, in elements
	first *ref // its value for the first piece of a batch; nil if nothing asks for that
}

// cut is a part of a sum: rows [r0, r1) of its result.
type cut struct{ step, r0, r1 int }

func (p *program) newSum(n *graph.Node) (step, error) {
	b := p.plan.Buffers[n]
	s := &sum{out: p.ref(n), at: b.Offset, leaf: n.LeafExamples(), cols: n.Shape.Last(), x: p.ref(p.plan.Root(n.In[0])), k: n.In[0].Shape.Last()}
	s.per, s.total = n.In[0].Shape.Size()/s.k, int(b.Acc/8)
	s.rows = n.Shape.Size() / s.cols
	if b.Acc >= 0 && !n.Shape.Touched() {
		s.acc = p.arena.f64(p.fixed(b.Acc), n.Shape.Size())
	}
	switch n.Op.Name {
	case "sumrows":
		s.leaf, s.rows, s.cols, s.touched = 0, s.cols, 1, p.newRowSum(n)
	case "dotexamples":
		s.y, s.kind = p.ref(p.plan.Root(n.In[1])), dotRows
	case "convweights":
		p.newConvSum(n, s)
	case "scatterexamples":
		s.leaf, s.table = 0, p.newTableSum(n)
	case "sumexamples":
		s.leaf, s.kind = 0, plainRows
		s.cols, s.rows = n.Shape.Size(), 1
		s.per = n.In[0].Shape.Size() / s.cols
		if x := p.plan.Root(n.In[0]); x.Op.Name == "broadcast" && x.In[0].Op.Name == "const" && s.cols == 1 {
			if s.each = x.In[0].Attr.Float; s.each == math.Trunc(s.each) && math.Abs(s.each) < 1<<20 {
				s.kind = countRows
			}
		}
	case "momentsums", "gradsums", "groupsums":
		p.newMoments(n, s)
	default:
		return step{}, fmt.Errorf("engine/cpu: no sum for %s", n.Op.Name)
	}
	p.sums[n] = s
	return step{sum: s}, nil
}

// dotRows adds examples [e0, e1) of the micro-batch to rows [r0, r1).
func dotRows(p *program, w *worker, s *sum, r0, r1, e0, e1 int, init kernel.Init) {
	kernel.GemmTN(r1-r0, s.cols, (e1-e0)*s.per, p.f32(&s.x)[e0*s.per*s.k+r0:], s.k, p.f32(&s.y)[e0*s.per*s.cols:], s.cols,
		s.out.f32[r0*s.cols:], s.cols, init, nil, &w.scratch)
}

func plainRows(p *program, w *worker, s *sum, r0, r1, e0, e1 int, init kernel.Init) {
	if init == kernel.Zero {
		clear(s.acc)
	}
	kernel.SumRows(s.acc, p.f32(&s.x)[e0*s.per*s.cols:], (e1-e0)*s.per, s.cols, s.cols)
}

// countRows is plainRows for a column of one small integer, such as the weights
// of examples that have none: a sum of integers is exact in any order.
func countRows(p *program, w *worker, s *sum, r0, r1, e0, e1 int, init kernel.Init) {
	if init == kernel.Zero {
		clear(s.acc)
	}
	s.acc[0] += float64(s.each * float64((e1-e0)*s.per))
}

// accumulate adds the current micro-batch to rows [r0, r1) of the result.
func (s *sum) accumulate(p *program, w *worker, r0, r1 int) {
	switch {
	case s.touched != nil:
		s.touched.accumulate(p, r0, r1)
		return
	case s.table != nil:
		s.table.accumulate(p)
		return
	case s.leaf == 0:
		s.kind(p, w, s, r0, r1, 0, p.rows, initAt(p.done))
		return
	}
	for e := 0; e < p.rows; {
		at := (p.done + e) % s.leaf
		end := min(p.rows, e+s.leaf-at)
		if at == 0 && p.done+e > 0 {
			s.closeLeaf(r0, r1, p.done+e == s.leaf)
		}
		s.kind(p, w, s, r0, r1, e, end, initAt(at))
		e = end
	}
}

// initAt starts a chain at 0 or goes on with it.
func initAt(at int) kernel.Init {
	if at == 0 {
		return kernel.Zero
	}
	return kernel.Accumulate
}

// closeLeaf adds the chain to the total; the first one starts it.
func (s *sum) closeLeaf(r0, r1 int, first bool) {
	acc, chain := s.acc[r0*s.cols:r1*s.cols], s.out.f32[r0*s.cols:r1*s.cols]
	if first {
		kernel.StartF64(acc, chain)
		return
	}
	kernel.AddF64(acc, chain)
}

// endShard leaves the sum over a shard of n examples in the total.
func (s *sum) endShard(n, r0, r1 int) {
	switch {
	case s.touched != nil: // see shards.collect
	case n == 0:
		for _, acc := range s.totals(r0, r1) {
			clear(acc)
		}
	case s.table != nil:
		s.table.endShard()
	case s.leaf > 0:
		s.closeLeaf(r0, r1, n <= s.leaf)
	}
}

// totals returns rows [r0, r1) of the total: one range, or one of each half of
// a sum of moments.
func (s *sum) totals(r0, r1 int) [2][]float64 {
	if s.halves {
		return [2][]float64{s.acc[r0:r1], s.acc[s.rows+r0 : s.rows+r1]}
	}
	return [2][]float64{s.acc[r0*s.cols : r1*s.cols]}
}

// finish turns rows [r0, r1) into the result of a batch, whose last shard has n
// examples; with several shards the total is complete.
func (s *sum) finish(n int, shards bool, r0, r1 int) {
	from, to := r0*s.cols, r1*s.cols
	switch {
	case s.touched != nil && shards: // see shards.finish
	case s.touched != nil:
		s.touched.finish(r0, r1)
	case n == 0 && !shards:
		s.clear(r0, r1)
	case s.halves:
		copy(s.out.f64[r0:r1], s.acc[r0:r1])
		copy(s.out.f64[s.rows+r0:s.rows+r1], s.acc[s.rows+r0:s.rows+r1])
	case s.table != nil && !shards:
		s.table.finish()
	case s.leaf == 0 && s.out.f64 != nil:
		copy(s.out.f64, s.acc)
	case s.leaf == 0 || shards:
		kernel.RoundF64(s.out.f32[from:to], s.acc[from:to])
	case n > s.leaf:
		kernel.EndF64(s.acc[from:to], s.out.f32[from:to])
	}
}

// clear makes rows [r0, r1) the sum over no example.
func (s *sum) clear(r0, r1 int) {
	switch {
	case s.halves:
		clear(s.out.f64[r0:r1])
		clear(s.out.f64[s.rows+r0 : s.rows+r1])
	case s.out.f64 != nil:
		clear(s.out.f64)
	default:
		clear(s.out.f32[r0*s.cols : r1*s.cols])
	}
}

// cutSums divides the sums into parts for the workers: the products by rows of
// their result, in proportion to their work. The parts are in the order of
// their results in memory, and so are the shares of them: a worker then updates
// the weights whose gradients it has computed.
func (p *program) cutSums(pass *pass) {
	steps := pass.reduce
	const partsPerThread = 3
	part := pass.sumsCost/float64(partsPerThread*p.eng.threads) + 1
	pass.leaf = graph.LeafTerms
	for i := range steps {
		s := steps[i].sum
		if s.leaf > 0 {
			pass.leaf = min(pass.leaf, s.leaf)
		}
		rows := s.rows
		if n := int(steps[i].cost/part) + 1; p.eng.threads > 1 && (s.leaf > 0 || s.halves && !s.whole || s.touched != nil) && n > 1 {
			g := p.eng.grain.cut
			if s.touched != nil {
				g = min(g, 16) // a cache line
			}
			rows = (s.rows/n + g) / g * g
		}
		for r := 0; r < s.rows; r += rows {
			pass.cuts = append(pass.cuts, cut{i, r, min(r+rows, s.rows)})
		}
	}
	slices.SortFunc(pass.cuts, func(a, b cut) int {
		return cmp.Or(cmp.Compare(steps[a.step].sum.at, steps[b.step].sum.at), cmp.Compare(a.r0, b.r0))
	})
	costs := make([]float64, len(pass.cuts))
	for i, c := range pass.cuts {
		if steps[c.step].watched {
			continue
		}
		costs[i] = steps[c.step].cost * float64(c.r1-c.r0) / float64(steps[c.step].sum.rows)
	}
	pass.cutHomes = shares(costs, p.eng.threads)
}
