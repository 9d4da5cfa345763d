package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// decide asks the policy for the size of the next batch. That is done at the end
// of an update, so that a checkpoint there holds the decision and everything it
// rests on; the first one is made before anything is read.
func (l *loop) decide() error {
	if l.Sizes.Size > 0 && !batch.Varies(l.policy) || l.cfg.Budget.Unit != batch.Second && l.consumed() >= 1 {
		return nil // it is known, or there will be none
	}
	f, err := l.fraction()
	if err != nil {
		return err
	}
	if l.clock.replay != nil && l.timesSizes() && l.Sizes.Size > 0 {
		return l.repeat()
	}
	var change batch.Change
	var effect batch.Effect
	l.Sizes, change, effect = batch.Decide(l.policy, l.Sizes, l.known(f))
	if effect != (batch.Effect{}) {
		if err := l.journal(l.effectEntry(effect)); err != nil {
			return err
		}
	}
	if l.Sizes.Size == l.size {
		return nil
	}
	if err := l.resize(); err != nil || change == (batch.Change{}) {
		return err
	}
	return l.journal(l.changeEntry(change))
}

// repeat takes the size, which may hang on a clock, from the journal of the run
// that is replayed.
func (l *loop) repeat() error {
	for _, kind := range []string{entryBatch, entryUndo} {
		e, ok := l.clock.replay[l.pos.Update][kind]
		if !ok {
			continue
		}
		l.Sizes = batch.State{Size: int(e.Value), Since: l.pos.Update}
		return errors.Join(l.resize(), l.journal(report.Entry{Update: e.Update, Kind: kind, Value: e.Value, Text: e.Text, Predicted: e.Predicted}))
	}
	return nil
}

// changeEntry is a new size in the journal.
func (l *loop) changeEntry(c batch.Change) report.Entry {
	e := report.Entry{Update: l.pos.Update, Kind: entryBatch, Value: float64(c.To), Text: fmt.Sprintf("from %d to %d: %s", c.From, c.To, c.Why)}
	if c.Undo {
		e.Kind = entryUndo
	}
	if e.Predicted = c.Predicted; c.Predicted > 0 {
		e.Text += fmt.Sprintf("; predicted: %.3g times the goodput", c.Predicted)
	}
	return e
}

// effectEntry is what a change has brought, in the journal.
func (l *loop) effectEntry(x batch.Effect) report.Entry {
	e := report.Entry{Update: l.pos.Update, Kind: entryEffect, Value: x.Realized, Text: fmt.Sprintf("from %d to %d: %.3g times the goodput", x.From, x.To, x.Realized)}
	if x.Predicted > 0 {
		e.Text += fmt.Sprintf(", predicted were %.3g", x.Predicted)
	}
	return e
}

// timesSizes reports whether sizes may depend on a clock.
func (l *loop) timesSizes() bool {
	return batch.NeedsClock(l.cfg.Batch) || l.cfg.Budget.Unit == batch.Second
}

// firstSize is the size that a policy begins with.
func firstSize(c *Config, p batch.Policy) int {
	n := c.Data.Len()
	first, _ := p.Next(batch.State{}, batch.Progress{Position: batch.Position{PerEpoch: n}, Data: n, Decay: 1, Loss: math.NaN()})
	return first.Size
}

// baseOf returns the batch size that the learning rate is meant for: the first
// one, if the optimizer does not say.
func (l *loop) baseOf() int {
	if n := l.cfg.Optimizer.Base; n > 0 {
		return n
	}
	return max(1, firstSize(l.cfg, l.policy))
}

// known is what a policy may go by.
func (l *loop) known(fraction float64) batch.Progress {
	p := batch.Progress{Position: l.pos, Fraction: fraction, Data: l.pos.PerEpoch, Rate: l.Rate, Decay: l.decay(fraction), Loss: math.NaN(), Noise: l.Measured.Noise, Cost: l.Cost,
		Momentum: l.momentum, Base: l.base,
		Level: l.cfg.Optimizer.Coupling.Most() * float64(l.base)}
	if l.Typical.Count > 0 {
		p.Loss = l.Typical.Mean
	}
	return p
}

// decay is the factor of schedule and plateau for the next update, relative to
// its peak so far; that of backing off is no decay, but an accident.
func (l *loop) decay(fraction float64) float64 {
	d := 1.0
	if s := l.cfg.Optimizer.Schedule; s != nil {
		d = s(l.progress(fraction))
	}
	if l.Plateau.Factor != 0 {
		d = float64(d * l.Plateau.Factor)
	}
	if l.Peak = max(l.Peak, d); l.Peak == 0 {
		return 1
	}
	return d / l.Peak
}

// resize makes the size that was decided that of the next updates.
func (l *loop) resize() error {
	size := l.Sizes.Size
	if size < 1 || size > l.plan.Size {
		return fmt.Errorf("train: update %d: the policy %v asks for %d examples (want 1 to %d)", l.pos.Update+1, l.cfg.Batch, size, l.plan.Size)
	}
	l.size, l.share = size, shareOfUpdate(l.cfg, size)
	if l.loader == nil {
		return nil
	}
	return l.loader.SetSize(size)
}

// rows returns the number of examples of the next update: what the policy asks
// for, or what is left of the epoch.
func (l *loop) rows() int { return min(l.size, l.leftOfEpoch()) }

func (l *loop) leftOfEpoch() int { return l.pos.PerEpoch - int(l.pos.Examples%uint64(l.pos.PerEpoch)) }

// leavesOut reports whether so many examples, which are left of an epoch, make
// no batch: they are too few for DropLast, or one alone, of which batch norm has no
// statistics. (If sizes are all the same, such a run has been refused.)
func (l *loop) leavesOut(left int) bool {
	return left < l.least || l.cfg.DropLast && left < l.size
}

// couple says how the next batch stands to the one that the learning rate is
// meant for.
func (l *loop) couple(at *optim.Progress) {
	if l.size == 0 {
		return // before the first decision
	}
	at.Coupled = l.Coupled
	at.Scale = float64(l.size) / float64(l.base)
	if n := l.Measured.Noise; n.Samples() > 0 && l.cfg.Optimizer.Coupling.Needs() {
		at.Gain = optim.Gain(n.S(), n.Q(), l.base, l.size)
	}
	if l.countsGains() {
		at.Step = float64(at.Step * l.cfg.Optimizer.Coupling.Rate(*at))
	}
}

// timed is transact, timed where sizes change: a policy may go by the cost of an
// update, and of any it is to be known what its changes bring. An update of another
// size than that asked for, the last of an epoch, does not count, nor one that was
// passed over, nor the first ones, all of whose noise is measured, which takes time.
func (l *loop) timed(ctx context.Context) error {
	if !batch.Varies(l.cfg.Batch) {
		return l.transact(ctx)
	}
	size, lost, begin := l.size, l.Skipped+l.Faulted, time.Now()
	err := l.transact(ctx)
	measured := l.Measured.Update == l.pos.Update && l.Measured.Noise.Samples() <= opening
	if err == nil && l.event.Batch == size && l.Skipped+l.Faulted == lost && !measured {
		l.Cost = l.Cost.Add(size, time.Since(begin).Seconds())
	}
	return err
}
