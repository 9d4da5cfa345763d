package sweep

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// Page is the result for people.
func (r *Result) Page(title string) *page.Page {
	p := &page.Page{
		Title:    title,
		Subtitle: fmt.Sprintf("Batch sizes %s, %d seeds each, of %d training examples", r.Settings.names(r.Settings.Batches), r.Settings.Seeds, r.Settings.Examples),
		Facts:    r.facts(),
		Footer:   "descent sweep",
	}
	for i := range r.Comparisons {
		p.Sections = append(p.Sections, r.section(&r.Comparisons[i]))
	}
	p.Sections = append(p.Sections, r.tuning(), r.protocol())
	return p
}

// facts are the sizes that win, and the critical size.
func (r *Result) facts() []page.Fact {
	var out []page.Fact
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		if c.Critical == nil {
			if row := c.winner(func(row *Row) float64 { return row.Best.Mean }); row != nil {
				names, note := r.leaders(c, row, func(row *Row) Interval { return row.Best })
				out = append(out, page.Fact{Name: "best at equal " + c.Name, Value: names, Note: c.Metric + " " + note})
			}
			continue
		}
		if row := r.fastest(c); row != nil {
			names, note := r.leaders(c, row, r.toTarget)
			out = append(out, page.Fact{Name: "fastest to " + r.Settings.Until, Value: "batch " + names, Note: r.secondsName() + " " + note})
		}
		fact := page.Fact{Name: "critical batch size", Value: "not known", Note: c.Critical.Refused}
		if c.Critical.Refused == "" {
			fact.Value, fact.Note = report.Short(c.Critical.Size), fmt.Sprintf("95 %% interval %s to %s", report.Short(c.Critical.Low), report.Short(c.Critical.High))
		}
		out = append(out, fact)
	}
	wall, timed := 0.0, 0
	for _, t := range r.Trials {
		if wall += t.Wall; t.Phase == Timing {
			timed++
		}
	}
	return append(out, page.Fact{Name: "trials", Value: strconv.Itoa(len(r.Trials) - timed), Note: report.Clock(time.Duration(wall*float64(time.Second))) + " in all"})
}

// winner returns the row with the best value of the metric, nil if there is none.
func (c *Comparison) winner(of func(*Row) float64) (best *Row) {
	for i := range c.Rows {
		v := of(&c.Rows[i])
		if v == v && (best == nil || c.order.Better(v, of(best))) {
			best = &c.Rows[i]
		}
	}
	return best
}

// leaders names the sizes that are not told apart from the best, that first: those
// whose interval overlaps its own. The note is the best's interval, and what the
// others are.
func (r *Result) leaders(c *Comparison, best *Row, of func(*Row) Interval) (names, note string) {
	x, sizes := of(best), []int{best.Batch}
	for i := range c.Rows {
		if y := of(&c.Rows[i]); c.Rows[i].Batch != best.Batch && x.overlaps(y) {
			sizes = append(sizes, c.Rows[i].Batch)
		}
	}
	names, note = r.Settings.names(sizes), x.String()
	switch {
	case x.N == 1:
		note += "; one seed tells no sizes apart"
	case len(sizes) > 1:
		note += " at " + r.Settings.name(best.Batch) + "; the sizes are not told apart: their intervals overlap"
	}
	return names, note
}

// toTarget are the seconds of a size at which every seed reached the target; of
// another there is no interval.
func (r *Result) toTarget(row *Row) Interval {
	if row.Reached < row.Seeds {
		return Interval{}
	}
	return r.seconds(row)
}

// fastest returns the size that reached the target with all seeds in the least
// time, nil if there is none.
func (r *Result) fastest(c *Comparison) (best *Row) {
	for i := range c.Rows {
		row := &c.Rows[i]
		if row.Reached == row.Seeds && row.Seeds > 0 && (best == nil || r.seconds(row).Mean < r.seconds(best).Mean) {
			best = row
		}
	}
	return best
}

