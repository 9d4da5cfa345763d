package main

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
	"github.com/descent-ml/descent/train"
)

// reportName is the report of a run, for people.
const reportName = "report.html"

// writeReport writes the report of a run that is over.
func writeReport(c *config.Config, sets *config.Sets, r *train.Run, q *assess.Quality) error {
	records, err := report.ReadMetrics(r.Dir)
	if err != nil {
		return err
	}
	p := &page.Page{
		Title:    c.Name,
		Subtitle: sets.String(),
		Facts:    facts(r, q),
		Footer:   fmt.Sprintf("descent %s, %s", r.Summary.Version, filepath.Base(r.Dir)),
	}
	if q != nil {
		p.Sections = append(p.Sections, quality(q)...)
		sheet, err := mistakes(sets, q)
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, sheet...)
	}
	if r.Summary.Tokens > 0 && q == nil && r.Summary.Baseline != nil {
		p.Sections = append(p.Sections, textScores(&r.Summary))
	}
	entries, err := report.ReadJournal(r.Dir)
	if err != nil {
		return err
	}
	p.Sections = append(append(p.Sections, curves(records, r, c.Until)), course(records, entries, &r.Summary)...)
	samples, err := samplesOf(r)
	if err != nil {
		return err
	}
	p.Sections = append(p.Sections, samples...)
	if s := sets.Schema; s != nil && (len(s.Columns) > 0 || s.Text != nil && s.Text.Column != "") {
		p.Sections = append(p.Sections, columnsOf(sets.Schema))
	}
	p.Sections = append(p.Sections, page.Section{Title: "Configuration", Blocks: []page.Block{page.Code{Caption: "config.yaml", Text: string(c.YAML())}}}, environment(r))
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		return err
	}
	return report.WriteFile(filepath.Join(r.Dir, reportName), b.Bytes())
}

