package adviser

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/train"
)

// contender is a setting in a race.
type contender struct {
	Setting
	lane   int
	pilot  *pilot
	update float64 // seconds of an update, as measured apart
	curve  curve
	over   bool // it ended by itself, reached the level or was dropped
	broke  bool // its loss was no number
}

// race advances contenders in lockstep of the time that their updates take. It has
// lanes, each with an engine of its own, that work at the same time: the time that
// counts is not the clock's.
type race struct {
	judge
	lanes  int
	held   dataset.Dataset
	all    []*contender
	growth float64 // of the time from one measurement to the next
	now    float64 // time of updates up to which to go next
	level  float64 // that ends a contender; NaN: none
}

const (
	patience  = 10    // what lags by more does not come back
	flatShare = 0.005 // of the way from the first score to the best: who gains less in 7/8 of the time is flat
	outrun    = 1.6   // times as long as the first one at the level: given up
)

// nearShares are by how much of the way from the first score to the best levels are short
// of the best.
var nearShares = []float64{0.04, 0.02, 0.01}

// start is the time of the first measurement of a race.
func (r *race) start() float64 {
	least, most := math.Inf(1), 0.0
	for _, c := range r.all {
		least, most = min(least, c.update), max(most, c.update)
	}
	return max(2*most, 20*least)
}

// explore goes on until nobody is left, the time is over, or all are flat. With
// a third of the time behind it, the field is halved, with two thirds cut to three.
// Before the time early, measurements are coarser: levels are far from there.
func (r *race) explore(ctx context.Context, early float64, whole time.Duration) error {
	begin := time.Now()
	for ; len(r.alive()) > 0; r.now *= r.growth {
		if err := r.step(ctx, r.now, begin.Add(whole)); err != nil {
			return unlessLate(err)
		}
		r.drop()
		switch used := time.Since(begin); {
		case used > whole*2/3:
			r.keep(3)
		case used > whole/3:
			r.keep(max(4, len(r.all)/2))
		}
		if math.IsNaN(r.level) && r.flat() {
			return nil
		}
		if r.now < early {
			r.now *= 1.15
		}
	}
	return nil
}

// flat reports whether nobody gets any better.
func (r *race) flat() bool { return envelope(r.curves()).flat(flatShare, r.beginning()) }

// repeat goes on until everybody has got to the level, is outrun, or a time of
// updates is over, and reports whether it came that far before the clock stopped it.
func (r *race) repeat(ctx context.Context, from, to float64, until time.Time) (bool, error) {
	for now := from; now < to && len(r.alive()) > 0; now *= r.growth {
		if err := r.step(ctx, now, until); err != nil {
			return false, unlessLate(err)
		}
		for _, c := range r.all {
			to = min(to, outrun*c.curve.reach(r.level))
		}
	}
	return true, nil
}

// errLate ends a step that the clock stopped.
var errLate = errors.New("adviser: the time is over")

func unlessLate(err error) error {
	if errors.Is(err, errLate) {
		return nil
	}
	return err
}

// step advances everybody to a time, each lane beside the others.
func (r *race) step(ctx context.Context, to float64, until time.Time) error {
	errs := make([]error, r.lanes)
	var wg sync.WaitGroup
	for lane := range errs {
		wg.Go(func() { errs[lane] = r.drive(ctx, lane, to, until) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// drive advances the contenders of a lane. A panic of the data becomes an error.
func (r *race) drive(ctx context.Context, lane int, to float64, until time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &train.PanicError{Value: p}
		}
	}()
	for _, c := range r.all {
		if c.lane != lane || c.over {
			continue
		}
		if time.Now().After(until) {
			return errLate
		}
		if err := r.advance(ctx, c, to); err != nil {
			return err
		}
	}
	return nil
}

// beginning is the middle of the first scores.
func (r *race) beginning() float64 {
	var first []float64
	for _, c := range r.all {
		if len(c.curve) > 0 {
			first = append(first, c.curve[0].score)
		}
	}
	return median(first)
}

// advance trains a contender to a time and measures it, if that is an update more. It is
// measured for the first time behind its first update.
func (r *race) advance(ctx context.Context, c *contender, to float64) error {
	before := c.pilot.last.update
	if len(c.curve) == 0 {
		to = c.update
	}
	for float64(c.pilot.last.update+1)*c.update <= to {
		if !c.pilot.advance() {
			c.over, c.broke = true, c.pilot.broke()
			if c.broke {
				return nil
			}
			return cmp.Or(ctx.Err(), c.pilot.err)
		}
	}
	if c.pilot.last.update == before {
		return nil
	}
	values, err := c.pilot.measure(ctx, r.held)
	if err != nil {
		return err
	}
	c.curve.add(float64(c.pilot.last.update)*c.update, r.score(values))
	if c.curve.best() <= r.level {
		r.end(c)
	}
	return nil
}

func (r *race) alive() []*contender {
	return slices.DeleteFunc(slices.Clone(r.all), func(c *contender) bool { return c.over })
}

func (r *race) curves() (all []curve) {
	for _, c := range r.all {
		all = append(all, c.curve)
	}
	return all
}

// leader is the curve with the best score.
func (r *race) leader() (best curve) {
	for _, c := range r.all {
		if c.curve.best() < best.best() {
			best = c.curve
		}
	}
	return best
}

// end closes a contender.
func (r *race) end(c *contender) {
	c.over = true
	c.pilot.close()
}

// drop ends those that lag too far behind the one that lags least.
func (r *race) drop() {
	e, begun := envelope(r.curves()), begun(r.beginning())
	least := math.Inf(1)
	for _, c := range r.alive() {
		least = min(least, c.curve.lag(e, begun))
	}
	for _, c := range r.alive() {
		if len(c.curve) > 1 && c.curve.lag(e, begun) > patience*least {
			r.end(c)
		}
	}
}

// keep ends all but the n that will be best at twice the time, as it looks: who is fast at first
// with a large rate may stay where he is.
func (r *race) keep(n int) {
	alive := r.alive()
	slices.SortStableFunc(alive, func(a, b *contender) int { return sign(a.curve.ahead() - b.curve.ahead()) })
	for _, c := range alive[min(n, len(alive)):] {
		r.end(c)
	}
}

// close ends all.
func (r *race) close() {
	for _, c := range r.all {
		r.end(c)
	}
}
