package graph

import "slices"

// TermSquares returns the squared norm of what each example adds to x, a sum over
// examples such as a gradient: f32 of each example. A product of the vectors of an
// example is of rank one, so that its norm is the product of theirs (Goodfellow, arXiv
// 1510.01799); other terms are there as they are. It is nil where the term of an
// example is itself a sum that nothing computes: products over the positions of an
// example, look-ups of several rows, convolutions, and what is no sum.
func (b *Builder) TermSquares(x *Node) *Node {
	if b.err != nil || x == nil {
		return nil
	}
	for x.Op == opReshape {
		x = x.In[0]
	}
	if !x.sums() {
		return nil
	}
	switch x.Op {
	case opSumExamples:
		return b.rowSquares(b.termOf(x))
	case opDotExamples:
		if len(x.In[0].Shape.Inner()) == 1 && len(x.In[1].Shape.Inner()) == 1 {
			return b.Mul(b.rowSquares(x.In[0]), b.rowSquares(x.In[1]))
		}
	case opScatterExamples:
		if x.In[0].Shape.Size() == 1 {
			return b.rowSquares(x.In[1])
		}
	case opSumRows:
		if in := x.Lookups(); len(in) == 2 && in[0].Shape.Size() == 1 {
			return b.rowSquares(in[1])
		}
	}
	return nil
}

// termOf returns what an example adds to a sumexamples node: its value, summed over
// the axes that are not kept.
func (b *Builder) termOf(sum *Node) *Node {
	x, kept := sum.In[0], sum.Shape.Size()
	if x.Shape.Size() == kept {
		return x
	}
	return b.ReduceSum(b.Transpose(b.Reshape(x, x.Shape.Size()/kept, kept), 1, 0), 1)
}

// rowSquares returns the squared norm of each example of x, f32 without axes. Asking
// again gives the same node.
func (b *Builder) rowSquares(x *Node) *Node {
	if len(x.Shape.Inner()) != 1 {
		x = b.Reshape(x, x.Shape.Size())
	}
	i := slices.IndexFunc(b.g.Nodes, func(n *Node) bool {
		return n.Op == opDots && n.In[0] == x && n.In[1].Op == opReshape && n.In[1].In[0] == x
	})
	if i >= 0 {
		return b.Reshape(b.g.Nodes[i])
	}
	return b.Reshape(b.Dots(x, b.Reshape(x, 1, x.Shape.Size())))
}

// Mixes returns an operation in which the examples of a batch meet, so that they
// have no gradients of their own: statistics of a batch or of groups, comparisons
// within groups. It is nil if there is none.
func (g *Graph) Mixes() *Node {
	i := slices.IndexFunc(g.Nodes, func(n *Node) bool { return n.Op.Class == Group || n.Op == opMomentSums })
	if i < 0 {
		return nil
	}
	return g.Nodes[i]
}
