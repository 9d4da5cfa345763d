package graph

import "fmt"

// What crosses from the per-update half back to the examples, and gradients
// that are not derived.
var opBarrier, opCustom *Op

func init() {
	opBarrier = register(Op{Name: "barrier", Doc: "x, a per-update value that examples may depend on although it sums over them", Class: Move, Arity: 1,
		shape: func(n *Node) (Shape, error) {
			if n.In[0].PerExample() {
				return n.In[0].Shape, fmt.Errorf("want a per-update value")
			}
			return n.In[0].Shape, nil
		},
		vjp: func(b *Builder, n, dy *Node) []*Node { return []*Node{dy} }})
	opCustom = register(Op{Name: "custom", Doc: "the first operand, with a gradient of its own towards the others", Class: Move, Arity: -1,
		shape: func(n *Node) (Shape, error) { return n.In[0].Shape, nil },
		vjp:   func(b *Builder, n, dy *Node) []*Node { return n.grad(b, dy) }})
}

// Barrier returns x, a per-update value, marked as one that examples may depend
// on although it is a sum over the batch. Each barrier on a path costs one more
// pass over the batch, and the values that later passes need are kept for the
// whole batch or computed again; the plan tells.
func (b *Builder) Barrier(x *Node) *Node {
	if x != nil && x.Phase == 0 && !x.PerExample() {
		return x // no sum: nothing to declare
	}
	return b.add(opBarrier, Attr{}, x)
}

// CustomGradient returns y with a gradient of its own: instead of going through
// y, grad is given the cotangent of y and returns that of each of wrt, nil for
// one that no gradient reaches.
func (b *Builder) CustomGradient(y *Node, wrt []*Node, grad func(b *Builder, dy *Node) []*Node) *Node {
	n := b.add(opCustom, Attr{}, append([]*Node{y}, wrt...)...)
	n.grad = func(b *Builder, dy *Node) []*Node { return append([]*Node{nil}, grad(b, dy)...) }
	return n
}
