//go:build linux

package main

import (
	"fmt"

	"github.com/descent-ml/descent/bench/plot"
)

// draw is the time of an update against the rows of the table, both axes
// logarithmic.
func draw(all []result) string {
	least, most := all[0].ms, 0.0
	p := plot.Plot{Title: fmt.Sprintf("Time of an update that touches %d rows of %d numbers against the rows of the table", examples*named, dim)}
	for _, rule := range rules {
		line := plot.Line{Name: rule.name, Color: rule.color}
		for _, r := range all {
			if r.rule.name == rule.name {
				least, most = min(least, r.ms), max(most, r.ms)
				line.Points = append(line.Points, [2]float64{float64(r.rows), r.ms})
			}
		}
		p.Lines = append(p.Lines, line)
	}
	p.X = plot.Axis{Label: "rows of the table", Ticks: plot.Decades(float64(sizes[0]), float64(sizes[len(sizes)-1])), Log: true,
		Name: func(v float64) string { return grouped(int(v)) }}
	p.Y = plot.Axis{Label: "ms an update", Ticks: plot.Decades(least, most), Log: true}
	return p.SVG()
}