// facts are what is read first.
func facts(r *train.Run, q *assess.Quality) []page.Fact {
	var out []page.Fact
	if q != nil {
		for _, name := range headline {
			s, ok := q.Model.Get(name)
			if !ok || len(out) == 3 || name == "balanced_accuracy" || name == "pr_auc" {
				continue
			}
			note := interval(s)
			if note != "" {
				note = "95 % interval " + note
			}
			out = append(out, page.Fact{Name: name + " on " + q.Part + " data", Value: short(s.Value), Note: note})
		}
	}
	s := &r.Summary
	speed := report.Short(s.ExamplesPerSecond) + " examples/s"
	if s.Tokens > 0 {
		speed = report.Scaled(s.TokensPerSecond) + " tokens/s"
		out = append(out, textFacts(s)...)
	}
	return append(out, page.Fact{Name: "training", Value: time.Duration(s.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String(),
		Note: fmt.Sprintf("%d updates, %s, %.0f MiB", s.Updates, speed, float64(s.PeakBytes)/(1<<20))})
}

// quality is how good the model is, and where it is not.
func quality(q *assess.Quality) []page.Section {
	out := []page.Section{scoreTable(q)}
	if len(q.Model.Classes) > 0 {
		out = append(out, classes(q.Model))
	}
	if len(q.Model.Bins) > 0 {
		bins := make([]page.Bin, len(q.Model.Bins))
		for i, b := range q.Model.Bins {
			bins[i] = page.Bin{Lo: b.Lo, Hi: b.Hi, Confidence: b.Confidence, Accuracy: b.Accuracy, Count: b.Count}
		}
		out = append(out, page.Section{Title: "Calibration", Intro: "Of predictions made with a probability of 0.8, eight in ten should be right: then the points are on the diagonal.",
			Blocks: []page.Block{page.Reliability{Caption: "Share that is right, by probability", Bins: bins}}})
	}
	if len(q.Importance) > 0 {
		out = append(out, importance(q))
	}
	if q.Ranking != nil {
		out = append(out, rankingSection(q))
	}
	return out
}

func scoreTable(q *assess.Quality) page.Section {
	t := page.Table{Caption: "Scores on " + q.Part + " data", Columns: []page.Column{{Name: "score"}, {Name: "model", Numeric: true}, {Name: "95 % interval", Numeric: true}}}
	for _, b := range q.Baselines {
		t.Columns = append(t.Columns, page.Column{Name: b.Name, Numeric: true})
	}
	for _, s := range q.Model.Scores {
		row := []string{s.Name, short(s.Value), interval(s)}
		for _, b := range q.Baselines {
			row = append(row, scoreOf(b.Scores, s.Name))
		}
		t.Rows = append(t.Rows, row)
	}
	examples := "examples"
	if q.Ranking != nil {
		examples = "rankings of users"
	}
	var about []string
	for _, b := range q.Baselines {
		about = append(about, b.Name+" is "+b.About)
	}
	intro := fmt.Sprintf("%d %s. %s. ", q.Model.Examples, examples, strings.Join(about, "; "))
	if q.Model.Resamples > 0 {
		intro += fmt.Sprintf("Intervals are of %d bootstrap resamples of these %s: they do not cover another seed of training.", q.Model.Resamples, examples)
	}
	return page.Section{Title: "Quality", Intro: intro, Blocks: []page.Block{t, page.Text{Paragraphs: q.Notes}}}
}

// mostBars is how many columns are drawn.
const mostBars = 30

func importance(q *assess.Quality) page.Section {
	bars := page.Bars{Caption: "Growth of the loss when a column is shuffled", Unit: "loss"}
	for _, i := range q.Importance[:min(len(q.Importance), mostBars)] {
		bars.Bars = append(bars.Bars, page.Bar{Name: i.Column, Value: i.Loss, Lo: math.NaN(), Hi: math.NaN()})
	}
	return page.Section{Title: "Columns that matter", Blocks: []page.Block{bars},
		Intro: "How much worse the model gets when the values of a column are exchanged between examples. Columns that say the same share their importance."}
}

func columnsOf(s *dataset.Schema) page.Section {
	t := page.Table{Caption: "Columns", Columns: []page.Column{{Name: "column"}, {Name: "what it was taken for"}}}
	for i := range s.Columns {
		t.Rows = append(t.Rows, []string{s.Columns[i].Name, s.Columns[i].String()})
	}
	if s.Text != nil {
		t.Rows = append(t.Rows, []string{s.Text.Column, s.Text.String()})
	}
	for _, d := range s.Dropped {
		t.Rows = append(t.Rows, []string{d.Name, "not used: " + d.Reason})
	}
	section := page.Section{Title: "Data", Blocks: []page.Block{t}}
	if notes := s.Hints; len(notes) > 0 {
		section.Blocks = append([]page.Block{page.Text{Paragraphs: notes}}, section.Blocks...)
	}
	return section
}

func environment(r *train.Run) page.Section {
	s := &r.Summary
	t := page.Table{Caption: "Environment", Columns: []page.Column{{Name: "what"}, {Name: "value"}}, Rows: [][]string{
		{"fingerprint of the state", s.Fingerprint}, {"descent", s.Version}, {"go", runtime.Version()}, {"platform", runtime.GOOS + "/" + runtime.GOARCH},
		{"instructions", s.ISA}, {"processors", fmt.Sprint(runtime.NumCPU())}, {"stopped", s.Stopped},
		{"memory, peak", fmt.Sprintf("%.1f MiB", float64(s.PeakBytes)/(1<<20))},
		{"memory, pages of files at the end (the program, mapped data)", fmt.Sprintf("%.1f MiB", float64(s.FileBytes)/(1<<20))}, {"memory, planned", fmt.Sprintf("%.1f MiB", float64(s.PlannedBytes)/(1<<20))},
	}}
	return page.Section{Title: "Environment", Blocks: []page.Block{t}}
}
