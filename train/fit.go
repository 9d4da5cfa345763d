package train

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// Run is the outcome of Fit.
type Run struct {
	Dir     string             // the run directory, "" if nothing was written
	Summary report.Summary     // as in summary.json
	History []report.Record    // what this process measured, as in metrics.jsonl
	Params  checkpoint.Tensors // the model that is kept, in the layout of files
	Plan    engine.Plan        // of the update
}

// Fit trains a model. It returns when the budget is consumed, when validation
// gets no better (EarlyStop), or when ctx is cancelled, after the update that
// goes on and a checkpoint: then Summary.Stopped is "interrupted" and the
// error is nil. If training fails, both the run so far and the error are
// returned; a NaN or infinite loss is a *NonFiniteError. A run that could not
// begin is nil.
func Fit(ctx context.Context, c Config) (*Run, error) {
	done, err := c.prepare()
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := newLoop(&c)
	if err != nil {
		return nil, err
	}
	defer l.memory.govern(c.Exec.Memory)()
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.close())
	}
	stopped, err := l.run(ctx)
	run, err := l.finish(ctx, stopped, err)
	return run, errors.Join(err, l.close())
}

// prepare checks the configuration, fills in its defaults and starts the
// engine, which done stops.
func (c *Config) prepare() (done func(), err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	*c = c.withDefaults()
	if c.Engine != nil {
		return func() {}, nil
	}
	eng, err := NewEngine(c.Exec)
	if err != nil {
		return nil, err
	}
	c.Engine = eng
	return eng.Close, nil
}

// newLoop compiles the programs. It touches no file, so that a mistake in the
// model leaves none behind.
func newLoop(c *Config) (*loop, error) {
	g, up, err := trainGraph(c)
	if err != nil {
		return nil, err
	}
	l := &loop{cfg: c, eng: c.Engine, graph: g, update: up, averages: newAverages(up.Evals()), checks: checksOf(g), scalars: make([]float64, len(g.Scalars)), least: 1}
	if op := g.Single(1, 1); op != nil && op.GroupSize() == 1 {
		l.least = 2
	}
	x, err := l.choose()
	if err != nil {
		return nil, err
	}
	if l.weights, err = newWeights(c.Engine, g, c.Seed, c.Init); err != nil {
		return nil, err
	}
	l.plan.Micro, l.evalRows = x.micro, x.evalRows
	l.crew, err = newCrew(c, g, l.weights.vars, engine.Options{Rows: x.micro, Batch: l.plan.Size, Seed: c.Seed, Recompute: x.recompute, Memory: x.bound / int64(max(c.Exec.Workers, 1))})
	if err != nil {
		return nil, err
	}
	l.prog = l.crew.prog()
	l.meter = newNoiseMeter(c, g, l.prog, l.plan.Size)
	if err := errors.Join(l.checkMeasurable(), l.costOfMeter()); err != nil {
		return nil, err
	}
	l.lossSum, l.weightSum, l.gradNorm = l.prog.Output(outLossSum), l.prog.Output(outWeightSum), l.prog.Output("grad_norm")
	if c.Val != nil {
		if l.val, err = newEvaluator(c.Engine, l.weights.vars, c.Model, c.Loss, c.Val.Fields(), l.evalRows); err != nil {
			return nil, err
		}
		l.val.TargetValue = c.TargetValue
	}
	l.pos.PerEpoch, l.pos.TokensPerExample = c.Data.Len(), tokensOf(c.Data)
	l.event.run, l.base, l.momentum = l, l.baseOf(), c.Optimizer.Beta()
	l.clock = newClock(c.Replay, l.journal)
	l.tune()
	return l, nil
}

// open opens the run directory, restores what is to be resumed, and starts
// reading.
func (l *loop) open(ctx context.Context) error {
	var resumed *checkpoint.State
	if l.cfg.Out != NoOut {
		if err := l.digests.compute(l.cfg); err != nil {
			return err
		}
		f, state, err := openFiles(l.cfg, l.resumable)
		if err != nil {
			return err
		}
		l.files, resumed = f, state
	}
	if resumed != nil {
		if err := l.restore(resumed); err != nil {
			return err
		}
		if err := l.restoreBest(resumed); err != nil {
			return err
		}
	}
	if l.files != nil {
		if err := l.files.openEvents(l.cfg, l.Elapsed); err != nil {
			return err
		}
	}
	if err := l.announce(resumed); err != nil {
		return err
	}
	// A cancelled context ends the loop after an update, not the reading.
	err := l.startReading(ctx)
	l.begin(time.Now())
	return err
}

