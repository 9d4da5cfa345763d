package sweep

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
)

// trialsHeader are the columns of trials.csv: a row is a trial. Cells of what is
// not known are empty. update_after is the last validation before the target was
// reached; comparable says whether the seconds may be compared.
var trialsHeader = []string{
	"comparison", "phase", "batch", "lr", "seed", "end", "updates", "examples", "seconds", "wall_seconds", "comparable",
	"target_update", "target_update_after", "target_examples", "target_seconds", "metric", "final", "best", "best_update", "train", "gap",
}

// trialsCSV writes all trials, sorted.
func (r *Result) trialsCSV() []byte {
	return r.table(trialsHeader, func(c *Comparison, t *Trial, row func(...string)) {
		target := []string{"", "", "", ""}
		if p, after, ok := t.Target(); ok {
			target = []string{whole(p.Update), whole(after), whole(p.Examples), real(p.Seconds)}
		}
		last, best := math.NaN(), t.best(c.order, math.MaxUint64)
		if p, ok := t.Last(); ok {
			last = float64(p.Value)
		}
		update := ""
		if best.Update > 0 {
			update = whole(best.Update)
		}
		cells := append([]string{t.End, whole(t.Updates), whole(t.Examples), real(t.Seconds), real(t.Wall), strconv.FormatBool(!t.Shared)}, target...)
		row(append(cells, c.Metric, real(last), real(float64(best.Value)), update, real(float64(t.Train)), real(t.gap()))...)
	})
}

// evaluationsCSV writes all validations: a row is one of them.
func (r *Result) evaluationsCSV() []byte {
	header := append(trialsHeader[:5:5], "update", "examples", "seconds", "loss", "metric", "value")
	return r.table(header, func(c *Comparison, t *Trial, row func(...string)) {
		for _, p := range t.Points {
			row(whole(p.Update), whole(p.Examples), real(p.Seconds), real(float64(p.Loss)), c.Metric, real(float64(p.Value)))
		}
	})
}

// table calls rows for each trial in the order of comparison, phase, size, seed
// and rate; each row begins with those.
func (r *Result) table(header []string, rows func(*Comparison, *Trial, func(...string))) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(header) // to memory: it does not fail
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		for _, phase := range []string{Tuning, Measure} {
			for _, n := range r.Settings.Batches {
				for _, t := range of(r.Trials, c.Name, phase, n) {
					rows(c, t, func(cells ...string) {
						w.Write(append([]string{t.Comparison, t.Phase, strconv.Itoa(t.Batch), real(t.LR), strconv.FormatUint(t.Seed, 10)}, cells...))
					})
				}
			}
		}
	}
	w.Flush()
	return b.Bytes()
}

func whole(n uint64) string { return strconv.FormatUint(n, 10) }

// real writes a number, "" if it is not finite.
func real(v float64) string {
	if v-v != 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
