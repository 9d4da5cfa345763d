package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Contractions: each element of a result is one chain of fused multiply-adds
// in ascending order of the contracted axis.
var opLinear, opLinearBias, opLinearT *Op

func init() {
	opLinear = register(Op{Name: "linear", Doc: "x·W: y[.., j] = Σᵢ x[.., i]·W[i, j], i ascending from 0", Class: Contract, Arity: 2,
		shape: linearShape, flops: linearFLOPs, vjp: linearVJP})
	opLinearBias = register(Op{Name: "linearbias", Doc: "x·W + b: the chain of linear, started at b[j]", Class: Contract, Arity: 3,
		shape: linearShape, flops: linearFLOPs, vjp: linearVJP})
	opLinearT = register(Op{Name: "lineart", Doc: "x·Wᵀ: y[.., i] = Σⱼ x[.., j]·W[i, j], j ascending from 0", Class: Contract, Arity: 2,
		shape: linearTShape, flops: linearFLOPs, vjp: func(b *Builder, n, dy *Node) []*Node {
			x, w := n.In[0], n.In[1]
			return []*Node{b.add(opLinear, Attr{}, dy, w), b.DotExamples(dy, x)}
		}})
}

func linearVJP(b *Builder, n, dy *Node) []*Node {
	x, w := n.In[0], n.In[1]
	d := []*Node{b.LinearT(dy, w), b.DotExamples(x, dy)}
	if len(n.In) == 3 {
		d = append(d, b.unbroadcast(dy, n.In[2].Shape))
	}
	return d
}

func linearFLOPs(n *Node) int64 { return 2 * int64(n.Shape.Size()) * int64(n.In[0].Shape.Last()) }

func linearShape(n *Node) (Shape, error) {
	x, w := n.In[0].Shape, n.In[1].Shape
	if err := matrixOperands(x, w); err != nil {
		return x, err
	}
	if x.Last() != w.Dims[0] {
		return x, fmt.Errorf("inner lengths differ: %d and %d", x.Last(), w.Dims[0])
	}
	if len(n.In) == 3 && !n.In[2].Shape.Equal(F32(w.Dims[1])) {
		return x, fmt.Errorf("bias %v, want %v", n.In[2].Shape, F32(w.Dims[1]))
	}
	return lastAxis(x, w.Dims[1])
}

func linearTShape(n *Node) (Shape, error) {
	x, w := n.In[0].Shape, n.In[1].Shape
	if err := matrixOperands(x, w); err != nil {
		return x, err
	}
	if x.Last() != w.Dims[1] {
		return x, fmt.Errorf("inner lengths differ: %d and %d", x.Last(), w.Dims[1])
	}
	return lastAxis(x, w.Dims[0])
}

func matrixOperands(x, w Shape) error {
	switch {
	case x.DType != tensor.F32 || w.DType != tensor.F32:
		return fmt.Errorf("types %v and %v, want f32", x.DType, w.DType)
	case len(x.Inner()) == 0:
		return fmt.Errorf("the left operand has no inner axis")
	case len(w.Dims) != 2 || w.Lead() != 0:
		return fmt.Errorf("the right operand is %v, want a matrix of the per-update half", w)
	}
	return nil
}

// Linear returns x·W, or x·W + b if bias is not nil. x is (.., in), W is
// (in, out), bias is (out); leading axes of x are kept.
func (b *Builder) Linear(x, w, bias *Node) *Node {
	if bias == nil {
		return b.add(opLinear, Attr{}, x, w)
	}
	return b.add(opLinearBias, Attr{}, x, w, bias)
}

// LinearT returns x·Wᵀ: x is (.., out), W is (in, out), the result (.., in).
func (b *Builder) LinearT(x, w *Node) *Node { return b.add(opLinearT, Attr{}, x, w) }

// imageRow is how many elements of an image count as a row of a product: pixels are
// many and have few channels, so what an image takes is its elements.
const imageRow = 128

// Images reports whether the graph convolves images.
func (g *Graph) Images() bool {
	return slices.ContainsFunc(g.Nodes, func(n *Node) bool { return n.Op == opConv || n.Op == opConvInput })
}

// Tallest returns the most rows that an example has in a product with a matrix: the
// positions of a sequence; 1 without one, and with a recurrent layer, which takes one
// position of many examples at a time. Layers of images have very different sizes: there
// it is the mean over them, an image being its elements by imageRow.
func (g *Graph) Tallest() int {
	if g.Images() {
		return g.meanImage()
	}
	rows := 1
	for _, n := range g.Nodes {
		if n.recurrent() {
			return 1
		}
		if n.Op.Class == Contract && n.PerExample() {
			rows = max(rows, n.Shape.Size()/n.Shape.Last())
		}
	}
	return rows
}

func (g *Graph) meanImage() int {
	elements, images := 0, 0
	for _, n := range g.Nodes {
		if n.Op.Class == Contract && n.PerExample() && len(n.Shape.Inner()) == 3 {
			elements, images = elements+n.Shape.Size(), images+1
		}
	}
	return max(1, elements/images/imageRow)
}

// Sums over examples: the crossings from the per-example to the per-update
// half. They are accumulated across the micro-batches of a batch, in the order
// of the examples. Where the terms of a chain are more than a leaf (LeafTerms),
// the chain of each leaf is added to a float64 total.
var opDotExamples, opSumExamples, opScatterExamples *Op

