//go:build linux

// Command rows shows that an update of a sparse table does not depend on how many
// rows the table has: it counts the rows that change, the bytes that the plan
// moves, and takes the time, for tables of ten thousand to ten million rows of 16
// numbers. Updates of whole tables stand beside them.
//
//	go run ./bench/rows                             # a table on standard output
//	go run ./bench/rows -svg docs/sparse-rows.svg   # and a plot
//
// An update has 1024 examples that name two rows each, all of them different, at
// random over the table: 2048 touched rows, whatever its size. Batches do not
// come again until 2 million rows have been named, so caches hold what they can
// of the table and no more.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/optim"
)

// rule is an optimizer of a table.
type rule struct {
	name, color string
	optimizer   optim.Optimizer
	sparse      bool
	most        int // rows that it is measured up to
}

var rules = []rule{
	{"row-wise AdaGrad", "#0b6e4f", optim.AdaGrad(1e-3).Rowwise(), true, 1e7},
	{"lazy Adam", "#2c5aa0", optim.Adam(1e-6), true, 1e7},
	{"exact lazy Adam", "#8e6bbf", optim.Adam(1e-6).Exact(), true, 1e7},
	{"Adam of the whole table", "#c0392b", optim.Adam(1e-6), false, 1e6},
}

// sizes are the rows of the tables.
var sizes = []int{1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7}

// result is what an update of a table takes.
type result struct {
	rule    rule
	rows    int
	touched int     // rows that the examples name
	changed int     // rows of the table that differ afterwards
	bytes   int64   // that the plan moves
	ms      float64 // the median
}

func main() {
	svg := flag.String("svg", "", "write a plot to this file")
	seconds := flag.Float64("seconds", 2, "seconds of each measurement")
	threads := flag.Int("threads", 1, "threads of the engine")
	cpu := flag.Bool("cpu", false, "take the processor's time instead of wall time, for a machine with other jobs")
	only := flag.String("only", "", "rules whose name contains this")
	flag.Parse()
	all, err := measureAll(settings{*threads, *seconds, clockOf(*cpu)}, *only)
	if err == nil {
		err = printAll(all)
	}
	if err == nil && *svg != "" {
		err = os.WriteFile(*svg, []byte(draw(all)), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/rows:", err)
		os.Exit(1)
	}
}

// settings are those of a measurement.
type settings struct {
	threads int
	seconds float64
	clock   func() time.Duration
}

// clockOf is the time of the processor, or the time on the wall.
func clockOf(cpu bool) func() time.Duration {
	if cpu {
		return peer.CPUTime
	}
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}

func measureAll(s settings, only string) (all []result, err error) {
	for _, r := range rules {
		for _, rows := range sizes {
			if rows > r.most || !strings.Contains(r.name, only) {
				continue
			}
			x, err := measure(r, rows, s)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(os.Stderr, "%s, %d rows: %.3f ms\n", r.name, rows, x.ms)
			all = append(all, x)
		}
	}
	return all, nil
}

func printAll(all []result) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "rule\trows\ttouched\tchanged\tbytes moved\tµs an update\t")
	for _, r := range all {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%.1f\t\n", r.rule.name, grouped(r.rows), r.touched, r.changed, r.bytes, 1e3*r.ms)
	}
	return t.Flush()
}

// grouped writes a number with a space between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
