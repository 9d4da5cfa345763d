package compile

import (
	"cmp"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// Keep says what becomes of per-example values that a later pass reads.
type Keep uint8

const (
	KeepAuto Keep = iota // as much as Options.Memory allows, but for what is cheap: cheap.go
	KeepAll              // all of them
	KeepNone             // none: everything is computed again from the inputs
)

// Again is what is computed more than once.
type Again struct {
	FLOPs int64         // of one example
	Cost  float64       // estimated nanoseconds of one example
	Base  float64       // the same of everything that is computed once
	Nodes []*graph.Node // without those that are another name for memory
}

// passesOf returns how often an update goes through its examples.
func passesOf(g *graph.Graph) int {
	last := 0
	for _, n := range g.Nodes {
		if n.PerExample() {
			last = max(last, n.Phase)
		} else if crossing(n) {
			last = max(last, n.Phase-1)
		}
	}
	return last + 1
}

// recompute writes the graph anew so that a value which is not kept is computed
// again in every pass that reads it, from what is kept and from the inputs. The
// copies are ordinary nodes, so every pass behind this one treats them as such;
// random masks are a function of the example, so their copies are equal.
func (s *state) recompute() {
	if s.plan.Passes == 1 {
		return
	}
	switch {
	case s.o.Keep == KeepNone:
		s.keep = map[int]bool{}
	case s.o.Keep == KeepAuto && s.keep == nil:
		s.keep = crossValues(s.g)
		s.cheap = cheapest(s.g, s.keep)
	}
	w := newRewriter(s.g, s.keep)
	w.cheap = s.cheap
	s.g = w.rewrite()
	s.plan.Again = w.again
	s.plan.Again.Base = costOf(s.g) - w.again.Cost
}

// rewriter makes a graph in which values that are not kept are computed again.
type rewriter struct {
	from, to *graph.Graph
	keep     map[int]bool // by ID in from; nil: all
	cheap    map[int]bool // likewise: what again does not count
	last     int          // pass
	node     []*graph.Node
	copies   map[copyKey]*graph.Node
	again    Again
}

func newRewriter(g *graph.Graph, keep map[int]bool) *rewriter {
	return &rewriter{from: g, keep: keep, node: make([]*graph.Node, len(g.Nodes)), copies: map[copyKey]*graph.Node{}, last: passesOf(g) - 1}
}

// copyKey is a node, by its ID in the original, and the pass that needs it.
type copyKey struct{ id, pass int }

func (w *rewriter) rewrite() *graph.Graph {
	w.to = &graph.Graph{}
	needed := w.needed()
	for _, n := range w.from.Nodes {
		if needed[n.ID] {
			w.node[n.ID] = w.add(n, passOf(n))
		}
	}
	at := func(nodes []*graph.Node) (out []*graph.Node) {
		for _, n := range nodes {
			out = append(out, w.node[n.ID])
		}
		return out
	}
	w.to.Vars, w.to.Inputs, w.to.Scalars, w.to.Checks = at(w.from.Vars), at(w.from.Inputs), at(w.from.Scalars), at(w.from.Checks)
	for _, o := range w.from.Outputs {
		n := w.node[o.Node.ID]
		if o.Node.PerExample() { // the caller reads it in the last pass
			n = w.use(o.Node, w.last)
		}
		w.to.Outputs = append(w.to.Outputs, graph.Output{Name: o.Name, Node: n, Watched: o.Watched})
	}
	for _, a := range w.from.Assigns {
		w.to.Assigns = append(w.to.Assigns, graph.Assign{Var: w.node[a.Var.ID], Value: w.node[a.Value.ID]})
	}
	return w.to
}

// needed marks the nodes that results depend on, and all leaves.
func (w *rewriter) needed() []bool {
	live := make([]bool, len(w.from.Nodes))
	for _, o := range w.from.Outputs {
		live[o.Node.ID] = true
	}
	for _, c := range w.from.Checks {
		live[c.ID] = true
	}
	for _, a := range w.from.Assigns {
		live[a.Value.ID] = true
	}
	for i := len(live) - 1; i >= 0; i-- {
		n := w.from.Nodes[i]
		if live[i] = live[i] || n.Op.Class == graph.Leaf; live[i] {
			for _, x := range reads(n) {
				live[x.ID] = true
			}
		}
	}
	return live
}

// reads returns the operands whose values a node depends on.
func reads(n *graph.Node) []*graph.Node {
	if n.Op.Name == "custom" {
		return n.In[:1]
	}
	return n.In
}

// passOf returns the pass that computes a node.
func passOf(n *graph.Node) int {
	if crossing(n) {
		return n.Phase - 1
	}
	return n.Phase
}

// add copies a node, as computed in a pass, into the new graph.
func (w *rewriter) add(n *graph.Node, pass int) *graph.Node {
	in := slices.Clone(reads(n))
	for i, x := range in {
		in[i] = w.use(x, pass)
	}
	m := &graph.Node{ID: len(w.to.Nodes), Op: n.Op, In: in, Attr: n.Attr, Shape: n.Shape, Scope: n.Scope, Phase: n.Phase}
	if n.PerExample() {
		m.Phase = pass
	}
	m.Rows = w.rows(n, m)
	w.to.Nodes = append(w.to.Nodes, m)
	return m
}

// rows returns the copy of the touched rows that a value has, whose own copy is
// m; nil for others.
func (w *rewriter) rows(n, m *graph.Node) *graph.Node {
	switch n.Rows {
	case nil:
		return nil
	case n:
		return m
	}
	return w.node[n.Rows.ID]
}

// use returns the node that holds the value of x in a pass.
func (w *rewriter) use(x *graph.Node, pass int) *graph.Node {
	if !x.PerExample() || x.Op.Class == graph.Leaf || x.Phase == pass || isFill(x) || w.kept(x) {
		return w.node[x.ID]
	}
	key := copyKey{x.ID, pass}
	if w.copies[key] == nil {
		m := w.add(x, pass)
		w.copies[key] = m
		if !isAlias(x) && !w.cheap[x.ID] {
			w.again.FLOPs += x.FLOPs()
			w.again.Cost += cost(m)
			w.again.Nodes = append(w.again.Nodes, m)
		}
	}
	return w.copies[key]
}

// kept reports whether the memory that holds x may outlive its pass.
func (w *rewriter) kept(x *graph.Node) bool {
	for isAlias(x) {
		x = x.In[0]
	}
	return w.keep == nil || w.keep[x.ID]
}

// isAlias reports whether a node is another name for the memory of its operand.
func isAlias(n *graph.Node) bool {
	switch n.Op.Name {
	case "reshape", "barrier", "custom":
		return true
	}
	return false
}

// cost estimates the nanoseconds of one example of a node of the per-example
// half or of a sum over examples, on one thread of a current core: products run
// at 180 operations a nanosecond, everything else at the rate of a near cache.
func cost(n *graph.Node) float64 {
	if n.Op.Class == graph.Leaf || isAlias(n) || n.Op.Name == "broadcast" {
		return 0
	}
	flops := float64(n.FLOPs())
	if n.Op.Class == graph.Contract || n.Op.Name == "dotexamples" || n.Op.Name == "convweights" {
		return flops / 180
	}
	example, _ := n.Bytes()
	return float64(example)/100 + flops/50
}

func costOf(g *graph.Graph) (total float64) {
	for _, n := range g.Nodes {
		if n.PerExample() || crossing(n) {
			total += cost(n)
		}
	}
	return total
}

// fit plans a graph with several passes for a bound on the arena: it keeps all
// that later passes read and is not cheap, and, as long as that is too much, gives up the values
// that free most bytes for the time that it takes to compute them again.
func fit(g *graph.Graph, layout *Layout, o Options) (*Plan, error) {
	keep := crossValues(g)
	cheap := cheapest(g, keep)
	for {
		p, err := compileKeeping(g, layout, o, keep, cheap)
		if err != nil || p.Bytes() <= o.Memory || len(keep) == 0 {
			return p, err
		}
		giveUp(g, keep, cheap, (p.Bytes()-o.Memory)/int64(o.Batch)+1)
	}
}

// Bytes returns the size of the arena.
func (p *Plan) Bytes() int64 { return p.RowBytes + p.KeptBytes + p.FixedBytes }

// crossValues lists, by ID, the per-example values that a later pass reads.
func crossValues(g *graph.Graph) map[int]bool {
	keep := map[int]bool{}
	mark := func(x *graph.Node, pass int) {
		for isAlias(x) {
			x = x.In[0]
		}
		if x.PerExample() && x.Op.Class != graph.Leaf && x.Phase < pass && !isFill(x) {
			keep[x.ID] = true
		}
	}
	last := passesOf(g) - 1
	for _, n := range g.Nodes {
		if !n.PerExample() && !crossing(n) || isAlias(n) {
			continue
		}
		for _, x := range n.In {
			mark(x, passOf(n))
		}
	}
	for _, out := range g.Outputs {
		mark(out.Node, last)
	}
	return keep
}

// giveUp takes values out of keep until about enough bytes of one example are
// free, at most a quarter of them, so that the rest is judged anew.
func giveUp(g *graph.Graph, keep, cheap map[int]bool, bytes int64) {
	type choice struct {
		id    int
		freed int64
		score float64
	}
	before, spent := price(g, keep, cheap)
	var all []choice
	for id := range keep {
		delete(keep, id)
		after, cost := price(g, keep, cheap)
		keep[id] = true
		all = append(all, choice{id, before - after, float64(before-after) / (max(cost-spent, 0) + 1e-3)})
	}
	slices.SortFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	for i, c := range all {
		if i > 0 && (bytes <= 0 || i > len(all)/4) {
			return
		}
		delete(keep, c.id)
		bytes -= c.freed
	}
}

// price returns the bytes that are kept for each example, and the estimated
// time of what is computed again.
func price(g *graph.Graph, keep, cheap map[int]bool) (bytes int64, again float64) {
	w := newRewriter(g, keep)
	w.cheap = cheap
	to := w.rewrite()
	for id := range crossValues(to) {
		bytes += valueBytes(to.Nodes[id])
	}
	return bytes, w.again.Cost
}
