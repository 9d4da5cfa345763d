package cpu

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/tensor"
)

// program is a plan bound to memory: a flat list of prepared calls for each
// stage.
type program struct {
	eng     *Engine
	vars    *vars
	plan    *compile.Plan
	opts    engine.Options
	arena   memory
	once    [3][]step // prologue, epilogue, commit
	passes  []pass
	windows []window  // the graph's inputs, then what outlives a pass
	scalars []float32 // by index of graph.Scalars
	checks  []ref
	outputs map[string]*output
	tallest int // rows of an example
	touched map[*graph.Node]*touched
	convs   map[kernel.ConvSize]*kernel.Conv
	copies  [2][]*output // those that need a copy: per-update, per-example

	first  uint64 // stream position of the batch's first example
	now    int    // the pass that runs
	before int    // examples of the shards before the current one, in this pass
	done   int    // examples of the current shard already run
	rows   int    // of the current micro-batch
	shards shards

	// The region that runs: exactly one of these kinds at a time.
	mode  regionMode
	steps []step // of a rows or reduce region
	block int    // rows of a block
	pass  *pass  // of a rows or reduce region

	pieces      []*piece // of the sums of squares
	squaresIn   compile.Stage
	squaresCost float64
	pieceHomes  []int // bounds of the workers' shares

	watching bool // the update is watched
	marked   bool // the first piece of the current pass has ended, with an example
	sums     map[*graph.Node]*sum
}

// pass is what is done for each micro-batch in one pass over the batch, and
// once behind them.
type pass struct {
	rows, touch, reduce, barrier []step

	cuts     []cut // of the sums
	cutHomes []int // bounds of the workers' shares
	leaf     int   // examples of the smallest leaf of a sum
	slab     []float64
	marked   float64 // estimated nanoseconds of a Mark; 0 if it has nothing to do

	rowsCost, sumsCost float64 // for one example

	most  int // examples of a block
	strip int // examples that go through rows and sums at once; 0: the micro-batch
}

// window is the rows of the current micro-batch in a value of more rows: an
// input, or what is kept of the whole batch.
type window struct {
	f32 []float32
	i32 []int32
	per int // elements of one example

	all ref // of what is kept: the value for the whole batch
}

// output is a named result.
type output struct {
	tensor *tensor.Tensor
	from   ref // to copy from, if the value is not in the arena
	copies bool

	perExample bool
	touched    *touched
}

var _ engine.Program = (*program)(nil)

func newProgram(e *Engine, v *vars, plan *compile.Plan, o engine.Options) (*program, error) {
	p := &program{eng: e, vars: v, plan: plan, opts: o, outputs: map[string]*output{}, sums: map[*graph.Node]*sum{}, convs: map[kernel.ConvSize]*kernel.Conv{}, tallest: plan.Graph.Tallest(), passes: make([]pass, plan.Passes)}
	var err error
	if p.arena, err = newMemory("the activations and gradients", plan.Bytes()); err != nil {
		return nil, err
	}
	p.openWindows()
	p.scalars = make([]float32, len(plan.Graph.Scalars))
	p.openTouched()
	p.shards.open(p)
	if err := p.bind(); err != nil {
		return nil, err
	}
	p.shards.bindSums(p)
	p.sizeBlocks()
	for _, c := range plan.Graph.Checks {
		p.checks = append(p.checks, p.ref(plan.Root(c)))
	}
	for _, out := range plan.Graph.Outputs {
		o := p.newOutput(out.Node)
		p.outputs[out.Name] = o
		if o.copies {
			i := 0
			if out.Node.PerExample() {
				i = 1
			}
			p.copies[i] = append(p.copies[i], o)
		}
	}
	return p, nil
}

// openWindows makes a window for each input and each value that is kept.
func (p *program) openWindows() {
	inputs := p.plan.Graph.Inputs
	p.windows = make([]window, len(inputs)+p.plan.Kept)
	for i, n := range inputs {
		p.windows[i].per = n.Shape.Size()
	}
	for n, b := range p.plan.Buffers {
		if b.Space == compile.InKept {
			size := n.Shape.Size()
			p.windows[len(inputs)+b.Index] = window{per: size, all: p.memory(n, p.plan.RowBytes+b.Offset, size*p.opts.Batch)}
		}
	}
}

// Begin implements engine.Program.
func (p *program) Begin(first uint64, scalars []float64) {
	if len(scalars) != len(p.scalars) {
		panic(fmt.Sprintf("engine/cpu: %d scalars, want %d", len(scalars), len(p.scalars)))
	}
	p.first, p.rows = first, 0
	for i, v := range scalars {
		p.scalars[i] = float32(v)
	}
	p.runOnce(compile.Prologue, p.once[0])
	p.startPass(0)
}

