package report

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Mode is how progress is shown.
type Mode uint8

const (
	Auto  Mode = iota // Live on a terminal, Lines elsewhere
	Live              // one line, redrawn
	Lines             // plain lines at growing intervals
	Quiet             // nothing but warnings
)

// Status is what progress shows.
type Status struct {
	Fraction float64       // of the budget, in [0, 1]
	Epoch    uint64        // from 1
	Epochs   float64       // in the budget; 0 if it is not in epochs
	Update   uint64        // updates done
	Rate     float64       // examples a second, lately
	Tokens   int           // of an example; above 1 the rate is shown in tokens
	Elapsed  time.Duration // of training
	Left     time.Duration // to the end of the budget; below 0 is unknown
	Loss     float64       // since the last status; NaN is not known yet
	LR       float64       // of the last update; NaN is not known yet
	Batch    int           // examples of an update, where that changes; 0 is not shown
	Val      Values        // of the last validation, the important one first
	Best     bool          // whether that was the best so far
	Doing    string        // what else than training goes on: "validating"
}

// Progress shows a run to people. A nil Progress shows nothing. It is not safe
// for concurrent use.
type Progress struct {
	w     io.Writer
	mode  Mode
	color bool
	width func() int // of the terminal

	name  string
	one   string // of the examples, as rates call it
	many  string // as counts call them
	last  time.Time
	every time.Duration // until the next line
	drawn bool          // a live line is on the screen
	line  []byte
}

const redraw = 100 * time.Millisecond

// NewProgress returns a progress display on w. Colour is used on a terminal
// unless NO_COLOR is set (no-color.org); a terminal that calls itself dumb gets
// lines.
func NewProgress(w io.Writer, mode Mode) *Progress {
	p := &Progress{w: w, mode: mode, width: func() int { return 100 }, every: time.Second, one: "ex", many: "examples"}
	f, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	if mode == Auto {
		p.mode = Lines
		if terminal {
			p.mode = Live
		}
	}
	if terminal {
		p.color = os.Getenv("NO_COLOR") == ""
		p.width = func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
			return 80
		}
	}
	return p
}

// Counting makes the display call examples by another name: one as in "184k img/s",
// many as in "30.0k images".
func (p *Progress) Counting(one, many string) *Progress {
	p.one, p.many = one, many
	return p
}

// Start names the run and prints what it is about to do, a line each.
func (p *Progress) Start(name string, facts ...string) {
	if p == nil || p.mode == Quiet {
		return
	}
	p.name = name
	for _, f := range facts {
		fmt.Fprintf(p.w, "%s %s\n", p.paint(dim, name), f)
	}
}

// Due reports whether it is time to show a status.
func (p *Progress) Due(now time.Time) bool {
	switch {
	case p == nil || p.mode == Quiet:
		return false
	case p.mode == Live:
		return now.Sub(p.last) >= redraw
	}
	return now.Sub(p.last) >= p.every
}

// Show shows a status; the caller asks Due first. Lines come after one second,
// then two, then at most every ten.
func (p *Progress) Show(now time.Time, s *Status) {
	if p == nil || p.mode == Quiet {
		return
	}
	if p.mode == Live {
		p.draw(s)
	} else {
		if !p.last.IsZero() {
			p.every = min(2*p.every, 10*time.Second)
		}
		p.print(s)
	}
	p.last = now
}

// Validated shows the result of a validation, unless the last line is hardly
// older: small models validate a thousand times a second.
func (p *Progress) Validated(now time.Time, s *Status) {
	if p == nil || p.mode == Quiet || now.Sub(p.last) < redraw {
		return
	}
	if p.mode == Live {
		p.draw(s)
	} else {
		p.print(s)
	}
	p.last = now
}

// Note prints a line above the live one.
func (p *Progress) Note(format string, args ...any) {
	if p == nil || p.mode == Quiet {
		return
	}
	p.above(p.paint(dim, p.name) + " " + fmt.Sprintf(format, args...))
}

// Warn prints a line that matters, even when quiet.
func (p *Progress) Warn(format string, args ...any) {
	if p != nil {
		p.above(p.paint(yellow, "warning: ") + fmt.Sprintf(format, args...))
	}
}

func (p *Progress) above(text string) {
	p.clear()
	fmt.Fprintln(p.w, text)
}

// clear takes the live line away.
func (p *Progress) clear() {
	if p.drawn {
		io.WriteString(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// End takes the live line away and prints the outcome.
func (p *Progress) End(s *Summary, dir string) {
	if p == nil || p.mode == Quiet {
		return
	}
	p.clear()
	for _, line := range p.outcome(s, dir) {
		fmt.Fprintln(p.w, line)
	}
}
