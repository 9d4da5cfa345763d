package nn

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Losses of the scores of several items for one user. The first item is the one
// that was chosen, unless the target says otherwise.

// listwise checks that the prediction is scores of at least two items, (n), and
// returns them, 0 where the weight is.
func listwise(c *Context, name string, pred, weight *graph.Node) (scores, w *graph.Node) {
	if c.missing(name, pred) {
		return c.failed(), c.failed()
	}
	if in := pred.Shape.Inner(); len(in) != 1 || in[0] < 2 {
		bad := c.Failf(name, []*graph.Node{pred}, "the model gives an example a score of axes %v, want those of at least two items: one that was chosen, and others (negatives)", tensor.Shape(in))
		return bad, bad
	}
	w, scores = Weigh(c, pred, weight, graph.F32(graph.Batch))
	return scores, w
}

type bpr struct{}

// BPR is Bayesian personalized ranking: the mean of -ln σ(s₀ - s_j) over the
// negatives j, for scores (1+n) of which the first is that of the item that was
// chosen (Rendle et al., UAI 2009, section 4.1; there n = 1). The target is not
// read. The regularization of the paper is the optimizer's weight decay.
func BPR() Loss { return bpr{} }

// Name returns "bpr".
func (bpr) Name() string { return "bpr" }

// Build adds the loss to a graph.
func (bpr) Build(c *Context, pred, _, weight *graph.Node) (loss, w *graph.Node) {
	scores, w := listwise(c, "nn.BPR", pred, weight)
	if c.Err() != nil {
		return c.failed(), c.failed()
	}
	n := scores.Shape.Last() - 1
	ahead := c.Sub(c.Slice(scores, 0, 1), c.Slice(scores, 1, n))
	return c.ReduceMean(c.Softplus(c.Neg(ahead)), 1), w
}
