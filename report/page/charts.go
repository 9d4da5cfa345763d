package page

import "math"

// Bars is horizontal bars from 0.
type Bars struct {
	Caption, Unit string
	Bars          []Bar
}

// Bar is one of them. Lo and Hi are an interval, NaN for none.
type Bar struct {
	Name   string
	Value  float64
	Lo, Hi float64
	Note   string
}

func (b Bars) write(w *writer) {
	const row, names, values = 27.0, 190.0, 84.0
	numbers := []float64{0}
	for _, x := range b.Bars {
		numbers = append(numbers, x.Value, x.Lo, x.Hi)
	}
	x := newScale(names, width-values, false, numbers)
	h := row*float64(len(b.Bars)) + 16
	w.open(b.Caption, width, h)
	w.printf("<line class=\"axis\" x1=\"%s\" x2=\"%[1]s\" y1=\"4\" y2=\"%s\"/>", place(x.at(0)), place(h-8))
	for i, bar := range b.Bars {
		y := row*float64(i) + 8
		w.printf("<text class=\"v\" x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>", place(names-10), place(y+16), cut(bar.Name, 22))
		if x.holds(bar.Value) {
			from, to := min(x.at(0), x.at(bar.Value)), max(x.at(0), x.at(bar.Value))
			w.printf("<rect class=\"f0\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%.0f\"/>", place(from), place(y+3), place(max(to-from, 1)), row-9)
		}
		if x.holds(bar.Lo) && x.holds(bar.Hi) {
			w.printf("<line class=\"axis\" stroke-width=\"2\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.at(bar.Lo)), place(x.at(bar.Hi)), place(y+12))
		}
		w.printf("<text x=\"%s\" y=\"%s\">%s</text>", place(width-values+12), place(y+16), brief(bar.Value))
	}
	w.close()
	t := Table{Columns: []Column{{"name", false}, {b.Unit, true}, {"low", true}, {"high", true}, {"", false}}}
	for _, bar := range b.Bars {
		t.Rows = append(t.Rows, []string{bar.Name, number(bar.Value), number(bar.Lo), number(bar.Hi), bar.Note})
	}
	w.numbers(t)
}

// cut shortens a name.
func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// Reliability shows how often predictions of some probability are right.
type Reliability struct {
	Caption string
	Bins    []Bin
}

// Bin is the predictions with a probability in [Lo, Hi).
type Bin struct{ Lo, Hi, Confidence, Accuracy, Count float64 }

func (r Reliability) write(w *writer) {
	const side = 380.0
	x := scale{0, 1, left, side, false}
	y := scale{0, 1, side - bottom, top, false}
	most := 0.0
	for _, b := range r.Bins {
		most = max(most, b.Count)
	}
	w.open(r.Caption, width, side)
	w.frame(x, y, nil, "probability", "share that is right")
	w.printf("<line class=\"mark\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>", place(x.at(0)), place(y.at(0)), place(x.at(1)), place(y.at(1)))
	for _, b := range r.Bins {
		if b.Count > 0 && x.holds(b.Confidence) && y.holds(b.Accuracy) {
			w.printf("<circle class=\"f0\" opacity=\".85\" r=\"%s\" cx=\"%s\" cy=\"%s\"/>", place(4+8*math.Sqrt(b.Count/most)), place(x.at(b.Confidence)), place(y.at(b.Accuracy)))
		}
	}
	w.close()
	t := Table{Columns: []Column{{"probability", false}, {"mean", true}, {"share right", true}, {"examples", true}}}
	for _, b := range r.Bins {
		t.Rows = append(t.Rows, []string{number(b.Lo) + " to " + number(b.Hi), number(b.Confidence), number(b.Accuracy), number(b.Count)})
	}
	w.numbers(t)
}
