package page

import "strings"

// Lines is a chart of series over a common axis. What is not finite, or not
// above 0 on a log axis, is a gap.
type Lines struct {
	Caption, X, Y string
	LogX, LogY    bool
	Series        []Series
	Marks         []Mark
}

// Series is points in the order of X.
type Series struct {
	Name   string
	X, Y   []float64
	Dots   bool
	Lo, Hi []float64 // a band around Y, or nil
}

// Mark is a vertical line with a label.
type Mark struct {
	X     float64
	Label string
}

// The drawing of a chart.
const (
	width, height = 720.0, 330.0
	left, right   = 92.0, 20.0
	top, bottom   = 34.0, 52.0
	mostPoints    = 400 // that are drawn of a series
	mostNumbers   = 60  // rows of the numbers below
)

func (l Lines) write(w *writer) {
	var xs, ys [][]float64
	for _, s := range l.Series {
		xs, ys = append(xs, s.X), append(ys, s.Y, s.Lo, s.Hi)
	}
	x, y := newScale(left, width-right, l.LogX, xs...), newScale(height-bottom, top, l.LogY, ys...)
	w.open(l.Caption, width, height)
	w.frame(x, y, l.X, l.axis())
	for _, m := range l.Marks {
		if x.holds(m.X) && m.X >= x.lo && m.X <= x.hi {
			w.printf("<line class=\"mark\" x1=\"%s\" x2=\"%[1]s\" y1=\"%s\" y2=\"%s\"/>", place(x.at(m.X)), place(top), place(height-bottom))
			w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>", place(x.at(m.X)), place(top-6), anchor(x.at(m.X)), m.Label)
		}
	}
	for i, s := range l.Series {
		w.series(s, i, x, y)
	}
	w.legend(l.Series)
	w.close()
	w.numbers(l.table())
}

// axis is the name of the y axis, unless the caption says the same.
func (l Lines) axis() string {
	if strings.EqualFold(l.Y, l.Caption) {
		return ""
	}
	return l.Y
}

// anchor keeps a label within the drawing.
func anchor(at float64) string {
	switch {
	case at > width-90:
		return "end"
	case at < left+40:
		return "start"
	}
	return "middle"
}

// open begins a figure with a drawing.
func (w *writer) open(caption string, width, height float64) {
	w.ids++
	w.printf("<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"t%d\"><title id=\"t%[4]d\">%[1]s</title>", caption, width, height, w.ids)
}

func (w *writer) close() { w.WriteString("</svg></figure>\n") }

// frame draws axes and a grid.
func (w *writer) frame(x, y scale, nameX, nameY string) {
	for _, v := range y.ticks(5) {
		w.printf("<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.from), place(x.to), place(y.at(v)))
		w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>", place(x.from-8), place(y.at(v)+5), number(v))
	}
	for _, v := range x.ticks(6) {
		w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", place(x.at(v)), place(y.from+20), number(v))
	}
	w.printf("<line class=\"axis\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.from), place(x.to), place(y.from))
	w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", place((x.from+x.to)/2), place(y.from+44), nameX)
	if nameY != "" {
		w.printf("<text x=\"4\" y=\"16\">%s</text>", nameY)
	}
}

// series draws a line, and its band.
func (w *writer) series(s Series, i int, x, y scale) {
	look := i % 4
	pick := thin(s.Y, mostPoints)
	if len(s.Lo) == len(s.Y) && len(s.Hi) == len(s.Y) && len(s.Y) > 1 {
		w.band(s, look, x, y, pick)
	}
	var path strings.Builder
	pen, points := "M", 0
	for _, at := range pick {
		if !x.holds(s.X[at]) || !y.holds(s.Y[at]) {
			pen = "M"
			continue
		}
		path.WriteString(pen + place(x.at(s.X[at])) + " " + place(y.at(s.Y[at])))
		pen = "L"
		points++
		if s.Dots || len(s.Y) == 1 {
			w.printf("<circle class=\"f%d\" r=\"4\" cx=\"%s\" cy=\"%s\"/>", look, place(x.at(s.X[at])), place(y.at(s.Y[at])))
		}
	}
	if points > 1 {
		w.printf("<path class=\"s s%d d%d\" d=\"%s\"/>", look, look, path.String())
	}
}

func (w *writer) band(s Series, look int, x, y scale, pick []int) {
	var path strings.Builder
	pen := "M"
	draw := func(at int, v float64) {
		if x.holds(s.X[at]) && y.holds(v) {
			path.WriteString(pen + place(x.at(s.X[at])) + " " + place(y.at(v)))
			pen = "L"
		}
	}
	for _, at := range pick {
		draw(at, s.Hi[at])
	}
	for i := len(pick) - 1; i >= 0; i-- {
		draw(pick[i], s.Lo[pick[i]])
	}
	w.printf("<path class=\"f%d\" opacity=\".18\" d=\"%sZ\"/>", look, path.String())
}

// thin picks about most of the places of a list: the first, the last, and of
// each stretch between them the least and the greatest.
func thin(v []float64, most int) []int {
	var out []int
	if len(v) <= most {
		for i := range v {
			out = append(out, i)
		}
		return out
	}
	parts := most / 2
	for p := range parts {
		from, to := p*len(v)/parts, (p+1)*len(v)/parts
		lo, hi := from, from
		for i := from; i < to; i++ {
			if v[i] < v[lo] {
				lo = i
			}
			if v[i] > v[hi] {
				hi = i
			}
		}
		out = append(out, min(lo, hi))
		if lo != hi {
			out = append(out, max(lo, hi))
		}
	}
	if out[0] != 0 {
		out = append([]int{0}, out...)
	}
	if last := len(v) - 1; out[len(out)-1] != last {
		out = append(out, last)
	}
	return out
}

// legend names the series at the top right.
func (w *writer) legend(series []Series) {
	if len(series) < 2 {
		return
	}
	at := left + 60
	for i, s := range series {
		w.printf("<line class=\"s%d d%d\" stroke-width=\"2\" x1=\"%s\" x2=\"%s\" y1=\"12\" y2=\"12\"/>", i%4, i%4, place(at), place(at+28))
		w.printf("<text class=\"v\" x=\"%s\" y=\"17\">%s</text>", place(at+34), s.Name)
		at += 34 + 13*float64(len(s.Name)) + 26
	}
}

// table is the numbers of the chart: of long series some, evenly chosen.
func (l Lines) table() Table {
	t := Table{Columns: []Column{{"series", false}, {l.X, true}, {l.Y, true}}}
	all := 0
	for _, s := range l.Series {
		all += len(s.Y)
	}
	for _, s := range l.Series {
		n := len(s.Y)
		rows := n
		if all > mostNumbers {
			rows = max(2, mostNumbers*n/all)
		}
		for r := range min(rows, n) {
			at := r
			if rows < n {
				at = r * (n - 1) / (rows - 1)
			}
			t.Rows = append(t.Rows, []string{s.Name, number(s.X[at]), number(s.Y[at])})
		}
	}
	if all > len(t.Rows) {
		t.Caption = number(float64(len(t.Rows))) + " of " + number(float64(all)) + " points; all are in metrics.jsonl"
	}
	return t
}
