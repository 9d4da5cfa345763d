package train

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// SequenceWarmup begins the training of a language model with short sequences,
// which keeps early updates stable at high rates and large batches. Each window
// is cut into segments of equal length, at whose borders attention and positions
// begin anew (nn.Context.Segment). The length goes from From to the window in
// line with the share of the budget consumed, by doubling: it is the largest
// From·2ᵏ that is not above From + (T-From)·share/Over.
//
// Li, Zhang, He (The Stability-Efficiency Dilemma, NeurIPS 2022) cut windows
// off behind the length, and so lose tokens or fit shapes anew. Here every token
// is trained on, all batches have one shape, and one program serves them.
type SequenceWarmup struct {
	From int     // positions of the first segments; 0 is no warm-up
	Over float64 // share of the budget after which windows are whole, in (0, 1]
}

// scalarSegment is the scalar of the length; 0 is one segment.
const scalarSegment = "segment"

// String is what a checkpoint is compared by.
func (w SequenceWarmup) String() string { return fmt.Sprintf("from %d over %v", w.From, w.Over) }

// declare adds the scalar to a model that is about to be built.
func (w SequenceWarmup) declare(x *nn.Context) {
	if w.From > 0 {
		x.Segment = x.Scalar(scalarSegment)
	}
}

// validate reports a warm-up that cannot be on the data.
func (w SequenceWarmup) validate(ds dataset.Dataset) error {
	window := windowOf(ds)
	switch {
	case w == SequenceWarmup{}:
		return nil
	case w.From < 1 || !(w.Over > 0 && w.Over <= 1):
		return fmt.Errorf("train: sequence warm-up from %d over %v of the budget (want 1 or more, over a share above 0 and at most 1)", w.From, w.Over)
	case window == 0:
		return fmt.Errorf("train: sequence warm-up wants tokens x i32 (T), the data has %v", ds.Fields())
	case w.From >= window:
		return fmt.Errorf("train: sequence warm-up from %d (want less than the window, %d)", w.From, window)
	}
	return nil
}

// windowOf returns the positions of an example of tokens, 0 if it is none.
func windowOf(ds dataset.Dataset) int {
	fields := ds.Fields()
	x := dataset.FieldIndex(fields, dataset.FieldX)
	if x < 0 || fields[x].DType != tensor.I32 || len(fields[x].Shape) != 1 {
		return 0
	}
	return fields[x].Shape[0]
}

// checkUsed reports a model on which a warm-up would have no effect.
func (w SequenceWarmup) checkUsed(g *graph.Graph) error {
	used := slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool {
		return slices.ContainsFunc(n.In, func(in *graph.Node) bool { return in.Attr.Name == scalarSegment && slices.Contains(g.Scalars, in) })
	})
	if w.From == 0 || used {
		return nil
	}
	return refuse("train: sequence warm-up, but no layer of the model has attention or positions")
}

// at returns the length of segments when a share of the budget is consumed, 0
// when windows are whole.
func (w SequenceWarmup) at(window int, share float64) int {
	if w.From == 0 || share >= w.Over {
		return 0
	}
	reach := float64(w.From) + float64(float64(window-w.From)*share)/w.Over
	s := w.From
	for 2*s < window && float64(2*s) <= reach {
		s *= 2
	}
	return s
}

// setScalars sets the scalars of an update.
func (l *loop) setScalars(at optim.Progress) {
	l.update.Scalars(l.graph, l.scalars, at)
	if l.cfg.SequenceWarmup.From == 0 {
		return
	}
	window := windowOf(l.cfg.Data)
	s := l.cfg.SequenceWarmup.at(window, at.Fraction)
	if l.event.Segment = s; s == 0 {
		l.event.Segment = window
	}
	for i, n := range l.graph.Scalars {
		if n.Attr.Name == scalarSegment {
			l.scalars[i] = float64(s)
		}
	}
}

// segmentOf returns the scalars of a graph that has no other than the length of
// segments, as they are in the update that goes on.
func (l *loop) segmentOf(g *graph.Graph) []float64 {
	for i, n := range l.graph.Scalars {
		if n.Attr.Name == scalarSegment && len(g.Scalars) == 1 {
			return l.scalars[i : i+1]
		}
	}
	return nil
}
