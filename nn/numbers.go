package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// PiecewiseLinearLayer is what PiecewiseLinear returns.
type PiecewiseLinearLayer struct{ edges [][]float32 }

// PiecewiseLinear adds to numeric features their piecewise-linear encoding: (n)
// to (n + all bins). Feature j with the
// rising edges e₀, ..., e_B becomes x and, for each bin i, the share of the bin
// that is below x: min(1, max(0, (x - eᵢ)/(eᵢ₊₁ - eᵢ))). A dense layer behind it can
// learn any function that is linear between the edges. edges has an entry for
// each feature, nil for one that is left alone. State that is saved with the
// model, and not trained: "low" and "scale" (features with edges, most bins).
//
// Gorishniy, Rubachev, Babenko: On embeddings for numerical features in tabular
// deep learning, NeurIPS 2022, section 3.2, equation 1, where the first bin is
// not bounded below and the last not above; here x itself is kept instead.
func PiecewiseLinear(edges [][]float32) PiecewiseLinearLayer { return PiecewiseLinearLayer{edges} }

// Build adds the layer to a graph.
func (l PiecewiseLinearLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.PiecewiseLinear", x) {
		return c.failed()
	}
	if inner := x.Shape.Inner(); len(inner) != 1 || inner[0] != len(l.edges) {
		return c.Failf("nn.PiecewiseLinear", []*graph.Node{x}, "edges for %d features", len(l.edges))
	}
	features, bins := 0, 0
	var parts []*graph.Node
	for j, e := range l.edges {
		if len(e) == 0 {
			continue
		}
		if len(e) < 2 {
			return c.Failf("nn.PiecewiseLinear", []*graph.Node{x}, "feature %d has 1 edge, want at least 2", j)
		}
		features, bins = features+1, max(bins, len(e)-1)
		parts = append(parts, c.Slice(x, j, 1))
	}
	if features == 0 {
		return x
	}
	low, scale := l.tables(features, bins)
	lows := c.FrozenParam("low", graph.Init{Rule: "values", Values: low}, features, bins)
	scales := c.FrozenParam("scale", graph.Init{Rule: "values", Values: scale}, features, bins)
	numbers := c.Reshape(c.Concat(parts...), features, 1)
	share := c.Mul(c.Sub(numbers, lows), scales)
	share = c.Min(c.Max(share, c.Const(0)), c.Const(1))
	return c.Concat(append([]*graph.Node{x}, l.own(c, c.Reshape(share, features*bins), bins)...)...)
}

// own cuts the bins that each feature has out of a table with the most bins for
// each.
func (l PiecewiseLinearLayer) own(c *Context, flat *graph.Node, bins int) []*graph.Node {
	var parts []*graph.Node
	row := 0
	for _, e := range l.edges {
		if len(e) > 0 {
			parts = append(parts, c.Slice(flat, row*bins, len(e)-1))
			row++
		}
	}
	return parts
}

// tables returns the lower edge and the reciprocal width of each bin.
func (l PiecewiseLinearLayer) tables(features, bins int) (low, scale []float32) {
	low, scale = make([]float32, features*bins), make([]float32, features*bins)
	row := 0
	for _, e := range l.edges {
		if len(e) == 0 {
			continue
		}
		for i := range len(e) - 1 {
			low[row*bins+i] = e[i]
			scale[row*bins+i] = float32(1 / (float64(e[i+1]) - float64(e[i])))
		}
		row++
	}
	return low, scale
}

// String returns, for example, "PiecewiseLinear(8 × 32)".
func (l PiecewiseLinearLayer) String() string {
	features, bins := 0, 0
	for _, e := range l.edges {
		if len(e) > 0 {
			features, bins = features+1, max(bins, len(e)-1)
		}
	}
	return fmt.Sprintf("PiecewiseLinear(%d × %d)", features, bins)
}
