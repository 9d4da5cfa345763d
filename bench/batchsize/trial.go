package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// key names a trial.
type key struct {
	task   string
	method string // fixed, auto, ..
	size   int    // of the batch, where it starts
	rate   float64
	seed   int
}

// trial is a run up to the target, or up to its limit.
type trial struct {
	key
	reached bool
	best    float64 // of the metric
	counts  counts
	trained time.Duration // in updates, on the clock of this machine; not kept
}

// counts are the updates of each number of examples.
type counts map[int]int

func (c counts) updates() (n int) {
	for _, k := range c {
		n += k
	}
	return n
}

func (c counts) examples() (n int) {
	for size, k := range c {
		n += size * k
	}
	return n
}

// String is SIZE:UPDATES of each size in ascending order, with a blank between.
func (c counts) String() string {
	var b []string
	for _, size := range slices.Sorted(maps.Keys(c)) {
		b = append(b, fmt.Sprintf("%d:%d", size, c[size]))
	}
	return strings.Join(b, " ")
}

func parseCounts(text string) (counts, error) {
	c := counts{}
	for _, f := range strings.Fields(text) {
		size, k, _ := strings.Cut(f, ":")
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, err
		}
		if c[n], err = strconv.Atoi(k); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// settings are those that a trial changes in the configuration of its task. Auto is
// given the cost of an update, so that its decisions, as those of a fixed size, hang on no clock.
func (t *task) settings(o options, k key, c clock) ([]string, error) {
	lr, err := t.rateKey(o)
	batch := fmt.Sprintf("batch=%d", k.size)
	switch k.method {
	case auto:
		a, perExample := c.line()
		batch = fmt.Sprintf("batch={size: %d, policy: {auto: {fixed: %.4g, per_example: %.4g}}}", k.size, a, perExample)
	case autoClocked:
		batch = fmt.Sprintf("batch={size: %d, policy: auto}", k.size)
	}
	return []string{batch, fmt.Sprintf("%s=%g", lr, k.rate)}, err
}

// The methods by which a trial has its batch size.
const (
	fixed       = "fixed"
	auto        = "auto" // batch: auto from 32, with the rate that is tuned for 32
	autoClocked = "auto, by the clock"
	advise      = "advise" // the recommendation, as it stands
	advised     = "advised size, rate tuned"
)

// trial trains to the target, at most up to the limit in examples.
func (t *task) trial(o options, k key, limit float64, cost clock) (trial, error) {
	r := trial{key: k, counts: counts{}, best: math.Inf(1)}
	if t.higher {
		r.best = math.Inf(-1)
	}
	settings, err := t.settings(o, k, cost)
	if err != nil {
		return r, err
	}
	c, err := t.build(o, k.seed, settings...)
	if err != nil {
		return r, err
	}
	c.Budget = batch.Examples(int(max(1, limit)))
	c.ValidateEvery = train.Epochs(t.tick)
	c.Metric = t.metric
	c.OnEvent = func(e *train.Event) error {
		switch e.Kind {
		case train.Updated:
			r.counts[e.Batch]++
			r.trained = e.Trained
			if r.reached {
				return train.Stop
			}
		case train.Validated:
			v, _ := e.Values.Get(t.metric)
			if e.Best {
				r.best = v
			}
			r.reached = t.reached(v)
		}
		return nil
	}
	_, err = train.Fit(context.Background(), c)
	var diverged *train.NonFiniteError
	if errors.As(err, &diverged) {
		err = nil
	}
	return r, err
}
