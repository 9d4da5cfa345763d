// Package compile turns a graph into an ordered list of units, each one kernel
// call's worth of nodes, with a place in memory for every value.
//
// A plan has eight stages. The first is run once, before all updates; an update
// runs the others in this order:
//
//	once       per-update values that depend on nothing; before the first update
//	prologue   per-update values that do not depend on the batch; once
//	for each pass over the batch:
//	  rows     per-example values; for each micro-batch
//	  touch    the rows of sparse parameters that examples name; for each micro-batch
//	  reduce   sums over examples; for each micro-batch
//	  barrier  per-update values that later passes need; once
//	epilogue   per-update values that outputs and checks need; once
//	commit     per-update values that only assignments need; once, if checks pass
//
// A graph without barriers has one pass. No unit of the rows stage looks at
// another example's row (graph forbids it) or, where examples are taken in
// groups, at another group's, so an engine may cut the stage into blocks of
// rows and run a whole block through all its units: on another thread, or to
// stay in a nearer cache.
//
// A value that a later pass reads is kept for the whole batch, or computed
// again in that pass: see recompute.go.
//
// Every pass preserves bits: fusion and order move where values are kept, never
// how they are computed.
package compile

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// Stage is a part of an update.
type Stage uint8

const (
	Once Stage = iota
	Prologue
	Rows
	Touch
	Reduce
	Barrier
	Epilogue
	Commit
	numStages
)

var stageNames = [...]string{"once", "prologue", "rows", "touch", "reduce", "barrier", "epilogue", "commit"}

func (s Stage) String() string { return stageNames[s] }

// Kind says how a unit is executed.
type Kind uint8

const (
	Single Kind = iota // one node, one kernel
	Vector             // a fused chain of element-wise nodes
	Scalar             // a per-update number, computed on the spot
	Pair               // two nodes that share most of their work: see pairs
	Copy               // a value into the variable it is assigned to
	Fill               // a constant for every example, written once for all updates
)

// Unit is what an engine executes as one call.
type Unit struct {
	Kind  Kind
	Stage Stage
	Pass  int           // of a unit of rows, touch, reduce or barrier
	Nodes []*graph.Node // what it computes, in order
	Vec   *Vec          // of a Vector unit

	Watched bool // it runs in watched updates alone
}

// Plan is a compiled graph.
type Plan struct {
	Graph   *graph.Graph
	Units   []Unit // by stage, then in order
	Buffers map[*graph.Node]*Buffer
	Layout  *Layout // of the variables
	Passes  int     // over the batch
	Group   int     // rows of a micro-batch are a multiple of it
	Kept    int     // how many values outlive a pass
	Slabs   []Slab  // by pass: the float64 totals of its sums
	Touched map[*graph.Node]*Touched

	// Bytes of the arena: for the values of a micro-batch, for those of the
	// whole batch that outlive a pass, and for what does not depend on either.
	RowBytes, KeptBytes, FixedBytes int64

	Spare int64 // offset, behind FixedBytes' start, of Slots slabs of the largest size
	Slots int   // Options.Slots; twice as many where first pieces of batches are asked for

	Again Again // what is computed more than once

	state *state
}

// pass is one step of compilation and the reason for it.
type pass struct {
	name, reason string
	run          func(*state)
}

var passes = []pass{
	{"recompute", "what outlives a pass is kept or computed again, as memory allows", (*state).recompute},
	{"alias", "a reshape or a barrier is another name for the same memory", (*state).alias},
	{"live", "what no output, check or assignment needs is not computed", (*state).live},
	{"stage", "each value is computed once per update if it can, else once per micro-batch", (*state).stage},
	{"absorb", "a broadcast that element-wise consumers can read in place is not written", (*state).absorb},
	{"fuse", "chains of element-wise nodes run tile by tile in L1", (*state).fuse},
	{"order", "units in dependency order, by stage", (*state).order},
	{"place", "liveness to offsets in one arena", (*state).place},
}

// state is what passes share.
type state struct {
	g *graph.Graph
	o Options

	root     []*graph.Node // by node ID: the node whose memory holds the value
	liveNode []bool
	stageOf  []Stage
	passOf   []int
	users    [][]*graph.Node     // by ID of the root: the live nodes that read it
	watched  []bool              // by ID: what only watched outputs need
	virtual  []bool              // broadcasts that are read in place
	cluster  []int               // by node ID: the ID of the cluster's representative
	vecs     map[int]*Vec        // by representative
	paired   map[int]*graph.Node // by representative: the second node of a pair
	keep     map[int]bool        // of the graph before recompute, by ID: what may be kept; nil: all
	cheap    map[int]bool        // likewise: what is computed again at no cost
	plan     *Plan
	err      error
}

