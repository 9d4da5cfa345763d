package graph

import (
	"fmt"

	"github.com/descent-ml/descent/tensor"
)

// Operations that tell positions apart. A segment is a per-update scalar s:
// positions are numbered i mod s, so that a window holds several short ones;
// s below 1 is none.
var opRotary, opPositionRows, opPositionRowsGrad, opSinusoids *Op

func init() {
	opRotary = register(Op{Name: "rotary", Class: Row, Arity: -1, shape: rotaryShape,
		Doc: "(x, past or nothing, segment or nothing): in each of the first Attr.Dims[0] blocks of Attr.Dims[1] of the last axis, the pairs (j, j + half) " +
			"turned by the angle p·Attr.Float^(-2j/Attr.Dims[1]), p = past + t mod segment; backwards if Attr.Int is 1",
		flops: func(n *Node) int64 { return 3 * int64(n.Shape.Inner()[0]*n.Attr.Dims[0]*n.Attr.Dims[1]) },
		vjp: func(b *Builder, n, dy *Node) []*Node {
			back := n.Attr
			back.Int = 1 - back.Int
			return firstOf(n, b.add(opRotary, back, append([]*Node{dy}, n.In[1:]...)...))
		}})
	opPositionRowsGrad = register(Op{Name: "positionrowsgrad", Class: Row, Arity: -1, shape: positionGradShape, flops: inputSize,
		Doc: "(dy, segment or nothing): row r of Attr.Dims[0] is the sum of the rows i of dy with i mod segment = r, ascending"})
	opPositionRows = register(Op{Name: "positionrows", Class: Move, Arity: -1, shape: positionShape,
		Doc: "(table, segment or nothing): row i of Attr.Dims[0] is row i mod segment of the table",
		vjp: func(b *Builder, n, dy *Node) []*Node {
			return firstOf(n, b.add(opPositionRowsGrad, Attr{Dims: n.In[0].Shape.Dims[:1]}, append([]*Node{dy}, n.In[1:]...)...))
		}})
	opSinusoids = register(Op{Name: "sinusoids", Class: Row, Arity: 0, flops: perElement(25),
		Doc: "y[t, 2i] = sin(t/10000^(2i/C)), y[t, 2i + 1] = cos(t/10000^(2i/C)), of Attr.Dims[0] positions and C = Attr.Dims[1] channels",
		shape: func(n *Node) (Shape, error) {
			if n.Attr.Dims[0] < 1 || n.Attr.Dims[1] < 1 {
				return Shape{}, fmt.Errorf("%d positions of %d channels, want at least 1", n.Attr.Dims[0], n.Attr.Dims[1])
			}
			return F32(n.Attr.Dims...), nil
		}})
}

func rotaryShape(n *Node) (Shape, error) {
	x, heads, dim := n.In[0].Shape, n.Attr.Dims[0], n.Attr.Dims[1]
	switch {
	case x.DType != tensor.F32 || len(x.Inner()) != 2:
		return x, fmt.Errorf("want f32 positions and channels: (T, C)")
	case heads < 1 || dim < 2 || dim%2 != 0 || heads*dim > x.Last():
		return x, fmt.Errorf("%d heads of %d, want at least 1 of an even size within the %d channels", heads, dim, x.Last())
	case !(n.Attr.Float > 1):
		return x, fmt.Errorf("base %v, want more than 1", n.Attr.Float)
	}
	rest := n.In[1:]
	if len(rest) > 0 && rest[0].Shape.DType == tensor.I32 {
		if err := lengthsOperand(rest[:1], x); err != nil {
			return x, err
		}
		rest = rest[1:]
	}
	return x, segmentOperand(rest)
}

// segmentOperand checks an operand that may be absent: a per-update number.
func segmentOperand(in []*Node) error {
	if len(in) > 1 || len(in) == 1 && !in[0].Shape.Equal(F32()) {
		return fmt.Errorf("a segment %v, want %v", in[0].Shape, F32())
	}
	return nil
}

func positionShape(n *Node) (Shape, error) {
	t, rows := n.In[0].Shape, n.Attr.Dims[0]
	if t.DType != tensor.F32 || t.PerExample() || len(t.Dims) != 2 {
		return t, fmt.Errorf("want an f32 table (positions, channels) of the per-update half")
	}
	if rows < 1 || rows > t.Dims[0] {
		return t, fmt.Errorf("%d positions out of a table of %d", rows, t.Dims[0])
	}
	return F32(rows, t.Dims[1]), segmentOperand(n.In[1:])
}

func positionGradShape(n *Node) (Shape, error) {
	return F32(n.Attr.Dims[0], n.In[0].Shape.Last()), segmentOperand(n.In[1:])
}

// operands returns the nodes that are not nil.
func operands(in ...*Node) []*Node {
	var out []*Node
	for i, n := range in {
		if n != nil || i == 0 {
			out = append(out, n)
		}
	}
	return out
}

// Rotary turns pairs of channels of x (T, C) by angles that grow with the
// position (Su et al., Neurocomputing 2024, arXiv:2104.09864, section 3.2.2).
// The first heads blocks of dim channels are turned, the others stay. Within a
// block channel j is paired with j + dim/2, as in Hugging Face's Llama, and not
// with j + 1 as in the paper; the angle at position p is p·base^(-2j/dim).
// Angles are float64, and sine and cosine rounded once; PyTorch models have
// float32 angles. past, i32 for each example or nil for 0, is the number of
// position 0, at least 0. With segment, a per-update scalar, positions are
// counted modulo it.
func (b *Builder) Rotary(x, past, segment *Node, heads, dim int, base float64) *Node {
	return b.add(opRotary, Attr{Dims: []int{heads, dim}, Float: base}, operands(x, past, segment)...)
}

// PositionRows returns the first n rows of a table of positions (L, C), a
// per-update value; with segment, a per-update scalar, row i is row i mod
// segment of the table.
func (b *Builder) PositionRows(table, segment *Node, n int) *Node {
	if b.err == nil && table != nil && segment == nil && table.Shape.Equal(F32(n, table.Shape.Last())) {
		return table
	}
	return b.add(opPositionRows, Attr{Dims: []int{n}}, operands(table, segment)...)
}

// Sinusoids returns the positional encoding (n, channels) of Vaswani et al.,
// NeurIPS 2017, section 3.5: sines in even columns and cosines in odd ones.
func (b *Builder) Sinusoids(n, channels int) *Node {
	return b.add(opSinusoids, Attr{Dims: []int{n, channels}})
}
