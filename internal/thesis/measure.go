package thesis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Options say what to compare. The zero value is the example.
type Options struct {
	Target float64          // loss of the training data to reach; default 0.05
	Sizes  []int            // of batches, three or more, ascending; All is all examples; default 1, 16, 32, 128, 512 and All
	Seeds  int              // orders of the examples, whose medians are told; default 3
	Grid   int              // losses around the paths, from left to right; default 60
	Now    func() time.Time // default time.Now
	Report func(string)     // is told what is measured next; default nobody
}

// All as a size is all examples.
const All = 0

func (o Options) withDefaults() Options {
	if o.Target == 0 {
		o.Target = 0.05
	}
	if o.Sizes == nil {
		o.Sizes = []int{1, 16, 32, 128, 512, All}
	}
	if o.Seeds == 0 {
		o.Seeds = 3
	}
	if o.Grid == 0 {
		o.Grid = 60
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Report == nil {
		o.Report = func(string) {}
	}
	return o
}

// firstRate is where the search for a learning rate begins with the smallest
// batches; with others it begins at the best of the size before.
const firstRate = 0.125

// Measure descends with batches of each size at its best learning rate: see tune.
// It fails if a size cannot reach the target, and when ctx ends.
func Measure(ctx context.Context, o Options) (*Result, error) {
	o = o.withDefaults()
	p, err := newProblem()
	if err != nil {
		return nil, err
	}
	defer p.close()
	r := &Result{Training: p.training.Len(), Test: p.test.Len(), Target: o.Target, Seeds: o.Seeds}
	var paths [][][]float64
	rate := firstRate
	for _, size := range o.Sizes {
		run := Run{Size: size}
		if size == All {
			run.Size = r.Training
		}
		o.Report("batches of " + r.name(run.Size))
		if err := p.tune(ctx, o, &run, rate); err != nil {
			return nil, err
		}
		path, err := p.measure(ctx, o, &run)
		if err != nil {
			return nil, err
		}
		r.Runs, paths, rate = append(r.Runs, run), append(paths, path), run.Rate
	}
	o.Report("the loss around the paths")
	r.Plane, err = p.plane(ctx, r, paths, o.Grid)
	return r, err
}

// measure walks once for each seed, fills in the run, and returns the path of
// the first.
func (p *problem) measure(ctx context.Context, o Options, run *Run) (path [][]float64, err error) {
	var s seeds
	for seed := range o.Seeds {
		w, err := p.newWalk(run.Size, run.Rate, uint64(seed+1))
		if err != nil {
			return nil, err
		}
		t, err := w.follow(ctx, o.Target)
		if err != nil {
			return nil, err
		}
		if err := w.time(ctx, t.points, o.Now); err != nil {
			return nil, err
		}
		s.add(t)
		if seed == 0 {
			run.Curve = t.points
			path, err = w.path(ctx, t.points[len(t.points)-1].Updates)
			if err != nil {
				return nil, err
			}
		}
	}
	s.fill(run, float64(p.training.Len()))
	return path, nil
}

// seeds collects what walks with different seeds say at the target.
type seeds struct{ updates, examples, seconds, variance, detour, loss, accuracy []float64 }

func (s *seeds) add(t trail) {
	there := t.points[t.there]
	s.updates, s.examples, s.seconds = append(s.updates, float64(there.Updates)), append(s.examples, float64(there.Examples)), append(s.seconds, there.Seconds)
	s.variance, s.detour = append(s.variance, there.Variance), append(s.detour, t.detour)
	s.loss, s.accuracy = append(s.loss, t.test.loss), append(s.accuracy, t.test.accuracy)
}

// fill gives a run the medians; n is the examples of an epoch.
func (s *seeds) fill(run *Run, n float64) {
	scale(s.examples, 1/n)
	run.Updates, run.Epochs, run.Seconds = spreadOf(s.updates), spreadOf(s.examples), spreadOf(s.seconds)
	run.Variance, run.Detour = spreadOf(s.variance), spreadOf(s.detour)
	run.TestLoss, run.TestAccuracy = spreadOf(s.loss), spreadOf(s.accuracy)
}

// The search for a learning rate.
const (
	leastRate  = 1.0 / 65536
	mostEpochs = 400 // of a trial
)

// tune finds the learning rate of a run: of the powers of 2 times first the one
// that takes the fewest examples to the target, the median of all seeds, of those
// with which the loss never gets above that of the start. It climbs from first,
// up or else down, until it gets worse.
func (p *problem) tune(ctx context.Context, o Options, run *Run, first float64) error {
	best := math.Inf(1)
	try := func(rate float64) (better bool, err error) {
		examples, err := p.toTarget(ctx, o, run.Size, rate, best)
		run.Trials = append(run.Trials, Trial{rate, Number(examples / float64(p.training.Len()))})
		if better = examples < best; better {
			best, run.Rate = examples, rate
		}
		return better, err
	}
	better, err := try(first)
	for rate := 2 * first; better && err == nil; rate *= 2 {
		better, err = try(rate)
	}
	if run.Rate > first || err != nil {
		return err
	}
	for rate := first / 2; rate >= leastRate && err == nil; rate /= 2 {
		if better, err = try(rate); !better && run.Rate != 0 {
			return err
		}
	}
	if run.Rate == 0 && err == nil {
		err = fmt.Errorf("thesis: no learning rate from %g to %g reaches a loss of %g with batches of %d in %d epochs", leastRate, first, o.Target, run.Size, mostEpochs)
	}
	return err
}

// toTarget returns the median of the examples to the target; +Inf if most seeds
// take more than the best rate so far.
func (p *problem) toTarget(ctx context.Context, o Options, size int, rate, best float64) (float64, error) {
	all := make([]float64, o.Seeds)
	most := int(min(mostEpochs*float64(p.training.Len()), best))
	for seed := range all {
		w, err := p.newWalk(size, rate, uint64(seed+1))
		if err != nil {
			return 0, err
		}
		ok, err := w.reach(ctx, o.Target, most)
		if err != nil {
			return 0, err
		}
		all[seed] = math.Inf(1)
		if ok {
			all[seed] = float64(w.examples)
		}
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}
