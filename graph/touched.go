package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Sparse gradients. The gradient of a table that examples look rows up in is 0
// but for the rows that the batch names: its touched rows. A sparse parameter
// has the gradient of those alone, as a value with the axis Touched, and so have
// its optimizer's state and its update. Nothing of an update then depends on the
// number of rows of the table.
var opTouched, opSumRows, opGatherTouched *Op

func init() {
	opTouched = register(Op{Name: "touched", Class: Examples, Arity: -1, shape: touchedShape, flops: perIndex,
		Doc: "(indices..): the distinct rows of a table of Attr.Int that the batch names, in order of their first touch: examples ascending, then operands, then positions"})
	opSumRows = register(Op{Name: "sumrows", Class: Examples, Arity: -1, shape: sumRowsShape, flops: sumRowsFLOPs,
		Doc: "(index, y, index, y, .., touched): for each touched row the sum of the y[e] whose index is that row, in the order of touched, by leaves of the row's terms"})
	opGatherTouched = register(Op{Name: "gathertouched", Class: Move, Arity: 2, shape: gatherTouchedShape,
		Doc: "(variable, touched): the touched rows of a variable; Attr.Name is the variable's name"})
}

// Indices returns how many rows an example names in a touched node.
func (n *Node) Indices() int {
	count := 0
	for _, x := range n.In {
		count += x.Shape.Size()
	}
	return count
}

// MostTouched returns the most rows that a batch of so many examples touches, of
// a node of op touched or a value over its rows: an index names one, and a table
// has no more than it has.
func (n *Node) MostTouched(examples int) int { return min(n.Rows.Attr.Int, examples*n.Rows.Indices()) }

func perIndex(n *Node) int64 { return int64(n.Indices()) }

// Lookups returns the pairs (index, y) of a sumrows node, one after the other,
// without the touched rows.
func (n *Node) Lookups() []*Node { return n.In[:len(n.In)-1] }

func sumRowsFLOPs(n *Node) (flops int64) {
	for i := 1; i < len(n.In); i += 2 {
		flops += int64(n.In[i].Shape.Size())
	}
	return flops
}

func touchedShape(n *Node) (Shape, error) {
	s := Shape{tensor.I32, []int{Touched}}
	if len(n.In) == 0 || n.Attr.Int < 1 {
		return s, fmt.Errorf("no indices, or a table of %d rows", n.Attr.Int)
	}
	for _, x := range n.In {
		if x.Shape.DType != tensor.I32 || !x.PerExample() {
			return s, fmt.Errorf("indices %v, want per-example i32", x.Shape)
		}
	}
	return s, nil
}

func sumRowsShape(n *Node) (Shape, error) {
	last := len(n.In) - 1
	if last < 2 || last%2 != 0 || n.In[last].Op != opTouched {
		return Shape{}, fmt.Errorf("want pairs of indices and rows, then what they touch")
	}
	cols := n.In[1].Shape.Last()
	for i := 0; i < last; i += 2 {
		if n.In[i] != n.In[last].In[i/2] {
			return Shape{}, fmt.Errorf("indices %d are not those that touched lists", i/2)
		}
		s, err := scatterShape(&Node{In: n.In[i : i+2], Attr: Attr{Int: 1}})
		if err != nil || s.Last() != cols {
			return s, fmt.Errorf("want i32 indices and an f32 row of %d for each", cols)
		}
	}
	return F32(Touched, cols), nil
}

func gatherTouchedShape(n *Node) (Shape, error) {
	v, rows := n.In[0], n.In[1]
	if v.Op != opVar || rows.Op != opTouched {
		return v.Shape, fmt.Errorf("want a variable and what a batch touches of it")
	}
	return rowsOf(v, rows)
}

// rowsOf returns the shape of the touched rows of a variable.
func rowsOf(v, rows *Node) (Shape, error) {
	if v.Shape.Dims[0] != rows.Attr.Int || len(v.Shape.Dims) < 2 {
		return v.Shape, fmt.Errorf("%q is %v, want %d rows", v.Attr.Name, v.Shape, rows.Attr.Int)
	}
	return Shape{v.Shape.DType, append([]int{Touched}, v.Shape.Dims[1:]...)}, nil
}

