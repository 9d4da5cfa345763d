package train

import (
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/report"
)

// pace reads the clock, seldom enough that short updates do not pay for it,
// and keeps what progress shows.
type pace struct {
	every, left int       // updates between two readings, and until the next
	read        time.Time // last
	start       batch.Position
	from        float64 // share of the budget consumed at the start
	shown       batch.Position
	shownAt     time.Time
	rate        float64 // examples a second
	loss        sums    // since last shown
	status      report.Status
}

// begin starts the clock of a session.
func (l *loop) begin(now time.Time) {
	l.clock.started = now
	l.speed = speed{examples: l.pos.Examples, at: l.trained(now)}
	l.pace = pace{every: 1, left: 1, read: now, start: l.pos, from: l.consumed(), shown: l.pos, shownAt: now}
	l.pace.status.Loss = math.NaN()
	if l.cfg.Budget.Unit == batch.Epoch {
		l.pace.status.Epochs = l.cfg.Budget.N
	}
}

// leave says that something else than updates begins, and returns what ends it.
func (l *loop) leave(now time.Time) (back func()) {
	if l.left.IsZero() {
		l.left = now
		return l.back
	}
	return func() {} // within something else
}

func (l *loop) back() { l.Aside, l.left = l.Aside+time.Since(l.left), time.Time{} }

// trained is the time of updates alone, up to now, or to what goes on beside them.
func (l *loop) trained(now time.Time) time.Duration {
	if !l.left.IsZero() {
		now = l.left
	}
	return l.clock.elapsed(now) - l.Aside
}

// tick reads the clock every few milliseconds.
func (l *loop) tick() {
	p := &l.pace
	if p.left--; p.left > 0 {
		return
	}
	now := time.Now()
	switch dt := now.Sub(p.read); {
	case dt < time.Millisecond:
		p.every = min(1024, 2*p.every)
	case dt > 4*time.Millisecond:
		p.every = max(1, p.every/2)
	}
	p.left, p.read = p.every, now
	l.pos.Elapsed = l.clock.elapsed(now)
	if l.cfg.Progress.Due(now) {
		l.cfg.Progress.Show(now, l.now(now))
	}
}

// now describes the moment for people.
func (l *loop) now(now time.Time) *report.Status {
	p, s := &l.pace, &l.pace.status
	if dt := now.Sub(p.shownAt).Seconds(); dt > 0 && l.pos.Examples > p.shown.Examples {
		rate := float64(l.pos.Examples-p.shown.Examples) / dt
		if p.rate > 0 {
			rate = 0.7*p.rate + 0.3*rate
		}
		p.rate = rate
	}
	p.shown, p.shownAt = l.pos, now
	if p.loss.Weight > 0 {
		s.Loss, p.loss = p.loss.mean(), sums{}
	}
	s.Fraction = min(1, l.consumed())
	s.Epoch = (max(1, l.pos.Examples)-1)/uint64(l.pos.PerEpoch) + 1
	s.Update, s.Rate, s.LR, s.Tokens = l.pos.Update, p.rate, l.event.LR, l.pos.TokensPerExample
	if batch.Varies(l.cfg.Batch) {
		s.Batch = l.size
	}
	if l.pos.Update == p.start.Update {
		s.LR = math.NaN()
	}
	s.Elapsed = l.clock.elapsed(now)
	s.Left = -1
	if done := s.Fraction - p.from; done > 0 {
		s.Left = time.Duration(float64(now.Sub(l.clock.started)) * (1 - s.Fraction) / done)
	}
	s.Val, s.Doing = l.inOrder(s.Val[:0], l.Val), ""
	return s
}

// busy shows that something other than training goes on.
func (l *loop) busy(doing string) {
	now := time.Now()
	if l.cfg.Progress.Due(now) {
		s := l.now(now)
		s.Doing = doing
		l.cfg.Progress.Show(now, s)
	}
}

func (l *loop) showValidation(best bool) {
	if l.cfg.Progress == nil {
		return
	}
	now := time.Now()
	s := l.now(now)
	s.Best = best
	l.cfg.Progress.Validated(now, s)
}
