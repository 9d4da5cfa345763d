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
	a.writeRate(&b)
	a.writeNoise(&b)
	a.writeRace(&b)
	a.writeChoice(&b)
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
	p.writeLine(b)
	if len(a.Micros) > 1 {
		fmt.Fprintf(b, "\nA batch of %d in micro-batches\n", a.Micros[0].Batch)
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "micro-batch\tms an update\texamples/s\t")
		for _, t := range a.Micros {
			fmt.Fprintf(w, "%d\t%s\t%s\t\n", t.Micro, number(1e3*t.Seconds), number(t.Rate))
		}
		w.Flush()
	}
}

// writeLine tells a + b·B, as far as the sizes that were timed determine it: how
// well it fits takes three of them.
func (p *Pace) writeLine(b *strings.Builder) {
	if len(p.Timings) < 2 {
		fmt.Fprintln(b, "There was no time for a second size, and one does not tell what every update costs.")
		return
	}
	fmt.Fprintf(b, "An update takes %s ms + %s ms for each 1000 examples", number(1e3*p.Fixed), number(1e6*p.PerExample))
	if len(p.Timings) > 2 {
		fmt.Fprintf(b, " (within %.0f %%)", 100*p.Misfit)
	}
	if h := p.Half(); h >= 1 && !math.IsInf(h, 0) {
		fmt.Fprintf(b, ": half of the most examples a second at a batch of %.0f", h)
	}
	fmt.Fprintln(b, ".")
}

// number writes three digits that count, and no exponent for what people count.
func number(x float64) string {
	if x >= 999.5 && x < 1e9 {
		unit := math.Pow(10, math.Floor(math.Log10(x))-2)
		return fmt.Sprintf("%.0f", math.Round(x/unit)*unit)
	}
	return fmt.Sprintf("%.3g", x)
}

// shown is how many settings of a race are told of.
const shown = 8

func (a *Advice) writeChoice(b *strings.Builder) {
	for i, n := range a.Notes {
		if i == 0 {
			fmt.Fprintln(b)
		}
		fmt.Fprintf(b, "note: %s\n", n)
	}
	c := a.Choice
	switch {
	case !c.Safe:
		fmt.Fprintf(b, "\nNo safe answer: keep a batch of %d with a learning rate of %s\n", c.Batch, number(c.LR))
	case c.Keep:
		fmt.Fprintf(b, "\nKeep a batch of %d with a learning rate of %s\n", c.Batch, number(c.LR))
	default:
		fmt.Fprintf(b, "\nTake a batch of %d with a learning rate of %s\n", c.Batch, number(c.LR))
	}
	for _, why := range c.Reasons {
		fmt.Fprintf(b, "  - %s\n", why)
	}
}

func (a *Advice) writeRate(b *strings.Builder) {
	t := a.Rate
	if t == nil {
		return
	}
	ramps := "ramps"
	if len(t.Seeds) == 1 {
		ramps = "ramp"
	}
	fmt.Fprintf(b, "\nLearning rates: %d %s of %d updates of %d examples, from %s up\n", len(t.Seeds), ramps, t.Updates, t.Batch, number(t.Low))
	for i, s := range t.Seeds {
		breaks := "does not break"
		if s.Break > 0 {
			breaks = "breaks at " + number(s.Break)
		}
		if s.Gain == 0 {
			fmt.Fprintf(b, "  seed %d: the loss falls by no more than its noise; it %s\n", i+1, breaks)
			continue
		}
		fmt.Fprintf(b, "  seed %d: the loss falls fastest at %s, is lowest at %s and %s\n", i+1, number(s.Steepest), number(s.Lowest), breaks)
	}
	if t.Unsafe != "" {
		fmt.Fprintf(b, "No safe answer from the ramps: %s.\n", t.Unsafe)
		return
	}
	fmt.Fprintf(b, "They suggest %s (%s to %s).\n", number(t.Rate), number(t.From), number(t.To))
}

func (a *Advice) writeNoise(b *strings.Builder) {
	n := a.Noise
	if n == nil {
		return
	}
	fmt.Fprintf(b, "\nNoise scale while training with batches of %d at %s\n", n.Batch, number(n.LR))
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "examples\tnoise scale\t95 %\t")
	for _, x := range n.Points {
		fmt.Fprintf(w, "%.0f\t%s\t%s to %s\t\n", x.Examples, resolved(x.Scale), number(x.Low), resolved(x.High))
	}
	w.Flush()
	if n.Size > 0 {
		fmt.Fprintf(b, "By the model, 1 + noise/batch updates of the time above, a batch of about %s takes least (%s to %s).\n", number(n.Size), number(n.From), resolved(n.To))
	}
}

// resolved writes a noise scale; 0 is one that is too large for what was measured.
func resolved(x float64) string {
	if x == 0 {
		return "more"
	}
	return number(x)
}

func (a *Advice) writeRace(b *strings.Builder) {
	c := a.Race
	if c == nil {
		return
	}
	about := "about "
	if c.Given {
		about = ""
	}
	time := "Time"
	if c.Missed != "" {
		time = "Forecast of the time"
	}
	fmt.Fprintf(b, "\n"+time+" to %s %s%s on %s: %d settings, %d rounds\n", c.Metric, about, number(c.Level), c.HeldOut, c.Entered, c.Rounds)
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "batch\tlearning rate\tseconds\t95 %\tseeds\t")
	for _, x := range c.Raced[:min(len(c.Raced), shown)] {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s to %s\t%d\t\n", x.Batch, number(x.LR), number(x.Seconds), number(x.From), number(x.To), x.Seeds)
	}
	w.Flush()
}
