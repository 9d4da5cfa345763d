package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Operations that copy or reinterpret elements.
var opBroadcast, opReshape, opTranspose, opSlice, opConcat, opPad, opCast *Op

func init() {
	opBroadcast = register(Op{Name: "broadcast", Doc: "x repeated along missing axes and axes of length 1, aligned at the right; Attr.Dims is the target; a second operand lists the touched rows that x is repeated for",
		Class: Move, Arity: -1, shape: broadcastShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.unbroadcast(dy, n.In[0].Shape)}
		}})
	opReshape = register(Op{Name: "reshape", Doc: "the elements of each example under other axes: Attr.Dims", Class: Move, Arity: 1,
		shape: reshapeShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.Reshape(dy, n.In[0].Shape.Inner()...)}
		}})
	opTranspose = register(Op{Name: "transpose", Doc: "inner axis i of the result is inner axis Attr.Dims[i] of x", Class: Move, Arity: 1,
		shape: transposeShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			inverse := make([]int, len(n.Attr.Dims))
			for i, d := range n.Attr.Dims {
				inverse[d] = i
			}
			return []*Node{b.Transpose(dy, inverse...)}
		}})
	opSlice = register(Op{Name: "slice", Doc: "Attr.Dims[0] elements of the last axis from Attr.Int on", Class: Move, Arity: 1,
		shape: sliceShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.Pad(dy, n.Attr.Int, n.In[0].Shape.Last())}
		}})
	opPad = register(Op{Name: "pad", Doc: "zeros around x on the last axis: Attr.Int before, Attr.Dims[0] in all", Class: Move, Arity: 1,
		shape: padShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.Slice(dy, n.Attr.Int, n.In[0].Shape.Last())}
		}})
	opConcat = register(Op{Name: "concat", Doc: "operands side by side on the last axis", Class: Move, Arity: -1,
		shape: concatShape, vjp: func(b *Builder, n, dy *Node) []*Node {
			var dxs []*Node
			from := 0
			for _, x := range n.In {
				dxs = append(dxs, b.Slice(dy, from, x.Shape.Last()))
				from += x.Shape.Last()
			}
			return dxs
		}})
	opCast = register(Op{Name: "cast", Doc: "x in another type: Attr.Name", Class: Move, Arity: 1, shape: castShape,
		vjp: func(b *Builder, n, dy *Node) []*Node {
			if d := n.In[0].Shape.DType; d == tensor.F32 || d == tensor.F64 {
				return []*Node{b.Cast(dy, d)}
			}
			return []*Node{nil}
		}})
}

func broadcastShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	to := Shape{x.DType, n.Attr.Dims}
	if x.Lead() != 0 && x.Lead() != to.Lead() {
		return to, fmt.Errorf("cannot become %v: the axis of examples or touched rows would be lost", to)
	}
	if len(n.In) > 2 || len(n.In) == 2 && (n.In[1].Op != opTouched || !to.Touched()) {
		return to, fmt.Errorf("want one operand, or touched rows beside it")
	}
	from, inner := x.Inner(), to.Inner()
	if len(from) > len(inner) {
		return to, fmt.Errorf("cannot become %v: %d axes, want at most %d", to, len(from), len(inner))
	}
	for i, d := range from {
		if t := inner[len(inner)-len(from)+i]; d != t && d != 1 {
			return to, fmt.Errorf("cannot become %v: an axis of length %d is not 1 or %d", to, d, t)
		}
	}
	return to, nil
}

func reshapeShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	s := x.with(n.Attr.Dims...)
	if s.Size() != x.Size() {
		return s, fmt.Errorf("%d elements do not fill %v, which has %d", x.Size(), s, s.Size())
	}
	return s, nil
}

func transposeShape(n *Node) (Shape, error) {
	x, perm := n.In[0].Shape, n.Attr.Dims
	dims := make([]int, len(perm))
	sorted := slices.Sorted(slices.Values(perm))
	for i := range sorted {
		if sorted[i] != i || len(perm) != len(x.Inner()) {
			return x, fmt.Errorf("%v is no permutation of the %d inner axes", perm, len(x.Inner()))
		}
		dims[i] = x.Inner()[perm[i]]
	}
	return x.with(dims...), nil
}

// lastAxis returns x with its last axis replaced.
func lastAxis(x Shape, length int) (Shape, error) {
	in := x.Inner()
	if len(in) == 0 {
		return x, fmt.Errorf("no inner axis")
	}
	return x.with(append(slices.Clone(in[:len(in)-1]), length)...), nil
}

func sliceShape(n *Node) (Shape, error) {
	x, from, length := n.In[0].Shape, n.Attr.Int, n.Attr.Dims[0]
	if from < 0 || length < 1 || from+length > x.Last() {
		return x, fmt.Errorf("elements %d to %d of an axis of length %d", from, from+length, x.Last())
	}
	return lastAxis(x, length)
}

func padShape(n *Node) (Shape, error) {
	x, before, length := n.In[0].Shape, n.Attr.Int, n.Attr.Dims[0]
	if before < 0 || before+x.Last() > length {
		return x, fmt.Errorf("%d zeros and %d elements do not fit an axis of length %d", before, x.Last(), length)
	}
	return lastAxis(x, length)
}

func concatShape(n *Node) (Shape, error) {
	if len(n.In) == 0 {
		return Shape{}, fmt.Errorf("no operands")
	}
	total, first := 0, n.In[0].Shape
	for _, x := range n.In {
		a, errA := lastAxis(x.Shape, 1)
		b, errB := lastAxis(first, 1)
		if errA != nil || errB != nil || !a.Equal(b) {
			return first, fmt.Errorf("%v does not fit beside %v: all but the last axis must agree", x.Shape, first)
		}
		total += x.Shape.Last()
	}
	return lastAxis(first, total)
}

