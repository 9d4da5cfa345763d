package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/metric"
)

// manyClasses is the quality of a model of n classes, of which class 1 has no examples
// and others have an F1 that grows with their number, from low on.
func manyClasses(n int, low float64) *assess.Quality {
	r := &metric.Report{Confusion: make([][]float64, n)}
	for i := range n {
		c := metric.ClassRow{Name: fmt.Sprint("class", i), Support: 10, F1: low + float64(i)/100}
		if r.Confusion[i] = make([]float64, n); i == 1 {
			c.Support, c.F1 = 0, 0
		}
		r.Classes = append(r.Classes, c)
	}
	r.Confusion[n-1][n-2] = 4
	return &assess.Quality{Part: "test", Model: r}
}

// TestShowClasses: all of few classes, of many those with the lowest F1 that have
// examples.
func TestShowClasses(t *testing.T) {
	for _, n := range []int{10, mostClassRows, 100} {
		var b bytes.Buffer
		showClasses(&b, manyClasses(n, 0.1))
		scores, mistakes, _ := strings.Cut(b.String(), "most confused")
		rows, text := strings.Count(scores, "\n  class"), b.String()
		switch {
		case !strings.Contains(mistakes, fmt.Sprintf("\n  class%d ", n-1)) || !strings.Contains(mistakes, "100.0 %"):
			t.Errorf("%d classes: the mistake is not told:\n%s", n, text)
		case n <= mostClassRows && rows != n:
			t.Errorf("%d classes: %d rows", n, rows)
		case n > mostClassRows && (rows != worstClasses || strings.Contains(text, "class1 ") || !strings.Contains(text, "(the 10 with the lowest f1, of 100)")):
			t.Errorf("%d classes: %d rows\n%s", n, rows, text)
		}
	}
}

// TestClassDifferences: the classes whose F1 differs most, of models of the same classes.
func TestClassDifferences(t *testing.T) {
	a, b := manyClasses(8, 0.1), manyClasses(8, 0.1)
	b.Model.Classes[5].F1, b.Model.Classes[2].F1 = 0.9, 0.2
	d := classDifferences(a, b)
	if len(d) != 2 || d[0].Key != "test f1 of class class5" || d[0].B != 0.9 || d[1].Key != "test f1 of class class2" {
		t.Errorf("%+v", d)
	}
	b.Model.Classes[0].Name = "another"
	if d := classDifferences(a, b); d != nil {
		t.Errorf("of other classes: %+v", d)
	}
	if d := classDifferences(manyClasses(2, 0.1), manyClasses(2, 0.2)); d != nil {
		t.Errorf("of two classes: %+v", d)
	}
}