// section is a comparison: its table and its charts.
func (r *Result) section(c *Comparison) page.Section {
	t := r.Table(c)
	s := page.Section{Title: t.Title, Blocks: []page.Block{t.block(), page.Text{Paragraphs: t.Remarks}}}
	if c.Critical != nil {
		s.Intro = fmt.Sprintf("Trials end when a validation reaches the target, which is seen at most %g %% of the updates too late, or after %s of training. Time is that of updates alone.",
			100*r.Settings.Within, report.Clock(time.Duration(r.Settings.CellBudget*float64(time.Second))))
		s.Blocks = append(s.Blocks, r.curves(c)...)
	} else {
		s.Intro = "Every trial consumes the same budget; the learning rate is tuned for that. These numbers are not to be compared with those of other sections."
		l := r.lines(c.Metric+" of validation", c.Metric)
		l.Series = []page.Series{c.series("best", func(row *Row) Interval { return row.Best }), c.series("final", func(row *Row) Interval { return row.Final })}
		s.Blocks = append(s.Blocks, l)
	}
	s.Blocks = append(s.Blocks, r.gaps(c))
	return s
}

// curves are updates, examples and seconds to the target against the size.
func (r *Result) curves(c *Comparison) []page.Block {
	updates := r.curve(c, "Updates to the target", "updates", func(row *Row) Interval { return row.Updates }, func(*Row) float64 { return 1 })
	examples := r.curve(c, "Examples to the target", "examples", func(row *Row) Interval { return row.Examples }, func(row *Row) float64 { return float64(row.Batch) })
	if k := c.Critical; k.Refused == "" {
		fit, inExamples := page.Series{Name: "fit"}, page.Series{Name: "fit"}
		for _, size := range between(c.Rows[0].Batch, c.Rows[len(c.Rows)-1].Batch) {
			fit.X, fit.Y = append(fit.X, size), append(fit.Y, k.Updates(size))
			inExamples.X, inExamples.Y = append(inExamples.X, size), append(inExamples.Y, size*k.Updates(size))
		}
		mark := page.Mark{X: k.Size, Label: "critical"}
		updates.Series, updates.Marks = append(updates.Series, fit), []page.Mark{mark}
		examples.Series, examples.Marks = append(examples.Series, inExamples), []page.Mark{mark}
	}
	return []page.Block{updates, examples, r.curve(c, "Seconds to the target", r.secondsName(), r.seconds, func(row *Row) float64 { return row.PerUpdate })}
}

// curve is a quantity to the target: of sizes at which every seed reached it, and
// of others from where it is, of which per is what an update counts.
func (r *Result) curve(c *Comparison, caption, name string, of func(*Row) Interval, per func(*Row) float64) page.Lines {
	open := page.Series{Name: "more: not all seeds reached it", Loose: true, Bars: true}
	for i := range c.Rows {
		if row := &c.Rows[i]; row.Beyond > 0 {
			y := float64(row.Beyond) * per(row)
			open.X, open.Y, open.Lo, open.Hi = append(open.X, float64(row.Batch)), append(open.Y, y), append(open.Lo, y), append(open.Hi, math.Inf(1))
		}
	}
	l := r.lines(caption, name)
	l.LogY, l.Series = true, []page.Series{c.series("measured", func(row *Row) Interval {
		if row.Reached < row.Seeds {
			return Interval{}
		}
		return of(row)
	})}
	if open.X != nil {
		l.Series = append(l.Series, open)
	}
	return l
}

// lines is a chart against the size.
func (r *Result) lines(caption, y string) page.Lines {
	l := page.Lines{Caption: caption, X: "batch size", Y: y, LogX: true, File: TrialsName}
	for _, n := range r.Settings.Batches {
		l.TicksX = append(l.TicksX, float64(n))
	}
	return l
}

// between returns sizes at even ratios.
func between(low, high int) (sizes []float64) {
	const n = 60
	for i := range n {
		sizes = append(sizes, float64(low)*math.Pow(float64(high)/float64(low), float64(i)/(n-1)))
	}
	return sizes
}

