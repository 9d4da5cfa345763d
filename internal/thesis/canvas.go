package thesis

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// canvas collects an SVG.
type canvas struct{ strings.Builder }

// style gives the classes of the picture their colors, on light and on dark
// screens: those of Okabe and Ito, as in package report/page.
const style = `.tg{--fg:#1d2021;--dim:#5c6166;--line:#dfe2e4;--bg:#fdfdfc;--heat:#41606f;--c0:#0068a8;--c1:#b84f00;--c2:#00785a}
@media(prefers-color-scheme:dark){.tg{--fg:#e4e6e3;--dim:#a2a8ab;--line:#34393c;--bg:#16181a;--heat:#9fc3d6;--c0:#56b4e9;--c1:#e69f00;--c2:#2fbf96}}
.tg text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--dim);font-variant-numeric:tabular-nums}
.tg .h1{font-size:22px;font-weight:600;fill:var(--fg)}.tg .h2{font-size:14px;font-weight:600;fill:var(--fg)}.tg .fg{fill:var(--fg)}
.tg .halo{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
.tg .bg{fill:var(--bg)}.tg .grid{stroke:var(--line)}.tg .axis{stroke:var(--dim)}.tg .mark{stroke:var(--dim);stroke-dasharray:3 3}
.tg .heat{fill:var(--heat);fill-opacity:.075;stroke:var(--heat);stroke-opacity:.35;stroke-width:.7}
.tg .s{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.tg .s0{stroke:var(--c0)}.tg .s1{stroke:var(--c1)}.tg .s2{stroke:var(--c2)}.tg .s3{stroke:var(--dim)}
.tg .f0{fill:var(--c0)}.tg .f1{fill:var(--c1)}.tg .f2{fill:var(--c2)}.tg .f3{fill:var(--dim)}
.tg text.f0{fill:var(--c0)}.tg text.f1{fill:var(--c1)}.tg text.f2{fill:var(--c2)}`

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(&c.Builder, format, args...) }

// text writes a line. anchor is start, middle or end.
func (c *canvas) text(x, y float64, class, anchor, s string) {
	c.printf(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(s))
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.printf(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func (c *canvas) dot(class string, x, y, r float64) {
	c.printf(`<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`+"\n", class, x, y, r)
}

// path draws a line through points, of a width in pixels.
func (c *canvas) path(class string, width float64, points [][2]float64) {
	c.printf(`<path class="s %s" stroke-width="%g" style="stroke-width:%[2]g" d="%s"/>`+"\n", class, width, lines(points))
}

// lines is a path through points.
func lines(points [][2]float64) string {
	var b strings.Builder
	for i, p := range points {
		pen := byte('L')
		if i == 0 {
			pen = 'M'
		}
		fmt.Fprintf(&b, "%c%.1f %.1f", pen, p[0], p[1])
	}
	return b.String()
}

// axis maps numbers to places, straight or by their logarithm.
type axis struct {
	lo, hi   float64
	from, to float64
	log      bool
	ticks    []tick
}

type tick struct {
	at    float64
	label string
}

func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	return a.from + (v-lo)/(hi-lo)*(a.to-a.from)
}

// holds reports whether a number is within the axis.
func (a axis) holds(v float64) bool { return v >= a.lo && v <= a.hi }

// logAxis covers the given numbers above 0, with a tick at each power of ten, or
// at each second or third where there are many. label writes a number.
func logAxis(label func(float64) string, values ...float64) axis {
	a := axis{lo: math.Inf(1), hi: math.Inf(-1), log: true}
	for _, v := range values {
		if v > 0 {
			a.lo, a.hi = min(a.lo, v), max(a.hi, v)
		}
	}
	room := math.Pow(a.hi/a.lo, 0.04)
	a.lo, a.hi = a.lo/room, a.hi*room
	first, last := math.Ceil(math.Log10(a.lo)), math.Floor(math.Log10(a.hi))
	each := max(1, math.Ceil((last-first+1)/5))
	steps := []float64{1}
	if last-first < 2 {
		steps = []float64{1, 2, 5}
	}
	for e := first - 1; e <= last; e += each {
		for _, s := range steps {
			if v := s * math.Pow(10, e); a.holds(v) {
				a.ticks = append(a.ticks, tick{v, label(v)})
			}
		}
	}
	return a
}

// panel is a chart at a place of the picture.
type panel struct {
	*canvas
	left, top, right, bottom float64
	x, y                     axis
}

// chart draws the frame of a chart under its title.
func (c *canvas) chart(left, top, right, bottom float64, title string, x, y axis) panel {
	x.from, x.to, y.from, y.to = left, right, bottom, top
	c.text(left-46, top-14, "h2", "start", title)
	for _, t := range y.ticks {
		c.line("grid", left, y.at(t.at), right, y.at(t.at))
		c.text(left-7, y.at(t.at)+4.5, "", "end", t.label)
	}
	for _, t := range x.ticks {
		c.line("axis", x.at(t.at), bottom, x.at(t.at), bottom+4)
		c.text(x.at(t.at), bottom+18, "", "middle", t.label)
	}
	c.line("axis", left, bottom, right, bottom)
	return panel{c, left, top, right, bottom, x, y}
}

// under names the horizontal axis.
func (p panel) under(s string) { p.text((p.left+p.right)/2, p.bottom+36, "", "middle", s) }

// curve draws points that the axes hold.
func (p panel) curve(class string, width float64, x, y []float64) {
	var at [][2]float64
	for i := range x {
		if p.x.holds(x[i]) && p.y.holds(y[i]) {
			at = append(at, [2]float64{p.x.at(x[i]), p.y.at(y[i])})
		}
	}
	p.path(class, width, at)
}
