package train

import (
	"context"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/report"
)

// Samples are texts that a language model writes while it is trained, for
// people. They change nothing of the training.
type Samples struct {
	Every batch.Span // between two; zero: none

	// Write returns a text that the model writes with the variables as they
	// are, which it must not change. Variables are those of the run: all calls
	// get the same.
	Write func(ctx context.Context, eng engine.Engine, vars engine.Vars) (string, error)
}

// sample lets the model write if that is due. A text that cannot be written is
// told of, and no reason to stop.
func (l *loop) sample(ctx context.Context, before batch.Position) error {
	if l.cfg.Samples.Write == nil || !l.cfg.Samples.Every.Due(before, l.pos) {
		return nil
	}
	defer l.leave(time.Now())()
	l.busy("writing")
	s := report.Sample{Update: l.pos.Update}
	var failure error
	err := l.averaged(func() error {
		s.Text, failure = l.cfg.Samples.Write(ctx, l.eng, l.weights.vars)
		return nil
	})
	switch {
	case err != nil || ctx.Err() != nil: // the loop finds that it is cancelled
		return err
	case failure != nil:
		l.cfg.Progress.Warn("no sample after update %d: %v", l.pos.Update, failure)
		return nil
	}
	l.cfg.Progress.Sample(s)
	if l.files == nil {
		return nil
	}
	return report.AppendSample(l.files.path, s)
}
