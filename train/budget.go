package train

import "github.com/descent-ml/descent/batch"

// over reports whether the budget is consumed.
func (l *loop) over() (bool, error) {
	done := l.consumed() >= 1
	if l.cfg.Budget.Unit != batch.Second {
		return done, nil
	}
	return l.clock.decide(l.pos.Update, entryStop, done)
}

// fraction returns the consumed share of the budget, in [0, 1].
func (l *loop) fraction() (float64, error) {
	f := min(1, l.consumed())
	if l.cfg.Budget.Unit != batch.Second {
		return f, nil
	}
	return l.clock.share(l.pos.Update, f)
}

// shareOfUpdate is the share of the budget that a full batch consumes, 0 if
// that depends on a clock.
func shareOfUpdate(c *Config, size int) float64 {
	n := c.Data.Len()
	switch c.Budget.Unit {
	case batch.Epoch:
		perEpoch := (n + size - 1) / size
		if c.DropLast {
			perEpoch = n / size
		}
		return 1 / (c.Budget.N * float64(perEpoch))
	case batch.Update:
		return 1 / c.Budget.N
	case batch.Example:
		return float64(size) / c.Budget.N
	case batch.Token:
		return float64(size*tokensOf(c.Data)) / c.Budget.N
	}
	return 0
}

// countsGains reports whether a budget in updates is one of AdaScale's
// iterations, of which an update with a gain of r is r: see optim.CouplingState.
func (l *loop) countsGains() bool {
	return l.cfg.Budget.Unit == batch.Update && l.cfg.Optimizer.Coupling.Needs()
}

// consumed is the share of the budget that is consumed, 1 and more when it is over.
func (l *loop) consumed() float64 {
	if l.countsGains() {
		return (l.Coupled.Gained + float64(l.Skipped+l.Faulted)) / l.cfg.Budget.N
	}
	return l.cfg.Budget.Fraction(l.pos)
}