// gaps is the generalization gap against the size.
func (r *Result) gaps(c *Comparison) page.Block {
	l := r.lines("Generalization gap at the end: "+c.Metric+" on validation minus on training examples", "gap")
	l.Series = []page.Series{c.series("gap", func(row *Row) Interval { return row.Gap })}
	return l
}

// series is a quantity against the size, with its intervals.
func (c *Comparison) series(name string, of func(*Row) Interval) page.Series {
	s := page.Series{Name: name, Dots: true, Bars: true}
	for i := range c.Rows {
		x := of(&c.Rows[i])
		if x.N == 0 {
			continue
		}
		s.X, s.Y, s.Lo, s.Hi = append(s.X, float64(c.Rows[i].Batch)), append(s.Y, x.Mean), append(s.Lo, x.Low), append(s.Hi, x.High)
	}
	return s
}

// tuning is the rates that were tried.
func (r *Result) tuning() page.Section {
	s := page.Section{Title: "Learning rates", Intro: "The best rate of each size, tuned on a seed that is not measured."}
	lines := r.lines("Best learning rate", "learning rate")
	lines.LogY = true
	t := page.Table{Caption: "All trials of the tuning", Folded: true, Columns: []page.Column{{Name: "comparison"}, {Name: "batch", Numeric: true}, {Name: "learning rate", Numeric: true},
		{Name: "end"}, {Name: "updates", Numeric: true}, {Name: "seconds", Numeric: true}, {Name: "best validation", Numeric: true}}}
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		lines.Series = append(lines.Series, c.series(c.Name, func(row *Row) Interval {
			return Interval{N: min(row.Seeds, 1), Mean: row.LR, Low: math.NaN(), High: math.NaN()}
		}))
		for _, n := range r.Settings.Batches {
			tried := of(r.Trials, c.Name, Tuning, n)
			for _, x := range tried {
				t.Rows = append(t.Rows, []string{c.Name, r.Settings.name(n), rate(x.LR), x.End, report.Thousands(x.Updates), report.Short(x.Seconds),
					report.Short(float64(x.best(c.order, math.MaxUint64).Value))})
			}
		}
	}
	s.Blocks = append(s.Blocks, lines)
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, t)
	}
	return s
}

// protocol is how it was measured.
func (r *Result) protocol() page.Section {
	s := &r.Settings
	rates := fmt.Sprintf("Learning rates are a grid with ratio %g around the best of the neighbouring size times the square root of the ratio of sizes; the grid grows, %d steps at most, until both neighbours of the best are worse.", s.Ratio, s.Reach)
	switch {
	case len(s.Rates) == 1:
		rates = fmt.Sprintf("All sizes have the learning rate %g, which is not tuned for them.", s.Rates[0])
	case len(s.Rates) > 1:
		rates = fmt.Sprintf("Learning rates are the best of the fixed grid %v for each size.", s.Rates)
	}
	text := []string{
		"After Shallue et al., Measuring the effects of data parallelism on neural network training, JMLR 20 (2019): the learning rate is tuned for each size and each comparison by itself.",
		rates + " A rate is given up when it has made the updates that the best took to the target, or when after a quarter of the best trial's examples its best validation is worse than what that trial had after a third of its own examples.",
		fmt.Sprintf("Rates are tuned on seed %d; seeds %d to %d are measured, and never given up.", s.Seed+uint64(s.Seeds), s.Seed, s.Seed+uint64(s.Seeds)-1),
		"Intervals are 95 % intervals over seeds by Student's t: they cover another seed, not other data. Of updates, examples and seconds means are geometric, of the seeds that reached the target. The gap is of the metric at the end, on validation minus on as many training examples, without dropout.",
	}
	if r.Shared {
		text = append(text, "Trials ran at the same time, so their own seconds cannot be compared: those here are their updates, times the seconds of an update that was timed alone before.")
	}
	return page.Section{Title: "How it was measured", Blocks: []page.Block{page.Text{Paragraphs: text}}}
}
