// Package page writes a report as one HTML file that needs nothing else: text,
// tables and charts in SVG, each with its numbers below, for light and dark
// screens, phones and paper.
//
// A chart is Lines, whatever it shows. Its axes are linear or logarithmic
// (LogX, LogY), with ticks of one's own where these are what was tried (TicksX).
// A Series is a line, and by its fields:
//
//	page.Series{X: x, Y: y, Lo: lo, Hi: hi}                         // a band around it
//	page.Series{X: x, Y: y, Lo: lo, Hi: hi, Bars: true, Dots: true} // points with error bars, joined
//	page.Series{X: x, Y: y, Lo: lo, Hi: hi, Bars: true, Loose: true} // and not joined
//	page.Series{X: x, Y: y, Steps: true}                            // each value holds up to the next: a batch size
//	page.Series{X: x, Y: y, Faint: true}                            // a guide behind the others: perfect scaling, one seed, a contour
//
// X need not grow: a path in a plane of two weights is a series too, with Equal
// a unit is as long on both axes. A Mark is a vertical line with a label, a Level a horizontal one, such as a
// target. What is missing is NaN; the end of an interval that has none is ±Inf.
package page

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
)

// Page is a report. All text is plain and is escaped.
type Page struct {
	Title, Subtitle string
	Facts           []Fact // what is read first
	Sections        []Section
	Footer          string
}

// Fact is a number that stands out.
type Fact struct{ Name, Value, Note string }

// Section is a part of a page under a title.
type Section struct {
	Title, Intro string
	Blocks       []Block
}

// Block is a piece of a section: Text, Table, Code, Lines, Bars, Matrix,
// Reliability, Sheet or Drawing.
type Block interface{ write(w *writer) }

// Text is paragraphs.
type Text struct{ Paragraphs []string }

// Table is rows of cells under names. A wide one scrolls by itself; of a folded
// one only the caption is seen first.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]string
	Folded  bool
}

// Column is a column of a table; numbers stand at the right.
type Column struct {
	Name    string
	Numeric bool
}

// Code is text as it is, folded if it is long.
type Code struct{ Caption, Text string }

// foldedLines is how long code may be without being folded.
const foldedLines = 30

// writer collects HTML.
type writer struct {
	strings.Builder
	ids int
}

// printf writes HTML; the arguments are escaped where they are strings.
func (w *writer) printf(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = html.EscapeString(s)
		}
	}
	fmt.Fprintf(&w.Builder, format, args...)
}

// Render writes the page.
func (p *Page) Render(out io.Writer) error {
	w := new(writer)
	w.printf("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>", p.Title)
	w.WriteString(style)
	w.printf("</style>\n</head>\n<body>\n<main>\n<header>\n<h1>%s</h1>\n", p.Title)
	if p.Subtitle != "" {
		w.printf("<p class=\"sub\">%s</p>\n", p.Subtitle)
	}
	w.WriteString("</header>\n")
	p.facts(w)
	if len(p.Sections) > 4 {
		w.WriteString("<nav aria-label=\"Contents\">")
		for i, s := range p.Sections {
			w.printf("<a href=\"#s%d\">%s</a> ", i+1, s.Title)
		}
		w.WriteString("</nav>\n")
	}
	for i, s := range p.Sections {
		w.printf("<section id=\"s%d\">\n<h2>%s</h2>\n", i+1, s.Title)
		if s.Intro != "" {
			w.printf("<p>%s</p>\n", s.Intro)
		}
		for _, b := range s.Blocks {
			b.write(w)
		}
		w.WriteString("</section>\n")
	}
	if p.Footer != "" {
		w.printf("<footer>%s</footer>\n", p.Footer)
	}
	w.WriteString("</main>\n</body>\n</html>\n")
	b := bufio.NewWriter(out)
	if _, err := b.WriteString(w.String()); err != nil {
		return err
	}
	return b.Flush()
}

func (p *Page) facts(w *writer) {
	if len(p.Facts) == 0 {
		return
	}
	w.WriteString("<dl class=\"facts\">\n")
	for _, f := range p.Facts {
		w.printf("<div><dt>%s</dt><dd><b>%s</b><small>%s</small></dd></div>\n", f.Name, f.Value, f.Note)
	}
	w.WriteString("</dl>\n")
}

func (t Text) write(w *writer) {
	for _, p := range t.Paragraphs {
		w.printf("<p>%s</p>\n", p)
	}
}

func (t Table) write(w *writer) {
	if t.Folded {
		w.printf("<details><summary>%s</summary>", t.Caption)
		t.Caption, t.Folded = "", false
		t.write(w)
		w.WriteString("</details>\n")
		return
	}
	w.WriteString("<div class=\"scroll\"><table>\n")
	if t.Caption != "" {
		w.printf("<caption>%s</caption>\n", t.Caption)
	}
	w.WriteString("<thead><tr>")
	for _, c := range t.Columns {
		w.printf("<th scope=\"col\"%s>%s</th>", class(c.Numeric), c.Name)
	}
	w.WriteString("</tr></thead>\n<tbody>\n")
	for _, row := range t.Rows {
		w.WriteString("<tr>")
		for i, cell := range row {
			w.printf("<td%s>%s</td>", class(i < len(t.Columns) && t.Columns[i].Numeric), cell)
		}
		w.WriteString("</tr>\n")
	}
	w.WriteString("</tbody></table></div>\n")
}

// markup is HTML that is not escaped.
type markup []byte

// Format implements fmt.Formatter.
func (m markup) Format(f fmt.State, _ rune) { f.Write(m) }

func class(numeric bool) markup {
	if numeric {
		return markup(` class="n"`)
	}
	return nil
}

func (c Code) write(w *writer) {
	if strings.Count(c.Text, "\n") > foldedLines {
		w.printf("<details><summary>%s</summary><pre>%s</pre></details>\n", c.Caption, c.Text)
		return
	}
	w.printf("<p class=\"cap\">%s</p><pre>%s</pre>\n", c.Caption, c.Text)
}

// numbers writes the numbers of a chart, folded.
func (w *writer) numbers(t Table) {
	w.WriteString("<details class=\"num\"><summary>Numbers</summary>")
	t.write(w)
	w.WriteString("</details>\n")
}
