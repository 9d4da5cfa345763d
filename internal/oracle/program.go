package oracle

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Program executes a graph node by node. Values are never changed once
// computed, except the totals of sums over examples, which grow with each
// micro-batch.
type Program struct {
	g       *graph.Graph
	vars    *Vars
	o       engine.Options
	f32     bool    // round
	values  []Array // by node
	inputs  map[*graph.Node]int
	scalars map[*graph.Node]int
	given   []float64
	first   uint64 // stream position of the batch
	pass    int    // over the batch, from 0
	done    int    // examples of the pass so far
	shard   int    // that ends next
	tree    collective.Tree
	outputs []*tensor.Tensor

	watching bool
	watched  []bool                // by node: what only watched outputs need
	pieces   map[*graph.Node]Array // of the nodes of op part: the sums at the mark
	marks    collective.Tree       // likewise where there are shards
}

func newProgram(g *graph.Graph, vars *Vars, o engine.Options, f32 bool) *Program {
	group := groupOf(g)
	o.Rows = (o.Rows + group - 1) / group * group
	p := &Program{g: g, vars: vars, o: o, f32: f32, values: make([]Array, len(g.Nodes)), inputs: index(g.Inputs), scalars: index(g.Scalars), watched: g.WatchedOnly(), pieces: map[*graph.Node]Array{}}
	for _, out := range g.Outputs {
		dims := slices.Clone(out.Node.Shape.Dims)
		switch out.Node.Shape.Lead() {
		case graph.Batch:
			dims[0] = o.Rows
		case graph.Touched:
			dims[0] = out.Node.MostTouched(max(o.Batch, o.Rows))
		}
		p.outputs = append(p.outputs, tensor.New(out.Node.Shape.DType, dims...))
	}
	return p
}

func index(nodes []*graph.Node) map[*graph.Node]int {
	m := map[*graph.Node]int{}
	for i, n := range nodes {
		m[n] = i
	}
	return m
}

// groupOf returns the least number of rows that is whole groups of everything.
func groupOf(g *graph.Graph) int {
	group := 1
	for _, n := range g.Nodes {
		for size, k := n.GroupSize(), group; group%size != 0; {
			group += k
		}
	}
	return group
}

// crossing reports whether n sums over the examples of the batch.
func crossing(n *graph.Node) bool { return n.Op.Class == graph.Examples && n.In[0].PerExample() }

// passOf returns the pass over the batch of a sum over examples.
func passOf(n *graph.Node) int { return n.Phase - 1 }

// Begin implements engine.Program: it computes what depends on no example.
func (p *Program) Begin(first uint64, scalars []float64) {
	if len(scalars) != len(p.g.Scalars) {
		panic(fmt.Sprintf("oracle: %d scalars, want %d", len(scalars), len(p.g.Scalars)))
	}
	p.first, p.done, p.pass, p.given = first, 0, 0, slices.Clone(scalars)
	p.shard = p.o.First
	p.tree.Reset()
	p.marks.Reset()
	clear(p.pieces)
	for _, n := range p.g.Nodes {
		switch {
		case !p.runs(n):
		case crossing(n):
			p.values[n.ID] = zeros(n, 0)
		case !n.PerExample() && n.Phase == 0:
			p.eval(n, 0)
		}
	}
}

// Micro implements engine.Program. An f64 tensor may stand for an f32 input.
// What earlier passes computed of these examples is computed again.
func (p *Program) Micro(in []*tensor.Tensor, row, rows int) {
	if rows < 1 || rows > p.o.Rows || len(in) != len(p.g.Inputs) {
		panic(fmt.Sprintf("oracle: %d rows of %d inputs, want at most %d of %d", rows, len(in), p.o.Rows, len(p.g.Inputs)))
	}
	for _, n := range p.g.Nodes {
		switch i, isInput := p.inputs[n]; {
		case isInput:
			size := n.Shape.Size()
			a := zeros(n, rows)
			copy(a.Data, float64s(in[i])[row*size:(row+rows)*size])
			p.values[n.ID] = a
		case !p.runs(n):
		case crossing(n):
			if passOf(n) == p.pass {
				c := p.call(n, p.values[n.ID])
				c.run()
				p.values[n.ID] = c.out
			}
		case n.PerExample() && n.Phase <= p.pass:
			p.eval(n, rows)
		}
	}
	p.done += rows
	if p.pass == p.Passes()-1 {
		p.publish(true)
	}
}

// Passes implements engine.Program.
func (p *Program) Passes() int {
	last := 0
	for _, n := range p.g.Nodes {
		if n.PerExample() {
			last = max(last, n.Phase)
		} else if crossing(n) {
			last = max(last, passOf(n))
		}
	}
	return last + 1
}

