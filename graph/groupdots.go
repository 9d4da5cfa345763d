package graph

import (
	"fmt"

	"github.com/descent-ml/descent/tensor"
)

// Products of the vectors of examples with those of their partners: the
// examples of the same group of Attr.Int consecutive ones (group.go), which are
// numbered from 0 within it. A short last group has fewer partners than the axis
// that counts them.
var opGroupDots, opGroupMix, opGroupMixT, opGroupKeep, opGroupPlace *Op

func init() {
	opGroupDots = register(Op{Name: "groupdots", Class: Group, Arity: 2, shape: groupDotsShape, flops: groupDotsFLOPs,
		Doc: "(u, v): z[e, j] = Σᵢ u[e, i]·v[j, i] for each partner j of example e, a chain, i ascending from 0; 0 where there is none",
		vjp: func(b *Builder, n, dz *Node) []*Node {
			return []*Node{b.add(opGroupMix, n.Attr, dz, n.In[1]), b.add(opGroupMixT, n.Attr, dz, n.In[0])}
		}})
	opGroupMix = register(Op{Name: "groupmix", Class: Group, Arity: 2, shape: groupMixShape, flops: groupMixFLOPs,
		Doc: "(z, v): u[e] = Σⱼ z[e, j]·v[j] over the partners j of example e, a chain, j ascending from 0",
		vjp: func(b *Builder, n, du *Node) []*Node {
			return []*Node{b.add(opGroupDots, n.Attr, du, n.In[1]), b.add(opGroupMixT, n.Attr, n.In[0], du)}
		}})
	opGroupMixT = register(Op{Name: "groupmixt", Class: Group, Arity: 2, shape: groupMixShape, flops: groupMixFLOPs,
		Doc: "(z, u): v[j] = Σₑ z[e, j]·u[e] over the partners e of example j, a chain, e ascending from 0",
		vjp: func(b *Builder, n, dv *Node) []*Node {
			return []*Node{b.add(opGroupDots, n.Attr, n.In[1], dv), b.add(opGroupMix, n.Attr, n.In[0], dv)}
		}})
	free := func(*Node) int64 { return 0 }
	opGroupKeep = register(Op{Name: "groupkeep", Class: Group, Arity: 1, shape: groupIndexShape(tensor.F32, true), flops: free,
		Doc: "x: z[e, j] = 1 where j is e or a partner of e with x[j] ≠ x[e], else 0"})
	opGroupPlace = register(Op{Name: "groupplace", Class: Group, Arity: 1, shape: groupIndexShape(tensor.I32, false), flops: free,
		Doc: "x: the number of each example in its group, whatever x is"})
}

func groupDotsFLOPs(n *Node) int64 { return 2 * int64(n.Attr.Int) * int64(n.In[0].Shape.Last()) }
func groupMixFLOPs(n *Node) int64  { return 2 * int64(n.Attr.Int) * int64(n.Shape.Last()) }

func groupDotsShape(n *Node) (Shape, error) {
	u, v := n.In[0].Shape, n.In[1].Shape
	err := perExample(n, 1, 1)
	switch {
	case err != nil:
	case n.Attr.Int < 1:
		err = fmt.Errorf("groups of %d examples, want at least 1", n.Attr.Int)
	case u.Last() != v.Last():
		err = fmt.Errorf("inner lengths differ: %d and %d", u.Last(), v.Last())
	}
	return u.with(n.Attr.Int), err
}

func groupMixShape(n *Node) (Shape, error) {
	z, v := n.In[0].Shape, n.In[1].Shape
	err := perExample(n, 1, 1)
	if err == nil && z.Last() != n.Attr.Int {
		err = fmt.Errorf("%d factors in groups of %d examples", z.Last(), n.Attr.Int)
	}
	return v, err
}

// groupIndexShape is of what is made of a number of each example.
func groupIndexShape(d tensor.DType, partners bool) func(n *Node) (Shape, error) {
	return func(n *Node) (Shape, error) {
		x, z := n.In[0].Shape, Shape{d, []int{Batch}}
		if partners {
			z.Dims = append(z.Dims, n.Attr.Int)
		}
		if x.DType != tensor.I32 || !x.PerExample() || len(x.Inner()) != 0 || n.Attr.Int < 1 {
			return z, fmt.Errorf("%v in groups of %d examples, want one i32 of each example and groups of at least 1", x, n.Attr.Int)
		}
		return z, nil
	}
}

// GroupDots returns the dot products (group) of u (d) of each example with v (d)
// of the examples in its group of so many consecutive ones; 0 where a short last
// group has none.
func (b *Builder) GroupDots(u, v *Node, group int) *Node {
	return b.add(opGroupDots, Attr{Int: group}, u, v)
}

// GroupKeep says which examples of its group an example is compared with: 1 at
// itself and at those whose i32 number x is another than its own, else 0. It has
// no gradient.
func (b *Builder) GroupKeep(x *Node, group int) *Node { return b.add(opGroupKeep, Attr{Int: group}, x) }

// GroupPlace returns the number of each example in its group, from 0: i32. x is
// any i32 of each example. It has no gradient.
func (b *Builder) GroupPlace(x *Node, group int) *Node {
	return b.add(opGroupPlace, Attr{Int: group}, x)
}
