package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lines is a chart of series over two common axes, each linear or logarithmic.
// What is not finite, or not above 0 on a log axis, is a gap.
type Lines struct {
	Caption, X, Y string
	LogX, LogY    bool
	TicksX        []float64 // such as the batch sizes that were tried; default: round numbers
	Zero          bool      // the Y axis has 0, as amounts want it
	Equal         bool      // a unit is as long on both axes, as for a path in a plane
	Series        []Series  // eight look different
	Marks         []Mark
	Levels        []Level
	File          string // that has all points where the page has some; default metrics.jsonl
}

// Series is points in the order in which they are joined.
type Series struct {
	Name   string // "" is not in the legend
	X, Y   []float64
	Lo, Hi []float64 // an interval of each Y, or nil; NaN is none, and an infinite end is open

	Dots  bool // the points are drawn
	Loose bool // the points are drawn, and not joined
	Steps bool // each Y holds up to the next X
	Bars  bool // the intervals are bars at the points, not a band
	Faint bool // thin and gray, behind all others: a guide, a contour, a single seed
}

// Mark is a vertical line with a label.
type Mark struct {
	X     float64
	Label string
}

// Level is a horizontal line with a label, such as a target.
type Level struct {
	Y     float64
	Label string
}

// The drawing of a chart.
const (
	width, height = 720.0, 330.0
	left, right   = 92.0, 20.0
	top, bottom   = 34.0, 52.0
	legendRow     = 21.0
	looks         = 8   // of series
	mostPoints    = 400 // that are drawn of a series
	mostNumbers   = 60  // rows of the numbers below
)

func (l Lines) write(w *writer) {
	var xs, ys, ends [][]float64
	for _, s := range l.Series {
		xs, ys, ends = append(xs, s.X), append(ys, s.Y), append(ends, s.Lo, s.Hi)
	}
	for _, v := range l.Levels {
		ys = append(ys, []float64{v.Y})
	}
	if l.Zero {
		ys = append(ys, []float64{0})
	}
	names := l.legend()
	above := top + legendRow*float64(names.rows)
	if names.rows > 0 && l.axis() == "" && len(l.Marks) == 0 {
		above -= legendRow // nothing stands between legend and frame
	}
	below := above + height - top
	x, y := newScale(left, width-right, l.LogX, xs...), newScale(below-bottom, above, l.LogY, ys...)
	y = newScale(below-bottom, above, l.LogY, append(ys, y.near(ends)...)...)
	if l.points() {
		x = x.widen(1.05 * x.extent())
	}
	if l.Equal {
		x, y = equal(x, y)
		below = y.from + bottom
	}
	w.open(l.Caption, width, below)
	w.frame(x, y, l.TicksX, l.X, l.axis())
	l.lines(w, x, y)
	looks := l.looks()
	for _, faint := range []bool{true, false} {
		for i, s := range l.Series {
			if s.Faint == faint {
				w.series(s, looks[i], x, y)
			}
		}
	}
	w.legend(names)
	w.close()
	w.numbers(l.table())
}

// looks numbers the looks of the series that are not faint: a color and dashes. Faint
// ones are alike, with dashes if they have a name.
func (l Lines) looks() []int {
	out, next := make([]int, len(l.Series)), 0
	for i, s := range l.Series {
		switch {
		case !s.Faint:
			out[i] = next % looks
			next++
		case s.Name != "":
			out[i] = 1
		}
	}
	return out
}

// points reports whether the chart has points, which need room at the sides.
func (l Lines) points() bool {
	return slices.ContainsFunc(l.Series, func(s Series) bool { return s.Dots || s.Loose || s.Bars })
}

