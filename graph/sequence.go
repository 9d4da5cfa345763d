package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Operations along the positions of an example. The first inner axis of x is
// its T positions; the axes behind it are those of one position, which is
// called a row here. lengths, an i32 for each example, say how many of the
// positions count, from the first on; below 0 is 0, and above T is T.
var (
	opShift, opReverse, opPickAt, opPlaceAt            *Op
	opMeanOver, opSpreadOver, opMaxOver, opMaxOverGrad *Op
	opSumOver                                          *Op
)

func init() {
	opShift = register(Op{Name: "shift", Doc: "y[t] = x[t - Attr.Int] along the positions, 0 from outside", Class: Move, Arity: 1,
		shape: sameRowsShape, vjp: func(b *Builder, n, dy *Node) []*Node { return []*Node{b.Shift(dy, -n.Attr.Int)} }})
	opReverse = register(Op{Name: "reverse", Doc: "(x, lengths or nothing): the positions that count backwards, the others as they are", Class: Move, Arity: -1,
		shape: sameRowsShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return firstOf(n, b.add(opReverse, Attr{}, withLengths(n, dy)...))
		}})
	opPlaceAt = register(Op{Name: "placeat", Doc: "(x, index): a row x at position index + Attr.Int of Attr.Dims[0], 0 elsewhere", Class: Move, Arity: 2,
		shape: spreadShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opPickAt, Attr{Int: n.Attr.Int}, dy, n.In[1]), nil}
		}})
	opPickAt = register(Op{Name: "pickat", Doc: "(x, index): the row at position index + Attr.Int, 0 from outside", Class: Move, Arity: 2,
		shape: rowOfShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opPlaceAt, Attr{Int: n.Attr.Int, Dims: []int{n.In[0].Shape.Inner()[0]}}, dy, n.In[1]), nil}
		}})
	opSpreadOver = register(Op{Name: "spreadover", Doc: "(x, lengths or nothing): x/length at the positions that count of Attr.Dims[0], 0 at the others", Class: Row, Arity: -1,
		shape: spreadShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return firstOf(n, b.add(opMeanOver, Attr{}, withLengths(n, dy)...))
		}})
	opMeanOver = register(Op{Name: "meanover", Doc: "(x, lengths or nothing): the sum of the rows that count, ascending, over their number; 0 of none", Class: Row, Arity: -1,
		shape: rowOfShape, flops: inputSize, vjp: func(b *Builder, n, dy *Node) []*Node {
			return firstOf(n, b.add(opSpreadOver, Attr{Dims: n.In[0].Shape.Inner()[:1]}, withLengths(n, dy)...))
		}})
	opSumOver = register(Op{Name: "sumover", Doc: "the sum of the rows, ascending", Class: Row, Arity: 1,
		shape: rowOfShape, flops: inputSize, vjp: func(b *Builder, n, dy *Node) []*Node {
			x := n.In[0].Shape
			return []*Node{b.BroadcastTo(b.Reshape(dy, append([]int{1}, x.Inner()[1:]...)...), x)}
		}})
	opMaxOverGrad = register(Op{Name: "maxovergrad", Doc: "(x, y, dy, lengths or nothing): dy at the first position that counts with x = y, 0 at the others", Class: Row, Arity: -1,
		shape: maxOverGradShape, flops: inputSizeTimes(4)})
	opMaxOver = register(Op{Name: "maxover", Doc: "(x, lengths or nothing): the maximum of the rows that count, NaN if any is; 0 of none", Class: Row, Arity: -1,
		shape: rowOfShape, flops: inputSize, vjp: func(b *Builder, n, dy *Node) []*Node {
			in := append([]*Node{n.In[0], n, dy}, n.In[1:]...)
			return firstOf(n, b.add(opMaxOverGrad, Attr{}, in...))
		}})
}

// withLengths returns the operands of n, (x, lengths or nothing), with y for x.
func withLengths(n, y *Node) []*Node { return append([]*Node{y}, n.In[1:]...) }

// firstOf returns dx as the cotangents of the operands of n: the others get none.
func firstOf(n, dx *Node) []*Node {
	d := make([]*Node, len(n.In))
	d[0] = dx
	return d
}

