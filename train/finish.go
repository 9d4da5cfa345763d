package train

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/descent-ml/descent/report"
)

// finish saves, measures and reports a run that stopped.
func (l *loop) finish(ctx context.Context, stopped string, cause error) (*Run, error) {
	run := &Run{Plan: l.prog.Plan()}
	if l.files != nil {
		run.Dir = l.files.path
	}
	s := &run.Summary
	err := l.conclude(ctx, &stopped, cause, s)
	if cause != nil {
		err = cause // what failed first; saving after a failure is a try
	}
	if err != nil {
		stopped, s.Error = report.Failed, err.Error()
	}
	l.summarize(s, stopped)
	run.History = l.history
	ts, e := l.weights.file(false)
	if e != nil {
		return run, errors.Join(err, e)
	}
	run.Params = ts
	if l.files != nil {
		err = errors.Join(err, l.write(s))
	}
	if s.Skipped > 1 {
		l.cfg.Progress.Note("the weights of %d of %d updates summed to 0; those changed nothing", s.Skipped, s.Updates)
	}
	l.cfg.Progress.End(s, run.Dir)
	l.event.Stopped = s.Stopped
	if e := l.emit(Ended); e != nil && !ends(e) {
		err = errors.Join(err, e)
	}
	return run, err
}

// conclude validates and saves the last state, and measures the model that is
// kept. An interruption here makes the run an interrupted one. What broke the
// numbers has saved what is good.
func (l *loop) conclude(ctx context.Context, stopped *string, cause error, s *report.Summary) error {
	done := report.Done(*stopped)
	if done && l.cfg.validates() && l.Validated != l.pos.Update {
		if err := l.validate(ctx); errors.Is(err, errInterrupted) {
			*stopped, done = report.Interrupted, false
		} else if err != nil && !ends(err) {
			return err
		} else if l.cfg.Until.Reached(l.Val) {
			*stopped = report.Target
		}
	}
	var broken *NonFiniteError
	if l.files != nil && !errors.As(cause, &broken) && (done || l.files.lastSaved == "" || l.saved.Update != l.pos.Update) {
		if err := l.save(); err != nil && !ends(err) {
			return err
		}
	}
	var err error
	if s.Fingerprint, err = l.fingerprint(); err != nil {
		return err
	}
	s.Val = l.Val
	if l.bestWeights != nil && l.restoresBest(*stopped) {
		if err := l.weights.restore(l.bestWeights, false); err != nil {
			return err
		}
		s.Val = l.BestVal
	} else if done {
		if err := l.adoptAverages(); err != nil {
			return err
		}
	}
	if !done {
		return nil
	}
	if err := l.renew(ctx, stopped, s); err != nil || *stopped == report.Interrupted {
		return err
	}
	return l.test(ctx, stopped, s)
}

// restoresBest reports whether the weights of the best validation take the place
// of the last ones, which are kept where they are what reached a target.
func (l *loop) restoresBest(stopped string) bool {
	return report.Done(stopped) && stopped != report.Target && l.best.Update != l.pos.Update
}

// ends reports whether an error of Config.OnEvent only ends the run.
func ends(err error) bool { return errors.Is(err, Stop) || errors.Is(err, Finish) }

// renew computes running statistics anew if that is wanted, and measures the
// validation data with them.
func (l *loop) renew(ctx context.Context, stopped *string, s *report.Summary) error {
	if l.cfg.Reestimate.IsZero() {
		return nil
	}
	err := l.reestimate(ctx)
	if err == nil && l.cfg.validates() {
		s.Val, err = l.measureAll(ctx)
	}
	if errors.Is(err, errInterrupted) || ctx.Err() != nil {
		*stopped = report.Interrupted
		return nil
	}
	return err
}

// test measures the test data, and what a guess would reach on it, or on the
// validation data.
func (l *loop) test(ctx context.Context, stopped *string, s *report.Summary) error {
	ds, last := l.cfg.Test, l.cfg.Test
	if ds == nil {
		last = l.cfg.Val
	}
	if last == nil {
		return nil
	}
	l.busy("testing")
	e := l.val
	if e == nil || !slices.EqualFunc(last.Fields(), e.fields, sameField) {
		var err error
		if e, err = newEvaluator(l.eng, l.weights.vars, l.cfg.Model, l.cfg.Loss, last.Fields(), l.evalRows); err != nil {
			return err
		}
		e.TargetValue = l.cfg.TargetValue
	}
	values, m, err := e.evaluate(ctx, last, nil)
	if err == nil && m != nil {
		var p meter
		if p, err = prior(ctx, l.cfg); err == nil {
			s.Baseline = m.baseline(p)
		}
	}
	if ctx.Err() != nil {
		*stopped = report.Interrupted
		return nil
	}
	if err != nil {
		return fmt.Errorf("train: test: %w", err)
	}
	if ds == nil {
		return nil
	}
	s.Test = values
	return l.measure("test", values[0].V, values[1:])
}

// summarize fills in what is known whatever happened.
func (l *loop) summarize(s *report.Summary, stopped string) {
	s.Schema, s.Version, s.Stopped = 1, version(), stopped
	if e, ok := l.eng.(interface{ ISA() string }); ok {
		s.ISA = e.ISA()
	}
	s.Updates, s.Skipped, s.Faults, s.Examples = l.pos.Update, l.Skipped, l.Faulted, l.pos.Examples
	now := time.Now()
	s.Seconds, s.TrainSeconds = l.clock.elapsed(now).Seconds(), l.trained(now).Seconds()
	if s.Seconds > 0 {
		s.ExamplesPerSecond = float64(s.Examples) / s.Seconds
	}
	if l.loader != nil {
		s.WaitedSeconds = l.loader.Waited().Seconds()
	}
	if l.pos.TokensPerExample > 1 {
		s.Tokens = l.pos.Tokens()
		s.TokensPerSecond = s.ExamplesPerSecond * float64(l.pos.TokensPerExample)
	}
	held := readResident()
	s.PeakBytes, s.FileBytes, s.PlannedBytes = held.peak, held.files, l.memory.Peak
	last := l.Last
	if last.Weight == 0 {
		last = l.Epoch
	}
	if last.Weight != 0 {
		s.Train = report.Values{{Name: "loss", V: last.mean()}}
	}
	if l.best != nil {
		kept := l.best.Update == l.pos.Update || l.bestWeights != nil && l.restoresBest(stopped)
		s.Best = &report.Best{Metric: l.best.Metric, Value: l.best.Value, Update: l.best.Update, Kept: kept}
	}
}

// write writes what a run that stopped leaves.
func (l *loop) write(s *report.Summary) error {
	err := l.journal(report.Entry{Update: s.Updates, Kind: entryEnd, Text: s.Stopped})
	if report.Done(s.Stopped) {
		err = errors.Join(err, l.writeModel(s))
	}
	return errors.Join(err, report.WriteSummary(l.files.path, s))
}

// version is that of the module that was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
