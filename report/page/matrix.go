package page

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Matrix is counts by row and column, such as of true and predicted classes: of
// few classes a table of counts and shares of the row, of many a map of shades.
type Matrix struct {
	Caption, RowTitle, ColumnTitle string
	Names                          []string
	Counts                         [][]float64
}

// Limits of the classes of a matrix that is written as a table, and of one that is
// drawn; and the longest name that lies above a narrow column.
const (
	mostCells = 20
	mostDrawn = 1000
	mostLying = 5
)

// fullShade is the opacity of a share of 1 in a table: text stays readable on it.
// Opacity grows with the square root of the share, so that a class of which one
// in twenty is taken for another shows.
const fullShade = 0.62

func (m Matrix) write(w *writer) {
	switch n := len(m.Names); {
	case n <= mostCells:
		m.cells(w)
	case n <= mostDrawn:
		m.shades(w)
	}
}

// cells writes a table: each cell is a count and its share of the row.
func (m Matrix) cells(w *writer) {
	w.printf("<p class=\"cap\">%s: a row is a %s, a column a %s; below the count its share of the row</p>", m.Caption, m.RowTitle, m.ColumnTitle)
	look := "m"
	if len(m.Names) > 3 && slices.ContainsFunc(m.Names, func(n string) bool { return utf8.RuneCountInString(n) > mostLying }) {
		look = "m standing"
	}
	w.printf("<div class=\"scroll\"><table class=\"%s\"><thead><tr><th></th>", look)
	for _, n := range m.Names {
		w.printf("<th scope=\"col\"><span>%s</span></th>", cut(n, 24))
	}
	w.WriteString("</tr></thead><tbody>\n")
	for i, row := range m.Counts {
		w.printf("<tr><th scope=\"row\">%s</th>", cut(m.Names[i], 24))
		total := sum(row)
		for _, v := range row {
			if v == 0 {
				w.WriteString("<td class=\"z\">0</td>")
				continue
			}
			w.printf("<td style=\"background:rgba(var(--heat),%.2f)\">%s<small>%s</small></td>", fullShade*math.Sqrt(v/total), number(v), percent(v/total))
		}
		w.WriteString("</tr>\n")
	}
	w.WriteString("</tbody></table></div>\n")
}

func sum(row []float64) (total float64) {
	for _, v := range row {
		total += v
	}
	return total
}

// percent writes a share with as many digits as tell it from 0 and from 1.
func percent(share float64) string {
	const unit = "\u202f%"
	p := 100 * share
	switch {
	case share < 1 && p > 99.95:
		return ">99.9" + unit
	case p < 0.05:
		return "<0.1" + unit
	case share == 1:
		return "100" + unit
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + unit
}

// levels is how many shades a map has.
const levels = 16

// shades draws a map of squares, shaded by the square root of the share of their
// row.
func (m Matrix) shades(w *writer) {
	const side = 600.0
	n := float64(len(m.Names))
	x, y := scale{0, n, left, left + side, false}, scale{0, n, top, top + side, false}
	w.open(m.Caption+": a row is a "+m.RowTitle+", a column a "+m.ColumnTitle+", by number; the stronger the shade, the greater the share of the row", width, top+side+bottom)
	for _, v := range x.ticks(10) {
		if v == math.Trunc(v) && v < n {
			w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", place(x.at(v+0.5)), place(y.to+20), number(v))
			w.printf("<text x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>", place(x.from-8), place(y.at(v+0.5)+5), number(v))
		}
	}
	w.printf("<text x=\"4\" y=\"16\">%s</text><text x=\"%s\" y=\"%s\" text-anchor=\"middle\">%s</text>", m.RowTitle, place((x.from+x.to)/2), place(y.to+44), m.ColumnTitle)
	w.printf("<g transform=\"translate(%s %s) scale(%.5f)\">", place(x.from), place(y.from), side/n)
	for level, path := range m.paths() {
		if path != "" {
			w.printf("<path class=\"h\" stroke-opacity=\"%.3f\" d=\"%s\"/>", float64(level+1)/levels, path)
		}
	}
	w.printf("</g><rect class=\"axis\" fill=\"none\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%[3]s\"/>", place(x.from), place(y.from), place(side))
	w.close()
}

// paths are the cells of each shade as lines of width 1 in the coordinates of
// rows and columns; neighbors of one shade are one line.
func (m Matrix) paths() [levels]string {
	var b [levels]strings.Builder
	for i, row := range m.Counts {
		total := sum(row)
		for j := 0; j < len(row); {
			level, from := shade(row[j], total), j
			for j++; j < len(row) && shade(row[j], total) == level; j++ {
			}
			if level >= 0 {
				b[level].WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(i) + ".5h" + strconv.Itoa(j-from))
			}
		}
	}
	var out [levels]string
	for level := range out {
		out[level] = b[level].String()
	}
	return out
}

// shade is the level of a count, -1 for none.
func shade(v, total float64) int {
	if v <= 0 || total <= 0 {
		return -1
	}
	return min(int(levels*math.Sqrt(v/total)), levels-1)
}
