package graph

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// sameShape is the rule of element-wise operations: all operands have one
// shape, which is the result's. The Builder's methods broadcast beforehand.
func sameShape(n *Node) (Shape, error) {
	s := n.In[0].Shape
	for _, x := range n.In[1:] {
		if !x.Shape.Equal(s) {
			return s, fmt.Errorf("shapes differ: %v and %v", s, x.Shape)
		}
	}
	if s.DType != tensor.F32 && s.DType != tensor.F64 {
		return s, fmt.Errorf("type %v, want f32 or f64", s.DType)
	}
	return s, nil
}

type vjpRule = func(b *Builder, n, dy *Node) []*Node

func elementwise(name, doc string, arity int, vjp vjpRule) *Op {
	return register(Op{Name: name, Doc: doc, Class: Elementwise, Arity: arity, shape: sameShape, vjp: vjp})
}

// unary is the gradient rule of a function of one operand: dx = f(x, y, dy).
func unary(f func(b *Builder, x, y, dy *Node) *Node) vjpRule {
	return func(b *Builder, n, dy *Node) []*Node { return []*Node{f(b, n.In[0], n, dy)} }
}

// flat is the gradient rule of a function that is constant almost everywhere.
func flat(b *Builder, n, dy *Node) []*Node { return make([]*Node, len(n.In)) }

var (
	opAdd, opSub, opMul, opDiv, opMax, opMin, opFMA                  *Op
	opNeg, opAbs, opSign, opFloor, opSqrt, opExp, opLog, opLog1p     *Op
	opTanh, opSigmoid, opErf, opSoftplus, opGt, opGe, opEq, opSelect *Op
	opRelu, opReluGrad, opGelu, opGeluTanh, opSilu, opHardSwish      *Op
)

// The rules refer to the Builder's methods, which refer to the operations, so
// the table is filled in init.
func init() {
	opAdd = elementwise("add", "x + y", 2, func(b *Builder, n, dy *Node) []*Node { return []*Node{dy, dy} })
	opSub = elementwise("sub", "x - y", 2, func(b *Builder, n, dy *Node) []*Node { return []*Node{dy, b.Neg(dy)} })
	opMul = elementwise("mul", "x · y", 2, func(b *Builder, n, dy *Node) []*Node {
		return []*Node{b.Mul(dy, n.In[1]), b.Mul(dy, n.In[0])}
	})
	opDiv = elementwise("div", "x / y", 2, func(b *Builder, n, dy *Node) []*Node {
		dx := b.Div(dy, n.In[1])
		return []*Node{dx, b.Neg(b.Mul(dx, n))}
	})
	// At a tie the first operand takes the gradient.
	opMax = elementwise("max", "max(x, y); NaN if either is", 2, func(b *Builder, n, dy *Node) []*Node {
		x, y, zero := n.In[0], n.In[1], b.zero(dy)
		return []*Node{b.Select(b.Ge(x, y), dy, zero), b.Select(b.Ge(x, y), zero, dy)}
	})
	opMin = elementwise("min", "min(x, y); NaN if either is", 2, func(b *Builder, n, dy *Node) []*Node {
		x, y, zero := n.In[0], n.In[1], b.zero(dy)
		return []*Node{b.Select(b.Ge(y, x), dy, zero), b.Select(b.Ge(y, x), zero, dy)}
	})
	opFMA = elementwise("fma", "x·y + z, rounded once", 3, func(b *Builder, n, dy *Node) []*Node {
		return []*Node{b.Mul(dy, n.In[1]), b.Mul(dy, n.In[0]), dy}
	})
	opNeg = elementwise("neg", "-x", 1, unary(func(b *Builder, x, y, dy *Node) *Node { return b.Neg(dy) }))
	opAbs = elementwise("abs", "|x|; gradient sign(x)", 1, unary(func(b *Builder, x, y, dy *Node) *Node { return b.Mul(dy, b.Sign(x)) }))
	opSign = elementwise("sign", "-1, 0 or 1; NaN if x is", 1, flat)
	opFloor = elementwise("floor", "largest integer not above x", 1, flat)
	opSqrt = elementwise("sqrt", "√x", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Div(b.Mul(dy, b.like(0.5, dy)), y)
	}))
	opExp = elementwise("exp", "eˣ", 1, unary(func(b *Builder, x, y, dy *Node) *Node { return b.Mul(dy, y) }))
	opLog = elementwise("log", "ln x", 1, unary(func(b *Builder, x, y, dy *Node) *Node { return b.Div(dy, x) }))
	opLog1p = elementwise("log1p", "ln(1 + x)", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Div(dy, b.Add(x, b.like(1, x)))
	}))
	opTanh = elementwise("tanh", "tanh x", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Mul(dy, b.Sub(b.like(1, y), b.Mul(y, y)))
	}))
	opSigmoid = elementwise("sigmoid", "1 / (1 + e⁻ˣ)", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Mul(dy, b.Mul(y, b.Sub(b.like(1, y), y)))
	}))
	opErf = elementwise("erf", "2/√π ∫₀ˣ e^(-t²) dt", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Mul(dy, b.Mul(b.like(1.1283791670955126, x), b.Exp(b.Neg(b.Mul(x, x)))))
	}))
	opSoftplus = elementwise("softplus", "ln(1 + eˣ)", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.Mul(dy, b.Sigmoid(x))
	}))
	opGt = elementwise("gt", "1 if x > y, else 0", 2, flat)
	opGe = elementwise("ge", "1 if x ≥ y, else 0", 2, flat)
	opEq = elementwise("eq", "1 if x = y, else 0", 2, flat)
	opSelect = elementwise("select", "y if x ≠ 0, else z; the other is not touched", 3, func(b *Builder, n, dy *Node) []*Node {
		zero := b.zero(dy)
		return []*Node{nil, b.Select(n.In[0], dy, zero), b.Select(n.In[0], zero, dy)}
	})
	opRelu = elementwise("relu", "max(x, 0); NaN if x is", 1, unary(func(b *Builder, x, y, dy *Node) *Node {
		return b.add(opReluGrad, Attr{}, y, dy)
	}))
	// relu is zero exactly where its operand is not positive, so the result
	// serves as well as the operand, which then need not be kept.
	opReluGrad = elementwise("relugrad", "dy if x > 0, else 0", 2, func(b *Builder, n, g *Node) []*Node {
		return []*Node{nil, b.add(opReluGrad, Attr{}, n.In[0], g)}
	})
	opGelu = withGrad("gelu", "x·Φ(x), Φ the normal distribution", "dy·(Φ(x) + x·φ(x))")
	opGeluTanh = withGrad("gelutanh", "½x(1 + tanh(√(2/π)(x + 0.044715x³)))", "dy·gelutanh'(x)")
	opSilu = withGrad("silu", "x·sigmoid(x)", "dy·silu'(x)")
	opHardSwish = withGrad("hardswish", "x·min(max(x/6 + ½, 0), 1)", "dy·(x/3 + ½) between -3 and 3, 0 below, dy above")
}

