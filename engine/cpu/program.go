package cpu

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
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
	stages  [5][]step // by compile.Stage
	inputs  []input   // by index of graph.Inputs
	scalars []float32 // by index of graph.Scalars
	checks  []ref
	outputs map[string]*output
	copies  [2][]*output // those that need a copy: per-update, per-example

	first uint64 // stream position of the batch's first example
	done  int    // examples of the batch already run
	rows  int    // of the current micro-batch

	// The region that runs: exactly one of these kinds at a time.
	mode  regionMode
	steps []step // of a rows or reduce region
	block int    // rows of a block
	cuts  []cut  // of a reduce region
	leaf  int    // examples of the smallest leaf of a sum

	pieces      []*piece // of the sums of squares
	squaresIn   compile.Stage
	squaresCost float64

	cutHomes, pieceHomes []int // bounds of the workers' shares

	rowsCost, sumsCost float64 // of the rows and reduce stages, for one example
}

// input is one per-example input of the current micro-batch.
type input struct {
	f32 []float32
	i32 []int32
	per int // elements of one example
}

// output is a named result.
type output struct {
	tensor *tensor.Tensor
	from   ref // to copy from, if the value is not in the arena
	copies bool
}

var _ engine.Program = (*program)(nil)

func newProgram(e *Engine, v *vars, plan *compile.Plan, o engine.Options) (*program, error) {
	p := &program{eng: e, vars: v, plan: plan, opts: o, outputs: map[string]*output{}}
	p.opts.Batch = max(o.Batch, o.Rows)
	var err error
	if p.arena, err = newMemory("the activations and gradients", plan.RowBytes+plan.FixedBytes); err != nil {
		return nil, err
	}
	p.inputs = make([]input, len(plan.Graph.Inputs))
	for i, n := range plan.Graph.Inputs {
		p.inputs[i].per = n.Shape.Size()
	}
	p.scalars = make([]float32, len(plan.Graph.Scalars))
	if err := p.bind(); err != nil {
		return nil, err
	}
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

// Begin implements engine.Program.
func (p *program) Begin(first uint64, scalars []float64) {
	if len(scalars) != len(p.scalars) {
		panic(fmt.Sprintf("engine/cpu: %d scalars, want %d", len(scalars), len(p.scalars)))
	}
	p.first, p.done, p.rows = first, 0, 0
	for i, v := range scalars {
		p.scalars[i] = float32(v)
	}
	p.once(compile.Prologue)
}

// Micro implements engine.Program.
func (p *program) Micro(in []*tensor.Tensor, row, rows int) {
	if rows < 1 || rows > p.opts.Rows || p.done+rows > p.opts.Batch || len(in) != len(p.inputs) {
		panic(fmt.Sprintf("engine/cpu: %d rows after %d and %d inputs, planned for %d of %d and %d",
			rows, p.done, len(in), p.opts.Rows, p.opts.Batch, len(p.inputs)))
	}
	for i := range p.inputs {
		p.inputs[i].set(in[i], row, rows)
	}
	p.rows = rows
	p.runRows()
	p.runReduce()
	p.done += rows
	p.copyOutputs(1)
}

func (in *input) set(t *tensor.Tensor, row, rows int) {
	from, to := row*in.per, (row+rows)*in.per
	if d := t.F32(); d != nil {
		in.f32 = d[from:to]
		return
	}
	in.i32 = t.I32()[from:to]
}

// Finish implements engine.Program.
func (p *program) Finish() bool {
	p.finishSums()
	p.once(compile.Epilogue)
	p.copyOutputs(0)
	for i := range p.checks {
		if v := p.checks[i].f64[0]; math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Commit implements engine.Program.
func (p *program) Commit() { p.once(compile.Commit) }

// Passes implements engine.Program.
func (p *program) Passes() int { return 1 }

// EndShard implements engine.Program.
func (p *program) EndShard(int) {}

// Parts implements engine.Program.
func (p *program) Parts() []collective.Part { return nil }

// Adopt implements engine.Program.
func (p *program) Adopt([]float64) {}

// EndPass implements engine.Program.
func (p *program) EndPass() {}

// Output implements engine.Program.
func (p *program) Output(name string) *tensor.Tensor {
	if o := p.outputs[name]; o != nil {
		return o.tensor
	}
	return nil
}

// newOutput makes the tensor of an output: a view of the arena or of a
// variable, or, for a value that the caller owns, a copy.
func (p *program) newOutput(n *graph.Node) *output {
	root := p.plan.Root(n)
	shape := tensor.Shape(n.Shape.Inner())
	if n.PerExample() {
		shape = append(tensor.Shape{p.opts.Rows}, shape...)
	}
	o := &output{from: p.ref(root)}
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
