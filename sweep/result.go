package sweep

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// The files of a sweep that is over, besides its settings and its journal.
const (
	ResultName      = "summary.json"
	TrialsName      = "trials.csv"
	EvaluationsName = "evaluations.csv"
	ReportName      = "report.html"
)

// Result is what a sweep showed.
type Result struct {
	Settings    Settings     `json:"settings"`
	Comparisons []Comparison `json:"comparisons"`
	Trials      []*Trial     `json:"-"`                      // all, in the order they were run
	Shared      bool         `json:"shared_times,omitempty"` // trials ran at the same time: their times cannot be compared
}

// Comparison is the sizes with one thing held equal.
type Comparison struct {
	Name     string    `json:"name"` // "target", or a budget such as 3ep
	Metric   string    `json:"metric"`
	Rows     []Row     `json:"sizes"`              // in the order of the size
	Critical *Critical `json:"critical,omitempty"` // of the target
	order    train.Target
}

// Row is a size in a comparison: means over the seeds that were measured, with
// their intervals.
type Row struct {
	Batch     int     `json:"batch"`
	LR        float64 `json:"lr"`             // the best; 0 if all diverge
	Edge      string  `json:"edge,omitempty"` // of the grid, at which the best rate stayed: Lower or Upper
	Tried     int     `json:"tried"`          // rates
	Seeds     int     `json:"seeds"`
	Reached   int     `json:"reached"`            // of the seeds, the target
	Capped    int     `json:"capped"`             // ended by the cell budget
	Beyond    uint64  `json:"beyond,omitempty"`   // the fewest updates after which a seed had not reached the target
	Diverged  int     `json:"diverged"`           // of the seeds, at a rate that did not diverge when tuned
	PerUpdate float64 `json:"seconds_per_update"` // timed alone

	// To the target, of the seeds that reached it: all, or the numbers say
	// only what the fastest took.
	Updates  Interval `json:"updates"`
	Examples Interval `json:"examples"`
	Seconds  Interval `json:"seconds"`
	Alone    Interval `json:"seconds_alone"` // Updates times PerUpdate: for trials that disturbed each other

	Final Interval `json:"final"` // metric at the end
	Best  Interval `json:"best"`  // metric, best validation
	Gap   Interval `json:"gap"`   // at the end: on validation minus on training examples
	Spent Interval `json:"spent"` // seconds of updates up to the end
	Made  Interval `json:"made"`  // updates up to the end
}

// summarize computes the result of trials that are over.
func summarize(o *Options, comparisons []comparison, trials []*Trial, perUpdate map[int]float64) *Result {
	r := &Result{Settings: o.settings(), Trials: trials}
	for _, t := range trials {
		r.Shared = r.Shared || t.Shared
	}
	for _, c := range comparisons {
		out := Comparison{Name: c.name, Metric: c.order.Metric, order: c.order}
		for _, n := range o.Batches {
			out.Rows = append(out.Rows, newRow(c, n, perUpdate[n], trials))
		}
		if c.budget.IsZero() {
			out.Critical = critical(o, trials)
		}
		r.Comparisons = append(r.Comparisons, out)
	}
	return r
}

// of returns the trials of a size in a phase of a comparison, by seed and rate.
func of(trials []*Trial, comparison, phase string, n int) []*Trial {
	var out []*Trial
	for _, t := range trials {
		if t.Comparison == comparison && t.Phase == phase && t.Batch == n {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *Trial) int {
		return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.LR, b.LR))
	})
	return out
}

func newRow(c comparison, n int, perUpdate float64, trials []*Trial) Row {
	row := Row{Batch: n, PerUpdate: perUpdate}
	var updates, examples, seconds, final, best, gap, spent, made []float64
	for _, t := range of(trials, c.name, Measure, n) {
		row.LR = t.LR
		row.Seeds++
		if t.End == Diverged {
			row.Diverged++
			continue
		}
		if t.End == Capped {
			row.Capped++
		}
		if p, _, ok := t.Target(); ok {
			row.Reached++
			updates, examples, seconds = append(updates, float64(p.Update)), append(examples, float64(p.Examples)), append(seconds, p.Seconds)
		} else if row.Beyond == 0 || t.Updates < row.Beyond {
			row.Beyond = t.Updates
		}
		if last, ok := t.Last(); ok {
			final = known(final, float64(last.Value))
		}
		best = known(best, float64(t.best(c.order, math.MaxUint64).Value))
		gap, spent, made = known(gap, t.gap()), known(spent, t.Seconds), known(made, float64(t.Updates))
	}
	row.tuning(of(trials, c.name, Tuning, n))
	row.Updates, row.Examples, row.Seconds = geometric(updates), geometric(examples), geometric(seconds)
	row.Alone = row.Updates.times(perUpdate)
	row.Final, row.Best, row.Gap = arithmetic(final), arithmetic(best), arithmetic(gap)
	row.Spent, row.Made = geometric(spent), geometric(made)
	return row
}

// tuning notes what was tried, and at which edge of that the best rate is.
func (row *Row) tuning(trials []*Trial) {
	row.Tried = len(trials)
	if row.Tried < 2 {
		return
	}
	switch row.LR {
	case trials[len(trials)-1].LR:
		row.Edge = Upper
	case trials[0].LR, 0: // 0: all diverge
		row.Edge = Lower
	}
}

// known appends a value that is a number.
func known(to []float64, v float64) []float64 {
	if v == v {
		return append(to, v)
	}
	return to
}

// critical fits the sizes at which every seed reached the target.
func critical(o *Options, trials []*Trial) *Critical {
	var sizes []int
	var updates [][]float64
	for _, n := range o.Batches {
		var v []float64
		for _, t := range of(trials, Reached, Measure, n) {
			if p, _, ok := t.Target(); ok {
				v = append(v, float64(p.Update))
			}
		}
		if len(v) == o.Seeds {
			sizes, updates = append(sizes, n), append(updates, v)
		}
	}
	c := FitCritical(sizes, updates)
	return &c
}

// write writes the files of a sweep that is over.
func (r *Result) write(dir string) error {
	summary, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	var page bytes.Buffer
	if err := r.Page(filepath.Base(dir)).Render(&page); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, f := range []struct {
		name string
		text []byte
	}{
		{TrialsName, r.trialsCSV()}, {EvaluationsName, r.evaluationsCSV()}, {ReportName, page.Bytes()}, {ResultName, append(summary, '\n')},
	} {
		if err := report.WriteFile(filepath.Join(dir, f.name), f.text); err != nil {
			return err
		}
	}
	return nil
}

// name writes a size: its number, or all.
func (s *Settings) name(n int) string {
	if n == s.Examples {
		return "all"
	}
	return fmt.Sprint(n)
}

// names writes sizes.
func (s *Settings) names(sizes []int) string {
	out := make([]string, len(sizes))
	for i, n := range sizes {
		out[i] = s.name(n)
	}
	return strings.Join(out, ", ")
}