// withGrad registers a function and its gradient, which is one operation of
// (x, dy) and linear in dy, and not differentiated in x again.
func withGrad(name, doc, gradDoc string) *Op {
	grad := elementwise(name+"grad", gradDoc, 2, nil)
	return elementwise(name, doc, 1, unary(func(b *Builder, x, y, dy *Node) *Node { return b.add(grad, Attr{}, x, dy) }))
}

// pointwise broadcasts the operands to one shape and applies an element-wise
// operation.
func (b *Builder) pointwise(op *Op, in ...*Node) *Node {
	in = slices.Clone(in)
	target, touched := b.commonShape(op, in), rowsIn(in)
	for i := range in {
		in[i] = b.broadcastRows(in[i], target, touched)
	}
	return b.add(op, Attr{}, in...)
}

// rowsIn returns the touched rows of the first operand that has any, or nil.
func rowsIn(in []*Node) *Node {
	for _, x := range in {
		if x != nil && x.Rows != nil {
			return x.Rows
		}
	}
	return nil
}

// commonShape aligns the inner axes at the right, as NumPy does; lengths must
// be equal or 1. A per-example operand makes the result per-example, one with
// the axis Touched gives it that axis.
func (b *Builder) commonShape(op *Op, in []*Node) Shape {
	var out Shape
	var inner []int
	lead := 0
	for _, x := range in {
		if x == nil || b.err != nil {
			b.Failf(op.Name, in, "an operand is nil or invalid")
			return out
		}
		out.DType = max(out.DType, x.Shape.DType)
		if l := x.Shape.Lead(); l != 0 && lead != 0 && l != lead {
			b.Failf(op.Name, in, "the touched rows of a batch do not broadcast with its examples")
			return out
		}
		lead = min(lead, x.Shape.Lead())
		xi := x.Shape.Inner()
		for len(inner) < len(xi) {
			inner = append([]int{1}, inner...)
		}
		for i := range xi {
			switch o := &inner[len(inner)-len(xi)+i]; {
			case *o == 1:
				*o = xi[i]
			case xi[i] != 1 && xi[i] != *o:
				b.Failf(op.Name, in, "axes of length %d and %d do not broadcast", *o, xi[i])
				return out
			}
		}
	}
	out.Dims = inner
	if lead != 0 {
		out.Dims = append([]int{lead}, inner...)
	}
	return out
}

// like returns a constant of the shape of x.
func (b *Builder) like(v float64, x *Node) *Node {
	c := b.Const(v)
	if x.Shape.DType == tensor.F64 {
		c = b.Const64(v)
	}
	return b.broadcastRows(c, x.Shape, x.Rows)
}

func (b *Builder) zero(x *Node) *Node { return b.like(0, x) }

// constant reports whether x is a broadcast constant, and which.
func constant(x *Node) (float64, bool) {
	for x != nil && x.Op == opBroadcast {
		x = x.In[0]
	}
	if x == nil || x.Op != opConst {
		return 0, false
	}
	return x.Attr.Float, true
}