// lines draws marks and levels.
func (l Lines) lines(w *writer, x, y scale) {
	for _, m := range l.Marks {
		if x.within(m.X) {
			w.printf("<line class=\"mark\" x1=\"%s\" x2=\"%[1]s\" y1=\"%s\" y2=\"%s\"/>", place(x.at(m.X)), place(y.to), place(y.from))
			w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>", place(x.at(m.X)), place(y.to-6), anchor(x.at(m.X)), m.Label)
		}
	}
	for _, v := range l.Levels {
		if y.within(v.Y) {
			w.printf("<line class=\"mark\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.from), place(x.to), place(y.at(v.Y)))
			w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>", place(x.to), place(y.at(v.Y)-6), v.Label)
		}
	}
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

// frame draws axes and a grid; without ticks of x there are round ones.
func (w *writer) frame(x, y scale, ticksX []float64, nameX, nameY string) {
	for _, v := range y.ticks(5) {
		w.printf("<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.from), place(x.to), place(y.at(v)))
		w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>", place(x.from-8), place(y.at(v)+5), number(v))
	}
	if ticksX == nil {
		ticksX = x.ticks(6)
	}
	for _, v := range ticksX {
		if !x.within(v) {
			continue
		}
		w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", place(x.at(v)), place(y.from+20), number(v))
	}
	w.printf("<line class=\"axis\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%[3]s\"/>", place(x.from), place(x.to), place(y.from))
	w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", place((x.from+x.to)/2), place(y.from+44), nameX)
	if nameY != "" {
		w.printf("<text x=\"4\" y=\"%s\">%s</text>", place(y.to-18), nameY)
	}
}

// series draws a line, its points and its intervals.
func (w *writer) series(s Series, look int, x, y scale) {
	pick := thin(s.Y, mostPoints)
	if len(s.Lo) == len(s.Y) && len(s.Hi) == len(s.Y) {
		if s.Bars || len(s.Y) == 1 {
			w.whiskers(s, look, x, y, pick)
		} else {
			w.band(s, look, x, y, pick)
		}
	}
	l := line{steps: s.Steps}
	drawn := func(i int) bool { return i >= 0 && i < len(pick) && x.holds(s.X[pick[i]]) && y.holds(s.Y[pick[i]]) }
	for i, at := range pick {
		if !drawn(i) {
			l.lift()
			continue
		}
		l.to(x.at(s.X[at]), y.at(s.Y[at]))
		if s.Dots || s.Loose || !drawn(i-1) && !drawn(i+1) {
			w.printf("<circle class=\"%s\" r=\"4\" cx=\"%s\" cy=\"%s\"/>", s.fill(look), place(x.at(s.X[at])), place(y.at(s.Y[at])))
		}
	}
	if l.points > 1 && !s.Loose {
		w.printf("<path class=\"%s\" d=\"%s\"/>", s.dashes(look), l.path.String())
	}
}

// stroke is the class of lines of a series, fill that of points and areas.
func (s Series) stroke(look int) string {
	if s.Faint {
		return "s quiet"
	}
	return fmt.Sprintf("s s%d", look)
}

func (s Series) fill(look int) string {
	if s.Faint {
		return "still"
	}
	return fmt.Sprintf("f%d", look)
}

// dashes tells lines apart without colors.
func (s Series) dashes(look int) string { return fmt.Sprintf("%s d%d", s.stroke(look), look) }

// line is a path that is drawn from point to point.
type line struct {
	path   strings.Builder
	steps  bool
	down   bool
	y      string
	points int
}

// lift begins a gap.
func (l *line) lift() { l.down = false }

func (l *line) to(x, y float64) {
	pen := "M"
	if l.down {
		pen = "L"
	}
	if l.down && l.steps {
		l.path.WriteString("L" + place(x) + " " + l.y)
	}
	l.y = place(y)
	l.path.WriteString(pen + place(x) + " " + l.y)
	l.down = true
	l.points++
}

// ends are the ends of an interval in the drawing: an open one goes to the edge.
func (s Series) ends(at int, x, y scale) (lo, hi float64, ok bool) {
	if !x.holds(s.X[at]) || math.IsNaN(s.Lo[at]) || math.IsNaN(s.Hi[at]) {
		return 0, 0, false
	}
	return y.clamped(s.Lo[at]), y.clamped(s.Hi[at]), true
}

// whiskers draws intervals as bars, with caps where they end.
func (w *writer) whiskers(s Series, look int, x, y scale, pick []int) {
	const cap = 5.0
	for _, at := range pick {
		lo, hi, ok := s.ends(at, x, y)
		if !ok {
			continue
		}
		c := x.at(s.X[at])
		d := fmt.Sprintf("M%s %sV%s", place(c), place(lo), place(hi))
		for _, e := range []struct{ v, at float64 }{{s.Lo[at], lo}, {s.Hi[at], hi}} {
			if y.within(e.v) {
				d += fmt.Sprintf("M%s %sH%s", place(c-cap), place(e.at), place(c+cap))
			}
		}
		w.printf("<path class=\"%s\" d=\"%s\"/>", s.stroke(look), d)
	}
}

// band draws intervals as an area for each stretch of the series that has them.
func (w *writer) band(s Series, look int, x, y scale, pick []int) {
	draw := func(part []int) {
		upper, lower := line{steps: s.Steps}, line{steps: s.Steps}
		for _, at := range part {
			lo, hi, _ := s.ends(at, x, y)
			upper.to(x.at(s.X[at]), hi)
			lower.to(x.at(s.X[at]), lo)
		}
		if len(part) > 1 {
			w.printf("<path class=\"%s\" opacity=\".18\" d=\"%s\"/>", s.fill(look), upper.path.String()+reversed(lower.path.String())+"Z")
		}
	}
	from := 0
	for i, at := range pick {
		if _, _, ok := s.ends(at, x, y); !ok {
			draw(pick[from:i])
			from = i + 1
		}
	}
	draw(pick[from:])
}

// reversed is a path the other way round, to go on with another.
func reversed(path string) string {
	points := strings.FieldsFunc(path, func(r rune) bool { return r == 'M' || r == 'L' })
	slices.Reverse(points)
	return "L" + strings.Join(points, "L")
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

// legend is the names of series in rows.
type legend struct {
	rows    int
	entries []entry
}

type entry struct {
	series  Series
	look    int
	at, row float64
}

// legend places the names of the series, if there are several: as many in a row
// as have room even where letters are large, on a phone.
func (l Lines) legend() (out legend) {
	const from, letter = left, 11.0
	at, looks := from, l.looks()
	for i, s := range l.Series {
		if s.Name == "" {
			continue
		}
		size := 34 + letter*float64(utf8.RuneCountInString(s.Name)) + 18
		if out.rows == 0 || at+size > width && at > from {
			out.rows, at = out.rows+1, from
		}
		out.entries = append(out.entries, entry{s, looks[i], at, float64(out.rows - 1)})
		at += size
	}
	if len(out.entries) < 2 {
		return legend{}
	}
	return out
}

func (w *writer) legend(l legend) {
	for _, e := range l.entries {
		y := 12 + legendRow*e.row
		if e.series.Loose {
			w.printf("<circle class=\"%s\" r=\"4\" cx=\"%s\" cy=\"%s\"/>", e.series.fill(e.look), place(e.at+14), place(y))
		} else {
			w.printf("<path class=\"%s\" d=\"M%s %sh28\"/>", e.series.dashes(e.look), place(e.at), place(y))
		}
		w.printf("<text class=\"v\" x=\"%s\" y=\"%s\">%s</text>", place(e.at+34), place(y+5), e.series.Name)
	}
}

// table is the numbers of the chart: of long series some, evenly chosen.
func (l Lines) table() Table {
	t := Table{Columns: []Column{{"series", false}, {l.X, true}, {l.Y, true}}}
	all, intervals := 0, false
	for _, s := range l.Series {
		if s.Faint && s.Name == "" {
			continue
		}
		all += len(s.Y)
		intervals = intervals || s.Lo != nil
	}
	if intervals {
		t.Columns = append(t.Columns, Column{"low", true}, Column{"high", true})
	}
	for _, s := range l.Series {
		if s.Faint && s.Name == "" {
			continue
		}
		for _, at := range evenly(len(s.Y), all) {
			row := []string{s.Name, number(s.X[at]), number(s.Y[at])}
			if s.Lo != nil {
				row = append(row, number(s.Lo[at]), number(s.Hi[at]))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if all > len(t.Rows) {
		t.Caption = number(float64(len(t.Rows))) + " of " + number(float64(all)) + " points; all are in " + cmp.Or(l.File, "metrics.jsonl")
	}
	return t
}

// evenly returns the places of the points that are told of a series of n, of
// series that have all together.
func evenly(n, all int) (at []int) {
	rows := n
	if all > mostNumbers {
		rows = min(n, max(2, mostNumbers*n/all))
	}
	for r := range rows {
		if rows < n {
			at = append(at, r*(n-1)/(rows-1))
		} else {
			at = append(at, r)
		}
	}
	return at
}
