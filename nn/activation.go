package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// activation is a layer without parameters that keeps its shape. Its function
// is no closure: the compiler would move one into the caller of, say, ReLU, and
// mistakes would name this file instead of the caller's.
type activation struct {
	name string
	f    func(*graph.Builder, *graph.Node) *graph.Node
}

func (a activation) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+a.name, x) {
		return c.failed()
	}
	return a.f(c.Builder, x)
}

func (a activation) String() string { return a.name }

// ReLU is max(x, 0); its gradient at 0 is 0.
func ReLU() Layer { return activation{"ReLU", (*graph.Builder).Relu} }

// relu6 is min(max(x, 0), 6); its gradient at 0 is 0.
func relu6(b *graph.Builder, x *graph.Node) *graph.Node { return b.Min(b.Relu(x), b.Const(6)) }

// HardSigmoid is min(max(x + 3, 0), 6)/6 (Howard et al., ICCV 2019, section 5.2).
func HardSigmoid() Layer { return activation{"HardSigmoid", hardSigmoid} }

func hardSigmoid(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.Mul(relu6(b, b.Add(x, b.Const(3))), b.Const(1.0/6))
}

// HardSwish is x·min(max(x + 3, 0), 6)/6 (the same section); its gradient at ±3 is 0 and 1.
func HardSwish() Layer { return activation{"HardSwish", (*graph.Builder).HardSwish} }

// GELU is x·Φ(x), Φ the distribution function of the standard normal
// (Hendrycks, Gimpel, arXiv:1606.08415, equation 1).
func GELU() Layer { return activation{"GELU", (*graph.Builder).Gelu} }

// GELUTanh is ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the approximation of GELU
// from section 2 of the same paper.
func GELUTanh() Layer { return activation{"GELUTanh", (*graph.Builder).GeluTanh} }

// SiLU is x·sigmoid(x), also called swish.
func SiLU() Layer { return activation{"SiLU", (*graph.Builder).Silu} }

// Tanh is the hyperbolic tangent.
func Tanh() Layer { return activation{"Tanh", (*graph.Builder).Tanh} }

// Sigmoid is 1/(1 + e⁻ˣ).
func Sigmoid() Layer { return activation{"Sigmoid", (*graph.Builder).Sigmoid} }

// Softplus is ln(1 + eˣ), without overflow. PyTorch's is the same up to
// rounding: it returns x itself for x > 20.
func Softplus() Layer { return activation{"Softplus", (*graph.Builder).Softplus} }

// Softmax is eˣ / Σ eˣ over the last axis. CrossEntropy contains it: a model
// trained with that loss ends without it.
func Softmax() Layer { return activation{"Softmax", (*graph.Builder).Softmax} }

// LogSoftmax is ln softmax(x) over the last axis, without its underflow.
func LogSoftmax() Layer { return activation{"LogSoftmax", (*graph.Builder).LogSoftmax} }

type leakyReLU float64

// LeakyReLU is x where x > 0 and slope·x elsewhere (PyTorch's default slope is
// 0.01); its gradient at 0 is slope.
func LeakyReLU(slope float64) Layer { return leakyReLU(slope) }

func (l leakyReLU) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.LeakyReLU", x) {
		return c.failed()
	}
	return c.Select(c.Gt(x, c.Const(0)), x, c.Mul(c.Const(float64(l)), x))
}

func (l leakyReLU) String() string { return fmt.Sprintf("LeakyReLU(%g)", float64(l)) }

type elu float64

// ELU is x where x > 0 and α(eˣ - 1) elsewhere (Clevert, Unterthiner,
// Hochreiter, ICLR 2016, equation 15; PyTorch's default α is 1); its gradient
// at 0 is α. Near 0 the error is that of 1 + x, not relative to x.
func ELU(alpha float64) Layer { return elu(alpha) }

func (e elu) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.ELU", x) {
		return c.failed()
	}
	// The minimum keeps eˣ finite where it is not selected: its gradient is
	// multiplied by 0 there.
	low := c.Sub(c.Exp(c.Min(x, c.Const(0))), c.Const(1))
	return c.Select(c.Gt(x, c.Const(0)), x, c.Mul(c.Const(float64(e)), low))
}

func (e elu) String() string { return fmt.Sprintf("ELU(%g)", float64(e)) }
