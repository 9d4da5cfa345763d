//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

const (
	plotWidth, plotHeight    = 720, 420
	left, right, top, bottom = 60, 190, 20, 45
)

// plot draws the time of an update against the rows of the table, both axes
// logarithmic.
func plot(all []result) string {
	least, most := math.Inf(1), 0.0
	for _, r := range all {
		least, most = min(least, r.ms), max(most, r.ms)
	}
	low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	first, last := math.Log10(float64(sizes[0])), math.Log10(float64(sizes[len(sizes)-1]))
	x := func(log float64) float64 { return left + (log-first)/(last-first)*(plotWidth-left-right) }
	y := func(log float64) float64 { return plotHeight - bottom - (log-low)/(high-low)*(plotHeight-top-bottom) }

	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, "<title>Time of an update that touches %d rows of %d numbers against the rows of the table</title>\n", examples*named, dim)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	for p := first; p <= last; p++ {
		fmt.Fprintf(&s, `<path d="M%.1f %d V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x(p), top, plotHeight-bottom, x(p), plotHeight-bottom+18, grouped(int(math.Pow(10, p))))
	}
	for p := low; p <= high; p++ {
		fmt.Fprintf(&s, `<path d="M%d %.1f H%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n",
			left, y(p), plotWidth-right, left-6, y(p)+4, math.Pow(10, p))
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="middle">rows of the table</text>`+"\n", (left+plotWidth-right)/2, plotHeight-8)
	fmt.Fprintf(&s, `<text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">ms an update</text>`+"\n", plotHeight/2, plotHeight/2)
	for i, r := range rules {
		curve(&s, r, all, 30+20*i, x, y)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// curve draws the results of a rule, with its name in the legend.
func curve(s *strings.Builder, r rule, all []result, at int, x, y func(float64) float64) {
	var points []string
	for _, u := range all {
		if u.rule.name == r.name {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(math.Log10(float64(u.rows))), y(math.Log10(u.ms))))
		}
	}
	if points == nil {
		return
	}
	fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), r.color)
	fmt.Fprintf(s, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", plotWidth-right+12, at, r.color, r.name)
}
