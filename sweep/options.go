package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// All, as a batch size of Options, is all training examples.
const All = 0

// Cell is what a trial trains with.
type Cell struct {
	Batch int     // examples of an update
	LR    float64 // learning rate
	Seed  uint64  // of initial weights, order and dropout; the split of the data is the same for all

	// Budget is that of the trial and of its schedule. Zero: the trial ends
	// with the target or the cell budget, and its learning rate must be constant,
	// since a schedule would make the time to a target depend on a budget.
	Budget batch.Span
}

// Options say what is swept. Make, Examples, Batches, Start or Rates, and Until
// or Budgets are required.
type Options struct {
	// Make returns the configuration of a cell. The sweep sets when it
	// validates and ends, and that it writes no files.
	Make func(Cell) (train.Config, error)

	Examples int       // of the training data
	Batches  []int     // sizes to compare, or All
	Base     int       // the size that Start is meant for, which is tuned first; default the middle of Batches
	Start    float64   // learning rate to begin the tuning with
	Rates    []float64 // the grid, instead of one around Start; a single rate is not tuned
	Ratio    float64   // of a rate to the next; default 2
	Reach    int       // by how many steps the grid may leave its start, either way; default 6
	Seeds    int       // measured; default 3
	Seed     uint64    // the first of them; the one after the last is tuned on

	Until      train.Target  // the comparison up to a target; zero: none
	Budgets    []batch.Span  // comparisons at equal epochs, updates, examples or time
	Equal      batch.Span    // epochs or updates of Base: three comparisons, at equal epochs, updates and time of that
	Metric     string        // of validation, by which budgets are compared; default Until's, or loss
	CellBudget time.Duration // training that a trial may take; default 1 min
	Within     float64       // share of the updates by which the moment of reaching the target is known; default 0.05

	// Parallel trials of a size at a time, for counting updates only: their times
	// disturb each other, and are marked as not comparable. The cell budget is then
	// counted in updates, by the time of an update alone. Default 1.
	Parallel int

	Out    string          // folder, which must not exist unless Resume is set; "" keeps all in memory
	Resume bool            // continue the sweep in Out: trials in its journal are not run again
	Origin json.RawMessage // what a resumed sweep must be equal in besides these options: configuration, data

	YAML    []byte      // of the configuration, is written to config.yaml
	OnEvent func(Event) // called as things happen, one call at a time; nil: nobody is told
}

// withDefaults returns the options with every default filled in, and sizes
// sorted, each once.
func (o Options) withDefaults() Options {
	sizes := slices.Clone(o.Batches)
	for i, n := range sizes {
		if n == All {
			sizes[i] = o.Examples
		}
	}
	slices.Sort(sizes)
	o.Batches = slices.Compact(sizes)
	if o.Base == 0 && len(o.Batches) > 0 {
		o.Base = o.Batches[len(o.Batches)/2]
	}
	o.Rates = slices.Compact(slices.Sorted(slices.Values(o.Rates)))
	setDefault(&o.Ratio, 2)
	setDefault(&o.Reach, 6)
	setDefault(&o.Seeds, 3)
	setDefault(&o.CellBudget, time.Minute)
	setDefault(&o.Within, 0.05)
	setDefault(&o.Parallel, 1)
	setDefault(&o.Metric, o.Until.Metric)
	setDefault(&o.Metric, "loss")
	return o
}

func setDefault[T comparable](p *T, to T) {
	var zero T
	if *p == zero {
		*p = to
	}
}

// Validate reports every fault that can be seen before the first trial.
func (o Options) Validate() error {
	var errs []error
	check := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf("sweep: "+format, args...))
		}
	}
	check(o.Make != nil, "no function that makes configurations")
	check(len(o.Batches) > 0, "no batch sizes (want some such as 1, 32, all)")
	for _, n := range o.Batches {
		check(n >= 0 && n <= o.Examples, "batch size %d of %d training examples (want 1 to all)", n, o.Examples)
	}
	check(!o.Until.IsZero() || len(o.Budgets) > 0 || !o.Equal.IsZero(), "neither a target nor a budget to compare by")
	for _, b := range o.Budgets {
		check(!b.IsZero() && b.Unit != batch.Percent && b.Validate() == nil, "budget %q (want epochs, updates, examples or time)", b)
	}
	check(o.Equal.IsZero() || (o.Equal.Unit == batch.Epoch || o.Equal.Unit == batch.Update) && o.Equal.Validate() == nil, "equal budgets by %q (want epochs or updates)", o.Equal)
	for _, lr := range append(slices.Clone(o.Rates), o.Start) {
		check(lr >= 0 && !math.IsInf(lr, 0), "learning rate %v (want a finite number above 0)", lr)
	}
	check(o.Start > 0 || len(o.Rates) > 0, "no learning rate to begin with")
	check(o.Ratio == 0 || o.Ratio > 1 && !math.IsInf(o.Ratio, 0), "ratio %v of learning rates (want above 1)", o.Ratio)
	check(o.Within >= 0 && o.Within <= 1, "a target seen within %v of the updates (want 0 to 1)", o.Within)
	check(o.Seeds >= 0 && o.Reach >= 0 && o.Parallel >= 0 && o.CellBudget >= 0, "%d seeds, reach %d, %d in parallel, a cell budget of %v (want 0 for the default, or more)", o.Seeds, o.Reach, o.Parallel, o.CellBudget)
	check(!o.Resume || o.Out != "", "resume without Out: which sweep?")
	return errors.Join(errs...)
}

// start returns the learning rate to begin with at a size, given the best one of
// a neighbour. Three digits are kept, so that a rate that is printed is the rate.
func (o *Options) start(size, neighbour int, best float64) float64 {
	return rounded(best * math.Sqrt(float64(size)/float64(neighbour)))
}

// outward returns the sizes in the order they are tuned: from the base to the
// largest, then to the smallest. Each but the first comes after a neighbour, on
// the side of the base, whose place is in the second list (-1 for none).
func (o *Options) outward() (sizes, after []int) {
	base, _ := slices.BinarySearch(o.Batches, o.Base)
	base = min(base, len(o.Batches)-1)
	for i := base; i < len(o.Batches); i++ {
		sizes, after = append(sizes, o.Batches[i]), append(after, i-base-1)
	}
	above := len(sizes)
	for i := base - 1; i >= 0; i-- {
		from := len(sizes) - 1
		if len(sizes) == above {
			from = 0
		}
		sizes, after = append(sizes, o.Batches[i]), append(after, from)
	}
	return sizes, after
}
