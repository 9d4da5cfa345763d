package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Operations on the innermost axes of each row, and look-ups.
var (
	opReduceSum, opReduceMax, opSumSquares                           *Op
	opSoftmax, opSoftmaxGrad, opLogSoftmax, opLogSoftmaxGrad         *Op
	opCrossEntropy, opCrossEntropyGrad                               *Op
	opNormalize, opNormalizeGrad, opRMSNormalize, opRMSNormalizeGrad *Op
	opGather, opDropoutMask                                          *Op
)

func init() {
	opReduceSum = register(Op{Name: "reducesum", Doc: "Σ over the last Attr.Int axes: 16 lanes and a fixed tree", Class: Row, Arity: 1,
		shape: reduceShape, flops: inputSize, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.expand(dy, n)}
		}})
	opReduceMax = register(Op{Name: "reducemax", Doc: "max over the last Attr.Int axes; NaN if any is; gradient shared by equal maxima", Class: Row, Arity: 1,
		shape: reduceShape, flops: inputSize, vjp: func(b *Builder, n, dy *Node) []*Node {
			x := n.In[0]
			hit := b.Eq(x, b.expand(n, n))
			share := b.Div(dy, b.ReduceSum(hit, n.Attr.Int))
			return []*Node{b.Mul(hit, b.expand(share, n))}
		}})
	opSumSquares = register(Op{Name: "sumsquares", Doc: "Σ x² of a per-update value in float64: blocks of 4096, fixed tree", Class: Row, Arity: 1,
		shape: sumSquaresShape, flops: func(n *Node) int64 { return 2 * inputSize(n) },
		vjp: func(b *Builder, n, dy *Node) []*Node {
			x := n.In[0]
			return []*Node{b.Mul(b.Mul(x, b.Const(2)), b.broadcastRows(b.Cast(dy, tensor.F32), x.Shape, x.Rows))}
		}})

	rowGrad := func(name, doc string, flops int64) *Op {
		return register(Op{Name: name, Doc: doc, Class: Row, Arity: 2, shape: rowShape, flops: perElement(flops)})
	}
	opSoftmaxGrad = rowGrad("softmaxgrad", "(y, dy): y·(dy - Σ y·dy)", 4)
	opSoftmax = rowOp("softmax", "eˣ / Σ eˣ over the last axis, shifted by its maximum", 5, func(b *Builder, n, dy *Node) *Node {
		return b.add(opSoftmaxGrad, Attr{}, n, dy)
	})
	opLogSoftmaxGrad = rowGrad("logsoftmaxgrad", "(y, dy): dy - e^y·Σ dy", 5)
	opLogSoftmax = rowOp("logsoftmax", "x - ln Σ eˣ over the last axis", 5, func(b *Builder, n, dy *Node) *Node {
		return b.add(opLogSoftmaxGrad, Attr{}, n, dy)
	})
	opNormalizeGrad = rowGrad("normalizegrad", "(x, dy): (dy - mean(dy) - y·mean(dy·y)) / √(var + Attr.Float)", 14)
	opNormalize = rowOp("normalize", "(x - mean) / √(var + Attr.Float) over the last axis, var biased", 8, func(b *Builder, n, dy *Node) *Node {
		return b.add(opNormalizeGrad, Attr{Float: n.Attr.Float}, n.In[0], dy)
	})
	opRMSNormalizeGrad = rowGrad("rmsnormalizegrad", "(x, dy): (dy - y·mean(dy·y)) / √(mean(x²) + Attr.Float)", 10)
	opRMSNormalize = rowOp("rmsnormalize", "x / √(mean(x²) + Attr.Float) over the last axis", 4, func(b *Builder, n, dy *Node) *Node {
		return b.add(opRMSNormalizeGrad, Attr{Float: n.Attr.Float}, n.In[0], dy)
	})

	opCrossEntropyGrad = register(Op{Name: "crossentropygrad", Doc: "(x, label, dy): (softmax(x) - q)·dy", Class: Row, Arity: 3,
		shape: crossEntropyGradShape, flops: perElement(6)})
	opCrossEntropy = register(Op{Name: "crossentropy", Class: Row, Arity: 2,
		Doc:   "ln Σ eˣ - Σ q·x over the last axis; q is 1 - s + s/C at the label and s/C elsewhere, s = Attr.Float",
		shape: crossEntropyShape, flops: inputSizeTimes(6), vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.add(opCrossEntropyGrad, Attr{Float: n.Attr.Float}, n.In[0], n.In[1], dy), nil}
		}})

	opGather = register(Op{Name: "gather", Doc: "row x[i] of a table for each index i", Class: Row, Arity: 2, shape: gatherShape,
		flops: func(*Node) int64 { return 0 }, vjp: func(b *Builder, n, dy *Node) []*Node {
			return []*Node{b.ScatterExamples(n.In[1], dy, n.In[0].Shape.Dims[0]), nil}
		}})
	opDropoutMask = register(Op{Name: "dropoutmask", Class: Random, Arity: 0,
		Doc:   "0 with probability Attr.Float, else 1/(1 - Attr.Float): Philox of seed, Attr.Name, position in the stream, element",
		shape: func(n *Node) (Shape, error) { return F32(append([]int{Batch}, n.Attr.Dims...)...), nil },
		flops: perElement(25)})
}

// rowOp registers a function along the last axis with a gradient of one node.
func rowOp(name, doc string, flops int64, dx func(b *Builder, n, dy *Node) *Node) *Op {
	return register(Op{Name: name, Doc: doc, Class: Row, Arity: 1, shape: rowShape, flops: perElement(flops),
		vjp: func(b *Builder, n, dy *Node) []*Node { return []*Node{dx(b, n, dy)} }})
}

