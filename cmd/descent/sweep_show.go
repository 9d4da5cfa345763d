package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/sweep"
)

// sweepProgress shows a sweep to people: a line for each trial that is over, with
// how long the rest will take, and on a terminal a last line with the one that
// goes on.
type sweepProgress struct {
	w     io.Writer
	live  bool
	drawn time.Time // when the last line was drawn, zero if there is none
}

func newSweepProgress(w io.Writer) *sweepProgress {
	f, ok := w.(*os.File)
	return &sweepProgress{w: w, live: ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"}
}

func (p *sweepProgress) event(e sweep.Event) {
	switch t := e.Trial; {
	case e.Kind == sweep.Planned:
		p.line("about %d trials, %s by a first guess, %s if each takes its cell budget", e.Of-e.Done, report.Clock(e.Left), report.Clock(e.Most))
	case e.Kind == sweep.Ended && t.Phase == sweep.Timing && t.Updates == 0: // the sweep ends with an error that tells why
	case e.Kind == sweep.Ended && t.Phase == sweep.Timing:
		p.line("batch %d: %s an update, %s examples a second", t.Batch, shortTime(t.Seconds/float64(max(1, t.Updates))), report.Scaled(float64(t.Examples)/t.Seconds))
	case e.Kind == sweep.Ended:
		p.line("%d of %d  %s; %s left", e.Done, e.Of, describeTrial(t), report.Clock(e.Left))
	case p.live && time.Since(p.drawn) > redraw:
		fmt.Fprintf(p.w, "\r\x1b[Ksweep: %s so far", describeTrial(t))
		p.drawn = time.Now()
	}
}

// redraw is how often the last line is drawn.
const redraw = 100 * time.Millisecond

// line prints a line where the last one is drawn.
func (p *sweepProgress) line(format string, args ...any) {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = time.Time{}
	}
	fmt.Fprintf(p.w, "sweep: "+format+"\n", args...)
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