// EndPass implements engine.Program.
func (p *Program) EndPass() {
	p.endShards()
	p.endMarks()
	p.marks.Reset()
	p.pass, p.done = p.pass+1, 0
	for _, n := range p.g.Nodes {
		switch {
		case n.PerExample() || n.Phase != p.pass || !p.runs(n):
		case n.Op.Name == "part":
			p.endFirst(n)
		case crossing(n):
			p.round(n)
		default:
			p.eval(n, 0)
		}
	}
}

// Finish implements engine.Program.
func (p *Program) Finish() bool {
	for last := p.Passes(); p.pass < last; {
		p.EndPass()
	}
	p.publish(false)
	return !slices.ContainsFunc(p.g.Checks, func(n *graph.Node) bool {
		x := p.values[n.ID].Data[0]
		return math.IsNaN(x) || math.IsInf(x, 0)
	})
}

// Commit implements engine.Program. The values were all computed before.
func (p *Program) Commit() {
	next := make([][]float64, len(p.g.Assigns))
	for i, a := range p.g.Assigns {
		next[i] = p.assign(a)
	}
	for i, a := range p.g.Assigns {
		p.vars.data[a.Var.Attr.Name] = next[i]
	}
}

func (p *Program) eval(n *graph.Node, rows int) {
	if n.Rows != nil {
		rows = p.values[n.Rows.ID].Dims[0]
	}
	a := zeros(n, rows)
	switch n.Op.Name {
	case "var":
		a.Data = p.vars.data[n.Attr.Name]
	case "scalar":
		a.Data[0] = p.given[p.scalars[n]]
	case "const":
		a.Data[0] = n.Attr.Float
	default:
		p.call(n, a).run()
	}
	p.values[n.ID] = a
	p.round(n)
}

// round is the end of the computation of n.
func (p *Program) round(n *graph.Node) {
	if p.f32 && n.Shape.DType == tensor.F32 && n.Op.Name != "var" {
		for i, x := range p.values[n.ID].Data {
			p.values[n.ID].Data[i] = float64(float32(x))
		}
	}
}

func (p *Program) call(n *graph.Node, out Array) *call {
	c := &call{n: n, out: out, seed: p.o.Seed, first: p.first + uint64(p.done)}
	for _, x := range n.In {
		c.in = append(c.in, p.values[x.ID])
	}
	return c
}

// publish copies the outputs of one half to their tensors.
func (p *Program) publish(perExample bool) {
	for i, o := range p.g.Outputs {
		if o.Node.PerExample() == perExample && (p.watching || !o.Watched) {
			fill(p.outputs[i], p.values[o.Node.ID].Data)
		}
	}
}

// Output implements engine.Program.
func (p *Program) Output(name string) *tensor.Tensor {
	for i, o := range p.g.Outputs {
		if o.Name == name {
			return p.outputs[i]
		}
	}
	return nil
}

// OutputRows implements engine.Program.
func (p *Program) OutputRows(name string) int {
	n := p.g.Output(name)
	if n == nil || n.Shape.Lead() == 0 || len(p.values[n.ID].Dims) == 0 {
		return 0
	}
	return p.values[n.ID].Dims[0]
}

// OutputF64 returns an output unrounded, of the rows of the last Micro; nil
// for an unknown name. The caller must not change it.
func (p *Program) OutputF64(name string) []float64 {
	n := p.g.Output(name)
	if n == nil {
		return nil
	}
	return p.values[n.ID].Data
}

// Plan implements engine.Program: one kernel for each node.
func (p *Program) Plan() engine.Plan {
	plan := engine.Plan{Rows: p.o.Rows, Passes: p.Passes(), Group: groupOf(p.g)}
	for _, n := range p.g.Nodes {
		example, fixed := n.Bytes()
		k := engine.Kernel{Stage: stage(n), Name: n.Op.Name, Shape: n.Shape.String(), FLOPs: n.FLOPs(), Bytes: example, Fixed: fixed, Watched: p.watched[n.ID]}
		plan.Kernels = append(plan.Kernels, k)
		if n.Op.Name == "part" {
			plan.Marked += int64(n.Shape.Size() * n.Shape.DType.Size())
		}
		if k.Watched {
			continue
		}
		if k.Stage == "body" {
			plan.FLOPs += k.FLOPs
		} else {
			plan.Update += k.FLOPs
		}
	}
	for _, v := range p.g.Vars {
		plan.VarBytes += int64(v.Shape.Size()) * 8
	}
	return plan
}

func stage(n *graph.Node) string {
	switch {
	case n.PerExample() || crossing(n):
		return "body"
	case n.Phase > 0:
		return "epilogue"
	}
	return "prologue"
}
