package compile

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// order makes the units and sorts them: by stage, then operands first, then
// as the model was written.
func (s *state) order() {
	units := map[int]*Unit{} // by cluster
	var all []int
	for _, n := range s.g.Nodes {
		if !s.computed(n) {
			continue
		}
		c := s.cluster[n.ID]
		if units[c] == nil {
			units[c] = &Unit{Stage: s.stageOf[c], Pass: s.passOf[c], Vec: s.vecs[c], Watched: s.watched[c]}
			all = append(all, c)
		}
		units[c].Nodes = append(units[c].Nodes, n)
	}
	for _, c := range all {
		units[c].Kind = unitKind(units[c])
	}
	s.sortStage(Once, 0, all, units)
	s.sortStage(Prologue, 0, all, units)
	for pass := range s.plan.Passes {
		for stage := Rows; stage <= Barrier; stage++ {
			s.sortStage(stage, pass, all, units)
		}
	}
	s.sortStage(Epilogue, 0, all, units)
	s.sortStage(Commit, 0, all, units)
	s.assignCopies()
}

func unitKind(u *Unit) Kind {
	switch {
	case u.Vec != nil:
		return Vector
	case len(u.Nodes) == 2:
		return Pair
	case isNumber(u.Nodes[0]):
		return Scalar
	case u.Stage == Rows && isFill(u.Nodes[0]):
		return Fill
	}
	return Single
}

// isFill reports whether a node is the same constant everywhere.
func isFill(n *graph.Node) bool {
	return n.Op.Name == "broadcast" && n.In[0].Op.Name == "const" && n.Shape.DType == tensor.F32
}

// isNumber reports whether a node is arithmetic on single per-update numbers,
// in float64 or between the float types.
func isNumber(n *graph.Node) bool {
	class := n.Op.Class
	return IsScalar(n) && !isPart(n) && (class == graph.Elementwise || class == graph.Move) &&
		(n.Shape.DType == tensor.F64 || n.In[0].Shape.DType == tensor.F64)
}

// sortStage appends the units of one stage of one pass in dependency order:
// depth first, from the earliest node.
func (s *state) sortStage(stage Stage, pass int, all []int, units map[int]*Unit) {
	const visiting, done = 1, 2
	mark := map[int]int{}
	var visit func(c int)
	visit = func(c int) {
		if mark[c] == done {
			return
		}
		if mark[c] == visiting {
			s.err = fmt.Errorf("units form a cycle at node %d", c)
			return
		}
		mark[c] = visiting
		for _, n := range units[c].Nodes {
			for _, x := range s.operands(n) {
				x = s.source(x)
				if d := s.cluster[x.ID]; d != c && units[d] != nil && units[d].Stage == stage && units[d].Pass == pass && s.computed(x) {
					visit(d)
				}
			}
		}
		mark[c] = done
		s.plan.Units = append(s.plan.Units, *units[c])
	}
	for _, c := range all {
		if units[c].Stage == stage && units[c].Pass == pass {
			visit(c)
		}
	}
}

// assignCopies adds a copy for each assignment whose value is not written
// straight into its variable.
func (s *state) assignCopies() {
	for _, a := range s.g.Assigns {
		if s.inPlace(a) {
			continue
		}
		s.plan.Units = append(s.plan.Units, Unit{Kind: Copy, Stage: Commit, Nodes: []*graph.Node{a.Var, s.root[a.Value.ID]}})
	}
}

// inPlace reports whether the value of an assignment can be written straight
// into the variable: it is made by a Vec of the commit stage for this
// assignment alone, and nothing reads the old value afterwards.
func (s *state) inPlace(a graph.Assign) bool {
	value := s.root[a.Value.ID]
	at := slices.IndexFunc(s.plan.Units, func(u Unit) bool { return slices.Contains(u.Nodes, value) })
	if at < 0 || s.plan.Units[at].Kind != Vector || s.plan.Units[at].Stage != Commit {
		return false
	}
	if n := slices.IndexFunc(s.g.Assigns, func(b graph.Assign) bool { return b != a && s.root[b.Value.ID] == value }); n >= 0 {
		return false
	}
	for _, u := range s.plan.Units[at+1:] {
		if s.reads(u, a.Var) || u.Kind == Copy && u.Nodes[1] == a.Var {
			return false
		}
	}
	if slices.ContainsFunc(s.g.Assigns, func(b graph.Assign) bool { return s.root[b.Value.ID] == a.Var }) {
		return false
	}
	// Within the unit: no node after the value reads the old variable.
	own := s.plan.Units[at]
	for i := slices.Index(own.Nodes, value) + 1; i < len(own.Nodes); i++ {
		if s.readsNode(own.Nodes[i], a.Var) {
			return false
		}
	}
	return true
}

func (s *state) reads(u Unit, v *graph.Node) bool {
	return slices.ContainsFunc(u.Nodes, func(n *graph.Node) bool { return s.readsNode(n, v) })
}

func (s *state) readsNode(n, v *graph.Node) bool {
	return slices.ContainsFunc(s.operands(n), func(x *graph.Node) bool { return s.source(x) == v })
}
