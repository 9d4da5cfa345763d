package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// conclude measures the model of a run that is over beside its baselines, and
// writes the summary with that and the report.
func (a *app) conclude(c *config.Config, sets *config.Sets, r *train.Run, f *trainFlags) error {
	if !report.Done(r.Summary.Stopped) {
		return nil
	}
	q, err := a.quality(c, sets, r)
	if a.signals.ctx.Err() != nil {
		return nil // the run is over; only this is left out
	}
	if err != nil {
		return fmt.Errorf("the model is trained and saved in %s; measuring it: %w", r.Dir, err)
	}
	if q != nil {
		if r.Summary.Quality, err = plainJSON(q, ""); err != nil {
			return err
		}
		if !f.quiet {
			showQuality(a.err, q)
		}
	}
	if r.Dir == "" {
		return nil
	}
	return errors.Join(report.WriteSummary(r.Dir, &r.Summary), writeReport(c, sets, r, q))
}

// quality measures on the test data, or else on the validation data; nil if
// there is neither.
func (a *app) quality(c *config.Config, sets *config.Sets, r *train.Run) (*assess.Quality, error) {
	j := assess.Job{Config: c, Sets: sets, Params: r.Params, Part: "test", Data: sets.Test, Seed: c.Seed}
	if j.Data == nil {
		j.Part, j.Data = "val", sets.Val
	}
	if j.Data == nil || !measurable(sets.Schema, j.Data) {
		return nil, nil
	}
	return j.Run(a.signals.ctx)
}

// measurable reports whether there are scores for the target.
func measurable(s *dataset.Schema, ds dataset.Dataset) bool {
	y := dataset.FieldIndex(ds.Fields(), dataset.FieldY)
	if y < 0 || s == nil || s.Target.Task == dataset.TaskLanguage {
		return false
	}
	return s.Target.Task != dataset.TaskClassification || len(ds.Fields()[y].Shape) == 0 || ds.Fields()[y].Shape.Size() == 1
}

// headline are the scores that people are shown first, by the task.
var headline = []string{"accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "f1", "log_loss", "ece", "rmse", "mae", "r2", "subset_accuracy", "macro_f1", "macro_roc_auc",
	"hr@10", "ndcg@10", "mrr", "recall@20", "map@10", "auc", "coverage@10"}

// showQuality prints a table of scores beside the baselines.
func showQuality(w io.Writer, q *assess.Quality) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  on %s\tmodel\t95 %% interval", cmp.Or(map[string]string{"test": "test data", "val": "validation data", "train": "training data"}[q.Part], q.Part))
	for _, b := range q.Baselines {
		fmt.Fprintf(t, "\t%s", b.Name)
	}
	fmt.Fprintln(t)
	for _, name := range headline {
		s, ok := q.Model.Get(name)
		if !ok {
			continue
		}
		fmt.Fprintf(t, "  %s\t%s\t%s", name, short(s.Value), interval(s))
		for _, b := range q.Baselines {
			fmt.Fprintf(t, "\t%s", scoreOf(b.Scores, name))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	for _, n := range q.Notes {
		fmt.Fprintln(w, "  note:", n)
	}
}

func scoreOf(scores []metric.Score, name string) string {
	for _, s := range scores {
		if s.Name == name {
			return short(s.Value)
		}
	}
	return "–"
}

// short prints a score for people: four digits.
func short(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	if v != 0 && math.Abs(v) < 1e-3 || math.Abs(v) >= 1e5 {
		return fmt.Sprintf("%.3g", v)
	}
	if math.Abs(v) < 1 {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.5g", v)
}

func interval(s metric.Score) string {
	if math.IsNaN(s.Lo) || math.IsNaN(s.Hi) {
		return ""
	}
	return short(s.Lo) + " to " + short(s.Hi)
}

// readQuality returns the quality of a summary, nil if it has none.
func readQuality(s *report.Summary) (*assess.Quality, error) {
	if s == nil || s.Quality == nil {
		return nil, nil
	}
	q := new(assess.Quality)
	return q, json.Unmarshal(s.Quality, q)
}
