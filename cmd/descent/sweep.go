package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/sweep"
	"github.com/descent-ml/descent/train"
)

// sweepFlags are the flags of sweep. What is to be trained is as of train.
type sweepFlags struct {
	trainFlags
	batches, rates, budgets, sweepResume string
	seeds, parallel                      int
	cell                                 time.Duration
}

func (a *app) sweep() *cobra.Command {
	f := &sweepFlags{}
	c := &cobra.Command{
		Use:   "sweep CONFIG.yaml | EXAMPLE --batch 1,8,32,128,512,all (--until TARGET | --budget SPANS)",
		Short: "Measure what the batch size does: time to a target, generalization, the critical size",
		Args:  arguments(0, 1),
		RunE:  func(_ *cobra.Command, args []string) error { return a.runSweep(args, f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return examples.Names(), cobra.ShellCompDirectiveDefault
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.data, "data", "", "file or folder to train on; with an example, the folder of data sets (default $"+dataFolder+")")
	f.columns.add(flags)
	flags.StringArrayVar(&f.set, "set", nil, "override a `key=value` of the configuration")
	flags.StringVar(&f.batches, "batch", "", "batch `sizes` to compare, such as 1,8,32,128,512,all")
	flags.StringVar(&f.until, "until", "", "compare the updates, examples and seconds to a `target`, such as val.accuracy>=0.88")
	flags.StringVar(&f.budgets, "budget", "", "compare at equal `spans`, each by itself, such as 5ep,2000up,20s; equal: the configuration's own budget, updates and time")
	flags.IntVar(&f.seeds, "seeds", 3, "`seeds` that are measured")
	flags.DurationVar(&f.cell, "cell-budget", time.Minute, "training that a trial may take")
	flags.StringVar(&f.rates, "lr", "", "fixed grid of learning `rates`, instead of one that is searched; a single rate is not tuned")
	flags.IntVar(&f.parallel, "parallel", 1, "trials at a time: for counting updates only, since their times disturb each other")
	flags.StringVar(&f.out, "out", "", "folder of the sweep (default runs/NAME-sweep-N)")
	flags.StringVar(&f.sweepResume, "resume", "", "continue the sweep in a `folder`: trials that are over are not run again")
	flags.BoolVar(&f.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON on standard output")
	return c
}

func (a *app) runSweep(args []string, f *sweepFlags) error {
	if f.seeds < 1 || f.parallel < 1 || f.cell <= 0 {
		return usagef("--seeds %d, --parallel %d, --cell-budget %v (want 1 or more, and a time above 0)", f.seeds, f.parallel, f.cell)
	}
	c, sets, err := a.sweepData(args, f)
	if err != nil {
		return err
	}
	o, err := f.options(c, sets)
	if err != nil {
		return err
	}
	if err := errors.Join(o.Validate(), f.measurable(&o)); err != nil {
		return usageError{err}
	}
	if !f.quiet {
		fmt.Fprintln(a.err, sets)
		if c.Schedule.Kind != "constant" && !o.Until.IsZero() {
			fmt.Fprintf(a.err, "note: up to the target learning rates are constant: under schedule %s the time would depend on the budget\n", c.Schedule.Kind)
		}
		o.OnEvent = newSweepProgress(a.err).event
	}
	r, err := sweep.Run(a.signals.ctx, o)
	if a.signals.ctx.Err() != nil {
		fmt.Fprintf(a.err, "continue with: descent sweep --resume %s\n", o.Out)
		return a.signals.outcome()
	}
	if err != nil {
		return err
	}
	if f.json {
		b, err := plainJSON(r, "  ")
		fmt.Fprintf(a.out, "%s\n", b)
		return err
	}
	return a.showSweep(r, o.Out)
}

// sweepData loads what is swept. Data without a part to validate on have a tenth
// of the training data set aside.
func (a *app) sweepData(args []string, f *sweepFlags) (*config.Config, *config.Sets, error) {
	t := f.trainFlags
	t.until = "" // of the sweep, not of the configuration
	if f.sweepResume != "" {
		if len(args) > 0 || f.batches != "" || f.until != "" || f.budgets != "" || f.rates != "" || f.out != "" {
			return nil, nil, usagef("--resume takes all of the sweep from its folder: leave CONFIG, --batch, --until, --budget, --lr and --out away")
		}
		if _, err := os.Stat(filepath.Join(f.sweepResume, sweep.SettingsName)); err != nil {
			return nil, nil, usagef("cannot resume %s: there is no %s in it", f.sweepResume, sweep.SettingsName)
		}
		t.resume = f.sweepResume
	} else if len(args) == 0 && f.data == "" {
		return nil, nil, usagef("sweep what? (want a CONFIG.yaml, an example, or --data)")
	}
	c, err := t.configuration(args)
	if err != nil {
		return nil, nil, err
	}
	train.SystemLimit(c.Exec.Memory)
	c.Context = a.signals.ctx
	sets, err := c.Load(nil)
	if err == nil && sets.Val == nil && !c.Validated() {
		t.set = append(slices.Clone(t.set), "data.split.val=10%")
		if c, err = t.configuration(args); err == nil {
			c.Context = a.signals.ctx
			sets, err = c.Load(nil)
		}
		if err == nil && !f.quiet {
			fmt.Fprintln(a.err, "note: no data to validate on, so a tenth of the training data is set aside (data.split.val=10%)")
		}
	}
	if err != nil {
		return nil, nil, a.interrupted(err)
	}
	return c, sets, nil
}

// options are the flags as package sweep wants them.
func (f *sweepFlags) options(c *config.Config, sets *config.Sets) (o sweep.Options, err error) {
	base, err := c.BuildTrain(sets)
	if err != nil {
		return o, usageError{err}
	}
	o = sweep.Options{
		Examples: sets.Train.Len(), Base: c.Base(sets.Train.Len()), Start: base.Optimizer.LR, Metric: base.Metric, Seed: c.Seed,
		Seeds: f.seeds, CellBudget: f.cell, Parallel: f.parallel, Out: f.out, YAML: c.YAML(),
	}
	if o.Origin, err = origin(c, sets); err != nil {
		return o, err
	}
	o.Make = func(x sweep.Cell) (train.Config, error) {
		one, err := c.Cell(x.Batch, x.LR, x.Seed, x.Budget)
		if err != nil {
			return train.Config{}, err
		}
		t, err := one.BuildTrain(sets)
		if err != nil {
			return t, err
		}
		t.Measures, err = assess.Measures(one, sets, t.Model)
		return t, err
	}
	if f.sweepResume != "" {
		return o, f.resumed(&o)
	}
	if o.Out == "" {
		o.Out = freeFolder(c.Name + "-sweep")
	}
	return o, f.chosen(&o, c)
}

// measurable reports a target or a metric that the data do not have.
func (f *sweepFlags) measurable(o *sweep.Options) error {
	t, err := o.Make(sweep.Cell{Batch: o.Examples, LR: 1, Seed: o.Seed})
	if err != nil {
		return err
	}
	if t.Until = o.Until; t.Metric == "" || !o.Until.IsZero() {
		t.Metric = o.Metric
	}
	return t.Validate()
}

// chosen reads the flags that say what is compared.
func (f *sweepFlags) chosen(o *sweep.Options, c *config.Config) (err error) {
	if o.Batches, err = sweptSizes(f.batches); err != nil {
		return err
	}
	if o.Rates, err = learningRates(f.rates); err != nil {
		return err
	}
	if f.until != "" {
		if o.Until, err = train.ParseTarget(f.until); err != nil {
			return usageError{err}
		}
		o.Metric = o.Until.Metric
	}
	for _, text := range list(f.budgets) {
		if text == "equal" {
			o.Equal = c.Budget
			continue
		}
		span, err := batch.Parse(text)
		if err != nil {
			return usageError{err}
		}
		o.Budgets = append(o.Budgets, span)
	}
	return nil
}

// resumed takes what is compared from the folder of the sweep.
func (f *sweepFlags) resumed(o *sweep.Options) error {
	s, err := sweep.ReadSettings(f.sweepResume)
	if err != nil {
		return err
	}
	o.Out, o.Resume = f.sweepResume, true
	o.Batches, o.Base, o.Start, o.Rates, o.Ratio, o.Reach = s.Batches, s.Base, s.Start, s.Rates, s.Ratio, s.Reach
	o.Seeds, o.Seed, o.Budgets, o.Equal, o.Metric, o.Within = s.Seeds, s.Seed, s.Budgets, s.Equal, s.Metric, s.Within
	o.CellBudget = time.Duration(s.CellBudget * float64(time.Second))
	if s.Until != "" {
		o.Until, err = train.ParseTarget(s.Until)
	}
	return err
}

// origin is what a resumed sweep must have: the configuration, but for how it is
// executed, and the data.
func origin(c *config.Config, sets *config.Sets) (json.RawMessage, error) {
	b, err := c.JSON()
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	delete(all, "exec")
	digest, err := train.Digest(sets.Train)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"config": all, "data": digest})
}

// freeFolder returns runs/NAME-N with the first N that is free.
func freeFolder(name string) string {
	for n := 1; ; n++ {
		dir := filepath.Join("runs", fmt.Sprintf("%s-%d", name, n))
		if _, err := os.Stat(dir); err != nil {
			return dir
		}
	}
}

// list cuts a flag at its commas.
func list(text string) (parts []string) {
	for _, p := range strings.Split(text, ",") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

func sweptSizes(text string) (sizes []int, err error) {
	for _, p := range list(text) {
		n := sweep.All
		if p != "all" {
			if n, err = strconv.Atoi(p); err != nil || n < 1 {
				return nil, usagef("--batch %s: got %q (want sizes from 1, or all, with commas between)", text, p)
			}
		}
		sizes = append(sizes, n)
	}
	if len(sizes) == 0 {
		return nil, usagef("--batch is missing: the sizes to compare, such as --batch 1,8,32,128,512,all")
	}
	return sizes, nil
}

func learningRates(text string) (rates []float64, err error) {
	for _, p := range list(text) {
		lr, err := strconv.ParseFloat(p, 64)
		if err != nil || !(lr > 0) {
			return nil, usagef("--lr %s: got %q (want numbers above 0, with commas between)", text, p)
		}
		rates = append(rates, lr)
	}
	return rates, nil
}