// Add returns x + y, broadcasting.
func (b *Builder) Add(x, y *Node) *Node { return b.pointwise(opAdd, x, y) }

// Sub returns x - y, broadcasting.
func (b *Builder) Sub(x, y *Node) *Node { return b.pointwise(opSub, x, y) }

// Mul returns x·y, broadcasting. A factor that is the constant 1, and does
// not widen the other, is dropped.
func (b *Builder) Mul(x, y *Node) *Node {
	if v, ok := constant(y); ok && v == 1 && b.err == nil && x != nil && b.commonShape(opMul, []*Node{x, y}).Equal(x.Shape) {
		return x
	}
	if v, ok := constant(x); ok && v == 1 && b.err == nil && y != nil && b.commonShape(opMul, []*Node{x, y}).Equal(y.Shape) {
		return y
	}
	return b.pointwise(opMul, x, y)
}

// Div returns x / y, broadcasting.
func (b *Builder) Div(x, y *Node) *Node { return b.pointwise(opDiv, x, y) }

// Max returns the larger of x and y, broadcasting.
func (b *Builder) Max(x, y *Node) *Node { return b.pointwise(opMax, x, y) }

// Min returns the smaller of x and y, broadcasting.
func (b *Builder) Min(x, y *Node) *Node { return b.pointwise(opMin, x, y) }

// FMA returns x·y + z with one rounding, broadcasting.
func (b *Builder) FMA(x, y, z *Node) *Node { return b.pointwise(opFMA, x, y, z) }

// Neg returns -x.
func (b *Builder) Neg(x *Node) *Node { return b.pointwise(opNeg, x) }

// Abs returns |x|.
func (b *Builder) Abs(x *Node) *Node { return b.pointwise(opAbs, x) }

// Sign returns -1, 0 or 1; NaN for NaN.
func (b *Builder) Sign(x *Node) *Node { return b.pointwise(opSign, x) }

// Floor returns the largest integer not above x.
func (b *Builder) Floor(x *Node) *Node { return b.pointwise(opFloor, x) }

// Sqrt returns √x.
func (b *Builder) Sqrt(x *Node) *Node { return b.pointwise(opSqrt, x) }

// Exp returns eˣ.
func (b *Builder) Exp(x *Node) *Node { return b.pointwise(opExp, x) }

// Log returns the natural logarithm.
func (b *Builder) Log(x *Node) *Node { return b.pointwise(opLog, x) }

// Log1p returns ln(1 + x), accurate near 0.
func (b *Builder) Log1p(x *Node) *Node { return b.pointwise(opLog1p, x) }

// Tanh returns the hyperbolic tangent.
func (b *Builder) Tanh(x *Node) *Node { return b.pointwise(opTanh, x) }

// Sigmoid returns 1 / (1 + e⁻ˣ).
func (b *Builder) Sigmoid(x *Node) *Node { return b.pointwise(opSigmoid, x) }

// Erf returns the error function.
func (b *Builder) Erf(x *Node) *Node { return b.pointwise(opErf, x) }

// Softplus returns ln(1 + eˣ) without overflow.
func (b *Builder) Softplus(x *Node) *Node { return b.pointwise(opSoftplus, x) }

// Gt returns 1 where x > y and 0 elsewhere, broadcasting.
func (b *Builder) Gt(x, y *Node) *Node { return b.pointwise(opGt, x, y) }

// Ge returns 1 where x ≥ y and 0 elsewhere, broadcasting.
func (b *Builder) Ge(x, y *Node) *Node { return b.pointwise(opGe, x, y) }

// Eq returns 1 where x = y and 0 elsewhere, broadcasting.
func (b *Builder) Eq(x, y *Node) *Node { return b.pointwise(opEq, x, y) }

// Select returns y where cond is not 0 and z elsewhere, broadcasting. What is
// not selected has no influence, NaN included.
func (b *Builder) Select(cond, y, z *Node) *Node { return b.pointwise(opSelect, cond, y, z) }

// Relu returns max(x, 0).
func (b *Builder) Relu(x *Node) *Node { return b.pointwise(opRelu, x) }

// Gelu returns x·Φ(x) with the exact normal distribution Φ (Hendrycks and
// Gimpel, arXiv:1606.08415).
func (b *Builder) Gelu(x *Node) *Node { return b.pointwise(opGelu, x) }

// GeluTanh returns the tanh approximation of Gelu, from the same paper.
func (b *Builder) GeluTanh(x *Node) *Node { return b.pointwise(opGeluTanh, x) }

// Silu returns x·sigmoid(x).
func (b *Builder) Silu(x *Node) *Node { return b.pointwise(opSilu, x) }

// HardSwish returns x·min(max(x/6 + ½, 0), 1).
func (b *Builder) HardSwish(x *Node) *Node { return b.pointwise(opHardSwish, x) }
