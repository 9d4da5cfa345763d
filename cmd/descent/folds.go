package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/report"
)

// runFolds trains once for each fold of the data, in folders of --out, and
// tells the mean of the scores and how they spread.
func (a *app) runFolds(args []string, f *trainFlags) error {
	if f.folds < 2 || f.out == "" || f.resume != "" || f.replay != "" || f.json {
		return usagef("--folds wants a number from 2, and --out DIR for the runs, without --resume, --replay and --json")
	}
	if _, err := os.Stat(f.out); err == nil {
		return usagef("--out %s exists (choose another)", f.out)
	}
	scores := map[string][]float64{}
	for fold := range f.folds {
		one := *f
		one.folds, one.out = 0, filepath.Join(f.out, "fold-"+strconv.Itoa(fold))
		one.set = append([]string{"data.split.test=0", "data.split.folds=" + strconv.Itoa(f.folds), "data.split.fold=" + strconv.Itoa(fold)}, f.set...)
		if err := a.runTrain(args, &one); err != nil {
			return fmt.Errorf("fold %d of %d: %w", fold, f.folds, err)
		}
		if err := addScores(scores, one.out); err != nil {
			return err
		}
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d folds\tmean\tstandard deviation\t\n", f.folds)
	for _, name := range headline {
		if v := scores[name]; len(v) == f.folds {
			mean, deviation := spread(v)
			fmt.Fprintf(t, "%s\t%s\t%s\t\n", name, short(mean), short(deviation))
		}
	}
	return t.Flush()
}

// addScores collects the scores of a run.
func addScores(scores map[string][]float64, dir string) error {
	s, err := report.ReadSummary(dir)
	if err != nil {
		return err
	}
	q, err := readQuality(s)
	if err != nil || q == nil {
		return err
	}
	for _, name := range headline {
		var v metric.Score
		if v, _ = q.Model.Get(name); v.Name != "" && !math.IsNaN(v.Value) {
			scores[name] = append(scores[name], v.Value)
		}
	}
	return nil
}

// spread returns the mean and the standard deviation of a sample.
func spread(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / float64(len(v)-1)
	}
	return mean, math.Sqrt(deviation)
}
