package cpu

import "github.com/descent-ml/descent/internal/compile"

// regionMode says what the chunks of the current region are.
type regionMode uint8

const (
	rowBlocks    regionMode = iota // blocks of rows through all steps of the rows stage
	sumCuts                        // parts of the sums, one micro-batch
	shardEnds                      // parts of the sums, at the end of a shard
	sumEnds                        // parts of the sums, at the end of the batch
	sumMarks                       // parts of the sums, at the end of the first piece
	touchLists                     // the rows that examples name, a table each
	splitStep                      // ranges of one flat vector
	splitTouched                   // ranges of the touched rows of one step
	splitColumns                   // ranges of the columns of one matrix product
	splitLines                     // ranges of the rows of the result of one convolution
	squarePieces                   // pieces of the sums of squares
)

// grain is how finely work is divided among threads.
type grain struct {
	wake  float64 // estimated nanoseconds below which one thread does not call others: see docs/architecture.md
	rows  int     // fewest rows of a block: the matrix kernels keep their large tiles
	cut   int     // a part of a product has a multiple of so many rows: whole tiles of every kernel
	split int     // a part of a flat vector has a multiple of so many elements, a power of 2: whole cache lines
	cols  int     // likewise a part of the columns of a product
	strip int64   // bytes of all values of a strip: 4 times as much took 10 % more time in LeNet, a third 5 % in ResNet-20
}

var (
	coarse = grain{wake: 10_000, rows: 16, cut: 48, split: 1024, cols: 64, strip: 3 << 20}
	fine   = grain{wake: 0, rows: 1, cut: 1, split: 16, cols: 1, strip: 8 << 10}
)

// chunk implements region.
func (p *program) chunk(w *worker, i int) {
	switch p.mode {
	case rowBlocks:
		r0 := i * p.block
		r1 := min(r0+p.block, p.rows)
		for j := range p.steps {
			if s := &p.steps[j]; p.runs(s) {
				s.run(p, w, s, r0, r1)
			}
		}
	case sumCuts, shardEnds, sumEnds, sumMarks:
		p.cut(w, &p.pass.cuts[i])
	case splitStep:
		v := p.steps[0].vec
		n := v.size()
		at := i * p.block
		p.runVec(w, v, 1, min(p.block, n-at), at, 0)
	case touchLists:
		s := &p.steps[i]
		s.run(p, w, s, 0, p.rows)
	case splitTouched:
		s := &p.steps[0]
		r0 := i * p.block
		s.run(p, w, s, r0, min(r0+p.block, s.touched.n()))
	case splitColumns:
		s := &p.steps[0]
		at := i * p.block
		s.columns(p, w, s, p.rows, at, min(at+p.block, s.cols))
	case splitLines:
		p.steps[0].runLines(p, w, i)
	case squarePieces:
		p.pieces[i].run()
	}
}

// runs reports whether a step is one of this update.
func (p *program) runs(s *step) bool { return !s.watched || p.watching }

// cut does a part of a sum.
func (p *program) cut(w *worker, c *cut) {
	step := &p.pass.reduce[c.step]
	if !p.runs(step) {
		return
	}
	switch s := step.sum; p.mode {
	case sumCuts:
		s.accumulate(p, w, c.r0, c.r1)
	case shardEnds:
		s.endShard(p.done, c.r0, c.r1)
	case sumEnds:
		s.finish(p.done, p.opts.Shards > 1, c.r0, c.r1)
	case sumMarks:
		s.mark(p.done, c.r0, c.r1)
	}
}

// launch runs n chunks, on the workers if the work is worth it. homes are the
// bounds of the chunks that each worker does first, or nil for equal shares.
func (p *program) launch(mode regionMode, n int, homes []int, cost float64) {
	p.mode = mode
	if n < 2 || cost < p.eng.grain.wake || p.eng.threads == 1 {
		for i := range n {
			p.chunk(&p.eng.pool.caller, i)
		}
		return
	}
	p.eng.pool.run(p, n, homes)
}

// runRows runs the rows stage of the micro-batch in blocks of rows, which are
// whole groups.
func (p *program) runRows() {
	p.pass = &p.passes[p.now]
	p.steps = p.pass.rows
	cost := p.pass.rowsCost * float64(p.rows)
	threads := 1
	if cost >= p.eng.grain.wake {
		threads = p.eng.threads
	}
	p.block = blockOf(p.rows, threads, p.pass.most, p.eng.grain.rows/p.tallest)
	p.block = (p.block + p.plan.Group - 1) / p.plan.Group * p.plan.Group
	if p.rows <= p.block && cost >= p.eng.grain.wake && p.eng.threads > 1 && len(p.pass.reduce) == 0 {
		p.runOneBlock()
		return
	}
	p.launch(rowBlocks, (p.rows+p.block-1)/p.block, nil, cost)
}

