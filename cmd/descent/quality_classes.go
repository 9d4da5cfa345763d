package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/metric"
)

// Limits of what the terminal shows.
const (
	mostShownConfusions = 5
	mostShownMistakes   = 5
)

// showClasses prints the scores of each class, or of many those of the worst, what
// is confused most, and the worst mistakes among images.
func showClasses(w io.Writer, q *assess.Quality) {
	r := q.Model
	if len(r.Classes) == 0 {
		return
	}
	rows := [][]string{{"class", "examples", "precision", "recall", "f1"}}
	for _, c := range shownClasses(r) {
		rows = append(rows, []string{c.Name, count(c.Support), short(c.Precision), short(c.Recall), short(c.F1)})
	}
	showRows(w, rows)
	if n := len(r.Classes); n > mostClassRows {
		fmt.Fprintf(w, "  (the %d with the lowest f1, of %d)\n", worstClasses, n)
	}
	rows = [][]string{{"most confused", "taken for", "examples", "of the class"}}
	for _, c := range r.Confusions(mostShownConfusions) {
		rows = append(rows, []string{r.Classes[c.True].Name, r.Classes[c.Predicted].Name, count(c.Count), percent(c.Share)})
	}
	showRows(w, rows)
	rows = [][]string{{"worst mistakes", "class", "taken for", "probability", "loss"}}
	for _, m := range q.Mistakes[:min(len(q.Mistakes), mostShownMistakes)] {
		rows = append(rows, []string{exampleName(m), m.True, m.Predicted, percent(m.Probability), short(m.Loss)})
	}
	showRows(w, rows)
}

// showRows prints a table, if it has rows below its head.
func showRows(w io.Writer, rows [][]string) {
	if len(rows) < 2 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(t, "  %s\n", strings.Join(row, "\t"))
	}
	t.Flush()
}

// exampleName is what a person finds an image by.
func exampleName(m assess.Mistake) string { return cmp.Or(m.Name, fmt.Sprint("number ", m.Example)) }

func shownClasses(r *metric.Report) []numberedClass {
	if len(r.Classes) > mostClassRows {
		return worstOf(r.Classes)[:worstClasses]
	}
	return numbered(r.Classes)
}

// mostChangedClasses is how many classes a comparison of two runs names.
const mostChangedClasses = 5

// classDifferences are the classes whose F1 differs most between two models of the
// same classes, the greatest difference first.
func classDifferences(a, b *assess.Quality) (out []difference) {
	ca, cb := a.Model.Classes, b.Model.Classes
	sameName := func(x, y metric.ClassRow) bool { return x.Name == y.Name }
	if len(ca) < 3 || !slices.EqualFunc(ca, cb, sameName) {
		return nil // of two classes the scores tell it
	}
	changed := func(i int) float64 { return math.Abs(ca[i].F1 - cb[i].F1) }
	var order []int
	for i := range ca {
		if changed(i) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(changed(j), changed(i)) })
	for _, i := range order[:min(len(order), mostChangedClasses)] {
		out = append(out, difference{Key: a.Part + " f1 of class " + ca[i].Name, A: ca[i].F1, B: cb[i].F1})
	}
	return out
}