// LeafTerms is the number of terms after which a float32 chain over examples ends
// and its value goes to a float64 total: see docs/exactness.md. A chain of a
// table's row counts the terms of that row.
const LeafTerms = 512

// LeafExamples returns how many consecutive examples of a batch make a leaf of
// n, a product over examples: LeafTerms terms, at least one example.
func (n *Node) LeafExamples() int {
	perExample := 1
	switch n.Op {
	case opDotExamples, opConvWeights:
		in := n.In[1].Shape.Inner()
		perExample = tensor.Shape(in[:len(in)-1]).Size()
	}
	return max(1, LeafTerms/perExample)
}

func init() {
	opDotExamples = register(Op{Name: "dotexamples", Doc: "xᵀ·y: z[i, j] = Σ x[e, i]·y[e, j] over examples e and their leading axes, by leaves",
		Class: Examples, Arity: 2, shape: dotExamplesShape,
		flops: func(n *Node) int64 { return 2 * int64(n.In[0].Shape.Size()) * int64(n.In[1].Shape.Last()) },
		vjp: func(b *Builder, n, g *Node) []*Node {
			g = b.back(n, g)
			return []*Node{b.LinearT(n.In[1], g), b.add(opLinear, Attr{}, n.In[0], g)}
		}})
	opSumExamples = register(Op{Name: "sumexamples", Doc: "Σ x over examples and leading axes, the last Attr.Int axes kept, in float64, ascending; the result has type Attr.Name",
		Class: Examples, Arity: 1, shape: sumExamplesShape,
		flops: func(n *Node) int64 { return int64(n.In[0].Shape.Size()) },
		vjp: func(b *Builder, n, g *Node) []*Node {
			return []*Node{b.BroadcastTo(b.Cast(b.back(n, g), n.In[0].Shape.DType), n.In[0].Shape)}
		}})
	opScatterExamples = register(Op{Name: "scatterexamples", Doc: "a table of Attr.Int rows, row r the sum of y[e] over the examples e with index r, ascending, by leaves of the row's terms",
		Class: Examples, Arity: 2, shape: scatterShape,
		flops: func(n *Node) int64 { return int64(n.In[1].Shape.Size()) },
		vjp: func(b *Builder, n, g *Node) []*Node {
			return []*Node{nil, b.Gather(b.back(n, g), n.In[0])}
		}})
}

// back returns the cotangent of n, a sum over examples, on its way back to them.
func (b *Builder) back(n, g *Node) *Node {
	if b.err != nil || !n.In[len(n.In)-1].PerExample() {
		return g
	}
	return b.Barrier(g)
}

func dotExamplesShape(n *Node) (Shape, error) {
	x, y := n.In[0].Shape, n.In[1].Shape
	if x.DType != tensor.F32 || y.DType != tensor.F32 {
		return x, fmt.Errorf("types %v and %v, want f32", x.DType, y.DType)
	}
	xi, yi := x.Inner(), y.Inner()
	if len(xi) == 0 || len(xi) != len(yi) || !slices.Equal(xi[:len(xi)-1], yi[:len(yi)-1]) || x.PerExample() != y.PerExample() {
		return x, fmt.Errorf("leading axes differ")
	}
	return F32(x.Last(), y.Last()), nil
}

func sumExamplesShape(n *Node) (Shape, error) {
	x, keep := n.In[0].Shape, n.Attr.Int
	d, _ := tensor.ParseDType(n.Attr.Name)
	if !x.PerExample() || x.DType != tensor.F32 {
		return x, fmt.Errorf("want a per-example f32 value")
	}
	if keep < 0 || keep > len(x.Inner()) {
		return x, fmt.Errorf("cannot keep %d of %d inner axes", keep, len(x.Inner()))
	}
	return Shape{d, slices.Clone(x.Inner()[len(x.Inner())-keep:])}, nil
}

func scatterShape(n *Node) (Shape, error) {
	idx, y := n.In[0].Shape, n.In[1].Shape
	yi := y.Inner()
	if idx.DType != tensor.I32 || !idx.PerExample() || len(yi) == 0 || !slices.Equal(idx.Inner(), yi[:len(yi)-1]) {
		return y, fmt.Errorf("want i32 indices and a row for each")
	}
	return F32(n.Attr.Int, y.Last()), nil
}

// DotExamples returns Σ xᵀ·y over the examples of the batch: x (B, .., i),
// y (B, .., j), result (i, j). For per-update operands it sums over the
// leading axes.
func (b *Builder) DotExamples(x, y *Node) *Node { return b.add(opDotExamples, Attr{}, x, y) }

// SumExamples returns the sum of x over the examples of the batch and over
// all inner axes but the last keep, accumulated in float64.
func (b *Builder) SumExamples(x *Node, keep int) *Node {
	return b.add(opSumExamples, Attr{Int: keep, Name: tensor.F32.String()}, x)
}

// SumExamples64 is SumExamples over all inner axes with a float64 result, for
// the sums of losses and weights.
func (b *Builder) SumExamples64(x *Node) *Node {
	return b.add(opSumExamples, Attr{Name: tensor.F64.String()}, x)
}

// ScatterExamples returns a table (rows, d) in which row r is the sum of the
// rows of y (B, .., d) whose index (B, ..) is r.
func (b *Builder) ScatterExamples(indices, y *Node, rows int) *Node {
	return b.add(opScatterExamples, Attr{Int: rows}, indices, y)
}