// overRows lists the operations beside the element-wise ones that take values
// with the axis Touched: each works within a row, but for sumsquares.
var overRows = []string{"broadcast", "reshape", "transpose", "slice", "pad", "concat", "cast", "reducesum", "reducemax", "sumsquares",
	"softmax", "softmaxgrad", "logsoftmax", "logsoftmaxgrad", "normalize", "normalizegrad", "rmsnormalize", "rmsnormalizegrad"}

// setRows finds whose rows the value has, and refuses operands of different
// ones, operations that do not know the axis, and sparse parameters read whole.
func (n *Node) setRows() error {
	if n.Op == opTouched {
		n.Rows = n
	}
	for _, x := range n.In {
		switch {
		case x.Attr.Sparse && n.Op != opGather && n.Op != opGatherTouched:
			return fmt.Errorf("%q is a sparse parameter, of which only Gather reads rows: make it an ordinary one (Param, Embedding without Sparse) to use it whole", x.Attr.Name)
		case x.Attr.Sparse && n.Op == opGather && !n.PerExample():
			return fmt.Errorf("%q is a sparse parameter, looked up by what is no field of an example", x.Attr.Name)
		case !x.Shape.Touched():
		case n.Op.Class != Elementwise && n.Op != opSumRows && n.Op != opGatherTouched && n.Op != opPart && !slices.Contains(overRows, n.Op.Name):
			return fmt.Errorf("the touched rows of a sparse parameter %s have no %s: they are known only when the batch is", x.Rows.Attr.Name, n.Op.Name)
		case n.Rows != nil && n.Rows != x.Rows:
			return fmt.Errorf("the touched rows of %s and of %s are different ones", n.Rows.Attr.Name, x.Rows.Attr.Name)
		default:
			n.Rows = x.Rows
		}
	}
	if !n.Shape.Touched() {
		n.Rows = nil
	} else if n.Rows == nil {
		return fmt.Errorf("no operand says which rows are touched")
	}
	return nil
}

// SparseParam declares a table (rows, dim) under the current scope whose
// gradient is kept for the rows that a batch touches. Only Gather reads it.
// Asking again for the same name and shape gives the same node.
func (b *Builder) SparseParam(name string, init Init, rows, dim int) *Node {
	return b.declare(Attr{Name: b.Path(name), Kind: Trainable, Init: init, Sparse: true}, []int{rows, dim})
}

// GatherTouched returns the touched rows of a variable (N, ..), as (Touched, ..).
// touched is the Rows of a sparse gradient.
func (b *Builder) GatherTouched(v, touched *Node) *Node {
	attr := Attr{}
	if v != nil {
		attr.Name = v.Attr.Name
	}
	return b.add(opGatherTouched, attr, v, touched)
}

// lookup is one use of a sparse parameter and the cotangent of its result.
type lookup struct{ index, dy *Node }

// lookups are, for each sparse parameter, its uses from the last to the first.
type lookups map[*Node][]lookup

// take keeps the cotangent of a look-up in a sparse parameter, and reports
// whether n is one.
func (l lookups) take(n, dy *Node) bool {
	if n.Op != opGather || !n.In[0].Attr.Sparse {
		return false
	}
	l[n.In[0]] = append(l[n.In[0]], lookup{n.In[1], dy})
	return true
}

// sumRows returns the gradient of a sparse parameter: all its look-ups are
// joined in one sum, in the order in which the model made them.
func (b *Builder) sumRows(param *Node, uses []lookup) *Node {
	if len(uses) == 0 {
		return b.Failf("gradient", []*Node{param}, "the sparse parameter %q is not looked up on the way to the value", param.Attr.Name)
	}
	var indices, in []*Node
	for _, u := range slices.Backward(uses) {
		indices = append(indices, u.index)
		in = append(in, u.index, u.dy)
	}
	touched := b.add(opTouched, Attr{Name: param.Attr.Name, Int: param.Shape.Dims[0]}, indices...)
	return b.add(opSumRows, Attr{Name: param.Attr.Name}, append(in, touched)...)
}
