package adviser

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/descent-ml/descent/train"
)

// Options says what to advise on.
type Options struct {
	// Config is the training as it would be run. Its batch size, its learning rate
	// and its seed are where the search begins.
	Config train.Config

	// Make returns Config with another batch size, learning rate and seed; nil changes
	// those three and nothing else. What a configuration gives in updates, such as
	// a warm-up of 100up, is a function of the size that only its owner knows.
	Make func(size int, lr float64, seed uint64) (train.Config, error)

	For    time.Duration     // how long to measure; 0 is 50 s
	Report func(text string) // gets a line as each step begins; nil: nobody does
}

// DefaultFor is how long Advise measures.
const DefaultFor = 50 * time.Second

// Advice is what was measured and what follows.
type Advice struct {
	Current Setting       `json:"current"` // as configured
	Memory  train.Ceiling `json:"memory"`
	Micros  []Timing      `json:"micros"` // one batch size in several micro-batches; nil if that was given or makes no difference
	Pace    Pace          `json:"pace"`
	Rate    *RateTest     `json:"rate,omitempty"`  // nil if there was no time
	Noise   *Noise        `json:"noise,omitempty"` // nil if there was no time
	Race    *Contest      `json:"race,omitempty"`  // nil if there was no time
	Choice  Choice        `json:"choice"`
	Notes   []string      `json:"notes,omitempty"` // what was left out, what disturbed, what to be careful with
	Seconds float64       `json:"seconds"`         // that the measurements took
}

// Setting is a batch size with the learning rate for it.
type Setting struct {
	Batch int     `json:"batch"`
	LR    float64 `json:"lr"`
}

// adviser is advice in the making.
type adviser struct {
	*problem
	Advice
	begin time.Time
	total time.Duration
	tell  func(format string, args ...any)
}

// Shares of the time at which steps end.
const (
	paceEnds  = 0.15
	rateEnds  = 0.25
	noiseEnds = 0.3
	raceEnds  = 0.97
)

// Advise measures and advises. It writes nothing and keeps to o.For, but for the last
// update or validation, which it does not break off. A cancelled ctx ends it with ctx's
// error and the advice so far.
func Advise(ctx context.Context, o Options) (*Advice, error) {
	if o.For == 0 {
		o.For = DefaultFor
	}
	a := &adviser{begin: time.Now(), total: o.For, tell: func(string, ...any) {}}
	if o.Report != nil {
		a.tell = func(format string, args ...any) { o.Report(fmt.Sprintf(format, args...)) }
	}
	if o.For < 0 {
		return nil, fmt.Errorf("adviser: %v to measure (want more than 0)", o.For)
	}
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	eng := o.Config.Engine
	if eng == nil {
		var err error
		if eng, err = train.NewEngine(o.Config.Exec); err != nil {
			return nil, err
		}
		defer eng.Close()
	}
	var err error
	if a.problem, err = newProblem(o, eng); err != nil {
		return nil, err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1)) // trainings that overlap leave each other's
	err = a.measure(ctx)
	if e := ctx.Err(); e != nil {
		err = errors.Join(e, err)
	}
	a.choose()
	a.Seconds = time.Since(a.begin).Seconds()
	return &a.Advice, err
}

// measure takes the steps.
func (a *adviser) measure(ctx context.Context) error {
	a.Current = Setting{a.size, a.base.Optimizer.LR}
	for _, step := range []func(context.Context) error{a.measureMemory, a.measurePace, a.measureRate, a.measureNoise, a.raceSettings} {
		if err := errors.Join(ctx.Err(), step(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// at is the moment when a share of the time is over.
func (a *adviser) at(share float64) time.Time {
	return a.begin.Add(time.Duration(share * float64(a.total)))
}

func (a *adviser) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// measureMemory finds the largest batches that fit.
func (a *adviser) measureMemory(context.Context) (err error) {
	a.tell("memory")
	c, err := a.config(a.size, a.Current.LR, a.base.Seed)
	if err != nil {
		return err
	}
	if a.Memory, err = train.CeilingOf(c); err != nil || a.Memory.Batch > 0 {
		return err
	}
	if c, err = a.config(1, a.Current.LR, a.base.Seed); err == nil {
		_, err = train.PreviewOf(c) // it says what the least limit is
	}
	if err == nil {
		err = fmt.Errorf("adviser: not even a batch of one example fits the limit of %s (%s)", train.Bytes(a.Memory.Limit), a.Memory.LimitBy)
	}
	return err
}

const (
	ladderStep = 4    // between sizes that are timed
	ladderTop  = 4096 // the largest, unless the configuration has a larger one
	microSize  = 1024 // the batch that is timed in several micro-batches
	microTurns = 100  // updates that all of them take, about
)

// measurePace times updates of sizes from 1 up, executed as the configuration says, and then of one
// size in several micro-batches.
func (a *adviser) measurePace(ctx context.Context) error {
	var configs []train.Config
	for _, size := range ladder(min(a.Memory.Batch, max(ladderTop, a.size)), a.size) {
		c, err := a.still(size)
		if err != nil {
			return err
		}
		configs = append(configs, c)
	}
	a.tell("time of an update against the batch size")
	var err error
	if a.Pace.Timings, err = timeAll(ctx, configs, a.at(paceEnds)); err != nil {
		return err
	}
	a.Pace.fit()
	if d := a.Pace.disturbed(); d > 1.25 {
		a.note("other processes disturbed the measurements: turns of the same updates differ by %.0f %%. The least of them count.", 100*(d-1))
	}
	return a.measureMicros(ctx)
}

// still is a training whose rate is so small that it cannot break, with no end.
func (a *adviser) still(size int) (train.Config, error) {
	c, err := a.config(size, a.Current.LR*1e-4, a.base.Seed)
	c.Budget = endless
	return c, err
}

// measureMicros times a batch of many in several micro-batches, for people: a training tries
// them by itself.
func (a *adviser) measureMicros(ctx context.Context) error {
	size := min(microSize, a.Memory.Whole, a.Pace.largest())
	if left := time.Until(a.at(paceEnds)).Seconds(); a.base.Exec.Micro > 0 || a.base.Shards > 1 || size < 128 || microTurns*a.Pace.At(size) > left {
		return nil
	}
	a.tell("micro-batches")
	var configs []train.Config
	for micro := 64; micro <= size; micro *= 2 {
		c, err := a.still(size)
		if err != nil {
			return err
		}
		c.Exec.Micro = micro
		configs = append(configs, c)
	}
	timings, err := timeAll(ctx, configs, a.at(paceEnds))
	if len(timings) > 1 {
		a.Micros = timings
	}
	return err
}

// ladder lists sizes from 1 up, by factors, to the largest, and those that are to be
// among them.
func ladder(most int, also ...int) []int {
	var all []int
	for size := 1; size <= most; size *= ladderStep {
		all = append(all, size)
	}
	for _, size := range also {
		if size <= most {
			all = append(all, size)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
