package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/adviser"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

// adviseFlags are the flags of advise.
type adviseFlags struct {
	trainFlags
	time time.Duration
}

func (a *app) advise() *cobra.Command {
	f := &adviseFlags{}
	c := &cobra.Command{
		Use:   "advise CONFIG.yaml | EXAMPLE | --data FILE --target COLUMN",
		Short: "Measure which batch size and learning rate suit a problem, in under a minute",
		Long: "Measure on the problem itself, by short trainings that write nothing: how large a batch fits in\n" +
			"memory, how long updates take, how noisy gradients are, which learning rates are borne, and\n" +
			"which of some settings gets furthest in equal time. Ends with one recommendation and its YAML.",
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runAdvise(args, f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.data, "data", "", "file or folder to train on; with an example, the folder of data sets (default $"+dataFolder+")")
	f.columns.add(flags)
	flags.StringArrayVar(&f.set, "set", nil, "override a `key=value` of the configuration, such as optimizer.adamw.lr=1e-3")
	flags.StringVar(&f.until, "until", "", "judge by the time to a `target`, such as val.accuracy>=0.88")
	flags.DurationVar(&f.time, "for", adviser.DefaultFor, "how long to measure, once the data are read")
	flags.BoolVar(&f.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print the advice and all that was measured as JSON on standard output")
	return c
}

func (a *app) runAdvise(args []string, f *adviseFlags) error {
	if len(args) == 0 && f.data == "" {
		return usagef("what to advise on? (want a file CONFIG.yaml, an example such as digits, or --data)")
	}
	if f.time <= 0 {
		return usagef("--for %v (want a time above 0, such as 50s)", f.time)
	}
	c, err := f.configuration(args)
	if err != nil {
		return err
	}
	train.SystemLimit(c.Exec.Memory)
	c.Context = a.signals.ctx
	sets, err := c.Load(nil)
	if err != nil {
		return a.interrupted(err)
	}
	if !f.quiet {
		fmt.Fprintln(a.err, sets)
	}
	t, err := c.BuildTrain(sets)
	if err != nil {
		return usageError{err}
	}
	if err := t.Validate(); err != nil {
		return usageError{err}
	}
	advice, err := adviser.Advise(a.signals.ctx, a.problem(c, sets, t, f))
	if a.signals.ctx.Err() != nil {
		return a.signals.outcome()
	}
	if err != nil {
		return err
	}
	return a.showAdvice(c, advice, f)
}

// problem is what the configuration asks of the adviser.
func (a *app) problem(c *config.Config, sets *config.Sets, t train.Config, f *adviseFlags) adviser.Options {
	o := adviser.Options{Config: t, For: f.time, Make: func(size int, lr float64, seed uint64) (train.Config, error) {
		v, err := c.Vary(size, lr, seed)
		if err != nil {
			return t, err
		}
		return v.BuildTrain(sets)
	}}
	if !f.quiet {
		o.Report = func(text string) { fmt.Fprintln(a.err, "measuring:", text) }
	}
	return o
}

func (a *app) showAdvice(c *config.Config, advice *adviser.Advice, f *adviseFlags) error {
	if f.json {
		b, err := plainJSON(advice, "  ")
		if err == nil {
			fmt.Fprintf(a.out, "%s\n", b)
		}
		return err
	}
	fmt.Fprintf(a.out, "\n%v", advice)
	if p := advice.Pace; c.Sizes.Kind == "auto" {
		fmt.Fprintf(a.out, "\nYour policy need not time updates: policy: {auto: {fixed: %.3g, per_example: %.3g}}\n", p.Fixed, p.PerExample)
	}
	v, err := c.Vary(advice.Choice.Batch, advice.Choice.LR, c.Seed)
	if err == nil && !advice.Choice.Keep && advice.Choice.Safe {
		fmt.Fprintf(a.out, "\nIn the configuration:\n\n%s\nor on the command line: --set batch.size=%d --set %s=%v\n", v.Paste(), v.Batch, c.RateKey(), v.Rate())
	}
	return err
}
