package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Products of the vectors of one example: a user's with those of items, and of
// the embedded features with each other. Sums along a vector have sixteen lanes,
// as in reducesum; sums over vectors are chains.
var opDots, opMix, opOuter, opPairDots, opPairDotsGrad *Op

func init() {
	opDots = register(Op{Name: "dots", Doc: "(x, y): z[j] = Σᵢ x[i]·y[j, i], 16 lanes of fused multiply-adds and a fixed tree", Class: Row, Arity: 2,
		shape: dotsShape, flops: func(n *Node) int64 { return 2 * int64(n.In[1].Shape.Size()) },
		vjp: func(b *Builder, n, dz *Node) []*Node {
			return []*Node{b.add(opMix, Attr{}, dz, n.In[1]), b.add(opOuter, Attr{}, dz, n.In[0])}
		}})
	opMix = register(Op{Name: "mix", Doc: "(z, y): x[i] = Σⱼ z[j]·y[j, i], one chain, j ascending from 0", Class: Row, Arity: 2,
		shape: mixShape, flops: func(n *Node) int64 { return 2 * int64(n.In[1].Shape.Size()) },
		vjp: func(b *Builder, n, dx *Node) []*Node {
			return []*Node{b.Dots(dx, n.In[1]), b.add(opOuter, Attr{}, n.In[0], dx)}
		}})
	opOuter = register(Op{Name: "outer", Doc: "(z, x): y[j, i] = z[j]·x[i]", Class: Row, Arity: 2, shape: outerShape,
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.Dots(n.In[1], dy), b.add(opMix, Attr{}, n.In[0], dy)}
		}})
	opPairDotsGrad = register(Op{Name: "pairdotsgrad", Class: Row, Arity: 2, shape: pairDotsGradShape,
		Doc:   "(x, dz): dx[.., i, :] = Σⱼ dz[i, j]·x[.., j, :], j ascending, dz[i, j] = dz[j, i] that of the pair and dz[i, i] = 0",
		flops: pairFLOPs})
	opPairDots = register(Op{Name: "pairdots", Class: Row, Arity: 1, shape: pairDotsShape, flops: pairFLOPs,
		Doc: "z[.., k] = Σ x[.., i, :]·x[.., j, :] for the pairs j < i in the order (1, 0), (2, 0), (2, 1), (3, 0), ..; lanes as in dots",
		vjp: func(b *Builder, n, dz *Node) []*Node {
			return []*Node{b.add(opPairDotsGrad, Attr{}, n.In[0], dz)}
		}})
}

func pairFLOPs(n *Node) int64 {
	x := n.In[0].Shape
	return int64(x.Size()) * int64(x.Inner()[len(x.Inner())-2])
}

// perExample checks that operands are f32, of examples, and have so many axes.
func perExample(n *Node, axes ...int) error {
	for i, x := range n.In {
		if s := x.Shape; s.DType != tensor.F32 || !s.PerExample() || len(s.Inner()) != axes[i] {
			return fmt.Errorf("operand %d is %v, want an f32 value of each example with %d axes", i, s, axes[i])
		}
	}
	return nil
}

func dotsShape(n *Node) (Shape, error) {
	x, y := n.In[0].Shape, n.In[1].Shape
	if err := perExample(n, 1, 2); err != nil {
		return x, err
	}
	if x.Last() != y.Last() {
		return x, fmt.Errorf("inner lengths differ: %d and %d", x.Last(), y.Last())
	}
	return x.with(y.Inner()[0]), nil
}

func mixShape(n *Node) (Shape, error) {
	z, y := n.In[0].Shape, n.In[1].Shape
	if err := perExample(n, 1, 2); err != nil {
		return z, err
	}
	if z.Last() != y.Inner()[0] {
		return z, fmt.Errorf("%d factors of %d rows", z.Last(), y.Inner()[0])
	}
	return z.with(y.Last()), nil
}

func outerShape(n *Node) (Shape, error) {
	z, x := n.In[0].Shape, n.In[1].Shape
	return z.with(z.Last(), x.Last()), perExample(n, 1, 1)
}

func pairDotsShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	in := x.Inner()
	if x.DType != tensor.F32 || len(in) < 2 || in[len(in)-2] < 2 {
		return x, fmt.Errorf("want f32 vectors (.., n, d), at least two")
	}
	f := in[len(in)-2]
	return x.with(append(slices.Clone(in[:len(in)-2]), f*(f-1)/2)...), nil
}

func pairDotsGradShape(n *Node) (Shape, error) {
	z, err := pairDotsShape(n)
	if err == nil && !n.In[1].Shape.Equal(z) {
		err = fmt.Errorf("cotangent %v, want %v", n.In[1].Shape, z)
	}
	return n.In[0].Shape, err
}

// Dots returns the dot products (n) of a vector x (d) with each row of y (n, d),
// both of each example.
func (b *Builder) Dots(x, y *Node) *Node { return b.add(opDots, Attr{}, x, y) }

// PairDots returns the dot products of all pairs of rows of x (.., n, d):
// (.., n(n-1)/2), the strictly lower triangle of x·xᵀ row by row (Naumov et al.,
// arXiv:1906.00091, section 2.1.3).
func (b *Builder) PairDots(x *Node) *Node { return b.add(opPairDots, Attr{}, x) }
