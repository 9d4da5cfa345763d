package adviser

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/descent-ml/descent/train"
)

// String is the advice for people.
func (a *Advice) String() string {
	var b strings.Builder
	a.writeMemory(&b)
	a.writePace(&b)
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

func (a *Advice) writeMemory(b *strings.Builder) {
	m := a.Memory
	limit := "no limit on memory is known"
	if m.Limit > 0 {
		limit = fmt.Sprintf("%s (%s)", train.Bytes(m.Limit), m.LimitBy)
	}
	fmt.Fprintf(b, "Memory: %s. ", limit)
	switch {
	case m.Whole == m.Data:
		fmt.Fprintf(b, "Even all %d examples fit as one batch, executed at once.\n", m.Data)
	case m.Batch == m.Data:
		fmt.Fprintf(b, "Batches up to %d fit executed at once; larger ones, up to all %d examples, in micro-batches.\n", m.Whole, m.Data)
	default:
		fmt.Fprintf(b, "Batches up to %d fit executed at once, up to %d in micro-batches.\n", m.Whole, m.Batch)
	}
}

func (a *Advice) writePace(b *strings.Builder) {
	if len(a.Micros) > 1 {
		fmt.Fprintf(b, "\nA batch of %d in micro-batches\n", a.Micros[0].Batch)
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "micro-batch\tms an update\texamples/s\t")
		for _, t := range a.Micros {
			fmt.Fprintf(w, "%d\t%s\t%s\t\n", t.Micro, number(1e3*t.Seconds), number(t.Rate))
		}
		w.Flush()
	}
	if len(a.Pace.Timings) == 0 {
		return
	}
	p := &a.Pace
	best := 0.0
	for _, t := range p.Timings {
		best = max(best, t.Rate)
	}
	fmt.Fprintln(b, "\nTime of an update")
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "batch\tms an update\texamples/s\tof the most\t")
	for _, t := range p.Timings {
		fmt.Fprintf(w, "%d\t%s\t%s\t%.0f %%\t\n", t.Batch, number(1e3*t.Seconds), number(t.Rate), 100*t.Rate/best)
	}
	w.Flush()
	fmt.Fprintf(b, "An update takes %s ms + %s ms for each 1000 examples (within %.0f %%)", number(1e3*p.Fixed), number(1e6*p.PerExample), 100*p.Misfit)
	if h := p.Half(); h >= 1 && !math.IsInf(h, 0) {
		fmt.Fprintf(b, ": half of the most examples a second at a batch of %.0f", h)
	}
	fmt.Fprintln(b, ".")
}

// number writes three digits that count, and no exponent for what people count.
func number(x float64) string {
	if x >= 1000 && x < 1e9 {
		unit := math.Pow(10, math.Floor(math.Log10(x))-2)
		return fmt.Sprintf("%.0f", math.Round(x/unit)*unit)
	}
	return fmt.Sprintf("%.3g", x)
}