// Options are the sizes that a plan is made for.
type Options struct {
	Rows   int  // largest micro-batch
	Batch  int  // most examples of a batch, to know which sums need more than one leaf
	Whole  int  // likewise with what others carry of it, to know how many rows are touched; at least Batch
	Shards bool // the batch is divided: every sum has a float64 total
	Slots  int  // how many slabs of totals the shards need beside the sums' own
	Keep   Keep
	Memory int64 // bound on the arena for KeepAuto; 0 is none
}

// Compile plans g.
func Compile(g *graph.Graph, layout *Layout, o Options) (*Plan, error) {
	if o.Rows < 1 || o.Batch < 1 {
		return nil, fmt.Errorf("compile: micro-batch of %d out of a batch of %d, want at least 1", o.Rows, o.Batch)
	}
	group := groupOf(g)
	o.Rows = (o.Rows + group - 1) / group * group
	o.Batch = max(o.Batch, o.Rows)
	o.Whole = max(o.Whole, o.Batch)
	if passesOf(g) == 1 || o.Keep != KeepAuto || o.Memory == 0 {
		return compileKeeping(g, layout, o, nil, nil)
	}
	return fit(g, layout, o)
}

// compileKeeping runs the passes of compilation. keep lists, by ID, the values
// that may outlive a pass, nil to choose; cheap those whose second computation costs
// nothing.
func compileKeeping(g *graph.Graph, layout *Layout, o Options, keep, cheap map[int]bool) (*Plan, error) {
	s := &state{g: g, o: o, vecs: map[int]*Vec{}, keep: keep, cheap: cheap}
	s.plan = &Plan{Buffers: map[*graph.Node]*Buffer{}, Layout: layout, Passes: passesOf(g), Group: groupOf(g), state: s}
	for _, p := range passes {
		p.run(s)
		if s.err != nil {
			return nil, fmt.Errorf("compile: %s: %w", p.name, s.err)
		}
	}
	s.plan.Graph = s.g
	return s.plan, nil
}

