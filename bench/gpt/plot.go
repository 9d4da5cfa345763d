//go:build linux

package main

import "github.com/descent-ml/descent/bench/plot"

// plotMemory draws memory against the context, both axes linear, up to a little
// over what ours and PyTorch take.
func plotMemory(all []usage) string {
	last := all[len(all)-1]
	most := 1.1 * max(last.ours, last.eager, last.stored)
	p := plot.Plot{
		Title: "Memory of a training step against the context: 4 layers, 4 heads, 128 channels, batch 1",
		X:     plot.Axis{Label: "context, positions", Ticks: plot.Multiples(float64(last.context/4), float64(last.context))},
		Y:     plot.Axis{Label: "MiB over the start", Ticks: plot.Multiples(250, most), Limit: most},
	}
	for _, l := range []struct {
		name, color string
		of          func(usage) float64
	}{
		{"descent", "#0b6e4f", func(u usage) float64 { return u.ours }},
		{"a T×T matrix a head", "#c0392b", func(u usage) float64 { return u.stored }},
		{"PyTorch", "#2c5aa0", func(u usage) float64 { return u.eager }},
		{"PyTorch, stored", "#8e6bbf", func(u usage) float64 { return u.matrix }},
	} {
		line := plot.Line{Name: l.name, Color: l.color}
		for _, u := range all {
			if v := l.of(u); v > 0 { // what is not installed has none
				line.Points = append(line.Points, [2]float64{float64(u.context), v})
			}
		}
		p.Lines = append(p.Lines, line)
	}
	return p.SVG()
}
