package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Normalization in groups of consecutive examples. Group j of a batch, or of
// each shard of one, has the examples [j·g, (j+1)·g); the last group may be
// shorter. A micro-batch is a whole number of groups, so groups cost no barrier.
var opGroupNormalize, opGroupNormalizeGrad, opGroupSums *Op

func init() {
	opGroupNormalizeGrad = register(Op{Name: "groupnormalizegrad", Class: Group, Arity: 2, shape: groupShape, flops: perElement(14),
		Doc: "(x, dy): (dy - mean(dy) - y·mean(dy·y)) / √(var + Attr.Float), y and the means as in groupnormalize"})
	opGroupNormalize = register(Op{Name: "groupnormalize", Class: Group, Arity: 1, shape: groupShape, flops: perElement(6),
		Doc: "(x - mean) / √(var + Attr.Float) of each channel over groups of Attr.Int examples and the leading axes, var biased",
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opGroupNormalizeGrad, n.Attr, n.In[0], dy)}
		}})
	opGroupSums = register(Op{Name: "groupsums", Class: Examples, Arity: 1, flops: inputSizeTimes(3),
		Doc: "x: [Σ x, Σ n·v] of each channel in float64; the second over groups of Attr.Int examples, n the values of a group and v their unbiased variance, 0 of one value",
		shape: func(n *Node) (Shape, error) {
			x, err := groupShape(n)
			return F64(2 * x.Last()), err
		}})
}

func groupShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	switch {
	case !x.PerExample() || x.DType != tensor.F32 || len(x.Inner()) == 0:
		return x, fmt.Errorf("want a per-example f32 value with an axis of channels")
	case n.Attr.Int < 1:
		return x, fmt.Errorf("groups of %d examples, want at least 1", n.Attr.Int)
	case slices.ContainsFunc(n.In[1:], func(y *Node) bool { return !y.Shape.Equal(x) }):
		return x, fmt.Errorf("shapes differ")
	}
	return x, nil
}

// GroupSize returns how many consecutive examples an operation takes together;
// 1 for one that takes each alone.
func (n *Node) GroupSize() int {
	if n.Op.Class == Group || n.Op == opGroupSums {
		return n.Attr.Int
	}
	return 1
}

// Single returns an operation that would take statistics of a single value, the
// variance of which says nothing, in a batch of so many examples in shards: of
// batch normalization with one value a channel, or of a group that has one. It
// is nil if there is none.
func (g *Graph) Single(examples, shards int) *Node {
	for _, n := range g.Nodes {
		values := 0 // of a channel in an example
		if n.Op == opMomentSums || n.Op == opGroupNormalize {
			values = n.In[0].Shape.Size() / n.In[0].Shape.Last()
		}
		switch {
		case values != 1:
		case n.Op == opMomentSums && examples == 1:
			return n
		case n.Op == opGroupNormalize && singleGroup(examples, shards, n.Attr.Int):
			return n
		}
	}
	return nil
}

// singleGroup reports whether some shard ends with a group of one example.
// Shards have examples/shards examples, rounded down or up.
func singleGroup(examples, shards, size int) bool {
	small := examples / shards
	return small%size == 1 || examples%shards > 0 && (small+1)%size == 1
}

// GroupNormalize returns (x - mean)/√(variance + eps) of each channel, with the
// mean and the biased variance over each group of consecutive examples (Hoffer,
// Hubara, Soudry, NeurIPS 2017, algorithm 1), and what running statistics are
// updated with: the mean over the batch (C) and the mean, weighted by size, of
// the groups' unbiased variances (C).
func (b *Builder) GroupNormalize(x *Node, group int, eps float64) (y, mean, variance *Node, s BatchStats) {
	y = b.add(opGroupNormalize, Attr{Int: group, Float: eps}, x)
	if b.err != nil {
		return y, y, y, s
	}
	channels := F32(x.Shape.Last())
	zero, one := b.BroadcastTo(b.Const(0), channels), b.BroadcastTo(b.Const(1), channels)
	s = BatchStats{Sums: b.add(opGroupSums, Attr{Int: group}, x), Count: b.countOf(x), Shift: zero}
	moment := func(name string) *Node { return b.add(opMoment, Attr{Name: name}, s.Sums, s.Count, zero, one) }
	return y, moment("mean"), moment("second"), s
}
