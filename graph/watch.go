package graph

import (
	"fmt"
	"slices"
)

// Watched outputs and the first piece of a batch. What only watched outputs need
// is computed in the updates that the caller asks for, so that measuring every
// tenth update costs the other nine nothing.
//
// The batch of a watched update has two pieces: the examples before a mark, and
// the rest. A sum over examples is known for the first piece on the way to the
// whole, for nothing but a copy; what is linear in sums, as gradients are, then
// is known for both.
var opPart *Op

func init() {
	opPart = register(Op{Name: "part", Class: Move, Arity: 1,
		Doc: "x, a sum over examples, as it would be if the batch ended with its first piece; 0 for rows that only the rest touches",
		shape: func(n *Node) (Shape, error) {
			x := n.In[0]
			if !x.sums() || x.Op == opTouched {
				return x.Shape, fmt.Errorf("want a sum over examples")
			}
			return x.Shape, nil
		}})
}

// sums reports whether n is a sum over the examples of the batch.
func (n *Node) sums() bool { return n.Op.Class == Examples && n.In[0].PerExample() }

// Watch names a value for the caller to read in updates that are watched. In
// others nothing runs that only watched outputs need, and the tensor is as it was.
func (b *Builder) Watch(name string, x *Node) {
	if b.Output(name, x); b.err == nil {
		b.g.Outputs[len(b.g.Outputs)-1].Watched = true
	}
}

// Part returns the value that x, a sum over examples, had at the end of the first
// piece of the batch. Only watched outputs may depend on it.
func (b *Builder) Part(x *Node) *Node { return b.once(opPart, x) }

// once returns the node of an operation without attributes on x, a new one unless
// there is one.
func (b *Builder) once(op *Op, x *Node) *Node {
	for _, n := range b.g.Nodes {
		if n.Op == op && n.In[0] == x {
			return n
		}
	}
	return b.add(op, Attr{}, x)
}

// FirstPiece returns what sums over examples, and values that are linear in them
// such as gradients, are of the first piece of the batch: it builds them again from
// the parts of the sums. What comes through a barrier, such as the statistics of
// batch norm, is a constant: that of the whole batch, for both pieces.
func FirstPiece(b *Builder, gradSums []*Node) []*Node {
	first := map[*Node]*Node{}
	out := make([]*Node, len(gradSums))
	for i, g := range gradSums {
		out[i] = b.firstPiece(g, first)
	}
	return out
}

// firstPiece returns n of the first piece; n itself if it is of no piece.
func (b *Builder) firstPiece(n *Node, first map[*Node]*Node) *Node {
	if n == nil || b.err != nil || n.PerExample() || n.Op == opBarrier || n.Phase == 0 {
		return n
	}
	if first[n] != nil {
		return first[n]
	}
	first[n] = n
	if n.sums() {
		if n.Op != opTouched {
			first[n] = b.Part(n)
		}
		return first[n]
	}
	in := slices.Clone(n.In)
	for i, x := range in {
		if n.Op != opMomentGrad || i == 2 { // the others are statistics
			in[i] = b.firstPiece(x, first)
		}
	}
	if slices.Equal(in, n.In) {
		return n
	}
	if !linearIn(n, in) {
		return b.Failf("part", []*Node{n}, "%s is not linear in sums over examples", n.Op.Name)
	}
	first[n] = b.add(n.Op, n.Attr, in...)
	return first[n]
}

// linearIn reports whether an operation of a gradient is linear in the operands
// that are of a piece, those that differ from its own: a rule of differentiation
// is linear in the cotangent, and sums of cotangents are.
func linearIn(n *Node, in []*Node) bool {
	changed := 0
	for i, x := range in {
		if x != n.In[i] {
			changed++
		}
	}
	switch n.Op.Name {
	case "add", "sub", "concat":
		return changed > 0
	}
	return changed == 1
}

// WatchedOnly reports, for each node by ID, whether watched outputs need it and
// nothing else does.
func (g *Graph) WatchedOnly() []bool {
	all, always := g.needed(true), g.needed(false)
	for i := range all {
		all[i] = all[i] && !always[i]
	}
	return all
}

// needed marks the nodes that results depend on, those that are watched too or
// not.
func (g *Graph) needed(watched bool) []bool {
	live := make([]bool, len(g.Nodes))
	for _, o := range g.Outputs {
		live[o.Node.ID] = live[o.Node.ID] || watched || !o.Watched
	}
	for _, c := range g.Checks {
		live[c.ID] = true
	}
	for _, a := range g.Assigns {
		live[a.Value.ID] = true
	}
	for i := len(live) - 1; i >= 0; i-- {
		if !live[i] {
			continue
		}
		in := g.Nodes[i].In
		if g.Nodes[i].Op == opCustom {
			in = in[:1]
		}
		for _, x := range in {
			live[x.ID] = true
		}
	}
	return live
}

// checkParts reports a part of a sum that is needed in updates that have none.
func (g *Graph) checkParts() error {
	if !slices.ContainsFunc(g.Nodes, func(n *Node) bool { return n.Op == opPart }) {
		return nil
	}
	always := g.needed(false)
	for i, n := range g.Nodes {
		if always[i] && n.Op == opPart {
			return &Error{Op: n.Op.Name, Operands: []Shape{n.In[0].Shape}, Scope: n.Scope, Reason: "the first piece of a batch is known in watched updates alone: want only watched outputs to depend on it"}
		}
	}
	return nil
}
