package sweep

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// Table is a comparison in cells, for people.
type Table struct {
	Title, Caption string
	Columns        []string
	Rows           [][]string
	Remarks        []string // what must be known to read them
}

// Table returns a comparison as a table.
func (r *Result) Table(c *Comparison) Table {
	if c.Critical == nil {
		return r.budgetTable(c)
	}
	t := Table{
		Title:   "Up to " + r.Settings.Until,
		Caption: "Means over seeds (95 % intervals)",
		Columns: []string{"batch", "learning rate", "reached", "updates", "examples", r.secondsName(), "final " + c.Metric, "best " + c.Metric, "gap"},
		Remarks: r.remarks(c),
	}
	for i := range c.Rows {
		row := &c.Rows[i]
		t.Rows = append(t.Rows, []string{r.Settings.name(row.Batch), row.rate(), fmt.Sprintf("%d of %d", row.Reached, row.Seeds),
			row.Updates.String(), row.Examples.String(), r.seconds(row).String(), row.Final.String(), row.Best.String(), row.Gap.String()})
	}
	return t
}

// seconds are those to the target; of trials that disturbed each other as many as
// their updates take alone.
func (r *Result) seconds(row *Row) Interval {
	if r.Shared {
		return row.Alone
	}
	return row.Seconds
}

func (r *Result) secondsName() string {
	if r.Shared {
		return "seconds, timed alone"
	}
	return "seconds"
}

func (r *Result) budgetTable(c *Comparison) Table {
	t := Table{
		Title:   "At equal " + c.Name,
		Caption: "Means over seeds (95 % intervals)",
		Columns: []string{"batch", "learning rate", "updates", "seconds", "final " + c.Metric, "best " + c.Metric, "gap", "cut short"},
	}
	for i := range c.Rows {
		row, cut := &c.Rows[i], ""
		if row.Capped > 0 {
			cut = fmt.Sprintf("%d of %d by the cell budget", row.Capped, row.Seeds)
		}
		t.Rows = append(t.Rows, []string{r.Settings.name(row.Batch), row.rate(), row.Made.String(), row.Spent.String(), row.Final.String(), row.Best.String(), row.Gap.String(), cut})
	}
	return t
}

// block is the table on a page.
func (t Table) block() page.Table {
	b := page.Table{Caption: t.Caption, Rows: t.Rows}
	for _, name := range t.Columns {
		b.Columns = append(b.Columns, page.Column{Name: name, Numeric: true})
	}
	return b
}

// rate writes the best rate, and whether it may be no optimum.
func (row *Row) rate() string {
	switch {
	case row.LR == 0:
		return "all diverge"
	case row.Edge != Interior:
		return rate(row.LR) + " (at the " + row.Edge + " edge)"
	}
	return rate(row.LR)
}

// rate writes a learning rate so that it reads back.
func rate(lr float64) string { return strconv.FormatFloat(lr, 'g', -1, 64) }

// String writes a mean and its interval: 0.881 (0.879 to 0.883), – for none.
func (x Interval) String() string {
	switch {
	case x.N == 0 || x.Mean != x.Mean:
		return "–"
	case x.N == 1 || brief(x.Low) == brief(x.High):
		return brief(x.Mean)
	}
	return fmt.Sprintf("%s (%s to %s)", brief(x.Mean), brief(x.Low), brief(x.High))
}

// brief writes a count as a whole number, and others with three digits or four.
func brief(v float64) string {
	if math.Abs(v) >= 100 {
		return report.Thousands(uint64(math.Round(math.Abs(v))))
	}
	if math.Abs(v) >= 10 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return report.Short(v)
}

// remarks say what must be known to read the numbers.
func (r *Result) remarks(c *Comparison) []string {
	var out []string
	for i := range c.Rows {
		row := &c.Rows[i]
		name := "batch " + r.Settings.name(row.Batch)
		switch {
		case row.Seeds == 0:
			out = append(out, name+": every learning rate diverges, so nothing was measured.")
		case row.Capped > 0:
			out = append(out, fmt.Sprintf("%s: %d of %d seeds did not reach the target within the cell budget: it takes them more than %s updates, how many is not known.",
				name, row.Capped, row.Seeds, report.Thousands(row.Beyond)))
		}
		if row.Diverged > 0 {
			out = append(out, fmt.Sprintf("%s: %d of %d seeds diverged, at a learning rate that was the best of the seed it was tuned on.", name, row.Diverged, row.Seeds))
		}
		if row.Edge != Interior && row.LR > 0 {
			out = append(out, fmt.Sprintf("%s: the best learning rate stayed at the %s edge of the grid, so a better one may lie beyond.", name, row.Edge))
		}
	}
	if row := r.fastest(c); row != nil {
		names, note := r.leaders(c, row, r.toTarget)
		out = append(out, fmt.Sprintf("Fastest: batch %s, %s %s.", names, r.secondsName(), note))
	}
	k := c.Critical
	if k.Refused != "" {
		return append(out, "Critical batch size: not determined. "+strings.ToUpper(k.Refused[:1])+k.Refused[1:]+".")
	}
	return append(out, fmt.Sprintf("Critical batch size: %s, 95 %% interval %s to %s. There a target takes twice the fewest updates and twice the fewest examples.",
		report.Short(k.Size), report.Short(k.Low), report.Short(k.High)),
		fmt.Sprintf("The fit is updates = %s·(1 + %s/B), to the sizes %s; what it leaves is %.0f %% of the updates.",
			report.Short(k.SMin), report.Short(k.Size), r.Settings.names(k.Sizes), 100*k.Residual))
}
