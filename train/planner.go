package train

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
)

// fastRows is the least micro-batch at full speed: products of matrices with
// fewer rows wait for their weights.
const fastRows = 64

// layout is one way to execute batches, and what it takes.
type layout struct {
	micro     int
	recompute engine.Recompute
	bound     int64 // on the memory of a program, for RecomputeAuto
	reread    bool
	evalRows  int

	plan  engine.Plan // of the first worker
	arena int64       // of all workers
}

// planner chooses a layout.
type planner struct {
	cfg        *Config
	graph      *graph.Graph
	forward    *graph.Graph // of the evaluators; nil without
	estimation *graph.Graph // of running statistics at the end; nil without
	size       int          // of the largest batch
	base       resident
	others     []MemoryPart // what no layout changes
	limit      int64
	by         string
}

// choose decides how batches are executed, before anything is allocated: as fast
// as the limit on the process allows. All layouts give the same bits.
func (l *loop) choose() (layout, error) {
	p, err := l.newPlanner()
	if err != nil {
		return layout{}, err
	}
	defer p.base.leaveRoom()()
	if p, err = l.bound(p); err != nil {
		return layout{}, err
	}
	if err := p.checkBatchNorm(); err != nil {
		return layout{}, err
	}
	first, err := p.first()
	if err != nil {
		return layout{}, err
	}
	l.plan = first
	best, err := p.estimate(layout{micro: first.Micro, evalRows: rowsToEvaluate(l.cfg.Data.Fields())})
	if err != nil {
		return best, err
	}
	if p.fits(best) {
		l.memory = p.describe(best)
		return best, nil
	}
	found, err := p.smaller(best)
	if err != nil {
		return best, err
	}
	l.plan.Micro, l.plan.Reread = found.micro, found.reread
	l.plan.Reason = fmt.Sprintf("to fit %s, %s", Bytes(p.limit), p.by)
	l.memory = p.describe(found)
	return found, nil
}

