package sweep

import (
	"math"
	"sync"
	"time"

	"github.com/descent-ml/descent/batch"
)

// What is expected before anything is known: trials of the tuning of a size,
// the share of the time of a measured trial that one of them takes, since many
// are abandoned, and how much longer a trial takes than its updates.
const (
	usualTrials = 4
	usualShare  = 0.7
	usualWall   = 1.3
)

// plan estimates what is left of a sweep. It is safe for concurrent use.
type plan struct {
	mu          sync.Mutex
	o           *Options
	comparisons []comparison
	perUpdate   map[int]float64
	cells       map[cellKey]*progress
	done        int
	seconds     float64 // of updates, and of all, of the trials run now
	wall        float64
}

type cellKey struct {
	comparison string
	batch      int
}

// progress is what is known of a size in a comparison.
type progress struct {
	tuned         bool
	tried, seeds  int
	hopeless      bool    // every rate diverges: nothing is measured
	seconds       float64 // of the last trial that was not abandoned, 0 for none
	updatesToGoal float64 // 0 if none reached the target
}

func newPlan(o *Options, comparisons []comparison, perUpdate map[int]float64) *plan {
	p := &plan{o: o, comparisons: comparisons, perUpdate: perUpdate, cells: map[cellKey]*progress{}}
	for _, c := range comparisons {
		for _, n := range o.Batches {
			p.cells[cellKey{c.name, n}] = &progress{tuned: len(o.Rates) == 1}
		}
	}
	return p
}

// add notes a trial that is over.
func (p *plan) add(t *Trial) {
	if p == nil || t.Phase == Timing {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cells[cellKey{t.Comparison, t.Batch}]
	if p.done++; t.Phase == Tuning {
		c.tried++
	} else {
		c.seeds++
	}
	seconds := t.Seconds
	if p.o.Parallel > 1 { // it counts what is disturbed by others as if it was alone
		seconds = float64(t.Updates) * p.perUpdate[t.Batch]
	}
	p.seconds, p.wall = p.seconds+seconds, p.wall+t.Wall
	switch t.End {
	case Reached:
		c.updatesToGoal, c.seconds = float64(t.Updates), seconds
	case Complete, Capped:
		c.seconds = seconds
	}
}

// tuned notes that the rate of a size is found, or that there is none.
func (p *plan) tuned(comparison string, n int, found tuned) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cells[cellKey{comparison, n}]
	c.tuned, c.hopeless = true, found.best == nil
}

// estimate returns how many trials are over and how many there will be, and how
// long what is left takes: by what is known, and at most.
func (p *plan) estimate() (done, of int, left, most time.Duration) {
	if p == nil {
		return 0, 0, 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var likely, bound float64
	of = p.done
	for _, c := range p.comparisons {
		for _, n := range p.o.Batches {
			rates, seeds := p.missing(p.cells[cellKey{c.name, n}])
			of += rates + seeds
			likely += (usualShare*float64(rates) + float64(seeds)) * p.expect(c, n)
			bound += float64(rates+seeds) * p.longest(c, n)
		}
	}
	wall := usualWall
	if p.seconds > 0 {
		wall = p.wall / p.seconds
	}
	wall /= float64(p.o.Parallel)
	return p.done, of, time.Duration(likely * wall * float64(time.Second)), time.Duration(bound * wall * float64(time.Second))
}

// missing returns how many trials a size still wants.
func (p *plan) missing(c *progress) (rates, seeds int) {
	if !c.tuned {
		want := len(p.o.Rates)
		if want == 0 {
			want = usualTrials
		}
		rates = max(1, want-c.tried)
	}
	if !c.hopeless {
		seeds = p.o.Seeds - c.seeds
	}
	return rates, seeds
}

// longest returns the seconds that a trial may take.
func (p *plan) longest(c comparison, n int) float64 {
	bound := p.o.CellBudget.Seconds()
	switch c.budget.Unit {
	case batch.Second:
		return math.Min(bound, c.budget.N)
	case batch.Update:
		return math.Min(bound, c.budget.N*p.perUpdate[n])
	case batch.Epoch:
		return math.Min(bound, c.budget.N*float64((p.o.Examples+n-1)/n)*p.perUpdate[n])
	case batch.Example:
		return math.Min(bound, c.budget.N/float64(n)*p.perUpdate[n])
	}
	return bound
}

// expect returns the seconds that a trial of a size will take: as the last did;
// else up to a target as many examples as at the nearest larger size, or as many
// updates as at the nearest smaller one, whichever is nearer.
func (p *plan) expect(c comparison, n int) float64 {
	longest := p.longest(c, n)
	if known := p.cells[cellKey{c.name, n}]; known.seconds > 0 {
		return math.Min(longest, known.seconds)
	}
	if !c.budget.IsZero() {
		return longest
	}
	nearest, seconds := math.Inf(1), longest
	for _, m := range p.o.Batches {
		ratio := float64(m) / float64(n)
		far := math.Abs(math.Log(ratio))
		if updates := p.cells[cellKey{c.name, m}].updatesToGoal; updates > 0 && far < nearest {
			nearest, seconds = far, updates*math.Max(1, ratio)*p.perUpdate[n]
		}
	}
	return math.Min(longest, seconds)
}
