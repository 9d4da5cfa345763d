package adviser

import (
	"context"
	"errors"
	"iter"
	"math"
	"runtime/debug"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// pilot is a training that goes on only while it is asked to: train.Fit as a
// coroutine that rests behind each update. Several pilots share an engine, of
// which one works at a time.
type pilot struct {
	next func() (step, bool)
	stop func()
	last step
	rest *train.Event // behind the last update, where it rests
	err  error        // why it ended by itself; nil: its budget is consumed
}

// step is an update of a pilot.
type step struct {
	update   int
	examples float64 // consumed so far
	tokens   float64 // that an example counts as
	loss     float64 // of the batch, before the update
	seconds  float64 // of the update, reading included, validation not; NaN for the first
}

// launch prepares a training. Nothing runs before the first advance.
func launch(ctx context.Context, c train.Config) *pilot {
	p := &pilot{}
	p.next, p.stop = iter.Pull(func(yield func(step) bool) {
		limit := debug.SetMemoryLimit(-1)
		var resumed time.Time
		c.OnEvent = func(e *train.Event) error {
			if e.Kind != train.Updated {
				return nil
			}
			s := step{int(e.Position.Update), float64(e.Position.Examples), float64(max(1, e.Position.TokensPerExample)), e.Loss, math.NaN()}
			if !resumed.IsZero() {
				s.seconds = time.Since(resumed).Seconds()
			} else {
				debug.SetMemoryLimit(limit) // a plan knows nothing of the other pilots
			}
			p.rest = e
			if !yield(s) {
				return train.Stop
			}
			resumed = time.Now()
			return nil
		}
		_, p.err = train.Fit(ctx, c)
	})
	return p
}

// advance makes one update and reports whether there was one to make.
func (p *pilot) advance() bool {
	s, ok := p.next()
	if ok {
		p.last = s
	}
	return ok
}

// measure is the loss and the metrics of ds with the weights as they are. There was
// an update, and the training is not over.
func (p *pilot) measure(ctx context.Context, ds dataset.Dataset) (report.Values, error) {
	return p.rest.Measure(ctx, ds)
}

// close ends the training, and is no error of it.
func (p *pilot) close() { p.stop() }

// broke reports whether a training ended for its numbers.
func (p *pilot) broke() bool {
	var nonFinite *train.NonFiniteError
	return errors.As(p.err, &nonFinite)
}
