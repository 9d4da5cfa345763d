package optim

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Ascend returns, for each parameter, the point w + ρ·g/(‖g‖ + 1e-12) at which
// SAM takes gradients; gradSums and weightSum are as for Build. They are values
// that examples may depend on: one more pass over the batch.
func (o Optimizer) Ascend(b *graph.Builder, params, gradSums []*graph.Node, weightSum *graph.Node) []*graph.Node {
	squares := b.SumSquares(gradSums[0])
	for _, g := range gradSums[1:] {
		squares = b.Add(squares, b.SumSquares(g))
	}
	norm := b.Div(b.Sqrt(squares), weightSum)
	scale := b.Cast(b.Div(b.Const64(o.SAM), b.Mul(b.Add(norm, b.Const64(1e-12)), weightSum)), tensor.F32)
	points := make([]*graph.Node, len(params))
	for i, p := range params {
		points[i] = b.Barrier(b.FMA(scale, gradSums[i], p))
	}
	return points
}
