//go:build linux

package main

import (
	"fmt"
	"strings"
)

// line is a curve of a plot over the contexts.
type line struct {
	name, color string
	of          func(usage) float64
}

const (
	plotWidth, plotHeight    = 720, 420
	left, right, top, bottom = 60, 190, 20, 45
)

// plotMemory draws memory against the context, both axes linear, up to a little
// over what ours and PyTorch take; curves that leave the plot are cut.
func plotMemory(all []usage) string {
	lines := []line{
		{"descent", "#0b6e4f", func(u usage) float64 { return u.ours }},
		{"a T×T matrix a head", "#c0392b", func(u usage) float64 { return u.stored }},
		{"PyTorch", "#2c5aa0", func(u usage) float64 { return u.eager }},
		{"PyTorch, stored", "#8e6bbf", func(u usage) float64 { return u.matrix }},
	}
	last := all[len(all)-1]
	most := 1.1 * max(last.ours, last.eager, last.stored)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, "<title>Memory of a training step against the context: 4 layers, 4 heads, 128 channels, batch 1</title>\n")
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<clipPath id="plot"><rect x="%d" y="%d" width="%d" height="%d"/></clipPath>`+"\n", left, top, plotWidth-left-right, plotHeight-top-bottom)
	x := func(context int) float64 { return left + float64(context)/float64(last.context)*(plotWidth-left-right) }
	y := func(mib float64) float64 { return plotHeight - bottom - mib/most*(plotHeight-top-bottom) }
	axes(&s, last.context, most, x, y)
	for i, l := range lines {
		curve(&s, all, l, 30+20*i, x, y)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// axes draws a grid with a label each.
func axes(s *strings.Builder, context int, most float64, x func(int) float64, y func(float64) float64) {
	for c := 0; c <= context; c += context / 4 {
		fmt.Fprintf(s, `<path d="M%.1f %d V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n",
			x(c), top, plotHeight-bottom, x(c), plotHeight-bottom+18, c)
	}
	const ticks = 250.0 // MiB
	for m := 0.0; m <= most; m += ticks {
		fmt.Fprintf(s, `<path d="M%d %.1f H%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n",
			left, y(m), plotWidth-right, left-6, y(m)+4, m)
	}
	fmt.Fprintf(s, `<text x="%d" y="%d" text-anchor="middle">context, positions</text>`+"\n", (left+plotWidth-right)/2, plotHeight-8)
	fmt.Fprintf(s, `<text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">MiB over the start</text>`+"\n", plotHeight/2, plotHeight/2)
}

// curve draws one line with its name in the legend; a line of zeros is missing.
func curve(s *strings.Builder, all []usage, l line, at int, x func(int) float64, y func(float64) float64) {
	if l.of(all[len(all)-1]) == 0 {
		return
	}
	var points []string
	for _, u := range all {
		points = append(points, fmt.Sprintf("%.1f,%.1f", x(u.context), y(l.of(u))))
	}
	fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2" clip-path="url(#plot)"/>`+"\n", strings.Join(points, " "), l.color)
	fmt.Fprintf(s, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", plotWidth-right+12, at, l.color, l.name)
}
