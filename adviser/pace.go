package adviser

import (
	"math"
	"slices"
	"sort"

	"github.com/descent-ml/descent/batch"
)

// Timing is how long an update of a size takes.
type Timing struct {
	Batch   int     `json:"batch"`
	Micro   int     `json:"micro,omitempty"` // examples executed at once; 0: as the training chooses
	Seconds float64 `json:"seconds"`         // of an update, reading included: the least median of a turn
	Rate    float64 `json:"examples_per_second"`
	Spread  float64 `json:"spread"` // of the turns: the longest median over the least
}

// Pace is the time of an update as a function of its batch: what was measured, and
// the line a + b·B that fits best.
type Pace struct {
	Timings    []Timing `json:"timings"` // by batch
	Fixed      float64  `json:"fixed"`   // a, seconds of an update that do not depend on B
	PerExample float64  `json:"per_example"`
	// Misfit is by how much the line errs at most, as a share of what was measured.
	Misfit float64 `json:"misfit"`
}

// fit finds the line: all time is the examples' if only one size was timed.
func (p *Pace) fit() {
	var f batch.CostFit
	for _, t := range p.Timings {
		f.Add(t.Batch, t.Seconds, 1)
	}
	p.Fixed, p.PerExample, _ = f.Solve()
	p.Misfit = 0
	for _, t := range p.Timings {
		p.Misfit = max(p.Misfit, math.Abs((p.Fixed+p.PerExample*float64(t.Batch))/t.Seconds-1))
	}
}

// Half is the half-throughput size a/b: where an update spends as long on its examples
// as on what does not depend on them. 0: all time goes with the examples.
func (p *Pace) Half() float64 {
	if p.PerExample == 0 {
		return math.Inf(1)
	}
	return p.Fixed / p.PerExample
}

// At is the time of an update of a size: between two sizes that were measured, on a
// straight line between them; beyond them, by the fitted line.
func (p *Pace) At(size int) float64 {
	i := sort.Search(len(p.Timings), func(i int) bool { return p.Timings[i].Batch >= size })
	switch {
	case i == len(p.Timings) && i > 0:
		last := p.Timings[i-1]
		return last.Seconds + p.PerExample*float64(size-last.Batch)
	case i == len(p.Timings):
		return 0
	case p.Timings[i].Batch == size || i == 0:
		return p.Timings[i].Seconds * min(1, (p.Fixed+p.PerExample*float64(size))/(p.Fixed+p.PerExample*float64(p.Timings[i].Batch)))
	}
	low, high := p.Timings[i-1], p.Timings[i]
	share := float64(size-low.Batch) / float64(high.Batch-low.Batch)
	return low.Seconds + share*(high.Seconds-low.Seconds)
}

// largest is the largest size that was timed.
func (p *Pace) largest() int { return p.Timings[len(p.Timings)-1].Batch }

// disturbed is by how much turns of one size differ, in the middle of all sizes.
func (p *Pace) disturbed() float64 {
	var all []float64
	for _, t := range p.Timings {
		all = append(all, t.Spread)
	}
	return median(all)
}

// median is that of some numbers, which it sorts; NaN of none.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
