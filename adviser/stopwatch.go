package adviser

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

const (
	turns     = 8 // of each size, one size after another: what disturbs one disturbs all
	turnTime  = 30 * time.Millisecond
	turnLeast = 3 // updates of a turn
)

// watched is a pilot whose updates are timed.
type watched struct {
	*pilot
	size, micro int
	medians     []float64 // of the turns so far
}

// timeAll times updates of some configurations in turns, and leaves out those that
// would not end in time; the first is always timed. Each is to be larger than the one before.
func timeAll(ctx context.Context, configs []train.Config, until time.Time) ([]Timing, error) {
	var all []*watched
	defer func() {
		for _, w := range all {
			w.close()
		}
	}()
	for i, c := range configs {
		begin := time.Now()
		w := &watched{pilot: launch(ctx, c), size: c.Batch.Max(c.Data.Len()), micro: min(c.Exec.Micro, c.Batch.Max(c.Data.Len()))}
		all = append(all, w)
		if err := w.update(ctx); err != nil {
			return nil, err
		}
		opened := time.Now()
		if err := errors.Join(w.update(ctx), w.turn(ctx)); err != nil {
			return nil, err
		}
		if i+1 == len(configs) {
			break
		}
		// The updates of the next take as much longer as it is larger, and turns are to follow.
		grown := max(1, float64(configs[i+1].Batch.Max(c.Data.Len()))/float64(w.size))
		next := opened.Sub(begin) + time.Duration(2*grown*float64(time.Since(opened)))
		if time.Now().Add(next).After(until) {
			break
		}
	}
	for range turns - 1 {
		for _, w := range all {
			if time.Now().After(until) {
				break
			}
			if err := w.turn(ctx); err != nil {
				return nil, err
			}
		}
	}
	timings := make([]Timing, len(all))
	for i, w := range all {
		timings[i] = w.timing()
	}
	return timings, nil
}

// update makes one update. The first two are not timed: they touch new memory.
func (w *watched) update(ctx context.Context) error {
	if w.advance() {
		return nil
	}
	return errors.Join(ctx.Err(), w.err)
}

// turn times some updates and keeps their median.
func (w *watched) turn(ctx context.Context) error {
	var seconds []float64
	for begin := time.Now(); len(seconds) < turnLeast || time.Since(begin) < turnTime && len(seconds) < 1000; {
		if err := w.update(ctx); err != nil {
			return err
		}
		seconds = append(seconds, w.last.seconds)
		if w.last.seconds > 1 {
			break // one will do
		}
	}
	w.medians = append(w.medians, median(seconds))
	return nil
}

func (w *watched) timing() Timing {
	least, most := math.Inf(1), 0.0
	for _, m := range w.medians {
		least, most = min(least, m), max(most, m)
	}
	return Timing{Batch: w.size, Micro: w.micro, Seconds: least, Rate: float64(w.size) / least, Spread: most / least}
}

// endless is a budget that no pilot consumes while it is timed.
var endless = batch.Updates(1 << 40)
