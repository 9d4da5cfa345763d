package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// BatchNormLayer is what BatchNorm returns; its methods return changed copies.
type BatchNormLayer struct {
	eps, momentum float64
	group         int
	plain         bool
}

// BatchNorm is (x - mean)/√(var + ε)·weight + bias for each channel, an element
// of the last axis, with mean and biased variance over the batch and all axes
// before the last; outside training over running statistics. Under
// micro-batches and over shards the statistics are those of the whole batch.
// Examples of weight 0 count. Parameters: weight from 1 and bias from 0 of that
// axis, and running_mean from 0 and running_var from 1, which each update moves
// by the momentum towards the mean and the unbiased variance, once per update.
// ε is 1e-5 and the momentum 0.1. Ioffe, Szegedy, ICML 2015, algorithm 1;
// PyTorch's BatchNorm1d, with channels last.
func BatchNorm() BatchNormLayer { return BatchNormLayer{eps: 1e-5, momentum: 0.1} }

// Eps sets ε, more than 0.
func (l BatchNormLayer) Eps(eps float64) BatchNormLayer { l.eps = eps; return l }

// Momentum sets the share of the new statistics in the running ones, in [0, 1].
func (l BatchNormLayer) Momentum(m float64) BatchNormLayer { l.momentum = m; return l }

// Group normalizes over groups of n consecutive examples of the batch (of each
// shard; the last group may be shorter) instead of all: ghost batch norm, whose
// strength does not depend on the size of the batch, and which needs no barrier.
// The running statistics move once per update, towards the mean over the batch
// and the groups' mean unbiased variance. Hoffer, Hubara, Soudry, NeurIPS 2017,
// algorithm 1, where they move once per group.
func (l BatchNormLayer) Group(n int) BatchNormLayer { l.group = n; return l }

// Plain leaves out weight and bias.
func (l BatchNormLayer) Plain() BatchNormLayer { l.plain = true; return l }

// String returns, for example, "BatchNorm (group 32)".
func (l BatchNormLayer) String() string {
	s := "BatchNorm"
	if l.group > 0 {
		s += fmt.Sprintf(" (group %d)", l.group)
	}
	if l.plain {
		s += " (plain)"
	}
	return s
}

// Build adds the layer to a graph.
func (l BatchNormLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.BatchNorm", x) {
		return c.failed()
	}
	switch {
	case !(l.eps > 0) || math.IsInf(l.eps, 0):
		return c.Failf("nn.BatchNorm", []*graph.Node{x}, "eps %v, want a finite number above 0", l.eps)
	case !(l.momentum >= 0 && l.momentum <= 1):
		return c.Failf("nn.BatchNorm", []*graph.Node{x}, "momentum %v, want 0 to 1", l.momentum)
	case l.group < 0 || l.group == 1:
		return c.Failf("nn.BatchNorm", []*graph.Node{x}, "groups of %d examples, want at least 2, or 0 for the whole batch", l.group)
	case !x.PerExample() || len(x.Shape.Inner()) == 0:
		return c.Failf("nn.BatchNorm", []*graph.Node{x}, "want a per-example value with an axis of channels")
	}
	channels := x.Shape.Last()
	var gamma, beta *graph.Node
	if !l.plain {
		gamma = c.Param("weight", graph.Init{Rule: "constant", A: 1}, channels)
		beta = c.Param("bias", graph.Init{Rule: "zeros"}, channels)
	}
	mean := c.RunningVar("running_mean", graph.Init{Rule: "zeros"}, channels)
	variance := c.RunningVar("running_var", graph.Init{Rule: "constant", A: 1}, channels)
	if c.Stats == Running || c.frozen {
		return l.running(c, x, mean, variance, gamma, beta)
	}
	y, batchMean, batchVariance, sums := l.batch(c, x, mean, gamma, beta)
	if c.Stats == Estimated {
		c.estimate(mean, variance, sums, l.group > 0)
		return y
	}
	c.update(mean, batchMean, l.momentum)
	c.update(variance, batchVariance, l.momentum)
	return y
}

// running normalizes with the running statistics.
func (l BatchNormLayer) running(c *Context, x, mean, variance, gamma, beta *graph.Node) *graph.Node {
	scale := c.Div(c.Const(1), c.Sqrt(c.Add(variance, c.Const(l.eps))))
	if l.plain {
		return c.Mul(c.Sub(x, mean), scale)
	}
	return c.FMA(c.Sub(x, mean), c.Mul(gamma, scale), beta)
}

// batch normalizes with the statistics of the batch or of its groups.
func (l BatchNormLayer) batch(c *Context, x, shift, gamma, beta *graph.Node) (y, mean, variance *graph.Node, s graph.BatchStats) {
	if l.group == 0 {
		return c.BatchNorm(x, shift, gamma, beta, l.eps)
	}
	y, mean, variance, s = c.GroupNormalize(x, l.group, l.eps)
	if !l.plain {
		y = c.FMA(y, gamma, beta)
	}
	return y, mean, variance, s
}

// update moves a running statistic: run ← (1 - m)·run + m·now.
func (c *Context) update(run, now *graph.Node, m float64) {
	if c.instead == nil {
		c.Assign(run, c.FMA(now, c.Const(m), c.Mul(run, c.Const(1-m))))
	}
}

// Stats says which statistics batch normalization uses.
type Stats uint8

const (
	// Running statistics: for predictions.
	Running Stats = iota
	// Batch statistics, which move the running ones: for training.
	Batch
	// Estimated is batch statistics that are outputs of the graph, for computing
	// the running ones anew over much data: see Estimation.
	Estimated
)
