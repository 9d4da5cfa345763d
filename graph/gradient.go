package graph

// Gradient adds to the graph the gradients of Σ y with respect to each of the
// given nodes, usually parameters, and returns them in the same order. y is a
// float value of any shape; for a per-example y the sum runs over the examples
// of the batch. Nodes that y does not depend on get zeros. The gradient of a
// sparse parameter (rows, d) is one value (Touched, d), of op sumrows: its Rows
// lists the rows.
//
// It is reverse-mode differentiation as a transform of the graph: the new
// nodes are ordinary ones. Only nodes between wrt and y are visited, so what
// leads to frozen parameters alone costs nothing.
func (b *Builder) Gradient(y *Node, wrt []*Node) []*Node {
	if b.err != nil || y == nil || y.Op == opInvalid {
		b.Failf("gradient", []*Node{y}, "the value is invalid")
		return invalids(len(wrt))
	}
	needed := b.dependents(wrt, y.ID)
	defer func(outer []bool) { b.needed = outer }(b.needed)
	b.needed = needed
	cotangent, sparse := make(map[*Node]*Node), lookups{}
	cotangent[y] = b.like(1, y)
	for id := y.ID; id >= 0; id-- {
		n := b.g.Nodes[id]
		dy := cotangent[n]
		if dy == nil || !needed[id] || n.Op.Class == Leaf {
			continue
		}
		if !n.Op.Differentiable() {
			b.Failf("gradient", []*Node{n}, "%s has no gradient", n.Op.Name)
			return invalids(len(wrt))
		}
		if !sparse.take(n, dy) {
			b.propagate(n, dy, needed, cotangent)
		}
		if b.err != nil {
			return invalids(len(wrt))
		}
	}
	grads := make([]*Node, len(wrt))
	for i, w := range wrt {
		switch grads[i] = cotangent[w]; {
		case w.Attr.Sparse:
			grads[i] = b.sumRows(w, sparse[w])
		case grads[i] == nil:
			grads[i] = b.zero(w)
		}
	}
	return grads
}

// propagate adds the cotangents of the operands of n to what they have.
func (b *Builder) propagate(n, dy *Node, needed []bool, cotangent map[*Node]*Node) {
	for i, dx := range n.Op.vjp(b, n, dy) {
		x := n.In[i]
		switch {
		case dx == nil || !needed[x.ID] || b.err != nil:
		case cotangent[x] == nil:
			cotangent[x] = dx
		default:
			cotangent[x] = b.Add(cotangent[x], dx)
		}
	}
}

// dependents marks the nodes up to last that depend on one of roots.
func (b *Builder) dependents(roots []*Node, last int) []bool {
	marked := make([]bool, last+1)
	for _, r := range roots {
		if r != nil && r.ID <= last {
			marked[r.ID] = true
		}
	}
	for id, n := range b.g.Nodes[:last+1] {
		for _, x := range n.In {
			marked[id] = marked[id] || marked[x.ID]
		}
	}
	return marked
}

func invalids(n int) []*Node {
	nodes := make([]*Node, n)
	for i := range nodes {
		nodes[i] = &Node{Op: opInvalid}
	}
	return nodes
}