// groupOf returns the least number of rows that is whole groups of every
// operation that works in groups of examples.
func groupOf(g *graph.Graph) int {
	all := 1
	for _, n := range g.Nodes {
		if size := n.GroupSize(); size > 1 {
			all = all / gcd(all, size) * size
		}
	}
	return all
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// Rows returns the largest micro-batch of the plan: what was asked for in whole
// groups.
func (p *Plan) Rows() int { return p.state.o.Rows }

// Root returns the node whose memory holds the value of n: n itself, unless n
// is a reshape.
func (p *Plan) Root(n *graph.Node) *graph.Node { return p.state.root[n.ID] }

// alias finds the root of every node.
func (s *state) alias() {
	s.root = make([]*graph.Node, len(s.g.Nodes))
	for i, n := range s.g.Nodes {
		s.root[i] = n
		switch n.Op.Name {
		case "reshape", "barrier", "custom":
			s.root[i] = s.root[n.In[0].ID]
		}
	}
}

// operands returns the roots of what n reads.
func (s *state) operands(n *graph.Node) []*graph.Node {
	in := make([]*graph.Node, len(n.In))
	for i, x := range n.In {
		in[i] = s.root[x.ID]
	}
	return in
}

// live marks what the results need, and lists who reads each value.
func (s *state) live() {
	s.watched = s.g.WatchedOnly()
	s.liveNode = make([]bool, len(s.g.Nodes))
	s.users = make([][]*graph.Node, len(s.g.Nodes))
	for _, r := range s.results() {
		s.liveNode[r.ID] = true
	}
	for i := len(s.g.Nodes) - 1; i >= 0; i-- {
		if !s.liveNode[i] || s.root[i].ID != i {
			continue
		}
		for _, x := range s.operands(s.g.Nodes[i]) {
			s.liveNode[x.ID] = true
			s.users[x.ID] = append(s.users[x.ID], s.g.Nodes[i])
		}
	}
}

// results returns the roots of all outputs, checks and assigned values.
func (s *state) results() []*graph.Node {
	r := s.needed()
	for _, a := range s.g.Assigns {
		r = append(r, s.root[a.Value.ID])
	}
	return r
}

// needed returns the roots of outputs and checks.
func (s *state) needed() []*graph.Node {
	var r []*graph.Node
	for _, o := range s.g.Outputs {
		r = append(r, s.root[o.Node.ID])
	}
	for _, c := range s.g.Checks {
		r = append(r, s.root[c.ID])
	}
	return r
}

// stage sorts the nodes into stages and passes. What only assignments need is
// left to the commit, after every check.
func (s *state) stage() {
	s.stageOf, s.passOf = make([]Stage, len(s.g.Nodes)), make([]int, len(s.g.Nodes))
	constant := constants(s.g)
	early := make([]bool, len(s.g.Nodes))  // needed before the commit
	shared := make([]bool, len(s.g.Nodes)) // needed by examples
	for _, r := range s.needed() {
		early[r.ID] = true
	}
	for i := len(s.g.Nodes) - 1; i >= 0; i-- {
		n := s.g.Nodes[i]
		s.stageOf[i], s.passOf[i] = stageOf(n, early[i], shared[i])
		if s.stageOf[i] == Prologue && constant[i] {
			s.stageOf[i] = Once
		}
		if !s.liveNode[i] || s.stageOf[i] == Commit {
			continue
		}
		for _, x := range s.operands(n) {
			early[x.ID] = true
			shared[x.ID] = shared[x.ID] || shared[i] || s.stageOf[i] >= Rows && s.stageOf[i] <= Reduce
		}
	}
}

// constants marks the per-update values that depend on constants alone.
func constants(g *graph.Graph) []bool {
	constant := make([]bool, len(g.Nodes))
	for i, n := range g.Nodes {
		constant[i] = !n.PerExample() && (n.Op.Class != graph.Leaf || n.Op.Name == "const") &&
			!slices.ContainsFunc(n.In, func(x *graph.Node) bool { return !constant[x.ID] })
	}
	return constant
}

// stageOf returns the stage and the pass of a node that is needed before the
// commit or not, and by examples or not.
func stageOf(n *graph.Node, early, shared bool) (Stage, int) {
	switch {
	case n.PerExample():
		return Rows, n.Phase
	case touchedRows(n):
		return Touch, n.Phase - 1
	case crossing(n):
		return Reduce, n.Phase - 1
	case isPart(n): // behind its pass, whose marks then go
		return Barrier, n.Phase - 1
	case !early:
		return Commit, 0
	case n.Phase == 0:
		return Prologue, 0
	case shared:
		return Barrier, n.Phase - 1
	}
	return Epilogue, 0
}

// crossing reports whether n sums over the examples of the batch.
func crossing(n *graph.Node) bool {
	return n.Op.Class == graph.Examples && n.In[0].PerExample()
}

// isPart reports whether n is a sum over the first piece of a batch.
func isPart(n *graph.Node) bool { return n.Op.Name == "part" }

// computed reports whether a node needs a unit: live, its own root, no leaf
// and not read in place.
func (s *state) computed(n *graph.Node) bool {
	return s.liveNode[n.ID] && s.root[n.ID] == n && n.Op.Class != graph.Leaf && !s.virtual[n.ID]
}

// IsScalar reports whether the node is a per-update number.
func IsScalar(n *graph.Node) bool { return n.Shape.Lead() == 0 && n.Shape.Size() == 1 }

// Pass returns the pass that computes a node of rows, touch, reduce or barrier.
func (p *Plan) Pass(n *graph.Node) int { return p.state.passOf[n.ID] }

// Watched reports whether only watched outputs need a node.
func (p *Plan) Watched(n *graph.Node) bool { return p.state.watched[n.ID] }

// Stage returns the stage that computes a node.
func (p *Plan) Stage(n *graph.Node) Stage { return p.state.stageOf[n.ID] }

// Operand resolves operand i of an element-wise node: the value in memory, and
// how a Vec reads it. A node of the same Vec resolves to itself, Full.
func (p *Plan) Operand(n *graph.Node, i int) Operand {
	s := p.state
	x := s.root[n.In[i].ID]
	if !s.virtual[x.ID] {
		return Operand{x, Full}
	}
	access, _, _ := s.accessOf(x)
	return Operand{s.source(x), access}
}
