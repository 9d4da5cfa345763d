// Package compile turns a graph into an ordered list of units, each one kernel
// call's worth of nodes, with a place in memory for every value.
//
// A plan has five stages. An update runs them in this order:
//
//	prologue   per-update values that do not depend on the batch; once
//	rows       per-example values; for each micro-batch
//	reduce     sums over examples; for each micro-batch
//	epilogue   per-update values that outputs and checks need; once
//	commit     per-update values that only assignments need; once, if checks pass
//
// No unit of the rows stage looks at another example's row (graph forbids it),
// so an engine may cut the stage into blocks of rows and run a whole block
// through all its units: on another thread, or to stay in a nearer cache.
//
// Every pass preserves bits: fusion and order move where values are kept, never
// how they are computed.
package compile

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// Stage is a part of an update.
type Stage uint8

const (
	Prologue Stage = iota
	Rows
	Reduce
	Epilogue
	Commit
	numStages
)

var stageNames = [...]string{"prologue", "rows", "reduce", "epilogue", "commit"}

func (s Stage) String() string { return stageNames[s] }

// Kind says how a unit is executed.
type Kind uint8

const (
	Single   Kind = iota // one node, one kernel
	Vector               // a fused chain of element-wise nodes
	Scalar               // a per-update number, computed on the spot
	LossGrad             // crossentropy and crossentropygrad in one pass
	Copy                 // a value into the variable it is assigned to
	Fill                 // a constant for every example, written once for all updates
)

// Unit is what an engine executes as one call.
type Unit struct {
	Kind  Kind
	Stage Stage
	Nodes []*graph.Node // what it computes, in order
	Vec   *Vec          // of a Vector unit
}

// Plan is a compiled graph.
type Plan struct {
	Graph   *graph.Graph
	Units   []Unit // by stage, then in order
	Buffers map[*graph.Node]*Buffer
	Layout  *Layout // of the variables
	// Bytes of the arena for a micro-batch of one example, and for what does
	// not depend on it.
	RowBytes, FixedBytes int64

	state *state
}

// pass is one step of compilation and the reason for it.
type pass struct {
	name, reason string
	run          func(*state)
}

var passes = []pass{
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
	g     *graph.Graph
	batch int // largest batch, to know which sums need more than one leaf
	rows  int // largest micro-batch

	root     []*graph.Node // by node ID: the node whose memory holds the value
	liveNode []bool
	stageOf  []Stage
	users    [][]*graph.Node // by ID of the root: the live nodes that read it
	virtual  []bool          // broadcasts that are read in place
	cluster  []int           // by node ID: the ID of the cluster's representative
	vecs     map[int]*Vec    // by representative
	plan     *Plan
	err      error
}

// Compile plans g for micro-batches of at most rows examples out of batches of
// at most batch.
func Compile(g *graph.Graph, layout *Layout, rows, batch int) (*Plan, error) {
	if rows < 1 || batch < 1 {
		return nil, fmt.Errorf("compile: micro-batch of %d out of a batch of %d, want at least 1", rows, batch)
	}
	s := &state{g: g, rows: rows, batch: batch, vecs: map[int]*Vec{}}
	s.plan = &Plan{Graph: g, Buffers: map[*graph.Node]*Buffer{}, Layout: layout, state: s}
	for _, p := range passes {
		p.run(s)
		if s.err != nil {
			return nil, fmt.Errorf("compile: %s: %w", p.name, s.err)
		}
	}
	return s.plan, nil
}

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

// stage sorts the nodes into stages. What only assignments need is left to the
// commit, after every check.
func (s *state) stage() {
	s.stageOf = make([]Stage, len(s.g.Nodes))
	early := make([]bool, len(s.g.Nodes)) // needed before the commit
	for _, r := range s.needed() {
		early[r.ID] = true
	}
	for i := len(s.g.Nodes) - 1; i >= 0; i-- {
		n := s.g.Nodes[i]
		switch {
		case n.PerExample():
			s.stageOf[i] = Rows
		case n.Op.Class == graph.Examples && n.In[0].PerExample():
			s.stageOf[i] = Reduce
		case !early[i]:
			s.stageOf[i] = Commit
		case n.Phase == 0:
			s.stageOf[i] = Prologue
		default:
			s.stageOf[i] = Epilogue
		}
		if s.liveNode[i] && s.stageOf[i] != Commit {
			for _, x := range s.operands(n) {
				early[x.ID] = true
			}
		}
	}
}

// computed reports whether a node needs a unit: live, its own root, no leaf
// and not read in place.
func (s *state) computed(n *graph.Node) bool {
	return s.liveNode[n.ID] && s.root[n.ID] == n && n.Op.Class != graph.Leaf && !s.virtual[n.ID]
}

// IsScalar reports whether the node is a per-update number.
func IsScalar(n *graph.Node) bool { return !n.PerExample() && n.Shape.Size() == 1 }

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

// Reads reports whether a unit reads a value from memory.
func (p *Plan) Reads(u *Unit, root *graph.Node) bool {
	return u.Kind == Copy && u.Nodes[1] == root || u.Kind != Copy && p.state.reads(*u, root)
}
