package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// Limits of what a report shows at first sight.
const (
	mostClassRows  = 20 // of all classes; of more, the worst are shown
	worstClasses   = 10
	mostConfusions = 10
)

// classes are the scores of each class and what it is taken for.
func classes(r *metric.Report) page.Section {
	s := page.Section{Title: "Classes", Blocks: classTables(r)}
	if len(r.Confusion) > 0 {
		var names []string
		for _, c := range r.Classes {
			names = append(names, c.Name)
		}
		s.Blocks = append(s.Blocks, page.Matrix{Caption: "Confusion matrix", RowTitle: "true class", ColumnTitle: "predicted class", Names: names, Counts: r.Confusion})
	}
	if mistakes := r.Confusions(mostConfusions); len(mistakes) > 0 && len(r.Classes) > 2 {
		s.Blocks = append(s.Blocks, confusions(r, mistakes))
	}
	return s
}

// classTables are the scores of all classes, or of many those of the worst, and
// of all below.
func classTables(r *metric.Report) []page.Block {
	n := len(r.Classes)
	if n <= mostClassRows {
		return []page.Block{classTable("By class", numbered(r.Classes), false)}
	}
	worst := classTable(fmt.Sprintf("The %d classes with the lowest F1", worstClasses), worstOf(r.Classes)[:worstClasses], true)
	all := classTable(fmt.Sprintf("All %d classes", n), numbered(r.Classes), true)
	all.Folded = true
	return []page.Block{worst, all}
}

// numberedClass is a class with its place among all.
type numberedClass struct {
	metric.ClassRow
	number int
}

func numbered(rows []metric.ClassRow) []numberedClass {
	list := make([]numberedClass, len(rows))
	for i, c := range rows {
		list[i] = numberedClass{c, i}
	}
	return list
}

// worstOf orders classes by F1; those that have no examples come last.
func worstOf(rows []metric.ClassRow) []numberedClass {
	list := numbered(rows)
	rank := func(c numberedClass) float64 {
		if c.Support == 0 {
			return math.Inf(1)
		}
		return c.F1
	}
	slices.SortStableFunc(list, func(a, b numberedClass) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

func classTable(caption string, list []numberedClass, withNumbers bool) page.Table {
	t := page.Table{Caption: caption, Columns: []page.Column{{Name: "class"}, {Name: "number", Numeric: true}, {Name: "examples", Numeric: true},
		{Name: "precision", Numeric: true}, {Name: "recall", Numeric: true}, {Name: "F1", Numeric: true}, {Name: "ROC AUC", Numeric: true}}}
	for _, c := range list {
		t.Rows = append(t.Rows, []string{c.Name, strconv.Itoa(c.number), count(c.Support), short(c.Precision), short(c.Recall), short(c.F1), short(c.ROCAUC)})
	}
	if !withNumbers {
		const number = 1
		t.Columns = slices.Delete(t.Columns, number, number+1)
		for i, row := range t.Rows {
			t.Rows[i] = slices.Delete(row, number, number+1)
		}
	}
	return t
}

// confusions are the mistakes that are made most.
func confusions(r *metric.Report, mistakes []metric.Confusion) page.Table {
	t := page.Table{Caption: "Most confused", Columns: []page.Column{{Name: "true class"}, {Name: "taken for"}, {Name: "examples", Numeric: true}, {Name: "share of the class", Numeric: true}}}
	for _, c := range mistakes {
		t.Rows = append(t.Rows, []string{r.Classes[c.True].Name, r.Classes[c.Predicted].Name, count(c.Count), percent(c.Share)})
	}
	return t
}

// count is a number of examples, which with weights need not be whole.
func count(n float64) string {
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return report.Short(n)
}

// percent writes a share for people; what is not quite all is not written as all.
func percent(share float64) string {
	if share < 1 && share > 0.9995 {
		return ">99.9 %"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
}
