package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// activation is a layer without parameters or options that keeps its shape.
type activation struct {
	name string
	f    func(c *Context, x *graph.Node) *graph.Node
}

func (a activation) Build(c *Context, x *graph.Node) *graph.Node { return a.f(c, x) }
func (a activation) String() string                              { return a.name }

func unary(name string, f func(*graph.Builder, *graph.Node) *graph.Node) Layer {
	return activation{name, func(c *Context, x *graph.Node) *graph.Node { return f(c.Builder, x) }}
}

// ReLU is max(x, 0); its gradient at 0 is 0.
func ReLU() Layer { return unary("ReLU", (*graph.Builder).Relu) }

// GELU is x·Φ(x), Φ the distribution function of the standard normal
// (Hendrycks, Gimpel, arXiv:1606.08415, equation 1).
func GELU() Layer { return unary("GELU", (*graph.Builder).Gelu) }

// GELUTanh is ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the approximation of GELU
// from section 2 of the same paper.
func GELUTanh() Layer { return unary("GELUTanh", (*graph.Builder).GeluTanh) }

// SiLU is x·sigmoid(x), also called swish.
func SiLU() Layer { return unary("SiLU", (*graph.Builder).Silu) }

// Tanh is the hyperbolic tangent.
func Tanh() Layer { return unary("Tanh", (*graph.Builder).Tanh) }

// Sigmoid is 1/(1 + e⁻ˣ).
func Sigmoid() Layer { return unary("Sigmoid", (*graph.Builder).Sigmoid) }

// Softplus is ln(1 + eˣ), without overflow. PyTorch's is the same up to
// rounding: it returns x itself for x > 20.
func Softplus() Layer { return unary("Softplus", (*graph.Builder).Softplus) }

// Softmax is eˣ / Σ eˣ over the last axis. CrossEntropy contains it: a model
// trained with that loss ends without it.
func Softmax() Layer { return unary("Softmax", (*graph.Builder).Softmax) }

// LogSoftmax is ln softmax(x) over the last axis, without its underflow.
func LogSoftmax() Layer { return unary("LogSoftmax", (*graph.Builder).LogSoftmax) }

// LeakyReLU is x where x > 0 and slope·x elsewhere (PyTorch's default slope is
// 0.01); its gradient at 0 is slope.
func LeakyReLU(slope float64) Layer {
	return activation{fmt.Sprintf("LeakyReLU(%g)", slope), func(c *Context, x *graph.Node) *graph.Node {
		return c.Select(c.Gt(x, c.Const(0)), x, c.Mul(c.Const(slope), x))
	}}
}

// ELU is x where x > 0 and α(eˣ - 1) elsewhere (Clevert, Unterthiner,
// Hochreiter, ICLR 2016, equation 15; PyTorch's default α is 1); its gradient
// at 0 is α. Near 0 the error is that of 1 + x, not relative to x.
func ELU(alpha float64) Layer {
	return activation{fmt.Sprintf("ELU(%g)", alpha), func(c *Context, x *graph.Node) *graph.Node {
		// The minimum keeps eˣ finite where it is not selected: its gradient
		// is multiplied by 0 there.
		e := c.Exp(c.Min(x, c.Const(0)))
		return c.Select(c.Gt(x, c.Const(0)), x, c.Mul(c.Const(alpha), c.Sub(e, c.Const(1))))
	}}
}
