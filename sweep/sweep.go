package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// comparison is what is held equal while sizes are compared.
type comparison struct {
	name   string       // "target", or the budget
	budget batch.Span   // zero: up to the target
	order  train.Target // which value of its metric is better
}

// sweeper is a sweep in progress.
type sweeper struct {
	o         Options
	run       runner
	journal   *journal
	perUpdate map[int]float64 // seconds, by size
	plan      *plan           // nil until sizes are timed
	tell      sync.Mutex      // one event at a time
}

// Run sweeps. It returns when all trials are over, with what they showed, or
// with ctx's error when that is cancelled: what is over then is in the journal,
// and a sweep that resumes does not run it again. The trial that went on is run
// again from its beginning.
func Run(ctx context.Context, o Options) (*Result, error) {
	return o.sweep(ctx, nil)
}

// sweep is Run with a runner, nil for the one that trains.
func (o Options) sweep(ctx context.Context, run runner) (_ *Result, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &sweeper{o: o, run: run, perUpdate: map[int]float64{}}
	if run == nil {
		s.run = s.o.execute
	}
	done, err := s.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	r := summarize(&s.o, s.comparisons(), s.journal.trials, s.perUpdate)
	if o.Out != "" {
		err = r.write(o.Out)
	}
	return r, err
}

// comparisons are the target and each budget, once.
func (s *sweeper) comparisons() []comparison {
	var out []comparison
	if !s.o.Until.IsZero() {
		out = append(out, comparison{Reached, batch.Span{}, s.o.Until})
	}
	for _, b := range slices.Concat(s.o.Budgets, s.equal()) {
		c := comparison{b.String(), b, train.Target{Metric: s.o.Metric}}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// equal returns the budgets that are equal to Options.Equal at the base: in
// epochs, in updates, and in the time that those take.
func (s *sweeper) equal() []batch.Span {
	if s.o.Equal.IsZero() {
		return nil
	}
	sizes, _ := s.o.outward()
	base := float64(sizes[0])
	updates := s.o.Equal.N
	if s.o.Equal.Unit == batch.Epoch {
		updates = math.Ceil(s.o.Equal.N * math.Ceil(float64(s.o.Examples)/base))
	}
	epochs := rounded(updates * base / float64(s.o.Examples))
	if s.o.Equal.Unit == batch.Epoch {
		epochs = s.o.Equal.N
	}
	return []batch.Span{batch.Epochs(epochs), batch.Updates(int(updates)), {N: rounded(updates * s.perUpdate[sizes[0]]), Unit: batch.Second}}
}

// sweep times all sizes, and then tunes and measures each in each comparison.
func (s *sweeper) sweep(ctx context.Context) error {
	if err := s.time(ctx); err != nil {
		return err
	}
	s.plan = newPlan(&s.o, s.comparisons(), s.perUpdate)
	s.emit(Event{Kind: Planned})
	for _, c := range s.comparisons() {
		if err := s.compare(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// Timing of a size: for so many seconds, and at least so many updates, of which
// the first does not count.
const (
	timingSeconds = 0.25
	timingUpdates = 3
)

// time measures the seconds of an update at each size. The rate is so small that
// nothing diverges.
func (s *sweeper) time(ctx context.Context) error {
	for _, n := range s.o.Batches {
		lr := s.o.Start
		if len(s.o.Rates) > 0 {
			lr = s.o.Rates[0]
		}
		t, err := s.trial(ctx, &spec{key: key{phase: Timing, batch: n, lr: rounded(lr / 100)}, seconds: timingSeconds, least: timingUpdates, order: train.Target{Metric: "loss"}})
		if err != nil {
			return err
		}
		if t.End == Diverged && t.Updates == 0 { // no rate has changed a weight yet
			return fmt.Errorf("sweep: batch %d: the very first update is not finite, which no learning rate mends (want other data, or another model or loss): %s", n, t.Error)
		}
		s.perUpdate[n] = t.Seconds / math.Max(1, float64(t.Updates))
	}
	return nil
}

// compare tunes and measures each size, outward from the base.
func (s *sweeper) compare(ctx context.Context, c comparison) error {
	sizes, after := s.o.outward()
	best := make([]float64, len(sizes))
	for i, n := range sizes {
		start := s.o.Start
		if p := after[i]; p >= 0 && best[p] > 0 {
			start = s.o.start(n, sizes[p], best[p])
		}
		found, err := s.tune(ctx, c, n, start)
		if err != nil {
			return err
		}
		s.plan.tuned(c.name, n, found)
		if found.best == nil {
			continue
		}
		best[i] = found.best.LR
		if err := s.measure(ctx, c, n, best[i]); err != nil {
			return err
		}
	}
	return nil
}

// tune finds the learning rate of a size.
func (s *sweeper) tune(ctx context.Context, c comparison, n int, start float64) (tuned, error) {
	try := func(lr float64, best *Trial) (*Trial, error) {
		x := s.spec(c, Tuning, n, lr, s.o.Seed+uint64(s.o.Seeds))
		x.verdict = func(t *Trial) string { return verdict(t, best, c.order) }
		return s.trial(ctx, x)
	}
	switch {
	case len(s.o.Rates) == 1: // nothing to choose
		return tuned{best: &Trial{LR: s.o.Rates[0]}}, nil
	case len(s.o.Rates) > 1:
		return grid(s.o.Rates, c.order, try)
	}
	return climb(start, s.o.Ratio, s.o.Reach, c.order, try)
}

// measure runs all seeds of a size at its best rate, Options.Parallel at a time,
// up to the first error.
func (s *sweeper) measure(ctx context.Context, c comparison, n int, lr float64) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	slots := make(chan struct{}, s.o.Parallel)
	var all sync.WaitGroup
	for i := range s.o.Seeds {
		slots <- struct{}{}
		all.Go(func() {
			if _, err := s.trial(ctx, s.spec(c, Measure, n, lr, s.o.Seed+uint64(i))); err != nil {
				fail(err) // the first is kept
			}
			<-slots
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// spec describes a trial. Equal time is so many updates as take that time, by
// what an update took alone, so that the same updates are made again. So is the
// cell budget of trials that disturb each other.
func (s *sweeper) spec(c comparison, phase string, n int, lr float64, seed uint64) *spec {
	budget := c.budget
	if budget.Unit == batch.Second {
		budget = batch.Updates(int(math.Max(1, math.Round(budget.N/s.perUpdate[n]))))
	}
	x := &spec{key: key{c.name, phase, n, lr, seed}, budget: budget, seconds: s.o.CellBudget.Seconds(), order: c.order}
	if s.o.Parallel > 1 {
		x.most, x.seconds = uint64(math.Max(1, x.seconds/s.perUpdate[n])), 0
	}
	return x
}

// trial runs a trial, unless the journal has it.
func (s *sweeper) trial(ctx context.Context, x *spec) (*Trial, error) {
	if t := s.journal.find(x.key); t != nil {
		s.plan.add(t)
		return t, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	shared := x.phase == Measure && s.o.Parallel > 1
	if shared {
		x.threads = 1
	}
	s.emit(Event{Kind: Began, Trial: &Trial{Comparison: x.comparison, Phase: x.phase, Batch: x.batch, LR: x.lr, Seed: x.seed}})
	x.seen = func(t *Trial) { s.emit(Event{Kind: Seen, Trial: t}) }
	t, err := s.run(ctx, x)
	if err != nil {
		return nil, err
	}
	t.Shared = shared
	if err := s.journal.add(t); err != nil {
		return nil, err
	}
	s.plan.add(t)
	s.emit(Event{Kind: Ended, Trial: t})
	return t, nil
}
