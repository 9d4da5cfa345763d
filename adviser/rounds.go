package adviser

import (
	"context"
	"slices"
	"time"

	"github.com/descent-ml/descent/batch"
)

// first runs the first round and finds the level. It reports whether anything got better.
func (s *search) first(ctx context.Context, entries []Setting, seconds float64) (bool, error) {
	r, err := s.enter(ctx, entries, s.base.Seed)
	defer r.close()
	if err != nil {
		return false, err
	}
	r.growth = max(r.growth, 1.2) // levels are not known yet
	begin := time.Now()
	r.now = r.start()
	if err := r.explore(ctx, seconds/float64(40*len(entries)), time.Duration(seconds*float64(time.Second))); err != nil {
		return false, err
	}
	if missed := s.contest.Given && r.leader().best() > s.level; missed || !s.deep(r) { // nothing that rounds repeat would matter
		if err := r.explore(ctx, 0, time.Until(s.until)*2/3); err != nil {
			return false, err
		}
	}
	trained := 0.0
	for _, c := range r.all {
		trained += c.curve.end()
	}
	s.slowness = time.Since(begin).Seconds() / max(trained, 1e-9)
	lead, first := r.leader(), r.beginning()
	if !(lead.best() < first) {
		s.note("no race: no setting got better than it was at its beginning")
		return false, nil
	}
	s.contest.Share, s.contest.Deep = s.consumed(r), s.deep(r)
	switch {
	case lead.best() <= s.level:
	case s.contest.Given:
		s.contest.Missed = s.base.Until.String()
	default:
		s.levels = nil
		for _, share := range nearShares {
			s.levels = append(s.levels, lead.best()+share*(first-lead.best()))
		}
		s.level = s.levels[len(s.levels)-1]
	}
	s.enterFirst(r)
	if len(s.book.settings) == 0 {
		s.note("no race: no setting came near the target of %v in the time", s.base.Until)
	}
	return len(s.book.settings) > 0, nil
}

// repeat runs the rounds behind the first, until the time is over or the answer is clear.
func (s *search) repeat(ctx context.Context) error {
	told := time.Now()
	each := time.Duration(outrun * s.best * s.slowness * float64(time.Second)) // of the clock, for a setting
	for round := 1; round < roundsMost; round++ {
		entries := s.next(round)
		entries = entries[:min(len(entries), int(max(0, time.Until(s.until))/(each+1)))]
		if len(entries) < 2 && round > 3 || len(entries) == 0 || s.settled() {
			break
		}
		begin := time.Now()
		if begin.Sub(told) > tellEvery {
			s.tell("round %d of the race: %d settings", round+1, len(entries))
			told = begin
		}
		if err := s.round(ctx, round, entries); err != nil {
			return err
		}
		each = time.Since(begin) / time.Duration(len(entries)) * 11 / 10
	}
	return nil
}

// round runs settings to the level on another seed.
func (s *search) round(ctx context.Context, round int, settings []Setting) error {
	r, err := s.enter(ctx, settings, s.base.Seed+uint64(round))
	defer r.close()
	if err != nil {
		return err
	}
	if whole, err := r.repeat(ctx, max(r.start(), s.best/8), 4*s.best, s.until); err != nil || !whole {
		return err
	}
	for _, c := range r.all {
		s.tried = append(s.tried, c.Setting)
		if len(c.curve) > 0 {
			s.book.note(c.Setting, round, s.time(c.curve, 1.5))
		}
	}
	return nil
}

// settled reports whether the leader's time is known as well as matters, and no neighbor is left.
func (s *search) settled() bool {
	all := s.book.standings()
	fresh := slices.ContainsFunc(s.neighbors(all[0].Setting, s.book.rounds), func(n Setting) bool { return !slices.ContainsFunc(s.tried, n.like) })
	return s.book.rounds > 8 && all[0].error < surely && !fresh
}

// enter starts the training of some settings on a seed.
func (s *search) enter(ctx context.Context, settings []Setting, seed uint64) (*race, error) {
	r := &race{judge: s.judge, held: s.held, growth: s.growth, level: s.level, lanes: len(s.lanes)}
	for i, x := range settings {
		c, err := s.config(x.Batch, x.LR, seed)
		if err != nil {
			return r, err
		}
		lane := i % len(s.lanes)
		c.Engine = s.lanes[lane]
		if c.Budget.Unit == batch.Second { // a pilot rests while others train
			c.Budget = batch.Updates(max(1, int(c.Budget.N/s.Pace.At(x.Batch))))
		}
		r.all = append(r.all, &contender{Setting: x, lane: lane, pilot: launch(ctx, c), update: s.Pace.At(x.Batch)})
	}
	return r, nil
}
