package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// spec is a trial that is to run.
type spec struct {
	key
	budget  batch.Span          // of the trial; zero: until the target
	seconds float64             // of training after which it ends; 0 is no bound
	least   uint64              // updates that it makes whatever they take
	most    uint64              // updates after which it ends; 0 is no bound
	order   train.Target        // its metric is compared
	threads int                 // 0: as its configuration says
	verdict func(*Trial) string // after each validation: how the trial ends, "" if it goes on
	seen    func(*Trial)        // told of each validation
}

// runner runs a trial. The error is of a trial that could not run or was
// interrupted; one that diverged is an outcome.
type runner func(ctx context.Context, s *spec) (*Trial, error)

// execute trains: the runner of every sweep but those of tests.
func (o *Options) execute(ctx context.Context, s *spec) (*Trial, error) {
	c, err := o.configure(s)
	if err != nil {
		return nil, err
	}
	if c.Engine, err = train.NewEngine(c.Exec); err != nil {
		return nil, err
	}
	defer c.Engine.Close()
	w := &watch{spec: s, t: &Trial{Comparison: s.comparison, Phase: s.phase, Batch: s.batch, LR: s.lr, Seed: s.seed, Train: number(math.NaN())}}
	c.OnEvent = w.event
	began := time.Now()
	run, err := train.Fit(ctx, c)
	if err = w.settle(ctx, run, err); err != nil {
		return nil, err
	}
	w.t.Wall = time.Since(began).Seconds()
	return w.t, nil
}

// endless is a budget that no trial consumes: others end it.
const endless = 1 << 50

// configure returns the configuration of a trial.
func (o *Options) configure(s *spec) (train.Config, error) {
	c, err := o.Make(Cell{Batch: s.batch, LR: s.lr, Seed: s.seed, Budget: s.budget})
	if err != nil {
		return c, err
	}
	c.Out, c.Resume, c.Progress, c.EarlyStop, c.Faults = train.NoOut, false, nil, train.EarlyStop{}, train.Faults{}
	c.Metric, c.Samples, c.Noise = s.order.Metric, train.Samples{}, train.Noise{} // a meter takes time
	if c.Test = nil; s.phase == Measure && c.Val != nil {
		if c.Test, err = sample(c.Data, c.Val); err != nil {
			return c, err
		}
	}
	c.Until, c.ValidateEvery = train.Target{Within: o.Within}, batch.Updates(endless)
	if c.Budget = s.budget; s.budget.IsZero() {
		c.Budget = batch.Updates(endless)
	}
	switch {
	case s.phase == Timing:
		c.Until = train.Target{}
	case s.budget.IsZero():
		c.Until = o.Until
		c.Until.Within = o.Within
	}
	if s.threads > 0 {
		c.Exec.Threads = s.threads
	}
	return c, nil
}

// watch collects what happens in a trial, and ends it.
type watch struct {
	*spec
	t     *Trial
	end   string  // why it was stopped, "" if it was not
	first float64 // seconds of training, after the first update
}

func (w *watch) event(e *train.Event) error {
	switch e.Kind {
	case train.Updated:
		w.t.Updates, w.t.Examples, w.t.Seconds = e.Position.Update, e.Position.Examples, e.Trained.Seconds()
		if e.Position.Update == 1 {
			w.first = w.t.Seconds
		}
		if w.end == "" && w.consumed() {
			w.end = Capped
			if w.phase == Timing {
				return train.Stop // nothing is measured
			}
			return train.Finish
		}
	case train.Validated:
		p := w.point(e)
		w.t.Updates, w.t.Examples, w.t.Seconds = p.Update, p.Examples, p.Seconds
		w.t.Points = append(w.t.Points, p)
		if w.seen != nil {
			w.seen(w.t)
		}
		if w.verdict != nil && w.end == "" {
			if w.end = w.verdict(w.t); w.end != "" {
				return train.Stop
			}
		}
	}
	return nil
}

// consumed reports whether the cell budget is.
func (w *watch) consumed() bool {
	return w.seconds > 0 && w.t.Seconds >= w.seconds && w.t.Updates >= w.least || w.most > 0 && w.t.Updates >= w.most
}

func (w *watch) point(e *train.Event) Point {
	p := Point{Update: e.Position.Update, Examples: e.Position.Examples, Seconds: e.Trained.Seconds(), Loss: number(math.NaN()), Value: number(math.NaN())}
	if v, ok := e.Values.Get("loss"); ok {
		p.Loss = number(v)
	}
	if v, ok := e.Values.Get(w.order.Metric); ok {
		p.Value = number(v)
	}
	return p
}

// settle makes an outcome of how the run ended.
func (w *watch) settle(ctx context.Context, run *train.Run, err error) error {
	var broken *train.NonFiniteError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &broken):
		w.t.End, w.t.Error = Diverged, broken.Error()
		return nil
	case err != nil:
		return fmt.Errorf("sweep: batch %d, learning rate %v, seed %d: %w", w.batch, w.lr, w.seed, err)
	case run.Summary.Stopped == report.Target:
		w.t.End = Reached
	case w.end != "":
		w.t.End = w.end
	default:
		w.t.End = Complete
	}
	if v, ok := run.Summary.Test.Get(w.order.Metric); ok {
		w.t.Train = number(v)
	}
	if w.phase == Timing && w.t.Updates > 1 { // the first update finds caches cold
		w.t.Examples -= min(w.t.Examples, uint64(w.batch))
		w.t.Updates, w.t.Seconds = w.t.Updates-1, w.t.Seconds-w.first
	}
	return nil
}

// sample returns as many of the training examples as there are to validate on,
// at even distances: what the metric is compared with for the generalization gap.
func sample(training, val dataset.Dataset) (dataset.Dataset, error) {
	all := dataset.Original(training)
	if val.Len() >= all.Len() {
		return all, nil
	}
	rows := make([]int, val.Len())
	for i := range rows {
		rows[i] = i * all.Len() / len(rows)
	}
	return dataset.Subset(all, rows)
}