// restoreBest finds the weights of the best validation again.
func (l *loop) restoreBest(s *checkpoint.State) error {
	if err := l.files.checkpoints.Resumed(s); err != nil {
		return err
	}
	if l.best == nil || l.cfg.EarlyStop.Patience == 0 {
		return nil
	}
	if s.Update != l.best.Update {
		var err error
		if s, _, err = l.files.checkpoints.Best(); err != nil {
			return fmt.Errorf("train: the best checkpoint, of update %d: %w", l.best.Update, err)
		}
	}
	// A best that is newer than the checkpoint resumed from will be found again.
	if s.Update == l.best.Update {
		l.bestWeights = l.averages.evaluated(s.Tensors)
	}
	return nil
}

// params returns the tensors that are not an optimizer's.
func params(ts checkpoint.Tensors) checkpoint.Tensors {
	out := checkpoint.Tensors{}
	for name, t := range ts {
		if !strings.HasPrefix(name, "optim/") {
			out[name] = t
		}
	}
	return out
}

// announce says how the run will be executed.
func (l *loop) announce(resumed *checkpoint.State) error {
	how := l.execution()
	if !batch.Varies(l.cfg.Batch) {
		how += fmt.Sprintf(", %d updates an epoch", (l.pos.PerEpoch+l.plan.Size-1)/l.plan.Size)
	}
	how += "; " + l.memory.brief()
	l.cfg.Progress.Start(l.cfg.Name, fmt.Sprintf("%s, budget %v, %s", l.amount(), l.cfg.Budget, how))
	if resumed == nil {
		if err := l.announceMost(); err != nil {
			return err
		}
		return l.journal(report.Entry{Kind: entryStart, Value: float64(l.plan.Micro), Text: how})
	}
	l.cfg.Progress.Note("resumed at update %d", resumed.Update)
	return l.journal(report.Entry{Update: resumed.Update, Kind: entryResume, Value: float64(l.plan.Micro), Text: how})
}

// policyName is the word for a policy in {size: 64, policy: {word: {its: keys}}}, or
// all of another text.
func policyName(p batch.Policy) string {
	_, name, ok := strings.Cut(p.String(), "policy: ")
	if !ok {
		return p.String()
	}
	name = strings.TrimLeft(name, "{")
	if i := strings.IndexAny(name, ":,}"); i >= 0 {
		name = name[:i]
	}
	return name
}

// changing says how batches of changing sizes are executed.
func (l *loop) changing() string {
	text := fmt.Sprintf("batch %d at first, at most %d (%s)", firstSize(l.cfg, l.policy), l.plan.Size, policyName(l.cfg.Batch))
	if l.plan.Micro < l.plan.Size {
		text += fmt.Sprintf(", in micro-batches of %d (%s)", l.plan.Micro, l.plan.Reason)
	}
	return text
}

// execution says how a batch is executed.
func (l *loop) execution() string {
	text := l.plan.String()
	if batch.Varies(l.cfg.Batch) {
		text = l.changing()
	}
	if by := l.cfg.Optimizer.Coupling; by != optim.None() {
		text += fmt.Sprintf(", the rate coupled by %v to a base of %d", by, l.base)
	}
	if l.cfg.Shards > 1 {
		text += fmt.Sprintf(", %d shards", l.cfg.Shards)
		if n := len(l.crew.workers); n > 1 {
			text += fmt.Sprintf(" on %d workers", n)
		}
	}
	if p := l.prog.Plan(); p.Passes > 1 {
		text += fmt.Sprintf(", %d passes", p.Passes)
		if p.Again > 0 {
			text += fmt.Sprintf(" that compute %.0f %% again", 100*p.Price)
		}
	}
	return text
}

func (l *loop) close() error {
	if l.loader != nil {
		l.loader.Close()
	}
	l.held.close()
	err := l.crew.close()
	if l.files != nil {
		err = errors.Join(err, l.files.close())
	}
	return err
}
