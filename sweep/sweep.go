package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/report"
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

// SettingsName is the file of a sweep that says what is swept.
const SettingsName = "sweep.json"

// Settings are what the trials of a sweep depend on. A sweep that is resumed has
// the same.
type Settings struct {
	Examples   int             `json:"examples"`
	Batches    []int           `json:"batches"`
	Base       int             `json:"base"`
	Start      float64         `json:"start,omitempty"`
	Rates      []float64       `json:"rates,omitempty"`
	Ratio      float64         `json:"ratio"`
	Reach      int             `json:"reach"`
	Seeds      int             `json:"seeds"`
	Seed       uint64          `json:"seed"`
	Until      string          `json:"until,omitempty"`
	Budgets    []batch.Span    `json:"budgets,omitempty"`
	Equal      batch.Span      `json:"equal,omitzero"`
	Metric     string          `json:"metric"`
	CellBudget float64         `json:"cell_budget"` // seconds
	Within     float64         `json:"within"`
	Origin     json.RawMessage `json:"origin,omitempty"`
}

func (o *Options) settings() Settings {
	return Settings{o.Examples, o.Batches, o.Base, o.Start, o.Rates, o.Ratio, o.Reach, o.Seeds, o.Seed, o.Until.String(), o.Budgets, o.Equal, o.Metric, o.CellBudget.Seconds(), o.Within, o.Origin}
}

// ReadSettings reads dir/sweep.json.
func ReadSettings(dir string) (*Settings, error) {
	path := filepath.Join(dir, SettingsName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	s := new(Settings)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("sweep: %s: %w", path, err)
	}
	return s, nil
}

// open makes or opens the folder. done closes what was opened.
func (s *sweeper) open() (done func() error, err error) {
	dir := s.o.Out
	if dir == "" {
		s.journal, err = openJournal("")
		return func() error { return nil }, err
	}
	if err := s.o.claim(dir); err != nil {
		return nil, err
	}
	lock, err := checkpoint.LockDir(dir)
	if err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(dir); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return func() error { return errors.Join(s.journal.close(), lock.Unlock()) }, nil
}

// claim makes a new folder with the settings, or compares with those there.
func (o *Options) claim(dir string) error {
	now, err := json.MarshalIndent(o.settings(), "", "  ")
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if o.Resume {
		before, err := ReadSettings(dir)
		if err != nil {
			return err
		}
		return o.compare(before)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("sweep: %s exists (resume it, or choose another directory)", dir)
	} else if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if o.YAML != nil {
		if err := report.WriteFile(filepath.Join(dir, train.ConfigName), o.YAML); err != nil {
			return err
		}
	}
	return report.WriteFile(filepath.Join(dir, SettingsName), append(now, '\n'))
}

// compare names the settings in which a sweep that is resumed differs.
func (o *Options) compare(before *Settings) error {
	var values [2]map[string]any
	for i, s := range []Settings{o.settings(), *before} {
		b, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(b, &values[i])
		}
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	var errs []error
	for _, d := range train.Differences(values[0], values[1]) {
		errs = append(errs, fmt.Errorf("sweep: a sweep resumes with the settings it began with: %s is %s (it has %s)", d.Key, d.A, d.B))
	}
	return errors.Join(errs...)
}

func (s *sweeper) comparisons() []comparison {
	var out []comparison
	if !s.o.Until.IsZero() {
		out = append(out, comparison{Reached, batch.Span{}, s.o.Until})
	}
	for _, b := range slices.Concat(s.o.Budgets, s.equal()) {
		out = append(out, comparison{b.String(), b, train.Target{Metric: s.o.Metric}})
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

// EventKind tells events apart.
type EventKind uint8

const (
	Planned EventKind = iota // sizes are timed; Left says how long the sweep may take
	Began                    // a trial, of which Trial has what it is
	Seen                     // a validation of it
	Ended                    // a trial
)

// Event is something that happened. Trial is valid during the call.
type Event struct {
	Kind  EventKind
	Trial *Trial
	Done  int           // trials that are over
	Of    int           // that there will be, by what is known
	Left  time.Duration // by what is known, validation included
	Most  time.Duration // if every trial takes its cell budget
}

func (s *sweeper) emit(e Event) {
	if s.o.OnEvent == nil {
		return
	}
	s.tell.Lock()
	defer s.tell.Unlock()
	if e.Kind != Seen {
		e.Done, e.Of, e.Left, e.Most = s.plan.estimate()
	}
	s.o.OnEvent(e)
}
