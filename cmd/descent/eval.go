package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/report"
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
			values, q, err := a.measure(t, name, ds)
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

// measure returns the loss and the metrics, and how good the model is: a classifier
// by class, a recommender beside simple baselines; nil of others.
func (a *app) measure(t *trained, name string, ds dataset.Dataset) (values report.Values, q *assess.Quality, err error) {
	j := assess.Job{Config: t.config, Sets: t.sets, Params: t.run.Params, Part: name, Data: ds, Seed: t.config.Seed}
	if j.Sets == nil {
		j.Sets = &config.Sets{Schema: t.schema}
	}
	values, q, err = j.Evaluate(a.signals.ctx)
	if err == nil && j.Sets.Interactions != nil && name != "train" { // the rest was held out
		q, err = j.Run(a.signals.ctx)
	}
	if err != nil && a.signals.ctx.Err() != nil {
		err = a.signals.outcome()
	}
	return values, q, err
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
		showClasses(a.out, q)
	}
	return nil
}
