package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

func (a *app) eval() *cobra.Command {
	var data, part string
	var asJSON bool
	var set []string
	c := &cobra.Command{
		Use:   "eval RUN [--data FILE | --split PART]",
		Short: "Measure the model of a run on its test data, or on others",
		Args:  arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if data != "" && part != "" {
				return usagef("--data and --split exclude each other")
			}
			t, err := openRun(args[0], set)
			if err != nil {
				return err
			}
			ds, name, err := a.dataFor(t, data, part)
			if err != nil {
				return err
			}
			values, err := a.measure(t, ds)
			if err != nil {
				return err
			}
			q, err := a.recommends(t, name, ds)
			if err != nil {
				return err
			}
			return a.showValues(name, ds.Len(), values, q, asJSON)
		},
	}
	c.Flags().StringVar(&data, "data", "", "file or folder to measure on")
	c.Flags().StringVar(&part, "split", "", "test, val or train of the run's own data (default: the first it has)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `key=value` of the run's configuration, such as data.train=PATH")
	return c
}

// dataFor returns data by file, or a part of the run's own, and a name for it.
func (a *app) dataFor(t *trained, data, part string) (dataset.Dataset, string, error) {
	if data == "" {
		return a.part(t, part)
	}
	ds, err := t.config.Encode(data, "test", t.schema)
	return ds, data, err
}

func (a *app) measure(t *trained, ds dataset.Dataset) (values report.Values, err error) {
	err = t.evaluator(ds.Fields(), func(e *train.Evaluator) error {
		e.TargetValue = t.schema.TargetValue()
		values, err = e.Evaluate(a.signals.ctx, ds)
		return err
	})
	if err != nil && a.signals.ctx.Err() != nil {
		err = a.signals.outcome()
	}
	return values, err
}

// recommends measures how a recommender ranks, or predicts ratings, on a part of
// its own data that was held out, beside simple baselines; nil of others.
func (a *app) recommends(t *trained, part string, ds dataset.Dataset) (*assess.Quality, error) {
	if t.sets == nil || t.sets.Interactions == nil || part == "train" {
		return nil, nil
	}
	j := assess.Job{Config: t.config, Sets: t.sets, Params: t.run.Params, Part: part, Data: ds, Seed: t.config.Seed}
	q, err := j.Run(a.signals.ctx)
	if err != nil && a.signals.ctx.Err() != nil {
		err = a.signals.outcome()
	}
	return q, err
}

func (a *app) showValues(name string, examples int, values report.Values, q *assess.Quality, asJSON bool) error {
	if asJSON {
		b, err := plainJSON(struct {
			Data     string          `json:"data"`
			Examples int             `json:"examples"`
			Values   report.Values   `json:"values"`
			Quality  *assess.Quality `json:"quality,omitempty"`
		}{name, examples, values, q}, "  ")
		fmt.Fprintf(a.out, "%s\n", b)
		return err
	}
	fmt.Fprintf(a.out, "%s: %d examples\n", name, examples)
	for _, v := range values {
		fmt.Fprintf(a.out, "%-14s %.6g\n", v.Name, v.V)
	}
	if q != nil {
		showQuality(a.out, q)
	}
	return nil
}
