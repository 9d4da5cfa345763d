package config

import (
	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// SequenceWarmup begins with short segments of the windows of text: see
// train.SequenceWarmup.
type SequenceWarmup struct {
	From int        // positions; 0 is off
	Over batch.Span // until windows are whole
}

func newSequenceWarmup() SequenceWarmup { return SequenceWarmup{Over: percent(30)} }

func (w *SequenceWarmup) keys() fields {
	return fields{
		{key: "from", codec: count{p: &w.From, low: 1, auto: "off"}},
		{key: "over", codec: span{&w.Over, true}},
	}
}

// check reports a span that is no share of the budget.
func (w *SequenceWarmup) check(fs *Faults, at place, budget batch.Span) {
	over := w.Over.Of(budget)
	switch {
	case w.From == 0:
	case (over.Unit == batch.Second) != (budget.Unit == batch.Second):
		fs.add(at, "%v is no known share of a budget of %v (want a share such as 30%%)", w.Over, budget)
	case over.Unit == budget.Unit && over.N > budget.N:
		fs.add(at, "got %v, more than the budget of %v", w.Over, budget)
	}
}

// build returns the warm-up for a run of such a length.
func (w *SequenceWarmup) build(r run) train.SequenceWarmup {
	if w.From == 0 {
		return train.SequenceWarmup{}
	}
	return train.SequenceWarmup{From: w.From, Over: min(1, r.share(w.Over))}
}