// sequenceOperands checks (x (T, ..), an i32 for each example or nothing).
func sequenceOperands(n *Node) error {
	x := n.In[0].Shape
	if x.DType != tensor.F32 || len(x.Inner()) < 2 {
		return fmt.Errorf("want f32 positions and an axis of one position at least: (T, C)")
	}
	return lengthsOperand(n.In[1:], x)
}

// lengthsOperand checks an operand that may be absent: an i32 for each example.
func lengthsOperand(in []*Node, x Shape) error {
	if len(in) > 1 {
		return fmt.Errorf("%d operands too many", len(in)-1)
	}
	for _, n := range in {
		if want := x.with(); n.Shape.DType != tensor.I32 || !slices.Equal(n.Shape.Dims, want.Dims) {
			return fmt.Errorf("lengths or an index %v, want %v", n.Shape, Shape{tensor.I32, want.Dims})
		}
	}
	return nil
}

func sameRowsShape(n *Node) (Shape, error) { return n.In[0].Shape, sequenceOperands(n) }

// rowOfShape is that of one position.
func rowOfShape(n *Node) (Shape, error) {
	if err := sequenceOperands(n); err != nil {
		return n.In[0].Shape, err
	}
	return n.In[0].Shape.with(n.In[0].Shape.Inner()[1:]...), nil
}

// spreadShape puts Attr.Dims[0] positions before the axes of a row.
func spreadShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	if x.DType != tensor.F32 || len(x.Inner()) == 0 {
		return x, fmt.Errorf("want an f32 row")
	}
	return x.with(append(slices.Clone(n.Attr.Dims), x.Inner()...)...), lengthsOperand(n.In[1:], x)
}

func maxOverGradShape(n *Node) (Shape, error) {
	x, row := n.In[0].Shape, n.In[0].Shape.with(n.In[0].Shape.Inner()[1:]...)
	if !n.In[1].Shape.Equal(row) || !n.In[2].Shape.Equal(row) {
		return x, fmt.Errorf("want the maximum and its cotangent as %v", row)
	}
	return x, lengthsOperand(n.In[3:], x)
}

// sequence adds a node of (x, lengths), lengths being nil for all positions.
func (b *Builder) sequence(op *Op, x, lengths *Node) *Node {
	if lengths == nil {
		return b.add(op, Attr{}, x)
	}
	return b.add(op, Attr{}, x, lengths)
}

// Shift moves x (T, ..) by n positions: y[t] = x[t-n], 0 where that is outside.
// n may be negative.
func (b *Builder) Shift(x *Node, n int) *Node { return b.add(opShift, Attr{Int: n}, x) }

// Reverse turns the first length positions of x (T, ..) around and leaves the
// others; lengths is i32 for each example, or nil for all positions.
func (b *Builder) Reverse(x, lengths *Node) *Node { return b.sequence(opReverse, x, lengths) }

// MeanOver averages the first length positions of x (T, ..) to (..); 0 if there
// are none. lengths is i32 for each example, or nil for all positions.
func (b *Builder) MeanOver(x, lengths *Node) *Node { return b.sequence(opMeanOver, x, lengths) }

// SumOver adds the positions of x (T, ..), ascending, to (..).
func (b *Builder) SumOver(x *Node) *Node { return b.add(opSumOver, Attr{}, x) }

// MaxOver takes the maximum of each element over the first length positions of
// x (T, ..), to (..); 0 if there are none. The gradient goes to the first
// position that has the maximum. lengths is i32 for each example, or nil for all.
func (b *Builder) MaxOver(x, lengths *Node) *Node { return b.sequence(opMaxOver, x, lengths) }

// PickAt returns position index of x (T, ..), as (..); 0 if there is no such
// position. index is i32 for each example.
func (b *Builder) PickAt(x, index *Node) *Node { return b.add(opPickAt, Attr{}, x, index) }

// LastOf returns position length - 1 of x (T, ..), as (..); 0 if lengths, an
// i32 for each example, is 0 or more than T.
func (b *Builder) LastOf(x, lengths *Node) *Node { return b.add(opPickAt, Attr{Int: -1}, x, lengths) }
