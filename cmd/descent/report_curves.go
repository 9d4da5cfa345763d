package main

import (
	"math"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
	"github.com/descent-ml/descent/train"
)

// curves are the loss and the metrics over the updates, with the target if there is one.
func curves(records []report.Record, r *train.Run, until train.Target) page.Section {
	loss := map[string]*page.Series{}
	others := map[string]*page.Series{}
	var names []string
	for _, rec := range records {
		if rec.Split == "test" {
			continue
		}
		if loss[rec.Split] == nil {
			loss[rec.Split] = &page.Series{Name: rec.Split}
		}
		x := float64(rec.Update)
		if !math.IsNaN(rec.Loss) { // measures need no validation data
			loss[rec.Split].X, loss[rec.Split].Y = append(loss[rec.Split].X, x), append(loss[rec.Split].Y, rec.Loss)
		}
		for _, v := range rec.Values {
			if rec.Split != "val" {
				continue
			}
			if others[v.Name] == nil {
				others[v.Name] = &page.Series{Name: scoreName(v.Name) + " on validation data"}
				names = append(names, v.Name)
			}
			others[v.Name].X, others[v.Name].Y = append(others[v.Name].X, x), append(others[v.Name].Y, v.V)
		}
	}
	lines := page.Lines{Caption: "Loss", X: "update", Y: "loss", Levels: goal(until, "loss")}
	for _, split := range []string{"train", "val"} {
		if s := loss[split]; s != nil {
			lines.Series = append(lines.Series, *s)
		}
	}
	if b := r.Summary.Best; b != nil {
		lines.Marks = append(lines.Marks, page.Mark{X: float64(b.Update), Label: "best"})
	}
	section := page.Section{Title: "Training", Intro: "The loss of training is of each batch before its update, with dropout; that of validation is of the whole validation data.", Blocks: []page.Block{lines}}
	for _, name := range names {
		if len(others[name].X) < 2 && r.Summary.Tokens > 0 {
			continue // the scores tell it
		}
		section.Blocks = append(section.Blocks, page.Lines{Caption: scoreName(name), X: "update", Y: scoreName(name), Series: []page.Series{*others[name]}, Levels: goal(until, name)})
	}
	return section
}

// goal is the line of a target of a metric.
func goal(until train.Target, metric string) []page.Level {
	if until.Metric != metric {
		return nil
	}
	return []page.Level{{Y: until.Value, Label: "target"}}
}
