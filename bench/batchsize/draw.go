package main

import (
	"fmt"
	"math"
	"os"
	"strings"
)

// The drawing is a panel for each task, three in a row. All have the same axes: the batch
// size, and the time to the target over that of the best fixed size, both logarithmic.
const (
	panelWidth, panelHeight    = 300, 230
	panelLeft, panelTop        = 42, 30
	plotWidth, plotHeight      = 240, 150
	mostSize                   = 1024
	leastRatio, mostRatio      = 0.5, 8.0
	fixedColor, autoColor      = "#2c5aa0", "#c0392b"
	adviseColor                = "#0b6e4f"
	panelsInRow, legendBetween = 3, 26
)

func xOf(size float64) float64 {
	return panelLeft + plotWidth*math.Log(size)/math.Log(mostSize)
}

// yOf is where a ratio is drawn; what is beyond the axis lies on its edge.
func yOf(ratio float64) float64 {
	ratio = min(max(ratio, leastRatio), mostRatio)
	return panelTop + plotHeight*math.Log(mostRatio/ratio)/math.Log(mostRatio/leastRatio)
}

// draw writes the curves of the tasks that have a best size.
func draw(b *book, chosen []*task, path string) error {
	rows := (len(chosen) + panelsInRow - 1) / panelsInRow
	width, height := panelWidth*panelsInRow, panelHeight*rows+legendBetween
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintln(&s, "<title>Time to the target against the batch size, over that of the best fixed size</title>")
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, t := range chosen {
		fmt.Fprintf(&s, `<g transform="translate(%d %d)">`+"\n", i%panelsInRow*panelWidth, i/panelsInRow*panelHeight)
		drawTask(&s, b, t)
		s.WriteString("</g>\n")
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d"><tspan fill="%s">● time of a fixed batch size, rate tuned for it</tspan><tspan dx="18" fill="%s">— batch: auto, from 32</tspan><tspan dx="18" fill="%s">◆ advise</tspan><tspan dx="18">bars: 95 %% over seeds; △: some were given up, so more</tspan></text>`+"\n",
		panelLeft, height-10, fixedColor, autoColor, adviseColor)
	s.WriteString("</svg>\n")
	return os.WriteFile(path, []byte(s.String()), 0o644)
}

func drawTask(s *strings.Builder, b *book, t *task) {
	c, all := b.clocks[t.name], b.groups(t)
	fmt.Fprintf(s, `<text x="%d" y="18" font-weight="bold">%s</text><text x="%d" y="18" text-anchor="end" fill="#555">%s to %g</text>`+"\n",
		panelLeft, t.name, panelLeft+plotWidth, t.metric, t.target)
	drawAxes(s)
	winner := best(all, c)
	if winner == nil {
		return
	}
	var line []string
	for _, g := range all {
		r, low, high := ratio(g, winner, c)
		switch g.method {
		case fixed:
			mark := "●"
			if sum := g.summary(c); sum.reached < sum.seeds {
				mark = "△"
			}
			line = append(line, fmt.Sprintf("%.1f,%.1f", xOf(float64(g.size)), yOf(r)))
			drawPoint(s, xOf(float64(g.size)), r, low, high, mark, fixedColor)
		case auto:
			fmt.Fprintf(s, `<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s" opacity="0.2"/><path d="M%d %.1f h%d" stroke="%s" stroke-width="2"/>`+"\n",
				panelLeft, yOf(high), plotWidth, yOf(low)-yOf(high), autoColor, panelLeft, yOf(r), plotWidth, autoColor)
		case advise:
			drawPoint(s, xOf(float64(g.size)), r, low, high, "◆", adviseColor)
		}
	}
	fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.Join(line, " "), fixedColor)
}

// drawPoint draws a mark with its interval.
func drawPoint(s *strings.Builder, x, r, low, high float64, mark, color string) {
	fmt.Fprintf(s, `<path d="M%.1f %.1f V%.1f" stroke="%s"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="%s">%s</text>`+"\n",
		x, yOf(low), yOf(high), color, x, yOf(r)+4, color, mark)
}

func drawAxes(s *strings.Builder) {
	for _, size := range []int{1, 8, 32, 128, 512} {
		x := xOf(float64(size))
		fmt.Fprintf(s, `<path d="M%.1f %d v%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x, panelTop, plotHeight, x, panelTop+plotHeight+15, size)
	}
	for _, r := range []float64{0.5, 1, 2, 4, 8} {
		fmt.Fprintf(s, `<path d="M%d %.1f h%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g×</text>`+"\n", panelLeft, yOf(r), plotWidth, panelLeft-5, yOf(r)+4, r)
	}
}