// blockOf cuts the rows of a micro-batch: each thread's share into as few parts as
// have at most most rows, all of about one size, so that no thread waits for the
// odd part of another; at least least rows, and one.
func blockOf(rows, threads, most, least int) int {
	most = max(most, 1)
	share := (rows + threads - 1) / threads
	parts := max(1, (share+most-1)/most)
	return max((share+parts-1)/parts, least, 1)
}

// runOneBlock runs the rows stage of a micro-batch of few rows: large matrix
// products are divided by columns, so that each thread reads a part of the
// weights, and convolutions by the rows of their results. It is for programs that only predict, whose products follow each
// other closely; in an update the helpers fall asleep between them, and waking
// them costs more than it saves.
func (p *program) runOneBlock() {
	for i := range p.pass.rows {
		s := &p.pass.rows[i]
		if !p.runs(s) {
			continue
		}
		cost := max(s.cost*float64(p.rows), s.reading)
		if s.columns == nil && s.lines == nil || cost < p.eng.grain.wake {
			s.run(p, &p.eng.pool.caller, s, 0, p.rows)
			continue
		}
		p.steps = p.pass.rows[i : i+1]
		if s.lines != nil {
			p.launch(splitLines, len(s.lines), nil, cost)
			continue
		}
		p.block = (s.cols + p.eng.threads - 1) / p.eng.threads
		p.block = (p.block + p.eng.grain.cols - 1) / p.eng.grain.cols * p.eng.grain.cols
		p.launch(splitColumns, (s.cols+p.block-1)/p.block, nil, cost)
	}
}

// runTouch lists the rows of sparse parameters that the micro-batch names.
func (p *program) runTouch() {
	p.steps = p.pass.touch
	p.launch(touchLists, len(p.steps), nil, total(p.steps)*float64(p.rows))
}

// runReduce adds the micro-batch to the sums.
func (p *program) runReduce() {
	p.launch(sumCuts, len(p.pass.cuts), p.pass.cutHomes, p.pass.sumsCost*float64(p.rows))
}

// finishSums ends the sums of the batch; where each is one leaf there is next
// to nothing to do.
func (p *program) finishSums() {
	p.pass = &p.passes[p.now]
	if p.opts.Shards > 1 {
		p.shards.finish(p)
	}
	cost := 0.0
	if p.done > p.pass.leaf || p.opts.Shards > 1 {
		cost = p.pass.sumsCost
	}
	p.launch(sumEnds, len(p.pass.cuts), p.pass.cutHomes, cost)
}

// runOnce runs a per-update stage, one step after the other; long flat vectors
// are divided among the workers, and so are the sums of squares of gradients,
// which come first.
func (p *program) runOnce(stage compile.Stage, steps []step) {
	if stage == p.squaresIn {
		p.launch(squarePieces, len(p.pieces), p.pieceHomes, p.squaresCost)
	}
	for i := range steps {
		s := &steps[i]
		p.steps = steps[i : i+1]
		switch {
		case !p.runs(s):
		case s.vec != nil && s.cost >= p.eng.grain.wake && p.eng.threads > 1 && s.vec.flat():
			p.split(s)
		case s.touched != nil:
			p.splitRows(s)
		default:
			s.run(p, &p.eng.pool.caller, s, 0, 1)
		}
	}
}

// splitRows divides the touched rows of a step into ranges.
func (p *program) splitRows(s *step) {
	n := s.touched.n()
	const partsPerThread = 4
	p.block = max(p.eng.grain.rows, (n+partsPerThread*p.eng.threads-1)/(partsPerThread*p.eng.threads))
	p.launch(splitTouched, (n+p.block-1)/p.block, nil, s.cost*float64(n))
}

// split divides a flat vector into ranges of whole cache lines.
func (p *program) split(s *step) {
	n := s.vec.size()
	const partsPerThread = 4
	g := p.eng.grain.split
	p.block = (n/(partsPerThread*p.eng.threads) + g) &^ (g - 1)
	p.launch(splitStep, (n+p.block-1)/p.block, nil, s.cost)
}