func (p *program) startPass(i int) {
	p.now, p.before, p.done, p.marked = i, 0, 0, false
	p.resetTouched()
	p.shards.reset(p.opts.First)
}

// Micro implements engine.Program.
func (p *program) Micro(in []*tensor.Tensor, row, rows int) {
	if at := p.before + p.done; rows < 1 || rows > p.opts.Rows || at+rows > p.opts.Batch || len(in) != len(p.plan.Graph.Inputs) || p.done%p.plan.Group != 0 {
		panic(fmt.Sprintf("engine/cpu: %d rows after %d and %d inputs, planned for %d of %d in groups of %d, and %d",
			rows, at, len(in), p.opts.Rows, p.opts.Batch, p.plan.Group, len(p.plan.Graph.Inputs)))
	}
	strip := p.passes[p.now].strip
	if strip == 0 {
		strip = rows
	}
	for at := 0; at < rows; at += strip {
		p.runStrip(in, row+at, min(strip, rows-at))
	}
	if p.now == len(p.passes)-1 {
		p.copyOutputs(1)
	}
}

// runStrip runs rows of the micro-batch through the current pass. It is a micro-batch of
// its own, but that no caller sees it.
func (p *program) runStrip(in []*tensor.Tensor, row, rows int) {
	for i := range in {
		p.windows[i].set(in[i].F32(), in[i].I32(), row, rows)
	}
	for i := len(in); i < len(p.windows); i++ {
		w := &p.windows[i]
		w.set(w.all.f32, w.all.i32, p.before+p.done, rows)
	}
	p.rows = rows
	p.runRows()
	p.runTouch()
	p.runReduce()
	p.done += rows
}

func (w *window) set(f32 []float32, i32 []int32, row, rows int) {
	from, to := row*w.per, (row+rows)*w.per
	if f32 != nil {
		w.f32 = f32[from:to]
		return
	}
	w.i32 = i32[from:to]
}

// Passes implements engine.Program.
func (p *program) Passes() int { return len(p.passes) }

// EndPass implements engine.Program.
func (p *program) EndPass() {
	p.finishSums()
	p.runOnce(compile.Barrier, p.passes[p.now].barrier)
	p.startPass(p.now + 1)
}

// Finish implements engine.Program.
func (p *program) Finish() bool {
	if p.now < len(p.passes) {
		p.EndPass()
	}
	p.runOnce(compile.Epilogue, p.once[1])
	p.copyOutputs(0)
	for i := range p.checks {
		if v := p.checks[i].f64[0]; math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Commit implements engine.Program.
func (p *program) Commit() { p.runOnce(compile.Commit, p.once[2]) }

// Output implements engine.Program.
func (p *program) Output(name string) *tensor.Tensor {
	if o := p.outputs[name]; o != nil {
		return o.tensor
	}
	return nil
}

// OutputRows implements engine.Program.
func (p *program) OutputRows(name string) int {
	o := p.outputs[name]
	switch {
	case o == nil:
	case o.perExample:
		return p.rows
	case o.touched != nil:
		return o.touched.n()
	}
	return 0
}

// newOutput makes the tensor of an output: a view of the arena or of a
// variable, or, for a value that the caller owns, a copy.
func (p *program) newOutput(n *graph.Node) *output {
	root := p.plan.Root(n)
	shape := tensor.Shape(n.Shape.Inner())
	if n.PerExample() {
		shape = append(tensor.Shape{p.opts.Rows}, shape...)
	}
	o := &output{from: p.ref(root), perExample: n.PerExample(), touched: p.touched[n.Rows]}
	if o.touched != nil {
		shape = append(tensor.Shape{len(o.touched.rows)}, shape...)
	}
	switch p.plan.Buffers[root].Space {
	case compile.InRows, compile.InFixed, compile.InVars:
		switch n.Shape.DType {
		case tensor.F64:
			o.tensor = tensor.Of(o.from.f64, shape...)
		case tensor.I32:
			o.tensor = tensor.Of(o.from.i32, shape...)
		default:
			o.tensor = tensor.Of(o.from.f32, shape...)
		}
		if len(shape) == 0 {
			o.tensor, _ = o.tensor.Reshape()
		}
	default:
		o.tensor, o.copies = tensor.New(n.Shape.DType, shape...), true
	}
	return o
}

// copyOutputs copies the outputs of one half that the caller owns.
func (p *program) copyOutputs(half int) {
	for _, o := range p.copies[half] {
		copy(o.tensor.F32(), p.f32(&o.from))
		copy(o.tensor.I32(), p.i32(&o.from))
		copy(o.tensor.F64(), o.from.f64)
	}
}
