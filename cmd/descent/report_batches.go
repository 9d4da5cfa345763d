package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// change is a batch size that changed, as the journal has it.
type change struct {
	report.Entry         // of the change
	effect       float64 // goodput after it, relative to before; 0 if that was not measured
	undone       bool
}

// changesOf are the changes of the batch size in their order.
func changesOf(entries []report.Entry) (out []change) {
	for _, e := range entries {
		last := len(out) - 1
		switch {
		case e.Kind == "batch":
			out = append(out, change{Entry: e})
		case e.Kind == "undo":
			if last >= 0 {
				out[last].undone = true
			}
			out = append(out, change{Entry: e})
		case e.Kind == "effect" && last >= 0:
			out[last].effect = e.Value
		}
	}
	return out
}

// batchSizes are the sizes that were asked for, over the updates. The records have
// the size of one update each, which may be the rest of an epoch.
func batchSizes(changes []change, records []report.Record) page.Series {
	s := page.Series{Name: "batch size", Steps: true}
	if len(records) == 0 {
		return s
	}
	add := func(update uint64, size float64) { s.X, s.Y = append(s.X, float64(update)), append(s.Y, size) }
	first := 0
	if len(changes) > 0 {
		fmt.Sscanf(changes[0].Text, "from %d", &first) // else it stays 0
	}
	if first == 0 {
		before := records
		if len(changes) > 0 {
			before = slices.DeleteFunc(slices.Clone(records), func(r report.Record) bool { return r.Update > changes[0].Update })
		}
		for _, r := range before {
			first = max(first, r.Batch)
		}
	}
	if first > 0 {
		add(0, float64(first))
	}
	for _, c := range changes {
		add(c.Update, c.Value)
	}
	if last := records[len(records)-1].Update; len(s.Y) > 0 {
		add(last, s.Y[len(s.Y)-1])
	}
	return s
}

// mostChanges is how many changes of the batch size are listed at once.
const mostChanges = 12

// changesTable lists the changes of the batch size, with what was expected of
// them and what came of it.
func changesTable(changes []change) page.Table {
	t := page.Table{Caption: "Changes of the batch size; the gain is in progress a second, 1 as before", Folded: len(changes) > mostChanges, Columns: []page.Column{
		{Name: "after update", Numeric: true}, {Name: "batch size", Numeric: true}, {Name: "why"}, {Name: "predicted gain", Numeric: true}, {Name: "realized gain", Numeric: true}}}
	for _, c := range changes {
		why, _, _ := strings.Cut(c.Text, "; predicted: ") // which is a column
		realized := gain(c.effect)
		if c.undone {
			realized += ", undone"
		}
		t.Rows = append(t.Rows, []string{report.Thousands(c.Update), fmt.Sprintf("%.0f", c.Value), why, gain(c.Predicted), realized})
	}
	return t
}

// gain writes the gain of a change, if it is known.
func gain(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}
