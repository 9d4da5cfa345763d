package optim

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// norm returns ‖x‖ in float64.
func (c *Context) norm(x *graph.Node) *graph.Node { return c.Sqrt(c.SumSquares(x)) }

// rms returns the root of the mean square of x in float64.
func (c *Context) rms(x *graph.Node) *graph.Node {
	return c.Mul(c.norm(x), c.Const64(1/math.Sqrt(float64(x.Shape.Size()))))
}

// rowMean returns the mean of each row of x (N, D), as (N, 1); N may be Touched.
func (c *Context) rowMean(x *graph.Node) *graph.Node {
	return c.Reshape(c.ReduceMean(x, 1), ones(x.Shape, 1)...)
}

// scalar makes a float64 scalar a factor of tensors.
func (c *Context) scalar(x *graph.Node) *graph.Node { return c.Cast(x, tensor.F32) }

// byUnits returns Σ x² of each unit of p, in a shape that broadcasts to p's. A
// unit is what makes one output: an element of the last axis of the weight of a
// dense or convolutional layer, else a row along the first axis; a vector is one.
func (c *Context) byUnits(p, x *graph.Node) *graph.Node {
	square, dims := c.Mul(x, x), p.Shape.Dims
	switch {
	case layerWeight(p):
		return c.ReduceSum(c.Transpose(c.Reshape(square, inputsOf(p), p.Shape.Last()), 1, 0), 1)
	case len(dims) < 2:
		return c.ReduceSum(square, len(dims))
	}
	return c.Reshape(c.ReduceSum(square, len(dims)-1), ones(p.Shape, 1)...)
}

// ones returns the inner axes of s with 1 for all axes of the value from k on.
func ones(s graph.Shape, k int) []int {
	dims := slices.Clone(s.Dims)
	for i := k; i < len(dims); i++ {
		dims[i] = 1
	}
	return graph.Shape{Dims: dims}.Inner()
}

// clipAdaptive limits the norm of the gradient of each unit to k times the norm
// of its weights, which counts at least 1e-3: Brock et al., ICML 2021, equation
// 3. The head is left alone, as there.
func (c *Context) clipAdaptive(k float64, p, g *graph.Node) *graph.Node {
	if k <= 0 || c.parts.isHead(p) {
		return g
	}
	limit := c.Mul(c.Const(k), c.Max(c.Sqrt(c.byUnits(p, p)), c.Const(1e-3)))
	norm := c.Sqrt(c.byUnits(p, g))
	scale := c.Select(c.Gt(norm, limit), c.Div(limit, c.Max(norm, c.Const(1e-6))), c.Const(1))
	return c.Mul(g, scale)
}
