package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/sweep"
)

// sweepProgress shows a sweep to people: a line for each trial, and how long it
// will take.
type sweepProgress struct{ w io.Writer }

func (p *sweepProgress) event(e sweep.Event) {
	switch e.Kind {
	case sweep.Planned:
		fmt.Fprintf(p.w, "sweep: about %d trials, %s by a first guess, %s if each takes its cell budget\n", e.Of-e.Done, report.Clock(e.Left), report.Clock(e.Most))
	case sweep.Ended:
		if t := e.Trial; t.Phase == sweep.Timing {
			fmt.Fprintf(p.w, "sweep: batch %d: %s a batch, %s examples a second\n", t.Batch, shortTime(t.Seconds/float64(max(1, t.Updates))), report.Scaled(float64(t.Examples)/t.Seconds))
		} else {
			fmt.Fprintf(p.w, "sweep: %d of %d  %s; %s left\n", e.Done, e.Of, describeTrial(t), report.Clock(e.Left))
		}
	}
}

// shortTime writes seconds of any size.
func shortTime(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(max(time.Microsecond, time.Duration(seconds*1e7))).String()
}

// describeTrial tells the outcome of a trial in a line.
func describeTrial(t *sweep.Trial) string {
	what := fmt.Sprintf("%-7s batch %d, lr %g, seed %d: ", t.Phase, t.Batch, t.LR, t.Seed)
	made := fmt.Sprintf("%s updates, %s", report.Thousands(t.Updates), report.Clock(time.Duration(t.Seconds*float64(time.Second))))
	value := ""
	if p, ok := t.Last(); ok {
		value = ", " + report.Short(float64(p.Value))
	}
	switch t.End {
	case sweep.Reached:
		return what + "target after " + made
	case sweep.Diverged:
		return what + "diverged after " + made
	case sweep.Beaten, sweep.Abandoned:
		return what + t.End + " after " + made + value
	case sweep.Capped:
		return what + "cell budget consumed: " + made + value
	}
	return what + made + value
}

// showSweep prints the tables of a sweep.
func (a *app) showSweep(r *sweep.Result, dir string) error {
	for i := range r.Comparisons {
		t := r.Table(&r.Comparisons[i])
		fmt.Fprintf(a.out, "\n%s\n", t.Title)
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, strings.Join(t.Columns, "\t")+"\t")
		for _, row := range t.Rows {
			fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, line := range t.Remarks {
			fmt.Fprintln(a.out, line)
		}
	}
	if dir != "" {
		fmt.Fprintf(a.err, "\n%s\n", filepath.Join(dir, sweep.ReportName))
	}
	return nil
}
