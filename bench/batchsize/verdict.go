package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

// bar is a ratio of mean times to the target that a choice is judged by.
type bar struct {
	name   string
	method string
	than   int     // a fixed size; 0: the best one
	most   float64 // at most
	only   string  // a task; "" is all
}

var bars = []bar{
	{"advise, as it stands, over the best size", advise, 0, 1.10, ""},
	{"advise's size with a tuned rate, over the best size", advised, 0, 1.10, ""},
	{"auto over the best size", auto, 0, 1.15, ""},
	{"auto over batch 1", auto, 1, 0.8, ""},
	{"auto over batch 1024", auto, 1024, 0.8, ""},
	{"auto over batch 32", auto, 32, 0.8, "movielens"},
}

// printVerdict prints the ratio that each bar is about, for each task, with its interval.
func printVerdict(b *book, chosen []*task) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "mean time to the target")
	for _, t := range chosen {
		fmt.Fprint(w, "\t", t.name)
	}
	fmt.Fprintln(w, "\tbar")
	for _, x := range bars {
		fmt.Fprint(w, x.name)
		for _, t := range chosen {
			fmt.Fprint(w, "\t", x.of(b, t))
		}
		fmt.Fprintf(w, "\t%.2f\n", x.most)
	}
	return w.Flush()
}

// of is the ratio on a task in words, "" if it is not judged there or not yet run. A
// reference that was given up before the target makes it a bound.
func (x bar) of(b *book, t *task) string {
	if x.only != "" && x.only != t.name {
		return ""
	}
	c, all := b.clocks[t.name], b.groups(t)
	than := best(all, c)
	var judged *group
	for _, g := range all {
		switch {
		case g.method == x.method:
			judged = g
		case g.method == fixed && g.size == x.than:
			than = g
		}
	}
	if judged == nil || than == nil {
		return ""
	}
	r, low, high := ratio(judged, than, c)
	bound, misses := "", ""
	if s := than.summary(c); s.reached < s.seeds {
		bound = "< "
	}
	if s := judged.summary(c); s.reached < s.seeds {
		bound, misses = "> ", fmt.Sprintf(", %d of %d missed", s.seeds-s.reached, s.seeds)
	}
	return fmt.Sprintf("%s%.2f (%.2f to %.2f%s)", bound, r, low, high, misses)
}