// newPlanner returns a planner for the largest batch that the policy may ask for.
func (l *loop) newPlanner() (*planner, error) {
	p := &planner{cfg: l.cfg, graph: l.graph, size: l.cfg.Batch.Max(l.cfg.Data.Len()), base: settle(), others: l.copies()}
	p.limit, p.by = limitOf(l.cfg.Exec.Memory)
	for _, ds := range []dataset.Dataset{l.cfg.Val, l.cfg.Test} {
		if ds == nil {
			continue
		}
		var err error
		if p.forward, err = forwardGraph(l.cfg.Model, l.cfg.Loss, ds.Fields()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// first is the plan before memory is looked at. Where sizes change, it is not for
// equal parts of the largest batch: whole micro-batches fit more of the sizes.
func (p *planner) first() (batch.Plan, error) {
	size := p.size
	if batch.Varies(p.cfg.Batch) && size > batch.AutoMicro {
		size = (size + batch.AutoMicro - 1) / batch.AutoMicro * batch.AutoMicro
	}
	plan, err := batch.NewPlan(size, p.graph.Tallest(), p.cfg.Exec.Micro)
	plan.Size = p.size
	return plan, err
}

// checkBatchNorm refuses batches in which batch norm would take statistics of a
// single value, and finds out whether running statistics are to be estimated.
func (p *planner) checkBatchNorm() error {
	n := p.cfg.Data.Len()
	if op := p.graph.Single(p.size, 1); op != nil && op.GroupSize() == 1 {
		return refuse("train: batch norm (layer %s) over one value of each channel, in batches of %d: want larger batches", op.Scope, p.size)
	}
	if tail := n % p.size; tail > 0 && !p.cfg.DropLast && !batch.Varies(p.cfg.Batch) {
		if op := p.graph.Single(tail, 1); op != nil && op.GroupSize() == 1 {
			return refuse("train: batch norm (layer %s) over one value of each channel: the last batch of each epoch has %d of %d examples: leave it out (data.last: drop) or choose another batch size than %d",
				op.Scope, tail, n, p.size)
		}
	}
	if p.cfg.Reestimate.IsZero() {
		return nil
	}
	g, each, err := estimationGraph(p.cfg)
	if err == nil && len(each) > 0 {
		p.estimation = g
	}
	return err
}

// smaller finds the fastest layout that fits: first smaller micro-batches that
// are as fast, then recomputation, then ever smaller ones, and reading examples
// again for each pass last.
func (p *planner) smaller(from layout) (layout, error) {
	fast, slow := p.micros(from.micro)
	single := max(p.cfg.Shards, 1) == 1 && max(p.cfg.Exec.Workers, 1) == 1
	for _, reread := range []bool{false, true} {
		if reread && (!single || from.plan.Passes == 1) {
			break
		}
		for _, try := range []struct {
			micros []int
			again  bool // values may be computed again
			eval   bool // evaluation takes smaller portions as well
		}{{fast, false, false}, {fast, true, false}, {slow, true, true}} {
			for _, micro := range try.micros {
				x := layout{micro: micro, reread: reread, evalRows: rowsToEvaluate(p.cfg.Data.Fields())}
				if try.eval {
					x.evalRows = min(x.evalRows, micro)
				}
				if try.again && from.plan.Passes > 1 {
					x.bound = p.room(x)
				}
				x, err := p.estimate(x)
				if err != nil || p.fits(x) {
					return x, err
				}
			}
		}
	}
	return from, p.refuse(from)
}

// micros lists smaller micro-batches, halving, down to fastRows rows and below.
func (p *planner) micros(micro int) (fast, slow []int) {
	for {
		if micro*p.graph.Tallest() >= fastRows || p.cfg.Exec.Micro > 0 {
			fast = append(fast, micro)
		}
		slow = append(slow, micro)
		if micro == 1 || p.cfg.Exec.Micro > 0 {
			return fast, slow
		}
		micro = (micro + 1) / 2
	}
}

// estimate fills in what a layout takes.
func (p *planner) estimate(x layout) (layout, error) {
	n, shards := max(p.cfg.Exec.Workers, 1), max(p.cfg.Shards, 1)
	x.recompute = p.cfg.Exec.Recompute
	x.arena = 0
	for rank := range n {
		o := shareOf(engine.Options{Rows: x.micro, Batch: p.size, Recompute: x.recompute, Memory: x.bound / int64(n)}, n, shards, rank)
		plan, err := p.cfg.Engine.Estimate(p.graph, o)
		if err != nil {
			return x, err
		}
		if rank == 0 {
			x.plan, x.micro = plan, plan.Rows
		}
		x.arena += plan.Bytes
	}
	return x, nil
}

// parts lists what a layout takes.
func (p *planner) parts(x layout) []MemoryPart {
	parts := append([]MemoryPart{{"data, code and runtime", p.base.now}}, p.others...)
	chunk := p.size
	if held := x.plan.Passes > 1 && !x.reread || p.cfg.Shards > 1 || p.cfg.Exec.Workers > 1; !held {
		chunk = min(chunk, x.micro)
	}
	name := "activations, gradients and sums"
	if x.plan.Kept > 0 {
		parts = append(parts, MemoryPart{fmt.Sprintf("kept of the whole batch for %d passes", x.plan.Passes), x.plan.Kept})
	}
	if n := p.cfg.Exec.Workers; n > 1 { // float64 sums: a total and copies of the parts for each
		_, params, _ := varBytes(p.graph)
		parts = append(parts, MemoryPart{"exchange between workers", 4 * int64(n) * params}, MemoryPart{"engines of workers", int64(n-1) * growth})
	}
	parts = append(parts, MemoryPart{name, x.arena - x.plan.Kept}, MemoryPart{"examples read ahead", dataset.LoaderBytes(p.cfg.Data, chunk)})
	if p.forward != nil {
		if plan, err := p.cfg.Engine.Estimate(p.forward, engine.Options{Rows: x.evalRows}); err == nil {
			parts = append(parts, MemoryPart{"evaluation", plan.Bytes + int64(x.evalRows)*dataset.RowBytes(p.cfg.Data)})
		}
	}
	if p.estimation != nil {
		o := engine.Options{Rows: x.micro, Batch: p.size, Recompute: x.recompute}
		if plan, err := p.cfg.Engine.Estimate(p.estimation, o); err == nil {
			parts = append(parts, MemoryPart{"estimating statistics at the end", plan.Bytes + int64(x.micro)*dataset.RowBytes(p.cfg.Data)})
		}
	}
	return append(parts, MemoryPart{"growth of the runtime", grown(x.arena, x.plan.VarBytes)})
}

func (p *planner) peak(x layout) int64 {
	sum := int64(0)
	for _, part := range p.parts(x) {
		sum += part.Bytes
	}
	return max(sum, p.base.peak)
}

func (p *planner) fits(x layout) bool { return p.limit == 0 || p.peak(x) <= p.usable() }

// usable is the limit less what a plan may be wrong by.
func (p *planner) usable() int64 { return p.limit - p.limit/32 }

// room returns what a limit leaves for the programs of all workers.
func (p *planner) room(x layout) int64 {
	x, err := p.estimate(x)
	if err != nil {
		return 0
	}
	return max(1, p.usable()-(p.peak(x)-x.arena))
}

func (p *planner) describe(x layout) MemoryPlan {
	return MemoryPlan{Peak: p.peak(x), Limit: p.limit, LimitBy: p.by, Parts: p.parts(x)}
}

// refuse says what the least limit is and what would lower it.
func (p *planner) refuse(from layout) error {
	least := p.least(from)
	peak := p.peak(least)
	text := fmt.Sprintf("train: a limit of %s (%s) is too little: this run takes at least %s", Bytes(p.limit), p.by, Bytes(roundUp(peak)))
	if p.base.peak > p.limit {
		return refuse("%s: reading the data took %s already", text, Bytes(p.base.peak))
	}
	parts := p.parts(least)
	slices.SortFunc(parts, func(a, b MemoryPart) int { return int(b.Bytes>>10 - a.Bytes>>10) })
	text += "; most of it: "
	for i, part := range parts[:min(3, len(parts))] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %s", part.Name, Bytes(part.Bytes))
	}
	return refuse("%s (%s)", text, p.advice(from, least))
}

// least is the layout that takes least: of what the configuration leaves open.
func (p *planner) least(from layout) layout {
	x := layout{micro: 1, evalRows: 1, reread: from.plan.Passes > 1 && p.cfg.Shards <= 1 && p.cfg.Exec.Workers <= 1, bound: 1}
	if p.cfg.Exec.Micro > 0 {
		x.micro, x.evalRows = from.micro, min(from.evalRows, from.micro)
	}
	x, _ = p.estimate(x)
	return x
}

// advice says what would take less.
func (p *planner) advice(from, least layout) string {
	switch {
	case p.cfg.Exec.Micro > 1:
		return fmt.Sprintf("leave exec.micro, which is %d, open", p.cfg.Exec.Micro)
	case p.cfg.Exec.Recompute == engine.RecomputeNever && from.plan.Passes > 1:
		if n := p.largest(); n > 0 {
			return fmt.Sprintf("leave exec.recompute, which is never, open, use groups in batch norm, or a batch of at most %d", n)
		}
		return "leave exec.recompute, which is never, open, or use groups in batch norm"
	case p.cfg.Exec.Workers > 1:
		return fmt.Sprintf("use fewer than %d workers, a smaller batch, a smaller model or less data", p.cfg.Exec.Workers)
	case p.cfg.Shards > 1:
		return "a smaller batch, or one that is not divided into shards and so need not be held as a whole, a smaller model or less data would take less"
	}
	return "a smaller model, an optimizer with less state or less data would take less"
}

// largest is the largest batch that fits with the recomputation asked for.
func (p *planner) largest() int {
	return largest(p.size, func(size int) bool {
		q := p.sized(size)
		x, err := q.estimate(layout{micro: 1, evalRows: 1})
		return err == nil && q.fits(x)
	})
}

// sized is the planner for batches of another size.
func (p *planner) sized(size int) *planner {
	q := *p
	q.size = size
	return &q
}

// largest returns the largest number up to n that fits, 0 if none does; what is
// smaller than a number that fits is taken to fit.
func largest(n int, fits func(int) bool) int {
	return sort.Search(n, func(i int) bool { return !fits(i + 1) })
}

// roundUp gives a limit that is sure to do: what is resident differs a little
// from process to process.
func roundUp(n int64) int64 { return ((n+n/31)/(1<<20) + 2) << 20 }

// tuneBudget is about the longest that tune may take.
const tuneBudget = time.Second

// tune measures micro-batches of several sizes on the first examples, where
// batches are long enough for that to matter, and takes the smallest that is
// within 5 % of the fastest, unless that would take long. Where examples have
// several rows the plan stays as it is: more rows are a little faster, always.
// What is measured has neither reading nor the update in it, and examples that are
// in the caches: a run is slower. Nothing is committed.
func (l *loop) tune() {
	size := l.plan.Size
	if l.cfg.Exec.Micro > 0 || size <= batch.AutoMicro || l.graph.Tallest() > 1 || !l.crew.single() || l.plan.Micro < 2*fastRows {
		return
	}
	rows := l.plan.Micro
	fields := dataset.NewBuffers(l.cfg.Data.Fields(), rows)
	indices := make([]int, rows)
	for i := range indices {
		indices[i] = i
	}
	if err := gather(l.cfg.Data, fields, indices); err != nil {
		return // it will be told when it is due
	}
	if l.checks.check(fields, indices) != nil {
		return
	}
	w := l.crew.workers[0]
	l.update.Scalars(l.graph, l.scalars, l.progress(0))
	type timing struct {
		micro int
		each  time.Duration // of a thousand examples
	}
	var all []timing
	for micro := rows; micro >= fastRows && micro%w.prog.Plan().Group == 0; micro /= 2 {
		all = append(all, timing{micro, 1 << 62})
	}
	const rounds = 4
	probe := min(4, rows)
	for range 2 { // the first touches the memory
		begin := time.Now()
		if w.run(context.Background(), l.crew, 0, l.scalars, fields, probe) != nil {
			return
		}
		if cost := time.Since(begin) / time.Duration(probe) * time.Duration(rows*rounds*len(all)); cost > tuneBudget {
			return
		}
	}
	for range rounds { // in turn: what disturbs one disturbs all
		for i := range all {
			t := &all[i]
			w.micro = t.micro
			n, begin := rows/t.micro*t.micro, time.Now()
			if err := w.run(context.Background(), l.crew, 0, l.scalars, fields, n); err != nil {
				w.micro = rows
				return
			}
			t.each = min(t.each, time.Since(begin)*1000/time.Duration(n))
		}
	}
	w.micro = rows
	fastest := slices.MinFunc(all, func(a, b timing) int { return int(a.each - b.each) })
	for _, t := range slices.Backward(all) {
		if t.each <= fastest.each*105/100 {
			w.micro, l.plan.Micro = t.micro, t.micro
			l.plan.Reason = fmt.Sprintf("forward and backward alone: %.3g examples/s; %.3g at %d", 1e12/float64(t.each), 1e12/float64(all[0].each), all[0].micro)
			break
		}
	}
}