func perElement(f int64) func(*Node) int64 {
	return func(n *Node) int64 { return f * int64(n.Shape.Size()) }
}

func inputSize(n *Node) int64 { return int64(n.In[0].Shape.Size()) }

func inputSizeTimes(f int64) func(*Node) int64 {
	return func(n *Node) int64 { return f * inputSize(n) }
}

func rowShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	if x.DType != tensor.F32 || len(x.Inner()) == 0 {
		return x, fmt.Errorf("want an f32 value with an inner axis")
	}
	for _, y := range n.In[1:] {
		if !y.Shape.Equal(x) {
			return x, fmt.Errorf("shapes differ")
		}
	}
	return x, nil
}

func reduceShape(n *Node) (Shape, error) {
	x, k := n.In[0].Shape, n.Attr.Int
	in := x.Inner()
	if x.DType != tensor.F32 || k < 1 || k > len(in) {
		return x, fmt.Errorf("cannot reduce %d of %d inner axes of type %v", k, len(in), x.DType)
	}
	return x.with(in[:len(in)-k]...), nil
}

func sumSquaresShape(n *Node) (Shape, error) {
	if x := n.In[0].Shape; x.PerExample() || x.DType != tensor.F32 {
		return x, fmt.Errorf("want an f32 value of the per-update half")
	}
	return F64(), nil
}

func crossEntropyShape(n *Node) (Shape, error) {
	x, label := n.In[0].Shape, n.In[1].Shape
	in := x.Inner()
	if x.DType != tensor.F32 || len(in) == 0 || label.DType != tensor.I32 || label.PerExample() != x.PerExample() ||
		!slices.Equal(label.Inner(), in[:len(in)-1]) {
		return x, fmt.Errorf("want f32 scores (.., classes) and i32 labels (..)")
	}
	if s := n.Attr.Float; s < 0 || s >= 1 {
		return x, fmt.Errorf("label smoothing %v, want 0 or more and less than 1", s)
	}
	return x.with(in[:len(in)-1]...), nil
}

func crossEntropyGradShape(n *Node) (Shape, error) {
	loss, err := crossEntropyShape(n)
	if err == nil && !n.In[2].Shape.Equal(loss) {
		err = fmt.Errorf("cotangent %v, want %v", n.In[2].Shape, loss)
	}
	return n.In[0].Shape, err
}

func gatherShape(n *Node) (Shape, error) {
	t, i := n.In[0].Shape, n.In[1].Shape
	if t.DType != tensor.F32 || len(t.Dims) != 2 || t.Lead() != 0 || i.DType != tensor.I32 {
		return t, fmt.Errorf("want an f32 table (rows, d) of the per-update half and i32 indices")
	}
	return Shape{tensor.F32, append(slices.Clone(i.Dims), t.Dims[1])}, nil
}

// expand repeats a reduced value over the axes that reduction n removed.
func (b *Builder) expand(y, n *Node) *Node {
	x := n.In[0].Shape
	inner := slices.Clone(x.Inner())
	for i := len(inner) - n.Attr.Int; i < len(inner); i++ {
		inner[i] = 1
	}
	return b.BroadcastTo(b.Reshape(y, inner...), x)
}

// ReduceSum sums over the last k axes.
func (b *Builder) ReduceSum(x *Node, k int) *Node { return b.add(opReduceSum, Attr{Int: k}, x) }

// ReduceMax takes the maximum over the last k axes.
func (b *Builder) ReduceMax(x *Node, k int) *Node { return b.add(opReduceMax, Attr{Int: k}, x) }

// ReduceMean averages over the last k axes.
func (b *Builder) ReduceMean(x *Node, k int) *Node {
	y := b.ReduceSum(x, k)
	if b.err != nil {
		return y
	}
	return b.Mul(y, b.Const(float64(y.Shape.Size())/float64(x.Shape.Size())))
}

// SumSquares returns Σ x² of a per-update value as a float64 scalar.
func (b *Builder) SumSquares(x *Node) *Node { return b.once(opSumSquares, x) }

// Softmax normalizes eˣ over the last axis.
func (b *Builder) Softmax(x *Node) *Node { return b.add(opSoftmax, Attr{}, x) }

// LogSoftmax is the logarithm of Softmax, without its underflow.
func (b *Builder) LogSoftmax(x *Node) *Node { return b.add(opLogSoftmax, Attr{}, x) }

// CrossEntropy returns the loss of each row of scores x (.., classes) against
// the labels (..), with label smoothing in [0, 1).
func (b *Builder) CrossEntropy(x, labels *Node, smoothing float64) *Node {
	return b.add(opCrossEntropy, Attr{Float: smoothing}, x, labels)
}

// Normalize shifts and scales the last axis to mean 0 and variance 1.
func (b *Builder) Normalize(x *Node, eps float64) *Node {
	return b.add(opNormalize, Attr{Float: eps}, x)
}

// RMSNormalize scales the last axis to a mean square of 1.
func (b *Builder) RMSNormalize(x *Node, eps float64) *Node {
	return b.add(opRMSNormalize, Attr{Float: eps}, x)
}

// Gather returns the rows of a table (rows, d) that i32 indices name.
func (b *Builder) Gather(table, indices *Node) *Node { return b.add(opGather, Attr{}, table, indices) }

// DropoutMask returns a per-example mask of 0 with the given rate and
// 1/(1-rate) otherwise. The name, under the current scope, tells masks apart.
func (b *Builder) DropoutMask(name string, rate float64, inner ...int) *Node {
	if !(rate >= 0 && rate < 1) {
		return b.Failf("dropoutmask", nil, "rate %v, want 0 or more and less than 1", rate)
	}
	return b.add(opDropoutMask, Attr{Name: b.Path(name), Float: rate, Dims: slices.Clone(inner)})
}
