package adviser

import (
	"context"
	"math"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
)

const (
	firstShare = 0.35 // of the race's time, for the first round
	roundsMost = 40   // of all
	tellEvery  = 4 * time.Second
	deepShare  = 0.1  // of the budget: a race that came so far tells for all of it
	heldFew    = 500  // examples on which only the loss is fine enough
	surely     = 0.02 // standard error of the logarithm of the leader's time: enough
)

// search finds the setting that gets to a level first. The first round
// enters sizes and rates far apart, on one seed, and drops what lags. The level is what its
// leader has reached when little is left to gain, unless there is a target: in fact three levels, whose times are averaged, since
// it is not known what will be enough. Further rounds, each on
// a seed of its own, enter the best so far and what lies around the leader.
type search struct {
	*adviser
	until  time.Time
	book   book
	tried  []Setting
	best   float64 // lowest time to the level in the first round
	judge  judge
	levels []float64 // the time to them counts
	level  float64   // the last of them, which ends a run
	held   dataset.Dataset
	growth float64
	lanes  []engine.Engine
	// slowness is how long a second of updates takes by the clock, with measurements
	// and what disturbs, over the lanes.
	slowness float64
	contest  *Contest
}

// raceSettings races if there is time.
func (a *adviser) raceSettings(ctx context.Context) error {
	s := &search{adviser: a, until: a.at(raceEnds), level: math.NaN()}
	defer s.closeLanes()
	if err := s.openLanes(); err != nil {
		return err
	}
	left := time.Until(s.until).Seconds() * firstShare
	entries := s.entries(left)
	if len(entries) < 3 {
		a.note("no race of settings: there is no time for %d updates of several", leastUpdates)
		return nil
	}
	s.judge, s.level = a.judging()
	s.levels = []float64{s.level}
	if err := s.measureWith(left / float64(len(entries))); err != nil {
		return err
	}
	s.contest = &Contest{HeldOut: a.from, Metric: s.judge.metric, Given: !math.IsNaN(s.level), Entered: len(entries)}
	a.tell("a race of %d settings", len(entries))
	if ok, err := s.first(ctx, entries, left); err != nil || !ok {
		return err
	}
	if s.contest.Missed == "" {
		if err := s.repeat(ctx); err != nil {
			return err
		}
	}
	s.report()
	return nil
}
