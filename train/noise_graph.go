package train

import (
	"github.com/descent-ml/descent/graph"
)

// Names of watched outputs: f64, of the sums of gradients, before any division,
// clipping or decay. Those of squares are followed by the name of a parameter.
const (
	outWhole = "noise/whole/" // squared norm of the batch

	outFirst       = "noise/first/" // of the first half
	outRest        = "noise/rest/"  // of the rest
	outFirstWeight = "noise/weight" // Σ w of the first half

	outTerms = "noise/terms/" // Σ ‖gᵢ‖²/wᵢ over the examples that have a weight
	outCount = "noise/count"  // how many have one
)

// watchNoise adds what the meter reads to the graph of an update.
func watchNoise(by NoiseBy, b *graph.Builder, params, gradients []*graph.Node, weightSum *graph.Node) error {
	for i, p := range params {
		b.Watch(outWhole+p.Attr.Name, b.SumSquares(gradients[i]))
	}
	if by == ByExamples {
		return watchExamples(b, params, gradients, weightSum)
	}
	b.Watch(outFirstWeight, graph.FirstPiece(b, []*graph.Node{weightSum})[0])
	for i, first := range graph.FirstPiece(b, gradients) {
		name := params[i].Attr.Name
		b.Watch(outFirst+name, b.SumSquares(first))
		b.Watch(outRest+name, b.SumSquares(b.Sub(gradients[i], first)))
	}
	return nil
}

// watchExamples adds the squared norms of the gradients of examples, each divided by
// the weight of the example, or says which parameter has none.
func watchExamples(b *graph.Builder, params, gradients []*graph.Node, weightSum *graph.Node) error {
	if b.Err() != nil {
		return nil
	}
	w := weightSum.In[0]
	w = b.ReduceSum(b.Reshape(w, w.Shape.Size()), 1)
	b.Watch(outCount, b.SumExamples64(b.Select(w, b.Const(1), b.Const(0))))
	for i, p := range params {
		squares := b.TermSquares(gradients[i])
		if squares == nil {
			return refuse("train: noise by examples: the gradients of single examples with respect to %q are not known from their activations: want by: halves", p.Attr.Name)
		}
		b.Watch(outTerms+p.Attr.Name, b.SumExamples64(b.Select(w, b.Div(squares, w), b.Const(0))))
	}
	return nil
}

// checkExamples refuses models whose examples have no gradients of their own.
func checkExamples(g *graph.Graph) error {
	if n := g.Mixes(); n != nil {
		return refuse("train: noise by examples: examples meet in %s (layer %s) and have no gradients of their own: want by: halves", n.Op.Name, n.Scope)
	}
	return nil
}
