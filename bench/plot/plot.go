// Package plot draws curves over a common axis as SVG.
package plot

import (
	"fmt"
	"math"
	"strings"
)

// Plot is curves over an axis. Its size is fixed.
type Plot struct {
	Title string // for readers who do not see it
	X, Y  Axis
	Lines []Line
}

// Axis goes from Ticks' first value to Limit; values beyond it are cut.
type Axis struct {
	Label string
	Ticks []float64
	Limit float64              // 0: the last tick
	Log   bool                 // logarithmic
	Name  func(float64) string // of a tick; nil: %g
}

// Line is a curve with its name in the legend. A line without points is left out.
type Line struct {
	Name, Color string
	Dashed      bool
	Points      [][2]float64
}

const (
	width, height            = 720, 420
	left, right, top, bottom = 60, 190, 20, 45
)

// Multiples are the ticks from 0 up to limit.
func Multiples(of, limit float64) (ticks []float64) {
	for v := 0.0; v <= limit; v += of {
		ticks = append(ticks, v)
	}
	return ticks
}

// Decades are the powers of ten that hold least and most between them.
func Decades(least, most float64) (ticks []float64) {
	for p := math.Floor(math.Log10(least)); p <= math.Ceil(math.Log10(most)); p++ {
		ticks = append(ticks, math.Pow(10, p))
	}
	return ticks
}

// SVG is the drawing.
func (p Plot) SVG() string {
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&s, "<title>%s</title>\n", p.Title)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&s, `<clipPath id="plot"><rect x="%d" y="%d" width="%d" height="%d"/></clipPath>`+"\n", left, top, width-left-right, height-top-bottom)
	p.axes(&s)
	at := 30
	for _, l := range p.Lines {
		if len(l.Points) > 0 {
			p.curve(&s, l, at)
			at += 20
		}
	}
	s.WriteString("</svg>\n")
	return s.String()
}

func (p Plot) x(v float64) float64 { return left + p.X.at(v)*(width-left-right) }
func (p Plot) y(v float64) float64 { return height - bottom - p.Y.at(v)*(height-top-bottom) }

// at is where a value lies on the axis, from 0 to 1.
func (a Axis) at(v float64) float64 {
	first, last := a.Ticks[0], a.Limit
	if last == 0 {
		last = a.Ticks[len(a.Ticks)-1]
	}
	if a.Log {
		v, first, last = math.Log10(v), math.Log10(first), math.Log10(last)
	}
	return (v - first) / (last - first)
}

func (a Axis) name(tick float64) string {
	if a.Name != nil {
		return a.Name(tick)
	}
	return fmt.Sprintf("%g", tick)
}

// axes draws a grid with a name at each line.
func (p Plot) axes(s *strings.Builder) {
	for _, t := range p.X.Ticks {
		fmt.Fprintf(s, `<path d="M%.1f %d V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			p.x(t), top, height-bottom, p.x(t), height-bottom+18, p.X.name(t))
	}
	for _, t := range p.Y.Ticks {
		fmt.Fprintf(s, `<path d="M%d %.1f H%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, p.y(t), width-right, left-6, p.y(t)+4, p.Y.name(t))
	}
	fmt.Fprintf(s, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+width-right)/2, height-8, p.X.Label)
	fmt.Fprintf(s, `<text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">%s</text>`+"\n", height/2, height/2, p.Y.Label)
}

// curve draws a line and its name in the legend.
func (p Plot) curve(s *strings.Builder, l Line, at int) {
	var points []string
	for _, v := range l.Points {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(v[0]), p.y(v[1])))
	}
	dash := ""
	if l.Dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s clip-path="url(#plot)"/>`+"\n", strings.Join(points, " "), l.Color, dash)
	fmt.Fprintf(s, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", width-right+12, at, l.Color, l.Name)
}
