package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// NormLayer is what LayerNorm and RMSNorm return; its methods return changed
// copies.
type NormLayer struct {
	name  string
	eps   float64
	rms   bool // no mean is subtracted and there is no bias
	plain bool // no parameters
	scale bool // no bias
}

// LayerNorm is (x - mean)/√(var + ε)·weight + bias over the last axis, var
// being the mean of the squared distances from the mean. Parameters: weight
// from 1 and bias from 0, of that axis. ε is 1e-5. Ba, Kiros, Hinton,
// arXiv:1607.06450, equations 3 and 4; PyTorch's LayerNorm of the last axis.
func LayerNorm() NormLayer { return NormLayer{name: "LayerNorm", eps: 1e-5} }

// RMSNorm is x/√(mean(x²) + ε)·weight over the last axis. Parameter: weight
// from 1, of that axis. ε is 1e-6; PyTorch's default depends on the type
// (1.2e-7 for float32). Zhang, Sennrich, NeurIPS 2019, equation 4.
func RMSNorm() NormLayer { return NormLayer{name: "RMSNorm", eps: 1e-6, rms: true} }

// Eps sets ε, more than 0.
func (n NormLayer) Eps(eps float64) NormLayer { n.eps = eps; return n }

// Plain leaves out the parameters.
func (n NormLayer) Plain() NormLayer { n.plain = true; return n }

// NoBias leaves out the bias of LayerNorm; RMSNorm has none.
func (n NormLayer) NoBias() NormLayer { n.scale = true; return n }

// Build adds the layer to a graph.
func (n NormLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+n.name, x) {
		return c.failed()
	}
	if !(n.eps > 0) || math.IsInf(n.eps, 0) {
		return c.Failf("nn."+n.name, []*graph.Node{x}, "eps %v, want a finite number above 0", n.eps)
	}
	y := c.normalize(x, n)
	if n.plain {
		return y
	}
	width := x.Shape.Last()
	w := c.Param("weight", graph.Init{Rule: "constant", A: 1}, width)
	if n.rms || n.scale {
		return c.Mul(y, w)
	}
	return c.FMA(y, w, c.Param("bias", graph.Init{Rule: "zeros"}, width))
}

func (c *Context) normalize(x *graph.Node, n NormLayer) *graph.Node {
	if n.rms {
		return c.RMSNormalize(x, n.eps)
	}
	return c.Normalize(x, n.eps)
}

// String returns, for example, "LayerNorm".
func (n NormLayer) String() string {
	if n.plain {
		return fmt.Sprintf("%s (plain)", n.name)
	}
	return n.name
}
