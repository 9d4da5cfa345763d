package compile

import (
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Access says how an element-wise unit reads an operand, seeing its space as
// rows × cols.
type Access uint8

const (
	Full     Access = iota // every element
	Row                    // one vector of cols, the same for each row
	Col                    // one value for each row
	Splat                  // one value for all
	Gathered               // every element of the touched rows of a variable
	Each                   // one vector of cols for each example, the same for its rows
)

// Operand is a value that a Vec reads from memory.
type Operand struct {
	Node   *graph.Node // a root
	Access Access
}

// Vec is a fused chain of element-wise nodes over one space.
type Vec struct {
	Nodes   []*graph.Node
	Rows    int // rows of an example, of a touched row, or of a per-update value
	Cols    int
	Inputs  []Operand     // values made elsewhere, in order of first use
	Outputs []*graph.Node // of Nodes, those that others read
}

// Limits of one Vec, for the engine's kernels.
const (
	maxStreams = 8 // inputs and outputs that are not splat
	maxScalars = 16
	maxNodes   = 32 // each may need a temporary
)

// absorb marks broadcasts, and touched rows of variables, that every reader can
// read in place.
func (s *state) absorb() {
	s.virtual = make([]bool, len(s.g.Nodes))
	for _, n := range s.g.Nodes {
		if s.gathersInPlace(n) {
			s.virtual[n.ID] = true
		}
		if n.Op.Name != "broadcast" || !s.liveNode[n.ID] || slices.Contains(s.results(), n) {
			continue
		}
		_, cols, ok := s.accessOf(n)
		s.virtual[n.ID] = ok && !slices.ContainsFunc(s.users[n.ID], func(u *graph.Node) bool {
			return u.Op.Class != graph.Elementwise || u.Shape.DType != tensor.F32 || s.otherRows(u, cols)
		})
	}
}

// otherRows reports whether a node already reads an operand in place in rows
// of another length than cols.
func (s *state) otherRows(u *graph.Node, cols int) bool {
	return cols != 0 && slices.ContainsFunc(s.operands(u), func(x *graph.Node) bool {
		if !s.virtual[x.ID] {
			return false
		}
		_, c, _ := s.accessOf(x)
		return c != 0 && c != cols
	})
}

// accessOf says how to read broadcast n in place: the access, and for Row, Each and
// Col the length of a row that it needs.
func (s *state) accessOf(n *graph.Node) (a Access, cols int, ok bool) {
	x := s.root[n.In[0].ID]
	for s.virtual[x.ID] {
		x = s.root[x.In[0].ID]
	}
	from, to := n.In[0].Shape, n.Shape
	size := to.Size()
	switch {
	case n.Op.Name == "gathertouched":
		return Gathered, 0, true
	case x.Shape.Lead() != to.Lead() && x.Shape.Lead() != 0:
		return 0, 0, false
	case IsScalar(x):
		return Splat, 0, true
	case from.Size() == size && from.Lead() == to.Lead():
		return Full, 0, true
	case n.In[0] != x && s.root[n.In[0].ID] != x:
		return 0, 0, false // a chain of broadcasts that is not a splat
	}
	in, out := from.Inner(), to.Inner()
	in = append(slices.Repeat([]int{1}, len(out)-len(in)), in...)
	lead := 0 // axes before the source's first own axis
	for lead < len(in) && in[lead] == 1 {
		lead++
	}
	if from.Lead() == 0 && slices.Equal(in[lead:], out[lead:]) {
		return Row, from.Size(), true
	}
	if from.PerExample() && slices.Equal(in[lead:], out[lead:]) {
		return Each, from.Size(), true
	}
	tail := len(in) // axes after the source's last own axis
	for tail > 0 && in[tail-1] == 1 {
		tail--
	}
	if from.Lead() == to.Lead() && slices.Equal(in[:tail], out[:tail]) {
		return Col, size / from.Size(), true
	}
	return 0, 0, false
}

// fusible reports whether a node can be part of a Vec.
func (s *state) fusible(n *graph.Node) bool {
	return n.Op.Class == graph.Elementwise && s.computed(n) && n.Shape.DType == tensor.F32
}

// fuse joins element-wise nodes that feed each other, where the result is
// still without cycles and all agree on the length of a row.
func (s *state) fuse() {
	s.cluster = make([]int, len(s.g.Nodes))
	for i := range s.cluster {
		s.cluster[i] = i
	}
	s.pair()
	for _, n := range s.g.Nodes {
		if !s.fusible(n) {
			continue
		}
		s.vecs[n.ID] = s.newVec([]*graph.Node{n})
		for _, x := range s.operands(n) {
			if s.fusible(x) {
				s.join(s.cluster[x.ID], s.cluster[n.ID])
			}
		}
	}
}

// join merges two clusters if that is allowed.
func (s *state) join(a, b int) {
	if a == b || s.stageOf[a] != s.stageOf[b] || s.passOf[a] != s.passOf[b] || s.watched[a] != s.watched[b] {
		return
	}
	nodes := append(slices.Clone(s.vecs[a].Nodes), s.vecs[b].Nodes...)
	slices.SortFunc(nodes, func(x, y *graph.Node) int { return x.ID - y.ID })
	v := s.newVec(nodes)
	if v == nil || s.pathBetween(a, b) {
		return
	}
	for _, n := range nodes {
		s.cluster[n.ID] = a
	}
	delete(s.vecs, b)
	s.vecs[a] = v
}

// newVec describes nodes as one unit, or returns nil if they do not agree on a
// space or are too many for one kernel.
func (s *state) newVec(nodes []*graph.Node) *Vec {
	size := nodes[0].Shape.Size()
	v := &Vec{Nodes: nodes, Rows: 1, Cols: size}
	member := map[*graph.Node]bool{}
	for _, n := range nodes {
		if n.Shape.Size() != size || n.Shape.Lead() != nodes[0].Shape.Lead() || n.Rows != nodes[0].Rows {
			return nil
		}
		member[n] = true
	}
	cols := 0
	for _, n := range nodes {
		for _, x := range s.operands(n) {
			if member[x] {
				continue
			}
			op := Operand{x, Full}
			if s.virtual[x.ID] {
				access, c, _ := s.accessOf(x)
				if c != 0 && cols != 0 && c != cols {
					return nil
				}
				cols = max(cols, c)
				op = Operand{s.source(x), access}
			}
			if !slices.Contains(v.Inputs, op) {
				v.Inputs = append(v.Inputs, op)
			}
		}
	}
	if cols != 0 {
		v.Rows, v.Cols = size/cols, cols
	}
	for _, n := range nodes {
		if s.usedOutside(n, member) {
			v.Outputs = append(v.Outputs, n)
		}
	}
	return s.within(v)
}

// within returns v if it respects the limits of a kernel.
func (s *state) within(v *Vec) *Vec {
	scalars, streams := 0, len(v.Outputs)
	for _, op := range v.Inputs {
		if op.Access == Splat {
			scalars++
		} else {
			streams++
		}
	}
	if len(v.Nodes) > 1 && (scalars > maxScalars || streams > maxStreams || len(v.Nodes) > maxNodes) {
		return nil
	}
	return v
}

// source follows in-place broadcasts to what is in memory.
func (s *state) source(x *graph.Node) *graph.Node {
	for s.virtual[x.ID] {
		x = s.root[x.In[0].ID]
	}
	return x
}

func (s *state) usedOutside(n *graph.Node, member map[*graph.Node]bool) bool {
	return slices.Contains(s.results(), n) ||
		slices.ContainsFunc(s.users[n.ID], func(u *graph.Node) bool { return !member[u] })
}

// pathBetween reports whether a path leads from cluster a to cluster b, or
// back, through a third: merging them would make a cycle.
func (s *state) pathBetween(a, b int) bool {
	return s.pathThrough(a, b) || s.pathThrough(b, a)
}

// pathThrough looks within the stage and pass of the two clusters: what leaves it does
// not come back.
func (s *state) pathThrough(from, to int) bool {
	seen := map[int]bool{}
	var visit func(c int) bool
	visit = func(c int) bool {
		for _, n := range s.members(c) {
			for _, u := range s.users[n.ID] {
				uc := s.cluster[u.ID]
				if uc == c || seen[uc] || (c == from && uc == to) || s.stageOf[uc] != s.stageOf[from] || s.passOf[uc] != s.passOf[from] {
					continue
				}
				if uc == to {
					return true
				}
				seen[uc] = true
				if visit(uc) {
					return true
				}
			}
		}
		return false
	}
	return visit(from)
}

// members returns the nodes of a cluster.
func (s *state) members(c int) []*graph.Node {
	if v := s.vecs[c]; v != nil {
		return v.Nodes
	}
	nodes := s.g.Nodes[c : c+1]
	if second := s.paired[c]; second != nil {
		return []*graph.Node{nodes[0], second}
	}
	return nodes
}

// pairs are operations that share most of their work, so that one call makes
// both: the second has the first's operands, and perhaps others behind them.
var pairs = map[string]string{
	"crossentropygrad": "crossentropy", // the exponentials
	"attentionstats":   "attention",    // all but the values
}

// pair joins the nodes of pairs, where the second does not depend on the first.
// A node is in one pair at most: a second gradient of a loss is by itself.
func (s *state) pair() {
	s.paired = map[int]*graph.Node{}
	for _, second := range s.g.Nodes {
		name := pairs[second.Op.Name]
		if name == "" || !s.computed(second) {
			continue
		}
		for _, first := range s.g.Nodes[:second.ID] {
			if first.Op.Name == name && s.computed(first) && s.paired[first.ID] == nil && s.pairs(first, second) {
				s.cluster[second.ID], s.paired[first.ID] = first.ID, second
				break
			}
		}
	}
}

// pairs reports whether two nodes are of one pass, operand and attribute, and no
// path leads from the first to the second.
func (s *state) pairs(first, second *graph.Node) bool {
	n := len(first.In)
	return s.passOf[first.ID] == s.passOf[second.ID] && s.watched[first.ID] == s.watched[second.ID] && len(second.In) >= n && slices.Equal(s.operands(first), s.operands(second)[:n]) &&
		first.Attr.Float == second.Attr.Float && first.Attr.Attention == second.Attr.Attention && !s.pathThrough(first.ID, second.ID)
}