func castShape(n *Node) (Shape, error) {
	d, ok := tensor.ParseDType(n.Attr.Name)
	if !ok {
		return Shape{}, fmt.Errorf("unknown type %q", n.Attr.Name)
	}
	return Shape{d, n.In[0].Shape.Dims}, nil
}

// unbroadcast sums dy over the axes that broadcasting to its shape had added
// to a value of shape s.
func (b *Builder) unbroadcast(dy *Node, s Shape) *Node {
	in, out := s.Inner(), dy.Shape.Inner()
	missing := len(out) - len(in)
	// The axes of s that are wider in dy, innermost first; those within an
	// example are summed one at a time, by moving each to the end.
	padded := append(slices.Repeat([]int{1}, missing), in...)
	overBatch := dy.PerExample() && !s.PerExample()
	if overBatch && suffix(padded, out) {
		kept := len(out)
		for kept > 0 && padded[len(out)-kept] == 1 && out[len(out)-kept] != 1 {
			kept--
		}
		return b.Reshape(b.SumExamples(dy, kept), in...)
	}
	dy = b.sumLeading(dy, padded)
	for axis := range out {
		if padded[axis] != out[axis] && b.err == nil && dy.Shape.Inner()[axis] != 1 {
			dy = b.sumAxis(dy, axis)
		}
	}
	if overBatch {
		dy = b.SumExamples(dy, len(dy.Shape.Inner()))
	}
	return b.Reshape(dy, in...)
}

// suffix reports whether the axes that differ are all leading ones.
func suffix(padded, out []int) bool {
	i := 0
	for i < len(out) && padded[i] == 1 && out[i] != 1 {
		i++
	}
	return slices.Equal(padded[i:], out[i:])
}

// sumLeading sums over the first inner axes, down to the first that s keeps, and
// keeps them with length 1, where they are more than one: the pixels of an image,
// which are rows of what follows.
func (b *Builder) sumLeading(dy *Node, s []int) *Node {
	inner := slices.Clone(dy.Shape.Inner())
	rows, axes, k := 1, 0, 0
	for ; k < len(inner) && s[k] == 1; k++ {
		if inner[k] > 1 {
			axes++
		}
		rows, inner[k] = rows*inner[k], 1
	}
	if axes < 2 || k == len(inner) || dy.Shape.DType != tensor.F32 || dy.Shape.Touched() {
		return dy
	}
	return b.Reshape(b.SumOver(b.Reshape(dy, append([]int{rows}, inner[k:]...)...)), inner...)
}

// sumAxis sums over one inner axis and keeps it with length 1.
func (b *Builder) sumAxis(x *Node, axis int) *Node {
	inner := slices.Clone(x.Shape.Inner())
	var perm []int
	for i := range inner {
		if i != axis {
			perm = append(perm, i)
		}
	}
	y := x
	if axis != len(inner)-1 {
		y = b.Transpose(x, append(perm, axis)...)
	}
	inner[axis] = 1
	return b.Reshape(b.ReduceSum(y, 1), inner...)
}

// BroadcastTo repeats x to the shape s: missing axes, the batch axis among
// them, and axes of length 1. A per-update scalar of another float type is
// cast first.
func (b *Builder) BroadcastTo(x *Node, s Shape) *Node {
	if b.err == nil && x != nil && x.Shape.DType != s.DType && x.Shape.Size() == 1 {
		x = b.Cast(x, s.DType)
	}
	if b.err == nil && x != nil && x.Shape.Equal(s) {
		return x
	}
	return b.add(opBroadcast, Attr{Dims: s.Dims}, x)
}

// broadcastRows is BroadcastTo where s may have the axis Touched: its rows are
// then those that touched lists.
func (b *Builder) broadcastRows(x *Node, s Shape, touched *Node) *Node {
	if !s.Touched() || b.err != nil || x == nil || x.Shape.Touched() {
		return b.BroadcastTo(x, s)
	}
	if x.Shape.DType != s.DType {
		x = b.Cast(x, s.DType)
	}
	return b.add(opBroadcast, Attr{Dims: s.Dims}, x, touched)
}

// Reshape gives the elements of each example (or of a per-update value) other
// inner axes, in the same order.
func (b *Builder) Reshape(x *Node, inner ...int) *Node {
	if b.err == nil && x != nil && slices.Equal(x.Shape.Inner(), inner) {
		return x
	}
	return b.add(opReshape, Attr{Dims: slices.Clone(inner)}, x)
}

// Transpose permutes the inner axes: axis i of the result is axis perm[i].
func (b *Builder) Transpose(x *Node, perm ...int) *Node {
	return b.add(opTranspose, Attr{Dims: slices.Clone(perm)}, x)
}

// Slice takes length elements of the last axis from an offset on.
func (b *Builder) Slice(x *Node, from, length int) *Node {
	return b.add(opSlice, Attr{Int: from, Dims: []int{length}}, x)
}

// Pad puts zeros around the last axis: before of them first, length in all.
func (b *Builder) Pad(x *Node, before, length int) *Node {
	return b.add(opPad, Attr{Int: before, Dims: []int{length}}, x)
}

// Concat puts values side by side on the last axis.
func (b *Builder) Concat(xs ...*Node) *Node {
	if len(xs) == 1 {
		return xs[0]
	}
	return b.add(opConcat, Attr{}, xs...)
}

// Cast converts the elements to another type.
func (b *Builder) Cast(x *Node, d tensor.DType) *Node {
	if b.err == nil && x != nil && x.Shape.DType == d {
		return x
	}
	return b.add(opCast, Attr{Name: d.String()}, x)
}
