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

type sampledSoftmax struct{}

// SampledSoftmax is the cross-entropy of the chosen item, which the target
// names by its place, i32 (), among the items of an example, for scores (1+n).
// If there is an input "logq" (1+n), the logarithm of the probability that each
// was sampled with, it is subtracted from the scores, which makes the gradient
// that of the softmax over all items, but for a bias that falls with n (Bengio,
// Senecal, IEEE Trans. Neural Networks 2008).
func SampledSoftmax() Loss { return sampledSoftmax{} }

// Name returns "sampled_softmax".
func (sampledSoftmax) Name() string { return "sampled_softmax" }

// Build adds the loss to a graph.
func (sampledSoftmax) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	scores, w := listwise(c, "nn.SampledSoftmax", pred, weight)
	if c.missing("nn.SampledSoftmax", target) {
		return c.failed(), c.failed()
	}
	if logq := c.Inputs["logq"]; logq != nil {
		scores = c.Sub(scores, logq)
	}
	return c.CrossEntropy(scores, target, 0), w
}

type inBatch struct{ group int }

// InBatch is the cross-entropy of an example's own item among the items of its
// group, which are its negatives: group consecutive examples of the batch, or of
// each shard; the last group may be smaller. The model must be Factored: scores
// are the products of its vectors, so that a group of g costs one matrix product
// of g rows and columns.
//
// Other examples with the same item are left out (accidental hits), and so are
// those of weight 0. If there is an input "logq" (), the logarithm of the
// probability of the item in a batch, it is subtracted from the scores of that
// item, which corrects for popular items being negatives more often (Yi et al.,
// RecSys 2019, section 3.2). The target is not read.
//
// Where an example has several items already, their scores being (1+n), as in
// evaluation among candidates, the loss is SampledSoftmax.
func InBatch(group int) Loss { return inBatch{group} }

// Name returns "in_batch".
func (inBatch) Name() string { return "in_batch" }

// leftOut is the score of an item that is no negative: e to that is 0.
const leftOut = -1e30

// Build adds the loss to a graph.
func (l inBatch) Build(c *Context, pred, target, weight *graph.Node) (loss, w *graph.Node) {
	user, item := c.Vectors(pred)
	id := c.Inputs["item"]
	switch {
	case c.Err() != nil:
		return c.failed(), c.failed()
	case len(pred.Shape.Inner()) == 1:
		return SampledSoftmax().Build(c, pred, target, weight)
	case l.group < 2:
		bad := c.Failf("nn.InBatch", nil, "groups of %d examples, want at least 2", l.group)
		return bad, bad
	case user == nil || id == nil:
		bad := c.Failf("nn.InBatch", []*graph.Node{pred}, "the score is no product of two vectors: want a model such as MF, BPRMF, GMF, FM or TwoTower")
		return bad, bad
	}
	w, user = Weigh(c, user, weight, graph.F32(graph.Batch))
	if weight != nil {
		item = mask(c, item, w)
	}
	if logq := c.Inputs["logq"]; logq != nil {
		user, item = c.beside(user, c.Const(1)), c.beside(item, c.Neg(c.Reshape(logq, 1)))
	}
	scores := c.Select(l.negatives(c, id, w), c.GroupDots(user, item, l.group), c.Const(leftOut))
	return c.CrossEntropy(scores, c.GroupPlace(id, l.group), 0), w
}

// negatives is not 0 for the partners of an example that it is compared with.
func (l inBatch) negatives(c *Context, id, w *graph.Node) *graph.Node {
	keep := c.GroupKeep(id, l.group)
	if isOne(w) {
		return keep
	}
	one := c.BroadcastTo(c.Const(1), graph.F32(graph.Batch, 1))
	return c.Mul(keep, c.GroupDots(one, c.Reshape(w, 1), l.group))
}
